namespace DL1.Compiler.Emit

open System
open System.Reflection.Emit
open DL1
open DL1.Compiler
open DL1.Compiler.FusedLoop
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Emits the loops of a fused loop as IL. The whole vectors of a row go through one loop, and its end, in partial
/// vectors, through another.
[<Sealed>]
type private LoopEmitter(staged: StagedLoop, methods: VectorMethods, il: ILGenerator) =
    let loop = staged.Loop
    let inner = EmitBlock(staged, methods, il)
    let split = EmitSplit(staged, methods, il, inner)
    let firsts, rows, column, rest = inner.Firsts, inner.Rows, inner.Column, inner.Rest
    let native () = il.DeclareLocal typeof<nativeint>
    let strides = loop.Operands |> Array.map (fun _ -> native ())
    let paddedColumns = native ()
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
    let whileLoop (test: Label -> unit) body =
        let top, check = il.DefineLabel(), il.DefineLabel()
        il.Emit(OpCodes.Br, check)
        il.MarkLabel top
        body ()
        il.MarkLabel check
        test top

    /// How many vectors each trip of the column loop handles: all of a block in light stages with reductions, whose
    /// additions would otherwise wait for one another; else one.
    let sideBySide (stage: Stage) =
        if stage.Reductions.Length > 0 && Stages.isLight loop stage then
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
    let vectors (stage: Stage) copies (until: unit -> unit) =
        whileLoop
            (fun top ->
                ldloc column
                until ()
                constant (copies * methods.Lanes)
                il.Emit OpCodes.Sub
                il.Emit(OpCodes.Ble, top))
            (fun () ->
                inner.Prefetch stage
                inner.Work(stage, false, copies)

                if copies < methods.Vectors then
                    inner.Rotate stage

                forward copies)

    /// Emits the loop over the whole vectors of a row, leaf block by leaf block.
    let leafBlocks (stage: Stage) copies =
        let again = il.DefineLabel()
        il.MarkLabel again
        inner.PairwiseSums.Next(stage, methods.Vectors, block)
        // The leaf block ends with the row, or `Tuning.LeafBlock` blocks from here.
        columns ()
        ldloc column
        constant (Tuning.LeafBlock * block)
        il.Emit OpCodes.Add
        il.Emit(OpCodes.Call, methods.Of(typeof<Math>, "Min", [| typeof<nativeint>; typeof<nativeint> |]))
        stloc limit

        inner.PairwiseSums.Count(
            stage,
            fun () ->
                ldloc limit
                ldloc column
                il.Emit OpCodes.Sub
        )

        vectors stage copies (fun () -> ldloc limit)
        ldloc limit
        columns ()
        il.Emit(OpCodes.Blt, again)

    /// Emits the columns of one segment, where reductions go across.
    let row (stage: Stage) =
        let copies = sideBySide stage
        constant 0
        stloc column

        if stage.Sums.Length > 0 then
            leafBlocks stage copies
        else
            vectors stage copies columns

        let over = il.DefineLabel()

        if stage.Reductions.Length = 0 then
            ldloc column
            columns ()
            il.Emit(OpCodes.Bge, over)
            measureRest ()
            inner.Work(stage, true, 1)
        else
            // Goes on to the end of the last block, so that every accumulator returns to its own local.
            whileLoop
                (fun top ->
                    ldloc column
                    ldloc paddedColumns
                    il.Emit(OpCodes.Blt, top))
                (fun () ->
                    let beyond = il.DefineLabel()
                    ldloc column
                    columns ()
                    il.Emit(OpCodes.Bge, beyond)
                    measureRest ()
                    inner.Work(stage, true, 1)
                    il.MarkLabel beyond
                    inner.Rotate stage
                    forward 1)

        il.MarkLabel over

    /// Emits a stage without its loop-invariant steps: over whole rows where the loop is `Across`, else over the
    /// columns of `copies` vectors or of a partial one.
    let work (stage: Stage) partial copies =
        let totals = if loop.Across then methods.Vectors else copies

        for struct (reduction, op, x) in stage.Reductions do
            for copy in 0 .. totals - 1 do
                inner.Start(op, x, inner.Total(reduction, copy))

        inner.PairwiseSums.Start(stage, totals)

        if stage.Loops then
            let moving = Stages.moving loop stage

            for operand in moving do
                ldloc firsts[operand]
                stloc rows[operand]

            segments ()
            stloc left

            whileLoop
                (fun top ->
                    ldloc left
                    constant 0
                    il.Emit(OpCodes.Bgt, top))
                (fun () ->
                    for step in stage.Segment do
                        inner.Compute(rows, false, step, 1)

                    for struct (step, operand) in stage.SegmentStores do
                        inner.Store(rows, false, step, operand, 1)

                    if not loop.Across then
                        inner.PairwiseSums.Next(stage, totals, 1)
                        inner.PairwiseSums.Count(stage, (fun () -> constant 1))
                        inner.Work(stage, partial, copies)
                    elif stage.Block.Length + stage.BlockStores.Length + stage.Reductions.Length > 0 then
                        row stage

                    for operand in moving do
                        if not loop.Operands[operand].Invariant then
                            advance rows[operand] (fun () -> ldloc strides[operand])

                    advance left (fun () -> constant -1))

        inner.PairwiseSums.End(stage, totals)

        if loop.Across then
            for struct (reduction, op, x) in stage.Reductions do
                inner.CombineLanes(reduction, op, x)

    /// Emits all stages, and the test for the one that is asked for.
    let stages partial copies =
        let out = il.DefineLabel()

        staged.Stages
        |> Array.iteri (fun number stage ->
            for step in stage.Invariant do
                inner.Compute(firsts, partial, step, copies)

            if stage.InvariantStores.Length > 0 then
                split.Invariants(fun () ->
                    for struct (step, operand) in stage.InvariantStores do
                        inner.Store(firsts, partial, step, operand, (if loop.Across then 1 else copies)))

            split.Stage(number, copies, out, (fun () -> work stage partial copies)))

        il.MarkLabel out

    /// Reads the operands' addresses and segment strides into locals.
    let prologue () =
        loop.Operands
        |> Array.iteri (fun i operand ->
            let pair n local =
                il.Emit OpCodes.Ldarg_0
                constant ((2 * i + n) * sizeof<nativeint>)
                il.Emit OpCodes.Add
                il.Emit OpCodes.Ldind_I
                stloc local

            pair 0 firsts[i]

            if not operand.Invariant then
                pair 1 strides[i])

    /// Emits the whole body.
    member _.Emit() =
        prologue ()
        split.Prologue()

        if loop.Across then
            // The columns rounded up to whole blocks.
            columns ()
            constant (block - 1)
            il.Emit OpCodes.Add
            constant -block
            il.Emit OpCodes.And
            stloc paddedColumns
            stages false 1
        else
            let byVector = il.DefineLabel()
            constant 0
            stloc column
            let together = staged.Stages |> Array.forall (fun p -> not p.Loops || Stages.isLight loop p)

            if together then
                columns ()
                constant block
                il.Emit(OpCodes.Bne_Un, byVector)
                stages false methods.Vectors
                il.Emit OpCodes.Ret

            il.MarkLabel byVector

            whileLoop
                (fun top ->
                    ldloc column
                    columns ()
                    il.Emit(OpCodes.Blt, top))
                (fun () ->
                    measureRest ()
                    stages true 1
                    forward 1)

        il.Emit OpCodes.Ret

/// Compiles fused loops to vector code of one width.
[<RequireQualifiedAccess>]
module internal EmitLoop =
    /// A staged loop as a body of emitted code.
    let body width (staged: StagedLoop) : LoopBody =
        let m =
            DynamicMethod(
                "dl1.pass",
                typeof<Void>,
                Array.create 4 typeof<nativeint>,
                typeof<FusedLoop>.Module,
                true
            )

        let methods = VectorMethods.Get(width, staged.Loop.Type = DType.F32)
        LoopEmitter(staged, methods, m.GetILGenerator()).Emit()
        m.CreateDelegate<LoopBody>()
