namespace DL1.Onnx

open System.Collections.Generic
open DL1
open DL1.Onnx.Rules

/// The tensors of a file that are weights, in the order of their first use.
[<NoComparison; NoEquality>]
type internal WeightNames =
    {
        /// What is trained.
        Parameters: (string * OnnxTensor) list
        /// Running statistics, and scales of whole numbers: kept, not trained.
        Statistics: (string * OnnxTensor) list
    }

/// Finds weights: tensors of floating-point numbers, among the initializers with at least one axis and among the constants of
/// more than one element, that some node uses other than as numbers which decide shapes, bounds or the like. Branches that
/// are not taken do not count, where the condition is known.
[<RequireQualifiedAccess>]
module internal Weights =
    let private isFloat (t: OnnxTensor) =
        match t.Type with
        | OnnxType.Float
        | OnnxType.Double
        | OnnxType.Float16
        | OnnxType.BFloat16 -> true
        | _ -> false

    let private isOne (t: OnnxTensor) = t.Dims |> List.forall ((=) 1L)

    /// The most elements of operands that are computed with here.
    let private few = 1024

    let private constantOf (node: OnnxNode) : OnnxTensor option =
        if node.Operator = "Constant" && node.Domain = "" then
            node.Attributes
            |> List.tryPick (fun (name, a) ->
                match a with
                | OnnxAttribute.Tensor t when name = "value" -> Some t
                | _ -> None)
        else
            None

    /// The weights of a model whose inputs of these names have these values.
    let find
        (model: OnnxModel)
        (store: TensorStore)
        (given: IReadOnlyDictionary<string, Tensor>)
        : WeightNames =
        let candidates = Dictionary<string, OnnxTensor>()
        let order = List<string>()
        let operands, statistics = HashSet<string>(), HashSet<string>()
        let known = Dictionary<string, OnnxTerm>()
        let functions = HashSet<struct (string * string)>()
        model.Functions |> List.iter (fun f -> functions.Add(struct (f.Domain, f.Name)) |> ignore)

        let use' (name: string) isStatistic =
            if candidates.ContainsKey name then
                if not (operands.Contains name || statistics.Contains name) then
                    order.Add name

                (if isStatistic then statistics else operands).Add name |> ignore

        let small (name: string) (t: OnnxTensor) =
            let dims, count = TensorData.shape t

            if count <= few && (TensorData.tryStorage DType.F32 t.Type).IsSome then
                ignore dims
                known[name] <- OnnxTerm.ofTensor t.Type (store.Read t)

        let declared (name: string) (t: OnnxTensor) isConstant =
            if isFloat t && not t.Dims.IsEmpty && not (isConstant && isOne t) then
                candidates[name] <- t
            else
                small name t

        let version =
            model.Opsets |> List.tryFind (fst >> (=) "") |> Option.map (snd >> int) |> Option.defaultValue 1

        let rec graph (g: OnnxGraph) (isMain: bool) =
            g.Initializers |> List.iter (fun t -> declared t.Name t false)

            if isMain then
                for v in g.Inputs do
                    match given.TryGetValue v.Name with
                    | true, t -> known[v.Name] <- OnnxTerm.ofTensor v.Type t
                    | false, _ -> ()

            g.Nodes |> List.iter node
            g.Outputs |> List.iter (fun v -> use' v.Name false)

        and node (n: OnnxNode) =
            match constantOf n with
            | Some t when n.Outputs.Length = 1 -> declared n.Outputs.Head t true
            | _ ->
                let rule = RuleTable.tryFind n.Domain n.Operator

                n.Inputs
                |> List.iteri (fun i name ->
                    match rule with
                    | ValueSome rule when List.contains i rule.Numbers -> ()
                    | ValueSome rule -> use' name (List.contains i rule.Statistics)
                    | ValueNone -> use' name false)

                let inputs =
                    n.Inputs
                    |> List.map (fun name ->
                        match known.TryGetValue name with
                        | true, v -> ValueSome v
                        | false, _ -> ValueNone)

                let isKnown =
                    List.forall2 (fun name (v: OnnxTerm voption) -> name = "" || v.IsSome) n.Inputs inputs

                let inner () =
                    for _, a in n.Attributes do
                        match a with
                        | OnnxAttribute.Graph g -> graph g false
                        | _ -> ()

                match n.Operator, rule with
                | "If", _ when isKnown && n.Domain = "" && not inputs.IsEmpty ->
                    let isTrue =
                        Tensor.toFloats inputs.Head.Value.Known.Value.Value |> Array.exists ((<>) 0.0)

                    let name = if isTrue then "then_branch" else "else_branch"

                    for key, a in n.Attributes do
                        match a with
                        | OnnxAttribute.Graph g when key = name ->
                            graph g false

                            List.zip
                                (List.truncate g.Outputs.Length n.Outputs)
                                (List.truncate n.Outputs.Length g.Outputs)
                            |> List.iter (fun (name, v) ->
                                match known.TryGetValue v.Name with
                                | true, value -> known[name] <- value
                                | false, _ -> ())
                        | _ -> ()
                | _, ValueSome rule when
                    isKnown
                    && not rule.IsOpen
                    && not (functions.Contains(struct (n.Domain, n.Operator)))
                    && inputs |> List.sumBy (fun v -> if v.IsSome then v.Value.Expr.Shape.Size else 0) <= few
                    ->
                    let call = OnnxCall(n, version, DType.F32, inputs, (fun _ _ -> []))

                    try
                        let results = rule.Build call

                        if results |> List.sumBy (fun v -> v.Expr.Shape.Size) <= few then
                            List.zip
                                (List.truncate results.Length n.Outputs)
                                (OnnxTerm.fold (List.truncate n.Outputs.Length results))
                            |> List.iter (fun (name, v) -> known[name] <- v)
                    with
                    // Told when the model is run: here it only stays unknown.
                    | :? DL1Error
                    | :? System.SystemException -> ()
                | _ -> inner ()

        graph model.Graph true

        let named isStatistic =
            order
            |> Seq.filter (fun name -> operands.Contains name <> isStatistic)
            |> Seq.map (fun name -> name, candidates[name])
            |> List.ofSeq

        { Parameters = named false; Statistics = named true }
