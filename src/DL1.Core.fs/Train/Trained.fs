namespace DL1

open System
open System.Collections.Concurrent
open System.Diagnostics

/// A model ready to run on batches of any shape, with what is made of targets and outputs where targets are given; each
/// shape is prepared once. Where it draws, layers run as in training, with a key. For many threads at once.
[<Sealed>]
type internal Predictor
    (
        model: Layer<Tree<Expr>, Tree<Expr>>,
        measures: (int -> Tree<Expr> -> Tree<Expr> -> Expr list) option,
        draws: bool
    ) =
    let prepared = ConcurrentDictionary<string, Lazy<struct (Tree<unit> * (Tensor list -> Tensor list))>>()

    let prepare
        (parameters: Tree<Tensor>)
        (state: Tree<Tensor>)
        (inputs: Tree<Tensor>)
        (targets: Tree<Tensor> voption)
        =
        let ps, ss = Trace.tree "parameters" parameters, Trace.tree "state" state
        let xs = Trace.setOf ValueNone Erased.inputs inputs
        let key = if draws then [ Expr.variable "key" DType.I32 [ 2 ] ] else []

        let mode =
            match key with
            | [ key ] -> Mode.Training key
            | _ -> Mode.Inference

        let outputs, _ =
            InputType.explained (Tree.values ps |> List.map _.DType) xs (fun () ->
                Layer.apply mode ps ss model xs)

        let ts =
            match targets with
            | ValueSome targets -> Trace.setOf ValueNone Erased.targets targets
            | ValueNone -> Tree.empty

        let measured =
            match measures with
            | Some measures when targets.IsSome -> measures (Tree.values xs).Head.Shape[0] ts outputs
            | Some _
            | None -> []

        let variables =
            Tree.values ps @ Tree.values ss @ Tree.values xs @ Tree.values ts @ key
            |> List.collect (fun e -> Graph.variables [ e ])

        struct (Tree.map ignore outputs, Compile.prepare variables (Tree.values outputs @ measured))

    let shown (tree: Tree<Tensor>) =
        Tree.toList tree |> List.map (fun (path, t) -> $"{path} {t.DType} {t.Shape}") |> String.concat "; "

    /// The outputs for a batch, and what is measured where targets are given too.
    member _.Run
        (
            parameters: Tree<Tensor>,
            state: Tree<Tensor>,
            key: Key voption,
            inputs: Tree<Tensor>,
            targets: Tree<Tensor> voption
        ) : struct (Tree<Tensor> * Tensor list) =
        let given = ValueOption.defaultValue Tree.empty targets

        let struct (outputs, run) =
            prepared
                .GetOrAdd(
                    $"{shown inputs} | {shown given}",
                    fun _ -> lazy prepare parameters state inputs targets
                )
                .Value

        let keys =
            match key with
            | ValueSome key when draws -> [ Key.toTensor key ]
            | ValueSome _
            | ValueNone -> []

        let results =
            run (Tree.values parameters @ Tree.values state @ Tree.values inputs @ Tree.values given @ keys)

        let values, measured = List.splitAt outputs.Count results
        struct (Tree.ofValues values outputs, measured)

/// How good a model is on some rows.
[<NoComparison>]
type Evaluation =
    {
        /// The loss of all rows.
        Loss: float
        /// The parts of the loss that have names, without their weights.
        Parts: (string * float) list
        /// Each metric's name and value.
        Metrics: (string * float) list
    }

/// How losses of more rows than are computed at a time are found.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type private LossWay =
    /// From sums over rows.
    | Sums of LossSums list * Predictor * (Tensor list -> float) list
    /// From the outputs of all rows at once.
    | AtOnce of (Tree<Tensor> -> Tree<Tensor> -> float list)

