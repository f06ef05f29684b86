using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>
/// Reductions that may keep the axes they reduce, with extent 1, so that results broadcast against their operand, from C#. All
/// axes are reduced where none is named.
/// </summary>
public static class ReductionExtensions
{
    extension(Expr x)
    {
        private Expr Kept(bool keepAxes, int[] axes, Func<FSharpList<int>, Expr, Expr> reduction)
        {
            var reduced = axes.Length == 0 ? ExprModule.allAxes(x) : Interop.List(axes);
            var function = FSharpFunc<FSharpList<int>, FSharpFunc<Expr, Expr>>.FromConverter(places =>
                FSharpFunc<Expr, Expr>.FromConverter(operand => reduction(places, operand)));
            return keepAxes ? Reduce.keepDims(function, reduced, x) : reduction(reduced, x);
        }

        /// <summary>The sum over axes, which are kept with extent 1 if asked for.</summary>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or these are truth values.</exception>
        /// <example><code>var totals = x.Sum(keepAxes: true, 1);</code></example>
        public Expr Sum(bool keepAxes, params int[] axes) => x.Kept(keepAxes, axes, ExprModule.sum);

        /// <summary>The mean over axes, which are kept with extent 1 if asked for.</summary>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var centred = x - x.Mean(keepAxes: true, 1);</code></example>
        public Expr Mean(bool keepAxes, params int[] axes) => x.Kept(keepAxes, axes, Reduce.mean);

        /// <summary>The product over axes, which are kept with extent 1 if asked for.</summary>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or these are truth values.</exception>
        /// <example><code>var volumes = x.Prod(keepAxes: true, 1);</code></example>
        public Expr Prod(bool keepAxes, params int[] axes) => x.Kept(keepAxes, axes, ExprModule.prod);

        /// <summary>The largest over axes, which are kept with extent 1 if asked for.</summary>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var below = x - x.Max(keepAxes: true, 1);</code></example>
        public Expr Max(bool keepAxes, params int[] axes) => x.Kept(keepAxes, axes, ExprModule.max);

        /// <summary>The smallest over axes, which are kept with extent 1 if asked for.</summary>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var above = x - x.Min(keepAxes: true, 1);</code></example>
        public Expr Min(bool keepAxes, params int[] axes) => x.Kept(keepAxes, axes, ExprModule.min);

        /// <summary>The Euclidean norm over axes, which are kept with extent 1 if asked for.</summary>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var units = x / x.Norm(keepAxes: true, 1);</code></example>
        public Expr Norm(bool keepAxes, params int[] axes) => x.Kept(keepAxes, axes, Reduce.norm);

        /// <summary>The variance over axes, which are kept with extent 1 if asked for: Σ (x − mean)² / (count − ddof).</summary>
        /// <param name="keepAxes">Whether the axes stay.</param>
        /// <param name="ddof">0 for a population, 1 for a sample.</param>
        /// <param name="axes">The axes.</param>
        /// <exception cref="DomainError"><paramref name="ddof"/> is below 0, or not below the number of elements.</exception>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var spread = x.Variance(keepAxes: true, ddof: 1, 1);</code></example>
        public Expr Variance(bool keepAxes, int ddof, params int[] axes) =>
            x.Kept(keepAxes, axes, (places, operand) => Reduce.variance(ddof, places, operand));

        /// <summary>The standard deviation over axes, over all of them where none is named; its gradient is 0 where it is 0.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var spread = rows.StandardDeviation(0);</code></example>
        public Expr StandardDeviation(params int[] axes) =>
            Reduce.deviation(0, axes.Length == 0 ? ExprModule.allAxes(x) : Interop.List(axes), x);
    }
}
