namespace DL1.Pictures

open System
open System.Collections.Generic
open System.Globalization
open System.Text.RegularExpressions
open ScottPlot
open ScottPlot.TickGenerators
open DL1

/// What the axes of a plot are: `Plot` without its series.
type internal Axes =
    {
        Title: string
        XLabel: string
        YLabel: string
        LogX: bool
        LogY: bool
        XLimits: struct (float * float)
        YLimits: struct (float * float)
        IsEqual: bool
        XNames: IReadOnlyList<string>
    }

/// Draws series by ScottPlot: axes that fit, ticks of logarithms, and the legend where nothing is drawn.
[<RequireQualifiedAccess>]
module internal Chart =
    let private superscript (k: int) =
        let digit c = if c = '-' then '⁻' else "⁰¹²³⁴⁵⁶⁷⁸⁹"[int c - int '0']
        String.map digit (string k)

    /// The name of a tick of a logarithmic axis, digit·10ᵏ: with a power of ten, or as a plain number.
    let private logTick (isPlain: bool) (digit: int) (k: int) : string =
        if isPlain then
            let value = float digit * Math.Pow(10.0, float k)
            Math.Round(value, 5).ToString("0.#####", CultureInfo.InvariantCulture)
        else
            (if digit = 1 then "10" else $"%d{digit}·10") + superscript k

    /// Ticks of a logarithmic axis over the given logarithms to base 10: the powers of ten, with 2 and 5 between them
    /// where few powers are in sight. Between 0.001 and 100000 they are plain numbers.
    let private logTicks low high =
        let ticks = NumericManual()
        let every = max 1 (int (ceil ((high - low) / 8.0)))
        let logTick = logTick (low >= -3.0 && high <= 5.0)

        for k in int (floor low) .. int (ceil high) do
            for digit in 1..9 do
                let at = float k + log10 (float digit)

                if at >= low && at <= high then
                    match digit with
                    | 1 when k % every = 0 -> ticks.AddMajor(at, logTick digit k)
                    | 2
                    | 5 when high - low < 2.0 -> ticks.AddMajor(at, logTick digit k)
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

    /// The limits asked for, those of the data where they are NaN, on the scale of the axis.
    let private asked scale (name: string) isLog (struct (low: float, high: float)) (fitting: float * float) =
        if isLog && (low <= 0.0 || high <= 0.0) then
            Refuse.domain
                "Plot"
                $"limits {string low} and {string high} of the logarithmic {name} axis"
                "limits above 0"
                "begin at the least value, or leave the axis linear"

        let or' other v = if Double.IsNaN v then other else scale isLog v
        or' (fst fitting) low, or' (snd fitting) high

    /// One unit of both axes is as long: the limits are widened on the axis that has room.
    let private squared width height (x0, x1) (y0, y1) =
        // What axes and title take, about.
        let across, up = max 40.0 (float width - 90.0), max 40.0 (float height - 100.0)
        let unit = max ((x1 - x0) / across) ((y1 - y0) / up)

        let widen low high pixels =
            let more = (unit * pixels - (high - low)) / 2.0
            low - more, high + more

        widen x0 x1 across, widen y0 y1 up

    /// The number of each series' colour, and whether the legend names it. Bands, dots and lines of one name, but of
    /// different marks, belong together: they have the colour of the first and stand in the legend once. Texts have none.
    let private hues (series: IReadOnlyList<Series>) =
        let kind (s: Series) =
            match s.Mark with
            | Mark.Line -> 0
            | Mark.Dashes -> 1
            | Mark.Dots -> 2
            | Mark.Bars -> 3
            | Mark.Band _ -> 4
            | Mark.Texts _ -> 5

        let leaders = Dictionary<string, struct (int * HashSet<int>)>()
        let mutable next = -1

        [|
            for s in series do
                match leaders.TryGetValue s.Name with
                | _ when kind s = 5 -> -1, false
                | true, struct (hue, kinds) when kinds.Add(kind s) -> hue, false
                | _ ->
                    next <- next + 1

                    if s.Name <> "" then
                        leaders[s.Name] <- struct (next, HashSet [ kind s ])

                    next, s.Name <> ""
        |]

    let private tickNames (names: IReadOnlyList<string>) =
        let ticks = NumericManual()
        names |> Seq.iteri (fun i name -> ticks.AddMajor(float (i + 1), name))
        ticks

    let private measure (text: string) =
        use font = new SkiaSharp.SKFont(Style.typeface.Value, 13f)
        float (font.MeasureText text)

    /// A ScottPlot of the series for a picture of this many pixels, to be disposed by the caller.
    let draw (width: int) (height: int) (axes: Axes) (series: IReadOnlyList<Series>) =
        let plot = Style.axes axes.Title axes.XLabel axes.YLabel
        let scale log v = if log then log10 v else v
        let scaleX, scaleY = scale axes.LogX, scale axes.LogY

        for s in series do
            s.Check()

        if axes.IsEqual && (axes.LogX || axes.LogY) then
            Refuse.domain
                "Plot"
                "equal axes, one of them logarithmic"
                "linear axes"
                "leave out one of the two"

        let curves =
            [
                for s in series ->
                    s, Array.map2 (fun x y -> scaleX x, scaleY y) (Array.ofSeq s.X) (Array.ofSeq s.Y)
            ]

        let ends = List<float * float>()

        for s, points in curves do
            ends.AddRange(points)

            match s.Mark with
            | Mark.Band upTo -> ends.AddRange(Array.mapi (fun i (x, _) -> x, scaleY upTo[i]) points)
            | Mark.Bars ->
                for x, _ in points do
                    if not axes.LogY then
                        ends.Add((x - 0.5, 0.0))
                        ends.Add((x + 0.5, 0.0))
            | Mark.Line
            | Mark.Dashes
            | Mark.Dots
            | Mark.Texts _ -> ()

        let seen =
            [|
                for x, y in ends do
                    if Double.IsFinite x && Double.IsFinite y then
                        x, y
            |]

        let withNames =
            if axes.XNames.Count = 0 then
                Seq.map fst seen
            else
                Seq.append (Seq.map fst seen) [ 0.5; float axes.XNames.Count + 0.5 ]

        let isOfBars = series |> Seq.exists (fun s -> s.Mark = Mark.Bars)

        // Bars stand on their axis.
        let fittingY =
            let low, high = limits (Seq.map snd seen)
            let isAbove = isOfBars && not axes.LogY && seen |> Array.forall (fun (_, y) -> y >= 0.0)
            (if isAbove then 0.0 else low), high

        let x0, x1 = limits withNames |> asked scale "horizontal" axes.LogX axes.XLimits
        let y0, y1 = fittingY |> asked scale "vertical" axes.LogY axes.YLimits

        let (x0, x1), (y0, y1) =
            if axes.IsEqual then
                squared width height (x0, x1) (y0, y1)
            else
                (x0, x1), (y0, y1)

        let obstacles = List<Obstacle>()
        let groups = curves |> List.filter (fun (s, _) -> s.Mark = Mark.Bars) |> List.length
        let mutable group = 0
        let floor' = if axes.LogY then y0 else 0.0

        List.zip curves (List.ofArray (hues series))
        |> List.iter (fun ((s, points), (hue, isNamed)) ->
            let color = if hue < 0 then Style.ink else Style.color hue

            match s.Mark with
            | Mark.Line
            | Mark.Dashes
            | Mark.Dots ->
                runs points
                |> List.iteri (fun j run ->
                    let scatter = plot.Add.Scatter(run, color)
                    scatter.LegendText <- if isNamed && j = 0 then s.Name else ""
                    scatter.LineWidth <- 2.2f
                    scatter.MarkerSize <- if run.Length = 1 then 6f else 0f

                    scatter.LinePattern <-
                        // Dashes of no length are an error message of the library that writes SVG.
                        if run.Length = 1 then LinePattern.Solid
                        elif s.Mark = Mark.Dashes then Style.dashes hue
                        else Style.line hue

                    if s.Mark = Mark.Dots then
                        scatter.LineWidth <- 0f
                        scatter.MarkerShape <- Style.shape hue
                        scatter.MarkerSize <- if points.Length > 500 then 4f else 6f
                        scatter.MarkerFillColor <- color.WithAlpha 0.55
                        obstacles.AddRange(run |> Array.map (fun c -> Obstacle.Spot(c, 4.0)))
                    elif run.Length = 1 then
                        obstacles.Add(Obstacle.Spot(run[0], 4.0))
                    else
                        obstacles.Add(Obstacle.Way run))
            | Mark.Bars ->
                let each = 0.8 / float groups
                let shift = each * (float group - float (groups - 1) / 2.0)
                group <- group + 1

                let bars =
                    [|
                        for x, y in points do
                            if Double.IsFinite x && Double.IsFinite y then
                                let bar = ScottPlot.Bar()
                                bar.Position <- x + shift
                                bar.Value <- y
                                bar.ValueBase <- floor'
                                bar.Size <- 0.94 * each
                                bar.FillColor <- color
                                bar.LineWidth <- 0f
                                obstacles.Add(Obstacle.Block bar.Rect)
                                bar
                    |]

                let drawn = plot.Add.Bars bars
                drawn.LegendText <- if isNamed then s.Name else ""
            | Mark.Band upTo ->
                let whole =
                    runs (
                        points
                        |> Array.mapi (fun i (x, y) ->
                            x, (if Double.IsFinite(scaleY upTo[i]) then y else nan))
                    )

                let above =
                    dict (Seq.distinctBy fst [ for i, (x, _) in Array.indexed points -> x, scaleY upTo[i] ])

                whole
                |> List.iteri (fun j run ->
                    let top = run |> Array.map (fun c -> Coordinates(c.X, above[c.X]))

                    let band =
                        plot.Add.FillY(run |> Array.map _.X, run |> Array.map _.Y, top |> Array.map _.Y)

                    band.FillColor <- color.WithAlpha 0.22
                    band.LineWidth <- 0f
                    band.MarkerSize <- 0f
                    band.LegendText <- if isNamed && j = 0 then s.Name else ""

                    for a, b in Seq.pairwise (Seq.zip run top) do
                        let all = [ fst a; snd a; fst b; snd b ]
                        let ys = all |> List.map _.Y

                        obstacles.Add(
                            Obstacle.Block(CoordinateRect((fst a).X, (fst b).X, List.min ys, List.max ys))
                        ))
            | Mark.Texts texts ->
                points
                |> Array.iteri (fun i (x, y) ->
                    if Double.IsFinite x && Double.IsFinite y then
                        // What stands far right is written to the left, so that it is not cut.
                        let isRight = x > x0 + 0.75 * (x1 - x0)
                        let text = plot.Add.Text(texts[i], x, y)
                        text.LabelFontSize <- 12f
                        text.LabelFontColor <- Style.ink

                        // And what stands at the top is written below its point.
                        let isTop = y > y1 - 24.0 / float height * (y1 - y0)

                        text.Alignment <-
                            match isRight, isTop with
                            | true, true -> Alignment.UpperRight
                            | true, false -> Alignment.LowerRight
                            | false, true -> Alignment.UpperLeft
                            | false, false -> Alignment.LowerLeft

                        text.OffsetX <- if isRight then -5f else 5f
                        text.OffsetY <- if isTop then 3f else -3f
                        let wide = 10.0 + measure texts[i]
                        obstacles.Add(Obstacle.Words(Coordinates(x, y), (if isRight then -wide else wide)))))

        plot.Axes.SetLimits(x0, x1, y0, y1)

        if axes.XNames.Count > 0 then
            plot.Axes.Bottom.TickGenerator <- tickNames axes.XNames
            plot.Axes.Bottom.MajorTickStyle.Length <- 0f
            plot.Grid.XAxisStyle.IsVisible <- false

            // Names that would touch are turned.
            let room = (float width - 90.0) / (x1 - x0)

            if axes.XNames |> Seq.exists (fun name -> measure name + 8.0 > room) then
                plot.Axes.Bottom.TickLabelStyle.Rotation <- -45f
                plot.Axes.Bottom.TickLabelStyle.Alignment <- Alignment.UpperRight
                // The first names reach to the left of their axis.
                let outside =
                    axes.XNames
                    |> Seq.mapi (fun i name -> 0.75 * measure name - room * (float (i + 1) - x0))
                    |> Seq.max

                plot.Axes.Left.MinimumSize <- float32 (max 0.0 (outside + 14.0))
                let longest = axes.XNames |> Seq.map measure |> Seq.max
                plot.Axes.Bottom.MinimumSize <- float32 (0.72 * longest + 40.0)
        elif axes.LogX then
            plot.Axes.Bottom.TickGenerator <- logTicks x0 x1

        if axes.LogY then
            plot.Axes.Left.TickGenerator <- logTicks y0 y1

        if plot.Legend.GetItems().Length > 0 then
            Legends.place width height axes.IsEqual (List.ofSeq obstacles) plot
        else
            plot.HideLegend() |> ignore

        plot

    let checkSize operation width height =
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
