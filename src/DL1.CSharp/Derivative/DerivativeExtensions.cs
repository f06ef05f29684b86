namespace DL1;

/// <summary>Derivatives, simplification, evaluation and explanation of expressions.</summary>
public static class DerivativeExtensions
{
    extension(Expr f)
    {
        /// <summary>The derivative of a scalar by a scalar symbol, as a formula to be read.</summary>
        /// <param name="x">The symbol; the derivative is 0 where the formula does not have it.</param>
        /// <param name="order">2 for the second derivative, and so on.</param>
        /// <exception cref="ShapeError">The expression or the symbol is no scalar of f32 or f64.</exception>
        /// <exception cref="DomainError">The order is negative.</exception>
        /// <example><code>Console.WriteLine((x * Sin(x)).Derivative(x)); // sin x + x·cos x</code></example>
        public Expr Derivative(Expr x, int order = 1) => Symbolic.nth(order, x, f);

        /// <summary>The derivative of a scalar by its variable of this name.</summary>
        /// <param name="x">The name of a variable of the formula.</param>
        /// <param name="order">2 for the second derivative, and so on.</param>
        /// <exception cref="DomainError">It has variables, and none of this name, or the order is negative.</exception>
        /// <exception cref="ShapeError">This is no scalar of f32 or f64.</exception>
        /// <example><code>var bend = f.Derivative("x", order: 2);</code></example>
        public Expr Derivative(string x, int order = 1) =>
            Symbolic.nth(order, Interop.ArgumentsNamed("Derivative", f, x)[0], f);

        /// <summary>The gradient of a scalar by each of some expressions, by reverse mode: graphs shaped as they are.</summary>
        /// <param name="wrt">Expressions that this one depends on; the gradient by another is 0.</param>
        /// <exception cref="ShapeError">This is no scalar of f32 or f64.</exception>
        /// <example><code>var gradients = loss.Gradient(w, b);</code></example>
        public Expr[] Gradient(params Expr[] wrt) => [.. Grad.grad(f, Interop.List(wrt))];

        /// <summary>The Jacobian by one expression: <c>[f...; x...]</c>.</summary>
        /// <param name="x">The expression by which is derived, of any shape.</param>
        /// <exception cref="ShapeError">One of the two is not of f32 or f64.</exception>
        /// <example><code>var j = y.Jacobian(x);</code></example>
        public Expr Jacobian(Expr x) => Grad.jacobian(f, x);

        /// <summary>The Hessian of a scalar by one expression: <c>[x...; x...]</c>.</summary>
        /// <param name="x">The expression by which is derived, of any shape.</param>
        /// <exception cref="ShapeError">This is no scalar of f32 or f64.</exception>
        /// <example><code>var h = loss.Hessian(w);</code></example>
        public Expr Hessian(Expr x) => Grad.hessian(f, x);

        /// <summary>The Hessian of a scalar times a direction, without the Hessian.</summary>
        /// <param name="x">The expression by which is derived, of any shape.</param>
        /// <param name="direction">A vector that the Hessian is multiplied by, of the shape of <paramref name="x"/>.</param>
        /// <exception cref="ShapeError">
        /// This is no scalar of f32 or f64, or the direction has another type or shape than the expression.
        /// </exception>
        /// <example><code>var curvature = loss.HessianVector(w, direction);</code></example>
        public Expr HessianVector(Expr x, Expr direction) =>
            Grad.hessianVector(f, Interop.List([x]), Interop.List([direction])).Head;

        /// <summary>The vector-Jacobian product: what a cotangent of this expression is to each of some others.</summary>
        /// <param name="cotangent">What each element of this expression counts, of its shape and type.</param>
        /// <param name="wrt">Expressions that this one depends on; what another receives is 0.</param>
        /// <exception cref="ShapeError">The cotangent has another type or shape than this.</exception>
        /// <example><code>var back = y.Vjp(dy, w, b);</code></example>
        public Expr[] Vjp(Expr cotangent, params Expr[] wrt) =>
            [.. Grad.vjp(Interop.List([f]), Interop.List([cotangent]), Interop.List(wrt))];

