namespace DL1

/// What is to be learnt, and how: a model, a loss, an optimizer.
[<NoEquality; NoComparison>]
type Learner =
    {
        /// From inputs `[batch; ...]` to outputs.
        Model: Layer<Expr, Expr>
        /// A scalar from targets and outputs, such as the mean over the rows. What it sums over rows and what it divides by
        /// is read from its graph: evaluation and accumulation combine sums, not means.
        Loss: Expr -> Expr -> Expr
        /// How parameters follow their gradients.
        Optimizer: Optimizer
        /// What is added to the loss for the parameters' sake.
        Penalty: (Tree<Expr> -> Expr) option
        /// Which parameters are trained, by their paths; the others stay as they are.
        Trains: string -> bool
        /// What was asked to stay as it is: each holds for one path at least, or training refuses to begin.
        Freezes: (string -> bool) list
        /// The type of the parameters.
        DType: DType
    }

    /// The model and its optimizer: `Linear => ReLU => Linear by Adam, f32`.
    override this.ToString() = $"{this.Model} by {this.Optimizer}, {this.DType}"

/// All that changes in training.
[<NoComparison>]
type TrainState =
    {
        /// The parameters of the model.
        Parameters: Tree<Tensor>
        /// The state of its layers.
        State: Tree<Tensor>
        /// The state of the optimizer.
        Optimizer: Tree<Tensor>
        /// What the next step draws from.
        Key: Key
        /// The steps made.
        Steps: int64
    }

    /// How much there is of each part, and after how many steps.
    override this.ToString() =
        let size (tree: Tree<Tensor>) = Tree.values tree |> List.sumBy (fun t -> int64 t.Size)

        $"after %d{this.Steps} steps: %d{size this.Parameters} parameters, %d{size this.State} numbers of state, %d{size this.Optimizer} of the optimizer"

