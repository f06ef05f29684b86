namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Data in other extents. Along each axis an element of the result is a sum of elements of the operand, at places and with
/// weights that are known: `taps`.
[<RequireQualifiedAccess>]
module internal ResizeRules =
    /// One axis: its extent, that of the result, the scale, and the part of it that is looked at.
    type private Along = { From: int; To: int; Scale: float; Start: float; End: float }

    let private place (c: OnnxCall) (mode: string) (a: Along) (i: int) : float =
        let from, i = float a.From, float i
        let size = a.Scale * from

        match mode with
        | "half_pixel" -> (i + 0.5) / a.Scale - 0.5
        | "half_pixel_symmetric" ->
            let offset = from / 2.0 * (1.0 - float a.To / size)
            offset + (i + 0.5) / a.Scale - 0.5
        | "pytorch_half_pixel" -> if a.To > 1 then (i + 0.5) / a.Scale - 0.5 else 0.0
        | "align_corners" -> if size = 1.0 then 0.0 else i * (from - 1.0) / (size - 1.0)
        | "asymmetric" -> i / a.Scale
        | "tf_half_pixel_for_nn" -> (i + 0.5) / a.Scale
        | "tf_crop_and_resize" ->
            if a.To > 1 then
                a.Start * (from - 1.0) + i * (a.End - a.Start) * (from - 1.0) / (float a.To - 1.0)
            else
                0.5 * (a.Start + a.End) * (from - 1.0)
        | other -> c.Refuse($"the coordinates '{other}'", "a mode of the standard", "export the model again")

    let private nearest (c: OnnxCall) (mode: string) (x: float) : (int * float) list =
        let low = floor x

        let place =
            match mode with
            | "round_prefer_floor" -> ceil (x - 0.5)
            | "round_prefer_ceil" -> floor (x + 0.5)
            | "floor" -> low
            | "ceil" -> ceil x
            | other -> c.Refuse($"the rounding '{other}'", "a mode of the standard", "export the model again")

        [ int place, 1.0 ]

    let private cubicWeight (a: float) (distance: float) =
        let d = abs distance

        if d <= 1.0 then ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0
        elif d < 2.0 then ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a
        else 0.0

    let private linearWeight (distance: float) = max 0.0 (1.0 - abs distance)

    /// Neighbours within a kernel's reach, which grows where the result is smaller and is to be smoothed.
    let private within
        (reach: float)
        (weight: float -> float)
        (scale: float)
        (x: float)
        : (int * float) list =
        let low = ceil x - 1.0
        let first = int (floor (-reach / scale)) + 1
        let count = 2 * (1 - first)
        let taps = List.init count (fun k -> int low + first + k)
        let weights = taps |> List.map (fun t -> weight ((float t - x) * scale))
        let sum = List.sum weights
        List.map2 (fun t w -> t, w / sum) taps weights

    let private along (c: OnnxCall) mode coordinates (axis: int) (a: Along) (x: Expr) : Expr =
        let isExcluding = c.Flag "exclude_outside"
        let scale = if c.Flag "antialias" then min 1.0 a.Scale else 1.0

        let taps i =
            let p = place c coordinates a i

            match mode with
            | "nearest" ->
                // Version 10 had no choice.
                nearest
                    c
                    (c.Text("nearest_mode", (if c.Version < 11 then "floor" else "round_prefer_floor")))
                    p
            | "linear" -> within 1.0 linearWeight scale p
            | "cubic" -> within 2.0 (cubicWeight (c.Float("cubic_coeff_a", -0.75))) scale p
            | other -> c.Refuse($"the mode '{other}'", "nearest, linear or cubic", "export the model again")

        let excluded (taps: (int * float) list) =
            if isExcluding && mode <> "nearest" then
                let kept = taps |> List.map (fun (t, w) -> t, (if t < 0 || t >= a.From then 0.0 else w))
                let sum = kept |> List.sumBy snd
                kept |> List.map (fun (t, w) -> t, w / sum)
            else
                taps

        let all = Array.init a.To (taps >> excluded >> Array.ofList)

        if all.Length = 0 then
            let dims = x.Shape.ToList() |> List.updateAt axis 0
            Expr.reshape dims (Expr.sliceAxis axis 0 0 x)
        else
            let part k =
                let places = all |> Array.map (fun taps -> int64 (max 0 (min (a.From - 1) (fst taps[k]))))
                let weights = all |> Array.map (fun taps -> snd taps[k])
                let taken = Expr.gather axis (Expr.constant (Tensor.vector places)) x

                if Array.forall ((=) 1.0) weights then
                    Some taken
                elif Array.forall ((=) 0.0) weights then
                    None
                else
                    let extents =
                        x.Shape.ToList() |> List.mapi (fun i _ -> if i = axis then weights.Length else 1)

                    let weights = Tensor.ofArray extents weights |> Tensor.cast x.DType |> Expr.constant
                    Some(taken * weights)

            List.init all[0].Length part |> List.choose id |> List.reduce (fun a b -> a + b)

    /// Where an axis of the result looks outside of the operand.
    let private outside (c: OnnxCall) rank (axis: int, a: Along) : Expr =
        let isOut i =
            let p = place c "tf_crop_and_resize" a i
            p < 0.0 || p > float (a.From - 1)

        Tensor.ofArray (List.init rank (fun i -> if i = axis then a.To else 1)) (Array.init a.To isOut)
        |> Expr.constant

    let private resized (c: OnnxCall) mode coordinates (axes: (int * Along) list) (x: Expr) : Expr =
        let isWhole = x.DType.IsFloat |> not && mode <> "nearest"
        let start = if isWhole then Expr.cast DType.F64 x else x

        let y =
            axes
            |> List.fold
                (fun x (axis, a) ->
                    let isSame =
                        a.From = a.To
                        && (a.Scale = 1.0)
                        && coordinates <> "tf_crop_and_resize"
                        && coordinates <> "tf_half_pixel_for_nn"

                    if isSame then x else along c mode coordinates axis a x)
                start

        let y =
            if coordinates <> "tf_crop_and_resize" then
                y
            else
                let masks = axes |> List.map (outside c x.Shape.Rank)
                let anywhere = masks |> List.reduce Expr.either
                Expr.where anywhere (Expr.scalar y.DType (c.Float("extrapolation_value", 0.0))) y

        if isWhole then Expr.cast x.DType (round y) else y

    let private resize (c: OnnxCall) =
        let x = c.X 0
        let rank = x.Shape.Rank
        let first = if c.Version < 11 then 0 else 1
        let isGiven i = c.Has i && (c.Numbers i).Size > 0

        let axes =
            c.TrySmalls "axes"
            |> Option.map (List.map (fun a -> c.Axis(a, rank)))
            |> Option.defaultValue [ 0 .. rank - 1 ]

        let coordinates =
            c.Text("coordinate_transformation_mode", (if c.Version < 11 then "asymmetric" else "half_pixel"))

        let roi =
            if first = 1 && isGiven 1 && coordinates = "tf_crop_and_resize" then
                Some(c.Floats 1)
            else
                None

        let requireCount (n: int) =
            if n <> axes.Length then
                c.Refuse(
                    $"%d{n} scales or sizes",
                    $"%d{axes.Length}, one for each axis",
                    "export the model again"
                )

        let sizes =
            if c.Version >= 11 && isGiven 3 then
                let sizes = c.Ints 3 |> List.map float
                requireCount sizes.Length
                let scales = List.map2 (fun size axis -> size / float x.Shape[axis]) sizes axes

                match c.Text("keep_aspect_ratio_policy", "stretch") with
                | "stretch" -> List.zip scales (sizes |> List.map int)
                | "not_larger"
                | "not_smaller" as policy ->
                    let scale = if policy = "not_larger" then List.min scales else List.max scales
                    axes |> List.map (fun axis -> scale, int (floor (scale * float x.Shape[axis] + 0.5)))
                | other ->
                    c.Refuse(
                        $"the policy '{other}'",
                        "stretch, not_larger or not_smaller",
                        "export the model again"
                    )
            else
                let scales = c.Floats(if first = 0 then 1 else 2)
                requireCount scales.Length
                List.map2 (fun scale axis -> scale, int (floor (scale * float x.Shape[axis]))) scales axes

        let alongs =
            List.mapi2
                (fun i axis (scale, size) ->
                    let start, stop =
                        match roi with
                        | Some roi -> roi[i], roi[i + axes.Length]
                        | None -> 0.0, 1.0

                    axis, { From = x.Shape[axis]; To = size; Scale = scale; Start = start; End = stop })
                axes
                sizes

        resized c (c.Text("mode", "nearest")) coordinates alongs x

    let private upsample (c: OnnxCall) =
        let x = c.X 0

        let scales =
            if c.Version < 9 then
                c.TryFloats "scales" |> Option.defaultValue []
            else
                c.Floats 1

        if scales.Length <> x.Shape.Rank then
            c.Refuse($"%d{scales.Length} scales", $"%d{x.Shape.Rank}", "export the model again")

        let alongs =
            scales
            |> List.mapi (fun axis scale ->
                let size = int (floor (scale * float x.Shape[axis]))
                axis, { From = x.Shape[axis]; To = size; Scale = scale; Start = 0.0; End = 1.0 })

        match c.Text("mode", "nearest") with
        | "nearest" ->
            alongs
            |> List.fold
                (fun (x: Expr) (axis, a) ->
                    if a.Scale = 1.0 then
                        x
                    else
                        let places =
                            Array.init a.To (fun i ->
                                int64 (min (a.From - 1) (int (floor (float i / a.Scale)))))

                        Expr.gather axis (Expr.constant (Tensor.vector places)) x)
                x
        | mode -> resized c mode "asymmetric" alongs x

    let rules: OnnxRule list =
        [
            OnnxRule.one
                "Resize"
                [ 10; 11; 13; 18; 19 ]
                4
                [
                    "antialias"
                    "axes"
                    "coordinate_transformation_mode"
                    "cubic_coeff_a"
                    "exclude_outside"
                    "extrapolation_value"
                    "keep_aspect_ratio_policy"
                    "mode"
                    "nearest_mode"
                ]
                resize
            |> OnnxRule.numbers [ 1; 2; 3 ]
            OnnxRule.one "Upsample" [ 7; 9 ] 2 [ "mode"; "scales" ] upsample |> OnnxRule.numbers [ 1 ]
        ]
