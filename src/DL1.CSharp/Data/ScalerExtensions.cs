using System.Diagnostics;
using Microsoft.FSharp.Collections;

namespace DL1;

/// <summary>
/// Scaling of columns: x ← (x − shift) / divisor. A scaler knows the rows that it was fitted on and no others: fit it on the
/// training rows, apply it to all. Tables are f32 or f64 <c>[rows; columns]</c>; missing values (NaN) stay.
/// </summary>
public static class ScalerExtensions
{
    extension(Scaler)
    {
        /// <summary>To mean 0 and standard deviation 1.</summary>
        /// <param name="rows">A table <c>[rows; columns]</c> whose values are learnt from; NaN is missing.</param>
        /// <exception cref="DomainError">A column has no value.</exception>
        /// <exception cref="ShapeError">The rows are not <c>[rows; columns]</c> of f32 or f64.</exception>
        /// <example><code>var scaler = Scaler.Standard(train.Inputs);</code></example>
        public static Scaler Standard(Tensor rows) => Scale.standard(rows);

        /// <summary>The least value to 0, the greatest to 1.</summary>
        /// <param name="rows">A table <c>[rows; columns]</c> whose values are learnt from; NaN is missing.</param>
        /// <exception cref="DomainError">A column has no value.</exception>
        /// <exception cref="ShapeError">The rows are not <c>[rows; columns]</c> of f32 or f64.</exception>
        /// <example><code>var toUnit = Scaler.MinMax(train.Inputs);</code></example>
        public static Scaler MinMax(Tensor rows) => Scale.minMax(rows);

        /// <summary>By the median and the distance of the quartiles, which few far values do not move.</summary>
        /// <param name="rows">A table <c>[rows; columns]</c> whose values are learnt from; NaN is missing.</param>
        /// <exception cref="DomainError">A column has no value.</exception>
        /// <exception cref="ShapeError">The rows are not <c>[rows; columns]</c> of f32 or f64.</exception>
        /// <example><code>var robust = Scaler.Robust(train.Inputs);</code></example>
        public static Scaler Robust(Tensor rows) => Scale.robust(rows);

        /// <summary>The greatest absolute value to 1, without a shift: zeros stay zeros.</summary>
        /// <param name="rows">A table <c>[rows; columns]</c> whose values are learnt from; NaN is missing.</param>
        /// <exception cref="DomainError">A column has no value.</exception>
        /// <exception cref="ShapeError">The rows are not <c>[rows; columns]</c> of f32 or f64.</exception>
        /// <example><code>var toOne = Scaler.MaxAbs(train.Inputs);</code></example>
        public static Scaler MaxAbs(Tensor rows) => Scale.maxAbs(rows);

        /// <summary>A scaler of numbers that were kept: <c>Shifts</c> and <c>Divisors</c> of another.</summary>
        /// <param name="shifts">What is taken from each column.</param>
        /// <param name="divisors">What each column is divided by, not 0; one for each shift.</param>
        /// <exception cref="DomainError">There are not as many divisors as shifts, a number is not finite, or a divisor is 0.</exception>
        /// <example><code>var again = Scaler.Of(scaler.Shifts, scaler.Divisors);</code></example>
        public static Scaler Of(IEnumerable<double> shifts, IEnumerable<double> divisors) =>
            Scale.ofKept("Scaler.Of", Interop.List(shifts), Interop.List(divisors));
    }

    extension(Scaler scaler)
    {
        /// <summary>What is subtracted, a number for each column.</summary>
        /// <example><code>IReadOnlyList&lt;double&gt; means = scaler.Shifts;</code></example>
        public IReadOnlyList<double> Shifts => scaler.Shift;

        /// <summary>What is divided by, a number for each column.</summary>
        /// <example><code>IReadOnlyList&lt;double&gt; deviations = scaler.Divisors;</code></example>
        public IReadOnlyList<double> Divisors => scaler.Divisor;

        /// <summary>Scales a table of the same columns.</summary>
        /// <param name="rows">A table <c>[rows; columns]</c> of the same columns.</param>
        /// <exception cref="ShapeError">There are more or fewer columns than where it was fitted.</exception>
        /// <example><code>Tensor scaled = scaler.Apply(test.Inputs);</code></example>
        public Tensor Apply(Tensor rows) => Scale.apply(scaler, rows);

        /// <summary>Scales the inputs of a data set.</summary>
        /// <param name="data">A data set whose inputs are <c>[rows; columns]</c> of the same columns.</param>
        /// <exception cref="ShapeError">There are more or fewer columns than where it was fitted.</exception>
        /// <exception cref="DomainError">The scaler has not one shift and one divisor for each column.</exception>
        /// <example><code>Dataset scaledTest = scaler.Apply(test);</code></example>
        public Dataset Apply(Dataset data) => data.WithInputs(Scale.apply(scaler, data.Inputs));

