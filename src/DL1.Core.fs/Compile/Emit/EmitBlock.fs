namespace DL1.Compiler.Emit

open System.Collections.Generic
open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop

/// Emits the innermost code of a fused loop as IL: the work for each block of columns. `copies` vectors are computed side by
/// side; each of them (number `copy`) has its own locals for all values, and each step is emitted once for each of them.
[<Sealed>]
type internal EmitBlock(staged: StagedLoop, il: VectorIL) =
    let loop = staged.Loop
    let methods = il.Methods
    let steps = EmitSteps il
    let lanes = EmitLanes il
    // The keys are step and copy as one number, since .NET comes with compiled code for dictionaries with such keys.
    let values, totals = Dictionary<int, LocalBuilder>(), Dictionary<int, LocalBuilder>()
    let ahead = Prefetch.plan staged
    let firsts = loop.Operands |> Array.map (fun _ -> il.NewNative())
    let rows = loop.Operands |> Array.map (fun _ -> il.NewNative())
    let column = il.NewNative()
    /// For each step, whether its value is the same in all lanes of all vectors, so that one vector holds it.
    let isUniform = LoopSteps.uniform loop

    let slot (locals: Dictionary<int, LocalBuilder>) step copy =
        Lookup.orAdd locals (step * methods.Vectors + copy) (fun () -> il.NewVector staged.Kinds[step])

    let value step copy = slot values step (if isUniform[step] then 0 else copy)

    /// The local of a reduction's accumulator. Downward, where lanes are not combined, it is the local of the reduction's value.
    let total reduction copy = if loop.Across then slot totals reduction copy else value reduction copy

    let push step copy () =
        match loop.Steps[step] with
        | LoopStep.Number v -> il.Number v
        | LoopStep.WholeNumber n -> il.Whole(int64 n)
        | _ -> il.Push(value step copy)

    /// Pushes the address of an operand's vector `copy` from the current column on; `from` has the addresses of rows.
    let address (from: LocalBuilder[]) operand copy () =
        let size = loop.Operands[operand].Type.Bytes
        il.Push from[operand]

        if loop.Operands[operand].Along then
            il.Along(column, size)

            if copy > 0 then
                il.Add(copy * methods.Lanes * size)

    let load from operand partial copy =
        let o = loop.Operands[operand]
        address from operand copy ()

        if not o.Along then lanes.LoadOne o.Type
        elif partial then lanes.LoadPartial o.Type
        else lanes.Load o.Type

    let store from operand partial copy step =
        let o = loop.Operands[operand]

        if not o.Along then
            if copy = 0 then
                lanes.StoreOne(o.Type, address from operand 0, push step copy)
        elif partial then
            lanes.StorePartial(o.Type, address from operand copy, push step copy)
        else
            lanes.Store(o.Type, address from operand copy, push step copy)

    let compute from partial step copy =
        let save () = il.Pop(value step copy)
        let push x = push x copy

        match loop.Steps[step] with
        | LoopStep.Number _
        | LoopStep.WholeNumber _
        | LoopStep.Reduce _ -> ()
        | LoopStep.Load operand -> load from operand partial copy |> save
        | LoopStep.Unary(op, x) -> steps.Unary(op, staged.Kinds[x], push x) |> save
        | LoopStep.Binary(op, x, y) -> steps.Binary(op, staged.Kinds[x], push x, push y) |> save
        | LoopStep.Erf(x, gaussian) -> steps.Erf(push x, push gaussian) |> save
        | LoopStep.Compare(op, x, y) -> steps.Compare(op, staged.Kinds[x], push x, push y) |> save
        | LoopStep.Select(c, x, y) -> steps.Select(staged.Kinds[x], push c, push x, push y) |> save
        | LoopStep.Convert(kind, x) -> steps.Convert(staged.Kinds[x], kind, push x) |> save

    /// Emits a step for `copies` vectors side by side, or once if its value is uniform.
    let each copies step (emit: int -> unit) =
        for copy in 0 .. (if isUniform[step] then 1 else copies) - 1 do
            emit copy

    let accumulate partial copy (struct (reduction, op, x)) =
        let kind = staged.Kinds[x]
        let total = total reduction copy

        let before () = il.Push total
        let combined () = steps.Binary(LoopSteps.combining op, kind, before, push x copy)

        // Lanes beyond the end of the row keep their totals. Downward they may change, since they are never combined or stored.
        if partial && loop.Across then
            steps.Select(kind, lanes.Mask, combined, before)
        else
            combined ()

        il.Pop total

    /// The emitter of pairwise sums.
    member val PairwiseSums = EmitPairwiseSum(staged, il, steps, total)
    /// For each operand, the local of the address of its first element.
    member _.Firsts = firsts
    /// For each operand, the local of the address of its row in the current segment.
    member _.Rows = rows
    /// The local of the current column: the first column of the vectors side by side.
    member _.Column = column
    /// The local of the number of lanes of a partial vector.
    member _.Rest = lanes.Rest

    /// The local of a step's value, for one of the vectors side by side.
    member _.Value(step, copy) = value step copy

    /// The local of a reduction's accumulator, for one of the vectors side by side; downward, the reduction's value.
    member _.Total(reduction, copy) = total reduction copy

    /// Emits a step for `copies` vectors; `from` has the addresses of the rows of the operands that the step loads.
    member _.Compute(from, partial, step, copies) = each copies step (compute from partial step)

    /// Emits the load of a value that an earlier stage stored, for `copies` vectors.
    member _.Reload(partial, step, operand, copies) =
        each copies step (fun copy ->
            load rows operand partial copy
            il.Pop(value step copy))

    /// Emits the stores of a step's `copies` vectors to an operand.
    member _.Store(from, partial, step, operand, copies) =
        for copy in 0 .. copies - 1 do
            store from operand partial copy step

    /// Emits code that sets a local to the value from which a reduction starts.
    member _.Start(op, x, local) =
        if staged.Kinds[x] = LaneKind.Float then
            il.Number(LoopSteps.startFloat op)
        else
            il.Whole(int64 (LoopSteps.startWhole op))

        il.Pop local

    /// Emits the combination of a reduction's lanes, in all vectors of a block, into its value.
    member _.CombineLanes(reduction, op, x) =
        let vectors = Array.init methods.Vectors (fun copy -> fun () -> il.Push(total reduction copy))
        lanes.CombineLanes(op, staged.Kinds[x], vectors)
        il.Pop(value reduction 0)

    /// Emits a stage's work for `copies` vectors from the current column on, or for one partial vector.
    member this.Work(stage: Stage, partial, copies) =
        for work in stage.Block do
            match work with
            | StageWork.Compute step -> each copies step (compute rows partial step)
            | StageWork.Reload(step, operand) -> this.Reload(partial, step, operand, copies)

        for struct (step, operand) in stage.BlockStores do
            this.Store(rows, partial, step, operand, copies)

        for f in stage.Reductions do
            for copy in 0 .. copies - 1 do
                accumulate partial copy f

    /// Emits, in a loop over long rows, the prefetches that `Prefetch` plans for the stage, at the current column.
    member _.Prefetch(stage: Stage) =
        let at = staged.Stages |> Array.findIndex (fun p -> obj.ReferenceEquals(p, stage))

        let fetch (row: PrefetchedRow) =
            // Only operands that this stage moves through have a row address for the current segment.
            let isMoving = Stages.moving loop stage |> Array.contains row.Operand
            address (if isMoving then rows else firsts) row.Operand 0 ()

            if row.IsNext then
                il.Argument 2
                il.Times loop.Operands[row.Operand].Type.Bytes
                il.Do OpCodes.Add

            il.Call(methods.Of(typeof<LoopMemory>, "Fetch", [| typeof<nativeint> |]))

        if ahead[at].Length > 0 then
            // Rows of fewer columns are in the cache anyway.
            il.Argument 2
            il.Constant 512
            il.Unless OpCodes.Blt (fun () -> Array.iter fetch ahead[at])

    /// Emits a rotation of the accumulators: number 1 becomes number 0, which code for one vector uses, and number 0 the last.
    member _.Rotate(stage: Stage) =
        if methods.Vectors > 1 then
            for struct (reduction, _, _) in stage.Reductions do
                for copy in 0 .. methods.Vectors - 1 do
                    il.Push(total reduction copy)

                for copy in [ methods.Vectors - 2 .. -1 .. 0 ] @ [ methods.Vectors - 1 ] do
                    il.Pop(total reduction copy)
