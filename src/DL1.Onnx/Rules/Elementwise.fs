namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Functions of elements.
[<RequireQualifiedAccess>]
module internal ElementwiseRules =
    /// Two operands of one type; whole numbers wrap as their type does.
    let private arithmetic operator since (f: OnnxCall -> Expr -> Expr -> Expr) =
        OnnxRule.one operator since 2 [ "axis"; "broadcast"; "consumed_inputs" ] (fun c ->
            let a, b = c.X 0, c.X 1

            // Before version 7 axes are aligned at one that is given.
            let b =
                match c.TryInt "axis" with
                | Some axis when c.Version < 7 && c.Flag "broadcast" ->
                    let after = a.Shape.Rank - c.Axis(c.Small axis, a.Shape.Rank) - b.Shape.Rank
                    Expr.reshape (b.Shape.ToList() @ List.replicate (max 0 after) 1) b
                | _ -> b

            f c a b |> Narrow.wrap (c.Type 0))

    let private logical operator since (f: Expr -> Expr -> Expr) =
        OnnxRule.make operator since 2 [] (fun c -> [ OnnxTerm.ofExpr OnnxType.Bool (f (c.X 0) (c.X 1)) ])

    let private variadic operator since (f: Expr list -> Expr) =
        OnnxRule.one operator since -1 [] (fun c -> f (List.init c.Inputs.Length c.X))

    /// The number of a known scalar.
    let private scalar (c: OnnxCall) i : float option =
        match c.TryIn i with
        | ValueSome v when v.Expr.Shape.Size = 1 ->
            match v.Known with
            | ValueSome t -> Some(Array.head (Tensor.toFloats t.Value))
            | ValueNone -> None
        | _ -> None

    let private pow (c: OnnxCall) =
        let x = c.X 0

        match scalar c 1 with
        | Some 2.0 when c.X(1).Shape.Rank <= x.Shape.Rank -> Elementwise.square x
        | Some 3.0 when c.X(1).Shape.Rank <= x.Shape.Rank -> x * x * x
        | Some 0.5 when x.DType.IsFloat && c.X(1).Shape.Rank <= x.Shape.Rank -> sqrt x
        | _ when x.DType.IsFloat -> x ** Expr.cast x.DType (c.X 1)
        | _ ->
            let exact = Expr.cast DType.F64 x ** Expr.cast DType.F64 (c.X 1)
            Expr.cast x.DType (Elementwise.truncate exact) |> Narrow.wrap (c.Type 0)

    let private clip (c: OnnxCall) =
        let x = c.X 0

        if c.Version < 11 then
            let low, high = c.Float("min", -3.4028234663852886e38), c.Float("max", 3.4028234663852886e38)
            if low <= high then Elementwise.clamp low high x else Expr.zerosLike x + high
        else
            match scalar c 1, scalar c 2 with
            | Some 0.0, Some 6.0 when x.DType.IsFloat -> Elementwise.relu6 x
            | Some low, Some high when x.DType.IsFloat && low <= high -> Elementwise.clamp low high x
            | Some 0.0, None when x.DType.IsFloat && not (c.Has 2) -> Expr.relu x
            | _ ->
                let above =
                    match c.TryX 1 with
                    | Some low -> Expr.maximum x low
                    | None -> x

                match c.TryX 2 with
                | Some high -> Expr.minimum above high
                | None -> above

    /// A value in another element type.
    let cast (c: OnnxCall) (kind: OnnxType) (v: OnnxTerm) : OnnxTerm =
        let target = c.Storage kind
        let x = v.Expr

        let e =
            match kind with
            | OnnxType.Float16 when v.Type <> OnnxType.Float16 -> Narrow.half (Expr.cast target x)
            | OnnxType.BFloat16 when v.Type <> OnnxType.BFloat16 -> Narrow.brain (Expr.cast target x)
            | _ when (Narrow.range kind).IsSome && v.Type <> kind && v.Type <> OnnxType.Bool ->
                let wide = if x.DType.IsFloat then Expr.cast DType.I64 x else x
                Expr.cast target (Narrow.wrap kind (Expr.cast DType.I64 wide))
            | _ -> Expr.cast target x

        OnnxTerm.ofExpr kind e

    let private castTo (c: OnnxCall) =
        c.TryInt "saturate" |> ignore
        let kind = c.Int("to", 0)

        if c.Text("round_mode", "up") <> "up" then
            c.NotSupported("the rounding mode of float8e8m0", "the default")

        [ cast c (enum kind) (c.In 0) ]

    let private prelu (c: OnnxCall) =
        let x = c.X 0
        Expr.where (x .< 0.0) (c.X 1 * x) x

    let private hardSigmoid (c: OnnxCall) =
        let alpha, beta = c.Float("alpha", 0.2), c.Float("beta", 0.5)

        if abs (alpha - 1.0 / 6.0) < 1e-7 && beta = 0.5 then
            Elementwise.hardSigmoid (c.X 0)
        else
            Elementwise.clamp 0.0 1.0 (alpha * c.X 0 + beta)

    let private selu (c: OnnxCall) =
        let alpha = c.Float("alpha", 1.67326319217681884765625)
        let gamma = c.Float("gamma", 1.05070102214813232421875)
        gamma * Elementwise.elu alpha (c.X 0)

    let private shrink (c: OnnxCall) =
        let x, lambda, bias = c.X 0, c.Float("lambd", 0.5), c.Float("bias", 0.0)

        let shrunk (x: Expr) =
            Expr.where (x .< -lambda) (x + bias) (Expr.where (x .> lambda) (x - bias) (lit 0.0))

        if x.DType.IsFloat then
            shrunk x
        else
            Expr.cast x.DType (shrunk (Expr.cast DType.F64 x))

    let private isInf (c: OnnxCall) =
        let x = c.X 0
        let positive, negative = c.Int("detect_positive", 1) <> 0, c.Int("detect_negative", 1) <> 0
        let is value = Expr.equal x (lit value)

        let e =
            match positive, negative with
            | true, true -> Elementwise.isInfinity x
            | true, false -> is infinity
            | false, true -> is -infinity
            | false, false -> Expr.cast DType.Bool (Expr.zerosLike x)

        [ OnnxTerm.ofExpr OnnxType.Bool e ]

    let private gelu (c: OnnxCall) =
        match c.Text("approximate", "none") with
        | "none" -> Elementwise.gelu (c.X 0)
        | "tanh" -> Elementwise.geluTanh (c.X 0)
        | other -> c.Refuse($"the approximation '{other}'", "none or tanh", "export the model again")

    let private dropout (c: OnnxCall) =
        c.Float("ratio", 0.5) |> ignore
        c.Int("seed", 0) |> ignore
        let isTraining = c.Has 2 && c.Numbers 2 |> Tensor.toFloat <> 0.0
        let ratio = if c.Has 1 then c.Numbers 1 |> Tensor.toFloat else 0.5

        if isTraining && ratio <> 0.0 then
            c.NotSupported("dropout in training, which draws", "dropout in inference")

        let x = c.X 0
        [ c.Like 0 x; OnnxTerm.ofExpr OnnxType.Bool (Expr.full DType.Bool (x.Shape.ToList()) 1.0) ]

    let private divide (c: OnnxCall) (a: Expr) (b: Expr) =
        ignore c
        if a.DType.IsFloat then a / b else Division.truncDivide a b

    let private modulo (c: OnnxCall) =
        let a, b = c.X 0, c.X 1

        if c.Flag "fmod" then
            Division.fmod a b
        elif a.DType.IsFloat then
            c.Refuse("floating-point numbers with fmod = 0", "fmod = 1", "export the model again")
        else
            Division.remainder a b

    /// The standard has no ≠ but that of truth values: it is written as a negated =, and read back.
    let private negated (x: Expr) =
        match x.Node with
        | Node.Compare(CompareOp.Eq, a, b) -> Expr.notEqual a b
        | _ -> Expr.not' x

    let private mean (es: Expr list) = List.reduce (fun a b -> a + b) es / float es.Length

    let rules: OnnxRule list =
        [
            arithmetic "Add" [ 7; 13; 14 ] (fun _ a b -> a + b)
            arithmetic "Sub" [ 7; 13; 14 ] (fun _ a b -> a - b)
            arithmetic "Mul" [ 7; 13; 14 ] (fun _ a b -> a * b)
            arithmetic "Div" [ 7; 13; 14 ] divide
            OnnxRule.one "Pow" [ 7; 12; 13; 15 ] 2 [] pow
            OnnxRule.one "Mod" [ 10; 13 ] 2 [ "fmod" ] modulo
            variadic "Max" [ 6; 8; 12; 13 ] (List.reduce Expr.maximum)
            variadic "Min" [ 6; 8; 12; 13 ] (List.reduce Expr.minimum)
            variadic "Sum" [ 6; 8; 13 ] (List.reduce (fun a b -> a + b))
            variadic "Mean" [ 6; 8; 13 ] mean
            logical "And" [ 7 ] Expr.both
            logical "Or" [ 7 ] Expr.either
            logical "Xor" [ 7 ] Expr.notEqual
            logical "Equal" [ 7; 11; 13; 19 ] Expr.equal
            logical "Less" [ 7; 9; 13 ] (fun a b -> a .< b)
            logical "LessOrEqual" [ 12; 16 ] (fun a b -> a .<= b)
            logical "Greater" [ 7; 9; 13 ] (fun a b -> a .> b)
            logical "GreaterOrEqual" [ 12; 16 ] (fun a b -> a .>= b)
            OnnxRule.unary "Not" [ 1 ] negated
            OnnxRule.unary "Neg" [ 6; 13 ] (fun x -> -x)
            OnnxRule.unary "Abs" [ 6; 13 ] abs
            OnnxRule.unary "Sign" [ 9; 13 ] Expr.sign
            OnnxRule.unary "Floor" [ 6; 13 ] floor
            OnnxRule.unary "Ceil" [ 6; 13 ] ceil
            OnnxRule.unary "Round" [ 11; 22 ] round
            OnnxRule.unary "Exp" [ 6; 13 ] exp
            OnnxRule.unary "Log" [ 6; 13 ] log
            OnnxRule.unary "Sqrt" [ 6; 13 ] sqrt
            OnnxRule.unary "Reciprocal" [ 6; 13 ] Expr.reciprocal
            OnnxRule.unary "Sin" [ 7; 22 ] sin
            OnnxRule.unary "Cos" [ 7; 22 ] cos
            OnnxRule.unary "Tan" [ 7; 22 ] tan
            OnnxRule.unary "Asin" [ 7; 22 ] asin
            OnnxRule.unary "Acos" [ 7; 22 ] acos
            OnnxRule.unary "Atan" [ 7; 22 ] atan
            OnnxRule.unary "Sinh" [ 9; 22 ] sinh
            OnnxRule.unary "Cosh" [ 9; 22 ] cosh
            OnnxRule.unary "Tanh" [ 6; 13 ] tanh
            OnnxRule.unary "Asinh" [ 9; 22 ] Special.asinh
            OnnxRule.unary "Acosh" [ 9; 22 ] Special.acosh
            OnnxRule.unary "Atanh" [ 9; 22 ] Special.atanh
            OnnxRule.unary "Erf" [ 9; 13 ] Expr.erf
            OnnxRule.unary "Sigmoid" [ 6; 13 ] Expr.sigmoid
            OnnxRule.unary "Relu" [ 6; 13; 14 ] (fun x ->
                if x.DType.IsFloat then Expr.relu x else Expr.maximum x (lit 0.0))
            OnnxRule.unary "Softplus" [ 1; 22 ] Expr.softplus
            OnnxRule.unary "Softsign" [ 1; 22 ] Elementwise.softsign
            OnnxRule.unary "HardSwish" [ 14; 22 ] Elementwise.hardSwish
            OnnxRule.unary "Mish" [ 18; 22 ] Elementwise.mish
            OnnxRule.unary "Identity" [ 1; 13; 14; 16; 19; 21 ] id
            OnnxRule.one "LeakyRelu" [ 6; 16 ] 1 [ "alpha" ] (fun c ->
                Elementwise.leakyRelu (c.Float("alpha", 0.01)) (c.X 0))
            OnnxRule.one "PRelu" [ 7; 9; 16 ] 2 [] prelu
            OnnxRule.one "Elu" [ 6; 22 ] 1 [ "alpha" ] (fun c ->
                Elementwise.elu (c.Float("alpha", 1.0)) (c.X 0))
            OnnxRule.one "Selu" [ 6; 22 ] 1 [ "alpha"; "gamma" ] selu
            OnnxRule.one "Celu" [ 12 ] 1 [ "alpha" ] (fun c ->
                Elementwise.celu (c.Float("alpha", 1.0)) (c.X 0))
            OnnxRule.one "ThresholdedRelu" [ 10; 22 ] 1 [ "alpha" ] (fun c ->
                Elementwise.threshold (c.Float("alpha", 1.0)) 0.0 (c.X 0))
            OnnxRule.one "HardSigmoid" [ 6; 22 ] 1 [ "alpha"; "beta" ] hardSigmoid
            OnnxRule.one "Gelu" [ 20 ] 1 [ "approximate" ] gelu
            OnnxRule.one "Swish" [ 24 ] 1 [ "alpha" ] (fun c ->
                match c.Float("alpha", 1.0) with
                | 1.0 -> Elementwise.silu (c.X 0)
                | alpha -> c.X 0 * Expr.sigmoid (alpha * c.X 0))
            OnnxRule.one "SwiGLU" [ 27 ] 2 [ "alpha"; "axis" ] (fun c ->
                let gate, linear =
                    match c.TryX 1 with
                    | Some b -> c.X 0, b
                    | None ->
                        let x = c.X 0
                        let axis = c.Axis(c.Int("axis", -1), x.Shape.Rank)
                        let half = x.Shape[axis] / 2
                        Expr.sliceAxis axis 0 half x, Expr.sliceAxis axis half (2 * half) x

                match c.Float("alpha", 1.0) with
                | 1.0 -> Elementwise.silu gate * linear
                | alpha -> gate * Expr.sigmoid (alpha * gate) * linear)
            OnnxRule.one "Shrink" [ 9 ] 1 [ "lambd"; "bias" ] shrink
            OnnxRule.one "Clip" [ 6; 11; 12; 13 ] 3 [ "min"; "max" ] clip |> OnnxRule.numbers [ 1; 2 ]
            OnnxRule.make "Where" [ 9; 16 ] 3 [] (fun c -> [ c.Like 1 (Expr.where (c.X 0) (c.X 1) (c.X 2)) ])
            OnnxRule.make "IsNaN" [ 9; 13; 20 ] 1 [] (fun c ->
                [ OnnxTerm.ofExpr OnnxType.Bool (Elementwise.isNaN (c.X 0)) ])
            OnnxRule.make "IsInf" [ 10; 20 ] 1 [ "detect_positive"; "detect_negative" ] isInf
            OnnxRule.make "Cast" [ 6; 9; 13; 19; 21; 23; 24; 25 ] 1 [ "to"; "saturate"; "round_mode" ] castTo
            OnnxRule.make "CastLike" [ 15; 19; 21; 23; 24; 25 ] 2 [ "saturate"; "round_mode" ] (fun c ->
                c.TryInt "saturate" |> ignore
                [ cast c (c.Type 1) (c.In 0) ])
            OnnxRule.make "Dropout" [ 7; 10; 12; 13; 22 ] 3 [ "ratio"; "seed" ] dropout
            |> OnnxRule.numbers [ 1; 2 ]
        ]
