using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.FSharp.Core;
using Type = System.Type;

namespace DL1;

/// <summary>
/// Lambdas of numbers, read as expressions of scalars: f64 for double, f32 for float. Whole numbers are held as f64; only
/// those that come of Math.Sign and of constants arise. What depends on no parameter is evaluated once, by .NET itself.
/// </summary>
internal sealed class CodeReader
{
    private readonly Dictionary<ParameterExpression, Expr> names = [];
    private readonly LambdaExpression code;

    private CodeReader(LambdaExpression code) => this.code = code;

    /// <summary>The parameters of a lambda as symbols, in their order, and its formula over them.</summary>
    public static (Expr[] Inputs, Expr Formula) Read(LambdaExpression code)
    {
        var reader = new CodeReader(code);
        Expr[] inputs = [.. code.Parameters.Select((p, i) => reader.Symbol(p, p.Name ?? FormattableString.Invariant($"x{i + 1}")))];
        if (inputs.GroupBy(x => x.Label).FirstOrDefault(g => g.Count() > 1) is { } same)
        {
            throw reader.Refusal($"two parameters named {same.Key}", "give each a name of its own");
        }

        for (var i = 0; i < inputs.Length; i++)
        {
            reader.names[code.Parameters[i]] = inputs[i];
        }

        var formula = reader.Translate(code.Body);
        return formula.DType.IsFloat
            ? (inputs, formula)
            : throw reader.Refusal($"the truth value {code.Body} as the result", "choose numbers by it: condition ? 1.0 : 0.0");
    }

    private Expr Symbol(ParameterExpression parameter, string name) =>
        parameter.Type == typeof(double) ? Expr.Variable(name, DType.F64)
        : parameter.Type == typeof(float) ? Expr.Variable(name, DType.F32)
        : throw Refusal($"the parameter {name} of type {parameter.Type.Name}", "make it a double or a float");

    private DomainError Refusal(string what, string cure) =>
        new("Expr.From",
            $"{what}, in {code}",
            "arithmetic, comparisons, conditions, and functions of Math or MathF, of double or float",
            cure);

