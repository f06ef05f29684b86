namespace DL1.Onnx

open System
open DL1

/// Primitives that ONNX has no operator for, or that its runtimes have no kernel of a type for, as expressions of others that
/// it has, equal to them in all corners.
[<RequireQualifiedAccess>]
module internal Composition =
    let private like (x: Expr) value = Expr.scalar x.DType value

    /// exp(x) − 1 without cancellation, as its definition: Kahan's method.
    let private expm1 (x: Expr) =
        let u = exp x
        let near = Expr.where (Expr.equal u (like x 1.0)) x ((u - 1.0) * x / log u)
        Expr.where (abs x .> 0.5) (u - 1.0) (Expr.where (Expr.equal x (like x 0.0)) x near)

    /// log(1 + x) without cancellation.
    let private log1p (x: Expr) =
        let u = x + 1.0
        let near = Expr.where (Expr.equal u (like x 1.0)) x (log u * (x / (u - 1.0)))
        let isFixed = Expr.either (Expr.equal x (like x 0.0)) (Expr.equal x (like x infinity))
        Expr.where isFixed x near

    /// −1, 0 or 1; NaN and the sign of zero stay.
    let private sign (x: Expr) = Expr.where (x .> 0.0) (like x 1.0) (Expr.where (x .< 0.0) (like x -1.0) x)

    /// The sine and cosine of a half turn apart give the tangent.
    let private tan (x: Expr) = sin x / cos x

    /// (eˣ ∓ e⁻ˣ) / 2, by exp(x) − 1 where the difference would cancel.
    let private sinh (x: Expr) =
        let u = Expr.expm1 (abs x)
        // u + u/(u + 1) is 2·sinh; u/(u + 1) is 1 where u is infinite.
        let ratio = Expr.where (Expr.equal u (like x infinity)) (like x 1.0) (u / (u + 1.0))
        let half = 0.5 * (u + ratio)
        Expr.where (x .< 0.0) (-half) (Expr.where (Expr.equal x (like x 0.0)) x half)

    let private cosh (x: Expr) =
        let half = exp (abs x - Math.Log 2.0)
        half + 0.25 / half

    /// atan by range reduction to [0, tan(π/8)] and a polynomial: Cephes' rational approximation, within 2 ulp of f64.
    let private atan (x: Expr) =
        let a = abs x
        let large = a .> 2.414213562373095
        let middle = Expr.both (a .> 0.66) (Expr.not' large)
        let reduced = Expr.where large (-(1.0 / a)) (Expr.where middle ((a - 1.0) / (a + 1.0)) a)

        let start =
            Expr.where
                large
                (like x (Math.PI / 2.0))
                (Expr.where middle (like x (Math.PI / 4.0)) (like x 0.0))

        let z = reduced * reduced

        let polynomial (coefficients: float list) =
            coefficients.Tail |> List.fold (fun sum c -> sum * z + c) (like x coefficients.Head)

        let p =
            polynomial
                [
                    -8.750608600031904122785e-1
                    -1.615753718733365076637e1
                    -7.500855792314704667340e1
                    -1.228866684490136173410e2
                    -6.485021904942025371773e1
                ]

        let q =
            polynomial
                [
                    1.0
                    2.485846490142306297962e1
                    1.650270098316988542046e2
                    4.328810604912902668951e2
                    4.853903996359136964868e2
                    1.945506571482613964425e2
                ]

        let more =
            Expr.where
                large
                (like x 6.123233995736765886130e-17)
                (Expr.where middle (like x 3.061616997868382943065e-17) (like x 0.0))

        let value = start + (reduced * (z * p / q) + reduced + more)
        // Signs of zeros and NaN stay.
        Expr.where (x .< 0.0) (-value) (Expr.where (x .> 0.0) value x)

    let private asin (x: Expr) = atan (x / sqrt ((1.0 - x) * (1.0 + x)))
    // acos x = 2·atan(√((1 − x)/(1 + x))): without cancellation at both ends.
    let private acos (x: Expr) = 2.0 * atan (sqrt ((1.0 - x) / (1.0 + x)))

    /// Padding between elements: an axis for each element, padded behind, and its last padding cut; then the edges, of which
    /// negative ones are slices.
    let private pad (edges: Edge list) value (x: Expr) =
        let none = { Before = 0; After = 0; Between = 0 }

        let spread (x: Expr) (axis: int, e: Edge) =
            let dims = x.Shape.ToList()

            if e.Between = 0 || dims[axis] < 2 then
                x
            else
                let apart = Expr.reshape (List.insertAt (axis + 1) 1 dims) x

                let padded =
                    Expr.padWith
                        (List.init (dims.Length + 1) (fun i ->
                            if i = axis + 1 then { none with After = e.Between } else none))
                        value
                        apart

                Expr.reshape (List.updateAt axis (dims[axis] * (e.Between + 1)) dims) padded
                |> Expr.sliceAxis axis 0 (dims[axis] + (dims[axis] - 1) * e.Between)

        let x = List.fold spread x (List.indexed edges)

        // What is cropped at one side may be padding of the other: edges are put on before any are cut.
        let grown = edges |> List.map (fun e -> { none with Before = max 0 e.Before; After = max 0 e.After })
        let x = if grown |> List.forall ((=) none) then x else Expr.padWith grown value x

        (x, List.indexed edges)
        ||> List.fold (fun x (axis, e) ->
            if e.Before >= 0 && e.After >= 0 then
                x
            else
                Expr.sliceAxis axis (max 0 -e.Before) (x.Shape[axis] - max 0 -e.After) x)

    /// The weights' gradient as a convolution of its own: samples and channels change places, stride and dilation too.
    let private weightGrad (spec: ConvSpec) (kernel: int list) (x: Expr) (y: Expr) =
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
    let private unrolled (spec: ConvSpec) (places: int list) (x: Expr) (w: Expr) =
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
    let private turned (spec: ConvSpec) (spatial: int list) (y: Expr) (w: Expr) =
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

    let private averaged (role: ConvRole) (shape: Shape) (w: Window) (x: Expr) =
        let spec: ConvSpec = { Sweeps = w.Sweeps; Groups = 1 }
        Expr.Make(Node.Conv(role, spec, apart x, mean w x)) |> Expr.reshape (shape.ToList())

    /// What a node is made of instead; nothing where it is an operator of ONNX.
    let tryOf (e: Expr) : Expr voption =
        let isDouble = e.DType = DType.F64
        let whole = not e.DType.IsFloat

        match e.Node with
        | Node.Unary(op, x) ->
            match op with
            | UnaryOp.Expm1 -> ValueSome(expm1 x)
            | UnaryOp.Log1p -> ValueSome(log1p x)
            | UnaryOp.Rsqrt -> ValueSome(Expr.reciprocal (sqrt x))
            | UnaryOp.Sign when not whole -> ValueSome(sign x)
            | UnaryOp.Relu when whole -> ValueSome(Expr.maximum x (like x 0.0))
            | UnaryOp.Tan when isDouble -> ValueSome(tan x)
            | UnaryOp.Sinh when isDouble -> ValueSome(sinh x)
            | UnaryOp.Cosh when isDouble -> ValueSome(cosh x)
            | UnaryOp.Atan when isDouble -> ValueSome(atan x)
            | UnaryOp.Asin when isDouble -> ValueSome(asin x)
            | UnaryOp.Acos when isDouble -> ValueSome(acos x)
            | _ -> ValueNone
        | Node.Pad(edges, value, x) when
            edges |> List.exists (fun e -> e.Before < 0 || e.After < 0 || e.Between > 0)
            ->
            ValueSome(pad edges value x)
        | Node.Conv(ConvRole.WeightGrad kernel, spec, x, y) -> ValueSome(weightGrad spec kernel x y)
        | Node.Conv(ConvRole.Forward, spec, x, w) when isDouble ->
            ValueSome(unrolled spec (List.skip 2 (e.Shape.ToList())) x w)
        | Node.Conv(ConvRole.InputGrad spatial, spec, y, w) when isDouble ->
            ValueSome(turned spec spatial y w)
        | Node.AvgPool(w, x) when isDouble || w.Sweeps |> List.exists (fun s -> s.Dilation > 1) ->
            ValueSome(averaged ConvRole.Forward e.Shape w x)
        | Node.AvgPoolGrad(w, spatial, y) -> ValueSome(averaged (ConvRole.InputGrad spatial) e.Shape w y)
        | _ -> ValueNone
