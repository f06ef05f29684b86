namespace DL1.Onnx

open System
open System.Text
open DL1
open DL1.Onnx.ReadParts

/// ONNX's messages read from protocol buffers: attributes, nodes, graphs, functions, the model.
[<RequireQualifiedAccess>]
module internal ReadModel =
    /// Graphs inside graphs, at most.
    let private mostDepth = 64

    let private deep () : 'a =
        Refuse.format
            "Onnx.read"
            $"graphs inside graphs more than %d{mostDepth} deep"
            $"at most %d{mostDepth} levels"
            "check where the file comes from: no exporter nests so deep"

    /// `AttributeProto`.
    let rec private attribute depth (reader: WireReader) : string * OnnxAttribute =
        let mutable name, reference, declared = "", "", 0
        let mutable f, i, s, t, g = ValueNone, ValueNone, ValueNone, ValueNone, ValueNone
        let fs, is, ss, ts, gs = ResizeArray(), ResizeArray(), ResizeArray(), ResizeArray(), ResizeArray()

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                name <- Wire.text reader field wire
                true
            | 2 ->
                f <- ValueSome(Wire.single reader field wire)
                true
            | 3 ->
                i <- ValueSome(Wire.int64 reader field wire)
                true
            | 4 ->
                s <- ValueSome(Wire.bytes reader field wire)
                true
            | 5 ->
                t <- ValueSome(tensorIn reader field wire)
                true
            | 6 ->
                g <- ValueSome(graph (depth + 1) (Wire.message reader field wire))
                true
            | 7 ->
                Wire.singles fs reader field wire
                true
            | 8 ->
                Wire.int64s is reader field wire
                true
            | 9 ->
                ss.Add(Wire.bytes reader field wire)
                true
            | 10 ->
                ts.Add(tensorIn reader field wire)
                true
            | 11 ->
                gs.Add(graph (depth + 1) (Wire.message reader field wire))
                true
            | 20 ->
                declared <- Wire.int32 reader field wire
                true
            | 21 ->
                reference <- Wire.text reader field wire
                true
            | _ -> false)

        name, AttributeValue.ofFields name declared reference f i s t g fs is ss ts gs

    /// `NodeProto`.
    and private node depth (reader: WireReader) : OnnxNode =
        let mutable name, op, dom = "", "", ""
        let inputs, outputs, attributes = ResizeArray(), ResizeArray(), ResizeArray()

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                inputs.Add(Wire.text reader field wire)
                true
            | 2 ->
                outputs.Add(Wire.text reader field wire)
                true
            | 3 ->
                name <- Wire.text reader field wire
                true
            | 4 ->
                op <- Wire.text reader field wire
                true
            | 5 ->
                attributes.Add(attribute depth (Wire.message reader field wire))
                true
            | 7 ->
                dom <- Wire.text reader field wire
                true
            | _ -> false)

        if op = "" then
            Refuse.format
                "Onnx.read"
                $"a node without an operator before byte %d{reader.Position}"
                "an ONNX model"
                "check that the file is an ONNX model"

        {
            Name = name
            Operator = op
            Domain = domain dom
            Inputs = listOf inputs
            Outputs = listOf outputs
            Attributes = listOf attributes
        }

    /// `GraphProto`.
    and private graph depth (reader: WireReader) : OnnxGraph =
        if depth > mostDepth then
            deep ()

        let mutable name = ""
        let nodes, tensors, inputs, outputs = ResizeArray(), ResizeArray(), ResizeArray(), ResizeArray()

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                nodes.Add(node depth (Wire.message reader field wire))
                true
            | 2 ->
                name <- Wire.text reader field wire
                true
            | 5 ->
                tensors.Add(tensorIn reader field wire)
                true
            | 11 ->
                inputs.Add(value (Wire.message reader field wire))
                true
            | 12 ->
                outputs.Add(value (Wire.message reader field wire))
                true
            | 15 ->
                Refuse.format
                    "Onnx.read"
                    "a sparse tensor among the weights"
                    "dense tensors"
                    "export the model without sparse tensors"
            | _ -> false)

        {
            Name = name
            Nodes = listOf nodes
            Initializers = listOf tensors
            Inputs = listOf inputs
            Outputs = listOf outputs
        }

    /// `OperatorSetIdProto`.
    let private opset (reader: WireReader) : string * int64 =
        let mutable dom, version = "", 0L

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                dom <- Wire.text reader field wire
                true
            | 2 ->
                version <- Wire.int64 reader field wire
                true
            | _ -> false)

        domain dom, version

    /// `FunctionProto`.
    let private functionOf (reader: WireReader) : OnnxFunction =
        let mutable name, dom = "", ""
        let inputs, outputs, attributes, defaults = ResizeArray(), ResizeArray(), ResizeArray(), ResizeArray()
        let nodes, opsets = ResizeArray(), ResizeArray()

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                name <- Wire.text reader field wire
                true
            | 4 ->
                inputs.Add(Wire.text reader field wire)
                true
            | 5 ->
                outputs.Add(Wire.text reader field wire)
                true
            | 6 ->
                attributes.Add(Wire.text reader field wire)
                true
            | 7 ->
                nodes.Add(node 1 (Wire.message reader field wire))
                true
            | 9 ->
                opsets.Add(opset (Wire.message reader field wire))
                true
            | 10 ->
                dom <- Wire.text reader field wire
                true
            | 11 ->
                defaults.Add(attribute 1 (Wire.message reader field wire))
                true
            | _ -> false)

        {
            Domain = domain dom
            Name = name
            Inputs = listOf inputs
            Outputs = listOf outputs
            Attributes = listOf attributes
            Defaults = listOf defaults
            Nodes = listOf nodes
            Opsets = listOf opsets
        }

    /// `ModelProto`: the whole file. The source stays in use as long as the model.
    let ofSource (source: WireSource) : OnnxModel =
        let reader = WireReader { Source = source; Offset = 0; Length = source.Length }
        let mutable ir, producer, version, main = 0L, "", "", ValueNone
        let opsets, functions, metadata = ResizeArray(), ResizeArray(), ResizeArray()

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                ir <- Wire.int64 reader field wire
                true
            | 2 ->
                producer <- Wire.text reader field wire
                true
            | 3 ->
                version <- Wire.text reader field wire
                true
            | 7 ->
                main <- ValueSome(graph 0 (Wire.message reader field wire))
                true
            | 8 ->
                opsets.Add(opset (Wire.message reader field wire))
                true
            | 14 ->
                metadata.Add(pair (Wire.message reader field wire))
                true
            | 25 ->
                functions.Add(functionOf (Wire.message reader field wire))
                true
            | _ -> false)

        match main with
        | ValueNone ->
            Refuse.format
                "Onnx.read"
                "a file without a graph"
                "an ONNX model"
                "check that the file is an ONNX model and was written completely"
        | ValueSome graph ->
            {
                IrVersion = ir
                Producer = producer
                ProducerVersion = version
                Opsets = listOf opsets
                Graph = graph
                Functions = listOf functions
                Metadata = listOf metadata
            }

    /// A file in memory.
    let model (bytes: ReadOnlyMemory<byte>) : OnnxModel = ofSource (MemorySource bytes)
