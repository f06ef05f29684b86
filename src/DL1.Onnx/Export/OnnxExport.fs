namespace DL1.Onnx

open System
open DL1

/// Graphs, trained models and training steps as ONNX files, in core operators of opset 18, which ONNX Runtime and others run.
/// The same model is the same bytes. Where the parameters are more than 2 GB, what a file can hold, the functions that write files
/// put them into a file beside the model, as `writeExternal` does.
[<RequireQualifiedAccess>]
module OnnxExport =
    let private bindings (prefix: string) (named: string -> string) (values: Tree<Tensor>) =
        let variables = Trace.tree prefix values

        variables,
        Tree.toList values
        |> List.map (fun (path, t) ->
            let variable: Variable = { Name = $"{prefix} {path}"; DType = t.DType; Shape = t.Shape }
            variable, named path, t)

    let private graph (inputs: Expr list) (outputs: (string * Expr) list) : OnnxModel =
        ExportModel.model
            (inputs |> List.map (fun x -> x.Label, [| x |]))
            []
            (List.map2 (fun (name, _) e -> name, [| e |]) outputs (Rewrite.stableAll (List.map snd outputs)))
            []

    /// The bytes of a file of any graph: outputs by name, from inputs, which are variables and keep their names and their order.
    /// Shapes are those of the graph; `functionToBytes` leaves the batch open. A variable that is no input is a `DomainError`,
    /// and so is a graph that draws random numbers, or that takes the error function of f64.
    /// `OnnxExport.graphToBytes [ x; y ] [ "sum", x + y ]`
    let graphToBytes (inputs: Expr list) (outputs: (string * Expr) list) : byte[] =
        ModelFile.bytes (graph inputs outputs)

    /// `graphToBytes` as a file, written whole or not at all. `OnnxExport.writeGraph "step.onnx" [ x; w ] [ "loss", loss ]`
    let writeGraph (path: string) (inputs: Expr list) (outputs: (string * Expr) list) : unit =
        ModelFile.write path (graph inputs outputs)

    /// The bytes of a file of a function of batches of any number of rows. The examples are variables `[batch; ...]`, of which
    /// the leading extent does not matter: the function is called with three sizes, and what differs between them is computed
    /// from the batch in the file. A function that treats batches of these sizes differently is a `DomainError`.
    /// `OnnxExport.functionToBytes [ x ] (fun xs -> [ "doubled", xs.Head * 2.0 ])`
    let functionToBytes (examples: Expr list) (f: Expr list -> (string * Expr) list) : byte[] =
        ModelFile.bytes (ExportModel.ofFunction [] [] examples f)

    /// `functionToBytes` as a file, written whole or not at all.
    /// `OnnxExport.writeFunction "scale.onnx" [ x ] (fun xs -> [ "scaled", xs.Head / 255.0 ])`
    let writeFunction (path: string) (examples: Expr list) (f: Expr list -> (string * Expr) list) : unit =
        ModelFile.write path (ExportModel.ofFunction [] [] examples f)

    /// `writeFunction` with metadata, such as the names of classes, by name.
    /// `OnnxExport.writeFunctionWith "scale.onnx" [ "classes", "no\nyes" ] [ x ] (fun xs -> [ "scaled", xs.Head / 255.0 ])`
    let writeFunctionWith
        (path: string)
        (metadata: (string * string) list)
        (examples: Expr list)
        (f: Expr list -> (string * Expr) list)
        : unit =
        ModelFile.write path (ExportModel.ofFunction [] metadata examples f)

    /// Scores with the probability of each class: softmax of `[batch; classes]`; of scores `[batch; 1]`, one a row as for two
    /// classes, the probability of the second. `OnnxExport.probabilities scores`
    let probabilities (scores: Expr) : (string * Expr) list =
        let last = scores.Shape.Rank - 1

        [
            "output", scores
            "probabilities",
            (if scores.Shape[last] = 1 then Expr.sigmoid scores else Expr.softmax last scores)
        ]

    let private trainedModel
        (example: Tree<Tensor>)
        (before: Tree<Expr> -> Tree<Expr>)
        (after: Tree<Expr> -> (string * Expr) list)
        (trained: Trained)
        : OnnxModel =
        let ps, parameters = bindings "parameters" id trained.Parameters
        let ss, state = bindings "state" id trained.State

        let apply (xs: Expr list) =
            let inputs = before (Tree.ofValues xs example)
            Layer.apply Mode.Inference ps ss trained.Network inputs |> fst |> after

        let variables (name: string -> string) =
            Tree.toList example
            |> List.map (fun (path, t) -> Expr.variable (name path) t.DType (t.Shape.ToList()))

        // Members of tuples are numbers, of inputs and of outputs.
        let meets = apply (variables id) |> List.exists (fun (name, _) -> example.Contains name)

        let input, output =
            if meets then
                (fun path -> $"inputs.{path}"), (fun name -> $"output.{name}")
            else
                id, id

        ExportModel.ofFunction (parameters @ state) [] (variables input) (fun xs ->
            apply xs |> List.map (fun (name, e) -> output name, e))

    /// The bytes of a file of a trained model in inference, with what is done before it to each input and what is made of its
    /// outputs. Inputs and outputs have the names of the model's, `inputs` and `output` where there is one; parameters and state
    /// are initializers by their paths. Where inputs and outputs are tuples, so that both have the names 1 and 2, they are
    /// `inputs.1` and `output.1`. The example says type and shape of the inputs; its rows do not matter: the batch is
    /// named `batch` and may have any size. `before` gets the example's tensors, so scaling or one-hot codes may come first.
    /// `OnnxExport.modelToBytes data.NamedInputs id Tree.toList trained`
    let modelToBytes
        (example: Tree<Tensor>)
        (before: Tree<Expr> -> Tree<Expr>)
        (after: Tree<Expr> -> (string * Expr) list)
        (trained: Trained)
        : byte[] =
        ModelFile.bytes (trainedModel example before after trained)

    let private named (example: Tensor) = Tree.ofList [ Erased.inputs, example ]

    /// A trained model of one input as a file: `inputs` like the example `[batch; ...]`, whose rows do not matter, to `output`,
    /// with batches of any size. The file is written whole or not at all.
    /// `OnnxExport.write "digits.onnx" test.Inputs trained`
    let write (path: string) (example: Tensor) (trained: Trained) : unit =
        ModelFile.write path (trainedModel (named example) id Tree.toList trained)

    let private withOne
        (example: Tensor)
        (before: Expr -> Expr)
        (after: Expr -> (string * Expr) list)
        (trained: Trained)
        =
        let first (tree: Tree<Expr>) = (Tree.values tree).Head
        trainedModel (named example) (Tree.map before) (first >> after) trained

    /// The bytes of a file of a trained model of one input, with what is done to the inputs before the model and what is made of its
    /// output. `OnnxExport.toBytesWith test.Inputs (fun x -> x / 16.0) OnnxExport.probabilities trained`
    let toBytesWith
        (example: Tensor)
        (before: Expr -> Expr)
        (after: Expr -> (string * Expr) list)
        (trained: Trained)
        : byte[] =
        ModelFile.bytes (withOne example before after trained)

    /// `toBytesWith` as a file, written whole or not at all:
    /// `OnnxExport.writeWith "digits.onnx" test.Inputs (fun x -> x / 16.0) OnnxExport.probabilities trained`
    let writeWith
        (path: string)
        (example: Tensor)
        (before: Expr -> Expr)
        (after: Expr -> (string * Expr) list)
        (trained: Trained)
        : unit =
        ModelFile.write path (withOne example before after trained)

    /// A trained model of several inputs or outputs as a file, by their names, for inputs like those of a data set.
    /// `OnnxExport.writeNamed "homes.onnx" rooms trained`
    let writeNamed (path: string) (data: Dataset) (trained: Trained) : unit =
        ModelFile.write path (trainedModel data.NamedInputs id Tree.toList trained)

    let private step (learner: Learner) (state: TrainState) (batch: Dataset) : OnnxModel =
        Learner.requireTrained learner state.Parameters

        if learner.Mixup.IsSome || learner.Optimizer.Accumulation.IsSome then
            Refuse.domain
                "Onnx.writeStep"
                $"{learner}, which mixes rows or gathers batches"
                "a step of one batch without draws"
                "take a learner without mixup whose optimizer makes an update for each batch"

        let all =
            Tree.toList (Tree.under Step.parameters state.Parameters)
            @ Tree.toList (Tree.under Step.layers state.State)
            @ Tree.toList (Tree.under Step.optimizer state.Optimizer)
            |> Tree.ofList

        let given = Tree.mapPath Trace.variable all
        let ps = Tree.at Step.parameters given
        let xs = Trace.setOf ValueNone Erased.inputs batch.NamedInputs
        let ts = Trace.setOf ValueNone Erased.targets batch.NamedTargets
        let key = Expr.constant (Key.toTensor state.Key)

        let struct (_, layers, data) = Step.forward learner ps (Tree.at Step.layers given) key xs ts

        let loss =
            match learner.Penalty with
            | Some penalty -> data + penalty ps
            | None -> data

        let trained = Tree.filter learner.Trains ps
        let gradients = Tree.ofValues (Grad.grad loss (Tree.values trained)) trained
        let moved, optimizer = learner.Optimizer.Update gradients (Tree.at Step.optimizer given) trained

        let next =
            Tree.toList (Tree.under Step.parameters (Tree.replace ps moved))
            @ Tree.toList (Tree.under Step.layers layers)
            @ Tree.toList (Tree.under Step.optimizer optimizer)

        graph
            (Tree.values xs @ Tree.values ts @ Tree.values given)
            (("loss", loss) :: (next |> List.map (fun (path, e) -> "next." + path, e)))

    /// The bytes of a file of a training step for batches like one: forward, loss, gradients, the optimizer's update and running
    /// statistics, in stock operators. Its inputs are the batch, `inputs` and `targets`, and the state by its paths,
    /// `parameters.0.weight`, `state.1.running_mean`, `optimizer.step`; its outputs are `loss` and each piece of state after the
    /// step, `next.parameters.0.weight`. The number of rows is the batch's. A learner that draws (dropout, mixup) or that gathers
    /// several batches is a `DomainError`. `OnnxExport.stepToBytes learner start batch`
    let stepToBytes (learner: Learner) (state: TrainState) (batch: Dataset) : byte[] =
        ModelFile.bytes (step learner state batch)

    /// `stepToBytes` as a file, written whole or not at all. `OnnxExport.writeStep "step.onnx" learner start batch`
    let writeStep (path: string) (learner: Learner) (state: TrainState) (batch: Dataset) : unit =
        ModelFile.write path (step learner state batch)

    let private writeOutside encode (path: string) (bytesAtLeast: int64) (model: OnnxModel) : unit =
        if bytesAtLeast < 1L then
            Refuse.domain
                "Onnx.writeExternal"
                $"parameters of at least %d{bytesAtLeast} bytes"
                "1 or more"
                "give 1024, as ONNX's own tools do"

        ModelFile.writeExternal encode path bytesAtLeast model

    /// Writes the bytes of a model with its parameters of `bytesAtLeast` bytes or more in a file beside it, as ONNX's external data:
    /// `model.onnx.<digest of its content>.data`; all else that the model has stays as it is. The data is written first: the model that is there has its own data at any
    /// moment; the data of the one that it replaces is removed. One process at a time may write to a path. A number below 1 is a
    /// `DomainError`, and so are a model whose elements stand in another file already, and a place where no file can be written; bytes
    /// that are no ONNX model are a `FormatError`.
    /// `OnnxExport.writeExternal "large.onnx" 1024L (OnnxExport.graphToBytes [ x; w ] [ "y", y ])`
    let writeExternal (path: string) (bytesAtLeast: int64) (bytes: byte[]) : unit =
        let source = ReadOnlyMemory bytes
        writeOutside (WriteModel.withExternal source) path bytesAtLeast (ReadModel.model source)

    /// `writeWith` with parameters of `bytesAtLeast` bytes or more in a file beside the model, as `writeExternal` does, for models of
    /// any size. `OnnxExport.writeExternalWith "large.onnx" 1024L test.Inputs id OnnxExport.probabilities trained`
    let writeExternalWith
        (path: string)
        (bytesAtLeast: int64)
        (example: Tensor)
        (before: Expr -> Expr)
        (after: Expr -> (string * Expr) list)
        (trained: Trained)
        : unit =
        writeOutside WriteModel.model path bytesAtLeast (withOne example before after trained)
