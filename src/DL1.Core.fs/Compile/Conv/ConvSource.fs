namespace DL1.Compiler.Conv

open System
open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Movement
open DL1.Compiler.Runtime

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// The source of a convolution as the micro-kernels read it: the data in place where no tap is outside of it and
/// channels are last, else copies of bands of it, with zeros around them.
[<NoEquality; NoComparison>]
type internal ConvSource =
    {
        Rows: ConvAxis
        Columns: ConvAxis
        /// The bytes of one pixel: all its channels.
        Place: int
        Copies: bool
        /// Whether the data has channels first: then copies transpose it.
        Turns: bool
        /// The bytes of an element.
        Size: int
        /// The pixels in a row of what is read.
        Pitch: int
        /// The rows in a sample of what is read: those of a band, where bands are copied.
        Height: int
    }

    /// The bytes of one sample of what is read.
    member s.Sample = Scratch.Bytes(int64 s.Height * int64 s.Pitch * int64 s.Place)

    member private s.Zero(at: nativeint, places: int) =
        let bytes: voidptr = NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> at)
        Unsafe.InitBlockUnaligned(bytes, 0uy, uint32 (places * s.Place))

    /// Copies `places` pixels, from a row and column on; they may continue in the next rows.
    member private s.Copy(sample: nativeint, row: int, column: int, places: int, into: nativeint) =
        let first = nativeint row * nativeint s.Columns.Extent + nativeint column

        if s.Turns then
            TransposeBlock.matrix
                s.Size
                (sample + first * nativeint s.Size)
                (nativeint (s.Rows.Extent * s.Columns.Extent) * nativeint s.Size)
                (s.Place / s.Size)
                places
                into
                (nativeint s.Place)
        else
            let target: voidptr = NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> into)

            let data: voidptr =
                NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte>(sample + first * nativeint s.Place))

            Unsafe.CopyBlockUnaligned(target, data, uint32 (places * s.Place))

    /// For one sample, the address at which the micro-kernels begin to read for results `first` to `last` − 1 of each
    /// residue of the rows: that of their first tap's row and column. `sample` is the address of the data, `room` that
    /// of the memory for a copy.
    member s.Read(sample: nativeint, first: int, last: int, room: nativeint) =
        let low = first * s.Rows.Step + s.Rows.Low

        if s.Copies then
            let from = max 0 s.Columns.Low
            let middle = max 0 (min s.Columns.Extent s.Columns.High - from)
            let left = min s.Pitch (max 0 -s.Columns.Low)

            let rows = (last - first - 1) * s.Rows.Step + s.Rows.Reach
            // The data has rows `low + above` to `low + below` − 1.
            let above = min rows (max 0 -low)
            let below = max above (min rows (s.Rows.Extent - low))
            let line row = room + nativeint row * nativeint s.Pitch * nativeint s.Place
            s.Zero(room, above * s.Pitch)
            s.Zero(line below, (rows - below) * s.Pitch)

            if middle = s.Pitch && middle = s.Columns.Extent then
                s.Copy(sample, low + above, 0, (below - above) * s.Pitch, line above)
            else
                for row in above .. below - 1 do
                    let into = line row
                    s.Zero(into, left)

                    if middle > 0 then
                        s.Copy(sample, low + row, from, middle, into + nativeint (left * s.Place))

                    s.Zero(into + nativeint ((left + middle) * s.Place), s.Pitch - left - middle)

            room
        else
            sample + (nativeint low * nativeint s.Pitch + nativeint s.Columns.Low) * nativeint s.Place

    /// The offset in bytes of a pixel, by its row and column counted from the first tap of the first result.
    member s.Offset(row: int, column: int) =
        (nativeint row * nativeint s.Pitch + nativeint column) * nativeint s.Place

[<RequireQualifiedAccess>]
module internal ConvSource =
    /// The source for bands of `band` results of each residue, with pixels of `channels` channels of `size` bytes.
    /// `first`: whether the data has channels first.
    let make (rows: ConvAxis) (columns: ConvAxis) channels size band first =
        let outside (axis: ConvAxis) = axis.Low < 0 || axis.High > axis.Extent
        let copies = first || outside rows || outside columns

        {
            Rows = rows
            Columns = columns
            Place = channels * size
            Copies = copies
            Turns = first
            Size = size
            Pitch = if copies then columns.High - columns.Low else columns.Extent
            Height = if copies then (band - 1) * rows.Step + rows.Reach else rows.Extent
        }
