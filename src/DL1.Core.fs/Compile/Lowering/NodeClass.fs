namespace DL1.Compiler.Lowering

open DL1

/// The forms of nodes, by what the compiler can do with them. `NodeClass.of'` is the one complete table; predicates read it.
[<RequireQualifiedAccess>]
type internal NodeClass =
    /// Constants and variables.
    | Leaf
    /// Each element is computed from the elements of the operands with the same index.
    | Elementwise
    | Reduce
    /// An operation along one axis that is not a reduction: running sums, sorting, the index of an extremum.
    | AlongAxis
    /// Softmax and logSumExp, which lowering decomposes.
    | Softmax
    | MatMul
    /// Reads the memory of its operand by other strides: broadcasts, reshapes, transposes and slices.
    | View
    /// Moves elements, or sets some to a constant, without regard to their values.
    | Movement
    /// Gathers and scatters.
    | Indexed
    /// Convolutions and poolings.
    | Window
    | RandomBits
    | Scan
    | StopGradient
    | Custom

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal NodeClass =
    let of' (e: Expr) : NodeClass =
        match e.Node with
        | Node.Constant _
        | Node.Variable _ -> NodeClass.Leaf
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.Cast _ -> NodeClass.Elementwise
        | Node.Reduce _ -> NodeClass.Reduce
        | Node.ArgReduce _
        | Node.CumSum _
        | Node.ArgSort _ -> NodeClass.AlongAxis
        | Node.Softmax _
        | Node.LogSumExp _ -> NodeClass.Softmax
        | Node.MatMul _ -> NodeClass.MatMul
        | Node.Broadcast _
        | Node.Reshape _
        | Node.Transpose _
        | Node.Slice _ -> NodeClass.View
        | Node.Pad _
        | Node.Concat _
        | Node.Reverse _ -> NodeClass.Movement
        | Node.Gather _
        | Node.ScatterAdd _ -> NodeClass.Indexed
        | Node.Conv _
        | Node.MaxPool _
        | Node.MaxPoolPick _
        | Node.MaxPoolScatter _
        | Node.AvgPool _
        | Node.AvgPoolGrad _ -> NodeClass.Window
        | Node.RandomBits _ -> NodeClass.RandomBits
        | Node.Scan _ -> NodeClass.Scan
        | Node.StopGradient _ -> NodeClass.StopGradient
        | Node.Custom _ -> NodeClass.Custom

    let isElementwise (e: Expr) = of' e = NodeClass.Elementwise

    /// Whether a node is a convolution or a pooling, or a gradient of one.
    let isWindow (e: Expr) = of' e = NodeClass.Window

    /// Whether computing a node is taken to cost more than reading its value.
    let isHeavy (e: Expr) =
        match of' e with
        | NodeClass.MatMul
        | NodeClass.Softmax
        | NodeClass.Window
        | NodeClass.RandomBits
        | NodeClass.Scan
        | NodeClass.Custom -> true
        | _ -> false

    /// Whether the same operation, on operands stacked along a new axis, computes the stack of its results at the same cost.
    let stacks (e: Expr) =
        match of' e with
        | NodeClass.Elementwise
        | NodeClass.Reduce
        | NodeClass.AlongAxis
        | NodeClass.Softmax
        | NodeClass.View
        | NodeClass.Movement
        | NodeClass.StopGradient -> true
        | _ -> false

    /// Whether there is a precompiled kernel for a node, for any types and shapes: see `StaticKernel`.
    let isStatic (e: Expr) =
        match of' e with
        | NodeClass.Elementwise
        | NodeClass.Reduce
        | NodeClass.AlongAxis
        | NodeClass.Movement
        | NodeClass.Indexed
        | NodeClass.RandomBits -> true
        | _ -> false
