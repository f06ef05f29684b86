namespace DL1.Pictures

open System
open System.Collections.Generic
open DL1

/// Draws a graph that has been laid out.
[<RequireQualifiedAccess>]
module private GraphDrawing =
    let private mostNodes = 400

    let private node isResult (spot: Spot) (struct (x: float, y: float)) : Item list =
        match spot.Expr with
        | None -> []
        | Some e ->
            let kind = GraphLabel.kind e

            let fill, round =
                match kind with
                | _ when isResult -> Tint.Result, spot.Height / 2.0
                | NodeKind.Variable -> Tint.Input, 4.0
                | NodeKind.Operation -> Tint.Step, spot.Height / 2.0
                | NodeKind.Constant -> Tint.Paper, 4.0

            let isEdged = kind <> NodeKind.Constant || isResult
            let left, top = x - spot.Width / 2.0, y - spot.Height / 2.0

            let row i tint size line = Scene.text Anchor.Middle tint size x (top + 22.0 + 19.0 * float i) line

            [
                Item.Box(left, top, spot.Width, spot.Height, min round 18.0, fill, isEdged)

                for i, line in List.indexed spot.Lines do
                    if i = 0 then row i Tint.Ink 16.0 line else row i Tint.Faint 12.0 line

                if spot.Note <> "" then
                    row spot.Lines.Length Tint.Value 14.0 spot.Note
            ]

    /// The points an edge runs through: out of its operand's right side, level past the layers between, into its port.
    let private points
        (spots: Spot[])
        (at: struct (float * float)[])
        (columns: float[])
        (port: float)
        (wire: Wire)
        =
        let last = List.length wire.Path - 1

        wire.Path
        |> List.mapi (fun i spot ->
            let struct (x, y) = at[spot]
            let half = columns[spot] / 2.0

            if i = 0 then [ x + spots[spot].Width / 2.0, y ]
            elif i = last then [ x - spots[spot].Width / 2.0 - 7.0, y + port ]
            else [ x - half, y; x + half, y ])
        |> List.concat
        |> Array.ofList

    let private between (ax: float, ay: float) (bx: float, by: float) (t: float) =
        // A cubic whose handles are level, at half of the way.
        let s = 1.0 - t
        let middle = (ax + bx) / 2.0
        let x = s * s * s * ax + 3.0 * s * s * t * middle + 3.0 * s * t * t * middle + t * t * t * bx
        let y = s * s * s * ay + 3.0 * s * s * t * ay + 3.0 * s * t * t * by + t * t * t * by
        x, y

    let private overlap
        (ax: float, ay: float, aw: float, ah: float)
        (bx: float, by: float, bw: float, bh: float)
        =
        let side a aw b bw = max 0.0 (min (a + aw) (b + bw) - max a b)
        side ax aw bx bw * side ay ah by bh

    let scene (notes: GraphNotes) (roots: Expr list) : Scene =
        let count = (Graph.topological roots).Length

        if count > mostNodes then
            Refuse.domain
                "GraphSvg"
                $"a graph of %d{count} nodes"
                $"at most %d{mostNodes} nodes: more cannot be read in one picture"
                "draw a part of it, or write it as DOT to a file for Graphviz"

        let spots, wires = GraphLayout.build notes roots
        let at, columns, width, height = GraphLayout.place spots wires
        let isRoot = HashSet<Digest>(roots |> Seq.map _.Digest)

        // Edges enter a node one below the other, in the order of where they come from.
        let ports = Array.zeroCreate wires.Length

        for _, entering in wires |> Array.indexed |> Array.groupBy (fun (_, w) -> List.last w.Path) do
            let heightBefore (wire: Wire) =
                let struct (_, y) = at[wire.Path[wire.Path.Length - 2]]
                y

            entering
            |> Array.sortBy (fun (_, w) -> heightBefore w)
            |> Array.iteri (fun i (wire, _) ->
                ports[wire] <- (float i - float (entering.Length - 1) / 2.0) * 12.0)

        let boxes =
            List<float * float * float * float>(
                Array.map2
                    (fun (s: Spot) (struct (x, y)) ->
                        x - s.Width / 2.0, y - s.Height / 2.0, s.Width, s.Height)
                    spots
                    at
            )

        let curves = wires |> Array.mapi (fun i wire -> points spots at columns ports[i] wire)

        // Labels keep off the curves, too.
        for curve in curves do
            for a, b in Array.pairwise curve do
                for step in 0..20 do
                    let x, y = between a b (float step / 20.0)
                    boxes.Add((x - 3.0, y - 2.0, 6.0, 4.0))

        let edge (curve: (float * float)[]) =
            let cubics =
                [
                    for (ax, ay), (bx, by) in Array.pairwise curve ->
                        let middle = (ax + bx) / 2.0
                        Pen.Cubic((middle, ay), (middle, by), (bx, by))
                ]

            let ex, ey = Array.last curve
            let tip = [ Pen.Move(ex + 7.0, ey); Pen.Line(ex - 2.0, ey - 4.0); Pen.Line(ex - 2.0, ey + 4.0) ]
            [ Item.Stroke(Pen.Move curve[0] :: cubics, Tint.Line, 1.4); Item.Area(tip, Tint.Line) ]

        let note (wire: Wire) (curve: (float * float)[]) =
            let w, h = float wire.Note.Length * 8.0 + 4.0, 17.0

            let candidates =
                [
                    for a, b in Array.pairwise curve do
                        for t in [ 0.5; 0.36; 0.64; 0.25; 0.75 ] do
                            for rise in [ -6.0; 19.0; -14.0; 27.0 ] do
                                let x, y = between a b t
                                x - w / 2.0, y + rise - 13.0, w, h
                ]

            let cost place = boxes |> Seq.sumBy (overlap place)
            let x, y, _, _ as place = candidates |> List.minBy cost
            boxes.Add place

            Item.Text
                {
                    X = x + w / 2.0
                    Y = y + 13.0
                    Size = 13.0
                    Anchor = Anchor.Middle
                    Tint = Tint.Slope
                    Turned = false
                    Haloed = true
                    Text = wire.Note
                }

        let isResult (spot: Spot) = spot.Expr |> Option.exists (fun e -> isRoot.Contains e.Digest)

        {
            Width = width
            Height = height
            Name = "Computation graph"
            Least = 0.7
            Items =
                [
                    yield! Seq.collect edge curves

                    for spot, place in Array.zip spots at do
                        yield! node (isResult spot) spot place

                    for wire, curve in Array.zip wires curves do
                        if wire.Note <> "" then
                            note wire curve
                ]
        }

    /// What was explained: the last value to be computed.
    let result (explanation: Explanation) =
        if explanation.Steps.Count = 0 then
            Refuse.domain
                "GraphSvg.Draw"
                "an explanation without steps"
                "an explanation of an expression that is computed from something"
                "draw the expression itself"

        explanation.Steps[explanation.Steps.Count - 1].Expr

    /// Texts of functions that may give null for none.
    let notes (onNode: Func<Expr, string | null>) (onEdge: Func<Expr, int, string | null>) : GraphNotes =
        let text (given: string | null) = given |> Option.ofObj |> Option.defaultValue ""

        {
            OfNode = fun e -> text (onNode.Invoke e)
            OfEdge = fun user place -> text (onEdge.Invoke(user, place))
        }

    let svg (notes: GraphNotes) (roots: Expr list) : string =
        let drawn = scene notes roots
        Scene.svg drawn.Width drawn

