namespace DL1

open System
open System.Collections.Concurrent
open System.Diagnostics

/// A model ready to run on batches of any shape, with what is made of targets and outputs where targets are given; each
/// shape is prepared once. For many threads at once.
[<Sealed>]
type internal Predictor(model: Layer<Expr, Expr>, measures: (int -> Expr -> Expr -> Expr list) option) =
    let prepared = ConcurrentDictionary<string, Lazy<Tensor list -> Tensor list>>()

    let prepare (parameters: Tree<Tensor>) (state: Tree<Tensor>) (given: Tensor list) =
        let ps, ss = Trace.tree "parameters" parameters, Trace.tree "state" state
        let xs = given |> List.mapi (fun i t -> Trace.variable (if i = 0 then "inputs" else "targets") t)

        let output, _ =
            InputType.explained (Tree.values ps |> List.map _.DType) xs.Head (fun () ->
                Layer.apply Mode.Inference ps ss model xs.Head)

        let roots =
            match measures, xs with
            | Some measures, [ x; target ] -> output :: measures x.Shape[0] target output
            | _ -> [ output ]

        let variables = Tree.values ps @ Tree.values ss @ xs |> List.collect (fun e -> Graph.variables [ e ])
        Compile.prepare variables roots

    /// The output for a batch, and what is measured where targets are given too.
    member _.Run(parameters: Tree<Tensor>, state: Tree<Tensor>, given: Tensor list) : Tensor list =
        let shape = given |> List.map (fun t -> $"{t.DType} {t.Shape}") |> String.concat "; "
        let run = prepared.GetOrAdd(shape, fun _ -> lazy prepare parameters state given)
        run.Value(Tree.values parameters @ Tree.values state @ given)

/// How good a model is on some rows.
[<NoComparison>]
type Evaluation =
    {
        /// The loss of all rows.
        Loss: float
        /// Each metric's name and value.
        Metrics: (string * float) list
    }

