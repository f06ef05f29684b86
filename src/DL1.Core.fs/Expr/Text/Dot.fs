namespace DL1

open System
open System.Collections.Generic
open System.Text

/// What a node is to a reader of a drawing.
[<RequireQualifiedAccess; Struct>]
type NodeKind =
    /// A named input.
    | Variable
    /// A tensor in the graph itself.
    | Constant
    /// Everything that is computed.
    | Operation

/// Texts to be put on a drawing: values on nodes, gradients on edges. An empty text is left out.
[<NoEquality; NoComparison>]
type GraphNotes =
    {
        /// What is put on a node: its value, for example.
        OfNode: Expr -> string
        /// What is put on the edge from an operand to the node that uses it, from the node and the operand's place.
        OfEdge: Expr -> int -> string
    }

/// Notes for drawings.
[<RequireQualifiedAccess>]
module GraphNotes =
    /// No notes at all: `Dot.ofGraph GraphNotes.none [ loss ]`.
    let none: GraphNotes =
        {
            OfNode = fun _ -> ""
            OfEdge = fun _ _ -> ""
        }

/// Labels of nodes, the same in every drawing.
[<RequireQualifiedAccess>]
module GraphLabel =
    let private typed (e: Expr) = if e.Shape.IsScalar then e.DType.Name else $"{e.DType} {e.Shape}"

    /// What a node is to a reader: `GraphLabel.kind x` is `NodeKind.Variable` for a variable.
    let kind (e: Expr) =
        match e.Node with
        | Node.Variable _ -> NodeKind.Variable
        | Node.Constant _ -> NodeKind.Constant
        | _ -> NodeKind.Operation

    let private sign op =
        match op with
        | Infix.Add -> "+"
        | Infix.Sub -> "−"
        | Infix.Mul -> "×"
        | Infix.Div -> "/"
        | Infix.MatMul -> "@"
        | Infix.And -> "∧"
        | Infix.Or -> "∨"
        | Infix.Compare CompareOp.Eq -> "="
        | Infix.Compare CompareOp.Ne -> "≠"
        | Infix.Compare CompareOp.Lt -> "<"
        | Infix.Compare CompareOp.Le -> "≤"
        | Infix.Compare CompareOp.Gt -> ">"
        | Infix.Compare CompareOp.Ge -> "≥"

    let private list (ns: int list) = "[" + String.concat ", " (List.map string ns) + "]"

    let private attribute (name: string, value: Attribute<Expr>) : string option =
        match value with
        | Attribute.Int n -> Some $"{name}=%d{n}"
        | Attribute.Ints ns -> Some $"{name}={list ns}"
        | Attribute.Float x -> Some $"{name}={TextNumber.ascii x |> TextNumber.pretty}"
        | Attribute.Flag on -> if on then Some name else None
        | Attribute.Text _
        | Attribute.Type _
        | Attribute.Dims _
        | Attribute.Value _
        | Attribute.Variables _
        | Attribute.Graphs _ -> None

    let private operation (e: Expr) : string =
        match Form.ofNode e with
        | Form.Symbol name -> name
        | Form.Constant value -> (TextUnicode.constant value).Text
        | Form.Infix(op, _, _) -> sign op
        | Form.Negation _ -> "−x"
        | Form.Complement _ -> "¬"
        | Form.Power _ -> "x^y"
        | Form.Root _ -> "√"
        | Form.InverseRoot _ -> "1/√x"
        | Form.Inverse _ -> "1/x"
        | Form.Magnitude _ -> "|x|"
        | Form.Floor _ -> "⌊x⌋"
        | Form.Ceiling _ -> "⌈x⌉"
        | Form.Function(name, _) -> name
        | Form.Sigmoid _ -> "σ"
        | Form.Transposed _ -> "xᵀ"
        | Form.Fold(op, axes, _) ->
            if axes.IsEmpty then
                Node.reduceName op
            else
                $"{Node.reduceName op} axes={list axes}"
        | Form.Cut _ -> "slice"
        | Form.Call(name, _, attributes) -> String.Join(" ", name :: List.choose attribute attributes)
        | Form.Loop(result, loop) -> $"scan length=%d{loop.Length} result=%d{result}"
        | Form.Stretched _ -> "broadcast"

    /// The lines of a node's label: what it does or is called, then its type and shape where they are not plain f64.
    /// `GraphLabel.lines (x + y)` is `["+"]`.
    let lines (e: Expr) : string list =
        let first = operation e
        let isPlain = e.DType = DType.F64 && e.Shape.IsScalar

        match kind e with
        | NodeKind.Variable -> [ first; typed e ]
        | NodeKind.Constant
        | NodeKind.Operation -> if isPlain then [ first ] else [ first; typed e ]

/// Expressions as Graphviz DOT: variables in boxes with type and shape, operations in ellipses, broadcasts shown.
[<RequireQualifiedAccess>]
module Dot =
    let private escape (text: string) =
        let b = StringBuilder()

        for c in text do
            match c with
            | '"'
            | '\\' -> b.Append('\\').Append c
            | '\n' -> b.Append "\\n"
            | _ when Char.IsControl c -> b.Append ' '
            | _ -> b.Append c
            |> ignore

        b.ToString()

    let private style (e: Expr) =
        match GraphLabel.kind e with
        | NodeKind.Variable -> "shape=box"
        | NodeKind.Constant -> "shape=plaintext"
        | NodeKind.Operation -> "shape=ellipse"

    /// The graph of some results with texts on its nodes and edges.
    /// `Dot.ofGraph { GraphNotes.none with OfNode = fun e -> "= 3" } [ x + y ]`
    let ofGraph (notes: GraphNotes) (roots: Expr list) : string =
        let text = StringBuilder()
        let order = Graph.topological roots
        let numbers = Dictionary<Digest, int>()
        let isRoot = HashSet<Digest>(roots |> Seq.map _.Digest)
        text.Append("digraph expression {\n  rankdir=BT;\n  node [fontname=\"sans-serif\"];\n") |> ignore
        text.Append("  edge [fontname=\"sans-serif\", fontsize=11];\n") |> ignore

        for e in order do
            let number = numbers.Count
            numbers[e.Digest] <- number

            let lines = GraphLabel.lines e @ [ notes.OfNode e ] |> List.filter ((<>) "") |> List.map escape

            let result = if isRoot.Contains e.Digest then ", penwidth=2" else ""
            let label = String.Join("\\n", lines)
            text.Append($"  n%d{number} [{style e}{result}, label=\"{label}\"];\n") |> ignore

            Node.operands e.Node
            |> List.iteri (fun place operand ->
                let note = escape (notes.OfEdge e place)
                let label = if note = "" then "" else $" [label=\"{note}\"]"
                text.Append($"  n%d{numbers[operand.Digest]} -> n%d{number}{label};\n") |> ignore)

        text.Append("}\n").ToString()

    /// The graph of one expression: `File.WriteAllText("loss.dot", Dot.ofExpr loss)`, then `dot -Tsvg loss.dot`.
    let ofExpr (e: Expr) : string = ofGraph GraphNotes.none [ e ]
