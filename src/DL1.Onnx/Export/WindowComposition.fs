namespace DL1.Onnx

open DL1

/// Gradients of convolutions, and convolutions and poolings of types that runtimes have no kernel of, as expressions.
[<RequireQualifiedAccess>]
module internal WindowComposition =
    /// The weights' gradient as a convolution of its own: samples and channels change places, stride and dilation too.
    let weightGrad (spec: ConvSpec) (kernel: int list) (x: Expr) (y: Expr) =
        let groups = spec.Groups
        let rank = kernel.Length
        let spatial (e: Expr) = List.skip 2 (e.Shape.ToList())
        let samples, channels, outs = x.Shape[0], x.Shape[1] / groups, y.Shape[1] / groups
        let behind = [ 3 .. rank + 2 ]

        // [samples; groups·channels; ...] to [channels; groups·samples; ...].
        let data =
            Expr.reshape (samples :: groups :: channels :: spatial x) x
            |> Expr.transpose ([ 2; 1; 0 ] @ behind)
            |> Expr.reshape (channels :: groups * samples :: spatial x)

        // [samples; groups·outs; ...] to [groups·outs; samples; ...].
        let weights = Expr.transpose (1 :: 0 :: [ 2 .. rank + 1 ]) y

        let sweeps: Sweep list =
            spec.Sweeps |> List.map (fun s -> { s with Stride = s.Dilation; Dilation = s.Stride })

        let all = Expr.Make(Node.Conv(ConvRole.Forward, { spec with Sweeps = sweeps }, data, weights))

        // [channels; groups·outs; at least the kernel...].
        (all, List.indexed kernel)
        ||> List.fold (fun e (axis, k) -> Expr.sliceAxis (axis + 2) 0 k e)
        |> Expr.transpose (1 :: 0 :: [ 2 .. rank + 1 ])

    /// A convolution as a sum of products over the elements of the kernel: for types that runtimes have no kernel of.
    let unrolled (spec: ConvSpec) (places: int list) (x: Expr) (w: Expr) =
        let groups = spec.Groups
        let kernel = List.skip 2 (w.Shape.ToList())
        let samples, channels, outs = x.Shape[0], x.Shape[1] / groups, w.Shape[0] / groups
        let area = List.fold (*) 1 places

        let padded =
            Expr.pad
                (0 :: 0 :: (spec.Sweeps |> List.map _.PadBefore))
                (0 :: 0 :: (spec.Sweeps |> List.map _.PadAfter))
                0.0
                x

        let rec elements (kernel: int list) =
            match kernel with
            | [] -> [ [] ]
            | k :: rest ->
                [
                    for i in 0 .. k - 1 do
                        for tail in elements rest -> i :: tail
                ]

        let term (at: int list) =
            let data, weights =
                ((padded, w), List.zip3 at spec.Sweeps places |> List.indexed)
                ||> List.fold (fun (x, w) (axis, (k, s, count)) ->
                    let start = k * s.Dilation
                    let stop = start + (count - 1) * s.Stride + 1

                    let cut (e: Expr) =
                        e.Shape.ToList()
                        |> List.mapi (fun i d ->
                            if i = axis + 2 then
                                { Start = start; Stop = stop; Step = s.Stride }
                            else
                                { Start = 0; Stop = d; Step = 1 })

                    Expr.Make(Node.Slice(cut x, x)), Expr.sliceAxis (axis + 2) k (k + 1) w)

            // [samples; groups; outs; channels] @ [samples; groups; channels; area].
            Expr.matmul
                (Expr.reshape [ 1; groups; outs; channels ] weights)
                (Expr.reshape [ samples; groups; channels; area ] data)

        elements kernel
        |> List.map term
        |> List.reduce (+)
        |> Expr.reshape (samples :: groups * outs :: places)

    /// The input's gradient as a convolution of its spread operand with the kernel turned around.
    let turned (spec: ConvSpec) (spatial: int list) (y: Expr) (w: Expr) =
        let groups = spec.Groups
        let kernel = List.skip 2 (w.Shape.ToList())
        let outs, channels = w.Shape[0] / groups, w.Shape[1]
        let axes = [ 2 .. kernel.Length + 1 ]

        let edges =
            List.zip3 spec.Sweeps kernel spatial
            |> List.mapi (fun i (s, k, extent) ->
                let reach = s.Dilation * (k - 1)
                let before = reach - s.PadBefore
                let spread = (y.Shape[i + 2] - 1) * s.Stride + 1
                // So that the result has the extent asked for.
                { Before = before; After = extent + reach - spread - before; Between = s.Stride - 1 })

        let none = { Before = 0; After = 0; Between = 0 }
        let data = Expr.padWith (none :: none :: edges) 0.0 y

        let weights =
            Expr.reverse axes w
            |> Expr.reshape (groups :: outs :: channels :: kernel)
            |> Expr.transpose ([ 0; 2; 1 ] @ [ 3 .. kernel.Length + 2 ])
            |> Expr.reshape (groups * channels :: outs :: kernel)

        let sweeps: Sweep list =
            spec.Sweeps
            |> List.map (fun s -> { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = s.Dilation })

        Expr.Make(Node.Conv(ConvRole.Forward, { spec with Sweeps = sweeps }, data, weights))

    /// Each channel as a sample of its own, and back.
    let private apart (e: Expr) =
        Expr.reshape (e.Shape[0] * e.Shape[1] :: 1 :: List.skip 2 (e.Shape.ToList())) e

    let private mean (w: Window) (x: Expr) =
        let area = List.fold (*) 1 w.Kernel
        Expr.full x.DType (1 :: 1 :: w.Kernel) (1.0 / float area)

    let averaged (role: ConvRole) (shape: Shape) (w: Window) (x: Expr) =
        let spec: ConvSpec = { Sweeps = w.Sweeps; Groups = 1 }
        Expr.Make(Node.Conv(role, spec, apart x, mean w x)) |> Expr.reshape (shape.ToList())
