using System.Linq.Expressions;

namespace DL1;

/// <summary>
/// Code as expressions, and back. A lambda over <c>double</c> or <c>float</c> is read, and becomes a formula whose variables are
/// named as its parameters: arithmetic, comparisons, <c>? :</c>, and the functions of <see cref="Math"/> and
/// <see cref="MathF"/>; captured variables are constants, with the values that they have now. The formula computes what the code
/// computes, NaN and infinities included; both branches of a condition are evaluated, and one is chosen. Where .NET raises an
/// exception (<c>Math.Sign(double.NaN)</c>), it gives NaN. <c>Math.FusedMultiplyAdd</c> rounds twice, <c>Log2</c> and
/// <c>Log10</c> are quotients of logarithms: there, and for inverse hyperbolic functions, the last digits may differ.
/// </summary>
public static class CodeExtensions
{
    extension(Expr)
    {
        /// <summary>The formula of a lambda of one number.</summary>
        /// <param name="code">A lambda of one <c>double</c>; what may stand in it is described at <see cref="CodeExtensions"/>.</param>
        /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
        /// <example><code>var bowl = Expr.From((double x) => Math.Pow(x - 2, 2) + 3);</code></example>
        public static Expr From(Expression<Func<double, double>> code) => CodeReader.Read(code).Formula;

        /// <summary>The formula of a lambda of two numbers.</summary>
        /// <param name="code">A lambda of two <c>double</c>s; what may stand in it is described at <see cref="CodeExtensions"/>.</param>
        /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
        /// <example><code>var saddle = Expr.From((x, y) => x * x - y * y);</code></example>
        public static Expr From(Expression<Func<double, double, double>> code) => CodeReader.Read(code).Formula;

        /// <summary>The formula of a lambda of three numbers.</summary>
        /// <param name="code">A lambda of three <c>double</c>s; what may stand in it is described at <see cref="CodeExtensions"/>.</param>
        /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
        /// <example><code>var product = Expr.From((a, b, c) => (a + b) * (b - c));</code></example>
        public static Expr From(Expression<Func<double, double, double, double>> code) => CodeReader.Read(code).Formula;

        /// <summary>The formula of a lambda of four numbers.</summary>
        /// <param name="code">A lambda of four <c>double</c>s; what may stand in it is described at <see cref="CodeExtensions"/>.</param>
        /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
        /// <example><code>var determinant = Expr.From((a, b, c, d) => a * d - b * c);</code></example>
        public static Expr From(Expression<Func<double, double, double, double, double>> code) =>
            CodeReader.Read(code).Formula;

        /// <summary>The formula of any lambda whose parameters are of <c>double</c> (f64) or <c>float</c> (f32).</summary>
        /// <param name="code">
        /// A lambda whose parameters are of <c>double</c> or <c>float</c>; what may stand in it is described at <see cref="CodeExtensions"/>.
        /// </param>
        /// <exception cref="DomainError">A piece of the code cannot be translated; the message shows it.</exception>
        /// <example><code>var wave = Expr.From((float t) => MathF.Sin(3f * t));</code></example>
        public static Expr From(LambdaExpression code) => CodeReader.Read(code).Formula;

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

    extension(Expr f)
    {
        /// <summary>
        /// The code of a scalar as a lambda of a delegate type: <c>double</c> for f64, <c>float</c> for f32, parameters in the
        /// order of the inputs. It computes what the expression says, to the bits of <c>Evaluate</c>.
        /// </summary>
        /// <param name="inputs">
        /// Scalar variables, one for each parameter of the code, in their order; every variable of the formula is among them.
        /// </param>
        /// <exception cref="DomainError">
        /// An input is no scalar variable, one is missing, the delegate has other types, or the graph holds tensors.
        /// </exception>
        /// <example><code>Expression&lt;Func&lt;double, double&gt;&gt; slope = bowl.Derivative("x").ToLambda&lt;Func&lt;double, double&gt;&gt;(x);</code></example>
        public Expression<TDelegate> ToLambda<TDelegate>(params Expr[] inputs)
            where TDelegate : Delegate
        {
            var given = Interop.List(inputs);
            try
            {
                return (Expression<TDelegate>)ToCode.linqOf(typeof(TDelegate), given, f);
            }
            catch (ArgumentException mismatch)
            {
                var types = inputs.Append(f).Select(e => e.DType.Equals(DType.F32) ? "float" : "double");
                throw new DomainError(
                    "ToLambda",
                    $"the delegate type {typeof(TDelegate)} ({mismatch.Message})",
                    $"a delegate of ({string.Join(", ", types.SkipLast(1))}) that gives {types.Last()}",
                    "take such a type, or ToLambda without one");
            }
        }

        /// <summary>The code of a scalar as a lambda, whose type follows from those of the inputs and the result.</summary>
        /// <param name="inputs">
        /// Scalar variables, one for each parameter of the code, in their order; every variable of the formula is among them.
        /// </param>
        /// <exception cref="DomainError">An input is no scalar variable, one is missing, or the graph holds tensors.</exception>
        /// <example><code>LambdaExpression lambda = bowl.ToLambda(x);</code></example>
        public LambdaExpression ToLambda(params Expr[] inputs) => ToCode.linq(Interop.List(inputs), f);

        /// <summary>
        /// The code of a scalar as a static method of C#, which depends on <c>System.Math</c> alone. Names that C# does not allow
        /// are changed.
        /// </summary>
        /// <param name="name">The name of the method or function.</param>
        /// <param name="inputs">
        /// Scalar variables, one for each parameter of the code, in their order; every variable of the formula is among them.
        /// </param>
        /// <exception cref="DomainError">An input is no scalar variable, one is missing, or the graph holds tensors.</exception>
        /// <example><code>var method = bowl.Derivative("x").ToCSharp("Slope", x);</code></example>
        public string ToCSharp(string name, params Expr[] inputs) => ToCode.csharp(name, Interop.List(inputs), f);

        /// <summary>The code of a scalar as a function of F#. Names that F# does not allow are changed.</summary>
        /// <param name="name">The name of the method or function.</param>
        /// <param name="inputs">
        /// Scalar variables, one for each parameter of the code, in their order; every variable of the formula is among them.
        /// </param>
        /// <exception cref="DomainError">An input is no scalar variable, one is missing, or the graph holds tensors.</exception>
        /// <example><code>var function = bowl.Derivative("x").ToFSharp("slope", x);</code></example>
        public string ToFSharp(string name, params Expr[] inputs) => ToCode.fsharp(name, Interop.List(inputs), f);
    }
}
