namespace DL1.Pictures

open System.Collections.Generic
open DL1
open SkiaSharp

/// Draws trails over a backdrop.
[<RequireQualifiedAccess>]
module internal Overlay =
    let private color i =
        let c = Style.color i
        SKColor(c.R, c.G, c.B)

    /// Colours that stand out from the heights: the palette's first is too near to them.
    let private trailColors = [| 1; 6; 3; 4; 2; 5 |]

    /// After these come their darker and lighter forms.
    let private trailColor i =
        color (trailColors[i % trailColors.Length] + Style.hues * (i / trailColors.Length))

    let backdrop view width height surface =
        if width < 200 || height < 150 || width > 8000 || height > 8000 then
            Refuse.domain
                "DescentPicture"
                $"a picture of %d{width} by %d{height} pixels"
                "from 200 by 150 to 8000 by 8000 pixels"
                "640 by 480"

        match view with
        | View.Map -> Map.draw width height surface
        | View.Landscape -> Landscape.draw width height surface

    /// Segments of about the given length in pixels; not too many where a descent has left the picture by far.
    let private partsOf (a: SKPoint) (b: SKPoint) (size: float32) =
        1 + int (min 1000f (SKPoint.Distance(a, b) / size))

    /// The pixels that a trail runs through, one or two apart: a long stride follows the surface.
    let private pixels (backdrop: Backdrop) (trail: Trail) =
        let all = HashSet<struct (int * int)>()

        let mark x y =
            let p = backdrop.Place x y
            all.Add(struct (int p.X, int p.Y)) |> ignore

        let struct (x, y) = trail.Points[0]
        mark x y

        for struct (x0, y0), struct (x1, y1) in Seq.pairwise trail.Points do
            let parts = partsOf (backdrop.Place x0 y0) (backdrop.Place x1 y1) 1.5f

            for part in 1..parts do
                let t = float part / float parts
                mark (x0 + (x1 - x0) * t) (y0 + (y1 - y0) * t)

        all

    /// How much wider each trail is drawn, so that it looks out below later ones that run along more than half of it.
    let margins (backdrop: Backdrop) (trails: Trail[]) : float32[] =
        let runs = trails |> Array.map (pixels backdrop)

        let along (later: HashSet<struct (int * int)>) (earlier: HashSet<struct (int * int)>) =
            let near (struct (x, y)) =
                Seq.exists (fun k -> later.Contains(struct (x + k % 3 - 1, y + k / 3 - 1))) (seq { 0..8 })

            2 * (earlier |> Seq.filter near |> Seq.length) > earlier.Count

        runs
        |> Array.mapi (fun i run ->
            runs[i + 1 ..] |> Array.sumBy (fun later -> if along later run then 3.4f else 0f))

    let private stroke (color: SKColor) width =
        new SKPaint(
            IsAntialias = true,
            IsStroke = true,
            StrokeWidth = width,
            Color = color,
            StrokeJoin = SKStrokeJoin.Round,
            StrokeCap = SKStrokeCap.Round
        )

    /// The way of a trail up to a number of its points, in sight and behind a hill; to be disposed by the caller.
    let private way (backdrop: Backdrop) (trail: Trail) count : struct (SKPath * SKPath) =
        let points = trail.Points

        // A long stride is drawn along the surface, not through a hill.
        let pieces =
            [|
                for k in 1 .. count - 1 do
                    let struct (x0, y0) = points[k - 1]
                    let struct (x1, y1) = points[k]
                    let a, b = backdrop.Place x0 y0, backdrop.Place x1 y1
                    let parts = partsOf a b 8f

                    for part in 1..parts do
                        let at t = x0 + (x1 - x0) * t, y0 + (y1 - y0) * t
                        let fx, fy = at (float (part - 1) / float parts)
                        let tx, ty = at (float part / float parts)
                        backdrop.InSight tx ty, backdrop.Place fx fy, backdrop.Place tx ty
            |]

        let seen, unseen = new SKPath(), new SKPath()

        for inSight, a, b in pieces do
            let target = if inSight then seen else unseen

            if target.IsEmpty || target.LastPoint <> a then
                target.MoveTo a

            target.LineTo b

        struct (seen, unseen)

    /// The trails up to a number of points: all casings first, so that each trail stands out from any height and none
    /// is cut by the casing of a later one.
    let private drawTrails
        (canvas: SKCanvas)
        (backdrop: Backdrop)
        (trails: Trail[])
        (margins: float32[])
        count
        =
        let counts = trails |> Array.map (fun t -> min count t.Points.Count)
        let ways = Array.map2 (way backdrop) trails counts

        for i, struct (seen, unseen) in Array.indexed ways do
            use hidden = stroke ((trailColor i).WithAlpha 80uy) (1.6f + margins[i])
            use casing = stroke (SKColors.White.WithAlpha 190uy) (5f + margins[i])
            canvas.DrawPath(unseen, hidden)
            canvas.DrawPath(seen, casing)

        for i, struct (seen, unseen) in Array.indexed ways do
            use line = stroke (trailColor i) (2.6f + margins[i])
            canvas.DrawPath(seen, line)
            seen.Dispose()
            unseen.Dispose()

        use white = new SKPaint(IsAntialias = true, Color = SKColors.White)

        trails
        |> Array.iteri (fun i trail ->
            use dot = new SKPaint(IsAntialias = true, Color = trailColor i)

            let disc (struct (x, y)) (radius: float32) =
                let radius = radius + margins[i] / 2f
                canvas.DrawCircle(backdrop.Place x y, radius + 1.6f, white)
                canvas.DrawCircle(backdrop.Place x y, radius, dot)

            disc trail.Points[0] 3f
            disc trail.Points[counts[i] - 1] 5.8f)

    /// The names with their colours, in the corner where fewest points are.
    let private drawLegend (canvas: SKCanvas) (backdrop: Backdrop) (trails: Trail[]) (note: string) =
        use font = new SKFont(Style.typeface.Value, 14f)
        use ink = new SKPaint(IsAntialias = true, Color = SKColor(0x33uy, 0x33uy, 0x33uy))
        use paper = new SKPaint(IsAntialias = true, Color = SKColors.White.WithAlpha 215uy)
        let rows = [| for p in trails -> p.Name |]
        let all = if note = "" then rows else Array.append rows [| note |]
        let width = 44f + (all |> Array.map (fun (t: string) -> font.MeasureText t) |> Array.max)
        let width = if note = "" then width else max width 130f
        let height = 12f + 21f * float32 all.Length
        let data = backdrop.Data

        let corners =
            [
                SKRect.Create(data.Right - width - 8f, data.Top + 8f, width, height)
                SKRect.Create(data.Left + 8f, data.Top + 8f, width, height)
                SKRect.Create(data.Right - width - 8f, data.Bottom - height - 8f, width, height)
                SKRect.Create(data.Left + 8f, data.Bottom - height - 8f, width, height)
            ]

        let crowd (box: SKRect) =
            let near = SKRect.Inflate(box, 12f, 12f)

            trails
            |> Array.sumBy (fun p ->
                p.Points
                |> Seq.sumBy (fun (struct (x, y)) -> if near.Contains(backdrop.Place x y) then 1 else 0))

        let box = List.minBy crowd corners
        canvas.DrawRoundRect(box, 5f, 5f, paper)

        all
        |> Array.iteri (fun i text ->
            let y = box.Top + 21f + 21f * float32 i

            if i < rows.Length then
                use dot =
                    new SKPaint(
                        IsAntialias = true,
                        IsStroke = true,
                        StrokeWidth = 3.2f,
                        Color = trailColor i
                    )

                canvas.DrawLine(box.Left + 9f, y - 5f, box.Left + 28f, y - 5f, dot)
                canvas.DrawText(text, box.Left + 35f, y, SKTextAlign.Left, font, ink)
            else
                canvas.DrawText(text, box.Left + 9f, y, SKTextAlign.Left, font, ink))

    /// The backdrop with each trail up to a number of its points.
    let draw (canvas: SKCanvas) (backdrop: Backdrop) (trails: Trail[]) (margins: float32[]) count note =
        canvas.DrawBitmap(backdrop.Bitmap, 0f, 0f)
        drawTrails canvas backdrop trails margins count

        if trails.Length > 0 then
            drawLegend canvas backdrop trails note

