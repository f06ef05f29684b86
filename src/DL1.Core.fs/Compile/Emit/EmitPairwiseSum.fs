namespace DL1.Compiler.Emit

open System.Collections.Generic
open System.Reflection.Emit
open DL1
open DL1.Compiler
open DL1.Compiler.FusedLoop

/// Emits pairwise sums as IL: see `Stages`. `total reduction copy` is the local of a reduction's accumulator, for number
/// `copy` of the vectors side by side; it holds the current leaf block.
[<Sealed>]
type internal EmitPairwiseSum
    (staged: StagedLoop, il: VectorIL, steps: EmitSteps, total: int -> int -> LocalBuilder) =
    let since, leafBlocks = il.NewNative(), il.NewNative()
    let sums = Dictionary<int, LocalBuilder>()

    /// The local of a level above the leaf block: level 1 is the sum of leaf blocks, level 2 the sum of those sums.
    let above level reduction copy =
        let key = (level * staged.Kinds.Length + reduction) * il.Methods.Vectors + copy
        Lookup.orAdd sums key (fun () -> il.NewVector staged.Kinds[reduction])

    let zero local =
        il.Number 0.0
        il.Pop local

    let add (into: LocalBuilder) (from: LocalBuilder) =
        steps.Binary(BinaryOp.Add, LaneKind.Float, (fun () -> il.Push into), (fun () -> il.Push from))
        il.Pop into

    let each (stage: Stage) copies emit =
        for reduction in stage.Sums do
            for copy in 0 .. copies - 1 do
                emit reduction copy

    /// Emits `body`, to be run only where `number` is at least `least`.
    let unlessBelow number least body =
        il.Push number
        il.Constant least
        il.Unless OpCodes.Blt body

    let hasSums (stage: Stage) = stage.Sums.Length > 0

    /// Emits the beginning of a stage: both levels above the leaf block, and the counters, become 0.
    member _.Start(stage, copies) =
        if hasSums stage then
            each stage copies (fun reduction copy ->
                zero (above 1 reduction copy)
                zero (above 2 reduction copy))

            for counter in [ since; leafBlocks ] do
                il.Set(counter, 0)

    /// Ends the leaf block if at least `Tuning.LeafBlock` · `length` segments or columns were counted since it began.
    /// `length` is 1 where segments are counted, and the number of columns of a block where columns are.
    member _.Next(stage, copies, length: int) =
        if hasSums stage then
            unlessBelow since (Tuning.LeafBlock * length) (fun () ->
                each stage copies (fun reduction copy ->
                    add (above 1 reduction copy) (total reduction copy)
                    zero (total reduction copy))

                il.Set(since, 0)
                il.Advance leafBlocks (fun () -> il.Constant 1)
                il.Push leafBlocks
                il.Constant(Tuning.LeafBlock - 1)
                il.Do OpCodes.And

                il.Unless OpCodes.Brtrue (fun () ->
                    each stage copies (fun reduction copy ->
                        add (above 2 reduction copy) (above 1 reduction copy)
                        zero (above 1 reduction copy))))

    /// Counts the segments or columns that are added to the leaf block; `by` pushes their number.
    member _.Count (stage: Stage) (by: unit -> unit) =
        if hasSums stage then
            il.Advance since by

    /// After a stage: adds the sums of all levels to the accumulator.
    member _.End(stage, copies) =
        if hasSums stage then
            unlessBelow leafBlocks 1 (fun () ->
                each stage copies (fun reduction copy ->
                    add (above 1 reduction copy) (total reduction copy)
                    add (above 2 reduction copy) (above 1 reduction copy)
                    il.Move(above 2 reduction copy, total reduction copy)))
