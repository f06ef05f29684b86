namespace DL1.Onnx

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Text
open DL1
open DL1.Notebooks
open DL1.Onnx.Rules

/// What an ONNX file holds: its inputs and outputs, its operators, its weights, and what DL1 cannot import of it. Printed, it
/// is a summary of all that.
[<Sealed; DebuggerDisplay("{OperatorCount} operators"); StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
type OnnxFile internal (model: OnnxModel, store: TensorStore, source: string) =
    let initialized = HashSet<string>()
    do model.Graph.Initializers |> List.iter (fun t -> initialized.Add t.Name |> ignore)

    let inputs = model.Graph.Inputs |> List.filter (fun v -> not (initialized.Contains v.Name))

    let functions = HashSet<struct (string * string)>()
    do model.Functions |> List.iter (fun f -> functions.Add(struct (f.Domain, f.Name)) |> ignore)

    /// All nodes, those of inner graphs and of functions too.
    let nodes =
        let found = List<OnnxNode>()

        let rec add (node: OnnxNode) =
            found.Add node

            for _, a in node.Attributes do
                match a with
                | OnnxAttribute.Graph g -> List.iter add g.Nodes
                | OnnxAttribute.Graphs gs -> gs |> List.iter (fun g -> List.iter add g.Nodes)
                | _ -> ()

        List.iter add model.Graph.Nodes
        model.Functions |> List.iter (fun f -> List.iter add f.Nodes)
        List.ofSeq found

    let weights = lazy Weights.find model store (Dictionary<string, Tensor>())

    let opset = model.Opsets |> List.tryFind (fst >> (=) "") |> Option.map (snd >> int)

    let unsupported =
        lazy
            (let missing =
                nodes
                |> List.filter (fun n ->
                    not (functions.Contains(struct (n.Domain, n.Operator)))
                    && (RuleTable.tryFind n.Domain n.Operator).IsNone)
                |> List.countBy OnnxNode.operator
                |> List.map (fun (operator, count) ->
                    let first = nodes |> List.find (fun n -> OnnxNode.operator n = operator)
                    let many = if count = 1 then "1 node" else $"%d{count} nodes"
                    $"{operator}: {many}, the first '{OnnxNode.name first}'")

             let unread =
                 nodes
                 |> List.collect (fun n ->
                     match RuleTable.tryFind n.Domain n.Operator with
                     | ValueSome rule when not (functions.Contains(struct (n.Domain, n.Operator))) ->
                         n.Attributes
                         |> List.map fst
                         |> List.filter (fun name -> not (List.contains name rule.Attributes))
                         |> List.map (fun name ->
                             $"{OnnxNode.operator n} '{OnnxNode.name n}': the attribute '{name}'")
                     | _ -> [])

             let values =
                 model.Graph.Inputs @ model.Graph.Outputs
                 |> List.filter (fun v -> not v.IsTensor)
                 |> List.map (fun v -> $"'{v.Name}', which is no tensor")

             missing @ unread @ values)

    member internal _.Model = model
    member internal _.Store = store
    member internal _.OperatorCount = nodes.Length

    /// Where it was read from: a path, or `bytes`.
    member _.Source = source
    /// The inputs that are given when it is run, in order. Weights that the file lists as inputs too are left out.
    member _.Inputs: IReadOnlyList<OnnxValue> = inputs
    /// The outputs, in order.
    member _.Outputs: IReadOnlyList<OnnxValue> = model.Graph.Outputs
    /// The program that wrote it, with its version; empty where the file does not say.
    member _.Producer = (model.Producer + " " + model.ProducerVersion).Trim()
    /// The version of the standard's operators; 0 where the file does not say.
    member _.Opset = opset |> Option.defaultValue 0

    /// The number of nodes of each operator, by name; a domain other than the standard's stands before it.
    member _.Operators: IReadOnlyList<KeyValuePair<string, int>> =
        [
            for name, count in
                nodes
                |> List.countBy OnnxNode.operator
                |> List.sortWith (fun (a, _) (b, _) -> String.CompareOrdinal(a, b)) ->
                KeyValuePair(name, count)
        ]

    /// All that DL1 cannot import, with the first place of each: operators, attributes, values that are no tensors. Empty: the
    /// file can be imported, as far as can be told without inputs.
    member _.Unsupported: IReadOnlyList<string> = unsupported.Value

    /// The weights by their names in the file, in the order of their first use. Running statistics of batch normalisation are
    /// not among them.
    member _.Parameters: Tree<Tensor> =
        weights.Value.Parameters |> List.map (fun (name, t) -> name, store.Read t) |> Tree.ofList

    /// The metadata that its writer put in, by name.
    member _.Metadata: IReadOnlyList<KeyValuePair<string, string>> =
        [ for key, value in model.Metadata -> KeyValuePair(key, value) ]

    /// The summary: source, producer, inputs, outputs, operators with counts, weights, and what is not supported.
    override this.ToString() =
        let text = StringBuilder()
        let line (s: string) = text.Append(s).Append('\n') |> ignore
        let version = if this.Opset = 0 then "no opset" else $"opset %d{this.Opset}"
        let producer = if this.Producer = "" then "" else $", written by {this.Producer}"
        line $"{Path.GetFileName source}: {version}{producer}"

        for v in inputs do
            line $"  input   {v}"

        for v in model.Graph.Outputs do
            line $"  output  {v}"

        let counted =
            this.Operators |> Seq.map (fun p -> if p.Value = 1 then p.Key else $"{p.Key} ×%d{p.Value}")

        let noun = if nodes.Length = 1 then "node" else "nodes"
        line ($"  %d{nodes.Length} {noun}: " + String.Join(", ", counted))
        let parameters = weights.Value.Parameters

        let elements =
            parameters |> List.sumBy (fun (_, t) -> t.Dims |> List.fold (fun n d -> n * max 0L d) 1L)

        line $"  %d{parameters.Length} parameters of %d{elements} elements"

        match List.ofSeq this.Unsupported with
        | [] -> text.Append("  all of it can be imported").ToString()
        | missing ->
            line "  not supported:"
            text.Append("    ").Append(String.Join("\n    ", missing)).ToString()

    member internal this.Display = Format.following (this.ToString())

    interface INotebookValue with
        member this.Html = Html.pre (this.ToString())

    static member private OfSource(source: WireSource, folder: string, name: string) : OnnxFile =
        OnnxFile(ReadModel.ofSource source |> Sort.model, TensorStore folder, name)

    /// Reads a file from bytes; tensors in other files are looked for in `folder`.
    static member internal OfBytes(bytes: ReadOnlyMemory<byte>, folder: string, source: string) : OnnxFile =
        OnnxFile.OfSource(MemorySource bytes, folder, source)

    /// Opens a file. The weights of one of `storedFrom` bytes or more stay on the disk until they are needed, so that they are in memory
    /// once.
    static member internal OfPath(path: string, storedFrom: int) : OnnxFile =
        use stream = Files.openRead "Onnx.read" "an ONNX file" path

        if stream.Length > int64 Array.MaxLength then
            Refuse.format
                "Onnx.read"
                $"a file of %d{stream.Length} bytes"
                "at most 2 GB, as protocol buffers have it"
                "export the model with its weights in a file beside it"

        let full = Path.GetFullPath path

        let folder =
            match Path.GetDirectoryName full with
            | null -> full
            | folder -> folder

        try
            let source: WireSource =
                if stream.Length >= int64 storedFrom then
                    FileSource full
                else
                    let bytes = GC.AllocateUninitializedArray<byte>(int stream.Length)
                    stream.ReadExactly bytes
                    MemorySource(ReadOnlyMemory bytes)

            OnnxFile.OfSource(source, folder, full)
        with
        | :? IOException
        | :? UnauthorizedAccessException as e ->
            Refuse.format
                "Onnx.read"
                $"{path}, which could not be read ({e.Message})"
                "an ONNX file"
                "read it again"
