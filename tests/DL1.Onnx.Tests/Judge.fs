/// ONNX Runtime as the judge of an imported model's outputs.
module DL1.Onnx.Tests.Judge

open System
open DL1
open DL1.Onnx
open Expecto
open Microsoft.ML.OnnxRuntime

let private valueOf (name: string) (t: Tensor) : NamedOnnxValue =
    let dims = Array.ofList (t.Shape.ToList())

    let make (elements: 'e[]) =
        NamedOnnxValue.CreateFromTensor<'e>(
            name,
            Tensors.DenseTensor<'e>(elements.AsMemory(), ReadOnlySpan dims)
        )

    match t.DType with
    | DType.F32 -> make (Tensor.toArray<float32> t)
    | DType.F64 -> make (Tensor.toArray<float> t)
    | DType.I32 -> make (Tensor.toArray<int> t)
    | DType.I64 -> make (Tensor.toArray<int64> t)
    | DType.Bool -> make (Tensor.toArray<bool> t)

let private results (model: byte[]) (inputs: (string * Tensor) list) (read: NamedOnnxValue -> 'r) : 'r list =
    use options = new SessionOptions(IntraOpNumThreads = 1, InterOpNumThreads = 1)
    options.LogSeverityLevel <- OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL
    use session = new InferenceSession(model, options)
    let values = inputs |> List.map (fun (name, t) -> valueOf name t) |> Array.ofList
    use results = session.Run values
    [ for r in results -> read r ]

/// The outputs of ONNX Runtime as doubles, by name, on one thread.
let outputs (model: byte[]) (inputs: (string * Tensor) list) : (string * float[]) list =
    results model inputs (fun r ->
        r.Name,
        (match r.Value with
         | :? Tensors.Tensor<float32> as t -> Array.ofSeq t |> Array.map float
         | :? Tensors.Tensor<float> as t -> Array.ofSeq t
         | :? Tensors.Tensor<int64> as t -> Array.ofSeq t |> Array.map float
         | :? Tensors.Tensor<int> as t -> Array.ofSeq t |> Array.map float
         | :? Tensors.Tensor<bool> as t -> Array.ofSeq t |> Array.map (fun b -> if b then 1.0 else 0.0)
         | other -> failtest $"an output of type {other.GetType().Name}"))

/// The only output of ONNX Runtime, i64.
let whole (model: byte[]) (inputs: (string * Tensor) list) : int64[] =
    results model inputs (fun r ->
        match r.Value with
        | :? Tensors.Tensor<int64> as t -> Array.ofSeq t
        | other -> failtest $"an output of type {other.GetType().Name}")
    |> List.exactlyOne

/// All outputs are those of ONNX Runtime, to 1e-6 + 1e-5 of the largest.
let agrees (what: string) (model: byte[]) (given: string list) (inputs: (string * Tensor) list) : unit =
    let isGiven (name, _) = List.contains name given
    let file = Onnx.ofBytes model

    let imported =
        Onnx.import (inputs |> List.filter isGiven |> List.map (fun (name, t) -> Onnx.given name t)) file

    let found = imported.Run(inputs |> List.filter (isGiven >> not))

    for name, expected in outputs model inputs do
        let own = Tensor.toFloats found[name]
        Expect.equal own.Length expected.Length $"{what}: elements of {name}"
        let largest = expected |> Array.fold (fun m v -> max m (abs v)) 0.0
        let worst = Array.map2 (fun (a: float) b -> abs (a - b)) own expected |> Array.fold max 0.0

        Expect.isLessThanOrEqual
            worst
            (1e-6 + 1e-5 * largest)
            $"{what}: the difference in {name}, whose largest element is %g{largest}"
