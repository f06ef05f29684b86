using System.Reflection;

namespace DL1.Fuzzing;

/// <summary>Types in the place of type parameters.</summary>
public static class Closing
{
    private static readonly Type[] numbers = [typeof(float), typeof(double), typeof(int), typeof(long), typeof(bool)];
    private static readonly Type[] some = [typeof(Expr), typeof(Tensor), typeof(double), typeof(string), typeof(int)];

    public static MethodBase Of(MethodBase method, Rng r)
    {
        if (method.DeclaringType!.ContainsGenericParameters)
        {
            var type = method.DeclaringType.GetGenericTypeDefinition() is var definition
                && definition.MakeGenericType([.. definition.GetGenericArguments().Select(p => Argument(p, method, r))]) is var closed ? closed : null;
            method = MethodBase.GetMethodFromHandle(method.MethodHandle, type!.TypeHandle)!;
        }

        if (!method.IsGenericMethodDefinition) return method;
        var parameters = method.GetGenericArguments();
        var arguments = new Type[parameters.Length];
        // A sequence of others is chosen after those others.
        foreach (var p in parameters.Where(p => !IsSequence(p))) arguments[p.GenericParameterPosition] = Argument(p, method, r);
        foreach (var p in parameters.Where(IsSequence).Reverse())
        {
            var item = p.GetGenericParameterConstraints().First(IsSequenceType).GetGenericArguments()[0];
            arguments[p.GenericParameterPosition] = (item.IsGenericParameter ? arguments[item.GenericParameterPosition] : item).MakeArrayType();
        }

        return ((MethodInfo)method).MakeGenericMethod(arguments);
    }

    private static bool IsSequence(Type p) => p.GetGenericParameterConstraints().Any(IsSequenceType);

    private static bool IsSequenceType(Type t) => t.IsGenericType && t.GetGenericTypeDefinition() == typeof(IEnumerable<>);

    private static Type Argument(Type parameter, MethodBase method, Rng r)
    {
        var constraints = parameter.GetGenericParameterConstraints();
        if (constraints.Any(c => c.Name.StartsWith("INode", StringComparison.Ordinal) || c == typeof(IOperand))) return typeof(Expr);
        if (constraints.Any(c => typeof(Delegate).IsAssignableFrom(c)))
            return r.Of([typeof(Func<double, double>), typeof(Func<double, double, double>), typeof(Action)]);
        if (constraints.FirstOrDefault(c => c == typeof(IEpoch)) is not null) return typeof(EpochRow);
        var text = method.DeclaringType + " " + method + string.Join(" ", method.GetParameters().Select(p => p.ParameterType));
        if (text.Contains("Quotations", StringComparison.Ordinal)) return typeof(Microsoft.FSharp.Core.FSharpFunc<double, double>);
        if (text.Contains("Layer", StringComparison.Ordinal) || text.Contains("Scope", StringComparison.Ordinal) || text.Contains("Node", StringComparison.Ordinal)
            || text.Contains("Attribute", StringComparison.Ordinal) || text.Contains("ScanBody", StringComparison.Ordinal) || text.Contains("CustomVjp", StringComparison.Ordinal))
            return typeof(Expr);
        if (text.Contains("MathNet", StringComparison.Ordinal)) return r.Of([typeof(float), typeof(double)]);
        if (text.Contains("Tensor", StringComparison.Ordinal) && !text.Contains("Tree", StringComparison.Ordinal) || text.Contains("Convert", StringComparison.Ordinal))
            return r.Of(numbers);
        return r.Of(some);
    }
}
