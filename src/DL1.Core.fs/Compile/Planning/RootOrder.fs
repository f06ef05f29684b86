namespace DL1.Compiler.Planning

open DL1

/// Sorts the roots of a plan. Fusion walks them in this order, so it decides which nodes share a kernel, and hence how
/// sums are rounded. The order is derived from what the roots compute, so the bits do not depend on the order in which
/// the caller lists the roots.
[<RequireQualifiedAccess>]
module internal RootOrder =
    /// The depth of a graph (its longest path, in nodes) and a digest of its structure without extents and numbers: for two
    /// batch sizes a graph has equal outlines, hence the same order and the same code. A class and not a struct, since .NET
    /// compiles generic functions anew for each struct type.
    type private Outline = { Depth: int; Digest: Digest }

    /// The outline of a node, from the outlines of its operands.
    let private outline (e: Expr) (operands: Outline list) =
        let mixer = Digest.Mixer()
        mixer.Add(Node.name e.Node)

        match e.Node with
        | Node.Variable v -> mixer.Add v.Name
        | Node.Scan(result, _) -> mixer.Add result
        | Node.RandomBits(stream, _, _) -> mixer.Add stream
        | _ -> ()

        let mutable depth = 0

        for below in operands do
            depth <- max depth below.Depth
            mixer.Add below.Digest

        { Depth = depth + 1; Digest = mixer.Finish() }

    /// The distinct roots, by increasing depth (so a loss comes before its gradients), then by outline, then by digest.
    let sorted (roots: Expr list) : Expr list =
        let outlines = Graph.fold outline roots

        roots
        |> List.distinctBy _.Digest
        |> List.sortBy (fun root ->
            let outline = outlines[root.Digest]
            outline.Depth, outline.Digest, root.Digest)
