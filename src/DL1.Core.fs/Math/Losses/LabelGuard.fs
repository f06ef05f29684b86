namespace DL1

/// Where the loss of a label is a number.
[<NoEquality; NoComparison>]
type internal LabelGuard =
    {
        /// The labels, i32 or i64: as many as `IsLegal` has elements.
        Labels: Expr
        /// How many classes there are: labels are from 0 to one below.
        Classes: int
        /// Whether each label is a class, or the one that is ignored.
        IsLegal: Expr
    }

/// Labels that are no classes. Their loss is NaN, for any number would hide the mistake; and the graph of a loss tells
/// which labels it takes, so that data can be looked at before they are learnt from.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal LabelGuard =
    /// Above this number of classes the row of a label is gathered; below, labels are compared with all classes, which
    /// becomes part of the pass that computes the logarithms.
    let fewClasses = 4096

    /// For each label and class, whether they are the same: `[...; classes]`.
    let isLabel (classes: int) (labels: Expr) : Expr =
        Expr.equal (Expr.expandDims -1 labels) (Expr.arange labels.DType classes)

    /// The losses of labels, NaN where a label is neither from 0 to classes − 1 nor the one that is ignored.
    let apply (classes: int) (ignored: int option) (labels: Expr) (losses: Expr) : Expr =
        let isClass =
            if classes <= fewClasses then
                Expr.sum [ -1 ] (Expr.cast losses.DType (isLabel classes labels)) .> 0.0
            else
                Expr.both (labels .>= 0.0) (labels .< float classes)

        let isLegal =
            match ignored with
            | None -> isClass
            | Some label -> Expr.either isClass (Expr.equal labels (lit (float label)))

        // A term that is added has no part in the derivative.
        losses + Expr.where isLegal (Expr.scalar losses.DType 0.0) (Expr.scalar losses.DType nan)

    /// A number, or the same number everywhere.
    let rec (|Number|_|) (e: Expr) =
        match e.Node with
        | Node.Constant t when t.Size = 1 -> Some(Tensor.toFloat t)
        | Node.Broadcast(_, x) -> (|Number|_|) x
        | _ -> None

    /// Labels compared with all classes, as they were before they were stretched for it.
    let private (|Compared|_|) (e: Expr) =
        match e.Node with
        | Node.Reduce(ReduceOp.Sum, _, isLabel) ->
            match isLabel.Node with
            | Node.Cast(_, isLabel) ->
                match isLabel.Node with
                | Node.Compare(CompareOp.Eq, labels, _) ->
                    match labels.Node with
                    | Node.Broadcast(_, labels) -> Some(labels, isLabel.Shape[isLabel.Shape.Rank - 1])
                    | _ -> Some(labels, isLabel.Shape[isLabel.Shape.Rank - 1])
                | _ -> None
            | _ -> None
        | _ -> None

    let private (|IsClass|_|) (e: Expr) =
        match e.Node with
        | Node.Compare(CompareOp.Gt, Compared(labels, classes), Number 0.0) -> Some(labels, classes)
        | Node.Binary(BinaryOp.And, above, below) ->
            match above.Node, below.Node with
            | Node.Compare(CompareOp.Ge, labels, Number 0.0), Node.Compare(CompareOp.Lt, _, Number classes) ->
                Some(labels, int classes)
            | _ -> None
        | _ -> None

    let private (|IsLegal|_|) (e: Expr) =
        match e with
        | IsClass found -> Some found
        | _ ->
            match e.Node with
            | Node.Binary(BinaryOp.Or, IsClass found, _) -> Some found
            | _ -> None

    /// What `apply` put into a graph.
    let find (loss: Expr) : LabelGuard list =
        Graph.topological [ loss ]
        |> Seq.choose (fun e ->
            match e.Node with
            | Node.Select(IsLegal(labels, classes) as isLegal, Number 0.0, Number n) when
                System.Double.IsNaN n
                ->
                Some { Labels = labels; Classes = classes; IsLegal = isLegal }
            | _ -> None)
        |> List.ofSeq
