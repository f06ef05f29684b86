namespace DL1.Onnx

open System
open System.IO
open System.Runtime.InteropServices
open DL1

/// How many names a file has, where the system tells: a hard link is a second name.
module private HardLinks =
    [<DllImport("libc", EntryPoint = "statx")>]
    extern int private statx(int folder, string path, int flags, uint32 mask, byte[] result)

    /// `statx` of Linux, whose result has one layout on all processors: the number of names at byte 16.
    let count (path: string) : uint32 voption =
        if not (OperatingSystem.IsLinux()) then
            ValueNone
        else
            try
                let result = Array.zeroCreate<byte> 256
                let currentFolder, names = -100, 4u

                if statx (currentFolder, path, 0, names, result) = 0 then
                    ValueSome(BitConverter.ToUInt32(result, 16))
                else
                    ValueNone
            with
            | :? EntryPointNotFoundException
            | :? DllNotFoundException -> ValueNone

/// Elements that stand in other files beside the model. A file is read only where four rules hold (ONNX's
/// ExternalDataSecurity.md): it lies inside the model's folder, no part of its path is a link, it has no second name, and it
/// is long enough.
[<RequireQualifiedAccess>]
module internal ExternalData =
    let private refuse (tensor: OnnxTensor) (place: ExternalPlace) (why: string) (cure: string) : 'a =
        Refuse.format
            "Onnx.read"
            $"the tensor '{tensor.Name}' in the file '{place.Location}', {why}"
            "a file inside the model's folder, without links, long enough"
            cure

    /// The path of a file inside a folder.
    let private inside (folder: string) (tensor: OnnxTensor) (place: ExternalPlace) : string =
        let location = place.Location

        if
            location = ""
            || Path.IsPathRooted location
            || location.Contains ':'
            || location.Contains '\000'
            || location.Split('/', '\\') |> Array.exists (fun part -> part = "..")
        then
            refuse
                tensor
                place
                "which is not a path below the model's folder"
                "put the data beside the model, and export it again"

        let root =
            Path.TrimEndingDirectorySeparator(Path.GetFullPath folder) + string Path.DirectorySeparatorChar

        let full = Path.GetFullPath(Path.Combine(root, location))

        if not (full.StartsWith(root, StringComparison.Ordinal)) then
            refuse
                tensor
                place
                "which is outside of the model's folder"
                "put the data beside the model, and export it again"

        // Each part below the folder; the folder itself may be reached by a link.
        let mutable path = root

        for part in full.Substring(root.Length).Split(Path.DirectorySeparatorChar) do
            path <- Path.Combine(path, part)

            let isLink =
                try
                    not (isNull (FileInfo(path).LinkTarget))
                with
                | :? IOException
                | :? UnauthorizedAccessException -> false

            if isLink then
                refuse tensor place "which is or passes a link" "put the file itself into the model's folder"

        full

    /// A tensor with its elements read, where they stand in a file of a folder.
    let resolve (folder: string) (tensor: OnnxTensor) : OnnxTensor =
        match tensor.Bytes with
        | TensorBytes.Raw _
        | TensorBytes.Fields _ -> tensor
        | TensorBytes.External place ->
            let path = inside folder tensor place

            if not (File.Exists path) then
                refuse tensor place "which is not there" "copy the data file beside the model"

            match HardLinks.count path with
            | ValueSome names when names > 1u ->
                refuse tensor place "which has a second name (a hard link)" "copy the file"
            | ValueSome _
            | ValueNone -> ()

            try
                use file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read)
                let length = place.Length |> Option.defaultValue (file.Length - place.Offset)

                if
                    place.Offset < 0L
                    || length < 0L
                    || place.Offset > file.Length - length
                    || length > int64 Array.MaxLength
                then
                    refuse
                        tensor
                        place
                        $"%d{length} bytes from byte %d{place.Offset}, of which there are %d{file.Length}"
                        "copy the whole data file"

                file.Position <- place.Offset
                let bytes = GC.AllocateUninitializedArray<byte>(int length)
                file.ReadExactly bytes
                { tensor with Bytes = TensorBytes.Raw(WireSpan.OfMemory(ReadOnlyMemory bytes)) }
            with
            | :? IOException
            | :? UnauthorizedAccessException as e ->
                refuse tensor place $"which could not be read ({e.Message})" "check the rights of the file"
