/// Every form of node, over operands drawn from a source. One table serves generated graphs, which take operands from
/// what was built before, and the laws of single primitives, which take fresh variables.
module DL1.Tests.Primitives

open DL1
open DL1.Tests.Source

let unaryOps =
    [
        UnaryOp.Neg
        UnaryOp.Abs
        UnaryOp.Sign
        UnaryOp.Floor
        UnaryOp.Ceiling
        UnaryOp.Round
        UnaryOp.Exp
        UnaryOp.Expm1
        UnaryOp.Log
        UnaryOp.Log1p
        UnaryOp.Sqrt
        UnaryOp.Rsqrt
        UnaryOp.Reciprocal
        UnaryOp.Sin
        UnaryOp.Cos
        UnaryOp.Tan
        UnaryOp.Asin
        UnaryOp.Acos
        UnaryOp.Atan
        UnaryOp.Sinh
        UnaryOp.Cosh
        UnaryOp.Tanh
        UnaryOp.Sigmoid
        UnaryOp.Softplus
        UnaryOp.Erf
        UnaryOp.Relu
        UnaryOp.Not
    ]

let binaryOps =
    [
        BinaryOp.Add
        BinaryOp.Sub
        BinaryOp.Mul
        BinaryOp.Div
        BinaryOp.Pow
        BinaryOp.Max
        BinaryOp.Min
        BinaryOp.And
        BinaryOp.Or
    ]

let compareOps = [ CompareOp.Eq; CompareOp.Ne; CompareOp.Lt; CompareOp.Le; CompareOp.Gt; CompareOp.Ge ]
let reduceOps = [ ReduceOp.Sum; ReduceOp.Prod; ReduceOp.Max; ReduceOp.Min ]
let argOps = [ ArgOp.Max; ArgOp.Min ]

let private unary op (s: Source) =
    let dtype, domain =
        match op with
        | UnaryOp.Not -> DType.Bool, Any
        | UnaryOp.Neg
        | UnaryOp.Abs
        | UnaryOp.Sign
        | UnaryOp.Relu -> s.Number(), Any
        | UnaryOp.Log
        | UnaryOp.Sqrt
        | UnaryOp.Rsqrt
        | UnaryOp.Reciprocal -> s.Float(), Positive
        | UnaryOp.Log1p
        | UnaryOp.Asin
        | UnaryOp.Acos -> s.Float(), Unit
        | UnaryOp.Exp
        | UnaryOp.Expm1
        | UnaryOp.Sinh
        | UnaryOp.Cosh -> s.Float(), Small
        | UnaryOp.Tan -> s.Float(), Unit
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round
        | UnaryOp.Sin
        | UnaryOp.Cos
        | UnaryOp.Atan
        | UnaryOp.Tanh
        | UnaryOp.Sigmoid
        | UnaryOp.Softplus
        | UnaryOp.Erf -> s.Float(), Any

    Expr.unary op (s.Operand(dtype, domain))

let private binary op (s: Source) =
    let dtype, left, right =
        match op with
        | BinaryOp.Add
        | BinaryOp.Sub
        | BinaryOp.Max
        | BinaryOp.Min -> s.Number(), Any, Any
        | BinaryOp.Mul -> s.Number(), Any, Small
        | BinaryOp.Div -> s.Float(), Any, Positive
        | BinaryOp.Pow -> s.Float(), Positive, Small
        | BinaryOp.And
        | BinaryOp.Or -> DType.Bool, Any, Any

    let x = s.Operand(dtype, left)
    let y = s.Partner(dtype, right, x.Shape)
    Expr.binary op x y

let private compare op (s: Source) =
    let dtype =
        match op with
        | CompareOp.Eq
        | CompareOp.Ne -> s.Type()
        | CompareOp.Lt
        | CompareOp.Le
        | CompareOp.Gt
        | CompareOp.Ge -> s.Number()

    let x = s.Operand(dtype, Any)
    Expr.compare op x (s.Partner(dtype, Any, x.Shape))

let private where (s: Source) =
    let dtype = s.Type()
    let x = s.Operand(dtype, Any)
    let y = s.Partner(dtype, Any, x.Shape)
    Expr.where (s.Partner(DType.Bool, Any, x.Shape)) x y

