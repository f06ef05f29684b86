namespace DL1.Compiler.Lowering

open DL1
open DL1.Pattern
open DL1.Compiler.Fusion

/// Rewrites stacks of matmuls as one matmul, and transposes of products as products of transposes.
[<RequireQualifiedAccess>]
module internal LowerMatMuls =
    /// Whether a value can be read in the shape `target` without a copy.
    let private reshapesFreely (target: Shape) (e: Expr) =
        let r = StridedView.through e
        (StridedView.reshaped e.Shape r.Strides target).IsSome

    let private rowsOf (e: Expr) =
        let columns = e.Shape[e.Shape.Rank - 1]
        Shape.Of [ (if columns = 0 then 0 else e.Shape.Size / columns); columns ]

    let private rows (x: Expr) = Expr.reshape ((rowsOf x).ToList()) x

    /// A stack of matrices times one shared matrix becomes one product.
    let sharedMatrix (e: Expr) =
        match e.Node with
        | Node.MatMul(a, b) when a.Shape.Rank > 2 && e.Shape.Size > 0 && e.DType.IsFloat ->
            let rank = b.Shape.Rank
            let r = StridedView.through b
            let k, n = b.Shape[rank - 2], b.Shape[rank - 1]
            let shared = List.forall (fun axis -> r.Strides[axis] = 0 || b.Shape[axis] = 1) [ 0 .. rank - 3 ]

            if shared && r.Source.Shape.Size = k * n && reshapesFreely (rowsOf a) a then
                let isRow stride other extent =
                    r.Strides[rank - 1] = stride && (extent = 1 || r.Strides[rank - 2] = other)

                let times matrix = Some(Expr.matmul (rows a) matrix |> Expr.reshape (e.Shape.ToList()))

                if r.Offset = 0 && isRow 1 n k then times (Expr.reshape [ k; n ] r.Source)
                elif r.Offset = 0 && isRow k 1 k then times (Expr.reshape [ n; k ] r.Source).T
                else None
            else
                None
        | _ -> None

    /// A column times a row becomes an elementwise product, which fuses with its neighbours. Not in stacks: `summedStack` makes
    /// one product of the sum of a stack.
    let outerProduct (e: Expr) =
        match e.Node with
        | Node.MatMul(column, row) when
            e.DType.IsFloat && e.Shape.Size > 0 && e.Shape.Rank = 2 && column.Shape[1] = 1
            ->
            Some(column * row)
        | _ -> None

    let private lastTwo (rank: int) = [ 0 .. rank - 3 ] @ [ rank - 1; rank - 2 ]

    /// (a·b)ᵀ becomes bᵀ·aᵀ, where a transpose makes the rows of a product its last axis. If the transpose also moves other
    /// axes, a transpose of the new product does that.
    let transposedProduct (e: Expr) =
        match e.Node with
        | Node.Transpose(permutation, (Form(Node.MatMul(a, b)) as p)) when
            p.Shape.Rank >= 2 && List.last permutation = p.Shape.Rank - 2
            ->
            let rank = p.Shape.Rank
            let swapped = Expr.transpose (lastTwo rank)
            let product = Expr.matmul (swapped b) (swapped a)

            let rest = permutation |> List.map (fun axis -> List.item axis (lastTwo rank))
            Some(if rest = [ 0 .. rank - 1 ] then product else Expr.transpose rest product)
        | _ -> None

    /// Σᵢ aᵢᵀ·bᵢ over a stack becomes one product: all rows of the aᵢ, transposed, times all rows of the bᵢ.
    let summedStack (e: Expr) =
        match e.Node with
        | Node.Reduce(ReduceOp.Sum, axes, (Form(Node.MatMul(aT, b)) as p)) when
            e.DType.IsFloat && axes = [ 0 .. p.Shape.Rank - 3 ] && p.Shape.Size > 0
            ->
            let a = Expr.transpose (lastTwo aT.Shape.Rank) aT

            if reshapesFreely (rowsOf a) a && reshapesFreely (rowsOf b) b then
                Some(Expr.matmul (rows a).T (rows b))
            else
                None
        | _ -> None
