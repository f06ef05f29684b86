/// Laws of order, places, linear algebra, padding and resizing; and what they refuse.
module DL1.Tests.ArrayLawTests

open System
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Training
open Expecto

let private sameNumber (a: float) b = a = b || (Double.IsNaN a && Double.IsNaN b)

let private both (roots: Expr list) =
    let evaluated = Eval.prepare [] roots []
    let compiled = Compile.prepare [] roots []

    for e, c in List.zip evaluated compiled do
        if
            not (
                Array.forall2
                    (fun (a: float) b -> sameNumber a b || near 1e-9 a b)
                    (Tensor.toFloats e)
                    (Tensor.toFloats c)
            )
        then
            failtest $"Eval gives {e}, compiled code {c}"

    evaluated

/// Numbers of a shape with many ties, and now and then NaN.
let private data (seed: int) (dims: int list) =
    let random = Random seed
    let size = List.fold (*) 1 dims

    Tensor.ofArray
        dims
        (Array.init size (fun _ ->
            match random.Next 12 with
            | 0 -> nan
            | 1 -> infinity
            | _ -> float (random.Next(-3, 4))))

/// Extents, an axis and data.
let private drawn seed =
    let random = Random(seed + 1)
    let dims = List.init (random.Next(1, 4)) (fun _ -> random.Next(1, 6))
    dims, random.Next dims.Length, data seed dims

let private rowsOf axis (t: Tensor) =
    let rows = Expr.moveAxis axis -1 (Expr.constant t) |> Eval.run []
    Tensor.toFloats rows |> Array.chunkBySize (max 1 t.Shape[axis])

let private order =
    [
        law "a sorted row has the elements of the row, ascending, NaN last" (fun seed ->
            let _, axis, x = drawn seed
            let sorted = both [ Order.sort axis (Expr.constant x) ] |> List.head

            Array.forall2
                (fun (row: float[]) found ->
                    let numbers = row |> Array.filter (Double.IsNaN >> not) |> Array.sort
                    let missing = row |> Array.filter Double.IsNaN
                    Array.forall2 sameNumber (Array.append numbers missing) found)
                (rowsOf axis x)
                (rowsOf axis sorted))

        law "argSort is a permutation that keeps equal elements in order, both ways" (fun seed ->
            let _, axis, x = drawn seed
            let e = Expr.constant x
            let found = both [ Expr.argSort axis e; Order.argSortDescending axis e ]

            let key descending v =
                if Double.IsNaN v then
                    (if descending then -1, 0.0 else 1, 0.0)
                else
                    0, (if descending then -v else v)

            List.forall2
                (fun descending places ->
                    Array.forall2
                        (fun (row: float[]) found ->
                            let expected =
                                [ 0 .. row.Length - 1 ] |> List.sortBy (fun i -> key descending row[i])

                            List.map float expected = List.ofArray found)
                        (rowsOf axis x)
                        (rowsOf axis places))
                [ false; true ]
                found)

        law "top-k is the first k of the descending order, with its places" (fun seed (k: int) ->
            let dims, axis, x = drawn seed
            let k = (abs (k % 100)) % (dims[axis] + 1)
            let e = Expr.constant x
            let values, places = Order.topK k axis e

            match
                both
                    [
                        values
                        Expr.sliceAxis axis 0 k (Order.sortDescending axis e)
                        Indexing.takeAlong axis places e
                    ]
            with
            | [ values; first; taken ] ->
                Array.forall2 sameNumber (Tensor.toFloats values) (Tensor.toFloats first)
                && Array.forall2 sameNumber (Tensor.toFloats values) (Tensor.toFloats taken)
            | _ -> false)

        law "the gradient of a sort goes to where the elements came from" (fun seed ->
            let _, axis, x = drawn seed
            let v = Expr.variable "x" DType.F64 (x.Shape.ToList())

            let weights =
                Expr.constant (data (seed + 7) (x.Shape.ToList()))
                |> Elementwise.replaceNonFinite 1.0 2.0 3.0

            let gradient = Grad.grad (Expr.sumAll (weights * Order.sort axis v)) [ v ] |> List.head
            // The gradient, taken in the order of the elements, is the weights.
            let again = Indexing.takeAlong axis (Expr.argSort axis v) gradient
            let run prepare = prepare [ variableOf v ] [ again; weights ] [ x ] |> List.map Tensor.toFloats

            [ run Eval.prepare; run Compile.prepare ]
            |> List.forall (fun found -> Array.forall2 (near 1e-12) found[0] found[1]))

        law "the median halves, and quantiles do not fall with their share" (fun seed ->
            let dims, axis, x = drawn seed
            let e = Elementwise.replaceNonFinite 0.0 5.0 -5.0 (Expr.constant x)
            let shares = [ 0.0; 0.1; 0.25; 0.5; 0.8; 1.0 ]

            let found =
                both (shares |> List.map (fun q -> Order.quantile q axis e)) |> List.map Tensor.toFloats

            let median =
                both [ Order.median axis e; Expr.min [ axis ] e; Expr.max [ axis ] e ]
                |> List.map Tensor.toFloats

            ignore dims

            found |> List.pairwise |> List.forall (fun (a, b) -> Array.forall2 (<=) a b)
            && found[3] = median[0]
            && found[0] = median[1]
            && found[5] = median[2])
    ]

