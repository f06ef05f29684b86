namespace DL1.Compiler.Planning

open System.Collections.Generic

/// A buffer's size in bytes and its lifetime: the first step that writes it and the last step that touches it.
[<Struct; NoEquality; NoComparison>]
type internal BufferLife = { Bytes: int64; First: int; Last: int }

/// Assigns buffers offsets in one block of memory, such that buffers with overlapping lifetimes do not overlap.
[<RequireQualifiedAccess>]
module internal Arena =
    /// Offsets are multiples of this, the size of a cache line in bytes.
    let Alignment = 64L

    /// A size in bytes, rounded up to `Alignment`.
    let aligned bytes = (bytes + Alignment - 1L) / Alignment * Alignment

    /// Returns the byte offset of each buffer and the total size. Best fit: buffers are placed in order of decreasing
    /// size, each into the smallest sufficient gap between the placed buffers whose lifetimes overlap its own.
    let place (lives: BufferLife[]) : int64[] * int64 =
        let offsets = Array.zeroCreate<int64> lives.Length
        let placed = List<int>()
        let mutable total = 0L

        let bySize i j =
            let size, first = compare lives[j].Bytes lives[i].Bytes, compare lives[i].First lives[j].First

            if size <> 0 then size
            elif first <> 0 then first
            else compare i j

        let order = [| 0 .. lives.Length - 1 |] |> Array.sortWith bySize

        for i in order do
            let life = lives[i]
            let size = aligned life.Bytes

            // `placed` is sorted by offset.
            let mutable from = 0L
            let mutable best = -1L
            let mutable bestGap = System.Int64.MaxValue

            for j in placed do
                let other = lives[j]

                if other.First <= life.Last && life.First <= other.Last then
                    let gap = offsets[j] - from

                    if gap >= size && gap < bestGap then
                        best <- from
                        bestGap <- gap

                    from <- max from (offsets[j] + aligned other.Bytes)

            offsets[i] <- if best >= 0L then best else from
            total <- max total (offsets[i] + size)
            let at = placed.FindIndex(fun j -> offsets[j] > offsets[i])
            placed.Insert((if at < 0 then placed.Count else at), i)

        offsets, total
