using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>Expressions as graphs, for those who walk them, and what is built less often.</summary>
public static class Graphs
{
    extension(Expr e)
    {
        /// <summary>Every node that the expression needs, operands before those that use them, each once.</summary>
        /// <example><code>int products = y.Nodes.Count(node => node.Node is Node&lt;Expr&gt;.MatMul);</code></example>
        public IReadOnlyList<Expr> Nodes => Graph.topological(Interop.List([e]));

        /// <summary>The operands of this node, in order.</summary>
        /// <example><code>IReadOnlyList&lt;Expr&gt; operands = y.Operands;</code></example>
        public IReadOnlyList<Expr> Operands => Node.operands(e.Node);

        /// <summary>The standard deviation over axes, over all of them where none is named; its gradient is 0 where it is 0.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var spread = rows.StandardDeviation(0);</code></example>
        public Expr StandardDeviation(params int[] axes) =>
            Reduce.deviation(0, axes.Length == 0 ? ExprModule.allAxes(e) : Interop.List(axes), e);

        /// <summary>Puts a value before, after and between the elements of each axis; negative edges crop.</summary>
        /// <param name="value">What is put there.</param>
        /// <param name="edges">
        /// For each axis how many elements are put before, after and between its elements; below 0 before and after crop.
        /// </param>
        /// <exception cref="ShapeError">Edges are not one for each axis.</exception>
        /// <example><code>var spaced = rows.PadBetween(0, (0, 0, 0), (1, 1, 2));</code></example>
        public Expr PadBetween(double value, params (int Before, int After, int Between)[] edges) =>
            ExprModule.padWith(Interop.List(edges.Select(edge => new Edge(edge.Before, edge.After, edge.Between))), value, e);
    }

    extension(Expr)
    {
        /// <summary>An expression of a type and shape filled with one value: a scalar that is stretched.</summary>
        /// <param name="type">The element type.</param>
        /// <param name="value">The value of every element.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <example><code>var halves = Expr.Full(DType.F32, 0.5, 2, 3);</code></example>
        public static Expr Full(DType type, double value, params int[] shape) =>
            ExprModule.full(type, Interop.List(shape), value);

        /// <summary>
        /// A loop of a given number of steps over any number of carries and sequences <c>[steps; ...]</c>: the body is given the carries and
        /// this step's slices, and gives the next carries and the outputs to be stacked.
        /// </summary>
        /// <param name="steps">The number of steps, 0 or more.</param>
        /// <param name="carries">What the first step is given.</param>
        /// <param name="sequences"><c>[steps; ...]</c>, each cut along its leading axis; there may be none.</param>
        /// <param name="body">
        /// From the carries and the slices of a step to the next carries, of the same types and shapes, and outputs.
        /// </param>
        /// <param name="reversed">Whether it runs from the last slice to the first.</param>
        /// <exception cref="ShapeError">A sequence has another length, or a carry changes its shape.</exception>
        /// <exception cref="DomainError">The number of steps is below 0.</exception>
        /// <example><code>var (lasts, numbers) = Expr.Scan(6, [0, 1], [], (c, _) => ([c[1], c[0] + c[1]], [c[0]]));</code></example>
        public static (IReadOnlyList<Expr> Finals, IReadOnlyList<Expr> Outputs) Scan(
            int steps,
            IEnumerable<Expr> carries,
            IEnumerable<Expr> sequences,
            Func<IReadOnlyList<Expr>, IReadOnlyList<Expr>, (IEnumerable<Expr> Carries, IEnumerable<Expr> Outputs)> body,
            bool reversed = false)
        {
            var step = Interop.Function<FSharpList<Expr>, FSharpList<Expr>, Tuple<FSharpList<Expr>, FSharpList<Expr>>>(
                (now, slices) =>
                {
                    var (next, outputs) = body(now, slices);
                    return Tuple.Create(Interop.Answers(next), Interop.Answers(outputs));
                });
            var (finals, stacked) = DL1.Scan.many(reversed, steps, Interop.List(carries), Interop.List(sequences), step);
            return (finals, stacked);
        }

        /// <summary>Scalars of some symbols as one compiled delegate over spans, which allocates nothing when it runs.</summary>
        /// <param name="symbols">Scalar variables, in the order in which their values are given.</param>
        /// <param name="outputs">Scalars of these variables, in the order in which they come out.</param>
        /// <exception cref="DomainError">
        /// An output is no elementwise formula of scalars, a symbol is no scalar variable, or one is missing.
        /// </exception>
        /// <example><code>Expr.CompileMany([u, v], [u + v, u * v]).Invoke([2.0, 3.0], both);</code></example>
        public static ScalarMap CompileMany(IEnumerable<Expr> symbols, IEnumerable<Expr> outputs) =>
            ScalarFunction.ofMany(Interop.List(symbols), Interop.List(outputs));
    }

