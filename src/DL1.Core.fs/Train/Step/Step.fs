namespace DL1

/// Steps of training: forward, loss, gradients, update, layer state and key as one graph.
[<RequireQualifiedAccess>]
module Step =
    let internal parameters, internal layers, internal optimizer, internal key =
        "parameters", "state", "optimizer", "key"

    let private optimizerStart (learner: Learner) (parameters: Tree<Tensor>) =
        Optimizer.start learner.Optimizer (Tree.filter learner.Trains parameters)

    /// The first state, with given parameters and layer state: for fine-tuning. The key is for what training draws.
    /// `Step.startFrom learner (Key.ofSeed 1L) parameters state`
    let startFrom
        (learner: Learner)
        (key: Key)
        (parameters: Tree<Tensor>)
        (state: Tree<Tensor>)
        : TrainState =
        Learner.requireTrained learner parameters

        {
            Parameters = parameters
            State = state
            Optimizer = optimizerStart learner parameters
            Key = key
            Steps = 0L
        }

    let private drawn (learner: Learner) (key: Key) (inputs: Tree<Tensor>) =
        let xs = Trace.setOf ValueNone Erased.inputs inputs

        InputType.explained [ learner.DType ] xs (fun () ->
            Layer.initAs learner.DType (Key.fold 0 key) xs learner.Network)

    let private startLike (learner: Learner) (key: Key) (inputs: Tree<Tensor>) : TrainState =
        let parameters, state = drawn learner key inputs

        let parameters, state =
            match learner.Begins with
            | None -> parameters, state
            | Some found ->
                let loaded = Weights.take parameters state found
                loaded.Parameters, loaded.State

        startFrom learner (Key.fold 2 key) parameters state

    /// The first state: parameters drawn with a key, for inputs like these, `[batch; ...]`, of which only type and shape
    /// matter. `Step.start learner (Key.ofSeed 1L) data.Inputs`
    let start (learner: Learner) (key: Key) (inputs: Tensor) : TrainState =
        startLike learner key (Tree.ofList [ Erased.inputs, inputs ])

    let private exampleOf (data: Dataset) : Tree<Tensor> =
        if data.Count = 0 then
            data.NamedInputs
        else
            (Dataset.truncate 1 data).NamedInputs

    /// `start` for inputs like those of a data set, one or several. `Step.startOn learner (Key.ofSeed 1L) data`
    let startOn (learner: Learner) (key: Key) (data: Dataset) : TrainState =
        startLike learner key (exampleOf data)

    /// What a learner that begins with given weights takes of them for inputs like those of a data set: which paths are taken,
    /// missing, left and unfit. A learner that begins with none is a `DomainError`.
    /// `Step.taken (Learner.startingWith known.Parameters learner) data`
    let taken (learner: Learner) (data: Dataset) : LoadedWeights =
        match learner.Begins with
        | Some found ->
            let parameters, state = drawn learner (Key.ofSeed 0L) (exampleOf data)
            Weights.take parameters state found
        | None ->
            Refuse.domain
                "Step.taken"
                "a learner that begins with parameters drawn at random"
                "one that begins with given weights"
                "say which weights it is to begin with"

    /// The state as one tree.
    let internal toTree (s: TrainState) : Tree<Tensor> =
        [
            Tree.under parameters s.Parameters
            Tree.under layers s.State
            Tree.under optimizer s.Optimizer
            Tree.ofList [ key, Key.toTensor s.Key ]
        ]
        |> List.reduce Tree.append

    let internal ofTree steps (tree: Tree<Tensor>) : TrainState =
        {
            Parameters = Tree.at parameters tree
            State = Tree.at layers tree
            Optimizer = Tree.at optimizer tree
            Key = Key.ofTensor tree[key]
            Steps = steps
        }

    /// The outputs of the model in training, the next layer state, and the loss without a penalty.
    let internal forward (learner: Learner) ps layers key inputs targets =
        let forward = StepParts.forward learner ps layers key inputs targets
        struct (forward.Outputs, forward.Layers, forward.Data)

    /// The name of what rates are multiplied by, in the state of a step that scales them.
    let internal factor = "factor"

    /// The graph for batches of one shape. Its outputs are the loss and, where gradients are watched, their norms, in
    /// the order of the parameters that are trained; then what `tells` makes of targets and outputs, and, where there is
    /// a penalty, the penalty.
    ///
    /// With `rates`, the learning rates follow at the end. With `scale`, the state has a factor that the rates are changed by.
    let internal transitionWith
        watches
        rates
        (scale: (Expr -> Schedule -> Schedule) option)
        (tells: (int -> Tree<Expr> -> Tree<Expr> -> Expr list) option)
        (learner: Learner)
        (state: TrainState)
        (batch: Dataset)
        : Transition =
        Learner.requireTrained learner state.Parameters

        let advance (tree: Tree<Expr>) (given: Expr list) =
            let ps = Tree.at parameters tree

            let by =
                match scale with
                | Some scale -> learner.Optimizer.MapRate(scale tree[factor])
                | None -> learner.Optimizer

            let keys = Draw.split 2 tree[key]
            let xs, ts = List.splitAt batch.NamedInputs.Count given
            let inputs, targets = Tree.ofValues xs batch.NamedInputs, Tree.ofValues ts batch.NamedTargets

            let rows = batch.Count

            let forward =
                StepParts.forward learner ps (Tree.at layers tree) (Expr.item 0 1 keys) inputs targets

            let penalty = learner.Penalty |> Option.map (fun penalty -> penalty ps)

            let penalized (data: Expr) =
                match penalty with
                | Some penalty -> data + penalty
                | None -> data

            let slots = Tree.at optimizer tree
            let struct (objective, weight) = StepParts.objective learner by rows forward
            let gradients = StepParts.gradients learner ps (penalized objective)
            let moved, nextOptimizer = StepParts.update learner by weight gradients slots ps

            let next =
                [
                    Tree.under parameters (Tree.replace ps moved)
                    Tree.under layers forward.Layers
                    Tree.under optimizer nextOptimizer
                    Tree.ofList [ key, Expr.item 0 0 keys ]
                    (if scale.IsSome then Tree.ofList [ factor, tree[factor] ] else Tree.empty)
                ]
                |> List.reduce Tree.append

            let norms = if watches then StepParts.norms gradients else []

            let told =
                match tells with
                | Some tells ->
                    forward.Over(fun targets -> tells rows targets forward.Outputs) @ Option.toList penalty
                | None -> []

            next,
            penalized forward.Data :: norms @ told @ (if rates then by.Rates slots |> List.map snd else [])

        let named kind tree = Tree.toList tree |> List.map (fun (path, t) -> Trace.nameOf kind path, t)

        let first = toTree state

        Transition.named
            advance
            (if scale.IsSome then
                 Tree.append first (Tree.ofList [ factor, Tensor.scalar 1.0 ])
             else
                 first)
            (named Erased.inputs batch.NamedInputs @ named Erased.targets batch.NamedTargets)

    /// `transitionWith` rates as they are.
    let internal transition watches tells learner state batch =
        transitionWith watches false None tells learner state batch

    /// A step for batches like this one: a function from a state and a batch to the next state and the loss, which leaves
    /// what it is given as it is. A batch of another type or shape is a `ShapeError`.
    /// `let step = Step.prepare learner state batch` then `let next, loss = step state batch`
    let prepare
        (learner: Learner)
        (state: TrainState)
        (batch: Dataset)
        : TrainState -> Dataset -> TrainState * float =
        let transition = transition false None learner state batch
        let like = batch

        fun state batch ->
            let ordered like given = Tree.values (Tree.map2 (fun (_: Tensor) t -> t) like given)

            let given =
                ordered like.NamedInputs batch.NamedInputs @ ordered like.NamedTargets batch.NamedTargets

            let next, outputs = transition.Run(toTree state, given)
            ofTree (state.Steps + 1L) next, Tensor.toFloat outputs.Head

    /// A state as a checkpoint, and back by `Step.ofCheckpoint`. `Checkpoint.write path (Step.toCheckpoint state)`
    let toCheckpoint (s: TrainState) : Checkpoint =
        {
            Parameters = s.Parameters
            State = s.State
            Optimizer = s.Optimizer
            Key = s.Key
            Step = s.Steps
            Extra = Tree.empty
            Notes = Map.empty
        }

    /// The state that a checkpoint holds. `Step.ofCheckpoint (Checkpoint.read path)`
    let ofCheckpoint (c: Checkpoint) : TrainState =
        {
            Parameters = c.Parameters
            State = c.State
            Optimizer = c.Optimizer
            Key = c.Key
            Steps = c.Step
        }
