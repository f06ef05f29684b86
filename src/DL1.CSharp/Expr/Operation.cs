using System.Collections.ObjectModel;
using System.Diagnostics;

namespace DL1;

/// <summary>
/// What a node of a graph does, with its operands as expressions: a closed family of records, one for each form, to be matched
/// by <c>switch</c> or by <c>e.Match(...)</c>. Type and shape of the result are the expression's.
/// </summary>
/// <example><code>
/// int products = loss.Nodes.Count(node => node.Operation is Operation.Binary(BinaryFunction.Mul, _, _));
/// </code></example>
[DebuggerDisplay("{ToString(),nq}")]
public abstract record Operation
{
    private Operation()
    {
    }

    /// <summary>The operation with its members, the same on every machine: <c>CumSum { Axis = 0, Reversed = False, X = x }</c>.</summary>
    /// <example><code>Console.WriteLine(loss.Operation);</code></example>
    public sealed override string ToString() => InvariantText.Of(GetType().Name, PrintMembers);

    /// <summary>A tensor.</summary>
    /// <param name="Value">The tensor.</param>
    /// <example><code>Operation.Constant(var value) => $"{value.Shape} of numbers"</code></example>
    public sealed record Constant(Tensor Value) : Operation;

    /// <summary>A named input, given when the graph is evaluated.</summary>
    /// <param name="Name">One name has one meaning in a graph.</param>
    /// <param name="Type">The element type of what it is given.</param>
    /// <param name="Shape">The shape of what it is given.</param>
    /// <example><code>Operation.Variable(var name, _, _) => name</code></example>
    public sealed record Variable(string Name, DType Type, Shape Shape) : Operation;

    /// <summary>A function of each element.</summary>
    /// <param name="Function">Which one.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Unary(var function, var x) => $"{function} of {x.Shape}"</code></example>
    public sealed record Unary(UnaryFunction Function, Expr X) : Operation;

    /// <summary>A function of elements in pairs; types and shapes are equal.</summary>
    /// <param name="Function">Which one.</param>
    /// <param name="A">The first operand.</param>
    /// <param name="B">The second operand.</param>
    /// <example><code>Operation.Binary(BinaryFunction.Mul, _, _) => "a product of elements"</code></example>
    public sealed record Binary(BinaryFunction Function, Expr A, Expr B) : Operation;

    /// <summary>Truth values of elements in pairs; types and shapes are equal.</summary>
    /// <param name="Function">Which comparison.</param>
    /// <param name="A">The first operand.</param>
    /// <param name="B">The second operand.</param>
    /// <example><code>Operation.Compare(var comparison, _, _) => $"where {comparison} holds"</code></example>
    public sealed record Compare(CompareFunction Function, Expr A, Expr B) : Operation;

    /// <summary>The second operand where the condition holds, the third elsewhere.</summary>
    /// <param name="Condition">Truth values.</param>
    /// <param name="Then">What stands where it holds.</param>
    /// <param name="Otherwise">What stands elsewhere.</param>
    /// <example><code>Operation.Where(var condition, _, _) => $"one of two by {condition.Shape}"</code></example>
    public sealed record Where(Expr Condition, Expr Then, Expr Otherwise) : Operation;

    /// <summary>The same values in another element type.</summary>
    /// <param name="Type">The type.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Cast(var type, _) => $"as {type}"</code></example>
    public sealed record Cast(DType Type, Expr X) : Operation;

    /// <summary>Axes reduced to one value.</summary>
    /// <param name="Function">How.</param>
    /// <param name="Axes">The axes that go, ascending.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Reduce(var function, var axes, _) => $"{function} over {axes}"</code></example>
    public sealed record Reduce(ReduceFunction Function, IReadOnlyList<int> Axes, Expr X) : Operation;

    /// <summary>The place of an element along an axis, which goes; i64.</summary>
    /// <param name="Function">Which element.</param>
    /// <param name="Axis">The axis that goes.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.ArgReduce(var which, var axis, _) => $"place of the {which} along {axis}"</code></example>
    public sealed record ArgReduce(ArgFunction Function, int Axis, Expr X) : Operation;

    /// <summary>The running sum along an axis.</summary>
    /// <param name="Axis">The axis.</param>
    /// <param name="Reversed">Whether it runs from the end.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.CumSum(var axis, var reversed, _) => $"running sum along {axis}, {reversed}"</code></example>
    public sealed record CumSum(int Axis, bool Reversed, Expr X) : Operation;

