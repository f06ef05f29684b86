/// Every case of layers.more.json: outputs, gradients of inputs and parameters, and statistics to 1e-10 of PyTorch's in
/// float64 (or of the formula, where PyTorch 1.13 lacks the layer); and that each layer asks for the same names.
module DL1.Tests.LayersMoreReferenceTests

open System.Text.Json
open DL1
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

type private Named = Layer<Tree<Expr>, (string * Expr) list>

let private only (layer: Layer<Expr, Expr>) : Named =
    layer |> Layer.before (fun (xs: Tree<Expr>) -> xs["input"]) |> Layer.map (fun y -> [ "output", y ])

let private pair second (layer: Layer<Expr * Expr, Expr>) : Named =
    layer
    |> Layer.before (fun (xs: Tree<Expr>) -> xs["input"], xs[second])
    |> Layer.map (fun y -> [ "output", y ])

/// What a name of the reference is called here. A name that is not listed fails its case.
let private layerOf (case: JsonElement) (a: Attributes) : Named =
    let extent (name: string) axis = (tensor (case.GetProperty("state").GetProperty name)).Shape[axis]

    let norm () =
        { Norm.options with
            Affine = (a.Find "affine" |> Option.forall _.GetBoolean())
            Momentum = a.Float("momentum", 0.1)
        }

    let tracking () =
        match a.Text("tracking", "") with
        | "cumulative" -> NormTracking.Cumulative
        | "moving" -> NormTracking.Moving
        | _ -> NormTracking.Off

    let window () =
        { Convolution.options with
            Stride = [ a.Int("stride", 1) ]
            Padding = [ a.Int("padding", 0) ]
            Dilation = [ a.Int("dilation", 1) ]
        }

    let volume () =
        {
            Stride = a.Ints("stride", [])
            Padding = a.Ints("padding", [ 0 ])
            Dilation = a.Ints("dilation", [ 1 ])
            Groups = a.Int("groups", 1)
        }

    let stacked () =
        { Transformer.options (a.Int("heads", 0)) (a.Int("inner", 0)) with
            Dropout = 0.0
            NormEpsilon = a.Float("eps", nan)
            FinalNorm = true
        }

    let recurrent
        (plain: RecurrentOptions -> Layer<Expr, RecurrentResult>)
        (from: RecurrentOptions -> Layer<Expr * RecurrentState, RecurrentResult>)
        : Named =
        let options =
            { Recurrent.options 5 with
                Layers = a.Int("num_layers", 1)
                Bidirectional = a.Flag "bidirectional"
                Bias = (a.Find "bias" |> Option.forall _.GetBoolean())
            }

        let layer =
            match case.GetProperty("inputs").TryGetProperty "h" with
            | false, _ -> plain options |> Layer.before (fun (xs: Tree<Expr>) -> xs["input"])
            | true, _ ->
                from options
                |> Layer.before (fun xs -> xs["input"], { Hidden = xs["h"]; Cell = Tree.tryFind "c" xs })

        layer
        |> Layer.map (fun r ->
            [ "output", r.Sequence; "hidden", r.Final.Hidden ]
            @ [ for cell in Option.toList r.Final.Cell -> "cell", cell ])

    let pairs () =
        if a.Text("pairs", "") = "halves" then
            RotaryPairs.Halves
        else
            RotaryPairs.Neighbours

    match name case with
    | "BatchNorm" -> only (Norm.batchNormTracking (tracking ()) (norm ()))
    | "InstanceNorm" -> only (Norm.instanceNormTracking (tracking ()) (norm ()))
    | "LocalResponseNorm" ->
        let value name = a.Float(name, nan)
        only (Norm.localResponseWith (value "alpha") (value "beta") (value "k") (a.Int("size", 0)))
    | "RMSNorm" ->
        only (Norm.rmsNormWith { Norm.options with Epsilon = a.Float("eps", nan) } (a.Int("axes", 0)))
    | "ConvTranspose1d" ->
        let extra = [ a.Int("output_padding", 0) ]

        only (
            Conv.convTranspose1dWith
                Init.parameters
                (window ())
                extra
                (extent "weight" 1)
                (a.Int("kernel", 0))
        )
    | "Conv1dSame" ->
        only (Conv.conv1dSameWith Init.parameters (window ()) (extent "weight" 0) (a.Int("kernel", 0)))
    | "Conv2dSame" ->
        only (Conv.conv2dSameWith Init.parameters (window ()) (extent "weight" 0) [ a.Int("kernel", 0) ])
    | "Conv3d" ->
        only (Conv.conv3dWith Init.parameters (volume ()) (extent "weight" 0) (a.Ints("kernel", [])))
    | "Conv3dSame" ->
        only (Conv.conv3dSameWith Init.parameters (volume ()) (extent "weight" 0) (a.Ints("kernel", [])))
    | "MaxPool3d" -> only (Pooling.maxWith (volume ()) (a.Ints("kernel", [])))
    | "AvgPool3d" -> only (Pooling.averageWith (volume ()) (a.Ints("kernel", [])))
    | "EmbeddingBag" ->
        let mode =
            match a.Text("mode", "") with
            | "sum" -> BagMode.Sum
            | "mean" -> BagMode.Mean
            | _ -> BagMode.Max

        match a.Find "padding" with
        | Some padding ->
            only (Embedding.bagPadded mode (padding.GetInt32()) (extent "weight" 0) (extent "weight" 1))
        | None -> only (Embedding.bag mode (extent "weight" 0) (extent "weight" 1))
    | "EmbeddingBagWeighted" -> pair "weights" (Embedding.bagWeighted (extent "weight" 0) (extent "weight" 1))
    | "EmbeddingBounded" ->
        only (Embedding.bounded (a.Float("max_norm", nan)) (extent "weight" 0) (extent "weight" 1))
    | "Attention" ->
        let options = { Attention.options (a.Int("heads", 0)) with Bias = a.Flag "bias" }

        Attention.general options
        |> Layer.before (fun (xs: Tree<Expr>) ->
            {
                Query = xs["query"]
                Key = xs["key"]
                Value = Tree.tryFind "value" xs |> Option.defaultValue xs["key"]
                Mask = Tree.tryFind "mask" xs
            })
        |> Layer.map (fun r -> [ "output", r.Output; "weights", r.Weights ])
    | "TransformerEncoder" ->
        Transformer.maskedEncoder 2 { stacked () with NormFirst = true }
        |> Layer.before (fun (xs: Tree<Expr>) ->
            { Sequence = { Values = xs["input"]; IsReal = None }; Mask = Some xs["mask"] })
        |> Layer.map (fun y -> [ "output", y.Sequence.Values ])
    | "TransformerDecoder" ->
        Transformer.maskedDecoder 2 (stacked ())
        |> Layer.before (fun (xs: Tree<Expr>) ->
            {
                Sequences =
                    {
                        Target = { Values = xs["input"]; IsReal = None }
                        Memory = { Values = xs["memory"]; IsReal = None }
                    }
                TargetMask = Some xs["mask"]
                MemoryMask = Some xs["memory_mask"]
            })
        |> Layer.map (fun y -> [ "output", y.Sequences.Target.Values ])
    | "LSTMProjected" -> recurrent (Recurrent.lstmProjected 2) (Recurrent.lstmProjectedFrom 2)
    | "RNNReLU" -> recurrent Recurrent.rnnRelu Recurrent.rnnReluFrom
    | "Rotary" ->
        let options: RotaryOptions = { Pairs = pairs (); Base = a.Float("base", nan) }

        Layer.createOf "Rotary" (fun _ (xs: Tree<Expr>) ->
            [ "output", Rotary.rotateAt options xs["places"] xs["input"] ])
    | "GroupedAttention" ->
        let options = GroupedAttention.options (a.Int("heads", 0)) (a.Int("key_heads", 0))

        only (
            GroupedAttention.self
                { options with
                    Causal = a.Flag "causal"
                    Rotary = Some { Rotary.options with Pairs = pairs () }
                }
        )
    | "Bilinear" -> pair "second" (Dense.bilinear (extent "weight" 0))
    | other -> failtest $"the reference layer {other} has no counterpart"

