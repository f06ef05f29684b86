using System.Reflection;
using System.Runtime.CompilerServices;

namespace DL1.Fuzzing;

/// <summary>A public method, constructor, operator or accessor, under a name that tells overloads apart.</summary>
public sealed record Member(int Number, string Name, MethodBase Method, int Weight);

/// <summary>Every public member of the libraries, and what is left out with the reason.</summary>
public static class Members
{
    public static readonly Assembly[] Libraries =
    [
        typeof(Expr).Assembly, typeof(ExpressionExtensions).Assembly, typeof(Data.Table).Assembly, typeof(Pictures.Plot).Assembly,
        typeof(Onnx.OnnxFile).Assembly,
    ];

    public static readonly IReadOnlyList<Member> All;

    /// <summary>Members that are not called, each with the reason.</summary>
    public static readonly IReadOnlyList<(string Name, string Why)> Excluded;

    static Members()
    {
        var all = new List<Member>();
        var excluded = new List<(string, string)>();
        const BindingFlags declared = BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        foreach (var type in Libraries.SelectMany(l => l.GetExportedTypes()).OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            // The members of an extension block stand twice in an assembly; these nested types only describe them.
            if (type.FullName!.Contains("<G>") || type.IsEnum) continue;
            foreach (var method in type.GetMembers(declared).OfType<MethodBase>().OrderBy(Name, StringComparer.Ordinal))
            {
                if (Reason(type, method) is { } why) excluded.Add((Name(method), why));
                else all.Add(new Member(all.Count, Name(method), method, Weight(method)));
            }
        }

        foreach (var method in typeof(SpanCalls).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
        {
            all.Add(new Member(all.Count, Name(method), method, 8));
        }

        All = all;
        Excluded = excluded;
    }

    public static string Name(MethodBase method) =>
        $"{Short(method.DeclaringType!)}.{method.Name}"
        + (method.IsGenericMethod ? $"<{string.Join(",", method.GetGenericArguments().Select(Short))}>" : "")
        + $"({string.Join(", ", method.GetParameters().Select(p => Short(p.ParameterType)))})";

    public static string Short(Type type)
    {
        if (type.IsByRef) return "out " + Short(type.GetElementType()!);
        if (type.IsArray) return $"{Short(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        var name = type.IsNested && !type.IsGenericParameter ? $"{Short(type.DeclaringType!).Split('<')[0]}.{type.Name}" : type.Name;
        return type.IsGenericType
            ? $"{name.Split('`')[0]}<{string.Join(",", type.GetGenericArguments().Select(Short))}>"
            : name;
    }

    private static string? Reason(Type type, MethodBase method)
    {
        var parameters = method.GetParameters();
        if (typeof(Delegate).IsAssignableFrom(type)) return "a delegate's own members; it is called where it is a result";
        if (type.IsAbstract && method.IsConstructor) return "an abstract class";
        if (method.Name is "CompareTo" or "Equals" or "GetHashCode" && parameters is [.., { ParameterType.Name: "IComparer" or "IEqualityComparer" }]
            || (method.Name == "CompareTo" && parameters is [{ ParameterType.Name: "Object" }]))
            return "comparisons of objects that F# writes for each type: they cast";
        if (method is MethodInfo setter && setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)))
            return "an init accessor: called later, by reflection, it would change a value that others hold";
        if (method.IsAbstract) return "an interface's member; it is called on the types that have it";
        if (method.Name.EndsWith("$W", StringComparison.Ordinal) || type.GetMember(method.Name + "$W").Length > 0)
            return "an inline operator that F# resolves while it compiles; there is nothing to call";
        if (method is MethodInfo { ReturnType.IsByRefLike: true } || parameters.Any(p => Element(p.ParameterType).IsByRefLike))
            return "spans cannot be passed by reflection; called by hand in SpanCalls";
        if (type.Namespace == "DL1.Compiler.Simd") return "parts of emitted code over registers; every plan calls them";
        if (method.Name == "Console" || (type.Name == "ProgressModule" && method.Name == "console"))
            return "writes to the console";
        if (type.Namespace == "DL1.Pictures" && method.Name is "Show" or "show") return "opens a program of the system";
        if (type == typeof(Refuse)) return "raises the error it is given";
        return null;
    }

    private static Type Element(Type type) => type.IsByRef ? type.GetElementType()! : type;

    /// <summary>What does work is called more often than accessors and what compilers write.</summary>
    private static int Weight(MethodBase method)
    {
        if (method.Name is "Equals" or "GetHashCode" or "CompareTo" or "ToString" or "Deconstruct" or "<Clone>$"
            or "op_Equality" or "op_Inequality") return 1;
        if (method.IsSpecialName && (method.Name.StartsWith("get_", StringComparison.Ordinal)
            || method.Name.StartsWith("set_", StringComparison.Ordinal))) return 1;
        var type = method.DeclaringType!;
        return type.IsNested || type.Name.StartsWith("Node`", StringComparison.Ordinal)
            || type.Name.StartsWith("Attribute`", StringComparison.Ordinal) ? 2 : 8;
    }
}
