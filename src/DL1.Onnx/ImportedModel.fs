namespace DL1.Onnx

open System
open System.Collections.Generic
open System.Diagnostics
open DL1

/// An ONNX model as expressions, for inputs of any shapes that fit: each is imported when it is first met, and kept. It can be
/// run, applied to expressions, differentiated, and used as a layer. Immutable, for many threads at once.
[<Sealed; DebuggerDisplay("{Parameters.Count} parameters"); StructuredFormatDisplay("{Display}")>]
[<DL1.Notebooks.TypeFormatterSource(typeof<DL1.Notebooks.FormatterSource>)>]
type ImportedModel internal (file: OnnxFile, given: (string * Tensor) list, isLifted: bool) =
    let operation = "Onnx.import"
    let model = file.Model
    let nothing (_: string) (_: OnnxTerm) = ()

    let givenByName = ModelInputs.given file given

    do
        if file.Unsupported.Count > 0 then
            let shown = String.Join("; ", file.Unsupported |> Seq.truncate 20)

            let more =
                if file.Unsupported.Count > 20 then
                    $"; and %d{file.Unsupported.Count - 20} more"
                else
                    ""

            Refuse.format
                operation
                $"{IO.Path.GetFileName file.Source}, which has what DL1 does not: {shown}{more}"
                "operators and attributes that DL1 has"
                "export the model with other operators, or an older opset"

    let inputs = file.Inputs |> Seq.filter (fun v -> not (givenByName.ContainsKey v.Name)) |> List.ofSeq
    let outputs = model.Graph.Outputs |> List.map _.Name
    let weights = lazy Weights.find model file.Store givenByName

    let treeOf (named: (string * OnnxTensor) list) =
        named |> List.map (fun (name, t) -> name, file.Store.Read t) |> Tree.ofList

    let parameters = lazy treeOf weights.Value.Parameters
    let state = lazy treeOf weights.Value.Statistics

    /// The outputs for inputs, with the weights as these expressions.
    let single
        (real: DType)
        (table: IReadOnlyDictionary<string, Expr>)
        (record: string -> OnnxTerm -> unit)
        (xs: Expr list)
        : Expr list =
        ModelInputs.require inputs xs
        ModelInputs.bind inputs xs

        let typed (v: OnnxValue) (x: Expr) =
            match TensorData.tryStorage real v.Type with
            | ValueSome dtype when dtype = x.DType -> OnnxTerm.ofExpr v.Type x
            | ValueSome dtype ->
                Refuse.shape
                    operation
                    $"the input '{v.Name}' of type {x.DType}"
                    $"{dtype}, as {TensorData.nameOf v.Type} of the file is here"
                    $"cast it to {dtype}"
            | ValueNone -> OnnxTerm.ofExpr (OnnxTerm.typeOf x.DType) x

        let values = Dictionary<string, OnnxTerm>()
        List.iter2 (fun (v: OnnxValue) x -> values[v.Name] <- typed v x) inputs xs

        for v in model.Graph.Inputs do
            match givenByName.TryGetValue v.Name with
            | true, t ->
                let dtype = if t.DType.IsFloat && v.Type <> OnnxType.Double then real else t.DType
                values[v.Name] <- OnnxTerm.ofTensor v.Type (Tensor.cast dtype t)
            | false, _ -> ()

        let ordered = file.Inputs |> Seq.map (fun v -> values[v.Name]) |> List.ofSeq
        values |> Seq.iter (fun p -> record p.Key p.Value)
        Walk(model, file.Store, real, table, record).Run ordered |> List.map _.Expr

    /// The same for a batch of samples, each of which the model takes as a batch of one.
    let lifted real table record (xs: Expr list) : Expr list =
        if not isLifted then
            single real table record xs
        else
            ModelInputs.require inputs xs

            let ys =
                Grad.vmap
                    (fun rows ->
                        let ys = single real table nothing (rows |> List.map (Expr.expandDims 0))

                        ys
                        |> List.map (fun y ->
                            if y.Shape.Rank > 0 && y.Shape[0] = 1 then Expr.squeeze [ 0 ] y else y))
                    xs

            ys

    let tableOf (trees: Tree<Expr> list) : IReadOnlyDictionary<string, Expr> =
        let table = Dictionary<string, Expr>()

        for tree in trees do
            for path, e in Tree.toList tree do
                table[path] <- e

        table

    let constants =
        lazy (tableOf [ Tree.map Expr.constant parameters.Value; Tree.map Expr.constant state.Value ])

    let prepared = LruCache<string, Once<string list * (Tensor list -> Tensor list)>> 48

    /// The weights by variables, in the order of their paths, shared by the graphs for all shapes of inputs.
    let frozen =
        lazy
            (Tree.toList parameters.Value @ Tree.toList state.Value
             |> List.map (fun (path, t) -> { Name = "⟨weight⟩ " + path; DType = t.DType; Shape = t.Shape }, t)
             |> FrozenWeights)

    /// The names of the outputs, or of the values inside that are wanted, with a function that computes them.
    let compile options (wanted: string list option) (values: Tensor list) =
        let variables =
            List.zip inputs values
            |> List.mapi (fun i (v, t) ->
                let name = if v.Name = "" || v.Name.StartsWith '⟨' then $"input %d{i}" else v.Name
                { Name = name; DType = t.DType; Shape = t.Shape })

        let found = Dictionary<string, OnnxTerm>()

        let table = Dictionary<string, Expr>()

        List.iter2
            (fun path (v, _) -> table[path] <- Expr.ofVariable v)
            (Tree.paths parameters.Value @ Tree.paths state.Value)
            frozen.Value.Weights

        let ys =
            lifted DType.F32 table (fun name v -> found[name] <- v) (variables |> List.map Expr.ofVariable)

        let named name =
            match found.TryGetValue name with
            | true, v -> v.Expr
            | false, _ ->
                Refuse.domain
                    "ImportedModel.activations"
                    $"the value '{name}'"
                    "an input, or an output of a node that was imported"
                    "look for the names in a viewer of ONNX files"

        let names, roots =
            match wanted with
            | None -> outputs, ys
            | Some names -> names, List.map named names

        names, Frozen.prepareShared options frozen.Value variables roots

    let run (xs: (string * Tensor) list) (wanted: string list option) : Tree<Tensor> =
        let values = ModelInputs.valuesOf inputs xs

        let key =
            String.Join(";", values |> List.map (fun t -> $"{t.DType} {t.Shape}"))
            + (match wanted with
               | Some names -> "|" + String.Join("\n", names)
               | None -> "")

        let names, compiled =
            prepared.Get(key, (fun () -> Once(fun () -> compile Compile.standard wanted values))).Value

        List.zip names (compiled values) |> List.distinctBy fst |> Tree.ofList

    /// The file that it was imported from.
    member _.File = file
    /// The inputs that are given when it is run, in order: those that were given at import are left out.
    member _.Inputs: IReadOnlyList<OnnxValue> = inputs
    /// The names of the outputs, in order.
    member _.Outputs: IReadOnlyList<string> = outputs
    /// The weights by their names in the file: what training changes.
    member _.Parameters: Tree<Tensor> = parameters.Value
    /// Running statistics of batch normalisation and scales of quantised numbers: what training leaves as it is.
    member _.State: Tree<Tensor> = state.Value

    /// The outputs as expressions of the inputs, in order, with the file's weights as constants.
    member this.Apply(xs: Expr list) : Expr list = lifted DType.F32 constants.Value nothing xs

    /// The outputs as expressions of the inputs, with expressions as weights, by name: variables, to differentiate by them. Where
    /// they are f64, the model is computed in f64.
    member _.ApplyWith(weights: Tree<Expr>, xs: Expr list) : Expr list =
        let real =
            match Tree.values weights |> List.tryFind _.DType.IsFloat with
            | Some e -> e.DType
            | None -> DType.F32

        let isMissing path = not (weights.Contains path)

        match Tree.paths parameters.Value |> List.tryFind isMissing with
        | Some path ->
            Refuse.domain
                operation
                $"no weight '{path}'"
                "an expression for each of the model's parameters"
                "begin with the model's parameters"
        | None -> ()

        let kept = state.Value |> Tree.filter isMissing |> Tree.map (Tensor.cast real >> Expr.constant)
        let table = tableOf [ kept; weights ]
        lifted real table nothing xs

    /// Runs the model: tensors by the inputs' names to tensors by the outputs' names. It is compiled for the shapes of the
    /// inputs at the first call.
    member _.Run(xs: (string * Tensor) list) : Tree<Tensor> = run xs None

    /// What the graphs for all shapes share.
    member internal _.Frozen = frozen.Value

    /// A function from tensors of the types and shapes of examples to the outputs, both in the model's order.
    member internal _.Prepare
        (options: CompileOptions, examples: (string * Tensor) list)
        : Tensor list -> Tensor list =
        snd (compile options None (ModelInputs.valuesOf inputs examples))

    /// Values inside the model, by their names in the file.
    member _.Activations(names: string list, xs: (string * Tensor) list) : Tree<Tensor> =
        if isLifted then
            Refuse.domain
                "ImportedModel.activations"
                "a model that was lifted to batches"
                "a model as it is in the file"
                "ask the model that was imported without lifting"

        run xs (Some names)

    /// The model as a layer from named inputs to named outputs. Its parameters begin as the file's weights.
    member _.LayerOf: Layer<Tree<Expr>, Tree<Expr>> =
        Layer.createOf "ONNX" (fun scope (xs: Tree<Expr>) ->
            let own = ImportedModel.Ask(scope, parameters.Value, state.Value)
            let ordered = inputs |> List.map (fun v -> xs[v.Name])
            List.zip outputs (lifted scope.DType own nothing ordered) |> Tree.ofList)

    /// The model as a layer from its input to its first output. Its parameters begin as the file's weights, under their names.
    /// A model of several inputs is a `DomainError`.
    member _.Layer: Layer<Expr, Expr> =
        if inputs.Length <> 1 then
            let names = inputs |> List.map _.Name |> String.concat ", "

            Refuse.domain
                "Onnx.layer"
                $"a model of %d{inputs.Length} inputs: {names}"
                "a model of one input"
                "give the others when it is imported, or use it as a layer over named inputs"

        Layer.create "ONNX" (fun scope x ->
            let own = ImportedModel.Ask(scope, parameters.Value, state.Value)
            lifted scope.DType own nothing [ x ] |> List.head)

    static member private Ask(scope: Scope, parameters: Tree<Tensor>, state: Tree<Tensor>) =
        let initial (t: Tensor) =
            {
                Name = "the file's"
                Draw = fun dtype _ _ -> if t.DType.IsFloat then Tensor.cast dtype t else t
            }

        let table = Dictionary<string, Expr>()

        for path, t in Tree.toList parameters do
            table[path] <- scope.Parameter(path, t.Shape.ToList(), initial t)

        for path, t in Tree.toList state do
            table[path] <- scope.State(path, t.Shape.ToList(), initial t)

        table :> IReadOnlyDictionary<string, Expr>

    override _.ToString() =
        let names (vs: string seq) = String.Join(", ", vs)
        let count = parameters.Value |> Tree.values |> List.sumBy (fun t -> int64 t.Size)
        let each = if isLifted then ", for each sample of a batch" else ""

        $"{IO.Path.GetFileName file.Source}: {names (inputs |> List.map string)} to {names outputs}{each}; %d{count} elements in %d{parameters.Value.Count} parameters"

    member internal this.Display = this.ToString()

    interface DL1.Notebooks.INotebookValue with
        member this.Html = DL1.Notebooks.Html.pre (this.ToString())
