namespace DL1.Pictures

open System
open System.IO

/// Compression as in GIF (Welch 1984): codes of 9 to 12 bits for sequences of bytes that were met before.
[<RequireQualifiedAccess>]
module internal Lzw =
    /// Clears the table of sequences, and ends the data.
    let private clear, private finish = 256, 257
    let private slots = 8192

    /// Writes compressed indices, in blocks of at most 255 bytes with their lengths, as GIF wants them.
    let write (target: Stream) (indices: byte[]) =
        let packed = new MemoryStream()
        let mutable bits = 0
        let mutable count = 0
        let mutable width = 9
        let mutable next = finish + 1
        // Sequences by hash: a known one and the byte after it, and the code of both together.
        let keys, codes = Array.create slots -1, Array.zeroCreate<int> slots

        let put code =
            bits <- bits ||| (code <<< count)
            count <- count + width

            while count >= 8 do
                packed.WriteByte(byte bits)
                bits <- bits >>> 8
                count <- count - 8

        let slotOf key =
            let mutable slot = ((key * -1640531535) >>> 19) &&& (slots - 1)

            while keys[slot] >= 0 && keys[slot] <> key do
                slot <- (slot + 1) &&& (slots - 1)

            slot

        put clear
        let mutable known = int indices[0]

        for i in 1 .. indices.Length - 1 do
            let key = (known <<< 8) ||| int indices[i]
            let slot = slotOf key

            if keys[slot] = key then
                known <- codes[slot]
            else
                put known

                if next = 4095 then
                    put clear
                    Array.fill keys 0 slots -1
                    width <- 9
                    next <- finish + 1
                else
                    // A reader knows a code one step later than the writer.
                    if next = (1 <<< width) then
                        width <- width + 1

                    keys[slot] <- key
                    codes[slot] <- next
                    next <- next + 1

                known <- int indices[i]

        put known

        if next = (1 <<< width) && width < 12 then
            width <- width + 1

        put finish
        put 0
        let bytes = packed.ToArray()

        for at in 0..255 .. bytes.Length - 1 do
            let length = min 255 (bytes.Length - at)
            target.WriteByte(byte length)
            target.Write(bytes, at, length)

        target.WriteByte 0uy
