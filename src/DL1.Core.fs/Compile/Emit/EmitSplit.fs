namespace DL1.Compiler.Emit

open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop

/// Emits what lets threads share an item stage by stage, as IL: see `SplitReduction`. A loop without reductions is
/// never split.
[<Sealed>]
type internal EmitSplit(staged: StagedLoop, methods: VectorMethods, il: ILGenerator, inner: EmitBlock) =
    let loop = staged.Loop
    let reductions = staged.Stages |> Array.collect _.Reductions
    let hasReductions = reductions.Length > 0
    let native () = il.DeclareLocal typeof<nativeint>
    // Index of the only stage to be run; −1 for all.
    let only, known, totals = native (), native (), native ()
    let ldloc (local: LocalBuilder) = il.Emit(OpCodes.Ldloc, local)
    let stloc (local: LocalBuilder) = il.Emit(OpCodes.Stloc, local)

    let constant (n: int) =
        il.Emit(OpCodes.Ldc_I4, n)
        il.Emit OpCodes.Conv_I

    let onlyIs (n: int) (target: Label) =
        ldloc only
        constant n
        il.Emit(OpCodes.Beq, target)

    /// Pushes the address of a reduction's lanes from the current column on: reduction `number` of those in memory at
    /// `from`.
    let address (from: LocalBuilder) number copy () =
        ldloc from
        constant (64 * number + copy * methods.Bytes)
        il.Emit OpCodes.Add

        if not loop.Across then
            ldloc inner.Column
            constant methods.Size
            il.Emit OpCodes.Mul
            il.Emit OpCodes.Add

    let load kind at =
        at ()
        il.Emit(OpCodes.Call, methods.Load kind)

    let store kind (value: LocalBuilder) at =
        ldloc value
        at ()
        il.Emit(OpCodes.Call, methods.Store kind)

    /// Calls `emit` for each vector of each reduction of a stage, with the reduction's index in the stage and its
    /// step.
    let each (stage: Stage) copies emit =
        stage.Reductions
        |> Array.iteri (fun i struct (reduction, _, _) ->
            for copy in 0 .. (if loop.Across then 1 else copies) - 1 do
                emit i reduction copy)

    /// Reads the `SplitReduction`, if there is one, into locals.
    member _.Prologue() =
        if hasReductions then
            let whole, ready = il.DefineLabel(), il.DefineLabel()
            il.Emit OpCodes.Ldarg_3
            il.Emit(OpCodes.Brfalse, whole)

            [ only; known; totals ]
            |> List.iteri (fun i local ->
                il.Emit OpCodes.Ldarg_3
                constant (i * sizeof<nativeint>)
                il.Emit OpCodes.Add
                il.Emit OpCodes.Ldind_I
                stloc local)

            il.Emit(OpCodes.Br, ready)
            il.MarkLabel whole
            constant -1
            stloc only
            il.MarkLabel ready

    /// Emits stores of loop-invariant results, done where all stages run, or after all of them.
    member _.Invariants(body: unit -> unit) =
        if hasReductions then
            let store, over = il.DefineLabel(), il.DefineLabel()
            onlyIs -1 store
            onlyIs staged.Stages.Length store
            il.Emit(OpCodes.Br, over)
            il.MarkLabel store
            body ()
            il.MarkLabel over
        else
            body ()

    /// Emits a stage: its work where it is to be run, else loads of its reductions' results from `known`. After the
    /// only stage to be run, its results go to `totals`, and control to `out`.
    member _.Stage(number: int, copies: int, out: Label, work: unit -> unit) =
        if hasReductions then
            let stage = staged.Stages[number]
            let run, over = il.DefineLabel(), il.DefineLabel()
            let before = staged.Stages[.. number - 1] |> Array.sumBy _.Reductions.Length
            onlyIs -1 run
            onlyIs number run

            each stage copies (fun i reduction copy ->
                load staged.Kinds[reduction] (address known (before + i) copy)
                stloc (inner.Value(reduction, copy)))

            il.Emit(OpCodes.Br, over)
            il.MarkLabel run
            work ()
            onlyIs -1 over

            each stage copies (fun i reduction copy ->
                store staged.Kinds[reduction] (inner.Value(reduction, copy)) (address totals i copy))

            il.Emit(OpCodes.Br, out)
            il.MarkLabel over
        else
            work ()
