namespace DL1

open System
open System.IO

/// The safetensors format: names, types, shapes and bytes, and nothing that can be run. With PyTorch's names in the
/// tree, `model.load_state_dict(safetensors.torch.load_file(path))` takes a file as it is. Types that tensors do not
/// have are widened (f16 and bf16 to f32, bytes to i32). Whatever is wrong with a file is a `FormatError`, found in the
/// header before anything of the size that it announces is allocated.
[<RequireQualifiedAccess>]
module Safetensors =
    let private operation = SafetensorsHeader.operation
    let private refuse given expected : 'a = SafetensorsHeader.refuse given expected

    /// The longest header that the format's first implementation takes.
    let private longest = 100_000_000L

    let private get (stream: Stream) : Tree<Tensor> * Map<string, string> =
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

        let tensor (e: SafetensorsEntry) =
            stream.Position <- data + e.Begin
            Tensor(e.Shape, Raw.read operation e.Raw false e.Shape.Size stream)

        Tree.ofList [ for e in entries -> e.Name, tensor e ], texts

    let private put (texts: Map<string, string>) (tensors: Tree<Tensor>) (stream: Stream) =
        if tensors.Contains SafetensorsHeader.metadataName then
            Refuse.domain
                "Safetensors.write"
                $"a tensor named {SafetensorsHeader.metadataName}"
                "another name: the format keeps this one for texts"
                "rename the tensor"

        let header, placed = SafetensorsHeader.write texts tensors
        stream.Write(BitConverter.GetBytes(uint64 header.Length), 0, 8)
        stream.Write(header, 0, header.Length)

        for t in placed do
            stream.Write(Raw.bytes t.Elements)

    /// The tensors of a file by their names, in the header's order. `Safetensors.read path`
    let read (path: string) : Tree<Tensor> = Raw.openFile operation "a safetensors file" path get |> fst

    /// The tensors of a file, and the texts about it. `let tensors, texts = Safetensors.readWith path`
    let readWith (path: string) : Tree<Tensor> * Map<string, string> =
        Raw.openFile operation "a safetensors file" path get

    /// The tensors and texts from the bytes of a file. `Safetensors.ofBytes (Safetensors.toBytes Map.empty weights)`
    let ofBytes (bytes: byte[]) : Tree<Tensor> * Map<string, string> = Raw.openBytes operation bytes get

    /// The bytes of a file of tensors with texts about them. `Safetensors.toBytes (Map [ "made by", "DL1" ]) weights`
    let toBytes (texts: Map<string, string>) (tensors: Tree<Tensor>) : byte[] =
        use memory = new MemoryStream()
        put texts tensors memory
        memory.ToArray()

    /// Writes tensors with texts about them, whole or not at all.
    /// `Safetensors.writeWith (Map [ "made by", "DL1" ]) path weights`
    let writeWith (texts: Map<string, string>) (path: string) (tensors: Tree<Tensor>) : unit =
        AtomicFile.write path (put texts tensors)

    /// Writes tensors, whole or not at all. `Safetensors.write path weights`
    let write (path: string) (tensors: Tree<Tensor>) : unit = writeWith Map.empty path tensors

    /// Tensors in the place of a model's own: the same paths, types and shapes, all numbers finite, else it is a
    /// `FormatError` that names the first that is not. Floating-point types are converted to the model's.
    /// `Safetensors.fit weights (Safetensors.read path)`
    let fit (model: Tree<Tensor>) (found: Tree<Tensor>) : Tree<Tensor> =
        let wrong given expected : 'a =
            Refuse.format
                "Safetensors.fit"
                given
                expected
                "check that the file is of this model, or take a part of it by filter"

        for path, _ in Tree.toList found do
            if not (model.Contains path) then
                wrong $"the tensor {path}, which the model does not have" "the model's own paths"

        model
        |> Tree.mapPath (fun path own ->
            match Tree.tryFind path found with
            | None -> wrong $"no tensor {path}" $"one of shape {own.Shape}"
            | Some t when t.Shape <> own.Shape -> wrong $"{path} of shape {t.Shape}" $"the shape {own.Shape}"
            | Some t when t.DType <> own.DType && not (t.DType.IsFloat && own.DType.IsFloat) ->
                wrong $"{path} of {t.DType}" $"the type {own.DType}"
            | Some t when t.DType.IsFloat && Tensor.toFloats t |> Array.exists (Double.IsFinite >> not) ->
                wrong $"{path} with numbers that are not finite" "finite numbers"
            | Some t -> Tensor.cast own.DType t)
