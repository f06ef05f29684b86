namespace DL1.Compiler.Conv

open System
open DL1

/// The extents of a convolution over two spatial axes; with one spatial axis, the height is 1. The shape of the data is
/// `[Images; Height; Width; Channels]`, of the result `[Images; OutHeight; OutWidth; Outputs]`, of the weights
/// `[Outputs; Channels / Groups; KernelHeight; KernelWidth]`.
type internal ConvGeometry =
    {
        Images: int
        Channels: int
        Height: int
        Width: int
        Outputs: int
        Groups: int
        KernelHeight: int
        KernelWidth: int
        SweepHeight: Sweep
        SweepWidth: Sweep
        OutHeight: int
        OutWidth: int
    }

    /// The number of input channels that one output channel depends on.
    member g.ChannelsEach = g.Channels / g.Groups

    /// The number of output channels in one group.
    member g.OutputsEach = g.Outputs / g.Groups
    member g.Taps = g.KernelHeight * g.KernelWidth
    /// The number of elements in one sample's data, and in its result.
    member g.DataEach = g.Height * g.Width * g.Channels
    member g.OutEach = g.OutHeight * g.OutWidth * g.Outputs
    /// Whether each channel is convolved by itself.
    member g.IsDepthwise = g.Groups > 1 && g.Groups = g.Channels && g.Groups = g.Outputs

    /// Refuses samples, weights and tables of more bytes than an array can have, for elements of `size` bytes. Each size that
    /// kernels compute is a product of some factors of one of those checked here, so it fits into 32 bits.
    member g.Check(size: int) =
        let most = int64 Array.MaxLength - 64L

        let check (what: string) (elements: int64) (bytesEach: int) =
            if elements * int64 bytesEach > most then
                Refuse.domain
                    "Compile"
                    $"{what} of %d{elements} elements in a convolution"
                    $"at most %d{most / int64 bytesEach}"
                    "use smaller images, fewer channels, or a smaller kernel"

        let plane height width channels = int64 height * int64 width * int64 channels
        check "a sample" (plane g.Height g.Width g.Channels) size
        check "a result" (plane g.OutHeight g.OutWidth g.Outputs) size
        check "weights" (int64 g.Outputs * int64 g.ChannelsEach * int64 g.Taps) size
        check "a plane of results" (plane g.OutHeight g.OutWidth 1) sizeof<nativeint>
        check "a plane of data" (plane g.Height g.Width 1) sizeof<nativeint>

[<RequireQualifiedAccess>]
module internal ConvGeometry =
    /// The sweep along an axis of extent 1.
    let unitSweep = { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = 1 }

    /// The height and width of images with one or two spatial axes, channels first.
    let plane (shape: Shape) = if shape.Rank = 3 then struct (1, shape[2]) else struct (shape[2], shape[3])

    /// The geometry of data `[n; c; spatial...]`, weights `[o; c / groups; kernel...]` and result `[n; o; spatial...]`,
    /// as the graph has them, with one or two spatial axes.
    let make (spec: ConvSpec) (data: Shape) (weights: Shape) (result: Shape) =
        // If the stride is longer than the padded axis, there is one result; if the dilation is, the kernel has one element. Both
        // are limited to the length of that axis, which changes no result, and keeps offsets within 32 bits (`Check`).
        let within (extent: int) (s: Sweep) =
            let padded = extent + s.PadBefore + s.PadAfter |> max 1

            { s with Stride = min s.Stride padded; Dilation = min s.Dilation padded }

        let struct (height, width) = plane data
        let struct (kernelHeight, kernelWidth) = plane weights
        let struct (outHeight, outWidth) = plane result

        let sweepHeight, sweepWidth =
            match spec.Sweeps with
            | [ s ] when data.Rank = 3 -> unitSweep, s
            | [ s; t ] when data.Rank = 4 -> s, t
            | sweeps ->
                Refuse.shape
                    "convolution"
                    $"%d{sweeps.Length} sweeps over data {data}"
                    "one or two spatial axes, with a sweep for each"
                    "fold further axes into the batch"

        {
            Images = data[0]
            Channels = data[1]
            Height = height
            Width = width
            Outputs = weights[0]
            Groups = spec.Groups
            KernelHeight = kernelHeight
            KernelWidth = kernelWidth
            SweepHeight = within height sweepHeight
            SweepWidth = within width sweepWidth
            OutHeight = outHeight
            OutWidth = outWidth
        }

