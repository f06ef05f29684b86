namespace DL1;

/// <summary>
/// Elements in order along an axis, and taken from or put at places along it, from C#. Equal elements keep their order, and
/// NaN comes after all numbers. Places count from 0; one outside the axis is refused when evaluated.
/// </summary>
public static class OrderingExtensions
{
    extension(Expr x)
    {
        /// <summary>The places along an axis in the order of its elements: i64, in the operand's shape.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <param name="descending">Whether the largest comes first, NaN before all.</param>
        /// <exception cref="ShapeError">The axis is not there, or these are truth values.</exception>
        /// <example><code>var places = x.ArgSort(descending: true);</code></example>
        public Expr ArgSort(int axis = -1, bool descending = false) =>
            descending ? Order.argSortDescending(axis, x) : ExprModule.argSort(axis, x);

        /// <summary>The elements along an axis in order; the gradient goes to where they came from.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <param name="descending">Whether the largest comes first, NaN before all.</param>
        /// <exception cref="ShapeError">The axis is not there, or these are truth values.</exception>
        /// <example><code>var sorted = x.Sort();</code></example>
        public Expr Sort(int axis = -1, bool descending = false) =>
            descending ? Order.sortDescending(axis, x) : Order.sort(axis, x);

        /// <summary>The k largest elements along an axis in descending order, and their places, i64: of equal ones the first.</summary>
        /// <param name="k">How many: from 0 to the extent.</param>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="DomainError"><paramref name="k"/> is below 0 or above the extent.</exception>
        /// <exception cref="ShapeError">The axis is not there, or these are truth values.</exception>
        /// <example><code>var (best, where) = x.TopK(2);</code></example>
        public (Expr Values, Expr Places) TopK(int k, int axis = -1) => Order.topK(k, axis, x).ToValueTuple();

        /// <summary>The k smallest elements along an axis in ascending order, and their places, i64: of equal ones the first.</summary>
        /// <param name="k">How many: from 0 to the extent.</param>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="DomainError"><paramref name="k"/> is below 0 or above the extent.</exception>
        /// <exception cref="ShapeError">The axis is not there, or these are truth values.</exception>
        /// <example><code>var (nearest, rows) = x.BottomK(2);</code></example>
        public (Expr Values, Expr Places) BottomK(int k, int axis = -1) => Order.bottomK(k, axis, x).ToValueTuple();

        /// <summary>The median along an axis, which goes: the middle element, or the mean of the middle two; NaN where one is NaN.</summary>
        /// <param name="axis">The axis that goes; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis has no elements.</exception>
        /// <example><code>var middle = x.Median();</code></example>
        public Expr Median(int axis = -1) => Order.median(axis, x);

        /// <summary>The quantile of a share along an axis, which goes, on a straight line between neighbours; NaN where an element is NaN.</summary>
        /// <param name="q">A share from 0 to 1.</param>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="DomainError"><paramref name="q"/> is outside [0, 1].</exception>
        /// <exception cref="ShapeError">The axis has no elements.</exception>
        /// <example><code>var upper = x.Quantile(0.75);</code></example>
        public Expr Quantile(double q, int axis = -1) => Order.quantile(q, axis, x);

        /// <summary>
        /// The elements at places along an axis, each row along it with places of its own (i32 or i64), in the shape of the
        /// places; their other axes are those of this, or of extent 1.
        /// </summary>
        /// <param name="places">
        /// Whole numbers (i32 or i64) from 0 along the axis; their other extents are those of this, or 1.
        /// </param>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The places have other axes.</exception>
        /// <example><code>var taken = x.TakeAlong(x.ArgSort());</code></example>
        public Expr TakeAlong(Expr places, int axis = -1) => Indexing.takeAlong(axis, places, x);

        /// <summary>This with updates added at places along an axis, each row along it with places of its own; several for one place add up.</summary>
        /// <param name="places">Whole numbers (i32 or i64) from 0 along the axis.</param>
        /// <param name="updates">What is added, of the shape of the places.</param>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The places or updates do not fit.</exception>
        /// <example><code>var raised = x.ScatterAddAlong(where, 1);</code></example>
        public Expr ScatterAddAlong(Expr places, Expr updates, int axis = -1) =>
            Indexing.scatterAdd(axis, places, updates, x);

        /// <summary>This with the largest of its own element and of the updates at each place along an axis, each row along it with places of its own.</summary>
        /// <param name="places">Whole numbers (i32 or i64) from 0 along the axis.</param>
        /// <param name="updates">What is compared, of the shape of the places.</param>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The places or updates do not fit.</exception>
        /// <example><code>var floored = x.ScatterMaxAlong(where, 2);</code></example>
        public Expr ScatterMaxAlong(Expr places, Expr updates, int axis = -1) =>
            Indexing.scatterMax(axis, places, updates, x);
    }
}