/// The loss and the metrics of a model on data sets, computed in batches. The loss is that of all rows as one batch, however
/// they are cut and ordered: sums over rows are added up, and what the loss makes of them is done once. A loss of another
/// form, such as one that compares rows with each other, is computed on the outputs of all rows at once.
[<Sealed>]
type internal Evaluator(model: Layer<Expr, Expr>, loss: Expr -> Expr -> Expr, metrics: Metric list) =
    let operation = "Trained.evaluate"
    let plain = Predictor(model, None)

    let whole =
        Predictor(model, Some(fun _ target output -> [ LossSums.requireScalar (loss target output) ]))

    let prepared =
        ConcurrentDictionary<
            string,
            Lazy<Choice<struct (LossSums * Predictor * (Tensor list -> float)), (Tensor list -> Tensor list)>>
         >()

    /// The most elements that a value of a loss over all rows at once may have, beside what it is given.
    let most = 1 <<< 27

    /// The loss of targets and outputs of all rows at once.
    let atOnce (reason: string) (target: Tensor) (output: Tensor) =
        let t, o = Trace.variable "targets" target, Trace.variable "outputs" output
        let value = LossSums.requireScalar (loss t o)

        let limit = max most (max target.Size output.Size)

        for e in Graph.topological [ value ] do
            if e.Shape.Size > limit then
                Refuse.domain
                    operation
                    $"a loss with {reason}, whose values over %d{target.Shape[0]} rows have %d{e.Shape.Size} elements"
                    $"%d{limit} elements at most"
                    "evaluate on fewer rows, or write the loss as sums over rows"

        Compile.prepare (List.collect (fun e -> Graph.variables [ e ]) [ t; o ]) [ value ]

    let prepare (data: Dataset) (output: Tensor) (part: int) =
        let places (t: Tensor) = Shape.withAxis 0 (t.Shape[0] / part * data.Count) t.Shape

        match
            LossSums.split
                loss
                data.Count
                (data.Targets.DType, data.Targets.Shape)
                (output.DType, places output)
        with
        | Ok sums -> Choice1Of2(struct (sums, Predictor(model, Some sums.OfPart), LossSums.finish sums))
        | Error reason ->
            Choice2Of2(atOnce reason data.Targets (Tensor.zeros output.DType ((places output).ToList())))

    let chunks size rows =
        [ for first in 0..size .. rows - 1 -> [| first .. min (first + size) rows - 1 |] ]

    /// Refuses outputs that are not as many for each row.
    let requireRows rows (output: Tensor) =
        if output.Rank = 0 || output.Shape[0] % rows <> 0 then
            Refuse.shape
                operation
                $"outputs {output.DType} {output.Shape} for %d{rows} rows"
                "outputs for each row, rows first"
                "keep the axis of the rows in front, in every layer"

    /// How the loss of more rows than are computed at a time is found; each kind of data set is looked at once.
    let wayOf (parameters: Tree<Tensor>) (state: Tree<Tensor>) (data: Dataset) (size: int) =
        let shape =
            $"%d{size} of {data.Inputs.DType} {data.Inputs.Shape}; {data.Targets.DType} {data.Targets.Shape}"

        let look () =
            let first = Dataset.truncate size data
            let output = (plain.Run(parameters, state, [ first.Inputs ])).Head
            requireRows first.Count output
            prepare data output first.Count

        prepared.GetOrAdd(shape, (fun _ -> lazy look ())).Value

    /// Refuses a loss that cannot be computed over so many rows, and metrics that cannot take the targets and outputs like
    /// these, before any step is lost.
    member _.Check(parameters: Tree<Tensor>, state: Tree<Tensor>, data: Dataset, batchSize: int) : unit =
        if data.Count > batchSize then
            wayOf parameters state data batchSize |> ignore

        if not metrics.IsEmpty then
            let part = Dataset.truncate batchSize data
            let output = (plain.Run(parameters, state, [ part.Inputs ])).Head
            requireRows part.Count output
            // The outputs of the first rows, over and over, stand for all: what counts is type, shape and targets.
            let times = output.Shape[0] / part.Count
            let rows = Array.init (times * data.Count) (fun i -> i % output.Shape[0])
            let outputs = if part.Count = data.Count then output else Rows.take operation rows output

            for metric in metrics do
                Metric.explained metric (fun () -> metric.Measure data.Targets outputs) |> ignore

    /// The loss and the metrics.
    member _.Run(parameters: Tree<Tensor>, state: Tree<Tensor>, data: Dataset, batchSize: int) : Evaluation =
        if batchSize < 1 then
            Refuse.domain operation $"batches of %d{batchSize} rows" "1 or more" "256 is usual"

        if data.Count = 0 then
            Refuse.domain operation "no rows" "one at least" "check how the data were split"

        let run (predictor: Predictor) (rows: int[]) =
            let part = if rows.Length = data.Count then data else Dataset.rows rows data
            predictor.Run(parameters, state, [ part.Inputs; part.Targets ])

        let stack parts = Rows.stack operation parts

        let loss, outputs =
            match chunks batchSize data.Count with
            | [ all ] ->
                match run whole all with
                | [ output; loss ] -> Tensor.toFloat loss, lazy output
                | found ->
                    Refuse.domain operation $"%d{found.Length} results" "an output and a loss" "report it"
            | parts ->
                match wayOf parameters state data batchSize with
                | Choice1Of2(struct (sums, predictor, finish)) ->
                    let found = parts |> List.map (run predictor)

                    finish (LossSums.combine sums (List.map List.tail found)),
                    lazy stack (List.map List.head found)
                | Choice2Of2 measure ->
                    let outputs =
                        parts
                        |> List.map (fun rows ->
                            (plain.Run(parameters, state, [ Rows.take operation rows data.Inputs ])).Head)
                        |> stack

                    Tensor.toFloat (measure [ data.Targets; outputs ]).Head, lazy outputs

        {
            Loss = loss
            Metrics =
                metrics
                |> List.map (fun m ->
                    m.Name, Metric.explained m (fun () -> m.Measure data.Targets (outputs.Force())))
        }

