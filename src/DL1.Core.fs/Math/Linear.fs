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
