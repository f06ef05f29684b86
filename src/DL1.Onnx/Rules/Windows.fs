namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Convolutions, and the windows that poolings share with them.
[<RequireQualifiedAccess>]
module internal WindowRules =
    let none = { Before = 0; After = 0; Between = 0 }
    let product (dims: int list) = List.fold (*) 1 dims
    let spatialOf (x: Expr) = List.skip 2 (x.Shape.ToList())

    let attributes = [ "auto_pad"; "dilations"; "kernel_shape"; "pads"; "strides" ]

    let requireSpatial (c: OnnxCall) (x: Expr) =
        if x.Shape.Rank < 3 || x.Shape.Rank > 5 then
            c.NotSupported(
                $"data of %d{x.Shape.Rank} axes",
                "data [batch; channels; spatial...] of one, two or three spatial axes"
            )

    /// As many numbers as there are spatial axes.
    let each (c: OnnxCall) name rank (standard: int) =
        match c.TrySmalls name with
        | None
        | Some [] -> List.replicate rank standard
        | Some values when values.Length = rank -> values
        | Some values ->
            c.Refuse(
                $"{name} {values}",
                $"%d{rank} numbers, one for each spatial axis",
                "export the model again"
            )

    let reach (kernel: int) dilation = (kernel - 1) * dilation + 1

    /// How a window moves: strides, dilations, and the padding that is given or that makes the extents those of the data over
    /// the strides.
    let sweeps (c: OnnxCall) (kernel: int list) (x: Expr) : Sweep list =
        let rank = kernel.Length
        let strides, dilations = each c "strides" rank 1, each c "dilations" rank 1

        if strides @ dilations @ kernel |> List.exists (fun n -> n < 1) then
            c.Refuse(
                $"strides {strides}, dilations {dilations}, kernel {kernel}",
                "numbers of 1 or more",
                "export the model again"
            )

        let pads =
            match c.Text("auto_pad", "NOTSET") with
            | "NOTSET" ->
                match c.TrySmalls "pads" with
                | None
                | Some [] -> List.replicate rank (0, 0)
                | Some pads when pads.Length = 2 * rank ->
                    List.zip (List.take rank pads) (List.skip rank pads)
                | Some pads ->
                    c.Refuse($"the padding {pads}", $"%d{2 * rank} numbers", "export the model again")
            | "VALID" -> List.replicate rank (0, 0)
            | "SAME_UPPER"
            | "SAME_LOWER" as mode ->
                List.zip (List.zip kernel (spatialOf x)) (List.zip strides dilations)
                |> List.map (fun ((k, extent), (stride, dilation)) ->
                    let places = (extent + stride - 1) / stride
                    let total = max 0 ((places - 1) * stride + reach k dilation - extent)
                    let half = total / 2
                    if mode = "SAME_UPPER" then half, total - half else total - half, half)
            | other ->
                c.Refuse(
                    $"auto_pad '{other}'",
                    "NOTSET, VALID, SAME_UPPER or SAME_LOWER",
                    "export the model again"
                )

        List.zip3 strides dilations pads
        |> List.map (fun (s, d, (before, after)) ->
            { Stride = s; PadBefore = before; PadAfter = after; Dilation = d })

    /// Zeros around the spatial axes that a node before this one has put there, as padding of the windows: the operand without
    /// them, and windows that reach as far. Nothing is copied then.
    let withoutZeros (x: Expr) (sweeps: Sweep list) : Expr * Sweep list =
        match x.Node with
        | Node.Pad(edges, 0.0, inner) when
            List.take 2 edges |> List.forall ((=) none)
            && edges |> List.forall (fun e -> e.Before >= 0 && e.After >= 0 && e.Between = 0)
            ->
            inner,
            List.map2
                (fun (s: Sweep) e ->
                    { s with PadBefore = s.PadBefore + e.Before; PadAfter = s.PadAfter + e.After })
                sweeps
                (List.skip 2 edges)
        | _ -> x, sweeps

    let private kernelOf (c: OnnxCall) (w: Expr) =
        let kernel = spatialOf w

        match c.TrySmalls "kernel_shape" with
        | Some declared when declared <> kernel && declared <> [] ->
            c.Refuse(
                $"kernel_shape {declared} with weights {w.Shape}",
                "the extents of the weights",
                "export the model again"
            )
        | _ -> kernel

    let private biased (c: OnnxCall) (y: Expr) =
        match c.TryX 2 with
        | Some b -> Convolution.addBias b y
        | None -> y

    /// The convolution without its bias.
    let convolved (c: OnnxCall) (x: Expr) (w: Expr) : Expr =
        requireSpatial c x

        if w.Shape.Rank <> x.Shape.Rank then
            c.Refuse("weights of another rank", "as many axes as the data has", "export the model again")

        let x, swept = withoutZeros x (sweeps c (kernelOf c w) x)
        let spec = { Sweeps = swept; Groups = c.Int("group", 1) }

        if x.Shape.Rank = 5 then
            Volume.conv spec x w
        else
            Expr.Make(Node.Conv(ConvRole.Forward, spec, x, w))

    let private conv (c: OnnxCall) = biased c (convolved c (c.X 0) (c.X 1))

    /// A transposed convolution over three axes: the data spread by the strides, under the kernel turned around.
    let private transposedVolume
        groups
        (strides: int list)
        (dilations: int list)
        (kernel: int list)
        (x: Expr)
        (w: Expr)
        =
        let edges =
            List.zip3 strides dilations kernel
            |> List.map (fun (s, d, k) -> { Before = reach k d - 1; After = reach k d - 1; Between = s - 1 })

        let spread = Expr.padWith (none :: none :: edges) 0.0 x
        let channels, outputs = w.Shape[0], w.Shape[1]

        let turned =
            Expr.reshape (groups :: channels / groups :: outputs :: kernel) w
            |> Expr.transpose [ 0; 2; 1; 3; 4; 5 ]
            |> Expr.reshape (groups * outputs :: channels / groups :: kernel)
            |> Expr.reverse [ 2; 3; 4 ]

        let sweeps =
            dilations |> List.map (fun d -> { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = d })

        Volume.conv { Sweeps = sweeps; Groups = groups } spread turned

    let private convTranspose (c: OnnxCall) =
        let x, w = c.X 0, c.X 1
        requireSpatial c x
        let rank = x.Shape.Rank - 2
        let kernel, extents = kernelOf c w, spatialOf x
        let strides, dilations = each c "strides" rank 1, each c "dilations" rank 1
        let longer = each c "output_padding" rank 0
        let groups = c.Int("group", 1)
        let mode = c.Text("auto_pad", "NOTSET")

        if
            strides @ dilations @ [ groups ] |> List.exists (fun n -> n < 1)
            || longer |> List.exists (fun n -> n < 0)
        then
            c.Refuse(
                $"strides {strides}, dilations {dilations}",
                "numbers of 1 or more",
                "export the model again"
            )

        if groups > 0 && x.Shape[1] % groups <> 0 then
            c.Refuse($"%d{groups} groups", "groups that divide the channels", "export the model again")

        // All that the windows reach.
        let full =
            List.map2
                (fun (extent, s) (k, d) -> s * (extent - 1) + reach k d)
                (List.zip extents strides)
                (List.zip kernel dilations)

        // Rounded down, below 0 too: the result may be larger than what the windows reach.
        let split (total: int) =
            let half = total >>> 1
            if mode = "SAME_UPPER" then half, total - half else total - half, half

        let wanted =
            match c.TrySmalls "output_shape", mode with
            | Some shape, _ when shape <> [] ->
                let shape = if shape.Length = rank + 2 then List.skip 2 shape else shape

                if shape.Length <> rank then
                    c.Refuse($"output_shape {shape}", $"%d{rank} extents", "export the model again")

                Some shape
            | _, ("SAME_UPPER" | "SAME_LOWER") -> Some(List.map2 (*) extents strides)
            | _ -> None

        let pads =
            match wanted with
            | Some shape -> List.map3 (fun f l s -> split (f + l - s)) full longer shape
            | None ->
                match c.TrySmalls "pads" with
                | Some pads when pads.Length = 2 * rank && mode = "NOTSET" ->
                    List.zip (List.take rank pads) (List.skip rank pads)
                | _ -> List.replicate rank (0, 0)

        let outputs = List.map3 (fun f l (b, a) -> f + l - b - a) full longer pads

        let isDirect =
            rank < 3
            && List.forall2 (fun (b, a) (l, s) -> b >= 0 && a >= 0 && l < s) pads (List.zip longer strides)

        let y =
            if isDirect then
                let sweeps =
                    List.zip3 strides dilations pads
                    |> List.map (fun (s, d, (b, a)) ->
                        { Stride = s; PadBefore = b; PadAfter = a; Dilation = d })

                Expr.Make(Node.Conv(ConvRole.InputGrad outputs, { Sweeps = sweeps; Groups = groups }, x, w))
            else
                let whole =
                    if rank = 3 then
                        transposedVolume groups strides dilations kernel x w
                    else
                        let sweeps =
                            List.map2
                                (fun s d -> { Stride = s; PadBefore = 0; PadAfter = 0; Dilation = d })
                                strides
                                dilations

                        Expr.Make(
                            Node.Conv(ConvRole.InputGrad full, { Sweeps = sweeps; Groups = groups }, x, w)
                        )

                let edges = List.map2 (fun (b, a) l -> { none with Before = -b; After = l - a }) pads longer
                Expr.padWith (none :: none :: edges) 0.0 whole

        biased c y

    let rules: OnnxRule list =
        [
            OnnxRule.one "Conv" [ 1; 11; 22 ] 3 ("group" :: attributes) conv
            OnnxRule.one
                "ConvTranspose"
                [ 1; 11; 22 ]
                3
                ("group" :: "output_padding" :: "output_shape" :: attributes)
                convTranspose
        ]
