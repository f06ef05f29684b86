namespace DL1.Pictures

open System
open System.Runtime.InteropServices
open DL1
open SkiaSharp

/// Where a classifier of two features takes a point for which class: the plane in the colours of the classes, and the
/// samples as points. Where a row of scores is made of probabilities, the colour is the stronger, the surer the class is.
///
/// <example><code>
/// DecisionRegions.Of(points, labels, fitted.Trained, [ "low"; "high" ], "x", "y").Png 780
/// </code>
/// In C#: <code>
/// byte[] png = DecisionRegions.Of(points, labels, x => classify(x), names: ["low", "high"]).Png(780);
/// </code></example>
[<AbstractClass; Sealed>]
type DecisionRegions =
    /// The class and how sure it is, row by row of scores `[rows; classes]`, or of the probability of class 1.
    static member private Classes(operation, rows: int, scores: Tensor) : struct (int * float)[] =
        let values = Tensor.toFloats scores

        let classes =
            match scores.Shape.ToList() with
            | [ n ] when n = rows -> 1
            | [ n; c ] when n = rows && c > 0 -> c
            | _ ->
                Refuse.shape
                    operation
                    $"scores {scores.DType} {scores.Shape} of %d{rows} points"
                    $"[%d{rows}; classes], or [%d{rows}] for the probability of the class 1"
                    "give each point a score for each class"

        if Array.exists Double.IsNaN values then
            Refuse.domain
                operation
                "scores that are not numbers"
                "a number for each"
                "look for what made them"

        Array.init rows (fun row ->
            if classes = 1 then
                let p = values[row]
                struct ((if p >= 0.5 then 1 else 0), 2.0 * abs (max 0.0 (min 1.0 p) - 0.5))
            else
                let mine = Array.sub values (row * classes) classes
                let best = Array.findIndex ((=) (Array.max mine)) mine

                let isProbability =
                    Array.forall (fun v -> v >= 0.0) mine && abs (Array.sum mine - 1.0) < 1e-3

                let least = 1.0 / float classes
                struct (best, (if isProbability then (mine[best] - least) / (1.0 - least) else 1.0)))

    /// The figure of samples `[rows; 2]` with their classes `[rows]`, from 0, and of a function from points `[n; 2]`, f32
    /// or f64 as the samples are, to scores `[n; classes]` (the greatest says the class), or to the probability of the
    /// class 1, `[n]` or `[n; 1]`. Refuses other shapes with a `ShapeError`, no sample with a `DomainError`.
    /// `DecisionRegions.Of(points, labels, fun x -> Trained.predict x trained)`
    static member Of
        (
            points: Tensor,
            labels: Tensor,
            scores: Func<Tensor, Tensor>,
            [<Optional; DefaultParameterValue(null: seq<string> | null)>] names: seq<string> | null,
            [<Optional; DefaultParameterValue("x₁")>] xLabel: string,
            [<Optional; DefaultParameterValue("x₂")>] yLabel: string
        ) : Figure =
        let operation = "DecisionRegions.Of"

        if points.Rank <> 2 || points.Shape[1] <> 2 || not points.DType.IsFloat then
            Refuse.shape
                operation
                $"points {points.DType} {points.Shape}"
                "[rows; 2] of f32 or f64"
                "choose two features, or project on two"

        let rows = points.Shape[0]

        if labels.Size <> rows || not labels.DType.IsInteger then
            Refuse.shape
                operation
                $"labels {labels.DType} {labels.Shape} of %d{rows} points"
                $"[%d{rows}] of i32 or i64"
                "give each point its class, from 0"

        let xy = Tensor.toFloats points
        let classOf = Tensor.toFloats labels |> Array.map int

        if rows = 0 || not (Array.forall Double.IsFinite xy) || Array.min classOf < 0 then
            Refuse.domain
                operation
                $"%d{rows} points"
                "one finite point at least, with classes from 0"
                "drop the rows with missing values"

        let column c = Array.init rows (fun row -> xy[2 * row + c])

        let range (v: float[]) =
            let low, high = Array.min v, Array.max v
            let margin = if high > low then 0.08 * (high - low) else 1.0
            low - margin, high + margin

        let x0, x1 = range (column 0)
        let y0, y1 = range (column 1)
        let across = 200

        let grid =
            Array.init (2 * across * across) (fun i ->
                let cell = i / 2
                let along from upTo k = from + (upTo - from) * (float k + 0.5) / float across

                if i % 2 = 0 then along x0 x1 (cell % across) else along y1 y0 (cell / across))

        let inputs = Tensor.ofArray [ across * across; 2 ] grid |> Tensor.cast points.DType
        let found = DecisionRegions.Classes(operation, across * across, scores.Invoke inputs)
        let classes = 1 + max (Array.max classOf) (found |> Seq.map (fun (struct (c, _)) -> c) |> Seq.max)
        let names = Names.orNumbers operation "classes" classes names

        let tinted (struct (c, sure: float)) =
            let color = Style.color c
            let part = 0.12 + 0.28 * sure
            let mix (v: byte) = byte (round (255.0 + (float v - 255.0) * part))
            SKColor(mix color.R, mix color.G, mix color.B)

        let png = Shade.image across across 4 (fun row column -> tinted found[row * across + column])

        Figure.OfAxes(fun title width height ->
            let plot = Style.axes title xLabel yLabel
            plot.Add.ImageRect(new ScottPlot.Image(png), ScottPlot.CoordinateRect(x0, x1, y0, y1)) |> ignore

            for c in 0 .. classes - 1 do
                let mine = [| 0 .. rows - 1 |] |> Array.filter (fun row -> classOf[row] = c)

                if mine.Length > 0 then
                    let at =
                        mine |> Array.map (fun row -> ScottPlot.Coordinates(xy[2 * row], xy[2 * row + 1]))

                    let scatter = plot.Add.Scatter(at, Style.color c)
                    scatter.LineWidth <- 0f
                    scatter.MarkerShape <- Style.shape c
                    scatter.MarkerSize <- if rows > 500 then 5f else 7f
                    scatter.MarkerLineColor <- ScottPlot.Colors.White
                    scatter.MarkerLineWidth <- 1f
                    scatter.LegendText <- names[c]

            let obstacles =
                [
                    for row in 0 .. rows - 1 ->
                        Obstacle.Spot(ScottPlot.Coordinates(xy[2 * row], xy[2 * row + 1]), 5.0)
                ]

            plot.HideGrid()
            plot.Axes.SetLimits(x0, x1, y0, y1)
            Legends.place width height false obstacles plot
            plot)

    /// The same of a trained model, whose outputs are scores `[n; classes]`:
    /// `DecisionRegions.Of(points, labels, trained)`.
    static member Of
        (
            points: Tensor,
            labels: Tensor,
            trained: Trained,
            [<Optional; DefaultParameterValue(null: seq<string> | null)>] names: seq<string> | null,
            [<Optional; DefaultParameterValue("x₁")>] xLabel: string,
            [<Optional; DefaultParameterValue("x₂")>] yLabel: string
        ) : Figure =
        DecisionRegions.Of(points, labels, (fun x -> trained.Predict(x, 4096)), names, xLabel, yLabel)
