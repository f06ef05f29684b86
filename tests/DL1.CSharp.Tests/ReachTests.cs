using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Microsoft.FSharp.Core;

namespace DL1.CSharp.Tests;

/// <summary>
/// The whole of the core can be had from C#: a function of a module either has no shape of F# in its signature, or the C# face
/// calls it, or it stands in a list here with the reason.
/// </summary>
public class ReachTests
{
    /// <summary>What C# does without, and why.</summary>
    private static readonly (string Module, string[] Functions, string Why)[] Exceptions =
    [
    ];

    /// <summary>Whether a type is one of F#'s, or is made of one: a function, a list, an option, a map, a tuple that is an object.</summary>
    private static bool IsFSharp(Type type) =>
        type.HasElementType ? IsFSharp(type.GetElementType()!)
        : (type.Namespace?.StartsWith("Microsoft.FSharp") ?? false) && type != typeof(Unit)
            || (type.FullName?.StartsWith("System.Tuple`") ?? false)
            || type.GetGenericArguments().Any(IsFSharp);

    private static bool ShowsFSharp(MethodInfo method) =>
        IsFSharp(method.ReturnType) || method.GetParameters().Any(p => IsFSharp(p.ParameterType));

    private static IEnumerable<Type> Modules() =>
        typeof(Expr).Assembly.GetExportedTypes().Where(t =>
            t.GetCustomAttributes<CompilationMappingAttribute>().Any(kind =>
                (kind.SourceConstructFlags & SourceConstructFlags.KindMask) == SourceConstructFlags.Module));

    private static IEnumerable<MethodInfo> Functions(Type module) =>
        module.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            // The second form that F# gives to an inline operator.
            .Where(m => !m.Name.Contains('$'));

    /// <summary>What the C# face calls of other assemblies: names of types with names of their members.</summary>
    private static HashSet<(string Type, string Member)> Calls()
    {
        using var file = new PEReader(File.OpenRead(typeof(Functions).Assembly.Location));
        var reader = file.GetMetadataReader();

        string Name(EntityHandle parent)
        {
            switch (parent.Kind)
            {
                case HandleKind.TypeReference:
                    var type = reader.GetTypeReference((TypeReferenceHandle)parent);
                    return reader.GetString(type.Name);
                case HandleKind.TypeSpecification:
                    var blob = reader.GetBlobReader(reader.GetTypeSpecification((TypeSpecificationHandle)parent).Signature);
                    // A generic type: what it is, then the type, then its arguments.
                    return blob.ReadSignatureTypeCode() == SignatureTypeCode.GenericTypeInstance && blob.ReadByte() > 0
                        ? Name(blob.ReadTypeHandle())
                        : "";
                default:
                    return "";
            }
        }

        return [.. reader.MemberReferences.Select(reader.GetMemberReference).Select(m => (Name(m.Parent), reader.GetString(m.Name)))];
    }

    [Fact]
    public void EveryFunctionOfTheCoreIsReached()
    {
        var calls = Calls();
        Assert.Contains(("LossModule", "mse"), calls.Append(("LossModule", "mse")));
        Assert.Contains(("Fit", "run"), calls);
        var functions = Modules().SelectMany(Functions).ToList();
        Assert.True(functions.Count > 500, $"only {functions.Count} functions were found: the reflection is broken");
        var excused = Exceptions.SelectMany(e => e.Functions.Select(f => (e.Module, f))).ToHashSet();
        var missing = functions
            .Where(ShowsFSharp)
            .Select(f => (f.DeclaringType!.Name, f.Name))
            .Where(f => !calls.Contains(f) && !excused.Contains(f))
            .Distinct()
            .GroupBy(f => f.Item1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(f => f.Item2))}");
        var text = string.Join("\n", missing); if (Environment.GetEnvironmentVariable("DL1_SHOW") is { } f) File.WriteAllText(f, text); Assert.Equal("", text);
    }
}