        /// <summary>The Jacobian-vector product: how this expression moves where another moves along a tangent.</summary>
        /// <param name="x">The expression that moves.</param>
        /// <param name="tangent">How it moves, of the shape and type of <paramref name="x"/>.</param>
        /// <exception cref="ShapeError">The tangent has another type or shape than the expression.</exception>
        /// <example><code>var moved = y.Jvp(x, dx);</code></example>
        public Expr Jvp(Expr x, Expr tangent) =>
            Grad.jvp(Interop.List([f]), Interop.List([x]), Interop.List([tangent])).Head;

        /// <summary>As a mathematician would write it; equal over the reals.</summary>
        /// <example><code>var shorter = f.Simplify();</code></example>
        public Expr Simplify() => Rewrite.simplify(f);

        /// <summary>
        /// Logarithms of products as sums, and simplified: log(x·y) as log x + log y, log(xʸ) as y·log x. Equal where every argument of
        /// a logarithm is positive, as densities and probabilities are; so a likelihood becomes a log-likelihood.
        /// </summary>
        /// <example><code>var logs = Log(x * Exp(-x)).ExpandLog(); // log x − x</code></example>
        public Expr ExpandLog() => Rewrite.expandLog(f);

        /// <summary>Rewritten to be at least as accurate for every input: log of softmax, exp(x) − 1 and their kin.</summary>
        /// <example><code>var safe = Log(1 + Exp(x)).Stabilize(); // softplus(x)</code></example>
        public Expr Stabilize() => Rewrite.stable(f);

        /// <summary>The value of an expression without variables.</summary>
        /// <exception cref="DomainError">There is a variable.</exception>
        /// <example><code>var total = Expr.Constant(Tensor.Ones(3)).Sum().Evaluate();</code></example>
        public Tensor Evaluate() => DL1.Compute.value(Interop.Bindings([]), f);

        /// <summary>The value where the variables have these values. Numbers take the type of their variable.</summary>
        /// <param name="values">The names of variables with their values.</param>
        /// <exception cref="DomainError">A variable has no value.</exception>
        /// <exception cref="ShapeError">A value has another type or shape than its variable.</exception>
        /// <example><code>var value = (x * x).Evaluate(("x", 3)); // 9</code></example>
        public Tensor Evaluate(params (string Name, Tensor Value)[] values) =>
            DL1.Compute.value(Interop.Bindings(Interop.Typed(values, f)), f);

        /// <summary>The value where the variables have these values. Numbers take the type of their variable.</summary>
        /// <param name="values">Variables with their values.</param>
        /// <exception cref="DomainError">A variable has no value, or something else than a variable is given one.</exception>
        /// <exception cref="ShapeError">A value has another type or shape than its variable.</exception>
        /// <example><code>var same = (x * y).Evaluate((x, 3), (y, 0.5)); // 1.5</code></example>
        public Tensor Evaluate(params (Expr Variable, Tensor Value)[] values) =>
            f.Evaluate([.. values.Select(v => (Interop.VariableOf(v.Variable, "Evaluate").Name, v.Value))]);

        /// <summary>A scalar of its one variable as a compiled delegate; without a variable, it gives the same number for any.</summary>
        /// <exception cref="DomainError">It has more variables than one.</exception>
        /// <example><code>Func&lt;double, double&gt; only = (x * x).Compile();</code></example>
        public Func<double, double> Compile() =>
            Graph.variables(Interop.List([f])) is { Length: <= 1 } one
                ? f.Compile(one.IsEmpty ? ExprModule.symbol("x") : ExprModule.ofVariable(one.Head))
                : throw new DomainError(
                    "Compile", $"a formula of the variables {Interop.Names(f)}", "a formula of one variable",
                    "name them in the order of the delegate's parameters: Compile(\"x\", \"y\")");

