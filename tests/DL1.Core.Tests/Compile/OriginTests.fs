/// In which layer a value first went bad: of any layer, in its value and in its gradient.
module DL1.Tests.OriginTests

open System
open System.Threading.Tasks
open DL1
open DL1.Tests.Law
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Simd

let private checking = { Compile.standard with CheckFinite = true }
let private quick = { checking with DynamicCode = false }

/// NaN whatever comes in.
let private poison = Layer.ofFunction "Poison" (fun x -> log (-1.0 - abs x))

/// What comes in goes out, but its gradient is NaN.
let private poisonBack =
    Layer.ofFunction "PoisonBack" (fun x ->
        Scan.custom "bad" List.head (fun _ dy -> [ log (-1.0 - abs dy) ]) [ x ])

let private rootOf = Layer.ofFunction "Sqrt" (fun x -> sqrt (Expr.maximum x (lit 0.0)))

let private said (run: unit -> unit) =
    Expect.throwsC run (function
        | :? DomainError as e -> $"{e.Operation}: {e.Given}"
        | e -> failtest $"another error: {e}")

/// What is said of one run of roots on values.
let private refusal options (values: (Variable * Tensor) list) (roots: Expr list) =
    said (fun () -> Compile.prepareWith options (List.map fst values) roots (List.map snd values) |> ignore)

/// What is said of one training step of a model: its value, its gradients and its next state.
let private training options (model: Layer<Expr, Expr>) (x: Tensor) =
    let vx, key = like "x" x, Expr.variable "key" DType.I32 [ 2 ]
    let parameters, state = Layer.initAs x.DType (Key.ofSeed 1L) vx model
    let ps, ss = Tree.variables parameters, Tree.variables state
    let y, next = Layer.apply (Mode.Training key) ps ss model vx
    let loss = Expr.sumAll (y * y)
    let variables = vx :: Tree.values ps

    let values =
        (variableOf vx, x)
        :: (variableOf key, Key.toTensor (Key.ofSeed 3L))
        :: List.zip (Tree.values ps |> List.map variableOf) (Tree.values parameters)
        @ List.zip (Tree.values ss |> List.map variableOf) (Tree.values state)

    refusal options values (loss :: Grad.grad loss variables @ Tree.values next)

let private inference (model: Layer<Expr, Expr>) (x: Tensor) =
    let vx = like "x" x
    let parameters, state = Layer.initAs x.DType (Key.ofSeed 1L) vx model
    let ps, ss = Tree.variables parameters, Tree.variables state
    let y, _ = Layer.apply Mode.Inference ps ss model vx

    let values =
        (variableOf vx, x) :: List.zip (Tree.values ps |> List.map variableOf) (Tree.values parameters)
        @ List.zip (Tree.values ss |> List.map variableOf) (Tree.values state)

    refusal checking values [ y ]

let private says part text = Expect.stringContains text part ""

let private says' parts text =
    for part in parts do
        says part text

let private batch = normal 5L DType.F32 [ 6; 9 ]

let private harmless: Layer<Expr, Expr>[] =
    [|
        Activation.relu
        Activation.tanh
        Activation.softmax -1
        Activation.gelu
        Dense.linear 9
        Norm.batchNorm1d
        Shaping.dropout 0.3
        Layer.residual (Dense.linear 9 => Activation.sigmoid)
        Layer.ofFunction "Double" (fun x -> 2.0 * x)
    |]

/// A row of harmless layers with another at some place in it.
let private rowWith (bad: Layer<Expr, Expr>) (picks: int list) (place: int) =
    let picked = picks |> List.truncate 5 |> List.map (fun i -> harmless[(i &&& 0xFFFF) % harmless.Length])

    let place = (place &&& 0xFFFF) % (picked.Length + 1)
    let row = List.insertAt place bad picked |> Layer.sequential
    let name = string bad
    row, $"layer {place} ({name})"