    private Expr Translate(Expression e)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Refusal("a formula that is nested too deep", "make it of several expressions");
        }

        if (e is ParameterExpression p)
        {
            return names.TryGetValue(p, out var known)
                ? known
                : throw Refusal($"the name {p}, which nothing explains", "make it a parameter of the lambda");
        }

        if (e is BlockExpression block)
        {
            return Block(block);
        }

        if (Numbers.IsScalar(e.Type) && Parameters.AreAbsent(e))
        {
            return Numbers.Constant(Evaluate(e), e.Type);
        }

        return e switch
        {
            BinaryExpression binary => Binary(binary),
            UnaryExpression unary => Unary(unary),
            ConditionalExpression choice when choice.Type != typeof(void) =>
                Meaning.choose(Translate(choice.Test), Translate(choice.IfTrue), Translate(choice.IfFalse)),
            MethodCallExpression call => Call(call),
            InvocationExpression invocation => Invoke(invocation),
            _ => throw Unreadable(e),
        };
    }

    private DomainError Unreadable(Expression e) => e switch
    {
        MethodCallExpression call => Refusal(
            $"the call {e} of {call.Method.DeclaringType?.Name}.{call.Method.Name}",
            "write its formula into the lambda, or hold it in an Expression<Func<...>> f and call f.Compile()(...)"),
        InvocationExpression => Refusal(
            $"the call {e} of a delegate, whose code cannot be seen",
            "hold its code in an Expression<Func<...>> f and call f.Compile()(...)"),
        UnaryExpression { NodeType: ExpressionType.Convert or ExpressionType.ConvertChecked } => Refusal(
            $"the conversion {e} to {e.Type.Name}",
            "stay with double and float: Math.Truncate, Math.Floor and Math.Round give whole numbers"),
        BinaryExpression { NodeType: ExpressionType.Divide or ExpressionType.Modulo } when Numbers.IsWhole(e.Type) => Refusal(
            $"the division of whole numbers {e}", "convert them to double first, and use Math.Truncate where the quotient is to be whole"),
        _ => Refusal($"{e} ({e.NodeType})", "write it with arithmetic and functions of Math"),
    };

    private Expr Binary(BinaryExpression e)
    {
        if (Numbers.IsWhole(e.Type) && e.NodeType is not (ExpressionType.Add or ExpressionType.Subtract or ExpressionType.Multiply))
        {
            throw Unreadable(e);
        }

        if (e.Method is not null || e.Left.Type != e.Right.Type || !Numbers.IsScalar(e.Left.Type))
        {
            // Visual Basic's power has a method: Math.Pow.
            return e.NodeType == ExpressionType.Power && e.Method?.DeclaringType == typeof(Math) ? Expr.Pow(Translate(e.Left), Translate(e.Right)) : throw Unreadable(e);
        }

        Expr a = Translate(e.Left), b = Translate(e.Right);
        Expr Compared(CompareOp op) => ExprModule.compare(op, a, b);
        return e.NodeType switch
        {
            ExpressionType.Add or ExpressionType.AddChecked => a + b,
            ExpressionType.Subtract or ExpressionType.SubtractChecked => a - b,
            ExpressionType.Multiply or ExpressionType.MultiplyChecked => a * b,
            ExpressionType.Divide => a / b,
            ExpressionType.Modulo => Meant("Remainder", e, a, b),
            ExpressionType.LessThan => Compared(CompareOp.Lt),
            ExpressionType.LessThanOrEqual => Compared(CompareOp.Le),
            ExpressionType.GreaterThan => Compared(CompareOp.Gt),
            ExpressionType.GreaterThanOrEqual => Compared(CompareOp.Ge),
            ExpressionType.Equal => Compared(CompareOp.Eq),
            ExpressionType.NotEqual or ExpressionType.ExclusiveOr => Compared(CompareOp.Ne),
            ExpressionType.AndAlso or ExpressionType.And => ExprModule.both(a, b),
            ExpressionType.OrElse or ExpressionType.Or => ExprModule.either(a, b),
            _ => throw Unreadable(e),
        };
    }

    private Expr Unary(UnaryExpression e)
    {
        if (e.Method is not null)
        {
            throw Unreadable(e);
        }

        return e.NodeType switch
        {
            ExpressionType.Negate or ExpressionType.NegateChecked => -Translate(e.Operand),
            ExpressionType.UnaryPlus => Translate(e.Operand),
            ExpressionType.Not when e.Type == typeof(bool) => ExprModule.unary(UnaryOp.Not, Translate(e.Operand)),
            ExpressionType.Convert or ExpressionType.ConvertChecked when e.Operand.Type != typeof(bool) => Converted(e),
            _ => throw Unreadable(e),
        };
    }

    private Expr Converted(UnaryExpression e) =>
        e.Type == e.Operand.Type ? Translate(e.Operand)
        : e.Type == typeof(double) ? Translate(e.Operand).Cast(DType.F64)
        : e.Type == typeof(float) ? Translate(e.Operand).Cast(DType.F32)
        : Numbers.IsWhole(e.Type) && Numbers.IsWhole(e.Operand.Type) ? Translate(e.Operand)
        : throw Unreadable(e);

    private static readonly Type[] Libraries = [typeof(Math), typeof(MathF), typeof(double), typeof(float)];

    private static bool IsOwn(MethodInfo method) =>
        method.DeclaringType is { FullName: "DL1.Scalar" } owner && owner.Assembly == typeof(Expr).Assembly;

    private Expr Call(MethodCallExpression e)
    {
        var isFloat = e.Arguments.All(a => a.Type == typeof(double) || a.Type == typeof(float));
        if (e.Object is not null || !(Libraries.Contains(e.Method.DeclaringType) || IsOwn(e.Method)))
        {
            throw Unreadable(e);
        }

        return isFloat ? Meant(e.Method.Name, e, [.. e.Arguments.Select(Translate)])
            : e.Method.Name == nameof(Math.Round) ? Rounded(e)
            : throw Unreadable(e);
    }

    private Expr Meant(string name, Expression e, params Expr[] arguments) =>
        Meaning.call(name, Interop.List(arguments)) is { Value: var meaning } ? meaning : throw Unreadable(e);

    /// <summary>Math.Round with a number of decimals, or a way of rounding, or both.</summary>
    private Expr Rounded(MethodCallExpression e)
    {
        var options = e.Arguments.Skip(1).ToList();
        if (!options.TrueForAll(Parameters.AreAbsent))
        {
            throw Unreadable(e);
        }

        int digits = 0;
        var mode = MidpointRounding.ToEven;
        foreach (var option in options.Select(Evaluate))
        {
            (digits, mode) = option switch
            {
                int n => (n, mode),
                MidpointRounding m => (digits, m),
                _ => throw Unreadable(e),
            };
        }

        return Meaning.round(digits, mode, Translate(e.Arguments[0])) is { Value: var rounded } ? rounded : throw Unreadable(e);
    }

    /// <summary>A lambda that is called: one in place, or one that a captured variable holds, as f.Compile()(x).</summary>
    private Expr Invoke(InvocationExpression e)
    {
        var called = e.Expression switch
        {
            LambdaExpression lambda => lambda,
            MethodCallExpression { Object: { } source, Method.Name: "Compile" }
                when typeof(LambdaExpression).IsAssignableFrom(source.Type) && Parameters.AreAbsent(source) =>
                Evaluate(source) as LambdaExpression,
            _ => null,
        };

        if (called is null)
        {
            throw Unreadable(e);
        }

        return Within(called.Parameters.Zip(e.Arguments.Select(Translate)), () => Translate(called.Body));
    }

    /// <summary>Translates with more names, which are forgotten afterwards.</summary>
    private Expr Within(IEnumerable<(ParameterExpression Name, Expr Value)> more, Func<Expr> translate)
    {
        var before = new Dictionary<ParameterExpression, Expr>(names);
        foreach (var (name, value) in more.ToList())
        {
            names[name] = value;
        }

        var result = translate();
        names.Clear();
        foreach (var (name, value) in before)
        {
            names[name] = value;
        }

        return result;
    }

    /// <summary>Values that get names, each once, and the last one as the result.</summary>
    private Expr Block(BlockExpression block) => Within([], () =>
    {
        foreach (var e in block.Expressions.SkipLast(1))
        {
            if (e is not BinaryExpression { NodeType: ExpressionType.Assign, Left: ParameterExpression name } assignment
                || !block.Variables.Contains(name) || names.ContainsKey(name))
            {
                throw Refusal($"{e}, a statement", "give each value a name of its own, once");
            }

            names[name] = Translate(assignment.Right);
        }

        return Translate(block.Result);
    });

    private object? Evaluate(Expression e)
    {
        try
        {
            return e is ConstantExpression constant
                ? constant.Value
                : Expression.Lambda<Func<object?>>(Expression.Convert(e, typeof(object))).Compile(preferInterpretation: true)();
        }
        catch (Exception error) when (error is not DL1Error)
        {
            throw Refusal($"{e}, which cannot be computed ({error.Message})", "compute it before the lambda, into a variable");
        }
    }

    /// <summary>Whether code mentions no parameters but those of lambdas inside it.</summary>
    private sealed class Parameters : ExpressionVisitor
    {
        private readonly HashSet<ParameterExpression> own = [];
        private bool found;

        public static bool AreAbsent(Expression e)
        {
            var visitor = new Parameters();
            visitor.Visit(e);
            return !visitor.found;
        }

        protected override Expression VisitLambda<T>(Expression<T> node)
        {
            own.UnionWith(node.Parameters);
            return base.VisitLambda(node);
        }

        protected override Expression VisitBlock(BlockExpression node)
        {
            own.UnionWith(node.Variables);
            return base.VisitBlock(node);
        }

        protected override Expression VisitParameter(ParameterExpression node)
        {
            found |= !own.Contains(node);
            return node;
        }
    }

    /// <summary>The types that scalars of code have.</summary>
    private static class Numbers
    {
        public static bool IsWhole(Type type) =>
            Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.UInt64 && !type.IsEnum;

        public static bool IsScalar(Type type) =>
            type == typeof(double) || type == typeof(float) || type == typeof(bool) || IsWhole(type);

        public static Expr Constant(object? value, Type type) =>
            ExprModule.scalar(
                type == typeof(float) ? DType.F32 : type == typeof(bool) ? DType.Bool : DType.F64,
                Convert.ToDouble(value, CultureInfo.InvariantCulture));
    }
}