/// The meaning of scatters: a loop over the updates.
let private byLoop (combine: float -> float -> float) axis (places: Tensor) (updates: Tensor) (x: Tensor) =
    let turned (t: Tensor) = rowsOf axis t
    let rows = turned x

    Array.map3
        (fun (row: float[]) (at: float[]) (us: float[]) ->
            let row = Array.copy row
            Array.iter2 (fun (p: float) u -> row[int p] <- combine row[int p] u) at us
            row)
        rows
        (turned places)
        (turned updates)
    |> Array.concat

let private places =
    [
        law "scatters are loops over their updates" (fun seed (count: int) ->
            let dims, axis, x = drawn seed
            let count = 1 + abs (count % 9)
            let shape = List.updateAt axis count dims
            let random = Random(seed + 3)

            let at =
                Tensor.ofArray
                    shape
                    (Array.init (List.fold (*) 1 shape) (fun _ -> int64 (random.Next dims[axis])))

            let updates = data (seed + 5) shape
            let e, i, u = Expr.constant x, Expr.constant at, Expr.constant updates

            match both [ Indexing.scatterAdd axis i u e; Indexing.scatterMax axis i u e ] with
            | [ sums; tops ] ->
                let flat t = rowsOf axis t |> Array.concat

                Array.forall2 sameNumber (byLoop (+) axis at updates x) (flat sums)
                && Array.forall2
                    sameNumber
                    (byLoop (fun a b -> Math.Max(a, b)) axis at updates x)
                    (flat tops)
            | _ -> false)

        test "a place outside its axis is refused, not taken from the next row" {
            let m = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 1.0 .. 6.0 |])

            for place in [ 3; -1; Int32.MaxValue; Int32.MinValue ] do
                let at = Expr.constant (Tensor.ofArray [ 2; 1 ] [| place; 0 |])

                for e in
                    [
                        Indexing.takeAlong 1 at m
                        Indexing.scatterAdd 1 at (lit 1.0) m
                        Indexing.scatterMax 1 at (lit 1.0) m
                    ] do
                    for run in [ Eval.prepare; Compile.prepare ] do
                        Expect.throwsT<DomainError> (fun () -> run [] [ e ] [] |> ignore) (string place)
        }
    ]

/// A matrix with a dominant diagonal, so that it is far from singular.
let private regular seed n =
    let random = Random seed

    Array.init (n * n) (fun i -> random.NextDouble() - 0.5 + (if i / n = i % n then float n else 0.0))
    |> Tensor.ofArray [ n; n ]
    |> Expr.constant

let private isZero (e: Expr) =
    both [ Expr.max (Expr.allAxes e) (abs e) ] |> List.head |> Tensor.toFloat < 1e-11

