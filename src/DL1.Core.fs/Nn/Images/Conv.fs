namespace DL1

/// Convolutions as layers, channels first: `[batch; channels; length]`, `[batch; channels; height; width]` or
/// `[batch; channels; depth; height; width]`.
[<RequireQualifiedAccess>]
module Conv =
    let private requireRank name rank (x: Expr) =
        if x.Shape.Rank <> rank then
            Refuse.shape
                name
                (Operand.text x)
                (match rank with
                 | 3 -> "data [batch; channels; length]"
                 | 4 -> "data [batch; channels; height; width]"
                 | _ -> "data [batch; channels; depth; height; width]")
                "put a layer that reshapes before it, to [1; 8; 8] for rows of 64 pixels"

    let private requireGroups name (groups: int) (inputs: int) (outputs: int) =
        if groups < 1 || inputs % groups <> 0 || outputs % groups <> 0 then
            Refuse.shape
                name
                $"%d{groups} groups, %d{inputs} channels in and %d{outputs} out"
                "groups that divide the channels on both sides"
                "take a common divisor of both"

    let private each rank (kernel: int list) =
        match kernel with
        | [ k ] -> List.replicate rank k
        | ks -> ks

    /// Printed with its channels and its kernel: `Conv2d(16, 3×3)`.
    let private sized rank (outputs: int) (kernel: int list) layer =
        let extents = each (rank - 2) kernel |> List.map (fun n -> $"%d{n}") |> String.concat "×"
        Layer.sized $"%d{outputs}, {extents}" layer

    let private biased (scope: Scope) (p: ParameterOptions) outputs fanIn (y: Expr) =
        if p.Bias then
            let init = p.BiasInit |> Option.defaultWith (fun () -> Init.boundedBy fanIn)
            Convolution.addBias (scope.Parameter("bias", [ outputs ], init)) y
        else
            y

    let private requireSizes name outputs (kernel: int list) =
        Layer.requireSize name "output channels" outputs

        for extent in kernel do
            Layer.requireSize name "elements of the kernel along an axis" extent

    let private convBy
        convolve
        name
        rank
        (p: ParameterOptions)
        (w: WindowOptions)
        outputs
        kernel
        : Layer<Expr, Expr> =
        requireSizes name outputs kernel

        sized rank outputs kernel
        <| Layer.create name (fun scope x ->
            requireRank name rank x
            requireGroups name w.Groups x.Shape[1] outputs
            let dims = outputs :: x.Shape[1] / max 1 w.Groups :: each (rank - 2) kernel
            let weight = scope.Parameter("weight", dims, p.Weight)
            convolve w x weight |> biased scope p outputs (fst (Init.fans dims)))

    /// `conv1d` with options of the window and of the parameters.
    /// `Conv.conv1dWith Init.parameters { Convolution.options with Padding = [ 1 ] } 8 3`
    let conv1dWith parameters window (outputs: int) (kernel: int) =
        convBy Convolution.conv "Conv1d" 3 parameters window outputs [ kernel ]

    /// `conv2d` with options of the window and of the parameters, and a kernel of one extent or two.
    /// `Conv.conv2dWith Init.parameters { Convolution.options with Stride = [ 2 ] } 8 [ 3 ]`
    let conv2dWith parameters window (outputs: int) (kernel: int list) =
        convBy Convolution.conv "Conv2d" 4 parameters window outputs kernel

    /// `conv1dWith`, padded so that the length is `length / stride`, rounded up: see `Convolution.convSame`.
    /// `Conv.conv1dSameWith Init.parameters Convolution.options 8 3`
    let conv1dSameWith parameters window (outputs: int) (kernel: int) =
        convBy Convolution.convSame "Conv1d" 3 parameters window outputs [ kernel ]

    /// `conv2dWith`, padded so that each extent is `extent / stride`, rounded up: see `Convolution.convSame`.
    /// `Conv.conv2dSameWith Init.parameters { Convolution.options with Stride = [ 2 ] } 8 [ 3 ]`
    let conv2dSameWith parameters window (outputs: int) (kernel: int list) =
        convBy Convolution.convSame "Conv2d" 4 parameters window outputs kernel

    /// `outputs` kernels over `[batch; channels; length]`, stride 1, no padding. Parameters `weight`
    /// `[out; in; kernel]`, `bias` `[out]`. `Conv.conv1d 8 3`
    let conv1d outputs kernel = conv1dWith Init.parameters Convolution.options outputs kernel

    /// `outputs` square kernels over `[batch; channels; height; width]`, stride 1, no padding. Parameters `weight`
    /// `[out; in; kernel; kernel]`, `bias` `[out]`. `Conv.conv2d 32 3`
    let conv2d outputs (kernel: int) = conv2dWith Init.parameters Convolution.options outputs [ kernel ]

    /// `conv1d` padded so that the length stays. `Conv.conv1dSame 8 3`
    let conv1dSame outputs kernel = conv1dSameWith Init.parameters Convolution.options outputs kernel

    /// `conv2d` padded so that height and width stay. `Conv.conv2dSame 32 3`
    let conv2dSame outputs (kernel: int) =
        conv2dSameWith Init.parameters Convolution.options outputs [ kernel ]

    /// `conv3d` with options of the window and of the parameters, and a kernel of one extent or three.
    /// `Conv.conv3dWith Init.parameters { Convolution.options with Stride = [ 2 ] } 8 [ 3 ]`
    let conv3dWith parameters window (outputs: int) (kernel: int list) =
        convBy Convolution.conv "Conv3d" 5 parameters window outputs kernel

    /// `outputs` cubic kernels over `[batch; channels; depth; height; width]`, stride 1, no padding. Parameters `weight`
    /// `[out; in; kernel; kernel; kernel]`, `bias` `[out]`. `Conv.conv3d 8 3`
    let conv3d outputs (kernel: int) = conv3dWith Init.parameters Convolution.options outputs [ kernel ]

    /// `conv3dWith`, padded so that each extent is `extent / stride`, rounded up: see `Convolution.convSame`.
    /// `Conv.conv3dSameWith Init.parameters Convolution.options 8 [ 3 ]`
    let conv3dSameWith parameters window (outputs: int) (kernel: int list) =
        convBy Convolution.convSame "Conv3d" 5 parameters window outputs kernel

    /// `conv3d` padded so that depth, height and width stay. `Conv.conv3dSame 8 3`
    let conv3dSame outputs (kernel: int) =
        conv3dSameWith Init.parameters Convolution.options outputs [ kernel ]

    let private transposed
        name
        rank
        (p: ParameterOptions)
        (w: WindowOptions)
        outputPadding
        outputs
        kernel
        : Layer<Expr, Expr> =
        requireSizes name outputs kernel

        sized rank outputs kernel
        <| Layer.create name (fun scope x ->
            requireRank name rank x
            requireGroups name w.Groups x.Shape[1] outputs
            let dims = x.Shape[1] :: outputs / max 1 w.Groups :: each (rank - 2) kernel
            let weight = scope.Parameter("weight", dims, p.Weight)

            Convolution.convTranspose w outputPadding x weight
            |> biased scope p outputs (fst (Init.fans dims)))

    let private byStride stride = { Convolution.options with Stride = [ stride ] }

    /// The transposed convolution over `[batch; channels; length]`, which stride makes longer; `outputPadding` lengthens it
    /// at its end. Parameters `weight` `[in; out / groups; kernel]`, `bias` `[out]`.
    /// `Conv.convTranspose1dWith Init.parameters { Convolution.options with Stride = [ 2 ] } [] 8 2`
    let convTranspose1dWith parameters window (outputPadding: int list) (outputs: int) (kernel: int) =
        transposed "ConvTranspose1d" 3 parameters window outputPadding outputs [ kernel ]

    /// The transposed convolution over sequences with a kernel and a stride. `Conv.convTranspose1d 8 2 2`
    let convTranspose1d outputs (kernel: int) (stride: int) =
        convTranspose1dWith Init.parameters (byStride stride) [] outputs kernel

    /// The transposed convolution over `[batch; channels; height; width]`, which stride makes larger; `outputPadding`
    /// lengthens it at its end. Parameters `weight` `[in; out / groups; kernel...]`, `bias` `[out]`.
    /// `Conv.convTranspose2dWith Init.parameters { Convolution.options with Stride = [ 2 ] } [] 8 [ 2 ]`
    let convTranspose2dWith parameters window (outputPadding: int list) (outputs: int) (kernel: int list) =
        transposed "ConvTranspose2d" 4 parameters window outputPadding outputs kernel

    /// The transposed convolution with a square kernel and a stride. `Conv.convTranspose2d 8 2 2`
    let convTranspose2d outputs (kernel: int) (stride: int) =
        convTranspose2dWith Init.parameters (byStride stride) [] outputs [ kernel ]