let private isStatistic (path: string) = path.Contains "running_" || path.EndsWith "num_batches_tracked"

/// An input in the type that the layer takes.
let private typed (case: JsonElement) (a: Attributes) path (t: Tensor) =
    if path = "input" && (name case).StartsWith "Embedding" then
        Tensor.cast DType.I64 t
    elif path = "mask" && a.Text("mask", "") = "bool" then
        Tensor.cast DType.Bool t
    else
        t

let private check (case: JsonElement) =
    let attributes = Attributes case
    let layer = layerOf case attributes
    let values = Tree.ofList (tensors (case.GetProperty "state"))
    let counted path t = if (path: string).EndsWith "tracked" then Tensor.cast DType.I64 t else t
    let parameters = Tree.filter (isStatistic >> not) values
    let state = Tree.filter isStatistic values |> Tree.mapPath counted

    let inputs =
        tensors (case.GetProperty "inputs")
        |> List.map (fun (path, t) -> path, typed case attributes path t)
        |> Tree.ofList

    attributes.ExpectAllRead()
    let xs = Tree.variables inputs
    let asked, askedState = Layer.initAs DType.F64 (Key.ofSeed 1L) xs layer
    let shapes (tree: Tree<Tensor>) = Tree.map (fun (t: Tensor) -> t.DType, t.Shape) tree
    Expect.equal (shapes asked) (shapes parameters) "the parameters"
    Expect.equal (shapes askedState) (shapes state) "the state"

    let mode =
        if string (case.GetProperty "mode") = "train" then
            Mode.Training(Draw.key (Key.ofSeed 1L))
        else
            Mode.Inference

    let ps, ss = Tree.variables parameters, Tree.variables state
    let outputs, next = Layer.apply mode ps ss layer xs
    let grads = tensors (case.GetProperty "grads")
    let cotangents = tensors (case.GetProperty "cotangents") |> List.map (snd >> Expr.constant)

    let wrt =
        grads |> List.map (fun (path, _) -> Tree.tryFind path xs |> Option.defaultWith (fun () -> ps[path]))

    let gradients = if wrt.IsEmpty then [] else Grad.vjp (List.map snd outputs) cotangents wrt
    let bindings = Tree.toList inputs @ Tree.toList parameters @ Tree.toList state
    let found = Eval.many bindings (List.map snd outputs @ Tree.values next @ gradients)
    let expected = tensors (case.GetProperty "outputs")
    Expect.equal (List.map fst outputs) (List.map fst expected) "the outputs"
    let ofOutputs, rest = List.splitAt outputs.Length found
    let statistics, ofGradients = List.splitAt next.Count rest

    for (path, value), y in List.zip expected ofOutputs do
        expectClose 1e-10 value y path

    for (path, value), g in List.zip grads ofGradients do
        expectClose 1e-10 value g $"the gradient of {path}"

    match case.TryGetProperty "state_after" with
    | true, after ->
        let statistics = Tree.ofValues statistics next

        for path, value in tensors after do
            // PyTorch's instance norm does not count the batches.
            if not (name case = "InstanceNorm" && path = "num_batches_tracked") then
                expectClose 1e-10 value (Tensor.cast DType.F64 statistics[path]) path
    | false, _ -> ()

let private all = cases "layers.more.json"

let tests =
    testList
        "more reference layers"
        [
            test "all 59 cases are there" { Expect.equal all.Length 59 "the number of cases" }
            for number, case in List.indexed all do
                test (title number case) { check case }
        ]
