namespace DL1.Pictures

open System
open System.Globalization
open System.Text
open SkiaSharp

/// Writes scenes.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Scene =
    let private number (x: float) = x.ToString("0.##", CultureInfo.InvariantCulture)

    /// A text for XML, without characters that XML forbids.
    let escape (text: string) =
        let b = StringBuilder()

        for c in text do
            match c with
            | '&' -> b.Append "&amp;"
            | '<' -> b.Append "&lt;"
            | '>' -> b.Append "&gt;"
            | '"' -> b.Append "&quot;"
            | _ when Char.IsControl c || Char.IsSurrogate c || c > '\uFFFD' -> b.Append ' '
            | _ -> b.Append c
            |> ignore

        b.ToString()

    let private outline (pens: Pen list) =
        let at (x, y) = $"{number x} {number y}"

        pens
        |> List.map (fun pen ->
            match pen with
            | Pen.Move(x, y) -> "M" + at (x, y)
            | Pen.Line(x, y) -> "L" + at (x, y)
            | Pen.Cubic(a, b, c) -> $"C{at a} {at b} {at c}")
        |> String.concat ""

    let private classed (names: string list) =
        if names.IsEmpty then "" else " class=\"" + String.concat " " names + "\""

    let private mark (m: Item) =
        match m with
        | Item.Box(x, y, width, height, round, fill, edged) ->
            let names = Option.toList (Tint.name fill) @ (if edged then [ "edged" ] else [])
            let round = if round > 0.0 then $" rx=\"{number round}\"" else ""
            let edge = if edged then $" stroke=\"{Tint.light Tint.Line}\"" else ""

            $"<rect{classed names} x=\"{number x}\" y=\"{number y}\" width=\"{number width}\" height=\"{number height}\"{round} fill=\"{Tint.light fill}\"{edge}/>"
        | Item.Stroke(pens, tint, width) ->
            let names = tint |> Tint.name |> Option.map ((+) "stroke-") |> Option.toList

            $"<path{classed names} d=\"{outline pens}\" fill=\"none\" stroke=\"{Tint.light tint}\" stroke-width=\"{number width}\"/>"
        | Item.Area(pens, tint) ->
            $"<path{classed (Option.toList (Tint.name tint))} d=\"{outline pens}z\" fill=\"{Tint.light tint}\"/>"
        | Item.Text l ->
            let anchor =
                match l.Anchor with
                | Anchor.Start -> ""
                | Anchor.Middle -> " text-anchor=\"middle\""
                | Anchor.End -> " text-anchor=\"end\""

            let turn = if l.Turned then $" transform=\"rotate(-90 {number l.X} {number l.Y})\"" else ""

            let halo =
                if l.Haloed then
                    " stroke=\"#ffffff\" stroke-width=\"4\" paint-order=\"stroke\" stroke-linejoin=\"round\""
                else
                    ""

            $"<text{classed (Option.toList (Tint.name l.Tint))} x=\"{number l.X}\" y=\"{number l.Y}\" font-size=\"{number l.Size}\" fill=\"{Tint.light l.Tint}\"{anchor}{turn}{halo}>{escape l.Text}</text>"
        | Item.Image(x, y, width, height, png) ->
            $"<image x=\"{number x}\" y=\"{number y}\" width=\"{number width}\" height=\"{number height}\" preserveAspectRatio=\"none\" href=\"data:image/png;base64,{Convert.ToBase64String png}\"/>"

    /// The text of an SVG, shown as wide as asked for.
    let svg (width: float) (scene: Scene) : string =
        let text = StringBuilder()
        let line (s: string) = text.Append(s).Append('\n') |> ignore
        let height = scene.Height * width / scene.Width

        let least =
            if scene.Least > 0.0 then
                $" style=\"min-width:{number (scene.Least * scene.Width)}px\""
            else
                ""

        let box =
            $"viewBox=\"0 0 {number scene.Width} {number scene.Height}\" width=\"{number width}\" height=\"{number height}\""

        let font = "font-family=\"'DejaVu Sans',system-ui,sans-serif\""

        line
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"dl1-figure\" role=\"img\" {box} {font}{least}>"

        line Tint.sheet
        line $"<title>{escape scene.Name}</title>"
        line $"<rect class=\"paper\" width=\"100%%\" height=\"100%%\" fill=\"{Tint.light Tint.Paper}\"/>"
        scene.Items |> List.iter (mark >> line)
        line "</svg>"
        text.ToString()

    let private color tint = SKColor.Parse(Tint.light tint)

    let private path (pens: Pen list) =
        let path = new SKPath()
        let point (x: float, y: float) = SKPoint(float32 x, float32 y)

        for pen in pens do
            match pen with
            | Pen.Move(x, y) -> path.MoveTo(point (x, y))
            | Pen.Line(x, y) -> path.LineTo(point (x, y))
            | Pen.Cubic(a, b, c) -> path.CubicTo(point a, point b, point c)

        path

    let private write (canvas: SKCanvas) (l: Label) =
        use font = new SKFont(Style.typeface.Value, float32 l.Size)
        use ink = new SKPaint(IsAntialias = true, Color = color l.Tint)

        let align =
            match l.Anchor with
            | Anchor.Start -> SKTextAlign.Left
            | Anchor.Middle -> SKTextAlign.Center
            | Anchor.End -> SKTextAlign.Right

        canvas.Save() |> ignore

        if l.Turned then
            canvas.RotateDegrees(-90f, float32 l.X, float32 l.Y)

        if l.Haloed then
            use halo =
                new SKPaint(IsAntialias = true, IsStroke = true, StrokeWidth = 4f, Color = SKColors.White)

            canvas.DrawText(l.Text, float32 l.X, float32 l.Y, align, font, halo)

        canvas.DrawText(l.Text, float32 l.X, float32 l.Y, align, font, ink)
        canvas.Restore()

    let private paint (canvas: SKCanvas) (m: Item) =
        match m with
        | Item.Box(x, y, width, height, round, fill, edged) ->
            let rect = SKRect.Create(float32 x, float32 y, float32 width, float32 height)
            use inside = new SKPaint(IsAntialias = true, Color = color fill)
            canvas.DrawRoundRect(rect, float32 round, float32 round, inside)

            if edged then
                use edge = new SKPaint(IsAntialias = true, IsStroke = true, Color = color Tint.Line)
                canvas.DrawRoundRect(rect, float32 round, float32 round, edge)
        | Item.Stroke(pens, tint, width) ->
            use line =
                new SKPaint(
                    IsAntialias = true,
                    IsStroke = true,
                    StrokeWidth = float32 width,
                    Color = color tint
                )

            use way = path pens
            canvas.DrawPath(way, line)
        | Item.Area(pens, tint) ->
            use inside = new SKPaint(IsAntialias = true, Color = color tint)
            use way = path pens
            canvas.DrawPath(way, inside)
        | Item.Text l -> write canvas l
        | Item.Image(x, y, width, height, png) ->
            use image = SKImage.FromEncodedData png
            let rect = SKRect.Create(float32 x, float32 y, float32 width, float32 height)
            canvas.DrawImage(image, rect, SKSamplingOptions(SKFilterMode.Nearest))

    /// A PNG of the given width in pixels.
    let png (width: int) (scene: Scene) : byte[] =
        let scale = float width / scene.Width
        let height = max 1 (int (round (scene.Height * scale)))
        use bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Premul)
        use canvas = new SKCanvas(bitmap)
        canvas.Clear SKColors.White
        canvas.Scale(float32 scale)
        scene.Items |> List.iter (paint canvas)
        canvas.Flush()
        use data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
        data.ToArray()

    /// How wide a text of a size is.
    let measure (size: float) (text: string) =
        use font = new SKFont(Style.typeface.Value, float32 size)
        float (font.MeasureText text)

    /// A text shortened in its middle, until it is no wider than so much.
    let fitted (size: float) (width: float) (text: string) =
        let rec shorten kept =
            let left, right = (kept + 1) / 2, kept / 2
            let shorter = text.Substring(0, left) + "…" + text.Substring(text.Length - right)

            if kept <= 2 || measure size shorter <= width then
                shorter
            else
                shorten (kept - 1)

        if measure size text <= width then text else shorten (text.Length - 1)

    /// A plain text.
    let text anchor tint size x y text =
        Item.Text
            {
                X = x
                Y = y
                Size = size
                Anchor = anchor
                Tint = tint
                Turned = false
                Haloed = false
                Text = text
            }

    /// A text that reads upwards.
    let turned anchor tint size x y text =
        Item.Text
            {
                X = x
                Y = y
                Size = size
                Anchor = anchor
                Tint = tint
                Turned = true
                Haloed = false
                Text = text
            }

    let private movedPen dx dy pen =
        let moved (x, y) = x + dx, y + dy

        match pen with
        | Pen.Move(x, y) -> Pen.Move(moved (x, y))
        | Pen.Line(x, y) -> Pen.Line(moved (x, y))
        | Pen.Cubic(a, b, c) -> Pen.Cubic(moved a, moved b, moved c)

    let private moved dx dy m =
        match m with
        | Item.Box(x, y, width, height, round, fill, edged) ->
            Item.Box(x + dx, y + dy, width, height, round, fill, edged)
        | Item.Stroke(pens, tint, width) -> Item.Stroke(List.map (movedPen dx dy) pens, tint, width)
        | Item.Area(pens, tint) -> Item.Area(List.map (movedPen dx dy) pens, tint)
        | Item.Text l -> Item.Text { l with X = l.X + dx; Y = l.Y + dy }
        | Item.Image(x, y, width, height, png) -> Item.Image(x + dx, y + dy, width, height, png)

    /// The scene in the middle of a wider one; as it is, where it is wider itself.
    let centred (width: float) (scene: Scene) =
        if width <= scene.Width then
            scene
        else
            let dx = (width - scene.Width) / 2.0

            { scene with
                Width = width
                Least = scene.Least * scene.Width / width
                Items = List.map (moved dx 0.0) scene.Items
            }

    /// The scene with a title above it; an empty title changes nothing.
    let titled (title: string) (scene: Scene) =
        if title = "" then
            scene
        else
            let above = 34.0
            let size = if scene.Width < 500.0 then 15.0 else 18.0
            let shown = fitted size (scene.Width - 16.0) title
            let head = text Anchor.Middle Tint.Ink size (scene.Width / 2.0) 24.0 shown

            { scene with
                Height = scene.Height + above
                Name = title
                Items = head :: List.map (moved 0.0 above) scene.Items
            }