    extension(Key key)
    {
        /// <summary>Truth values, each true with this probability.</summary>
        /// <param name="probability">The chance of true, from 0 to 1.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="DomainError">It is not from 0 to 1.</exception>
        /// <example><code>Tensor coins = key.Bernoulli(0.5, 100);</code></example>
        public Tensor Bernoulli(double probability, params int[] shape) =>
            KeyModule.bernoulli(probability, Interop.List(shape), key);

        /// <summary>Whole numbers of i64 from low, included, to high, not included.</summary>
        /// <param name="low">The smallest number that may be drawn.</param>
        /// <param name="high">The end of the range, which is not drawn; above the low one.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="DomainError">Low is not below high.</exception>
        /// <example><code>Tensor dice = key.Integers(1, 7, 100);</code></example>
        public Tensor Integers(int low, int high, params int[] shape) =>
            KeyModule.integers(low, high, DType.I64, Interop.List(shape), key);

        /// <summary>Normal numbers of f32 between two bounds.</summary>
        /// <param name="mean">The mean of the distribution before it is cut.</param>
        /// <param name="deviation">The standard deviation before it is cut, 0 or more.</param>
        /// <param name="low">The lower bound.</param>
        /// <param name="high">The upper bound, above the lower one.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="DomainError">The bounds are not apart, or too far out.</exception>
        /// <example><code>Tensor near = key.TruncatedNormal(0, 1, low: -2, high: 2, 100);</code></example>
        public Tensor TruncatedNormal(double mean, double deviation, double low, double high, params int[] shape) =>
            KeyModule.truncatedNormal(mean, deviation, low, high, DType.F32, Interop.List(shape), key);
    }

    extension(Initializer initializer)
    {
        /// <summary>A tensor of f32 as the initialiser draws it.</summary>
        /// <param name="key">What is drawn with: the same key gives the same tensor.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="ShapeError">The initialiser needs a fan, of two axes or more.</exception>
        /// <example><code>Tensor weights = Initializers.Orthogonal().Sample(key, 4, 4);</code></example>
        public Tensor Sample(Key key, params int[] shape) =>
            initializer.Draw.Invoke(DType.F32).Invoke(Interop.List(shape)).Invoke(key);
    }

    extension(Schedule schedule)
    {
        /// <summary>The rate after the given number of updates.</summary>
        /// <param name="update">The number of updates made, 0 or more.</param>
        /// <example><code>double rate = Schedules.Cosine(1e-2, steps: 100).RateAt(50);</code></example>
        public double RateAt(long update) =>
            Eval.run(Interop.Bindings([]), schedule.At.Invoke(Expr.Literal(update))).ToDouble();
    }

    extension(Scope scope)
    {
        /// <summary>
        /// Puts what this layer has asked for in the order of these names: for parameters that are needed in another order than they
        /// are kept in.
        /// </summary>
        /// <param name="names">The names of this layer's parameters and state, each once, in the order wanted.</param>
        /// <example><code>
        /// Layers.Create("Turned", (scope, x) =>
        /// {
        ///     var y = scope.Run("second", Layers.Linear(2), scope.Run("first", Layers.Linear(2), x));
        ///     scope.Arrange("second", "first");
        ///     return y;
        /// })
        /// </code></example>
        public void Arrange(params string[] names) => scope.Arrange(Interop.List(names));
    }

    extension(Session session)
    {
        /// <summary>Other values in the place of the state, in its order, as if the steps had led there.</summary>
        /// <param name="values">One for each piece of the state, of its type and shape.</param>
        /// <exception cref="ShapeError">A value has another type or shape than its variable.</exception>
        /// <exception cref="DomainError">There are more or fewer values than variables of the state.</exception>
        /// <example><code>small.Load([.. large.State]);</code></example>
        public void Load(IEnumerable<Tensor> values) => session.Load(Interop.List(values));
    }

    extension(IEnumerable<Epoch> history)
    {
        /// <summary>The epochs as comma-separated values, with a header.</summary>
        /// <example><code>File.WriteAllText(path, result.History.ToCsv());</code></example>
        public string ToCsv() => History.toCsv(Interop.List(Interop.Whole(history).Select(epoch => epoch.ToRow())));

        /// <summary>The epochs as an aligned table.</summary>
        /// <example><code>Console.WriteLine(result.History.ToTable());</code></example>
        public string ToTable() => History.table(Interop.List(Interop.Whole(history).Select(epoch => epoch.ToRow())));
    }
}
