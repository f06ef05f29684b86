namespace DL1

open System.Collections.Generic
open System.Text

/// Expressions as TensorFlow's `GraphDef`, which TensorBoard draws: a node for each operation, named by the layer that made it,
/// so that layers are boxes that open.
[<RequireQualifiedAccess>]
module internal EventGraph =
    /// TensorFlow's number of an element type.
    let private typeOf (dtype: DType) : int64 =
        match dtype with
        | DType.F32 -> 1L
        | DType.F64 -> 2L
        | DType.I32 -> 3L
        | DType.I64 -> 9L
        | DType.Bool -> 10L

    /// A name that TensorFlow takes: letters, digits and `_.-`, with `/` between the levels.
    let private plain (text: string) : string =
        let b = StringBuilder()

        for c in text do
            b.Append(if System.Char.IsAsciiLetterOrDigit c || c = '_' || c = '-' then c else '_') |> ignore

        let name = b.ToString()

        if name = "" || not (System.Char.IsAsciiLetterOrDigit name[0]) then
            "n" + name
        else
            name

    /// The levels above a node: the path of its layer, and whether it belongs to the layer's gradient.
    let private scope (e: Expr) : string =
        match e.Origin with
        | None -> ""
        | Some origin ->
            let parts = origin.Path.Split('.', System.StringSplitOptions.RemoveEmptyEntries)
            let layers = Array.append parts [| origin.Name |] |> Array.map plain |> String.concat "/"
            if origin.IsGradient then $"gradients/{layers}/" else $"{layers}/"

    let private shape (shape: Shape) (w: WireWriter) =
        for extent in shape.ToList() do
            w.Message(2, (fun dim -> dim.Int64(1, int64 extent)))

    let private attribute (node: WireWriter) (name: string) (write: WireWriter -> unit) =
        node.Message(
            5,
            fun entry ->
                entry.Text(1, name)
                entry.Message(2, write)
        )

    /// The graph of some results.
    let ofRoots (roots: Expr list) (graph: WireWriter) : unit =
        let names = Dictionary<Digest, string>()
        let taken = HashSet<string>()

        let unique (name: string) =
            let mutable found, number = name, 1

            while not (taken.Add found) do
                number <- number + 1
                found <- $"%s{name}_%d{number}"

            found

        for e in Graph.topological roots do
            let own =
                match e.Node with
                | Node.Variable v -> unique (plain v.Name)
                | _ -> unique (scope e + plain (Node.name e.Node))

            names[e.Digest] <- own

            graph.Message(
                1,
                fun node ->
                    node.Text(1, own)

                    node.Text(
                        2,
                        match e.Node with
                        | Node.Variable _ -> "Placeholder"
                        | Node.Constant _ -> "Const"
                        | _ -> plain (Node.name e.Node)
                    )

                    for operand in Node.operands e.Node do
                        node.Item(3, names[operand.Digest])

                    attribute node "dtype" (fun value -> value.Int64(6, typeOf e.DType))

                    attribute node "_output_shapes" (fun value ->
                        value.Message(1, (fun list -> list.Message(7, shape e.Shape))))
            )

        // The version of the format that node names and attributes like these have had since TensorFlow 1.0.
        graph.Message(4, (fun versions -> versions.Int64(1, 22L)))
