namespace DL1

open System
open System.Runtime.InteropServices
open Microsoft.FSharp.NativeInterop
open DL1.Compiler.Runtime

#nowarn "9" // Vectors at addresses of blocks that this type keeps alive.

/// The vectors of what shards give, added in a balanced tree over the shards' numbers and over ranks. The f64 vector of the first
/// level ends with a slot for each shard, whose numbers are not added, and the flag of cancellation. Gradients are exchanged in
/// buckets of at least `bucketBytes`.
[<Sealed>]
type internal ShardSums(layout: ShardLayout, shards: int, ranks: Ranks, bucketBytes: int64) =
    let own = shards / ranks.Size
    let firstShard = ranks.Rank * own
    let depth = TreeSum.Depth own
    let buckets = Bucket.ofLayout bucketBytes layout

    /// Exchanges buckets while they are computed, where there are several.
    let exchanging: BucketExchange | null =
        if ranks.Size > 1 && buckets.Length > 1 then
            BucketExchange buckets.Length
        else
            null

    /// The level of the tree's vectors into which this rank's last shard writes.
    let lastLevel =
        let rec level terms = if terms <= 1 then 0 else 1 + level (terms - TreeSum.Half terms)
        level own

    /// Whether this rank's last shard is being computed: its buckets are exchanged meanwhile.
    let mutable isLast = false

    let block bytes =
        let block = Block("training", "the sums over shards", bytes)
        NativeMemory.Clear(block.Address.ToPointer(), unativeint bytes)
        block

    /// The vectors that wait to be added, one for each level of the tree.
    let singles = Array.init depth (fun _ -> block (4L * layout.Singles))
    let mutable doubles: Block[] = [||]
    /// The numbers of a shard's slot.
    let mutable slotSize = 0

    /// The most numbers of one call of `Ranks.Sum`.
    let mostExchanged = 1L <<< 26

    let at (block: Block) size (place: int64) = block.Address + nativeint (size * place)
    let slot s = at doubles[0] 8L (layout.Doubles + int64 s * int64 slotSize)
    let last () = layout.Doubles + int64 shards * int64 slotSize + 1L
    let addTask = VectorSum()

    /// The sum over `terms` shards from s on, in the vector of a level.
    let rec sum (run: Action<int, int>) level s terms : unit =
        if terms = 1 then
            isLast <- s = firstShard + own - 1
            run.Invoke(level, s)
        else
            let half = TreeSum.Half terms
            sum run level s half
            sum run (level + 1) (s + half) (terms - half)

            // Where the last shard is among them, the sum is made for each bucket before it is exchanged.
            if isNull exchanging || s + terms < firstShard + own then
                addTask.Add(false, singles[level].Address, singles[level + 1].Address, layout.Singles)

            addTask.Add(true, doubles[level].Address, doubles[level + 1].Address, layout.Doubles)

    /// Replaces `count` f32 numbers from `first` on by their sums over all ranks.
    let exchangeSingles (first: int64) (count: int64) =
        let mutable first, left = first, count

        while left > 0L do
            let part = int (min mostExchanged left)
            ranks.Sum(Span<float32>((at singles[0] 4L first).ToPointer(), part))
            first <- first + int64 part
            left <- left - int64 part

    let exchangeDoubles () =
        let mutable first, left = 0L, last ()

        while left > 0L do
            let part = int (min mostExchanged left)
            ranks.Sum(Span<float>((at doubles[0] 8L first).ToPointer(), part))
            first <- first + int64 part
            left <- left - int64 part

    /// Adds this rank's last shards to those before, in the order of the tree, and exchanges the sum.
    let exchangeBucket (number: int) =
        let bucket = buckets[number]

        for level in lastLevel - 1 .. -1 .. 0 do
            let mutable first = 0L

            while first < bucket.Count do
                let part = int (min mostExchanged (bucket.Count - first))
                let place = bucket.First + first
                TreeSum.AddAt(false, at singles[level] 4L place, at singles[level + 1] 4L place, part)
                first <- first + int64 part

        exchangeSingles bucket.First bucket.Count

    // Made once: each use of a method as a function is a new object.
    let exchangeOne: int -> unit = exchangeBucket

    /// Completes what this rank tells the others beside its sums.
    let report asksForEnd =
        // −0 becomes 0, as where zeros of other ranks are added to it.
        let reported = NativePtr.ofNativeInt<float>(slot firstShard)

        for i in 0 .. own * slotSize - 1 do
            NativePtr.set reported i (NativePtr.get reported i + 0.0)

        Marshal.WriteInt64(slot shards, BitConverter.DoubleToInt64Bits(if asksForEnd then 1.0 else 0.0))

    let sumWhileComputing (exchanging: BucketExchange) run asksForEnd =
        exchanging.Begin exchangeOne

        try
            sum run 0 firstShard own
        with _ ->
            exchanging.Abandon()
            reraise ()

        for bucket in 0 .. buckets.Length - 1 do
            exchanging.Ready bucket

        report asksForEnd
        exchanging.Finish()

    let sumThenExchange run asksForEnd =
        sum run 0 firstShard own
        report asksForEnd

        if ranks.Size > 1 then
            exchangeSingles 0L layout.Singles

    /// The buckets in which gradients are exchanged.
    member _.Buckets = buckets

    /// Makes the f64 vectors, once the numbers of a shard's slot are known.
    member _.Prepare(numbers: int) : unit =
        slotSize <- numbers

        doubles <-
            Array.init depth (fun level -> block (8L * (if level = 0 then last () else layout.Doubles)))

    /// Where the summed value of a number lies in the vectors of a level.
    member _.Place(level: int, number: int) : nativeint =
        let struct (isDouble, place) = layout.Places[number]
        if isDouble then at doubles[level] 8L place else at singles[level] 4L place

    /// Where the numbers of shard s by itself begin.
    member _.Slot(s: int) : nativeint = slot s

    /// Writes zeros for a shard without rows.
    member _.Clear(level: int, s: int) : unit =
        NativeMemory.Clear(singles[level].Address.ToPointer(), unativeint (4L * layout.Singles))
        NativeMemory.Clear(doubles[level].Address.ToPointer(), unativeint (8L * layout.Doubles))
        NativeMemory.Clear((slot s).ToPointer(), unativeint (8 * slotSize))

    /// Says that a step of a shard's plan was the last one that touches these buckets.
    member _.Computed(ready: int[]) : unit =
        match exchanging with
        | NonNull exchanging when isLast ->
            for bucket in ready do
                exchanging.Ready bucket
        | _ -> ()

    /// Whether `Computed` is asked for.
    member _.Exchanges = not (isNull exchanging)

    /// The sum over this rank's shards, each computed by `run level shard`, and over all ranks; whether this rank asks for the end.
    member _.Sum(run: Action<int, int>, asksForEnd: bool) : unit =
        // The slots of other ranks' shards are zero, so that their sum over ranks is what the owner wrote.
        if ranks.Size > 1 then
            NativeMemory.Clear((slot 0).ToPointer(), unativeint (8L * (last () - layout.Doubles)))

        match exchanging with
        | null -> sumThenExchange run asksForEnd
        | exchanging -> sumWhileComputing exchanging run asksForEnd

        if ranks.Size > 1 then
            exchangeDoubles ()

        // Plans hold addresses, which do not keep the memory alive.
        GC.KeepAlive singles
        GC.KeepAlive doubles

    /// Whether a rank asked for the end in the last step.
    member _.IsEndAsked = Marshal.ReadInt64(slot shards) <> 0L
