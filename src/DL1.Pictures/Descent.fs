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

    let private trailColor i = color trailColors[i % trailColors.Length]

    let backdrop view width height surface =
        if width < 200 || height < 150 || width > 8000 || height > 8000 then
            Refuse.domain
                "Descent"
                $"a picture of {width} by {height} pixels"
                "from 200 by 150 to 8000 by 8000 pixels"
                "640 by 480"

        match view with
        | View.Map -> Map.draw width height surface
        | View.Landscape -> Landscape.draw width height surface

    /// One trail up to a number of its points: a light casing below, so that it stands out from any height.
    let private drawTrail (canvas: SKCanvas) (backdrop: Backdrop) i (trail: Trail) count =
        let points = trail.Points
        let count = min count points.Count

        use casing =
            new SKPaint(
                IsAntialias = true,
                IsStroke = true,
                StrokeWidth = 5f,
                Color = SKColors.White.WithAlpha 190uy
            )

        use line = new SKPaint(IsAntialias = true, IsStroke = true, StrokeWidth = 2.6f, Color = trailColor i)

        use hidden =
            new SKPaint(
                IsAntialias = true,
                IsStroke = true,
                StrokeWidth = 1.6f,
                Color = (trailColor i).WithAlpha 80uy
            )

        use dot = new SKPaint(IsAntialias = true, Color = trailColor i)
        use white = new SKPaint(IsAntialias = true, Color = SKColors.White)

        for paint in [ casing; line; hidden ] do
            paint.StrokeJoin <- SKStrokeJoin.Round
            paint.StrokeCap <- SKStrokeCap.Round

        // A long stride is drawn along the surface, not through a hill.
        let pieces =
            [|
                for k in 1 .. count - 1 do
                    let struct (x0, y0) = points[k - 1]
                    let struct (x1, y1) = points[k]
                    let a, b = backdrop.Place x0 y0, backdrop.Place x1 y1
                    let parts = 1 + int (SKPoint.Distance(a, b) / 8f)

                    for part in 1..parts do
                        let at t = x0 + (x1 - x0) * t, y0 + (y1 - y0) * t
                        let fx, fy = at (float (part - 1) / float parts)
                        let tx, ty = at (float part / float parts)
                        backdrop.InSight tx ty, backdrop.Place fx fy, backdrop.Place tx ty
            |]

        use seen = new SKPath()
        use unseen = new SKPath()

        for inSight, a, b in pieces do
            let target = if inSight then seen else unseen

            if target.IsEmpty || target.LastPoint <> a then
                target.MoveTo a

            target.LineTo b

        canvas.DrawPath(unseen, hidden)
        canvas.DrawPath(seen, casing)
        canvas.DrawPath(seen, line)

        let struct (sx, sy) = points[0]
        canvas.DrawCircle(backdrop.Place sx sy, 4.5f, white)
        canvas.DrawCircle(backdrop.Place sx sy, 3f, dot)
        let struct (hx, hy) = points[count - 1]
        canvas.DrawCircle(backdrop.Place hx hy, 7.5f, white)
        canvas.DrawCircle(backdrop.Place hx hy, 5.8f, dot)

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
    let draw (canvas: SKCanvas) (backdrop: Backdrop) (trails: IReadOnlyList<Trail>) count note =
        canvas.DrawBitmap(backdrop.Bitmap, 0f, 0f)
        trails |> Seq.iteri (fun i trail -> drawTrail canvas backdrop i trail count)

        if trails.Count > 0 then
            drawLegend canvas backdrop (Array.ofSeq trails) note

/// Pictures of optimizers that descend a surface.
[<RequireQualifiedAccess>]
module Descent =
    /// The whole trails over the surface, as a PNG; a dot marks the start, a larger one the end of each.
    ///
    /// <example><code>
    /// Surface.HillsAndBasins |> Descent.png View.Map 640 480 [ Trail.Of("SGD", points) ]
    /// </code>
    /// In C#: <code>
    /// byte[] png = Descent.Png(View.Landscape, 640, 480, [Trail.Of("SGD", points)], Surface.HillsAndBasins);
    /// </code></example>
    [<CompiledName "Png">]
    let png (view: View) (width: int) (height: int) (trails: seq<Trail>) (surface: Surface) : byte[] =
        use backdrop = Overlay.backdrop view width height surface
        use bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Premul)
        use canvas = new SKCanvas(bitmap)
        Overlay.draw canvas backdrop (Array.ofSeq trails) System.Int32.MaxValue ""
        use data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
        data.ToArray()
