namespace DL1

open System.Collections.Generic

/// Reverse mode over matrices: what comes back to each operand of a node, as a term.
[<RequireQualifiedAccess>]
module internal MatrixReverse =
    let private isNamed t =
        match t with
        | MatrixTerm.Leaf leaf -> leaf.IsName
        | _ -> false

    /// The derivative of an elementwise function, written in its argument x or its value y; `None` if it has none.
    let private slope op (x: MatrixTerm) (y: MatrixTerm) : MatrixTerm option =
        let struct (m, n) = MatrixTerm.shape x
        let ones = MatrixTerm.Ones(m, n)
        let apply op x = MatrixProduct.apply (MatrixFunction.Of op) x
        let number v = MatrixProduct.scaled (Ratio.ofNumber v)
        let square = MatrixProduct.power 2.0
        let inverse = MatrixProduct.power -1.0

        match op with
        | UnaryOp.Neg -> Some(MatrixProduct.negate ones)
        | UnaryOp.Abs -> Some(apply UnaryOp.Sign x)
        | UnaryOp.Exp -> Some y
        | UnaryOp.Expm1 -> Some(apply UnaryOp.Exp x)
        | UnaryOp.Log -> Some(inverse x)
        | UnaryOp.Log1p -> Some(inverse (MatrixSum.add ones x))
        | UnaryOp.Sqrt -> Some(MatrixProduct.divided 2.0 (inverse y))
        | UnaryOp.Rsqrt -> Some(number -0.5 (MatrixProduct.power -1.5 x))
        | UnaryOp.Reciprocal -> Some(MatrixProduct.negate (MatrixProduct.power -2.0 x))
        | UnaryOp.Sin -> Some(apply UnaryOp.Cos x)
        | UnaryOp.Cos -> Some(MatrixProduct.negate (apply UnaryOp.Sin x))
        | UnaryOp.Tan -> Some(MatrixSum.add ones (square y))
        | UnaryOp.Asin -> Some(MatrixProduct.power -0.5 (MatrixSum.subtract ones (square x)))
        | UnaryOp.Acos ->
            Some(MatrixProduct.negate (MatrixProduct.power -0.5 (MatrixSum.subtract ones (square x))))
        | UnaryOp.Atan -> Some(inverse (MatrixSum.add ones (square x)))
        | UnaryOp.Sinh -> Some(apply UnaryOp.Cosh x)
        | UnaryOp.Cosh -> Some(apply UnaryOp.Sinh x)
        | UnaryOp.Sigmoid when isNamed y && not (isNamed x) ->
            Some(MatrixProduct.hadamard y (MatrixSum.subtract ones y))
        | UnaryOp.Tanh when isNamed y && not (isNamed x) -> Some(MatrixSum.subtract ones (square y))
        // A relu is positive where its argument is.
        | UnaryOp.Relu when isNamed y && not (isNamed x) ->
            Some(MatrixProduct.apply (MatrixFunction.Slope op) y)
        | UnaryOp.Sigmoid
        | UnaryOp.Tanh
        | UnaryOp.Relu -> Some(MatrixProduct.apply (MatrixFunction.Slope op) x)
        | UnaryOp.Softplus -> Some(apply UnaryOp.Sigmoid x)
        | UnaryOp.Erf ->
            Some(number (2.0 / sqrt System.Math.PI) (apply UnaryOp.Exp (MatrixProduct.negate (square x))))
        | UnaryOp.Sign
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round
        | UnaryOp.Not -> None

    /// Truth values as a matrix of 0 and 1. Labels compared with all classes have a 1 in each row.
    let private indicator (c: MatrixContext) dtype (condition: Expr) =
        let e = Expr.cast dtype condition

        match condition.Node with
        | Node.Compare(CompareOp.Eq, _, classes) when condition.Shape.Rank = 2 ->
            match classes.Node with
            | Node.Broadcast(_, x) when x = Expr.arange x.DType condition.Shape[1] ->
                c.Stochastic.Add e.Digest |> ignore
            | _ -> ()
        | _ -> ()

        match MatrixRead.term c e with
        | ValueSome(MatrixTerm.Leaf leaf) when not leaf.IsName ->
            ValueSome(MatrixTerm.Leaf { leaf with Text = $"[{condition}]"; IsName = false })
        | t -> t

    /// What comes back to each operand; `Error` says why it cannot be written.
    let private operands
        (c: MatrixContext)
        (e: Expr)
        (dy: MatrixTerm)
        : (Expr * Result<MatrixTerm, string>) list =
        let read (x: Expr) = MatrixRead.term c x

        let (|Read|_|) (x: Expr) =
            match read x with
            | ValueSome t -> Some t
            | ValueNone -> None

        let times, hadamard = MatrixProduct.times, MatrixSum.elementwise
        let turned, ones = MatrixProduct.transpose, fun m n -> MatrixTerm.Ones(m, n)

        let refused =
            let why =
                $"the derivative of {Node.name e.Node} of {Operand.texts (Node.operands e.Node)} has no form with matrices"

            Node.operands e.Node |> List.map (fun x -> x, Error why)

        /// Of a stretched value: what its copies add up to.
        let back (x: Expr) (t: MatrixTerm) =
            let struct (m, n) = MatrixTerm.shape dy
            let struct (rows, columns) = MatrixTerm.shape t

            match rows, columns, x.Shape.Rank with
            | 1, 1, _ -> MatrixSum.total dy
            | k, 1, 1 when e.Shape.Rank = 2 && k = n -> times (turned dy) (ones m 1)
            | 1, k, _ when k = n && m > 1 -> times (ones 1 m) dy
            | k, 1, _ when k = m && n > 1 -> times dy (ones n 1)
            | _ -> dy

        match e with
        | MatrixRead.TraceOf x ->
            let struct (n, _) = MatrixRead.extents x |> ValueOption.defaultValue (struct (1, 1))

            if x.Shape[0] = x.Shape[1] then
                [ x, Ok(times dy (MatrixTerm.Identity n)) ]
            else
                refused
        | MatrixRead.Guarded x -> [ x, Ok dy ]
        | MatrixRead.NormOf(Read t as x) ->
            [ x, Ok(times (times dy (MatrixProduct.power -1.0 (MatrixTerm.Norm t))) t) ]
        | _ ->
            match e.Node, read e with
            | Node.Unary(op, (Read t as x)), ValueSome y ->
                match slope op t y with
                | Some d -> [ x, Ok(hadamard dy d) ]
                | None -> []
            | Node.Binary(BinaryOp.Add, a, b), _ -> [ a, Ok dy; b, Ok dy ]
            | Node.Binary(BinaryOp.Sub, a, b), _ -> [ a, Ok dy; b, Ok(MatrixProduct.negate dy) ]
            | Node.Binary(BinaryOp.Mul, (Read s as a), (Read t as b)), _ ->
                [ a, Ok(hadamard dy t); b, Ok(hadamard dy s) ]
            | Node.Binary(BinaryOp.Div, (Read s as a), (Read t as b)), _ ->
                match Local.number b with
                | Some n when n <> 0.0 && System.Double.IsFinite n -> [ a, Ok(MatrixProduct.divided n dy) ]
                | _ ->
                    [
                        a, Ok(hadamard dy (MatrixProduct.power -1.0 t))
                        b, Ok(MatrixProduct.negate (hadamard dy (hadamard s (MatrixProduct.power -2.0 t))))
                    ]
            | Node.Binary(BinaryOp.Pow, (Read s as a), b), _ ->
                match Local.number b with
                | Some n ->
                    [
                        a,
                        Ok(
                            MatrixProduct.scaled
                                (Ratio.ofNumber n)
                                (hadamard dy (MatrixProduct.power (n - 1.0) s))
                        )
                    ]
                | None -> refused
            | Node.Select(condition, a, b), _ ->
                match indicator c e.DType condition, indicator c e.DType (Expr.not' condition) with
                | ValueSome holds, ValueSome fails -> [ a, Ok(hadamard dy holds); b, Ok(hadamard dy fails) ]
                | _ -> refused
            | Node.Cast(_, x), _ -> if x.DType.IsFloat then [ x, Ok dy ] else []
            | Node.Reduce(ReduceOp.Sum, axes, (Read t as x)), _ ->
                let struct (m, n) = MatrixTerm.shape t

                match axes, x.Shape.Rank with
                | _, rank when axes.Length = rank -> [ x, Ok(times dy (ones m n)) ]
                | [ 0 ], _ -> [ x, Ok(times (ones m 1) (turned dy)) ]
                | _ -> [ x, Ok(times dy (ones 1 n)) ]
            | Node.Softmax(axis, (Read t as x)), ValueSome y ->
                let struct (m, n) = MatrixTerm.shape t
                let weighed = hadamard y dy

                let mean =
                    if x.Shape.Rank = 2 && axis = 1 then
                        hadamard y (times (times weighed (ones n 1)) (ones 1 n))
                    elif n = 1 then
                        times (MatrixSum.total weighed) y
                    else
                        hadamard y (times (ones m 1) (times (ones 1 m) weighed))

                [ x, Ok(MatrixSum.subtract weighed mean) ]
            | Node.LogSumExp(axis, (Read t as x)), _ ->
                let struct (m, n) = MatrixTerm.shape t

                match read (Expr.softmax axis x) with
                | ValueNone -> refused
                | ValueSome p ->
                    if x.Shape.Rank = 2 && axis = 1 then [ x, Ok(hadamard p (times dy (ones 1 n))) ]
                    elif x.Shape.Rank = 1 then [ x, Ok(times dy p) ]
                    else [ x, Ok(hadamard p (times (ones m 1) (turned dy))) ]
            | Node.MatMul((Read s as a), (Read t as b)), _ when e.Shape.Rank = 2 ->
                [ a, Ok(times dy (turned t)); b, Ok(times (turned s) dy) ]
            | Node.Broadcast(_, (Read t as x)), _ -> [ x, Ok(back x t) ]
            | Node.Reshape(_, x), _ ->
                match MatrixRead.reshaping x e with
                | ValueSome MatrixRead.Reshaping.Same -> [ x, Ok dy ]
                | ValueSome MatrixRead.Reshaping.Turned -> [ x, Ok(turned dy) ]
                | ValueNone -> refused
            | Node.Transpose([ 1; 0 ], x), _ -> [ x, Ok(turned dy) ]
            | Node.Transpose([ 0; 1 ], x), _
            | Node.Transpose([ 0 ], x), _ -> [ x, Ok dy ]
            | Node.StopGradient _, _ -> []
            | Node.Custom(rule, [ (Read t as a) ]), ValueSome y when a.Shape.Rank = 2 ->
                let inverse = turned (MatrixTerm.Inverse t)

                match rule.Name with
                | "inverse" -> [ a, Ok(MatrixProduct.negate (times (times (turned y) dy) (turned y))) ]
                | "det" -> [ a, Ok(times (times dy y) inverse) ]
                | "logDet" -> [ a, Ok(times dy inverse) ]
                | _ -> refused
            | Node.Custom(rule, [ (Read s as a); b ]), ValueSome y when
                rule.Name = "solve" && e.Shape.Rank = 2
                ->
                let byB = times (turned (MatrixTerm.Inverse s)) dy
                [ a, Ok(MatrixProduct.negate (times byB (turned y))); b, Ok byB ]
            | _ -> refused

    /// The adjoints of values, in the order in which they are reached from the loss: a term, or why there is none. Where
    /// `named` gives a leaf for a value, what comes before it is written with that leaf in place of its adjoint.
    let adjoints
        (c: MatrixContext)
        (loss: Expr)
        (wrt: Expr list)
        (named: Expr -> MatrixTerm option)
        : (Expr * Result<MatrixTerm, string>) list =
        let order = Graph.topological [ loss ]
        let targets = HashSet<Digest>(wrt |> Seq.map _.Digest)
        let depends = HashSet<Digest>()

        for e in order do
            if
                e.DType.IsFloat
                && (targets.Contains e.Digest
                    || Node.operands e.Node |> List.exists (fun x -> depends.Contains x.Digest))
            then
                depends.Add e.Digest |> ignore

        let received = Dictionary<Digest, Result<MatrixTerm, string> list>()

        let receive (e: Expr) d =
            if depends.Contains e.Digest then
                match received.TryGetValue e.Digest with
                | true, others -> received[e.Digest] <- d :: others
                | false, _ -> received[e.Digest] <- [ d ]

        receive loss (Ok(MatrixTerm.Ones(1, 1)))

        [
            for e in Array.rev order do
                match received.TryGetValue e.Digest with
                | false, _ -> ()
                | true, all ->
                    let adjoint =
                        match
                            all
                            |> List.tryPick (function
                                | Error why -> Some why
                                | Ok _ -> None)
                        with
                        | Some why -> Error why
                        | None ->
                            all
                            |> List.choose (function
                                | Ok t -> Some t
                                | Error _ -> None)
                            |> MatrixSum.sum
                            |> Ok

                    e, adjoint

                    let onwards =
                        match adjoint, named e with
                        | Ok _, Some leaf -> Ok leaf
                        | _ -> adjoint

                    match onwards with
                    | Ok dy ->
                        for x, d in operands c e dy do
                            receive x d
                    | Error why ->
                        for x in Node.operands e.Node do
                            receive x (Error why)
        ]
