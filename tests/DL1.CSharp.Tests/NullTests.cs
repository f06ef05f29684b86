using System.Reflection;
using System.Runtime.CompilerServices;

namespace DL1.CSharp.Tests;

/// <summary>A null that a signature does not allow is refused at the door, by the name of the parameter.</summary>
public class NullTests
{
    private static readonly Assembly[] Libraries =
    [
        typeof(Expr).Assembly, typeof(ExpressionExtensions).Assembly, typeof(Data.Table).Assembly, typeof(Pictures.Plot).Assembly,
        typeof(Onnx.OnnxFile).Assembly, typeof(Live.LivePage).Assembly, typeof(Mpi).Assembly,
    ];

    // What compilers write for records and unions compares with null; parts of emitted code are called by plans alone.
    private static IEnumerable<MethodBase> Members() =>
        from type in Libraries.SelectMany(l => l.GetExportedTypes())
        where !type.FullName!.Contains('<') && !type.ContainsGenericParameters && type.Namespace != "DL1.Compiler.Simd"
              && !typeof(Delegate).IsAssignableFrom(type) && !type.IsInterface
        from member in type.GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly).OfType<MethodBase>()
        where !member.IsAbstract && !member.ContainsGenericParameters && (member.IsStatic || !type.IsAbstract)
              && member.Name is not ("Equals" or "CompareTo" or "GetHashCode")
              && !member.GetParameters().Any(p => p.ParameterType.IsByRef || p.ParameterType.IsByRefLike)
        select member;

    /// <summary>A value that passes for one as long as nobody looks into it, or null where there is none.</summary>
    private static object? Blank(Type type) => type switch
    {
        { IsValueType: true } => Activator.CreateInstance(type),
        { IsArray: true } => Array.CreateInstance(type.GetElementType()!, new int[type.GetArrayRank()]),
        _ when type == typeof(string) => "",
        { IsAbstract: true } or { IsInterface: true } => null,
        _ when typeof(Delegate).IsAssignableFrom(type) => null,
        _ => RuntimeHelpers.GetUninitializedObject(type),
    };

    [Fact]
    public void EveryPublicMemberRefusesNullsByName()
    {
        var annotations = new NullabilityInfoContext();
        var tried = 0;
        var missed = new List<string>();
        foreach (var member in Members())
        {
            var parameters = member.GetParameters();
            var guarded = parameters
                .Where(p => !p.ParameterType.IsValueType && annotations.Create(p).WriteState == NullabilityState.NotNull).ToArray();
            foreach (var parameter in guarded)
            {
                var arguments = parameters.Select(p => p == parameter ? null : Blank(p.ParameterType)).ToArray();
                // A parameter before it that has no blank is refused first.
                var first = guarded.First(p => arguments[p.Position] is null);
                tried++;
                try
                {
                    _ = member is ConstructorInfo constructor
                        ? constructor.Invoke(arguments)
                        : member.Invoke(member.IsStatic ? null : Blank(member.DeclaringType!), arguments);
                    missed.Add($"{member.DeclaringType}.{member}: null for {first.Name} is taken");
                }
                catch (TargetInvocationException e) when (e.InnerException is ArgumentNullException inner && inner.ParamName == first.Name)
                {
                }
                catch (TargetInvocationException e)
                {
                    missed.Add($"{member.DeclaringType}.{member}: null for {first.Name} is answered by {e.InnerException!.GetType().Name}");
                }
            }
        }

        Assert.Empty(missed);
        Assert.True(tried > 1900, $"only {tried} nulls were tried");
    }

    private static readonly Expr X = Expr.Variable("x", 3);

    private static Data.Pipeline Penguins => Data.Pipeline.Classify("species").Numbers("body_mass_g").Model(Data.Estimator.Logistic());

    public static TheoryData<string, Func<object>> Within => new()
    {
        { "parts[1]", () => Expr.Concat(0, X, null!) },
        { "wrt[0]", () => X.Sum().Gradient([null!]) },
        { "inputs[0]", () => new CompiledFunction([null!], [X]) },
        { "leaves[0].Item2", () => Trees.From([("a", (Tensor)null!)]) },
        { "trails[0]", () => Pictures.DescentPicture.Svg(Pictures.View.Map, 64, 64, [null!], Pictures.Surface.HillsAndBasins) },
        { "curves[0].Item2", () => Pictures.ScoreCurves.Roc([("none", null!)]) },
        { "values[0]", () => { Session.Start([(X, Tensor.Of([1f, 2f, 3f]), X)], [Expr.Variable("given", 3)], [X]).Step([null!]); return X; } },
        { "layers[0]", () => Model.Sequential(null!, Layers.Relu()) },
        { "columns[0].Item2", () => Data.TableModule.ofColumns([Tuple.Create("age", (Data.Column)null!)]) },
        { "texts[1]", () => VocabularyModule.wordsWith(VocabularyModule.options, ["a", null!]) },
        { "metrics[0]", () => Penguins.CrossValidate([(Tables.Penguins().Complete(), Tables.Penguins().Complete())], (Metric)null!) },
        { "folds[0].Item2", () => Penguins.CrossValidate([(Tables.Penguins().Complete(), null!)], Metrics.Accuracy) },
    };

    [Theory]
    [MemberData(nameof(Within), DisableDiscoveryEnumeration = true)]
    public void ANullWithinASequenceIsRefusedByItsPlace(string place, Func<object> call) =>
        Assert.Equal(place, Assert.Throws<ArgumentNullException>(call).ParamName);

    public static TheoryData<Func<object>> Answers => new()
    {
        () => Layers.Function("none", _ => null!).Init(Key.OfSeed(1), 3),
        () => Schedules.Create("none", _ => null!).ValueAt(1),
        () => Expr.Scan(X, X, (_, _) => (null!, X)),
        () => Expr.Custom("none", _ => null!, (_, dy) => [dy], X),
        () => Expr.Vmap(_ => null!, X),
        () => Dataset.From(Tensor.Of([1f]), Tensor.Of([1f])).MapInputs(_ => null!),
    };

    [Theory]
    [MemberData(nameof(Answers), DisableDiscoveryEnumeration = true)]
    public void AFunctionThatAnswersNullIsRefused(Func<object> call) =>
        Assert.Equal("null as its result", Assert.Throws<DomainError>(call).Given);
}
