namespace DL1.Pictures

open System
open DL1

/// What a model of numbers has learnt: samples with the fitted curve, and predictions against what they should be.
///
/// <example><code>
/// Fits.Curve(xs, ys, fun x -> 2.0 * x + 1.0).Labels("dose", "response").Png(800, 480)
/// Fits.Curve(x, y, trained)
/// </code>
/// In C#: <code>
/// byte[] png = Fits.Curve(xs, ys, x => 2 * x + 1).Png(800, 480);
/// </code></example>
[<AbstractClass; Sealed>]
type Fits =
    static member private Numbers(operation, name: string, t: Tensor) =
        if t.Rank > 2 || (t.Rank = 2 && t.Shape[1] <> 1) then
            Refuse.shape
                operation
                $"{name}: {t.DType} {t.Shape}"
                "one number for each row, [rows] or [rows; 1]"
                "take one column"

        Tensor.toFloats t

    static member private Range(operation, x: float[]) =
        if x.Length = 0 || not (Array.forall Double.IsFinite x) then
            let missing = x |> Array.filter (Double.IsFinite >> not) |> Array.length

            Refuse.domain
                operation
                $"%d{x.Length} samples, %d{missing} of them with an x that is no finite number"
                "one sample at least, and finite x"
                "drop the rows with missing values"

        let low, high = Array.min x, Array.max x
        let margin = if high > low then 0.03 * (high - low) else 1.0
        Array.init 201 (fun i -> low - margin + (high - low + 2.0 * margin) * float i / 200.0)

    /// Samples as points, and a function as a curve over their range: `Fits.Curve(xs, ys, fun x -> 2.0 * x)`. Refuses
    /// different numbers of x and y with a `ShapeError`, and none with a `DomainError`.
    static member Curve(x: seq<float>, y: seq<float>, f: Func<float, float>) : Plot =
        let x, y = Array.ofSeq x, Array.ofSeq y
        let grid = Fits.Range("Fits.Curve", x)

        Plot
            .Titled("Fit")
            .Labels("x", "y")
            .Dots("samples", x, y)
            .Line("fit", grid, grid |> Array.map f.Invoke)

    /// Samples of one feature, x and y of `[rows]` or `[rows; 1]`, and what a trained model makes of them:
    /// `Fits.Curve(x, y, trained)`.
    static member Curve(x: Tensor, y: Tensor, trained: Trained) : Plot =
        let operation = "Fits.Curve"
        let xs, ys = Fits.Numbers(operation, "x", x), Fits.Numbers(operation, "y", y)
        let grid = Fits.Range(operation, xs)
        let dims = if x.Rank = 2 then [ grid.Length; 1 ] else [ grid.Length ]
        let inputs = Tensor.ofArray dims grid |> Tensor.cast x.DType
        let outputs = Fits.Numbers(operation, "the model's output", trained.Predict(inputs, 256))
        Plot.Titled("Fit").Labels("x", "y").Dots("samples", xs, ys).Line("fit", grid, outputs)

    /// Predictions over targets, both `[rows]` or `[rows; 1]`, with the line on which they would agree:
    /// `Fits.Predictions(target, predicted)`.
    static member Predictions(target: Tensor, predicted: Tensor) : Plot =
        let operation = "Fits.Predictions"
        let t = Fits.Numbers(operation, "target", target)
        let p = Fits.Numbers(operation, "predicted", predicted)
        Fits.Range(operation, t) |> ignore
        let ends = [| Array.min t; Array.max t |]

        Plot
            .Titled("Predictions")
            .Labels("target", "prediction")
            .Dots("rows", t, p)
            .Dashes("target = prediction", ends, ends)

