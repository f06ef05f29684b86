namespace DL1

open System
open System.Collections.Generic
open System.Diagnostics
open System.Formats.Tar
open System.IO
open Microsoft.Win32.SafeHandles

/// A sample of tar files: its files by what follows the first dot of their names.
[<Sealed; DebuggerDisplay("{Key}")>]
type TarSample internal (key: string, files: Dictionary<string, byte[]>) =
    /// The name without what follows its first dot, with the folder: `train/000123`.
    member _.Key = key

    /// The names' endings, such as `jpg` and `cls`, in ordinal order.
    member _.Endings: IReadOnlyList<string> =
        let sorted = Array.ofSeq files.Keys
        Array.sortInPlaceWith (fun (a: string) b -> String.CompareOrdinal(a, b)) sorted
        sorted

    /// The bytes of a file by the ending of its name; one that is not there is a `DomainError`.
    member this.Item
        with get (ending: string): byte[] =
            match files.TryGetValue ending with
            | true, bytes -> bytes
            | false, _ ->
                let known = String.Join(", ", this.Endings)

                Refuse.domain
                    "TarSample.Item"
                    $"the ending '{ending}' of the sample {key}"
                    $"one of {known}"
                    "check how the files of the sample are named"

    /// A file as text in UTF-8, without blanks around it.
    member this.Text(ending: string) : string = Text.Encoding.UTF8.GetString(this[ending]).Trim()

/// Where a file lies in a tar file.
[<Struct; NoComparison>]
type private TarPlace = { Ending: string; Offset: int64; Length: int64 }

/// A sample: the number of its tar file, its name, and its files.
[<NoComparison>]
type private TarIndexed = { Shard: int; Name: string; Places: TarPlace[] }

