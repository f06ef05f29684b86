namespace DL1

/// Windows over three spatial axes, `[batch; channels; depth; height; width]`, composed of those over two: no primitive and
/// no kernel of their own.
module internal Volume =
    let private none = { Before = 0; After = 0; Between = 0 }

    /// The sweep that leaves an axis as it is.
    let private still = { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = 1 }

    /// How many places a window has along an axis; where it has none, or moves in a way that no window can, a `ShapeError`
    /// or `DomainError`.
    let private places operation (axis: int) (kernel: int) (s: Sweep) (x: Expr) =
        if s.Stride < 1 || s.Dilation < 1 || s.PadBefore < 0 || s.PadAfter < 0 || kernel < 1 then
            Refuse.domain
                operation
                $"kernel %d{kernel}, {s}"
                "a kernel, a stride and a dilation of 1 or more, padding of 0 or more"
                "check the options of the window"

        let extent = int64 x.Shape[axis] + int64 s.PadBefore + int64 s.PadAfter
        let reach = int64 s.Dilation * (int64 kernel - 1L) + 1L

        if reach > extent then
            Refuse.shape
                operation
                $"a window that reaches over %d{reach} of %d{extent} places, padding included, of {Operand.text x}"
                "a window within the padded data"
                "take a smaller kernel or dilation, or more padding"

        int ((extent - reach) / int64 s.Stride + 1L)

    /// The convolution of `[batch; channels; depth; height; width]` with `[out; in / groups; depth; height; width]`: the
    /// planes that meet a window stand side by side as channels of one convolution over height and width.
    let conv (spec: ConvSpec) (x: Expr) (w: Expr) : Expr =
        Operand.requireRank "conv" 5 "[out; in / groups; depth; height; width]" w

        match spec.Sweeps with
        | depth :: plane ->
            let batch, channels = x.Shape[0], x.Shape[1]
            let outputs, kernel = w.Shape[0], w.Shape[2]
            let count = places "conv" 2 kernel depth x
            let edges = { none with Before = depth.PadBefore; After = depth.PadAfter }
            let padded = Expr.padWith [ none; none; edges; none; none ] 0.0 x

            let meeting k =
                let start = k * depth.Dilation
                let stop = start + (count - 1) * depth.Stride + 1
                let whole axis = { Start = 0; Stop = padded.Shape[axis]; Step = 1 }
                let cut = { Start = start; Stop = stop; Step = depth.Stride }
                Expr.Make(Node.Slice([ whole 0; whole 1; cut; whole 3; whole 4 ], padded))

            let rows =
                List.init kernel meeting
                |> Expr.stack 2
                |> Expr.transpose [ 0; 3; 1; 2; 4; 5 ]
                |> Expr.reshape [ batch * count; channels * kernel; x.Shape[3]; x.Shape[4] ]

            let weight = Expr.reshape [ outputs; w.Shape[1] * kernel; w.Shape[3]; w.Shape[4] ] w

            let y =
                Expr.Make(Node.Conv(ConvRole.Forward, { Sweeps = plane; Groups = spec.Groups }, rows, weight))

            y
            |> Expr.reshape [ batch; count; outputs; y.Shape[2]; y.Shape[3] ]
            |> Expr.transpose [ 0; 2; 1; 3; 4 ]
        | [] -> x

    /// A pooling over three axes: over height and width of each plane, then over depth.
    let pool operation (node: Window * Expr -> Node<Expr>) (window: Window) (x: Expr) : Expr =
        match window.Kernel, window.Sweeps with
        | depth :: plane, sweep :: sweeps ->
            places operation 2 depth sweep x |> ignore
            let batch, channels, planes = x.Shape[0], x.Shape[1], x.Shape[2]

            let flat =
                Expr.Make(
                    node (
                        { Kernel = plane; Sweeps = sweeps },
                        Expr.reshape [ batch; channels * planes; x.Shape[3]; x.Shape[4] ] x
                    )
                )

            let height, width = flat.Shape[2], flat.Shape[3]

            let deep =
                Expr.Make(
                    node (
                        { Kernel = [ depth; 1 ]; Sweeps = [ sweep; still ] },
                        Expr.reshape [ batch; channels; planes; height * width ] flat
                    )
                )

            Expr.reshape [ batch; channels; deep.Shape[2]; height; width ] deep
        | _ -> x
