using Microsoft.FSharp.Collections;

namespace DL1;

/// <summary>Between the collections of C# and those of the F# core; nothing of it is public.</summary>
internal static class Interop
{
    public static FSharpList<T> List<T>(IEnumerable<T> items) => ListModule.OfSeq(items);

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
}
