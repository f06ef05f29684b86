namespace DL1.Pictures

open SkiaSharp

/// The surface from aside: a block of land, lit from the left, in parallel projection.
[<RequireQualifiedAccess>]
module internal Landscape =
    let private azimuth, elevation = 0.60, 0.72
    let private relief, floorDepth = 0.75, 0.12
    let private cells = 150

    let private skColor (c: ScottPlot.Color) = SKColor(c.R, c.G, c.B)

    let private shade (factor: float) (c: SKColor) =
        let channel (v: byte) = byte (min 255.0 (float v * factor))
        SKColor(channel c.Red, channel c.Green, channel c.Blue)

    /// A point in the box x, y in −1..1 and z in 0..1, turned: to the right, away from the eye, and up.
    let private turn x y = x * cos azimuth - y * sin azimuth, x * sin azimuth + y * cos azimuth

    let private project x y z =
        let right, away = turn x y
        right, away * sin elevation + z * relief * cos elevation

    let draw width height (surface: Surface) : Backdrop =
        let heights, low, high = Surface.sample (cells + 1) (cells + 1) surface
        let span = max 1e-12 (high - low)
        let unit i = 2.0 * float i / float cells - 1.0
        let boxX x = 2.0 * (x - surface.XFrom) / (surface.XTo - surface.XFrom) - 1.0
        let boxY y = 2.0 * (y - surface.YFrom) / (surface.YTo - surface.YFrom) - 1.0
        let level row column = (heights[row, column] - low) / span

        // What must fit: the four corners of the box, below and above.
        let corners =
            [
                for x in [ -1.0; 1.0 ] do
                    for y in [ -1.0; 1.0 ] do
                        for z in [ -floorDepth / relief; 1.0 ] -> project x y z
            ]

        let left, right = corners |> List.map fst |> List.min, corners |> List.map fst |> List.max
        let bottom, top = corners |> List.map snd |> List.min, corners |> List.map snd |> List.max
        let data = SKRect(30f, 44f, float32 width - 30f, float32 height - 34f)
        let scale = min (float data.Width / (right - left)) (float data.Height / (top - bottom))

        let pixel x y z =
            let r, u = project x y z

            SKPoint(
                data.MidX + float32 (scale * (r - (left + right) / 2.0)),
                data.MidY - float32 (scale * (u - (bottom + top) / 2.0))
            )

        let bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Premul)
        use canvas = new SKCanvas(bitmap)
        canvas.Clear SKColors.White

        // Drawn at twice the size without smoothing, then shrunk: neighbouring patches leave no seams.
        use large = new SKBitmap(2 * width, 2 * height, SKColorType.Rgba8888, SKAlphaType.Premul)
        use brush = new SKCanvas(large)
        brush.Scale 2f
        use paint = new SKPaint(IsAntialias = false)

        let fill (color: SKColor) (points: SKPoint[]) =
            use path = new SKPath()
            path.AddPoly(points, true)
            paint.Color <- color
            brush.DrawPath(path, paint)

        use mesh = new SKPaint(IsAntialias = true, Color = SKColors.White.WithAlpha 70uy, StrokeWidth = 0.7f)

        // From the far corner to the near one: what is near covers what is far.
        for row in cells - 1 .. -1 .. 0 do
            for column in cells - 1 .. -1 .. 0 do
                let z00, z10 = level row column, level row (column + 1)
                let z01, z11 = level (row + 1) column, level (row + 1) (column + 1)
                let x0, x1, y0, y1 = unit column, unit (column + 1), unit row, unit (row + 1)
                let slopeX = float cells / 4.0 * (z10 + z11 - z00 - z01) * relief
                let slopeY = float cells / 4.0 * (z01 + z11 - z00 - z10) * relief

                let facing =
                    (0.55 * slopeX - 0.15 * slopeY + 1.0) / sqrt (1.0 + slopeX * slopeX + slopeY * slopeY)

                let color = Style.heights.GetColor((z00 + z10 + z01 + z11) / 4.0) |> skColor
                let p00, p10, p01 = pixel x0 y0 z00, pixel x1 y0 z10, pixel x0 y1 z01
                fill (shade (0.62 + 0.38 * max 0.0 facing) color) [| p00; p10; pixel x1 y1 z11; p01 |]

                if row % 10 = 0 then
                    brush.DrawLine(p00, p10, mesh)

                if column % 10 = 0 then
                    brush.DrawLine(p00, p01, mesh)

        // The two cut sides that face the eye.
        let floor = -floorDepth / relief

        fill
            (SKColor.Parse "#B9C3CC")
            [|
                for i in 0..cells -> pixel (unit i) -1.0 (level 0 i)
                yield pixel 1.0 -1.0 floor
                yield pixel -1.0 -1.0 floor
            |]

        fill
            (SKColor.Parse "#9AA7B3")
            [|
                for i in 0..cells -> pixel -1.0 (unit i) (level i 0)
                yield pixel -1.0 1.0 floor
                yield pixel -1.0 -1.0 floor
            |]

        use shrunk = SKImage.FromBitmap large
        let whole = SKRect(0f, 0f, float32 width, float32 height)
        canvas.DrawImage(shrunk, whole, SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear))

        use ink = new SKPaint(IsAntialias = true, Color = skColor Style.ink)
        use small = new SKFont(Style.typeface.Value, 13f)
        use big = new SKFont(Style.typeface.Value, 18f)
        canvas.DrawText(surface.Title, float32 width / 2f, 26f, SKTextAlign.Center, big, ink)

        let number (v: float) =
            v.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture).Replace('-', '−')

        for i in 0..2 do
            let part = float i / 2.0
            let at = 2.0 * part - 1.0
            let below = pixel at -1.0 floor
            let aside = pixel -1.0 at floor
            let x = surface.XFrom + part * (surface.XTo - surface.XFrom)
            let y = surface.YFrom + part * (surface.YTo - surface.YFrom)

            canvas.DrawText(
                surface.XLabel + " " + number x,
                below.X + 4f,
                below.Y + 18f,
                SKTextAlign.Left,
                small,
                ink
            )

            canvas.DrawText(
                surface.YLabel + " " + number y,
                aside.X - 6f,
                aside.Y + 14f,
                SKTextAlign.Right,
                small,
                ink
            )

        let levelAt x y = (surface.At(x, y) - low) / span

        let inSight x y =
            let bx, by = boxX x, boxY y
            let z = levelAt x y * relief
            // Towards the eye: each step nearer, the line of sight rises by the tangent of the elevation.
            let covered (distance: float) =
                let nx, ny = bx - distance * sin azimuth, by - distance * cos azimuth

                abs nx <= 1.0
                && abs ny <= 1.0
                && (let px = surface.XFrom + (nx + 1.0) / 2.0 * (surface.XTo - surface.XFrom)
                    let py = surface.YFrom + (ny + 1.0) / 2.0 * (surface.YTo - surface.YFrom)
                    levelAt px py * relief > z + distance * tan elevation + 0.004)

            not (Seq.exists (fun i -> covered (0.03 * float i)) (seq { 1..40 }))

        {
            Bitmap = bitmap
            Place = fun x y -> pixel (boxX x) (boxY y) (levelAt x y)
            InSight = inSight
            Data = SKRect(12f, 40f, float32 width - 12f, float32 height - 12f)
        }
