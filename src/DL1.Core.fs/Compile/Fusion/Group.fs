namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1

/// A growing set of small numbers.
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

    /// Adds another set's numbers.
    member _.Union(other: Bits) =
        reach (other.Words.Length - 1)

        for i in 0 .. other.Words.Length - 1 do
            words[i] <- words[i] ||| other.Words[i]

/// How a value lies in the domain of its group.
[<RequireQualifiedAccess; Struct>]
type internal Role =
    /// One element for each point.
    | Along
    /// One element for each point of the kept axes: a fold's result, or what is computed from such.
    | Still

/// An operand in memory, with its strides in the group's domain.
[<NoEquality; NoComparison>]
type internal GroupOperand = { Source: Expr; Offset: int; Strides: int[] }

/// Nodes that one kernel computes: elementwise nodes and folds over one domain, with a product before them or without;
/// or one node of another kind alone.
[<Sealed>]
type internal Group(number: int, domain: int[], host: Expr option) =
    /// Its place in the order of making.
    member _.Number = number
    /// The extents of its domain that are not 1.
    member _.Domain = domain
    /// The node that is no part of a pass: a product, which the pass follows, or a node with a kernel of its own.
    member _.Host = host
    /// The axes of the domain that its folds reduce.
    member val Reduced: int[] = [||] with get, set
    /// The type of its floats, once known.
    member val Float: DType option = None with get, set
    /// Whether it draws random numbers.
    member val Draws = false with get, set
    member val Members = List<Expr>()
    member val Roles = Dictionary<Digest, Role>()
    member val Operands = List<GroupOperand>()
    /// The groups that must run before it.
    member val Ancestors = Bits()

    /// The extents of the axes that are not reduced.
    member this.Kept =
        domain
        |> Array.indexed
        |> Array.filter (fun (axis, _) -> not (Array.contains axis this.Reduced))
        |> Array.map snd

    /// Strides over the kept axes as strides over the domain.
    member this.Spread(reduced: int[], strides: int[]) =
        let mutable next = 0

        Array.init domain.Length (fun axis ->
            if Array.contains axis reduced then
                0
            else
                next <- next + 1
                strides[next - 1])

    member this.IsMember(e: Expr) = this.Roles.ContainsKey e.Digest
