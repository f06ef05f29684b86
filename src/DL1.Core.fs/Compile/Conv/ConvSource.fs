namespace DL1.Compiler.Conv

open DL1.Compiler.Movement
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// The source of a convolution as the micro-kernels read it. The data is read in place if its channels are last and either no tap
/// is outside of it or the kernel itself reads zeros there. Otherwise bands of the data are copied, with zeros around them.
[<NoEquality; NoComparison>]
type internal ConvSource =
    {
        Rows: ConvAxis
        Columns: ConvAxis
        /// The bytes of one pixel with all its channels.
        PixelBytes: int
        Copies: bool
        /// Whether the data has channels first: then copies transpose it.
        Transposes: bool
        /// The bytes of an element.
        Size: int
        /// The number of pixels in a row of the data or, if bands are copied, of the copy.
        Pitch: int
        /// The number of rows in a sample of the data or, if bands are copied, of the copy: the rows that one band reads.
        Height: int
    }

    /// The bytes of one sample of the data or, if bands are copied, of the copy.
    member s.Sample = Scratch.Bytes(int64 s.Height * int64 s.Pitch * int64 s.PixelBytes)

    member private s.Zero(at: nativeint, pixels: int) = At.clear at (pixels * s.PixelBytes)

    /// Copies `pixels` pixels of a sample, from `row` and `column` on; they may continue in the next rows.
    member private s.Copy(sample: nativeint, row: int, column: int, pixels: int, into: nativeint) =
        let first = nativeint row * nativeint s.Columns.Extent + nativeint column

        if s.Transposes then
            let from = sample + first * nativeint s.Size
            let plane = nativeint (s.Rows.Extent * s.Columns.Extent) * nativeint s.Size
            let channels = s.PixelBytes / s.Size
            TransposeBlock.matrix s.Size from plane channels pixels into (nativeint s.PixelBytes)
        else
            At.copy (sample + first * nativeint s.PixelBytes) into (pixels * s.PixelBytes)

    /// Copies `rows` rows of one sample, from row `low` on. Pixels outside of the sample become zeros; `low` may be negative.
    member private s.CopyBand(sample: nativeint, low: int, rows: int, copy: nativeint) =
        let from = max 0 s.Columns.Low
        let middle = max 0 (min s.Columns.Extent s.Columns.High - from)
        let left = min s.Pitch (max 0 -s.Columns.Low)
        // Of these rows, the data has `low + above` to `low + below` − 1.
        let above = min rows (max 0 -low)
        let below = max above (min rows (s.Rows.Extent - low))
        let rowAt row = copy + nativeint row * nativeint s.Pitch * nativeint s.PixelBytes
        s.Zero(copy, above * s.Pitch)
        s.Zero(rowAt below, (rows - below) * s.Pitch)

        if middle = s.Pitch && middle = s.Columns.Extent then
            s.Copy(sample, low + above, 0, (below - above) * s.Pitch, rowAt above)
        else
            for row in above .. below - 1 do
                let into = rowAt row
                s.Zero(into, left)

                if middle > 0 then
                    s.Copy(sample, low + row, from, middle, into + nativeint (left * s.PixelBytes))

                s.Zero(into + nativeint ((left + middle) * s.PixelBytes), s.Pitch - left - middle)

    /// Returns the address from which the micro-kernels read to compute rows `first` to `last` − 1 of results, of each residue:
    /// the lowest row and column of their taps, in the first of the `count` samples at the address `samples`. First copies the
    /// samples if needed, into memory for `most` samples.
    member s.Read(samples: nativeint, count: int, most: int, first: int, last: int) =
        let low = first * s.Rows.Step + s.Rows.Low

        if s.Copies then
            let copy = Scratch.Get(ScratchSlot.ConvSource, int64 most * int64 s.Sample)
            let each = nativeint (s.Rows.Extent * s.Columns.Extent) * nativeint s.PixelBytes
            let rows = (last - first - 1) * s.Rows.Step + s.Rows.Reach

            for i in 0 .. count - 1 do
                s.CopyBand(samples + nativeint i * each, low, rows, copy + nativeint i * nativeint s.Sample)

            copy
        else
            samples + (nativeint low * nativeint s.Pitch + nativeint s.Columns.Low) * nativeint s.PixelBytes

    /// The offset in bytes of the pixel `row` rows and `column` columns after the one whose address `Read` returns.
    member s.Offset(row: int, column: int) =
        (nativeint row * nativeint s.Pitch + nativeint column) * nativeint s.PixelBytes

[<RequireQualifiedAccess>]
module internal ConvSource =
    /// Makes the source for bands of `band` rows of results, of each residue. A pixel has `channels` channels of `size` bytes.
    /// `first` says whether the data has channels first, `masks` whether the kernel itself reads zeros for taps outside the data.
    let make (rows: ConvAxis) (columns: ConvAxis) channels size band first masks =
        let outside (axis: ConvAxis) = axis.Low < 0 || axis.High > axis.Extent
        let copies = first || not masks && (outside rows || outside columns)

        {
            Rows = rows
            Columns = columns
            PixelBytes = channels * size
            Copies = copies
            Transposes = first
            Size = size
            Pitch = if copies then columns.High - columns.Low else columns.Extent
            Height = if copies then (band - 1) * rows.Step + rows.Reach else rows.Extent
        }
