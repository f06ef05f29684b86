using System.Linq.Expressions;

namespace DL1.CSharp.Tests;

/// <summary>
/// Lambdas of one to three numbers, made at random from a seed: arithmetic, functions of Math, conditions, captured variables,
/// and calls of lambdas inside. Smooth arguments keep most values finite; nothing else does.
/// </summary>
internal sealed class CodeGenerator(int seed, bool onlyExact = false)
{
    private static readonly string[] Unaries =
        ["Abs", "Acos", "Asin", "Atan", "Ceiling", "Cos", "Cosh", "Exp", "Floor", "Log", "Round", "Sin", "Sinh", "Sqrt", "Tan", "Tanh", "Truncate"];

    /// <summary>Functions whose formulas may differ from Math's in the last digits.</summary>
    private static readonly string[] NearUnaries = ["Acosh", "Asinh", "Atanh", "Cbrt", "Log10", "Log2"];

    private static readonly string[] Binaries = ["Max", "Min", "Pow", "CopySign"];

    private readonly Random random = new(seed);
    private readonly Dictionary<string, int> used = [];

    /// <summary>How often each form was made.</summary>
    public IReadOnlyDictionary<string, int> Used => used;

    private sealed class Captured
    {
        public double Field = 0;
        public float Single { get; init; }
        public int Whole { get; init; }
    }

