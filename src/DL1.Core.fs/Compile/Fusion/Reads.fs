namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1
open DL1.Compiler.Lowering

/// Tells which strided views nodes read, and over which domains nodes are computed.
[<RequireQualifiedAccess>]
module internal Reads =
    /// Drops the values of axes of extent 1; `values` has one value for each axis.
    let squeeze (shape: Shape) (values: int[]) =
        [|
            for axis in 0 .. shape.Rank - 1 do
                if shape[axis] <> 1 then
                    values[axis]
        |]

    /// The extents of a shape that are not 1, in order.
    let extents (shape: Shape) = squeeze shape (Array.ofList (shape.ToList()))

    /// The shape over which an elementwise node or a reduction loops: that of the operand for a reduction, else its own.
    let working (e: Expr) =
        match e.Node with
        | Node.Reduce(_, _, x) -> x.Shape
        | _ -> e.Shape

    /// The view by which a reduction reads `x`: by strides if its reduced axes then form at most two loops, else `x` row-major.
    let private reduced (axes: int list) (x: Expr) =
        let r = StridedView.along x
        let domain = extents x.Shape
        let operands = [| (Shape.Of domain).Strides; squeeze x.Shape r.Strides |]

        match IterationSpace.segments domain (NodeKind.reducedAxes axes x.Shape) operands with
        | ValueSome _ -> r
        | ValueNone -> StridedView.whole x

    /// The views by which a node reads its operands: elementwise nodes (all but known numbers) and reductions by
    /// `StridedView.along`, matmuls by `MatrixOperand.reading`; other kernels read whole values.
    let of' (e: Expr) : StridedView list =
        match NodeKind.of' e, e.Node with
        | NodeKind.Leaf, _ -> []
        | NodeKind.View, Node.Reshape(_, x) -> [ StridedView.whole x ]
        | NodeKind.View, _ -> [ StridedView.through e ]
        | NodeKind.Reduce(_, axes), _ -> Node.operands e.Node |> List.map (reduced axes)
        | NodeKind.Elementwise, _ ->
            Node.operands e.Node |> List.filter (NodeKind.isNumber >> not) |> List.map StridedView.along
        | NodeKind.MatMul, _ -> Node.operands e.Node |> List.map MatrixOperand.reading
        | NodeKind.ChannelsLast(_, operands), _ -> operands |> List.map StridedView.whole
        | NodeKind.Other, _ -> Node.operands e.Node |> List.map StridedView.whole

    /// The reduced axes of a reduction, numbered without axes of extent 1; empty for other nodes.
    let reducedAxes (e: Expr) =
        match e.Node with
        | Node.Reduce(_, axes, x) -> NodeKind.reducedAxes axes x.Shape
        | _ -> [||]

    /// Whether the node `e` rematerialises the value that it reads by the view `r`: it must read the value whole, not broadcast.
    let private isRematerialised (rematerialised: HashSet<Digest>) (e: Expr) (r: StridedView) =
        rematerialised.Contains r.Source.Digest
        && StridedView.isWhole (working e) r
        && extents r.Source.Shape = extents (working e)

    /// Converts strides over the shape `other` into strides over `shape`; the two differ only in axes of extent 1.
    let private over (shape: Shape) (other: Shape) (strides: int[]) =
        squeeze other strides |> IterationSpace.spread shape.Rank (fun axis -> shape[axis] = 1)

    /// The views that a fused loop reads for a node: its operands, or the operands from which it rematerialises an operand.
    let rec reads (rematerialised: HashSet<Digest>) (e: Expr) : StridedView list =
        let shape = working e

        of' e
        |> List.collect (fun r ->
            if isRematerialised rematerialised e r then
                match r.Source.Node with
                // The loop reads only the key, the same for every point.
                | Node.RandomBits(_, _, key) ->
                    [ { StridedView.whole key with Strides = Array.zeroCreate shape.Rank } ]
                | _ ->
                    reads rematerialised r.Source
                    |> List.map (fun inner ->
                        { inner with Strides = over shape r.Source.Shape inner.Strides })
            else
                [ r ])

    /// Whether the fused loop that computes a node draws random words for it.
    let rec draws (rematerialised: HashSet<Digest>) (e: Expr) : bool =
        of' e
        |> List.exists (fun r ->
            isRematerialised rematerialised e r
            && (match r.Source.Node with
                | Node.RandomBits _ -> true
                | _ -> draws rematerialised r.Source))

    /// The values in memory that a group reads: the operands of its fused loop, and the operands of its anchor.
    let ofGroup (g: Group) : Expr list =
        let anchored = Option.toList g.Anchor |> List.collect of'
        (g.Operands |> Seq.map _.Source |> List.ofSeq) @ (anchored |> List.map _.Source)

    /// Adds the group `g` to the groups that read the value `source`, unless it is among them.
    let addReader (readers: Dictionary<Digest, List<Group>>) (g: Group) (source: Expr) =
        let known = Lookup.orAdd readers source.Digest List

        if not (known.Contains g) then
            known.Add g
