/// The meaning of each elementwise primitive, type by type: rounding, wrapping, signed zeros, NaN and infinities.
module DL1.Tests.ScalarTests

open System
open DL1
open DL1.Tests.Law
open Expecto

let private eval (e: Expr) = Eval.run [] e
let private f32 (v: float32) = Expr.constant (Tensor.scalar v)
let private f64 (v: float) = Expr.constant (Tensor.scalar v)
let private i32 (v: int) = Expr.constant (Tensor.scalar v)
let private i64 (v: int64) = Expr.constant (Tensor.scalar v)

/// The result's bits are those of the value, NaN counting as NaN.
let private isFloat (expected: float) (e: Expr) what =
    let found = (eval e).ToArray<float>()[0]
    let same = BitConverter.DoubleToInt64Bits found = BitConverter.DoubleToInt64Bits expected

    Expect.isTrue
        (same || (Double.IsNaN found && Double.IsNaN expected))
        $"{what}: expected {expected}, found {found}"

let private same32 (expected: float32) (e: Expr) =
    Tensor.sameBits (Tensor.scalar expected) (eval e)
    || (Single.IsNaN expected && Single.IsNaN((eval e).ToArray<float32>()[0]))

let private table name op (rows: (float * float) list) =
    test name {
        for x, expected in rows do
            isFloat expected (Expr.unary op (f64 x)) $"{name} {x}"
    }

let private rounding =
    testList
        "f32 is rounded at each node"
        [
            law "+ − × ÷ are those of float32" (fun (a: float32) (b: float32) ->
                same32 (a + b) (f32 a + f32 b)
                && same32 (a - b) (f32 a - f32 b)
                && same32 (a * b) (f32 a * f32 b)
                && same32 (a / b) (f32 a / f32 b)
                && same32 (MathF.Sqrt a) (sqrt (f32 a)))
            test "no node keeps more than its type" {
                Expect.isTrue (same32 0.0f ((f32 16777216.0f + 1.0) - 16777216.0)) "2²⁴ + 1 − 2²⁴"
                Expect.isTrue (same32 infinityf (f32 3e38f * f32 3e38f * f32 0.5f)) "an overflow stays"
                Expect.isTrue (same32 0.1f (Expr.cast DType.F32 (f64 0.1))) "a cast rounds"
                isFloat (float 0.1f) (Expr.cast DType.F64 (f32 0.1f)) "and is not undone"
            }
        ]

let private whole =
    testList
        "whole numbers"
        [
            law "i32 wraps around" (fun (a: int) (b: int) ->
                let is (expected: int) e = eval e = Tensor.scalar expected

                is (a + b) (i32 a + i32 b)
                && is (a - b) (i32 a - i32 b)
                && is (a * b) (i32 a * i32 b)
                && is -a -(i32 a))
            law "i64 wraps around" (fun (a: int64) (b: int64) ->
                let is (expected: int64) e = eval e = Tensor.scalar expected

                is (a + b) (i64 a + i64 b)
                && is (a - b) (i64 a - i64 b)
                && is (a * b) (i64 a * i64 b)
                && is -a -(i64 a))
            test "at the ends" {
                let is (expected: Tensor) e what = Expect.equal (eval e) expected what
                is (Tensor.scalar Int32.MinValue) (abs (i32 Int32.MinValue)) "abs of the least i32"
                is (Tensor.scalar Int64.MinValue) (abs (i64 Int64.MinValue)) "abs of the least i64"
                let v = Expr.constant (Tensor.vector [ Int32.MaxValue; Int32.MaxValue; 2 ])
                is (Tensor.scalar 0) (Expr.sum [ 0 ] v) "a sum"
                is (Tensor.scalar 2) (Expr.prod [ 0 ] v) "a product"
                is (Tensor.vector [ Int32.MaxValue; -2; 0 ]) (Expr.cumSum 0 v) "a running sum"
                let large = Expr.constant (Tensor.vector [ Int64.MaxValue; 1L; 1L ])
                is (Tensor.scalar (Int64.MinValue + 1L)) (Expr.sum [ 0 ] large) "a sum of i64"

                is
                    (Tensor.vector [ Int64.MaxValue; Int64.MinValue; Int64.MinValue + 1L ])
                    (Expr.cumSum 0 large)
                    "a running sum of i64, exactly"

                let scattered = Expr.scatterAdd 0 1 (Expr.constant (Tensor.vector [ 0; 0; 0 ])) large
                is (Tensor.vector [ Int64.MinValue + 1L ]) scattered "scatter-add"
                is (Tensor.scalar true) (i64 9007199254740993L .> i64 9007199254740992L) "compared exactly"

                is
                    (Tensor.scalar 9007199254740993L)
                    (Expr.maximum (i64 9007199254740993L) (i64 9007199254740992L))
                    "the larger, exactly"
            }
            test "casts cut towards zero and wrap between whole numbers" {
                Expect.equal (eval (Expr.cast DType.I32 (f64 -2.9))) (Tensor.scalar -2) "−2.9"
                Expect.equal (eval (Expr.cast DType.I64 (f32 2.9f))) (Tensor.scalar 2L) "2.9"
                Expect.equal (eval (Expr.cast DType.I32 (i64 4294967297L))) (Tensor.scalar 1) "2³² + 1"
                Expect.equal (eval (Expr.cast DType.Bool (f64 nan))) (Tensor.scalar true) "NaN is not 0"

                Expect.equal
                    (eval (Expr.cast DType.F32 (Expr.constant (Tensor.scalar true))))
                    (Tensor.scalar 1.0f)
                    "true"
            }
        ]

