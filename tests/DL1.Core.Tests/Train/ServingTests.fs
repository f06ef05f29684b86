/// Serving: batches of any size by few plans, to the same bits, for many callers at once.
module DL1.Tests.ServingTests

open System.Threading.Tasks
open DL1
open DL1.Tests.Law
open DL1.Tests.Run
open Expecto

let private trained (model: Layer<Expr, Expr>) (x: Tensor) =
    let parameters, state = Layer.init (Key.ofSeed 1L) (like "x" x) model
    Trained.create model parameters state

/// Models with an input of one row, each row by itself.
let private models: (string * Layer<Expr, Expr> * int list) list =
    [
        "dense", (Dense.linear 8 => Norm.batchNorm1d => Activation.relu => Dense.linear 3), [ 5 ]
        "convolution",
        (Conv.conv2d 4 3 => Activation.relu => Pooling.max 2 => Shaping.flatten => Dense.linear 3),
        [ 2; 8; 8 ]
        "LSTM", (Recurrent.sequence (Recurrent.lstm (Recurrent.options 6)) => Dense.linear 2), [ 7; 3 ]
        "GRU, both directions",
        (Recurrent.sequence (Recurrent.gru { Recurrent.options 5 with Layers = 2; Bidirectional = true })
         => Dense.linear 2),
        [ 4; 3 ]
        "the last of a recurrent network",
        (Recurrent.last (Recurrent.rnn (Recurrent.options 6)) => Dense.linear 2),
        [ 10; 3 ]
        "attention", Transformer.encoderLayer (Transformer.options 2 16), [ 5; 8 ]
        "normalised", (Norm.layerNorm => Activation.gelu => Dense.linear 2 => Activation.softmax -1), [ 6 ]
    ]

/// What the rows are by a plan for just as many.
let private exact (t: Trained) (x: Tensor) =
    let constants = Tree.map Expr.constant
    let y, _ = Layer.apply Mode.Inference (constants t.Parameters) (constants t.State) t.Model (like "x" x)
    (Compile.prepare (Graph.variables [ like "x" x ]) [ y ] [ x ]).Head

let private rowsOf seed n dims = Key.normal 0.0 1.0 DType.F32 (n :: dims) (Key.ofSeed seed)

let private tests' =
    [
        for name, model, dims in models do
            let t = trained model (rowsOf 1L 2 dims)

            test $"{name}: rows of any number are those of a plan for just as many" {
                for n in [ 1; 2; 7; 9; 13; 17; 33; 70 ] do
                    let x = rowsOf (int64 n) n dims
                    let found, expected = Trained.predict x t, exact t x
                    Expect.equal found.Shape expected.Shape "shape"

                    let apart =
                        Array.map2
                            (fun (a: float) b -> abs (a - b))
                            (Tensor.toFloats found)
                            (Tensor.toFloats expected)
                        |> Array.max

                    Expect.isLessThan apart 1e-5 $"%d{n} rows"
            }

            test $"{name}: its rows are known to be computed one by one" {
                let x = like "x" (rowsOf 1L 10 dims)
                let constants = Tree.map Expr.constant
                let y, _ = Layer.apply Mode.Inference (constants t.Parameters) (constants t.State) model x

                Expect.isTrue (RowByRow.holds 10 (Graph.variables [ x ]) [ y ]) (string y.Shape)
            }
    ]

/// Models whose rows are not computed one by one.
let private mixing: (string * (Expr -> Expr)) list =
    [
        "less the mean of the batch", (fun x -> x - Reduce.mean [ 0 ] x)
        "sorted along the rows", (fun x -> Expr.reverse [ 0 ] x)
        "a running sum over the rows", (fun x -> Expr.cumSum 0 x)
        "each row with all others", (fun x -> Expr.matmul (Expr.matmul x (Expr.t x)) x)
        "one number for each column", (fun x -> Expr.sum [ 0 ] x)
        "the same for any input", (fun x -> Expr.full x.DType [ x.Shape[0]; 2 ] 0.0)
        "rows of another order, through a joined axis",
        (fun x ->
            let n = x.Shape[0]
            let other = x |> Expr.reshape [ n * 3; 1 ] |> Expr.reshape [ 3; n ] |> Expr.transpose [ 1; 0 ]

            Expr.matmul
                (Expr.reshape [ n * 3; 1 ] other)
                (lit 2.0 |> Expr.cast x.DType |> Expr.broadcastTo [ 1; 1 ])
            |> Expr.reshape [ n; 3 ])
        "beside the number of the row",
        (fun x -> x + Expr.reshape [ x.Shape[0]; 1 ] (Expr.arange DType.F32 x.Shape[0]))
        "a loop over the rows",
        (fun x ->
            let total, _ = Scan.run (Expr.full x.DType [ x.Shape[1] ] 0.0) x (fun sum row -> sum + row, row)
            x + total)
    ]

let tests =
    testList
        "Serving"
        [
            yield! tests'

            for name, f in mixing do
                test $"{name}: no row is added" {
                    let x = like "x" (rowsOf 1L 10 [ 3 ])
                    Expect.isFalse (RowByRow.holds 10 (Graph.variables [ x ]) [ f x ]) name
                    let t = trained (Layer.ofFunction name f) (rowsOf 1L 10 [ 3 ])

                    for n in [ 9; 21 ] do
                        let x = rowsOf 2L n [ 3 ]
                        Expect.equal (Trained.predict x t) (exact t x) $"%d{n} rows"
                }

            law "a batch is filled up by less than a quarter, to few sizes" (fun (n: int) ->
                let n = abs n % 5000 + 1
                let filled = Predictor.Filled n
                filled >= n && (float filled < 1.25 * float n || n <= 8) && Predictor.Filled filled = filled)
            test "there are 28 sizes up to 256 rows" {
                let sizes = [ 1..256 ] |> List.map Predictor.Filled |> List.distinct
                Expect.equal sizes.Length 28 "sizes"
                Expect.equal (List.last sizes) 256 "the last"
            }
            test "many callers at once get the bits of one" {
                let _, model, dims = models[0]
                let t = trained model (rowsOf 1L 2 dims)
                let x = rowsOf 3L 300 dims

                let alone =
                    [| 1..60 |] |> Array.map (fun n -> Trained.predict (Tensor.sliceAxis 0 n (n + n) x) t)

                let results =
                    Array.init 8 (fun caller ->
                        Task.Run(fun () ->
                            [|
                                for n in 1..60 do
                                    let n = (n * (2 * caller + 1)) % 60 + 1
                                    n, Trained.predict (Tensor.sliceAxis 0 n (n + n) x) t
                            |]))
                    |> Array.collect _.Result

                for n, found in results do
                    Expect.equal found alone[n - 1] $"%d{n} rows"
            }
        ]