/// The loss and the metrics of a model on data sets, computed in batches. The loss is that of all rows as one batch, however
/// they are cut and ordered: sums over rows are added up, and what the loss makes of them is done once. A loss of another
/// form, such as one that compares rows with each other, is computed on the outputs of all rows at once. With a key, layers
/// run as in training.
[<Sealed>]
type internal Evaluator
    (
        model: Layer<Tree<Expr>, Tree<Expr>>,
        loss: Tree<Expr> -> Tree<Expr> -> Expr,
        parts: LossPart list,
        metrics: Metric list,
        key: Key voption
    ) =
    let operation = "Trained.evaluate"
    let draws = key.IsSome
    let plain = Predictor(model, None, draws)
    let losses = loss :: (parts |> List.map _.Loss)

    let measured target outputs =
        losses |> List.map (fun loss -> LossSums.requireScalar (loss target outputs))

    let whole = Predictor(model, Some(fun _ target outputs -> measured target outputs), draws)
    let prepared = ConcurrentDictionary<string, Lazy<LossWay>>()

    /// The most elements that a value of a loss over all rows at once may have, beside what it is given.
    let most = 1 <<< 27

    /// The losses of targets and outputs of all rows at once.
    let atOnce (reason: string) rows (targets: Tree<Expr>) (outputs: Tree<Expr>) =
        let values = measured targets outputs

        let limit =
            Tree.values targets @ Tree.values outputs
            |> List.map (fun (e: Expr) -> e.Shape.Size)
            |> List.fold max most

        for e in Graph.topological values do
            if e.Shape.Size > limit then
                Refuse.domain
                    operation
                    $"a loss with {reason}, whose values over %d{rows} rows have %d{e.Shape.Size} elements"
                    $"%d{limit} elements at most"
                    "evaluate on fewer rows, or write the loss as sums over rows"

        let variables =
            Tree.values targets @ Tree.values outputs |> List.collect (fun e -> Graph.variables [ e ])

        let run = Compile.prepare variables values
        fun ts os -> run (Tree.values ts @ Tree.values os) |> List.map Tensor.toFloat

    let prepare (data: Dataset) (outputs: Tree<Tensor>) (part: int) =
        let places (t: Tensor) = Shape.withAxis 0 (t.Shape[0] / part * data.Count) t.Shape
        let targets = Trace.setOf ValueNone Erased.targets data.NamedTargets

        let outputs =
            outputs
            |> Tree.mapPath (fun path t ->
                Expr.variable
                    (if path = Erased.output then "outputs" else Trace.nameOf "outputs" path)
                    t.DType
                    ((places t).ToList()))

        let found = losses |> List.map (fun loss -> LossSums.split loss data.Count targets outputs)

        let reason =
            found
            |> List.tryPick (function
                | Error reason -> Some reason
                | Ok _ -> None)

        match reason with
        | Some reason -> LossWay.AtOnce(atOnce reason data.Count targets outputs)
        | None ->
            let sums =
                found
                |> List.choose (function
                    | Ok sums -> Some sums
                    | Error _ -> None)

            let ofPart rows targets outputs = sums |> List.collect (fun s -> s.OfPart rows targets outputs)

            LossWay.Sums(sums, Predictor(model, Some ofPart, draws), sums |> List.map LossSums.finish)

    let chunks size rows =
        [ for first in 0..size .. rows - 1 -> [| first .. min (first + size) rows - 1 |] ]

    let keyOf (chunk: int) = key |> ValueOption.map (Key.fold chunk)

    /// Refuses outputs that are not as many for each row.
    let requireRows rows (outputs: Tree<Tensor>) =
        for path, output in Tree.toList outputs do
            if output.Rank = 0 || output.Shape[0] % rows <> 0 then
                let named = if outputs.Count = 1 then "" else $" {path}"

                Refuse.shape
                    operation
                    $"outputs{named} {output.DType} {output.Shape} for %d{rows} rows"
                    "outputs for each row, rows first"
                    "keep the axis of the rows in front, in every layer"

    let outputsOf parameters state chunk inputs =
        let struct (outputs, _) = plain.Run(parameters, state, keyOf chunk, inputs, ValueNone)
        outputs

    /// How the loss of more rows than are computed at a time is found; each kind of data set is looked at once.
    let wayOf (parameters: Tree<Tensor>) (state: Tree<Tensor>) (data: Dataset) (size: int) =
        let shown (tree: Tree<Tensor>) =
            Tree.toList tree
            |> List.map (fun (path, t) -> $"{path} {t.DType} {t.Shape}")
            |> String.concat ", "

        let shape = $"%d{size} of {shown data.NamedInputs}; {shown data.NamedTargets}"

        let look () =
            let first = Dataset.truncate size data
            let outputs = outputsOf parameters state 0 first.NamedInputs
            requireRows first.Count outputs
            prepare data outputs first.Count

        prepared.GetOrAdd(shape, (fun _ -> lazy look ())).Value

    let measure (metric: Metric) (data: Dataset) (outputs: Tree<Tensor>) : float =
        Metric.explained metric (fun () ->
            let struct (target, output) = Metric.looksAt metric data.NamedTargets outputs
            metric.Measure target output)

    let stack (parts: Tree<Tensor> list) : Tree<Tensor> =
        match parts with
        | [ one ] -> one
        | _ ->
            parts.Head
            |> Tree.mapPath (fun path _ -> Rows.stack operation (parts |> List.map (fun part -> part[path])))

    /// Refuses a loss that cannot be computed over so many rows, and metrics that cannot take the targets and outputs like
    /// these, before any step is lost.
    member _.Check(parameters: Tree<Tensor>, state: Tree<Tensor>, data: Dataset, batchSize: int) : unit =
        if data.Count > batchSize then
            wayOf parameters state data batchSize |> ignore

        if not metrics.IsEmpty then
            let part = Dataset.truncate batchSize data
            let outputs = outputsOf parameters state 0 part.NamedInputs
            requireRows part.Count outputs

            // The outputs of the first rows, over and over, stand for all: what counts is type, shape and targets.
            let outputs =
                outputs
                |> Tree.map (fun output ->
                    let times = output.Shape[0] / part.Count
                    let rows = Array.init (times * data.Count) (fun i -> i % output.Shape[0])
                    if part.Count = data.Count then output else Rows.take operation rows output)

            for metric in metrics do
                measure metric data outputs |> ignore

    /// The loss and the metrics.
    member _.Run(parameters: Tree<Tensor>, state: Tree<Tensor>, data: Dataset, batchSize: int) : Evaluation =
        if batchSize < 1 then
            Refuse.domain operation $"batches of %d{batchSize} rows" "1 or more" "256 is usual"

        if data.Count = 0 then
            Refuse.domain operation "no rows" "one at least" "check how the data were split"

        let run (predictor: Predictor) (chunk: int) (rows: int[]) =
            let part = if rows.Length = data.Count then data else Dataset.rows rows data
            predictor.Run(parameters, state, keyOf chunk, part.NamedInputs, ValueSome part.NamedTargets)

        let found, outputs =
            match chunks batchSize data.Count with
            | [ all ] ->
                let struct (outputs, found) = run whole 0 all
                List.map Tensor.toFloat found, lazy outputs
            | parts ->
                match wayOf parameters state data batchSize with
                | LossWay.Sums(sums, predictor, finish) ->
                    let found = parts |> List.mapi (fun chunk rows -> run predictor chunk rows)
                    let told = found |> List.map (fun (struct (_, told)) -> told)

                    let ofEach, _ =
                        List.zip sums finish
                        |> List.mapFold
                            (fun (told: Tensor list list) (sums, finish) ->
                                let own, rest =
                                    told |> List.map (List.splitAt sums.Sums.Length) |> List.unzip

                                finish (LossSums.combine sums own), rest)
                            told

                    ofEach, lazy stack (found |> List.map (fun (struct (outputs, _)) -> outputs))
                | LossWay.AtOnce measure ->
                    let outputs =
                        parts
                        |> List.mapi (fun chunk rows ->
                            outputsOf
                                parameters
                                state
                                chunk
                                (Tree.map (Rows.take operation rows) data.NamedInputs))
                        |> stack

                    measure data.NamedTargets outputs, lazy outputs

        {
            Loss = found.Head
            Parts = List.zip (parts |> List.map _.Name) found.Tail
            Metrics = metrics |> List.map (fun m -> m.Name, measure m data (outputs.Force()))
        }

