namespace DL1.Data

open System
open System.Runtime.InteropServices
open DL1
open MathNet.Numerics

/// How values are to be distributed.
[<RequireQualifiedAccess>]
type QuantileOutput =
    /// Evenly from 0 to 1.
    | Uniform
    /// As standard normal numbers, from −5.2 to 5.2.
    | Normal

/// Gives each column a distribution whatever it had: a value becomes the part of the training rows below it, between
/// quantiles of them. Far values no longer count for much, and neither do distances. Fit it on the training rows; missing
/// values (NaN) count for nothing and stay.
///
/// <example><code>
/// let quantiles = QuantileTransform.Normal train
/// let even = quantiles.Apply test
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type QuantileTransform private (output: QuantileOutput, count: int, quantiles: float[][]) =
    let operation = "QuantileTransform"

    // scikit-learn's bounds of normal numbers: what is within 1e−7 of the ends is outside, and the quantiles of a little less
    // than 1e−7 are the least and the greatest number.
    static let bound = 1e-7
    static let most = sqrt 2.0 * SpecialFunctions.ErfInv(1.0 - 2.0 * (bound - Math.ScaleB(1.0, -52)))

    let last = float (count - 1)

    /// The place among the quantiles, from 0 to 1, of a value between the first and the last of them; where some are equal to
    /// it, the middle of the first and the last of these.
    let between (q: float[]) (v: float) : float =
        let lowest (isRight: float -> bool) =
            let mutable low, high = 0, count

            while low < high do
                let middle = (low + high) / 2
                if isRight q[middle] then high <- middle else low <- middle + 1

            low

        // The first quantile that is not below, and the first that is above.
        let first = lowest (fun x -> x >= v)
        let above = lowest (fun x -> x > v)

        if above > first then
            (float first / last + float (above - 1) / last) / 2.0
        else
            let low, high = q[first - 1], q[first]
            (float (first - 1) + (v - low) / (high - low)) / last

    let uniform (q: float[]) (v: float) : float =
        if v <= q[0] then 0.0
        elif v >= q[count - 1] then 1.0
        else between q v

    let normal (q: float[]) (v: float) : float =
        if v - bound < q[0] then
            -most
        elif v + bound > q[count - 1] then
            most
        else
            sqrt 2.0 * SpecialFunctions.ErfInv(2.0 * between q v - 1.0) |> max -most |> min most

    /// The quantiles of sorted values, in NumPy's order of operations: where values are equal, it decides by rounding which
    /// quantiles are.
    static let quantilesOf (count: int) (sorted: float[]) : float[] =
        let step = 1.0 / float (count - 1)

        Array.init count (fun i ->
            let part = if i = count - 1 then 1.0 else float i * step
            let place = float (sorted.Length - 1) * (part * 100.0 / 100.0)
            let below = min (sorted.Length - 1) (int (floor place))
            let a, b = sorted[below], sorted[min (sorted.Length - 1) (below + 1)]
            let t = place - float below
            if t >= 0.5 then b - (b - a) * (1.0 - t) else a + (b - a) * t)
        |> Array.scan max -infinity
        |> Array.tail

    static member private Fit(x: Tensor, quantiles: int, output: QuantileOutput) : QuantileTransform =
        let operation = "QuantileTransform.Fit"
        let columns = Scale.known operation x

        if quantiles < 2 then
            Refuse.domain operation $"%d{quantiles} quantiles" "2 or more" "1000 is usual"

        let count = max 2 (min quantiles x.Shape[0])

        let fitted c (values: float[]) =
            match values |> Array.tryFind (fun v -> not (Double.IsFinite v)) with
            | Some v ->
                Refuse.domain operation $"{string v} in column %d{c}" "finite numbers" "look for what made it"
            | None -> ()

            quantilesOf count (Array.sort values)

        QuantileTransform(output, count, columns |> Array.mapi fitted)

    /// To numbers spread evenly from 0 to 1, by quantiles of each column of `[rows; columns]`, at most one a row. A
    /// column without a value, an infinity, and fewer than two quantiles are a `DomainError`.
    /// `QuantileTransform.Uniform train`
    static member Uniform
        (x: Tensor, [<Optional; DefaultParameterValue(1000)>] quantiles: int)
        : QuantileTransform =
        QuantileTransform.Fit(x, quantiles, QuantileOutput.Uniform)

    /// To standard normal numbers, as `Uniform`. `QuantileTransform.Normal train`
    static member Normal
        (x: Tensor, [<Optional; DefaultParameterValue(1000)>] quantiles: int)
        : QuantileTransform =
        QuantileTransform.Fit(x, quantiles, QuantileOutput.Normal)

    /// The number of quantiles.
    member _.Count = count
    /// How values are distributed afterwards.
    member _.Output = output

    member private _.Check(name: string, x: Tensor) =
        Scale.columns $"{operation}.{name}" x |> ignore

        if x.Shape[1] <> quantiles.Length then
            Refuse.shape
                $"{operation}.{name}"
                $"a table {x.Shape}"
                $"%d{quantiles.Length} columns, as where it was fitted"
                "take the same columns in the same order"

    /// The table transformed, in its type: `quantiles.Apply test`. What lies outside of the training rows becomes the least
    /// or the greatest number.
    member this.Apply(x: Tensor) : Tensor =
        this.Check("Apply", x)

        Scale.mapped x (fun c v ->
            if Double.IsNaN v then
                v
            else
                match output with
                | QuantileOutput.Uniform -> uniform quantiles[c] v
                | QuantileOutput.Normal -> normal quantiles[c] v)

    /// The reverse of `Apply`, between the quantiles: `quantiles.Invert(quantiles.Apply test)`.
    member this.Invert(y: Tensor) : Tensor =
        this.Check("Invert", y)

        Scale.mapped y (fun c v ->
            if Double.IsNaN v then
                v
            else
                match output with
                | QuantileOutput.Uniform -> Scale.quantile (min 1.0 (max 0.0 v)) quantiles[c]
                | QuantileOutput.Normal ->
                    let p = (1.0 + SpecialFunctions.Erf(v / sqrt 2.0)) / 2.0

                    if p - bound < 0.0 then quantiles[c][0]
                    elif p + bound > 1.0 then quantiles[c][count - 1]
                    else Scale.quantile p quantiles[c])

    /// The transform as a graph, `[rows; columns]`: a sum over the quantiles of how far a value is past each.
    member _.Express(x: Expr) : Expr =
        Graphs.require operation quantiles.Length x
        let rows = x.Shape[0]
        let steps = count - 1

        let low, high =
            quantiles |> Array.map (Array.take steps), quantiles |> Array.map (fun q -> Array.tail q)

        let constant (values: float[][]) =
            Graphs.matrix x (Tensor.ofArray [ 1; quantiles.Length; steps ] (Array.concat values))

        let widths = Array.map2 (Array.map2 (fun l h -> h - l)) low high
        let isStep = widths |> Array.map (Array.map (fun w -> w = 0.0))
        let safe = widths |> Array.map (Array.map (fun w -> if w = 0.0 then 1.0 else w))
        let v = Expr.reshape [ rows; quantiles.Length; 1 ] x
        let past = Elementwise.clamp 0.0 1.0 ((v - constant low) / constant safe)
        // −1, 0 or 1 becomes 0, a half or 1.
        let jump = (Expr.sign (v - constant low) + 1.0) / 2.0

        let stepMask = Expr.constant (Tensor.ofArray [ 1; quantiles.Length; steps ] (Array.concat isStep))

        let p = Expr.sum [ 2 ] (Expr.where stepMask jump past) / float steps

        let least = Graphs.vector x (quantiles |> Array.map (fun q -> q[0]))
        let greatest = Graphs.vector x (quantiles |> Array.map (fun q -> q[count - 1]))
        let full value = Expr.full x.DType (x.Shape.ToList()) value

        let ends isLeast isGreatest lowest inside highest =
            Expr.where isLeast (full lowest) (Expr.where isGreatest (full highest) inside)

        // A missing value is beyond neither end, and its place is missing, too.
        match output with
        | QuantileOutput.Uniform -> ends (x .<= least) (x .>= greatest) 0.0 p 1.0
        | QuantileOutput.Normal ->
            let inside = Elementwise.clamp -most most (sqrt 2.0 * Special.erfInv (2.0 * p - 1.0))
            ends ((x - bound) .< least) ((x + bound) .> greatest) -most inside most

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// `1000 quantiles to uniform numbers`.
    override _.ToString() =
        match output with
        | QuantileOutput.Uniform -> $"%d{count} quantiles to uniform numbers"
        | QuantileOutput.Normal -> $"%d{count} quantiles to normal numbers"

    member internal this.Display = this.ToString()
