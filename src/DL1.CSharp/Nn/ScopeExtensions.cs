namespace DL1;

/// <summary>
/// What a layer of one's own asks its scope for, beside <c>scope.Run("name", layer, x)</c>, <c>scope.Key()</c>,
/// <c>scope.IsTraining</c> and <c>scope.Update("name", next)</c>.
/// </summary>
public static class ScopeExtensions
{
    extension(Scope scope)
    {
        /// <summary>A parameter of this layer, by name, with how it begins and its extents. The same name again is the same one.</summary>
        /// <param name="name">The last part of its path: a name without dots.</param>
        /// <param name="begin">How it begins.</param>
        /// <param name="shape">The extents.</param>
        /// <exception cref="ShapeError">The parameter was made with other extents.</exception>
        /// <example><code>Layers.Create("Scale", (scope, x) => x * scope.Parameter("scale", Initializers.Ones, x.Shape.Last()))</code></example>
        public Expr Parameter(string name, Initializer begin, params int[] shape) =>
            scope.Parameter(name, Interop.List(shape), begin);

        /// <summary>A piece of this layer's state, of the type of the parameters; it stays unless <c>Update</c> is called.</summary>
        /// <param name="name">The last part of its path: a name without dots.</param>
        /// <param name="begin">How it begins.</param>
        /// <param name="shape">The extents.</param>
        /// <example><code>
        /// Layers.Create("Total", (scope, x) =>
        /// {
        ///     var total = scope.State("total", Initializers.Zeros) + x.Sum();
        ///     scope.Update("total", total);
        ///     return x;
        /// })
        /// </code></example>
        public Expr State(string name, Initializer begin, params int[] shape) =>
            scope.State(name, Interop.List(shape), begin);

        /// <summary>A piece of this layer's state, of any type.</summary>
        /// <param name="name">The last part of its path: a name without dots.</param>
        /// <param name="type">The element type.</param>
        /// <param name="begin">How it begins.</param>
        /// <param name="shape">The extents.</param>
        /// <example><code>
        /// Layers.Create("Count", (scope, x) =>
        /// {
        ///     scope.Update("calls", scope.State("calls", DType.I64, Initializers.Zeros) + 1);
        ///     return x;
        /// })
        /// </code></example>
        public Expr State(string name, DType type, Initializer begin, params int[] shape) =>
            scope.StateOf(type, name, Interop.List(shape), begin);

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
}
