/// Exact rewriting: the same bits, over types, shapes and special values.
module DL1.Tests.ExactTests

open DL1
open DL1.Tests.Instance
open Expecto
open FsCheck
open FsCheck.FSharp

let private either (a: Gen<'a>) (b: Gen<'a>) = Gen.oneof [ a; b ]
let private one types form = ofOne types form
let private booleans = Gen.constant DType.Bool
let private anyType = Gen.elements [ DType.F32; DType.F64; DType.I32; DType.I64; DType.Bool ]
let private make node = Expr.Make node

/// A form beside a number, on either side of it; the number as a literal and as a whole tensor.
let private besides types number (form: Expr -> Expr -> Expr) =
    let filled (x: Expr) = Expr.full x.DType (x.Shape.ToList()) number
    Gen.oneof [ one types (fun x -> form x (lit number)); one types (fun x -> form x (filled x)) ]

let private flipped form a b = form b a

let private arithmetic =
    [
        "x * 1 -> x", either (besides numberType 1.0 (*)) (besides numberType 1.0 (flipped (*)))
        "x * -1 -> -x", either (besides numberType -1.0 (*)) (besides numberType -1.0 (flipped (*)))
        "x / 1 -> x", besides floatType 1.0 (/)
        "x / -1 -> -x", besides floatType -1.0 (/)
        "x + -0 -> x", either (besides floatType -0.0 (+)) (besides floatType -0.0 (flipped (+)))
        "x - 0 -> x", besides numberType 0.0 (-)
        "--x -> x", one numberType (fun x -> -(-x))
        "x + -y -> x - y",
        either (ofTwo numberType (fun x y -> x + -y)) (ofTwo numberType (fun x y -> -y + x))
        "x - -y -> x + y", ofTwo numberType (fun x y -> x - -y)
        "-x * -y -> x * y", ofTwo numberType (fun x y -> -x * -y)
        "-x / -y -> x / y", ofTwo floatType (fun x y -> -x / -y)
        "x ** 1 -> x", besides floatType 1.0 (fun x n -> Expr.Pow(x, n))
        "x ** 0 -> 1",
        either
            (besides floatType 0.0 (fun x n -> Expr.Pow(x, n)))
            (besides floatType -0.0 (fun x n -> Expr.Pow(x, n)))
        "|-x| -> |x|", one numberType (fun x -> abs -x)
        "x / 2^k -> x * 2^-k",
        gen {
            let! power = Gen.elements [ 2.0; -2.0; 4.0; 0.5; -0.125; 1048576.0; 2.0 ** 90; 2.0 ** -90 ]
            return! besides floatType power (/)
        }
    ]

let private repeated =
    let floats = [ "floor", floor; "ceiling", ceil; "round", (fun (x: Expr) -> round x) ]
    let numbers = [ "abs", abs; "sign", Expr.sign; "relu", Expr.relu ]

    let twice types (name, f) = $"{name} twice -> once", one types (f >> f)

    List.map (twice floatType) floats
    @ List.map (twice numberType) numbers
    @ [
        "maximum(x, x) -> x", one numberType (fun x -> Expr.maximum x x)
        "minimum(x, x) -> x", one numberType (fun x -> Expr.minimum x x)
        "and(x, x) -> x", one booleans (fun x -> Expr.both x x)
        "or(x, x) -> x", one booleans (fun x -> Expr.either x x)
        "not not x -> x", one booleans (fun x -> Expr.not' (Expr.not' x))
    ]

