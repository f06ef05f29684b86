namespace DL1;

/// <summary>A node of the core as an operation. What it inherits asks for an answer for each form that there is.</summary>
internal sealed class OperationReader : NodeReader<Expr, Operation>
{
    public static readonly OperationReader Instance = new();

    private static Items<T> Items<T>(IEnumerable<T> items) => new(items);

    private static Items<Expr> Expressions(IEnumerable<Variable> variables) => new(variables.Select(ExprModule.ofVariable));

    public override Operation Constant(Tensor value) => new Operation.Constant(value);

    public override Operation Variable(Variable variable) =>
        new Operation.Variable(variable.Name, variable.DType, variable.Shape);

    public override Operation Unary(UnaryOp op, Expr x) => new Operation.Unary((UnaryFunction)op.Tag, x);

    public override Operation Binary(BinaryOp op, Expr x, Expr y) => new Operation.Binary((BinaryFunction)op.Tag, x, y);

    public override Operation Compare(CompareOp op, Expr x, Expr y) =>
        new Operation.Compare((CompareFunction)op.Tag, x, y);

    public override Operation Select(Expr condition, Expr x, Expr y) => new Operation.Where(condition, x, y);

    public override Operation Cast(DType dtype, Expr x) => new Operation.Cast(dtype, x);

    public override Operation Reduce(ReduceOp op, IReadOnlyList<int> axes, Expr x) =>
        new Operation.Reduce((ReduceFunction)op.Tag, Items(axes), x);

    public override Operation ArgReduce(ArgOp op, int axis, Expr x) =>
        new Operation.ArgReduce((ArgFunction)op.Tag, axis, x);

    public override Operation CumSum(int axis, bool reversed, Expr x) => new Operation.CumSum(axis, reversed, x);

    public override Operation ArgSort(int axis, Expr x) => new Operation.ArgSort(axis, x);

    public override Operation Softmax(int axis, Expr x) => new Operation.Softmax(axis, x);

    public override Operation LogSumExp(int axis, Expr x) => new Operation.LogSumExp(axis, x);

    public override Operation MatMul(Expr x, Expr y) => new Operation.MatMul(x, y);

    public override Operation Broadcast(Shape shape, Expr x) => new Operation.Broadcast(shape, x);

    public override Operation Reshape(Shape shape, Expr x) => new Operation.Reshape(shape, x);

    public override Operation Transpose(IReadOnlyList<int> permutation, Expr x) =>
        new Operation.Transpose(Items(permutation), x);

    public override Operation Slice(IReadOnlyList<Cut> cuts, Expr x) => new Operation.Slice(Items(cuts), x);

    public override Operation Pad(IReadOnlyList<Edge> edges, double value, Expr x) =>
        new Operation.Pad(Items(edges), value, x);

    public override Operation Concat(int axis, IReadOnlyList<Expr> parts) => new Operation.Concat(axis, Items(parts));

    public override Operation Reverse(IReadOnlyList<int> axes, Expr x) => new Operation.Reverse(Items(axes), x);

    public override Operation Gather(int axis, Expr x, Expr indices) => new Operation.Gather(axis, x, indices);

    public override Operation ScatterAdd(int axis, int extent, Expr updates, Expr indices) =>
        new Operation.ScatterAdd(axis, extent, updates, indices);

    public override Operation Conv(IReadOnlyList<Sweep> sweeps, int groups, Expr x, Expr w) =>
        new Operation.Conv(Items(sweeps), groups, x, w);

    public override Operation ConvInputGrad(
        IReadOnlyList<int> spatial, IReadOnlyList<Sweep> sweeps, int groups, Expr y, Expr w) =>
        new Operation.ConvInputGrad(Items(spatial), Items(sweeps), groups, y, w);

    public override Operation ConvWeightGrad(
        IReadOnlyList<int> kernel, IReadOnlyList<Sweep> sweeps, int groups, Expr x, Expr y) =>
        new Operation.ConvWeightGrad(Items(kernel), Items(sweeps), groups, x, y);

    public override Operation MaxPool(IReadOnlyList<int> kernel, IReadOnlyList<Sweep> sweeps, Expr x) =>
        new Operation.MaxPool(Items(kernel), Items(sweeps), x);

    public override Operation MaxPoolPick(IReadOnlyList<int> kernel, IReadOnlyList<Sweep> sweeps, Expr x, Expr from) =>
        new Operation.MaxPoolPick(Items(kernel), Items(sweeps), x, from);

    public override Operation MaxPoolScatter(
        IReadOnlyList<int> kernel, IReadOnlyList<Sweep> sweeps, Expr x, Expr updates) =>
        new Operation.MaxPoolScatter(Items(kernel), Items(sweeps), x, updates);

    public override Operation AvgPool(IReadOnlyList<int> kernel, IReadOnlyList<Sweep> sweeps, Expr x) =>
        new Operation.AvgPool(Items(kernel), Items(sweeps), x);

    public override Operation AvgPoolGrad(
        IReadOnlyList<int> spatial, IReadOnlyList<int> kernel, IReadOnlyList<Sweep> sweeps, Expr y) =>
        new Operation.AvgPoolGrad(Items(spatial), Items(kernel), Items(sweeps), y);

    public override Operation RandomBits(int stream, Shape shape, Expr key) => new Operation.RandomBits(stream, shape, key);

    public override Operation Scan(int result, ScanCall<Expr> call) =>
        new Operation.Scan(
            result, call.Length, call.Reversed, Items(call.Initial), Items(call.Sequences), Items(call.Fixed),
            new LoopBody(
                Expressions(call.Body.Carries), Expressions(call.Body.Slices), Expressions(call.Body.Fixed),
                Items(call.Body.Next), Items(call.Body.Outputs)));

    public override Operation StopGradient(Expr x) => new Operation.StopGradient(x);

    public override Operation Custom(CustomVjp<Expr> rule, IReadOnlyList<Expr> inputs) =>
        new Operation.Custom(
            rule.Name, Items(inputs), Expressions(rule.Inputs), rule.Value, ExprModule.ofVariable(rule.Cotangent),
            Items(rule.Gradients));
}
