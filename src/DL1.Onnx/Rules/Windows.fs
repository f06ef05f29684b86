namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Convolutions and poolings.
[<RequireQualifiedAccess>]
module internal WindowRules =
    let private none = { Before = 0; After = 0; Between = 0 }
    let private product (dims: int list) = List.fold (*) 1 dims
    let private spatialOf (x: Expr) = List.skip 2 (x.Shape.ToList())

    let private attributes = [ "auto_pad"; "dilations"; "kernel_shape"; "pads"; "strides" ]

    let private requireSpatial (c: OnnxCall) (x: Expr) =
        if x.Shape.Rank < 3 || x.Shape.Rank > 5 then
            c.NotSupported(
                $"data of %d{x.Shape.Rank} axes",
                "data [batch; channels; spatial...] of one, two or three spatial axes"
            )

    /// As many numbers as there are spatial axes.
    let private each (c: OnnxCall) name rank (standard: int) =
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

    let private reach (kernel: int) dilation = (kernel - 1) * dilation + 1

    /// How a window moves: strides, dilations, and the padding that is given or that makes the extents those of the data over
    /// the strides.
    let private sweeps (c: OnnxCall) (kernel: int list) (x: Expr) : Sweep list =
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

        let spec = { Sweeps = sweeps c (kernelOf c w) x; Groups = c.Int("group", 1) }

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

    /// The window of a pooling, and its padding as given, before a last window that reaches beyond it.
    let private poolWindow (c: OnnxCall) (x: Expr) : Window * Sweep list =
        requireSpatial c x

        let kernel =
            match c.TrySmalls "kernel_shape" with
            | Some kernel when kernel.Length = x.Shape.Rank - 2 -> kernel
            | _ ->
                c.Refuse(
                    "no kernel_shape of the data's spatial axes",
                    "an extent for each spatial axis",
                    "export the model again"
                )

        let given = sweeps c kernel x

        let reaching =
            if not (c.Flag "ceil_mode") then
                given
            else
                List.map3
                    (fun (s: Sweep) k extent ->
                        let room = extent + s.PadBefore + s.PadAfter - reach k s.Dilation

                        if room < 0 then
                            s
                        else
                            let last = (room + s.Stride - 1) / s.Stride * s.Stride
                            // No window begins in the padding at the end.
                            let last = if last >= extent + s.PadBefore then last - s.Stride else last
                            { s with PadAfter = s.PadAfter + max 0 (last - room) })
                    given
                    kernel
                    (spatialOf x)

        { Kernel = kernel; Sweeps = reaching }, given

    let private pooled operation (node: Window * Expr -> Node<Expr>) (window: Window) (x: Expr) =
        if x.Shape.Rank = 5 then
            Volume.pool operation node window x
        else
            Expr.Make(node (window, x))

    let private inFloat (f: Expr -> Expr) (x: Expr) =
        if x.DType.IsFloat then f x else Expr.cast x.DType (f (Expr.cast DType.F32 x))

    /// Each maximum's place among all elements of the operand; `storage_order` 1 counts columns first.
    let private places (c: OnnxCall) (window: Window) (x: Expr) =
        if x.Shape.Rank = 5 then
            c.NotSupported("places of maxima over three axes", "one or two spatial axes")

        let dims = x.Shape.ToList()
        let spatial = List.skip 2 dims
        let size = product spatial
        let here = Expr.arange DType.F64 size |> Expr.reshape spatial

        let here =
            if c.Flag "storage_order" then
                Expr.arange DType.F64 size
                |> Expr.reshape (List.rev spatial)
                |> Expr.transpose (List.rev [ 0 .. spatial.Length - 1 ])
            else
                here

        let rows =
            Expr.arange DType.F64 (dims[0] * dims[1]) * float size
            |> Expr.reshape (dims[0] :: dims[1] :: List.map (fun _ -> 1) spatial)

        let all = Expr.broadcastTo dims (rows + here)
        let wide = Expr.cast DType.F64 (Expr.stopGradient x)
        OnnxTerm.ofExpr OnnxType.Int64 (Expr.cast DType.I64 (Expr.Make(Node.MaxPoolPick(window, wide, all))))

    let private maxPool (c: OnnxCall) =
        let x = c.X 0
        let window, _ = poolWindow c x
        let y = c.Like 0 (inFloat (pooled "maxPool" Node.MaxPool window) x)
        if c.Outputs > 1 then [ y; places c window x ] else [ y ]

    /// The sum of each window over what a mean counts, by axis: kernel / count.
    let private corrected (countsPadding: bool) (given: Sweep list) (window: Window) (x: Expr) (means: Expr) =
        List.zip3 window.Kernel window.Sweeps given
        |> List.indexed
        |> List.fold
            (fun (y: Expr) (i, (kernel, sweep, given)) ->
                let extent = x.Shape[i + 2]
                let last = extent + given.PadAfter

                let counts =
                    Array.init means.Shape[i + 2] (fun p ->
                        let at k = p * sweep.Stride - sweep.PadBefore + k * sweep.Dilation
                        let isCounted k = if countsPadding then at k < last else at k >= 0 && at k < extent
                        Seq.init kernel id |> Seq.filter isCounted |> Seq.length)

                if counts |> Array.forall ((=) kernel) then
                    y
                else
                    let factors = counts |> Array.map (fun n -> float kernel / float n)

                    Tensor.ofArray (counts.Length :: List.replicate (means.Shape.Rank - 3 - i) 1) factors
                    |> Tensor.cast x.DType
                    |> Expr.constant
                    |> fun factors -> y * factors)
            means

    let private averagePool (c: OnnxCall) =
        let x = c.X 0
        let window, given = poolWindow c x
        pooled "avgPool" Node.AvgPool window x |> corrected (c.Flag "count_include_pad") given window x

    /// The root of a sum of powers.
    let private root (p: int) (sums: Expr) =
        match p with
        | 1 -> sums
        | 2 -> sqrt sums
        | p -> sums ** (1.0 / float p)

    let private power (p: int) (x: Expr) =
        match p with
        | 1 -> abs x
        | 2 -> x * x
        | p -> abs x ** float p

    let private lpPool (c: OnnxCall) =
        let x, p = c.X 0, c.Int("p", 2)
        let window, _ = poolWindow c x
        let means = pooled "avgPool" Node.AvgPool window (power p x)
        root p (means * float (product window.Kernel))

    let private globally (f: int list -> Expr -> Expr) (c: OnnxCall) =
        let x = c.X 0
        Reduce.keepDims f [ 2 .. x.Shape.Rank - 1 ] x

    let private maxUnpool (c: OnnxCall) =
        let x, places = c.X 0, c.X 1
        requireSpatial c x
        let rank = x.Shape.Rank - 2
        let kernel = each c "kernel_shape" rank 1
        let strides = each c "strides" rank 1
        let pads = c.TrySmalls "pads" |> Option.defaultValue (List.replicate (2 * rank) 0)
        let extents = List.map3 (fun d k s -> (d - 1) * s + k) (spatialOf x) kernel strides
        let extents = extents |> List.mapi (fun i d -> d - pads[i] - pads[i + rank])
        let dims = x.Shape[0] :: x.Shape[1] :: extents

        let y =
            Expr.scatterAdd 0 (product dims) (Expr.reshape [ -1 ] places) (Expr.reshape [ -1 ] x)
            |> Expr.reshape dims

        if c.Has 2 then
            let wanted = c.Ints 2 |> List.map c.Small
            let edges = List.map2 (fun d w -> { none with After = w - d }) dims wanted
            Expr.padWith edges 0.0 y
        else
            y

    /// Columns of windows, added up where they stand in the image: the inverse of taking windows apart.
    let private col2Im (c: OnnxCall) =
        let x = c.X 0
        let image, block = c.Ints 1 |> List.map c.Small, c.Ints 2 |> List.map c.Small
        let rank = image.Length
        let strides, dilations = each c "strides" rank 1, each c "dilations" rank 1
        let pads = c.TrySmalls "pads" |> Option.defaultValue (List.replicate (2 * rank) 0)
        let padded = image |> List.mapi (fun i d -> d + pads[i] + pads[i + rank])

        let places =
            List.map3 (fun p k (s, d) -> (p - reach k d) / s + 1) padded block (List.zip strides dilations)

        let batch, channels = x.Shape[0], x.Shape[1] / product block

        /// The places of an axis for each element of the window and each window.
        let coordinates i =
            [|
                for k in 0 .. block[i] - 1 ->
                    [| for p in 0 .. places[i] - 1 -> k * dilations[i] + p * strides[i] |]
            |]

        let all = List.init rank coordinates

        let rec flat i (elements: int list) (windows: int list) offset =
            match elements, windows with
            | e :: es, w :: ws -> flat (i + 1) es ws (offset * padded[i] + all[i].[e].[w])
            | _ -> offset

        let rec combinations (extents: int list) =
            match extents with
            | [] -> [ [] ]
            | n :: rest ->
                [
                    for i in 0 .. n - 1 do
                        for others in combinations rest -> i :: others
                ]

        let indices =
            [|
                for e in combinations block do
                    for w in combinations places -> int64 (flat 0 e w 0)
            |]

        let columns = Expr.reshape [ batch * channels; indices.Length ] x

        let edges =
            none :: none :: List.init rank (fun i -> { none with Before = -pads[i]; After = -pads[i + rank] })

        Expr.scatterAdd 1 (product padded) (Expr.constant (Tensor.vector indices)) columns
        |> Expr.reshape (batch :: channels :: padded)
        |> Expr.padWith edges 0.0

    let rules: OnnxRule list =
        [
            OnnxRule.one "Conv" [ 1; 11; 22 ] 3 ("group" :: attributes) conv
            OnnxRule.one
                "ConvTranspose"
                [ 1; 11; 22 ]
                3
                ("group" :: "output_padding" :: "output_shape" :: attributes)
                convTranspose
            OnnxRule.make
                "MaxPool"
                [ 1; 8; 10; 11; 12; 22 ]
                1
                ("ceil_mode" :: "storage_order" :: attributes)
                maxPool
            OnnxRule.one
                "AveragePool"
                [ 7; 10; 11; 19; 22 ]
                1
                ("ceil_mode" :: "count_include_pad" :: attributes)
                averagePool
            OnnxRule.one "LpPool" [ 2; 11; 18; 22 ] 1 ("ceil_mode" :: "p" :: attributes) lpPool
            OnnxRule.one "GlobalAveragePool" [ 1; 22 ] 1 [] (globally Reduce.mean)
            OnnxRule.one "GlobalMaxPool" [ 1; 22 ] 1 [] (globally Expr.max)
            OnnxRule.one "GlobalLpPool" [ 2; 22 ] 1 [ "p" ] (fun c ->
                let p = c.Int("p", 2)
                globally (fun axes x -> root p (Expr.sum axes (power p x))) c)
            OnnxRule.one "MaxUnpool" [ 9; 11; 22 ] 3 [ "kernel_shape"; "pads"; "strides" ] maxUnpool
            |> OnnxRule.numbers [ 2 ]
            OnnxRule.one "Col2Im" [ 18 ] 3 [ "dilations"; "pads"; "strides" ] col2Im
            |> OnnxRule.numbers [ 1; 2 ]
        ]
