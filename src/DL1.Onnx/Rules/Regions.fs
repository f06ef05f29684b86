namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Parts of images as small images, and convolutions whose places are moved.
[<RequireQualifiedAccess>]
module internal RegionRules =
    let private product (dims: int list) = List.fold (*) 1 dims

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

        let held = List.map2 SamplingRules.clampTo spatial places
        let low = held |> List.map floor

        let parts =
            SamplingRules.corners 2
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
                            Expr.cast DType.I64 (SamplingRules.clampTo n (if isHigh then l + 1.0 else l)))
                        corner
                        low
                        spatial

                Expr.where isInside (SamplingRules.at images where * Expr.expandDims 1 weight) (lit 0.0))

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

                    let taken = SamplingRules.bilinear part [ moved 0; moved 1 ]

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
