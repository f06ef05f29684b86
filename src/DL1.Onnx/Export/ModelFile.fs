namespace DL1.Onnx

open System
open System.IO
open System.Security.Cryptography
open DL1

/// A model on its way into a file, or into two: the elements of large parameters may stand in a file beside the model.
[<RequireQualifiedAccess>]
module internal ModelFile =
    /// What a file of protocol buffers holds at most, with room for the graph.
    let mostBytes = 2_000_000_000L

    /// Parameters of as many bytes stand outside where the model would be too large: what the standard's tools take.
    let private usual = 1024L

    /// Where a large parameter begins: at a page, so that a runtime may map it; a small one at a multiple of 64.
    let private aligned (at: int64) (length: int) =
        let step = if length >= 1048576 then 4096L else 64L
        (at + step - 1L) / step * step

    let private sizeOf (t: OnnxTensor) =
        match t.Bytes with
        | TensorBytes.Raw raw -> int64 raw.Length
        | TensorBytes.Fields message -> int64 message.Length
        | TensorBytes.External _ -> 0L

    /// Refuses a model whose elements stand in a file of its own: that file may be the one that is replaced.
    let private requireInside (model: OnnxModel) =
        for t in model.Graph.Initializers do
            match t.Bytes with
            | TensorBytes.External place ->
                Refuse.domain
                    "Onnx.writeExternal"
                    $"the tensor {t.Name}, whose elements are in the file '{place.Location}'"
                    "a model that holds all of its elements"
                    "write the trained model again, or keep the file as it is"
            | TensorBytes.Raw _
            | TensorBytes.Fields _ -> ()

    let private parameterBytes (model: OnnxModel) = model.Graph.Initializers |> List.sumBy sizeOf

    /// The bytes of a model as `encode` makes them, where protocol buffers hold as many.
    let private encoded (encode: OnnxModel -> ReadOnlyMemory<byte>) (model: OnnxModel) : byte[] =
        let total = parameterBytes model

        if total > mostBytes then
            Refuse.domain
                "Onnx.write"
                $"parameters of %d{total} bytes"
                "at most 2 GB, as protocol buffers have it"
                "write the file by its path: its parameters go to a file beside it"

        (encode model).ToArray()

    /// The bytes of a file that holds all.
    let bytes (model: OnnxModel) : byte[] = encoded WriteModel.model model

    /// Calls a function with each piece of the data file, in order: zeros up to the place of a tensor, and its elements.
    let private pieces (outside: (int64 * ReadOnlyMemory<byte>) list) (each: ReadOnlyMemory<byte> -> unit) =
        let zeros = ReadOnlyMemory(Array.zeroCreate<byte> 4096)
        let mutable position = 0L

        for place, elements in outside do
            each (zeros.Slice(0, int (place - position)))
            each elements
            position <- place + int64 elements.Length

    let private digestOf outside =
        use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
        pieces outside (fun piece -> hash.AppendData piece.Span)
        Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8))

    /// Whether a file is one that holds the data of the model of this name: `m.onnx.0123456789abcdef.data`.
    let private isDataOf (model: string) (file: string) =
        file.Length = model.Length + 22
        && file.StartsWith(model + ".", StringComparison.Ordinal)
        && file.EndsWith(".data", StringComparison.Ordinal)
        && file.AsSpan(model.Length + 1, 16).IndexOfAnyExcept("0123456789abcdef".AsSpan()) < 0

    /// Removes the data of models that stood there before.
    let private sweep (folder: string) (model: string) (kept: string) =
        for path in Directory.GetFiles(folder, model + ".*.data") do
            let name = string (Path.GetFileName path)

            if isDataOf model name && name <> kept then
                try
                    File.Delete path
                with
                // One that is read just now stays until the next time.
                | :? IOException
                | :? UnauthorizedAccessException -> ()

    /// Writes the data of a model, and the model after it; what was written for a model that could not be is removed.
    let writeBoth (dataPath: string) (write: unit -> unit) (model: string) (bytes: byte[]) =
        let wasThere = File.Exists dataPath
        write ()

        try
            AtomicFile.writeBytes model bytes
        with _ ->
            if not wasThere then
                File.Delete dataPath

            reraise ()

    /// Writes a model whose parameters of at least as many bytes stand in a file beside it, and which `encode` makes bytes of. That
    /// file is named by its content and written first: at any moment the model that is there has its own data.
    let writeExternal
        (encode: OnnxModel -> ReadOnlyMemory<byte>)
        (path: string)
        (atLeast: int64)
        (model: OnnxModel)
        : unit =
        requireInside model
        let struct (folder, full) = Files.placeToWrite "Onnx.write" path
        let name = string (Path.GetFileName full)
        let mutable position = 0L
        let isOutside (t: OnnxTensor) = t.Name <> "" && sizeOf t >= atLeast

        let outside =
            [
                for t in model.Graph.Initializers do
                    match t.Bytes with
                    | TensorBytes.Raw raw when isOutside t ->
                        let place = aligned position raw.Length
                        position <- place + int64 raw.Length
                        t.Name, (place, raw.Read())
                    | TensorBytes.Raw _
                    | TensorBytes.Fields _
                    | TensorBytes.External _ -> ()
            ]

        if outside.IsEmpty then
            AtomicFile.writeBytes full (encoded encode model)
            sweep folder name ""
        else
            let data = List.map snd outside
            let location = $"{name}.{digestOf data}.data"
            let places = dict outside

            let moved (t: OnnxTensor) =
                match places.TryGetValue t.Name with
                | true, (place, raw) ->
                    { t with
                        Bytes =
                            TensorBytes.External
                                { Location = location; Offset = place; Length = Some(int64 raw.Length) }
                    }
                | false, _ -> t

            let graph = { model.Graph with Initializers = List.map moved model.Graph.Initializers }

            let small = encoded encode { model with Graph = graph }
            let dataPath = Path.Combine(folder, location)

            let writeData () =
                AtomicFile.write dataPath (fun stream -> pieces data (fun piece -> stream.Write piece.Span))

            writeBoth dataPath writeData full small
            sweep folder name location

    /// Writes a model: into one file where its parameters are at most `most` bytes.
    let writeWithin (most: int64) (path: string) (model: OnnxModel) : unit =
        if parameterBytes model > most then
            writeExternal WriteModel.model path usual model
        else
            AtomicFile.writeBytes path (bytes model)

    /// Writes a model: into one file where it fits.
    let write (path: string) (model: OnnxModel) : unit = writeWithin mostBytes path model
