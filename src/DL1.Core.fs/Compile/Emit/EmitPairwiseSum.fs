namespace DL1.Compiler.Emit

open System.Collections.Generic
open System.Reflection.Emit
open DL1
open DL1.Compiler
open DL1.Compiler.FusedLoop

/// Emits pairwise sums as IL: see `PairwiseSum`. `total` gives the local of a reduction's accumulator, which holds the
/// current leaf block, for one of its vectors.
[<Sealed>]
type internal EmitPairwiseSum
    (
        staged: StagedLoop,
        methods: VectorMethods,
        il: ILGenerator,
        steps: EmitSteps,
        total: int -> int -> LocalBuilder
    ) =
    let native () = il.DeclareLocal typeof<nativeint>
    let since, leafBlocks = native (), native ()
    let sums = Dictionary<struct (int * int * int), LocalBuilder>()
    let ldloc (local: LocalBuilder) = il.Emit(OpCodes.Ldloc, local)
    let stloc (local: LocalBuilder) = il.Emit(OpCodes.Stloc, local)

    let constant (n: int) =
        il.Emit(OpCodes.Ldc_I4, n)
        il.Emit OpCodes.Conv_I

    /// The local of a level above the leaf block: 1 is the sum of leaf blocks, 2 the sum of those sums.
    let above level reduction copy =
        let key = struct (level, reduction, copy)

        match sums.TryGetValue key with
        | true, local -> local
        | false, _ ->
            let local = il.DeclareLocal(methods.Vector staged.Kinds[reduction])
            sums[key] <- local
            local

    let zero local =
        steps.Number 0.0
        stloc local

    let add (into: LocalBuilder) (from: LocalBuilder) =
        steps.Binary(BinaryOp.Add, LaneKind.Float, (fun () -> ldloc into), (fun () -> ldloc from))
        stloc into

    let each (stage: Stage) copies emit =
        for reduction in stage.Sums do
            for copy in 0 .. copies - 1 do
                emit reduction copy

    /// Emits `body`, to be run only where `number` is at least `least`.
    let unlessBelow (number: LocalBuilder) (least: int) body =
        let below = il.DefineLabel()
        ldloc number
        constant least
        il.Emit(OpCodes.Blt, below)
        body ()
        il.MarkLabel below

    let hasSums (stage: Stage) = stage.Sums.Length > 0

    /// Before a stage: sets the sums of both levels and the counters to 0.
    member _.Start(stage, copies) =
        if hasSums stage then
            each stage copies (fun reduction copy ->
                zero (above 1 reduction copy)
                zero (above 2 reduction copy))

            for counter in [ since; leafBlocks ] do
                constant 0
                stloc counter

    /// Ends the leaf block if it is long enough: `length` is 1 where segments are counted, and the columns of a block
    /// where columns are.
    member _.Next(stage, copies, length: int) =
        if hasSums stage then
            unlessBelow since (Tuning.LeafBlock * length) (fun () ->
                each stage copies (fun reduction copy ->
                    add (above 1 reduction copy) (total reduction copy)
                    zero (total reduction copy))

                constant 0
                stloc since
                ldloc leafBlocks
                constant 1
                il.Emit OpCodes.Add
                stloc leafBlocks
                let other = il.DefineLabel()
                ldloc leafBlocks
                constant (Tuning.LeafBlock - 1)
                il.Emit OpCodes.And
                il.Emit(OpCodes.Brtrue, other)

                each stage copies (fun reduction copy ->
                    add (above 2 reduction copy) (above 1 reduction copy)
                    zero (above 1 reduction copy))

                il.MarkLabel other)

    /// Counts segments or columns that are added to the leaf block; `by` pushes their number.
    member _.Count(stage, by: unit -> unit) =
        if hasSums stage then
            ldloc since
            by ()
            il.Emit OpCodes.Add
            stloc since

    /// After a stage: adds the sums of all levels to the accumulator.
    member _.End(stage, copies) =
        if hasSums stage then
            unlessBelow leafBlocks 1 (fun () ->
                each stage copies (fun reduction copy ->
                    add (above 1 reduction copy) (total reduction copy)
                    add (above 2 reduction copy) (above 1 reduction copy)
                    ldloc (above 2 reduction copy)
                    stloc (total reduction copy)))