let private choices =
    let withCondition form =
        gen {
            let! dtype = anyType
            let! dims = dims
            return! over [ DType.Bool, dims; dtype, dims; dtype, dims ] (fun xs -> form xs[0] xs[1] xs[2])
        }

    let constant truth (x: Expr) = Expr.full DType.Bool (x.Shape.ToList()) truth

    [
        "where(c, x, x) -> x", withCondition (fun c x _ -> Expr.where c x x)
        "where(not c, x, y) -> where(c, y, x)", withCondition (fun c x y -> Expr.where (Expr.not' c) x y)
        "where(constant, x, y) -> x or y",
        either
            (withCondition (fun _ x y -> Expr.where (constant 1.0 x) x y))
            (withCondition (fun _ x y -> Expr.where (constant 0.0 x) x y))
    ]

let private onMatrix form =
    gen {
        let! dtype = anyType
        let! dims = Gen.elements [ [ 2; 3 ]; [ 3; 1 ]; [ 0; 2 ] ]
        return! over [ dtype, dims ] (fun xs -> form xs.Head)
    }

let private onCube form =
    gen {
        let! dtype = anyType
        let! permutations = Gen.two (Gen.shuffle [ 0; 1; 2 ] |> Gen.map List.ofArray)
        let! dims = Gen.elements [ [ 2; 3; 4 ]; [ 1; 3; 2 ]; [ 2; 0; 3 ] ]
        return! over [ dtype, dims ] (fun xs -> form permutations xs.Head)
    }

let private movement =
    let whole (x: Expr) = make (Node.Slice([ for d in x.Shape -> { Start = 0; Stop = d; Step = 1 } ], x))

    let unpadded (x: Expr) =
        make (Node.Pad([ for _ in x.Shape -> { Before = 0; After = 0; Between = 0 } ], 7.0, x))

    let casts =
        Gen.elements
            [
                DType.F32, DType.F64
                DType.I32, DType.I64
                DType.I32, DType.F64
                DType.Bool, DType.F32
                DType.Bool, DType.F64
                DType.Bool, DType.I32
                DType.Bool, DType.I64
            ]

    [
        "cast(cast x), there and back -> x",
        either
            (gen {
                let! narrow, wide = casts
                return! one (Gen.constant narrow) (fun x -> Expr.cast narrow (Expr.cast wide x))
            })
            (one anyType (fun x -> make (Node.Cast(x.DType, x))))
        "reshape(reshape x) -> reshape x",
        either
            (onMatrix (fun x -> x |> Expr.reshape [ 1; x.Shape.Size ] |> Expr.reshape [ x.Shape.Size ]))
            (one anyType (fun x -> make (Node.Reshape(x.Shape, x))))
        "broadcast(broadcast x) -> broadcast x",
        either
            (onMatrix (fun x ->
                x |> Expr.broadcastTo (1 :: x.Shape.ToList()) |> Expr.broadcastTo (2 :: x.Shape.ToList())))
            (one anyType (fun x -> make (Node.Broadcast(x.Shape, x))))
        "transpose(transpose x) -> transpose x",
        either
            (onCube (fun (p, q) x -> make (Node.Transpose(p, make (Node.Transpose(q, x))))))
            (onCube (fun _ x -> make (Node.Transpose([ 0; 1; 2 ], x))))
        "reverse(reverse x) -> x", onMatrix (fun x -> x |> Expr.reverse [ 0; 1 ] |> Expr.reverse [ 1; 0 ])
        "slice of everything -> x", one anyType whole
        "pad with nothing -> x", one numberType unpadded
        "concat of one -> x", onMatrix (fun x -> make (Node.Concat(1, [ x ])))
        "max over extents of 1 -> reshape",
        gen {
            let! dtype = numberType

            let! axes, dims =
                Gen.elements [ [ 0 ], [ 1; 3 ]; [ 1 ], [ 2; 1 ]; [ 0; 2 ], [ 1; 4; 1 ]; [ 1 ], [ 0; 1 ] ]

            let! op = Gen.elements [ ReduceOp.Max; ReduceOp.Min ]
            return! over [ dtype, dims ] (fun xs -> Expr.reduce op axes xs.Head)
        }
    ]

let private unaries =
    Gen.elements [ UnaryOp.Neg; UnaryOp.Exp; UnaryOp.Log1p; UnaryOp.Sign; UnaryOp.Relu; UnaryOp.Reciprocal ]

let private binaries =
    Gen.elements [ BinaryOp.Add; BinaryOp.Sub; BinaryOp.Mul; BinaryOp.Div; BinaryOp.Max; BinaryOp.Pow ]

let private comparisons =
    Gen.elements [ CompareOp.Eq; CompareOp.Ne; CompareOp.Lt; CompareOp.Le; CompareOp.Gt; CompareOp.Ge ]

let private stretched =
    gen {
        let! dtype = floatType

        let! small, large =
            Gen.elements [ [], [ 3 ]; [ 1; 3 ], [ 2; 3 ]; [ 2; 1 ], [ 4; 2; 3 ]; [ 1 ], [ 0 ] ]

        let! unary = unaries
        let! binary = binaries
        let! comparison = comparisons
        let wide = Expr.broadcastTo large

        let! form =
            Gen.elements
                [
                    fun (xs: Expr list) -> Expr.unary unary (wide xs[0])
                    fun xs -> make (Node.Binary(binary, wide xs[0], wide xs[1]))
                    fun xs -> make (Node.Compare(comparison, wide xs[0], wide xs[1]))
                    fun xs -> Expr.cast DType.I32 (wide xs[0])
                ]

        return! over [ dtype, small; dtype, small ] form
    }

let private constants =
    gen {
        let! dtype = floatType
        let! dims = filledDims
        let! x = tensor dtype dims |> Gen.map Expr.constant
        let! y = tensor dtype dims |> Gen.map Expr.constant
        let! c = tensor DType.Bool dims |> Gen.map Expr.constant
        let! unary = unaries
        let! binary = binaries
        let! comparison = comparisons

        let! e =
            Gen.elements
                [
                    Expr.unary unary x
                    Expr.binary binary x y
                    Expr.compare comparison x y
                    Expr.where c x y
                    Expr.sum [ 0 ] x
                    Expr.softmax 0 x
                    Expr.concat 0 [ x; y ]
                    Expr.cast DType.F64 c
                    Expr.cumSum 0 x
                ]

        return { Expr = e; Inputs = [] }
    }

let private instances =
    arithmetic
    @ repeated
    @ choices
    @ movement
    @ [ "f(broadcast x) -> broadcast(f x)", stretched; "node over constants -> constant", constants ]

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
            holds 300 "keep their bits" graphs (fun i -> keepsBits i (Rewrite.exact i.Expr))
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
            unchanged "x / 2¹¹⁰, whose reciprocal is subnormal in f32" (x / 2.0 ** 130)
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
