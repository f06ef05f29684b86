namespace DL1.Pictures

open System
open System.Collections.Generic
open System.Globalization
open System.Text
open DL1

/// Writes a graph that has been laid out as SVG.
[<RequireQualifiedAccess>]
module private GraphDrawing =
    let private mostNodes = 400
    let private number (x: float) = x.ToString("0.#", CultureInfo.InvariantCulture)

    let private escape (text: string) =
        let b = StringBuilder()

        for c in text do
            match c with
            | '&' -> b.Append "&amp;"
            | '<' -> b.Append "&lt;"
            | '>' -> b.Append "&gt;"
            | '"' -> b.Append "&quot;"
            | _ when Char.IsControl c || Char.IsSurrogate c || c > '\uFFFD' -> b.Append ' '
            | _ -> b.Append c
            |> ignore

        b.ToString()

    // Colours are attributes for readers without style sheets; the sheet overrides them and follows the reader's theme.
    let private sheet =
        """<style>
.dl1-graph{--paper:#ffffff;--ink:#1f2933;--faint:#5f6b7a;--line:#8794a5;--input:#e3eefb;--step:#f4f1ea;--result:#fdeccb;--value:#0b5cad;--slope:#b3420a}
@media (prefers-color-scheme:dark){.dl1-graph{--paper:#14181d;--ink:#e8edf2;--faint:#9aa7b5;--line:#728093;--input:#1d3350;--step:#2a2c2f;--result:#4a3913;--value:#7dbcff;--slope:#ffab70}}
.dl1-graph .paper{fill:var(--paper)}.dl1-graph .ink{fill:var(--ink)}.dl1-graph .faint{fill:var(--faint)}
.dl1-graph .value{fill:var(--value)}.dl1-graph .slope{fill:var(--slope);stroke:var(--paper)}
.dl1-graph .input{fill:var(--input);stroke:var(--line)}.dl1-graph .step{fill:var(--step);stroke:var(--line)}
.dl1-graph .result{fill:var(--result);stroke:var(--line)}.dl1-graph .wire{stroke:var(--line)}.dl1-graph .head{fill:var(--line)}
</style>"""

    let private node (text: StringBuilder) isResult (spot: Spot) (struct (x: float, y: float)) =
        let add (line: string) = text.Append(line).Append('\n') |> ignore

        match spot.Expr with
        | None -> ()
        | Some e ->
            let kind = GraphLabel.kind e

            let look, fill, round =
                match kind with
                | _ when isResult -> "result", "#fdeccb", spot.Height / 2.0
                | NodeKind.Variable -> "input", "#e3eefb", 4.0
                | NodeKind.Operation -> "step", "#f4f1ea", spot.Height / 2.0
                | NodeKind.Constant -> "paper", "#ffffff", 4.0

            let stroke = if kind = NodeKind.Constant && not isResult then "none" else "#8794a5"
            let left, top = number (x - spot.Width / 2.0), number (y - spot.Height / 2.0)

            let size =
                $"width=\"{number spot.Width}\" height=\"{number spot.Height}\" rx=\"{number (min round 18.0)}\""

            add
                $"<rect class=\"{look}\" x=\"{left}\" y=\"{top}\" {size} fill=\"{fill}\" stroke=\"{stroke}\"/>"

            let row i (look: string) color size (line: string) =
                let baseline = y - spot.Height / 2.0 + 22.0 + 19.0 * float i
                let at = $"x=\"{number x}\" y=\"{number baseline}\" font-size=\"{size}\""

                add
                    $"<text class=\"{look}\" {at} fill=\"{color}\" text-anchor=\"middle\">{escape line}</text>"

            spot.Lines
            |> List.iteri (fun i line ->
                if i = 0 then row i "ink" "#1f2933" 16 line else row i "faint" "#5f6b7a" 12 line)

            if spot.Note <> "" then
                row spot.Lines.Length "value" "#0b5cad" 14 spot.Note

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

    let svg (notes: GraphNotes) (roots: Expr list) : string =
        let count = (Graph.topological roots).Length

        if count > mostNodes then
            Refuse.domain
                "GraphSvg"
                $"a graph of {count} nodes"
                $"at most {mostNodes} nodes: more cannot be read in one picture"
                "draw a part of it, or write Dot.ofGraph to a file for Graphviz"

        let spots, wires = GraphLayout.build notes roots
        let at, columns, width, height = GraphLayout.place spots wires
        let isRoot = HashSet<Digest>(roots |> Seq.map _.Digest)
        let text = StringBuilder()
        let add (line: string) = text.Append(line).Append('\n') |> ignore

        let box =
            $"viewBox=\"0 0 {number width} {number height}\" width=\"{number width}\" height=\"{number height}\""

        let font = "font-family=\"'DejaVu Sans',system-ui,sans-serif\""
        add $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"dl1-graph\" role=\"img\" {box} {font}>"
        add sheet
        add "<title>Computation graph</title>"
        add "<rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"

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

        for curve in curves do
            let path = StringBuilder()
            let fx, fy = curve[0]
            path.Append($"M{number fx} {number fy}") |> ignore

            for (ax, ay), (bx, by) in Array.pairwise curve do
                let middle = number ((ax + bx) / 2.0)
                path.Append($"C{middle} {number ay} {middle} {number by} {number bx} {number by}") |> ignore

            let ex, ey = Array.last curve
            add $"<path class=\"wire\" d=\"{path}\" fill=\"none\" stroke=\"#8794a5\" stroke-width=\"1.4\"/>"
            let tip = $"M{number (ex + 7.0)} {number ey}l-9 -4v8z"
            add $"<path class=\"head\" d=\"{tip}\" fill=\"#8794a5\"/>"

        Array.iteri2
            (fun _ (spot: Spot) p ->
                node text (spot.Expr |> Option.exists (fun e -> isRoot.Contains e.Digest)) spot p)
            spots
            at

        for wire, curve in Array.zip wires curves do
            if wire.Note <> "" then
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
                let at = $"x=\"{number (x + w / 2.0)}\" y=\"{number (y + 13.0)}\" font-size=\"13\""

                let halo =
                    "stroke=\"#ffffff\" stroke-width=\"4\" paint-order=\"stroke\" stroke-linejoin=\"round\""

                add
                    $"<text class=\"slope\" {at} fill=\"#b3420a\" {halo} text-anchor=\"middle\">{escape wire.Note}</text>"

        add "</svg>"
        text.ToString()

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
    static member Draw(results: seq<Expr>) : string = GraphDrawing.svg GraphNotes.none (List.ofSeq results)

    /// The graph of what was explained: on each node its name and value, on each edge the part of the derivative that
    /// comes back along it. `GraphSvg.Draw(explanation)`
    static member Draw(explanation: Explanation) : string =
        // The result is the last value to be computed.
        let result = explanation.Steps[explanation.Steps.Count - 1]
        GraphDrawing.svg explanation.Notes [ result.Expr ]

    /// The graph of one expression with texts of one's own: on a node, and on the edge into a node from its operand at a
    /// place counted from 0; an empty text is left out.
    /// `GraphSvg.Draw(y, e => e == y ? "= 3" : "", (user, place) => "")`
    static member Draw(e: Expr, onNode: Func<Expr, string>, onEdge: Func<Expr, int, string>) : string =
        let notes =
            {
                OfNode = fun e -> onNode.Invoke e
                OfEdge = fun user place -> onEdge.Invoke(user, place)
            }

        GraphDrawing.svg notes [ e ]

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
