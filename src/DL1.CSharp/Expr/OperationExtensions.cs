using System.Diagnostics;
using System.Globalization;
using Microsoft.FSharp.Collections;

namespace DL1;

/// <summary>
/// Graphs by what their nodes do: <c>e.Operation</c> for <c>switch</c>, <c>e.Match(...)</c> where the compiler is to see that no
/// form is forgotten.
/// </summary>
public static class OperationExtensions
{
    extension(Expr e)
    {
        /// <summary>What this node does, with its operands.</summary>
        /// <example><code>
        /// string read = y.Operation switch
        /// {
        ///     Operation.MatMul(var a, var b) => $"{a.Shape} by {b.Shape}",
        ///     Operation.Unary(UnaryFunction.Sin or UnaryFunction.Cos, _) => "a wave",
        ///     var other => other.ToString(),
        /// };
        /// </code></example>
        public Operation Operation => OperationReader.Instance.Read(e.Node);

        /// <summary>
        /// The answer of the function for this node's form. All forms are asked for, so that the compiler names the one that was
        /// forgotten, and a form that is added later.
        /// </summary>
        /// <param name="constant">For constants.</param>
        /// <param name="variable">For variables.</param>
        /// <param name="unary">For functions of one operand, element by element.</param>
        /// <param name="binary">For functions of two operands, element by element.</param>
        /// <param name="compare">For comparisons.</param>
        /// <param name="where">For choices by a condition.</param>
        /// <param name="cast">For changes of the element type.</param>
        /// <param name="reduce">For sums, products, largest and smallest over axes.</param>
        /// <param name="argReduce">For places of the largest or smallest along an axis.</param>
        /// <param name="cumSum">For running sums.</param>
        /// <param name="argSort">For the order of elements along an axis.</param>
        /// <param name="softmax">For softmax along an axis.</param>
        /// <param name="logSumExp">For log Σ exp along an axis.</param>
        /// <param name="matMul">For products of matrices.</param>
        /// <param name="broadcast">For stretching to a shape.</param>
        /// <param name="reshape">For other extents of the same elements.</param>
        /// <param name="transpose">For other orders of axes.</param>
        /// <param name="slice">For ranges along axes.</param>
        /// <param name="pad">For values put around and between elements.</param>
        /// <param name="concat">For operands one after another along an axis.</param>
        /// <param name="reverse">For axes turned around.</param>
        /// <param name="gather">For slices picked by indices.</param>
        /// <param name="scatterAdd">For updates added at indices.</param>
        /// <param name="conv">For convolutions.</param>
        /// <param name="convInputGrad">For the gradient of a convolution by its data.</param>
        /// <param name="convWeightGrad">For the gradient of a convolution by its kernel.</param>
        /// <param name="maxPool">For the maximum of windows.</param>
        /// <param name="maxPoolPick">For picking at the places of the maxima of windows.</param>
        /// <param name="maxPoolScatter">For adding at the places of the maxima of windows.</param>
        /// <param name="avgPool">For the mean of windows.</param>
        /// <param name="avgPoolGrad">For the gradient of the mean of windows.</param>
        /// <param name="randomBits">For random bits from a key.</param>
        /// <param name="scan">For loops.</param>
        /// <param name="stopGradient">For values whose gradient is stopped.</param>
        /// <param name="custom">For functions with a derivative of their own.</param>
        /// <example><code>
        /// string kind = e.Match(
        ///     constant: _ => "constant",
        ///     variable: _ => "variable",
        ///     unary: _ => "unary", // and so on: a function for each form
        /// </code></example>
        public T Match<T>(
            Func<Operation.Constant, T> constant,
            Func<Operation.Variable, T> variable,
            Func<Operation.Unary, T> unary,
            Func<Operation.Binary, T> binary,
            Func<Operation.Compare, T> compare,
            Func<Operation.Where, T> @where,
            Func<Operation.Cast, T> cast,
            Func<Operation.Reduce, T> reduce,
            Func<Operation.ArgReduce, T> argReduce,
            Func<Operation.CumSum, T> cumSum,
            Func<Operation.ArgSort, T> argSort,
            Func<Operation.Softmax, T> softmax,
            Func<Operation.LogSumExp, T> logSumExp,
            Func<Operation.MatMul, T> matMul,
            Func<Operation.Broadcast, T> broadcast,
            Func<Operation.Reshape, T> reshape,
            Func<Operation.Transpose, T> transpose,
            Func<Operation.Slice, T> slice,
            Func<Operation.Pad, T> pad,
            Func<Operation.Concat, T> concat,
            Func<Operation.Reverse, T> reverse,
            Func<Operation.Gather, T> gather,
            Func<Operation.ScatterAdd, T> scatterAdd,
            Func<Operation.Conv, T> conv,
            Func<Operation.ConvInputGrad, T> convInputGrad,
            Func<Operation.ConvWeightGrad, T> convWeightGrad,
            Func<Operation.MaxPool, T> maxPool,
            Func<Operation.MaxPoolPick, T> maxPoolPick,
            Func<Operation.MaxPoolScatter, T> maxPoolScatter,
            Func<Operation.AvgPool, T> avgPool,
            Func<Operation.AvgPoolGrad, T> avgPoolGrad,
            Func<Operation.RandomBits, T> randomBits,
            Func<Operation.Scan, T> scan,
            Func<Operation.StopGradient, T> stopGradient,
            Func<Operation.Custom, T> custom) =>
            e.Match(
                _ => throw new UnreachableException(),
                constant, variable, unary, binary, compare, @where, cast, reduce, argReduce, cumSum, argSort,
                softmax, logSumExp, matMul, broadcast, reshape, transpose, slice, pad, concat, reverse,
                gather, scatterAdd, conv, convInputGrad, convWeightGrad, maxPool, maxPoolPick,
                maxPoolScatter, avgPool, avgPoolGrad, randomBits, scan, stopGradient, custom);

