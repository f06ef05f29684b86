namespace DL1.Compiler.Fusion

open DL1
open DL1.Compiler.Lowering

/// A strided view of a value: element (i₀, i₁, ...) is element Offset + Σ iₖ·Strides[k] of the source in memory.
[<NoEquality; NoComparison>]
type internal StridedView = { Source: Expr; Offset: int; Strides: int[] }

/// Represents nodes as strided views of other values. Broadcasts, transposes, slices and reshapes compute nothing: they address
/// the memory of their operand by other strides, or in another shape.
[<RequireQualifiedAccess>]
module internal StridedView =
    /// The view of a whole value: row-major, from its first element.
    let whole (e: Expr) = { Source = e; Offset = 0; Strides = e.Shape.Strides }

    /// Converts strides over the shape `from` into strides over the shape `target` that address the same elements in the same
    /// order; `None` where no strides do so, or where there are no elements.
    let reshaped (from: Shape) (strides: int[]) (target: Shape) : int[] option =
        // Axes of extent 1 are skipped. The others are matched in runs: some old axes with some new ones of as many elements.
        let axes = [| for i in 0 .. from.Rank - 1 -> i |] |> Array.filter (fun i -> from[i] <> 1)
        let result = Array.zeroCreate target.Rank
        let mutable ok = from.Size > 0
        let mutable old = 0
        let mutable axis = 0

        while ok && axis < target.Rank do
            if target[axis] = 1 then
                axis <- axis + 1
            else
                // Finds the shortest runs of old and of new axes whose extents have equal products.
                let firstOld, firstNew = old, axis
                let mutable a, b = from[axes[old]], target[axis]
                old <- old + 1
                axis <- axis + 1

                while a <> b do
                    if a < b then
                        a <- a * from[axes[old]]
                        old <- old + 1
                    else
                        b <- b * target[axis]
                        axis <- axis + 1

                for i in firstOld .. old - 2 do
                    ok <- ok && strides[axes[i]] = strides[axes[i + 1]] * from[axes[i + 1]]

                let mutable stride = strides[axes[old - 1]]

                for i in axis - 1 .. -1 .. firstNew do
                    result[i] <- stride
                    stride <- stride * target[i]

        if ok then Some result else None

    /// Converts strides of a value of shape `from` to those of its broadcast to `target`: 0 along added and repeated axes.
    let repeated (from: Shape) (strides: int[]) (target: Shape) : int[] =
        let missing = target.Rank - from.Rank

        Array.init target.Rank (fun axis ->
            if axis < missing || from[axis - missing] <> target[axis] then
                0
            else
                strides[axis - missing])

    /// Returns the node `e` as a view of the source of `inner`, which is the view of its operand `x`; `None` where strides
    /// cannot express it.
    let private step (e: Expr) (inner: StridedView) (x: Expr) : StridedView option =
        match e.Node with
        | Node.Broadcast(shape, _) -> Some { inner with Strides = repeated x.Shape inner.Strides shape }
        | Node.Transpose(permutation, _) ->
            Some { inner with Strides = [| for axis in permutation -> inner.Strides[axis] |] }
        | Node.Slice(cuts, _) ->
            let cuts = Array.ofList cuts
            let start = Array.sum (Array.map2 (fun (c: Cut) s -> c.Start * s) cuts inner.Strides)
            let strides = Array.mapi2 (fun axis c s -> Cut.stride e.Shape[axis] c s) cuts inner.Strides
            Some { inner with Offset = inner.Offset + start; Strides = strides }
        | Node.Reshape(shape, _) ->
            reshaped x.Shape inner.Strides shape |> Option.map (fun s -> { inner with Strides = s })
        | _ -> None

    /// Returns the operand of which a node is merely a view; `None` where the node is no view, or has no elements.
    let operandOfView (e: Expr) =
        match e.Node with
        // A convolution's kernel computes its channels-last transpose, so this is not a view.
        | Node.Transpose _ when NodeKind.isChannels e -> None
        | Node.Broadcast(_, x)
        | Node.Transpose(_, x)
        | Node.Slice(_, x)
        | Node.Reshape(_, x) when e.Shape.Size > 0 -> Some x
        | _ -> None

    /// Follows views down to the value that they show. Returns the node as a view of that value, or of the operand of the
    /// outermost reshape on the way that strides cannot express.
    let through (e: Expr) : StridedView =
        // The nodes that are views, outermost last.
        let mutable views = []
        let mutable source = e
        let mutable next = operandOfView e

        while next.IsSome do
            views <- source :: views
            source <- Option.defaultValue source next
            next <- operandOfView source

        let apply (inner: StridedView, x: Expr) (e: Expr) =
            match step e inner x, e.Node with
            | Some view, _ -> view, e
            // Strides cannot express this reshape: its operand must be in memory, row-major, and then it costs nothing.
            | None, Node.Reshape(shape, _) -> { whole x with Strides = shape.Strides }, e
            | None, _ -> whole e, e

        List.fold apply (whole source, source) views |> fst

    /// Whether a view shows its source row-major, from the first element on. Strides of axes of extent 1 do not matter.
    let isWhole (shape: Shape) (r: StridedView) =
        let natural = shape.Strides
        let same axis = shape[axis] = 1 || r.Strides[axis] = natural[axis]
        r.Offset = 0 && List.forall same [ 0 .. shape.Rank - 1 ]

    /// Returns the view by which an elementwise node or a reduction reads its operand `e`: by `through` if neighbours along the
    /// last axis are adjacent in memory, or the same element; otherwise of `e` itself, which must then be computed into memory.
    let along (e: Expr) : StridedView =
        let r = through e
        let mutable last = e.Shape.Rank - 1

        while last >= 0 && e.Shape[last] = 1 do
            last <- last - 1

        if last < 0 || r.Strides[last] = 0 || r.Strides[last] = 1 then r else whole e