        /// <summary>The reverse of <c>Apply</c>.</summary>
        /// <param name="rows">A scaled table <c>[rows; columns]</c>.</param>
        /// <exception cref="ShapeError">There are more or fewer columns than where it was fitted.</exception>
        /// <example><code>Tensor natural = scaler.Invert(scaled);</code></example>
        public Tensor Invert(Tensor rows) => Scale.invert(scaler, rows);
    }
}

/// <summary>Values for those that are missing (NaN), one for each column, fitted on the training rows alone.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class Imputer
{
    private readonly FSharpList<double> values;
    private readonly FSharpList<int> indicated;

    private Imputer(FSharpList<double> values, FSharpList<int>? indicated = null)
    {
        this.values = values;
        this.indicated = indicated ?? FSharpList<int>.Empty;
    }

    /// <summary>The values that are put in.</summary>
    /// <example><code>IReadOnlyList&lt;double&gt; medians = imputer.Values;</code></example>
    public IReadOnlyList<double> Values => values;

    /// <summary>An imputer of values that were kept.</summary>
    /// <param name="values">What stands in the place of missing values, one number for each column.</param>
    /// <example><code>var same = Imputer.Of(imputer.Values);</code></example>
    public static Imputer Of(IEnumerable<double> values) => new(Interop.List(values));

    /// <summary>The mean of each column's values.</summary>
    /// <param name="rows">A table <c>[rows; columns]</c> whose values are learnt from; NaN is missing.</param>
    /// <exception cref="DomainError">A column has no value.</exception>
    /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
    /// <example><code>var byMean = Imputer.Mean(penguins.Inputs);</code></example>
    public static Imputer Mean(Tensor rows) => new(Impute.mean(rows));

    /// <summary>The median of each column's values.</summary>
    /// <param name="rows">A table <c>[rows; columns]</c> whose values are learnt from; NaN is missing.</param>
    /// <exception cref="DomainError">A column has no value.</exception>
    /// <exception cref="ShapeError">The rows are not <c>[rows; columns]</c> of f32 or f64.</exception>
    /// <example><code>var imputer = Imputer.Median(penguins.Inputs);</code></example>
    public static Imputer Median(Tensor rows) => new(Impute.median(rows));

    /// <summary>The commonest of each column's values, the least of several.</summary>
    /// <param name="rows">A table <c>[rows; columns]</c> whose values are learnt from; NaN is missing.</param>
    /// <exception cref="DomainError">A column has no value.</exception>
    /// <exception cref="ShapeError">The rows are not <c>[rows; columns]</c> of f32 or f64.</exception>
    /// <example><code>var byCount = Imputer.Commonest(penguins.Inputs);</code></example>
    public static Imputer Commonest(Tensor rows) => new(Impute.commonest(rows));

    /// <summary>One number for all columns.</summary>
    /// <param name="rows">A table <c>[rows; columns]</c>, of which only the number of columns counts.</param>
    /// <param name="value">What stands in the place of missing values, finite.</param>
    /// <exception cref="DomainError">The number is not finite.</exception>
    /// <exception cref="ShapeError">The rows are not <c>[rows; columns]</c> of f32 or f64.</exception>
    /// <example><code>var byZero = Imputer.Constant(penguins.Inputs, 0);</code></example>
    public static Imputer Constant(Tensor rows, double value) => new(Impute.constant(value, rows));

    /// <summary>
    /// The same imputer, which also puts a column of 0 and 1 behind the others for each column in which a value was missing in
    /// these rows, the training rows: 1 where it is.
    /// </summary>
    /// <param name="rows">The training rows, <c>[rows; columns]</c>.</param>
    /// <exception cref="ShapeError">The rows are not <c>[rows; columns]</c> of f32 or f64.</exception>
    /// <example><code>var telling = imputer.Indicating(penguins.Inputs);</code></example>
    public Imputer Indicating(Tensor rows) => new(values, Impute.lacking(rows));

    /// <summary>Puts a column's value in the place of those that are missing; then the columns of <c>Indicating</c>, if any.</summary>
    /// <param name="rows">A table <c>[rows; columns]</c> of the same columns.</param>
    /// <exception cref="ShapeError">There are more or fewer columns than values.</exception>
    /// <example><code>Tensor whole = imputer.Apply(penguins.Inputs);</code></example>
    public Tensor Apply(Tensor rows) =>
        indicated.IsEmpty
            ? Impute.apply(values, rows)
            : Category.beside(Interop.List([Impute.apply(values, rows), Impute.indicate(indicated, rows)]));

    /// <summary>Puts values in the place of those that are missing in the inputs of a data set.</summary>
    /// <param name="data">A data set whose inputs are <c>[rows; columns]</c> of the same columns.</param>
    /// <exception cref="ShapeError">There are more or fewer columns than values.</exception>
    /// <example><code>Dataset complete = imputer.Apply(penguins);</code></example>
    public Dataset Apply(Dataset data) => data.WithInputs(Apply(data.Inputs));

    /// <summary>The values.</summary>
    /// <example><code>string shown = imputer.ToString();</code></example>
    public override string ToString() =>
        string.Join(", ", Values.Select(v => FormattableString.Invariant($"{v:G6}")));
}