/// Samples in tar files (shards) as WebDataset keeps them: files that follow one another with the same name up to the first dot
/// are one sample, `000123.jpg` and `000123.cls`. The files are gone through once for an index of offsets; samples are then read in
/// any order. For many threads.
///
/// <example><code>
/// use shards = new TarShards(Directory.GetFiles("shards", "*.tar"))
/// let source = shards.ToSource(fun sample -> Dataset.create (decode sample["jpg"]) (Tensor.vector [ int64 (sample.Text "cls") ]))
/// </code></example>
[<Sealed; DebuggerDisplay("{ToString(),nq}"); StructuredFormatDisplay("{Display}")>]
type TarShards(paths: string seq) =
    static let operation = "TarShards"

    static let refuse (given: string) expected cure : 'a = Refuse.format operation given expected cure

    /// The name of a sample and the ending of one of its files; nothing for a file without an ending.
    static let split (name: string) : struct (string * string) voption =
        let slash = name.LastIndexOf '/'
        let dot = name.IndexOf('.', slash + 1)

        if dot <= slash + 1 || dot = name.Length - 1 then
            ValueNone
        else
            ValueSome(struct (name.Substring(0, dot), name.Substring(dot + 1).ToLowerInvariant()))

    static let index (shard: int) (path: string) : TarIndexed list =
        Raw.openFileAsIs operation "a tar file" path (fun stream ->
            match Files.kindOf (Raw.start stream) with
            | Some(kind, cure) -> refuse $"{path}, which is {kind}" "a tar file, not packed" cure
            | None -> ()

            use reader = new TarReader(stream, true)
            let found = List<TarIndexed>()
            let places = List<TarPlace>()
            let mutable name = ""

            let finish () =
                if places.Count > 0 then
                    found.Add { Shard = shard; Name = name; Places = places.ToArray() }
                    places.Clear()

            let mutable entry = reader.GetNextEntry()

            while not (isNull entry) do
                match entry with
                | null -> ()
                | file ->
                    let isFile =
                        file.EntryType = TarEntryType.RegularFile
                        || file.EntryType = TarEntryType.V7RegularFile
                        || file.EntryType = TarEntryType.ContiguousFile

                    match (if isFile then split file.Name else ValueNone) with
                    | ValueSome(struct (key, ending)) ->
                        if key <> name then
                            finish ()
                            name <- key

                        for place in places do
                            if place.Ending = ending then
                                refuse
                                    $"{path}, with two files {key}.{ending}"
                                    "one file of each ending in a sample"
                                    "name the samples differently"

                        // A file without bytes has no place.
                        if
                            file.Length > 0L && file.DataOffset < 0L
                            || file.DataOffset + file.Length > stream.Length
                        then
                            refuse
                                $"{path}, which ends inside {file.Name}"
                                "a tar file, whole"
                                "check that all of the file was copied"

                        places.Add { Ending = ending; Offset = file.DataOffset; Length = file.Length }
                    | ValueNone -> ()

                entry <- reader.GetNextEntry()

            finish ()
            List.ofSeq found)

    let paths = paths |> Seq.toArray

    let samples =
        if paths.Length = 0 then
            Refuse.domain operation "no files" "one tar file at least" "give the paths of the shards"

        paths |> Seq.mapi index |> Seq.concat |> Array.ofSeq

    let handles: SafeFileHandle[] =
        paths
        |> Array.map (fun path ->
            File.OpenHandle(Path.GetFullPath path, FileMode.Open, FileAccess.Read, FileShare.Read))

    /// The number of samples.
    member _.Count: int = samples.Length

    /// The files of a sample, by its number from 0, in the order of the shards. A number that is not there is a `DomainError`, a file
    /// that has become shorter a `FormatError`.
    member _.Sample(number: int) : TarSample =
        if number < 0 || number >= samples.Length then
            Refuse.domain
                operation
                $"sample %d{number} of %d{samples.Length}"
                $"a sample from 0 to %d{samples.Length - 1}"
                "count samples from 0"

        let sample = samples[number]
        let handle = handles[sample.Shard]

        if handle.IsClosed then
            Refuse.domain
                operation
                "samples of files that were closed"
                "open files"
                "close them after training"

        let files = Dictionary<string, byte[]>()

        for place in sample.Places do
            if place.Length > int64 Array.MaxLength then
                refuse
                    $"a file of %d{place.Length} bytes in {sample.Name}"
                    $"files of at most %d{Array.MaxLength} bytes"
                    "cut it into smaller ones"

            let bytes = GC.AllocateUninitializedArray<byte>(int place.Length)
            let mutable got = 0
            let mutable ended = false

            while got < bytes.Length && not ended do
                let more =
                    RandomAccess.Read(handle, Span(bytes, got, bytes.Length - got), place.Offset + int64 got)

                ended <- more = 0
                got <- got + more

            if ended then
                refuse
                    $"{paths[sample.Shard]}, which ends inside {sample.Name}.{place.Ending}"
                    "a tar file, whole"
                    "check that no program writes it"

            files[place.Ending] <- bytes

        TarSample(sample.Name, files)

    /// A source of the samples, of which a function makes one row each: it is given the bytes of a sample's files, by several
    /// threads at once. No sample is a `DomainError`.
    member this.ToSource(decode: Func<TarSample, Dataset>) : Source =
        if samples.Length = 0 then
            Refuse.domain
                operation
                $"%d{paths.Length} files without a sample"
                "files with names such as 000123.jpg"
                "check what the tar files hold"

        let row (number: int) =
            let found = decode.Invoke(this.Sample number)

            if found.Count <> 1 then
                Refuse.shape
                    operation
                    $"%d{found.Count} rows of the sample {samples[number].Name}"
                    "one row of each sample"
                    "give tensors [1, ...]"

            found

        let example = row 0

        Source.create samples.Length example (fun numbers ->
            if numbers.Length = 0 then
                Dataset.rows [||] example
            else
                numbers |> Array.map row |> List.ofArray |> Dataset.stack operation)

    /// Gives the files back; no samples are read from then on.
    member _.Dispose() : unit =
        for handle in handles do
            handle.Dispose()

    interface IDisposable with
        member this.Dispose() = this.Dispose()

    /// `1000 samples in 4 tar files`.
    override _.ToString() = $"%d{samples.Length} samples in %d{paths.Length} tar files"
    member internal this.Display = this.ToString()
