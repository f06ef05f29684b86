namespace DL1.Onnx

open DL1

/// A number of a graph that may depend on the batch: slope · batch + offset.
[<Struct>]
type internal Extent =
    {
        Slope: int
        Offset: int
    }

    /// Whether it is the same for all batches.
    member e.IsFixed = e.Slope = 0

    /// `batch`, `2*batch + 1`, `10`.
    override e.ToString() =
        let slope = if e.Slope = 1 then "batch" else $"%d{e.Slope}*batch"

        if e.IsFixed then $"%d{e.Offset}"
        elif e.Offset = 0 then slope
        else $"{slope} + %d{e.Offset}"

/// A node as it is in the graphs of one function for several batch sizes, in the order of the sizes. A graph without a batch is
/// one version.
type internal Versions = Expr[]

/// Numbers that depend on the batch, read off graphs for several batch sizes.
[<RequireQualifiedAccess>]
module internal Extent =
    /// The batch sizes that a function is traced for: two would tell a line, the third one tells that it is one. They are primes
    /// that layers seldom have as an extent, so that none is met by chance.
    let sizes = [| 61; 67; 71 |]

    /// The same for all batches.
    let constant n : Extent = { Slope = 0; Offset = n }

    /// What a graph does that the file cannot do for all batches.
    let refuse (what: string) (expected: string) : 'a =
        Refuse.domain
            "Onnx.write"
            $"{what}, for batches of %d{sizes[0]} and of %d{sizes[1]} rows"
            expected
            "write the graph for one batch size, or write the function so that each row is computed alike"

    /// The number from its values for each batch size, in order.
    let ofValues (what: string) (values: int[]) : Extent =
        if values |> Array.forall ((=) values[0]) then
            constant values[0]
        else
            let slope = (values[1] - values[0]) / (sizes[1] - sizes[0])
            let offset = values[0] - slope * sizes[0]

            if Array.forall2 (fun size value -> slope * size + offset = value) sizes values then
                { Slope = slope; Offset = offset }
            else
                refuse
                    $"{what} of %d{values[0]} and of %d{values[1]}"
                    "numbers that grow by the same amount with each row"

/// What is read off the versions of a node.
[<RequireQualifiedAccess>]
module internal Versions =
    /// What stands for a node among those that were met.
    let key (es: Versions) = struct (es[0].Digest, es[es.Length / 2].Digest, es[es.Length - 1].Digest)

    /// What must be the same in all versions.
    let same (what: string) (read: Expr -> 'a) (es: Versions) : 'a =
        let first = read es[0]

        if es |> Array.exists (fun e -> read e <> first) then
            Extent.refuse $"{what} of {Node.name es[0].Node} that differs" "the same for all batches"

        first

    /// A number that may depend on the batch.
    let extent (what: string) (read: Expr -> int) (es: Versions) : Extent =
        Extent.ofValues what (Array.map read es)

    /// The extents of the shape.
    let extents (es: Versions) : Extent list =
        let rank = same "the rank" (fun e -> e.Shape.Rank) es
        List.init rank (fun axis -> extent "extents" (fun e -> e.Shape[axis]) es)

    /// The number of elements.
    let size (es: Versions) : Extent = extent "sizes" (fun e -> e.Shape.Size) es

    /// Whether there are no elements.
    let isEmpty (es: Versions) = es |> Array.forall (fun e -> e.Shape.Size = 0)

    /// The operands of the versions, each with its versions; other forms in other versions are refused.
    let operands (es: Versions) : Versions list =
        let name = Node.name es[0].Node
        let all = es |> Array.map (fun e -> Array.ofList (Node.operands e.Node))

        es
        |> Array.iteri (fun i e ->
            if Node.name e.Node <> name || all[i].Length <> all[0].Length || e.DType <> es[0].DType then
                Extent.refuse
                    $"graphs that differ in form, at {name} and {Node.name e.Node}"
                    "the same operations for all batches")

        List.init all[0].Length (fun place -> all |> Array.map (fun operands -> operands[place]))
