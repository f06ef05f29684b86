using System.Diagnostics.CodeAnalysis;
using Microsoft.FSharp.Collections;

namespace DL1;

/// <summary>
/// Trees of named leaves: the parameters of a model, its state, their gradients. A leaf is found by its path,
/// <c>parameters["0.weight"]</c>; <c>Paths</c>, <c>Values</c>, <c>Count</c> and <c>Contains</c> are there too, and
/// <c>foreach</c> gives paths with their leaves.
/// </summary>
public static class Trees
{
    /// <summary>The tree without leaves: the state of a layer that has none.</summary>
    /// <example><code>Trees.Empty&lt;Expr&gt;()</code></example>
    public static Tree<T> Empty<T>() => TreeModule.empty<T>();

    /// <summary>A tree of leaves with their paths, in this order.</summary>
    /// <param name="leaves">Leaves with their paths, each once: names separated by dots.</param>
    /// <exception cref="DomainError">A path is empty, or there twice.</exception>
    /// <example><code>var tree = Trees.From([("0.weight", 1), ("0.bias", 2)]);</code></example>
    public static Tree<T> From<T>(IEnumerable<(string Path, T Leaf)> leaves) =>
        TreeModule.ofList(Interop.List(leaves.Select(leaf => leaf.ToTuple())));

    /// <summary>A tree of the entries of a dictionary, or of another tree's leaves after a query.</summary>
    /// <param name="leaves">Leaves with their paths, each once: names separated by dots.</param>
    /// <exception cref="DomainError">A path is empty, or there twice.</exception>
    /// <example><code>var weightsOnly = Trees.From(tree.Where(leaf => leaf.Key.EndsWith("weight")));</code></example>
    public static Tree<T> From<T>(IEnumerable<KeyValuePair<string, T>> leaves) =>
        From(leaves.Select(leaf => (leaf.Key, leaf.Value)));

    extension<T>(Tree<T> tree)
    {
        /// <summary>The leaf at a path, where there is one.</summary>
        /// <param name="path">The path of a leaf, such as <c>encoder.0.weight</c>.</param>
        /// <param name="leaf">The leaf at the path, where there is one.</param>
        /// <example><code>var isThere = tree.TryGetValue("0.bias", out var bias);</code></example>
        public bool TryGetValue(string path, [MaybeNullWhen(false)] out T leaf)
        {
            var found = tree.Contains(path);
            leaf = found ? tree[path] : default;
            return found;
        }

        /// <summary>The leaves as a dictionary that keeps their order.</summary>
        /// <example><code>IReadOnlyDictionary&lt;string, int&gt; byPath = tree.ToDictionary();</code></example>
        public IReadOnlyDictionary<string, T> ToDictionary() =>
            new System.Collections.Generic.OrderedDictionary<string, T>(tree);

        /// <summary>A tree of the same paths, by a function of each leaf.</summary>
        /// <param name="function">From a leaf to the new one.</param>
        /// <example><code>var tenfold = tree.Map(leaf => 10 * leaf);</code></example>
        public Tree<TNext> Map<TNext>(Func<T, TNext> function) => TreeModule.map(Interop.Function(function), tree);

        /// <summary>A tree of the same paths, by a function of each path and its leaf.</summary>
        /// <param name="function">From a path and its leaf to the new leaf.</param>
        /// <example><code>var named = tree.Map((path, leaf) => $"{path} = {leaf}");</code></example>
        public Tree<TNext> Map<TNext>(Func<string, T, TNext> function) =>
            TreeModule.mapPath(Interop.Function(function), tree);

        /// <summary>A tree by a function of the leaves of two that have the same paths.</summary>
        /// <param name="other">A tree of the same paths.</param>
        /// <param name="function">From both leaves of a path to the new leaf.</param>
        /// <exception cref="DomainError">A path is in one of them only.</exception>
        /// <example><code>var sums = tree.Zip(tree, (a, b) => a + b);</code></example>
        public Tree<TNext> Zip<TOther, TNext>(Tree<TOther> other, Func<T, TOther, TNext> function) =>
            TreeModule.map2(Interop.Function(function), tree, other);

        /// <summary>The leaves whose paths are wanted.</summary>
        /// <param name="wanted">Whether the leaf at a path is kept.</param>
        /// <example><code>var biases = tree.Filter(path => path.EndsWith("bias"));</code></example>
        public Tree<T> Filter(Func<string, bool> wanted) => TreeModule.filter(Interop.Function(wanted), tree);

