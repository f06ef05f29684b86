/// Exact rewriting: the same bits, over types, shapes and special values.
module DL1.Tests.ExactTests

open DL1
open DL1.Tests.ExactInstances
open DL1.Tests.Instance
open Expecto
open FsCheck
open FsCheck.FSharp

let private keepsBits (instance: Instance) (rewritten: Expr) =
    let before, after = value instance instance.Expr, value instance rewritten

    if sameBits before after then
        None
    else
        Some $"{before}\nbecame\n{after}\nas {Text.ascii rewritten}"

/// Graphs of a few variables and of the numbers that rows look for, shared now and then.
let private graphs =
    gen {
        let! dtype = floatType
        let! dims = Gen.elements [ []; [ 3 ]; [ 2; 3 ] ]
        let variable i = Expr.variable $"x{i}" dtype dims
        let numbers = [ 0.0; -0.0; 1.0; -1.0; 2.0; 0.25; -4.0; infinity ] |> List.map (Expr.full dtype dims)

        let mutable known =
            [ variable 0; variable 1; Expr.broadcastTo dims (Expr.variable "x2" dtype []) ] @ numbers

        let! size = Gen.choose (5, 25)

        for _ in 1..size do
            let! a = Gen.elements known
            let! b = Gen.elements known
            let! c = Gen.elements known

            let! unary =
                Gen.elements
                    [ UnaryOp.Neg; UnaryOp.Abs; UnaryOp.Relu; UnaryOp.Round; UnaryOp.Exp; UnaryOp.Sqrt ]

            let! binary = binaries
            let! comparison = comparisons
            let condition = Expr.compare comparison a b

            let! e =
                Gen.elements
                    [
                        Expr.unary unary a
                        Expr.unary unary (Expr.unary unary a)
                        Expr.binary binary a b
                        Expr.binary binary b a
                        Expr.where condition a c
                        Expr.where (Expr.not' condition) c b
                        Expr.reshape dims (Expr.reshape [ -1 ] a)
                        Expr.cast dtype (Expr.cast DType.F64 a)
                    ]

            known <- e :: known

        let! values = List.replicate 2 (tensor dtype dims) |> Gen.sequenceToList
        let! scalar = tensor dtype []

        return { Expr = List.head known; Inputs = [ "x0", values[0]; "x1", values[1]; "x2", scalar ] }
    }

let private everywhere =
    testList
        "graphs"
        [
            holds 2000 "keep their bits" graphs (fun i -> keepsBits i (Rewrite.exact i.Expr))
            holds 100 "are rewritten once and for all" graphs (fun i ->
                let once = Rewrite.exact i.Expr
                if Rewrite.exact once = once then None else Some $"again: {Rewrite.exact once}")
            test "a gather out of range is left to be refused when run" {
                let e = Expr.gather 0 (Expr.constant (Tensor.vector [ 5L ])) (Expr.arange DType.F64 3)
                Expect.equal (Rewrite.exact e) e "the same expression"
            }
            test "a large constant is not computed in advance" {
                let e = exp (Expr.arange DType.F32 2000)
                Expect.equal (Rewrite.exact e) e "the same expression"
            }
            test "nor one that would become large" {
                let part = Expr.arange DType.F32 1000
                let e = Expr.concat 0 [ part; part ]
                Expect.equal (Rewrite.exact e) e "the same expression"
            }
        ]

let private near =
    // What looks like a row's left side and is not: each would change bits.
    let unchanged name (e: Expr) = test name { Expect.equal (Rewrite.exact e) e "the same expression" }

    let x = Expr.symbol "x"
    let y = Expr.symbol "y"
    let n = Expr.variable "n" DType.I64 [ 2 ]
    let m = Expr.variable "m" DType.F64 [ 2; 3 ]

    testList
        "is not exact"
        [
            unchanged "x + 0, which makes 0 of −0" (x + 0.0)
            unchanged "x − −0, the same" (x - lit -0.0)
            unchanged "0 − x, which is 0 and not −0 at 0" (0.0 - x)
            unchanged "0 · x, NaN at infinity" (0.0 * x)
            unchanged "x − x, NaN at infinity" (x - x)
            unchanged "x / 3" (x / 3.0)
            unchanged "x / 2¹³⁰, whose reciprocal is subnormal in f32" (x / 2.0 ** 130)
            unchanged "x²" (Expr.Pow(x, 2.0))
            unchanged "max(x, y)" (Expr.maximum x y)
            unchanged
                "sum over an extent of 1, which makes 0 of −0"
                (Expr.sum [ 0 ] (Expr.variable "v" DType.F64 [ 1 ]))
            unchanged "a cast to a narrower type and back" (Expr.cast DType.I64 (Expr.cast DType.F64 n))
            unchanged "a cast to truth values and back" (Expr.cast DType.F64 (Expr.cast DType.Bool x))
            unchanged "reverse of two different axes" (m |> Expr.reverse [ 0 ] |> Expr.reverse [ 1 ])
            unchanged "part of a slice" (Expr.sliceAxis 0 0 1 m)
            unchanged "every second" (Expr.slice [ 0; 0 ] [ 2; 3 ] [ 1; 2 ] m)
            unchanged "a pad that crops" (Expr.pad [ 0; 0 ] [ 0; -1 ] 0.0 m)
            unchanged "max over an extent of 3" (Expr.max [ 1 ] m)
            unchanged "where over different operands" (Expr.where (x .> 0.0) x y)
        ]

let tests =
    testList
        "Exact"
        [
            rows "rows" Exact.table 60 keepsBits instances
            near
            everywhere
            test "the rows for reading are exact ones, but for numbers" {
                let names table = table |> List.map (fun (row: Rule) -> row.Name) |> Set.ofList

                Expect.equal
                    (names Exact.readable - names Exact.table)
                    (set [ "number op number -> number" ])
                    "what the readable rows have of their own"
            }
            holds 60 "number op number -> number" constants (fun i ->
                keepsBits i (fst (rewrite Exact.readable i.Expr)))
        ]
