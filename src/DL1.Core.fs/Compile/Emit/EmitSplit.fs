namespace DL1.Compiler.Emit

open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop

/// Emits what lets threads share an item stage by stage, as IL: see `SplitReduction`. A loop without reductions is
/// never split.
[<Sealed>]
type internal EmitSplit(plan: StagedLoop, methods: VectorMethods, il: ILGenerator, inner: EmitBlock) =
    let pass = plan.Pass
    let folds = plan.Phases |> Array.collect _.Folds
    let hasFolds = folds.Length > 0
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
    let place (from: LocalBuilder) number copy () =
        ldloc from
        constant (64 * number + copy * methods.Bytes)
        il.Emit OpCodes.Add

        if not pass.Across then
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
    let each (phase: Stage) copies emit =
        phase.Folds
        |> Array.iteri (fun i struct (fold, _, _) ->
            for copy in 0 .. (if pass.Across then 1 else copies) - 1 do
                emit i fold copy)

    /// Reads the `SplitReduction`, if there is one, into locals.
    member _.Prologue() =
        if hasFolds then
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
    member _.Still(body: unit -> unit) =
        if hasFolds then
            let store, over = il.DefineLabel(), il.DefineLabel()
            onlyIs -1 store
            onlyIs plan.Phases.Length store
            il.Emit(OpCodes.Br, over)
            il.MarkLabel store
            body ()
            il.MarkLabel over
        else
            body ()

    /// Emits a stage: its work where it is to be run, else loads of its reductions' results from `known`. After the
    /// only stage to be run, its results go to `totals`, and control to `out`.
    member _.Phase(number: int, copies: int, out: Label, work: unit -> unit) =
        if hasFolds then
            let phase = plan.Phases[number]
            let turn, over = il.DefineLabel(), il.DefineLabel()
            let before = plan.Phases[.. number - 1] |> Array.sumBy _.Folds.Length
            onlyIs -1 turn
            onlyIs number turn

            each phase copies (fun i fold copy ->
                load plan.Kinds[fold] (place known (before + i) copy)
                stloc (inner.Value(fold, copy)))

            il.Emit(OpCodes.Br, over)
            il.MarkLabel turn
            work ()
            onlyIs -1 over

            each phase copies (fun i fold copy ->
                store plan.Kinds[fold] (inner.Value(fold, copy)) (place totals i copy))

            il.Emit(OpCodes.Br, out)
            il.MarkLabel over
        else
            work ()
