namespace DL1

open System.Collections.Generic

/// Training in place. Batches of another shape, such as the last of an epoch, have a session of their own; the sessions
/// hand the state on. The bits are those of `Step.prepare`, unless batches are cut into shards. One thread at a time.
[<Sealed>]
type Trainer
    internal
    (
        learner: Learner,
        start: TrainState,
        watches: bool,
        tells: (int -> Tree<Expr> -> Tree<Expr> -> Expr list) option,
        rates: string list,
        scale: (Expr -> Schedule -> Schedule) option,
        shards: int,
        ranks: Ranks
    ) =
    do
        if shards < 1 then
            Refuse.domain "Shards" $"%d{shards} shards" "1 or more" "1 trains each batch as a whole"

    /// Over shards, where there are several: then this does all that is asked here.
    let sharded =
        if shards = 1 && ranks.Size = 1 then
            ValueNone
        else
            ValueSome(
                ShardedTrainer(learner, start, watches, tells, rates, scale, shards, ranks, Bucket.UsualBytes)
            )

    let sessions = Dictionary<string, struct (Transition * Session)>()
    let mutable current: struct (Transition * Session) voption = ValueNone
    let mutable steps = start.Steps

    let trained = Tree.filter learner.Trains start.Parameters

    let shapeOf (batch: Dataset) =
        let each (tree: Tree<Tensor>) =
            Tree.toList tree
            |> List.map (fun (path, t) -> $"{path} {t.DType} {t.Shape}")
            |> String.concat ", "

        $"{each batch.NamedInputs}; {each batch.NamedTargets}"

    /// What the rates are changed by, in the state of the sessions where there is a scale.
    let mutable factor = 1.0

    let withFactor (tree: Tree<Tensor>) =
        match scale with
        | Some _ -> Tree.append tree (Tree.ofList [ Step.factor, Tensor.scalar factor ])
        | None -> tree

    let state () =
        match current with
        | ValueNone -> start
        | ValueSome(struct (transition, session)) -> Step.ofTree steps (transition.StateOf session)

    /// The session for a batch, which holds the state from here on.
    let switchTo (batch: Dataset) : Session =
        let shape = shapeOf batch

        match sessions.TryGetValue shape with
        | true, (struct (_, session) as known) ->
            match current with
            | ValueSome(struct (_, now)) when not (obj.ReferenceEquals(now, session)) ->
                session.Load now.State
            | ValueSome _
            | ValueNone -> ()

            current <- ValueSome known
            session
        | false, _ ->
            let now = state ()
            let transition = Step.transitionWith watches (not rates.IsEmpty) scale tells learner now batch
            let session = transition.Start(withFactor (Step.toTree now))
            sessions[shape] <- struct (transition, session)
            current <- ValueSome(struct (transition, session))
            session

    /// The values of a step's inputs, in one array for all steps of the same names.
    let mutable given: Tensor[] = [||]

    /// What the last batch looked like: most look like the one before.
    let mutable last: Dataset voption = ValueNone

    let isLike (a: Dataset) (b: Dataset) =
        let each (a: Tree<Tensor>) (b: Tree<Tensor>) =
            let a, b = a.Leaves, b.Leaves
            let mutable isSame = a.Length = b.Length
            let mutable i = 0

            while isSame && i < a.Length do
                let (nameA, x), (nameB, y) = a[i], b[i]
                isSame <- nameA = nameB && x.Shape = y.Shape && x.DType = y.DType
                i <- i + 1

            isSame

        each a.NamedInputs b.NamedInputs && each a.NamedTargets b.NamedTargets

    let sessionFor (batch: Dataset) : Session =
        match last, current with
        | ValueSome before, ValueSome(struct (_, session)) when isLike before batch -> session
        | _ ->
            let session = switchTo batch
            last <- ValueSome batch
            session

    /// The rows of the last batch.
    let mutable rows = 0

    let step (batch: Dataset) : float =
        let started = Telemetry.beginStep ()
        let session = sessionFor batch
        let xs, ts = batch.NamedInputs.Leaves, batch.NamedTargets.Leaves

        if given.Length <> xs.Length + ts.Length then
            given <- Array.create (xs.Length + ts.Length) (snd xs[0])

        for i in 0 .. xs.Length - 1 do
            given[i] <- snd xs[i]

        for i in 0 .. ts.Length - 1 do
            given[xs.Length + i] <- snd ts[i]

        session.Step given
        steps <- steps + 1L
        rows <- batch.Count
        let loss = session.Scalar 0
        Telemetry.endStep started
        Telemetry.stepLoss loss
        Telemetry.stepRows rows

        if watches && Telemetry.listensToGradients () then
            let mutable squares = 0.0

            for i in 1 .. trained.Count do
                let norm = session.Scalar i
                squares <- squares + norm * norm

            Telemetry.gradients (sqrt squares)

        loss

    /// A trainer of a learner that begins with a state; whether it watches gradients.
    new(learner: Learner, start: TrainState, watches: bool) =
        Trainer(learner, start, watches, None, [], None, 1, Ranks.alone)

    /// A trainer that cuts each batch into so many shards, which the ranks share out, as `FitOptions.Shards` and
    /// `FitOptions.Ranks` do. All ranks give each step the same whole batch. Shards that the ranks cannot share are a
    /// `DomainError`. `Trainer(learner, start, false, 8, ranks)`
    new(learner: Learner, start: TrainState, watches: bool, shards: int, ranks: Ranks) =
        Trainer(learner, start, watches, None, [], None, shards, ranks)

    /// A trainer that tells more of each step than its loss.
    internal new
        (
            learner: Learner,
            start: TrainState,
            watches: bool,
            tells: (int -> Tree<Expr> -> Tree<Expr> -> Expr list) option
        ) =
        Trainer(learner, start, watches, tells, [], None, 1, Ranks.alone)

    /// What was asked of the last step beside the loss, with the rows that it was asked of: the batch's, or those of each
    /// shard.
    member internal _.Told: struct (int * Tensor list) list =
        match sharded, current with
        | ValueSome sharded, _ -> sharded.Told
        | ValueNone, ValueNone -> []
        | ValueNone, ValueSome(struct (_, session)) ->
            let first = 1 + (if watches then trained.Count else 0)
            let penalty = if tells.IsSome && learner.Penalty.IsSome then 1 else 0
            let last = session.Outputs - 1 - rates.Length - penalty
            [ struct (rows, [ for i in first..last -> session.Output i ]) ]

    /// The penalty of the last step, where something was asked of it beside the loss.
    member internal _.Penalty: float =
        match sharded, current with
        | ValueSome sharded, _ -> sharded.Penalty
        | ValueNone, ValueSome(struct (_, session)) when tells.IsSome && learner.Penalty.IsSome ->
            session.Scalar(session.Outputs - 1 - rates.Length)
        | ValueNone, _ -> 0.0

    /// The learning rates of the last step, by their names.
    member internal _.Rates: Tree<float> =
        match sharded, current with
        | ValueSome sharded, _ -> sharded.Rates
        | ValueNone, ValueNone -> Tree.empty
        | ValueNone, ValueSome(struct (_, session)) ->
            let first = session.Outputs - rates.Length
            Tree.ofList (rates |> List.mapi (fun i name -> name, session.Scalar(first + i)))

    /// What the rates of the next steps are changed by.
    member internal _.Factor
        with get () = factor
        and set (value: float) =
            if value <> factor then
                factor <- value
                sharded |> ValueOption.iter (fun sharded -> sharded.Factor <- value)

                match current with
                | ValueSome(struct (transition, session)) ->
                    let now = Tree.filter (fun path -> path <> Step.factor) (transition.StateOf session)
                    session.Load(transition.Ordered(withFactor now))
                | ValueNone -> ()

    /// Makes one step on a batch, and gives its loss. The batch's numbers are not looked at: a NaN, or a label that is no
    /// class, makes the loss NaN.
    member _.Step(batch: Dataset) : float =
        match sharded with
        | ValueSome sharded -> sharded.Step batch
        | ValueNone -> step batch

    /// Makes one step on this rank's rows of a batch of so many rows in all; whether this rank asks for the end.
    member internal _.StepPart(part: Dataset, whole: int, cancels: bool) : float =
        match sharded with
        | ValueSome sharded -> sharded.StepPart(part, whole, cancels)
        | ValueNone -> step part

    /// The rows of this rank in a batch of so many: the first, and behind the last.
    member internal _.Own(whole: int) : struct (int * int) =
        match sharded with
        | ValueSome sharded -> sharded.Own whole
        | ValueNone -> struct (0, whole)

    /// Whether a rank asked for the end in the last step; of one rank alone it is not known here.
    member internal _.IsCancelled = sharded |> ValueOption.exists _.IsCancelled

    /// The digest of the graphs of a step on batches like this one, of so many rows in all.
    member internal _.Digest(part: Dataset, whole: int) : Digest =
        match sharded with
        | ValueSome sharded -> sharded.Digest(part, whole)
        | ValueNone -> Digest.Mixer().Finish()

    /// The norms of the last step's gradients, by the paths of the parameters that are trained; 0 before the first step.
    /// Gradients that are not watched are a `DomainError`.
    member _.GradientNorms: Tree<float> =
        if not watches then
            Refuse.domain
                "Trainer.GradientNorms"
                "gradients that are not watched"
                "a trainer that watches them"
                "ask for it when it is made"

        match sharded, current with
        | ValueSome sharded, _ -> sharded.GradientNorms
        | ValueNone, ValueNone -> Tree.map (fun _ -> 0.0) trained
        | ValueNone, ValueSome(struct (_, session)) ->
            Tree.ofValues [ for i in 1 .. trained.Count -> session.Scalar i ] trained

    /// The steps made.
    member _.Steps =
        match sharded with
        | ValueSome sharded -> sharded.Steps
        | ValueNone -> steps

    /// The state now: a snapshot that no later step changes.
    member _.State =
        match sharded with
        | ValueSome sharded -> sharded.State
        | ValueNone -> state ()
