using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace DL1.CSharp.Tests;

/// <summary>
/// What the documentation says of parameters and errors: each parameter of a public member has a text, and each error that
/// is named exists and is explained.
/// </summary>
public class DocumentationTests
{
    private static readonly Assembly Face = typeof(Functions).Assembly;

    private static XDocument Documentation() => XDocument.Load(Path.Combine(AppContext.BaseDirectory, "DL1.CSharp.xml"));

    private static IEnumerable<Type> PublicTypes(Assembly assembly) => assembly.GetTypes().Where(t => t.IsVisible && !t.FullName!.Contains('<'));

    /// <summary>The public methods, constructors and indexers that are written in the sources, without operators and overrides.</summary>
    private static IEnumerable<(string Id, IEnumerable<ParameterInfo> Parameters)> Members() =>
        from type in PublicTypes(Face)
        from member in type.GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        where !member.IsDefined(typeof(CompilerGeneratedAttribute)) && !typeof(MulticastDelegate).IsAssignableFrom(type)
        let parameters = member switch
        {
            MethodInfo m when !IsSpecial(m) && m.GetBaseDefinition() == m =>
                m.GetParameters().Skip(m.IsDefined(typeof(ExtensionAttribute)) ? 1 : 0),
            ConstructorInfo c => c.GetParameters(),
            PropertyInfo p => p.GetIndexParameters(),
            _ => [],
        }
        where parameters.Any()
        select (Id(member), parameters);

    /// <summary>Operators and accessors; those of extensions are not marked as such.</summary>
    private static bool IsSpecial(MethodInfo method) =>
        method.IsSpecialName || method.Name.StartsWith("op_") || method.Name.StartsWith("get_") || method.Name.StartsWith("set_");

    /// <summary>The name of a member in the documentation's file.</summary>
    private static string Id(MemberInfo member)
    {
        var (kind, name, parameters) = member switch
        {
            ConstructorInfo c => ('M', "#ctor", c.GetParameters()),
            MethodInfo m => ('M', m.Name + (m.IsGenericMethod ? $"``{m.GetGenericArguments().Length}" : ""), m.GetParameters()),
            PropertyInfo p => ('P', p.Name, p.GetIndexParameters()),
            _ => throw new ArgumentException($"{member} is no method, constructor or property."),
        };
        var owner = member.DeclaringType!.FullName!.Replace('+', '.');
        return $"{kind}:{owner}.{name}({string.Join(',', parameters.Select(p => Id(p.ParameterType)))})";
    }

    private static string Id(Type type)
    {
        if (type.IsByRef)
            return Id(type.GetElementType()!) + "@";
        if (type.IsArray)
            return Id(type.GetElementType()!) + (type.GetArrayRank() == 1 ? "[]" : $"[{string.Join(',', Enumerable.Repeat("0:", type.GetArrayRank()))}]");
        if (type.IsGenericParameter)
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        if (!type.IsGenericType)
            return type.FullName!.Replace('+', '.');
        var name = type.GetGenericTypeDefinition().FullName!.Replace('+', '.');
        return $"{name[..name.IndexOf('`')]}{{{string.Join(',', type.GetGenericArguments().Select(Id))}}}";
    }

    /// <summary>The texts about a member's parameters by their names, with those that it inherits.</summary>
    private static IEnumerable<(string Name, string Text)> Texts(Dictionary<string, XElement> docs, string id) =>
        !docs.TryGetValue(id, out var doc)
            ? []
            : doc.Elements("param").Select(p => ((string)p.Attribute("name")!, Repository.Folded(p.Value)))
                .Concat(doc.Elements("inheritdoc").SelectMany(i => Texts(docs, (string?)i.Attribute("cref") ?? "")));

    private static IReadOnlyList<string> WithoutText(XDocument documentation)
    {
        var docs = documentation.Descendants("member").ToDictionary(m => (string)m.Attribute("name")!);
        return
        [
            .. from member in Members()
               let texts = Texts(docs, member.Id).Where(t => t.Text != "").Select(t => t.Name).ToHashSet()
               from parameter in member.Parameters
               where !texts.Contains(parameter.Name!)
               select $"{parameter.Name} of {member.Id}",
        ];
    }

    [Fact]
    public void EveryParameterHasAText()
    {
        Assert.True(Members().Count() > 700, $"only {Members().Count()} members with parameters were found");
        Assert.Equal("", string.Join('\n', WithoutText(Documentation())));
    }

    [Fact]
    public void AMissingTextIsNoticed()
    {
        foreach (var (member, parameter) in new[] { ("M:DL1.Functions.LeakyRelu(", "slope"), (".CumProd(System.Int32)", "axis") })
        {
            var documentation = Documentation();
            var text = documentation.Descendants("member").Where(m => ((string)m.Attribute("name")!).Contains(member))
                .Elements("param").Single(p => (string?)p.Attribute("name") == parameter);
            text.Value = " ";
            Assert.StartsWith($"{parameter} of ", Assert.Single(WithoutText(documentation)));
        }
    }

    [Fact]
    public void ErrorsThatAreNamedExistAndAreExplained()
    {
        var types = new[] { Face, typeof(Tensor).Assembly, typeof(Data.Table).Assembly, typeof(Exception).Assembly }
            .SelectMany(PublicTypes).Where(typeof(Exception).IsAssignableFrom).Select(t => "T:" + t.FullName).ToHashSet();
        var errors = Documentation().Descendants("exception").ToList();
        Assert.True(errors.Count > 300, $"only {errors.Count} errors were found");
        var faults = errors
            .Where(e => !types.Contains((string?)e.Attribute("cref") ?? "") || Repository.Folded(e.Value) == "")
            .Select(e => $"{e} of {(string?)e.Parent!.Attribute("name")}");
        Assert.Equal("", string.Join('\n', faults));
    }
}
