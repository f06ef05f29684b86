namespace DL1.Compiler.Pooling

open DL1
open DL1.Compiler.Conv

/// The windows along one axis, without padding. For each result, `Firsts` has the index in the data of the window's first
/// element, and `Counts` the number of the window's elements that are in the data. An empty window has 0 for both.
[<NoEquality; NoComparison>]
type internal PoolingAxis = { Firsts: int[]; Counts: int[]; Dilation: int }

/// The extents of a pooling over two spatial axes; with one spatial axis, the height is 1. The shape of the data is
/// `[Samples; Height; Width; Channels]`, of the result `[Samples; OutHeight; OutWidth; Channels]`.
[<NoEquality; NoComparison>]
type internal PoolingGeometry =
    {
        Samples: int
        Channels: int
        Height: int
        Width: int
        OutHeight: int
        OutWidth: int
        Rows: PoolingAxis
        Columns: PoolingAxis
        /// The number of elements of a window, padding included.
        Area: float
        /// The largest number of elements that a window has in the data, without padding.
        Most: int
    }

[<RequireQualifiedAccess>]
module internal PoolingGeometry =
    let private axis (s: Sweep) kernel extent results =
        let inside = Array.init results (Sweep.inside s kernel extent)
        let count (struct (first, last)) = max 0 (last - first + 1)

        {
            Firsts =
                inside
                |> Array.mapi (fun p (struct (first, last)) -> if last < first then 0 else Sweep.at s p first)
            Counts = Array.map count inside
            // The dilation is not used where no window has more than one element.
            Dilation = if Array.exists (fun range -> count range > 1) inside then s.Dilation else 1
        }

    /// The geometry from the shapes `[n; c; spatial...]` of data and result in the graph, with one or two spatial axes.
    let make (window: Window) (data: Shape) (result: Shape) =
        let struct (height, width) = ConvGeometry.plane data
        let struct (outHeight, outWidth) = ConvGeometry.plane result

        let struct (rows, kernelRows), struct (columns, kernelColumns) =
            match window.Sweeps, window.Kernel with
            | [ s ], [ k ] when data.Rank = 3 -> struct (ConvGeometry.unitSweep, 1), struct (s, k)
            | [ s; t ], [ k; l ] when data.Rank = 4 -> struct (s, k), struct (t, l)
            | sweeps, kernel ->
                Refuse.shape
                    "pooling"
                    $"%d{sweeps.Length} sweeps and a window {kernel} over data {data}"
                    "one or two spatial axes, with a sweep and an extent for each"
                    "fold further axes into the batch"

        let rows = axis rows kernelRows height outHeight
        let columns = axis columns kernelColumns width outWidth

        {
            Samples = data[0]
            Channels = data[1]
            Height = height
            Width = width
            OutHeight = outHeight
            OutWidth = outWidth
            Rows = rows
            Columns = columns
            Area = float kernelRows * float kernelColumns
            Most = Array.fold max 0 rows.Counts * Array.fold max 0 columns.Counts
        }
