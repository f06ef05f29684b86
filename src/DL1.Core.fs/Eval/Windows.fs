namespace DL1

open System

/// Convolution and pooling by their definitions. One spatial axis is treated as two, the second of extent 1.
[<RequireQualifiedAccess>]
module internal Windows =
    let private point = { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = 1 }

    let private plane (xs: int list) =
        match xs with
        | [ h ] -> h, 1
        | [ h; w ] -> h, w
        | _ ->
            Refuse.shape
                "window"
                $"%d{xs.Length} spatial axes"
                "one or two"
                "fold further axes into the batch"

    let private planeSweeps (sweeps: Sweep list) =
        match sweeps with
        | [ s ] -> s, point
        | [ s; t ] -> s, t
        | _ ->
            Refuse.shape
                "window"
                $"%d{sweeps.Length} spatial axes"
                "one or two"
                "fold further axes into the batch"

    let private spatial (shape: Shape) = plane (List.skip 2 (shape.ToList()))

    /// Along one axis: every (place of the window, element of the window, element of the data) that meet.
    let private meetings (places: int) (kernel: int) (extent: int) (s: Sweep) =
        [|
            for p in 0 .. places - 1 do
                let struct (first, last) = Sweep.inside s kernel extent p

                for k in first..last do
                    struct (p, k, Sweep.at s p k)
        |]

    /// The same with what lies beyond the edges, as −1: every element of the data that a place's window covers, in the
    /// padding too.
    let private covered (places: int) (kernel: int) (extent: int) (s: Sweep) =
        [|
            for p in 0 .. places - 1 do
                for k in 0 .. kernel - 1 do
                    let i = p * s.Stride - s.PadBefore + k * s.Dilation
                    struct (p, k, (if i >= 0 && i < extent then i else -1))
        |]

    /// Every element of the data with all the places, there or beyond the edges (−1), whose windows would cover it.
    let private covering (places: int) (kernel: int) (extent: int) (s: Sweep) =
        [|
            for i in 0 .. extent - 1 do
                for k in 0 .. kernel - 1 do
                    let reached = i + s.PadBefore - k * s.Dilation

                    if reached % s.Stride = 0 then
                        let p = reached / s.Stride
                        struct ((if p >= 0 && p < places then p else -1), k, i)
        |]

    /// Σ over all (sample, out channel, in channel, place, kernel element) of the trilinear form that the three
    /// roles share, adding a·b to the third operand. Shapes are those of data, weights and result. An offset of −1 is
    /// beyond the edges.
    let private convolve
        along
        (spec: ConvSpec)
        (x: Shape)
        (w: Shape)
        (y: Shape)
        (add: int -> int -> int -> unit)
        =
        let (xh, xw), (kh, kw), (yh, yw) = spatial x, spatial w, spatial y
        let sh, sw = planeSweeps spec.Sweeps
        let rows: struct (int * int * int)[] = along yh kh xh sh
        let columns: struct (int * int * int)[] = along yw kw xw sw
        let at first i width j = if i < 0 || j < 0 then -1 else (first + i) * width + j
        let inGroup, outGroup = w[1], (if spec.Groups = 0 then 0 else w[0] / spec.Groups)

        for n in 0 .. x[0] - 1 do
            for o in 0 .. w[0] - 1 do
                for c in 0 .. inGroup - 1 do
                    let channel = o / outGroup * inGroup + c

                    for struct (p, k, i) in rows do
                        for struct (q, l, j) in columns do
                            add
                                (at ((n * x[1] + channel) * xh) i xw j)
                                (((o * inGroup + c) * kh + k) * kw + l)
                                (at ((n * y[1] + o) * yh) p yw q)

    /// A convolution in any role. What is read beyond the edges is 0, and is multiplied as any other number: by an
    /// infinity it makes NaN.
    let conv (shape: Shape) (role: ConvRole) (spec: ConvSpec) (a: Tensor) (b: Tensor) =
        let p, q = Tensor.toFloats a, Tensor.toFloats b
        let result = Array.zeroCreate shape.Size
        let read (values: float[]) i = if i < 0 then 0.0 else values[i]

        match role with
        | ConvRole.Forward ->
            convolve covered spec a.Shape b.Shape shape (fun x w y ->
                result[y] <- result[y] + read p x * q[w])
        | ConvRole.InputGrad _ ->
            convolve covering spec shape b.Shape a.Shape (fun x w y ->
                result[x] <- result[x] + read p y * q[w])
        | ConvRole.WeightGrad _ ->
            convolve covered spec a.Shape shape b.Shape (fun x w y ->
                result[w] <- result[w] + read p x * q[y])

        Tensor(shape, Elements.ofFloats a.DType result)

    /// For each window, in the order of the result, the offsets of the data in it, in row-major order.
    let private windows (w: Window) (x: Shape) (y: Shape) : int[][] =
        let (xh, xw), (kh, kw), (yh, yw) = spatial x, plane w.Kernel, spatial y
        let sh, sw = planeSweeps w.Sweeps

        let along places kernel extent sweep =
            let all = meetings places kernel extent sweep

            Array.init places (fun p ->
                all |> Array.choose (fun (struct (p', _, i)) -> if p' = p then Some i else None))

        let rows, columns = along yh kh xh sh, along yw kw xw sw

        [|
            for plane in 0 .. x[0] * x[1] - 1 do
                for row in rows do
                    for column in columns do
                        [|
                            for i in row do
                                for j in column do
                                    (plane * xh + i) * xw + j
                        |]
        |]

    /// For each window, the offset of its maximum: the first one, or the first NaN; −1 where dilation has the window
    /// step over all data, and see padding alone.
    let private peaks window (shape: Shape) (x: Tensor) =
        let values = Tensor.toFloats x

        let above best i =
            values[i] > values[best] || (Double.IsNaN values[i] && not (Double.IsNaN values[best]))

        windows window x.Shape shape
        |> Array.map (fun places ->
            if places.Length = 0 then
                -1
            else
                places |> Array.reduce (fun best i -> if above best i then i else best))

    /// The elements at the offsets, and a value where there is none.
    let private takeOr (otherwise: float) (shape: Shape) (places: int[]) (x: Tensor) =
        let all = Elements.concat [ Elements.ofFloats x.DType [| otherwise |]; x.Elements ]
        Tensor(shape, Elements.take (places |> Array.map (fun p -> p + 1)) all)

    let maxPool (shape: Shape) window (x: Tensor) =
        takeOr Double.NegativeInfinity shape (peaks window shape x) x

    let maxPoolPick (shape: Shape) window (x: Tensor) (u: Tensor) = takeOr 0.0 shape (peaks window shape x) u

    let maxPoolScatter window (x: Tensor) (u: Tensor) =
        let result = Array.zeroCreate x.Size
        let updates = Tensor.toFloats u

        peaks window u.Shape x
        |> Array.iteri (fun k place ->
            if place >= 0 then
                result[place] <- result[place] + updates[k])

        Tensor(x.Shape, Elements.ofFloats x.DType result)

    let private area (window: Window) = window.Kernel |> List.fold (fun area k -> area * float k) 1.0

    let avgPool (shape: Shape) window (x: Tensor) =
        let values = Tensor.toFloats x

        let means =
            windows window x.Shape shape
            |> Array.map (fun places -> (places |> Array.sumBy (fun i -> values[i])) / area window)

        Tensor(shape, Elements.ofFloats x.DType means)

    let avgPoolGrad (shape: Shape) window (y: Tensor) =
        let result = Array.zeroCreate shape.Size
        let updates = Tensor.toFloats y

        windows window shape y.Shape
        |> Array.iteri (fun k places ->
            for i in places do
                result[i] <- result[i] + updates[k] / area window)

        Tensor(shape, Elements.ofFloats y.DType result)
