namespace DL1

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open Microsoft.FSharp.NativeInterop
open DL1.Compiler.Execution
open DL1.Compiler.Runtime

#nowarn "9" // Vectors at addresses of blocks that this type keeps alive.

/// Training in place over shards of each batch, on one rank or several. Each shard reads the state before the step; what shards
/// give is added in a balanced tree over their numbers (`ShardSums`), and the update is made once on each rank. Steps allocate nothing.
[<Sealed>]
type internal ShardedTrainer
    (
        learner: Learner,
        start: TrainState,
        watches: bool,
        tells: (int -> Tree<Expr> -> Tree<Expr> -> Expr list) option,
        rates: string list,
        scale: (Expr -> Schedule -> Schedule) option,
        shards: int,
        ranks: Ranks,
        bucketBytes: int64
    ) =
    let own = shards / ranks.Size
    let firstShard = ranks.Rank * own
    let trained = Tree.filter learner.Trains start.Parameters
    let summed = ShardGraphs.summed learner start
    let layout = ShardGraphs.layout summed
    let counters = Tree.values (ShardGraphs.counted start) |> List.map _.Size
    let plans = List<ShardPlan>()
    let readCount = start.Parameters.Count + start.State.Count
    let sums = ShardSums(layout, shards, ranks, bucketBytes)

    let block bytes =
        let block = Block("training", "a number of each step", bytes)
        NativeMemory.Clear(block.Address.ToPointer(), unativeint bytes)
        block

    let keyBlock = block 8L
    let rowsBlock = block 8L
    let mutable key = start.Key
    let mutable steps = start.Steps
    let mutable session: Session voption = ValueNone
    let mutable variables: Tree<Variable> = Tree.empty
    let mutable factorIndex = -1
    let mutable addresses: nativeint[] = [||]
    /// What each shard reports by itself: numbers of a shard, and where those of the first begin.
    let mutable ownSize = 0
    let mutable lastWhole = 0
    let mutable isCancelled = false
    let mutable factor = 1.0

    let startOf (shard: int) (whole: int) =
        int ((int64 shard * int64 whole + int64 shards - 1L) / int64 shards)

    let planFor (batch: Dataset) (count: int) : ShardPlan =
        let mutable found = -1

        for i in 0 .. plans.Count - 1 do
            if found < 0 && plans[i].Fits(batch, count) then
                found <- i

        if found >= 0 then
            plans[found]
        else
            let made = ShardPlan(ShardGraphs.shard learner tells start count batch, batch, count)

            if plans.Count > 0 && plans[0].Sizes <> made.Sizes then
                Refuse.domain
                    "training"
                    "values of the loss whose sizes change with the rows of a shard"
                    "sums over rows of one size"
                    "make all batches of one shape"

            plans.Add made

            if sums.Exchanges then
                let ready = made.ReadyAfter sums.Buckets
                made.Plan.Watch(fun step -> sums.Computed ready[step])

            made

    /// Makes the session of the update, and the memory that depends on what shards report.
    let prepare (batch: Dataset) (whole: int) : Session =
        match session with
        | ValueSome session -> session
        | ValueNone ->
            Learner.requireTrained learner start.Parameters
            let plan = planFor batch (max 1 (startOf 1 whole))
            ownSize <- Array.sum plan.Sizes
            sums.Prepare ownSize

            let struct (first, state, next, inputs, outputs) =
                ShardGraphs.update learner watches (not rates.IsEmpty) scale plan.Graph.IsSum start

            let made =
                Session.Of(
                    List.zip (Tree.values state) (Tree.values first),
                    Tree.values next,
                    inputs,
                    outputs
                )

            variables <- state
            factorIndex <- Tree.paths state |> List.tryFindIndex ((=) Step.factor) |> Option.defaultValue -1
            let countersAt = ownSize - List.sum counters

            addresses <-
                [|
                    for i in 0 .. layout.Places.Length - 1 do
                        sums.Place(0, i)

                    for before in List.scan (+) countersAt counters |> List.take counters.Length do
                        sums.Slot 0 + nativeint (8 * before)

                    rowsBlock.Address
                |]

            session <- ValueSome made
            made

    let setFactor (session: Session) =
        if factorIndex >= 0 then
            Memory.write (Tensor.scalar factor) (session.AddressOf factorIndex)

    /// Runs shard s on rows of a batch, and leaves its numbers in the vector of a level.
    let runShard (session: Session) (layerKey: Key) level s (batch: Dataset) (firstRow: int) (count: int) =
        if count = 0 then
            sums.Clear(level, s)
        else
            let shard = planFor batch count
            let plan = shard.Plan
            let struct (word0, word1) = (layerKey.Fold s).Words
            Marshal.WriteInt32(keyBlock.Address, int word0)
            Marshal.WriteInt32(keyBlock.Address, 4, int word1)

            for i in 0 .. readCount - 1 do
                plan.Read(i, session.AddressOf i)

            plan.Read(readCount, keyBlock.Address)

            try
                let mutable input = readCount + 1

                let leaves = batch.NamedInputs.Leaves

                for i in 0 .. leaves.Length - 1 do
                    let (_, t) = leaves[i]
                    let width = t.Size / batch.Count
                    plan.Give(input, t, firstRow * width, count * width)
                    input <- input + 1

                let leaves = batch.NamedTargets.Leaves

                for i in 0 .. leaves.Length - 1 do
                    let (_, t) = leaves[i]
                    let width = t.Size / batch.Count
                    plan.Give(input, t, firstRow * width, count * width)
                    input <- input + 1

                for i in 0 .. layout.Places.Length - 1 do
                    plan.Write(i, sums.Place(level, i))

                let mutable address = sums.Slot s

                for i in 0 .. shard.Sizes.Length - 1 do
                    plan.Write(layout.Places.Length + i, address)
                    address <- address + nativeint (8 * shard.Sizes[i])

                plan.Run()
            finally
                plan.Release()

    /// What the shards of the current step read.
    let mutable current: struct (Session * Key * Dataset * int * int) voption = ValueNone

    // Made once: each use of a method as a function is a new object.
    let runOne =
        Action<int, int>(fun level s ->
            match current with
            | ValueSome(struct (session, layerKey, batch, before, whole)) ->
                let first = startOf s whole
                runShard session layerKey level s batch (first - before) (startOf (s + 1) whole - first)
            | ValueNone -> ())

    /// A step on a part of a batch of `whole` rows: those from row `before` on.
    let step (batch: Dataset) (before: int) (whole: int) (cancels: bool) : float =
        let session = prepare batch whole
        let layerKey = key.Fold 1

        current <- ValueSome(struct (session, layerKey, batch, before, whole))
        sums.Sum(runOne, cancels)
        current <- ValueNone
        isCancelled <- sums.IsEndAsked
        Marshal.WriteInt64(rowsBlock.Address, BitConverter.DoubleToInt64Bits(float whole))
        session.StepAt addresses
        key <- key.Fold 0
        steps <- steps + 1L
        lastWhole <- whole

        // Plans hold addresses, which do not keep the memory alive.
        GC.KeepAlive keyBlock
        GC.KeepAlive rowsBlock
        session.Scalar 0

    do
        if not (TreeSum.Divides(shards, ranks.Size)) then
            Refuse.domain
                "Shards"
                $"%d{ranks.Size} ranks for %d{shards} shards"
                "as many ranks as shards, or a power of two that divides their number"
                "choose a number of shards that is a multiple of the ranks: 8 goes with 1, 2, 4 and 8 ranks"

    /// For each step of the first shard's plan, the buckets of gradients that are ready after it.
    member _.ReadyAfter: int[][] = plans[0].ReadyAfter sums.Buckets

    /// The bytes of the intermediate values of the largest shard's graph.
    member _.ShardBytes = Seq.max (plans |> Seq.map _.Plan.Bytes)

    /// Makes a step on a whole batch, of which each rank takes its shards.
    member _.Step(batch: Dataset) : float = step batch 0 batch.Count false

    /// The rows of this rank in a batch of `whole` rows: the first, and behind the last.
    member _.Own(whole: int) : struct (int * int) =
        struct (startOf firstShard whole, startOf (firstShard + own) whole)

    /// Makes a step on this rank's rows of a batch; whether this rank asks for the end.
    member _.StepPart(part: Dataset, whole: int, cancels: bool) : float =
        step part (startOf firstShard whole) whole cancels

    /// Whether a rank asked for the end in the last step.
    member _.IsCancelled = isCancelled

    /// The digest of the graphs for batches like this one.
    member _.Digest(batch: Dataset, whole: int) : Digest =
        prepare batch whole |> ignore
        let mixer = Digest.Mixer()
        let graph = (planFor batch (max 1 (startOf 1 whole))).Graph

        let struct (_, _, next, inputs, outputs) =
            ShardGraphs.update learner watches (not rates.IsEmpty) scale graph.IsSum start

        for e in graph.Sums @ graph.Told @ graph.Counters @ Tree.values next @ outputs do
            mixer.Add e.Digest

        for v in graph.Inputs @ inputs do
            mixer.Add (Expr.ofVariable v).Digest

        mixer.Finish()

    /// What was asked of each shard of the last step beside the loss, with its rows; shards without rows are left out.
    member _.Told: struct (int * Tensor list) list =
        let graph = plans[0].Graph

        [
            for s in 0 .. shards - 1 do
                let rows = startOf (s + 1) lastWhole - startOf s lastWhole

                if rows > 0 then
                    let values, _ =
                        graph.Told
                        |> List.mapFold
                            (fun (address: nativeint) e ->
                                Memory.read DType.F64 e.Shape address, address + nativeint (8 * e.Shape.Size))
                            (sums.Slot s)

                    struct (rows, values)
        ]

    /// The penalty of the last step; 0 where there is none.
    member _.Penalty: float =
        match session, learner.Penalty with
        | ValueSome session, Some _ -> session.Scalar(1 + (if watches then trained.Count else 0))
        | _ -> 0.0

    member _.Rates: Tree<float> =
        match session with
        | ValueNone -> Tree.empty
        | ValueSome session ->
            let first = session.Outputs - rates.Length
            Tree.ofList (rates |> List.mapi (fun i name -> name, session.Scalar(first + i)))

    member _.Factor
        with get () = factor
        and set (value: float) =
            factor <- value
            ValueOption.iter setFactor session

    member _.GradientNorms: Tree<float> =
        match session with
        | ValueNone -> Tree.map (fun _ -> 0.0) trained
        | ValueSome session -> Tree.ofValues [ for i in 1 .. trained.Count -> session.Scalar i ] trained

    member _.Steps = steps

    member _.State: TrainState =
        match session with
        | ValueNone -> start
        | ValueSome session ->
            let tree = Tree.ofValues session.State variables
            Step.ofTree steps (Tree.append tree (Tree.ofList [ Step.key, Key.toTensor key ]))
