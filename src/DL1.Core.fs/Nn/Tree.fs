namespace DL1

open System
open System.Collections.Generic
open System.Diagnostics
open DL1.Notebooks

/// Named leaves in a fixed order: the parameters of a model, its state, their gradients. A path is dotted, as PyTorch
/// writes it: `0.weight`, `layers.1.running_mean`. Trees are immutable; two are equal when paths, order and leaves are.
[<Sealed; DebuggerDisplay("{Count} leaves"); StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
type Tree<'a> internal (leaves: (string * 'a)[]) =
    let places = lazy (leaves |> Seq.mapi (fun i (path, _) -> KeyValuePair(path, i)) |> Dictionary)

    member internal _.Leaves = leaves

    /// The number of leaves.
    member _.Count = leaves.Length
    /// The paths, in order.
    member _.Paths: IReadOnlyList<string> = Array.map fst leaves
    /// The leaves, in order.
    member _.Values: IReadOnlyList<'a> = Array.map snd leaves

    /// Whether there is a leaf at a path.
    member _.Contains(path: string) = places.Value.ContainsKey path

    /// The leaf at a path; a path that is not there is a `DomainError`. `parameters["0.weight"]`
    member _.Item
        with get (path: string): 'a =
            match places.Value.TryGetValue path with
            | true, i -> snd leaves[i]
            | false, _ ->
                Refuse.domain
                    "Tree.Item"
                    $"the path {path}"
                    (if leaves.Length = 0 then
                         "no path: the tree is empty"
                     else
                         let shown = leaves |> Seq.truncate 20 |> Seq.map fst |> String.concat ", "
                         "one of " + shown + (if leaves.Length > 20 then ", ..." else ""))
                    "check the spelling, and the numbers of the layers"

    /// One line for each leaf: its path, and the leaf.
    override _.ToString() =
        String.Join("\n", leaves |> Seq.map (fun (path, leaf) -> $"{path}: {string leaf}"))

    member internal this.Display = Format.following (this.ToString())

    interface INotebookValue with
        member this.Html = Html.pre (this.ToString())

    override _.Equals other =
        match other with
        | :? Tree<'a> as t ->
            t.Leaves.Length = leaves.Length
            && Array.forall2 (fun (p, a) (q, b) -> p = q && Unchecked.equals a b) leaves t.Leaves
        | _ -> false

    override _.GetHashCode() =
        leaves |> Array.fold (fun hash (path, _) -> hash * 31 + path.GetHashCode()) leaves.Length

    interface IEnumerable<KeyValuePair<string, 'a>> with
        member _.GetEnumerator() : IEnumerator<KeyValuePair<string, 'a>> =
            (leaves |> Seq.map (fun (path, leaf) -> KeyValuePair(path, leaf))).GetEnumerator()

        member this.GetEnumerator() : System.Collections.IEnumerator =
            (this :> IEnumerable<KeyValuePair<string, 'a>>).GetEnumerator() :> System.Collections.IEnumerator

/// Trees of named leaves.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Tree =
    /// A tree of leaves with their paths, in this order. An empty path, or one that is there twice, is a `DomainError`.
    /// `Tree.ofList [ "0.weight", 1; "0.bias", 2 ]`
    let ofList (leaves: (string * 'a) list) : Tree<'a> =
        let seen = HashSet<string>()

        for path, _ in leaves do
            if String.IsNullOrWhiteSpace path then
                Refuse.domain "Tree.ofList" "an empty path" "a name for each leaf" "name the leaf"

            if not (seen.Add path) then
                Refuse.domain
                    "Tree.ofList"
                    $"two leaves at the path {path}"
                    "each path once"
                    "give one of them another name"

        Tree(Array.ofList leaves)

    /// The tree without leaves. `Tree.empty<int>`
    let empty<'a> : Tree<'a> = Tree [||]

    /// The leaves with their paths, in order. `Tree.toList tree`
    let toList (tree: Tree<'a>) = List.ofArray tree.Leaves

    /// The paths, in order. `Tree.paths tree`
    let paths (tree: Tree<'a>) = toList tree |> List.map fst

    /// The leaves, in order. `Tree.values tree`
    let values (tree: Tree<'a>) = toList tree |> List.map snd

    /// The leaf at a path, or `None`. `Tree.tryFind "0.bias" tree`
    let tryFind path (tree: Tree<'a>) = if tree.Contains path then Some tree[path] else None

    /// A function of each path and leaf. `Tree.mapPath (fun path leaf -> path.Length + leaf) tree`
    let mapPath (f: string -> 'a -> 'b) (tree: Tree<'a>) : Tree<'b> =
        Tree(tree.Leaves |> Array.map (fun (path, leaf) -> path, f path leaf))

    /// A function of each leaf. `Tree.map (fun leaf -> 10 * leaf) tree`
    let map (f: 'a -> 'b) (tree: Tree<'a>) : Tree<'b> = mapPath (fun _ leaf -> f leaf) tree

    /// A function of the path and the leaves of two trees that have the same paths, in the order of the first. A path
    /// that only one of them has is a `DomainError` that names it. `Tree.mapPath2 (fun _ a b -> a + b) tree tree`
    let mapPath2 (f: string -> 'a -> 'b -> 'c) (first: Tree<'a>) (second: Tree<'b>) : Tree<'c> =
        let missing (side: string) (path: string) : unit =
            Refuse.domain
                "Tree.map2"
                $"the path {path} is missing in the {side} tree"
                "two trees of the same paths"
                "make both from the same parameters, or keep the paths in question by filter"

        for path, _ in first.Leaves do
            if not (second.Contains path) then
                missing "second" path

        for path, _ in second.Leaves do
            if not (first.Contains path) then
                missing "first" path

        mapPath (fun path leaf -> f path leaf second[path]) first

    /// A function of the leaves of two trees that have the same paths, in the order of the first. A path that only one
    /// of them has is a `DomainError` that names it. `Tree.map2 (fun a b -> a * b) tree tree`
    let map2 (f: 'a -> 'b -> 'c) first second = mapPath2 (fun _ a b -> f a b) first second

    /// Leaves of the same path as pairs: `map2` to a pair. `Tree.zip tree tree`
    let zip first second = map2 (fun a b -> a, b) first second

    /// A tree of pairs as a pair of trees. `Tree.unzip (Tree.zip tree tree)`
    let unzip (tree: Tree<'a * 'b>) = map fst tree, map snd tree

    /// Combines the leaves in order. `Tree.fold (fun sum leaf -> sum + leaf) 0 tree`
    let fold (f: 's -> 'a -> 's) (initial: 's) (tree: Tree<'a>) =
        tree.Leaves |> Array.fold (fun s (_, leaf) -> f s leaf) initial

    /// The leaves whose path is wanted. `Tree.filter (fun path -> path.EndsWith "weight") tree`
    let filter (wanted: string -> bool) (tree: Tree<'a>) : Tree<'a> =
        Tree(tree.Leaves |> Array.filter (fst >> wanted))

    /// The leaves of one tree, then those of another; a path that both have is a `DomainError`.
    /// `Tree.append tree (Tree.ofList [ "1.weight", 3 ])`
    let append (first: Tree<'a>) (second: Tree<'a>) : Tree<'a> = ofList (toList first @ toList second)

    /// The same leaves at other paths; two leaves at one path, or an empty one, are a `DomainError`.
    /// `Tree.rename (fun path -> path.Replace("fc", "0")) tree`
    let rename (name: string -> string) (tree: Tree<'a>) : Tree<'a> =
        toList tree |> List.map (fun (path, leaf) -> name path, leaf) |> ofList

    /// The same leaves with other names for parts: a path that is the first of a pair, or lies below it, gets the second in its
    /// place, or loses that part where the second is empty. The first pair that fits counts; other paths stay. A pair that
    /// fits no path is a `DomainError`, as are two leaves at one path.
    /// `Tree.renameParts [ "0", "hidden" ] tree`
    let renameParts (names: (string * string) list) (tree: Tree<'a>) : Tree<'a> =
        let fits (before: string) (path: string) =
            path = before || path.StartsWith(before + ".", StringComparison.Ordinal)

        for before, after in names do
            if not (Array.exists (fst >> fits before) tree.Leaves) then
                Refuse.domain
                    "Tree.renameParts"
                    $"the name {before}, which is to become {after}"
                    "names that paths begin with"
                    "compare the names with the paths of the tree"

        tree
        |> rename (fun path ->
            match names |> List.tryFind (fun (before, _) -> fits before path) with
            | Some(before, "") -> path.Substring(min path.Length (before.Length + 1))
            | Some(before, after) -> after + path.Substring before.Length
            | None -> path)

    /// The same leaves below a name: `weight` becomes `name.weight`. `Tree.under "encoder" tree`
    let under (name: string) (tree: Tree<'a>) : Tree<'a> =
        Tree(tree.Leaves |> Array.map (fun (path, leaf) -> $"{name}.{path}", leaf))

    /// The leaves below a name, without it: the reverse of `under`. `Tree.at "0" tree`
    let at (name: string) (tree: Tree<'a>) : Tree<'a> =
        let prefix = name + "."

        Tree(
            tree.Leaves
            |> Array.filter (fun (path, _) -> path.StartsWith(prefix, StringComparison.Ordinal))
            |> Array.map (fun (path, leaf) -> path.Substring prefix.Length, leaf)
        )

    /// The first tree, with the leaves of the second in the place of its own at their paths; a path that the first does
    /// not have is a `DomainError`. `Tree.replace tree (Tree.ofList [ "0.bias", 5 ])`
    let replace (tree: Tree<'a>) (changes: Tree<'a>) : Tree<'a> =
        for path, _ in changes.Leaves do
            tree[path] |> ignore

        mapPath (fun path leaf -> if changes.Contains path then changes[path] else leaf) tree

    /// A tree of the same paths from values in their order: `Tree.ofValues [ 7; 8 ] tree`. Another number of values is a
    /// `DomainError`.
    let ofValues (values: 'b list) (tree: Tree<'a>) : Tree<'b> =
        if values.Length <> tree.Count then
            Refuse.domain
                "Tree.ofValues"
                $"%d{values.Length} values for %d{tree.Count} paths"
                "one value for each path"
                "give the values in the order of the paths"

        Tree(Array.map2 (fun (path, _) value -> path, value) tree.Leaves (Array.ofList values))

    /// A variable for each tensor, of its type and shape, named by its path. `Tree.variables weights`
    let variables (tree: Tree<Tensor>) : Tree<Expr> =
        mapPath (fun path (t: Tensor) -> Expr.variable path t.DType (t.Shape.ToList())) tree
