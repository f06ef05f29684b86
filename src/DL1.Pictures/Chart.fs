namespace DL1.Pictures

open System
open System.Collections.Generic
open System.Text.RegularExpressions
open ScottPlot
open ScottPlot.TickGenerators
open DL1

/// Draws series by ScottPlot: axes that fit, ticks of logarithms, and the legend where fewest points are.
[<RequireQualifiedAccess>]
module internal Chart =
    let private superscript (k: int) =
        let digit c = if c = '-' then '⁻' else "⁰¹²³⁴⁵⁶⁷⁸⁹"[int c - int '0']
        String.map digit (string k)

    /// Ticks of a logarithmic axis over the given logarithms to base 10: the powers of ten, with 2 and 5 between them
    /// where few powers are in sight.
    let private logTicks low high =
        let ticks = NumericManual()
        let every = max 1 (int (ceil ((high - low) / 8.0)))

        for k in int (floor low) .. int (ceil high) do
            for digit in 1..9 do
                let at = float k + log10 (float digit)

                if at >= low && at <= high then
                    match digit with
                    | 1 when k % every = 0 -> ticks.AddMajor(at, "10" + superscript k)
                    | 2
                    | 5 when high - low < 2.0 -> ticks.AddMajor(at, $"%d{digit}·10{superscript k}")
                    | _ when every = 1 -> ticks.AddMinor at
                    | _ -> ()

        ticks

    /// The limits of an axis: the finite values with a margin.
    let private limits (values: seq<float>) =
        let mutable low, high = infinity, -infinity

        for v in values do
            low <- min low v
            high <- max high v

        if low > high then
            0.0, 1.0
        else
            let margin = if high > low then 0.04 * (high - low) else max 0.5 (0.1 * abs low)
            low - margin, high + margin

    /// The corner with the fewest points, preferring the upper right.
    let private freeCorner (x0, x1) (y0, y1) (points: seq<float * float>) =
        let corners =
            [
                Alignment.UpperRight, 1.0, 1.0
                Alignment.UpperLeft, 0.0, 1.0
                Alignment.LowerRight, 1.0, 0.0
                Alignment.LowerLeft, 0.0, 0.0
            ]

        let scaled = [| for x, y in points -> (x - x0) / (x1 - x0), (y - y0) / (y1 - y0) |]

        let crowd (_, cx, cy) =
            scaled |> Array.sumBy (fun (x, y) -> if abs (x - cx) < 0.4 && abs (y - cy) < 0.35 then 1 else 0)

        let corner, _, _ = List.minBy crowd corners
        corner

    /// The runs of points that follow each other without a gap.
    let private runs (points: (float * float)[]) =
        let finite (x, y) = Double.IsFinite x && Double.IsFinite y

        [
            let run = List<Coordinates>()

            for point in points do
                if finite point then
                    run.Add(Coordinates(fst point, snd point))
                elif run.Count > 0 then
                    yield run.ToArray()
                    run.Clear()

            if run.Count > 0 then
                yield run.ToArray()
        ]

    /// A ScottPlot of the series, to be disposed by the caller.
    let draw title xLabel yLabel logX logY (series: IReadOnlyList<Series>) =
        let plot = Style.axes title xLabel yLabel
        let scale log v = if log then log10 v else v

        for s in series do
            if s.X.Count <> s.Y.Count then
                Refuse.shape
                    "Plot"
                    $"%d{s.X.Count} x and %d{s.Y.Count} y of the series '{s.Name}'"
                    "as many y as x"
                    "give an x for each y"

        let curves =
            [
                for s in series ->
                    s, Array.map2 (fun x y -> scale logX x, scale logY y) (Array.ofSeq s.X) (Array.ofSeq s.Y)
            ]

        let seen =
            [|
                for _, points in curves do
                    for run in runs points do
                        for c in run -> c.X, c.Y
            |]

        let x0, x1 = limits (Seq.map fst seen)
        let y0, y1 = limits (Seq.map snd seen)

        curves
        |> List.iteri (fun i (s, points) ->
            runs points
            |> List.iteri (fun j run ->
                let scatter = plot.Add.Scatter(run, Style.color i)
                scatter.LegendText <- if j = 0 then s.Name else ""
                scatter.LineWidth <- 2.2f
                scatter.MarkerSize <- if run.Length = 1 then 6f else 0f

                match s.Mark with
                | Mark.Line -> scatter.LinePattern <- Style.line i
                | Mark.Dashes -> scatter.LinePattern <- Style.dashes i
                | Mark.Dots ->
                    scatter.LineWidth <- 0f
                    scatter.MarkerShape <- Style.shape i
                    scatter.MarkerSize <- if points.Length > 500 then 4f else 6f
                    scatter.MarkerFillColor <- (Style.color i).WithAlpha 0.55))

        plot.Axes.SetLimits(x0, x1, y0, y1)

        if logX then
            plot.Axes.Bottom.TickGenerator <- logTicks x0 x1

        if logY then
            plot.Axes.Left.TickGenerator <- logTicks y0 y1

        if series |> Seq.exists (fun s -> s.Name <> "") then
            plot.ShowLegend(freeCorner (x0, x1) (y0, y1) seen) |> ignore
        else
            plot.HideLegend() |> ignore

        plot

    let private checkSize operation width height =
        if width < 80 || height < 60 || width > 20000 || height > 20000 then
            Refuse.domain
                operation
                $"a picture of %d{width} by %d{height} pixels"
                "from 80 by 60 to 20000 by 20000 pixels"
                "800 by 480, which fits a page"

    let png width height (plot: ScottPlot.Plot) =
        checkSize "Plot.png" width height
        Style.invariant (fun () -> plot.GetImageBytes(width, height, ImageFormat.Png))

    /// Skia writes the place of each letter for its own font: the first place alone lets another font set the word
    /// where DejaVu Sans is missing. The view box lets a page scale the picture. Its ids are counted over all pictures
    /// of a process: counted anew, the same picture has the same text.
    let readable width height (svg: string) =
        let text = Regex.Replace(svg, "( [xy])=\"([^\",]+),[^\"]*\"", "$1=\"$2\"")
        let text = Regex.Replace(text, ">\\s*([^<>]*?)\\s*</text>", ">$1</text>")

        let ids = Regex.Matches(text, "\\bid=\"([^\"]+)\"") |> Seq.map _.Groups[1].Value |> Seq.distinct

        let numbers = dict [ for i, id in Seq.indexed ids -> id, $"p%d{i}" ]

        let renamed (m: Match) =
            match numbers.TryGetValue m.Groups[2].Value with
            | true, name -> m.Groups[1].Value + name
            | _ -> m.Value

        let text = Regex.Replace(text, "(\\bid=\"|url\\(#|href=\"#)([^\")]+)", renamed)

        text
            .Replace(
                $"font-family=\"{Style.fontName}\"",
                $"font-family=\"{Style.fontName}, Verdana, sans-serif\""
            )
            .Replace($"width=\"%d{width}\" height=\"%d{height}\">", $"viewBox=\"0 0 %d{width} %d{height}\">")

    let svg width height (plot: ScottPlot.Plot) =
        checkSize "Plot.svg" width height
        readable width height (Style.invariant (fun () -> plot.GetSvgXml(width, height)))
