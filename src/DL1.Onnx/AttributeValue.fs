namespace DL1.Onnx

open System
open DL1
open DL1.Onnx.ReadParts

/// The value of an attribute, from the fields of its message.
[<RequireQualifiedAccess>]
module internal AttributeValue =
    /// An attribute's value: of the kind that it declares, or, in older files, of the field that is there.
    let ofFields
        (name: string)
        declared
        reference
        f
        i
        s
        t
        g
        (fs: ResizeArray<float32>)
        (is: ResizeArray<int64>)
        (ss: ResizeArray<_>)
        (ts: ResizeArray<_>)
        (gs: ResizeArray<_>)
        =
        if reference <> "" then
            OnnxAttribute.Reference reference
        else
            let missing () : 'a =
                Refuse.format
                    "Onnx.read"
                    $"the attribute '{name}' without its value"
                    "a value of the type that it declares"
                    "export the model again"

            let one value =
                match value with
                | ValueSome v -> v
                | ValueNone -> missing ()

            let guess =
                match declared with
                | 0 ->
                    [
                        ValueOption.isSome f, 1
                        ValueOption.isSome i, 2
                        ValueOption.isSome s, 3
                        ValueOption.isSome t, 4
                        ValueOption.isSome g, 5
                        fs.Count > 0, 6
                        is.Count > 0, 7
                        ss.Count > 0, 8
                        ts.Count > 0, 9
                        gs.Count > 0, 10
                    ]
                    |> List.tryFind fst
                    |> Option.map snd
                    |> Option.defaultValue 0
                | d -> d

            match guess with
            // Defaults are left out by some writers.
            | 1 -> OnnxAttribute.Float(ValueOption.defaultValue 0.0f f)
            | 2 -> OnnxAttribute.Int(ValueOption.defaultValue 0L i)
            | 3 -> OnnxAttribute.Text(ValueOption.defaultValue ReadOnlyMemory.Empty s)
            | 4 -> OnnxAttribute.Tensor(one t)
            | 5 -> OnnxAttribute.Graph(one g)
            | 6 -> OnnxAttribute.Floats(listOf fs)
            | 7 -> OnnxAttribute.Ints(listOf is)
            | 8 -> OnnxAttribute.Texts(listOf ss)
            | 9 -> OnnxAttribute.Tensors(listOf ts)
            | 10 -> OnnxAttribute.Graphs(listOf gs)
            | 11
            | 12 -> OnnxAttribute.Other "sparse tensors"
            | 13
            | 14 -> OnnxAttribute.Other "types"
            | _ -> OnnxAttribute.Other "an unknown type"
