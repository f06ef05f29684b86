namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Data looked up at places between its elements, which are computed.
[<RequireQualifiedAccess>]
module internal SamplingRules =
    let private product (dims: int list) = List.fold (*) 1 dims

    /// Elements of `[batch; channels; spatial...]` at whole places `[batch; points]`, one expression an axis, which lie inside:
    /// `[batch; channels; points]`.
    let at (x: Expr) (places: Expr list) : Expr =
        let spatial = List.skip 2 (x.Shape.ToList())

        let flat =
            List.map2
                (fun (p: Expr) i -> p * float (product (List.skip (i + 1) spatial)))
                places
                [ 0 .. spatial.Length - 1 ]
            |> List.reduce (fun a b -> a + b)

        Indexing.takeAlong
            2
            (Expr.expandDims 1 flat)
            (Expr.reshape [ x.Shape[0]; x.Shape[1]; product spatial ] x)

    let clampTo (extent: int) (p: Expr) = Expr.minimum (Expr.maximum p (lit 0.0)) (lit (float (extent - 1)))

    /// Whole places, wherever they are: outside there are zeros.
    let private orZero (x: Expr) (places: Expr list) : Expr =
        let spatial = List.skip 2 (x.Shape.ToList())
        let whole = places |> List.map (Expr.cast DType.I64)

        let isInside =
            List.map2 (fun (p: Expr) n -> Expr.both (p .>= 0.0) (p .<= float (n - 1))) whole spatial
            |> List.reduce Expr.both

        Expr.where (Expr.expandDims 1 isInside) (at x (List.map2 clampTo spatial whole)) (lit 0.0)

    let rec corners (n: int) : bool list list =
        if n = 0 then
            [ [] ]
        else
            [
                for first in [ false; true ] do
                    for rest in corners (n - 1) -> first :: rest
            ]

    /// Between neighbours along straight lines; outside there are zeros.
    let bilinear (x: Expr) (places: Expr list) : Expr =
        let low = places |> List.map floor

        corners places.Length
        |> List.map (fun corner ->
            let weight =
                List.map3
                    (fun isHigh (p: Expr) (l: Expr) -> if isHigh then p - l else 1.0 - (p - l))
                    corner
                    places
                    low
                |> List.reduce (fun a b -> a * b)

            let where = List.map2 (fun isHigh (l: Expr) -> if isHigh then l + 1.0 else l) corner low
            orZero x where * Expr.expandDims 1 weight)
        |> List.reduce (fun a b -> a + b)

    /// A place turned back at both ends, however far it lies outside.
    let private reflected (low: float) (high: float) (p: Expr) : Expr =
        let span = high - low

        if span <= 0.0 then
            Expr.zerosLike p
        else
            let along = abs (p - low)
            let turns = floor (along / span)
            let rest = along - turns * span
            let isOdd = Expr.notEqual (turns - 2.0 * floor (turns / 2.0)) (lit 0.0)
            Expr.where isOdd (high - rest) (rest + low)

    let private gridSample (c: OnnxCall) =
        let x, grid = c.X 0, c.X 1
        let spatial = List.skip 2 (x.Shape.ToList())
        let rank = spatial.Length
        let alignCorners = c.Flag "align_corners"
        let padding = c.Text("padding_mode", "zeros")

        if rank < 1 || grid.Shape.Rank <> x.Shape.Rank || grid.Shape[grid.Shape.Rank - 1] <> rank then
            c.Refuse(
                "a grid that does not fit the data",
                "a grid [batch; spatial...; number of spatial axes]",
                "export the model again"
            )

        let batch = x.Shape[0]
        let target = grid.Shape.ToList() |> List.skip 1 |> List.take rank
        let points = Expr.reshape [ batch; product target; rank ] grid

        /// From −1 ... 1 to places; the grid counts axes from the last one.
        let place i =
            let g, n = Expr.item 2 (rank - 1 - i) points, float spatial[i]

            if alignCorners then
                (g + 1.0) * ((n - 1.0) / 2.0)
            else
                ((g + 1.0) * n - 1.0) / 2.0

        let bounds (n: int) = if alignCorners then 0.0, float (n - 1) else -0.5, float n - 0.5

        let padded (n: int) (p: Expr) =
            match padding with
            | "zeros" -> p
            | "border" -> clampTo n p
            | "reflection" -> let low, high = bounds n in clampTo n (reflected low high p)
            | other ->
                c.Refuse($"the padding '{other}'", "zeros, border or reflection", "export the model again")

        let places = List.init rank place

        let y =
            match c.Text("mode", "linear") with
            | "bilinear"
            | "linear" -> bilinear x (List.map2 padded spatial places)
            | "nearest" -> orZero x (List.map2 padded spatial places |> List.map round)
            | "bicubic"
            | "cubic" when rank = 2 ->
                let low = places |> List.map floor
                let a = -0.75

                let weight (d: Expr) k =
                    // Distances 1 + d, d, 1 − d, 2 − d.
                    let t =
                        match k with
                        | -1 -> d + 1.0
                        | 0 -> d
                        | 1 -> 1.0 - d
                        | _ -> 2.0 - d

                    if k = 0 || k = 1 then
                        ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0
                    else
                        ((a * t - 5.0 * a) * t + 8.0 * a) * t - 4.0 * a

                [
                    for i in -1 .. 2 do
                        for j in -1 .. 2 ->
                            let at =
                                [ padded spatial[0] (low[0] + float i); padded spatial[1] (low[1] + float j) ]

                            let w = weight (places[0] - low[0]) i * weight (places[1] - low[1]) j
                            orZero x (at |> List.map round) * Expr.expandDims 1 w
                ]
                |> List.reduce (fun a b -> a + b)
            | other ->
                c.NotSupported(
                    $"the mode '{other}' over %d{rank} axes",
                    "linear and nearest; cubic over two axes"
                )

        Expr.reshape (batch :: x.Shape[1] :: target) y

    let private affineGrid (c: OnnxCall) =
        let theta = c.X 0
        let size = c.Ints 1 |> List.map c.Small
        let spatial = List.skip 2 size
        let rank = spatial.Length
        let alignCorners = c.Flag "align_corners"

        let steps (n: int) =
            Array.init n (fun i ->
                if alignCorners then
                    (if n = 1 then 0.0 else -1.0 + 2.0 * float i / float (n - 1))
                else
                    -1.0 + (2.0 * float i + 1.0) / float n)

        // Coordinates from the last axis on, then 1.
        let coordinate axis =
            Tensor.ofArray
                (List.init rank (fun i -> if i = axis then spatial[axis] else 1))
                (steps spatial[axis])
            |> Tensor.cast theta.DType
            |> Expr.constant
            |> Expr.broadcastTo spatial

        let ones = Expr.full theta.DType spatial 1.0

        let points =
            Expr.stack -1 ((List.init rank coordinate |> List.rev) @ [ ones ])
            |> Expr.reshape [ product spatial; rank + 1 ]

        Expr.matmul points theta.T |> Expr.reshape (theta.Shape[0] :: spatial @ [ rank ])

    let rules: OnnxRule list =
        [
            OnnxRule.one "GridSample" [ 16; 20; 22 ] 2 [ "align_corners"; "mode"; "padding_mode" ] gridSample
            OnnxRule.one "AffineGrid" [ 20 ] 2 [ "align_corners" ] affineGrid |> OnnxRule.numbers [ 1 ]
        ]
