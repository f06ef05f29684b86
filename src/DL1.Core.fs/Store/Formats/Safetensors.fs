namespace DL1

open System
open System.Collections.Generic
open System.IO

/// The safetensors format: names, types, shapes and bytes, and nothing that can be run. With PyTorch's names in the
/// tree, `model.load_state_dict(safetensors.torch.load_file(path))` takes a file as it is. Types that tensors do not
/// have are widened (16 and 8 bits of floating point to f32, bytes to i32). Whatever is wrong with a file is a
/// `FormatError`, found in the header before anything of the size that it announces is allocated. A path is that of a file,
/// of an index (`model.safetensors.index.json`) of a model in several files, or of a folder with one or the other. Of a
/// file only the header and the tensors that are asked for are read.
[<RequireQualifiedAccess>]
module Safetensors =
    let private operation = SafetensorsHeader.operation
    let private refuse given expected : 'a = SafetensorsHeader.refuse given expected

    /// The longest header that the format's first implementation takes.
    let private longest = 100_000_000L

    /// The entries of a file, its texts, and the place of its data.
    let private header (stream: Stream) : SafetensorsEntry list * Map<string, string> * int64 =
        Raw.refuseOther operation "a safetensors file" "a safetensors file" stream

        if stream.Length < 8L then
            refuse $"a file of %d{stream.Length} bytes" "8 bytes of a header's length at least"

        let start = Array.zeroCreate<byte> 8
        stream.ReadExactly start
        let length = BitConverter.ToUInt64(start, 0)

        if length > uint64 (stream.Length - 8L) || length > uint64 longest then
            refuse $"a header of {length} bytes in a file of %d{stream.Length}" "a header within the file"

        let json = Array.zeroCreate<byte>(int length)
        stream.ReadExactly json
        let data = 8L + int64 length
        let entries, texts = SafetensorsHeader.parse (stream.Length - data) json
        entries, texts, data

    /// Where a tensor lies: the entry, the file, and the byte of it that is the tensor's first.
    let internal placeOf
        (operation: string)
        (name: string)
        (path: string)
        : SafetensorsEntry * string * int64 =
        let places = SafetensorsIndex.find path

        let found =
            places.Files
            |> List.tryPick (fun (file, names) ->
                if names |> Option.forall (fun names -> names.Contains name) then
                    Raw.openFileAsIs operation "a safetensors file" file (fun stream ->
                        let entries, _, data = header stream

                        entries
                        |> List.tryFind (fun e -> e.Name = name)
                        |> Option.map (fun e -> e, file, data + e.Begin))
                else
                    None)

        match found with
        | Some place -> place
        | None -> refuse $"no tensor {name} in {path}" "the name of a tensor of the file"

    let private tensor data (stream: Stream) (e: SafetensorsEntry) =
        let raw = SafetensorsHeader.rawOf e
        stream.Position <- data + e.Begin
        Tensor(e.Shape, Raw.read operation raw false e.Shape.Size stream)

    /// What `take` makes of each chosen entry of a stream, with the texts of the file. Of a shard only the names that its
    /// index gives to it are looked at, and all of them must be there.
    let private entriesOf (file: string) (names: HashSet<string> option) choose take (stream: Stream) =
        let entries, texts, data = header stream
        let isHere (name: string) = names |> Option.forall (fun names -> names.Contains name)
        let found = HashSet(entries |> Seq.map _.Name)

        for name in names |> Option.map Seq.cast<string> |> Option.defaultValue Seq.empty do
            if not (found.Contains name) then
                refuse $"no tensor {name} in {file}" "the tensors that the index says are there"

        [
            for e in entries do
                if isHere e.Name && choose e.Name then
                    e.Name, take data stream e
        ],
        texts

    /// The same over all files of a path, in the order of the index where there is one.
    let private ofPath (choose: string -> bool) take (path: string) : Tree<'a> * Map<string, string> =
        let places = SafetensorsIndex.find path

        let parts =
            [
                for file, names in places.Files do
                    if names |> Option.forall (Seq.exists choose) then
                        Raw.openFileAsIs
                            operation
                            "a safetensors file"
                            file
                            (entriesOf (string (Path.GetFileName file)) names choose take)
            ]

        let rows = List.collect fst parts

        let texts =
            parts
            |> List.fold (fun all (_, texts) -> Map.fold (fun m k v -> Map.add k v m) all texts) Map.empty

        match places.Order with
        | None -> Tree.ofList rows, texts
        | Some order ->
            let found = dict rows

            Tree.ofList
                [
                    for name in order do
                        if found.ContainsKey name then
                            name, found[name]
                ],
            texts

    let private put storage (texts: Map<string, string>) (tensors: Tree<Tensor>) (stream: Stream) =
        if tensors.Contains SafetensorsHeader.metadataName then
            Refuse.domain
                "Safetensors.write"
                $"a tensor named {SafetensorsHeader.metadataName}"
                "another name: the format keeps this one for texts"
                "rename the tensor"

        for path, t in Tree.toList tensors do
            FloatStorage.require "Safetensors.write" storage path t

        let header, placed = SafetensorsHeader.write storage texts tensors
        stream.Write(BitConverter.GetBytes(uint64 header.Length), 0, 8)
        stream.Write(header, 0, header.Length)

        for t in placed do
            FloatStorage.write storage t stream

    let private all (_: string) = true

    /// The tensors of a file or folder by their names, in the header's order. `Safetensors.read path`
    let read (path: string) : Tree<Tensor> = ofPath all tensor path |> fst

    /// The tensors of a file or folder, and the texts about it. `let tensors, texts = Safetensors.readWith path`
    let readWith (path: string) : Tree<Tensor> * Map<string, string> = ofPath all tensor path

    /// The tensors whose names a function chooses: the others are not read, and files of a folder that have none are not
    /// opened. That it chooses none is a `FormatError`.
    /// `Safetensors.readSome (fun name -> name.StartsWith "encoder.") path`
    let readSome (choose: string -> bool) (path: string) : Tree<Tensor> =
        let chosen = ofPath choose tensor path |> fst

        if chosen.Count = 0 then
            let names = ofPath all (fun _ _ _ -> ()) path |> fst |> Tree.paths
            Chosen.refuse "Safetensors.readSome" names

        chosen

    /// The types and shapes of the tensors of a file or folder by their names: only headers are read.
    /// `Safetensors.contents path`
    let contents (path: string) : Tree<TensorInfo> =
        ofPath all (fun _ _ e -> { Type = e.Type; Shape = e.Shape }) path |> fst

    /// The tensors and texts from the bytes of a file. `Safetensors.ofBytes (Safetensors.toBytes Map.empty weights)`
    let ofBytes (bytes: byte[]) : Tree<Tensor> * Map<string, string> =
        Raw.openBytesAsIs operation bytes (fun stream ->
            let rows, texts = entriesOf "the bytes" None all tensor stream
            Tree.ofList rows, texts)

    /// The bytes of a file of tensors with texts about them, floating-point numbers stored as it is said.
    /// `Safetensors.toBytesAs FloatStorage.BF16 Map.empty weights`
    let toBytesAs (storage: FloatStorage) (texts: Map<string, string>) (tensors: Tree<Tensor>) : byte[] =
        use memory = new MemoryStream()
        put storage texts tensors memory
        memory.ToArray()

    /// The bytes of a file of tensors with texts about them. `Safetensors.toBytes (Map [ "made by", "DL1" ]) weights`
    let toBytes (texts: Map<string, string>) (tensors: Tree<Tensor>) : byte[] =
        toBytesAs FloatStorage.AsIs texts tensors

    /// Writes tensors with texts about them, whole or not at all, floating-point numbers stored as it is said: 16 bits halve
    /// a file of f32. A finite number that 16 bits would turn to infinity is a `DomainError`.
    /// `Safetensors.writeAs FloatStorage.BF16 Map.empty path weights`
    let writeAs
        (storage: FloatStorage)
        (texts: Map<string, string>)
        (path: string)
        (tensors: Tree<Tensor>)
        : unit =
        AtomicFile.write path (put storage texts tensors)

    /// Writes tensors with texts about them, whole or not at all.
    /// `Safetensors.writeWith (Map [ "made by", "DL1" ]) path weights`
    let writeWith (texts: Map<string, string>) (path: string) (tensors: Tree<Tensor>) : unit =
        writeAs FloatStorage.AsIs texts path tensors

    /// Writes tensors, whole or not at all. `Safetensors.write path weights`
    let write (path: string) (tensors: Tree<Tensor>) : unit = writeWith Map.empty path tensors

    /// At most three items, and how many more there are.
    let private listed (items: string list) =
        let rest = items.Length - 3
        let shown = String.Join(", ", List.truncate 3 items)
        if rest > 0 then $"{shown} and %d{rest} more" else shown

    /// What tensors of a source have that a model has not, and the other way round; empty where there is nothing.
    let private differences (model: Tree<Tensor>) (found: Tree<Tensor>) : string list =
        let others = Tree.toList found |> List.map fst |> List.filter (model.Contains >> not)

        let own = Tree.toList model |> List.map (fun (path, own) -> path, own, Tree.tryFind path found)

        let wrong (choose: string -> Tensor -> Tensor -> string option) =
            own |> List.choose (fun (path, own, t) -> t |> Option.bind (choose path own))

        let isOther (t: Tensor) (own: Tensor) =
            t.DType <> own.DType && not (t.DType.IsFloat && own.DType.IsFloat)

        [
            "which the model does not have: ", others
            "missing: ",
            own |> List.choose (fun (path, own, t) -> if t.IsNone then Some $"{path} {own.Shape}" else None)
            "of another shape: ",
            wrong (fun path own t ->
                if t.Shape <> own.Shape then
                    Some $"{path} {t.Shape} in place of {own.Shape}"
                else
                    None)
            "of another type: ",
            wrong (fun path own t ->
                if isOther t own then Some $"{path} {t.DType} in place of {own.DType}" else None)
        ]
        |> List.filter (snd >> List.isEmpty >> not)
        |> List.map (fun (what, paths) -> what + listed paths)

    /// Tensors of a source, such as "the file digits.safetensors", in the place of a model's own.
    let internal fitFrom (source: string) (model: Tree<Tensor>) (found: Tree<Tensor>) : Tree<Tensor> =
        let wrong (given: string) expected cure : 'a =
            Refuse.format "Safetensors.fit" $"{source} with tensors {given}" expected cure

        match differences model found with
        | [] -> ()
        | all ->
            wrong
                (String.Join("; ", all))
                $"the %d{model.Count} tensors of the model, by their paths and shapes"
                "make the model with the layers, and for the input shape, that it was saved with"

        model
        |> Tree.mapPath (fun path own ->
            let t: Tensor = found[path]

            if t.DType.IsFloat && Tensor.toFloats t |> Array.exists (Double.IsFinite >> not) then
                wrong
                    $"{path} whose numbers are not all finite"
                    "finite numbers"
                    "save the model of an earlier epoch"

            Tensor.cast own.DType t)

    /// Tensors in the place of a model's own: the same paths, types and shapes, all numbers finite, else it is a
    /// `FormatError` that names what differs. Floating-point types are converted to the model's.
    /// `Safetensors.fit weights (Safetensors.read path)`
    let fit (model: Tree<Tensor>) (found: Tree<Tensor>) : Tree<Tensor> = fitFrom "a source" model found
