namespace DL1.Pictures

open System
open System.IO

/// Animated GIFs (CompuServe, GIF89a). One palette for all frames and only the changed part of each keep the file small and the
/// writing quick.
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

    let private put (file: Stream) (bytes: byte[]) = file.Write(bytes, 0, bytes.Length)

    let private number (file: Stream) (value: int) =
        file.WriteByte(byte value)
        file.WriteByte(byte (value >>> 8))

    /// The size of the picture, the palette, and that the animation repeats for ever.
    let private header (file: Stream) width height (palette: Palette) =
        put file "GIF89a"B
        number file width
        number file height
        // A palette of 256 colours for all frames; no background, square pixels.
        put file [| 0xF7uy; 0uy; 0uy |]

        for i in 0..255 do
            let color = if i < palette.Colors.Length then palette.Colors[i] else 0
            put file [| byte (color >>> 16); byte (color >>> 8); byte color |]

        put file [| 0x21uy; 0xFFuy; 11uy |]
        put file "NETSCAPE2.0"B
        put file [| 3uy; 1uy; 0uy; 0uy; 0uy |]

    /// A part of a frame, which stays when the next one is drawn over it.
    let private part (file: Stream) hundredths (struct (left, top, width, height)) (indices: byte[]) =
        put file [| 0x21uy; 0xF9uy; 4uy; 4uy |]
        number file hundredths
        put file [| 0uy; 0uy; 0x2Cuy |]

        for n in [ left; top; width; height ] do
            number file n

        // No palette of its own, rows in order, and 8 bits for an index.
        put file [| 0uy; 8uy |]
        Lzw.write file indices

    /// The animation of some frames of RGBA, each with the hundredths of a second for which it is shown; it repeats for ever.
    /// The palette is that of `sample`, one row of which has the width of a frame: it should hold every colour.
    let write width height (sample: byte[]) (frames: seq<struct (byte[] * int)>) : byte[] =
        let palette = Palette.Of sample
        use file = new MemoryStream()
        header file width height palette
        let mutable previous: byte[] = [||]

        for struct (frame, hundredths) in frames do
            let struct (left, top, w, h) as place =
                if previous.Length = 0 then
                    struct (0, 0, width, height)
                else
                    changed width previous frame

            let indices =
                Array.init (w * h) (fun i ->
                    let at = 4 * ((top + i / w) * width + left + i % w)
                    palette.Nearest(Palette.ColorAt(frame, at)))

            part file hundredths place indices
            previous <- frame

        file.WriteByte 0x3Buy
        file.ToArray()