        /// <summary>The answer of the function for this node's form where there is one, else of <paramref name="otherwise"/>.</summary>
        /// <param name="otherwise">For every form that has no function of its own here.</param>
        /// <param name="constant">For constants.</param>
        /// <param name="variable">For variables.</param>
        /// <param name="unary">For functions of one operand, element by element.</param>
        /// <param name="binary">For functions of two operands, element by element.</param>
        /// <param name="compare">For comparisons.</param>
        /// <param name="where">For choices by a condition.</param>
        /// <param name="cast">For changes of the element type.</param>
        /// <param name="reduce">For sums, products, largest and smallest over axes.</param>
        /// <param name="argReduce">For places of the largest or smallest along an axis.</param>
        /// <param name="cumSum">For running sums.</param>
        /// <param name="argSort">For the order of elements along an axis.</param>
        /// <param name="softmax">For softmax along an axis.</param>
        /// <param name="logSumExp">For log Σ exp along an axis.</param>
        /// <param name="matMul">For products of matrices.</param>
        /// <param name="broadcast">For stretching to a shape.</param>
        /// <param name="reshape">For other extents of the same elements.</param>
        /// <param name="transpose">For other orders of axes.</param>
        /// <param name="slice">For ranges along axes.</param>
        /// <param name="pad">For values put around and between elements.</param>
        /// <param name="concat">For operands one after another along an axis.</param>
        /// <param name="reverse">For axes turned around.</param>
        /// <param name="gather">For slices picked by indices.</param>
        /// <param name="scatterAdd">For updates added at indices.</param>
        /// <param name="conv">For convolutions.</param>
        /// <param name="convInputGrad">For the gradient of a convolution by its data.</param>
        /// <param name="convWeightGrad">For the gradient of a convolution by its kernel.</param>
        /// <param name="maxPool">For the maximum of windows.</param>
        /// <param name="maxPoolPick">For picking at the places of the maxima of windows.</param>
        /// <param name="maxPoolScatter">For adding at the places of the maxima of windows.</param>
        /// <param name="avgPool">For the mean of windows.</param>
        /// <param name="avgPoolGrad">For the gradient of the mean of windows.</param>
        /// <param name="randomBits">For random bits from a key.</param>
        /// <param name="scan">For loops.</param>
        /// <param name="stopGradient">For values whose gradient is stopped.</param>
        /// <param name="custom">For functions with a derivative of their own.</param>
        /// <example><code>
        /// double Value(Expr node) => node.Match(
        ///     constant: c => c.Value.ToDouble(),
        ///     variable: v => given[v.Name],
        ///     unary: u => Unary(u.Function, Value(u.X)),
        ///     binary: b => Binary(b.Function, Value(b.A), Value(b.B)),
        ///     where: w => Truth(w.Condition) ? Value(w.Then) : Value(w.Otherwise),
        ///     otherwise: o => throw new NotSupportedException($"{o}"));
        /// </code></example>
        public T Match<T>(
            Func<Operation, T> otherwise,
            Func<Operation.Constant, T>? constant = null,
            Func<Operation.Variable, T>? variable = null,
            Func<Operation.Unary, T>? unary = null,
            Func<Operation.Binary, T>? binary = null,
            Func<Operation.Compare, T>? compare = null,
            Func<Operation.Where, T>? @where = null,
            Func<Operation.Cast, T>? cast = null,
            Func<Operation.Reduce, T>? reduce = null,
            Func<Operation.ArgReduce, T>? argReduce = null,
            Func<Operation.CumSum, T>? cumSum = null,
            Func<Operation.ArgSort, T>? argSort = null,
            Func<Operation.Softmax, T>? softmax = null,
            Func<Operation.LogSumExp, T>? logSumExp = null,
            Func<Operation.MatMul, T>? matMul = null,
            Func<Operation.Broadcast, T>? broadcast = null,
            Func<Operation.Reshape, T>? reshape = null,
            Func<Operation.Transpose, T>? transpose = null,
            Func<Operation.Slice, T>? slice = null,
            Func<Operation.Pad, T>? pad = null,
            Func<Operation.Concat, T>? concat = null,
            Func<Operation.Reverse, T>? reverse = null,
            Func<Operation.Gather, T>? gather = null,
            Func<Operation.ScatterAdd, T>? scatterAdd = null,
            Func<Operation.Conv, T>? conv = null,
            Func<Operation.ConvInputGrad, T>? convInputGrad = null,
            Func<Operation.ConvWeightGrad, T>? convWeightGrad = null,
            Func<Operation.MaxPool, T>? maxPool = null,
            Func<Operation.MaxPoolPick, T>? maxPoolPick = null,
            Func<Operation.MaxPoolScatter, T>? maxPoolScatter = null,
            Func<Operation.AvgPool, T>? avgPool = null,
            Func<Operation.AvgPoolGrad, T>? avgPoolGrad = null,
            Func<Operation.RandomBits, T>? randomBits = null,
            Func<Operation.Scan, T>? scan = null,
            Func<Operation.StopGradient, T>? stopGradient = null,
            Func<Operation.Custom, T>? custom = null) =>
            e.Operation switch
            {
                Operation.Constant o when constant is not null => constant(o),
                Operation.Variable o when variable is not null => variable(o),
                Operation.Unary o when unary is not null => unary(o),
                Operation.Binary o when binary is not null => binary(o),
                Operation.Compare o when compare is not null => compare(o),
                Operation.Where o when @where is not null => @where(o),
                Operation.Cast o when cast is not null => cast(o),
                Operation.Reduce o when reduce is not null => reduce(o),
                Operation.ArgReduce o when argReduce is not null => argReduce(o),
                Operation.CumSum o when cumSum is not null => cumSum(o),
                Operation.ArgSort o when argSort is not null => argSort(o),
                Operation.Softmax o when softmax is not null => softmax(o),
                Operation.LogSumExp o when logSumExp is not null => logSumExp(o),
                Operation.MatMul o when matMul is not null => matMul(o),
                Operation.Broadcast o when broadcast is not null => broadcast(o),
                Operation.Reshape o when reshape is not null => reshape(o),
                Operation.Transpose o when transpose is not null => transpose(o),
                Operation.Slice o when slice is not null => slice(o),
                Operation.Pad o when pad is not null => pad(o),
                Operation.Concat o when concat is not null => concat(o),
                Operation.Reverse o when reverse is not null => reverse(o),
                Operation.Gather o when gather is not null => gather(o),
                Operation.ScatterAdd o when scatterAdd is not null => scatterAdd(o),
                Operation.Conv o when conv is not null => conv(o),
                Operation.ConvInputGrad o when convInputGrad is not null => convInputGrad(o),
                Operation.ConvWeightGrad o when convWeightGrad is not null => convWeightGrad(o),
                Operation.MaxPool o when maxPool is not null => maxPool(o),
                Operation.MaxPoolPick o when maxPoolPick is not null => maxPoolPick(o),
                Operation.MaxPoolScatter o when maxPoolScatter is not null => maxPoolScatter(o),
                Operation.AvgPool o when avgPool is not null => avgPool(o),
                Operation.AvgPoolGrad o when avgPoolGrad is not null => avgPoolGrad(o),
                Operation.RandomBits o when randomBits is not null => randomBits(o),
                Operation.Scan o when scan is not null => scan(o),
                Operation.StopGradient o when stopGradient is not null => stopGradient(o),
                Operation.Custom o when custom is not null => custom(o),
                var o => otherwise(o),
            };