    private T Pick<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];

    private Expression Made(string form, Expression e)
    {
        used[form] = used.GetValueOrDefault(form) + 1;
        return e;
    }

    /// <summary>A lambda of as many numbers as its type has.</summary>
    public LambdaExpression Lambda(int parameters)
    {
        ParameterExpression[] names = [.. "xyz"[..parameters].Select(c => Expression.Parameter(typeof(double), $"{c}"))];
        // Every parameter is used at least once.
        var body = names.Aggregate(Number(names, 4), (e, p) => Expression.Add(e, Expression.Multiply(p, Number(names, 1))));
        return Expression.Lambda(body, names);
    }

    private Expression Constant() => random.Next(5) switch
    {
        0 => Made("double", Expression.Constant(Math.Round((random.NextDouble() - 0.5) * 8, 2))),
        1 => Made("int", Expression.Convert(Expression.Constant(random.Next(-3, 4)), typeof(double))),
        2 => Made("field", Expression.Field(Expression.Constant(new Captured { Field = random.NextDouble() * 3 }), "Field")),
        3 => Made("float property", Expression.Convert(Expression.Property(Expression.Constant(new Captured { Single = random.NextSingle() }), "Single"), typeof(double))),
        _ => Made("whole division", Expression.Convert(Expression.Divide(Expression.Property(Expression.Constant(new Captured { Whole = random.Next(20) }), "Whole"), Expression.Constant(3)), typeof(double))),
    };

    private Expression Number(ParameterExpression[] names, int depth)
    {
        if (depth == 0)
        {
            return random.Next(4) == 0 ? Constant() : Pick(names);
        }

        Expression Next() => Number(names, depth - 1);
        switch (random.Next(12))
        {
            case 0 or 1: return Made("+", Expression.Add(Next(), Next()));
            case 2: return Made("-", Expression.Subtract(Next(), Next()));
            case 3 or 4: return Made("*", Expression.Multiply(Next(), Next()));
            case 5: return Made("/", Expression.Divide(Next(), random.Next(2) == 0 ? Next() : Above(1, Next())));
            case 6: return Made("neg", Expression.Negate(Next()));
            case 7: return Made("?:", Expression.Condition(Truth(names, depth - 1), Next(), Next()));
            case 8: return Binary(Next(), Next());
            case 9: return Called(names, depth - 1);
            default: return Unary(Next());
        }
    }

    private Expression Unary(Expression x)
    {
        var name = onlyExact || random.Next(3) > 0 ? Pick(Unaries) : Pick(NearUnaries);
        x = name switch
        {
            "Log" or "Sqrt" or "Acosh" or "Log10" or "Log2" when random.Next(4) > 0 => Above(1, x),
            "Asin" or "Acos" or "Atanh" => Math1("Sin", x),
            "Exp" or "Sinh" or "Cosh" => Math1("Tanh", x),
            _ => x,
        };
        return Made(name, Math1(name, x));
    }

    private Expression Binary(Expression x, Expression y)
    {
        switch (random.Next(onlyExact ? 5 : 9))
        {
            case 0: return Made("Pow constant", Math2("Pow", x, Expression.Constant((double)random.Next(-2, 4))));
            case 1: return Made("Pow", Math2("Pow", Above(0.5, x), Math1("Sin", y)));
            case 2:
                var bounds = new[] { typeof(double), typeof(double), typeof(double) };
                return Made("Clamp", Expression.Call(
                    typeof(Math).GetMethod("Clamp", bounds)!, x, Expression.Constant(-1.5), Expression.Constant(random.NextDouble())));
            case 3:
                return Made("Round digits", Expression.Call(
                    typeof(Math).GetMethod("Round", [typeof(double), typeof(int)])!, x, Expression.Constant(random.Next(4))));
            case 4:
                var name = Pick(Binaries);
                // A power of 0 has no slope, and those near it are steep.
                return Made(name, Math2(name, name == "Pow" && !onlyExact ? Above(0.5, x) : x, y));
            case 5: return Made("Atan2", Math2("Atan2", x, y));
            case 6: return Made("%", Expression.Modulo(x, Above(0.5, y)));
            case 7:
                var sign = typeof(Math).GetMethod("Sign", [typeof(double)])!;
                return Made("Sign", Expression.Multiply(Expression.Convert(Expression.Call(sign, Above(0.5, x)), typeof(double)), y));
            default: return Made("Log base", Math2("Log", Above(0.5, x), Expression.Constant(3.0)));
        }
    }

    private static Expression Math1(string name, Expression x) =>
        Expression.Call(typeof(Math).GetMethod(name, [typeof(double)])!, x);

    private static Expression Math2(string name, Expression x, Expression y) =>
        Expression.Call(typeof(Math).GetMethod(name, [typeof(double), typeof(double)])!, x, y);

    /// <summary>A positive number: a bound and a square.</summary>
    private static Expression Above(double bound, Expression x) =>
        Expression.Add(Expression.Constant(bound), Expression.Multiply(x, x));

    private Expression Truth(ParameterExpression[] names, int depth)
    {
        Expression Next() => Number(names, Math.Min(depth, 1));
        return random.Next(8) switch
        {
            0 => Made("<", Expression.LessThan(Next(), Next())),
            1 => Made("<=", Expression.LessThanOrEqual(Next(), Next())),
            2 => Made(">", Expression.GreaterThan(Next(), Next())),
            3 => Made(">=", Expression.GreaterThanOrEqual(Next(), Next())),
            4 => Made("!=", Expression.NotEqual(Next(), Next())),
            5 => Made("&&", Expression.AndAlso(Expression.LessThan(Next(), Next()), Expression.LessThan(Next(), Next()))),
            6 => Made("||", Expression.OrElse(Expression.LessThan(Next(), Next()), Expression.GreaterThan(Next(), Next()))),
            _ => Made("!", Expression.Not(Expression.Equal(Next(), Next()))),
        };
    }

    /// <summary>A lambda called where it stands, or held by an object and compiled.</summary>
    private Expression Called(ParameterExpression[] names, int depth)
    {
        var inner = Expression.Parameter(typeof(double), "u");
        var lambda = Expression.Lambda<Func<double, double>>(
            Expression.Add(Number([inner], Math.Min(depth, 2)), inner), inner);
        var argument = Number(names, depth);
        return random.Next(2) == 0
            ? Made("invoke", Expression.Invoke(lambda, argument))
            : Made("compile", Expression.Invoke(
                Expression.Call(Expression.Constant(lambda), lambda.GetType().GetMethod("Compile", Type.EmptyTypes)!), argument));
    }
}
