namespace DL1

open System.Collections.Generic

/// What a loop's step has made of one trainable so far: its parameters as they are now, layer state and optimizer state.
[<NoEquality; NoComparison>]
type internal TrainedPart =
    {
        /// The trainable itself: another one of the same name is refused.
        Owner: obj
        /// The parameters as they are now.
        Parameters: Tree<Expr>
        State: Tree<Expr>
        Optimizer: Tree<Expr>
        /// What the model was last given, where that was one expression.
        Example: Expr option
    }

/// A training step of one's own while it is written down: the inputs of the batch, keys, models that are applied and
/// trained, and values that are reported. The function that is given it runs once for each shape of batch, and makes one
/// graph; what it does happens in the order in which it says so: a model that is applied after it was trained has its new
/// parameters.
[<Sealed>]
type StepScope internal (inputs: Tree<Expr>, state: Tree<Tensor>, start: Key, trains: bool) =
    let operation = "StepScope"
    let read = List<string * Tensor>()
    let next = Dictionary<string, unit -> Expr>()
    let parts = Dictionary<string, TrainedPart>()
    let carried = Dictionary<string, Expr>()
    let reports = List<string * Expr>()
    let mutable keys = 0

    /// A variable of the state: of the loop's value where it has one, or of a first value.
    let reading (path: string) (first: unit -> Tensor) : Expr =
        let value = Tree.tryFind path state |> Option.defaultWith first
        read.Add(path, value)
        Trace.variable $"state {path}" value

    let key = lazy reading LoopState.key (fun () -> Key.toTensor start)
    let children = lazy Draw.split 2 key.Value

    let tree (kind: string) (name: string) (first: Lazy<Tree<Tensor>>) : Tree<Expr> =
        let known = Tree.at $"{kind}.{name}" state
        // A part without leaves is not in the loop's state: it is empty at first, too.
        let values = if known.Count > 0 then known else first.Value
        values |> Tree.mapPath (fun path t -> reading $"{kind}.{name}.{path}" (fun () -> t))

    let advances (path: string) (e: unit -> Expr) = next[path] <- e

    let refuseMeasuring (what: string) : 'r =
        Refuse.domain
            operation
            $"{what} in a step that measures"
            "a step that trains"
            "make the step by Training in the place of Measuring"

    /// The batch's inputs by name.
    member _.Inputs: Tree<Expr> = inputs

    /// An input of the batch by its name; one that the batch lacks is a `DomainError`. A data set's inputs and targets of one
    /// tensor each are named `inputs` and `targets`. `step["inputs"]`
    member _.Item
        with get (name: string): Expr = inputs[name]

    /// The rows of the batch: the leading extent of its first input.
    member _.Rows: int =
        match Tree.values inputs with
        | first :: _ when first.Shape.Rank > 0 -> first.Shape[0]
        | _ ->
            Refuse.domain
                operation
                "a batch without an axis of rows"
                "an input `[rows; ...]` at first"
                "take the number from the shape of an input"

    /// A key (i32 `[2]`) for what is random in this step, another at each call and at each step.
    /// `Draw.normal 0.0 1.0 DType.F32 [ 64; 2 ] (step.Key())`
    member _.Key() : Expr =
        keys <- keys + 1
        let own = Expr.item 0 1 children.Value
        if keys = 1 then own else Expr.item 0 (keys - 1) (Draw.split keys own)

    member private this.PartOf(trainable: Trainable<'a, 'b>, drawn: Lazy<Tree<Tensor> * Tree<Tensor>>) =
        match parts.TryGetValue trainable.Name with
        | true, part when obj.ReferenceEquals(part.Owner, trainable) -> part
        | true, _ ->
            Refuse.domain
                operation
                $"two trainables of the name '{trainable.Name}'"
                "one of each name in a loop"
                "give them different names, and make each once, outside the step"
        | false, _ ->
            let drawn = lazy (trainable.Start |> Option.defaultWith drawn.Force)
            let name = trainable.Name
            let parameters = tree LoopState.parameters name (lazy fst drawn.Value)
            let layers = tree LoopState.layers name (lazy snd drawn.Value)

            let values = Tree.at $"{LoopState.parameters}.{name}" (this.Read)
            let trained = Tree.filter trainable.Trains values
            Learner.requireTrainable trainable.Freezes trainable.Trains values
            let slots = tree LoopState.optimizer name (lazy Optimizer.start trainable.Optimizer trained)

            let part =
                {
                    Owner = trainable
                    Parameters = parameters
                    State = layers
                    Optimizer = slots
                    Example = None
                }

            parts[name] <- part
            let now () = parts[name]

            for path in Tree.paths parameters do
                advances $"{LoopState.parameters}.{name}.{path}" (fun () -> now().Parameters[path])

            for path in Tree.paths layers do
                advances $"{LoopState.layers}.{name}.{path}" (fun () -> now().State[path])

            for path in Tree.paths slots do
                advances $"{LoopState.optimizer}.{name}.{path}" (fun () -> now().Optimizer[path])

            part

    /// The values of all that the step has read.
    member internal _.Read: Tree<Tensor> = Tree.ofList (List.ofSeq read)

    member private this.Known(trainable: Trainable<'a, 'b>) =
        this.PartOf(
            trainable,
            lazy
                Refuse.domain
                    operation
                    $"parameters of '{trainable.Name}' before it was applied"
                    "a model that was applied once: its parameters follow from what goes in"
                    "apply it first, or begin with parameters that are given"
        )

    member private this.Run(trainable: Trainable<'a, 'b>, x: 'a, mode: Mode) : 'b =
        // Trainables after the first are drawn with children of the key: the first has what a learner would have.
        let key = Key.fold 0 start
        let key = if parts.Count = 0 then key else Key.fold parts.Count key
        let part = this.PartOf(trainable, lazy Layer.initAs trainable.DType key x trainable.Model)
        let y, state = Layer.apply mode part.Parameters part.State trainable.Model x

        let example =
            match box x with
            | :? Expr as x -> Some x
            | _ -> None

        parts[trainable.Name] <-
            match mode with
            | Mode.Training _ -> { part with State = Tree.map Expr.stopGradient state; Example = example }
            | Mode.Inference -> { part with Example = example }

        y

    /// What a model gives in training: dropout drops, batch norm goes by the batch, and the state of its layers moves on.
    /// `step.Apply(generator, noise)`
    member this.Apply(trainable: Trainable<'a, 'b>, x: 'a) : 'b =
        this.Run(trainable, x, Mode.Training(this.Key()))

    /// What a model gives in inference; the state of its layers stays. `step.Predict(teacher, x)`
    member this.Predict(trainable: Trainable<'a, 'b>, x: 'a) : 'b = this.Run(trainable, x, Mode.Inference)

    /// The parameters of a model as they are now, by their paths in the model: for penalties, or for averages.
    member this.Parameters(trainable: Trainable<'a, 'b>) : Tree<Expr> = (this.Known trainable).Parameters

    /// Puts other values in the place of a model's parameters, by their paths: for a target network that follows another. A
    /// path that the model lacks is a `DomainError`, another shape a `ShapeError`.
    /// `step.Assign(target, Tree.map2 (fun (t: Expr) (w: Expr) -> 0.99 * t + 0.01 * w) (step.Parameters target) (step.Parameters model))`
    member this.Assign(trainable: Trainable<'a, 'b>, values: Tree<Expr>) : unit =
        if not trains then
            refuseMeasuring "parameters that are assigned"

        let part = this.Known trainable

        for path, e in Tree.toList values do
            Operand.requireSameType "StepScope.Assign" part.Parameters[path] e
            Operand.requireSameShape "StepScope.Assign" part.Parameters[path] e

        parts[trainable.Name] <- { part with Parameters = Tree.replace part.Parameters values }

    /// The gradients of a loss, a scalar, by the trained parameters of a model, by their paths. A loss that depends on none of
    /// them is a `DomainError`: the model was not applied in it, or was trained since.
    member this.Gradients(trainable: Trainable<'a, 'b>, loss: Expr) : Tree<Expr> =
        let loss = LossSums.requireScalar loss
        let trained = Tree.filter trainable.Trains (this.Known trainable).Parameters
        let wanted = HashSet(Tree.values trained |> Seq.map _.Digest)

        if Graph.topological [ loss ] |> Array.forall (fun e -> not (wanted.Contains e.Digest)) then
            Refuse.domain
                "StepScope.Gradients"
                $"a loss that depends on no parameter of '{trainable.Name}' as they are now"
                "a loss that the model was applied in"
                "apply the model in the loss, after the last time it was trained"

        Tree.ofValues (Grad.grad (Expr.reshape [] loss) (Tree.values trained)) trained

    /// Moves the trained parameters of a model by its optimizer (no later gradient goes through the update), along
    /// gradients by their paths: those of `Gradients`, or made of them. An optimizer that gathers batches gives this
    /// one a weight, a scalar, in their mean: the rows that its loss was divided by.
    /// `step.Update(model, Tree.map (fun g -> 0.5 * g) gradients, Expr.scalar DType.F64 32.0)`
    member this.Update(trainable: Trainable<'a, 'b>, gradients: Tree<Expr>, weight: Expr) : unit =
        if not trains then
            refuseMeasuring "a model that is trained"

        let part = this.Known trainable
        let trained = Tree.filter trainable.Trains part.Parameters

        let update =
            match trainable.Optimizer.Accumulation with
            | None -> trainable.Optimizer.Update
            | Some gathers -> gathers.Update weight

        let moved, slots = update gradients part.Optimizer trained

        parts[trainable.Name] <-
            { part with
                Parameters = Tree.replace part.Parameters (Tree.map Expr.stopGradient moved)
                Optimizer = slots
            }

    /// `Update` with the rows of the batch as its weight, where the optimizer gathers batches. `step.Update(model, gradients)`
    member this.Update(trainable: Trainable<'a, 'b>, gradients: Tree<Expr>) : unit =
        let weight =
            match trainable.Optimizer.Accumulation with
            | None -> 1.0
            | Some _ -> float this.Rows

        this.Update(trainable, gradients, Expr.scalar DType.F64 weight)

    /// Trains a model: its parameters go one step of its optimizer down the gradient of a loss, a scalar.
    /// `step.Minimize(model, loss)`
    member this.Minimize(trainable: Trainable<'a, 'b>, loss: Expr) : unit =
        this.Update(trainable, this.Gradients(trainable, loss))

    /// What an earlier step carried over by this name, or its first value: the state of a recurrent layer from batch to batch,
    /// a running mean. No gradient goes back through it: what was carried is given. Where its shape is not that of the first
    /// value, as after a batch of other rows, it is a `ShapeError`. `step.Carried("h", Tensor.zeros DType.F32 [ 32; 64 ])`
    member _.Carried(name: string, first: Tensor) : Expr =
        Trainable.requireName "StepScope.Carried" name

        match carried.TryGetValue name with
        | true, e -> e
        | false, _ ->
            let path = $"{LoopState.carried}.{name}"

            match Tree.tryFind path state with
            | Some value when value.Shape <> first.Shape || value.DType <> first.DType ->
                Refuse.shape
                    "StepScope.Carried"
                    $"{value.DType} {value.Shape} carried as '{name}'"
                    $"{first.DType} {first.Shape}, as the first value"
                    "reset it before a batch of other rows, or leave the smaller last batch out"
            | Some _
            | None -> ()

            let e = reading path (fun () -> first)
            carried[name] <- e
            advances path (fun () -> carried[name])
            e

    /// Carries a value over to the next step, in the place of what `Carried` gave, of its type and shape.
    /// `step.Carry("h", last)`
    member _.Carry(name: string, value: Expr) : unit =
        match carried.TryGetValue name with
        | true, e ->
            Operand.requireSameType "StepScope.Carry" e value
            Operand.requireSameShape "StepScope.Carry" e value
            carried[name] <- value
        | false, _ ->
            Refuse.domain
                "StepScope.Carry"
                $"a value for '{name}', which was not read"
                "a name that Carried was asked for in this step"
                "ask for it by Carried with its first value, then carry the next one"

    /// Reports a value under a name: a loss as a number, or a tensor of any shape. A name that is there twice is a
    /// `DomainError`. `step.Report("loss", loss)`
    member _.Report(name: string, value: Expr) : unit =
        if reports.Exists(fun (known, _) -> known = name) then
            Refuse.domain
                "StepScope.Report"
                $"two values reported as '{name}'"
                "one of each name"
                "give them different names"

        reports.Add(name, value)

    member internal _.Reports: Tree<Expr> = Tree.ofList (List.ofSeq reports)

    /// What the models were last given, by their names.
    member internal _.Examples: (string * Expr) list =
        [
            for part in parts do
                match part.Value.Example with
                | Some x -> part.Key, x
                | None -> ()
        ]

    /// What the step has read becomes, by its paths: the key's first child, where it was drawn from.
    member internal _.Next: Tree<Expr> =
        if trains && key.IsValueCreated then
            advances LoopState.key (fun () -> Expr.item 0 0 children.Value)

        Tree.ofList
            [
                for path, value in read ->
                    path,
                    match next.TryGetValue path with
                    | true, e when trains -> e ()
                    | _ -> Trace.variable $"state {path}" value
            ]
