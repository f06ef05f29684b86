namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open System.Runtime.InteropServices
open DL1

/// The families of power transforms.
[<RequireQualifiedAccess>]
type PowerFamily =
    /// Any numbers (Yeo and Johnson 2000).
    | YeoJohnson
    /// Numbers above 0 (Box and Cox 1964).
    | BoxCox

/// Makes skewed columns more normal: each is bent by a power of its own, the likeliest under a normal distribution, and then
/// scaled, by default, to mean 0 and standard deviation 1. Fit it on the training rows, apply it to all; missing
/// values (NaN) count for nothing and stay.
///
/// <example><code>
/// let power = PowerTransform.YeoJohnson train
/// let bent = power.Apply test
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type PowerTransform private (family: PowerFamily, powers: float[], scaler: Scaler option) =
    let operation = "PowerTransform"

    /// (exp(λt) − 1)/λ, and its limit t at λ = 0.
    static let bent (power: float) (t: float) =
        if power = 0.0 then t else SpecialFunction.expm1 (power * t) / power

    static let unbent (power: float) (y: float) =
        if power = 0.0 then y else SpecialFunction.log1p (power * y) / power

    static let forward family power (x: float) =
        match family with
        | PowerFamily.BoxCox -> bent power (log x)
        | PowerFamily.YeoJohnson ->
            if x >= 0.0 then
                bent power (SpecialFunction.log1p x)
            else
                -(bent (2.0 - power) (SpecialFunction.log1p -x))

    static let backward family power (y: float) =
        match family with
        | PowerFamily.BoxCox -> exp (unbent power y)
        | PowerFamily.YeoJohnson ->
            if y >= 0.0 then
                SpecialFunction.expm1 (unbent power y)
            else
                -(SpecialFunction.expm1 (unbent (2.0 - power) -y))

    /// The likeliest power of a column's values.
    static let fitted family (values: float[]) : float =
        if Statistics.isConstant values then
            1.0
        else
            let jacobian =
                match family with
                | PowerFamily.BoxCox -> values |> Array.sumBy log
                | PowerFamily.YeoJohnson ->
                    values |> Array.sumBy (fun x -> float (sign x) * SpecialFunction.log1p (abs x))

            let cost power =
                let struct (_, deviation) = values |> Array.map (forward family power) |> Statistics.moments
                let n = float values.Length
                let value = n * log deviation - (power - 1.0) * jacobian
                if Double.IsFinite value then value else infinity

            LineMinimum.find cost -2.0 2.0

    static member private Fit(family: PowerFamily, x: Tensor, standardise: bool) : PowerTransform =
        let operation = "PowerTransform.Fit"
        let columns = Scale.known operation x

        for c, values in Seq.indexed columns do
            match values |> Array.tryFind (fun v -> not (Double.IsFinite v)) with
            | Some v ->
                Refuse.domain
                    operation
                    $"{string v} in column %d{c}"
                    "finite numbers, or NaN where one is missing"
                    "look for what made it"
            | None -> ()

            match family, values |> Array.tryFind (fun v -> v <= 0.0) with
            | PowerFamily.BoxCox, Some v ->
                Refuse.domain
                    operation
                    $"{string v} in column %d{c}"
                    "numbers above 0 for Box-Cox"
                    "take YeoJohnson, which takes any numbers"
            | _ -> ()

        let powers = columns |> Array.map (fitted family)
        let plain = PowerTransform(family, powers, None)

        if standardise then
            let wide = Tensor.cast DType.F64 x
            PowerTransform(family, powers, Some(Scale.standard (plain.Apply wide)))
        else
            plain

    /// The transform of Yeo and Johnson, for any numbers, `[rows; columns]`. A column without a value, or with an infinity,
    /// is a `DomainError`. `PowerTransform.YeoJohnson train`
    static member YeoJohnson
        (x: Tensor, [<Optional; DefaultParameterValue(true)>] standardise: bool)
        : PowerTransform =
        PowerTransform.Fit(PowerFamily.YeoJohnson, x, standardise)

    /// The transform of Box and Cox, for numbers above 0, `[rows; columns]`; others are a `DomainError`.
    /// `PowerTransform.BoxCox train`
    static member BoxCox
        (x: Tensor, [<Optional; DefaultParameterValue(true)>] standardise: bool)
        : PowerTransform =
        PowerTransform.Fit(PowerFamily.BoxCox, x, standardise)

    /// The power of each column: 1 leaves it as it is, 0 is a logarithm.
    member _.Powers: IReadOnlyList<float> = powers

    /// The family.
    member _.Family = family

    member private _.Check(name: string, x: Tensor) =
        Scale.columns $"{operation}.{name}" x |> ignore

        if x.Shape[1] <> powers.Length then
            Refuse.shape
                $"{operation}.{name}"
                $"a table {x.Shape}"
                $"%d{powers.Length} columns, as where it was fitted"
                "take the same columns in the same order"

    /// The table transformed, in its type: `power.Apply test`. Numbers that are not above 0 become NaN under Box-Cox.
    member this.Apply(x: Tensor) : Tensor =
        this.Check("Apply", x)

        let bent = Scale.mapped (Tensor.cast DType.F64 x) (fun c v -> forward family powers[c] v)

        let scaled =
            match scaler with
            | Some scaler -> Scale.apply scaler bent
            | None -> bent

        Tensor.cast x.DType scaled

    /// The reverse of `Apply`: `power.Invert(power.Apply test)`.
    member this.Invert(y: Tensor) : Tensor =
        this.Check("Invert", y)
        let wide = Tensor.cast DType.F64 y

        let unscaled =
            match scaler with
            | Some scaler -> Scale.invert scaler wide
            | None -> wide

        Scale.mapped unscaled (fun c v -> backward family powers[c] v) |> Tensor.cast y.DType

    /// The transform as a graph, `[rows; columns]`.
    member _.Express(x: Expr) : Expr =
        Graphs.require operation powers.Length x

        let bent (powers: float[]) (t: Expr) =
            let isZero = Expr.constant (Tensor.vector (powers |> Array.map (fun p -> p = 0.0)))
            let safe = Graphs.vector x (powers |> Array.map (fun p -> if p = 0.0 then 1.0 else p))
            Expr.where isZero t (Expr.expm1 (safe * t) / safe)

        let y =
            match family with
            | PowerFamily.BoxCox -> bent powers (log x)
            | PowerFamily.YeoJohnson ->
                let isBelow = x .< 0.0
                let above = bent powers (Expr.log1p (Expr.where isBelow (Expr.zerosLike x) x))

                let below =
                    -(bent
                        (powers |> Array.map (fun p -> 2.0 - p))
                        (Expr.log1p -(Expr.where isBelow x (Expr.zerosLike x))))

                Expr.where isBelow below above

        match scaler with
        | Some s -> (y - Graphs.vector x (Array.ofList s.Shift)) / Graphs.vector x (Array.ofList s.Divisor)
        | None -> y

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// `YeoJohnson with powers 0.5, 1.2`.
    override _.ToString() =
        let shown = powers |> Seq.map (fun p -> p.ToString("G5", CultureInfo.InvariantCulture))
        let all = String.Join(", ", shown)

        let name =
            match family with
            | PowerFamily.BoxCox -> "Box-Cox"
            | PowerFamily.YeoJohnson -> "Yeo-Johnson"

        $"{name} with powers {all}"

    member internal this.Display = this.ToString()