/// Pictures of optimizers that descend a surface.
[<RequireQualifiedAccess>]
module DescentPicture =
    /// The whole trails over the surface, as a PNG; a dot marks the start, a larger one the end of each.
    ///
    /// <example><code>
    /// Surface.HillsAndBasins |> DescentPicture.png View.Map 640 480 [ Trail.Of("SGD", points) ]
    /// </code>
    /// In C#: <code>
    /// byte[] png = DescentPicture.Png(View.Landscape, 640, 480, [Trail.Of("SGD", points)], Surface.HillsAndBasins);
    /// </code></example>
    [<CompiledName "Png">]
    let png (view: View) (width: int) (height: int) (trails: seq<Trail>) (surface: Surface) : byte[] =
        let trails = Refuse.nulls "trails" trails
        use backdrop = Overlay.backdrop view width height surface
        let margins = Overlay.margins backdrop trails
        use bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Premul)
        use canvas = new SKCanvas(bitmap)
        Overlay.draw canvas backdrop trails margins System.Int32.MaxValue ""
        use data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
        data.ToArray()

    /// The same as the text of an SVG, the surface an image within it: `DescentPicture.svg View.Map 640 480 trails`.
    [<CompiledName "Svg">]
    let svg (view: View) (width: int) (height: int) (trails: seq<Trail>) (surface: Surface) : string =
        let trails = Refuse.nulls "trails" trails
        use backdrop = Overlay.backdrop view width height surface
        let margins = Overlay.margins backdrop trails
        use stream = new System.IO.MemoryStream()
        let canvas = SKSvgCanvas.Create(SKRect.Create(float32 width, float32 height), stream)
        Overlay.draw canvas backdrop trails margins System.Int32.MaxValue ""
        // The end of the text is written when the canvas is given up.
        canvas.Dispose()
        let text = Chart.readable width height (System.Text.Encoding.UTF8.GetString(stream.ToArray()))
        // The title above is a part of the image: this one is for those who cannot see it.
        let opening = text.IndexOf('>', text.IndexOf("<svg", System.StringComparison.Ordinal)) + 1
        text.Insert(opening, $"<title>{Scene.escape surface.Title}</title>")

    /// The same as a figure, three quarters as high as wide, for reports: `DescentPicture.figure View.Map trails`.
    [<CompiledName "Figure">]
    let figure (view: View) (trails: seq<Trail>) (surface: Surface) : Figure =
        let trails = Refuse.nulls "trails" trails

        let titled title width =
            let shown = if title = "" then surface.Title else title
            surface.Titled(Scene.fitted 18.0 (float width - 130.0) shown)

        let high width = width * 3 / 4

        Figure(
            "",
            (fun title width -> svg view width (high width) trails (titled title width)),
            (fun title width density ->
                let pixels n = int (round (float n * density))
                png view (pixels width) (pixels (high width)) trails (titled title width))
        )
