/// Order, places, norms, linear algebra, padding, resizing and pooling against PyTorch and NumPy
/// (tests/fixtures/arrays.py), by Eval and compiled, with their gradients backward and forward, and batched.
module DL1.Tests.ArrayReferenceTests

open System
open System.IO
open System.Text.Json
open DL1
open DL1.Tests.Numbers
open DL1.Tests.Training
open Expecto

let private fixture =
    use document =
        JsonDocument.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "fixtures", "arrays.json"))
        )

    document.RootElement.Clone()

let private number (e: JsonElement) =
    if e.ValueKind = JsonValueKind.Number then
        e.GetDouble()
    else
        match e.GetString() with
        | "NaN" -> nan
        | "-Infinity" -> -infinity
        | _ -> infinity

let private numbers (e: JsonElement) = [| for v in e.EnumerateArray() -> number v |]
let private dims (e: JsonElement) = [ for v in e.EnumerateArray() -> v.GetInt32() ]

let private places = Expr.constant (Tensor.ofArray [ 2; 4 ] [| 2L; 0L; 1L; 1L; 0L; 0L; 2L; 1L |])

let private window = { Convolution.options with Stride = [ 2 ]; Padding = [ 1 ] }
let private ceiling = { Windowed.edges with Ceiling = true }
let private uncounted = { Windowed.edges with CountsPadding = false }

