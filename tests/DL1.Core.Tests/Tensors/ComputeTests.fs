/// Tensors that are computed at once: arithmetic of tensors, and expressions by kept plans.
module DL1.Tests.ComputeTests

open DL1
open DL1.Tests.Law
open Expecto
open FsCheck.FSharp

/// Two shapes that broadcast: each axis of the result, or 1, with leading axes left out of one of them.
let private pairs =
    gen {
        let! rank = Gen.choose (0, 4)
        let! dims = Gen.listOfLength rank (Gen.choose (0, 5))
        let side = Gen.listOfLength rank (Gen.elements [ true; true; false ])
        let! keepA = side
        let! keepB = side
        let! shorter = Gen.choose (0, rank)
        let part keeps = List.map2 (fun keeps d -> if keeps then d else 1) keeps dims
        return part keepA, List.skip shorter (part keepB)
    }

let private operations: (string * (Tensor -> Tensor -> Tensor) * (Expr -> Expr -> Expr)) list =
    [
        "+", (fun a b -> a + b), (fun a b -> a + b)
        "-", (fun a b -> a - b), (fun a b -> a - b)
        "*", (fun a b -> a * b), (fun a b -> a * b)
        "/", (fun a b -> a / b), (fun a b -> a / b)
    ]

let private some (dtype: DType) (dims: int list) (key: Key) : Tensor =
    Key.normal 0.0 10.0 DType.F64 dims key |> Tensor.cast dtype

let private sameAsExpressions (dtype: DType) (dims: int list) (others: int list) =
    let a, b = some dtype dims (Key.ofSeed 1L), some dtype others (Key.ofSeed 2L)

    for name, ofTensors, ofExprs in operations do
        if name <> "/" || dtype.IsFloat then
            let expected = Eval.run [] (ofExprs (Expr.constant a) (Expr.constant b))
            Expect.isTrue (Tensor.sameBits (ofTensors a b) expected) $"{dtype} %A{dims} {name} %A{others}"

let private arithmetic =
    [
        testPropertyWithConfig
            config
            "arithmetic has the bits of the expression, whatever broadcasts"
            (Prop.forAll (Arb.fromGen pairs) (fun (dims, others) ->
                for dtype in [ DType.F32; DType.F64; DType.I32; DType.I64 ] do
                    sameAsExpressions dtype dims others))
        test "threads change no bit" {
            for others in [ [ 700; 400 ]; [ 400 ]; [ 700; 1 ]; [] ] do
                for dtype in [ DType.F32; DType.I64 ] do
                    sameAsExpressions dtype [ 700; 400 ] others
        }
        test "a number takes the type that it meets" {
            for dtype in [ DType.F32; DType.F64; DType.I32; DType.I64 ] do
                let t = Tensor.full dtype [ 2 ] 6.0
                Expect.equal (1 + t * 2 - 3) (Tensor.full dtype [ 2 ] 10.0) "whole numbers"
                Expect.equal (2.0 * t + 1.0 - -t) (Tensor.full dtype [ 2 ] 19.0) "floats"

            Expect.equal (1.0 / (Tensor.full DType.F32 [ 1 ] 4.0 / 2)) (Tensor.full DType.F32 [ 1 ] 0.5) ""
        }
        test "what cannot be computed is refused" {
            let t = Tensor.ones DType.F32 [ 2; 3 ]
            let refuses what (f: unit -> Tensor) = Expect.throwsT<ShapeError> (f >> ignore) what
            refuses "types" (fun () -> t + Tensor.ones DType.F64 [ 3 ])
            refuses "shapes" (fun () -> t * Tensor.ones DType.F32 [ 2 ])
            refuses "truth values" (fun () -> Tensor.ones DType.Bool [ 2 ] + Tensor.ones DType.Bool [ 2 ])
            refuses "a quotient of whole numbers" (fun () -> Tensor.ones DType.I32 [ 2 ] / 2)
            refuses "a fraction beside whole numbers" (fun () -> Tensor.ones DType.I64 [ 2 ] * 0.5)
            refuses "NaN beside whole numbers" (fun () -> Tensor.ones DType.I32 [ 2 ] * nan)
            refuses "too large a number" (fun () -> Tensor.ones DType.I32 [ 2 ] + 3e9)
        }
    ]

let private computed =
    [
        test "a function of expressions has the bits of its compiled form, small and large" {
            for rows in [ 3; 5000 ] do
                let t = Key.normal 0.0 1.0 DType.F32 [ rows; 8 ] (Key.ofSeed 3L)
                let f (x: Expr) = Expr.softmax -1 (exp x - Reduce.keepDims Reduce.mean [ 0 ] x)
                let x = Expr.variable "x" t.DType (t.Shape.ToList())
                let expected = (Compile.prepare (Graph.variables [ x ]) [ f x ] [ t ]).Head
                Expect.isTrue (Tensor.sameBits (Tensor.compute f t) expected) $"%d{rows} rows"
                Expect.isTrue (Tensor.sameBits (Compute.value [ "x", t ] (f x)) expected) "by name"

                Expect.isTrue
                    (Tensor.sameBits (Compute.value [] (f (Expr.constant t))) expected)
                    "as a constant"
        }
        test "constants of one shape have their own values each time" {
            let x = Expr.variable "x" DType.F64 [ 2 ]

            for i in 1..3 do
                let c, d = Tensor.full DType.F64 [ 2 ] (float i), Tensor.full DType.F64 [ 2 ] (float (10 * i))

                let value =
                    Compute.value [ "x", Tensor.vector [ 1.0; 2.0 ] ] (x * Expr.constant c + Expr.constant d)

                Expect.equal value (Tensor.vector [ 11.0 * float i; 12.0 * float i ]) $"%d{i}"
        }
        test "scalars have the bits of their compiled functions" {
            let x = Expr.symbol "x"
            let f = sin x * exp x
            let compiled = Eval.run [ "x", Tensor.scalar 0.7 ] f
            Expect.isTrue (Tensor.sameBits (Compute.value [ "x", Tensor.scalar 0.7 ] f) compiled) ""
        }
        test "a missing value and one of another shape are told" {
            let x = Expr.variable "x" DType.F64 [ 2 ]
            Expect.throwsT<DomainError> (fun () -> Compute.value [] (x + 1.0) |> ignore) "missing"

            Expect.throwsT<ShapeError>
                (fun () -> Compute.value [ "x", Tensor.scalar 1.0 ] (x + 1.0) |> ignore)
                "another shape"
        }
        test "ranges" {
            let range start stop step = Tensor.range DType.F64 start stop step |> Tensor.toFloats
            Expect.equal (range 0.0 1.0 0.25) [| 0.0; 0.25; 0.5; 0.75 |] "the end is left out"
            Expect.equal (range 3.0 0.0 -1.0) [| 3.0; 2.0; 1.0 |] "downward"
            Expect.equal (range 3.0 0.0 1.0) [||] "none ahead"
            Expect.throwsT<DomainError> (fun () -> range 0.0 1.0 0.0 |> ignore) "no step"
            Expect.throwsT<DomainError> (fun () -> range 0.0 infinity 1.0 |> ignore) "no end"
            Expect.throwsT<ShapeError> (fun () -> range 0.0 1e300 1.0 |> ignore) "too many"
        }
    ]

let tests = testList "Compute" [ testList "arithmetic" arithmetic; testList "computed" computed ]
