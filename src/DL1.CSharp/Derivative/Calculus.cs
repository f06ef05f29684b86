using System.Linq.Expressions;

namespace DL1;

/// <summary>
/// Calculus on lambdas: derivatives as formulas to be read, and as compiled delegates. What may stand in a lambda is told at
/// <see cref="CodeExtensions"/>; the formulas' variables are named as the parameters. The compiled ones compute the same formulas.
/// </summary>
public static class Calculus
{
    /// <summary>The derivative of a function of one number, as a formula; an order above 1 gives the second one, and so on.</summary>
    /// <param name="code">A lambda of one <c>double</c>; what may stand in it is described at <see cref="CodeExtensions"/>.</param>
    /// <param name="order">1 for the first derivative, 2 for the second; 0 gives the function itself.</param>
    /// <exception cref="DomainError">A piece of the code cannot be translated, or the order is negative.</exception>
    /// <example><code>var cosine = Calculus.Derivative(x => Math.Sin(x));</code></example>
    public static Expr Derivative(Expression<Func<double, double>> code, int order = 1)
    {
        var (inputs, f) = CodeReader.Read(code);
        return Symbolic.nth(order, inputs[0], f);
    }

    /// <summary>The derivatives of a function of two numbers by each of them, as formulas.</summary>
    /// <param name="code">A lambda of two <c>double</c>s; what may stand in it is described at <see cref="CodeExtensions"/>.</param>
    /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
    /// <example><code>var downhill = Calculus.Gradient((x, y) => x * x + 10 * y * y);</code></example>
    public static Expr[] Gradient(Expression<Func<double, double, double>> code) => Gradient((LambdaExpression)code);

    /// <summary>The derivatives of a function of three numbers by each of them, as formulas.</summary>
    /// <param name="code">A lambda of three <c>double</c>s; what may stand in it is described at <see cref="CodeExtensions"/>.</param>
    /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
    /// <example><code>var gradient = Calculus.Gradient((a, b, c) => (a + b) * (b - c));</code></example>
    public static Expr[] Gradient(Expression<Func<double, double, double, double>> code) => Gradient((LambdaExpression)code);

    /// <summary>The derivatives of a function of four numbers by each of them, as formulas.</summary>
    /// <param name="code">A lambda of four <c>double</c>s; what may stand in it is described at <see cref="CodeExtensions"/>.</param>
    /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
    /// <example><code>var minors = Calculus.Gradient((a, b, c, d) => a * d - b * c);</code></example>
    public static Expr[] Gradient(Expression<Func<double, double, double, double, double>> code) =>
        Gradient((LambdaExpression)code);

    /// <summary>The derivatives of a function by each of its parameters, which are of <c>double</c> or <c>float</c>.</summary>
    /// <param name="code">
    /// A lambda whose parameters are of <c>double</c> or <c>float</c>; what may stand in it is described at <see cref="CodeExtensions"/>.
    /// </param>
    /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
    /// <example><code>var parts = Calculus.Gradient((double x, float k) => MathF.Exp(k) * x);</code></example>
    public static Expr[] Gradient(LambdaExpression code)
    {
        var (inputs, f) = CodeReader.Read(code);
        return [.. inputs.Select(x => Symbolic.derivative(x, f))];
    }

    /// <summary>The derivative of a function of one number, compiled.</summary>
    /// <param name="code">A lambda of one <c>double</c>; what may stand in it is described at <see cref="CodeExtensions"/>.</param>
    /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
    /// <example><code>Func&lt;double, double&gt; slope = Calculus.CompileDerivative(x => x * x * x);</code></example>
    public static Func<double, double> CompileDerivative(Expression<Func<double, double>> code)
    {
        var (inputs, f) = CodeReader.Read(code);
        return ScalarFunction.of1(inputs[0], Symbolic.derivative(inputs[0], f));
    }

    /// <summary>
    /// A function and its derivatives by each parameter, compiled as one: the results are the value, then the derivatives. It
    /// allocates nothing when it runs.
    /// </summary>
    /// <param name="code">
    /// A lambda whose parameters are of <c>double</c> or <c>float</c>; what may stand in it is described at <see cref="CodeExtensions"/>.
    /// </param>
    /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
    /// <example><code>ScalarMap both = Calculus.CompileGradient((double x, double y) => x * Math.Exp(y));</code></example>
    public static ScalarMap CompileGradient(LambdaExpression code)
    {
        var (inputs, f) = CodeReader.Read(code);
        return ScalarFunction.ofMany(
            Interop.List(inputs),
            Interop.List([f, .. inputs.Select(x => Symbolic.derivative(x, f))]));
    }
}
