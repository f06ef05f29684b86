/// Decompositions: they give the matrix back, their factors are what they are named, and extremes are right or NaN.
module DL1.Tests.DecompositionTests

open System
open DL1
open DL1.Tests.Law
open Expecto

let private matrix seed m n =
    let random = Random(seed: int)
    Tensor.ofArray [ m; n ] (Array.init (m * n) (fun _ -> random.NextDouble() - 0.5)) |> Expr.constant

/// A matrix of a rank.
let private ofRank seed m n rank = Expr.matmul (matrix seed m rank) (matrix (seed + 1) rank n)

let private run (e: Expr) = Compile.prepare [] [ e ] [] |> List.head
let private largest (e: Expr) = run (Expr.max (Expr.allAxes e) (abs e)) |> Tensor.toFloat
let private isZero (e: Expr) = largest e < 1e-12

let private isOrthonormal (q: Expr) =
    isZero (Expr.matmul q.T q - Linear.identity DType.F64 q.Shape[q.Shape.Rank - 1])

let private isAscending (e: Expr) =
    Tensor.toFloats (run e) |> Array.pairwise |> Array.forall (fun (a, b) -> a <= b)

let private recompose (u: Expr, s: Expr, v: Expr) = Expr.matmul (u * Expr.expandDims -2 s) v

/// Extents from generated numbers.
let private extent (n: int) = 1 + abs (n % 9)

let private laws =
    [
        law "Q·R is the matrix, Q orthonormal, R a triangle" (fun seed m n r ->
            let m, n = extent m, extent n
            let a = ofRank seed m n (1 + abs (r % min m n))
            let q, r = Decomposition.qr a

            isZero (Expr.matmul q r - a)
            && isOrthonormal q
            && isZero (Axes.lowerTriangle -1 r)
            && Array.forall (fun d -> d >= 0.0) (Tensor.toFloats (run (Linear.diagonal r))))
        law "eigenvectors turn a symmetric matrix into its eigenvalues" (fun seed n r ->
            let n = extent n
            let half = ofRank seed n n (1 + abs (r % n))
            let a = half + half.T
            let values, v = Decomposition.eigh a

            isZero (Expr.matmul a v - v * Expr.expandDims -2 values)
            && isOrthonormal v
            && isAscending values
            && isZero (Expr.sumAll values - Linear.trace a))
        law "U·S·V is the matrix, U and V orthonormal, S descending" (fun seed m n r ->
            let m, n = extent m, extent n
            let a = ofRank seed m n (1 + abs (r % min m n))
            let u, s, v = Decomposition.svd a
            isZero (recompose (u, s, v) - a) && isOrthonormal u && isOrthonormal v.T && isAscending -s)
        law "the four conditions of Penrose" (fun seed m n r ->
            let m, n = extent m, extent n
            let rank = 1 + abs (r % min m n)
            let a = ofRank seed m n rank
            let p = Decomposition.pinvWith 1e-9 a
            let ap, pa = Expr.matmul a p, Expr.matmul p a
            let scale = 1.0 + largest p

            largest (Expr.matmul ap a - a) < 1e-10 * scale
            && largest (Expr.matmul pa p - p) < 1e-10 * scale * scale
            && largest (ap - ap.T) < 1e-10 * scale
            && largest (pa - pa.T) < 1e-10 * scale)
    ]

let private derivatives =
    test "second derivatives are those of differences" {
        let a = Expr.variable "a" DType.F64 [ 4; 3 ]
        let at = run (matrix 5 4 3)
        let direction = Tensor.ofArray [ 4; 3 ] [| for i in 0..11 -> sin (float i) |]
        let square (a: Expr) = Expr.matmul a.T a

        for name, f in
            [
                "Q", Decomposition.qr >> fst
                "R", Decomposition.qr >> snd
                "U", Decomposition.svd >> (fun (u, _, _) -> u)
                "eigenvectors", square >> Decomposition.eigh >> snd
                "pinv", Decomposition.pinv
            ] do
            let gradient = Grad.grad (Expr.sumAll (sin (f a))) [ a ] |> List.head
            let second = Grad.jvp [ gradient ] [ a ] [ Expr.constant direction ] |> List.head
            let inputs = Graph.variables [ a ]
            let step = 1e-6

            let moved sign =
                let there =
                    Tensor.toFloats at
                    |> Array.map2 (fun d x -> x + sign * step * d) (Tensor.toFloats direction)

                Compile.prepare inputs [ gradient ] [ Tensor.ofArray [ 4; 3 ] there ]
                |> List.head
                |> Tensor.toFloats

            let expected = Array.map2 (fun a b -> (a - b) / (2.0 * step)) (moved 1.0) (moved -1.0)
            let found = Compile.prepare inputs [ second ] [ at ] |> List.head |> Tensor.toFloats

            for e, f in Array.zip expected found do
                Expect.isLessThan (abs (e - f)) (1e-4 * max 1.0 (abs e)) name
    }

