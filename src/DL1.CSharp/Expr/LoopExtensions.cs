using Microsoft.FSharp.Collections;

namespace DL1;

/// <summary>Loops over several carries and sequences.</summary>
public static class LoopExtensions
{
    extension(Expr)
    {
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
    }
}
