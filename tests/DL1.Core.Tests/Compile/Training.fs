/// Whole training steps, and what is compared about compiled graphs.
module DL1.Tests.Training

open DL1
open DL1.Tests.Numbers
open Expecto
open DL1.Compiler.FusedLoop
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// A training step: the state with its first values, what it becomes, and a batch.
type Step =
    {
        State: (Variable * Tensor) list
        Next: Expr list
        Loss: Expr
        Inputs: Variable list
        Batch: Tensor[]
    }

    member s.Variables = List.map fst s.State @ s.Inputs
    member s.Roots = s.Next @ [ s.Loss ]

let like name (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())

let variableOf (e: Expr) : Variable =
    { Name = (Graph.variables [ e ]).Head.Name; DType = e.DType; Shape = e.Shape }

let normal seed dtype dims = Key.normal 0.0 1.0 dtype dims (Key.ofSeed seed)

/// Forward, loss, gradients, running statistics, the optimizer's update, and the next key, as one graph.
let step dtype (model: Layer<Expr, Expr>) (lossOf: Expr -> Expr -> Expr) optimizer (x: Tensor) (y: Tensor) =
    let vx, vy, key = like "x" x, like "y" y, Expr.variable "key" DType.I32 [ 2 ]
    let keys = Draw.split 2 key
    let parameters, state = Layer.initAs dtype (Key.ofSeed 1L) vx model
    let ps, ss = Tree.variables parameters, Tree.variables state
    let memory = Optimizer.start optimizer parameters
    let ms = memory |> Tree.mapPath (fun path t -> like $"optimizer {path}" t)
    let output, nextState = Layer.apply (Mode.Training(Expr.item 0 0 keys)) ps ss model vx
    let loss, gradients = Grad.valueAndGrad (lossOf vy output) (Tree.values ps)
    let next, nextMemory = optimizer.Update (Tree.ofValues gradients ps) ms ps
    let variables = Tree.values ps @ Tree.values ss @ Tree.values ms @ [ key ]
    let first = Tree.values parameters @ Tree.values state @ Tree.values memory

    {
        State = List.zip (List.map variableOf variables) (first @ [ Key.toTensor (Key.ofSeed 7L) ])
        Next = Tree.values next @ Tree.values nextState @ Tree.values nextMemory @ [ Expr.item 0 1 keys ]
        Loss = loss
        Inputs = [ variableOf vx; variableOf vy ]
        Batch = [| x; y |]
    }

/// A perceptron with batch normalisation and dropout.
let perceptronWith optimizer dtype batch features hidden =
    let part = Dense.linear hidden => Norm.batchNorm1d => Activation.relu => Shaping.dropout 0.3

    step
        dtype
        (part => part => Dense.linear 3)
        (Loss.mse Reduction.Mean)
        optimizer
        (normal 11L dtype [ batch; features ])
        (normal 12L dtype [ batch; 3 ])

/// The same under Adam.
let perceptron = perceptronWith (Optimizer.adam 0.01)

let private labels count classes = Tensor.vector (Array.init count (fun i -> int64 (i * 7 % classes)))

/// A small convolutional network with batch normalisation under SGD.
let convolutional dtype =
    let features = Conv.conv2d 8 3 => Norm.batchNorm2d => Activation.relu => Pooling.max 2

    step
        dtype
        (features => Shaping.flatten => Dense.linear 5)
        (Loss.crossEntropy Loss.classes)
        (Optimizer.sgd 0.1)
        (normal 13L dtype [ 4; 3; 10; 10 ])
        (labels 4 5)

/// A recurrent network under Adam.
let recurrent dtype =
    let lstm = Recurrent.lstm (Recurrent.options 6) |> Recurrent.last

    step
        dtype
        (Layer.named "lstm" lstm => Layer.named "out" (Dense.linear 1))
        (Loss.mse Reduction.Mean)
        (Optimizer.adam 0.01)
        (normal 14L dtype [ 4; 7; 3 ])
        (normal 15L dtype [ 4; 1 ])

let internal widths = [ Width.Bits128; Width.Bits256; Width.Bits512 ]

let internal plan (inputs: Variable list) (roots: Expr list) =
    Plan.makeFor 0 true (CodeCache.get Simd.widest true) inputs roots

/// The steps of a plan and of the loops in it.
let rec internal allSteps (plan: Plan) : PlanStep list =
    [
        for step in plan.Steps do
            step

            match step.Work with
            | Work.Scan(_, body) -> yield! allSteps body
            | _ -> ()
    ]

/// What has no kernel, by name.
let internal definedIn (plan: Plan) =
    allSteps plan
    |> List.choose (fun step ->
        match step.Work with
        | Work.Defined _ -> Some(step.Group.Anchor |> Option.map (fun e -> Node.name e.Node))
        | _ -> None)

let sameBits (a: Tensor list) (b: Tensor list) = List.forall2 Tensor.sameBits a b

/// Compiled values are those of Eval, and have the same bits for every width, on one thread and on two, emitted and
/// interpreted.
let agreesOn what tolerance (inputs: Variable list) (values: Tensor list) (roots: Expr list) =
    let expected = Eval.prepare inputs roots values
    let run width generates threads = Compile.prepareOn width generates threads inputs roots values
    let found = run Simd.widest true 2

    for i, (e, f) in List.indexed (List.zip expected found) do
        expectClose tolerance e f $"{what}, root {i}"

    for width in widths do
        for threads in [ 1; 2 ] do
            Expect.isTrue (sameBits found (run width true threads)) $"{what}: bits of {width} on {threads}"

    Expect.isTrue (sameBits found (run Simd.widest false 1)) $"{what}: bits of interpreted passes"

/// The same, on normal values of floats and small whole numbers.
let agrees what tolerance (roots: Expr list) =
    let inputs = Graph.variables roots

    let values =
        inputs
        |> List.mapi (fun i v ->
            if v.DType.IsFloat then
                normal (int64 i) v.DType (v.Shape.ToList())
            else
                Tensor.cast v.DType (Tensor.arange DType.I64 v.Shape.Size)
                |> Tensor.reshape (v.Shape.ToList()))

    agreesOn what tolerance inputs values roots
