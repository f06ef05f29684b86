namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1
open DL1.Compiler.Lowering

/// What the nodes of a graph read, as strided views, and the domains in which they are computed.
[<RequireQualifiedAccess>]
module internal Reads =
    /// The values of those axes alone whose extent is not 1.
    let squeeze (shape: Shape) (values: int[]) =
        [|
            for axis in 0 .. shape.Rank - 1 do
                if shape[axis] <> 1 then
                    values[axis]
        |]

    /// The extents that are not 1.
    let extents (shape: Shape) = squeeze shape (Array.ofList (shape.ToList()))

    /// The shape over which an elementwise node or a reduction loops: a reduction's is that of its operand.
    let working (e: Expr) =
        match e.Node with
        | Node.Reduce(_, _, x) -> x.Shape
        | _ -> e.Shape

    /// The view of a reduction's operand, if its reduced axes form at most two loops by it; else the operand row-major.
    let private reduced (axes: int list) (x: Expr) =
        let r = StridedView.along x
        let domain = extents x.Shape
        let operands = [| (Shape.Of domain).Strides; squeeze x.Shape r.Strides |]

        match IterationSpace.segments domain (NodeKind.reducedAxes axes x.Shape) operands with
        | ValueSome _ -> r
        | ValueNone -> StridedView.whole x

    /// The views by which a node reads its operands: elementwise nodes and reductions follow strides; matmuls take
    /// what `MatrixOperand` allows; other kernels take values whole.
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

    /// The reduced axes of a reduction, numbered without axes of extent 1; none for another node.
    let reducedAxes (e: Expr) =
        match e.Node with
        | Node.Reduce(_, axes, x) -> NodeKind.reducedAxes axes x.Shape
        | _ -> [||]

    /// Whether a reader rematerialises a value: it must read the value as it is, not broadcast.
    let private isRematerialised (rematerialised: HashSet<Digest>) (e: Expr) (r: StridedView) =
        rematerialised.Contains r.Source.Digest
        && StridedView.isWhole (working e) r
        && extents r.Source.Shape = extents (working e)

    /// Strides over the shape `other` as strides over `shape`, which differs from it in axes of extent 1 alone.
    let private over (shape: Shape) (other: Shape) (strides: int[]) =
        squeeze other strides |> IterationSpace.spread shape.Rank (fun axis -> shape[axis] = 1)

    /// The views that a fused loop reads for a node: its operands, or those from which it rematerialises an operand.
    let rec reads (rematerialised: HashSet<Digest>) (e: Expr) : StridedView list =
        let shape = working e

        of' e
        |> List.collect (fun r ->
            if isRematerialised rematerialised e r then
                match r.Source.Node with
                // Only the key is read: the same element for every point.
                | Node.RandomBits(_, _, key) ->
                    [ { StridedView.whole key with Strides = Array.zeroCreate shape.Rank } ]
                | _ ->
                    reads rematerialised r.Source
                    |> List.map (fun inner ->
                        { inner with Strides = over shape r.Source.Shape inner.Strides })
            else
                [ r ])

    /// Whether the fused loop of a node draws random words for it.
    let rec draws (rematerialised: HashSet<Digest>) (e: Expr) : bool =
        of' e
        |> List.exists (fun r ->
            isRematerialised rematerialised e r
            && (match r.Source.Node with
                | Node.RandomBits _ -> true
                | _ -> draws rematerialised r.Source))

    /// The values in memory that a group reads: the operands of its fused loop, and those of its anchor.
    let ofGroup (g: Group) : Expr list =
        let anchored = Option.toList g.Anchor |> List.collect of'
        (g.Operands |> Seq.map _.Source |> List.ofSeq) @ (anchored |> List.map _.Source)

    /// Adds a group to those that read a value.
    let addReader (readers: Dictionary<Digest, List<Group>>) (g: Group) (source: Expr) =
        let known = Lookup.orAdd readers source.Digest List

        if not (known.Contains g) then
            known.Add g