let private functions: Map<string, Expr list -> Expr> =
    let one f (xs: Expr list) = f xs.Head
    let two f (xs: Expr list) = f xs[0] xs[1]

    Map
        [
            "sort", one (Order.sort 1)
            "sort of the middle axis", one (Order.sort -2)
            "sortDescending", one (Order.sortDescending 0)
            "topK", one (Order.topK 2 1 >> fst)
            "bottomK", one (Order.bottomK 3 1 >> fst)
            "median", one (Order.median 1)
            "median of an odd number", one (Order.median 0)
            "quantile 0.3", one (Order.quantile 0.3 -1)
            "quantile 0", one (Order.quantile 0.0 2)
            "quantile 1", one (Order.quantile 1.0 0)
            "takeAlong", one (Indexing.takeAlong 0 places)
            "takeAlong, broadcast",
            one (
                Indexing.takeAlong
                    1
                    (Expr.constant (Tensor.ofArray [ 1; 1; 5 ] [| 3; 3; 0; 1; 2 |])
                     |> Expr.broadcastTo [ 1; 1; 5 ])
            )
            "scatterAdd", two (fun x u -> Indexing.scatterAdd 0 places u x)
            "scatterMax", two (fun x u -> Indexing.scatterMax 0 places u x)
            "scatterMax of equal ones", two (fun x u -> Indexing.scatterMax 0 places u x)
            "remainder", two Division.remainder
            "fmod", two Division.fmod
            "powerNorm 1.0", one (Reduce.powerNorm 1.0 [ 1 ])
            "powerNorm 3.0", one (Reduce.powerNorm 3.0 [ 1 ])
            "powerNorm inf", one (Reduce.powerNorm infinity [ 1 ])
            "powerNorm 0.5", one (Reduce.powerNorm 0.5 [ 1 ])
            "kron", two Linear.kron
            "tensorDot", two (Linear.tensorDot [ 2; 0 ] [ 1; 2 ])
            "trace", one Linear.trace
            "diagonal", one Linear.diagonal
            "cosineSimilarity", two (Linear.cosineSimilarity 1)
            "distances 1.0", two (Linear.distances 1.0)
            "distances 2.0", two (Linear.distances 2.0)
            "distances 3.0", two (Linear.distances 3.0)
            "distances inf", two (Linear.distances infinity)
            "det", one SquareMatrix.det
            "det of one", one SquareMatrix.det
            "logDet", one (SquareMatrix.signLogDet >> snd)
            "sign", one (SquareMatrix.signLogDet >> fst)
            "inverse", one SquareMatrix.inverse
            "solve", two SquareMatrix.solve
            "solve of a vector", two SquareMatrix.solve
            "solve that needs rows exchanged", two SquareMatrix.solve
            "cholesky", one SquareMatrix.cholesky
            "edge", one (Padding.edge [ 0; 0; 1; 2 ] [ 0; 0; 6; 3 ])
            "reflect", one (Padding.reflect [ 0; 0; 1; 2 ] [ 0; 0; 3; 4 ])
            "wrap", one (Padding.wrap [ 0; 0; 1; 2 ] [ 0; 0; 4; 5 ])
            "edge of a line", one (Padding.edge [ 0; 0; 0 ] [ 0; 0; 2 ])
            "nearest", one (Resize.nearest [ 7; 3 ])
            "nearest by 2", one (Resize.nearest [ 8; 10 ])
            "linear", one (Resize.linear false [ 9; 4 ])
            "linear by 2", one (Resize.linear false [ 8; 10 ])
            "linear, corners aligned", one (Resize.linear true [ 9; 4 ])
            "linear of a line", one (Resize.linear false [ 11 ])
            "linear to one, corners aligned", one (Resize.linear true [ 1; 6 ])
            "pixelShuffle", one (Resize.pixelShuffle 2)
            "pixelUnshuffle", one (Resize.pixelUnshuffle 2)
            "unfold", one (Windowed.unfold [ 2; 3 ] Convolution.options)
            "unfold with options", one (Windowed.unfold [ 2 ] { window with Dilation = [ 2 ] })
            "avgPool, padding not counted", one (Windowed.average uncounted [ 3 ] window)
            "avgPool, ceiling", one (Windowed.average ceiling [ 2 ] Convolution.options)
            "avgPool, ceiling, padding", one (Windowed.average ceiling [ 3 ] window)
            "avgPool, ceiling, padding not counted",
            one (Windowed.average { Ceiling = true; CountsPadding = false } [ 3 ] window)
            "maxPool, ceiling", one (Windowed.max ceiling [ 2 ] Convolution.options)
            "maxPool, ceiling, padding", one (Windowed.max ceiling [ 3 ] window)
            "maxUnpool",
            one (fun x ->
                let y, places = Windowed.maxWithPlaces [ 2 ] Convolution.options x
                Windowed.unpool [ 4; 6 ] places y)
            for name in [ "tall"; "wide"; "square" ] do
                $"Q, %s{name}", one (Decomposition.qr >> fst)
                $"R, %s{name}", one (Decomposition.qr >> snd)
                $"U, %s{name}", one (Decomposition.svd >> fun (u, _, _) -> u)
                $"S, %s{name}", one (Decomposition.svd >> fun (_, s, _) -> s)
                $"V, %s{name}", one (Decomposition.svd >> fun (_, _, v) -> v)
                $"pinv, %s{name}", one Decomposition.pinv
            let symmetric (x: Expr) = Expr.matmul x x.T + x + x.T
            "eigenvalues", one (symmetric >> Decomposition.eigh >> fst)
            "eigenvectors", one (symmetric >> Decomposition.eigh >> snd)
            "eigenvectors of three", one (symmetric >> Decomposition.eigh >> snd)
        ]

let private runs = [ "Eval", Eval.prepare; "compiled", Compile.prepare ]

let private expectNear what (expected: float[]) (found: Tensor) =
    Expect.isTrue
        (Array.forall2 (near 1e-11) expected (Tensor.toFloats found))
        $"%s{what}: expected %A{expected}, found %A{Tensor.toFloats found}"

/// A function over two examples at once gives what it gives for each.
let private expectBatched name (f: Expr list -> Expr) (values: Tensor list) =
    let batch (t: Tensor) =
        let x = Expr.constant t
        Expr.stack 0 [ x; 0.5 * x ]

    let whole = Grad.vmap (fun xs -> [ f xs ]) (List.map batch values) |> List.head
    let half = f (values |> List.map (fun t -> 0.5 * Expr.constant t))
    let apart = Expr.stack 0 [ f (List.map Expr.constant values); half ]

    for by, run in runs do
        let found = run [] [ whole; apart ] []
        expectNear $"%s{name}, batched, by %s{by}" (Tensor.toFloats found[1]) found[0]