/// Curves of a classifier's rates over the threshold of its score.
///
/// <example><code>
/// ScoreCurves.Roc(target, score).Png(600, 600)
/// ScoreCurves.Roc([ struct ("forest", Binary.roc target forest); struct ("network", Binary.roc target network) ])
/// </code>
/// In C#: <code>
/// byte[] png = ScoreCurves.PrecisionRecall(target, score).Png(600, 600);
/// </code></example>
[<AbstractClass; Sealed>]
type ScoreCurves =
    static member private Named(name: string, symbol: string, area: float) =
        let value = area.ToString("0.000", Globalization.CultureInfo.InvariantCulture)
        if name = "" then $"{symbol} {value}" else $"{name}, {symbol} {value}"

    /// The receiver's operating characteristic of named classifiers, with the area under each; the dashed line is
    /// guessing. `ScoreCurves.Roc([("network", curve)])`
    static member Roc(curves: seq<struct (string * Curve)>) : Plot =
        let empty = Plot.Titled("ROC").Labels("false positive rate", "true positive rate")

        (empty, Refuse.nulls "curves" curves)
        ||> Seq.fold (fun plot (struct (name, curve)) ->
            plot.Line(ScoreCurves.Named(name, "AUC", Binary.area curve), curve.X, curve.Y))
        |> fun plot -> plot.Dashes("chance", [ 0.0; 1.0 ], [ 0.0; 1.0 ])

    /// The receiver's operating characteristic of scores, both `[rows]`; targets are truth values or 0 and 1, of both
    /// classes: `ScoreCurves.Roc(target, score)`.
    static member Roc(target: Tensor, score: Tensor) : Plot =
        ScoreCurves.Roc [ struct ("", Binary.roc target score) ]

    /// Precision over recall of scores, both `[rows]`, with the average precision; the dashed line is the part of rows
    /// that are positive, which guessing reaches. `ScoreCurves.PrecisionRecall(target, score)`
    static member PrecisionRecall(target: Tensor, score: Tensor) : Plot =
        let curve = Binary.precisionRecall target score
        let chance = Tensor.toFloats target |> Array.average
        let name = ScoreCurves.Named("", "average precision", Binary.averagePrecision target score)

        Plot
            .Titled("Precision and recall")
            .Labels("recall", "precision")
            .Line(name, curve.X, curve.Y)
            .Dashes("chance", [ 0.0; 1.0 ], [ chance; chance ])

    /// How often classifiers are right beside how sure they say they are: predicted probabilities across, the observed part of
    /// positive rows up, for each bin; on the dashed line they agree. Refuses values beyond 0 and 1, and curves without a
    /// point, with a `DomainError`. `ScoreCurves.Calibration([("network", curve)])`
    static member Calibration(curves: seq<struct (string * Curve)>) : Plot =
        let operation = "ScoreCurves.Calibration"
        let curves = Refuse.nulls "curves" curves

        for struct (name, curve) in curves do
            let isPart v = v >= 0.0 && v <= 1.0

            if curve.X.IsEmpty || not (List.forall isPart curve.X && List.forall isPart curve.Y) then
                Refuse.domain
                    operation
                    $"the curve '{name}' of {curve}"
                    "frequencies from 0 to 1, of one bin at least"
                    "leave out empty bins, and give probabilities rather than logits"

        let empty =
            Plot
                .Titled("Calibration")
                .Labels("predicted probability", "observed frequency")
                .WithEqualAxes()
                .WithXLimits(-0.03, 1.03)
                .WithYLimits(-0.03, 1.03)
                .Dashes("perfect", [ 0.0; 1.0 ], [ 0.0; 1.0 ])

        (empty, curves)
        ||> Array.fold (fun plot (struct (name, curve)) ->
            let named = plot.Line(name, curve.X, curve.Y)
            // The bins themselves, in the colour of their line.
            named.Dots(name, curve.X, curve.Y))

    /// The same of one classifier, from the mean probability and the observed frequency of each bin. Refuses different
    /// numbers of them with a `ShapeError`. `ScoreCurves.Calibration(predicted, observed)`
    static member Calibration(predicted: seq<float>, observed: seq<float>) : Plot =
        let x, y = List.ofSeq predicted, List.ofSeq observed

        if x.Length <> y.Length then
            Refuse.shape
                "ScoreCurves.Calibration"
                $"%d{x.Length} predicted and %d{y.Length} observed frequencies"
                "one of each for each bin"
                "check how the two were collected"

        ScoreCurves.Calibration [ struct ("classifier", { Thresholds = []; X = x; Y = y }) ]
