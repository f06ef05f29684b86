namespace DL1

/// A part of a loss, over named targets and outputs.
[<NoEquality; NoComparison>]
type internal LossPart = { Name: string; Weight: float; Loss: Tree<Expr> -> Tree<Expr> -> Expr }

/// The model and the loss of a learner over named sets of tensors, and the same as those of one tensor.
[<NoEquality; NoComparison>]
type internal NamedParts =
    {
        Network: Layer<Tree<Expr>, Tree<Expr>>
        Objective: Tree<Expr> -> Tree<Expr> -> Expr
        /// The parts of the loss that have names.
        Parts: LossPart list
        Model: Layer<Expr, Expr>
        Loss: Expr -> Expr -> Expr
    }

/// The model and the loss of a learner whose model takes or gives several tensors, or whose loss has parts; of another learner
/// nothing. `Learner.createOf` and `Learner.ofParts` make it.
[<Sealed>]
type NamedModel internal (parts: NamedParts voption) =
    member internal _.Content = parts

    /// The names of the loss's parts.
    override _.ToString() =
        match parts with
        | ValueNone -> "one tensor"
        | ValueSome named when named.Parts.IsEmpty -> "named tensors"
        | ValueSome named ->
            let names = named.Parts |> List.map _.Name |> String.concat " + "
            $"named tensors, a loss of {names}"