let private cases =
    [
        for case in fixture.GetProperty("cases").EnumerateArray() do
            let name = case.GetProperty("name").GetString() |> string

            test $"%s{name} and its gradients are the reference's" {
                let operands =
                    [
                        for i, o in Seq.indexed (case.GetProperty("operands").EnumerateArray()) do
                            let shape = dims (o.GetProperty "shape")
                            let data = Tensor.ofArray shape (numbers (o.GetProperty "data"))
                            Expr.variable $"x%d{i}" DType.F64 shape, data
                    ]

                let variables, values = List.unzip operands
                let value = functions[name] variables
                let shape = dims (case.GetProperty "shape")
                Expect.equal (value.Shape.ToList()) shape name
                let cotangent = Tensor.ofArray shape (numbers (case.GetProperty "cotangent")) |> Expr.constant
                let gradients = Grad.grad (Expr.sumAll (value * cotangent)) variables
                // ⟨ȳ, J·v⟩ for v = x + 1, which is ⟨Jᵀ·ȳ, v⟩.
                let direction = variables |> List.map (fun x -> x + 1.0)
                let forward = Expr.sumAll (cotangent * (Grad.jvp [ value ] variables direction).Head)
                let expected = [ for g in case.GetProperty("gradients").EnumerateArray() -> numbers g ]

                let along =
                    List.map2
                        (fun g t -> Array.map2 (fun g x -> g * (x + 1.0)) g (Tensor.toFloats t) |> Array.sum)
                        expected
                        values
                    |> List.sum

                let all = numbers (case.GetProperty "value") :: [| along |] :: expected

                for by, run in runs do
                    let found = run (List.map variableOf variables) (value :: forward :: gradients) values

                    for i, (e, f) in List.indexed (List.zip all found) do
                        expectNear $"%s{name}, result %d{i}, by %s{by}" e f

                expectBatched name functions[name] values
            }

        test "every function has a case" {
            let there =
                [
                    for c in fixture.GetProperty("cases").EnumerateArray() ->
                        string (c.GetProperty("name").GetString())
                ]

            Expect.equal (Set there) (functions.Keys |> Set.ofSeq) ""
        }
    ]

let private orders =
    test "orders of ties, infinities and NaN are PyTorch's" {
        let orders = fixture.GetProperty "orders"

        let rows =
            Tensor.ofArray
                [ 3; 8 ]
                [|
                    for row in orders.GetProperty("rows").EnumerateArray() do
                        yield! numbers row
                |]

        let expected (name: string) =
            [
                for row in orders.GetProperty(name).EnumerateArray() do
                    yield! dims row
            ]

        for dtype in [ DType.F64; DType.F32 ] do
            let x = Expr.constant (Tensor.cast dtype rows)

            for by, run in runs do
                let found =
                    run [] [ Expr.argSort 1 x; Order.argSortDescending 1 x; Order.quantile 0.4 1 x ] []

                let places (t: Tensor) = Tensor.toFloats t |> Array.map int |> List.ofArray
                Expect.equal (places found[0]) (expected "argSort") by
                Expect.equal (places found[1]) (expected "argSortDescending") by
                let quantiles = Tensor.toFloats found[2]
                Expect.isTrue (Double.IsNaN quantiles[0] && Double.IsNaN quantiles[1]) by
                Expect.equal quantiles[2] 5.0 by
    }

let private poolPlaces =
    test "places of maxima are PyTorch's" {
        let indices = fixture.GetProperty "indices"
        let x = Tensor.ofArray [ 2; 2; 5; 6 ] (numbers (indices.GetProperty "x")) |> Expr.constant

        for by, run in runs do
            for name, kernel, options in [ "plain", 2, Convolution.options; "padded", 3, window ] do
                let _, places = Windowed.maxWithPlaces [ kernel ] options x

                let found =
                    run [] [ places ] [] |> List.head |> Tensor.toFloats |> Array.map int |> List.ofArray

                Expect.equal found (dims (indices.GetProperty name)) $"%s{name} by %s{by}"
    }

let tests = testList "Array reference" [ yield! cases; orders; poolPlaces ]
