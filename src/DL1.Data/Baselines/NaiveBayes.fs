namespace DL1.Data

open System
open DL1

/// Classification by Bayes' rule, as if the columns of a class were independent and normal: a mean and a variance for each
/// class and column, and the share of each class. To each variance 1e−9 of the greatest variance of a column is added, so
/// that none is 0. Numbers are those of scikit-learn's `GaussianNB`.
///
/// <example><code>
/// let model = NaiveBayes.Fit(x, labels)
/// let classes = model.Predict later
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type NaiveBayes private (shares: float[], means: float[][], variances: float[][]) =
    let columns = means[0].Length
    let classes = shares.Length

    /// Fits means and variances to inputs `[rows; columns]` and classes `[rows]`, whole numbers from 0 or truth values.
    /// Columns that are all constant are a `DomainError`. `NaiveBayes.Fit(x, labels)`
    static member Fit(x: Tensor, labels: Tensor) : NaiveBayes =
        let operation = "NaiveBayes.Fit"
        let rows = Matrix.rows operation x
        let struct (classes, count) = Matrix.classes operation rows.Length labels

        let moments (rows: float[][]) =
            Matrix.columns rows
            |> Array.map (fun values ->
                let struct (mean, deviation) = Statistics.moments values
                mean, deviation * deviation)

        let least = 1e-9 * (moments rows |> Array.map snd |> Array.max)

        if least = 0.0 then
            Refuse.domain
                operation
                "columns that are all constant"
                "a column that varies"
                "check how the data were made"

        let own =
            Array.init count (fun c ->
                Array.zip rows classes |> Array.filter (fun (_, k) -> k = c) |> Array.map fst)

        NaiveBayes(
            own |> Array.map (fun part -> float part.Length / float rows.Length),
            own |> Array.map (moments >> Array.map fst),
            own |> Array.map (moments >> Array.map (fun (_, v) -> v + least))
        )

    /// The mean of each class and column, f64 `[classes; columns]`.
    member _.Means: Tensor = Matrix.tensor columns means

    /// The variance of each class and column, f64 `[classes; columns]`.
    member _.Variances: Tensor = Matrix.tensor columns variances

    /// The share of each class among the rows, f64 `[classes]`.
    member _.Shares: Tensor = Tensor.vector shares

    member private _.Constants =
        Array.init classes (fun k ->
            log shares[k] - (variances[k] |> Array.sumBy (fun v -> log (2.0 * Math.PI * v))) / 2.0)

    /// The logarithm of each class's probability, f64 `[rows; classes]`: scores, as classifiers of DL1 have them.
    member this.Logits(x: Tensor) : Tensor =
        let constants = this.Constants

        Matrix.rowsOf "NaiveBayes.Logits" columns x
        |> Array.map (fun row ->
            let joint =
                Array.init classes (fun k ->
                    let mutable sum = constants[k]

                    for c in 0 .. columns - 1 do
                        let d = row[c] - means[k][c]
                        sum <- sum - d * d / (2.0 * variances[k][c])

                    sum)

            let most = Array.max joint
            let total = most + log (joint |> Array.sumBy (fun v -> exp (v - most)))
            joint |> Array.map (fun v -> v - total))
        |> Matrix.tensor classes

    /// The probability of each class, f64 `[rows; classes]`. `model.Probabilities later`
    member this.Probabilities(x: Tensor) : Tensor =
        let logs = this.Logits x
        Tensor.ofArray (logs.Shape.ToList()) (Tensor.toFloats logs |> Array.map exp)

    /// The likeliest class of each row, i64 `[rows]`. `model.Predict later`
    member this.Predict(x: Tensor) : Tensor = Classification.argMax (this.Logits x)

    /// The logarithms of the probabilities as a graph, `[rows; classes]` for inputs `[rows; columns]`.
    member this.Express(x: Expr) : Expr =
        Graphs.require "NaiveBayes" columns x

        let table (values: float[][]) =
            Graphs.matrix x (Tensor.ofArray [ 1; classes; columns ] (Array.concat values))

        let d = Expr.reshape [ x.Shape[0]; 1; columns ] x - table means
        let halves = table (variances |> Array.map (Array.map (fun v -> 1.0 / (2.0 * v))))
        let joint = Graphs.vector x this.Constants - Expr.sum [ 2 ] (d * d * halves)
        joint - Expr.reshape [ x.Shape[0]; 1 ] (Expr.logSumExp 1 joint)

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// `naive Bayes of 4 columns to 3 classes`.
    override _.ToString() = $"naive Bayes of %d{columns} columns to %d{classes} classes"
    member internal this.Display = this.ToString()