        /// <summary>A scalar as a compiled delegate of its variable of this name.</summary>
        /// <param name="x">The name of the variable whose value is given first.</param>
        /// <exception cref="DomainError">It has a variable of another name.</exception>
        /// <example><code>var byName = (x * Sin(x)).Compile("x");</code></example>
        public Func<double, double> Compile(string x) => f.Compile(Interop.ArgumentsNamed("Compile", f, x)[0]);

        /// <summary>A scalar as a compiled delegate of two variables by their names.</summary>
        /// <param name="x">The name of the variable whose value is given first.</param>
        /// <param name="y">The name of the variable whose value is given second.</param>
        /// <exception cref="DomainError">It has a variable of another name.</exception>
        /// <example><code>var byNames = (x * y).Compile("x", "y");</code></example>
        public Func<double, double, double> Compile(string x, string y)
        {
            var named = Interop.ArgumentsNamed("Compile", f, x, y);
            return f.Compile(named[0], named[1]);
        }

        /// <summary>A scalar as a compiled delegate of three variables by their names.</summary>
        /// <param name="x">The name of the variable whose value is given first.</param>
        /// <param name="y">The name of the variable whose value is given second.</param>
        /// <param name="z">The name of the variable whose value is given third.</param>
        /// <exception cref="DomainError">It has a variable of another name.</exception>
        /// <example><code>var byThree = (x * y * z).Compile("x", "y", "z");</code></example>
        public Func<double, double, double, double> Compile(string x, string y, string z)
        {
            var named = Interop.ArgumentsNamed("Compile", f, x, y, z);
            return f.Compile(named[0], named[1], named[2]);
        }

        /// <summary>A scalar of one symbol as a compiled delegate, as fast as the same formula written in C#.</summary>
        /// <param name="x">The scalar variable whose value is given first.</param>
        /// <exception cref="DomainError">
        /// This is no elementwise formula of scalars, an input is no scalar variable, or a variable is missing among them.
        /// </exception>
        /// <example><code>Func&lt;double, double&gt; g = (x * Sin(x)).Compile(x);</code></example>
        public Func<double, double> Compile(Expr x) => ScalarFunction.of1(x, f);

        /// <summary>A scalar of two symbols as a compiled delegate.</summary>
        /// <param name="x">The scalar variable whose value is given first.</param>
        /// <param name="y">The scalar variable whose value is given second.</param>
        /// <exception cref="DomainError">
        /// This is no elementwise formula of scalars, an input is no scalar variable, or a variable is missing among them.
        /// </exception>
        /// <example><code>var height = (x * x + y * y).Compile(x, y);</code></example>
        public Func<double, double, double> Compile(Expr x, Expr y) => ScalarFunction.of2(x, y, f);

        /// <summary>A scalar of three symbols as a compiled delegate.</summary>
        /// <param name="x">The scalar variable whose value is given first.</param>
        /// <param name="y">The scalar variable whose value is given second.</param>
        /// <param name="z">The scalar variable whose value is given third.</param>
        /// <exception cref="DomainError">
        /// This is no elementwise formula of scalars, an input is no scalar variable, or a variable is missing among them.
        /// </exception>
        /// <example><code>var volume = (x * y * z).Compile(x, y, z);</code></example>
        public Func<double, double, double, double> Compile(Expr x, Expr y, Expr z) => ScalarFunction.of3(x, y, z, f);

        /// <summary>A scalar and its gradient as one compiled delegate: the value, then the derivative by each symbol.</summary>
        /// <param name="symbols">Scalar variables, in the order in which their values are given and the derivatives come.</param>
        /// <exception cref="ShapeError">This is no scalar of f32 or f64.</exception>
        /// <exception cref="DomainError">A symbol is no scalar variable, or a variable is missing among them.</exception>
        /// <example><code>f.CompileGradient(x, y).Invoke([1.0, 2.0], results);</code></example>
        public ScalarMap CompileGradient(params Expr[] symbols) =>
            ScalarFunction.valueAndGradient(Interop.List(symbols), f);

