namespace DL1

open System.Collections.Generic

/// Neighbouring tensors of the vector of f32 sums, which are exchanged together.
[<NoEquality; NoComparison>]
type internal Bucket =
    {
        /// The place of the first number, and how many numbers there are, with what fills the places up.
        First: int64
        Count: int64
        /// The summed values in it, by their numbers.
        Values: int[]
    }

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Bucket =
    /// The bytes of a bucket that is large enough to be exchanged at full speed, and small enough for the first to begin soon.
    [<Literal>]
    let UsualBytes = 4194304L

    /// The buckets of a vector, the last tensors first: a backward pass computes them in this order. Each but the last has at
    /// least `leastBytes`.
    let ofLayout (leastBytes: int64) (layout: ShardLayout) : Bucket[] =
        let singles =
            layout.Places
            |> Seq.indexed
            |> Seq.choose (fun (i, struct (isDouble, place)) ->
                if isDouble then None else Some struct (i, place))
            |> Seq.rev

        let found, values = List<Bucket>(), List<int>()
        let mutable stop = layout.Singles

        for struct (i, place) in singles do
            values.Add i

            if place = 0L || 4L * (stop - place) >= leastBytes then
                found.Add { First = place; Count = stop - place; Values = values.ToArray() }

                values.Clear()
                stop <- place

        found.ToArray()

/// The compiled graph of a shard of one shape.
[<Sealed>]
type internal ShardPlan(graph: ShardGraph, like: Dataset, rows: int) =
    let plan =
        lazy
            BoundPlan.Of(
                "training",
                graph.Inputs,
                graph.Sums @ graph.Told @ graph.Counters,
                Options.standard.Threads
            )

    let sizes = graph.Told @ graph.Counters |> List.map (fun e -> e.Shape.Size) |> Array.ofList
    member _.Graph = graph
    member _.Rows = rows
    member _.Plan = plan.Value
    /// The elements of each tensor that a shard reports by itself.
    member _.Sizes = sizes

    /// For each step of the plan, the buckets that are ready after it: those of which it touches a value last. Buckets of which a
    /// value is copied after the run are in none.
    member this.ReadyAfter(buckets: Bucket[]) : int[][] =
        let last = buckets |> Array.map (fun b -> b.Values |> Array.map this.Plan.LastStep |> Array.max)

        Array.init this.Plan.Steps (fun step ->
            [|
                for bucket in 0 .. last.Length - 1 do
                    if last[bucket] = step then
                        bucket
            |])

    /// Whether rows of a batch have the shapes that the graph is for.
    member _.Fits(batch: Dataset, count: int) : bool =
        let each (a: Tree<Tensor>) (b: Tree<Tensor>) =
            let a, b = a.Leaves, b.Leaves
            let mutable isSame = a.Length = b.Length
            let mutable i = 0

            while isSame && i < a.Length do
                let (nameA, x), (nameB, y) = a[i], b[i]
                isSame <- nameA = nameB && x.DType = y.DType && x.Rank = y.Rank
                let mutable axis = 1

                while isSame && axis < x.Rank do
                    isSame <- x.Shape[axis] = y.Shape[axis]
                    axis <- axis + 1

                i <- i + 1

            isSame

        count = rows && each like.NamedInputs batch.NamedInputs && each like.NamedTargets batch.NamedTargets
