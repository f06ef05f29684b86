namespace DL1

open System
open System.Collections.Generic

/// How sums over parts of the rows become the sum over all.
[<RequireQualifiedAccess; Struct>]
type internal Combine =
    | Add
    | Multiply
    | Largest
    | Smallest
    | LogAddExp

/// A sum over rows in a loss.
[<NoEquality; NoComparison>]
type internal RowSum = { Node: Expr; Combine: Combine; Stands: Variable }

/// A loss in two stages: sums over rows, of which parts of the rows give their shares, and what is made of the whole sums.
/// A mean is a sum and a division; the mean of the means of parts would weigh the parts alike, whatever they hold.
[<NoEquality; NoComparison>]
type internal LossSums =
    {
        Sums: RowSum list
        /// The sums of a part: from how many rows, their targets and outputs.
        OfPart: int -> Tree<Expr> -> Tree<Expr> -> Expr list
        /// The loss of all rows, over the variables that stand for the whole sums.
        Finish: Expr
    }

/// How much the gradient of one batch counts beside those of others that are accumulated with it.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal BatchShare =
    /// The loss is a sum: gradients add up.
    | Sum
    /// The loss is divided by a number that grows with the rows.
    | Rows
    /// The loss is divided by a sum of weights, such as those of labels, which is computed from targets and outputs.
    | Weight of (Tree<Expr> -> Tree<Expr> -> Expr)
    /// The gradient of many batches does not follow from those of each.
    | Uneven of reason: string

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal LossSums =
    let private targets, private outputs = "loss targets", "loss outputs"

    /// Variables for a set of tensors like these, one alone by the name of its kind.
    let private variables (kind: string) (like: Tree<Expr>) : Tree<Variable> =
        like
        |> Tree.mapPath (fun path e ->
            {
                Name = (if like.Count = 1 then kind else $"{kind} {path}")
                DType = e.DType
                Shape = e.Shape
            })

    let private isOf (kind: string) (v: Variable) =
        v.Name = kind || v.Name.StartsWith($"{kind} ", StringComparison.Ordinal)

    /// Refuses a loss that is not one number.
    let requireScalar (loss: Expr) : Expr =
        if loss.Shape.Size <> 1 || not loss.DType.IsFloat then
            Refuse.shape
                "the loss"
                $"a loss of {loss.DType} {loss.Shape}"
                "one number of f32 or f64, for all rows"
                "take the mean or the sum: leave the reduction out, or reduce the losses of the elements"

        loss

    let private opened (e: Expr) : Expr =
        match e.Node with
        | Node.Custom(rule, xs) -> List.head (Rebuild.substitute (List.zip rule.Inputs xs) [ rule.Value ])
        | _ -> e

    let private combineOf (e: Expr) : Combine =
        match e.Node with
        | Node.Reduce(ReduceOp.Prod, _, _) -> Combine.Multiply
        | Node.Reduce(ReduceOp.Max, _, _) -> Combine.Largest
        | Node.Reduce(ReduceOp.Min, _, _) -> Combine.Smallest
        | Node.LogSumExp _ -> Combine.LogAddExp
        | _ -> Combine.Add

    /// The loss of targets and outputs like these, for a given number of rows, in two stages; a reason where it has another form.
    let split
        (loss: Tree<Expr> -> Tree<Expr> -> Expr)
        (rows: int)
        (targetsLike: Tree<Expr>)
        (outputsLike: Tree<Expr>)
        : Result<LossSums, string> =
        let ts, os = variables targets targetsLike, variables outputs outputsLike

        let isRows (v: Variable) =
            if isOf targets v || isOf outputs v then
                Some(OverRows.Along(0, v.Shape[0] / rows))
            else
                None

        let root =
            loss (Tree.map Expr.ofVariable ts) (Tree.map Expr.ofVariable os)
            |> requireScalar
            |> List.singleton
            |> Rebuild.bottomUp opened
            |> List.head

        let isWhole (v: Variable) = v.Shape.Rank > 0 && v.Shape[0] % rows = 0

        if rows < 1 || not (List.forall isWhole (Tree.values ts @ Tree.values os)) then
            let places (vs: Tree<Variable>) =
                Tree.values vs
                |> List.map (fun v -> if v.Shape.Rank = 0 then 1 else v.Shape[0])
                |> List.map string
                |> String.concat ", "

            Error $"{places os} outputs and {places ts} targets of %d{rows} rows"
        else
            let states = RowWise.states rows isRows root

            match states[root.Digest] with
            | OverRows.Along _
            | OverRows.Mixed ->
                let text =
                    match RowWise.firstMixed states root with
                    | Some e -> Node.calledAs e.Node
                    | None -> "a single row"

                Error $"{text}, which needs all rows at once"
            | OverRows.Free
            | OverRows.Whole ->
                let sums =
                    Graph.topological [ root ]
                    |> Array.filter (fun e ->
                        states[e.Digest] = OverRows.Whole
                        && Node.operands e.Node
                           |> List.exists (fun x ->
                               match states[x.Digest] with
                               | OverRows.Along _ -> true
                               | _ -> false))
                    |> Array.mapi (fun i e ->
                        {
                            Node = e
                            Combine = combineOf e
                            Stands = { Name = $"sum %d{i}"; DType = e.DType; Shape = e.Shape }
                        })
                    |> List.ofArray

                let table = Dictionary<Digest, Expr>()

                for sum in sums do
                    table[sum.Node.Digest] <- Expr.ofVariable sum.Stands

                let ofPart part (target: Tree<Expr>) (output: Tree<Expr>) =
                    let values =
                        Tree.values (Tree.map2 (fun (v: Variable) e -> v.Name, e) ts target)
                        @ Tree.values (Tree.map2 (fun (v: Variable) e -> v.Name, e) os output)
                        |> dict

                    let variable (v: Variable) =
                        let given = values[v.Name]
                        let due = Shape.withAxis 0 (part * (v.Shape[0] / rows)) v.Shape

                        if given.Shape <> due || given.DType <> v.DType then
                            Refuse.shape
                                "the loss"
                                $"{given.DType} {given.Shape} for %d{part} rows"
                                $"{v.DType} {due}"
                                "give every row of a data set the same type and shape"

                        given

                    RowWise.fewer states part variable (sums |> List.map _.Node)

                Ok { Sums = sums; OfPart = ofPart; Finish = List.head (Rebuild.fromTop table [ root ]) }

    let rec private inPairs (add: 'a -> 'a -> 'a) (parts: 'a list) : 'a =
        match parts with
        | [ one ] -> one
        | _ ->
            parts
            |> List.chunkBySize 2
            |> List.map (function
                | [ a; b ] -> add a b
                | pair -> pair.Head)
            |> inPairs add

    let private logAddExp (a: float) (b: float) =
        let high = max a b

        if Double.IsInfinity high then
            high
        else
            high + log (exp (a - high) + exp (b - high))

    /// The sums over all rows from those of the parts, in double precision, added in pairs.
    let combine (sums: LossSums) (parts: Tensor list list) : Tensor list =
        let add (sum: RowSum) =
            match sum.Combine with
            | Combine.Add -> (+)
            | Combine.Multiply -> (*)
            | Combine.Largest -> fun (a: float) (b: float) -> Math.Max(a, b)
            | Combine.Smallest -> fun (a: float) (b: float) -> Math.Min(a, b)
            | Combine.LogAddExp -> logAddExp

        sums.Sums
        |> List.mapi (fun i sum ->
            parts
            |> List.map (fun part -> Tensor.toFloats part[i])
            |> inPairs (Array.map2 (add sum))
            |> Tensor.ofArray (sum.Node.Shape.ToList())
            |> Tensor.cast sum.Node.DType)

    /// A function from the whole sums to the loss.
    let finish (sums: LossSums) : Tensor list -> float =
        let run = Compile.prepare (sums.Sums |> List.map _.Stands) [ sums.Finish ]
        fun values -> Tensor.toFloat (run values).Head

    /// What a step of the second stage is to a gradient, as far as it is a number.
    [<RequireQualifiedAccess>]
    type private Stage =
        | Number of float
        /// A sum over rows that no gradient goes through, or such a sum held above a number.
        | Weight of int
        /// Anything else that no gradient goes through.
        | Fixed
        /// Σ factor·sum, over a weight where there is one.
        | Terms of (float * int option) list
        | Other of string

    /// Whether a gradient by the outputs goes through a node.
    let private varies (root: Expr) =
        root
        |> List.singleton
        |> Graph.fold (fun e (operands: bool list) ->
            match e.Node with
            | Node.Variable v -> isOf outputs v
            | Node.StopGradient _
            | Node.Compare _
            | Node.ArgReduce _
            | Node.ArgSort _ -> false
            | Node.Cast(dtype, _) when not dtype.IsFloat -> false
            | _ -> List.contains true operands)

    /// The second stage as a sum of terms, each a sum over rows times a factor, over a weight or not.
    let private terms (sums: LossSums) : Result<(float * int option) list, string> =
        let weighs = sums.Sums |> List.map (fun s -> not (varies s.Node).[s.Node.Digest]) |> Array.ofList

        let scaled factor terms = terms |> List.map (fun (f, w) -> factor * f, w)
        let other e = Stage.Other(Node.calledAs (e: Expr).Node)

        let isFixed stage =
            match stage with
            | Stage.Number _
            | Stage.Weight _
            | Stage.Fixed -> true
            | _ -> false

        let stage (e: Expr) (operands: Stage list) : Stage =
            match e.Node, operands with
            | _, operands when
                operands
                |> List.exists (function
                    | Stage.Other _ -> true
                    | _ -> false)
                ->
                operands
                |> List.find (function
                    | Stage.Other _ -> true
                    | _ -> false)
            | Node.Variable v, _ ->
                match sums.Sums |> List.tryFindIndex (fun s -> s.Stands.Name = v.Name) with
                | Some i when weighs[i] ->
                    if e.Shape.Size = 1 && sums.Sums[i].Combine = Combine.Add then
                        Stage.Weight i
                    else
                        Stage.Fixed
                | Some i when sums.Sums[i].Combine = Combine.Add -> Stage.Terms [ 1.0, None ]
                | Some i -> Stage.Other(Node.calledAs sums.Sums[i].Node.Node)
                | None -> Stage.Fixed
            | Node.Constant t, _ when t.Size = 1 -> Stage.Number(Tensor.toFloat t)
            | Node.Cast _, [ x ]
            | Node.Reshape _, [ x ]
            | Node.Broadcast _, [ x ] -> x
            | Node.Reduce(ReduceOp.Sum, _, x), [ Stage.Terms ts ] when x.Shape.Size >= 1 -> Stage.Terms ts
            | Node.Unary(UnaryOp.Neg, _), [ Stage.Terms ts ] -> Stage.Terms(scaled -1.0 ts)
            | Node.Unary(UnaryOp.Neg, _), [ Stage.Number n ] -> Stage.Number -n
            | Node.Binary(BinaryOp.Add, _, _), [ Stage.Terms a; Stage.Terms b ] -> Stage.Terms(a @ b)
            | Node.Binary(BinaryOp.Sub, _, _), [ Stage.Terms a; Stage.Terms b ] ->
                Stage.Terms(a @ scaled -1.0 b)
            | Node.Binary((BinaryOp.Add | BinaryOp.Sub), _, _), [ Stage.Terms ts; rest ] when isFixed rest ->
                Stage.Terms ts
            | Node.Binary(BinaryOp.Add, _, _), [ rest; Stage.Terms ts ] when isFixed rest -> Stage.Terms ts
            | Node.Binary(BinaryOp.Sub, _, _), [ rest; Stage.Terms ts ] when isFixed rest ->
                Stage.Terms(scaled -1.0 ts)
            | Node.Binary(BinaryOp.Mul, _, _), [ Stage.Terms ts; Stage.Number n ]
            | Node.Binary(BinaryOp.Mul, _, _), [ Stage.Number n; Stage.Terms ts ] -> Stage.Terms(scaled n ts)
            | Node.Binary(BinaryOp.Div, _, _), [ Stage.Terms ts; Stage.Number n ] ->
                Stage.Terms(scaled (1.0 / n) ts)
            | Node.Binary(BinaryOp.Div, _, _), [ Stage.Terms ts; Stage.Weight i ] when
                ts |> List.forall (fun (_, w) -> w.IsNone)
                ->
                Stage.Terms(ts |> List.map (fun (f, _) -> f, Some i))
            | Node.Binary(BinaryOp.Max, _, _), [ Stage.Weight i; Stage.Number _ ]
            | Node.Binary(BinaryOp.Max, _, _), [ Stage.Number _; Stage.Weight i ]
            | Node.Select _, [ _; Stage.Number 1.0; Stage.Weight i ] -> Stage.Weight i
            | Node.Binary(op, _, _), [ Stage.Number a; Stage.Number b ] ->
                match op with
                | BinaryOp.Add -> Stage.Number(a + b)
                | BinaryOp.Sub -> Stage.Number(a - b)
                | BinaryOp.Mul -> Stage.Number(a * b)
                | BinaryOp.Div -> Stage.Number(a / b)
                | _ -> Stage.Fixed
            | Node.StopGradient _, _
            | Node.Compare _, _ -> Stage.Fixed
            | _, operands when List.forall isFixed operands -> Stage.Fixed
            | _ -> other e

        match (Graph.fold stage [ sums.Finish ]).[sums.Finish.Digest] with
        | Stage.Terms ts -> Ok ts
        | Stage.Other name -> Error $"{name} of a sum over rows"
        | Stage.Number _
        | Stage.Weight _
        | Stage.Fixed -> Ok []

    /// The weight of a loss's gradient beside those of other batches, from the loss of `rows` rows and of twice as many: the
    /// comparison shows which numbers grow with the rows.
    let share
        (loss: Tree<Expr> -> Tree<Expr> -> Expr)
        (rows: int)
        (targetsLike: Tree<Expr>)
        (outputsLike: Tree<Expr>)
        : BatchShare =
        let at times =
            let many (like: Tree<Expr>) =
                like
                |> Tree.map (fun e ->
                    if e.Shape.Rank = 0 then
                        e
                    else
                        Expr.variable
                            "rows"
                            e.DType
                            ((Shape.withAxis 0 (times * e.Shape[0]) e.Shape).ToList()))

            split loss (times * rows) (many targetsLike) (many outputsLike)

        // A batch of one row would not tell its rows from axes of one place.
        let least = if rows = 1 then 2 else 1

        match at least, at (2 * least) with
        | Ok once, Ok twice ->
            match terms once, terms twice with
            | Ok a, Ok b when List.map snd a = List.map snd b ->
                let kinds =
                    List.zip a b
                    |> List.filter (fun ((f, _), (g, _)) -> f <> 0.0 || g <> 0.0)
                    |> List.map (fun ((f, w: int option), (g, _)) ->
                        let ratio: float = g / f

                        match w with
                        | Some i when abs (ratio - 1.0) < 1e-6 -> Choice1Of2(struct (0, i))
                        | None when abs (ratio - 1.0) < 1e-6 -> Choice1Of2(struct (1, 0))
                        | None when abs (ratio - 0.5) < 1e-6 -> Choice1Of2(struct (2, 0))
                        | _ -> Choice2Of2())
                    |> List.distinct

                match kinds with
                | []
                | [ Choice1Of2(struct (2, _)) ] -> BatchShare.Rows
                | [ Choice1Of2(struct (1, _)) ] -> BatchShare.Sum
                | [ Choice1Of2(struct (_, i)) ] ->
                    BatchShare.Weight(fun target output -> (once.OfPart rows target output)[i])
                | _ -> BatchShare.Uneven "its parts are divided by different numbers"
            | Error reason, _
            | _, Error reason -> BatchShare.Uneven $"it has {reason}"
            | Ok _, Ok _ -> BatchShare.Uneven "its form changes with the rows"
        | Error reason, _
        | _, Error reason -> BatchShare.Uneven $"it has {reason}"
