namespace DL1.Compiler.Generic

open System
open System.Buffers
open DL1
open DL1.Compiler
open DL1.Compiler.Simd

/// `Node.ArgSort`: the indices along the middle axis of [outer; extent; inner] in ascending order of their elements.
/// The runtime's sort is not stable, so the indices of each run of equal elements are sorted afterwards.
[<Sealed>]
type internal SortKernel<'E, 'T, 'D, 'A
    when 'E :> IElement<'T, 'A> and 'D :> IDomain<'A> and 'T: unmanaged and 'A: unmanaged>
    (outer: int, extent: int, inner: int) =
    inherit TaskedKernel()

    let units = outer * inner
    let each = max 1 (Tuning.SortTaskElements / max 1 extent)

    // Loads the elements and their indices; indices of NaN go behind all others, in order. Returns the number of other elements.
    let load (source: nativeint) (keys: 'A[]) (indices: int64[]) =
        let mutable numbers, behind = 0, extent

        for i in 0 .. extent - 1 do
            let value = 'E.Widen(At.get<'T> source (i * inner))

            if 'D.IsNaN value then
                behind <- behind - 1
                indices[behind] <- int64 i
            else
                keys[numbers] <- value
                indices[numbers] <- int64 i
                numbers <- numbers + 1

        Array.Reverse(indices, numbers, extent - numbers)
        numbers

    let inOrder (keys: 'A[]) (indices: int64[]) numbers =
        let mutable start = 0

        while start < numbers do
            let mutable stop = start + 1

            while stop < numbers && 'D.Compare(CompareOp.Eq, keys[stop], keys[start]) do
                stop <- stop + 1

            if stop - start > 1 then
                Array.Sort(indices, start, stop - start)

            start <- stop

    override _.Tasks = if extent > 0 then (units + each - 1) / each else 0

    override _.Task(number, from, into) =
        let keys = ArrayPool<'A>.Shared.Rent extent
        let indices = ArrayPool<int64>.Shared.Rent extent

        try
            for unit in number * each .. min units ((number + 1) * each) - 1 do
                let start = unit / inner * extent * inner + unit % inner
                let numbers = load (from + nativeint start * nativeint sizeof<'T>) keys indices
                Array.Sort(keys, indices, 0, numbers)
                inOrder keys indices numbers
                let target = into + nativeint (start * sizeof<int64>)

                for i in 0 .. extent - 1 do
                    At.set<int64> target (i * inner) indices[i]
        finally
            ArrayPool<'A>.Shared.Return keys
            ArrayPool<int64>.Shared.Return indices
