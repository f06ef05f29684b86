using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>Between the collections and functions of C# and those of the F# core; nothing of it is public.</summary>
internal static class Interop
{
    public static FSharpList<T> List<T>(IEnumerable<T> items) => ListModule.OfSeq(items);

    public static FSharpOption<T>? Option<T>(T? item)
        where T : class => item is null ? null : FSharpOption<T>.Some(item);

    public static FSharpFunc<T, TResult> Function<T, TResult>(Func<T, TResult> f) => FuncConvert.FromFunc(f);

    public static FSharpFunc<T1, FSharpFunc<T2, TResult>> Function<T1, T2, TResult>(Func<T1, T2, TResult> f) =>
        FuncConvert.FromFunc(f);

    /// <summary>Items as a tree whose paths are their places: 0, 1, ...</summary>
    public static Tree<T> Numbered<T>(IEnumerable<T> items) =>
        TreeModule.ofList(List(items.Select((item, place) => Tuple.Create($"{place}", item))));

    public static FSharpList<Tuple<string, Tensor>> Bindings(IEnumerable<(string Name, Tensor Value)> values) =>
        List(values.Select(v => Tuple.Create(v.Name, v.Value)));

    public static Expr VariableNamed(string name, Expr f) =>
        Graph.variables(List([f])).FirstOrDefault(v => v.Name == name) is { } v
            ? ExprModule.ofVariable(v)
            : Expr.Symbol(name);

    public static Variable VariableOf(Expr e, string operation) =>
        e.Node is Node<Expr>.Variable v
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return read(path);
        }

        return parse(bytes);
    }
}
