namespace DL1

open System
open System.IO

/// Files as the system hands them out. Each way in which a file cannot be opened is an error of its own, with its cure.
[<RequireQualifiedAccess>]
module internal Files =
    /// What a file is by its first bytes, and who reads it; `None` where they say nothing.
    let kindOf (start: byte[]) : (string * string) option =
        let begins (mark: byte list) =
            start.Length >= mark.Length
            && List.forall2 (=) mark (List.ofArray (Array.truncate mark.Length start))

        let text (mark: string) = begins (mark |> Seq.map byte |> List.ofSeq)

        if start.Length >= 9 && start[8] = byte '{' && BitConverter.ToUInt64(start, 0) < 100_000_000UL then
            Some("a safetensors file", "read it as safetensors")
        elif begins [ 0x93uy; byte 'N'; byte 'U'; byte 'M'; byte 'P'; byte 'Y' ] then
            Some("an npy file, one tensor of NumPy", "read it as npy")
        elif begins [ 0x1fuy; 0x8buy ] then
            Some("packed by gzip", "unpack it by gunzip")
        elif text "PK\003\004" || text "PK\005\006" then
            Some(
                "a zip archive, as npz files, files of torch.save and Excel workbooks are",
                "read it as npz where numpy.savez wrote it, and as a file of PyTorch where torch.save did; save a workbook as CSV"
            )
        elif begins [ 0x89uy; byte 'P'; byte 'N'; byte 'G' ] || begins [ 0xFFuy; 0xD8uy; 0xFFuy ] then
            Some("an image", "read it by ImageFolder of DL1.Pictures")
        elif text "PAR1" then
            Some("a Parquet file", "save it as CSV")
        elif begins [ 0x80uy; 2uy ] || begins [ 0x80uy; 3uy ] || begins [ 0x80uy; 4uy ] then
            Some(
                "a pickle of Python",
                "save its tensors by torch.save of PyTorch 1.6 or newer, safetensors.torch.save_file or numpy.save"
            )
        elif text "GGUF" then
            Some("a GGUF file", "read it as GGUF")
        elif start.Length >= 4 && start[0] = 0uy && start[1] = 0uy && start[2] >= 8uy && start[2] <= 14uy then
            Some("an IDX file", "read it as IDX")
        else
            None

    let private refuse operation given expected cure : 'a = Refuse.format operation given expected cure

    /// The full path of a file; a `FormatError` where a text cannot be a path.
    let fullPath operation (path: string) : string =
        if String.IsNullOrWhiteSpace path then
            refuse
                operation
                "an empty path"
                "the path of a file"
                "give the name of the file, such as data.csv"

        try
            Path.GetFullPath path
        with
        | :? ArgumentException
        | :? NotSupportedException
        | :? PathTooLongException as e ->
            refuse operation $"the path '{path}' ({e.Message})" "the path of a file" "correct the path"

    /// A file of almost the same name in the same folder: other letters' case, or another extension.
    let private alike (full: string) : string option =
        match Path.GetDirectoryName full with
        | null -> None
        | folder when not (Directory.Exists folder) -> None
        | folder ->
            let name = Path.GetFileName full |> string
            let stem = Path.GetFileNameWithoutExtension full |> string

            let near =
                try
                    Directory.GetFiles folder |> Array.map (fun file -> string (Path.GetFileName file))
                with
                | :? IOException
                | :? UnauthorizedAccessException -> [||]

            Array.sortInPlaceWith (fun a b -> String.CompareOrdinal(a, b)) near

            near
            |> Array.tryFind (fun other -> other.Equals(name, StringComparison.OrdinalIgnoreCase))
            |> Option.orElse (
                near
                |> Array.tryFind (fun other ->
                    other.Equals(stem, StringComparison.OrdinalIgnoreCase)
                    || (string (Path.GetFileNameWithoutExtension other))
                        .Equals(stem, StringComparison.OrdinalIgnoreCase))
            )

    let private missing operation (kind: string) (full: string) : 'a =
        let folder = Path.GetDirectoryName full |> Option.ofObj |> Option.defaultValue full

        let cure =
            if not (Directory.Exists folder) then
                $"correct the path: the folder {folder} is not there either"
            else
                match alike full with
                | Some other -> $"the name {other}, which is in that folder"
                | None -> "check the name; a relative path starts at the working directory of the program"

        refuse operation $"no file {full}" kind cure

    /// Opens a file for reading. What it should be, `kind`, is what the errors say was expected: `a safetensors file`.
    let openRead operation (kind: string) (path: string) : FileStream =
        let full = fullPath operation path

        if Directory.Exists full then
            refuse operation $"the folder {full}" kind "add the name of the file"

        let stream =
            try
                new FileStream(full, FileMode.Open, FileAccess.Read, FileShare.Read)
            with
            | :? FileNotFoundException
            | :? DirectoryNotFoundException -> missing operation kind full
            | :? PathTooLongException as e ->
                refuse operation $"a path of %d{full.Length} characters ({e.Message})" kind "shorten the path"
            | :? UnauthorizedAccessException ->
                refuse
                    operation
                    $"{full}, which this program may not read"
                    kind
                    "give the user of the program the right to read it"
            | :? IOException as e ->
                refuse
                    operation
                    $"{full}, which could not be opened ({e.Message})"
                    kind
                    "close the program that writes it, and read it then"

        if stream.Length = 0L then
            stream.Dispose()

            refuse
                operation
                $"{full}, which is empty"
                kind
                "write it anew: what wrote it stopped before its first byte"

        stream

    /// The folder of a file to be written and its full path; a `DomainError` where no file can be written there.
    let placeToWrite operation (path: string) : struct (string * string) =
        let refuse given cure : 'a =
            Refuse.domain operation given "the path of a file in a folder that is there" cure

        if String.IsNullOrWhiteSpace path then
            refuse "an empty path" "give the name of the file, such as model.safetensors"

        let full =
            try
                Path.GetFullPath path
            with
            | :? ArgumentException
            | :? NotSupportedException
            | :? PathTooLongException as e -> refuse $"the path '{path}' ({e.Message})" "correct the path"

        match Path.GetDirectoryName full with
        | null -> refuse $"the path {path}" "add the name of a file"
        | folder when Path.GetFileName full = "" || Directory.Exists full ->
            refuse $"the folder {folder}" "add the name of a file"
        | folder when File.Exists folder ->
            refuse $"{full} under {folder}, which is a file" "correct the path"
        | folder when not (Directory.Exists folder) ->
            refuse
                $"{full} in a folder that is not there"
                $"make the folder first, by Directory.CreateDirectory(\"{folder}\"), or correct the path"
        | folder -> struct (folder, full)

    /// Runs what writes to a file of a path; what the system refuses on the way becomes a `DomainError`.
    let writing operation (full: string) (write: unit -> 'a) : 'a =
        let refuse (e: exn) cure : 'b =
            Refuse.domain
                operation
                $"{full}, which could not be written ({e.Message})"
                "a place that this program may write to"
                cure

        try
            write ()
        with
        | :? PathTooLongException as e -> refuse e "shorten the path"
        | :? UnauthorizedAccessException as e ->
            refuse e "give the user of the program the right to write to the folder and the file"
        | :? IOException as e ->
            refuse e "check that there is room on the disk and that no other program holds the file"
