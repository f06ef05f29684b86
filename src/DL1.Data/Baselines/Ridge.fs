namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open System.Runtime.InteropServices
open DL1
open MathNet.Numerics.Distributions

/// An estimate of a model with what is known of its error.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type Coefficient =
    {
        /// What it belongs to: `intercept`, or the name or place of a column.
        Name: string
        /// The estimate.
        Estimate: float
        /// The standard deviation that the estimate would have over samples like this one.
        StandardError: float
        /// The lower end of the confidence interval.
        Lower: float
        /// The upper end of the confidence interval.
        Upper: float
    }

    /// `age 0.31 (0.12 to 0.5)`.
    override this.ToString() =
        let number (v: float) = v.ToString("G4", CultureInfo.InvariantCulture)
        $"{this.Name} {number this.Estimate} ({number this.Lower} to {number this.Upper})"

    member internal this.Display = this.ToString()

/// Coefficients by their names.
[<RequireQualifiedAccess>]
module internal Coefficients =
    let requireLevel operation (level: float) =
        if not (level > 0.0 && level < 1.0) then
            Refuse.domain operation $"the level {string level}" "above 0 and below 1" "0.95 is usual"

    /// The bias and the weights of one score with their errors, the bias last, by the quantile of what is beyond both ends.
    let table
        (quantile: float)
        (names: string[])
        (bias: float)
        (weights: float[])
        (errors: float[])
        : IReadOnlyList<Coefficient> =
        let name column = if column < names.Length then names[column] else $"column %d{column}"
        let columns = weights |> Array.mapi (fun c weight -> name c, weight, errors[c])

        [
            for name, estimate, error in Seq.append [ "intercept", bias, Array.last errors ] columns ->
                {
                    Name = name
                    Estimate = estimate
                    StandardError = error
                    Lower = estimate - quantile * error
                    Upper = estimate + quantile * error
                }
        ]

