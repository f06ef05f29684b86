/// Layers on tensors, for tests.
module DL1.Tests.Run

open DL1

/// Variables for an input.
let like name (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())

/// A normal tensor of f64.
let normal seed dims = Key.normal 0.0 1.0 DType.F64 dims (Key.ofSeed seed)

/// A layer's parameters and state of f64 for an input.
let drawn seed (layer: Layer<Expr, 'b>) (x: Tensor) =
    Layer.initAs DType.F64 (Key.ofSeed seed) (like "input" x) layer

/// What a layer gives for an input, by parameters and state.
let applied mode (parameters: Tree<Tensor>, state: Tree<Tensor>) (layer: Layer<Expr, Expr>) (x: Tensor) =
    let constants tree = Tree.map Expr.constant tree
    let y, next = Layer.apply mode (constants parameters) (constants state) layer (Expr.constant x)
    let results = Eval.many [] (y :: Tree.values next)
    results.Head, Tree.ofValues results.Tail next

/// What a layer gives in inference, drawn from a seed.
let given seed (layer: Layer<Expr, Expr>) (x: Tensor) =
    applied Mode.Inference (drawn seed layer x) layer x |> fst

let training seed = Mode.Training(Draw.key (Key.ofSeed seed))

/// The mean and the variance of numbers.
let moments (values: float[]) =
    let mean = Array.average values
    mean, values |> Array.averageBy (fun v -> (v - mean) ** 2.0)
