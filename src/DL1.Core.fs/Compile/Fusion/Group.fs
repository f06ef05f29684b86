namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1

/// A set of small numbers, from 0 on, as an array of bits that grows.
[<Sealed>]
type internal Bits() =
    let mutable words: uint64[] = Array.zeroCreate 4

    let reach n =
        if n >= words.Length then
            System.Array.Resize(&words, max (n + 1) (2 * words.Length))

    member _.Words = words

    member _.Contains(i: int) = i >>> 6 < words.Length && words[i >>> 6] >>> (i &&& 63) &&& 1UL = 1UL

    member _.Add(i: int) =
        reach (i >>> 6)
        words[i >>> 6] <- words[i >>> 6] ||| (1UL <<< (i &&& 63))

    /// Adds the numbers of another set.
    member _.Union(other: Bits) =
        reach (other.Words.Length - 1)

        for i in 0 .. other.Words.Length - 1 do
            words[i] <- words[i] ||| other.Words[i]

/// How a value lies in the domain of its group.
[<RequireQualifiedAccess>]
type internal Role =
    /// One element for each point of the domain.
    | Along
    /// One element for each point of the kept axes: a reduction's result, or what is computed from such results.
    | Kept

/// Nodes that one kernel computes: elementwise nodes and reductions over one domain, with or without an anchor (a
/// matmul or convolution) before them; or one node of another kind by itself.
[<Sealed>]
type internal Group(number: int, domain: int[], anchor: Expr option) =
    /// Its index in the order in which groups were made.
    member _.Number = number
    /// The extents of its domain; axes of extent 1 are left out.
    member _.Domain = domain
    /// The node that the fused loop does not compute: a matmul or convolution, whose epilogue the fused loop is, or a node with
    /// a kernel of its own. `None` where the fused loop computes all nodes.
    member _.Anchor = anchor
    /// The axes of the domain that its reductions reduce.
    member val Reduced: int[] = [||] with get, set
    /// The float type of its fused loop; `None` as long as no node needs one.
    member val Float: DType option = None with get, set
    /// Whether its fused loop draws random words.
    member val Draws = false with get, set
    member val Members = List<Expr>()
    member val Roles = Dictionary<Digest, Role>()
    /// The operands in memory of its fused loop, with their strides in its domain.
    member val Operands = List<StridedView>()
    /// The numbers of the groups that must run before it.
    member val Ancestors = Bits()

    /// The extents of the axes that are not reduced.
    member this.Kept =
        [| 0 .. domain.Length - 1 |] |> Array.except this.Reduced |> Array.map (fun axis -> domain[axis])

    /// Converts strides over the axes that are not `reduced` into strides over the domain: 0 along reduced axes.
    member this.Spread(reduced: int[], strides: int[]) =
        IterationSpace.spread domain.Length (fun axis -> Array.contains axis reduced) strides

    /// Converts the strides of a value with this role into strides over the domain.
    member this.Lay(role: Role, reduced: int[], strides: int[]) =
        match role with
        | Role.Along -> strides
        | Role.Kept -> this.Spread(reduced, strides)

    member this.IsMember(e: Expr) = this.Roles.ContainsKey e.Digest

    /// Orders `later` behind `earlier`: `later`, and all groups that depend on it, get `earlier` and its ancestors as ancestors.
    static member Follow(groups: Group seq, later: Group, earlier: Group) =
        if earlier <> later && not (later.Ancestors.Contains earlier.Number) then
            let gained = Bits()
            gained.Add earlier.Number
            gained.Union earlier.Ancestors

            for g in groups do
                if g = later || g.Ancestors.Contains later.Number then
                    g.Ancestors.Union gained
