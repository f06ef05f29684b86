namespace DL1

open System
open System.Collections.Concurrent
open System.Diagnostics

/// A model ready to run on batches of any shape; each shape is prepared once. For many threads at once.
[<Sealed>]
type internal Predictor(model: Layer<Expr, Expr>, loss: (Expr -> Expr -> Expr) option) =
    let prepared = ConcurrentDictionary<string, Lazy<Tensor list -> Tensor list>>()

    let prepare (parameters: Tree<Tensor>) (state: Tree<Tensor>) (given: Tensor list) =
        let ps, ss = Trace.tree "parameters" parameters, Trace.tree "state" state
        let xs = given |> List.mapi (fun i t -> Trace.variable (if i = 0 then "inputs" else "targets") t)

        let output, _ =
            InputType.explained (Tree.values ps |> List.map _.DType) xs.Head (fun () ->
                Layer.apply Mode.Inference ps ss model xs.Head)

        let roots =
            match loss, xs with
            | Some loss, [ _; target ] -> [ output; loss target output ]
            | _ -> [ output ]

        let variables = Tree.values ps @ Tree.values ss @ xs |> List.collect (fun e -> Graph.variables [ e ])
        Compile.prepare variables roots

    /// The output for a batch, and the loss where targets are given too.
    member _.Run(parameters: Tree<Tensor>, state: Tree<Tensor>, given: Tensor list) : Tensor list =
        let shape = given |> List.map (fun t -> $"{t.DType} {t.Shape}") |> String.concat "; "
        let run = prepared.GetOrAdd(shape, fun _ -> lazy prepare parameters state given)
        run.Value(Tree.values parameters @ Tree.values state @ given)

/// How good a model is on some rows.
[<NoComparison>]
type Evaluation =
    {
        /// The mean loss.
        Loss: float
        /// Each metric's name and value.
        Metrics: (string * float) list
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
    let chunks size rows =
        [ for first in 0..size .. rows - 1 -> [| first .. min (first + size) rows - 1 |] ]

    let requireSize size =
        if size < 1 then
            Refuse.domain "Trained" $"batches of {size} rows" "1 or more" "256 is usual"

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
        | None -> $"{model}: {Tree.values parameters |> List.sumBy (fun p -> int64 p.Size)} parameters"

    member internal this.Display = this.ToString()

    /// The outputs for inputs of any number of rows, `[rows; ...]`, computed in batches of a size. A NaN or an infinity
    /// among the inputs is a `DomainError` that names its place.
    member _.Predict(inputs: Tensor, batchSize: int) : Tensor =
        requireSize batchSize
        Admit.finite "Trained.predict" "inputs" inputs
        let rows = Rows.count "Trained.Predict" inputs

        if rows = 0 then
            // One row says what the output looks like.
            let one = Tensor.zeros inputs.DType (1 :: inputs.Shape.ToList().Tail)
            Rows.take "Trained.Predict" [||] (predictor.Run(parameters, state, [ one ]).Head)
        else
            chunks batchSize rows
            |> List.map (fun chunk ->
                let x = if chunk.Length = rows then inputs else Rows.take "Trained.Predict" chunk inputs
                predictor.Run(parameters, state, [ x ]).Head)
            |> Rows.stack "Trained.Predict"

    member internal _.Evaluate
        (run: Predictor, metrics: Metric list, data: Dataset, batchSize: int)
        : Evaluation =
        requireSize batchSize

        if data.Count = 0 then
            Refuse.domain "Trained.evaluate" "no rows" "one at least" "check how the data were split"

        let parts =
            chunks batchSize data.Count
            |> List.map (fun chunk ->
                let part = if chunk.Length = data.Count then data else Dataset.rows chunk data

                match run.Run(parameters, state, [ part.Inputs; part.Targets ]) with
                | [ output; loss ] -> output, Tensor.toFloat loss * float chunk.Length
                | _ -> Refuse.domain "Trained.evaluate" "a predictor without a loss" "a loss" "give one")

        let outputs =
            if metrics.IsEmpty then
                None
            else
                Some(Rows.stack "Trained.evaluate" (List.map fst parts))

        {
            Loss = List.sumBy snd parts / float data.Count
            Metrics =
                metrics
                |> List.choose (fun m -> outputs |> Option.map (fun o -> m.Name, m.Measure data.Targets o))
        }

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

    /// The mean loss and the metrics on a data set; the loss must be a mean over rows. A NaN, an infinity, or a label that
    /// is no class is a `DomainError` that names its row.
    /// `Trained.evaluate (Loss.mse Reduction.Mean) [ Metric.r2 ] data trained`
    let evaluate
        (loss: Expr -> Expr -> Expr)
        (metrics: Metric list)
        (data: Dataset)
        (trained: Trained)
        : Evaluation =
        Admit.numbers "Trained.evaluate" [ "", data ]

        Admit.labels
            "Trained.evaluate"
            trained.Model
            loss
            (trained.Parameters, trained.State)
            (min usual data.Count)
            [ "", data ]

        trained.Evaluate(Predictor(trained.Model, Some loss), metrics, data, usual)

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
        create model (Tree.filter parameters.Contains found) (Tree.filter state.Contains found)
