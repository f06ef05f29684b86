namespace DL1.Compiler.Lowering

open System.Collections.Generic
open DL1
open DL1.Pattern

/// Replaces nodes by definitions in terms of others, and rewrites whole graphs where two nodes can share a computation.
[<RequireQualifiedAccess>]
module internal Decompose =
    /// Puts the reduced axis back into `y`, with extent 1, and broadcasts `y` along it to the shape of `x`.
    let private spread axis (x: Expr) (y: Expr) =
        let kept = Shape.withAxis axis 1 x.Shape
        Expr.broadcastTo (x.Shape.ToList()) (Expr.reshape (kept.ToList()) y)

    /// softmax x = exp(x − max x) / Σ exp(x − max x)
    let softmax (e: Expr) =
        match e.Node with
        | Node.Softmax(axis, x) when x.Shape[axis] > 0 ->
            let exps = exp (x - spread axis x (Reduce.finiteMax axis x))
            Some(exps / spread axis x (Expr.sum [ axis ] exps))
        | _ -> None

    /// Whether y is x − finiteMax x along the axis, for some x. Then the maximum of y is 0, infinite or NaN, and `logSumExp`
    /// need not subtract it.
    let private isLessMax axis (y: Expr) =
        match y.Node with
        | Node.Binary(BinaryOp.Sub, x, _) when axis < x.Shape.Rank && x.Shape = y.Shape ->
            y.Digest = (x - spread axis x (Reduce.finiteMax axis x)).Digest
        | _ -> false

    /// log Σ exp x = max x + log Σ exp(x − max x)
    let logSumExp (e: Expr) =
        match e.Node with
        | Node.LogSumExp(axis, y) when isLessMax axis y -> Some(log (Expr.sum [ axis ] (exp y)))
        | Node.LogSumExp(axis, x) when x.Shape[axis] > 0 ->
            let shift = Reduce.finiteMax axis x
            Some(shift + log (Expr.sum [ axis ] (exp (x - spread axis x shift))))
        | _ -> None

    /// A function with a derivative of its own becomes its value: no derivative is taken after lowering.
    let custom (e: Expr) =
        match e.Node with
        | Node.Custom(rule, xs) -> Rebuild.substitute (List.zip rule.Inputs xs) [ rule.Value ] |> List.tryHead
        | _ -> None

    /// stopGradient x becomes x: no derivative is taken after lowering.
    let stopped (e: Expr) =
        match e.Node with
        | Node.StopGradient x -> Some x
        | _ -> None

    /// n·2⁻³² < p, by which `Draw.bernoulli` compares random words n, becomes n < ⌈p·2³²⌉ in whole numbers; 2³¹ is subtracted on
    /// both sides, as words are i32.
    let chance (e: Expr) =
        match e.Node with
        | Node.Compare(CompareOp.Lt,
                       (Div(words, Number 4294967296.0) | Mul(words, Number 2.3283064365386963e-10)),
                       Number p) ->
            match words with
            | Add(Form(Node.Cast(DType.F64, bits)), Number 2147483648.0) when bits.DType = DType.I32 ->
                let bound = ceil (p * 4294967296.0) - 2147483648.0

                if p > 0.0 && bound <= 2147483647.0 then
                    Some(Expr.compare CompareOp.Lt bits (Expr.full DType.I32 (bits.Shape.ToList()) bound))
                else
                    None
            | _ -> None
        | _ -> None

    // 2²⁴: f32 holds every integer of smaller magnitude exactly, and rounds no other integer to one of those.
    let private wholeSingles = 16777216.0

    /// Applies `change` to the value beneath at most `fuel` views; `again` derives the result for a view from its operand's.
    let rec private throughViews fuel (change: Expr -> 'a) (again: Expr -> 'a -> 'a) (e: Expr) : 'a =
        match e.Node with
        | Node.Broadcast(_, x)
        | Node.Reshape(_, x)
        | Node.Transpose(_, x) when fuel > 0 -> again e (throughViews (fuel - 1) change again x)
        | _ -> change e

    /// Compares i64 with constants below 2²⁴ (such as labels with classes) exactly in f32, since no fused loop holds i64.
    let labels (e: Expr) =
        let isSmall (x: Expr) =
            match x.Node with
            | Node.Constant t when t.Size <= 65536 ->
                Tensor.toFloats t |> Array.forall (fun v -> abs v < wholeSingles)
            | _ -> false

        let isConstant = throughViews 4 isSmall (fun _ inner -> inner)

        let single (x: Expr) =
            match x.Node with
            | Node.Constant t -> Expr.constant (Tensor.cast DType.F32 t)
            | _ -> Expr.cast DType.F32 x

        let asSingle =
            throughViews 4 single (fun view inner -> Expr.Make(Node.map (fun _ -> inner) view.Node))

        match e.Node with
        | Node.Compare(op, x, y) when x.DType = DType.I64 && (isConstant x || isConstant y) ->
            Some(Expr.compare op (asSingle x) (asSingle y))
        | _ -> None

    /// The operands of all nodes with the unary operation `op`.
    let private operandsOf op (roots: Expr list) =
        [
            for e in Graph.topological roots do
                match e.Node with
                | Node.Unary(other, x) when other = op -> x
                | _ -> ()
        ]

    /// x > 0 becomes relu x > 0, which is equal, where the graph computes relu x: then x need not be stored for the comparison.
    let masksFromRelu (roots: Expr list) =
        let isRelu = operandsOf UnaryOp.Relu roots |> Seq.map _.Digest |> HashSet

        let change become (e: Expr) =
            match e.Node with
            | Node.Compare(CompareOp.Gt, x, (Number 0.0 as zero)) when isRelu.Contains x.Digest ->
                Some(Expr.compare CompareOp.Gt (Expr.relu (become x)) (become zero))
            | _ -> None

        if isRelu.Count = 0 then roots else Rebuild.where change roots

    /// A sigmoid and its derivative need the sigmoids of x and of −x. Both come from one exponential t = exp(−|x|): where x ≥ 0,
    /// they are 1/(1 + t) and t/(1 + t); elsewhere, these two exchanged.
    let pairsOfSigmoids (roots: Expr list) =
        let operands = operandsOf UnaryOp.Sigmoid roots
        let isOperand = operands |> Seq.map _.Digest |> HashSet

        // Each x such that the graph has the sigmoids of both x and −x.
        let pairs =
            operands
            |> List.choose (function
                | Neg x when isOperand.Contains x.Digest -> Some x
                | _ -> None)
            |> Seq.map _.Digest
            |> HashSet

        let half (x: Expr) isUpper =
            let t = exp (-(abs x))
            let upper = 1.0 / (1.0 + t)
            let first, second = if isUpper then upper, t * upper else t * upper, upper
            Expr.where (x .>= 0.0) first second

        let change become (e: Expr) =
            match e.Node with
            | Node.Unary(UnaryOp.Sigmoid, x) when pairs.Contains x.Digest -> Some(half (become x) true)
            | Node.Unary(UnaryOp.Sigmoid, Neg x) when pairs.Contains x.Digest -> Some(half (become x) false)
            | _ -> None

        if pairs.Count = 0 then roots else Rebuild.where change roots
