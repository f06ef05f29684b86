namespace DL1.Pictures

open System
open System.Collections.Generic
open DL1

/// A drawn node, or a bend of an edge that passes over a layer (which has no expression).
[<NoEquality; NoComparison>]
type internal Spot =
    {
        Expr: Expr option
        Lines: string list
        Note: string
        Width: float
        Height: float
        Layer: int
    }

/// An edge from an operand to the node that uses it: the spots it runs through, both ends among them.
[<NoEquality; NoComparison>]
type internal Wire = { Path: int list; Note: string }

/// Layered layout after Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
/// structures" (1981): layers by longest path, bends where edges pass over layers, orders by barycentres, and heights
/// by least squares under the order.
module internal GraphLayout =
    let private wide = 8.6
    let private lineHeight = 19.0
    let private gap = 22.0

    let private textWidth (text: string) = float text.Length * wide

    let private shapeOf (lines: string list) (note: string) =
        let all = if note = "" then lines else lines @ [ note ]
        let width = all |> List.map textWidth |> List.fold max 14.0
        width + 24.0, float all.Length * lineHeight + 14.0

    /// Constants are drawn once for each use, beside it; everything else once.
    let build (notes: GraphNotes) (roots: Expr list) : Spot[] * Wire[] =
        let order = Graph.topological roots
        let isConstant e = GraphLabel.kind e = NodeKind.Constant
        let depth = Graph.fold (fun _ (below: int list) -> List.fold (fun d b -> max d (b + 1)) 0 below) roots
        let layers = Dictionary<Digest, int>()
        let users = Dictionary<Digest, int>()

        // Inputs, and what is made of constants alone, stand just before the first node that uses them.
        for e in Array.rev order do
            let isLate = Node.operands e.Node |> List.forall isConstant

            layers[e.Digest] <-
                match users.TryGetValue e.Digest with
                | true, first when isLate -> first - 1
                | _ -> depth[e.Digest]

            for operand in Node.operands e.Node do
                users[operand.Digest] <-
                    match users.TryGetValue operand.Digest with
                    | true, layer -> min layer layers[e.Digest]
                    | false, _ -> layers[e.Digest]

        let spots = List<Spot>()
        let wires = List<Wire>()

        let add layer (e: Expr) =
            let lines, note = GraphLabel.lines e, notes.OfNode e
            let width, height = shapeOf lines note

            spots.Add
                {
                    Expr = Some e
                    Lines = lines
                    Note = note
                    Width = width
                    Height = height
                    Layer = layer
                }

            spots.Count - 1

        let bend layer =
            spots.Add { Expr = None; Lines = []; Note = ""; Width = 0.0; Height = 4.0; Layer = layer }
            spots.Count - 1

        let places = Dictionary<Digest, int>()

        for e in order do
            if not (isConstant e) || not (users.ContainsKey e.Digest) then
                places[e.Digest] <- add layers[e.Digest] e

            Node.operands e.Node
            |> List.iteri (fun place operand ->
                let target = places[e.Digest]
                let layer = spots[target].Layer
                let source = if isConstant operand then add (layer - 1) operand else places[operand.Digest]
                let bends = [ for between in spots[source].Layer + 1 .. layer - 1 -> bend between ]
                wires.Add { Path = source :: bends @ [ target ]; Note = notes.OfEdge e place })

        spots.ToArray(), wires.ToArray()

    let private neighbours (spots: Spot[]) (wires: Wire[]) =
        let before = Array.init spots.Length (fun _ -> List<int>())
        let after = Array.init spots.Length (fun _ -> List<int>())

        for wire in wires do
            for a, b in List.pairwise wire.Path do
                before[b].Add a
                after[a].Add b

        before, after

    let private crossings (layers: int[][]) (after: List<int>[]) (rank: int[]) =
        let mutable count = 0

        for layer in layers do
            let ends =
                [|
                    for a in layer do
                        for b in after[a] -> struct (rank[a], rank[b])
                |]

            for i in 0 .. ends.Length - 1 do
                let struct (a, b) = ends[i]

                for j in i + 1 .. ends.Length - 1 do
                    let struct (c, d) = ends[j]

                    if (a < c && b > d) || (a > c && b < d) then
                        count <- count + 1

        count

    /// The order of each layer, from sweeps by barycentres; the one with the fewest crossings.
    let private arrange (layers: int[][]) (before: List<int>[]) (after: List<int>[]) : int[][] =
        let rank = Array.zeroCreate before.Length

        let note () =
            for layer in layers do
                layer |> Array.iteri (fun i spot -> rank[spot] <- i)

        note ()
        let mutable best = Array.map Array.copy layers
        let mutable fewest = crossings layers after rank

        let centre (near: List<int>[]) spot =
            if near[spot].Count = 0 then
                float rank[spot]
            else
                near[spot] |> Seq.averageBy (fun n -> float rank[n])

        for sweep in 1..12 do
            let forward = sweep % 2 = 1
            let near = if forward then before else after
            let indices = if forward then [ 1 .. layers.Length - 1 ] else [ layers.Length - 2 .. -1 .. 0 ]

            for i in indices do
                layers[i] <- Array.sortBy (centre near) layers[i]
                layers[i] |> Array.iteri (fun place spot -> rank[spot] <- place)

            let count = crossings layers after rank

            if count < fewest then
                fewest <- count
                best <- Array.map Array.copy layers

        best

    /// Heights nearest to those wished, in order and apart: isotonic regression by pooling adjacent violators.
    let private settle (spots: Spot[]) (layer: int[]) (wished: float[]) : float[] =
        let offsets = Array.zeroCreate layer.Length

        for i in 1 .. layer.Length - 1 do
            offsets[i] <- offsets[i - 1] + (spots[layer[i - 1]].Height + spots[layer[i]].Height) / 2.0 + gap

        let blocks = Stack<struct (float * int)>()

        for i in 0 .. layer.Length - 1 do
            let mutable mean = wished[i] - offsets[i]
            let mutable size = 1
            let mutable pooling = true

            while pooling && blocks.Count > 0 do
                let struct (m, n) = blocks.Peek()

                if m > mean then
                    blocks.Pop() |> ignore
                    mean <- (m * float n + mean * float size) / float (n + size)
                    size <- size + n
                else
                    pooling <- false

            blocks.Push(struct (mean, size))

        let pooled =
            [|
                for struct (m, n) in Seq.rev blocks do
                    for _ in 1..n -> m
            |]

        Array.map2 (+) pooled offsets

    /// The centre of every spot, the width of its layer, and the size of the picture.
    let place (spots: Spot[]) (wires: Wire[]) : struct (float * float)[] * float[] * float * float =
        let before, after = neighbours spots wires
        let last = spots |> Array.fold (fun l s -> max l s.Layer) 0

        let first =
            [|
                for layer in 0..last ->
                    [|
                        for i in 0 .. spots.Length - 1 do
                            if spots[i].Layer = layer then
                                i
                    |]
            |]

        let layers = arrange first before after
        let y = Array.zeroCreate spots.Length

        for layer in layers do
            settle spots layer (Array.zeroCreate layer.Length)
            |> Array.iteri (fun i height -> y[layer[i]] <- height)

        for sweep in 1..16 do
            for layer in (if sweep % 2 = 1 then layers else Array.rev layers) do
                let wish spot =
                    let near = Seq.append before[spot] after[spot] |> Array.ofSeq
                    if near.Length = 0 then y[spot] else near |> Array.averageBy (fun n -> y[n])

                settle spots layer (Array.map wish layer)
                |> Array.iteri (fun i height -> y[layer[i]] <- height)

        // Before each layer there is room for the notes of the edges that end there.
        let room = Array.zeroCreate (last + 2)

        for wire in wires do
            let user = spots[List.last wire.Path].Layer
            room[user] <- max room[user] (textWidth wire.Note)

        let widths = layers |> Array.map (Array.fold (fun w spot -> max w spots[spot].Width) 0.0)

        let lefts = widths |> Array.indexed |> Array.scan (fun x (i, w) -> x + w + 52.0 + room[i + 1]) 20.0
        let top = Seq.zip spots y |> Seq.map (fun (s, y) -> y - s.Height / 2.0) |> Seq.fold min 0.0
        let bottom = Seq.zip spots y |> Seq.map (fun (s, y) -> y + s.Height / 2.0) |> Seq.fold max 0.0

        let centre i =
            struct (lefts[spots[i].Layer] + widths[spots[i].Layer] / 2.0, y[i] - top + 28.0)

        Array.init spots.Length centre,
        (spots |> Array.map (fun s -> widths[s.Layer])),
        lefts[last + 1] - 52.0 + 20.0,
        bottom - top + 48.0