    /// <summary>The places along an axis in ascending order of its elements: equal ones in their order, NaN last.</summary>
    /// <param name="Axis">The axis.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.ArgSort(var axis, _) => $"order along {axis}"</code></example>
    public sealed record ArgSort(int Axis, Expr X) : Operation;

    /// <summary>exp(x) / Σ exp(x) along an axis.</summary>
    /// <param name="Axis">The axis.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Softmax(var axis, _) => $"softmax along {axis}"</code></example>
    public sealed record Softmax(int Axis, Expr X) : Operation;

    /// <summary>log Σ exp(x) along an axis, which goes.</summary>
    /// <param name="Axis">The axis that goes.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.LogSumExp(var axis, _) => $"log of summed exponentials along {axis}"</code></example>
    public sealed record LogSumExp(int Axis, Expr X) : Operation;

    /// <summary>The product of matrices <c>[...; m; k]</c> and <c>[...; k; n]</c>.</summary>
    /// <param name="A">The first operand.</param>
    /// <param name="B">The second operand.</param>
    /// <example><code>Operation.MatMul(var a, var b) => $"{a.Shape} by {b.Shape}"</code></example>
    public sealed record MatMul(Expr A, Expr B) : Operation;

    /// <summary>Axes of extent 1 stretched, and new ones put in front.</summary>
    /// <param name="Shape">The shape of the result.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Broadcast(var shape, _) => $"stretched to {shape}"</code></example>
    public sealed record Broadcast(Shape Shape, Expr X) : Operation;

    /// <summary>The same elements, in row-major order, in another shape.</summary>
    /// <param name="Shape">The shape of the result.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Reshape(var shape, _) => $"laid out as {shape}"</code></example>
    public sealed record Reshape(Shape Shape, Expr X) : Operation;

    /// <summary>Axes in another order: axis i of the result is <c>Permutation[i]</c> of the operand.</summary>
    /// <param name="Permutation">The operand's axes in the order of the result.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Transpose(var permutation, _) => $"axes {permutation}"</code></example>
    public sealed record Transpose(IReadOnlyList<int> Permutation, Expr X) : Operation;

    /// <summary>A part of each axis.</summary>
    /// <param name="Cuts">Where each axis is cut.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Slice(var cuts, _) => $"cut at {cuts}"</code></example>
    public sealed record Slice(IReadOnlyList<Cut> Cuts, Expr X) : Operation;

    /// <summary>A value put around and between elements.</summary>
    /// <param name="Edges">How much, for each axis.</param>
    /// <param name="Value">What is put there.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Pad(var edges, var value, _) => $"{value} put at {edges}"</code></example>
    public sealed record Pad(IReadOnlyList<Edge> Edges, double Value, Expr X) : Operation;

    /// <summary>Operands one after another along an axis.</summary>
    /// <param name="Axis">The axis.</param>
    /// <param name="Parts">The operands.</param>
    /// <example><code>Operation.Concat(var axis, var parts) => $"{parts.Count} parts along {axis}"</code></example>
    public sealed record Concat(int Axis, IReadOnlyList<Expr> Parts) : Operation;

    /// <summary>Axes turned around.</summary>
    /// <param name="Axes">The axes, ascending.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.Reverse(var axes, _) => $"axes {axes} turned around"</code></example>
    public sealed record Reverse(IReadOnlyList<int> Axes, Expr X) : Operation;

    /// <summary>Slices of an axis by indices, whose axes take the axis's place.</summary>
    /// <param name="Axis">The axis.</param>
    /// <param name="X">The operand.</param>
    /// <param name="Indices">Which slices: i32 or i64.</param>
    /// <example><code>Operation.Gather(var axis, _, var indices) => $"{indices.Shape} slices of axis {axis}"</code></example>
    public sealed record Gather(int Axis, Expr X, Expr Indices) : Operation;

    /// <summary>The transpose of <c>Gather</c>: each update is added to the slice of its index.</summary>
    /// <param name="Axis">The axis.</param>
    /// <param name="Extent">Its extent in the result.</param>
    /// <param name="Updates">What is added.</param>
    /// <param name="Indices">Where: i32 or i64.</param>
    /// <example><code>Operation.ScatterAdd(var axis, var extent, _, _) => $"added into {extent} slices of axis {axis}"</code></example>
    public sealed record ScatterAdd(int Axis, int Extent, Expr Updates, Expr Indices) : Operation;

