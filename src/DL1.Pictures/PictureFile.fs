namespace DL1.Pictures

open System
open System.ComponentModel
open System.Diagnostics
open System.IO
open DL1

/// Pictures as files: written by what their names end in, and shown by the program that the system opens them with.
[<RequireQualifiedAccess>]
module internal PictureFile =
    let private unwritable operation (path: string) (error: exn) : 'a =
        Refuse.domain
            operation
            $"the file {path}: {error.Message}"
            "a file that can be written"
            "check the folder and the name"

    /// Writes a PNG or an SVG, by what the name ends in. Another ending, and a file that cannot be written, are a `DomainError`.
    let save operation (path: string) (png: unit -> byte[]) (svg: unit -> string) : unit =
        let write (content: unit -> unit) =
            try
                content ()
            with
            | :? IOException
            | :? UnauthorizedAccessException
            | :? NotSupportedException
            | :? ArgumentException as error -> unwritable operation path error

        if path.EndsWith(".png", StringComparison.OrdinalIgnoreCase) then
            let bytes = png ()
            write (fun () -> File.WriteAllBytes(path, bytes))
        elif path.EndsWith(".svg", StringComparison.OrdinalIgnoreCase) then
            let text = svg ()
            write (fun () -> File.WriteAllText(path, text))
        else
            Refuse.domain
                operation
                $"the name {path}"
                "a name that ends in .png or .svg"
                "save it as loss.png, or as loss.svg"

    /// Writes an SVG to the folder of temporary files and opens it by `start`; the path of the file. Where no program opens it, a
    /// `DomainError` names the file.
    let showBy (start: string -> unit) operation (svg: string) : string =
        let path = Path.Combine(Path.GetTempPath(), $"dl1-{Guid.NewGuid():N}.svg")
        save operation path (fun () -> [||]) (fun () -> svg)

        try
            start path
            path
        with
        | :? Win32Exception
        | :? PlatformNotSupportedException ->
            Refuse.domain
                operation
                $"no program that opens pictures; the picture is in {path}"
                "a program that the system opens SVG files with, such as a browser"
                "open the file there, or save the picture"

    /// `showBy` the program that the system opens SVG files with.
    let show operation (svg: string) : string =
        let start path =
            use _ = Process.Start(ProcessStartInfo(path, UseShellExecute = true))
            ()

        showBy start operation svg
