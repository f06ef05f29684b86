/// ONNX Runtime over the same bytes and the same inputs, in memory that is allocated once.
module internal DL1.Bench.Onnx.Peer

open System
open DL1
open Microsoft.ML.OnnxRuntime

let private valueOf (t: Tensor) : OrtValue =
    let dims = t.Shape.ToList() |> List.map int64 |> Array.ofList
    let make (elements: 'e[]) = OrtValue.CreateTensorValueFromMemory<'e>(elements, dims)

    match t.DType with
    | DType.F32 -> make (Tensor.toArray<float32> t)
    | DType.F64 -> make (Tensor.toArray<float> t)
    | DType.I32 -> make (Tensor.toArray<int> t)
    | DType.I64 -> make (Tensor.toArray<int64> t)
    | DType.Bool -> make (Tensor.toArray<bool> t)

[<Sealed>]
type Peer(model: byte[], inputs: (string * Tensor) list, threads: int) =
    let options = new SessionOptions(IntraOpNumThreads = threads, InterOpNumThreads = 1)
    do options.LogSeverityLevel <- OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL
    let session = new InferenceSession(model, options)
    let run = new RunOptions()
    let names = inputs |> List.map fst |> Array.ofList
    let values = inputs |> List.map (snd >> valueOf) |> Array.ofList
    let outputs = Array.ofSeq session.OutputNames

    // The outputs of a first run say how large they are.
    let results =
        use first = session.Run(run, names, values, outputs)

        [|
            for v in first ->
                let info = v.GetTensorTypeAndShape()
                OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, info.ElementDataType, info.Shape)
        |]

    member _.Run() = session.Run(run, names, values, outputs, results)

    /// The first output's elements.
    member this.Output() : float32[] =
        this.Run()
        results[0].GetTensorDataAsSpan<float32>().ToArray()

    interface IDisposable with
        member _.Dispose() =
            Seq.iter (fun (v: OrtValue) -> v.Dispose()) (Seq.append values results)
            run.Dispose()
            session.Dispose()
            options.Dispose()
