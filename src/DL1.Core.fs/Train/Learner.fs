namespace DL1

/// What is to be learnt, and how: a model, a loss, an optimizer.
[<NoEquality; NoComparison>]
type Learner =
    {
        /// From inputs `[batch; ...]` to outputs.
        Model: Layer<Expr, Expr>
        /// A scalar from targets and outputs; the mean over the rows.
        Loss: Expr -> Expr -> Expr
        /// How parameters follow their gradients.
        Optimizer: Optimizer
        /// What is added to the loss for the parameters' sake.
        Penalty: (Tree<Expr> -> Expr) option
        /// Which parameters are trained, by their paths; the others stay as they are.
        Trains: string -> bool
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

        $"after {this.Steps} steps: {size this.Parameters} parameters, {size this.State} numbers of state, {size this.Optimizer} of the optimizer"

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
            DType = DType.F32
        }

    /// The same learner with a penalty on its parameters. `Learner.penalized (Penalty.l2 1e-4 Penalty.weights) learner`
    let penalized (penalty: Tree<Expr> -> Expr) (learner: Learner) : Learner =
        { learner with Penalty = Some penalty }

    /// The same learner, but the parameters whose paths are named stay as they are: no gradient of theirs is computed.
    /// `Learner.freeze (fun path -> path.StartsWith "encoder.") learner`
    let freeze (frozen: string -> bool) (learner: Learner) : Learner =
        { learner with Trains = fun path -> learner.Trains path && not (frozen path) }

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
        if (Tree.filter learner.Trains parameters).Count = 0 then
            Refuse.domain
                "Step.start"
                "no parameter that is trained"
                "one at least"
                "check the names that are frozen against the paths of the parameters"

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

    /// The graph for batches of one shape. Its outputs are the loss and, where gradients are watched, their norms, in
    /// the order of the parameters that are trained.
    let internal transition watches (learner: Learner) (state: TrainState) (batch: Dataset) : Transition =
        let advance (tree: Tree<Expr>) (given: Expr list) =
            let ps = Tree.at parameters tree
            let keys = Draw.split 2 tree[key]

            let output, nextLayers =
                InputType.explained (Tree.values ps |> List.map _.DType) given[0] (fun () ->
                    Layer.apply
                        (Mode.Training(Expr.item 0 1 keys))
                        ps
                        (Tree.at layers tree)
                        learner.Model
                        given[0])

            let data = learner.Loss given[1] output

            let loss =
                match learner.Penalty with
                | Some penalty -> data + penalty ps
                | None -> data

            let trained = Tree.filter learner.Trains ps
            let gradients = Tree.ofValues (Grad.grad loss (Tree.values trained)) trained
            let moved, nextOptimizer = learner.Optimizer.Update gradients (Tree.at optimizer tree) trained

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

            next, loss :: norms

        Transition.named advance (toTree state) [ "inputs", batch.Inputs; "targets", batch.Targets ]

    /// A step for batches like this one: a function from a state and a batch to the next state and the loss, which leaves
    /// what it is given as it is. A batch of another type or shape is a `ShapeError`.
    /// `let step = Step.prepare learner state batch` then `let next, loss = step state batch`
    let prepare
        (learner: Learner)
        (state: TrainState)
        (batch: Dataset)
        : TrainState -> Dataset -> TrainState * float =
        let transition = transition false learner state batch

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
