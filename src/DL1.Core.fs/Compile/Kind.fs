namespace DL1

open System.Collections.Generic

/// What a node is to the compiler.
[<RequireQualifiedAccess>]
type internal Kind =
    /// In memory before anything runs.
    | Leaf
    /// Memory seen in another order.
    | Look
    | Elementwise
    | Fold of ReduceOp * axes: int list
    /// A product of matrices of floats, which a pass may follow.
    | Product
    /// A kernel of its own.
    | Other

/// Sorts nodes by what a fused kernel can do with them.
[<RequireQualifiedAccess>]
module internal Kind =
    /// The float type of a pass over values of these types: `Error` where there is none, or more than one.
    let private floatOf (types: DType list) : Result<DType option, unit> =
        if List.contains DType.I64 types then
            Error()
        else
            match types |> List.filter (fun t -> t.IsFloat) |> List.distinct with
            | [] -> Ok None
            | [ one ] -> Ok(Some one)
            | _ -> Error()

    let private types (e: Expr) = e.DType :: (Node.operands e.Node |> List.map _.DType)

    /// The float type that a node's values have in a pass, if any.
    let float (e: Expr) : DType option =
        match floatOf (types e) with
        | Ok t -> t
        | Error() -> None

    let private fits (e: Expr) =
        match floatOf (types e) with
        | Ok _ -> e.Shape.Size > 0
        | Error() -> false

    /// A number that is the same everywhere.
    let isNumber (e: Expr) = Option.isSome (Local.number e)

    let of' (e: Expr) : Kind =
        match e.Node with
        | Node.Variable _
        | Node.Constant _ -> Kind.Leaf
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.Cast _ -> if fits e then Kind.Elementwise else Kind.Other
        | Node.Reduce(op, axes, x) ->
            if x.DType.IsFloat && x.Shape.Size > 0 then
                Kind.Fold(op, axes)
            else
                Kind.Other
        | Node.MatMul _ -> if e.DType.IsFloat && e.Shape.Size > 0 then Kind.Product else Kind.Other
        | Node.Broadcast _
        | Node.Reshape _
        | Node.Transpose _
        | Node.Slice _ -> Kind.Look
        | Node.ArgReduce _
        | Node.CumSum _
        | Node.Softmax _
        | Node.LogSumExp _
        | Node.Pad _
        | Node.Concat _
        | Node.Reverse _
        | Node.Gather _
        | Node.ScatterAdd _
        | Node.Conv _
        | Node.MaxPool _
        | Node.MaxPoolPick _
        | Node.MaxPoolScatter _
        | Node.AvgPool _
        | Node.AvgPoolGrad _
        | Node.RandomBits _
        | Node.Scan _
        | Node.StopGradient _
        | Node.Custom _ -> Kind.Other

    /// Whether an elementwise node costs less than a trip to memory.
    let isCheap (e: Expr) =
        match e.Node with
        | Node.Unary(op, _) ->
            match op with
            | UnaryOp.Neg
            | UnaryOp.Abs
            | UnaryOp.Sign
            | UnaryOp.Relu
            | UnaryOp.Not
            | UnaryOp.Floor
            | UnaryOp.Ceiling
            | UnaryOp.Round
            | UnaryOp.Reciprocal -> true
            | UnaryOp.Exp
            | UnaryOp.Expm1
            | UnaryOp.Log
            | UnaryOp.Log1p
            | UnaryOp.Sqrt
            | UnaryOp.Rsqrt
            | UnaryOp.Sin
            | UnaryOp.Cos
            | UnaryOp.Tan
            | UnaryOp.Asin
            | UnaryOp.Acos
            | UnaryOp.Atan
            | UnaryOp.Sinh
            | UnaryOp.Cosh
            | UnaryOp.Tanh
            | UnaryOp.Sigmoid
            | UnaryOp.Softplus
            | UnaryOp.Erf -> false
        | Node.Binary(op, _, _) -> op <> BinaryOp.Pow
        | Node.Compare _
        | Node.Select _
        | Node.Cast _ -> true
        | _ -> false

    /// Values that are drawn again wherever they are used, and never stored: random words, and what little is made of
    /// nothing but them and numbers, such as the mask of a dropout.
    let fleeting (order: Expr[]) : HashSet<Digest> =
        let found = HashSet<Digest>()

        for e in order do
            let isOne =
                match e.Node with
                | Node.RandomBits _ -> e.Shape.Size > 0
                | _ ->
                    of' e = Kind.Elementwise
                    && isCheap e
                    && Node.operands e.Node |> List.exists (fun o -> found.Contains o.Digest)
                    && Node.operands e.Node |> List.forall (fun o -> found.Contains o.Digest || isNumber o)

            if isOne then
                found.Add e.Digest |> ignore

        found
