namespace DL1

/// The order in which the roots of a plan are walked. Which nodes are computed together, and hence how sums are rounded,
/// depends on it; so it is found from what the roots compute, not from the order in which they are given.
[<RequireQualifiedAccess>]
module internal RootOrder =
    /// The most steps in a row, and the digest of a graph without its extents and numbers: a batch of another size has the
    /// same, and so the same code.
    let private outline (e: Expr) (operands: struct (int * Digest) list) =
        let mixer = Digest.Mixer()
        mixer.Add(Node.name e.Node)

        match e.Node with
        | Node.Variable v -> mixer.Add v.Name
        | Node.Scan(result, _) -> mixer.Add result
        | Node.RandomBits(stream, _, _) -> mixer.Add stream
        | _ -> ()

        let mutable depth = 0

        for struct (below, digest) in operands do
            depth <- max depth below
            mixer.Add digest

        struct (depth + 1, mixer.Finish())

    /// Each root once: what needs the fewest steps in a row first, as a loss stands before its gradients.
    let sorted (roots: Expr list) : Expr list =
        let outlines = Graph.fold outline roots

        roots
        |> List.distinctBy _.Digest
        |> List.sortBy (fun root -> struct (outlines[root.Digest], root.Digest))
