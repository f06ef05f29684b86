namespace DL1

/// The model applied to a batch in training.
[<NoEquality; NoComparison>]
type internal ForwardPass =
    {
        Targets: Tree<Expr>
        Outputs: Tree<Expr>
        /// The next state of the layers.
        Layers: Tree<Expr>
        /// The loss without a penalty.
        Data: Expr
        /// The values of a function of targets: as they are, or where batches are mixed, of both targets of each row.
        Over: (Tree<Expr> -> Expr list) -> Expr list
    }

/// A loss as a share of the loss of more rows.
[<NoEquality; NoComparison>]
type internal LossShare =
    {
        /// The loss whose gradient counts.
        Data: Expr
        /// What the loss was divided by, f64 `[]`: rows or weights.
        Weight: Expr
        /// Whether gradients add up, so that nothing is divided.
        IsSum: bool
    }

/// The parts of a step of training: gradients of a loss, and what the optimizer makes of gradients. A step is their
/// composition; over shards the first part runs for each shard, and the second once, on the sums.
[<RequireQualifiedAccess>]
module internal StepParts =
    /// Runs the model and the loss.
    let forward
        (learner: Learner)
        (ps: Tree<Expr>)
        (layers: Tree<Expr>)
        key
        (inputs: Tree<Expr>)
        (targets: Tree<Expr>)
        : ForwardPass =
        let applied key inputs =
            InputType.explained (Tree.values ps |> List.map _.DType) inputs (fun () ->
                Layer.apply (Mode.Training key) ps layers learner.Network inputs)

        let outputs, next, over =
            match learner.Mixup with
            | None ->
                let outputs, next = applied key inputs
                outputs, next, (fun (give: Tree<Expr> -> Expr list) -> give targets)
            | Some alpha ->
                let keys = Draw.split 2 key
                let share = (Mixing alpha).Share(Expr.item 0 0 keys)
                let outputs, next = applied (Expr.item 0 1 keys) (Mixing.Inputs(share, inputs))
                outputs, next, (fun give -> Mixing.Over(share, targets, give))

        let losses = over (fun targets -> [ LossSums.requireScalar (learner.Objective targets outputs) ])

        { Targets = targets; Outputs = outputs; Layers = next; Data = losses.Head; Over = over }

    /// How the loss of so many rows counts beside that of other rows. With calls, it is gathered by an optimizer, once in
    /// so many batches; 0 calls where groups of parameters gather different numbers.
    let share
        (operation: string)
        (learner: Learner)
        (calls: int voption)
        (rows: int)
        (forward: ForwardPass)
        : LossShare =
        let refuse (reason: string) cure =
            Refuse.domain
                operation
                $"a loss whose gradient over several batches does not follow from theirs: {reason}"
                "a sum over rows, or one that is divided by the rows or by one sum of weights"
                cure

        let data = forward.Data

        match LossSums.share learner.Objective rows forward.Targets forward.Outputs with
        | BatchShare.Rows -> { Data = data; Weight = Expr.scalar DType.F64 (float rows); IsSum = false }
        | BatchShare.Weight _ when learner.Mixup.IsSome ->
            refuse
                "batches are mixed, and it is divided by a sum of weights"
                "leave the weights or the mixing out, or train in whole batches"
        | BatchShare.Weight weight ->
            {
                Data = data
                Weight = Expr.reshape [] (weight forward.Targets forward.Outputs)
                IsSum = false
            }
        | BatchShare.Sum ->
            let data =
                match calls with
                | ValueNone -> data
                | ValueSome 0 ->
                    refuse
                        "it is a sum, and groups of parameters gather different numbers of batches"
                        "gather the same number in each group, or take the mean in the place of the sum"
                // Each batch stands for a sum as large as that of all of them, so that a penalty counts once.
                | ValueSome calls -> float calls * data

            { Data = data; Weight = Expr.scalar DType.F64 1.0; IsSum = true }
        | BatchShare.Uneven reason ->
            refuse reason "train in whole batches, or write the loss as one weighted mean"

    /// The loss of a whole batch whose gradient an optimizer is given, without a penalty, and its weight where batches are
    /// gathered.
    let objective
        (learner: Learner)
        (by: Optimizer)
        (rows: int)
        (forward: ForwardPass)
        : struct (Expr * Expr voption) =
        match by.Accumulation with
        | None -> struct (forward.Data, ValueNone)
        | Some gathers ->
            let share = share "Wrap.accumulate" learner (ValueSome gathers.Calls) rows forward
            struct (share.Data, ValueSome share.Weight)

    /// The gradients of a loss by the parameters that are trained.
    let gradients (learner: Learner) (ps: Tree<Expr>) (loss: Expr) : Tree<Expr> =
        let trained = Tree.filter learner.Trains ps
        Tree.ofValues (Grad.grad loss (Tree.values trained)) trained

    /// The trained parameters and the optimizer's state after an update by gradients; with the weight of the batch where
    /// batches are gathered.
    let update
        (learner: Learner)
        (by: Optimizer)
        (weight: Expr voption)
        (gradients: Tree<Expr>)
        (slots: Tree<Expr>)
        (ps: Tree<Expr>)
        : Tree<Expr> * Tree<Expr> =
        let trained = Tree.filter learner.Trains ps

        match by.Accumulation, weight with
        | Some gathers, ValueSome weight -> gathers.Update weight gradients slots trained
        | _ -> by.Update gradients slots trained

    /// The norm of each gradient.
    let norms (gradients: Tree<Expr>) : Expr list =
        Tree.values gradients |> List.map (fun g -> Reduce.norm (Expr.allAxes g) g)
