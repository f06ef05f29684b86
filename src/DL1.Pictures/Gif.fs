namespace DL1.Pictures

open System
open System.Collections.Generic
open System.IO

/// Colours of a picture, as many as a GIF holds.
[<RequireQualifiedAccess>]
module internal Palette =
    /// A colour cut to 6 bits a channel: the cell of a histogram in which it is counted.
    let private cell (rgba: byte[]) at =
        (int rgba[at] >>> 2 <<< 12) ||| (int rgba[at + 1] >>> 2 <<< 6) ||| (int rgba[at + 2] >>> 2)

    let private channel (index: int) (cell: int) = cell >>> (12 - 6 * index) &&& 63

    /// At most `count` colours, as (red, green, blue) of 8 bits: Heckbert's median cut, "Color image quantization for
    /// frame buffer display" (1982). The box with the widest channel is cut where its cells halve.
    let ofPixels count (rgba: byte[]) =
        let pixels = Array.zeroCreate<int>(1 <<< 18)

        for i in 0..4 .. rgba.Length - 4 do
            pixels[cell rgba i] <- pixels[cell rgba i] + 1

        let widest (box: int[]) =
            [
                for c in 0..2 ->
                    let values = Array.map (channel c) box
                    Array.max values - Array.min values, c
            ]
            |> List.max

        let boxes = PriorityQueue<int[], int>()
        let add box = boxes.Enqueue(box, -(fst (widest box)))
        add (Array.indexed pixels |> Array.filter (fun (_, n) -> n > 0) |> Array.map fst)

        while boxes.Count < count && fst (widest (boxes.Peek())) > 0 do
            let box = boxes.Dequeue()
            let c = snd (widest box)
            let sorted = box |> Array.sortBy (fun cell -> channel c cell, cell)
            add sorted[.. sorted.Length / 2 - 1]
            add sorted[sorted.Length / 2 ..]

        // The mean over the pixels, not over the cells: white paper stays white.
        let average (box: int[]) c =
            let total = box |> Array.sumBy (fun cell -> float (pixels[cell] * channel c cell))
            byte (Math.Round(total / float (box |> Array.sumBy (fun cell -> pixels[cell])) * 255.0 / 63.0))

        [| for box, _ in boxes.UnorderedItems -> struct (average box 0, average box 1, average box 2) |]

    /// Finds the nearest colour of a palette for each pixel; what was found once is remembered for its cell.
    type Nearest(palette: struct (byte * byte * byte)[]) =
        let known = Array.create (1 <<< 18) -1

        let search cell =
            let distance (struct (r: byte, g: byte, b: byte)) =
                let d c (v: byte) = float (channel c cell) * 255.0 / 63.0 - float v
                d 0 r ** 2.0 + d 1 g ** 2.0 + d 2 b ** 2.0

            let mutable best = 0

            for i in 1 .. palette.Length - 1 do
                if distance palette[i] < distance palette[best] then
                    best <- i

            best

        /// The index of the nearest colour of each pixel.
        member _.Map(rgba: byte[]) : byte[] =
            let indices = Array.zeroCreate<byte>(rgba.Length / 4)

            for i in 0 .. indices.Length - 1 do
                let cell = cell rgba (4 * i)

                if known[cell] < 0 then
                    known[cell] <- search cell

                indices[i] <- byte known[cell]

            indices

/// Writes an animated GIF (CompuServe, "Graphics Interchange Format 89a", 1990). Written here, because one palette
/// and only the changed part of each frame make it twenty times faster than a general library, and on any processor.
[<Sealed>]
type internal GifWriter(width: int, height: int, palette: struct (byte * byte * byte)[]) =
    let out = new MemoryStream()
    let transparent = 255uy
    let mutable previous: byte[] = [||]
    // For each code and the pixel after it the longer code, marked by the table that it belongs to.
    let longer = Array.zeroCreate<int>(4096 * 256)
    let mutable table = 0

    let write (bytes: byte[]) = out.Write(bytes, 0, bytes.Length)

    let word (v: int) =
        out.WriteByte(byte v)
        out.WriteByte(byte (v >>> 8))

    /// Lempel, Ziv and Welch's codes of the pixels, 9 to 12 bits each, in blocks of at most 255 bytes.
    let compress (pixels: byte[]) =
        let packed = List<byte>()
        let mutable bits, bitCount = 0, 0
        let mutable size, next = 9, 258
        let clear, ending = 256, 257

        let emit code =
            bits <- bits ||| (code <<< bitCount)
            bitCount <- bitCount + size

            while bitCount >= 8 do
                packed.Add(byte bits)
                bits <- bits >>> 8
                bitCount <- bitCount - 8

        table <- table + 1
        emit clear
        let mutable code = int pixels[0]

        for i in 1 .. pixels.Length - 1 do
            let place = (code <<< 8) ||| int pixels[i]
            let found = longer[place]

            if found >>> 12 = table then
                code <- found &&& 4095
            else
                emit code
                code <- int pixels[i]

                if next < 4096 then
                    longer[place] <- (table <<< 12) ||| next

                    if next = (1 <<< size) && size < 12 then
                        size <- size + 1

                    next <- next + 1
                else
                    emit clear
                    table <- table + 1
                    size <- 9
                    next <- 258

        emit code
        // The reader's table grows once more after the last code, and with it the size of the ending's.
        if next = (1 <<< size) && size < 12 then
            size <- size + 1

        emit ending

        if bitCount > 0 then
            packed.Add(byte bits)

        out.WriteByte 8uy

        for block in Seq.chunkBySize 255 packed do
            out.WriteByte(byte block.Length)
            write block

        out.WriteByte 0uy

    do
        write "GIF89a"B
        word width
        word height
        // One palette of 256 colours for all frames.
        write [| 0xF7uy; 0uy; 0uy |]

        for i in 0..255 do
            let struct (r, g, b) = if i < palette.Length then palette[i] else struct (0uy, 0uy, 0uy)
            write [| r; g; b |]

        // Repeats for ever.
        write [| 0x21uy; 0xFFuy; 11uy |]
        write "NETSCAPE2.0"B
        write [| 3uy; 1uy; 0uy; 0uy; 0uy |]

    /// Adds a frame of palette indices (below 255), shown for some hundredths of a second.
    member _.Add(frame: byte[], hundredths: int) =
        let changed i = previous.Length = 0 || previous[i] <> frame[i]
        let mutable left, top, right, bottom = width, height, -1, -1

        for i in 0 .. frame.Length - 1 do
            if changed i then
                left <- min left (i % width)
                right <- max right (i % width)
                top <- min top (i / width)
                bottom <- max bottom (i / width)

        // A frame without a change is still shown: one pixel that lets all through.
        if right < 0 then
            left <- 0
            top <- 0
            right <- 0
            bottom <- 0

        let w, h = right - left + 1, bottom - top + 1

        let part =
            Array.init (w * h) (fun k ->
                let i = (top + k / w) * width + left + k % w
                if changed i then frame[i] else transparent)

        write [| 0x21uy; 0xF9uy; 4uy; 0b101uy |]
        word hundredths
        write [| transparent; 0uy; 0x2Cuy |]
        word left
        word top
        word w
        word h
        out.WriteByte 0uy
        compress part
        previous <- frame

    /// The whole file.
    member _.ToArray() =
        out.WriteByte 0x3Buy
        out.ToArray()

    interface IDisposable with
        member _.Dispose() = out.Dispose()