        /// <summary>
        /// Computes a value for every node from those of its operands, operands first, and gives that of this one. A shared node is
        /// computed once, and no depth of a graph is too much.
        /// </summary>
        /// <param name="compute">From a node and the values of its operands to its value.</param>
        /// <example><code>int depth = y.Fold&lt;int&gt;((_, below) => 1 + below.DefaultIfEmpty().Max());</code></example>
        public T Fold<T>(Func<Expr, IReadOnlyList<T>, T> compute) =>
            Graph.fold(Interop.Function<Expr, FSharpList<T>, T>((node, below) => compute(node, below)), Interop.List([e]))[e.Digest];

        /// <summary>
        /// The graph made anew, operands first: each node, once its operands are, becomes what the function makes of it. A node
        /// that the function gives back is kept.
        /// </summary>
        /// <param name="change">
        /// From a node over the new operands to what stands in its place, of the same type and shape; itself to keep it.
        /// </param>
        /// <exception cref="ShapeError">What is put in does not fit where it is used.</exception>
        /// <example><code>
        /// var waves = y.Rebuild(node => node.Operation is Operation.Unary(UnaryFunction.Sin, var x) ? Functions.Cos(x) : node);
        /// </code></example>
        public Expr Rebuild(Func<Expr, Expr> change) =>
            DL1.Rebuild.bottomUp(Interop.Function(change), Interop.List([e])).Head;

