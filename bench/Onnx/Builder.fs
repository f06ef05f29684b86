/// ONNX files with random weights, in the operators that exporters write, made without a network or another library.
module internal DL1.Bench.Onnx.Builder

open System
open System.Text
open DL1
open DL1.Onnx

/// A model with the inputs that it is timed on.
[<NoEquality; NoComparison>]
type Model = { Name: string; Bytes: byte[]; Inputs: (string * Tensor) list }

let normal seed dims = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed seed)

/// Collects nodes and weights. Operators are methods that return the names of their outputs.
[<Sealed>]
type Builder() =
    let nodes = ResizeArray<OnnxNode>()
    let weights = ResizeArray<OnnxTensor>()
    let mutable names = 0

    let fresh (prefix: string) =
        names <- names + 1
        $"%s{prefix}_%d{names}"

    let kept prefix (t: Tensor) =
        let name = fresh prefix
        weights.Add(TensorData.ofTensor name t)
        name

    /// A tensor as an initializer.
    member _.Constant(t: Tensor) : string = kept "constant" t

    member this.Integers(values: int list) : string = this.Constant(Tensor.vector (values |> List.map int64))

    member this.Number(value: float) : string = this.Constant(Tensor.scalar (float32 value))

    /// Random weights whose outputs have about the variance of the inputs, of which each sum has `terms`.
    member _.Weight(dims: int list, terms: int) : string =
        names <- names + 1
        let deviation = sqrt (1.0 / float terms)
        kept "weight" (Key.normal 0.0 deviation DType.F32 dims (Key.ofSeed (int64 names)))

    /// A vector of values about a mean.
    member _.Vector(mean: float, n: int) : string =
        names <- names + 1
        kept "vector" (Key.normal mean 0.1 DType.F32 [ n ] (Key.ofSeed (int64 names)))

    member _.Node
        (operator: string, outputs: int, inputs: string list, attributes: (string * OnnxAttribute) list)
        : string list =
        let results = List.init outputs (fun _ -> fresh (operator.ToLowerInvariant()))

        nodes.Add
            {
                Name = results.Head
                Operator = operator
                Domain = ""
                Inputs = inputs
                Outputs = results
                Attributes = attributes
            }

        results

    member this.Op(operator: string, [<ParamArray>] inputs: string[]) : string =
        this.Node(operator, 1, List.ofArray inputs, []).Head

    member this.With(operator: string, inputs: string list, attributes: (string * OnnxAttribute) list) : string =
        this.Node(operator, 1, inputs, attributes).Head

    /// The file, whose outputs have the names given.
    member _.Model(name: string, inputs: (string * Tensor) list, outputs: string list) : Model =
        let value (name, t: Tensor) : OnnxValue =
            {
                Name = name
                Type = (if t.DType = DType.I64 then OnnxType.Int64 else OnnxType.Float)
                Dims = Some(t.Shape.ToList() |> List.map (int64 >> OnnxDim.Fixed))
                IsTensor = true
            }

        let output name : OnnxValue = { Name = name; Type = OnnxType.Float; Dims = None; IsTensor = true }

        let model: OnnxModel =
            {
                IrVersion = 8L
                Producer = "DL1"
                ProducerVersion = "bench"
                Opsets = [ "", 13L ]
                Graph =
                    {
                        Name = "graph"
                        Nodes = List.ofSeq nodes
                        Initializers = List.ofSeq weights
                        Inputs = List.map value inputs
                        Outputs = List.map output outputs
                    }
                Functions = []
                Metadata = []
            }

        { Name = name; Bytes = (WriteModel.model model).ToArray(); Inputs = inputs }

let ints (values: int list) = OnnxAttribute.Ints(values |> List.map int64)
let int' (value: int) = OnnxAttribute.Int(int64 value)
let text (s: string) = OnnxAttribute.Text(ReadOnlyMemory(Encoding.UTF8.GetBytes s))
