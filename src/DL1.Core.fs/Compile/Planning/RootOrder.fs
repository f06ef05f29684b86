namespace DL1.Compiler.Planning

open DL1
open DL1.Compiler.Simd

/// The order in which the roots of a plan are walked. Which nodes are computed together, and hence how sums are rounded,
/// depends on it; so it is found from what the roots compute, not from the order in which they are given.
[<RequireQualifiedAccess>]
module internal RootOrder =
    /// The most steps in a row, and the digest of a graph without its extents and numbers: a batch of another size has the
    /// same, and so the same code. A class: .NET compiles generic functions anew for each struct that they are used with.
    type private Outline = { Depth: int; Digest: Digest }

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

    /// Each root once: what needs the fewest steps in a row first, as a loss stands before its gradients.
    let sorted (roots: Expr list) : Expr list =
        let outlines = Graph.fold outline roots

        roots
        |> List.distinctBy _.Digest
        |> List.sortWith (fun a b ->
            let first, second = outlines[a.Digest], outlines[b.Digest]

            match first.Depth - second.Depth, compare first.Digest second.Digest with
            | 0, 0 -> compare a.Digest b.Digest
            | 0, order -> order
            | order, _ -> order)
