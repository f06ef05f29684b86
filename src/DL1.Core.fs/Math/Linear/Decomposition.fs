namespace DL1

/// Decompositions of matrices, or of stacks of them, f32 or f64, with derivatives of all orders. An f32 operand is computed in
/// f64 and rounded once. Signs, which the definitions leave open, are fixed: the same matrix has one decomposition. A NaN or
/// an infinity in a matrix makes all of its decomposition NaN.
[<RequireQualifiedAccess>]
module Decomposition =
    let private zero, private one = lit 0.0, lit 1.0

    let private requireMatrix operation (a: Expr) =
        Operand.requireFloat operation a

        if a.Shape.Rank < 2 || a.Shape[a.Shape.Rank - 1] = 0 || a.Shape[a.Shape.Rank - 2] = 0 then
            Refuse.shape
                operation
                (Operand.text a)
                "a matrix [m; n], or a stack of them [...; m; n], with a row and a column at least"
                "make a matrix of a vector by expandDims"

    let private rows (a: Expr) = a.Shape[a.Shape.Rank - 2]
    let private columns (a: Expr) = a.Shape[a.Shape.Rank - 1]
    let private stackOf (a: Expr) = List.take (a.Shape.Rank - 2) (a.Shape.ToList())
    let private across (x: Expr) = Expr.expandDims -2 x
    let private down (x: Expr) = Expr.expandDims -1 x

    /// A matrix, its columns times numbers.
    let private scaled (m: Expr) (x: Expr) = m * across x

    /// A function of matrices whose greatest magnitude is 1, so that squares do not overflow, with the magnitude.
    let private atUnit (a: Expr) =
        let most = Reduce.keepDims Expr.max [ -2; -1 ] (abs a)
        let size = Expr.where (Expr.equal most zero) one most
        a / size, size

    /// Householder's reflections: orthonormal columns Q `[...; m; k]` and R `[...; k; n]` with a diagonal of 0 and more, k the
    /// smaller extent (Golub and Van Loan 2013, 5.2). What is left of a column by those before it, where it is within their
    /// rounding, counts as 0: else rounding would choose the column of Q, and the sign.
    let private reflected (a: Expr) : Expr * Expr =
        let m, n = rows a, columns a
        let k = min m n
        let a, size = atUnit a
        let rowNumbers, columnNumbers = Expr.arange DType.I64 m, Expr.arange DType.I64 n

        let limit = 8.0 * float (m + n) * System.Math.ScaleB(1.0, -52)
        let norm (x: Expr) = sqrt (SquareMatrix.sumKept -1 (x * x))
        let reflect (u: Expr) (x: Expr) = x - 2.0 * (down u * SquareMatrix.sumKept -2 (down u * x))

        let step (carries: Expr list) (slices: Expr list) =
            let r, j = carries.Head, slices.Head
            let column = Expr.sum [ -1 ] (Expr.where (Expr.equal columnNumbers j) r zero)
            let x = Expr.where (rowNumbers .>= j) column zero
            let isPivot = Expr.equal rowNumbers j
            let pivot = SquareMatrix.sumKept -1 (Expr.where isPivot x zero)
            let length = norm x
            let isRounding = length .<= limit * norm column
            let v = x + Expr.where isPivot (Expr.where (pivot .< 0.0) -length length) zero
            let size = norm v
            let u = Expr.where isRounding zero (v / Expr.where (Expr.equal size zero) one size)

            let isRest =
                Expr.both
                    (across (Expr.equal columnNumbers j))
                    (down (Expr.both (rowNumbers .>= j) isRounding))

            [ reflect u (Expr.where isRest zero r) ], [ u ]

        let finals, outputs = Scan.many false k [ a ] [ Expr.arange DType.I64 k ] step

        let thin =
            Expr.broadcastTo (stackOf a @ [ m; k ]) (Expr.sliceAxis -1 0 k (Linear.identity DType.F64 m))

        let back, _ =
            Scan.many true k [ thin ] [ outputs.Head ] (fun carries slices ->
                [ reflect slices.Head carries.Head ], [])

        let r = Expr.sliceAxis -2 0 k finals.Head
        let signs = Expr.where (Linear.diagonal r .< 0.0) (lit -1.0) one |> Expr.cast DType.F64
        scaled back.Head signs, Axes.upperTriangle 0 (r * down signs * size)

    /// How often all pairs of columns are turned: Jacobi's method converges quadratically, in some ten sweeps.
    [<Literal>]
    let private Sweeps = 16

    /// Places 0 to 2h − 1 with partners i and i + h: who takes whose place for the next round of a tournament in which each
    /// meets each once in 2h − 1 rounds.
    let private nextRound (h: int) =
        [|
            for place in 0 .. 2 * h - 1 ->
                if place = 0 then 0
                elif place = 1 && h > 1 then h
                elif place < h then place - 1
                elif place < 2 * h - 1 then place + 1
                elif h > 1 then h - 1
                else 1
        |]

    let private indices (places: int[]) = Expr.constant (Tensor.Of(Array.map int64 places))

    /// The rounds of Jacobi's method over columns, an even number of them: a step is given the partners of all columns, and
    /// the cosines and sines by which each is turned with its partner: c·x − s·partner.
    let private turning (width: int) (state: Expr list) step : Expr list =
        let h = width / 2
        let partners = indices [| for i in 0 .. width - 1 -> (i + h) % width |]
        let order = indices (nextRound h)
        let side = Expr.constant (Tensor.Of [| for i in 0 .. width - 1 -> if i < h then 1.0 else -1.0 |])

        /// From the products of columns with themselves, and with their partners.
        let angles (own: Expr) (cross: Expr) =
            // Rounded apart, both sides would turn by different angles.
            let cross = 0.5 * (cross + Expr.gather -1 partners cross)
            let isRight = Expr.equal cross zero
            let tau = (Expr.gather -1 partners own - own) / (2.0 * Expr.where isRight one cross)
            let sign = Expr.where (tau .> 0.0) one (Expr.where (tau .< 0.0) (lit -1.0) side)
            let t = Expr.where isRight zero (sign / (abs tau + sqrt (1.0 + tau * tau)))
            let c = 1.0 / sqrt (1.0 + t * t)
            c, t * c

        let finals, _ =
            Scan.many false (Sweeps * (width - 1)) state [] (fun carries _ ->
                step partners order angles carries, [])

        finals

    let private evenly (x: Expr) =
        if columns x % 2 = 0 then
            x
        else
            Expr.concat -1 [ x; Expr.full x.DType (stackOf x @ [ rows x; 1 ]) 0.0 ]

    /// The columns so that the first of the greatest elements of each is positive, with the signs that made them so. Elements
    /// that are within a thousandth of the greatest count as equal: rounding does not choose among them.
    let private signed (x: Expr) : Expr * Expr =
        let magnitude = abs x
        let isGreatest = magnitude .>= 0.999 * Reduce.keepDims Expr.max [ -2 ] magnitude
        let greatest = Indexing.takeAlong -2 (across (Expr.argMax -2 (Expr.cast x.DType isGreatest))) x
        let signs = Expr.where (greatest .< 0.0) (lit -1.0) one |> Expr.cast x.DType
        x * signs, signs

    let private sorted (order: Expr) (x: Expr) = Indexing.takeAlong -1 order x

    /// Eigenvalues in ascending order with their vectors as columns, of a symmetric matrix in f64, by Jacobi's rotations
    /// (Golub and Van Loan 2013, 8.5).
    let private eigen (a: Expr) : Expr * Expr =
        let n = columns a
        let a, size = atUnit (Axes.lowerTriangle 0 a + (Axes.lowerTriangle -1 a).T)
        let width = n + n % 2
        let square = (evenly (evenly a).T).T
        let start = Expr.broadcastTo (stackOf a @ [ n; width ]) (evenly (Linear.identity DType.F64 n))

        let finals =
            turning width [ square; start ] (fun partners order angles carries ->
                let s, v = carries[0], carries[1]
                let beside = Expr.gather -1 partners s
                let c, t = angles (Linear.diagonal s) (Linear.diagonal beside)
                let turned = across c * s - across t * beside
                let both = down c * turned - down t * Expr.gather -2 partners turned
                let vectors = across c * v - across t * Expr.gather -1 partners v
                [ Expr.gather -2 order (Expr.gather -1 order both); Expr.gather -1 order vectors ])

        let values = Expr.sliceAxis -1 0 n (Linear.diagonal finals[0])
        let order = Expr.argSort -1 values
        let vectors, _ = signed (sorted (across order) (Expr.sliceAxis -1 0 n finals[1]))
        sorted order values * Expr.squeeze [ -1 ] size, vectors

    /// Singular values in descending order, with left and right vectors as columns, of a matrix in f64 that is no wider than
    /// high, by rotations of one side (Hestenes 1958); left vectors are made orthonormal where values are 0.
    let private singular (a: Expr) : Expr * Expr * Expr =
        let n = columns a
        let a, size = atUnit a
        let width = n + n % 2
        let start = Expr.broadcastTo (stackOf a @ [ n; width ]) (evenly (Linear.identity DType.F64 n))

        let finals =
            turning width [ evenly a; start ] (fun partners order angles carries ->
                let u, v = carries[0], carries[1]
                let beside = Expr.gather -1 partners u
                let c, t = angles (Expr.sum [ -2 ] (u * u)) (Expr.sum [ -2 ] (u * beside))
                let turn x partner = Expr.gather -1 order (across c * x - across t * partner)
                [ turn u beside; turn v (Expr.gather -1 partners v) ])

        let u, v = Expr.sliceAxis -1 0 n finals[0], Expr.sliceAxis -1 0 n finals[1]
        let order = Order.argSortDescending -1 (Expr.sum [ -2 ] (u * u))
        let q, r = reflected (sorted (across order) u)
        let left, signs = signed q
        Linear.diagonal r * Expr.squeeze [ -1 ] size, left, sorted (across order) v * signs

    let private inDouble (f: Expr -> Expr) (a: Expr) = SquareMatrix.inDouble f a

    /// 1/(b − a) for all pairs of values but each with itself: infinite for equal ones, whose vectors are not determined.
    let private apart (values: Expr) =
        let identity = Linear.identity values.DType values.Shape[values.Shape.Rank - 1]
        (1.0 - identity) / (across values - down values + identity)

    let private skew (x: Expr) = x - x.T

    /// The eigenvalues of each symmetric matrix `[...; n; n]`, of which the lower triangle alone is read, `[...; n]` in
    /// ascending order, and their vectors, the columns of `[...; n; n]`, orthonormal; the element of greatest magnitude in
    /// each is positive. The derivative of the vectors is NaN where eigenvalues are equal: they are not determined there; that
    /// of the values is right (Giles 2008). `Decomposition.eigh a |> fst`
    let eigh (a: Expr) : Expr * Expr =
        requireMatrix "eigh" a
        SquareMatrix.requireSquare "eigh" a
        let values, vectors = inDouble (eigen >> fst), inDouble (eigen >> snd)

        // Values and vectors are functions of their own, so that those of equal values have the derivatives that there are.
        let ofValues (xs: Expr list) (dy: Expr) =
            let v = vectors xs.Head
            [ Expr.matmul (scaled v dy) v.T ]

        let ofVectors (xs: Expr list) (dy: Expr) =
            let values, v = values xs.Head, vectors xs.Head
            let between = 0.5 * skew (Expr.matmul v.T dy) * apart values
            [ Expr.matmul (Expr.matmul v between) v.T ]

        Scan.custom "eigenvalues" (fun xs -> values xs.Head) ofValues [ a ],
        Scan.custom "eigenvectors" (fun xs -> vectors xs.Head) ofVectors [ a ]

    /// Orthonormal columns Q `[...; m; k]` and an upper triangle R `[...; k; n]` with Q·R = a, k the smaller extent; the
    /// diagonal of R is 0 or more. The derivative is that of the first k columns as a matrix of full rank, and infinite or NaN
    /// of another (Walter and others 2012). `Decomposition.qr a |> snd`
    let rec qr (a: Expr) : Expr * Expr =
        requireMatrix "qr" a
        let m, n = rows a, columns a

        if m < n then
            let q, r = qr (Expr.sliceAxis -1 0 m a)
            q, Expr.concat -1 [ r; Expr.matmul q.T (Expr.sliceAxis -1 m n a) ]
        else
            let value = inDouble (fun a -> reflected a ||> fun q r -> Expr.concat -2 [ q; r ])
            let split (e: Expr) = Expr.sliceAxis -2 0 m e, Expr.sliceAxis -2 m (m + n) e

            let gradients (xs: Expr list) (dy: Expr) =
                let q, r = split (value xs.Head)
                let ofQ, ofR = split dy
                let inner = Expr.matmul r (Axes.upperTriangle 0 ofR).T - Expr.matmul ofQ.T q
                let symmetric = Axes.lowerTriangle 0 inner + (Axes.lowerTriangle -1 inner).T
                [ (SquareMatrix.solve r (ofQ + Expr.matmul q symmetric).T).T ]

            split (Scan.custom "qr" (fun xs -> value xs.Head) gradients [ a ])

    /// The singular value decomposition a = U·diag(S)·V: left vectors U `[...; m; k]` as columns, singular values S `[...; k]` in
    /// descending order, and right vectors V `[...; k; n]` as rows, k the smaller extent; the element of greatest magnitude in
    /// each left vector is positive (in each right one, where a is wider than high). The derivatives of vectors are infinite or NaN
    /// where singular values are equal or 0; that of the values is right (Townsend 2016).
    /// `let u, s, v = Decomposition.svd a`
    let rec svd (a: Expr) : Expr * Expr * Expr =
        requireMatrix "svd" a
        let m, n = rows a, columns a

        if m < n then
            let u, s, v = svd a.T
            v.T, s, u.T
        else
            let values = inDouble (fun a -> singular a |> fun (s, _, _) -> s)
            let vectors = inDouble (fun a -> singular a |> fun (_, u, v) -> Expr.concat -2 [ u; v ])
            let split (e: Expr) = Expr.sliceAxis -2 0 m e, Expr.sliceAxis -2 m (m + n) e

            let ofValues (xs: Expr list) (dy: Expr) =
                let u, v = split (vectors xs.Head)
                [ Expr.matmul (scaled u dy) v.T ]

            let ofVectors (xs: Expr list) (dy: Expr) =
                let s = values xs.Head
                let u, v = split (vectors xs.Head)
                let ofU, ofV = split dy
                let apart = apart (s * s)
                let left, right = skew (Expr.matmul u.T ofU) * apart, skew (Expr.matmul v.T ofV) * apart
                let turns = scaled left s + down s * right
                let outside = (ofU - Expr.matmul u (Expr.matmul u.T ofU)) / across s
                [ Expr.matmul (Expr.matmul u turns + outside) v.T ]

            let s = Scan.custom "singularValues" (fun xs -> values xs.Head) ofValues [ a ]
            let u, v = split (Scan.custom "singularVectors" (fun xs -> vectors xs.Head) ofVectors [ a ])
            u, s, v.T

    /// The pseudo-inverse of Moore and Penrose, `[...; n; m]`: singular values below the greatest times `tolerance` count as 0.
    /// A tolerance that is negative or NaN is a `DomainError`. The derivative is that of matrices of the same rank (Golub and
    /// Pereyra 1973). `Decomposition.pinvWith 1e-10 a`
    let pinvWith (tolerance: float) (a: Expr) : Expr =
        requireMatrix "pinv" a

        if not (tolerance >= 0.0) then
            Refuse.domain
                "pinv"
                $"the tolerance {string tolerance}"
                "0 or more"
                "give how small a singular value is nothing, beside the greatest"

        let tall (a: Expr) =
            let s, u, v = singular a
            let isKept = s .> tolerance * Reduce.keepDims Expr.max [ -1 ] s
            let inverse = Expr.where isKept (1.0 / Expr.where isKept s one) zero
            Expr.matmul (scaled v inverse) u.T

        let value = inDouble (fun a -> if rows a < columns a then (tall a.T).T else tall a)

        let gradients (xs: Expr list) (dy: Expr) =
            let a = xs.Head
            let p = value a
            let turned = dy.T
            let left = turned - Expr.matmul a (Expr.matmul p turned)
            let right = turned - Expr.matmul (Expr.matmul turned p) a

            [
                Expr.matmul (Expr.matmul left p) p.T + Expr.matmul p.T (Expr.matmul p right)
                - Expr.matmul (Expr.matmul p.T dy) p.T
            ]

        Scan.custom "pinv" (fun xs -> value xs.Head) gradients [ a ]

    /// `pinvWith` the tolerance of the type: its smallest step beside 1, times the larger extent.
    /// `Decomposition.pinv a`
    let pinv (a: Expr) : Expr =
        requireMatrix "pinv" a
        let step = if a.DType = DType.F32 then 1.1920928955078125e-7 else 2.220446049250313e-16
        pinvWith (step * float (max (rows a) (columns a))) a