/// Which of a convolution's operands and result are images that have channels first, as in the graph. A kernel transposes these
/// task by task, while they are in the nearest caches. All other images have channels last.
[<Struct>]
type internal ConvFirst =
    {
        Left: bool
        Right: bool
        Result: bool
    }

    /// Channels are last everywhere.
    static member None = { Left = false; Right = false; Result = false }

/// `Count` results along one axis that are computed alike, the first of them at index `First`. A convolution has one residue,
/// with all results; its transpose has one for each remainder modulo the stride. `Taps` are the kernel elements that contribute
/// to the first result, as (index in the source, kernel element), by ascending index.
type internal ConvResidue = { First: int; Count: int; Taps: struct (int * int)[] }

/// How a convolution, or its transpose, computes the results along one axis from the source along this axis. Result number q of a
/// residue is at index `First` + q·`Spacing`; its taps are at source indices q·`Step` higher than those of the first result.
type internal ConvAxis =
    {
        Residues: ConvResidue[]
        Step: int
        Spacing: int
        /// The extent of the source.
        Extent: int
        /// The extent of the result.
        Length: int
        /// Taps read the source indices `Low` to `High` − 1. Some of these may be outside the source.
        Low: int
        High: int
        /// The number of source indices, counted from `Low`, in which the first results of all residues have their taps.
        Reach: int
        /// The largest `Count` of all residues.
        Most: int
    }

[<RequireQualifiedAccess>]
module internal ConvAxis =
    let private make residues step spacing extent length =
        let mutable low = Int32.MaxValue
        let mutable high = Int32.MinValue
        let mutable reach = Int32.MinValue

        for residue in residues do
            if residue.Count > 0 then
                for struct (index, _) in residue.Taps do
                    low <- min low index
                    reach <- max reach index
                    high <- max high (index + (residue.Count - 1) * step + 1)

        {
            Residues = residues
            Step = step
            Spacing = spacing
            Extent = extent
            Length = length
            Low = (if low = Int32.MaxValue then 0 else low)
            High = (if low = Int32.MaxValue then 1 else high)
            Reach = (if low = Int32.MaxValue then 1 else reach - low + 1)
            Most = residues |> Array.fold (fun most (residue: ConvResidue) -> max most residue.Count) 0
        }

    /// A convolution: all results are computed alike.
    let forward (s: Sweep) (kernel: int) (extent: int) (results: int) =
        let taps = Array.init kernel (fun k -> struct (k * s.Dilation - s.PadBefore, k))
        make [| { First = 0; Count = results; Taps = taps } |] s.Stride 1 extent results

    /// The transpose: element i of the data contributes to output p by kernel element k, where i = p·stride − padding +
    /// k·dilation. Elements whose indices differ by a multiple of the stride are computed alike.
    let transpose (s: Sweep) (kernel: int) (extent: int) (results: int) =
        let residue first =
            let taps =
                [|
                    for k in kernel - 1 .. -1 .. 0 do
                        let reached = first + s.PadBefore - k * s.Dilation

                        if reached % s.Stride = 0 then
                            struct (reached / s.Stride, k)
                |]

            {
                First = first
                Count = int ((int64 extent - int64 first + int64 s.Stride - 1L) / int64 s.Stride)
                Taps = taps
            }

        make (Array.init (min s.Stride extent) residue) 1 s.Stride results extent
