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

    let prepare (data: Source) (outputs: Tree<Tensor>) (part: int) =
        let places (t: Tensor) = Shape.withAxis 0 (t.Shape[0] / part * data.Count) t.Shape
        let targets = Trace.setOf (ValueSome data.Count) Erased.targets data.Example.NamedTargets

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
    let wayOf (parameters: Tree<Tensor>) (state: Tree<Tensor>) (data: Source) (size: int) =
        let shown (tree: Tree<Tensor>) =
            Tree.toList tree
            |> List.map (fun (path, t) -> $"{path} {t.DType} {t.Shape}")
            |> String.concat ", "

        let example = data.Example

        let shape =
            $"%d{size} of %d{data.Count} rows like {shown example.NamedInputs}; {shown example.NamedTargets}"

        let look () =
            let first = data.Rows [| 0 .. min size data.Count - 1 |]
            let outputs = outputsOf parameters state 0 first.NamedInputs
            requireRows first.Count outputs
            prepare data outputs first.Count

        prepared.GetOrAdd(shape, (fun _ -> lazy look ())).Value

    let measure (metric: Metric) (targets: Tree<Tensor>) (outputs: Tree<Tensor>) : float =
        Metric.explained metric (fun () ->
            let struct (target, output) = Metric.looksAt metric targets outputs
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
    member _.Check(parameters: Tree<Tensor>, state: Tree<Tensor>, data: Source, batchSize: int) : unit =
        if data.Count > batchSize then
            wayOf parameters state data batchSize |> ignore

        if not metrics.IsEmpty then
            let part = data.Rows [| 0 .. min batchSize data.Count - 1 |]
            let outputs = outputsOf parameters state 0 part.NamedInputs
            requireRows part.Count outputs

            // The outputs of the first rows, over and over, stand for all: what counts is type, shape and targets. Of a source the
            // first targets stand for all, too.
            let struct (count, targets) =
                match data with
                | :? Dataset as all -> struct (all.Count, all.NamedTargets)
                | _ -> struct (part.Count, part.NamedTargets)

            let outputs =
                outputs
                |> Tree.map (fun output ->
                    let times = output.Shape[0] / part.Count
                    let rows = Array.init (times * count) (fun i -> i % output.Shape[0])
                    if part.Count = count then output else Rows.take operation rows output)

            for metric in metrics do
                measure metric targets outputs |> ignore

    /// The loss and the metrics.
    member _.Run(parameters: Tree<Tensor>, state: Tree<Tensor>, data: Source, batchSize: int) : Evaluation =
        if batchSize < 1 then
            Refuse.domain operation $"batches of %d{batchSize} rows" "1 or more" "256 is usual"

        if data.Count = 0 then
            Refuse.domain operation "no rows" "one at least" "check how the data were split"

        let all =
            match data with
            | :? Dataset as all -> ValueSome all
            | _ -> ValueNone

        let read (rows: int[]) : Dataset =
            match all with
            | ValueSome all when rows.Length = all.Count -> all
            | _ -> data.Rows rows

        let predict (predictor: Predictor) (chunk: int) (part: Dataset) =
            predictor.Run(parameters, state, keyOf chunk, part.NamedInputs, ValueSome part.NamedTargets)

        let found, outputs, targets =
            match chunks batchSize data.Count with
            | [ rows ] ->
                let part = read rows
                let struct (outputs, found) = predict whole 0 part
                List.map Tensor.toFloat found, lazy outputs, lazy part.NamedTargets
            | parts ->
                let parts = Array.ofList parts

                /// The sums of each part, and where something looks at those of all rows, outputs and a source's targets.
                let shareOut keeps (one: int -> struct (Tree<Tensor> * Tensor list * Tree<Tensor>)) =
                    let found =
                        RankMessages.shareOut ranks parts.Length (fun chunk ->
                            let struct (outputs, told, targets) = one chunk

                            [
                                Tree.under "told" (Tree.ofList (told |> List.mapi (fun i t -> string i, t)))
                                (if keeps then Tree.under "output" outputs else Tree.empty)
                                (if keeps && all.IsNone then Tree.under "target" targets else Tree.empty)
                            ]
                            |> List.reduce Tree.append)

                    found |> List.map (Tree.at "told" >> Tree.values),
                    lazy (found |> List.map (Tree.at "output") |> stack),
                    (match all with
                     | ValueSome all -> lazy all.NamedTargets
                     | ValueNone -> lazy (found |> List.map (Tree.at "target") |> stack))

                match wayOf parameters state data batchSize with
                | LossWay.Sums(sums, predictor, finish) ->
                    let told, outputs, targets =
                        shareOut (not metrics.IsEmpty) (fun chunk ->
                            let part = read parts[chunk]
                            let struct (outputs, told) = predict predictor chunk part
                            struct (outputs, told, part.NamedTargets))

                    let ofEach, _ =
                        List.zip sums finish
                        |> List.mapFold
                            (fun (told: Tensor list list) (sums, finish) ->
                                let own, rest =
                                    told |> List.map (List.splitAt sums.Sums.Length) |> List.unzip

                                finish (LossSums.combine sums own), rest)
                            told

                    ofEach, outputs, targets
                | LossWay.AtOnce measure ->
                    let _, outputs, targets =
                        shareOut true (fun chunk ->
                            let part = read parts[chunk]
                            struct (outputsOf parameters state chunk part.NamedInputs, [], part.NamedTargets))

                    measure targets.Value outputs.Value, outputs, targets

        {
            Loss = found.Head
            Parts = List.zip (parts |> List.map _.Name) found.Tail
            Metrics = metrics |> List.map (fun m -> m.Name, measure m targets.Value outputs.Value)
        }
