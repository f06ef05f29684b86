namespace DL1.Onnx

open System
open System.Text
open DL1

/// What a rule sees of the node that it imports: operands, attributes, and how to refuse.
[<Sealed>]
type internal OnnxCall
    (
        node: OnnxNode,
        version: int,
        real: DType,
        inputs: OnnxTerm voption list,
        runGraph: OnnxGraph -> OnnxTerm list -> OnnxTerm list
    ) =
    let operands =
        inputs
        |> List.map (fun input ->
            match input with
            | ValueSome v -> OnnxTerm.text v
            | ValueNone -> "none")
        |> String.concat ", "

    let attribute name = node.Attributes |> List.tryFind (fst >> (=) name) |> Option.map snd

    /// The node.
    member _.Node = node
    /// The version of the operators.
    member _.Version = version
    /// The type of f32 numbers of the file: f32, or f64 where the model is run so.
    member _.Real = real

    /// What errors call the node: `node '/encoder/MatMul' (MatMul, opset 13, output 'y')`.
    member _.Place =
        let output = node.Outputs |> List.tryFind ((<>) "") |> Option.defaultValue ""
        $"ONNX node '{OnnxNode.name node}' ({OnnxNode.operator node}, opset %d{version}, output '{output}')"

    /// Refuses the node.
    member this.Refuse(given: string, expected: string, cure: string) : 'a =
        Refuse.format
            this.Place
            (if operands = "" then given else $"{given}; operands {operands}")
            expected
            cure

    /// Refuses a form of the operator that DL1 does not have.
    member this.NotSupported(what: string, expected: string) : 'a =
        this.Refuse(what, expected, "export the model without it, or ask for it with the model at hand")

    /// The operands that are there.
    member _.Inputs = inputs

    /// An operand that may be left out.
    member _.TryIn i =
        match List.tryItem i inputs with
        | Some v -> v
        | None -> ValueNone

    /// Whether an operand is there.
    member this.Has i = (this.TryIn i: OnnxTerm voption).IsSome

    /// An operand.
    member this.In i : OnnxTerm =
        match this.TryIn i with
        | ValueSome v -> v
        | ValueNone ->
            this.Refuse($"operand %d{i} is missing", "all required operands", "export the model again")

    /// An operand as an expression.
    member this.X i = this.In(i).Expr

    /// An operand as an expression, where it is there.
    member this.TryX i : Expr option =
        match this.TryIn i with
        | ValueSome(v: OnnxTerm) -> Some v.Expr
        | ValueNone -> None

    /// The element type of an operand.
    member this.Type i = this.In(i).Type

    /// A result of an operand's element type.
    member this.Like (i: int) (e: Expr) : OnnxTerm = OnnxTerm.ofExpr (this.Type i) e

    /// The numbers of an operand that must be known when the model is imported.
    member this.Numbers i : Tensor =
        let v = this.In i

        match v.Known with
        | ValueSome t -> t.Value
        | ValueNone ->
            let names =
                Graph.variables [ v.Expr ] |> List.map _.Name |> List.filter (fun n -> not (n.StartsWith '⟨'))

            let from =
                match names with
                | [] -> "weights or of batches"
                | names -> names |> List.truncate 4 |> List.map (fun n -> $"'{n}'") |> String.concat ", "

            this.Refuse(
                $"operand %d{i} ('{List.item i node.Inputs}') decides shapes or branches, and depends on the numbers of {from}",
                "numbers that are known when the model is imported",
                match names with
                | [] -> "fold the model's constants before it is exported"
                | name :: _ -> $"give the input with the model, when it is imported: (\"{name}\", its value)"
            )

    /// Known whole numbers.
    member this.Ints i : int64 list =
        this.Numbers i |> Tensor.cast DType.I64 |> Tensor.toArray<int64> |> List.ofArray

    /// Known floating-point numbers.
    member this.Floats i : float list = this.Numbers i |> Tensor.toFloats |> List.ofArray

    /// A whole number as an extent, an axis or a place.
    member this.Small(value: int64) : int =
        if value > int64 Int32.MaxValue || value < int64 Int32.MinValue then
            this.Refuse($"the number %d{value}", "a number of 32 bits", "export the model again")
        else
            int value

    member private this.Wrong (name: string) (expected: string) : 'a =
        this.Refuse($"the attribute '{name}' of another type", expected, "export the model again")

    /// An attribute that is a whole number.
    member this.TryInt(name: string) : int64 option =
        match attribute name with
        | Some(OnnxAttribute.Int i) -> Some i
        | Some _ -> this.Wrong name "a whole number"
        | None -> None

    member this.Int(name: string, standard: int) : int =
        this.TryInt name |> Option.map this.Small |> Option.defaultValue standard

    /// Whether an attribute is not 0.
    member this.Flag(name: string) : bool = this.Int(name, 0) <> 0

    member this.TryFloat(name: string) : float option =
        match attribute name with
        | Some(OnnxAttribute.Float f) -> Some(float f)
        | Some _ -> this.Wrong name "a floating-point number"
        | None -> None

    member this.Float(name: string, standard: float) : float =
        this.TryFloat name |> Option.defaultValue standard

    member this.TryInts(name: string) : int64 list option =
        match attribute name with
        | Some(OnnxAttribute.Ints is) -> Some is
        | Some _ -> this.Wrong name "whole numbers"
        | None -> None

    member this.TrySmalls(name: string) : int list option =
        this.TryInts name |> Option.map (List.map this.Small)

    member this.TryFloats(name: string) : float list option =
        match attribute name with
        | Some(OnnxAttribute.Floats fs) -> Some(fs |> List.map float)
        | Some _ -> this.Wrong name "floating-point numbers"
        | None -> None

    member this.Text(name: string, standard: string) : string =
        match attribute name with
        | Some(OnnxAttribute.Text s) -> Encoding.UTF8.GetString s.Span
        | Some _ -> this.Wrong name "a text"
        | None -> standard

    member this.TryTexts(name: string) : string list option =
        match attribute name with
        | Some(OnnxAttribute.Texts ss) -> Some(ss |> List.map (fun s -> Encoding.UTF8.GetString s.Span))
        | Some _ -> this.Wrong name "texts"
        | None -> None

    member this.TryTensor(name: string) : OnnxTensor option =
        match attribute name with
        | Some(OnnxAttribute.Tensor t) -> Some t
        | Some _ -> this.Wrong name "a tensor"
        | None -> None

    member this.Graph(name: string) : OnnxGraph =
        match attribute name with
        | Some(OnnxAttribute.Graph g) -> g
        | Some _
        | None -> this.Wrong name "a graph"

    /// Runs a graph inside this node.
    member _.Run (graph: OnnxGraph) (given: OnnxTerm list) : OnnxTerm list = runGraph graph given

    /// An axis that counts from the end where it is negative.
    member this.Axis(axis: int, rank: int) : int =
        let place = if axis < 0 then axis + rank else axis

        if place < 0 || place >= max 1 rank then
            this.Refuse($"the axis %d{axis}", $"an axis of %d{rank}", "export the model again")

        place

    /// DL1's type for an element type.
    member this.Storage(kind: OnnxType) : DType =
        match TensorData.tryStorage real kind with
        | ValueSome dtype -> dtype
        | ValueNone ->
            this.NotSupported(
                $"the element type {TensorData.nameOf kind}",
                "float, double, half precision, bool and whole numbers of up to 64 bits"
            )

    /// A tensor of the file, in the type of this run.
    member this.Tensor(t: OnnxTensor) : OnnxTerm =
        let dtype = this.Storage t.Type
        OnnxTerm.ofTensor t.Type (Tensor.cast dtype (TensorData.read t))

    /// How many outputs are asked for.
    member _.Outputs = node.Outputs.Length
