namespace DL1.Pictures

open System
open ImageMagick

/// Animated GIFs, written by ImageMagick. One palette for all frames and only the changed part of each keep the file
/// small and the writing quick.
[<RequireQualifiedAccess>]
module internal Gif =
    /// The rectangle in which two pictures of RGBA differ, as left, top, width and height. Where they do not differ it is
    /// one pixel: the frame is still shown for its time.
    let private changed width (before: byte[]) (after: byte[]) =
        let stride = 4 * width
        let rows = after.Length / stride
        let mutable left, top, right, bottom = width, rows, -1, -1

        for y in 0 .. rows - 1 do
            let a = ReadOnlySpan(before, y * stride, stride)
            let b = ReadOnlySpan(after, y * stride, stride)

            if not (a.SequenceEqual b) then
                let mutable first, last = a.CommonPrefixLength b / 4, width - 1

                while a.Slice(4 * last, 4).SequenceEqual(b.Slice(4 * last, 4)) do
                    last <- last - 1

                left <- min left first
                right <- max right last
                top <- min top y
                bottom <- y

        if right < 0 then
            struct (0, 0, 1, 1)
        else
            struct (left, top, right - left + 1, bottom - top + 1)

    let private image width height (rgba: byte[]) =
        new MagickImage(
            ReadOnlySpan rgba,
            PixelReadSettings(uint32 width, uint32 height, StorageType.Char, PixelMapping.RGBA)
        )

    /// The animation of some frames of RGBA, each with the hundredths of a second for which it is shown; it repeats for ever.
    /// The palette is that of `sample`, one row of which has the width of a frame: it should hold every colour.
    let write width height (sample: byte[]) (frames: seq<struct (byte[] * int)>) : byte[] =
        use palette = image width (sample.Length / (4 * width)) sample
        let plain = QuantizeSettings(Colors = 256u, DitherMethod = DitherMethod.No)
        palette.Quantize plain |> ignore
        use animation = new MagickImageCollection()
        let mutable previous: byte[] = [||]

        for struct (frame, hundredths) in frames do
            let struct (left, top, w, h) =
                if previous.Length = 0 then
                    struct (0, 0, width, height)
                else
                    changed width previous frame

            let part = Array.zeroCreate<byte>(4 * w * h)

            for y in 0 .. h - 1 do
                Array.blit frame (4 * ((top + y) * width + left)) part (4 * w * y) (4 * w)

            let picture = image w h part
            picture.Page <- MagickGeometry(left, top, uint32 width, uint32 height)
            picture.AnimationDelay <- uint32 hundredths
            picture.AnimationIterations <- 0u
            picture.GifDisposeMethod <- GifDisposeMethod.None
            picture.Remap(palette, plain) |> ignore
            animation.Add picture
            previous <- frame

        animation.ToByteArray MagickFormat.Gif
