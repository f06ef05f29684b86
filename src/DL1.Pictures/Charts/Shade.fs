namespace DL1.Pictures

open System
open SkiaSharp

/// Colours of amounts, and small images of numbers.
[<RequireQualifiedAccess>]
module internal Shade =
    /// From nearly white to a deep blue, of steadily falling lightness.
    let private stops =
        [| "#F4F7FB"; "#C6DBEF"; "#6BAED6"; "#2171B5"; "#08306B" |] |> Array.map SKColor.Parse

    /// From a deep blue over white to a deep vermilion.
    let private twoSidedStops =
        [| "#08306B"; "#6BAED6"; "#F7F7F7"; "#E69157"; "#7F2704" |] |> Array.map SKColor.Parse

    let private between (stops: SKColor[]) (part: float) : SKColor =
        let at = max 0.0 (min 1.0 part) * float (stops.Length - 1)
        let i = min (stops.Length - 2) (int at)
        let t = at - float i
        let mix (a: byte) (b: byte) = byte (round (float a + (float b - float a) * t))
        let a, b = stops[i], stops[i + 1]
        SKColor(mix a.Red b.Red, mix a.Green b.Green, mix a.Blue b.Blue)

    /// The colour of a part from 0 to 1.
    let color part = between stops part

    /// The colour of a part from 0 to 1, where 0.5 is neither.
    let twoSided part = between twoSidedStops part

    let hex (c: SKColor) = $"#{c.Red:x2}{c.Green:x2}{c.Blue:x2}"

    /// Relative luminance (WCAG 2).
    let private luminance (c: SKColor) =
        let channel (v: byte) =
            let s = float v / 255.0
            if s <= 0.04045 then s / 12.92 else ((s + 0.055) / 1.055) ** 2.4

        0.2126 * channel c.Red + 0.7152 * channel c.Green + 0.0722 * channel c.Blue

    /// Black or white, whichever stands out more from a colour: at least 4.5 to 1.
    let over (c: SKColor) =
        if (luminance c + 0.05) / 0.05 >= 1.05 / (luminance c + 0.05) then
            Tint.Fixed "#000000"
        else
            Tint.Fixed "#ffffff"

    /// A PNG of rows of pixels, each drawn as a square of `zoom` pixels a side, so that no viewer smooths them away.
    let image rows columns (zoom: int) (pixel: int -> int -> SKColor) : byte[] =
        use bitmap = new SKBitmap(columns * zoom, rows * zoom, SKColorType.Rgba8888, SKAlphaType.Opaque)

        let bytes = Array.zeroCreate<byte>(rows * zoom * columns * zoom * 4)

        for row in 0 .. rows - 1 do
            for column in 0 .. columns - 1 do
                let c = pixel row column

                for y in row * zoom .. (row + 1) * zoom - 1 do
                    for x in column * zoom .. (column + 1) * zoom - 1 do
                        let at = (y * columns * zoom + x) * 4
                        bytes[at] <- c.Red
                        bytes[at + 1] <- c.Green
                        bytes[at + 2] <- c.Blue
                        bytes[at + 3] <- 255uy

        Runtime.InteropServices.Marshal.Copy(bytes, 0, bitmap.GetPixels(), bytes.Length)
        use data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
        data.ToArray()
