namespace DL1

open System.Collections.Concurrent

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
/// run as in training. Ranks share the batches out.
[<Sealed>]
type internal Evaluator
    (
        model: Layer<Tree<Expr>, Tree<Expr>>,
        loss: Tree<Expr> -> Tree<Expr> -> Expr,
        parts: LossPart list,
        metrics: Metric list,
        key: Key voption,
        ranks: Ranks
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

    new(model, loss, parts, metrics, key) = Evaluator(model, loss, parts, metrics, key, Ranks.alone)

    /// Refuses a loss that cannot be computed over the rows of the data, and metrics that cannot take such targets and
    /// outputs, before any step is lost.
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
                let parts = Array.ofList parts

                /// The sums and the outputs of each part; outputs where something needs them.
                let shareOut needsOutputs (one: int -> struct (Tree<Tensor> * Tensor list)) =
                    let found =
                        RankMessages.shareOut ranks parts.Length (fun chunk ->
                            let struct (outputs, told) = one chunk

                            Tree.append
                                (Tree.under "told" (Tree.ofList (told |> List.mapi (fun i t -> string i, t))))
                                (if needsOutputs then Tree.under "output" outputs else Tree.empty))

                    found |> List.map (Tree.at "told" >> Tree.values),
                    lazy (found |> List.map (Tree.at "output") |> stack)

                match wayOf parameters state data batchSize with
                | LossWay.Sums(sums, predictor, finish) ->
                    let told, outputs =
                        shareOut (not metrics.IsEmpty) (fun chunk -> run predictor chunk parts[chunk])

                    let ofEach, _ =
                        List.zip sums finish
                        |> List.mapFold
                            (fun (told: Tensor list list) (sums, finish) ->
                                let own, rest =
                                    told |> List.map (List.splitAt sums.Sums.Length) |> List.unzip

                                finish (LossSums.combine sums own), rest)
                            told

                    ofEach, outputs
                | LossWay.AtOnce measure ->
                    let _, outputs =
                        shareOut true (fun chunk ->
                            struct (outputsOf
                                        parameters
                                        state
                                        chunk
                                        (Tree.map (Rows.take operation parts[chunk]) data.NamedInputs),
                                    []))

                    measure data.NamedTargets outputs.Value, outputs

        {
            Loss = found.Head
            Parts = List.zip (parts |> List.map _.Name) found.Tail
            Metrics = metrics |> List.map (fun m -> m.Name, measure m data (outputs.Force()))
        }