    /// <summary>A convolution of <c>[N; C; spatial...]</c> by <c>[O; C/groups; kernel...]</c>.</summary>
    /// <param name="Sweeps">How the kernel moves along each spatial axis.</param>
    /// <param name="Groups">Groups that the channels fall into, each convolved apart.</param>
    /// <param name="X">The operand.</param>
    /// <param name="W">The kernel.</param>
    /// <example><code>Operation.Conv(var sweeps, var groups, _, _) => $"a convolution in {groups} groups, {sweeps}"</code></example>
    public sealed record Conv(IReadOnlyList<Sweep> Sweeps, int Groups, Expr X, Expr W) : Operation;

    /// <summary>What a cotangent of a convolution is to its input: the transposed convolution.</summary>
    /// <param name="Spatial">The spatial extent of the result.</param>
    /// <param name="Sweeps">How the kernel moves along each spatial axis.</param>
    /// <param name="Groups">Groups that the channels fall into, each convolved apart.</param>
    /// <param name="Y">The cotangent.</param>
    /// <param name="W">The kernel.</param>
    /// <example><code>Operation.ConvInputGrad(var spatial, _, _, _, _) => $"a transposed convolution to {spatial}"</code></example>
    public sealed record ConvInputGrad(
        IReadOnlyList<int> Spatial, IReadOnlyList<Sweep> Sweeps, int Groups, Expr Y, Expr W)
        : Operation;

    /// <summary>What a cotangent of a convolution is to its kernel.</summary>
    /// <param name="Kernel">The extent of the kernel, the result.</param>
    /// <param name="Sweeps">How the kernel moves along each spatial axis.</param>
    /// <param name="Groups">Groups that the channels fall into, each convolved apart.</param>
    /// <param name="X">The operand.</param>
    /// <param name="Y">The cotangent.</param>
    /// <example><code>Operation.ConvWeightGrad(var kernel, _, _, _, _) => $"a kernel of {kernel}"</code></example>
    public sealed record ConvWeightGrad(
        IReadOnlyList<int> Kernel, IReadOnlyList<Sweep> Sweeps, int Groups, Expr X, Expr Y)
        : Operation;

    /// <summary>The maximum of each window; padding counts as −∞.</summary>
    /// <param name="Kernel">The window's extent along each spatial axis.</param>
    /// <param name="Sweeps">How it moves along each spatial axis.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.MaxPool(var kernel, _, _) => $"maxima of {kernel}"</code></example>
    public sealed record MaxPool(IReadOnlyList<int> Kernel, IReadOnlyList<Sweep> Sweeps, Expr X) : Operation;

    /// <summary>What stands in another operand where each window of the first has its maximum.</summary>
    /// <param name="Kernel">The window's extent along each spatial axis.</param>
    /// <param name="Sweeps">How it moves along each spatial axis.</param>
    /// <param name="X">The operand.</param>
    /// <param name="From">What is picked from, shaped as X.</param>
    /// <example><code>Operation.MaxPoolPick(var kernel, _, _, _) => $"picked by maxima of {kernel}"</code></example>
    public sealed record MaxPoolPick(IReadOnlyList<int> Kernel, IReadOnlyList<Sweep> Sweeps, Expr X, Expr From) : Operation;

    /// <summary>Updates added where each window has its maximum: the vjp of <c>MaxPool</c>.</summary>
    /// <param name="Kernel">The window's extent along each spatial axis.</param>
    /// <param name="Sweeps">How it moves along each spatial axis.</param>
    /// <param name="X">The operand.</param>
    /// <param name="Updates">What is added, one for each window.</param>
    /// <example><code>Operation.MaxPoolScatter(var kernel, _, _, _) => $"scattered to maxima of {kernel}"</code></example>
    public sealed record MaxPoolScatter(
        IReadOnlyList<int> Kernel, IReadOnlyList<Sweep> Sweeps, Expr X, Expr Updates)
        : Operation;

    /// <summary>The mean of each window; padding counts as zeros.</summary>
    /// <param name="Kernel">The window's extent along each spatial axis.</param>
    /// <param name="Sweeps">How it moves along each spatial axis.</param>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.AvgPool(var kernel, _, _) => $"means of {kernel}"</code></example>
    public sealed record AvgPool(IReadOnlyList<int> Kernel, IReadOnlyList<Sweep> Sweeps, Expr X) : Operation;

