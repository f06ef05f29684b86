namespace DL1.Compiler.Lowering

open System.Collections.Generic
open DL1
open DL1.Compiler.FusedLoop

/// How the compiler computes a node.
[<RequireQualifiedAccess>]
type internal NodeKind =
    /// A variable or constant: in memory before anything runs.
    | Leaf
    /// A view of memory: free where the reader can address the memory by strides, else one copy.
    | View
    | Elementwise
    | Reduce of ReduceOp * axes: int list
    /// A matmul of floats, which may have an epilogue.
    | MatMul
    /// A convolution or pooling with channels last: its node in the graph, and its operands as the kernel takes them.
    | ChannelsLast of Expr * Expr list
    /// Computed by a kernel of its own.
    | Other

/// Classifies nodes by what a fused loop can do with them.
[<RequireQualifiedAccess>]
module internal NodeKind =
    /// The types among those of a node and its operands that decide in which fused loops it fits: float types, of which a loop
    /// holds one, and i64, which no loop holds.
    let private types (e: Expr) =
        e.DType :: (Node.operands e.Node |> List.map _.DType)
        |> List.filter (fun t -> t.IsFloat || t = DType.I64)
        |> List.distinct

    /// The float type that a fused loop needs to compute a node; `None` where it needs none, or where no fused loop fits.
    let float (e: Expr) : DType option =
        match types e with
        | [ one ] when one.IsFloat -> Some one
        | _ -> None

    let private fits (e: Expr) =
        let types = types e
        e.Shape.Size > 0 && types.Length <= 1 && types |> List.forall _.IsFloat

    /// Whether a node is known to be the same number in all elements.
    let isNumber (e: Expr) = Option.isSome (Local.number e)

    /// The number of axes before `axis` whose extent is not 1.
    let private before (x: Shape) axis = ([ 0 .. axis - 1 ] |> List.filter (fun a -> x[a] <> 1)).Length

    /// The axes that a reduction of an operand of shape `x` reduces, counted without axes of extent 1.
    let reducedAxes (axes: int list) (x: Shape) =
        [|
            for axis in axes do
                if x[axis] <> 1 then
                    before x axis
        |]

    /// Whether the reduced axes are one run of neighbours, or two runs, one of them at the end: at most two loops reduce them.
    let private isRegular (axes: int list) (x: Shape) =
        let reduced = reducedAxes axes x
        let last = before x x.Rank - 1
        // The number of reduced axes that are not in the run at the end.
        let mutable rest = reduced.Length

        while rest > 0 && reduced[rest - 1] = last - (reduced.Length - rest) do
            rest <- rest - 1

        rest = 0 || reduced[rest - 1] - reduced[0] = rest - 1

    let private channels (e: Expr) =
        match e with
        | ChannelsLast.ChannelsLast parts when e.DType.IsFloat && e.Shape.Size > 0 -> Some parts
        | _ -> None

    /// Whether a node is a convolution or pooling with channels last.
    let isChannels (e: Expr) = (channels e).IsSome

    let of' (e: Expr) : NodeKind =
        match channels e with
        | Some(node, operands) -> NodeKind.ChannelsLast(node, operands)
        | None ->
            match NodeClass.of' e, e.Node with
            | NodeClass.Leaf, _ -> NodeKind.Leaf
            | NodeClass.View, _ -> NodeKind.View
            | NodeClass.Elementwise, _ when fits e -> NodeKind.Elementwise
            | _, Node.Reduce(op, axes, x) when x.DType.IsFloat && x.Shape.Size > 0 && isRegular axes x.Shape ->
                NodeKind.Reduce(op, axes)
            | NodeClass.MatMul, _ when e.DType.IsFloat && e.Shape.Size > 0 -> NodeKind.MatMul
            | _ -> NodeKind.Other

    /// Whether an elementwise node costs less than a round trip to memory.
    let isCheap (e: Expr) =
        match e.Node with
        | Node.Unary(op, _) -> LoopSteps.costOf op = UnaryCost.Cheap
        | Node.Binary(op, _, _) -> op <> BinaryOp.Pow
        | Node.Compare _
        | Node.Select _
        | Node.Cast _ -> true
        | _ -> false

    // A reader repeats at most this many operations for a value.
    let private mostRepeated = 3

    /// Returns the values that each reader rematerialises, so that they are stored only where something needs them in memory:
    /// random words, and values that at most `mostRepeated` cheap operations compute from random words, numbers and leaves. The
    /// mask of a dropout is one.
    let rematerialised (order: Expr[]) : HashSet<Digest> =
        let counts = Dictionary<Digest, int>()

        let count (o: Expr) =
            match counts.TryGetValue o.Digest with
            | true, n -> Some n
            | false, _ -> if isNumber o || of' o = NodeKind.Leaf then Some 0 else None

        for e in order do
            match e.Node with
            | Node.RandomBits _ when e.Shape.Size > 0 -> counts[e.Digest] <- 0
            // Comparisons of floats and the like are left out: the fused loop of their reader may have another float type.
            | _ when of' e = NodeKind.Elementwise && isCheap e && (float e = None || float e = Some e.DType) ->
                let operands = Node.operands e.Node |> List.map count

                if List.forall Option.isSome operands then
                    let all = 1 + (operands |> List.sumBy (Option.defaultValue 0))

                    if all <= mostRepeated then
                        counts[e.Digest] <- all
            | _ -> ()

        HashSet<Digest>(counts.Keys)
