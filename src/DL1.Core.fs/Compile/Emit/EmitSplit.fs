namespace DL1.Compiler.Emit

open System.Reflection.Emit
open DL1.Compiler.FusedLoop

/// Emits the code by which threads share an item stage by stage, in loops with reductions: see `SplitReduction`.
[<Sealed>]
type internal EmitSplit(staged: StagedLoop, il: VectorIL, inner: EmitBlock) =
    let loop = staged.Loop
    let reductions = staged.Stages |> Array.collect _.Reductions
    let hasReductions = reductions.Length > 0
    // `only` is the index of the only stage that the call runs (`SplitReduction.Stage`), −1 if it runs all.
    let only, known, totals = il.NewNative(), il.NewNative(), il.NewNative()

    let onlyIs (n: int) (target: Label) =
        il.Push only
        il.Constant n
        il.Branch(OpCodes.Beq, target)

    /// Pushes the address of vector `copy` of reduction `number`, at the current column, in the memory at `from`.
    let address (from: LocalBuilder) number copy =
        il.Push from
        il.Add(64 * number + copy * il.Methods.Bytes)

        if not loop.Across then
            il.Along(inner.Column, il.Methods.Size)

    /// Calls `emit` for each vector of a stage's reductions: with the reduction's index in the stage, its step, and the
    /// vector's number.
    let each (stage: Stage) copies emit =
        stage.Reductions
        |> Array.iteri (fun i struct (reduction, _, _) ->
            for copy in 0 .. (if loop.Across then 1 else copies) - 1 do
                emit i reduction copy)

    /// Emits code that reads the fields of the `SplitReduction`, if the call has one, into locals.
    member _.Prologue() =
        if hasReductions then
            let whole, ready = il.Label(), il.Label()
            il.Argument 3
            il.Branch(OpCodes.Brfalse, whole)

            [ only; known; totals ]
            |> List.iteri (fun i local ->
                il.Argument 3
                il.Read(i, local))

            il.Branch(OpCodes.Br, ready)
            il.Mark whole
            il.Set(only, -1)
            il.Mark ready

    /// Emits stores of loop-invariant results. They run if the call runs all stages, or if it asks for these stores alone.
    member _.Invariants(body: unit -> unit) =
        if hasReductions then
            let store, over = il.Label(), il.Label()
            onlyIs -1 store
            onlyIs staged.Stages.Length store
            il.Branch(OpCodes.Br, over)
            il.Mark store
            body ()
            il.Mark over
        else
            body ()

    /// Emits a stage. A call for a later one loads the results of this stage's reductions from `known`; others do its
    /// work. A call for this one alone then stores the results to `totals` and branches to `out`.
    member _.Stage(number: int, copies: int, out: Label, work: unit -> unit) =
        if hasReductions then
            let stage = staged.Stages[number]
            let run, over = il.Label(), il.Label()
            let before = staged.Stages[.. number - 1] |> Array.sumBy _.Reductions.Length
            onlyIs -1 run
            onlyIs number run

            each stage copies (fun i reduction copy ->
                address known (before + i) copy
                il.Generic staged.Kinds[reduction] "Load"
                il.Pop(inner.Value(reduction, copy)))

            il.Branch(OpCodes.Br, over)
            il.Mark run
            work ()
            onlyIs -1 over

            each stage copies (fun i reduction copy ->
                il.Push(inner.Value(reduction, copy))
                address totals i copy
                il.Generic staged.Kinds[reduction] "Store")

            il.Branch(OpCodes.Br, out)
            il.Mark over
        else
            work ()
