namespace DL1.Onnx

open System
open System.Collections.Generic
open DL1

/// A whole file from the versions of a graph.
[<RequireQualifiedAccess>]
module internal ExportModel =
    /// The version of the standard's operators that files are written in.
    let opset = 18L

    /// The version of the format that came with these operators.
    let private irVersion = 8L

    let private operation = "Onnx.write"

    let private requireNames (names: string list) =
        for name, count in List.countBy id names do
            if String.IsNullOrWhiteSpace name then
                Refuse.domain operation "an input or an output without a name" "a name for each" "name it"

            if count > 1 then
                Refuse.domain
                    operation
                    $"%d{count} inputs, parameters or outputs named {name}"
                    "each name once"
                    "give one of them another name"

    let private dim (e: Extent) : OnnxDim =
        if e.IsFixed then
            OnnxDim.Fixed(int64 e.Offset)
        else
            OnnxDim.Named((string e).Replace(" ", ""))

    let private valueOf (name: string) (es: Versions) : OnnxValue =
        {
            Name = name
            Type = GraphWriter.TypeOf es[0].DType
            Dims = Some(Versions.extents es |> List.map dim)
            IsTensor = true
        }

    let private version =
        match typeof<Expr>.Assembly.GetName().Version with
        | null -> ""
        | v -> v.ToString 3

    /// A model: inputs by name, parameters with the variables that stand for them and the names that they are kept by, outputs by
    /// name, and metadata.
    let model
        (inputs: (string * Versions) list)
        (parameters: (Variable * string * Tensor) list)
        (outputs: (string * Versions) list)
        (metadata: (string * string) list)
        : OnnxModel =
        if outputs.IsEmpty then
            Refuse.domain operation "no outputs" "one output at least" "name what the graph computes"

        let names =
            List.map fst inputs @ (parameters |> List.map (fun (_, name, _) -> name)) @ List.map fst outputs

        requireNames names

        let w = GraphWriter names
        let bound = Dictionary<string, string>()

        let bind (v: Variable) name =
            if not (bound.TryAdd(v.Name, name)) then
                Refuse.domain
                    operation
                    $"two variables named {v.Name}"
                    "one meaning for one name"
                    "rename one of them"

        for name, es in inputs do
            match es[0].Node with
            | Node.Variable v -> bind v name
            | _ ->
                Refuse.domain
                    operation
                    $"{es[0].Label} as an input"
                    "a variable"
                    "give the variable that stands for the values"

        for v, name, value in parameters do
            bind v name
            w.Named(name, value)

        let batched =
            inputs
            |> List.tryPick (fun (name, es) ->
                Versions.extents es
                |> List.tryFindIndex (fun e -> e = { Slope = 1; Offset = 0 })
                |> Option.map (fun axis -> name, axis))

        batched |> Option.iter w.BatchIs
        let found = GraphWalk(w, bound).Values(List.map snd outputs)
        let struct (nodes, initializers) = w.Finish(List.zip (List.map fst outputs) found)

        {
            IrVersion = irVersion
            Producer = "DL1"
            ProducerVersion = version
            Opsets = [ "", opset ]
            Graph =
                {
                    Name = "graph"
                    Nodes = nodes
                    Initializers = initializers
                    Inputs = inputs |> List.map (fun (name, es) -> valueOf name es)
                    Outputs = outputs |> List.map (fun (name, es) -> valueOf name es)
                }
            Functions = []
            Metadata = metadata
        }

    /// An example of an input as a variable for a number of rows: its leading extent is the batch.
    let private withRows rows (example: Expr) : Expr =
        match example.Node, example.Shape.ToList() with
        | Node.Variable v, _ :: rest -> Expr.variable v.Name v.DType (rows :: rest)
        | _ ->
            Refuse.shape
                operation
                (Operand.text example)
                "a variable [batch; ...], whose leading extent may be any"
                "give the variable that stands for a batch"

    let private nameOf (e: Expr) = e.Label

    /// A function of batches, traced for several sizes.
    let ofFunction
        (parameters: (Variable * string * Tensor) list)
        (metadata: (string * string) list)
        (examples: Expr list)
        (f: Expr list -> (string * Expr) list)
        : OnnxModel =
        let inputs = Extent.sizes |> Array.map (fun rows -> examples |> List.map (withRows rows))
        let outputs = inputs |> Array.map f
        let outputNames = outputs[0] |> List.map fst

        if outputs |> Array.exists (fun found -> List.map fst found <> outputNames) then
            Extent.refuse "outputs of other names" "the same outputs for all batches"

        let named = examples |> List.mapi (fun i e -> nameOf e, inputs |> Array.map (fun xs -> xs[i]))

        let write (rewrite: Expr list -> Expr list) =
            let roots = outputs |> Array.map (fun found -> found |> List.map snd |> rewrite)

            model
                named
                parameters
                (outputNames |> List.mapi (fun i name -> name, roots |> Array.map (fun found -> found[i])))
                metadata

        // As a plan is made: with less, and as accurate. Constants of some sizes may be folded and others not: then as it is.
        try
            write Rewrite.stableAll
        with :? DomainError ->
            write id