/// Computation graphs drawn as SVG without Graphviz, inputs on the left, results on the right: one SVG element that
/// stands alone or inside HTML, for example by `Section.Drawing`. Colours follow the reader's light or dark theme. More
/// than 400 nodes are refused with a `DomainError`.
///
/// <example><code>
/// GraphSvg.Draw((a + b) * (b - c))
/// GraphSvg.Draw(explanation)
/// </code>
/// In C#: <code>
/// string svg = GraphSvg.Draw(y, onNode: e => e == y ? "= 3" : "", onEdge: (user, place) => "");
/// </code></example>
[<AbstractClass; Sealed>]
type GraphSvg =
    /// The graph of one expression: `GraphSvg.Draw(loss)`.
    static member Draw(e: Expr) : string = GraphDrawing.svg GraphNotes.none [ e ]

    /// The graph of several results, in which what they share stands once: `GraphSvg.Draw([y, z])`.
    static member Draw(results: seq<Expr>) : string =
        GraphDrawing.svg GraphNotes.none (List.ofArray (Refuse.nulls "results" results))

    /// The graph of what was explained: on each node its name and value, on each edge the part of the derivative that
    /// comes back along it. `GraphSvg.Draw(explanation)`
    static member Draw(explanation: Explanation) : string =
        GraphDrawing.svg explanation.Notes [ GraphDrawing.result explanation ]

    /// The graph of one expression with texts of one's own: on a node, and on the edge into a node from its operand at a
    /// place counted from 0; an empty text, or null, is left out.
    /// `GraphSvg.Draw(y, e => e == y ? "= 3" : "", (user, place) => "")`
    static member Draw
        (e: Expr, onNode: Func<Expr, string | null>, onEdge: Func<Expr, int, string | null>)
        : string =
        GraphDrawing.svg (GraphDrawing.notes onNode onEdge) [ e ]

