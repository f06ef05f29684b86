namespace DL1.Compiler.Execution

open FSharp.NativeInterop
open DL1
open DL1.Compiler.Conv
open DL1.Compiler.FusedLoop
open DL1.Compiler.Fusion
open DL1.Compiler.Interpret
open DL1.Compiler.Movement
open DL1.Compiler.Planning
open DL1.Compiler.Runtime

#nowarn "9" // Operands are unchecked addresses; the plan guarantees their extents.

/// Runs a fused loop that reduces much data to few results. Threads share its few items stage by stage: each takes a
/// slice of the segments or columns of an item, and the partial results of a stage are then combined in the order of
/// the slices. Slices are cut by size alone, and the compiled code is the same that runs whole items.
[<Sealed>]
type internal SplitReductionKernel(frame: Frame, work: FusedLoopJob) =
    inherit Kernel()

    /// Columns are cut at multiples of this.
    [<Literal>]
    static let Stretch = 2048

    [<Literal>]
    static let MostShares = 64L

    let space = work.Space
    let plan = Stages.plan work.Pass
    let items = LoopItems(frame, work)
    let single = work.Pass.Type = DType.F32
    let folds = plan.Phases |> Array.sumBy _.Folds.Length
    let mostFolds = plan.Phases |> Array.fold (fun most phase -> max most phase.Folds.Length) 0
    let storesStill = plan.Phases |> Array.exists (fun phase -> phase.StillStores.Length > 0)

    /// Whether columns are cut, rather than segments: where an item has few long rows. Not where a stage stores a value
    /// for each segment, which must be written once.
    let cutsColumns =
        space.Across
        && space.Columns > Stretch
        && space.Columns / Stretch >= space.Segments
        && plan.Phases |> Array.forall (fun phase -> phase.SegmentStores.Length = 0)

    let units = if cutsColumns then (space.Columns + Stretch - 1) / Stretch else space.Segments

    let shares =
        work.Work / (int64 work.Items * frame.Grain) |> min MostShares |> min (int64 units) |> max 1L |> int

    let mutable phase = 0
    let mutable known, totals = 0n, 0n
    /// The spill memory of all items.
    let rooms = ConvBuffer(int64 work.Items * int64 items.RoomBytes)
    let mutable part: (int -> unit) | null = null

    let foldsBefore number = plan.Phases |> Seq.truncate number |> Seq.sumBy _.Folds.Length
    let before = Array.init (plan.Phases.Length + 1) foldsBefore
    /// The address of an item's results of finished stages: 64 bytes for each reduction, in the order of the stages.
    let knownOf item = known + nativeint (item * folds * 64)

    /// The address of a slice's partial results in the current stage.
    let totalsOf share item =
        totals + nativeint ((share * work.Items + item) * plan.Phases[phase].Folds.Length * 64)

    /// Whether a fused loop is run by this kernel: it has reductions, fewer than 16 items (`SpillPolicy.fewItems`), and
    /// work for at least 4 tasks and 2 for each item.
    static member Suits(frame: Frame, work: FusedLoopJob) =
        work.Folds
        && work.Items < SpillPolicy.fewItems
        && work.Work >= frame.Grain * max 4L (2L * int64 work.Items)

    /// Runs the current stage over a range of segments and columns of an item, which writes partial results to
    /// `totals`.
    member private _.Do(item, firstSegment, segments, firstColumn, columns, totals) =
        let block = NativePtr.stackalloc<nativeint> items.BlockLength
        let share = NativePtr.stackalloc<SplitReduction> 1

        items.Point(
            block,
            item,
            firstSegment,
            firstColumn,
            rooms.Address + nativeint item * nativeint items.RoomBytes
        )

        if items.Draws && phase < plan.Phases.Length then
            items.Draw(block, item, firstSegment, firstColumn, columns)

        NativePtr.write share { Phase = nativeint phase; Known = knownOf item; Totals = totals }

        work.Body.Invoke(
            NativePtr.toNativeInt block,
            nativeint segments,
            nativeint columns,
            NativePtr.toNativeInt share
        )

    /// Runs task `number`: one slice of one item. Consecutive tasks are the same slice of consecutive items.
    member private this.Part number =
        let share, item = number / work.Items, number % work.Items
        let first = int (int64 units * int64 share / int64 shares)
        let last = int (int64 units * int64 (share + 1) / int64 shares)
        let totals = totalsOf share item

        if cutsColumns then
            let column = first * Stretch
            this.Do(item, 0, space.Segments, column, min space.Columns (last * Stretch) - column, totals)
        else
            this.Do(item, first, last - first, 0, items.ColumnsOf item, totals)

    /// Combines the partial results of all slices in the current stage, in the order of the slices.
    member private _.Gather() =
        let folds = plan.Phases[phase].Folds

        for item in 0 .. work.Items - 1 do
            for i in 0 .. folds.Length - 1 do
                let struct (_, op, x) = folds[i]
                let target = knownOf item + nativeint ((before[phase] + i) * 64)
                LoopMemory.Copy(totalsOf 0 item + nativeint (64 * i), target, 64)

                for share in 1 .. shares - 1 do
                    InterpretReduce.accumulate
                        single
                        plan.Kinds[x]
                        op
                        (totalsOf share item + nativeint (64 * i))
                        target
                        target

    override _.KeptBytes = rooms.Bytes

    override this.Run() =
        items.Find()
        known <- Scratch.Get(ScratchSlot.PartialResults, 64 * work.Items * (folds + shares * mostFolds))
        totals <- known + nativeint (64 * work.Items * folds)

        let body =
            match part with
            | null ->
                let body = fun number -> this.Part number
                part <- body
                body
            | body -> body

        for number in 0 .. plan.Phases.Length - 1 do
            phase <- number

            if plan.Phases[number].Loops then
                WorkerPool.runOn frame.Threads (shares * work.Items) body
                this.Gather()

        phase <- plan.Phases.Length

        if storesStill then
            for item in 0 .. work.Items - 1 do
                this.Do(item, 0, space.Segments, 0, items.ColumnsOf item, 0n)

        rooms.Hold()
