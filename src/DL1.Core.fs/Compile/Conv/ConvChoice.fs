namespace DL1.Compiler.Conv

open System.Runtime.Intrinsics
open DL1
open DL1.Compiler
open DL1.Compiler.Simd
open DL1.Compiler.Winograd

/// Chooses and makes the kernel of a convolution with channels last, in any of its three roles, for each vector width.
[<RequireQualifiedAccess>]
module internal ConvChoice =
    let private work (g: ConvGeometry) = int64 g.OutEach * int64 g.Taps * int64 g.ChannelsEach

    let private isPlain (s: Sweep) = s.Stride = 1 && s.Dilation = 1

    /// The numbers of rows and columns that Winograd's tiles cover: of the data in the gradient by the data, else of the results.
    let private tiled (role: ConvRole) (g: ConvGeometry) =
        if role.IsInputGrad then
            struct (g.Height, g.Width)
        else
            struct (g.OutHeight, g.OutWidth)

    /// Whether Winograd's algorithm is used, with elements of `size` bytes.
    let private isWinograd role (g: ConvGeometry) size =
        g.Groups = 1
        && g.KernelHeight = 3
        && g.KernelWidth = 3
        && isPlain g.SweepHeight
        && isPlain g.SweepWidth
        && (let struct (rows, columns) = tiled role g

            let most =
                if role.IsWeightGrad then
                    Tuning.WinogradSumBytes
                else
                    Tuning.WinogradWeightBytes

            Winograd.suits g.Images g.Channels g.Outputs rows columns size most)

    /// The number of floating-point operations of a kernel, without the additions of Winograd's transforms.
    let operations role (g: ConvGeometry) size =
        if isWinograd role g size then
            let struct (rows, columns) = tiled role g
            32L * int64 g.Images * Winograd.tilesEach rows columns * int64 g.Channels * int64 g.Outputs
        else
            2L * int64 g.Images * work g

    /// Makes the kernel of a convolution or, if `transposed`, of its gradient by the data; if `isInTiles`, by Winograd's form.
    let private product<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
        transposed
        isInTiles
        (first: ConvFirst)
        (pixel: int)
        (g: ConvGeometry)
        =
        let size = sizeof<'T>
        let axis = if transposed then ConvAxis.transpose else ConvAxis.forward
        // The numbers of channels of one group that are read and written, and the weights' strides along them, in elements.
        let each, outputs = g.ChannelsEach, g.OutputsEach
        let source, result = if transposed then outputs, each else each, outputs
        let down, across = each * g.Taps, g.Taps
        let weightSource, weightResult = if transposed then down, across else across, down

        let rows = axis g.SweepHeight g.KernelHeight g.Height g.OutHeight
        let columns = axis g.SweepWidth g.KernelWidth g.Width g.OutWidth

        /// The bytes of all samples of the source.
        let bytes =
            int64 g.Images * int64 rows.Extent * int64 columns.Extent * int64 (source * g.Groups * size)

        let problem =
            {
                Geometry = g
                Rows = rows
                Columns = columns
                Source = source * g.Groups
                Result = result * g.Groups
                ResultPixel = pixel
                // A depthwise multiply-add, which reads an element of its own, takes as long as several multiply-adds of a GEMM
                // (bench/Onnx, MobileNetV2).
                Work = (if g.IsDepthwise then 4L * work g else work g)
                Size = size
                Multiple = (if isInTiles then 2 else 1)
                Panels =
                    (if g.Groups > 1 || isInTiles then
                         1
                     else
                         (result * size + 2 * 'S.Bytes - 1) / (2 * 'S.Bytes))
                Masks = g.IsDepthwise && (g.Images = 1 || bytes < Tuning.DepthwiseFetchBytes)
                First = first
            }

        let plan = ConvPlan.make problem

        if g.IsDepthwise then
            DepthwiseConv<'S, 'V, 'T>(plan, g.Images, g.Channels, g.Taps) :> ConvKernel
        elif isInTiles then
            WinogradConv<'S, 'V, 'T>(plan, g.Images, source, result, weightSource, weightResult)
        else
            ConvGemm<'S, 'V, 'T>(plan, g.Images, g.Groups, source, result, weightSource, weightResult, g.Taps)

    let rec private make<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
        (role: ConvRole)
        (first: ConvFirst)
        (pixel: int)
        (g: ConvGeometry)
        : ConvKernel =
        g.Check sizeof<'T>
        let isInTiles = isWinograd role g sizeof<'T>

        match role with
        // If the channels of a pixel do not fill a vector, the kernel computes single elements.
        | _ when g.IsDepthwise && sizeof<'T> < 'S.Bytes && g.Channels * sizeof<'T> < 'S.Bytes ->
            make<Simd1<'T>, Vector128<'T>, 'T> role first pixel g
        | ConvRole.Forward -> product<'S, 'V, 'T> false isInTiles first pixel g
        | ConvRole.InputGrad _ -> product<'S, 'V, 'T> true isInTiles first pixel g
        | ConvRole.WeightGrad _ when g.IsDepthwise -> DepthwiseWeights<'S, 'V, 'T>(g, first)
        | ConvRole.WeightGrad _ when isInTiles -> WinogradWeights<'S, 'V, 'T>(g, first)
        | ConvRole.WeightGrad _ -> ConvWeights<'S, 'V, 'T>(g, first)

    /// Makes a kernel for f32 or f64 with vectors of a width. Pixels of an image that it writes are `pixel` elements apart.
    let kernel<'T when 'T: unmanaged> width role first pixel geometry =
        match width with
        | Width.Bits128 -> make<Simd128<'T>, _, 'T> role first pixel geometry
        | Width.Bits256 -> make<Simd256<'T>, _, 'T> role first pixel geometry
        | Width.Bits512 -> make<Simd512<'T>, _, 'T> role first pixel geometry

    /// The geometry of a convolution node, from the shapes of its operands and its result in the graph, where channels are first.
    let geometry (role: ConvRole) (spec: ConvSpec) (left: Shape) (right: Shape) (result: Shape) =
        match role with
        | ConvRole.Forward -> ConvGeometry.make spec left right result
        | ConvRole.InputGrad _ -> ConvGeometry.make spec result right left
        | ConvRole.WeightGrad _ -> ConvGeometry.make spec left result right
