/// Weights that never change: the bits of predictions are those of plans that are given the weights at each run.
module DL1.Tests.FrozenTests

open System
open System.Runtime.CompilerServices
open System.Threading.Tasks
open DL1
open DL1.Tests.Law
open DL1.Tests.Run
open Expecto
open DL1.Compiler.Execution
open DL1.Compiler.Simd

/// Models with inputs of one row.
let private models: (Layer<Expr, Expr> * int list)[] =
    [|
        Dense.linear 8 => Norm.batchNorm1d => Activation.relu => Dense.linear 3, [ 5 ]
        // Sums of several k-blocks; outputs that fill no panel, one panel, and several.
        Dense.linear 17 => Norm.layerNorm => Dense.linear 16 => Dense.linear 70 => Activation.gelu, [ 801 ]
        Dense.linear 1 => Activation.sigmoid, [ 40 ]
        Conv.conv2d 16 3 => Norm.batchNorm2d => Activation.relu => Conv.conv2d 32 3 => Pooling.max 2,
        [ 3; 12; 11 ]
        Conv.conv2d 5 1 => Norm.batchNorm2d => Conv.conv2d 4 2 => Shaping.flatten => Dense.linear 3,
        [ 2; 8; 8 ]
        Recurrent.sequence (Recurrent.lstm (Recurrent.options 6)) => Dense.linear 2, [ 7; 3 ]
        Recurrent.last (Recurrent.gru (Recurrent.options 5)) => Dense.linear 2, [ 4; 3 ]
        Transformer.encoderLayer (Transformer.options 2 16), [ 5; 8 ]
    |]

/// Other values for the floats of a tree, none of them near 0, so that they may be variances too.
let private drawn seed (tree: Tree<Tensor>) =
    tree
    |> Tree.mapPath (fun path t ->
        if t.DType.IsFloat then
            let key = Key.ofSeed (seed + int64 path.Length)
            let noise = Key.normal 0.0 0.3 t.DType (t.Shape.ToList()) key
            Eval.run [] (abs (Expr.constant t + Expr.constant noise) + 0.1)
        else
            t)

let private trained seed (model: Layer<Expr, Expr>) dims =
    let x = Expr.variable "x" DType.F32 (2 :: dims)
    let parameters, state = Layer.init (Key.ofSeed seed) x model
    Trained.create model parameters (drawn seed state)

/// The prediction by a plan that is given the weights.
let private given (t: Trained) (x: Tensor) =
    let ps, ss = Trace.tree "parameters" t.Parameters, Trace.tree "state" t.State
    let input = like "x" x
    let y, _ = Layer.apply Mode.Inference ps ss t.Model input

    let variables =
        Tree.values ps @ Tree.values ss @ [ input ] |> List.collect (fun e -> Graph.variables [ e ])

    (Compile.prepare variables [ y ] (Tree.values t.Parameters @ Tree.values t.State @ [ x ])).Head

let private rows seed n dims = Key.normal 0.0 1.0 DType.F32 (n :: dims) (Key.ofSeed seed)

let private predictions =
    law "predictions have the bits of a plan that is given the weights" (fun (seed: uint16) ->
        let pick = Random(int seed)
        let model, dims = models[pick.Next models.Length]
        let t = trained (int64 seed) model dims

        // Numbers of rows that no plan fills up.
        for n in [ 1; (if pick.Next 2 = 0 then 8 else 12) ] do
            let x = rows (int64 n) n dims

            for _ in 1..2 do
                Expect.isTrue (Tensor.sameBits (given t x) (Trained.predict x t)) $"{model}: %d{n} rows")

let private others =
    test "models of one network with other parameters predict by their own, from many threads at once" {
        for model, dims in models do
            let both = [| trained 1L model dims; trained 2L model dims |]
            let x = rows 3L 4 dims
            let expected = both |> Array.map (fun t -> given t x)
            Expect.isFalse (Tensor.sameBits expected[0] expected[1]) "other weights, another prediction"

            Parallel.For(
                0,
                40,
                fun i ->
                    if not (Tensor.sameBits expected[i % 2] (Trained.predict x both[i % 2])) then
                        failtest $"{model}: not by its own weights"
            )
            |> ignore
    }

/// A graph whose weights are computed: an affine map by tanh w and a sum of w.
let private computed dtype n =
    let w = Expr.variable "w" dtype [ 20; 40 ]
    let x = Expr.variable "x" dtype [ n; 20 ]
    let y = Expr.matmul x (tanh w) + Expr.sum [ 0 ] (w * w)
    Graph.variables [ w ], Graph.variables [ x ], y

let private shared =
    test "what is computed of weights alone is computed once for all shapes, to the same bits" {
        for dtype in [ DType.F32; DType.F64 ] do
            let w = Key.normal 0.0 1.0 dtype [ 20; 40 ] (Key.ofSeed 1L)
            let weights, _, _ = computed dtype 1
            let frozen = FrozenWeights(List.map (fun v -> v, w) weights)

            for n in [ 1; 2; 3; 17; 40 ] do
                let x = Key.normal 0.0 1.0 dtype [ n; 20 ] (Key.ofSeed 2L)
                let weights, inputs, y = computed dtype n
                let found = Frozen.prepareShared Compile.standard frozen inputs [ y ] [ x ]
                let expected = Compile.prepare (weights @ inputs) [ y ] [ w; x ]
                Expect.isTrue (Tensor.sameBits expected.Head found.Head) $"%d{n} rows"
                Expect.equal frozen.Computed 2 "tanh w and the sum"
    }

