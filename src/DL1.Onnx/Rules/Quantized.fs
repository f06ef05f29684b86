namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Whole numbers that stand for floating-point ones: (q − zero point)·scale.
[<RequireQualifiedAccess>]
module internal QuantizedRules =
    let private attributes = [ "axis"; "block_size"; "output_dtype"; "precision"; "saturate" ]

    /// Scales or zero points of a whole tensor, of each slice along an axis, or of blocks along it, as they meet the data.
    let private placed (c: OnnxCall) (x: Expr) (e: Expr) : Expr =
        let rank = x.Shape.Rank
        let block = c.Int("block_size", 0)

        if e.Shape.Size = 1 && block = 0 then
            Expr.reshape [] e
        else
            let axis = c.Axis(c.Int("axis", 1), rank)

            if block > 0 then
                Axes.repeatEach block axis e |> Expr.sliceAxis axis 0 x.Shape[axis]
            elif e.Shape.Rank = 1 then
                Expr.reshape (List.init rank (fun i -> if i = axis then e.Shape[0] else 1)) e
            else
                e

    let private less (x: Expr) (zero: Expr option) =
        match zero with
        | Some z -> x - z
        | None -> x

    let private dequantize (c: OnnxCall) =
        let x, scale = c.X 0, c.In 1
        let zero = c.TryX 2 |> Option.map (placed c x)

        let kind: OnnxType =
            match c.Int("output_dtype", 0) with
            | 0 -> scale.Type
            | k -> enum k

        let s = placed c x scale.Expr
        [ OnnxTerm.ofExpr kind (Expr.cast s.DType (less x zero) * s) ]

    /// To the nearest whole number, halves to even, within the type.
    let private toWhole (c: OnnxCall) (kind: OnnxType) (zero: Expr option) (x: Expr) : OnnxTerm =
        let whole = Expr.cast DType.I64 (Elementwise.clamp -1e15 1e15 (round x))

        let shifted =
            match zero with
            | Some z -> whole + Expr.cast DType.I64 z
            | None -> whole

        OnnxTerm.ofExpr kind (Expr.cast (c.Storage kind) (Narrow.saturate kind shifted))

    let private quantize (c: OnnxCall) =
        let x = c.X 0
        c.TryInt "saturate" |> ignore

        if c.Int("precision", 0) > 1 then
            c.NotSupported("the precision of half floats", "f32")

        let kind: OnnxType =
            match c.TryIn 2 with
            | ValueSome z -> z.Type
            | ValueNone ->
                match c.Int("output_dtype", 0) with
                | 0 -> OnnxType.UInt8
                | k -> enum k

        if (Narrow.range kind).IsNone && kind <> OnnxType.Int32 then
            c.NotSupported($"quantisation to {TensorData.nameOf kind}", "whole numbers of up to 32 bits")

        let zero = c.TryX 2 |> Option.map (placed c x)
        [ toWhole c kind zero (x / placed c x (c.X 1)) ]

    let private dynamic (c: OnnxCall) =
        let x = c.X 0
        let low = Expr.minimum (Expr.min (Expr.allAxes x) x) (lit 0.0)
        let high = Expr.maximum (Expr.max (Expr.allAxes x) x) (lit 0.0)
        let scale = (high - low) / 255.0
        let zero = toWhole c OnnxType.UInt8 None (Elementwise.clamp 0.0 255.0 (-low / scale))
        [ toWhole c OnnxType.UInt8 (Some zero.Expr) (x / scale); c.Like 0 scale; zero ]

    /// Zero points of rows on the left, of columns on the right.
    let private rows (e: Expr) =
        if e.Shape.Rank = 1 && e.Shape[0] > 1 then
            Expr.expandDims 1 e
        else
            (if e.Shape.Size = 1 then Expr.reshape [] e else e)

    let private scalarOr (e: Expr) = if e.Shape.Size = 1 then Expr.reshape [] e else e

    let private matmulInteger (c: OnnxCall) =
        let a = less (c.X 0) (c.TryX 2 |> Option.map rows)
        let b = less (c.X 1) (c.TryX 3 |> Option.map scalarOr)
        [ OnnxTerm.ofExpr OnnxType.Int32 (Expr.matmul a b) ]

    let private wholeConv (c: OnnxCall) (x: Expr) (w: Expr) =
        Expr.cast DType.I64 (round (WindowRules.convolved c (Expr.cast DType.F64 x) (Expr.cast DType.F64 w)))

    let private perOutput (w: Expr) (e: Expr) =
        if e.Shape.Size = 1 then
            Expr.reshape [] e
        else
            Expr.reshape (w.Shape[0] :: List.replicate (w.Shape.Rank - 1) 1) e

    let private convInteger (c: OnnxCall) =
        let x = less (c.X 0) (c.TryX 2 |> Option.map scalarOr)
        let w = less (c.X 1) (c.TryX 3 |> Option.map (perOutput (c.X 1)))
        [ OnnxTerm.ofExpr OnnxType.Int32 (Expr.cast DType.I32 (wholeConv c x w)) ]

    let private linearMatMul (c: OnnxCall) =
        let a, b = less (c.X 0) (Some(rows (c.X 2))), less (c.X 3) (Some(scalarOr (c.X 5)))
        let real = (c.X 1).DType
        let scale = rows (c.X 1) * scalarOr (c.X 4) / scalarOr (c.X 6)
        let y = Expr.cast real (Expr.matmul a b) * scale
        [ toWhole c (c.Type 7) (Some(scalarOr (c.X 7))) y ]

    let private linearConv (c: OnnxCall) =
        let x, w = c.X 0, c.X 3
        let products = wholeConv c (less x (Some(scalarOr (c.X 2)))) (less w (Some(perOutput w (c.X 5))))

        let channel (e: Expr) =
            if e.Shape.Size = 1 then
                Expr.reshape [] e
            else
                Expr.reshape (e.Shape.Size :: List.replicate (x.Shape.Rank - 2) 1) e

        let products =
            match c.TryX 8 with
            | Some b -> products + Expr.cast DType.I64 (channel b)
            | None -> products

        let real = (c.X 1).DType
        let y = Expr.cast real products * (scalarOr (c.X 1) * channel (c.X 4) / scalarOr (c.X 6))
        [ toWhole c (c.Type 7) (Some(scalarOr (c.X 7))) y ]

    let private window = [ "auto_pad"; "dilations"; "group"; "kernel_shape"; "pads"; "strides" ]
    let private numeric places rule = { rule with Numbers = []; Statistics = places }

    let rules: OnnxRule list =
        [
            OnnxRule.make
                "DequantizeLinear"
                [ 10; 13; 19; 21; 23; 24; 25 ]
                3
                [ "axis"; "block_size"; "output_dtype" ]
                dequantize
            |> numeric [ 1 ]
            OnnxRule.make "QuantizeLinear" [ 10; 13; 19; 21; 23; 24; 25 ] 3 attributes quantize
            |> numeric [ 1 ]
            OnnxRule.make "DynamicQuantizeLinear" [ 11 ] 1 [] dynamic
            OnnxRule.make "MatMulInteger" [ 10 ] 4 [] matmulInteger
            OnnxRule.make "ConvInteger" [ 10 ] 4 window convInteger
            OnnxRule.make "QLinearMatMul" [ 10; 21 ] 8 [] linearMatMul |> numeric [ 1; 4; 6 ]
            OnnxRule.make "QLinearConv" [ 10 ] 9 window linearConv |> numeric [ 1; 4; 6 ]
        ]