/// Learners: a model with its loss and its optimizer.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Learner =
    /// A learner of f32 that trains all parameters, without penalty.
    /// `Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.001)`
    let create (model: Layer<Expr, Expr>) (loss: Expr -> Expr -> Expr) (optimizer: Optimizer) : Learner =
        {
            Model = model
            Loss = loss
            Optimizer = optimizer
            Penalty = None
            Trains = fun _ -> true
            Freezes = []
            DType = DType.F32
        }

    /// The same learner with a penalty on its parameters. `Learner.penalized (Penalty.l2 1e-4 Penalty.weights) learner`
    let penalized (penalty: Tree<Expr> -> Expr) (learner: Learner) : Learner =
        { learner with Penalty = Some penalty }

    /// The same learner, but the parameters whose paths are named stay as they are: no gradient of theirs is computed. A
    /// predicate that holds for no path is a `DomainError` when training begins.
    /// `Learner.freeze (fun path -> path.StartsWith "encoder.") learner`
    let freeze (frozen: string -> bool) (learner: Learner) : Learner =
        { learner with
            Trains = fun path -> learner.Trains path && not (frozen path)
            Freezes = learner.Freezes @ [ frozen ]
        }

    /// Refuses names to be frozen that no parameter has, and parameters that are all frozen.
    let internal requireTrained (learner: Learner) (parameters: Tree<'a>) : unit =
        let names () =
            let shown = Tree.paths parameters |> List.truncate 20 |> String.concat ", "
            if parameters.Count > 20 then shown + ", ..." else shown

        if learner.Freezes |> List.exists (fun frozen -> (Tree.filter frozen parameters).Count = 0) then
            Refuse.domain
                "Learner.freeze"
                $"no parameter that is to be frozen, of: {names ()}"
                "one path at least for which the predicate holds"
                "check the names that are frozen against the paths of the parameters"

        if (Tree.filter learner.Trains parameters).Count = 0 then
            Refuse.domain
                "Step.start"
                $"no parameter that is trained, of: {names ()}"
                "one at least"
                "check the names that are frozen against the paths of the parameters"

    /// The same learner with parameters of another floating-point type. `Learner.typed DType.F64 learner`
    let typed (dtype: DType) (learner: Learner) : Learner = { learner with DType = dtype }

/// Steps of training: forward, loss, gradients, update, layer state and key as one graph.
[<RequireQualifiedAccess>]
module Step =
    let internal parameters, internal layers, internal optimizer, internal key =
        "parameters", "state", "optimizer", "key"

    let private example (name: string) (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())

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

    /// The first state: parameters drawn with a key, for inputs like these, `[batch; ...]`, of which only type and shape
    /// matter. `Step.start learner (Key.ofSeed 1L) data.Inputs`
    let start (learner: Learner) (key: Key) (inputs: Tensor) : TrainState =
        let x = example "inputs" inputs

        let parameters, state =
            InputType.explained [ learner.DType ] x (fun () ->
                Layer.initAs learner.DType (Key.fold 0 key) x learner.Model)

        startFrom learner (Key.fold 2 key) parameters state

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

    /// The output of the model in training, the next layer state, and the loss without a penalty.
    let internal forward
        (learner: Learner)
        (ps: Tree<Expr>)
        (layers: Tree<Expr>)
        key
        (x: Expr)
        (target: Expr)
        =
        let output, nextLayers =
            InputType.explained (Tree.values ps |> List.map _.DType) x (fun () ->
                Layer.apply (Mode.Training key) ps layers learner.Model x)

        struct (output, nextLayers, LossSums.requireScalar (learner.Loss target output))

    /// How the gradient of a batch counts among those that are accumulated.
    let private shareOf (learner: Learner) rows (target: Expr) (output: Expr) =
        LossSums.share learner.Loss rows (target.DType, target.Shape) (output.DType, output.Shape)

    /// What an optimizer that gathers several batches divides, and by which weight of this batch.
    let private accumulated
        (learner: Learner)
        (calls: int)
        rows
        (target: Expr)
        (output: Expr)
        (data: Expr)
        : struct (Expr * Expr) =
        let refuse (reason: string) cure =
            Refuse.domain
                "Wrap.accumulate"
                $"a loss whose gradient over several batches does not follow from theirs: {reason}"
                "a sum over rows, or one that is divided by the rows or by one sum of weights"
                cure

        match shareOf learner rows target output with
        | BatchShare.Rows -> data, Expr.scalar DType.F64 (float rows)
        | BatchShare.Weight weight -> data, Expr.reshape [] (weight target output)
        | BatchShare.Sum when calls = 0 ->
            refuse
                "it is a sum, and groups of parameters gather different numbers of batches"
                "gather the same number in each group, or take the mean in the place of the sum"
        // Each batch stands for a sum as large as that of all of them, so that a penalty counts once.
        | BatchShare.Sum -> float calls * data, Expr.scalar DType.F64 1.0
        | BatchShare.Uneven reason ->
            refuse reason "train in whole batches, or write the loss as one weighted mean"

    /// The graph for batches of one shape. Its outputs are the loss and, where gradients are watched, their norms, in
    /// the order of the parameters that are trained; then what `tells` makes of targets and outputs, and, where there is
    /// a penalty, the penalty.
    let internal transition
        watches
        (tells: (int -> Expr -> Expr -> Expr list) option)
        (learner: Learner)
        (state: TrainState)
        (batch: Dataset)
        : Transition =
        Learner.requireTrained learner state.Parameters

        let advance (tree: Tree<Expr>) (given: Expr list) =
            let ps = Tree.at parameters tree
            let keys = Draw.split 2 tree[key]

            let struct (output, nextLayers, data) =
                forward learner ps (Tree.at layers tree) (Expr.item 0 1 keys) given[0] given[1]

            let penalty = learner.Penalty |> Option.map (fun penalty -> penalty ps)

            let penalized (data: Expr) =
                match penalty with
                | Some penalty -> data + penalty
                | None -> data

            let loss = penalized data
            let trained = Tree.filter learner.Trains ps
            let slots = Tree.at optimizer tree

            let gradients, update =
                match learner.Optimizer.Accumulation with
                | None ->
                    Tree.ofValues (Grad.grad loss (Tree.values trained)) trained, learner.Optimizer.Update
                | Some gathers ->
                    let struct (data, weight) =
                        accumulated learner gathers.Calls batch.Count given[1] output data

                    Tree.ofValues (Grad.grad (penalized data) (Tree.values trained)) trained,
                    gathers.Update weight

            let moved, nextOptimizer = update gradients slots trained

            let next =
                [
                    Tree.under parameters (Tree.replace ps moved)
                    Tree.under layers nextLayers
                    Tree.under optimizer nextOptimizer
                    Tree.ofList [ key, Expr.item 0 0 keys ]
                ]
                |> List.reduce Tree.append

            let norms =
                if watches then
                    Tree.values gradients |> List.map (fun g -> Reduce.norm (Expr.allAxes g) g)
                else
                    []

            let told =
                match tells with
                | Some tells -> tells batch.Count given[1] output @ Option.toList penalty
                | None -> []

            next, loss :: norms @ told

        Transition.named advance (toTree state) [ "inputs", batch.Inputs; "targets", batch.Targets ]

    /// A step for batches like this one: a function from a state and a batch to the next state and the loss, which leaves
    /// what it is given as it is. A batch of another type or shape is a `ShapeError`.
    /// `let step = Step.prepare learner state batch` then `let next, loss = step state batch`
    let prepare
        (learner: Learner)
        (state: TrainState)
        (batch: Dataset)
        : TrainState -> Dataset -> TrainState * float =
        let transition = transition false None learner state batch

        fun state batch ->
            let next, outputs = transition.Run(toTree state, [ batch.Inputs; batch.Targets ])
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
