namespace DL1.Compiler.Emit

open System
open System.Reflection.Emit
open DL1
open DL1.Compiler
open DL1.Compiler.FusedLoop

/// Emits the loops of a fused loop as IL. One loop computes the whole vectors of a row (in `EmitPhases`, one loop for
/// each expensive function), another the partial vector at its end.
[<Sealed>]
type private LoopEmitter(staged: StagedLoop, il: VectorIL) =
    let loop = staged.Loop
    let methods = il.Methods
    let inner = EmitBlock(staged, il)
    let split = EmitSplit(staged, il, inner)
    let phases = EmitPhases(staged, il, inner)
    let firsts, rows, column, rest = inner.Firsts, inner.Rows, inner.Column, inner.Rest
    let strides = loop.Operands |> Array.map (fun _ -> il.NewNative())
    let paddedColumns = il.NewNative()
    let left = il.NewNative()
    let limit = il.NewNative()
    let block = methods.Lanes * methods.Vectors
    let columns () = il.Argument 2

    /// Pushes the current column and the end of the row.
    let columnAndEnd () =
        il.Push column
        columns ()

    /// The number of vectors that each trip of the column loop handles: all vectors of a block in light stages with
    /// reductions, whose additions would otherwise wait for one another; else one.
    let sideBySide (stage: Stage) =
        if stage.Reductions.Length > 0 && Stages.isLight loop stage then
            methods.Vectors
        else
            1

    /// Emits code that advances the column by `copies` vectors.
    let forward copies = il.Advance column (fun () -> il.Constant(copies * methods.Lanes))

    /// Emits code that sets `rest` to the number of columns left in the row, but at most to the lanes of a vector.
    let measureRest () =
        columns ()
        il.Push column
        il.Do OpCodes.Sub
        il.Constant methods.Lanes
        il.Min()
        il.Do OpCodes.Conv_I4
        il.Pop rest

    /// Emits the loop over whole vectors, `copies` at a time, from the current column to the end column, which `until` pushes.
    let vectors (stage: Stage) copies (until: unit -> unit) =
        let test () =
            il.Push column
            until ()
            il.Constant(copies * methods.Lanes)
            il.Do OpCodes.Sub

        il.While test OpCodes.Ble (fun () ->
            inner.Prefetch stage
            inner.Work(stage, false, copies)

            if copies < methods.Vectors then
                inner.Rotate stage

            forward copies)

    /// Emits the loop over the whole vectors of a row, leaf block by leaf block.
    let leafBlocks (stage: Stage) copies =
        let again = il.Label()
        il.Mark again
        inner.PairwiseSums.Next(stage, methods.Vectors, block)
        // Goes on to the end of the row, but at most for `Tuning.LeafBlock` blocks: a leaf block can end only there.
        columns ()
        il.Push column
        il.Add(Tuning.LeafBlock * block)
        il.Min()
        il.Pop limit

        inner.PairwiseSums.Count stage (fun () ->
            il.Push limit
            il.Push column
            il.Do OpCodes.Sub)

        vectors stage copies (fun () -> il.Push limit)
        il.Push limit
        columns ()
        il.Branch(OpCodes.Blt, again)

    /// Emits the last columns of a row, in a partial vector, if there are any.
    let partialVector (stage: Stage) =
        columnAndEnd ()

        il.Unless OpCodes.Bge (fun () ->
            measureRest ()
            inner.Work(stage, true, 1))

    /// Emits the work for the columns of one segment, in a loop that is `Across`.
    let row (stage: Stage) =
        let copies = sideBySide stage
        il.Set(column, 0)

        if stage.Sums.Length > 0 then leafBlocks stage copies
        elif phases.Suits stage then phases.Vectors(stage, columns)
        else vectors stage copies columns

        if stage.Reductions.Length = 0 then
            partialVector stage
        else
            // Goes on to the end of the last block, so that every accumulator returns to its own local.
            il.WhileBoth column OpCodes.Blt paddedColumns (fun () ->
                partialVector stage
                inner.Rotate stage
                forward 1)

    /// Emits a stage without its loop-invariant steps: over whole rows where the loop is `Across`, else over the columns
    /// of `copies` vectors or of one partial vector.
    let work (stage: Stage) partial copies =
        let totals = if loop.Across then methods.Vectors else copies

        for struct (reduction, op, x) in stage.Reductions do
            for copy in 0 .. totals - 1 do
                inner.Start(op, x, inner.Total(reduction, copy))

        inner.PairwiseSums.Start(stage, totals)

        if stage.Loops then
            let moving = Stages.moving loop stage

            for operand in moving do
                il.Move(firsts[operand], rows[operand])

            il.Argument 1
            il.Pop left

            let test () =
                il.Push left
                il.Constant 0

            il.While test OpCodes.Bgt (fun () ->
                for step in stage.Segment do
                    inner.Compute(rows, false, step, 1)

                for struct (step, operand) in stage.SegmentStores do
                    inner.Store(rows, false, step, operand, 1)

                if not loop.Across then
                    inner.PairwiseSums.Next(stage, totals, 1)
                    inner.PairwiseSums.Count stage (fun () -> il.Constant 1)
                    inner.Work(stage, partial, copies)
                elif stage.Block.Length + stage.BlockStores.Length + stage.Reductions.Length > 0 then
                    row stage

                for operand in moving do
                    if not loop.Operands[operand].Invariant then
                        il.Advance rows[operand] (fun () -> il.Push strides[operand])

                il.Advance left (fun () -> il.Constant -1))

        inner.PairwiseSums.End(stage, totals)

        if loop.Across then
            for struct (reduction, op, x) in stage.Reductions do
                inner.CombineLanes(reduction, op, x)

    /// Emits all stages in order. In a loop with reductions, a call skips stages that it does not ask for (`SplitReduction`).
    let stages partial copies =
        let out = il.Label()

        staged.Stages
        |> Array.iteri (fun number stage ->
            for step in stage.Invariant do
                inner.Compute(firsts, partial, step, copies)

            if stage.InvariantStores.Length > 0 then
                split.Invariants(fun () ->
                    for struct (step, operand) in stage.InvariantStores do
                        inner.Store(firsts, partial, step, operand, (if loop.Across then 1 else copies)))

            split.Stage(number, copies, out, (fun () -> work stage partial copies)))

        il.Mark out

    /// Emits code that reads the operands' addresses and segment strides into locals.
    let prologue () =
        loop.Operands
        |> Array.iteri (fun i operand ->
            let pair n local =
                il.Argument 0
                il.Read(2 * i + n, local)

            pair 0 firsts[i]

            if not operand.Invariant then
                pair 1 strides[i])

    /// Emits the whole body.
    member _.Emit() =
        prologue ()
        split.Prologue()
        phases.Prologue()

        if loop.Across then
            // The columns rounded up to whole blocks.
            columns ()
            il.Add(block - 1)
            il.Constant -block
            il.Do OpCodes.And
            il.Pop paddedColumns
            stages false 1
        else
            il.Set(column, 0)

            if staged.Stages |> Array.forall (fun p -> not p.Loops || Stages.isLight loop p) then
                columns ()
                il.Constant block

                il.Unless OpCodes.Bne_Un (fun () ->
                    stages false methods.Vectors
                    il.Do OpCodes.Ret)

            il.While columnAndEnd OpCodes.Blt (fun () ->
                measureRest ()
                stages true 1
                forward 1)

        il.Do OpCodes.Ret

/// Compiles fused loops to vector code of one width.
[<RequireQualifiedAccess>]
module internal EmitLoop =
    /// Compiles a staged loop to a body of emitted code, for vectors of a width.
    let body width (staged: StagedLoop) : LoopBody =
        let parameters = Array.create 4 typeof<nativeint>

        let m =
            DynamicMethod(
                "dl1.fusedLoop",
                typeof<Void>,
                parameters,
                typeof<FusedLoop>.Module,
                true,
                InitLocals = false
            )

        let methods = VectorMethods.Get(width, staged.Loop.Type = DType.F32)
        LoopEmitter(staged, VectorIL(m.GetILGenerator(), methods)).Emit()
        m.CreateDelegate<LoopBody>()
