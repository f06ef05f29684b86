namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Data looked up at places between its elements, which are computed.
[<RequireQualifiedAccess>]
module internal SamplingRules =
    let private product (dims: int list) = List.fold (*) 1 dims

    /// Elements of `[batch; channels; spatial...]` at whole places `[batch; points]`, one expression an axis, which lie inside:
    /// `[batch; channels; points]`.
    let private at (x: Expr) (places: Expr list) : Expr =
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

    let private clampTo (extent: int) (p: Expr) =
        Expr.minimum (Expr.maximum p (lit 0.0)) (lit (float (extent - 1)))

    /// Whole places, wherever they are: outside there are zeros.
    let private orZero (x: Expr) (places: Expr list) : Expr =
        let spatial = List.skip 2 (x.Shape.ToList())
        let whole = places |> List.map (Expr.cast DType.I64)

        let isInside =
            List.map2 (fun (p: Expr) n -> Expr.both (p .>= 0.0) (p .<= float (n - 1))) whole spatial
            |> List.reduce Expr.both

        Expr.where (Expr.expandDims 1 isInside) (at x (List.map2 clampTo spatial whole)) (lit 0.0)

    let rec private corners (n: int) : bool list list =
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

    /// Boxes of images as small images: means or maxima of points between elements (He et al. 2017).
    let private roiAlign (c: OnnxCall) =
        let x, boxes = c.X 0, c.X 1
        let height, width = c.Int("output_height", 1), c.Int("output_width", 1)
        let samples = c.Int("sampling_ratio", 0)
        let scale = c.Float("spatial_scale", 1.0)

        let isHalf =
            c.Text(
                "coordinate_transformation_mode",
                (if c.Version < 16 then "output_half_pixel" else "half_pixel")
            )
                =
                "half_pixel"

        if samples < 1 then
            c.NotSupported(
                "sampling_ratio 0, a number of points that depends on the boxes",
                "a number of points of 1 or more"
            )

        let count, channels = boxes.Shape[0], x.Shape[1]
        let offset = if isHalf then 0.5 else 0.0
        let edge i = Expr.item 1 i boxes * scale - offset
        let x1, y1, x2, y2 = edge 0, edge 1, edge 2, edge 3
        let atLeastOne (e: Expr) = if isHalf then e else Expr.maximum e (lit 1.0)
        let binH, binW = atLeastOne (y2 - y1) / float height, atLeastOne (x2 - x1) / float width

        /// Places of the points of one axis, `[boxes; bins·samples]`.
        let points (start: Expr) (bin: Expr) bins =
            let steps =
                Array.init (bins * samples) (fun i ->
                    float (i / samples) + (float (i % samples) + 0.5) / float samples)

            let steps = Expr.constant (Tensor.cast boxes.DType (Tensor.vector steps))
            Expr.expandDims 1 start + Expr.expandDims 1 bin * Expr.expandDims 0 steps

        let ys, xs = points y1 binH height, points x1 binW width
        let rows, columns = height * samples, width * samples

        let grid (e: Expr) axis =
            Expr.broadcastTo [ count; rows; columns ] (Expr.expandDims axis e)
            |> Expr.reshape [ count; rows * columns ]

        let places = [ grid ys 2; grid xs 1 ]
        let images = Expr.gather 0 (c.X 2) x
        let spatial = [ x.Shape[2]; x.Shape[3] ]

        let isInside =
            List.map2 (fun (p: Expr) n -> Expr.both (p .>= -1.0) (p .<= float n)) places spatial
            |> List.reduce Expr.both
            |> Expr.expandDims 1

        let held = List.map2 clampTo spatial places
        let low = held |> List.map floor

        let parts =
            corners 2
            |> List.map (fun corner ->
                let weight =
                    List.map3
                        (fun isHigh (p: Expr) (l: Expr) -> if isHigh then p - l else 1.0 - (p - l))
                        corner
                        held
                        low
                    |> List.reduce (fun a b -> a * b)

                let where =
                    List.map3
                        (fun isHigh (l: Expr) n ->
                            Expr.cast DType.I64 (clampTo n (if isHigh then l + 1.0 else l)))
                        corner
                        low
                        spatial

                Expr.where isInside (at images where * Expr.expandDims 1 weight) (lit 0.0))

        let binned (e: Expr) = Expr.reshape [ count; channels; height; samples; width; samples ] e

        match c.Text("mode", "avg") with
        | "avg" -> parts |> List.reduce (fun a b -> a + b) |> binned |> Reduce.mean [ 3; 5 ]
        | "max" -> parts |> List.reduce Expr.maximum |> binned |> Expr.max [ 3; 5 ]
        | other -> c.Refuse($"the mode '{other}'", "avg or max", "export the model again")

    /// A convolution whose places are moved by offsets (Dai et al. 2017).
    let private deformConv (c: OnnxCall) =
        let x, w, offset = c.X 0, c.X 1, c.X 2

        if x.Shape.Rank <> 4 || w.Shape.Rank <> 4 then
            c.NotSupported($"data of %d{x.Shape.Rank} axes", "images [batch; channels; height; width]")

        let batch, channels, outputs = x.Shape[0], x.Shape[1], w.Shape[0]
        let kernel = [ w.Shape[2]; w.Shape[3] ]
        let two name standard = c.TrySmalls name |> Option.defaultValue [ standard; standard ]
        let strides, dilations = two "strides" 1, two "dilations" 1
        let pads = c.TrySmalls "pads" |> Option.defaultValue [ 0; 0; 0; 0 ]
        let groups, offsetGroups = c.Int("group", 1), c.Int("offset_group", 1)
        c.TrySmalls "kernel_shape" |> ignore
        let target = [ offset.Shape[2]; offset.Shape[3] ]
        let points = product target
        let taps = product kernel
        let offsets = Expr.reshape [ batch; offsetGroups; taps; 2; points ] offset

        /// Columns of one group of channels that share offsets: `[batch; channels; taps; points]`.
        let columns g =
            let width = channels / offsetGroups
            let part = Expr.sliceAxis 1 (g * width) ((g + 1) * width) x

            [
                for t in 0 .. taps - 1 ->
                    let k = [ t / kernel[1]; t % kernel[1] ]

                    let start axis =
                        Array.init points (fun p ->
                            let out = if axis = 0 then p / target[1] else p % target[1]
                            float (out * strides[axis] - pads[axis] + k[axis] * dilations[axis]))
                        |> Tensor.vector
                        |> Tensor.cast x.DType
                        |> Expr.constant

                    let moved axis =
                        Expr.item 1 g offsets
                        |> Expr.item 1 t
                        |> Expr.item 1 axis
                        |> fun o -> o + Expr.expandDims 0 (start axis)

                    let taken = bilinear part [ moved 0; moved 1 ]

                    match c.TryX 4 with
                    | Some mask ->
                        let m = Expr.reshape [ batch; offsetGroups; taps; points ] mask
                        taken * Expr.expandDims 1 (Expr.item 1 g m |> Expr.item 1 t)
                    | None -> taken
            ]
            |> Expr.stack 2

        let all = List.init offsetGroups columns |> Expr.concat 1
        let each = channels / groups

        let y =
            List.init groups (fun g ->
                let rows =
                    Expr.sliceAxis 1 (g * each) ((g + 1) * each) all
                    |> Expr.reshape [ batch; each * taps; points ]

                let weights =
                    Expr.sliceAxis 0 (g * (outputs / groups)) ((g + 1) * (outputs / groups)) w
                    |> Expr.reshape [ 1; outputs / groups; each * taps ]

                Expr.matmul weights rows)
            |> Expr.concat 1
            |> Expr.reshape (batch :: outputs :: target)

        match c.TryX 3 with
        | Some b -> Convolution.addBias b y
        | None -> y

    let rules: OnnxRule list =
        [
            OnnxRule.one "GridSample" [ 16; 20; 22 ] 2 [ "align_corners"; "mode"; "padding_mode" ] gridSample
            OnnxRule.one "AffineGrid" [ 20 ] 2 [ "align_corners" ] affineGrid |> OnnxRule.numbers [ 1 ]
            OnnxRule.one
                "RoiAlign"
                [ 10; 16; 22 ]
                3
                [
                    "coordinate_transformation_mode"
                    "mode"
                    "output_height"
                    "output_width"
                    "sampling_ratio"
                    "spatial_scale"
                ]
                roiAlign
            OnnxRule.one
                "DeformConv"
                [ 19; 22 ]
                5
                [ "dilations"; "group"; "kernel_shape"; "offset_group"; "pads"; "strides" ]
                deformConv
        ]
