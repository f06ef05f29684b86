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
[<Sealed; StructuredFormatDisplay("{Display}")>]
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

    member internal this.Display = this.ToString()

/// What is to be learnt, and how: a model, a loss, an optimizer.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type Learner =
    {
        /// From inputs `[batch; ...]` to outputs. Of a model of several tensors it refuses to be applied: `Network` is that.
        Model: Layer<Expr, Expr>
        /// A scalar from targets and outputs, such as the mean over the rows. Its sum over rows and its divisor are
        /// read from its graph, so evaluation and gradient accumulation add sums of batches and divide once, instead of averaging
        /// means.
        Loss: Expr -> Expr -> Expr
        /// How parameters follow their gradients.
        Optimizer: Optimizer
        /// What is added to the loss for the parameters' sake.
        Penalty: (Tree<Expr> -> Expr) option
        /// Which parameters are trained, by their paths; the others stay as they are.
        Trains: string -> bool
        /// What was asked to stay as it is: each holds for one path at least, or training refuses to begin.
        Freezes: (string -> bool) list
        /// Which of what stays as it is also rests: its layers run in inference while the others are trained.
        Rests: (string -> bool) list
        /// The type of the parameters.
        DType: DType
        /// The model and the loss of several tensors, in the place of `Model` and `Loss`: as `Learner.createOf` made it.
        Named: NamedModel
        /// Whether `Fit` measures with layers as in training: `Learner.validatedInTraining`.
        ValidatesInTraining: bool
        /// Whether targets may be NaN or infinite, because the loss masks them: `Learner.maskingTargets`.
        MasksTargets: bool
        /// The α of mixup, where batches are mixed in training: `Learner.mixup`.
        Mixup: float option
        /// What training begins with where paths and shapes fit, such as what another model has learnt: `Learner.startingWith`.
        Begins: Tree<Tensor> option
    }

    /// What of a learner of several tensors cannot be changed alone.
    static member private Apart(what: string) : 'r =
        Refuse.domain
            "Learner"
            $"another {what} for a learner of several tensors, or of a loss with parts"
            "a learner made with it"
            "make a new learner of this model and this loss"

    /// The model from named inputs to named outputs: the only input is named `inputs`, the only output `output`.
    member this.Network: Layer<Tree<Expr>, Tree<Expr>> =
        let network =
            match this.Named.Content with
            | ValueNone -> Erased.model "Learner" this.Model
            | ValueSome named when obj.ReferenceEquals(named.Model, this.Model) -> named.Network
            | ValueSome _ -> Learner.Apart "model"

        match this.Rests with
        | [] -> network
        | rests ->
            // A layer is known by its path, or by that of what is below it.
            Layer.resting
                (fun path -> rests |> List.exists (fun holds -> holds path || holds (path + ".")))
                network

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

    /// The model and its optimizer: `Linear(64) => ReLU => Linear(10) by Adam, f32`.
    override this.ToString() = $"{this.Model} by {this.Optimizer}, {this.DType}"
    member internal this.Display = this.ToString()

/// All that changes in training.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
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

    member internal this.Display = this.ToString()

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
            Rests = []
            DType = DType.F32
            Named = NamedModel ValueNone
            ValidatesInTraining = false
            MasksTargets = false
            Mixup = None
            Begins = None
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

    /// `freeze`, and the layers with these paths run in inference while the others are trained: their batch norms go by the
    /// running statistics and leave them as they are, their dropout rests. The predicate is asked for the paths of parameters,
    /// and for those of layers as they are and with a dot behind them, so that `encoder.` names the layer `encoder` too.
    /// `Learner.freezeResting (fun path -> path.StartsWith "encoder.") learner`
    let freezeResting (frozen: string -> bool) (learner: Learner) : Learner =
        let learner = freeze frozen learner
        { learner with Rests = learner.Rests @ [ frozen ] }

    /// The same learner with batches mixed in training, mixup (Zhang et al. 2018): inputs become λ·x + (1 − λ)·x', where x' is
    /// the batch in reverse order and λ is drawn from Beta(α, α) for each step, and the loss λ·loss(t) + (1 − λ)·loss(t') of
    /// the targets t of x and t' of x'. So targets stay as they are: labels, numbers, or several tensors. Evaluation mixes
    /// nothing. Inputs of whole numbers are a `ShapeError` when training begins. `Learner.mixup 0.2 learner`
    let mixup (alpha: float) (learner: Learner) : Learner = { learner with Mixup = Some (Mixing alpha).Alpha }

    /// The same learner, which begins with these tensors where a parameter or a state of its layers has the same path, shape and kind
    /// of type, and with new ones elsewhere: with what another model has learnt. `Step.taken` reports which are taken. That none
    /// fits is a `FormatError` when training begins; a state that training is begun with is not changed.
    /// `Learner.startingWith (Tree.append known.Parameters known.State) learner`
    let startingWith (found: Tree<Tensor>) (learner: Learner) : Learner = { learner with Begins = Some found }

    /// Refuses names to be frozen that no parameter has, and parameters that are all frozen.
    let internal requireTrainable
        (freezes: (string -> bool) list)
        (trains: string -> bool)
        (parameters: Tree<'a>)
        : unit =
        let names () =
            let shown = Tree.paths parameters |> List.truncate 20 |> String.concat ", "
            if parameters.Count > 20 then shown + ", ..." else shown

        if freezes |> List.exists (fun frozen -> (Tree.filter frozen parameters).Count = 0) then
            Refuse.domain
                "freeze"
                $"no parameter that is to be frozen, of: {names ()}"
                "one path at least for which the predicate holds"
                "check the names that are frozen against the paths of the parameters"

        if (Tree.filter trains parameters).Count = 0 then
            Refuse.domain
                "training"
                $"no parameter that is trained, of: {names ()}"
                "one at least"
                "check the names that are frozen against the paths of the parameters"

    /// Refuses what a learner freezes where no parameter has such a path, and parameters that are all frozen.
    let internal requireTrained (learner: Learner) (parameters: Tree<'a>) : unit =
        requireTrainable learner.Freezes learner.Trains parameters

    /// The same learner, but where `Fit` measures after an epoch, layers run as in training: what is random is drawn, the same in
    /// each epoch, and batch norm goes by the batch. So the bound of a variational autoencoder on the validation set compares
    /// with that of training. `Learner.validatedInTraining learner`
    let validatedInTraining (learner: Learner) : Learner = { learner with ValidatesInTraining = true }

    /// The same learner, whose targets may be NaN or infinite where they are missing: a loss that masks them. `Fit` does not look
    /// for such numbers then; if the loss lets one through, it is no longer finite, and training ends as diverged.
    /// `Learner.maskingTargets learner`
    let maskingTargets (learner: Learner) : Learner = { learner with MasksTargets = true }

    /// Refuses numbers that are not finite: those of targets only where the loss does not mask them.
    let internal admits (learner: Learner) (operation: string) (sets: (string * Dataset) list) : unit =
        if learner.MasksTargets then
            Admit.inputs operation sets
        else
            Admit.numbers operation sets

    /// The same learner with parameters of another floating-point type. `Learner.typed DType.F64 learner`
    let typed (dtype: DType) (learner: Learner) : Learner = { learner with DType = dtype }
