namespace DL1

open System.Diagnostics
open DL1.Notebooks

/// A model with its parameters and the state of its layers: what prediction needs. Immutable, for many threads at once.
[<Sealed; DebuggerDisplay("{Parameters.Count} parameters"); StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
type Trained
    internal
    (
        network: Layer<Tree<Expr>, Tree<Expr>>,
        parameters: Tree<Tensor>,
        state: Tree<Tensor>,
        example: Tree<Expr> option
    ) =
    let model = lazy Erased.single network
    let predictor = Predictor(network, parameters, state)

    /// Inputs of other extents than the model is known for: told as such, not by the first parameter that they do not fit.
    let run (inputs: Tree<Tensor>) : Tree<Tensor> =
        try
            match Tree.values inputs with
            | first :: _ when first.Rank > 0 && first.Shape[0] > 0 ->
                predictor.Predict(parameters, state, first.Shape[0], inputs)
            | _ ->
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
    /// Variables like the inputs that it was trained on or loaded for, where they are known.
    member internal _.Example = example

    /// The model's table, where it is known what goes in; else its layers, and how many elements its parameters have.
    override _.ToString() =
        match example with
        | Some x -> string (Summary.ofLayer x network)
        | None -> $"{network}: %d{Tree.values parameters |> List.sumBy (fun p -> int64 p.Size)} parameters"

    member internal this.Display = Format.following (this.ToString())

    interface INotebookValue with
        member this.Html =
            match example with
            | Some x -> (Summary.ofLayer x network :> INotebookValue).Html
            | None -> Html.pre (this.ToString())

    /// The outputs by name for inputs by name, of any number of rows, `[rows; ...]`, computed in batches of a size. A NaN or
    /// an infinity among the inputs is a `DomainError` that names its place.
    member _.PredictNamed(inputs: Tree<Tensor>, batchSize: int) : Tree<Tensor> =
        if batchSize < 1 then
            Refuse.domain "Trained" $"batches of %d{batchSize} rows" "1 or more" "256 is usual"

        let started = Telemetry.beginPrediction ()
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

            let outputs =
                parts.Head
                |> Tree.mapPath (fun path _ ->
                    Rows.stack operation (parts |> List.map (fun part -> part[path])))

            Telemetry.endPrediction started rows
            outputs

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
        Trained(network, parameters, state, None)

    /// `create` for a model of several tensors, from any tuple, record or `Tree<Expr>` to any other.
    /// `Trained.createOf (Layer.both model model) parameters state`
    let createOf (model: Layer<'a, 'b>) (parameters: Tree<Tensor>) (state: Tree<Tensor>) : Trained =
        let network = Erased.model "Trained.createOf" model
        Trained(network, parameters, state, None)

    /// The outputs for inputs of any number of rows, `[rows; ...]`; layers are in inference. A NaN or an infinity among
    /// the inputs is a `DomainError` that names its place.
    /// `Trained.predict x trained`
    let predict (inputs: Tensor) (trained: Trained) : Tensor = trained.Predict(inputs, usual)

    /// The outputs of a model of several tensors by name, for the inputs of a data set.
    /// `(Trained.predictNamed data trained)["output"]`
    let predictNamed (data: Dataset) (trained: Trained) : Tree<Tensor> =
        trained.PredictNamed(data.NamedInputs, usual)

    /// `predict` from a tuple, a record or a tree of tensors to another: names are those of the model's inputs and outputs, as
    /// in `Dataset.from`. `let (price: Tensor, label: Tensor) = Trained.predictOf (words, ages) trained`
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

    /// The output as an expression of the input `[rows; ...]`, in inference, with parameters and state as constants: for
    /// gradients by the input, which say what a prediction depends on. The model has one input and one output.
    /// `Trained.apply (Expr.constant x) trained`
    let apply (inputs: Expr) (trained: Trained) : Expr =
        Layer.apply
            Mode.Inference
            (Tree.map Expr.constant trained.Parameters)
            (Tree.map Expr.constant trained.State)
            trained.Model
            inputs
        |> fst

    let private evaluated
        loss
        parts
        (key: Key option)
        metrics
        admit
        (data: Dataset)
        (trained: Trained)
        : Evaluation =
        Metric.requireNames "Trained.evaluate" metrics
        admit "Trained.evaluate" [ "", data ]

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
        evaluated (Erased.loss "Trained.evaluate" loss) [] None metrics Admit.numbers data trained

    /// `evaluate` by the loss of a learner, whose parts it tells, for models of several tensors.
    /// `Trained.evaluateBy learner [] data trained`
    let evaluateBy (learner: Learner) (metrics: Metric list) (data: Dataset) (trained: Trained) : Evaluation =
        evaluated learner.Objective learner.Parts None metrics (Learner.admits learner) data trained

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
        evaluated learner.Objective learner.Parts (Some key) metrics (Learner.admits learner) data trained

    let private all (t: Trained) = Tree.append t.Parameters t.State

    /// Writes parameters and layer state as safetensors, by PyTorch's names. `Trained.save path trained`
    let save (path: string) (trained: Trained) : unit = Safetensors.write path (all trained)

    let private loaded (path: string) (network: Layer<Tree<Expr>, Tree<Expr>>) (xs: Tree<Expr>) : Trained =
        let found = Safetensors.read path
        // In the type that they were written in.
        let floats = Tree.values found |> List.map _.DType |> List.filter _.IsFloat
        let dtype = List.tryHead floats |> Option.defaultValue DType.F32
        let parameters, state = Layer.initAs dtype (Key.ofSeed 0L) xs network
        let found = Safetensors.fitFrom $"the file {path}" (Tree.append parameters state) found

        Trained(network, Tree.filter parameters.Contains found, Tree.filter state.Contains found, Some xs)

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