let private algebra =
    [
        law "an inverse, a solution and a Cholesky factor undo the product" (fun seed (n: int) ->
            let n = 1 + abs (n % 5)
            let a, b = regular seed n, regular (seed + 1) n
            let positive = Expr.matmul a a.T
            let l = SquareMatrix.cholesky positive

            isZero (Expr.matmul a (SquareMatrix.inverse a) - Linear.identity DType.F64 n)
            && isZero (Expr.matmul a (SquareMatrix.solve a b) - b)
            && isZero (Expr.matmul l l.T - positive)
            && isZero (Axes.upperTriangle 1 l))

        law "determinants multiply, and are those of their logarithms" (fun seed (n: int) ->
            let n = 1 + abs (n % 4)
            let a, b = regular seed n, regular (seed + 1) n
            let det = SquareMatrix.det (Expr.matmul a b)
            let sign, log = SquareMatrix.signLogDet a

            isZero (det / (SquareMatrix.det a * SquareMatrix.det b) - 1.0)
            && isZero (sign * exp log / SquareMatrix.det a - 1.0))

        test "second derivatives of linear algebra are those of differences" {
            let a = Expr.variable "a" DType.F64 [ 3; 3 ]
            let at = Eval.run [] (regular 5 3)
            let direction = Tensor.ofArray [ 3; 3 ] [| for i in 0..8 -> Math.Sin(float i) |]

            for name, f in
                [
                    "inverse", SquareMatrix.inverse
                    "solve", fun a -> SquareMatrix.solve a (a * a)
                    "det", SquareMatrix.det
                    "log det", SquareMatrix.signLogDet >> snd
                    "cholesky", fun a -> SquareMatrix.cholesky (Expr.matmul a a.T)
                ] do
                let gradient = Grad.grad (Expr.sumAll (sin (f a))) [ a ] |> List.head
                let second = Grad.jvp [ gradient ] [ a ] [ Expr.constant direction ] |> List.head
                let step = 1e-6

                let moved sign =
                    let there =
                        Array.map2
                            (fun x d -> x + sign * step * d)
                            (Tensor.toFloats at)
                            (Tensor.toFloats direction)

                    Eval.prepare [ variableOf a ] [ gradient ] [ Tensor.ofArray [ 3; 3 ] there ]
                    |> List.head
                    |> Tensor.toFloats

                let expected = Array.map2 (fun a b -> (a - b) / (2.0 * step)) (moved 1.0) (moved -1.0)

                for run in [ Eval.prepare; Compile.prepare ] do
                    let found = run [ variableOf a ] [ second ] [ at ] |> List.head |> Tensor.toFloats

                    for e, f in Array.zip expected found do
                        Expect.isTrue
                            (abs (e - f) <= 1e-5 * max 1.0 (abs e))
                            $"{name}: expected {e}, found {f}"
        }

        test "a singular matrix has determinant 0, and no finite inverse" {
            let a =
                Expr.constant (
                    Tensor.ofArray
                        [ 2; 3; 3 ]
                        [|
                            1.0
                            2.0
                            3.0
                            2.0
                            4.0
                            6.0
                            0.0
                            1.0
                            5.0
                            0.0
                            1.0
                            2.0
                            0.0
                            3.0
                            4.0
                            0.0
                            5.0
                            6.0
                        |]
                )

            let sign, log = SquareMatrix.signLogDet a
            let found = both [ SquareMatrix.det a; sign; log ] |> List.map Tensor.toFloats
            Expect.equal found [ [| 0.0; 0.0 |]; [| 0.0; 0.0 |]; [| -infinity; -infinity |] ] ""
            let inverse = Compile.prepare [] [ SquareMatrix.inverse a ] [] |> List.head |> Tensor.toFloats

            Expect.isTrue
                (inverse |> Array.chunkBySize 9 |> Array.forall (Array.exists (Double.IsFinite >> not)))
                ""
        }

        test "f32 keeps its digits, for it is computed in f64" {
            let a = regular 3 5
            let narrow = Expr.cast DType.F32 a

            for name, f in
                [
                    "inverse", SquareMatrix.inverse
                    "det", SquareMatrix.det
                    "cholesky", fun a -> SquareMatrix.cholesky (Expr.matmul a a.T)
                ] do
                match both [ f narrow; f (Expr.cast DType.F64 narrow) ] with
                | [ narrow; wide ] ->
                    Expect.equal narrow.DType DType.F32 name

                    Expect.isTrue
                        (Array.forall2 (near 1e-6) (Tensor.toFloats wide) (Tensor.toFloats narrow))
                        name
                | _ -> ()
        }

        law "the trace of a Kronecker product is the product of the traces" (fun seed ->
            let a, b = regular seed 2, regular (seed + 1) 3
            isZero (Linear.trace (Linear.kron a b) - Linear.trace a * Linear.trace b))
    ]