let private cast (s: Source) =
    match s.Style with
    | Wild -> Expr.cast (s.Type()) (s.Operand(s.Type(), Any))
    | Tame -> Expr.cast DType.F64 (Expr.cast DType.F32 (s.Operand(DType.F64, Any)))
    | Single -> Expr.cast DType.F32 (Expr.cast DType.F64 (s.Operand(DType.F32, Any)))

/// An operand with at least one axis that is not empty, and the axes that are not.
let private solid dtype (s: Source) =
    let x = s.Shaped(dtype, Any, Seq.exists (fun d -> d > 0), fun () -> s.Dims(0, 2) @ [ s.Next(1, 3) ])

    x, Expr.allAxes x |> List.filter (fun axis -> x.Shape[axis] > 0)

let private someOf (s: Source) (axes: int list) =
    let chosen = axes |> List.filter (fun _ -> s.Flip())
    if chosen.IsEmpty then [ s.Pick axes ] else chosen

let private reduce op (s: Source) =
    let x, axes =
        match op with
        | ReduceOp.Sum
        | ReduceOp.Prod ->
            let x = s.Ranked(s.Number(), Any, 1, 4)
            x, Expr.allAxes x
        | ReduceOp.Max
        | ReduceOp.Min -> solid (s.Number()) s

    Expr.reduce op (someOf s axes) x

let private overAxis dtype (make: int -> Expr -> Expr) (s: Source) =
    let x = s.Ranked(dtype s, Any, 1, 4)
    make (s.Next(0, x.Shape.Rank - 1)) x

let private argReduce op (s: Source) =
    let x, axes = solid (s.Number()) s
    Expr.Make(Node.ArgReduce(op, s.Pick axes, x))

let private cumSum (s: Source) =
    let x = s.Ranked(s.Number(), Any, 1, 4)
    Expr.Make(Node.CumSum(s.Next(0, x.Shape.Rank - 1), s.Flip(), x))

let private argSort (s: Source) =
    let x = s.Ranked(s.Number(), Any, 1, 4)
    Expr.argSort (s.Next(0, x.Shape.Rank - 1)) x

let private matmul (s: Source) =
    let x = s.Ranked(s.Number(), Any, 2, 4)
    let dims = x.Shape.ToList()
    let stack = if s.Flip() then [] else List.take (dims.Length - 2) dims
    Expr.matmul x (s.Exactly(x.DType, Small, stack @ [ List.last dims; s.Extent() ]))

let private broadcast (s: Source) =
    let x = s.Ranked(s.Type(), Any, 0, 3)
    let stretched = x.Shape.ToList() |> List.map (fun d -> if d = 1 then s.Next(0, 3) else d)
    Expr.Make(Node.Broadcast(Shape.ofList (s.Dims(0, 4 - stretched.Length) @ stretched), x))

let private reshape (s: Source) =
    let x = s.Operand(s.Type(), Any)
    let n = x.Shape.Size
    let divisors = [ 1..n ] |> List.filter (fun d -> n % d = 0)

    let dims =
        if n = 0 then
            s.Pick [ [ 0 ]; [ 2; 0 ]; [ 0; 1; 3 ] ]
        else
            let d = s.Pick divisors
            s.Pick [ [ n ]; [ d; n / d ]; [ d; 1; n / d ]; [ 1; n; 1 ] ]

    Expr.Make(Node.Reshape(Shape.ofList dims, x))

let private transpose (s: Source) =
    let x = s.Ranked(s.Type(), Any, 2, 4)
    let order = Expr.allAxes x |> List.sortBy (fun _ -> s.Next(0, 1000))
    Expr.Make(Node.Transpose(order, x))

let private slice (s: Source) =
    let x = s.Ranked(s.Type(), Any, 1, 4)

    let cut d =
        let start = if s.Flip() then 0 else s.Next(0, d)
        { Start = start; Stop = (if s.Flip() then d else s.Next(start, d)); Step = s.Next(1, 2) }

    Expr.Make(Node.Slice(x.Shape.ToList() |> List.map cut, x))

let private pad (s: Source) =
    let x = s.Ranked(s.Number(), Any, 1, 3)

    let edge d =
        let between = s.Next(0, 1)
        let inner = d + max 0 (d - 1) * between
        let before = s.Next(-(min 2 inner), 2)
        { Before = before; After = s.Next(-(min 1 (inner + before)), 2); Between = between }

    let value =
        match s.Style with
        | Tame
        | Single -> 0.5
        | Wild when x.DType.IsFloat -> s.Pick [ 0.0; -0.0; nan; infinity; 1e-40; 7.0 ]
        | Wild -> float (s.Next(-2, 2))

    Expr.padWith (x.Shape.ToList() |> List.map edge) value x

