namespace DL1.Compiler.Emit

open System.Collections.Generic
open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop

/// Emits pairwise sums as IL: see `PairwiseSum`. `total` gives the local of a reduction's accumulator, which holds the
/// current leaf block, for one of its vectors.
[<Sealed>]
type internal EmitPairwiseSum
    (
        plan: StagedLoop,
        methods: VectorMethods,
        il: ILGenerator,
        steps: EmitSteps,
        total: int -> int -> LocalBuilder
    ) =
    let native () = il.DeclareLocal typeof<nativeint>
    let since, pieces = native (), native ()
    let sums = Dictionary<struct (int * int * int), LocalBuilder>()
    let ldloc (local: LocalBuilder) = il.Emit(OpCodes.Ldloc, local)
    let stloc (local: LocalBuilder) = il.Emit(OpCodes.Stloc, local)

    let constant (n: int) =
        il.Emit(OpCodes.Ldc_I4, n)
        il.Emit OpCodes.Conv_I

    /// The local of a level above the leaf block: 1 is the sum of leaf blocks, 2 the sum of those sums.
    let above level fold copy =
        let key = struct (level, fold, copy)

        match sums.TryGetValue key with
        | true, local -> local
        | false, _ ->
            let local = il.DeclareLocal(methods.Vector plan.Kinds[fold])
            sums[key] <- local
            local

    let zero local =
        steps.Number 0.0
        stloc local

    let add (into: LocalBuilder) (from: LocalBuilder) =
        steps.Binary(BinaryOp.Add, LaneKind.Float, (fun () -> ldloc into), (fun () -> ldloc from))
        stloc into

    let each (phase: Stage) copies emit =
        for fold in phase.Sums do
            for copy in 0 .. copies - 1 do
                emit fold copy

    /// Emits `body`, to be run only where `number` is at least `least`.
    let unlessBelow (number: LocalBuilder) (least: int) body =
        let below = il.DefineLabel()
        ldloc number
        constant least
        il.Emit(OpCodes.Blt, below)
        body ()
        il.MarkLabel below

    let hasSums (phase: Stage) = phase.Sums.Length > 0

    /// Before a stage: sets the sums of both levels and the counters to 0.
    member _.Start(phase, copies) =
        if hasSums phase then
            each phase copies (fun fold copy ->
                zero (above 1 fold copy)
                zero (above 2 fold copy))

            for counter in [ since; pieces ] do
                constant 0
                stloc counter

    /// Ends the leaf block if it is long enough: `length` is 1 where segments are counted, and the columns of a block
    /// where columns are.
    member _.Next(phase, copies, length: int) =
        if hasSums phase then
            unlessBelow since (PairwiseSum.length * length) (fun () ->
                each phase copies (fun fold copy ->
                    add (above 1 fold copy) (total fold copy)
                    zero (total fold copy))

                constant 0
                stloc since
                ldloc pieces
                constant 1
                il.Emit OpCodes.Add
                stloc pieces
                let other = il.DefineLabel()
                ldloc pieces
                constant (PairwiseSum.length - 1)
                il.Emit OpCodes.And
                il.Emit(OpCodes.Brtrue, other)

                each phase copies (fun fold copy ->
                    add (above 2 fold copy) (above 1 fold copy)
                    zero (above 1 fold copy))

                il.MarkLabel other)

    /// Counts segments or columns that are added to the leaf block; `by` pushes their number.
    member _.Count(phase, by: unit -> unit) =
        if hasSums phase then
            ldloc since
            by ()
            il.Emit OpCodes.Add
            stloc since

    /// After a stage: adds the sums of all levels to the accumulator.
    member _.Finish(phase, copies) =
        if hasSums phase then
            unlessBelow pieces 1 (fun () ->
                each phase copies (fun fold copy ->
                    add (above 1 fold copy) (total fold copy)
                    add (above 2 fold copy) (above 1 fold copy)
                    ldloc (above 2 fold copy)
                    stloc (total fold copy)))
