namespace DL1

/// How a pooling treats the edges of its data.
type PoolingEdges =
    {
        /// Whether there is a last window that reaches beyond the padded data, where it begins inside (PyTorch's
        /// `ceil_mode`).
        Ceiling: bool
        /// Whether a mean counts the zeros of the padding (PyTorch's `count_include_pad`).
        CountsPadding: bool
    }

/// Windows over data `[batch; channels; spatial...]` beyond `Convolution.maxPool` and `avgPool`: last windows that reach
/// beyond the data, means that do not count padding, places of maxima and their inverse, windows as columns.
[<RequireQualifiedAccess>]
module Windowed =
    /// Whole windows alone; means count the padding. `{ Windowed.edges with Ceiling = true }`
    let edges = { Ceiling = false; CountsPadding = true }

    /// The window with more padding at the end, where a last window begins inside.
    let private reaching (edges: PoolingEdges) (window: Window) (x: Expr) : Window =
        let longer i (k: int) (s: Sweep) =
            let extent, reach = int64 x.Shape[i + 2], int64 s.Dilation * (int64 k - 1L) + 1L
            let room = extent + int64 s.PadBefore + int64 s.PadAfter - reach

            if not edges.Ceiling || room < 0L || s.Stride < 1 then
                s
            else
                let stride = int64 s.Stride
                let last = (room + stride - 1L) / stride * stride
                let last = if last >= extent + int64 s.PadBefore then last - stride else last
                { s with PadAfter = s.PadAfter + int (max 0L (last - room)) }

        { window with Sweeps = List.mapi2 longer window.Kernel window.Sweeps }

    /// The maximum of each window, as `Convolution.maxPool`, with the edges given.
    /// `Windowed.max { Windowed.edges with Ceiling = true } [ 2 ] Convolution.options images`
    let max (edges: PoolingEdges) (kernel: int list) (o: WindowOptions) (x: Expr) : Expr =
        let window = Convolution.window "maxPool" kernel o x
        Expr.Make(Node.MaxPool(reaching edges window x, x))

    /// For each place of a window along an axis, how many of its elements a mean counts.
    let private counts (edges: PoolingEdges) (given: Sweep) (sweep: Sweep) kernel extent places =
        Array.init places (fun p ->
            if edges.CountsPadding then
                let below = int64 extent + int64 given.PadAfter

                let at k =
                    int64 p * int64 sweep.Stride - int64 sweep.PadBefore + int64 k * int64 sweep.Dilation

                Seq.init kernel at |> Seq.filter (fun place -> place < below) |> Seq.length
            else
                let struct (first, last) = Sweep.inside sweep kernel extent p
                Operators.max 0 (last - first + 1))

    let private averageOver (edges: PoolingEdges) (given: Window) (window: Window) (x: Expr) : Expr =
        let means = Expr.Make(Node.AvgPool(window, x))

        let corrected (means: Expr) (i: int) =
            let kernel, places = window.Kernel[i], means.Shape[i + 2]
            let counts = counts edges given.Sweeps[i] window.Sweeps[i] kernel x.Shape[i + 2] places

            if Array.forall ((=) kernel) counts then
                means
            else
                let factors = counts |> Array.map (fun n -> float kernel / float n)

                Tensor.ofArray (places :: List.replicate (means.Shape.Rank - 3 - i) 1) factors
                |> Tensor.cast x.DType
                |> Expr.constant
                |> fun factors -> means * factors

        List.fold corrected means [ 0 .. window.Kernel.Length - 1 ]

    /// The mean of each window, as `Convolution.avgPool`, with the edges given; what lies beyond the padding is never
    /// counted. `Windowed.average { Windowed.edges with CountsPadding = false } [ 2 ] Convolution.options images`
    let average (edges: PoolingEdges) (kernel: int list) (o: WindowOptions) (x: Expr) : Expr =
        let given = Convolution.window "avgPool" kernel o x
        averageOver edges given (reaching edges given x) x

    /// The maximum of each window, with the padding that makes each extent of the result `extent / stride`, rounded up:
    /// see `Convolution.convSame`. `Windowed.maxSame [ 3 ] { Convolution.options with Stride = [ 1 ] } images`
    let maxSame (kernel: int list) (o: WindowOptions) (x: Expr) : Expr =
        Expr.Make(Node.MaxPool(Convolution.windowSame "maxPool" kernel o x, x))

    /// The mean of each window over the elements that are there, with the padding that makes each extent of the result
    /// `extent / stride`, rounded up, and that is not counted, as Keras's.
    /// `Windowed.averageSame [ 3 ] { Convolution.options with Stride = [ 1 ] } images`
    let averageSame (kernel: int list) (o: WindowOptions) (x: Expr) : Expr =
        let window = Convolution.windowSame "avgPool" kernel o x
        averageOver { edges with CountsPadding = false } window window x

    /// The maximum of each window, and its place among the data of its channel in row-major order, i64.
    /// `Windowed.maxWithPlaces [ 2 ] Convolution.options images |> snd`
    let maxWithPlaces (kernel: int list) (o: WindowOptions) (x: Expr) : Expr * Expr =
        let window = Convolution.window "maxPool" kernel o x
        let spatial = List.skip 2 (x.Shape.ToList())
        // f64 holds all places exactly.
        let wide = Expr.cast DType.F64 (Expr.stopGradient x)

        let places =
            Expr.arange DType.F64 (List.fold (*) 1 spatial)
            |> Expr.reshape spatial
            |> Expr.broadcastTo (x.Shape.ToList())

        Expr.Make(Node.MaxPool(window, x)),
        Expr.cast DType.I64 (Expr.Make(Node.MaxPoolPick(window, wide, places)))

    /// Zeros `[batch; channels; spatial...]` with each value at its place, the inverse of `maxWithPlaces` for windows that do
    /// not overlap; several values for one place add up. `Windowed.unpool [ 3; 3 ] places values`
    let unpool (spatial: int list) (places: Expr) (values: Expr) : Expr =
        let operation = "unpool"
        Operand.requireSameShape operation places values

        if values.Shape.Rank < 3 then
            Refuse.shape
                operation
                (Operand.text values)
                "values [batch; channels; spatial...], as a pooling gives them"
                "add the missing axes by expandDims"

        let rows = List.take 2 (values.Shape.ToList())
        let shape = Operand.shape operation (rows @ spatial)
        let flat (e: Expr) = Expr.reshape (rows @ [ List.fold (*) 1 (List.skip 2 (e.Shape.ToList())) ]) e
        let zeros = Expr.full values.DType (rows @ [ List.fold (*) 1 spatial ]) 0.0
        Indexing.scatterAdd 2 (flat places) (flat values) zeros |> Expr.reshape (shape.ToList())

    /// Each window's elements as a column, as PyTorch's `unfold`: `[batch; channels·kernel...; places]`, zeros for padding; the
    /// stride is 1 unless given. `Windowed.unfold [ 2 ] Convolution.options images`
    let unfold (kernel: int list) (o: WindowOptions) (x: Expr) : Expr =
        let o = if o.Stride.IsEmpty then { o with Stride = [ 1 ] } else o
        let window = Convolution.window "unfold" kernel o x
        let outputs = InferWindow.pool "unfold" { window with Sweeps = window.Sweeps } x
        let places = List.skip 2 (outputs.ToList())

        let padded =
            let none = { Before = 0; After = 0; Between = 0 }

            Expr.padWith
                (none
                 :: none
                 :: (window.Sweeps
                     |> List.map (fun s -> { none with Before = s.PadBefore; After = s.PadAfter })))
                0.0
                x

        let rec offsets (kernel: int list) =
            match kernel with
            | [] -> [ [] ]
            | k :: rest ->
                [
                    for i in 0 .. k - 1 do
                        for others in offsets rest -> i :: others
                ]

        let batch, channels = x.Shape[0], x.Shape[1]

        let element (offset: int list) =
            let cuts =
                List.map3
                    (fun k (s: Sweep) n ->
                        let start = k * s.Dilation

                        {
                            Start = start
                            Stop = (if n = 0 then start else start + (n - 1) * s.Stride + 1)
                            Step = s.Stride
                        })
                    offset
                    window.Sweeps
                    places

            let whole n = { Start = 0; Stop = n; Step = 1 }

            Expr.Make(Node.Slice(whole batch :: whole channels :: cuts, padded))
            |> Expr.reshape [ batch; channels; List.fold (*) 1 places ]

        let offsets = offsets window.Kernel

        offsets
        |> List.map element
        |> Expr.stack 2
        |> Expr.reshape [ batch; channels * offsets.Length; List.fold (*) 1 places ]