let private concat (s: Source) =
    let x = s.Ranked(s.Type(), Any, 1, 4)
    let axis = s.Next(0, x.Shape.Rank - 1)

    let more =
        List.init (s.Next(1, 2)) (fun _ ->
            s.Exactly(x.DType, Any, List.updateAt axis (s.Extent()) (x.Shape.ToList())))

    Expr.concat axis (x :: more)

let private reverse (s: Source) =
    let x = s.Ranked(s.Type(), Any, 1, 4)
    Expr.reverse (someOf s (Expr.allAxes x)) x

let private gather (s: Source) =
    let x = s.Ranked(s.Type(), Any, 1, 3)
    let axis = s.Next(0, x.Shape.Rank - 1)
    Expr.gather axis (s.Indices(x.Shape[axis], s.Dims(0, 2))) x

let private scatterAdd (s: Source) =
    let indices = s.Indices(s.Next(1, 3), s.Dims(0, 2))
    let before, after = s.Dims(0, 1), s.Dims(0, 1)
    let updates = s.Exactly(s.Number(), Any, before @ indices.Shape.ToList() @ after)
    Expr.scatterAdd before.Length (s.Next(3, 4)) indices updates

let private key (s: Source) = s.Exactly(DType.I32, Any, [ 2 ])

let private randomBits (s: Source) = Expr.randomBits (s.Next(0, 2)) (s.Dims(0, 2)) (key s)

/// A loop with a carry, a counter, a sequence and something from around it.
let private scan reversed (s: Source) =
    let dtype = s.Float()
    let length, width = s.Extent(), s.Extent()
    let xs = s.Exactly(dtype, Any, [ length; width ])
    let h = s.Exactly(dtype, Any, [ width ])
    let w = s.Exactly(dtype, Small, [ width ])
    let form = s.Next(0, 2)

    let body (carries: Expr list) (slices: Expr list) =
        let h, n, x = carries[0], carries[1], slices[0]

        let next =
            match form with
            | 0 -> tanh (h * w + x)
            | 1 -> sin h * Expr.sum [ 0 ] (w * x) + Expr.cast dtype n * x
            | _ -> Expr.where (x .> h) (0.5 * h) (x * w)

        [ next; n + 1.0 ], [ h * x; n; Expr.sum [ 0 ] next ]

    let finals, stacked = Scan.many reversed length [ h; Expr.scalar DType.I32 0.0 ] [ xs ] body
    let results = finals @ stacked

    match s.Style with
    | Tame
    | Single -> List.item (s.Pick [ 0; 2; 4 ]) results
    | Wild -> s.Pick results

let private custom (s: Source) =
    let x = s.Operand(s.Float(), Any)
    let y = s.Exactly(x.DType, Small, x.Shape.ToList())

    Scan.custom
        "x·sin y"
        (fun xs -> xs[0] * sin xs[1])
        (fun xs dz -> [ dz * sin xs[1]; dz * xs[0] * cos xs[1] ])
        [ x; y ]

let private elementwise =
    [
        for op in unaryOps -> Node.unaryName op, unary op
        for op in binaryOps -> Node.binaryName op, binary op
        for op in compareOps -> Node.compareName op, compare op
        for op in reduceOps -> Node.reduceName op, reduce op
        for op in argOps -> (if op = ArgOp.Max then "argmax" else "argmin"), argReduce op
    ]

/// Every primitive by the name that its nodes print, with a maker of such a node.
let all: (string * (Source -> Expr)) list =
    elementwise
    @ [
        "where", where
        "cast", cast
        "cumsum", cumSum
        "argsort", argSort
        "softmax", overAxis (fun s -> s.Float()) Expr.softmax
        "logsumexp", overAxis (fun s -> s.Float()) Expr.logSumExp
        "matmul", matmul
        "broadcast", broadcast
        "reshape", reshape
        "transpose", transpose
        "slice", slice
        "pad", pad
        "concat", concat
        "reverse", reverse
        "gather", gather
        "scatter_add", scatterAdd
        "random_bits", randomBits
        "scan", scan false
        "scan, reversed", scan true
        "stop_gradient", (fun s -> Expr.stopGradient (s.Operand(s.Type(), Any)))
        "custom", custom
    ]
    @ WindowPrimitives.all
