namespace DL1.Compiler.Emit

open System
open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Emits the loops of a fused loop as IL. The whole vectors of a row go through one loop, and its end, in partial
/// vectors, through another.
[<Sealed>]
type private LoopEmitter(plan: StagedLoop, methods: VectorMethods, il: ILGenerator) =
    let pass = plan.Pass
    let inner = EmitBlock(plan, methods, il)
    let shares = EmitSplit(plan, methods, il, inner)
    let firsts, rows, column, rest = inner.Firsts, inner.Rows, inner.Column, inner.Rest
    let native () = il.DeclareLocal typeof<nativeint>
    let strides = pass.Operands |> Array.map (fun _ -> native ())
    let finish = native ()
    let left = native ()
    let limit = native ()
    let block = methods.Lanes * methods.Vectors
    let ldloc (local: LocalBuilder) = il.Emit(OpCodes.Ldloc, local)
    let stloc (local: LocalBuilder) = il.Emit(OpCodes.Stloc, local)
    let segments () = il.Emit OpCodes.Ldarg_1
    let columns () = il.Emit OpCodes.Ldarg_2

    let constant (n: int) =
        il.Emit(OpCodes.Ldc_I4, n)
        il.Emit OpCodes.Conv_I

    let advance (local: LocalBuilder) (by: unit -> unit) =
        ldloc local
        by ()
        il.Emit OpCodes.Add
        stloc local

    /// Emits a while loop: the body runs as long as `test`, which gets the label of the body, branches there.
    let loop (test: Label -> unit) body =
        let top, check = il.DefineLabel(), il.DefineLabel()
        il.Emit(OpCodes.Br, check)
        il.MarkLabel top
        body ()
        il.MarkLabel check
        test top

    /// How many vectors each trip of the column loop handles: all of a block in light stages with reductions, whose
    /// additions would otherwise wait for one another; else one.
    let sideBySide (phase: Stage) =
        if phase.Folds.Length > 0 && Stages.isLight pass phase then
            methods.Vectors
        else
            1

    /// Moves the column on by some vectors.
    let forward copies = advance column (fun () -> constant (copies * methods.Lanes))

    /// Sets `rest` to the number of lanes left in the row, at most a vector's.
    let measureRest () =
        columns ()
        ldloc column
        il.Emit OpCodes.Sub
        constant methods.Lanes
        il.Emit(OpCodes.Call, methods.Of(typeof<Math>, "Min", [| typeof<nativeint>; typeof<nativeint> |]))
        il.Emit OpCodes.Conv_I4
        stloc rest

    /// Emits the loop over the whole vectors of a row, `copies` at a time, as far as they end before the column
    /// `until`.
    let vectors (phase: Stage) copies (until: unit -> unit) =
        loop
            (fun top ->
                ldloc column
                until ()
                constant (copies * methods.Lanes)
                il.Emit OpCodes.Sub
                il.Emit(OpCodes.Ble, top))
            (fun () ->
                inner.Fetch phase
                inner.Work(phase, false, copies)

                if copies < methods.Vectors then
                    inner.Rotate phase

                forward copies)

    /// Emits the loop over the whole vectors of a row, leaf block by leaf block.
    let pieces (phase: Stage) copies =
        let again = il.DefineLabel()
        il.MarkLabel again
        inner.Pieces.Next(phase, methods.Vectors, block)
        // The leaf block ends with the row, or `PairwiseSum.length` blocks from here.
        columns ()
        ldloc column
        constant (PairwiseSum.length * block)
        il.Emit OpCodes.Add
        il.Emit(OpCodes.Call, methods.Of(typeof<Math>, "Min", [| typeof<nativeint>; typeof<nativeint> |]))
        stloc limit

        inner.Pieces.Count(
            phase,
            fun () ->
                ldloc limit
                ldloc column
                il.Emit OpCodes.Sub
        )

        vectors phase copies (fun () -> ldloc limit)
        ldloc limit
        columns ()
        il.Emit(OpCodes.Blt, again)

    /// Emits the columns of one segment, where reductions go across.
    let line (phase: Stage) =
        let copies = sideBySide phase
        constant 0
        stloc column

        if phase.Sums.Length > 0 then
            pieces phase copies
        else
            vectors phase copies columns

        let over = il.DefineLabel()

        if phase.Folds.Length = 0 then
            ldloc column
            columns ()
            il.Emit(OpCodes.Bge, over)
            measureRest ()
            inner.Work(phase, true, 1)
        else
            // Goes on to the end of the last block, so that every accumulator returns to its own local.
            loop
                (fun top ->
                    ldloc column
                    ldloc finish
                    il.Emit(OpCodes.Blt, top))
                (fun () ->
                    let beyond = il.DefineLabel()
                    ldloc column
                    columns ()
                    il.Emit(OpCodes.Bge, beyond)
                    measureRest ()
                    inner.Work(phase, true, 1)
                    il.MarkLabel beyond
                    inner.Rotate phase
                    forward 1)

        il.MarkLabel over

    /// Emits a stage without its loop-invariant steps: over whole rows where the loop is `Across`, else over the
    /// columns of `copies` vectors or of a partial one.
    let work (phase: Stage) partial copies =
        let totals = if pass.Across then methods.Vectors else copies

        for struct (fold, op, x) in phase.Folds do
            for copy in 0 .. totals - 1 do
                inner.Start(op, x, inner.Total(fold, copy))

        inner.Pieces.Start(phase, totals)

        if phase.Loops then
            let moving = Stages.moving pass phase

            for operand in moving do
                ldloc firsts[operand]
                stloc rows[operand]

            segments ()
            stloc left

            loop
                (fun top ->
                    ldloc left
                    constant 0
                    il.Emit(OpCodes.Bgt, top))
                (fun () ->
                    for step in phase.Segment do
                        inner.Compute(rows, false, step, 1)

                    for struct (step, operand) in phase.SegmentStores do
                        inner.Store(rows, false, step, operand, 1)

                    if not pass.Across then
                        inner.Pieces.Next(phase, totals, 1)
                        inner.Pieces.Count(phase, (fun () -> constant 1))
                        inner.Work(phase, partial, copies)
                    elif phase.Block.Length + phase.BlockStores.Length + phase.Folds.Length > 0 then
                        line phase

                    for operand in moving do
                        if not pass.Operands[operand].Still then
                            advance rows[operand] (fun () -> ldloc strides[operand])

                    advance left (fun () -> constant -1))

        inner.Pieces.Finish(phase, totals)

        if pass.Across then
            for struct (fold, op, x) in phase.Folds do
                inner.Join(fold, op, x)

    /// Emits all stages, and the test for the one that is asked for.
    let phases partial copies =
        let out = il.DefineLabel()

        plan.Phases
        |> Array.iteri (fun number phase ->
            for step in phase.Still do
                inner.Compute(firsts, partial, step, copies)

            if phase.StillStores.Length > 0 then
                shares.Still(fun () ->
                    for struct (step, operand) in phase.StillStores do
                        inner.Store(firsts, partial, step, operand, (if pass.Across then 1 else copies)))

            shares.Phase(number, copies, out, (fun () -> work phase partial copies)))

        il.MarkLabel out

    /// Reads the operands' addresses and segment strides into locals.
    let prologue () =
        pass.Operands
        |> Array.iteri (fun i operand ->
            let pair n local =
                il.Emit OpCodes.Ldarg_0
                constant ((2 * i + n) * sizeof<nativeint>)
                il.Emit OpCodes.Add
                il.Emit OpCodes.Ldind_I
                stloc local

            pair 0 firsts[i]

            if not operand.Still then
                pair 1 strides[i])

    /// Emits the whole body.
    member _.Emit() =
        prologue ()
        shares.Prologue()

        if pass.Across then
            // The columns rounded up to whole blocks.
            columns ()
            constant (block - 1)
            il.Emit OpCodes.Add
            constant -block
            il.Emit OpCodes.And
            stloc finish
            phases false 1
        else
            let parts = il.DefineLabel()
            constant 0
            stloc column
            let together = plan.Phases |> Array.forall (fun p -> not p.Loops || Stages.isLight pass p)

            if together then
                columns ()
                constant block
                il.Emit(OpCodes.Bne_Un, parts)
                phases false methods.Vectors
                il.Emit OpCodes.Ret

            il.MarkLabel parts

            loop
                (fun top ->
                    ldloc column
                    columns ()
                    il.Emit(OpCodes.Blt, top))
                (fun () ->
                    measureRest ()
                    phases true 1
                    forward 1)

        il.Emit OpCodes.Ret

/// Compiles fused loops to vector code of one width.
[<RequireQualifiedAccess>]
module internal EmitLoop =
    /// A staged loop as a body of emitted code.
    let body width (plan: StagedLoop) : LoopBody =
        let m =
            DynamicMethod(
                "dl1.pass",
                typeof<Void>,
                Array.create 4 typeof<nativeint>,
                typeof<FusedLoop>.Module,
                true
            )

        let methods = VectorMethods.Get(width, plan.Pass.Type = DType.F32)
        LoopEmitter(plan, methods, m.GetILGenerator()).Emit()
        m.CreateDelegate<LoopBody>()
