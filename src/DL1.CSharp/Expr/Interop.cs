using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>Between the collections and functions of C# and those of the F# core; nothing of it is public.</summary>
internal static class Interop
{
    /// <summary>What a trimmed program keeps of the types of several tensors, which are taken apart by reflection.</summary>
    public const DynamicallyAccessedMemberTypes Members =
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicProperties;

    /// <summary>Items as a list; none of them is null, as in F#.</summary>
    public static FSharpList<T> List<T>(
        IEnumerable<T> items, [CallerArgumentExpression(nameof(items))] string name = "") => ListModule.OfSeq(Whole(items, name));

    /// <summary>
    /// The same items, each of which is looked at as it is read: a null is refused by its place, and one in a tuple by its
    /// place in that.
    /// </summary>
    public static IEnumerable<T> Whole<T>(IEnumerable<T> items, [CallerArgumentExpression(nameof(items))] string name = "") =>
        default(T) is not null
            ? items
            : items.Select((item, place) => Lacking(item) is { } missing
                // Of `values.Select(...)`, the values are what was given.
                ? throw new ArgumentNullException(string.Create(CultureInfo.InvariantCulture, $"{name.Split('.')[0]}[{place}]{missing}"))
                : item);

    private static string? Lacking(object? item)
    {
        if (item is null) return "";
        for (var i = 0; item is ITuple tuple && i < tuple.Length; i++)
        {
            if (tuple[i] is null) return string.Create(CultureInfo.InvariantCulture, $".Item{i + 1}");
        }

        return null;
    }

    public static FSharpOption<T>? Option<T>(T? item)
        where T : class => item is null ? null : FSharpOption<T>.Some(item);

    /// <summary>A value that may be there.</summary>
    public static FSharpOption<T>? Optional<T>(T? value)
        where T : struct => value is { } given ? FSharpOption<T>.Some(given) : null;

    public static FSharpFunc<T, TResult> Function<T, TResult>(Func<T, TResult> f) =>
        Given(f, FuncConvert.FromFunc((T x) => Answered(f(x))));

    public static FSharpFunc<T1, FSharpFunc<T2, TResult>> Function<T1, T2, TResult>(Func<T1, T2, TResult> f) =>
        Given(f, FuncConvert.FromFunc((T1 x, T2 y) => Answered(f(x, y))));

    private static TFunction Given<TFunction>(Delegate f, TFunction function)
    {
        ArgumentNullException.ThrowIfNull(f);
        return function;
    }

    /// <summary>What a function that was given answers; null is refused, since nothing behind it has a meaning for null.</summary>
    public static T Answered<T>(T answer) =>
        answer is null
            ? throw new DomainError(
                "a function that was given", "null as its result", $"a {typeof(T).Name}", "return a value, or throw")
            : answer;

    /// <summary>The same of each of several answers.</summary>
    public static FSharpList<T> Answers<T>(IEnumerable<T> answers) => ListModule.OfSeq(Answered(answers).Select(Answered));

    /// <summary>Items as a tree whose paths are their places: 0, 1, ...</summary>
    public static Tree<T> Numbered<T>(IEnumerable<T> items) =>
        TreeModule.ofList(List(items.Select((item, place) => Tuple.Create(place.ToString(CultureInfo.InvariantCulture), item))));

    public static FSharpList<Tuple<string, Tensor>> Bindings(IEnumerable<(string Name, Tensor Value)> values) =>
        List(values.Select(v => Tuple.Create(Present(v.Name), Present(v.Value))));

    /// <summary>A value of any type that is there: what goes into a layer, which may be a tuple.</summary>
    public static T Present<T>(T value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value is null ? throw new ArgumentNullException(name) : value;

    /// <summary>The names of the variables of an expression, for errors.</summary>
    public static string Names(Expr f)
    {
        var names = Graph.variables(List([f])).Select(v => v.Name).ToList();
        return names.Count == 0 ? "none" : string.Join(", ", names);
    }

    public static Expr VariableNamed(string operation, string name, Expr f) =>
        Graph.variables(List([f])).FirstOrDefault(v => v.Name == name) is { } v
            ? ExprModule.ofVariable(v)
            : throw new DomainError(
                operation, $"by the name '{name}', which the formula does not have", $"one of its variables: {Names(f)}",
                "check the spelling: case counts");

    /// <summary>
    /// The arguments of a compiled formula by their names. One that the formula does not have is a symbol that nothing
    /// reads, as long as every variable is named: the derivative 3 of 3·x is a function of x, too.
    /// </summary>
    public static Expr[] ArgumentsNamed(string operation, Expr f, params string[] names)
    {
        var isWhole = Graph.variables(List([f])).All(v => names.Contains(v.Name));
        return [.. names.Select(name =>
            isWhole && Graph.variables(List([f])).All(v => v.Name != name)
                ? ExprModule.symbol(name)
                : VariableNamed(operation, name, f))];
    }

    /// <summary>
    /// Values by name, in which a number takes the floating-point type of the scalar that it is for: in C#, <c>3</c> and
    /// <c>0.5f</c> become tensors of their own types before anybody knows what they are for.
    /// </summary>
    public static IEnumerable<(string Name, Tensor Value)> Typed(IEnumerable<(string Name, Tensor Value)> values, Expr f)
    {
        var types = Graph.variables(List([f]))
            .Where(v => v.Shape.Rank == 0 && v.DType.IsFloat).ToDictionary(v => v.Name, v => v.DType);
        return values.Select(v =>
            v.Value is { Rank: 0 } number && !number.DType.Equals(DType.Bool) && types.TryGetValue(v.Name, out var type)
                ? (v.Name, number.Cast(type))
                : v);
    }

    public static Variable VariableOf(Expr e, string operation) =>
        Present(e).Node is Node<Expr>.Variable v
            ? v.Item
            : throw new DomainError(operation, e.Label, "a variable", "make one with Expr.Symbol or Expr.Variable");

    /// <summary>An option of a window that is one number for all axes, or one for each.</summary>
    public static WindowOptions Window(int? stride, int padding, int dilation, int groups) =>
        new(List(stride is { } s ? [s] : Array.Empty<int>()), List([padding]), List([dilation]), groups);

    /// <summary>
    /// A file's content without holding a thread while the disk works; one that cannot be opened is refused as the synchronous
    /// reader refuses it.
    /// </summary>
    public static async Task<T> Read<T>(
        string path, Func<string, T> read, Func<byte[], T> parse, CancellationToken cancellation)
    {
        byte[] bytes;
        try
        {
            bytes = await File.ReadAllBytesAsync(path, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return read(path);
        }

        return parse(bytes);
    }

    /// <summary>
    /// The part held out where a part is kept: 1 − 0.8 as it was meant. A part that is none stays as it is, to be refused as given.
    /// </summary>
    public static double Held(double part) => part is > 0 and < 1 ? Math.Round(1 - part, 12) : part;
}
