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

    /// sin x / cos x near 0, and 2·sin²x / sin 2x, accurate at the poles, beyond.
    let private tan (x: Expr) =
        let s = sin x
        Expr.where (abs x .< 1.0) (s / cos x) (2.0 * (s * s) / sin (2.0 * x))

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
        | Node.Conv(ConvRole.WeightGrad kernel, spec, x, y) ->
            ValueSome(WindowComposition.weightGrad spec kernel x y)
        | Node.Conv(ConvRole.Forward, spec, x, w) when isDouble ->
            ValueSome(WindowComposition.unrolled spec (List.skip 2 (e.Shape.ToList())) x w)
        | Node.Conv(ConvRole.InputGrad spatial, spec, y, w) when isDouble ->
            ValueSome(WindowComposition.turned spec spatial y w)
        | Node.AvgPool(w, x) when isDouble || w.Sweeps |> List.exists (fun s -> s.Dilation > 1) ->
            ValueSome(WindowComposition.averaged ConvRole.Forward e.Shape w x)
        | Node.AvgPoolGrad(w, spatial, y) ->
            ValueSome(WindowComposition.averaged (ConvRole.InputGrad spatial) e.Shape w y)
        | _ -> ValueNone
