namespace DL1

open System
open System.Collections.Generic
open System.Text

/// How tightly the outermost operation of a text binds, loosest first.
[<RequireQualifiedAccess; Struct>]
type internal Level =
    | Or
    | And
    | Compare
    | Sum
    | MatMul
    | Quotient
    | Product
    /// `sin x`, `√x`, `−x`.
    | Prefix
    /// `x²`, `xᵀ`.
    | Power
    /// `relu(x)`.
    | Call
    | Atom

/// The text of a part, and what must be known to put it into a larger one.
[<NoEquality; NoComparison>]
type internal Piece =
    {
        Text: string
        /// The text where something follows at once: `sin(x)` for `sin x`.
        Closed: string
        Level: Level
        /// Whether it begins with a minus sign.
        Negative: bool
        /// Of a number, and of a product with one: the number, and what it multiplies, if anything.
        Product: (float * Piece option) option
        /// The shape that a reader gives it (`Form.readShape`).
        Shape: Shape
    }

module internal Piece =
    let make level text =
        {
            Text = text
            Closed = text
            Level = level
            Negative = false
            Product = None
            Shape = Shape.Scalar
        }

    let atom text = make Level.Atom text
    let call text = make Level.Call text

/// What a way of writing has to say for `TextLayout` to lay a graph out.
[<NoEquality; NoComparison>]
type internal Notation<'e> =
    {
        /// The operands that the text of a node shows.
        Operands: 'e -> 'e list
        /// The text of a node, from those of its operands.
        Render: ('e -> Piece) -> 'e -> Piece
        /// The name of a part, by its number.
        Name: int -> string
        /// Whether a node is never given a name: it has one, or is short.
        IsLeaf: 'e -> bool
        /// Graphs whose whole text is no longer are written in one piece.
        Whole: int
        /// Parts longer than this are given a name.
        Longest: int
        /// Parts nested deeper than this are given a name.
        Deepest: int
    }

/// A graph as text: parts by name, in the order of need, and the results over them.
[<NoEquality; NoComparison>]
type internal Layout = { Definitions: struct (string * Piece)[]; Results: Piece list }

/// Lays graphs out as text, in linear time and without recursion: what is small is written in one piece, shared parts
/// repeated; of what is larger, the shared, long and deep parts are given names.
module internal TextLayout =
    // Naming a shared part is worth it only where its text is longer than a name.
    let private shortest = 4

    /// The nodes that the text needs, operands first, each once.
    let walk (operands: 'e -> 'e list) (roots: 'e list) : 'e[] when 'e :> INode<'e> =
        let order = List<'e>()
        let seen = HashSet<Digest>()
        let stack = Stack<struct ('e * bool)>()

        for root in List.rev roots do
            stack.Push(struct (root, false))

        while stack.Count > 0 do
            let struct (e, opened) = stack.Pop()

            if opened then
                order.Add e
            elif seen.Add e.Digest then
                stack.Push(struct (e, true))

                for operand in List.rev (operands e) do
                    if not (seen.Contains operand.Digest) then
                        stack.Push(struct (operand, false))

        order.ToArray()

    let private inOnePiece
        (notation: Notation<'e>)
        (order: 'e[])
        (roots: 'e list)
        : Layout option when 'e :> INode<'e> =
        let pieces = Dictionary<Digest, Piece>()
        let piece (e: 'e) = pieces[e.Digest]
        let mutable fits = order.Length <= notation.Whole
        let mutable i = 0

        while fits && i < order.Length do
            let p = notation.Render piece order[i]
            pieces[order[i].Digest] <- p
            fits <- p.Text.Length <= notation.Whole
            i <- i + 1

        if fits && roots |> List.sumBy (fun r -> (piece r).Text.Length) <= notation.Whole then
            Some { Definitions = [||]; Results = List.map piece roots }
        else
            None

    let private inParts
        (notation: Notation<'e>)
        (order: 'e[])
        (roots: 'e list)
        : Layout when 'e :> INode<'e> =
        let uses = Dictionary<Digest, int>()

        let using (e: 'e) =
            match uses.TryGetValue e.Digest with
            | true, n -> uses[e.Digest] <- n + 1
            | false, _ -> uses[e.Digest] <- 1

        List.iter using roots

        for e in order do
            List.iter using (notation.Operands e)

        let isRoot = HashSet<Digest>(roots |> Seq.map (fun r -> r.Digest))
        let pieces = Dictionary<Digest, Piece>()
        let depths = Dictionary<Digest, int>()
        let definitions = List<struct (string * Piece)>()

        for e in order do
            let p = notation.Render (fun o -> pieces[o.Digest]) e

            let depth = notation.Operands e |> List.fold (fun d o -> max d (depths[o.Digest] + 1)) 0

            let isShared = uses[e.Digest] > 1 && p.Text.Length > shortest

            let isLarge =
                not (isRoot.Contains e.Digest)
                && (p.Text.Length > notation.Longest || depth > notation.Deepest)

            if not (notation.IsLeaf e) && (isShared || isLarge) then
                let name = notation.Name(definitions.Count + 1)
                definitions.Add(struct (name, p))
                pieces[e.Digest] <- { Piece.atom name with Shape = p.Shape }
                depths[e.Digest] <- 0
            else
                pieces[e.Digest] <- p
                depths[e.Digest] <- depth

        {
            Definitions = definitions.ToArray()
            Results = roots |> List.map (fun r -> pieces[r.Digest])
        }

    /// The layout of the graph of some roots.
    let run (notation: Notation<'e>) (roots: 'e list) : Layout when 'e :> INode<'e> =
        let order = walk notation.Operands roots

        match inOnePiece notation order roots with
        | Some layout -> layout
        | None -> inParts notation order roots

    /// Items packed into lines of at most 100 columns, with how many items each line holds.
    let pack (separator: string) (items: seq<string>) : (string * int) list =
        let lines = List<string * int>()
        let line = StringBuilder()
        let mutable count = 0

        for item in items do
            if count > 0 && line.Length + separator.Length + item.Length > 100 then
                lines.Add(line.ToString().TrimEnd(), count)
                line.Clear() |> ignore
                count <- 0

            if count > 0 then
                line.Append separator |> ignore

            line.Append item |> ignore
            count <- count + 1

        if count > 0 then
            lines.Add(line.ToString(), count)

        List.ofSeq lines
