namespace DL1.Onnx

open System
open System.Collections.Concurrent
open System.Collections.Generic
open DL1
open DL1.Onnx.Rules

/// The values of one graph by name, inside those of the graphs around it.
[<Sealed>]
type internal Frame(parent: Frame option) =
    let values = Dictionary<string, OnnxTerm>()

    member _.Put(name: string, value: OnnxTerm) : unit = values[name] <- value

    member _.TryFind(name: string) : OnnxTerm voption =
        match values.TryGetValue name, parent with
        | (true, value), _ -> ValueSome value
        | (false, _), None -> ValueNone
        | (false, _), Some(parent: Frame) -> parent.TryFind name

/// Tensors of a file, read once each.
[<Sealed>]
type internal TensorStore(folder: string) =
    let known = ConcurrentDictionary<OnnxTensor, Tensor>(HashIdentity.Reference)

    /// The elements of a tensor, from the file or from one in the same folder.
    member _.Read(t: OnnxTensor) : Tensor =
        known.GetOrAdd(t, (fun t -> TensorData.read (ExternalData.resolve folder t)))

/// Expressions for all nodes of a model, in order: what does not depend on inputs or weights is computed on the way.
[<Sealed>]
type internal Walk
    (
        model: OnnxModel,
        store: TensorStore,
        real: DType,
        weights: IReadOnlyDictionary<string, Expr>,
        record: string -> OnnxTerm -> unit
    ) =
    /// Functions inside functions, and graphs inside graphs, at most.
    let mostDepth = 128

    let functions = Dictionary<struct (string * string), OnnxFunction>()

    do
        for f in model.Functions do
            functions[struct (f.Domain, f.Name)] <- f

    let versionOf (opsets: (string * int64) list) (domain: string) =
        match opsets |> List.tryFind (fst >> (=) domain) with
        | Some(_, version) -> int (min version 1000000L)
        | None -> if domain = "" then 1 else 1

    /// The attributes of a function's node, with those of the call in their places.
    let bound (call: OnnxNode) (f: OnnxFunction) (node: OnnxNode) : OnnxNode =
        let rec one (name: string, a: OnnxAttribute) =
            match a with
            | OnnxAttribute.Reference other ->
                match call.Attributes @ f.Defaults |> List.tryFind (fst >> (=) other) with
                | Some(_, value) -> Some(name, value)
                | None -> None
            | OnnxAttribute.Graph g -> Some(name, OnnxAttribute.Graph(inGraph g))
            | _ -> Some(name, a)

        and inGraph (g: OnnxGraph) =
            { g with
                Nodes = g.Nodes |> List.map (fun n -> { n with Attributes = List.choose one n.Attributes })
            }

        { node with Attributes = List.choose one node.Attributes }

    let constantOf (name: string) (t: OnnxTensor) : OnnxTerm =
        match weights.TryGetValue name with
        | true, e ->
            match TensorData.tryStorage real t.Type with
            | ValueSome dtype -> OnnxTerm.ofExpr t.Type (Expr.cast dtype e)
            | ValueNone -> OnnxTerm.ofExpr t.Type e
        | false, _ ->
            match TensorData.tryStorage real t.Type with
            | ValueSome dtype -> OnnxTerm.ofTensor t.Type (Tensor.cast dtype (store.Read t))
            | ValueNone ->
                Refuse.format
                    "Onnx.import"
                    $"the tensor '{name}' of type {TensorData.nameOf t.Type}"
                    "float, double, half precision, bool and whole numbers of up to 64 bits"
                    "export the model with other types"

    let operandOf (frame: Frame) (node: OnnxNode) (name: string) : OnnxTerm voption =
        if name = "" then
            ValueNone
        else
            match frame.TryFind name with
            | ValueSome v -> ValueSome v
            | ValueNone ->
                Refuse.format
                    "Onnx.import"
                    $"the node '{OnnxNode.name node}' reads '{name}', which nothing makes"
                    "values that are inputs, weights or results of nodes"
                    "export the model again"

    /// Refuses what a rule does not read.
    let check (call: OnnxCall) (rule: OnnxRule) (node: OnnxNode) =
        for name, a in node.Attributes do
            if not (List.contains name rule.Attributes) then
                call.NotSupported(
                    $"the attribute '{name}', which is not read",
                    "attributes " + String.Join(", ", rule.Attributes)
                )

            match a with
            | OnnxAttribute.Other kind ->
                call.NotSupported($"the attribute '{name}' of {kind}", "numbers, texts, tensors and graphs")
            | _ -> ()

        if rule.Inputs >= 0 then
            node.Inputs
            |> List.iteri (fun i name ->
                if i >= rule.Inputs && name <> "" then
                    call.NotSupported(
                        $"the operand %d{i} ('{name}'), which is not read",
                        $"at most %d{rule.Inputs} operands"
                    ))

    /// Runs a rule; what .NET throws at a model that makes no sense becomes an error of the node.
    let build (call: OnnxCall) (rule: OnnxRule) : OnnxTerm list =
        let senseless (e: exn) : 'a =
            call.Refuse(
                $"attributes and operands that do not fit together ({e.Message})",
                $"a node that the standard allows",
                "check the model with ONNX's checker"
            )

        try
            rule.Build call
        with
        | :? ShapeError as e when not (e.Operation.StartsWith("ONNX node", StringComparison.Ordinal)) ->
            Refuse.shape $"{call.Place}: {e.Operation}" e.Given e.Expected e.Cure
        | :? DomainError as e when not (e.Operation.StartsWith("ONNX node", StringComparison.Ordinal)) ->
            Refuse.domain $"{call.Place}: {e.Operation}" e.Given e.Expected e.Cure
        | :? ArgumentException
        | :? IndexOutOfRangeException
        | :? KeyNotFoundException
        | :? DivideByZeroException
        | :? OverflowException
        | :? InvalidOperationException
        | :? InvalidCastException
        | :? OutOfMemoryException as e -> senseless e

    member private this.Node(frame: Frame, opsets, depth: int, keeps: bool, node: OnnxNode) : unit =
        let inputs = node.Inputs |> List.map (operandOf frame node)

        let results =
            match functions.TryGetValue(struct (node.Domain, node.Operator)) with
            | true, f -> this.Function(f, node, inputs, depth)
            | false, _ ->
                let runGraph (graph: OnnxGraph) given =
                    this.Graph(graph, given, Some frame, opsets, depth + 1, keeps && node.Operator = "If")

                let call = OnnxCall(node, versionOf opsets node.Domain, real, inputs, runGraph)

                match RuleTable.tryFind node.Domain node.Operator with
                | ValueNone ->
                    call.NotSupported(
                        "an operator that DL1 does not have",
                        "operators of the table in the guide to ONNX"
                    )
                | ValueSome rule ->
                    check call rule node

                    let weight =
                        match node.Operator, node.Outputs with
                        | "Constant", name :: _ when weights.ContainsKey name ->
                            call.TryTensor "value" |> Option.map (fun t -> [ constantOf name t ])
                        | _ -> None

                    let values = weight |> Option.defaultWith (fun () -> build call rule)

                    let typed (v: OnnxTerm) =
                        let dtype = call.Storage v.Type
                        if v.Expr.DType = dtype then v else { v with Expr = Expr.cast dtype v.Expr }

                    let values = List.map typed values

                    let isKnown =
                        not rule.IsOpen && inputs |> List.forall (fun v -> v.IsNone || v.Value.Known.IsSome)

                    let values = if isKnown && not node.Inputs.IsEmpty then OnnxTerm.fold values else values

                    if
                        List.length node.Outputs > values.Length
                        && node.Outputs |> List.skip values.Length |> List.exists ((<>) "")
                    then
                        call.NotSupported($"%d{node.Outputs.Length} outputs", $"%d{values.Length} outputs")

                    values

        List.zip (List.truncate results.Length node.Outputs) (List.truncate node.Outputs.Length results)
        |> List.iter (fun (name, value) ->
            if name <> "" then
                frame.Put(name, value)

                if keeps then
                    record name value)

    /// A function of the file, as its nodes.
    member private this.Function
        (f: OnnxFunction, call: OnnxNode, inputs: OnnxTerm voption list, depth: int)
        : OnnxTerm list =
        if depth > mostDepth then
            Refuse.format
                "Onnx.import"
                $"the function '{f.Name}' inside itself, or more than %d{mostDepth} levels of functions"
                "functions that do not call themselves"
                "export the model again"

        let frame = Frame None

        f.Inputs
        |> List.iteri (fun i name ->
            match List.tryItem i inputs with
            | Some(ValueSome v) -> frame.Put(name, v)
            | _ -> ())

        let opsets = if f.Opsets.IsEmpty then model.Opsets else f.Opsets

        for node in f.Nodes do
            let node = bound call f node
            // An operand that the call leaves out is left out inside too.
            let absent = f.Inputs |> List.filter (fun name -> (frame.TryFind name).IsNone)

            let node =
                { node with
                    Inputs =
                        node.Inputs |> List.map (fun name -> if List.contains name absent then "" else name)
                }

            this.Node(frame, opsets, depth + 1, false, node)

        f.Outputs
        |> List.map (fun name ->
            match frame.TryFind name with
            | ValueSome v -> v
            | ValueNone ->
                Refuse.format
                    "Onnx.import"
                    $"the function '{f.Name}' without its result '{name}'"
                    "a node that makes it"
                    "export the model again")

    member private this.Graph
        (graph: OnnxGraph, given: OnnxTerm list, parent: Frame option, opsets, depth: int, keeps: bool)
        : OnnxTerm list =
        if depth > mostDepth then
            Refuse.format
                "Onnx.import"
                $"more than %d{mostDepth} levels of graphs"
                "fewer levels"
                "export the model again"

        let frame = Frame parent

        for t in graph.Initializers do
            frame.Put(t.Name, constantOf t.Name t)

        let open' =
            graph.Inputs
            |> List.filter (fun v -> graph.Initializers |> List.forall (fun t -> t.Name <> v.Name))

        if given.Length > open'.Length then
            Refuse.format
                "Onnx.import"
                $"a graph of %d{open'.Length} inputs that is given %d{given.Length}"
                "as many as it has"
                "export the model again"

        List.zip (List.truncate given.Length open') given
        |> List.iter (fun (v, value) -> frame.Put(v.Name, value))

        for node in graph.Nodes do
            this.Node(frame, opsets, depth, keeps, node)

        graph.Outputs
        |> List.map (fun v ->
            match frame.TryFind v.Name with
            | ValueSome value -> value
            | ValueNone ->
                Refuse.format
                    "Onnx.import"
                    $"the output '{v.Name}', which nothing makes"
                    "outputs that are inputs, weights or results of nodes"
                    "export the model again")

    /// The outputs of the model for its inputs, initializers excepted, in order.
    member this.Run(given: OnnxTerm list) : OnnxTerm list =
        this.Graph(model.Graph, given, None, model.Opsets, 0, true)