        /// <summary>The same operation over other operands, in the order of <c>e.Operands</c>.</summary>
        /// <param name="operands">As many as the operation has, in the order of <c>e.Operands</c>.</param>
        /// <exception cref="DomainError">There are more or fewer than it has.</exception>
        /// <exception cref="ShapeError">They do not fit the operation.</exception>
        /// <example><code>Expr swapped = product.WithOperands(product.Operands[1], product.Operands[0]);</code></example>
        public Expr WithOperands(params IReadOnlyList<Expr> operands)
        {
            var count = e.Operands.Count;
            if (operands.Count != count)
            {
                throw new DomainError(
                    "WithOperands", FormattableString.Invariant($"{operands.Count} operands for {Node.name(e.Node)}"),
                    count.ToString(CultureInfo.InvariantCulture),
                    "give as many as the node has, in the order of its Operands");
            }

            var next = 0;
            return Expr.Make(Node.map(Interop.Function((Expr _) => operands[next++]), e.Node));
        }

        /// <summary>Every node that the expression needs, operands before those that use them, each once.</summary>
        /// <example><code>int products = y.Nodes.Count(node => node.Node is Node&lt;Expr&gt;.MatMul);</code></example>
        public IReadOnlyList<Expr> Nodes => Graph.topological(Interop.List([e]));

        /// <summary>The operands of this node, in order.</summary>
        /// <example><code>IReadOnlyList&lt;Expr&gt; operands = y.Operands;</code></example>
        public IReadOnlyList<Expr> Operands => Node.operands(e.Node);
    }
}