let tests =
    testList
        "Origin"
        [
            test "a layer without parameters is named, by its place in a row" {
                inference (Dense.linear 9 => Activation.relu => poison => Activation.tanh) batch
                |> says' [ "CheckFinite: NaN at ["; "in layer 2 (Poison): v"; "log(" ]
            }
            test "a layer that stands alone is named without a path" {
                inference poison batch |> says "in layer Poison: v"
            }
            test "of a selection the branch that is taken is named" {
                let guarded =
                    Layer.create "Guarded" (fun scope x ->
                        Expr.where (x .> 0.0) (log x) (scope.Run("bad", poison, x)))

                inference guarded (Tensor.full DType.F32 [ 6; 9 ] -1.0) |> says "in layer bad (Poison): "
            }
            test "the innermost of nested layers is named" {
                let inner = Layer.named "encoder" (Dense.linear 9 => Activation.relu => poison)

                inference (Activation.tanh => Layer.block (Activation.tanh => inner) => Activation.tanh) batch
                |> says "in layer 1.encoder.2 (Poison): "

                inference (Dense.linear 9 => Layer.residual poison) batch |> says "in layer 1 (Poison): "

                // The sum that a residual layer makes itself is its own.
                inference
                    (Dense.linear 9 => Layer.residual (Layer.ofFunction "Less" (fun x -> -x)) => poison)
                    batch
                |> says "in layer 2 (Poison): "

                let outer =
                    Layer.create "Outer" (fun scope x ->
                        log (-1.0 - abs (scope.Run("in", Activation.tanh, x))))

                inference (Dense.linear 9 => outer) batch |> says "in layer 1 (Outer): "
            }
            test "a layer with parameters is named" {
                let sum = Dense.linearWith { Init.parameters with Weight = Init.ones } 9

                inference (Activation.relu => sum => Activation.relu) (Tensor.full DType.F32 [ 6; 9 ] 3e38)
                |> says' [ "in layer 1 (Linear): "; "1.weight" ]
            }
            test "values in the gradient are told from those of the layer" {
                let zero = Layer.ofFunction "Zero" (fun x -> 0.0 * x)

                training checking (Dense.linear 9 => zero => rootOf => Dense.linear 9) batch
                |> says "in the gradient of layer 2 (Sqrt): "

                training checking (Dense.linear 9 => poisonBack => Dense.linear 9) batch
                |> says "in the gradient of layer 1 (PoisonBack): "
            }
            test "in training with batch normalisation and dropout" {
                let part = Dense.linear 9 => Norm.batchNorm1d => Activation.relu => Shaping.dropout 0.3

                training checking (part => poison => Dense.linear 9) batch |> says "in layer 4 (Poison): "

                training checking (part => poisonBack => part) batch
                |> says "in the gradient of layer 4 (PoisonBack): "
            }
            test "in steps of a session" {
                let s =
                    step
                        DType.F32
                        (Dense.linear 9 => Norm.batchNorm1d => Layer.named "bad" poison => Dense.linear 3)
                        (Loss.mse Reduction.Mean)
                        (Optimizer.adam 0.01)
                        batch
                        (normal 6L DType.F32 [ 6; 3 ])

                let session = Session.With(checking, s.State, s.Next, s.Inputs, [ s.Loss ])
                said (fun () -> session.Step s.Batch) |> says "in layer bad (Poison): "
            }
            test "beside convolutions" {
                let images = normal 7L DType.F32 [ 2; 3; 8; 8 ]
                let features = Conv.conv2d 8 3 => Norm.batchNorm2d => Activation.relu
                training checking (features => poison => Pooling.max 2) images |> says "in layer 3 (Poison): "

                training checking (features => Pooling.max 2 => poisonBack => Conv.conv2d 4 2) images
                |> says "in the gradient of layer 4 (PoisonBack): "
            }
            test "in attention" {
                let x = normal 8L DType.F32 [ 2; 5; 8 ]

                training checking (Attention.self 2 false => Layer.named "bad" poison) x
                |> says "in layer bad (Poison): "
            }
            test "in loops and their gradients" {
                let loop name f =
                    Layer.ofFunction name (fun x ->
                        Scan.run (Expr.zerosLike (Expr.item 0 0 x)) x (fun h x -> let h = f h x in h, h)
                        |> snd)

                let x = Tensor.full DType.F64 [ 40; 9 ] 3.0
                let power = loop "Power" (fun h x -> (h + 1.0) * (h + x))

                inference (Activation.relu => power => Activation.tanh) x
                |> says' [ "in layer 1 (Power): "; "in a loop" ]

                let roots = loop "Roots" (fun h x -> 0.5 * h + sqrt (Expr.maximum (3.0 - x) (lit 0.0)))

                training checking (Activation.relu => roots => Activation.tanh) x
                |> says "in the gradient of layer 1 (Roots): "
            }
            test "what is outside of layers has none" {
                let x = like "x" batch
                let y, _ = Layer.apply Mode.Inference Tree.empty Tree.empty Activation.sigmoid x
                let text = refusal checking [ variableOf x, batch ] [ log (y - 2.0) ]
                text |> says "CheckFinite: NaN at [0, 0] of v"
                Expect.isFalse (text.Contains "layer") text

                let text = refusal checking [ variableOf x, batch ] [ log (-1.0 - abs x) ]
                text |> says "CheckFinite: NaN at [0, 0] of v"
                Expect.isFalse (text.Contains "layer") text
            }
            test "where a kernel is too large to be made again, its layers are named in their order" {
                inference (Dense.linear 1024 => poison) (normal 9L DType.F32 [ 128; 1024 ])
                |> says "in layer 0 (Linear) or layer 1 (Poison): "
            }
            test "masked infinities are not blamed" {
                let masked = Layer.ofFunction "Masked" (fun x -> Expr.where (x .> 0.0) (log x) (lit 0.0))
                let x = Tensor.ofArray [ 2; 2 ] [| 0.0f; 1.0f; 1.0f; 2.0f |]
                let bad = Layer.ofFunction "Bad" (fun y -> log (y - 0.1))
                inference (masked => bad) x |> says "in layer 1 (Bad): "
            }
            test "equal graphs of models with other names keep their names" {
                let named name = Layer.named name (Layer.ofFunction name (fun x -> log (-1.0 - abs x)))

                for name in [ "one"; "two"; "one" ] do
                    inference (named name) batch |> says $"in layer {name} ({name}): "
            }
            test "models made at once on many threads keep their names" {
                let texts = Array.create 16 ""

                Parallel.For(
                    0,
                    16,
                    fun i ->
                        let bad = Layer.ofFunction $"Bad{i}" (fun x -> log (-1.0 - abs x))
                        texts[i] <- inference (Activation.tanh => bad) batch
                )
                |> ignore

                texts |> Array.iteri (fun i text -> text |> says $"in layer 1 (Bad{i}): ")
            }
            test "a layer that failed is left" {
                let x = like "x" batch

                let failing = Layer.ofFunction "Failing" (fun x -> Expr.matmul x x) |> Layer.named "outer"

                Expect.throwsT<ShapeError>
                    (fun () -> Layer.apply Mode.Inference Tree.empty Tree.empty failing x |> ignore)
                    "shapes"

                Expect.isNone (x + 1.0).Origin "nothing is made in it any more"
            }
            test "where a node was made is no part of it" {
                let x = like "x" batch
                let y, _ = Layer.apply Mode.Inference Tree.empty Tree.empty Activation.tanh x
                Expect.equal y (tanh x) "equal"
                Expect.equal y.Digest (tanh x).Digest "digest"
                Expect.equal (string y) (string (tanh x)) "text"
                Expect.isSome y.Origin "it is known"
            }
            law "the poisoned layer of a row is named" (fun (picks: int list) (place: int) ->
                let row, name = rowWith poison picks place
                (training quick row batch).Contains $"in {name}: ")
            law
                "the layer of a row whose gradient is poisoned is named"
                (fun (picks: int list) (place: int) ->
                    let row, name = rowWith poisonBack picks place
                    (training quick row batch).Contains $"in the gradient of {name}: ")
        ]
