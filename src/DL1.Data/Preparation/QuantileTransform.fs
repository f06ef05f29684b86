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
[<Sealed>]
type QuantileTransform private (output: QuantileOutput, quantiles: float[][]) =
    let operation = "QuantileTransform"
    let count = quantiles[0].Length

    // scikit-learn's bounds of normal numbers: the quantile of 1e−7.
    static let bound = 1e-7
    static let most = sqrt 2.0 * SpecialFunctions.ErfInv(1.0 - 2.0 * bound)

    /// The part of the training rows below a value; where quantiles are equal, in the middle of the step.
    let part (q: float[]) (v: float) : float =
        if v <= q[0] && not (v = q[0]) then
            0.0
        elif v > q[count - 1] then
            1.0
        else
            // The places of the first quantile that is not below, and of the first that is above.
            let lowest (isRight: float -> bool) =
                let mutable low, high = 0, count

                while low < high do
                    let middle = (low + high) / 2
                    if isRight q[middle] then high <- middle else low <- middle + 1

                low

            let first = lowest (fun x -> x >= v)
            let above = lowest (fun x -> x > v)
            let last = float (count - 1)

            if above > first then
                // One quantile or more of this value: the middle of the first and the last of them.
                (float first + float (above - 1)) / 2.0 / last
            else
                let low, high = q[first - 1], q[first]
                (float (first - 1) + (v - low) / (high - low)) / last

    let normal (q: float[]) (v: float) : float =
        if v - bound < q[0] then
            -most
        elif v + bound > q[count - 1] then
            most
        else
            sqrt 2.0 * SpecialFunctions.ErfInv(2.0 * part q v - 1.0) |> max -most |> min most

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

            let sorted = Array.sort values

            Array.init count (fun i -> Scale.quantile (float i / float (count - 1)) sorted)
            |> Array.scan max -infinity
            |> Array.tail

        QuantileTransform(output, columns |> Array.mapi fitted)

    /// To numbers spread evenly from 0 to 1, by so many quantiles of each column of `[rows; columns]`, at most one a row. A
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
                | QuantileOutput.Uniform -> part quantiles[c] v
                | QuantileOutput.Normal -> normal quantiles[c] v)

    /// The reverse of `Apply`, between the quantiles: `quantiles.Invert(quantiles.Apply test)`.
    member this.Invert(y: Tensor) : Tensor =
        this.Check("Invert", y)

        Scale.mapped y (fun c v ->
            if Double.IsNaN v then
                v
            else
                let p =
                    match output with
                    | QuantileOutput.Uniform -> v
                    | QuantileOutput.Normal -> (1.0 + SpecialFunctions.Erf(v / sqrt 2.0)) / 2.0

                Scale.quantile (min 1.0 (max 0.0 p)) quantiles[c])

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

        match output with
        | QuantileOutput.Uniform -> p
        | QuantileOutput.Normal ->
            let least = Graphs.vector x (quantiles |> Array.map (fun q -> q[0]))
            let greatest = Graphs.vector x (quantiles |> Array.map (fun q -> q[count - 1]))
            let inside = Elementwise.clamp -most most (sqrt 2.0 * Special.erfInv (2.0 * p - 1.0))
            let full value = Expr.full x.DType (x.Shape.ToList()) value

            Expr.where
                (Expr.compare CompareOp.Lt (x - bound) least)
                (full -most)
                (Expr.where (Expr.compare CompareOp.Gt (x + bound) greatest) (full most) inside)

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// `1000 quantiles to uniform numbers`.
    override _.ToString() =
        match output with
        | QuantileOutput.Uniform -> $"%d{count} quantiles to uniform numbers"
        | QuantileOutput.Normal -> $"%d{count} quantiles to normal numbers"
