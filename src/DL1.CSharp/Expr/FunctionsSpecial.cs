namespace DL1;

/// <content>Special functions, rounding, and more activation functions.</content>
public static partial class Functions
{
    /// <summary>The logarithm to base 2, exact for whole powers of 2: −∞ at 0, NaN below.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Log2(x);</code></example>
    public static Expr Log2(Expr x) => Special.log2(x);

    /// <summary>The logarithm to base 10, exact for whole powers of 10: −∞ at 0, NaN below.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Log10(x);</code></example>
    public static Expr Log10(Expr x) => Special.log10(x);

    /// <summary>2ˣ.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Exp2(x);</code></example>
    public static Expr Exp2(Expr x) => Special.exp2(x);

    /// <summary>The inverse hyperbolic sine.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Asinh(x);</code></example>
    public static Expr Asinh(Expr x) => Special.asinh(x);

    /// <summary>The inverse hyperbolic cosine, 0 or more: NaN below 1.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Acosh(x + 1);</code></example>
    public static Expr Acosh(Expr x) => Special.acosh(x);

    /// <summary>The inverse hyperbolic tangent: ±∞ at ±1, NaN beyond.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Atanh(x);</code></example>
    public static Expr Atanh(Expr x) => Special.atanh(x);

    /// <summary>The angle of the point (x, y) in radians, in [−π, π]; its derivatives at the origin are 0, as in PyTorch. The operands broadcast.</summary>
    /// <param name="y">The points' second coordinates.</param>
    /// <param name="x">The points' first coordinates, of a shape that broadcasts with the others.</param>
    /// <exception cref="ShapeError">Types differ, or are not f32 or f64.</exception>
    /// <example><code>var angle = Atan2(y, x);</code></example>
    public static Expr Atan2(Expr y, Expr x) => Special.atan2(y, x);

    /// <summary>1 − erf x, accurate where it is small (Cody 1969).</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Erfc(x);</code></example>
    public static Expr Erfc(Expr x) => Special.erfc(x);

    /// <summary>The inverse of the error function: ±∞ at ±1, NaN beyond (Wichura 1988).</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = ErfInv(x);</code></example>
    public static Expr ErfInv(Expr x) => Special.erfInv(x);

    /// <summary>log(p / (1 − p)), the inverse of the sigmoid: NaN outside [0, 1].</summary>
    /// <param name="p">Probabilities of any shape, from 0 to 1: −∞ at 0, ∞ at 1.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Logit(Sigmoid(x));</code></example>
    public static Expr Logit(Expr p) => Special.logit(p);

    /// <summary>log |Γ(x)|: ∞ at 0 and at negative whole numbers.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = LogGamma(x);</code></example>
    public static Expr LogGamma(Expr x) => Special.logGamma(x);

    /// <summary>The derivative of log Γ: −∞ at 0, NaN at negative whole numbers, as in PyTorch.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Digamma(x);</code></example>
    public static Expr Digamma(Expr x) => Special.digamma(x);

    /// <summary>sin(πx) / (πx), and 1 at 0.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Sinc(x);</code></example>
    public static Expr Sinc(Expr x) => Special.sinc(x);

    /// <summary>The whole part of x, towards 0; its derivative is 0.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Truncate(x);</code></example>
    public static Expr Truncate(Expr x) => Elementwise.truncate(x);

    /// <summary>x less its whole part, with the sign of x.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Fraction(x);</code></example>
    public static Expr Fraction(Expr x) => Elementwise.fraction(x);

    /// <summary>a − b·⌊a/b⌋: the remainder with the sign of b, as Python's and PyTorch's; <c>a % b</c> is that of <see cref="Fmod"/>.</summary>
    /// <param name="a">The dividends, of any shape.</param>
    /// <param name="b">The divisors, of a shape that broadcasts with the dividends.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>var angle = Remainder(x, 2 * Math.PI);</code></example>
    public static Expr Remainder(Expr a, Expr b) => Division.remainder(a, b);

    /// <summary>The remainder with the sign of a, as <c>%</c> of numbers in C#.</summary>
    /// <param name="a">The dividends, of any shape.</param>
    /// <param name="b">The divisors, of a shape that broadcasts with the dividends.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>var rest = Fmod(x, 3);</code></example>
    public static Expr Fmod(Expr a, Expr b) => Division.fmod(a, b);

    /// <summary>The largest whole number that is not above a/b; its derivative is 0.</summary>
    /// <param name="a">The dividends, of any shape.</param>
    /// <param name="b">The divisors, of a shape that broadcasts with the dividends.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>var page = FloorDivide(x, 10);</code></example>
    public static Expr FloorDivide(Expr a, Expr b) => Division.floorDivide(a, b);

    /// <summary>The whole part of a/b, towards 0, as <c>/</c> of whole numbers in C#; its derivative is 0.</summary>
    /// <param name="a">The dividends, of any shape.</param>
    /// <param name="b">The divisors, of a shape that broadcasts with the dividends.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>var whole = TruncDivide(x, 10);</code></example>
    public static Expr TruncDivide(Expr a, Expr b) => Division.truncDivide(a, b);

