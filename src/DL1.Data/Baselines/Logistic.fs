namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open System.Runtime.InteropServices
open DL1
open MathNet.Numerics.Distributions

/// Newton's method for logistic regression: weights of classes, one row of them for each score, the bias last.
[<RequireQualifiedAccess>]
module internal LogisticSolver =
    /// The cost, its gradient and its second derivatives, over all weights in a row.
    let private derivatives (rows: float[][]) (classes: int[]) scores (decay: float) (w: float[]) =
        let width = rows[0].Length + 1
        let size = scores * width
        let mutable cost = 0.0
        let gradient = Array.zeroCreate<float> size
        let second = Array.init size (fun _ -> Array.zeroCreate<float> size)
        let x = Array.create width 1.0
        let z = Array.zeroCreate<float> scores
        let p = Array.zeroCreate<float> scores

        for r in 0 .. rows.Length - 1 do
            Array.blit rows[r] 0 x 0 (width - 1)

            for s in 0 .. scores - 1 do
                let mutable sum = 0.0

                for c in 0 .. width - 1 do
                    sum <- sum + w[s * width + c] * x[c]

                z[s] <- sum

            if scores = 1 then
                // log(1 + exp(−t)), t the score towards the class.
                let t = if classes[r] = 1 then z[0] else -z[0]

                cost <-
                    cost
                    + (if t > 0.0 then
                           SpecialFunction.log1p (exp -t)
                       else
                           SpecialFunction.log1p (exp t) - t)

                p[0] <-
                    if z[0] >= 0.0 then
                        1.0 / (1.0 + exp -z[0])
                    else
                        (let e = exp z[0] in e / (1.0 + e))
            else
                let most = Array.max z
                let mutable total = 0.0

                for s in 0 .. scores - 1 do
                    p[s] <- exp (z[s] - most)
                    total <- total + p[s]

                for s in 0 .. scores - 1 do
                    p[s] <- p[s] / total

                cost <- cost + most + log total - z[classes[r]]

            for s in 0 .. scores - 1 do
                let isOwn = if scores = 1 then classes[r] = 1 else classes[r] = s
                let error = p[s] - (if isOwn then 1.0 else 0.0)

                for c in 0 .. width - 1 do
                    gradient[s * width + c] <- gradient[s * width + c] + error * x[c]

                for t in 0..s do
                    let share = if s = t then p[s] * (1.0 - p[s]) else -p[s] * p[t]

                    if share <> 0.0 then
                        for c in 0 .. width - 1 do
                            let along = share * x[c]
                            let line = second[s * width + c]

                            for d in 0 .. width - 1 do
                                line[t * width + d] <- line[t * width + d] + along * x[d]

        // The blocks above the diagonal are those below it.
        for a in 0 .. size - 1 do
            for b in a + 1 .. size - 1 do
                second[a][b] <- second[b][a]

        let information = second |> Array.map Array.copy

        for s in 0 .. scores - 1 do
            for c in 0 .. width - 2 do
                let i = s * width + c
                cost <- cost + decay * w[i] * w[i] / 2.0
                gradient[i] <- gradient[i] + decay * w[i]
                second[i][i] <- second[i][i] + decay

        // All biases together change nothing: their sum is held at 0, or all weights of a column's where none is penalised.
        if scores > 1 then
            for c in 0 .. width - 1 do
                if c = width - 1 || decay = 0.0 then
                    for s in 0 .. scores - 1 do
                        for t in 0 .. scores - 1 do
                            second[s * width + c][t * width + c] <- second[s * width + c][t * width + c] + 1.0

        struct (cost, gradient, second, information)

    let private refuseSeparated () : 'a =
        Refuse.domain
            "Logistic.Fit"
            "rows whose classes a plane tells apart without an error, or columns that depend on each other, without a penalty"
            "weights that are the best: these could grow for ever"
            "take a penalty (inverse penalty 1 is usual), or leave columns out"

    /// The best weights, the inverse of the second derivatives there, and the information of the rows.
    let fit (rows: float[][]) (classes: int[]) scores (decay: float) =
        let size = scores * (rows[0].Length + 1)
        let mutable w = Array.zeroCreate<float> size
        let mutable state = derivatives rows classes scores decay w
        let mutable isDone = false
        let mutable steps = 0

        while not isDone do
            let struct (cost, gradient, second, _) = state

            match Dense.tryCholesky second with
            | None -> refuseSeparated ()
            | Some factor ->
                let step = Dense.solve factor gradient
                // Half of it is how much the cost would fall, were it a parabola.
                let fall = Dense.dot gradient step
                steps <- steps + 1

                if fall <= 1e-15 * max 1.0 cost then
                    w <- Array.map2 (-) w step
                    isDone <- true
                elif steps > 200 || (decay = 0.0 && w |> Array.exists (fun v -> abs v > 1e6)) then
                    refuseSeparated ()
                else
                    let mutable size = 1.0
                    let mutable next = Array.map2 (-) w step
                    let mutable reached = derivatives rows classes scores decay next

                    let costOf (struct (c: float, _, _, _)) = c

                    while not (costOf reached <= cost - 1e-4 * size * fall) && size > 1e-10 do
                        size <- size / 2.0
                        next <- Array.map2 (fun a b -> a - size * b) w step
                        reached <- derivatives rows classes scores decay next

                    // Nothing is left to be gained but rounding.
                    if size <= 1e-10 then
                        isDone <- true
                    else
                        w <- next
                        state <- reached

        let struct (cost, _, second, information) = derivatives rows classes scores decay w

        // Rows that are told apart have no cost left, and no curvature.
        if decay = 0.0 && cost < 1e-6 * float rows.Length then
            refuseSeparated ()

        match Dense.tryCholesky second with
        | Some factor -> struct (w, Dense.inverse factor, information)
        | None -> refuseSeparated ()

