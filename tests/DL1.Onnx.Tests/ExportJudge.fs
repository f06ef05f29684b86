/// Files run by ONNX Runtime, which knows nothing of DL1.
module DL1.Tests.ExportJudge

open System
open Microsoft.ML.OnnxRuntime
open Microsoft.ML.OnnxRuntime.Tensors
open DL1

type private Dense<'e> = Microsoft.ML.OnnxRuntime.Tensors.Tensor<'e>

let private options () =
    let o = new SessionOptions()
    o.LogSeverityLevel <- OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL
    o.IntraOpNumThreads <- 1
    o

let private given (name: string) (t: Tensor) : NamedOnnxValue =
    let dims = Array.ofSeq t.Shape

    let dense (values: 'e[]) =
        NamedOnnxValue.CreateFromTensor(name, DenseTensor<'e>(Memory<'e> values, ReadOnlySpan<int> dims))

    match t.DType with
    | DType.F32 -> dense (t.ToArray<float32>())
    | DType.F64 -> dense (t.ToArray<float>())
    | DType.I32 -> dense (t.ToArray<int>())
    | DType.I64 -> dense (t.ToArray<int64>())
    | DType.Bool -> dense (t.ToArray<bool>())

let private read (value: NamedOnnxValue) : Tensor =
    let dense (t: Dense<'e>) = Tensor.ofArray (List.ofArray (t.Dimensions.ToArray())) (Array.ofSeq t)

    match value.Value with
    | :? Dense<float32> as t -> dense t
    | :? Dense<float> as t -> dense t
    | :? Dense<int> as t -> dense t
    | :? Dense<int64> as t -> dense t
    | :? Dense<bool> as t -> dense t
    | other -> invalidOp $"a value of {other.GetType().Name}"

/// A file loaded once, to be run many times.
type Loaded private (session: InferenceSession) =
    new(bytes: byte[]) = new Loaded(new InferenceSession(bytes, options ()))
    new(path: string) = new Loaded(new InferenceSession(path, options ()))

    /// The inputs in order, with their extents; −1 where any is taken.
    member _.Inputs = [ for entry in session.InputMetadata -> entry.Key, List.ofArray entry.Value.Dimensions ]
    /// The names of the extents of an input.
    member _.DimsOf(name: string) = List.ofArray session.InputMetadata[name].SymbolicDimensions

    /// Outputs by name for inputs by name; those that the file does not have are left out.
    member _.Run(inputs: (string * Tensor) list) : (string * Tensor) list =
        let values =
            [|
                for name, t in inputs do
                    if session.InputMetadata.ContainsKey name then
                        given name t
            |]

        use results = session.Run values
        [ for r in results -> r.Name, read r ]

    interface IDisposable with
        member _.Dispose() = session.Dispose()

/// What ONNX Runtime makes of a file.
let run (bytes: byte[]) (inputs: (string * Tensor) list) : (string * Tensor) list =
    use loaded = new Loaded(bytes)
    loaded.Run inputs

/// Whether each element is that which was expected, relative to the largest finite one; NaN and infinities alike.
let close (tolerance: float) (expected: Tensor) (found: Tensor) =
    let a, b = Tensor.toFloats expected, Tensor.toFloats found
    let size = Array.fold (fun m v -> if Double.IsFinite v then max m (abs v) else m) 1.0 a

    expected.Shape = found.Shape
    && expected.DType = found.DType
    && Array.forall2
        (fun x y -> x = y || (Double.IsNaN x && Double.IsNaN y) || abs (x - y) <= tolerance * size)
        a
        b