let private specials =
    testList
        "signed zeros, NaN and infinities"
        [
            table "neg" UnaryOp.Neg [ 0.0, -0.0; -0.0, 0.0; infinity, -infinity; nan, nan ]
            table "abs" UnaryOp.Abs [ -0.0, 0.0; -infinity, infinity; nan, nan ]
            table "sign" UnaryOp.Sign [ 0.0, 0.0; -0.0, -0.0; -3.0, -1.0; infinity, 1.0; nan, nan ]
            table "floor" UnaryOp.Floor [ -0.0, -0.0; -0.5, -1.0; 1.7, 1.0; infinity, infinity ]
            table "ceiling" UnaryOp.Ceiling [ -0.5, -0.0; 1.2, 2.0; -infinity, -infinity ]
            table "round" UnaryOp.Round [ 0.5, 0.0; 1.5, 2.0; 2.5, 2.0; -0.5, -0.0; nan, nan ]
            table "exp" UnaryOp.Exp [ 0.0, 1.0; -infinity, 0.0; 1000.0, infinity; nan, nan ]
            table
                "expm1"
                UnaryOp.Expm1
                [ 0.0, 0.0; -0.0, -0.0; 1e-300, 1e-300; -infinity, -1.0; infinity, infinity; nan, nan ]
            table
                "log"
                UnaryOp.Log
                [ 0.0, -infinity; -0.0, -infinity; 1.0, 0.0; -1.0, nan; infinity, infinity ]
            table
                "log1p"
                UnaryOp.Log1p
                [ 0.0, 0.0; -0.0, -0.0; 1e-300, 1e-300; -1.0, -infinity; -2.0, nan; infinity, infinity ]
            table "sqrt" UnaryOp.Sqrt [ -0.0, -0.0; -1.0, nan; infinity, infinity; 4.0, 2.0 ]
            table "rsqrt" UnaryOp.Rsqrt [ 0.0, infinity; infinity, 0.0; 4.0, 0.5; -1.0, nan ]
            table "reciprocal" UnaryOp.Reciprocal [ 0.0, infinity; -0.0, -infinity; -infinity, -0.0 ]
            table "tanh" UnaryOp.Tanh [ -0.0, -0.0; 1000.0, 1.0; -infinity, -1.0; nan, nan ]
            table
                "sigmoid"
                UnaryOp.Sigmoid
                [ 0.0, 0.5; infinity, 1.0; -infinity, 0.0; -1000.0, 0.0; nan, nan ]
            table
                "softplus"
                UnaryOp.Softplus
                [ 0.0, log 2.0; infinity, infinity; -infinity, 0.0; 1000.0, 1000.0; nan, nan ]
            table "erf" UnaryOp.Erf [ 0.0, 0.0; -0.0, -0.0; infinity, 1.0; -infinity, -1.0; nan, nan ]
            table "relu" UnaryOp.Relu [ -1.0, 0.0; 0.0, 0.0; -0.0, 0.0; infinity, infinity; nan, nan ]
            test "maximum and minimum pass NaN, and tell zeros apart" {
                isFloat nan (Expr.maximum (f64 nan) (f64 1.0)) "max(NaN, 1)"
                isFloat nan (Expr.minimum (f64 1.0) (f64 nan)) "min(1, NaN)"
                isFloat 0.0 (Expr.maximum (f64 -0.0) (f64 0.0)) "max(−0, 0)"
                isFloat -0.0 (Expr.minimum (f64 0.0) (f64 -0.0)) "min(0, −0)"
                isFloat nan (Expr.max [ 0 ] (Expr.constant (Tensor.vector [ 1.0; nan; 2.0 ]))) "over an axis"
                isFloat nan (Expr.min [ 0 ] (Expr.constant (Tensor.vector [ nan; 1.0 ]))) "over an axis"
            }
            test "powers" {
                for x, y, expected in
                    [
                        nan, 0.0, 1.0
                        0.0, 0.0, 1.0
                        0.0, -1.0, infinity
                        -8.0, 3.0, -512.0
                        -1.0, 0.5, nan
                        1.0, nan, 1.0
                        -0.0, 3.0, -0.0
                    ] do
                    isFloat expected (f64 x ** f64 y) $"{x} ** {y}"
            }
            test "comparisons: nothing is ordered beside NaN, and zeros are equal" {
                let truths a b =
                    [
                        for op in Primitives.compareOps ->
                            (eval (Expr.compare op (f64 a) (f64 b))).ToArray<bool>()[0]
                    ]

                Expect.equal (truths nan nan) [ false; true; false; false; false; false ] "NaN: = ≠ < ≤ > ≥"
                Expect.equal (truths 0.0 -0.0) [ true; false; false; true; false; true ] "0 and −0"
                Expect.equal (truths 1.0 infinity) [ false; true; true; true; false; false ] "1 and ∞"
            }
            test "selection takes bits as they are" {
                let c = Expr.constant (Tensor.vector [ true; false ])

                let a, b =
                    Expr.constant (Tensor.vector [ -0.0; nan ]), Expr.constant (Tensor.vector [ nan; -0.0 ])

                Expect.isTrue
                    (Tensor.sameBits (Tensor.vector [ -0.0; -0.0 ]) (eval (Expr.where c a b)))
                    "−0 twice"
            }
            test "the error function to 1e-15 of its known values" {
                for x, expected in
                    [
                        0.1, 0.1124629160182849
                        0.5, 0.5204998778130465
                        1.0, 0.8427007929497149
                        2.0, 0.9953222650189527
                        3.0, 0.9999779095030014
                        -1.5, -0.9661051464753108
                    ] do
                    let found = (eval (Expr.erf (f64 x))).ToArray<float>()[0]

                    Expect.isTrue
                        (abs (found - expected) <= 2e-15 * abs expected)
                        $"erf {x} = {expected}, found {found}"
            }
        ]

let tests = testList "Scalar" [ rounding; whole; specials ]
