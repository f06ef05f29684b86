namespace DL1

open System.Collections.Generic

/// A step for batches of one shape.
[<NoEquality; NoComparison>]
type internal TracedStep =
    {
        /// What the step reads of the loop's state, as it was when the step was written down.
        Read: Tree<Tensor>
        State: Variable list
        Inputs: Variable list
        Next: Expr list
        Reports: Tree<Expr>
    }

/// The state of a loop of one's own, and the steps that train it: between `Fit`, which has its own loop, and `Session`, which
/// knows no models. One thread at a time.
/// ```
/// let model = Trainable.create "model" (Dense.linear 1) (Optimizer.adam 0.01)
/// let loop = TrainingLoop(Key.ofSeed 1L)
///
/// let train =
///     loop.Training(fun step ->
///         let loss = Loss.mse Reduction.Mean step["targets"] (step.Apply(model, step["inputs"]))
///         step.Minimize(model, loss)
///         step.Report("loss", loss))
///
/// for batch in Batches.epoch (Batches.ofSize 32) (Key.ofSeed 2L) 0 data do
///     train.Run batch
/// ```
[<Sealed>]
type TrainingLoop(key: Key, options: CompileOptions) =
    /// What models that are new draw their parameters from.
    let mutable source = key
    /// The state, where no session holds a later one.
    let mutable values = LoopState.toTree (LoopState.start key)
    let mutable current: struct (Tree<Tensor> * Session) voption = ValueNone
    let mutable steps = 0L
    let examples = Dictionary<string, Expr>()

    /// This tree with the leaves of another, whose paths may be new.
    let merged (tree: Tree<Tensor>) (changes: Tree<Tensor>) =
        let fresh = Tree.filter (tree.Contains >> not) changes
        Tree.append (Tree.replace tree (Tree.filter tree.Contains changes)) fresh

    let settle () =
        match current with
        | ValueSome(struct (read, session)) ->
            values <- merged values (Tree.ofValues session.State read)
            current <- ValueNone
        | ValueNone -> ()

    /// A loop that draws from a key. `TrainingLoop(Key.ofSeed 1L)`
    new(key: Key) = TrainingLoop(key, Compile.standard)

    member internal _.Source = source
    member internal _.Options = options
    member internal _.Examples = examples

    /// The values of the state, which no session holds from here on.
    member internal _.Values: Tree<Tensor> =
        settle ()
        values

    /// The values of a state with what a step has read for the first time.
    member internal _.Learn(read: Tree<Tensor>) : unit =
        settle ()
        values <- merged values (Tree.filter (values.Contains >> not) read)

    member internal _.Holds(session: Session) : bool =
        match current with
        | ValueSome(struct (_, now)) -> obj.ReferenceEquals(now, session)
        | ValueNone -> false

    member internal _.Hold(read: Tree<Tensor>, session: Session) : unit =
        settle ()
        current <- ValueSome(struct (read, session))

    member internal _.Count() : unit = steps <- steps + 1L

    /// How many training steps were made, by all of its steps together.
    member _.Steps: int64 = steps

    /// The state now: a snapshot that no later step changes.
    member this.State: LoopState = LoopState.ofTree steps this.Values

    /// Goes back to a snapshot, or goes on from a checkpoint: later steps have the bits that they had from there.
    /// `loop.Restore stop.Kept`
    member _.Restore(state: LoopState) : unit =
        current <- ValueNone
        values <- LoopState.toTree state
        steps <- state.Steps

    /// Forgets what is carried by a name, so that the next step begins with its first value again: at the end of a text, or
    /// before a batch of other rows. A name that no step has carried is a `DomainError`. `loop.Reset "h"`
    member this.Reset(name: string) : unit =
        let path = $"{LoopState.carried}.{name}"

        if not (this.Values.Contains path) then
            let known = Tree.at LoopState.carried values |> Tree.paths |> String.concat ", "

            Refuse.domain
                "TrainingLoop.Reset"
                $"the name '{name}'"
                (if known = "" then
                     "a name that a step has carried: none has carried any"
                 else
                     $"one of {known}")
                "give the name that the step gives to Carried, after the first step"

        values <- Tree.filter (fun p -> p <> path) values

    /// A model as it is now, ready to predict, to be evaluated and saved. A model that no step has applied is a `DomainError`.
    /// `loop.Trained(model).Predict(inputs, 256)`
    member this.Trained(trainable: Trainable<'a, 'b>) : Trained =
        let network = Erased.model "TrainingLoop.Trained" trainable.Model
        let name = trainable.Name
        let parameters = Tree.at $"{LoopState.parameters}.{name}" this.Values
        let state = Tree.at $"{LoopState.layers}.{name}" values

        if parameters.Count + state.Count = 0 && not (examples.ContainsKey name) then
            Refuse.domain
                "TrainingLoop.Trained"
                $"the model '{name}', which no step has applied"
                "a model that a step of this loop has applied"
                "make a step first"

        let example =
            match examples.TryGetValue name with
            | true, x when x.Shape.Rank > 0 ->
                Tree.ofList [ Erased.inputs, Expr.variable "input" x.DType (1 :: x.Shape.ToList().Tail) ]
                |> Some
            | _ -> None

        Trained(network, parameters, state, example)

    /// A step that trains, from what is done in it: `StepScope` says what there is. It is run by `Run` on batches.
    /// `let train = loop.Training(fun step -> ...)`
    member this.Training(write: System.Action<StepScope>) : LoopStep = LoopStep(this, write, true)

    /// A step that changes nothing: it reports of a batch what is asked for, by the parameters as they are. Models in it may be
    /// applied as in training, but not trained. `let measure = loop.Measuring(fun step -> ...)`
    member this.Measuring(write: System.Action<StepScope>) : LoopStep = LoopStep(this, write, false)