let private shapes =
    [
        law
            "padding leaves the middle, and edges hold elements of the data"
            (fun seed (before: int) (after: int) ->
                let before, after = abs (before % 7), abs (after % 7)
                let x = data seed [ 3; 4 ]
                let e = Expr.constant x
                let elements = Tensor.toFloats x

                [ Padding.edge; Padding.reflect; Padding.wrap ]
                |> List.forall (fun pad ->
                    let padded = pad [ before; 0 ] [ 0; after ] e
                    let middle = Expr.sliceAxis 0 before (before + 3) padded |> Expr.sliceAxis 1 0 4

                    match both [ padded; middle ] with
                    | [ all; middle ] ->
                        all.Shape.ToList() = [ before + 3; 4 + after ]
                        && Array.forall2 sameNumber elements (Tensor.toFloats middle)
                        && Tensor.toFloats all
                           |> Array.forall (fun v -> Array.exists (sameNumber v) elements)
                    | _ -> false))

        law "resizing keeps constants, and pixelUnshuffle undoes pixelShuffle" (fun seed (n: int) ->
            let n = 1 + abs (n % 9)
            let constant = Expr.full DType.F64 [ 1; 2; 3; 4 ] 2.5
            let images = Elementwise.replaceNonFinite 0.0 1.0 2.0 (Expr.constant (data seed [ 1; 4; 2; 3 ]))

            isZero (Resize.linear false [ n ] constant - 2.5)
            && isZero (Resize.linear true [ n; 2 ] constant - 2.5)
            && isZero (Resize.nearest [ n ] constant - 2.5)
            && isZero (Resize.pixelUnshuffle 2 (Resize.pixelShuffle 2 images) - images))

        law "a product of unfolded columns is the convolution" (fun seed ->
            let clean (e: Expr) = Elementwise.replaceNonFinite 0.0 1.0 2.0 e
            let x = clean (Expr.constant (data seed [ 2; 3; 5; 4 ]))
            let w = clean (Expr.constant (data (seed + 1) [ 4; 3; 3; 2 ]))

            let options =
                { Convolution.options with Stride = [ 2; 1 ]; Padding = [ 1 ]; Dilation = [ 1; 2 ] }

            let y = Convolution.conv options x w
            let columns = Windowed.unfold [ 3; 2 ] options x
            isZero (Expr.reshape (y.Shape.ToList()) (Expr.matmul (Expr.reshape [ 1; 4; 18 ] w) columns) - y))

        test "the mean of truth values is the share that holds" {
            let x = Expr.constant (Tensor.vector [ 1.0; 2.0; 3.0; 4.0 ])
            let share = Reduce.meanAll (x .> 1.5)
            Expect.equal share.DType DType.F32 ""
            Expect.equal (both [ share ] |> List.head |> Tensor.toFloat) 0.75 ""
        }
    ]

let private division =
    [
        law "remainders of floats are exact" (fun seed ->
            let random = Random(seed + 11)
            // Over many magnitudes, quotients below 2^52; whole multiples among them.
            let pairs =
                Array.init 40 (fun i ->
                    let b = Math.ScaleB(random.NextDouble() - 0.5, random.Next(-900, 900))
                    let quotient = Math.ScaleB(random.NextDouble() - 0.5, random.Next(-4, 52))
                    (if i % 4 = 0 then b * round quotient else b * quotient), b)

            let a, b = Array.unzip pairs
            let e, d = Expr.constant (Tensor.vector a), Expr.constant (Tensor.vector b)
            let found = both [ Division.fmod e d; Division.remainder e d ] |> List.map Tensor.toFloats
            let towardsZero = Array.map2 (fun (a: float) b -> a % b) a b

            let floored =
                Array.map2
                    (fun (r: float) (b: float) -> if r <> 0.0 && (r < 0.0) <> (b < 0.0) then r + b else r)
                    towardsZero
                    b

            found = [ towardsZero; floored ])

        law "whole numbers are divided exactly" (fun seed ->
            let random = Random(seed + 12)

            [ DType.I32, 31; DType.I64, 62 ]
            |> List.forall (fun (dtype, bits) ->
                let draw most = random.NextInt64(-(1L <<< most), 1L <<< most)
                let a = Array.init 40 (fun _ -> draw (random.Next(2, bits)))
                let b = Array.init 40 (fun _ -> draw (random.Next(2, bits)))
                let constant (v: int64[]) = Expr.cast dtype (Expr.constant (Tensor.vector v))

                let roots =
                    [ Division.truncDivide; Division.fmod; Division.floorDivide; Division.remainder ]
                    |> List.map (fun f -> f (constant a) (constant b))

                let quotient a b = if b = 0L then 0L else a / b
                let rest a b = if b = 0L then a else a % b
                let isAcross a b = b <> 0L && rest a b <> 0L && (rest a b < 0L) <> (b < 0L)

                let expected =
                    [
                        quotient
                        rest
                        fun a b -> if isAcross a b then quotient a b - 1L else quotient a b
                        fun a b -> if isAcross a b then rest a b + b else rest a b
                    ]
                    |> List.map (fun f -> Array.map2 f a b)

                [ Eval.prepare; Compile.prepare ]
                |> List.forall (fun run ->
                    run [] (List.map (Expr.cast DType.I64) roots) []
                    |> List.map (fun t -> Elements.toIntegers t.Elements)
                    |> (=) expected)))

        test "by 0, by infinity, and beyond 2^53" {
            let a = Expr.constant (Tensor.vector [ 1.0; -1.0; 1.0; infinity; 1e300; nan ])
            let b = Expr.constant (Tensor.vector [ 0.0; infinity; infinity; 2.0; 3.0; 1.0 ])
            let found = both [ Division.fmod a b; Division.remainder a b ] |> List.map Tensor.toFloats
            let same expected found = Expect.isTrue (Array.forall2 sameNumber expected found) $"%A{found}"
            same [| nan; -1.0; 1.0; nan; nan; nan |] found[0]
            same [| nan; infinity; 1.0; nan; nan; nan |] found[1]
        }
    ]

