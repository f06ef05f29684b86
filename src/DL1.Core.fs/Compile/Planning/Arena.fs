namespace DL1.Compiler.Planning

open System.Collections.Generic
open DL1

/// A buffer's life: bytes, the step that writes it first, and the last that reads it.
[<Struct; NoEquality; NoComparison>]
type internal BufferLife = { Bytes: int64; First: int; Last: int }

/// Places for buffers in one stretch of memory: those alive at the same time do not overlap.
[<RequireQualifiedAccess>]
module internal Arena =
    /// Places begin at multiples of a cache line.
    [<Literal>]
    let Alignment = 64L

    let aligned bytes = (bytes + Alignment - 1L) / Alignment * Alignment

    /// The offset of each buffer, and the bytes of all. Large ones are placed first, each into the tightest gap among
    /// those that live with it.
    let place (lives: BufferLife[]) : int64[] * int64 =
        let offsets = Array.zeroCreate<int64> lives.Length
        let placed = List<int>()
        let mutable total = 0L

        let order =
            [| 0 .. lives.Length - 1 |] |> Array.sortBy (fun i -> struct (-lives[i].Bytes, lives[i].First, i))

        for i in order do
            let life = lives[i]
            let size = aligned life.Bytes

            // Placed buffers are kept by offset.
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