/// A step of a loop, compiled for each shape of batch that it meets, such as the smaller last one of an epoch.
and [<Sealed>] LoopStep internal (loop: TrainingLoop, write: System.Action<StepScope>, trains: bool) =
    let operation = "LoopStep.Run"
    let sessions = Dictionary<string, struct (TracedStep * Session)>()
    let measured = Dictionary<string, struct (TracedStep * (Tensor list -> Tensor list))>()
    let mutable last: struct (Tree<Expr> * (string -> Tensor) * (string -> float)) voption = ValueNone

    let shapeOf (batch: Tree<Tensor>) =
        Tree.toList batch |> List.map (fun (path, t) -> $"{path} {t.DType} {t.Shape}") |> String.concat ", "

    let trace (batch: Tree<Tensor>) : TracedStep =
        let inputs = Trace.setOf ValueNone "batch" batch
        let scope = StepScope(inputs, loop.Values, loop.Source, trains)
        write.Invoke scope

        if trains && scope.Read.Count = 0 then
            Refuse.domain
                operation
                "a step that trains nothing and carries nothing"
                "a step that trains"
                "call Minimize in it, or make it by Measuring"

        for name, x in scope.Examples do
            loop.Examples[name] <- x

        let read = scope.Read
        let variables es = es |> List.collect (fun e -> Graph.variables [ e ])

        for path, e in Tree.toList scope.Next do
            let variable = Trace.variable path read[path]
            Operand.requireSameType operation variable e
            Operand.requireSameShape operation variable e

        {
            Read = read
            State =
                Tree.toList read |> List.map (fun (path, t) -> Trace.variable $"state {path}" t) |> variables
            Inputs = Tree.values inputs |> variables
            Next = Tree.values scope.Next
            Reports = scope.Reports
        }

    let isCarried (path: string) = path.StartsWith(LoopState.carried + ".", System.StringComparison.Ordinal)

    /// What a step reads, from the state now; nothing where the state has other paths or shapes than the step was made for.
    let valuesOf (traced: TracedStep) (values: Tree<Tensor>) : Tensor list option =
        let found =
            Tree.toList traced.Read
            |> List.map (fun (path, was) ->
                match Tree.tryFind path values with
                | Some value when value.DType = was.DType && value.Shape = was.Shape -> Some value
                | None when isCarried path || not trains -> Some was
                | Some _
                | None -> None)

        if List.forall Option.isSome found then Some(List.choose id found) else None

    let ordered (inputs: Tree<Tensor>) = Tree.values inputs

    let train (batch: Tree<Tensor>) =
        let started = Telemetry.beginStep ()
        let shape = shapeOf batch

        let start () =
            let traced = trace batch
            loop.Learn traced.Read

            let session =
                Session.With(
                    loop.Options,
                    List.zip traced.State (Tree.values traced.Read),
                    traced.Next,
                    traced.Inputs,
                    Tree.values traced.Reports
                )

            sessions[shape] <- struct (traced, session)
            loop.Hold(traced.Read, session)
            struct (traced, session)

        let struct (traced, session) =
            match sessions.TryGetValue shape with
            | true, (struct (_, session) as known) when loop.Holds session -> known
            | true, (struct (traced, session) as known) ->
                match valuesOf traced loop.Values with
                | Some values ->
                    session.Load values
                    loop.Hold(traced.Read, session)
                    known
                | None -> start ()
            | false, _ -> start ()

        session.Step(Array.ofList (ordered batch))
        loop.Count()
        Telemetry.endStep started

        match batch.Leaves with
        | [||] -> ()
        | leaves when (snd leaves[0]).Rank > 0 -> Telemetry.stepRows (snd leaves[0]).Shape[0]
        | _ -> ()

        let place name = List.findIndex (fun path -> path = name) (Tree.paths traced.Reports)

        last <-
            ValueSome(
                struct (traced.Reports,
                        (fun name -> session.Output(place name)),
                        (fun name -> session.Scalar(place name)))
            )

    let measure (batch: Tree<Tensor>) =
        let shape = shapeOf batch

        let start () =
            let traced = trace batch

            let run =
                Compile.prepareWith loop.Options (traced.State @ traced.Inputs) (Tree.values traced.Reports)

            measured[shape] <- struct (traced, run)
            struct (traced, run, Tree.values traced.Read)

        let struct (traced, run, values) =
            match measured.TryGetValue shape with
            | true, struct (traced, run) ->
                match valuesOf traced loop.Values with
                | Some values -> struct (traced, run, values)
                | None -> start ()
            | false, _ -> start ()

        let results = Tree.ofValues (run (values @ ordered batch)) traced.Reports

        last <-
            ValueSome(
                struct (traced.Reports,
                        (fun name -> results[name]),
                        (fun name -> Tensor.toFloat results[name]))
            )

    let reported (name: string) =
        match last with
        | ValueNone -> Refuse.domain "LoopStep" "a report before the first step" "a step first" "call Run"
        | ValueSome(struct (reports, output, number)) ->
            // A name that is not there is told with those that are.
            struct (reports[name], output, number)

    /// Makes the step on a batch, given by the names of its inputs. Before anything is compiled, what the step does is checked:
    /// shapes, names, and that a loss depends on what it trains. A batch's numbers are not looked at: a NaN makes the loss NaN;
    /// with `CheckFinite` in the loop's options it is a `DomainError` that names where it began.
    /// `train.Run(Tree.ofList [ "x", x; "y", y ])`
    member _.Run(batch: Tree<Tensor>) : unit = if trains then train batch else measure batch

    /// `Run` on rows of a data set: its inputs and targets by their names, `inputs` and `targets` where they are one tensor each.
    /// A name that both have is a `DomainError`. `train.Run batch`
    member this.Run(batch: Dataset) : unit =
        match Tree.paths batch.NamedTargets |> List.tryFind batch.NamedInputs.Contains with
        | Some name ->
            Refuse.domain
                operation
                $"inputs and targets that are both named '{name}'"
                "names that tell them apart"
                "give the tensors by a tree of names of your own"
        | None -> this.Run(Tree.append batch.NamedInputs batch.NamedTargets)

    /// A number that the last step reported, by its name. `train["loss"]`
    member _.Item
        with get (name: string): float =
            let struct (report, _, number) = reported name

            if report.Shape.Size <> 1 then
                Refuse.shape
                    "LoopStep.Item"
                    $"'{name}' of the shape {report.Shape}"
                    "a report of one element"
                    "take the tensor by Output, or report its mean"

            number name

    /// A tensor that the last step reported, by its name: a copy. `train.Output "images"`
    member _.Output(name: string) : Tensor =
        let struct (_, output, _) = reported name
        output name

    /// The names that the last step reported; none before it.
    member _.Reports: IReadOnlyList<string> =
        match last with
        | ValueNone -> [||]
        | ValueSome(struct (reports, _, _)) -> reports.Paths
