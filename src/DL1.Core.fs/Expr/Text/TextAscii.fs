namespace DL1

open System
open System.Collections.Generic

/// Plain ASCII that `Parse` reads back to the same digest: elementwise operations as operators, everything else as
/// calls with named attributes, constants with their types and all their bits.
module internal TextAscii =
    let private signs =
        {
            Open = "("
            Close = ")"
            Minus = "-"
            Infix =
                function
                | Infix.Add -> " + "
                | Infix.Sub -> " - "
                | Infix.Mul -> "*"
                | Infix.Div -> "/"
                | Infix.MatMul -> " @ "
                | Infix.And -> " and "
                | Infix.Or -> " or "
                | Infix.Compare CompareOp.Eq -> " == "
                | Infix.Compare CompareOp.Ne -> " != "
                | Infix.Compare CompareOp.Lt -> " < "
                | Infix.Compare CompareOp.Le -> " <= "
                | Infix.Compare CompareOp.Gt -> " > "
                | Infix.Compare CompareOp.Ge -> " >= "
            Exact = true
        }

    let private comma (items: seq<string>) = String.Join(", ", items)

    /// The operand under a broadcast that changes its shape, and the operand itself.
    let private peel (e: 'e) : 'e option when 'e :> INode<'e> =
        match e.Node with
        | Node.Broadcast(shape, x) when x.Shape <> shape -> Some x
        | _ -> None

    /// Two operands as written: without the broadcasts that reading them back puts in again.
    let private pair (a: 'e) (b: 'e) : 'e * 'e when 'e :> INode<'e> =
        match peel a, peel b with
        | Some x, Some y when Shape.tryBroadcast x.Shape y.Shape = Some a.Shape -> x, y
        | _, Some y -> a, y
        | Some x, None -> x, b
        | None, None -> a, b

    let private operands (e: 'e) : 'e list when 'e :> INode<'e> =
        match e.Node with
        | Node.Binary(_, a, b)
        | Node.Compare(_, a, b) ->
            let a, b = pair a b
            [ a; b ]
        | node -> Node.operands node

    let private variable (v: Variable) =
        let shape = if v.Shape.IsScalar then "" else string v.Shape
        $"{TextName.ascii v.Name}: {v.DType}{shape}"

    let private constant (value: Tensor) =
        if value.Rank > 0 then
            Piece.atom $"tensor({value.DType}, {value.Shape}, [{comma (TextNumber.elements value)}])"
        else
            let text = Seq.head (TextNumber.elements value)

            if value.DType = DType.F64 then
                TextCompose.number text
            else
                Piece.atom $"{value.DType}({text})"

    // −(2) is not the number −2.
    let private negate (isNumber: bool) (x: Piece) =
        if isNumber && not x.Negative then
            Piece.atom $"neg({x.Text})"
        else
            TextCompose.negate signs x

    let private isNumber (e: 'e) : bool when 'e :> INode<'e> =
        match e.Node with
        | Node.Constant value -> value.Rank = 0 && value.DType = DType.F64
        | _ -> false

    let private operatorOf op =
        match op with
        | BinaryOp.Add -> Some Infix.Add
        | BinaryOp.Sub -> Some Infix.Sub
        | BinaryOp.Mul -> Some Infix.Mul
        | BinaryOp.Div -> Some Infix.Div
        | BinaryOp.And -> Some Infix.And
        | BinaryOp.Or -> Some Infix.Or
        | BinaryOp.Pow
        | BinaryOp.Max
        | BinaryOp.Min -> None

    let private call (e: 'e) (operands: string list) (attributes: string list) : Piece when 'e :> INode<'e> =
        Piece.atom $"{Node.name e.Node}({comma (operands @ attributes)})"

    // Graphs inside graphs inside graphs: no text of use has that many.
    let private deepestBody = 50

    let private declarations (known: Variable list) (order: 'e[]) : seq<Variable> when 'e :> INode<'e> =
        let met = Dictionary<string, Variable>()

        let isNew (v: Variable) =
            match met.TryGetValue v.Name with
            | true, other when other <> v ->
                Refuse.shape
                    "Text.ascii"
                    $"two variables named {v.Name}: {other.DType} {other.Shape} and {v.DType} {v.Shape}"
                    "one meaning for one name"
                    "give one of them another name"
            | true, _ -> false
            | false, _ ->
                met[v.Name] <- v

                match known |> List.tryFindBack (fun k -> k.Name = v.Name) with
                | Some k -> k <> v
                | None -> v.DType <> DType.F64 || not v.Shape.IsScalar

        order
        |> Array.choose (fun e ->
            match e.Node with
            | Node.Variable v when isNew v -> Some v
            | _ -> None)
        |> Seq.ofArray

    let rec private notation (body: int) (prefix: string) : Notation<'e> when 'e :> INode<'e> =
        {
            Operands = operands
            Render = render body
            Name = fun n -> $"{prefix}%d{n}"
            IsLeaf =
                fun e ->
                    match e.Node with
                    | Node.Variable _ -> true
                    | _ -> isNumber e
            Whole = 300
            Longest = 72
            Deepest = 24
        }

    and private render (body: int) (piece: 'e -> Piece) (e: 'e) : Piece when 'e :> INode<'e> =
        let text (x: 'e) = (piece x).Text

        let asCall () = call e (operands e |> List.map text) (attributes body e)

        let infix op =
            match operands e with
            | [ a; b ] -> TextCompose.infix signs op (piece a) (piece b)
            | _ -> asCall ()

        match e.Node with
        | Node.Variable v -> Piece.atom (TextName.ascii v.Name)
        | Node.Constant value -> constant value
        | Node.Unary(UnaryOp.Neg, x) -> negate (isNumber x) (piece x)
        | Node.Binary(BinaryOp.Pow, _, _) ->
            match operands e with
            | [ a; b ] ->
                Piece.make
                    Level.Power
                    (TextCompose.powerBase signs (piece a) + "^" + TextCompose.unit signs (piece b))
            | _ -> asCall ()
        | Node.Binary(op, _, _) ->
            match operatorOf op with
            | Some sign -> infix sign
            | None -> asCall ()
        | Node.Compare(op, _, _) -> infix (Infix.Compare op)
        | Node.MatMul _ -> infix Infix.MatMul
        | Node.Unary _
        | Node.Select _
        | Node.Cast _
        | Node.Reduce _
        | Node.ArgReduce _
        | Node.CumSum _
        | Node.ArgSort _
        | Node.Softmax _
        | Node.LogSumExp _
        | Node.Broadcast _
        | Node.Reshape _
        | Node.Transpose _
        | Node.Slice _
        | Node.Pad _
        | Node.Concat _
        | Node.Reverse _
        | Node.Gather _
        | Node.ScatterAdd _
        | Node.Conv _
        | Node.MaxPool _
        | Node.MaxPoolPick _
        | Node.MaxPoolScatter _
        | Node.AvgPool _
        | Node.AvgPoolGrad _
        | Node.RandomBits _
        | Node.Scan _
        | Node.StopGradient _
        | Node.Custom _ -> asCall ()

    /// The attributes of a call. Variables that it lists are known to the graphs that follow them.
    and private attributes (body: int) (e: 'e) : string list when 'e :> INode<'e> =
        let mutable known: Variable list = []

        [
            for name, value in Attributes.ofNode e.Node do
                let text =
                    match value with
                    | Attribute.Int n -> string n
                    | Attribute.Ints ns -> $"[{comma (List.map string ns)}]"
                    | Attribute.Float x -> TextNumber.ascii x
                    | Attribute.Flag on -> if on then "true" else "false"
                    | Attribute.Text s -> TextName.quote s
                    | Attribute.Type dtype -> dtype.Name
                    | Attribute.Dims shape -> string shape
                    | Attribute.Value value -> (constant value).Text
                    | Attribute.Variables vs ->
                        known <- known @ vs
                        $"[{comma (List.map variable vs)}]"
                    | Attribute.Graphs roots -> $"{{{graph (body + 1) known roots}}}"

                $"{name}={text}"
        ]

    /// Declarations, parts by name, and the results, of graphs inside a call or of the whole.
    and private statements (body: int) (known: Variable list) (roots: 'e list) : seq<string> * string =
        if body > deepestBody then
            Refuse.domain
                "Text.ascii"
                $"graphs nested more than %d{deepestBody} deep"
                $"loops and rules nested at most %d{deepestBody} deep"
                "unroll the innermost loops"

        let order = TextLayout.walk operands roots

        let names =
            order
            |> Seq.choose (fun e ->
                match e.Node with
                | Node.Variable v -> Some v.Name
                | _ -> None)

        let layout = TextLayout.run (notation body (TextName.prefix names)) roots

        let declared = declarations known order |> Seq.map (fun v -> variable v + ";")

        let defined = layout.Definitions |> Seq.map (fun (struct (name, p)) -> $"let {name} = {p.Text};")

        Seq.append declared defined, comma (layout.Results |> List.map _.Text)

    and private graph body known (roots: 'e list) : string when 'e :> INode<'e> =
        let heads, results = statements body known roots
        String.Join(" ", Seq.append heads [ results ])

    /// The whole text of a graph, in lines of at most 100 columns where its parts allow.
    let write (e: 'e) : string when 'e :> INode<'e> =
        let heads, result = statements 0 [] [ e ]
        let lines = TextLayout.pack " " heads |> List.map fst
        String.Join("\n", lines @ [ result ])