let private refusals =
    test "what means nothing is refused" {
        let m = Expr.variable "m" DType.F64 [ 2; 3 ]
        let places = Expr.variable "i" DType.I64 [ 2; 1 ]
        let images = Expr.variable "images" DType.F64 [ 1; 3; 4; 4 ]

        let refuses (f: unit -> Expr) =
            try
                f () |> ignore
                false
            with
            | :? DomainError
            | :? ShapeError -> true

        for i, f in
            List.indexed
                [
                    fun () -> Order.topK 4 1 m |> fst
                    fun () -> Order.topK -1 1 m |> fst
                    fun () -> Order.quantile 1.5 1 m
                    fun () -> Order.quantile nan 1 m
                    fun () -> Order.median 1 (Expr.variable "e" DType.F64 [ 2; 0 ])
                    fun () -> Order.sort 2 m
                    fun () -> Indexing.takeAlong 1 (Expr.variable "i" DType.I64 [ 2 ]) m
                    fun () -> Indexing.takeAlong 1 m m
                    fun () -> Indexing.scatterAdd 0 places (lit 1.0) m
                    fun () -> Indexing.scatterMax 1 places (Expr.variable "u" DType.F64 [ 2; 2 ]) m
                    fun () -> SquareMatrix.inverse m
                    fun () ->
                        SquareMatrix.solve
                            (Expr.variable "a" DType.F64 [ 2; 2 ])
                            (Expr.variable "b" DType.F64 [ 3 ])
                    fun () -> Reduce.powerNorm 0.0 [ 0 ] m
                    fun () -> Linear.trace (Expr.symbol "x")
                    fun () -> Linear.tensorDot [ 0 ] [ 1 ] m m
                    fun () -> Padding.edge [ -1; 0 ] [ 0; 0 ] m
                    fun () -> Padding.wrap [ 1 ] [ 1 ] m
                    fun () -> Padding.reflect [ Int32.MaxValue; 0 ] [ 1; 0 ] m
                    fun () -> Padding.edge [ 2000000000; 0 ] [ 0; 0 ] m
                    fun () -> Resize.nearest [ 0 ] images
                    fun () -> Resize.nearest [ Int32.MaxValue ] images
                    fun () -> Resize.linear false [ 2 ] m
                    fun () -> Resize.pixelShuffle 2 images
                    fun () -> Resize.pixelShuffle 0 images
                    fun () -> Resize.pixelUnshuffle 3 images
                    fun () -> Windowed.unpool [ 2; 2 ] places m
                    fun () -> Windowed.unfold [ 9 ] Convolution.options images
                    fun () -> Upsample.nearest 0 |> fun _ -> m
                ] do
            Expect.isTrue (refuses f) $"number %d{i}"
    }

let tests =
    testList
        "Array laws"
        [ yield! order; yield! places; yield! algebra; yield! shapes; yield! division; refusals ]
