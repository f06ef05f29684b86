namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Poolings, what undoes them, and windows added up.
[<RequireQualifiedAccess>]
module internal PoolingRules =
    let private none = WindowRules.none
    let private product = WindowRules.product
    let private spatialOf = WindowRules.spatialOf
    let private attributes = WindowRules.attributes
    let private requireSpatial = WindowRules.requireSpatial
    let private each = WindowRules.each
    let private reach = WindowRules.reach
    let private sweeps = WindowRules.sweeps

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
        let inner, swept = WindowRules.withoutZeros x window.Sweeps

        // A pooling pads by less than its window.
        let reaches (s: Sweep) k = max s.PadBefore s.PadAfter < reach k s.Dilation

        let means =
            if List.forall2 reaches swept window.Kernel then
                pooled "avgPool" Node.AvgPool { window with Sweeps = swept } inner
            else
                pooled "avgPool" Node.AvgPool window x

        corrected (c.Flag "count_include_pad") given window x means

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
