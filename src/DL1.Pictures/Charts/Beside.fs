namespace DL1.Pictures

open System
open System.Globalization
open System.Text
open System.Text.RegularExpressions
open SkiaSharp

/// Pictures in rows, one below the other: as one SVG, or one PNG.
[<RequireQualifiedAccess>]
module internal Beside =
    let private number (x: float) = x.ToString("0.##", CultureInfo.InvariantCulture)

    let private box =
        Regex("<svg\\b[^>]*?viewBox=\"0 0 ([0-9.]+) ([0-9.]+)\"[^>]*>", RegexOptions.Singleline)

    let private size (svg: string) =
        let found = box.Match svg
        let at (i: int) = Double.Parse(found.Groups[i].Value, CultureInfo.InvariantCulture)
        at 1, at 2

    /// A drawing at a place within another: its opening tag with that place, its ids with a name of its own.
    let private placed (name: string) x y (svg: string) =
        let width, height = size svg
        let svg = svg.Substring(svg.IndexOf("<svg", StringComparison.Ordinal))
        let svg = Regex.Replace(svg, "(\\bid=\"|url\\(#|href=\"#)", $"$1{name}-")

        let opening (m: Match) =
            let kept = Regex.Replace(m.Value, " (role|x|y|width|height|style)=\"[^\"]*\"", "")

            let place =
                $"x=\"{number x}\" y=\"{number y}\" width=\"{number width}\" height=\"{number height}\""

            kept.Insert("<svg".Length, " " + place)

        box.Replace(svg, opening, 1)

    let private isThemed (svg: string) = svg.Contains "prefers-color-scheme"

    /// In its light colours alone.
    let private light (svg: string) =
        Regex.Replace(svg, "<style>.*?</style>\\s*", "", RegexOptions.Singleline)

    /// Rows of drawings as one, so wide; each row as high as its highest drawing. Where one of them does not follow the
    /// reader's theme, none does.
    let svg (width: int) (rows: string[] list) : string =
        let rows =
            if List.forall (Array.forall isThemed) rows then
                rows
            else
                List.map (Array.map light) rows

        let inside = StringBuilder()
        let mutable y = 0.0

        rows
        |> List.iteri (fun r row ->
            let mutable x = 0.0

            row
            |> Array.iteri (fun c drawing ->
                inside.Append(placed $"g%d{r}x%d{c}" x y drawing).Append('\n') |> ignore
                x <- x + fst (size drawing))

            y <- y + (row |> Array.map (size >> snd) |> Array.max))

        $"<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\" viewBox=\"0 0 %d{width} {number y}\">\n{inside}</svg>\n"

    /// Rows of PNGs as one PNG of the given width in pixels.
    let png (width: int) (rows: byte[][] list) : byte[] =
        let rows = rows |> List.map (Array.map SKBitmap.Decode)
        let height row = row |> Array.map (fun (b: SKBitmap) -> b.Height) |> Array.max

        try
            use whole = new SKBitmap(width, List.sumBy height rows, SKColorType.Rgba8888, SKAlphaType.Premul)
            use canvas = new SKCanvas(whole)
            canvas.Clear SKColors.White
            let mutable y = 0

            for row in rows do
                let mutable x = 0

                for bitmap in row do
                    canvas.DrawBitmap(bitmap, float32 x, float32 y)
                    x <- x + bitmap.Width

                y <- y + height row

            canvas.Flush()
            use data = whole.Encode(SKEncodedImageFormat.Png, 100)
            data.ToArray()
        finally
            for row in rows do
                for bitmap in row do
                    bitmap.Dispose()