        /// <summary>
        /// The computation of a scalar step by step: forward values, then local derivatives and accumulated adjoints.
        /// Names may be given to values inside.
        /// </summary>
        /// <param name="names">Names for expressions inside; there may be none.</param>
        /// <param name="values">The names of variables with their values.</param>
        /// <exception cref="ShapeError">This is no scalar of f32 or f64.</exception>
        /// <exception cref="DomainError">A variable has no value, or one of another type.</exception>
        /// <example><code>Console.WriteLine(y.Explain([("d", d), ("Y", y)], ("a", 1.0), ("b", 2.0)));</code></example>
        public Explanation Explain(IEnumerable<(string Name, Expr Expr)> names, params (string Name, Tensor Value)[] values) =>
            DL1.Explain.run(
                Interop.List(names.Select(n => Tuple.Create(n.Name, n.Expr))),
                Interop.Bindings(Interop.Typed(values, f)),
                f);
    }

    extension(ExplainedStep step)
    {
        /// <summary>The derivative of the result by this value; null where there is none.</summary>
        /// <example><code>double slopeThere = explained.Steps[0].Gradient!.ToDouble();</code></example>
        public Tensor? Gradient => step.Adjoint?.Value;

        /// <summary>The uses of this value: what they add to its gradient.</summary>
        /// <example><code>foreach (var use in explained.Steps[0].Uses)</code></example>
        public IReadOnlyList<ExplainedEdge> Uses => step.Edges;
    }
}

/// <summary>
/// A function of tensors from a graph: compiled once, called any number of times, from any thread.
/// </summary>
[System.Diagnostics.DebuggerDisplay("{given.Length} inputs, {wanted.Length} outputs")]
public sealed class CompiledFunction
{
    private readonly Microsoft.FSharp.Core.FSharpFunc<
        Microsoft.FSharp.Collections.FSharpList<Tensor>,
        Microsoft.FSharp.Collections.FSharpList<Tensor>> run;

    private readonly Microsoft.FSharp.Collections.FSharpList<Variable> given;
    private readonly Microsoft.FSharp.Collections.FSharpList<Expr> wanted;

    /// <summary>A function from the values of some variables to those of some expressions.</summary>
    /// <param name="inputs">Variables, in the order in which their values will be given.</param>
    /// <param name="outputs">What is computed, in the order in which it is returned.</param>
    /// <param name="options">Threads and checks: <c>new CompileOptions(threads: 1, dynamicCode: true, checkFinite: true)</c>.</param>
    /// <exception cref="DomainError">An output needs a variable that is no input, or an input is named twice.</exception>
    /// <example><code>var step = new CompiledFunction([w, x, y], [loss, .. loss.Gradient(w)]);</code></example>
    public CompiledFunction(IEnumerable<Expr> inputs, IEnumerable<Expr> outputs, CompileOptions? options = null)
    {
        given = Interop.List(Interop.Whole(inputs).Select(e => Interop.VariableOf(e, "CompiledFunction")));
        wanted = Interop.List(outputs);
        run = DL1.Compile.prepareWith(options ?? DL1.Compile.standard, given, wanted);
    }

    /// <summary>The outputs where the inputs have these values.</summary>
    /// <param name="values">One for each input, in their order.</param>
    /// <exception cref="DomainError">There are more or fewer values than inputs.</exception>
    /// <exception cref="ShapeError">A value has another type or shape than its variable.</exception>
    /// <example><code>Tensor[] results = step.Invoke(weights, images, labels);</code></example>
    public Tensor[] Invoke(params Tensor[] values) => [.. run.Invoke(Interop.List(values))];

    /// <summary>What was compiled, a kernel a line: what is read, what is computed, and where it stands.</summary>
    /// <example><code>Console.WriteLine(step.Explain());</code></example>
    public string Explain() => DL1.Compile.explain(given, wanted);
}