/// A model with its parameters and the state of its layers: what prediction needs. Immutable, for many threads at once.
[<Sealed; DebuggerDisplay("{Parameters.Count} parameters"); StructuredFormatDisplay("{Display}")>]
type Trained
    internal
    (
        network: Layer<Tree<Expr>, Tree<Expr>>,
        parameters: Tree<Tensor>,
        state: Tree<Tensor>,
        predictor: Predictor,
        example: Tree<Expr> option
    ) =
    let model = lazy Erased.single network

    /// Inputs of other extents than the model is known for: told as such, not by the first parameter that they do not fit.
    let run (inputs: Tree<Tensor>) : Tree<Tensor> =
        try
            let struct (outputs, _) = predictor.Run(parameters, state, ValueNone, inputs, ValueNone)
            outputs
        with :? ShapeError as error ->
            let other =
                match example with
                | Some xs when xs.Count = 1 && inputs.Count = 1 -> Some("", xs.Values[0], inputs.Values[0])
                | Some xs ->
                    Tree.toList inputs
                    |> List.choose (fun (path, t) ->
                        Tree.tryFind path xs |> Option.map (fun x -> $" {path}", x, t))
                    |> List.tryFind (fun (_, x, t) -> x.Shape.ToList().Tail <> List.tail (t.Shape.ToList()))
                | None -> None

            match other with
            | Some(named, x, t) when x.Shape.ToList().Tail <> List.tail (t.Shape.ToList()) ->
                let due = x.Shape.ToList().Tail |> List.map string |> String.concat ", "

                Refuse.shape
                    "Trained.predict"
                    $"inputs{named} {t.DType} {t.Shape}"
                    $"{x.DType} [rows, {due}], as those that the model knows"
                    $"give each row the numbers that the model was trained on, in their order ({error.Operation}: {error.Given})"
            | Some _
            | None -> reraise ()

    /// The model. Of several tensors it refuses to be applied: `Network` is that.
    member _.Model: Layer<Expr, Expr> = model.Value
    /// The model from named inputs to named outputs: the only input is named `inputs`, the only output `output`.
    member _.Network: Layer<Tree<Expr>, Tree<Expr>> = network
    /// Its parameters.
    member _.Parameters = parameters
    /// The state of its layers.
    member _.State = state

    /// The model's table, where it is known what goes in; else its layers, and how many elements its parameters have.
    override _.ToString() =
        match example with
        | Some x -> string (Summary.ofLayer x network)
        | None -> $"{network}: %d{Tree.values parameters |> List.sumBy (fun p -> int64 p.Size)} parameters"

    member internal this.Display = this.ToString()

    /// The outputs by name for inputs by name, of any number of rows, `[rows; ...]`, computed in batches of a size. A NaN or
    /// an infinity among the inputs is a `DomainError` that names its place.
    member _.PredictNamed(inputs: Tree<Tensor>, batchSize: int) : Tree<Tensor> =
        if batchSize < 1 then
            Refuse.domain "Trained" $"batches of %d{batchSize} rows" "1 or more" "256 is usual"

        let operation = "Trained.Predict"

        for path, t in Tree.toList inputs do
            Admit.finite "Trained.predict" (Trace.nameOf Erased.inputs path) t

        let rows =
            match Tree.values inputs |> List.map (Rows.count operation) |> List.distinct with
            | [ rows ] -> rows
            | found ->
                let counts = found |> List.map string |> String.concat ", "

                Refuse.shape
                    operation
                    (if found.IsEmpty then "no inputs" else $"inputs of {counts} rows")
                    "inputs of the same number of rows"
                    "give each input as many rows as the others"

        if rows = 0 then
            // One row says what the outputs look like.
            inputs
            |> Tree.map (fun t -> Tensor.zeros t.DType (1 :: t.Shape.ToList().Tail))
            |> run
            |> Tree.map (Rows.take operation [||])
        else
            let parts =
                [ for first in 0..batchSize .. rows - 1 -> [| first .. min (first + batchSize) rows - 1 |] ]
                |> List.map (fun chunk ->
                    run (
                        if chunk.Length = rows then
                            inputs
                        else
                            Tree.map (Rows.take operation chunk) inputs
                    ))

            parts.Head
            |> Tree.mapPath (fun path _ -> Rows.stack operation (parts |> List.map (fun part -> part[path])))

    /// The outputs for inputs of any number of rows, `[rows; ...]`, computed in batches of a size. A NaN or an infinity
    /// among the inputs is a `DomainError` that names its place, and so are a model of several inputs and one of several outputs.
    member this.Predict(inputs: Tensor, batchSize: int) : Tensor =
        let outputs = this.PredictNamed(Tree.ofList [ Erased.inputs, inputs ], batchSize)
        Composite<Tensor, Tensor>.Of("Trained.predict", Erased.output).OfTree("Trained.predict", outputs)

