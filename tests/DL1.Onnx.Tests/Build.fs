/// Models made in tests, written as files are and read back.
module internal DL1.Onnx.Tests.Build

open System
open System.Text
open DL1
open DL1.Onnx

let text (s: string) = OnnxAttribute.Text(ReadOnlyMemory(Encoding.UTF8.GetBytes s))
let ints (values: int list) = OnnxAttribute.Ints(values |> List.map int64)

let nodeOf domain operator inputs outputs attributes : OnnxNode =
    {
        Name = ""
        Operator = operator
        Domain = domain
        Inputs = inputs
        Outputs = outputs
        Attributes = attributes
    }

let node operator inputs outputs attributes = nodeOf "" operator inputs outputs attributes

/// An input or output `name` of f32 with extents: a number, or a name.
let value name kind (dims: obj list) : OnnxValue =
    {
        Name = name
        Type = kind
        Dims =
            Some(
                dims
                |> List.map (fun d ->
                    match d with
                    | :? int as n -> OnnxDim.Fixed(int64 n)
                    | other -> OnnxDim.Named(string other))
            )
        IsTensor = true
    }

let output name : OnnxValue = { Name = name; Type = OnnxType.Float; Dims = None; IsTensor = true }

let graph inputs nodes weights outputs : OnnxGraph =
    {
        Name = "graph"
        Nodes = nodes
        Initializers = weights |> List.map (fun (name, t) -> TensorData.ofTensor name t)
        Inputs = inputs
        Outputs = outputs
    }

let modelWith functions opset g : OnnxModel =
    {
        IrVersion = 8L
        Producer = "DL1"
        ProducerVersion = "test"
        Opsets = [ "", opset; "com.microsoft", 1L; "ai.onnx.ml", 1L; "local", 1L ]
        Graph = g
        Functions = functions
        Metadata = [ "key", "value" ]
    }

let bytesOf (m: OnnxModel) : byte[] = (WriteModel.model m).ToArray()

let fileOf opset g : OnnxFile = modelWith [] opset g |> bytesOf |> Onnx.ofBytes

let f32 dims (values: float list) = Tensor.ofArray dims (values |> List.map float32 |> Array.ofList)
let i64 (values: int list) = Tensor.vector (values |> List.map int64)