    /// <summary>Whether x is NaN, as truth values.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <example><code>var missing = IsNaN(x);</code></example>
    public static Expr IsNaN(Expr x) => Elementwise.isNaN(x);

    /// <summary>Whether x is ∞ or −∞, as truth values.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <example><code>var over = IsInfinity(x);</code></example>
    public static Expr IsInfinity(Expr x) => Elementwise.isInfinity(x);

    /// <summary>Whether x is neither NaN nor infinite, as truth values.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">These are truth values.</exception>
    /// <example><code>var sound = IsFinite(x);</code></example>
    public static Expr IsFinite(Expr x) => Elementwise.isFinite(x);

    /// <summary>x, with one value for NaN and others for ∞ and −∞; their derivatives are 0. For f32 give bounds of your own.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <param name="nan">What stands in the place of NaN.</param>
    /// <param name="positive">What stands in the place of ∞.</param>
    /// <param name="negative">What stands in the place of −∞.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = ReplaceNonFinite(x, 0, 1e6, -1e6);</code></example>
    public static Expr ReplaceNonFinite(Expr x, double nan = 0, double positive = double.MaxValue, double negative = double.MinValue) =>
        Elementwise.replaceNonFinite(nan, positive, negative, x);

    /// <summary>From a at weight 0 to b at weight 1: a + weight·(b − a).</summary>
    /// <param name="a">Where the weight is 0.</param>
    /// <param name="b">Where the weight is 1.</param>
    /// <param name="weight">How far from a to b; outside [0, 1] it goes beyond them. All three broadcast.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>var y = Lerp(x, x * x, 0.25);</code></example>
    public static Expr Lerp(Expr a, Expr b, Expr weight) => Elementwise.lerp(weight, a, b);

    /// <summary>x held between 0 and 6.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <example><code>var y = Relu6(x);</code></example>
    public static Expr Relu6(Expr x) => Elementwise.relu6(x);

    /// <summary>relu6(x + 3) / 6: the sigmoid by straight lines.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = HardSigmoid(x);</code></example>
    public static Expr HardSigmoid(Expr x) => Elementwise.hardSigmoid(x);

    /// <summary>x·relu6(x + 3) / 6 (Howard et al. 2019).</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = HardSwish(x);</code></example>
    public static Expr HardSwish(Expr x) => Elementwise.hardSwish(x);

    /// <summary>x where positive, α·(exp(x/α) − 1) elsewhere (Barron 2017).</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <param name="alpha">The scale α of what is not positive: finite and not 0; −α is the limit at −∞.</param>
    /// <exception cref="DomainError">α is 0 or not finite.</exception>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = Celu(x);</code></example>
    public static Expr Celu(Expr x, double alpha = 1) => Elementwise.celu(alpha, x);

    /// <summary>x·Φ(x) by tanh, as GPT-2 has it.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = GeluTanh(x);</code></example>
    public static Expr GeluTanh(Expr x) => Elementwise.geluTanh(x);

    /// <summary>x where |x| is above λ, else 0.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <param name="lambda">The magnitude λ up to which elements become 0.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = HardShrink(x);</code></example>
    public static Expr HardShrink(Expr x, double lambda = 0.5) => Elementwise.hardShrink(lambda, x);

    /// <summary>x drawn towards 0 by λ, and 0 where |x| is at most λ: the proximal step of an L1 penalty.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <param name="lambda">The magnitude λ by which elements are drawn towards 0, 0 or more.</param>
    /// <exception cref="DomainError">λ is below 0.</exception>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = SoftShrink(x);</code></example>
    public static Expr SoftShrink(Expr x, double lambda = 0.5) => Elementwise.softShrink(lambda, x);

    /// <summary>x − tanh x.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = TanhShrink(x);</code></example>
    public static Expr TanhShrink(Expr x) => Elementwise.tanhShrink(x);

    /// <summary>x where it is above a limit, a value elsewhere.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <param name="limit">Elements that are above it stay.</param>
    /// <param name="value">What stands in the place of the others.</param>
    /// <exception cref="ShapeError">A number is none of this type.</exception>
    /// <example><code>var y = Threshold(x, 0.1, 20);</code></example>
    public static Expr Threshold(Expr x, double limit, double value) => Elementwise.threshold(limit, value, x);

    /// <summary>log(1 + exp(βx)) / β: nearer to max(x, 0) the larger β is.</summary>
    /// <param name="x">Numbers of any shape; each element is computed by itself.</param>
    /// <param name="beta">The sharpness β, above 0.</param>
    /// <exception cref="DomainError">β is not above 0.</exception>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>var y = SoftplusScaled(x, 2);</code></example>
    public static Expr SoftplusScaled(Expr x, double beta) => Elementwise.softplusScaled(beta, x);
}
