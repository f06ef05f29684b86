/// Instances of the left sides of the exact rows: over types, shapes and special values.
module DL1.Tests.ExactInstances

open DL1
open DL1.Tests.Instance
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

let unaries =
    Gen.elements [ UnaryOp.Neg; UnaryOp.Exp; UnaryOp.Log1p; UnaryOp.Sign; UnaryOp.Relu; UnaryOp.Reciprocal ]

let binaries =
    Gen.elements [ BinaryOp.Add; BinaryOp.Sub; BinaryOp.Mul; BinaryOp.Div; BinaryOp.Max; BinaryOp.Pow ]

let comparisons =
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

/// Nodes over constants.
let constants =
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

/// For each row of the table, by its name, instances of its left side.
let instances =
    arithmetic
    @ repeated
    @ choices
    @ movement
    @ [ "f(broadcast x) -> broadcast(f x)", stretched; "node over constants -> constant", constants ]
