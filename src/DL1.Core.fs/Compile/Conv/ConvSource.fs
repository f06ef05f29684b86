namespace DL1.Compiler.Conv

open System
open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Movement
open DL1.Compiler.Runtime

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// The source of a convolution as its innermost loops read it: where no tap is outside, the data in its place, else
/// copies of bands of it with zeros around.
[<NoEquality; NoComparison>]
type internal ConvSource =
    {
        Rows: ConvAxis
        Columns: ConvAxis
        /// The bytes of one place: all its channels.
        Place: int
        Copies: bool
        /// Whether the data has channels first: copies turn it then.
        Turns: bool
        /// The bytes of an element.
        Size: int
        /// The places in a row of what is read.
        Pitch: int
        /// The rows in a sample of what is read; those of a band, where bands are copied.
        Height: int
    }

    /// The bytes of one sample of what is read.
    member s.Sample = Scratch.Bytes(int64 s.Height * int64 s.Pitch * int64 s.Place)

    member private s.Zero(at: nativeint, places: int) =
        let bytes: voidptr = NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> at)
        Unsafe.InitBlockUnaligned(bytes, 0uy, uint32 (places * s.Place))

    /// Some places from a row and column on, which may run on into the next rows.
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

    /// For one sample: what results `first` to `last` − 1 of each phase of the rows read, beginning at their first
    /// tap's row and column. `sample` is the data's; `room` is where a copy goes.
    member s.Read(sample: nativeint, first: int, last: int, room: nativeint) =
        let low = first * s.Rows.Step + s.Rows.Low

        if s.Copies then
            let from = max 0 s.Columns.Low
            let middle = max 0 (min s.Columns.Extent s.Columns.High - from)
            let left = min s.Pitch (max 0 -s.Columns.Low)

            let rows = (last - first - 1) * s.Rows.Step + s.Rows.Reach
            // Rows from `low + above` to `low + below` − 1 are there.
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

    /// What lies between the first tap's place of a phase's first result and a place given by its row and column.
    member s.Offset(row: int, column: int) =
        (nativeint row * nativeint s.Pitch + nativeint column) * nativeint s.Place

[<RequireQualifiedAccess>]
module internal ConvSource =
    /// With bands of `band` results of each phase; places of so many channels of `size` bytes, which stand first or last.
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
