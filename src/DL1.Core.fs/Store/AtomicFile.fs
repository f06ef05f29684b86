namespace DL1

open System
open System.IO
open System.Runtime.InteropServices
open System.Threading
open System.Threading.Tasks

/// Files that are replaced whole: the new content goes to a temporary file in the same folder and to the disk, then
/// takes the old one's name, and the folder goes to the disk too. A reader, or a machine that loses power at any moment,
/// sees the old content or the new, never a part.
[<RequireQualifiedAccess>]
module AtomicFile =
    [<DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi)>]
    extern int private openFolder(string path, int flags)

    [<DllImport("libc", EntryPoint = "fsync")>]
    extern int private flushDescriptor(int descriptor)

    [<DllImport("libc", EntryPoint = "close")>]
    extern int private closeDescriptor(int descriptor)

    /// Windows keeps its folders by itself, and the files of a browser are in memory; elsewhere a new name is safe once its folder
    /// is on the disk. A file system that cannot do it says so, and there is no more to be done.
    let private flushFolder (folder: string) =
        if not (OperatingSystem.IsWindows() || OperatingSystem.IsBrowser() || OperatingSystem.IsWasi()) then
            let descriptor = openFolder (folder, 0)

            if descriptor >= 0 then
                flushDescriptor descriptor |> ignore
                closeDescriptor descriptor |> ignore

    let private operation = "AtomicFile.write"

    let private delete (path: string) =
        try
            File.Delete path
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    /// Removes what writers left that were killed: a living one holds a lock on its file.
    let private sweep (folder: string) (pattern: string) =
        for left in Directory.GetFiles(folder, pattern) do
            let isFree =
                try
                    use stream = new FileStream(left, FileMode.Open, FileAccess.ReadWrite, FileShare.None)
                    stream.CanRead
                with
                | :? IOException
                | :? UnauthorizedAccessException -> false

            if isFree then
                delete left

    /// The folder of a file, its full path, and that of a new temporary file beside it; killed writers' are swept.
    let private placesOf (path: string) =
        let struct (folder, full) = Files.placeToWrite operation path
        let name = Path.GetFileName full
        Files.writing operation full (fun () -> sweep folder $".{name}.*.tmp")
        struct (folder, full, Path.Combine(folder, $".{name}.{Guid.NewGuid():N}.tmp"))

    /// Writes a file whole; the function is given the stream to fill. Where it throws, the old file stays. A folder that is
    /// not there, or may not be written to, is a `DomainError`, here and in all that writes files.
    /// `AtomicFile.write path (fun stream -> stream.Write(bytes, 0, bytes.Length))`
    let write (path: string) (fill: Stream -> unit) : unit =
        let struct (folder, full, temporary) = placesOf path

        try
            // The file keeps its lock until it has its name: it may be renamed while it is open.
            use stream =
                Files.writing operation full (fun () ->
                    new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete))

            fill stream

            Files.writing operation full (fun () ->
                stream.Flush true
                File.Move(temporary, full, true))
        with _ ->
            delete temporary
            reraise ()

        flushFolder folder

    /// Writes bytes as a whole file. `AtomicFile.writeBytes path [| 1uy; 2uy |]`
    let writeBytes (path: string) (bytes: byte[]) : unit =
        write path (fun stream -> stream.Write(bytes, 0, bytes.Length))

    /// Writes bytes as a whole file, without holding a thread while the disk works. Where it is cancelled before the file
    /// has its name, the old file stays. `(AtomicFile.writeBytesAsync path [| 1uy; 2uy |] CancellationToken.None).Wait()`
    let writeBytesAsync (path: string) (bytes: byte[]) (cancellation: CancellationToken) : Task =
        task {
            let struct (folder, full, temporary) = placesOf path

            try
                use stream =
                    Files.writing operation full (fun () ->
                        new FileStream(
                            temporary,
                            FileMode.CreateNew,
                            FileAccess.Write,
                            FileShare.Delete,
                            4096,
                            FileOptions.Asynchronous
                        ))

                do! stream.WriteAsync(ReadOnlyMemory bytes, cancellation)
                do! stream.FlushAsync cancellation
                // To the disk itself there is no way that does not wait.
                Files.writing operation full (fun () ->
                    stream.Flush true
                    File.Move(temporary, full, true))
            finally
                // Nothing is there any more where the file has its name.
                delete temporary

            flushFolder folder
        }

    /// Writes a text in UTF-8 as a whole file. `AtomicFile.writeText path "done"`
    let writeText (path: string) (text: string) : unit = writeBytes path (Text.Encoding.UTF8.GetBytes text)