        /// <summary>The same leaves at other paths.</summary>
        /// <param name="name">From a path to the new one, no two of them the same.</param>
        /// <exception cref="DomainError">Two leaves come to one path, or a path is empty.</exception>
        /// <example><code>var renamed = tree.Rename(path => path.Replace("fc", "0"));</code></example>
        public Tree<T> Rename(Func<string, string> name) => TreeModule.rename(Interop.Function(name), tree);

        /// <summary>
        /// The same leaves with other names for parts: a path that is the first of a pair, or lies below it, gets the second in its
        /// place, or loses that part where the second is empty. The first pair that fits counts; other paths stay.
        /// </summary>
        /// <param name="names">The parts as they are, without the dot behind them, each with its new name.</param>
        /// <exception cref="DomainError">A pair fits no path, or two leaves come to one path.</exception>
        /// <example><code>var layers = tree.Rename(("0", "hidden"), ("1", "head"));</code></example>
        public Tree<T> Rename(params (string Before, string After)[] names) =>
            TreeModule.renameParts(ListModule.OfSeq(Interop.Whole(names.Select(n => Tuple.Create(n.Before, n.After)), nameof(names))), tree);

        /// <summary>The leaves below a name, without it: the reverse of <c>Under</c>.</summary>
        /// <param name="name">The beginning of the paths, without the dot behind it.</param>
        /// <example><code>var first = tree.At("0");</code></example>
        public Tree<T> At(string name) => TreeModule.at(name, tree);

        /// <summary>The same leaves below a name: <c>weight</c> becomes <c>name.weight</c>.</summary>
        /// <param name="name">What is put before the paths, without the dot behind it.</param>
        /// <example><code>var inside = tree.Under("encoder");</code></example>
        public Tree<T> Under(string name) => TreeModule.under(name, tree);

        /// <summary>These leaves, then those of another tree.</summary>
        /// <param name="other">Leaves at other paths.</param>
        /// <exception cref="DomainError">Both have a path.</exception>
        /// <example><code>var both = tree.Append(tree.Under("copy"));</code></example>
        public Tree<T> Append(Tree<T> other) => TreeModule.append(tree, other);

        /// <summary>This tree, with the leaves of another in the place of its own at their paths.</summary>
        /// <param name="changes">Leaves at some of this tree's paths.</param>
        /// <exception cref="DomainError">A path of the other is not here.</exception>
        /// <example><code>var changed = tree.Replace(Trees.From([("0.bias", 5)]));</code></example>
        public Tree<T> Replace(Tree<T> changes) => TreeModule.replace(tree, changes);

        /// <summary>A tree of the same paths from values in their order.</summary>
        /// <param name="values">One value for each path, in the order of the leaves.</param>
        /// <exception cref="DomainError">There are more or fewer values than paths.</exception>
        /// <example><code>var other = tree.WithValues([7, 8]);</code></example>
        public Tree<TNext> WithValues<TNext>(IEnumerable<TNext> values) => TreeModule.ofValues(Interop.List(values), tree);

        /// <summary>The averaged parameters in the state of an optimizer that was <c>Averaged</c>, at any depth.</summary>
        /// <exception cref="DomainError">No average is kept.</exception>
        /// <example><code>var averages = memory.Average();</code></example>
        public Tree<T> Average() => Wrap.averageOf(tree);
    }

    extension(Tree<Tensor> tree)
    {
        /// <summary>
        /// A variable for each tensor, of its type and shape, named by its path; a prefix keeps the names of two trees apart.
        /// </summary>
        /// <param name="prefix">What is put before each name.</param>
        /// <example><code>Tree&lt;Expr&gt; weights = parameters.Variables(), buffers = state.Variables();</code></example>
        public Tree<Expr> Variables(string prefix = "") =>
            tree.Map((path, t) => Expr.Variable(prefix + path, t.DType, [.. t.Shape]));
    }

    extension(Expr loss)
    {
        /// <summary>The gradient of a scalar by each leaf, by reverse mode: a tree of the same paths.</summary>
        /// <param name="parameters">Expressions that the loss depends on, by their paths.</param>
        /// <exception cref="ShapeError">The loss is no scalar of f32 or f64.</exception>
        /// <example><code>Tree&lt;Expr&gt; gradients = loss.Gradient(weights);</code></example>
        public Tree<Expr> Gradient(Tree<Expr> parameters) =>
            parameters.WithValues(Grad.grad(loss, Interop.List(parameters.Values)));
    }
}