/// Using what was trained.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Trained =
    let private usual = 256

    /// A model with parameters and layer state. `Trained.create model parameters state`
    let create (model: Layer<Expr, Expr>) (parameters: Tree<Tensor>) (state: Tree<Tensor>) : Trained =
        let network = Erased.model "Trained.create" model
        Trained(network, parameters, state, Predictor(network, None, false), None)

    /// `create` for a model of several tensors, from any tuple, record or `Tree<Expr>` to any other.
    /// `Trained.createOf (Layer.both model model) parameters state`
    let createOf (model: Layer<'a, 'b>) (parameters: Tree<Tensor>) (state: Tree<Tensor>) : Trained =
        let network = Erased.model "Trained.createOf" model
        Trained(network, parameters, state, Predictor(network, None, false), None)

    /// The outputs for inputs of any number of rows, `[rows; ...]`; layers are in inference. A NaN or an infinity among
    /// the inputs is a `DomainError` that names its place.
    /// `Trained.predict x trained`
    let predict (inputs: Tensor) (trained: Trained) : Tensor = trained.Predict(inputs, usual)

    /// The outputs of a model of several tensors by name, for the inputs of a data set.
    /// `(Trained.predictNamed data trained)["output"]`
    let predictNamed (data: Dataset) (trained: Trained) : Tree<Tensor> =
        trained.PredictNamed(data.NamedInputs, usual)

    /// `predict` from a tuple, a record or a tree of tensors to another: names are those of the model's inputs and outputs, as
    /// in `Dataset.from`. `let price, label = Trained.predictOf (words, ages) trained`
    let predictOf (inputs: 'a) (trained: Trained) : 'b =
        let operation = "Trained.predictOf"
        let outputs = Composite<Tensor, 'b>.Of(operation, Erased.output)
        let given = Composite<Tensor, 'a>.Of(operation, Erased.inputs).ToTree inputs
        outputs.OfTree(operation, trained.PredictNamed(given, usual))

    /// What comes out of each layer for inputs `[rows; ...]`, by its path, in inference: to see where signals vanish or
    /// explode. All rows are computed at once. `Trained.activations x trained`
    let activations (inputs: Tensor) (trained: Trained) : Tree<Tensor> =
        let x = Trace.variable "input" inputs
        let ps, ss = Trace.tree "parameters" trained.Parameters, Trace.tree "state" trained.State
        let found = Layer.outputs Mode.Inference ps ss trained.Network (Tree.ofList [ Erased.inputs, x ])

        let variables =
            Tree.values ps @ Tree.values ss @ [ x ] |> List.collect (fun e -> Graph.variables [ e ])

        let run = Compile.prepare variables (Tree.values found)

        Tree.ofValues (run (Tree.values trained.Parameters @ Tree.values trained.State @ [ inputs ])) found

    let private evaluated
        loss
        parts
        (key: Key option)
        metrics
        (data: Dataset)
        (trained: Trained)
        : Evaluation =
        Metric.requireNames "Trained.evaluate" metrics
        Admit.numbers "Trained.evaluate" [ "", data ]

        Admit.labels
            "Trained.evaluate"
            trained.Network
            loss
            (trained.Parameters, trained.State)
            (min usual data.Count)
            [ "", data ]

        Evaluator(trained.Network, loss, parts, metrics, Option.toValueOption key)
            .Run(trained.Parameters, trained.State, data, usual)

    /// The loss and the metrics on a data set. The loss is that of all its rows as one batch: a mean over what counts, so
    /// that neither the order of rows nor how they are cut changes it beyond rounding. A NaN, an infinity, or a label that is
    /// no class is a `DomainError` that names its row, and so are two metrics of one name.
    /// `Trained.evaluate (Loss.mse Reduction.Mean) [ Metric.r2 ] data trained`
    let evaluate
        (loss: Expr -> Expr -> Expr)
        (metrics: Metric list)
        (data: Dataset)
        (trained: Trained)
        : Evaluation =
        evaluated (Erased.loss "Trained.evaluate" loss) [] None metrics data trained

    /// `evaluate` by the loss of a learner, whose parts it tells, for models of several tensors.
    /// `Trained.evaluateBy learner [] data trained`
    let evaluateBy (learner: Learner) (metrics: Metric list) (data: Dataset) (trained: Trained) : Evaluation =
        evaluated learner.Objective learner.Parts None metrics data trained

    /// `evaluateBy` with layers as in training: what is random is drawn with the key, batch norm goes by the batch. So the
    /// bound of a variational autoencoder is that which training lowers.
    /// `Trained.evaluateInTraining (Key.ofSeed 1L) learner [] data trained`
    let evaluateInTraining
        (key: Key)
        (learner: Learner)
        (metrics: Metric list)
        (data: Dataset)
        (trained: Trained)
        : Evaluation =
        evaluated learner.Objective learner.Parts (Some key) metrics data trained

    let private all (t: Trained) = Tree.append t.Parameters t.State

    /// Writes parameters and layer state as safetensors, by PyTorch's names. `Trained.save path trained`
    let save (path: string) (trained: Trained) : unit = Safetensors.write path (all trained)

    let private loaded (path: string) (network: Layer<Tree<Expr>, Tree<Expr>>) (xs: Tree<Expr>) : Trained =
        let found = Safetensors.read path
        // In the type that they were written in.
        let floats = Tree.values found |> List.map _.DType |> List.filter _.IsFloat
        let dtype = List.tryHead floats |> Option.defaultValue DType.F32
        let parameters, state = Layer.initAs dtype (Key.ofSeed 0L) xs network
        let found = Safetensors.fit (Tree.append parameters state) found

        Trained(
            network,
            Tree.filter parameters.Contains found,
            Tree.filter state.Contains found,
            Predictor(network, None, false),
            Some xs
        )

    /// Reads parameters and layer state into a model, which is asked for its own with inputs like these; a file of
    /// another model is a `FormatError`. `Trained.load path model x`
    let load (path: string) (model: Layer<Expr, Expr>) (inputs: Tensor) : Trained =
        loaded
            path
            (Erased.model "Trained.load" model)
            (Tree.ofList [ Erased.inputs, Expr.variable "x" inputs.DType (inputs.Shape.ToList()) ])

    /// `load` for a model of several tensors, with inputs like those of a data set. `Trained.loadFor path model data`
    let loadFor (path: string) (model: Layer<'a, 'b>) (data: Dataset) : Trained =
        loaded
            path
            (Erased.model "Trained.loadFor" model)
            (Trace.setOf ValueNone Erased.inputs data.NamedInputs)
