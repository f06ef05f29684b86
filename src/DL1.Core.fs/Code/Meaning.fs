namespace DL1

open System

/// What the functions of `System.Math` and `MathF` mean as expressions, by their names: the same values as in .NET, special
/// ones included, and derivatives by the formulas of a textbook. (F#'s own functions go by the same names.)
[<RequireQualifiedAccess>]
module internal Meaning =
    /// Below 0, or the negative zero.
    let private isNegative (x: Expr) = Expr.either (x .< 0.0) (1.0 / x .< 0.0)

    let private isInfinite (x: Expr) = Expr.equal (abs x) (lit infinity)

    /// Towards 0; the sign of a zero is kept.
    let private truncate (x: Expr) = Expr.where (x .< 0.0) (ceil x) (floor x)

    /// A function of one number under its own name, with its derivative.
    let private named1 name value derivative (x: Expr) =
        Scan.custom name (fun xs -> value xs[0]) (fun xs dy -> [ dy * derivative xs[0] ]) [ x ]

    let private atan2 (y: Expr) (x: Expr) =
        let value (xs: Expr list) =
            let y, x = xs[0], xs[1]
            let isOrigin = Expr.both (Expr.equal x (lit 0.0)) (Expr.equal y (lit 0.0))

            let corner =
                Expr.where (Expr.both (isInfinite x) (isInfinite y)) (Expr.sign x * Expr.sign y) (y / x)

            let angle = atan (Expr.where isOrigin y corner)
            // Left of the vertical axis, half a turn more or less.
            Expr.where (isNegative x) (angle + Expr.where (isNegative y) (lit -Math.PI) (lit Math.PI)) angle

        let gradients (xs: Expr list) (d: Expr) =
            let y, x = xs[0], xs[1]
            let square = x * x + y * y
            [ d * (x / square); d * (-y / square) ]

        Scan.custom "atan2" value gradients [ y; x ]

    /// The power 1/3, and one step of Newton's method, without overflow.
    let private cbrt (x: Expr) =
        let value (x: Expr) =
            let a = abs x
            let root = Expr.Pow(a, 1.0 / 3.0)
            let isPlain = Expr.both (a .> 0.0) (a .< infinity)
            let y = Expr.where isPlain root (lit 1.0)
            let nearer = y - (y - a / (y * y)) / 3.0
            Expr.sign x * Expr.where isPlain nearer a

        named1 "cbrt" value (fun x -> Expr.Pow(abs x, -2.0 / 3.0) / 3.0) x

    /// Where squares would overflow, 1 no longer counts beside them.
    let private far = 1e8

    let private asinh (x: Expr) =
        let value (x: Expr) =
            let a = abs x
            let near = Expr.minimum a (lit far)
            let square = near * near
            let small = Expr.log1p (near + square / (1.0 + sqrt (1.0 + square)))
            Expr.sign x * Expr.where (a .> far) (log a + log 2.0) small

        named1 "asinh" value (fun x -> 1.0 / sqrt (1.0 + x * x)) x

    let private acosh (x: Expr) =
        let value (x: Expr) =
            let t = Expr.minimum x (lit far) - 1.0
            let small = Expr.log1p (t + sqrt (t * (2.0 + t)))
            Expr.where (x .< 1.0) (lit nan) (Expr.where (x .> far) (log x + log 2.0) small)

        named1 "acosh" value (fun x -> 1.0 / sqrt (x * x - 1.0)) x

    let private atanh (x: Expr) =
        let value (x: Expr) =
            let a = abs x
            Expr.sign x * (0.5 * Expr.log1p (2.0 * a / (1.0 - a)))

        named1 "atanh" value (fun x -> 1.0 / (1.0 - x * x)) x

    /// The remainder of a division whose quotient is cut off: exact while that is below 2⁵³, by Dekker's product of two
    /// numbers in twice the precision.
    let private remainder (x: Expr) (y: Expr) =
        let halves (a: Expr) =
            let t = 134217729.0 * a
            let high = t - (t - a)
            high, a - high

        let exact (x: Expr) (y: Expr) =
            let quotient = truncate (x / y)
            let product = quotient * y
            let (qh, ql), (yh, yl) = halves quotient, halves y
            let low = (qh * yh - product + qh * yl + ql * yh) + ql * yl
            let rest = x - product - low
            // A quotient that was rounded up to a whole number is one too many.
            let isBeyond =
                Expr.either (Expr.both (x .> 0.0) (rest .< 0.0)) (Expr.both (x .< 0.0) (rest .> 0.0))

            let rest = Expr.where isBeyond (rest + Expr.sign x * abs y) rest
            let signed = Expr.where (Expr.equal rest (lit 0.0)) (0.0 * x) rest
            Expr.where (Expr.equal quotient (lit 0.0)) x signed

        let value (xs: Expr list) =
            let wide = exact (Expr.cast DType.F64 xs[0]) (Expr.cast DType.F64 xs[1])
            Expr.cast xs[0].DType wide

        Scan.custom "rem" value (fun xs d -> [ d; d * -(truncate (xs[0] / xs[1])) ]) [ x; y ]

    /// A logarithm to a base, with the exceptions that Math.Log makes.
    let private logTo (x: Expr) (b: Expr) =
        let isFlat = Expr.either (Expr.equal b (lit 0.0)) (Expr.equal b (lit infinity))
        let isNone = Expr.either (Expr.equal b (lit 1.0)) (Expr.both isFlat (Expr.notEqual x (lit 1.0)))

        match Local.number b with
        | Some value when value > 0.0 && value <> 1.0 && value < infinity -> log x / log b
        | _ -> Expr.where isNone (lit nan) (log x / log b)

    /// A value between two others, as Math.Clamp has it.
    let private clamp (x: Expr) (low: Expr) (high: Expr) =
        match Local.number low, Local.number high with
        | Some l, Some h when l > h ->
            Refuse.domain
                "Math.Clamp"
                $"the bounds {string l} and {string h}"
                "a low bound, and a high one not below it"
                "swap the bounds"
        | _ -> Expr.where (x .< low) low (Expr.where (x .> high) high x)

    /// Rounding in one of .NET's ways.
    let private roundBy (mode: MidpointRounding) (x: Expr) =
        match mode with
        | MidpointRounding.ToEven -> Some(round x)
        | MidpointRounding.AwayFromZero ->
            // Nearly a half, so that what is just below a half is not carried over it.
            let half = if x.DType = DType.F32 then float 0.49999997f else 0.49999999999999994
            Some(truncate (x + Expr.where (isNegative x) (lit -half) (lit half)))
        | MidpointRounding.ToZero -> Some(truncate x)
        | MidpointRounding.ToNegativeInfinity -> Some(floor x)
        | MidpointRounding.ToPositiveInfinity -> Some(ceil x)
        | _ -> None

    /// Math.Round with a number of decimals and a way of rounding; none where .NET has no such rounding.
    let round (digits: int) (mode: MidpointRounding) (x: Expr) : Expr option =
        let most, limit = if x.DType = DType.F32 then 6, 1e8 else 15, 1e16

        if digits < 0 || digits > most then
            None
        elif digits = 0 then
            roundBy mode x
        else
            let power = Math.Pow(10.0, float digits)

            roundBy mode (x * power)
            |> Option.map (fun rounded -> Expr.where (abs x .< limit) (rounded / power) x)

    /// What a function of .NET means, by its name in Math; none where it has no meaning here.
    let call (name: string) (arguments: Expr list) : Expr option =
        match name, arguments with
        | "Abs", [ x ] -> Some(abs x)
        | "Acos", [ x ] -> Some(acos x)
        | "Acosh", [ x ] -> Some(acosh x)
        | "Asin", [ x ] -> Some(asin x)
        | "Asinh", [ x ] -> Some(asinh x)
        | "Atan", [ x ] -> Some(atan x)
        | "Atan2", [ y; x ] -> Some(atan2 y x)
        | "Atanh", [ x ] -> Some(atanh x)
        | "Cbrt", [ x ] -> Some(cbrt x)
        | "Ceiling", [ x ] -> Some(ceil x)
        | "Clamp", [ x; low; high ] -> Some(clamp x low high)
        | "CopySign", [ x; sign ] ->
            match Local.number sign with
            | Some s -> Some(if Double.IsNegative s then -(abs x) else abs x)
            | None -> Some(Expr.where (isNegative sign) -(abs x) (abs x))
        | "Cos", [ x ] -> Some(cos x)
        | "Cosh", [ x ] -> Some(cosh x)
        | "Exp", [ x ] -> Some(exp x)
        | "Exp2", [ x ] -> Some(Expr.Pow(2.0, x))
        | "Exp10", [ x ] -> Some(Expr.Pow(10.0, x))
        | "ExpM1", [ x ] -> Some(exp x - 1.0)
        | "Floor", [ x ] -> Some(floor x)
        | "FusedMultiplyAdd", [ x; y; z ] -> Some(x * y + z)
        | "IsFinite", [ x ] -> Some(abs x .< infinity)
        | "IsInfinity", [ x ] -> Some(isInfinite x)
        | "IsNaN", [ x ] -> Some(Expr.notEqual x x)
        | "IsNegativeInfinity", [ x ] -> Some(Expr.equal x (lit -infinity))
        | "IsPositiveInfinity", [ x ] -> Some(Expr.equal x (lit infinity))
        | "Log", [ x ] -> Some(log x)
        | "Log", [ x; b ] -> Some(logTo x b)
        | "LogP1", [ x ] -> Some(log (x + 1.0))
        | "Log10", [ x ] -> Some(log x / log (Expr.scalar x.DType 10.0))
        | "Log2", [ x ] -> Some(log x / log (Expr.scalar x.DType 2.0))
        | "Max", [ x; y ] -> Some(Expr.maximum x y)
        | "Min", [ x; y ] -> Some(Expr.minimum x y)
        | "Pow", [ x; y ] -> Some(Expr.Pow(x, y))
        | "Remainder", [ x; y ] -> Some(remainder x y)
        | "Round", [ x ] -> round 0 MidpointRounding.ToEven x
        | "Sign", [ x ] ->
            // A whole number: there is no −0.
            let sign = Expr.cast DType.F64 (Expr.sign x)
            Some(Expr.where (Expr.equal sign (lit 0.0)) (lit 0.0) sign)
        | "Sin", [ x ] -> Some(sin x)
        | "Sinh", [ x ] -> Some(sinh x)
        | "Sqrt", [ x ] -> Some(sqrt x)
        | "Tan", [ x ] -> Some(tan x)
        | "Tanh", [ x ] -> Some(tanh x)
        | "Truncate", [ x ] -> Some(truncate x)
        // The functions that `ToCode.linq` writes for what Math lacks.
        | "signOf", [ x ] -> Some(Expr.sign x)
        | "expm1", [ x ] -> Some(Expr.expm1 x)
        | "log1p", [ x ] -> Some(Expr.log1p x)
        | "erf", [ x ] -> Some(Expr.erf x)
        | "sigmoid", [ x ] -> Some(Expr.sigmoid x)
        | "softplus", [ x ] -> Some(Expr.softplus x)
        | "relu", [ x ] -> Some(Expr.relu x)
        | _ -> None

    /// The first where the condition holds, the second elsewhere: truth values too.
    let choose (condition: Expr) (a: Expr) (b: Expr) : Expr =
        let constant (e: Expr) = if e.DType = DType.Bool then Local.number e else None

        match constant condition, constant a, constant b with
        | Some 0.0, _, _ -> b
        | Some _, _, _ -> a
        | None, _, Some 0.0 -> Expr.both condition a
        | None, Some one, _ when one <> 0.0 -> Expr.either condition b
        | None, _, _ when a.DType = DType.Bool ->
            Expr.either (Expr.both condition a) (Expr.both (Expr.not' condition) b)
        | None, _, _ -> Expr.where condition a b
