namespace DL1

/// Linear algebra over square matrices, or stacks of them `[...; n; n]`, f32 or f64; with derivatives of all orders. An
/// f32 operand is computed in f64 and rounded once. An expression cannot refuse: of a singular matrix the inverse and
/// solutions are infinite or NaN, as are the derivatives of the determinant.
[<RequireQualifiedAccess>]
module SquareMatrix =
    let internal requireSquare operation (a: Expr) =
        Operand.requireFloat operation a

        if a.Shape.Rank < 2 || a.Shape[a.Shape.Rank - 1] <> a.Shape[a.Shape.Rank - 2] then
            Refuse.shape
                operation
                (Operand.text a)
                "a square matrix [n; n], or a stack of them [...; n; n]"
                "for other matrices, solve the normal equations: a.T·a"

    let internal inDouble (f: Expr -> Expr) (x: Expr) =
        if x.DType = DType.F64 then
            f x
        else
            f (Expr.cast DType.F64 x) |> Expr.cast x.DType

    let internal sumKept axis (x: Expr) = Reduce.keepDims Expr.sum [ axis ] x

    /// Gauss and Jordan's elimination with pivots from the rows below: to the last columns `[...; n; w − n]` of `[...; n; w]`,
    /// solved for; the pivots, and 1 or −1 where rows changed places, each `[n; ...]`. `divisor` is what is divided by.
    let private eliminate (divisor: Expr -> Expr) (joined: Expr) =
        let rank = joined.Shape.Rank
        let n, width = joined.Shape[rank - 2], joined.Shape[rank - 1]
        let rows = Expr.arange DType.I64 n
        let columns = Expr.arange DType.I64 width
        let zero = lit 0.0

        let step (carries: Expr list) (slices: Expr list) =
            let m, k = carries.Head, slices.Head
            let isColumn = Expr.equal columns k
            let isRow = Expr.expandDims 1 (Expr.equal rows k)
            let column (m: Expr) = sumKept -1 (Expr.where isColumn m zero)
            let row (isIt: Expr) = sumKept -2 (Expr.where isIt m zero)

            let found =
                Expr.where (Expr.expandDims 1 (rows .>= k)) (abs (column m)) (lit -1.0)
                |> Expr.squeeze [ -1 ]
                |> Expr.argMax -1
                |> Expr.expandDims -1

            let isFound = Expr.expandDims -1 (Expr.equal rows found)
            let chosen = row isFound
            let swapped = Expr.where isRow chosen (Expr.where isFound (row isRow) m)
            let pivot = column chosen
            let normal = chosen / divisor pivot
            let next = Expr.where isRow normal (swapped - column swapped * normal)

            let sign =
                Expr.where (Expr.equal found k) (lit 1.0) (lit -1.0)
                |> Expr.cast joined.DType
                |> Expr.squeeze [ -1 ]

            [ next ], [ Expr.squeeze [ -2; -1 ] pivot; sign ]

        let finals, outputs = Scan.many false n [ joined ] [ rows ] step
        Expr.sliceAxis -1 n width finals.Head, outputs[0], outputs[1]

    let private like (a: Expr) =
        Expr.broadcastTo (a.Shape.ToList()) (Linear.identity DType.F64 a.Shape[a.Shape.Rank - 1])

    let private solution (a: Expr) (b: Expr) =
        let x, _, _ = eliminate id (Expr.concat -1 [ a; b ])
        x

    let private inverted (a: Expr) = inDouble (fun a -> solution a (like a)) a

    // A column without a pivot is left as it is: it is 0 from there on.
    let private pivots (a: Expr) =
        let _, pivots, signs = eliminate (fun p -> Expr.where (Expr.equal p (lit 0.0)) (lit 1.0) p) a
        pivots, signs

    let private scalarOver (a: Expr) (dy: Expr) =
        Expr.reshape (List.take (a.Shape.Rank - 2) (a.Shape.ToList()) @ [ 1; 1 ]) dy

    /// The inverse of each matrix. `SquareMatrix.inverse a`
    let inverse (a: Expr) : Expr =
        requireSquare "inverse" a

        Scan.custom
            "inverse"
            (fun xs -> inverted xs.Head)
            (fun xs dy ->
                let turned = (inverted xs.Head).T
                [ -(Expr.matmul (Expr.matmul turned dy) turned) ])
            [ a ]

    /// The solution x of a·x = b for b `[...; n; m]`, or of vectors b `[n]`; stacks are of one shape or broadcast.
    /// `SquareMatrix.solve a v`
    let rec solve (a: Expr) (b: Expr) : Expr =
        requireSquare "solve" a
        let n = a.Shape[a.Shape.Rank - 1]

        if b.Shape.Rank = 1 && b.Shape[0] = n then
            Expr.squeeze [ -1 ] (solve a (Expr.expandDims 1 b))
        else
            if b.Shape.Rank < 2 || b.Shape[b.Shape.Rank - 2] <> n then
                Refuse.shape
                    "solve"
                    (Operand.texts [ a; b ])
                    $"right sides [%d{n}], [%d{n}; m] or [...; %d{n}; m]"
                    "make a column [n; 1] of each vector of a stack by expandDims"

            let b = Expr.Typed("solve", a, b)
            let split (e: Expr) = List.splitAt (e.Shape.Rank - 2) (e.Shape.ToList())
            let (stackA, matrixA), (stackB, matrixB) = split a, split b

            match Shape.tryBroadcast (Shape.ofList stackA) (Shape.ofList stackB) with
            | None ->
                Refuse.shape
                    "solve"
                    (Operand.texts [ a; b ])
                    "stacks of one shape, or of extents 1"
                    "reshape one stack"
            | Some stack ->
                let stack = stack.ToList()

                let value (a: Expr) (b: Expr) =
                    if a.DType = DType.F64 then
                        solution a b
                    else
                        solution (Expr.cast DType.F64 a) (Expr.cast DType.F64 b) |> Expr.cast a.DType

                Scan.custom
                    "solve"
                    (fun xs -> value xs[0] xs[1])
                    (fun xs dy ->
                        let byB = Expr.matmul (inverted xs[0]).T dy
                        [ -(Expr.matmul byB (value xs[0] xs[1]).T); byB ])
                    [ Expr.broadcastTo (stack @ matrixA) a; Expr.broadcastTo (stack @ matrixB) b ]

    /// The determinant of each matrix, `[...]`; 0 of a singular one, whose derivative is NaN. `SquareMatrix.det a`
    let det (a: Expr) : Expr =
        requireSquare "det" a

        let value =
            inDouble (fun a ->
                let pivots, signs = pivots a
                Expr.prod [ 0 ] (pivots * signs))

        Scan.custom
            "det"
            (fun xs -> value xs.Head)
            (fun xs dy ->
                let a = xs.Head
                [ scalarOver a (dy * value a) * (inverted a).T ])
            [ a ]

    /// The sign of each determinant, and the logarithm of its magnitude, both `[...]`, without overflow; 0 and −∞ of a
    /// singular matrix. `SquareMatrix.signLogDet a |> snd`
    let signLogDet (a: Expr) : Expr * Expr =
        requireSquare "signLogDet" a

        let sign =
            Expr.stopGradient a
            |> inDouble (fun a ->
                let pivots, signs = pivots a
                Expr.prod [ 0 ] (Expr.unary UnaryOp.Sign pivots * signs))

        let value =
            inDouble (fun a ->
                let pivots, _ = pivots a
                Expr.sum [ 0 ] (log (abs pivots)))

        sign,
        Scan.custom
            "logDet"
            (fun xs -> value xs.Head)
            (fun xs dy -> [ scalarOver xs.Head dy * (inverted xs.Head).T ])
            [ a ]

    let private factor (a: Expr) =
        let n = a.Shape[a.Shape.Rank - 1]
        let places = Expr.arange DType.I64 n

        let step (carries: Expr list) (slices: Expr list) =
            let m, k = carries.Head, slices.Head
            let column = Expr.sum [ -1 ] (Expr.where (Expr.equal places k) m (lit 0.0))
            let pivot = sumKept -1 (Expr.where (Expr.equal places k) column (lit 0.0))
            let l = Expr.where (places .>= k) (column / sqrt pivot) (lit 0.0)
            [ m - Expr.expandDims -1 l * Expr.expandDims -2 l ], [ l ]

        let _, outputs = Scan.many false n [ a ] [ places ] step
        Expr.moveAxis 0 -1 outputs.Head

    /// The lower triangle L with L·L.T = a of each symmetric positive definite matrix, of which the lower triangle alone is
    /// read; NaN where it is not positive definite (derivative: Murray 2016, symmetric). `SquareMatrix.cholesky a`
    let cholesky (a: Expr) : Expr =
        requireSquare "cholesky" a

        Scan.custom
            "cholesky"
            (fun xs -> inDouble factor xs.Head)
            (fun xs dy ->
                let l = inDouble factor xs.Head
                let inverse = inverted l
                // The lower triangle, with half of the diagonal.
                let lower = Axes.lowerTriangle 0 (Expr.matmul l.T dy)
                let half = 0.5 * (lower + Axes.lowerTriangle -1 lower)
                let s = Expr.matmul (Expr.matmul inverse.T half) inverse
                [ 0.5 * (s + s.T) ])
            [ a ]
