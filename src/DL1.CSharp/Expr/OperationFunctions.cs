namespace DL1;

// The small vocabularies inside operations, as enumerations: C# matches their members as constants. The numbers are those of
// the core's unions.

/// <summary>Functions of one element.</summary>
public enum UnaryFunction
{
    /// <summary>−x.</summary>
    Neg = UnaryOp.Tags.Neg,

    /// <summary>|x|, with derivative 0 at 0.</summary>
    Abs = UnaryOp.Tags.Abs,

    /// <summary>−1, 0 or 1; NaN of NaN.</summary>
    Sign = UnaryOp.Tags.Sign,

    /// <summary>The largest whole number that is not above x.</summary>
    Floor = UnaryOp.Tags.Floor,

    /// <summary>The smallest whole number that is not below x.</summary>
    Ceiling = UnaryOp.Tags.Ceiling,

    /// <summary>To the nearest whole number, halves to even.</summary>
    Round = UnaryOp.Tags.Round,

    /// <summary>eˣ.</summary>
    Exp = UnaryOp.Tags.Exp,

    /// <summary>exp(x) − 1, accurate near 0.</summary>
    Expm1 = UnaryOp.Tags.Expm1,

    /// <summary>The natural logarithm.</summary>
    Log = UnaryOp.Tags.Log,

    /// <summary>log(1 + x), accurate near 0.</summary>
    Log1p = UnaryOp.Tags.Log1p,

    /// <summary>√x.</summary>
    Sqrt = UnaryOp.Tags.Sqrt,

    /// <summary>1 / √x.</summary>
    Rsqrt = UnaryOp.Tags.Rsqrt,

    /// <summary>1 / x.</summary>
    Reciprocal = UnaryOp.Tags.Reciprocal,

    /// <summary>The sine.</summary>
    Sin = UnaryOp.Tags.Sin,

    /// <summary>The cosine.</summary>
    Cos = UnaryOp.Tags.Cos,

    /// <summary>The tangent.</summary>
    Tan = UnaryOp.Tags.Tan,

    /// <summary>The inverse sine.</summary>
    Asin = UnaryOp.Tags.Asin,

    /// <summary>The inverse cosine.</summary>
    Acos = UnaryOp.Tags.Acos,

    /// <summary>The inverse tangent.</summary>
    Atan = UnaryOp.Tags.Atan,

    /// <summary>The hyperbolic sine.</summary>
    Sinh = UnaryOp.Tags.Sinh,

    /// <summary>The hyperbolic cosine.</summary>
    Cosh = UnaryOp.Tags.Cosh,

    /// <summary>The hyperbolic tangent.</summary>
    Tanh = UnaryOp.Tags.Tanh,

    /// <summary>1 / (1 + exp(−x)).</summary>
    Sigmoid = UnaryOp.Tags.Sigmoid,

    /// <summary>log(1 + exp(x)).</summary>
    Softplus = UnaryOp.Tags.Softplus,

    /// <summary>The error function.</summary>
    Erf = UnaryOp.Tags.Erf,

    /// <summary>max(x, 0), with derivative 0 at 0.</summary>
    Relu = UnaryOp.Tags.Relu,

    /// <summary>Negation of a truth value.</summary>
    Not = UnaryOp.Tags.Not,
}

/// <summary>Functions of two elements of one type.</summary>
public enum BinaryFunction
{
    /// <summary>a + b.</summary>
    Add = BinaryOp.Tags.Add,

    /// <summary>a − b.</summary>
    Sub = BinaryOp.Tags.Sub,

    /// <summary>a·b.</summary>
    Mul = BinaryOp.Tags.Mul,

    /// <summary>a / b.</summary>
    Div = BinaryOp.Tags.Div,

    /// <summary>aᵇ.</summary>
    Pow = BinaryOp.Tags.Pow,

    /// <summary>The larger; NaN where either is NaN.</summary>
    Max = BinaryOp.Tags.Max,

    /// <summary>The smaller; NaN where either is NaN.</summary>
    Min = BinaryOp.Tags.Min,

    /// <summary>Both of two truth values.</summary>
    And = BinaryOp.Tags.And,

    /// <summary>Either of two truth values, or both.</summary>
    Or = BinaryOp.Tags.Or,
}

/// <summary>Comparisons: truth values, false where either side is NaN (but <c>Ne</c> is true there).</summary>
public enum CompareFunction
{
    /// <summary>a = b.</summary>
    Eq = CompareOp.Tags.Eq,

    /// <summary>a ≠ b.</summary>
    Ne = CompareOp.Tags.Ne,

    /// <summary>a &lt; b.</summary>
    Lt = CompareOp.Tags.Lt,

    /// <summary>a ≤ b.</summary>
    Le = CompareOp.Tags.Le,

    /// <summary>a > b.</summary>
    Gt = CompareOp.Tags.Gt,

    /// <summary>a ≥ b.</summary>
    Ge = CompareOp.Tags.Ge,
}

/// <summary>Ways to reduce axes to one value.</summary>
public enum ReduceFunction
{
    /// <summary>The sum; 0 over no elements.</summary>
    Sum = ReduceOp.Tags.Sum,

    /// <summary>The product; 1 over no elements.</summary>
    Prod = ReduceOp.Tags.Prod,

    /// <summary>The largest, NaN if one is.</summary>
    Max = ReduceOp.Tags.Max,

    /// <summary>The smallest, NaN if one is.</summary>
    Min = ReduceOp.Tags.Min,
}

/// <summary>Which element's place is told: the first one, where several are equal.</summary>
public enum ArgFunction
{
    /// <summary>The largest, or the first NaN.</summary>
    Max = ArgOp.Tags.Max,

    /// <summary>The smallest, or the first NaN.</summary>
    Min = ArgOp.Tags.Min,
}
