namespace DL1

open System.IO

/// GGUF, the format of llama.cpp: tensors by names with values about the model. Numbers of 32, 16 and 8 bits and the quantised types
/// Q8_0, Q4_0, Q4_K, Q5_K and Q6_K are read as f32; other types are refused by name. Shapes are in PyTorch's order, the
/// axis whose neighbours are next to each other last.
[<RequireQualifiedAccess>]
module Gguf =
    let private operation = GgufHeader.operation
    let private kind = "a GGUF file"
    let private all (_: string) = true

    let private tensor (stream: Stream) (e: GgufEntry) : Tensor =
        let elements =
            match e.Kind with
            | GgufType.Plain raw ->
                stream.Position <- e.Begin
                Raw.read operation raw false e.Shape.Size stream
            | GgufType.Blocks(each, bytes, decode) ->
                stream.Position <- e.Begin
                GgufBlocks.read operation each bytes decode e.Shape.Size stream
            | GgufType.Unread ->
                Refuse.format
                    operation
                    $"the type {e.Type} of {e.Name}"
                    "F32, F16, BF16, F64, I8 to I64, Q8_0, Q4_0, Q4_K, Q5_K or Q6_K"
                    "convert the file by llama-quantize --allow-requantize to Q8_0 or F16, or read other tensors alone by their names"

        Tensor(e.Shape, elements)

    let private get operation (choose: string -> bool) (stream: Stream) : Tree<Tensor> * Map<string, string> =
        let entries, texts = GgufHeader.read stream
        let chosen = entries |> List.filter (fun e -> choose e.Name)

        if chosen.IsEmpty && not entries.IsEmpty then
            Chosen.refuse operation (entries |> List.map _.Name)

        Tree.ofList [ for e in chosen -> e.Name, tensor stream e ], texts

    /// The tensors of a file by their names, in its order. `Gguf.read path`
    let read (path: string) : Tree<Tensor> = Raw.openFileAsIs operation kind path (get operation all) |> fst

    /// The tensors of a file, and the values about the model as texts, lists of them as JSON.
    /// `let tensors, texts = Gguf.readWith path`
    let readWith (path: string) : Tree<Tensor> * Map<string, string> =
        Raw.openFileAsIs operation kind path (get operation all)

    /// The tensors whose names a function chooses: the others are not read. That it chooses none is a `FormatError`.
    /// `Gguf.readSome (fun name -> name.StartsWith "blk.0.") path`
    let readSome (choose: string -> bool) (path: string) : Tree<Tensor> =
        Raw.openFileAsIs "Gguf.readSome" kind path (get "Gguf.readSome" choose) |> fst

    /// The types and shapes of the tensors of a file by their names; no numbers are read. `Gguf.contents path`
    let contents (path: string) : Tree<TensorInfo> =
        Raw.openFileAsIs operation kind path (fun stream ->
            Tree.ofList
                [ for e in fst (GgufHeader.read stream) -> e.Name, { Type = e.Type; Shape = e.Shape } ])

    /// The tensors and texts from the bytes of a file. `Gguf.ofBytes (System.IO.File.ReadAllBytes path)`
    let ofBytes (bytes: byte[]) : Tree<Tensor> * Map<string, string> =
        Raw.openBytesAsIs operation bytes (get operation all)
