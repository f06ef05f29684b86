namespace DL1;

/// <summary>
/// Functions that read like mathematics: <c>using static DL1.Functions;</c> then <c>Sin(x) * Exp(-x)</c>.
/// </summary>
public static partial class Functions
{
    /// <summary>|x|; its derivative at 0 is 0.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <example><code>var y = Abs(x);</code></example>
    public static Expr Abs(Expr x) => Expr.Abs(x);

    /// <summary>−1, 0 or 1.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <example><code>var y = Sign(x);</code></example>
    public static Expr Sign(Expr x) => ExprModule.sign(x);

    /// <summary>eˣ.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Exp(x);</code></example>
    public static Expr Exp(Expr x) => Expr.Exp(x);

    /// <summary>eˣ − 1, accurate near 0.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Expm1(x);</code></example>
    public static Expr Expm1(Expr x) => ExprModule.expm1(x);

    /// <summary>The natural logarithm.</summary>
    /// <param name="x">Numbers of any shape: −∞ at 0, NaN below.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Log(x);</code></example>
    public static Expr Log(Expr x) => Expr.Log(x);

    /// <summary>log(1 + x), accurate near 0.</summary>
    /// <param name="x">Numbers of any shape: −∞ at −1, NaN below.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Log1p(x);</code></example>
    public static Expr Log1p(Expr x) => ExprModule.log1p(x);

    /// <summary>√x.</summary>
    /// <param name="x">Numbers of any shape: NaN below 0.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Sqrt(x);</code></example>
    public static Expr Sqrt(Expr x) => Expr.Sqrt(x);

    /// <summary>1 / √x.</summary>
    /// <param name="x">Numbers of any shape: ∞ at 0, NaN below.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Rsqrt(x);</code></example>
    public static Expr Rsqrt(Expr x) => ExprModule.rsqrt(x);

    /// <summary>The sine.</summary>
    /// <param name="x">Angles in radians, of any shape.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Sin(x);</code></example>
    public static Expr Sin(Expr x) => Expr.Sin(x);

    /// <summary>The cosine.</summary>
    /// <param name="x">Angles in radians, of any shape.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Cos(x);</code></example>
    public static Expr Cos(Expr x) => Expr.Cos(x);

    /// <summary>The tangent.</summary>
    /// <param name="x">Angles in radians, of any shape.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Tan(x);</code></example>
    public static Expr Tan(Expr x) => Expr.Tan(x);

    /// <summary>The arc sine.</summary>
    /// <param name="x">Numbers of any shape: NaN outside [−1, 1].</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Asin(x);</code></example>
    public static Expr Asin(Expr x) => Expr.Asin(x);

    /// <summary>The arc cosine.</summary>
    /// <param name="x">Numbers of any shape: NaN outside [−1, 1].</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Acos(x);</code></example>
    public static Expr Acos(Expr x) => Expr.Acos(x);

    /// <summary>The arc tangent.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Atan(x);</code></example>
    public static Expr Atan(Expr x) => Expr.Atan(x);

    /// <summary>The hyperbolic sine.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Sinh(x);</code></example>
    public static Expr Sinh(Expr x) => Expr.Sinh(x);

    /// <summary>The hyperbolic cosine.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Cosh(x);</code></example>
    public static Expr Cosh(Expr x) => Expr.Cosh(x);

    /// <summary>The hyperbolic tangent.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Tanh(x);</code></example>
    public static Expr Tanh(Expr x) => Expr.Tanh(x);

    /// <summary>The largest whole number not above x.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Floor(x);</code></example>
    public static Expr Floor(Expr x) => Expr.Floor(x);

    /// <summary>The smallest whole number not below x.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Ceiling(x);</code></example>
    public static Expr Ceiling(Expr x) => Expr.Ceiling(x);

    /// <summary>The nearest whole number, halves to even.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Round(x);</code></example>
    public static Expr Round(Expr x) => Expr.Round(x);

    /// <summary>The error function.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Erf(x);</code></example>
    public static Expr Erf(Expr x) => ExprModule.erf(x);

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Sigmoid(x);</code></example>
    public static Expr Sigmoid(Expr x) => ExprModule.sigmoid(x);

    /// <summary>log(1 + eˣ), without overflow.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Softplus(x);</code></example>
    public static Expr Softplus(Expr x) => ExprModule.softplus(x);

    /// <summary>max(x, 0), with derivative 0 at 0.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <example><code>var y = Relu(x);</code></example>
    public static Expr Relu(Expr x) => ExprModule.relu(x);

    /// <summary>x where positive, eˣ − 1 elsewhere.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Elu(x);</code></example>
    public static Expr Elu(Expr x) => Elementwise.elu(1.0, x);

    /// <summary>The self-normalising ELU.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Selu(x);</code></example>
    public static Expr Selu(Expr x) => Elementwise.selu(x);

    /// <summary>x·Φ(x), by the error function.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Gelu(x);</code></example>
    public static Expr Gelu(Expr x) => Elementwise.gelu(x);

    /// <summary>x·σ(x).</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Silu(x);</code></example>
    public static Expr Silu(Expr x) => Elementwise.silu(x);

    /// <summary>x·tanh(softplus x).</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Mish(x);</code></example>
    public static Expr Mish(Expr x) => Elementwise.mish(x);

    /// <summary>x / (1 + |x|).</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Softsign(x);</code></example>
    public static Expr Softsign(Expr x) => Elementwise.softsign(x);

    /// <summary>x held between −1 and 1.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <example><code>var y = Hardtanh(x);</code></example>
    public static Expr Hardtanh(Expr x) => Elementwise.hardtanh(x);

    /// <summary>x².</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">These are truth values.</exception>
    /// <example><code>var y = Square(x);</code></example>
    public static Expr Square(Expr x) => Elementwise.square(x);

    /// <summary>x where positive, slope·x elsewhere.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <param name="slope">The factor of what is not positive.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = LeakyRelu(x, 0.1);</code></example>
    public static Expr LeakyRelu(Expr x, double slope = 0.01) => Elementwise.leakyRelu(slope, x);

    /// <summary>x held between two bounds; the gradient passes at the bounds.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="high">The upper bound, not below the lower one.</param>
    /// <exception cref="ShapeError">These are truth values, or a bound is no number of their type.</exception>
    /// <exception cref="DomainError">The lower bound is above the upper one, or one is NaN.</exception>
    /// <example><code>var y = Clamp(x, 0, 6);</code></example>
    public static Expr Clamp(Expr x, double low, double high) => Elementwise.clamp(low, high, x);

    /// <summary>x raised to a power.</summary>
    /// <param name="x">The base, of any shape.</param>
    /// <param name="exponent">The power; it broadcasts with the base.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>var y = Pow(x - 2, 2) + 3;</code></example>
    public static Expr Pow(Expr x, Expr exponent) => Expr.Pow(x, exponent);
}
