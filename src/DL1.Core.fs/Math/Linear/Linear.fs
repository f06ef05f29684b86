namespace DL1

/// Products of vectors and matrices.
[<RequireQualifiedAccess>]
module Linear =
    let private vector operation (x: Expr) = Operand.requireRank operation 1 "a vector" x

    /// The inner product of two vectors `[n]`, a scalar. `Linear.dot x y`
    let dot (a: Expr) (b: Expr) =
        vector "dot" a
        vector "dot" b
        Operand.requireSameShape "dot" a b
        Expr.sum [ 0 ] (a * b)

    /// The outer product of vectors `[m]` and `[n]`: `[m; n]`. `Linear.outer x y`
    let outer (a: Expr) (b: Expr) =
        vector "outer" a
        vector "outer" b
        Expr.expandDims 1 a * Expr.expandDims 0 b

    /// A matrix `[m; n]` times a vector `[n]`: `[m]`. `Linear.matvec m x`
    let matvec (a: Expr) (x: Expr) =
        vector "matvec" x
        Expr.squeeze [ -1 ] (Expr.matmul a (Expr.expandDims 1 x))

    /// x·w + b: `[batch; in]`, `[in; out]` and `[out]` give `[batch; out]`. `Linear.affine w b m`
    let affine (w: Expr) (b: Expr) (x: Expr) = Expr.matmul x w + b

    /// The identity matrix `[n; n]`. `Linear.identity DType.F64 3`
    let identity dtype n =
        // Before n numbers are made, of which no matrix would hold the square.
        Operand.shape "identity" [ n; n ] |> ignore
        let rows = Expr.expandDims 1 (Expr.arange DType.I32 n)
        let columns = Expr.expandDims 0 (Expr.arange DType.I32 n)
        Expr.cast dtype (Expr.equal rows columns)

    /// Rows of the identity: class indices `[...]` (i32 or i64) give `[...; classes]`; an index outside 0 to classes
    /// − 1 gives zeros. `Linear.oneHot DType.F32 10 labels`
    let oneHot dtype classes (indices: Expr) =
        Operand.requireIndex "oneHot" indices
        // Before as many numbers are made as there are classes.
        Operand.shape "oneHot" (indices.Shape.ToList() @ [ classes ]) |> ignore
        Expr.cast dtype (Expr.equal (Expr.expandDims -1 indices) (Expr.arange indices.DType classes))

    let private requireMatrix operation (x: Expr) =
        if x.Shape.Rank < 2 then
            Refuse.shape
                operation
                (Operand.text x)
                "a matrix [m; n], or a stack of them [...; m; n]"
                "add the missing axis by expandDims"

    /// The main diagonal of each matrix: `[...; m; n]` gives `[...; min m n]`. `Linear.diagonal m`
    let diagonal (x: Expr) : Expr =
        requireMatrix "diagonal" x
        let rank = x.Shape.Rank
        let rows, columns = x.Shape[rank - 2], x.Shape[rank - 1]
        let stack = List.take (rank - 2) (x.Shape.ToList())
        let count = min rows columns
        let stop = if count = 0 then 0 else (count - 1) * (columns + 1) + 1
        let whole = List.map (fun _ -> 0) stack, stack, List.map (fun _ -> 1) stack
        let starts, stops, steps = whole

        Expr.reshape (stack @ [ rows * columns ]) x
        |> Expr.slice (starts @ [ 0 ]) (stops @ [ stop ]) (steps @ [ columns + 1 ])

    /// The sum of the main diagonal of each matrix: `[...; m; n]` gives `[...]`. `Linear.trace m`
    let trace (x: Expr) : Expr = Expr.sum [ -1 ] (diagonal x)

    /// The Kronecker product of matrices `[...; m; n]` and `[...; p; q]`: `[...; m·p; n·q]`, each element of the first times
    /// the whole second. Stacks broadcast. `Linear.kron m m`
    let kron (a: Expr) (b: Expr) : Expr =
        requireMatrix "kron" a
        requireMatrix "kron" b
        let split (e: Expr) = List.splitAt (e.Shape.Rank - 2) (e.Shape.ToList())
        let (stackA, dimsA), (stackB, dimsB) = split a, split b

        let product =
            Expr.reshape (stackA @ [ dimsA[0]; 1; dimsA[1]; 1 ]) a
            * Expr.reshape (stackB @ [ 1; dimsB[0]; 1; dimsB[1] ]) b

        Expr.reshape
            (List.take (product.Shape.Rank - 4) (product.Shape.ToList())
             @ [ dimsA[0] * dimsB[0]; dimsA[1] * dimsB[1] ])
            product

    /// Sums of products over pairs of axes, of equal extents: the other axes of the first, then those of the second. As
    /// NumPy's `tensordot`. `Linear.tensorDot [ 1 ] [ 0 ] m m.T` is the product of the matrices.
    let tensorDot (axesA: int list) (axesB: int list) (a: Expr) (b: Expr) : Expr =
        let operation = "tensorDot"
        let axes (x: Expr) = List.map (Operand.axis operation x)
        let axesA, axesB = axes a axesA, axes b axesB
        let extents (x: Expr) = List.map (fun axis -> x.Shape[axis])

        if
            axesA <> List.distinct axesA || axesB <> List.distinct axesB || extents a axesA <> extents b axesB
        then
            Refuse.shape
                operation
                $"axes {axesA} of {Operand.text a}, and {axesB} of {Operand.text b}"
                "as many axes of both, each once, with equal extents in pairs"
                "list the axes in the order of their pairs"

        let keptA = Expr.allAxes a |> List.except axesA
        let keptB = Expr.allAxes b |> List.except axesB
        let size (x: Expr) axes = List.fold (*) 1 (extents x axes)

        let left = Expr.transpose (keptA @ axesA) a |> Expr.reshape [ size a keptA; size a axesA ]
        let right = Expr.transpose (axesB @ keptB) b |> Expr.reshape [ size b axesB; size b keptB ]
        Expr.matmul left right |> Expr.reshape (extents a keptA @ extents b keptB)

    /// The cosine of the angle between vectors along an axis, which is removed; the operands broadcast. Lengths below 1e-8
    /// count as 1e-8, as in PyTorch. `Linear.cosineSimilarity 0 x y`
    let cosineSimilarity axis (a: Expr) (b: Expr) : Expr =
        let shape = (a + b).Shape.ToList()
        let a, b = Expr.broadcastTo shape a, Expr.broadcastTo shape b
        Operand.requireFloat "cosineSimilarity" a
        let axis = Operand.axis "cosineSimilarity" a axis
        let unit (x: Expr) = x / Expr.maximum (Reduce.keepDims Reduce.norm [ axis ] x) (lit 1e-8)
        Expr.sum [ axis ] (unit a * unit b)

    /// The distances of rows `[...; m; d]` from rows `[...; n; d]`: `[...; m; n]`, by the p-norm for p above 0; p may be
    /// infinite. Where two rows are equal the gradient is 0. Needs time for m·n·d differences, and no memory where it is
    /// compiled. `Linear.distances 2.0 m m`
    let distances (p: float) (a: Expr) (b: Expr) : Expr =
        requireMatrix "distances" a
        requireMatrix "distances" b
        Reduce.powerNorm p [ -1 ] (Expr.expandDims -2 a - Expr.expandDims -3 b)
