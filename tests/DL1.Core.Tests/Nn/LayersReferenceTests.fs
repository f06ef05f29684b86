/// Every case of the reference layers, computed by PyTorch in float64: what comes out, the gradients of the input and of
/// every parameter, and the running statistics, to 1e-10; and that each layer asks for PyTorch's names.
module DL1.Tests.LayersReferenceTests

open System.Text.Json
open DL1
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

/// What a name of the reference is called here. A name that is not listed fails its case.
let private layerOf (case: JsonElement) (a: Attributes) : Layer<Expr, Expr> =
    let state = case.GetProperty "state"
    let extent (name: string) axis = (tensor (state.GetProperty name)).Shape[axis]

    let window =
        { Convolution.options with
            Stride = [ a.Int("stride", 1) ]
            Padding = [ a.Int("padding", 0) ]
        }

    let norm () =
        { Norm.options with Epsilon = a.Float("eps", 1e-5); Momentum = a.Float("momentum", 0.1) }

    let recurrent () =
        a.Known [ "batch_first"; "nonlinearity" ]

        { Recurrent.options (extent "weight_hh_l0" 1) with
            Layers = a.Int("num_layers", 1)
            Bidirectional = a.Flag "bidirectional"
        }

    match name case with
    | "Linear" ->
        let hasBias = a.Find "bias" |> Option.map _.GetBoolean() |> Option.defaultValue true
        Dense.linearWith { Init.parameters with Bias = hasBias } (extent "weight" 0)
    | "BatchNorm1d" -> Norm.batchNorm1dWith (norm ())
    | "BatchNorm2d" -> Norm.batchNorm2dWith (norm ())
    | "LayerNorm" -> Norm.layerNormWith (norm ()) 1
    | "GroupNorm" -> Norm.groupNormWith (norm ()) (a.Int("groups", 0))
    | "Embedding" -> Dense.embedding (extent "weight" 0) (extent "weight" 1)
    | "PReLU" -> Activation.prelu false
    | "Conv2d" -> Conv.conv2dWith Init.parameters window (extent "weight" 0) [ a.Int("kernel", 0) ]
    | "Conv1d" -> Conv.conv1dWith Init.parameters window (extent "weight" 0) (a.Int("kernel", 0))
    | "ConvTranspose2d" ->
        let extra = [ a.Int("output_padding", 0) ]
        Conv.convTranspose2dWith Init.parameters window extra (extent "weight" 1) [ a.Int("kernel", 0) ]
    | "RNN" -> Recurrent.rnn (recurrent ()) |> Recurrent.sequence
    | "LSTM" -> Recurrent.lstm (recurrent ()) |> Recurrent.sequence
    | "GRU" -> Recurrent.gru (recurrent ()) |> Recurrent.sequence
    | "MultiheadAttention" ->
        a.Known [ "embed_dim"; "batch_first" ]
        Attention.self (a.Int("num_heads", 0)) (a.Text("use", "").StartsWith "causal")
    | "TransformerEncoderLayer" ->
        a.Known [ "d_model"; "activation" ]

        Transformer.encoderLayer
            { Transformer.options (a.Int("nhead", 0)) (a.Int("dim_feedforward", 0)) with
                Dropout = 0.0
                NormFirst = a.Flag "norm_first"
            }
    | other -> failtest $"the reference layer {other} has no counterpart"

let private isStatistic (path: string) = path.Contains "running_" || path.EndsWith "num_batches_tracked"

let private check (case: JsonElement) =
    let attributes = Attributes case
    let layer = layerOf case attributes
    attributes.ExpectAllRead()
    let values = Tree.ofList (tensors (case.GetProperty "state"))
    let counted path t = if (path: string).EndsWith "tracked" then Tensor.cast DType.I64 t else t
    let parameters = Tree.filter (isStatistic >> not) values
    let state = Tree.filter isStatistic values |> Tree.mapPath counted
    let input = tensor (case.GetProperty "input")
    let isIndex = name case = "Embedding"
    let input = if isIndex then Tensor.cast DType.I64 input else input
    let x = Expr.variable "input" input.DType (input.Shape.ToList())

    // The layer asks for what PyTorch has, by its names, in its order.
    let asked, askedState = Layer.initAs DType.F64 (Key.ofSeed 1L) x layer
    let shapes (tree: Tree<Tensor>) = Tree.map (fun (t: Tensor) -> t.DType, t.Shape) tree
    Expect.equal (shapes asked) (shapes parameters) "the parameters"
    Expect.equal (shapes askedState) (shapes state) "the state"

    let mode =
        if string (case.GetProperty "mode") = "train" then
            Mode.Training(Draw.key (Key.ofSeed 1L))
        else
            Mode.Inference

    let ps, ss = Tree.variables parameters, Tree.variables state
    let output, next = Layer.apply mode ps ss layer x
    let grads = tensors (case.GetProperty "grads")
    let wrt = grads |> List.map (fun (path, _) -> if path = "input" then x else ps[path])
    Expect.equal grads.Length (ps.Count + (if isIndex then 0 else 1)) "a gradient for each"
    let cotangent = Expr.constant (tensor (case.GetProperty "cotangent"))
    let bindings = ("input", input) :: Tree.toList parameters @ Tree.toList state
    let roots = output :: Tree.values next @ Grad.vjp [ output ] [ cotangent ] wrt
    let found = Eval.many bindings roots
    expectClose 1e-10 (tensor (case.GetProperty "output")) found.Head "the value"
    let statistics, gradients = List.splitAt next.Count found.Tail

    for (path, expected), g in List.zip grads gradients do
        expectClose 1e-10 expected g $"the gradient of {path}"

    match case.TryGetProperty "state_after" with
    | true, after ->
        let statistics = Tree.ofValues statistics next

        for path, expected in tensors after do
            expectClose 1e-10 expected statistics[path] path
    | false, _ -> ()

let private all = cases "layers.json"

let tests =
    testList
        "reference layers"
        [
            test "all 20 cases are there" { Expect.equal all.Length 20 "the number of cases" }
            for number, case in List.indexed all do
                test (title number case) { check case }
        ]
