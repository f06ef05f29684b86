namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1
open DL1.Compiler.Lowering
open DL1.Compiler.Simd

/// What the nodes of a graph read, and the domains that they work in.
[<RequireQualifiedAccess>]
module internal Reads =
    /// What is said of each axis, of those alone whose extent is not 1.
    let squeeze (shape: Shape) (values: int[]) =
        [|
            for axis in 0 .. shape.Rank - 1 do
                if shape[axis] <> 1 then
                    values[axis]
        |]

    /// The extents that are not 1.
    let extents (shape: Shape) = squeeze shape (Array.ofList (shape.ToList()))

    /// The shape that an elementwise node or a fold works in.
    let working (e: Expr) =
        match e.Node with
        | Node.Reduce(_, _, x) -> x.Shape
        | _ -> e.Shape

    /// What a fold reads: in one loop beside the columns, or else from a copy in row-major order.
    let private folded (axes: int list) (x: Expr) =
        let r = StridedView.along x
        let domain = extents x.Shape
        let operands = [| (Shape.Of domain).Strides; squeeze x.Shape r.Strides |]

        match IterationSpace.segments domain (NodeKind.reducedAxes axes x.Shape) operands with
        | ValueSome _ -> r
        | ValueNone -> StridedView.whole x

    /// The readings of what a node reads: elementwise nodes and folds follow strides, kernels have their own ways.
    let of' (e: Expr) : StridedView list =
        match NodeKind.of' e, e.Node with
        | NodeKind.Leaf, _ -> []
        | NodeKind.Look, Node.Reshape(_, x) -> [ StridedView.whole x ]
        | NodeKind.Look, _ -> [ StridedView.through e ]
        | NodeKind.Fold(_, axes), _ -> Node.operands e.Node |> List.map (folded axes)
        | NodeKind.Elementwise, _ ->
            Node.operands e.Node |> List.filter (NodeKind.isNumber >> not) |> List.map StridedView.along
        | NodeKind.Product, _ -> Node.operands e.Node |> List.map MatrixOperand.reading
        | NodeKind.Channels(_, operands), _ -> operands |> List.map StridedView.whole
        | NodeKind.Other, _ -> Node.operands e.Node |> List.map StridedView.whole

    /// The reduced axes of a fold, counted without those of extent 1.
    let reducedAxes (e: Expr) =
        match e.Node with
        | Node.Reduce(_, axes, x) -> NodeKind.reducedAxes axes x.Shape
        | _ -> [||]

    /// Whether a reading is of the same element at each point.
    let private isSame (shape: Shape) (r: StridedView) =
        StridedView.isWhole shape r && extents r.Source.Shape = extents shape

    /// Whether what is read is made again by its reader: a stretched value is not.
    let isMadeAgain (fleeting: HashSet<Digest>) (e: Expr) (r: StridedView) =
        fleeting.Contains r.Source.Digest && isSame (working e) r

    /// Strides over a shape as strides over another that differs from it in axes of extent 1 alone.
    let private over (shape: Shape) (other: Shape) (strides: int[]) =
        let own = squeeze other strides
        let mutable next = 0

        Array.init shape.Rank (fun axis ->
            if shape[axis] = 1 then
                0
            else
                next <- next + 1
                own[next - 1])

    /// What a node reads in the course of a pass: its operands, those of fleeting values taken along.
    let rec reads (fleeting: HashSet<Digest>) (e: Expr) : StridedView list =
        let shape = working e

        of' e
        |> List.collect (fun r ->
            if isMadeAgain fleeting e r then
                match r.Source.Node with
                // Only the key is read, as it were by every element.
                | Node.RandomBits(_, _, key) ->
                    [ { StridedView.whole key with Strides = Array.zeroCreate shape.Rank } ]
                | _ ->
                    reads fleeting r.Source
                    |> List.map (fun inner ->
                        { inner with Strides = over shape r.Source.Shape inner.Strides })
            else
                [ r ])

    /// Whether random words are drawn for a node.
    let rec draws (fleeting: HashSet<Digest>) (e: Expr) : bool =
        of' e
        |> List.exists (fun r ->
            isMadeAgain fleeting e r
            && (match r.Source.Node with
                | Node.RandomBits _ -> true
                | _ -> draws fleeting r.Source))