/// What is to be learnt, and how: a model, a loss, an optimizer.
[<NoEquality; NoComparison>]
type Learner =
    {
        /// From inputs `[batch; ...]` to outputs. Of a model of several tensors it refuses to be applied: `Network` is that.
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
        /// The model and the loss of several tensors, in the place of `Model` and `Loss`: as `Learner.createOf` made it.
        Named: NamedModel
    }

    /// What of a learner of several tensors cannot be changed alone.
    static member private Apart(what: string) : 'r =
        Refuse.domain
            "Learner"
            $"another {what} for a learner of several tensors, or of a loss with parts"
            "a learner made with it"
            "make it anew with Learner.createOf or Learner.ofParts"

    /// The model from named inputs to named outputs: the only input is named `inputs`, the only output `output`.
    member this.Network: Layer<Tree<Expr>, Tree<Expr>> =
        match this.Named.Content with
        | ValueNone -> Erased.model "Learner" this.Model
        | ValueSome named when obj.ReferenceEquals(named.Model, this.Model) -> named.Network
        | ValueSome _ -> Learner.Apart "model"

    /// The loss of named targets and outputs.
    member internal this.Objective: Tree<Expr> -> Tree<Expr> -> Expr =
        match this.Named.Content with
        | ValueNone -> Erased.loss "Learner" this.Loss
        | ValueSome named when obj.ReferenceEquals(named.Loss, this.Loss) -> named.Objective
        | ValueSome _ -> Learner.Apart "loss"

    /// The named parts of the loss; none where it is one function.
    member internal this.Parts: LossPart list =
        match this.Named.Content with
        | ValueNone -> []
        | ValueSome named -> named.Parts

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
            Named = NamedModel ValueNone
        }

    let private ofNamed operation (model: Layer<'a, 'b>) objective parts optimizer : Learner =
        let network = Erased.model operation model
        let single, loss = Erased.single network, Erased.singleLoss objective

        { create single loss optimizer with
            Named =
                NamedModel(
                    ValueSome
                        {
                            Network = network
                            Objective = objective
                            Parts = parts
                            Model = single
                            Loss = loss
                        }
                )
        }

    /// `create` for a model of several tensors: from any tuple, record or `Tree<Expr>` of expressions to any other, with a loss
    /// of targets of any such type. The data set has a tensor for each member, by its name: `Dataset.from`, `Dataset.named`. A
    /// type that is not made of expressions is a `DomainError`.
    /// `Learner.createOf (Layer.both (Dense.linear 1) (Dense.linear 3)) (fun (y: Expr) (a, b) -> Loss.mse Reduction.Mean y a) optimizer`
    let createOf (model: Layer<'a, 'b>) (loss: 't -> 'b -> Expr) (optimizer: Optimizer) : Learner =
        ofNamed "Learner.createOf" model (Erased.loss "Learner.createOf" loss) [] optimizer

    /// `createOf` with a loss that is a sum of named parts, each times its weight: the history has each part, without its
    /// weight, for training and validation. Names that are there twice, weights that are not finite and no parts are a
    /// `DomainError`.
    /// `Learner.ofParts model [ "mse", 1.0, Loss.mse Reduction.Mean; "l1", 0.1, Loss.l1 Reduction.Mean ] optimizer`
    let ofParts
        (model: Layer<'a, 'b>)
        (parts: (string * float * ('t -> 'b -> Expr)) list)
        (optimizer: Optimizer)
        : Learner =
        let operation = "Learner.ofParts"

        if parts.IsEmpty then
            Refuse.domain
                operation
                "a loss of no parts"
                "one part at least"
                "give a name, a weight and a loss"

        for name, weight, _ in parts do
            if System.String.IsNullOrWhiteSpace name || name = "loss" then
                Refuse.domain
                    operation
                    $"a part of the loss named '{name}'"
                    "a name that is not empty, and not that of the whole loss"
                    "name what the part measures, such as reconstruction"

            if not (System.Double.IsFinite weight) then
                Refuse.domain
                    operation
                    $"the weight {string weight} of {name}"
                    "a finite number"
                    "1 counts a part as it is"

        match parts |> List.countBy (fun (name, _, _) -> name) |> List.tryFind (fun (_, n) -> n > 1) with
        | Some(name, n) ->
            Refuse.domain
                operation
                $"%d{n} parts of the loss named {name}"
                "each name once"
                "give one of them another name"
        | None -> ()

        let parts =
            parts
            |> List.map (fun (name, weight, loss) ->
                { Name = name; Weight = weight; Loss = Erased.loss operation loss })

        let term (part: LossPart) targets outputs =
            let value = LossSums.requireScalar (part.Loss targets outputs)
            if part.Weight = 1.0 then value else part.Weight * value

        let objective targets outputs =
            parts |> List.map (fun part -> term part targets outputs) |> List.reduce (+)

        ofNamed operation model objective parts optimizer

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

    let private startLike (learner: Learner) (key: Key) (inputs: Tree<Tensor>) : TrainState =
        let xs = Trace.setOf ValueNone Erased.inputs inputs

        let parameters, state =
            InputType.explained [ learner.DType ] xs (fun () ->
                Layer.initAs learner.DType (Key.fold 0 key) xs learner.Network)

        startFrom learner (Key.fold 2 key) parameters state

    /// The first state: parameters drawn with a key, for inputs like these, `[batch; ...]`, of which only type and shape
    /// matter. `Step.start learner (Key.ofSeed 1L) data.Inputs`
    let start (learner: Learner) (key: Key) (inputs: Tensor) : TrainState =
        startLike learner key (Tree.ofList [ Erased.inputs, inputs ])

    /// `start` for inputs like those of a data set, one or several. `Step.startOn learner (Key.ofSeed 1L) data`
    let startOn (learner: Learner) (key: Key) (data: Dataset) : TrainState =
        startLike
            learner
            key
            (if data.Count = 0 then
                 data.NamedInputs
             else
                 (Dataset.truncate 1 data).NamedInputs)

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
    let internal forward
        (learner: Learner)
        (ps: Tree<Expr>)
        (layers: Tree<Expr>)
        key
        (inputs: Tree<Expr>)
        (targets: Tree<Expr>)
        =
        let outputs, nextLayers =
            InputType.explained (Tree.values ps |> List.map _.DType) inputs (fun () ->
                Layer.apply (Mode.Training key) ps layers learner.Network inputs)

        struct (outputs, nextLayers, LossSums.requireScalar (learner.Objective targets outputs))

    /// What an optimizer that gathers several batches divides, and by which weight of this batch.
    let private accumulated
        (learner: Learner)
        (calls: int)
        rows
        (targets: Tree<Expr>)
        (outputs: Tree<Expr>)
        (data: Expr)
        : struct (Expr * Expr) =
        let refuse (reason: string) cure =
            Refuse.domain
                "Wrap.accumulate"
                $"a loss whose gradient over several batches does not follow from theirs: {reason}"
                "a sum over rows, or one that is divided by the rows or by one sum of weights"
                cure

        match LossSums.share learner.Objective rows targets outputs with
        | BatchShare.Rows -> data, Expr.scalar DType.F64 (float rows)
        | BatchShare.Weight weight -> data, Expr.reshape [] (weight targets outputs)
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
        (tells: (int -> Tree<Expr> -> Tree<Expr> -> Expr list) option)
        (learner: Learner)
        (state: TrainState)
        (batch: Dataset)
        : Transition =
        Learner.requireTrained learner state.Parameters

        let advance (tree: Tree<Expr>) (given: Expr list) =
            let ps = Tree.at parameters tree
            let keys = Draw.split 2 tree[key]
            let xs, ts = List.splitAt batch.NamedInputs.Count given
            let inputs, targets = Tree.ofValues xs batch.NamedInputs, Tree.ofValues ts batch.NamedTargets

            let struct (outputs, nextLayers, data) =
                forward learner ps (Tree.at layers tree) (Expr.item 0 1 keys) inputs targets

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
                        accumulated learner gathers.Calls batch.Count targets outputs data

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
                | Some tells -> tells batch.Count targets outputs @ Option.toList penalty
                | None -> []

            next, loss :: norms @ told

        let named kind tree = Tree.toList tree |> List.map (fun (path, t) -> Trace.nameOf kind path, t)

        Transition.named
            advance
            (toTree state)
            (named Erased.inputs batch.NamedInputs @ named Erased.targets batch.NamedTargets)

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
