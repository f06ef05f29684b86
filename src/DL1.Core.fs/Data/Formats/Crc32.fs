namespace DL1

open System
open System.Buffers.Binary
open System.IO
open System.Runtime.CompilerServices

/// The checksum CRC-32 of gzip and zip, eight bytes at a time by eight tables ("slicing by 8", Kounavis and Berry 2005).
[<RequireQualifiedAccess>]
module internal Crc32 =
    /// Table k holds the checksum of each byte followed by k zero bytes.
    let private tables =
        let first =
            Array.init 256 (fun n ->
                let mutable c = uint32 n

                for _ in 1..8 do
                    c <- if c &&& 1u = 1u then 0xEDB88320u ^^^ (c >>> 1) else c >>> 1

                c)

        let all = Array.init 8 (fun _ -> Array.copy first)

        for k in 1..7 do
            for n in 0..255 do
                let before = all[k - 1][n]
                all[k][n] <- first[int (before &&& 0xFFu)] ^^^ (before >>> 8)

        all

    /// The checksum of bytes that follow others, whose checksum is given; that of no bytes is 0.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
    let append (before: uint32) (bytes: ReadOnlySpan<byte>) : uint32 =
        let t = tables
        let mutable c = ~~~before
        let mutable i = 0

        while i + 8 <= bytes.Length do
            let low = c ^^^ BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice i)
            let high = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(i + 4))

            c <-
                t[7][int (low &&& 0xFFu)]
                ^^^ t[6][int ((low >>> 8) &&& 0xFFu)]
                ^^^ t[5][int ((low >>> 16) &&& 0xFFu)]
                ^^^ t[4][int (low >>> 24)]
                ^^^ t[3][int (high &&& 0xFFu)]
                ^^^ t[2][int ((high >>> 8) &&& 0xFFu)]
                ^^^ t[1][int ((high >>> 16) &&& 0xFFu)]
                ^^^ t[0][int (high >>> 24)]

            i <- i + 8

        while i < bytes.Length do
            c <- t[0][int ((c ^^^ uint32 bytes[i]) &&& 0xFFu)] ^^^ (c >>> 8)
            i <- i + 1

        ~~~c

/// A stream that keeps nothing but the checksum and the length of what is written to it.
[<Sealed>]
type internal Crc32Stream() =
    inherit Stream()
    let mutable checksum = 0u
    let mutable length = 0L

    member _.Checksum = checksum
    override _.CanRead = false
    override _.CanSeek = false
    override _.CanWrite = true
    override _.Length = length

    override _.Position
        with get () = length
        and set (_: int64) = raise (NotSupportedException())

    override _.Flush() = ()
    override _.Read(_: byte[], _: int, _: int) : int = raise (NotSupportedException())
    override _.Seek(_: int64, _: SeekOrigin) : int64 = raise (NotSupportedException())
    override _.SetLength(_: int64) : unit = raise (NotSupportedException())

    override _.Write(buffer: ReadOnlySpan<byte>) : unit =
        checksum <- Crc32.append checksum buffer
        length <- length + int64 buffer.Length

    override this.Write(buffer: byte[], offset: int, count: int) : unit =
        this.Write(ReadOnlySpan(buffer, offset, count))