    /// <summary>The transpose of <c>AvgPool</c>.</summary>
    /// <param name="Spatial">The spatial extent of the result.</param>
    /// <param name="Kernel">The window's extent along each spatial axis.</param>
    /// <param name="Sweeps">How it moves along each spatial axis.</param>
    /// <param name="Y">The cotangent.</param>
    /// <example><code>Operation.AvgPoolGrad(var spatial, _, _, _) => $"means spread over {spatial}"</code></example>
    public sealed record AvgPoolGrad(
        IReadOnlyList<int> Spatial, IReadOnlyList<int> Kernel, IReadOnlyList<Sweep> Sweeps, Expr Y)
        : Operation;

    /// <summary>32 random bits an element.</summary>
    /// <param name="Stream">Streams are independent.</param>
    /// <param name="Shape">The shape of the result.</param>
    /// <param name="Key">i32 <c>[2]</c>.</param>
    /// <example><code>Operation.RandomBits(var stream, var shape, _) => $"{shape} of bits of stream {stream}"</code></example>
    public sealed record RandomBits(int Stream, Shape Shape, Expr Key) : Operation;

    /// <summary>A result of a loop over the leading axis of sequences: the final carries, then the stacked outputs.</summary>
    /// <param name="Result">Which result this is.</param>
    /// <param name="Steps">The number of steps.</param>
    /// <param name="Reversed">From the last slice to the first.</param>
    /// <param name="Initial">The first carries.</param>
    /// <param name="Sequences">What is sliced.</param>
    /// <param name="Fixed">What every step is given whole.</param>
    /// <param name="Body">What each step does.</param>
    /// <example><code>Operation.Scan(var result, var steps, _, _, _, _, var body) => $"result {result} of {steps} steps with {body.Carries.Count} carries"</code></example>
    public sealed record Scan(
        int Result, int Steps, bool Reversed, IReadOnlyList<Expr> Initial, IReadOnlyList<Expr> Sequences, IReadOnlyList<Expr> Fixed, LoopBody Body)
        : Operation;

    /// <summary>The same value, seen as a constant by derivatives.</summary>
    /// <param name="X">The operand.</param>
    /// <example><code>Operation.StopGradient(var x) => $"{x.Shape}, held fast"</code></example>
    public sealed record StopGradient(Expr X) : Operation;

    /// <summary>A function with a derivative of its own.</summary>
    /// <param name="Name">Its name in printed graphs.</param>
    /// <param name="Operands">What it is applied to.</param>
    /// <param name="Inputs">The variables that stand for the operands in the value and the gradients.</param>
    /// <param name="Value">The value, over the inputs.</param>
    /// <param name="Cotangent">The variable that stands for the cotangent of the value.</param>
    /// <param name="Gradients">The cotangent of each input.</param>
    /// <example><code>Operation.Custom(var name, var operands, _, _, _, _) => $"{name} of {operands.Count}"</code></example>
    public sealed record Custom(
        string Name, IReadOnlyList<Expr> Operands, IReadOnlyList<Expr> Inputs, Expr Value, Expr Cotangent, IReadOnlyList<Expr> Gradients)
        : Operation;
}

/// <summary>
/// One step of a loop as a closed graph: its only variables are those that it names, and they are named by position.
/// </summary>
/// <param name="Carries">Variables of the state that is handed from step to step.</param>
/// <param name="Slices">Variables of this step's slice of each sequence.</param>
/// <param name="Fixed">Variables of what is the same at every step.</param>
/// <param name="Next">The next state, in the order of the carries.</param>
/// <param name="Outputs">What the step gives to be stacked.</param>
/// <example><code>int made = ((Operation.Scan)finals[0].Operation).Body.Next.Count;</code></example>
[DebuggerDisplay("{Carries.Count} carries, {Outputs.Count} outputs")]
public sealed record LoopBody(
    IReadOnlyList<Expr> Carries, IReadOnlyList<Expr> Slices, IReadOnlyList<Expr> Fixed, IReadOnlyList<Expr> Next,
    IReadOnlyList<Expr> Outputs);

/// <summary>A list that is equal to another of equal items, and is shown by them: <c>[0, 1]</c>.</summary>
internal sealed class Items<T>(IEnumerable<T> items) : ReadOnlyCollection<T>([.. items])
{
    public override bool Equals(object? other) => other is Items<T> list && this.SequenceEqual(list);

    public override int GetHashCode() => this.Aggregate(Count, HashCode.Combine);

    public override string ToString() => $"[{string.Join(", ", this.Select(item => FormattableString.Invariant($"{item}")))}]";
}