let private extremes =
    [
        test "the column of Q of a column that depends on those before is no choice of rounding" {
            // Multiples of the first column, each with a rounding of its own.
            for factor in [ 1.0 / 3.0; -0.7; 1e-3 ] do
                let first = matrix 11 5 1
                let rest = Expr.concat 1 [ first; matrix 12 5 1 ]
                let a = Expr.concat 1 [ first; factor * first; rest ]
                let b = Expr.concat 1 [ first; first / (1.0 / factor); rest ]
                let (q1, r1), (q2, r2) = Decomposition.qr a, Decomposition.qr b
                Expect.isTrue (isZero (q1 - q2) && isZero (r1 - r2)) $"one decomposition at {factor}"
                Expect.isTrue (isOrthonormal q1 && isZero (Expr.matmul q1 r1 - a)) $"Q·R at {factor}"
                let judged = Eval.prepare [] [ q1 ] [] |> List.head
                Expect.isTrue (isZero (q1 - Expr.constant judged)) $"Eval agrees at {factor}"
                let diagonal = Tensor.toFloats (run (Linear.diagonal r1))
                Expect.equal (diagonal[1], diagonal[2]) (0.0, 0.0) "nothing is left of them"
        }
        test "equal values: the derivative of values is right, that of vectors NaN" {
            let a = Expr.variable "a" DType.F64 [ 3; 3 ]
            let identity = Linear.identity DType.F64 3

            let gradient (f: Expr -> Expr) =
                let g = Grad.grad (f a) [ a ] |> List.head
                Compile.prepare (Graph.variables [ a ]) [ g ] [ run identity ] |> List.head

            Expect.isTrue
                (isZero (Expr.constant (gradient (Decomposition.eigh >> fst >> Expr.sumAll)) - identity))
                "trace"

            let ofSvd = gradient (Decomposition.svd >> fun (_, s, _) -> Expr.sumAll s)
            Expect.isTrue (isZero (Expr.constant ofSvd - identity)) "the nuclear norm"
            let weighted (v: Expr) = Expr.sumAll (v * matrix 3 3 3)

            Expect.isTrue
                (Tensor.toFloats (gradient (Decomposition.eigh >> snd >> weighted))
                 |> Array.exists Double.IsNaN)
                "vectors"
        }
        test "zeros, one element, huge and tiny ones" {
            let u, s, v = Decomposition.svd (Expr.full DType.F64 [ 3; 2 ] 0.0)
            Expect.isTrue (isOrthonormal u && isOrthonormal v.T && isZero s) "zeros"
            let values, vectors = Decomposition.eigh (Expr.constant (Tensor.ofArray [ 1; 1 ] [| -2.0 |]))

            Expect.equal
                (run values, run vectors)
                (Tensor.vector [ -2.0 ], Tensor.ofArray [ 1; 1 ] [| 1.0 |])
                "one"

            for size in [ 1e-200; 1e200 ] do
                let a = matrix 1 4 3
                let _, expected, _ = Decomposition.svd a
                let _, s, _ = Decomposition.svd (a * size)
                Expect.isTrue (isZero (s / size - expected)) $"values at {size}"
                let q, r = Decomposition.qr (a * size)
                Expect.isTrue (isOrthonormal q && isZero ((Expr.matmul q r) / size - a)) $"Q·R at {size}"
        }
        test "many columns" {
            let a = matrix 7 60 41
            let u, s, v = Decomposition.svd a
            Expect.isTrue (isZero (0.1 * (recompose (u, s, v) - a))) "U·S·V"
            let half = matrix 8 51 51
            let values, vectors = Decomposition.eigh (half + half.T)

            Expect.isTrue
                (isZero (0.1 * (Expr.matmul (half + half.T) vectors - vectors * Expr.expandDims -2 values)))
                "eigh"
        }
        test "f32 keeps its digits, for it is computed in f64" {
            let a = Expr.cast DType.F32 (matrix 3 5 4)
            let u, s, v = Decomposition.svd a
            Expect.equal (u.DType, s.DType, v.DType) (DType.F32, DType.F32, DType.F32) "types"
            Expect.isLessThan (largest (recompose (u, s, v) - a)) 1e-6 "U·S·V"
        }
        test "what is no matrix is refused" {
            for name, f in
                [
                    "qr", Decomposition.qr >> fst
                    "eigh", Decomposition.eigh >> fst
                    "svd", Decomposition.svd >> fun (_, s, _) -> s
                    "pinv", Decomposition.pinv
                ] do
                for x in
                    [
                        Expr.variable "x" DType.F64 [ 3 ]
                        Expr.variable "x" DType.I64 [ 3; 3 ]
                        Expr.variable "x" DType.F32 [ 0; 3 ]
                    ] do
                    Expect.throwsT<ShapeError> (fun () -> f x |> ignore) name

            Expect.throwsT<ShapeError>
                (fun () -> Decomposition.eigh (Expr.variable "x" DType.F64 [ 2; 3 ]) |> ignore)
                "not square"

            Expect.throwsT<DomainError>
                (fun () -> Decomposition.pinvWith nan (matrix 1 2 2) |> ignore)
                "tolerance"
        }
    ]

/// Vectors have the sign by which the first of their greatest elements is positive, whichever rounding makes the greatest.
let private signs =
    test "equal greatest elements: the first is positive, whatever rounding says" {
        for noise in [ 0.0; 1e-13; -1e-13 ] do
            for n in [ 2; 3; 5 ] do
                // Circulant and symmetric: vectors of equal elements, and of alternating ones.
                let entry i j = if i = j then 2.0 + noise * float i else 1.0

                let a =
                    Tensor.ofArray
                        [ n; n ]
                        [|
                            for i in 0 .. n - 1 do
                                for j in 0 .. n - 1 -> entry i j
                        |]

                let u, s, v = Decomposition.svd (Expr.constant a)
                let _, vectors = Decomposition.eigh (Expr.constant a)

                for name, columns in [ "u", u; "eigenvectors", vectors ] do
                    for column in Tensor.toFloats (run columns.T) |> Array.chunkBySize n do
                        let greatest = column |> Array.map abs |> Array.max
                        let first = column |> Array.find (fun x -> abs x >= 0.999 * greatest)
                        Expect.isGreaterThan first 0.0 $"{name} of %d{n} rows: %A{column}"

                Expect.isTrue (isZero (recompose (u, s, v) - Expr.constant a)) "still the matrix"
    }

let tests = testList "Decomposition" (laws @ derivatives :: signs :: extremes)