let private masks =
    test "what is computed of constants alone is not kept: it may be of any length" {
        let w = Key.normal 0.0 1.0 DType.F32 [ 4; 4 ] (Key.ofSeed 1L)
        let variable = Expr.variable "w" DType.F32 [ 4; 4 ]
        let frozen = FrozenWeights [ (Graph.variables [ variable ]).Head, w ]

        for n in 1..5 do
            let x = Expr.variable "x" DType.F32 [ n; 4 ]
            let places axis = Expr.arange DType.F32 n |> Expr.expandDims axis |> Expr.broadcastTo [ n; n ]
            let mask = Expr.cast DType.F32 (places 0 .<= places 1)
            let y = Expr.matmul mask (Expr.matmul x (tanh variable))
            let value = Key.normal 0.0 1.0 DType.F32 [ n; 4 ] (Key.ofSeed 2L)
            let inputs = Graph.variables [ x ]
            let found = Frozen.prepareShared Compile.standard frozen inputs [ y ] [ value ]
            let expected = Compile.prepare (Graph.variables [ variable ] @ inputs) [ y ] [ w; value ]
            Expect.isTrue (Tensor.sameBits expected.Head found.Head) $"%d{n} rows"
            Expect.equal frozen.Computed 1 "tanh w alone"
    }

/// The first `n` rows of tanh w, as an embedding of positions reads them, added to the inputs; the graph is given up after a run.
[<MethodImpl(MethodImplOptions.NoInlining)>]
let private runPositions (frozen: FrozenWeights) n =
    let variable = Expr.ofVariable (fst frozen.Weights.Head)
    let x = Expr.variable "x" DType.F32 [ n; 4 ]
    let rows = Expr.constant (Tensor.vector [| for i in 0 .. n - 1 -> int64 i |])
    let y = x + Expr.gather 0 rows variable
    let value = Key.normal 0.0 1.0 DType.F32 [ n; 4 ] (Key.ofSeed 2L)
    let inputs = Graph.variables [ x ]
    let found = Frozen.prepareShared Compile.standard frozen inputs [ y ] [ value ]

    let expected =
        Compile.prepare (List.map fst frozen.Weights @ inputs) [ y ] [ snd frozen.Weights.Head; value ]

    Expect.isTrue (Tensor.sameBits expected.Head found.Head) $"%d{n} rows"

let private positions =
    test "what belongs to one length of inputs lives as long as the graph for that length" {
        let variable = Expr.variable "w" DType.F32 [ 64; 4 ]
        let w = Key.normal 0.0 1.0 DType.F32 [ 64; 4 ] (Key.ofSeed 1L)
        let frozen = FrozenWeights [ (Graph.variables [ variable ]).Head, w ]

        for n in 1..20 do
            runPositions frozen n

        GC.Collect()
        GC.WaitForPendingFinalizers()
        GC.Collect()
        Expect.isLessThan frozen.Computed 5 "values of 20 graphs that nothing uses"
    }

let private packed =
    law "weights that are packed once give the bits of weights where they lie" (fun (seed: uint16) ->
        let pick = Random(int seed)
        let extent most = 1 + pick.Next most
        let m = if pick.Next 2 = 0 then 1 else extent 20
        let n, k = extent 150, (if pick.Next 4 = 0 then 300 + extent 500 else extent 60)
        let dtype = if pick.Next 2 = 0 then DType.F32 else DType.F64
        let isTransposed = pick.Next 2 = 0
        let draw dims number = Key.normal 0.0 1.0 dtype dims (Key.ofSeed (int64 seed + number))
        let dims = if isTransposed then [ n; k ] else [ k; n ]
        let x, w = Expr.variable "x" dtype [ m; k ], Expr.variable "w" dtype dims
        let b = if isTransposed then Expr.transpose [ 1; 0 ] w else w
        let y = [ Expr.relu (Expr.matmul x b + 0.5) ]
        let values, weights = [ draw [ m; k ] 1L ], draw dims 2L
        let inputs, kept = Graph.variables [ x ], Graph.variables [ w ]

        for width, threads in [ Width.Bits128, 1; Width.Bits256, 2; Width.Bits512, 3 ] do
            let options = { Compile.standard with Threads = threads }
            let grain = Frame.UsualGrain
            let frozen = Compile.prepareFrozen grain width options [ kept.Head, weights ] inputs y
            let plain = Compile.prepareBy grain width options (inputs @ kept) y (values @ [ weights ])

            for _ in 1..2 do
                Expect.isTrue (Tensor.sameBits plain.Head (frozen values).Head) $"%d{m} %d{k} %d{n} {width}")

let tests = testList "Frozen" [ predictions; others; shared; masks; positions; packed ]