/// Drawings of graphs, as functions to pipe into.
[<RequireQualifiedAccess>]
module GraphSvg =
    /// The graph of some results with texts on its nodes and edges.
    /// `GraphSvg.ofGraph { GraphNotes.none with OfNode = value } [ y ]`
    let ofGraph (notes: GraphNotes) (roots: Expr list) : string = GraphDrawing.svg notes roots

    /// The graph of one expression: `File.WriteAllText("loss.svg", GraphSvg.ofExpr loss)`.
    let ofExpr (e: Expr) : string = GraphSvg.Draw e

    /// The graph of what was explained, with values and derivatives:
    /// `Explain.run [ "Y", y ] [ "a", Tensor.scalar 1.0 ] y |> GraphSvg.ofExplanation`.
    let ofExplanation (explanation: Explanation) : string = GraphSvg.Draw explanation

/// Computation graphs as figures, for PNG and for reports, where `GraphSvg` gives the text of an SVG. They keep their
/// layout: in the middle of a wider picture, smaller in a narrow one.
///
/// <example><code>
/// GraphPicture.Of(explanation).Png 900
/// </code>
/// In C#: <code>
/// byte[] png = GraphPicture.Of((a + b) * (b - c)).Png(900);
/// </code></example>
[<AbstractClass; Sealed>]
type GraphPicture =
    static member private Figure(notes, roots) : Figure =
        let drawn = lazy (GraphDrawing.scene notes roots)
        Figure.OfScene(fun width -> drawn.Value |> Scene.centred width)

    /// The graph of one expression: `GraphPicture.Of(loss)`.
    static member Of(e: Expr) : Figure = GraphPicture.Figure(GraphNotes.none, [ e ])

    /// The graph of several results: `GraphPicture.Of([y, z])`.
    static member Of(results: seq<Expr>) : Figure =
        GraphPicture.Figure(GraphNotes.none, List.ofArray (Refuse.nulls "results" results))

    /// The graph of what was explained, with values and derivatives: `GraphPicture.Of(explanation)`.
    static member Of(explanation: Explanation) : Figure =
        GraphPicture.Figure(explanation.Notes, [ GraphDrawing.result explanation ])

    /// The graph of one expression with texts of one's own, as `GraphSvg.Draw` has them:
    /// `GraphPicture.Of(y, e => e == y ? "= 3" : "", (user, place) => "")`.
    static member Of
        (e: Expr, onNode: Func<Expr, string | null>, onEdge: Func<Expr, int, string | null>)
        : Figure =
        GraphPicture.Figure(GraphDrawing.notes onNode onEdge, [ e ])

    /// What was explained step by step, as figures of one size for `Animation.OfFigures`: the inputs; each value as it is
    /// computed; then, from the result back, what each value hands to those that it is made of.
    /// `GraphPicture.Steps(explanation)`
    static member Steps(explanation: Explanation) : IReadOnlyList<Figure> =
        let result = GraphDrawing.result explanation
        let steps = explanation.Steps |> Seq.map _.Expr |> Array.ofSeq
        let place = Dictionary<Digest, int>()
        steps |> Array.iteri (fun i e -> place[e.Digest] <- i)
        let inputs = explanation.Steps |> Seq.takeWhile (fun step -> step.Formula = "") |> Seq.length

        // A text that does not stand yet keeps its place, so that the graph does not move.
        let shown isShown (text: string) = if isShown then text else String(' ', text.Length)

        let frame known handed =
            let onNode (e: Expr) =
                let text = explanation.Notes.OfNode e

                match place.TryGetValue e.Digest with
                | true, i -> shown (i < known) text
                | false, _ -> text

            let onEdge (user: Expr) operand =
                let text = explanation.Notes.OfEdge user operand

                match place.TryGetValue user.Digest with
                | true, i -> shown (i >= handed) text
                | false, _ -> text

            GraphPicture.Figure({ OfNode = onNode; OfEdge = onEdge }, [ result ])

        [|
            for known in inputs .. steps.Length -> frame known steps.Length
            for handed in steps.Length - 1 .. -1 .. inputs -> frame steps.Length handed
        |]