/// A model with its parameters and the state of its layers: what prediction needs. Immutable, for many threads at once.
[<Sealed; DebuggerDisplay("{Parameters.Count} parameters"); StructuredFormatDisplay("{Display}")>]
type Trained
    internal
    (
        model: Layer<Expr, Expr>,
        parameters: Tree<Tensor>,
        state: Tree<Tensor>,
        predictor: Predictor,
        example: Expr option
    ) =
    /// Inputs of other extents than the model is known for: told as such, not by the first parameter that they do not fit.
    let run (inputs: Tensor) : Tensor =
        try
            (predictor.Run(parameters, state, [ inputs ])).Head
        with :? ShapeError as error ->
            match example with
            | Some x when x.Shape.ToList().Tail <> List.tail (inputs.Shape.ToList()) ->
                let due = x.Shape.ToList().Tail |> List.map string |> String.concat ", "

                Refuse.shape
                    "Trained.predict"
                    $"inputs {inputs.DType} {inputs.Shape}"
                    $"{x.DType} [rows, {due}], as those that the model knows"
                    $"give each row the numbers that the model was trained on, in their order ({error.Operation}: {error.Given})"
            | Some _
            | None -> reraise ()

    /// The model.
    member _.Model = model
    /// Its parameters.
    member _.Parameters = parameters
    /// The state of its layers.
    member _.State = state

    /// The model's table, where it is known what goes in; else its layers, and how many elements its parameters have.
    override _.ToString() =
        match example with
        | Some x -> string (Summary.ofLayer x model)
        | None -> $"{model}: %d{Tree.values parameters |> List.sumBy (fun p -> int64 p.Size)} parameters"

    member internal this.Display = this.ToString()

    /// The outputs for inputs of any number of rows, `[rows; ...]`, computed in batches of a size. A NaN or an infinity
    /// among the inputs is a `DomainError` that names its place.
    member _.Predict(inputs: Tensor, batchSize: int) : Tensor =
        if batchSize < 1 then
            Refuse.domain "Trained" $"batches of %d{batchSize} rows" "1 or more" "256 is usual"

        Admit.finite "Trained.predict" "inputs" inputs
        let rows = Rows.count "Trained.Predict" inputs

        if rows = 0 then
            // One row says what the output looks like.
            Rows.take
                "Trained.Predict"
                [||]
                (run (Tensor.zeros inputs.DType (1 :: inputs.Shape.ToList().Tail)))
        else
            [ for first in 0..batchSize .. rows - 1 -> [| first .. min (first + batchSize) rows - 1 |] ]
            |> List.map (fun chunk ->
                run (if chunk.Length = rows then inputs else Rows.take "Trained.Predict" chunk inputs))
            |> Rows.stack "Trained.Predict"

/// Using what was trained.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Trained =
    let private usual = 256

    /// A model with parameters and layer state. `Trained.create model parameters state`
    let create (model: Layer<Expr, Expr>) (parameters: Tree<Tensor>) (state: Tree<Tensor>) : Trained =
        Trained(model, parameters, state, Predictor(model, None), None)

    /// The outputs for inputs of any number of rows, `[rows; ...]`; layers are in inference. A NaN or an infinity among
    /// the inputs is a `DomainError` that names its place.
    /// `Trained.predict x trained`
    let predict (inputs: Tensor) (trained: Trained) : Tensor = trained.Predict(inputs, usual)

    /// What comes out of each layer for inputs `[rows; ...]`, by its path, in inference: to see where signals vanish or
    /// explode. All rows are computed at once. `Trained.activations x trained`
    let activations (inputs: Tensor) (trained: Trained) : Tree<Tensor> =
        let x = Trace.variable "input" inputs
        let ps, ss = Trace.tree "parameters" trained.Parameters, Trace.tree "state" trained.State
        let found = Layer.outputs Mode.Inference ps ss trained.Model x

        let variables =
            Tree.values ps @ Tree.values ss @ [ x ] |> List.collect (fun e -> Graph.variables [ e ])

        let run = Compile.prepare variables (Tree.values found)

        Tree.ofValues (run (Tree.values trained.Parameters @ Tree.values trained.State @ [ inputs ])) found

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
        Metric.requireNames "Trained.evaluate" metrics
        Admit.numbers "Trained.evaluate" [ "", data ]

        Admit.labels
            "Trained.evaluate"
            trained.Model
            loss
            (trained.Parameters, trained.State)
            (min usual data.Count)
            [ "", data ]

        Evaluator(trained.Model, loss, metrics).Run(trained.Parameters, trained.State, data, usual)

    let private all (t: Trained) = Tree.append t.Parameters t.State

    /// Writes parameters and layer state as safetensors, by PyTorch's names. `Trained.save path trained`
    let save (path: string) (trained: Trained) : unit = Safetensors.write path (all trained)

    /// Reads parameters and layer state into a model, which is asked for its own with inputs like these; a file of
    /// another model is a `FormatError`. `Trained.load path model x`
    let load (path: string) (model: Layer<Expr, Expr>) (inputs: Tensor) : Trained =
        let x = Expr.variable "x" inputs.DType (inputs.Shape.ToList())
        let found = Safetensors.read path
        // In the type that they were written in.
        let floats = Tree.values found |> List.map _.DType |> List.filter _.IsFloat
        let dtype = List.tryHead floats |> Option.defaultValue DType.F32
        let parameters, state = Layer.initAs dtype (Key.ofSeed 0L) x model
        let found = Safetensors.fit (Tree.append parameters state) found

        Trained(
            model,
            Tree.filter parameters.Contains found,
            Tree.filter state.Contains found,
            Predictor(model, None),
            Some x
        )
