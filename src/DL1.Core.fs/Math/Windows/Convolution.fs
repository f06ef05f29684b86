namespace DL1

/// How a window moves. A list of one value serves all spatial axes; a list of another length than 1 and theirs is a
/// `DomainError`, as is a value that no window can have.
type WindowOptions =
    {
        /// From one place to the next; empty: 1 for a convolution, the kernel for a pooling.
        Stride: int list
        /// Zeros put on both sides.
        Padding: int list
        /// From one element of the window to the next.
        Dilation: int list
        /// Groups that the channels fall into, each convolved apart.
        Groups: int
    }

/// Convolutions and poolings over one, two or three spatial axes: data `[batch; channels; spatial...]`, weights
/// `[out; in / groups; kernel...]`. Over three they are composed of those over two.
[<RequireQualifiedAccess>]
module Convolution =
    /// Stride 1 (poolings: the kernel), no padding, no dilation, one group.
    /// `{ Convolution.options with Padding = [ 1 ] }`
    let options = { Stride = []; Padding = [ 0 ]; Dilation = [ 1 ]; Groups = 1 }

    let private sweeps operation (standard: int list) (o: WindowOptions) : Sweep list =
        let rank = standard.Length

        let each (what: string) (values: int list) =
            match values with
            | [ v ] -> List.replicate rank v
            | values when values.Length = rank -> values
            | values ->
                Refuse.domain
                    operation
                    $"{what} {values}"
                    $"one value, or one for each of %d{rank} spatial axes"
                    "give as many as the data has spatial axes"

        let strides = if o.Stride.IsEmpty then standard else each "strides" o.Stride

        List.map3
            (fun s p d -> { Stride = s; PadBefore = p; PadAfter = p; Dilation = d })
            strides
            (each "padding" o.Padding)
            (each "dilation" o.Dilation)

    let private spatialRankTo most operation (x: Expr) =
        if x.Shape.Rank < 3 || x.Shape.Rank > most + 2 then
            let deep = if most = 3 then ", or [batch; channels; depth; height; width]" else ""

            Refuse.shape
                operation
                (Operand.text x)
                $"data [batch; channels; length] or [batch; channels; height; width]{deep}"
                (if x.Shape.Rank < 3 then
                     "add the missing axis by expandDims: the batch, or the channels"
                 else
                     "reshape further axes into the batch or the channels")

        x.Shape.Rank - 2

    let private spatialRank operation x = spatialRankTo 2 operation x

    let private ones n = List.replicate n 1

    /// The sweeps whose padding makes each extent `extent / stride`, rounded up: an odd element of padding stands at the
    /// end.
    let private padded operation (o: WindowOptions) (kernel: int list) (sweeps: Sweep list) (x: Expr) =
        if o.Padding |> List.exists ((<>) 0) then
            let padding = o.Padding |> List.map string |> String.concat ", "

            Refuse.domain
                operation
                $"padding {padding} beside `same` padding"
                "padding 0: `same` computes it"
                "leave one of them out"

        List.mapi2
            (fun i (k: int) (s: Sweep) ->
                let extent, stride = int64 x.Shape[i + 2], int64 s.Stride

                if stride < 1L || s.Dilation < 1 || k < 1 then
                    // Refused when the node is made.
                    s
                else
                    let reach = int64 s.Dilation * (int64 k - 1L) + 1L
                    let places = (extent + stride - 1L) / stride
                    let total = max 0L ((places - 1L) * stride + reach - extent)

                    let half n =
                        Shape.extent
                            operation
                            (fun () -> $"{s} and a kernel of %d{k} over {Operand.text x}")
                            n

                    { s with PadBefore = half (total / 2L); PadAfter = half (total - total / 2L) })
            kernel
            sweeps

    let private convBy rank (spec: ConvSpec) x w =
        if rank = 3 then
            Volume.conv spec x w
        else
            Expr.Make(Node.Conv(ConvRole.Forward, spec, x, w))

    /// The convolution (cross-correlation) of data with weights: `[batch; out; spatial...]`, each extent
    /// `(extent + 2·padding − dilation·(kernel − 1) − 1) / stride + 1`, cut to whole. Channels or extents that do not
    /// fit are a `ShapeError`.
    /// `Convolution.conv Convolution.options images weights`
    let conv (o: WindowOptions) (x: Expr) (w: Expr) =
        let rank = spatialRankTo 3 "conv" x
        convBy rank { Sweeps = sweeps "conv" (ones rank) o; Groups = o.Groups } x w

    /// `conv` with the zeros around that make each extent of the result `extent / stride`, rounded up: with stride 1 that
    /// of the data, as PyTorch's `padding="same"`; with larger strides as Keras's. An odd zero stands at the end. Padding
    /// in the options is a `DomainError`. `Convolution.convSame Convolution.options images weights`
    let convSame (o: WindowOptions) (x: Expr) (w: Expr) =
        let operation = "convSame"
        let rank = spatialRankTo 3 operation x
        Operand.requireRank operation (rank + 2) "[out; in / groups; kernel...]" w
        let kernel = List.skip 2 (w.Shape.ToList())
        let sweeps = padded operation o kernel (sweeps operation (ones rank) o) x
        convBy rank { Sweeps = sweeps; Groups = o.Groups } x w

    /// The transposed convolution, with weights `[in; out / groups; kernel...]`: `[batch; out; spatial...]`.
    /// `outputPadding` lengthens the result at its end: no value, one, or one an axis, each less than the stride or
    /// the dilation.
    /// `Convolution.convTranspose { Convolution.options with Stride = [ 2 ] } [] images weights`
    let convTranspose (o: WindowOptions) (outputPadding: int list) (x: Expr) (w: Expr) =
        let operation = "convTranspose"
        let rank = spatialRank operation x
        Operand.requireRank operation (rank + 2) "[in; out / groups; kernel...]" w
        let sweeps = sweeps operation (ones rank) o

        let extra =
            match outputPadding with
            | [] -> List.replicate rank 0
            | [ p ] -> List.replicate rank p
            | ps when ps.Length = rank -> ps
            | ps ->
                Refuse.domain
                    operation
                    $"output padding {ps}"
                    $"one value, or one for each of %d{rank} spatial axes"
                    "give as many as the data has spatial axes"

        for s, extra in List.zip sweeps extra do
            if extra < 0 || extra >= max s.Stride s.Dilation then
                Refuse.domain
                    operation
                    $"output padding %d{extra}"
                    $"at least 0, and less than %d{max s.Stride s.Dilation}, the larger of stride and dilation"
                    "leave the output padding out"

        // What is longer by a stride or more is what padding cut off at the end, and then zeros.
        let shown =
            List.map2
                (fun (s: Sweep) extra -> if extra < s.Stride then 0 else min extra s.PadAfter)
                sweeps
                extra

        let sweeps = List.map2 (fun (s: Sweep) shown -> { s with PadAfter = s.PadAfter - shown }) sweeps shown

        let left = List.map2 (-) extra shown
        let zeros = List.map2 (fun (s: Sweep) left -> if left < s.Stride then 0 else left) sweeps left
        let extra = List.map2 (-) left zeros

        let extent axis (s: Sweep) extra =
            let value =
                (int64 x.Shape[axis + 2] - 1L) * int64 s.Stride - int64 s.PadBefore - int64 s.PadAfter
                + int64 s.Dilation * (int64 w.Shape[axis + 2] - 1L)
                + int64 extra
                + 1L

            // Below 0 it is refused when the node is made.
            max (int64 System.Int32.MinValue) value
            |> Shape.extent operation (fun () ->
                $"{s}, output padding %d{extra}, of {Operand.texts [ x; w ]}")

        let spatial = List.map3 extent [ 0 .. rank - 1 ] sweeps extra
        let y = Expr.Make(Node.Conv(ConvRole.InputGrad spatial, { Sweeps = sweeps; Groups = o.Groups }, x, w))

        if List.forall ((=) 0) zeros then
            y
        else
            let none = { Before = 0; After = 0; Between = 0 }
            Expr.padWith ([ none; none ] @ List.map (fun after -> { none with After = after }) zeros) 0.0 y

    let private windowTo most operation (kernel: int list) (o: WindowOptions) (x: Expr) : Window =
        let rank = spatialRankTo most operation x

        let kernel =
            match kernel with
            | [ k ] -> List.replicate rank k
            | ks -> ks

        if kernel.Length <> rank then
            Refuse.domain
                operation
                $"a kernel of %d{kernel.Length} axes"
                $"one value, or %d{rank}"
                "give the kernel one extent an axis"

        if o.Groups <> 1 then
            Refuse.domain
                operation
                $"%d{o.Groups} groups"
                "1: a pooling takes each channel by itself"
                "leave the groups out"

        { Kernel = kernel; Sweeps = sweeps operation kernel o }

    let internal window operation kernel o x = windowTo 2 operation kernel o x

    let internal windowSame operation kernel (o: WindowOptions) (x: Expr) : Window =
        let window = window operation kernel o x
        { window with Sweeps = padded operation o window.Kernel window.Sweeps x }

    let private pool operation (node: Window * Expr -> Node<Expr>) kernel o (x: Expr) =
        let window = windowTo 3 operation kernel o x

        if x.Shape.Rank = 5 then
            Volume.pool operation node window x
        else
            Expr.Make(node (window, x))

    /// The maximum of each window; the first one takes the gradient where several are largest. Padding counts as −∞.
    /// The kernel has one extent for all spatial axes, or one an axis.
    /// `Convolution.maxPool [ 2 ] Convolution.options images`
    let maxPool (kernel: int list) (o: WindowOptions) (x: Expr) = pool "maxPool" Node.MaxPool kernel o x

    /// The mean of each window; padding counts as zeros. `Convolution.avgPool [ 2 ] Convolution.options images`
    let avgPool (kernel: int list) (o: WindowOptions) (x: Expr) = pool "avgPool" Node.AvgPool kernel o x

    /// Adds a bias `[channels]` to data `[batch; channels; spatial...]`; another length is a `ShapeError`.
    /// `Convolution.addBias bias images`
    let addBias (b: Expr) (x: Expr) =
        Operand.requireRank "addBias" 1 "[channels]" b

        if x.Shape.Rank < 2 || b.Shape[0] <> x.Shape[1] then
            Refuse.shape
                "addBias"
                (Operand.texts [ b; x ])
                "a bias with an element for each channel of data [batch; channels; spatial...]"
                "check the number of channels"

        x + Expr.reshape (b.Shape[0] :: ones (x.Shape.Rank - 2)) b
