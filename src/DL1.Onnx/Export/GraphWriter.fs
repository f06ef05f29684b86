namespace DL1.Onnx

open System
open System.Collections.Generic
open DL1

/// Attributes of nodes.
[<RequireQualifiedAccess>]
module internal Attributes =
    let int (name: string) (value: int) = name, OnnxAttribute.Int(int64 value)
    let ints (name: string) (values: int list) = name, OnnxAttribute.Ints(values |> List.map int64)

    let text (name: string) (value: string) =
        name, OnnxAttribute.Text(ReadOnlyMemory(Text.Encoding.UTF8.GetBytes value))

    let tensor (name: string) (value: Tensor) = name, OnnxAttribute.Tensor(TensorData.ofTensor "" value)
    let graph (name: string) (value: OnnxGraph) = name, OnnxAttribute.Graph value

/// Nodes and initializers of a file while it is made. Names are given in order, so the same graph is the same file.
[<Sealed>]
type internal GraphWriter(reserved: string seq) =
    let taken = HashSet<string>(reserved)
    let counts = Dictionary<string, int>()
    let initializers = List<OnnxTensor>()
    let constants = Dictionary<Digest, string>()
    /// What depends on the batch alone: it stands before all else, for bodies of loops to see it.
    let prelude = List<OnnxNode>()
    let shapes = Dictionary<string, string>()
    let scopes = Stack<List<OnnxNode>>()
    let mutable batch: struct (string * int) voption = ValueNone
    do scopes.Push(List<OnnxNode>())

    let fresh (stem: string) =
        let mutable name = ""

        while name = "" do
            let n =
                match counts.TryGetValue stem with
                | true, n -> n
                | false, _ -> 0

            counts[stem] <- n + 1
            let candidate = $"{stem}_%d{n}"

            if taken.Add candidate then
                name <- candidate

        name

    let addTo
        (nodes: List<OnnxNode>)
        (operator: string)
        (inputs: string list)
        attributes
        count
        : string list =
        let outputs = List.init count (fun _ -> fresh (operator.ToLowerInvariant()))

        nodes.Add
            {
                Name = outputs.Head
                Operator = operator
                Domain = ""
                Inputs = inputs
                Outputs = outputs
                Attributes = attributes
            }

        outputs

    let constant (value: Tensor) =
        let digest = (Expr.constant value).Digest

        match constants.TryGetValue digest with
        | true, name -> name
        | false, _ ->
            let name = fresh "constant"
            initializers.Add(TensorData.ofTensor name value)
            constants[digest] <- name
            name

    let ints (values: int64 list) = constant (Tensor.ofArray [ values.Length ] (Array.ofList values))

    let ahead operator inputs attributes = List.head (addTo prelude operator inputs attributes 1)

    /// The batch, i64 `[1]`.
    let batchOf () =
        match batch with
        | ValueSome(struct (input, axis)) ->
            ahead "Shape" [ input ] [ Attributes.int "start" axis; Attributes.int "end" (axis + 1) ]
        | ValueNone ->
            Extent.refuse
                "values that depend on the batch without an input that has it"
                "an input with the batch first"

    let remember (key: string) (make: unit -> string) =
        match shapes.TryGetValue key with
        | true, name -> name
        | false, _ ->
            let name = make ()
            shapes[key] <- name
            name

    /// An extent, i64 `[1]`.
    let extent (e: Extent) =
        if e.IsFixed then
            ints [ int64 e.Offset ]
        else
            remember (string e) (fun () ->
                let all = remember "batch" batchOf

                let scaled = if e.Slope = 1 then all else ahead "Mul" [ all; ints [ int64 e.Slope ] ] []

                if e.Offset = 0 then
                    scaled
                else
                    ahead "Add" [ scaled; ints [ int64 e.Offset ] ] [])

    /// A node of one output.
    member _.Add(operator: string, inputs: string list, attributes: (string * OnnxAttribute) list) : string =
        List.head (addTo (scopes.Peek()) operator inputs attributes 1)

    /// A node of several outputs.
    member _.AddMany(operator: string, inputs: string list, attributes, count: int) : string list =
        addTo (scopes.Peek()) operator inputs attributes count

    /// A name that nothing has yet.
    member _.Fresh(stem: string) : string = fresh stem

    /// A tensor as an initializer; equal ones are one.
    member _.Constant(value: Tensor) : string = constant value

    /// A tensor as an initializer by its own name.
    member _.Named(name: string, value: Tensor) : unit = initializers.Add(TensorData.ofTensor name value)

    /// Numbers i64 `[n]`.
    member _.Ints(values: int list) : string = ints (values |> List.map int64)
    /// Numbers i64 `[n]`.
    member _.Longs(values: int64 list) : string = ints values
    /// A number of a type.
    member _.Scalar(dtype: DType, value: float) : string = constant (Tensor.full dtype [] value)

    /// The input and the axis of it that tell the batch.
    member _.BatchIs(input: string, axis: int) : unit = batch <- ValueSome(struct (input, axis))

    /// The batch as a number of a type, a scalar.
    member _.BatchAs(dtype: DType) : string =
        remember $"batch as {dtype}" (fun () ->
            let all = remember "batch" batchOf
            let scalar = ahead "Squeeze" [ all; ints [ 0L ] ] []
            ahead "Cast" [ scalar ] [ Attributes.int "to" (int (GraphWriter.TypeOf dtype)) ])

    /// Extents, i64 `[rank]`.
    member _.Extents(es: Extent list) : string =
        if es |> List.forall _.IsFixed then
            ints (es |> List.map (fun e -> int64 e.Offset))
        else
            match es with
            | [ e ] -> extent e
            | es ->
                remember (es |> List.map string |> String.concat ", ") (fun () ->
                    ahead "Concat" (List.map extent es) [ Attributes.int "axis" 0 ])

    /// The type of ONNX for a type.
    static member TypeOf(dtype: DType) : OnnxType =
        match dtype with
        | DType.F32 -> OnnxType.Float
        | DType.F64 -> OnnxType.Double
        | DType.I32 -> OnnxType.Int32
        | DType.I64 -> OnnxType.Int64
        | DType.Bool -> OnnxType.Bool

    /// The nodes that a function adds, as those of a body.
    member _.Body(add: unit -> 'a) : struct ('a * OnnxNode list) =
        scopes.Push(List<OnnxNode>())

        try
            let result = add ()
            struct (result, List.ofSeq (scopes.Peek()))
        finally
            scopes.Pop() |> ignore

    /// What the nodes of the innermost body have computed so far.
    member _.Computed: HashSet<string> = HashSet<string>(scopes.Peek() |> Seq.collect _.Outputs)

    /// All nodes, with the outputs by their names: what a node computes is renamed, what is an input or an initializer is copied.
    /// Initializers that no node reads, such as a counter that only training uses, are left out.
    member this.Finish(outputs: (string * string) list) : struct (OnnxNode list * OnnxTensor list) =
        let root = scopes.Peek()
        let computed = HashSet<string>(root |> Seq.collect _.Outputs)
        let renamed = Dictionary<string, string>()

        for name, value in outputs do
            if computed.Contains value && not (renamed.ContainsKey value) then
                renamed[value] <- name

        let known name =
            match renamed.TryGetValue name with
            | true, other -> other
            | false, _ -> name

        let rec rename (n: OnnxNode) : OnnxNode =
            let outputs = List.map known n.Outputs

            { n with
                Name = outputs.Head
                Inputs = List.map known n.Inputs
                Outputs = outputs
                Attributes =
                    n.Attributes
                    |> List.map (fun (name, a) ->
                        match a with
                        | OnnxAttribute.Graph g ->
                            name, OnnxAttribute.Graph { g with Nodes = List.map rename g.Nodes }
                        | _ -> name, a)
            }

        let copies: OnnxNode list =
            outputs
            |> List.filter (fun (name, value) -> known value <> name)
            |> List.map (fun (name, value) ->
                {
                    Name = name
                    Operator = "Identity"
                    Domain = ""
                    Inputs = [ known value ]
                    Outputs = [ name ]
                    Attributes = []
                })

        let nodes = List.ofSeq prelude @ (List.ofSeq root |> List.map rename) @ copies
        let read = HashSet<string>()

        let rec note (n: OnnxNode) =
            read.UnionWith n.Inputs

            for _, attribute in n.Attributes do
                match attribute with
                | OnnxAttribute.Graph g ->
                    List.iter note g.Nodes
                    read.UnionWith(g.Outputs |> List.map _.Name)
                | _ -> ()

        List.iter note nodes
        struct (nodes, initializers |> Seq.filter (fun t -> read.Contains t.Name) |> List.ofSeq)