/// Classification by linear scores: logistic regression, of two classes by one score, of more by one for each (softmax). It is
/// solved to convergence by Newton's method; the squares of the weights are penalised by half of `1 / inversePenalty`, the
/// bias is not. Numbers are scikit-learn's `LogisticRegression(C=inversePenalty)`.
///
/// <example><code>
/// let model = Logistic.Fit(x, labels, inversePenalty = 1.0)
/// let chances = model.Probabilities later
/// let classes = model.Predict later
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Logistic private (inversePenalty: float, weights: float[][], bias: float[], errors: Lazy<float[][]>) =
    let columns = weights[0].Length
    let scores = weights.Length

    /// Fits the weights to inputs `[rows; columns]` and classes `[rows]`: whole numbers from 0, or truth values. Without a
    /// penalty, at `inversePenalty = infinity`, rows whose classes a plane tells apart are a `DomainError`, as is a class
    /// without a row. `Logistic.Fit(x, labels, inversePenalty = 1.0)`
    static member Fit
        (x: Tensor, labels: Tensor, [<Optional; DefaultParameterValue(1.0)>] inversePenalty: float)
        : Logistic =
        let operation = "Logistic.Fit"

        if not (inversePenalty > 0.0) then
            Refuse.domain
                operation
                $"the inverse penalty {string inversePenalty}"
                "above 0; infinity for no penalty"
                "1 is usual"

        let rows = Matrix.rows operation x
        let struct (classes, count) = Matrix.classes operation rows.Length labels
        let scores = if count = 2 then 1 else count
        let width = rows[0].Length + 1
        let struct (w, inverse, information) = LogisticSolver.fit rows classes scores (1.0 / inversePenalty)

        let errors =
            lazy
                (Array.init scores (fun s ->
                    Array.init width (fun c ->
                        let i = s * width + c
                        let along = information |> Array.map (fun line -> Dense.dot line inverse[i])
                        sqrt (Dense.dot inverse[i] along))))

        Logistic(
            inversePenalty,
            Array.init scores (fun s -> Array.sub w (s * width) (width - 1)),
            Array.init scores (fun s -> w[s * width + width - 1]),
            errors
        )

    /// The weights, f64 `[columns; scores]`: one score for two classes, which is that of class 1; else one for each.
    member _.Weights: Tensor = Matrix.tensor scores (Matrix.columns weights)

    /// The bias of each score, f64 `[scores]`.
    member _.Bias: Tensor = Tensor.vector bias

    /// The number of classes.
    member _.Classes = if scores = 1 then 2 else scores

    member private _.ScoresOf(operation: string, x: Tensor) : float[][] =
        Matrix.rowsOf operation columns x
        |> Array.map (fun row -> Array.map2 (fun w b -> Dense.dot w row + b) weights bias)

    /// The scores for inputs `[rows; columns]`, f64 `[rows; scores]`: logits, as classifiers of DL1 have them.
    member this.Logits(x: Tensor) : Tensor = this.ScoresOf("Logistic.Logits", x) |> Matrix.tensor scores

    /// The probability of each class, f64 `[rows; classes]`. `model.Probabilities later`
    member this.Probabilities(x: Tensor) : Tensor =
        this.ScoresOf("Logistic.Probabilities", x)
        |> Array.map (fun z ->
            if scores = 1 then
                [| 1.0 / (1.0 + exp z[0]); 1.0 / (1.0 + exp -z[0]) |]
            else
                let most = Array.max z
                let e = z |> Array.map (fun v -> exp (v - most))
                let total = Array.sum e
                e |> Array.map (fun v -> v / total))
        |> Matrix.tensor this.Classes

    /// The likeliest class of each row, i64 `[rows]`. `model.Predict later`
    member this.Predict(x: Tensor) : Tensor = Classification.ofScores (this.Logits x)

    /// The bias and the weights of a score with their standard errors and confidence intervals, by the normal distribution
    /// (Wald). Without a penalty these are the textbook's; with one they are of the estimates as they are, which are drawn
    /// towards 0. Names are of the columns, in their order. `model.Coefficients(0.95, 0, "age", "bmi")`
    member _.Coefficients
        (
            [<Optional; DefaultParameterValue(0.95)>] level: float,
            [<Optional; DefaultParameterValue(0)>] score: int,
            [<ParamArray>] names: string[]
        ) : IReadOnlyList<Coefficient> =
        let operation = "Logistic.Coefficients"
        Coefficients.requireLevel operation level

        if score < 0 || score >= scores then
            Refuse.domain
                operation
                $"score %d{score} of %d{scores}"
                $"0 to %d{scores - 1}"
                "count scores from 0"

        Coefficients.table
            (Normal.InvCDF(0.0, 1.0, (1.0 + level) / 2.0))
            names
            bias[score]
            weights[score]
            (errors.Force()[score])

    /// The scores as a graph, `[rows; scores]` for inputs `[rows; columns]`.
    member this.Express(x: Expr) : Expr =
        Graphs.require "Logistic" columns x
        Linear.affine (Graphs.matrix x this.Weights) (Graphs.vector x bias) x

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// `logistic regression of 4 columns to 3 classes, inverse penalty 1`.
    override this.ToString() =
        let shown = inversePenalty.ToString("G6", CultureInfo.InvariantCulture)
        $"logistic regression of %d{columns} columns to %d{this.Classes} classes, inverse penalty {shown}"

    member internal this.Display = this.ToString()
