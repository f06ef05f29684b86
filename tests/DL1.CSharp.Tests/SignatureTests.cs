using System.Reflection;
using System.Text.RegularExpressions;

namespace DL1.CSharp.Tests;

/// <summary>What the C# face may show: types of .NET and of DL1, and none of F#.</summary>
public class SignatureTests
{
    /// <summary>
    /// Every type that a public signature of DL1.CSharp names: parameters, results, generic arguments and their constraints,
    /// base types and interfaces, what heirs may see included.
    /// </summary>
    internal static IEnumerable<(string Member, Type Type)> SignatureTypes()
    {
        static IEnumerable<Type> Parts(Type type) =>
            type.HasElementType ? Parts(type.GetElementType()!)
            : type.IsGenericParameter ? type.GetGenericParameterConstraints().SelectMany(Parts).Prepend(type)
            : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Prepend(type)
            : [type];

        static IEnumerable<Type> Named(MemberInfo member) => member switch
        {
            MethodBase m =>
                m.GetParameters().Select(p => p.ParameterType)
                    .Append((m as MethodInfo)?.ReturnType ?? typeof(void))
                    .Concat(m.IsGenericMethod ? m.GetGenericArguments() : []),
            PropertyInfo p => p.GetIndexParameters().Select(i => i.ParameterType).Append(p.PropertyType),
            FieldInfo f => [f.FieldType],
            EventInfo e => [e.EventHandlerType!],
            Type t => [.. t.GetInterfaces(), t.BaseType ?? typeof(object), .. t.GetGenericArguments()],
            _ => [],
        };

        static bool IsShown(MemberInfo member) => member switch
        {
            MethodBase m => m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly,
            FieldInfo f => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly,
            PropertyInfo p => p.GetAccessors(true).Any(IsShown),
            EventInfo e => e.AddMethod is { } add && IsShown(add),
            _ => false,
        };

        const BindingFlags all =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        return
            from type in typeof(Functions).Assembly.GetExportedTypes()
            from member in type.GetMembers(all).Where(IsShown).Prepend(type)
            from named in Named(member)
            from part in Parts(named)
            select ($"{type.Name}.{member.Name}", part);
    }

    [Fact]
    public void TypesShowThemselvesToADebugger()
    {
        var own = typeof(Functions).Assembly.GetExportedTypes()
            .Where(t => t is { IsEnum: false, IsNested: false } && !(t.IsAbstract && t.IsSealed));
        Type[] core = [typeof(Expr), typeof(Tensor), typeof(Tree<>), typeof(Layer<,>), typeof(Dataset), typeof(Trained)];
        var types = own.Concat(core).ToList();
        Assert.Contains(typeof(TrainingResult), types);
        Assert.DoesNotContain(types, t => t.GetCustomAttribute<System.Diagnostics.DebuggerDisplayAttribute>() is null);
    }

    [Fact]
    public void NoSignatureShowsFSharpOrTuples()
    {
        var types = SignatureTypes().ToList();
        Assert.True(types.Count > 1000, $"only {types.Count} types were found: the reflection is broken");
        Assert.Contains(types, t => t.Member == "Layers.Linear" && t.Type == typeof(Layer<Expr, Expr>));
        Assert.Contains(types, t => t.Member == "Layers.Parallel" && t.Type.Name == "TPart");
        // Extension members, records and their parts are among what is searched.
        Assert.Contains(types, t => t.Member == "TrainingExtensions.Fit" && t.Type == typeof(TrainingResult));
        Assert.Contains(types, t => t.Member == "TensorExtensions.Zeros" && t.Type == typeof(Tensor));
        Assert.Contains(types, t => t.Member == "Epoch.Metrics" && t.Type == typeof(Tree<double>));
        Assert.Contains(types, t => t.Member == "TrainingOptions..ctor" && t.Type == typeof(EarlyStopping));
        Assert.DoesNotContain(types, t => t.Type.Namespace?.StartsWith("Microsoft.FSharp") == true);
        Assert.DoesNotContain(types, t => t.Type.FullName?.StartsWith("System.Tuple") == true);
    }

    /// <summary>A static class without members to be called by its name is named for what it is: a holder of extensions.</summary>
    [Fact]
    public void HoldersOfExtensionsAreNamedSo()
    {
        var classes = Directory.EnumerateFiles(Repository.Folder("src", "DL1.CSharp"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
            .SelectMany(file => Regex.Matches(
                File.ReadAllText(file).ReplaceLineEndings("\n"), @"^public static (?:partial )?class (\w+).*?^}", RegexOptions.Multiline | RegexOptions.Singleline))
            .GroupBy(match => match.Groups[1].Value, match => Regex.IsMatch(match.Value, "^    public (static|const)", RegexOptions.Multiline))
            .ToList();
        Assert.True(classes.Count > 50, $"only {classes.Count} classes were found: the search is broken");
        var misnamed = classes.Where(c => c.Key.EndsWith("Extensions") == c.Any(isCalledByName => isCalledByName));
        Assert.Empty(misnamed.Select(c => c.Key));
    }
}
