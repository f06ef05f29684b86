namespace DL1

/// Training on all rows at once by a method that searches lines: for small models and data, to a minimum that is exact.
[<RequireQualifiedAccess>]
module FullBatch =
    /// Minimises the loss of all rows, with the learner's penalty, over the parameters that are trained: the trained model and
    /// the descent. The optimizer of the learner is not used. Layers run as in training, with the same draws at each evaluation; their
    /// state is that of the last parameters. Data that are not finite, and labels that are no class, are a `DomainError`.
    /// `FullBatch.lbfgs { LbfgsSearch.options with Iterations = 20 } (Key.ofSeed 1L) learner data`
    let lbfgs (options: LbfgsOptions) (key: Key) (learner: Learner) (data: Dataset) : Trained * LbfgsResult =
        let operation = "FullBatch.lbfgs"
        let sets = [ "", data ]
        FitChecks.rows operation (Batches.ofSize (max 1 data.Count)) data
        Learner.admits learner operation sets
        let start = Step.startOn learner key data

        Admit.labels
            operation
            learner.Network
            learner.Objective
            (start.Parameters, start.State)
            data.Count
            sets

        FitChecks.batches (Batches.ofSize data.Count) 1 learner start data |> ignore
        let ps, ss = Trace.tree "parameters" start.Parameters, Trace.tree "state" start.State
        let inputs = Trace.setOf ValueNone Erased.inputs data.NamedInputs
        let targets = Trace.setOf ValueNone Erased.targets data.NamedTargets
        let draws = Expr.constant (Key.toTensor (Key.fold 2 key))
        let struct (_, layers, loss) = Step.forward learner ps ss draws inputs targets

        let loss =
            match learner.Penalty with
            | Some penalty -> loss + penalty ps
            | None -> loss

        // Asked once: a function of the caller's need not answer the same again.
        let own = Tree.filter learner.Trains start.Parameters
        let trained = Tree.filter own.Contains ps

        let variables trees =
            trees |> List.collect Tree.values |> List.collect (fun e -> Graph.variables [ e ])

        let given = Tree.values start.State @ Tree.values data.NamedInputs @ Tree.values data.NamedTargets
        let order = variables [ ps; ss; inputs; targets ]
        let run = Compile.prepare order (loss :: Grad.grad loss (Tree.values trained))
        let whole (own: Tree<Tensor>) = Tree.replace start.Parameters own

        let evaluate (own: Tree<Tensor>) =
            let results = run (Tree.values (whole own) @ given)
            struct (Tensor.toFloat results.Head, Tree.ofValues results.Tail own)

        let found = LbfgsSearch.ofRun options evaluate own
        let parameters = whole found.Parameters

        let state =
            Tree.ofValues
                (Compile.prepare order (Tree.values layers) (Tree.values parameters @ given))
                start.State

        Trained(learner.Network, parameters, state, Some(Trace.setOf (ValueSome 1) "input" data.NamedInputs)),
        { found with Parameters = parameters }
