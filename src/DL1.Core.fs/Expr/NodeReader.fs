namespace DL1

open System.Collections.Generic

/// An answer for each form of a node, for a language without unions: a class that inherits this has to answer for all.
/// Lists are given as .NET's.
[<AbstractClass>]
type internal NodeReader<'e, 'r>() =
    abstract Constant: value: Tensor -> 'r
    abstract Variable: variable: Variable -> 'r
    abstract Unary: op: UnaryOp * x: 'e -> 'r
    abstract Binary: op: BinaryOp * x: 'e * y: 'e -> 'r
    abstract Compare: op: CompareOp * x: 'e * y: 'e -> 'r
    abstract Select: condition: 'e * x: 'e * y: 'e -> 'r
    abstract Cast: dtype: DType * x: 'e -> 'r
    abstract Reduce: op: ReduceOp * axes: IReadOnlyList<int> * x: 'e -> 'r
    abstract ArgReduce: op: ArgOp * axis: int * x: 'e -> 'r
    abstract CumSum: axis: int * reversed: bool * x: 'e -> 'r
    abstract ArgSort: axis: int * x: 'e -> 'r
    abstract Softmax: axis: int * x: 'e -> 'r
    abstract LogSumExp: axis: int * x: 'e -> 'r
    abstract MatMul: x: 'e * y: 'e -> 'r
    abstract Broadcast: shape: Shape * x: 'e -> 'r
    abstract Reshape: shape: Shape * x: 'e -> 'r
    abstract Transpose: permutation: IReadOnlyList<int> * x: 'e -> 'r
    abstract Slice: cuts: IReadOnlyList<Cut> * x: 'e -> 'r
    abstract Pad: edges: IReadOnlyList<Edge> * value: float * x: 'e -> 'r
    abstract Concat: axis: int * parts: IReadOnlyList<'e> -> 'r
    abstract Reverse: axes: IReadOnlyList<int> * x: 'e -> 'r
    abstract Gather: axis: int * x: 'e * indices: 'e -> 'r
    abstract ScatterAdd: axis: int * extent: int * updates: 'e * indices: 'e -> 'r
    abstract Conv: sweeps: IReadOnlyList<Sweep> * groups: int * x: 'e * w: 'e -> 'r

    abstract ConvInputGrad:
        spatial: IReadOnlyList<int> * sweeps: IReadOnlyList<Sweep> * groups: int * y: 'e * w: 'e -> 'r

    abstract ConvWeightGrad:
        kernel: IReadOnlyList<int> * sweeps: IReadOnlyList<Sweep> * groups: int * x: 'e * y: 'e -> 'r

    abstract MaxPool: kernel: IReadOnlyList<int> * sweeps: IReadOnlyList<Sweep> * x: 'e -> 'r
    abstract MaxPoolPick: kernel: IReadOnlyList<int> * sweeps: IReadOnlyList<Sweep> * x: 'e * from: 'e -> 'r

    abstract MaxPoolScatter:
        kernel: IReadOnlyList<int> * sweeps: IReadOnlyList<Sweep> * x: 'e * updates: 'e -> 'r

    abstract AvgPool: kernel: IReadOnlyList<int> * sweeps: IReadOnlyList<Sweep> * x: 'e -> 'r

    abstract AvgPoolGrad:
        spatial: IReadOnlyList<int> * kernel: IReadOnlyList<int> * sweeps: IReadOnlyList<Sweep> * y: 'e -> 'r

    abstract RandomBits: stream: int * shape: Shape * key: 'e -> 'r
    abstract Scan: result: int * call: ScanCall<'e> -> 'r
    abstract StopGradient: x: 'e -> 'r
    abstract Custom: rule: CustomVjp<'e> * inputs: IReadOnlyList<'e> -> 'r

    /// The answer for a node. The match is complete: a new form asks for an answer above.
    member this.Read(node: Node<'e>) : 'r =
        match node with
        | Node.Constant value -> this.Constant value
        | Node.Variable variable -> this.Variable variable
        | Node.Unary(op, x) -> this.Unary(op, x)
        | Node.Binary(op, x, y) -> this.Binary(op, x, y)
        | Node.Compare(op, x, y) -> this.Compare(op, x, y)
        | Node.Select(condition, x, y) -> this.Select(condition, x, y)
        | Node.Cast(dtype, x) -> this.Cast(dtype, x)
        | Node.Reduce(op, axes, x) -> this.Reduce(op, axes, x)
        | Node.ArgReduce(op, axis, x) -> this.ArgReduce(op, axis, x)
        | Node.CumSum(axis, reversed, x) -> this.CumSum(axis, reversed, x)
        | Node.ArgSort(axis, x) -> this.ArgSort(axis, x)
        | Node.Softmax(axis, x) -> this.Softmax(axis, x)
        | Node.LogSumExp(axis, x) -> this.LogSumExp(axis, x)
        | Node.MatMul(x, y) -> this.MatMul(x, y)
        | Node.Broadcast(shape, x) -> this.Broadcast(shape, x)
        | Node.Reshape(shape, x) -> this.Reshape(shape, x)
        | Node.Transpose(permutation, x) -> this.Transpose(permutation, x)
        | Node.Slice(cuts, x) -> this.Slice(cuts, x)
        | Node.Pad(edges, value, x) -> this.Pad(edges, value, x)
        | Node.Concat(axis, parts) -> this.Concat(axis, parts)
        | Node.Reverse(axes, x) -> this.Reverse(axes, x)
        | Node.Gather(axis, x, indices) -> this.Gather(axis, x, indices)
        | Node.ScatterAdd(axis, extent, updates, indices) -> this.ScatterAdd(axis, extent, updates, indices)
        | Node.Conv(ConvRole.Forward, spec, x, w) -> this.Conv(spec.Sweeps, spec.Groups, x, w)
        | Node.Conv(ConvRole.InputGrad spatial, spec, y, w) ->
            this.ConvInputGrad(spatial, spec.Sweeps, spec.Groups, y, w)
        | Node.Conv(ConvRole.WeightGrad kernel, spec, x, y) ->
            this.ConvWeightGrad(kernel, spec.Sweeps, spec.Groups, x, y)
        | Node.MaxPool(window, x) -> this.MaxPool(window.Kernel, window.Sweeps, x)
        | Node.MaxPoolPick(window, x, from) -> this.MaxPoolPick(window.Kernel, window.Sweeps, x, from)
        | Node.MaxPoolScatter(window, x, updates) ->
            this.MaxPoolScatter(window.Kernel, window.Sweeps, x, updates)
        | Node.AvgPool(window, x) -> this.AvgPool(window.Kernel, window.Sweeps, x)
        | Node.AvgPoolGrad(window, spatial, y) -> this.AvgPoolGrad(spatial, window.Kernel, window.Sweeps, y)
        | Node.RandomBits(stream, shape, key) -> this.RandomBits(stream, shape, key)
        | Node.Scan(result, call) -> this.Scan(result, call)
        | Node.StopGradient x -> this.StopGradient x
        | Node.Custom(rule, inputs) -> this.Custom(rule, inputs)
