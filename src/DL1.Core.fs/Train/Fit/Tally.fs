namespace DL1

/// What is asked of each step of an epoch, so that the value of a loss over the epoch's rows can be told at its end.
[<NoEquality; NoComparison>]
type internal Tally =
    {
        /// How many tensors a step gives for it.
        Count: int
        /// The tensors, from how many rows, their targets and outputs.
        OfPart: int -> Tree<Expr> -> Tree<Expr> -> Expr list
        /// The value, from the rows and the tensors of each step.
        Finish: struct (int * Tensor list) list -> float
    }

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Tally =
    /// The sums of a loss, of which the last function makes the loss.
    let ofSums (sums: LossSums) : Tally =
        let finish = LossSums.finish sums

        {
            Count = sums.Sums.Length
            OfPart = sums.OfPart
            Finish = List.map (fun (struct (_, told)) -> told) >> LossSums.combine sums >> finish
        }

    /// The mean of the batches' losses, weighed by their rows.
    let ofMeans (loss: Tree<Expr> -> Tree<Expr> -> Expr) : Tally =
        {
            Count = 1
            OfPart = fun _ targets outputs -> [ LossSums.requireScalar (loss targets outputs) ]
            Finish =
                fun steps ->
                    let mutable sum, rows = 0.0, 0

                    for struct (count, told) in steps do
                        sum <- sum + float count * Tensor.toFloat told.Head
                        rows <- rows + count

                    sum / float rows
        }

    /// The sums of a loss for which the mean of the batches' losses would not be the loss of the epoch's rows, from the targets
    /// and outputs of one batch; nothing where that mean is right, or nothing better is known.
    let sumsOf
        (options: BatchOptions)
        (loss: Tree<Expr> -> Tree<Expr> -> Expr)
        (count: int)
        (targets: Tree<Expr>)
        (outputs: Tree<Expr>)
        : Tally option =
        let rows = (Tree.values targets).Head.Shape[0]

        if
            Tree.values outputs
            |> List.exists (fun output -> output.Shape.Rank = 0 || output.Shape[0] % rows <> 0)
        then
            None
        else
            match LossSums.share loss rows targets outputs with
            | BatchShare.Rows -> None
            | BatchShare.Sum
            | BatchShare.Weight _
            | BatchShare.Uneven _ ->
                let all = if options.DropLast then count / rows * rows else count

                let over (tree: Tree<Expr>) =
                    tree
                    |> Tree.mapPath (fun path e ->
                        let shape = Shape.withAxis 0 (e.Shape[0] / rows * all) e.Shape
                        Expr.variable path e.DType (shape.ToList()))

                match LossSums.split loss all (over targets) (over outputs) with
                | Ok sums when not sums.Sums.IsEmpty -> Some(ofSums sums)
                | Ok _
                | Error _ -> None