/// Linear regression by least squares, with a penalty on the squares of the weights (Hoerl and Kennard 1970) or without one:
/// min |y − x·w − b|² + penalty·|w|². It is solved exactly, by singular values, also where columns depend on each other: of
/// the best weights these are the smallest. The bias is not penalised. Numbers are scikit-learn's `Ridge` and, without a
/// penalty, `LinearRegression`.
///
/// <example><code>
/// let model = Ridge.Fit(x, y, penalty = 1.0)
/// let answers = model.Predict later
/// for c in model.Coefficients() do printfn $"{c}"
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Ridge
    private
    (
        penalty: float,
        weights: float[][],
        bias: float[],
        variances: float[],
        covariance: Lazy<float[][]>,
        means,
        rows,
        free
    ) =
    let columns = weights[0].Length

    /// Fits the weights to inputs `[rows; columns]` and targets `[rows]` or `[rows; targets]`, f32 or f64. A number that is
    /// not finite, or a penalty below 0, is a `DomainError`. `Ridge.Fit(x, y, penalty = 1.0)`
    static member Fit(x: Tensor, y: Tensor, [<Optional; DefaultParameterValue(1.0)>] penalty: float) : Ridge =
        let operation = "Ridge.Fit"

        if not (penalty >= 0.0) || Double.IsInfinity penalty then
            Refuse.domain operation $"the penalty {string penalty}" "0 or more, and finite" "1 is usual"

        let columns = Matrix.rows operation x |> Matrix.columns
        let rows = x.Shape[0]
        let targets = Matrix.targets operation rows y |> Matrix.columns
        let means, levels = Dense.means columns, Dense.means targets
        let inputs, outputs = Dense.centred means columns, Dense.centred levels targets
        let struct (left, values, right) = Dense.svd inputs

        // Singular values that only rounding keeps from 0 say nothing.
        let least = values[0] * 2.2e-16 * float (max rows columns.Length)
        let isKept = values |> Array.map (fun s -> s > least)

        let gain = values |> Array.mapi (fun i s -> if isKept[i] then s / (s * s + penalty) else 0.0)

        let weights =
            outputs
            |> Array.map (fun y ->
                let w = Array.zeroCreate<float> columns.Length

                for i in 0 .. values.Length - 1 do
                    if gain[i] > 0.0 then
                        let along = gain[i] * Dense.dot left[i] y

                        for c in 0 .. w.Length - 1 do
                            w[c] <- w[c] + along * right[i][c]

                w)

        let bias = Array.map2 (fun level w -> level - Dense.dot means w) levels weights
        // Degrees of freedom: the trace of what makes predictions of targets, and the bias.
        let used = 1.0 + Array.sum (Array.map2 (fun s g -> s * g) values gain)
        let free = float rows - used

        let variances =
            Array.map2
                (fun (y: float[]) (w: float[]) ->
                    let square =
                        Array.init rows (fun r ->
                            let mutable e = y[r]

                            for c in 0 .. w.Length - 1 do
                                e <- e - inputs[c][r] * w[c]

                            e * e)
                        |> Summation.sum

                    square / free)
                outputs
                weights

        let covariance =
            lazy
                (Array.init columns.Length (fun a ->
                    Array.init columns.Length (fun b ->
                        let mutable sum = 0.0

                        for i in 0 .. values.Length - 1 do
                            sum <- sum + gain[i] * gain[i] * right[i][a] * right[i][b]

                        sum)))

        Ridge(penalty, weights, bias, variances, covariance, means, rows, free)

    /// The weights, f64 `[columns; targets]`.
    member _.Weights: Tensor = Matrix.tensor weights.Length (Matrix.columns weights)

    /// The bias, f64 `[targets]`.
    member _.Bias: Tensor = Tensor.vector bias

    /// The penalty.
    member _.Penalty = penalty

    /// The predictions for inputs `[rows; columns]`: f64 `[rows; targets]`. `model.Predict later`
    member _.Predict(x: Tensor) : Tensor =
        Matrix.rowsOf "Ridge.Predict" columns x
        |> Array.map (fun row -> Array.map2 (fun w b -> Dense.dot w row + b) weights bias)
        |> Matrix.tensor weights.Length

    /// The bias and the weights of a target with their standard errors and confidence intervals, by Student's distribution
    /// for residuals that are independent and normal with one variance. Without a penalty these are the textbook's; with one
    /// they are of the estimates as they are, which are drawn towards 0. Names are of the columns, in their order. No more
    /// rows than weights are a `DomainError`. `model.Coefficients(0.95, 0, "age", "bmi")`
    member _.Coefficients
        (
            [<Optional; DefaultParameterValue(0.95)>] level: float,
            [<Optional; DefaultParameterValue(0)>] target: int,
            [<ParamArray>] names: string[]
        ) : IReadOnlyList<Coefficient> =
        let operation = "Ridge.Coefficients"
        Coefficients.requireLevel operation level

        if target < 0 || target >= weights.Length then
            Refuse.domain
                operation
                $"target %d{target} of %d{weights.Length}"
                $"0 to %d{weights.Length - 1}"
                "count targets from 0"

        if not (free > 1e-9) then
            Refuse.domain
                operation
                $"%d{rows} rows for %d{columns} weights and a bias"
                "more rows than numbers to be estimated"
                "take fewer columns, or a penalty"

        let shared = covariance.Force()
        let variance = variances[target]

        let ofMeans = means |> Array.mapi (fun a (m: float) -> m * Dense.dot shared[a] means) |> Array.sum

        let errors =
            Array.init (columns + 1) (fun c ->
                sqrt (variance * (if c = columns then 1.0 / float rows + ofMeans else shared[c][c])))

        Coefficients.table
            (StudentT.InvCDF(0.0, 1.0, free, (1.0 + level) / 2.0))
            names
            bias[target]
            weights[target]
            errors

    /// The predictions as a graph, `[rows; targets]` for inputs `[rows; columns]`.
    member this.Express(x: Expr) : Expr =
        Graphs.require "Ridge" columns x
        Linear.affine (Graphs.matrix x this.Weights) (Graphs.vector x bias) x

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// `ridge regression of 10 columns, penalty 1`.
    override _.ToString() =
        let shown = penalty.ToString("G6", CultureInfo.InvariantCulture)
        $"ridge regression of %d{columns} columns, penalty {shown}"

    member internal this.Display = this.ToString()
