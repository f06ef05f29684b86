namespace DL1.Compiler.Interpret

open DL1.Compiler.Interpret.LaneBlock
open FSharp.NativeInterop
open DL1
open DL1.Compiler
open DL1.Compiler.FusedLoop
open DL1.Compiler.Movement
open DL1.Compiler.Simd

#nowarn "9" // Addresses; the caller guarantees the operands' extents.

/// Runs fused loops step by step over blocks of 64 bytes, where no code may be generated: slower, with the same bits.
[<RequireQualifiedAccess>]
module internal Interpret =
    /// Reads `count` elements into a block's lanes, or one into all lanes where the operand does not move along
    /// columns.
    let private load single (operand: LoopOperand) (address: nativeint) count (block: nativeint) =
        let bytes = if single then 4 else 8
        let lane i = block + nativeint (bytes * i)
        let element i = address + nativeint (ElementSize.ofType operand.Type * i)

        let inline each (put: nativeint -> nativeint -> unit) =
            if operand.Along then
                for i in 0 .. count - 1 do
                    put (element i) (lane i)
            else
                for i in 0 .. 64 / bytes - 1 do
                    put address (lane i)

        match operand.Type with
        | DType.F32 -> each (fun from target -> At.write target (At.read<int> from))
        | DType.F64
        | DType.I64 -> each (fun from target -> At.write target (At.read<int64> from))
        | DType.I32 when single -> each (fun from target -> At.write target (At.read<int> from))
        | DType.I32 -> each (fun from target -> At.write target (int64 (At.read<int> from)))
        | DType.Bool when single ->
            each (fun from target -> At.write target (if At.read<byte> from = 0uy then 0 else -1))
        | DType.Bool ->
            each (fun from target -> At.write target (if At.read<byte> from = 0uy then 0L else -1L))

    /// Writes `count` elements, or one where the operand does not move along columns.
    let private store single (operand: LoopOperand) (address: nativeint) count (block: nativeint) =
        let bytes = if single then 4 else 8

        for i in 0 .. (if operand.Along then count else 1) - 1 do
            let lane = block + nativeint (bytes * i)
            let element = address + nativeint (ElementSize.ofType operand.Type * i)

            match operand.Type with
            | DType.F32
            | DType.I32 -> At.write element (At.read<int> lane)
            | DType.F64
            | DType.I64 -> At.write element (At.read<int64> lane)
            | DType.Bool -> At.write element (if At.read<int> lane = 0 then 0uy else 1uy)

    /// Computes a step in all lanes of its block. Floats are of type 'F; integers, of type 'I, have the same size.
    let private compute<'F, 'I when 'F: unmanaged and 'F: struct and 'I: unmanaged and 'I: struct>
        (staged: StagedLoop)
        values
        index
        =
        let at step = values + nativeint (64 * step)
        let target = at index
        let single = sizeof<'F> = 4

        match staged.Loop.Steps[index] with
        | LoopStep.Load _
        | LoopStep.Reduce _ -> ()
        | LoopStep.Number v -> if single then fill target (float32 v) else fill target v
        | LoopStep.WholeNumber n -> if single then fill target n else fill target (int64 n)
        | LoopStep.Unary(op, x) ->
            match staged.Kinds[x] with
            | LaneKind.Float -> InterpretFloats.unary<'F> op (at x) target
            | LaneKind.Whole -> InterpretIntegers.wholeUnary<'I> op (at x) target
            | LaneKind.Truth -> InterpretIntegers.truthUnary op (at x) target
        | LoopStep.Binary(op, x, y) ->
            match staged.Kinds[x] with
            | LaneKind.Float -> InterpretFloats.binary<'F> op (at x) (at y) target
            | LaneKind.Whole -> InterpretIntegers.wholeBinary<'I> op (at x) (at y) target
            | LaneKind.Truth -> InterpretIntegers.truthBinary op (at x) (at y) target
        | LoopStep.Erf(x, gaussian) -> InterpretFloats.erfBy<'F> (at x) (at gaussian) target
        | LoopStep.Compare(op, x, y) ->
            match staged.Kinds[x] with
            | LaneKind.Float -> InterpretIntegers.compare<'F> op (at x) (at y) target
            | LaneKind.Whole -> InterpretIntegers.compare<'I> op (at x) (at y) target
            // Masks are −1 and 0: with the operands swapped they compare as 1 and 0.
            | LaneKind.Truth -> InterpretIntegers.compare<int> op (at y) (at x) target
        | LoopStep.Select(c, x, y) -> InterpretIntegers.select (at c) (at x) (at y) target
        | LoopStep.Convert(kind, x) -> InterpretIntegers.convert<'F, 'I> staged.Kinds[x] kind (at x) target

    /// Runs a call. `values` is the address of a block of 64 bytes for each step and one more, and of as many again
    /// for each of the two upper levels of pairwise sums.
    let private run<'F, 'I when 'F: unmanaged and 'F: struct and 'I: unmanaged and 'I: struct>
        (values: nativeint)
        (staged: StagedLoop)
        (operands: nativeint)
        segments
        columns
        split
        =
        let loop = staged.Loop
        let single = sizeof<'F> = 4
        let lanes = if single then 16n else 8n
        let inline slot step = values + nativeint (64 * step)

        let inline address operand (segment: nativeint) (column: nativeint) =
            let pair = operands + nativeint (2 * sizeof<nativeint> * operand)
            let o = loop.Operands[operand]
            let along = if o.Along then column * nativeint (ElementSize.ofType o.Type) else 0n

            let down =
                if o.Invariant then
                    0n
                else
                    segment * At.read<nativeint>(pair + nativeint sizeof<nativeint>)

            At.read<nativeint> pair + down + along

        let inline put struct (value, operand) segment column count =
            store single loop.Operands[operand] (address operand segment column) count (slot value)

        let inline get step segment column count =
            match loop.Steps[step] with
            | LoopStep.Load operand ->
                load single loop.Operands[operand] (address operand segment column) count (slot step)
            | _ -> compute<'F, 'I> staged values step

        // Lanes beyond the end of a row must not be reduced: new totals are computed here, and only the valid lanes
        // copied.
        let newTotals = slot loop.Steps.Length
        // The levels of pairwise sums above leaf blocks: 1 is the sum of leaf blocks, 2 the sum of those sums.
        let inline above level reduction = slot (level * (loop.Steps.Length + 1) + reduction)

        let inline zero total = InterpretReduce.start single LaneKind.Float ReduceOp.Sum total
        let inline add into from = InterpretFloats.binary<'F> BinaryOp.Add into from into
        let firstCount = int (min columns lanes)

        /// Runs a stage without its loop-invariant steps.
        let inline work (stage: Stage) =
            for struct (reduction, op, x) in stage.Reductions do
                InterpretReduce.start single staged.Kinds[x] op (slot reduction)

            let mutable since = 0n
            let mutable leafBlocks = 0

            for reduction in stage.Sums do
                zero (above 1 reduction)
                zero (above 2 reduction)

            /// Ends the leaf block: adds it to the sum of leaf blocks, and that to the last sum after
            /// `Tuning.LeafBlock` of them.
            let inline endLeafBlock () =
                for reduction in stage.Sums do
                    add (above 1 reduction) (slot reduction)
                    zero (slot reduction)

                since <- 0n
                leafBlocks <- leafBlocks + 1

                if leafBlocks % Tuning.LeafBlock = 0 then
                    for reduction in stage.Sums do
                        add (above 2 reduction) (above 1 reduction)
                        zero (above 1 reduction)

            if stage.Loops then
                for segment in 0n .. segments - 1n do
                    for step in stage.Segment do
                        get step segment 0n 0

                    for pair in stage.SegmentStores do
                        put pair segment 0n 0

                    let mutable column = 0n

                    if not loop.Across then
                        if since >= nativeint Tuning.LeafBlock then
                            endLeafBlock ()

                        since <- since + 1n

                    while column < columns do
                        let count = int (min lanes (columns - column))

                        if loop.Across then
                            if
                                column % (nativeint Tuning.LeafBlock * lanes) = 0n
                                && since >= nativeint Tuning.LeafBlock * lanes
                            then
                                endLeafBlock ()

                            since <- since + nativeint count

                        for work in stage.Block do
                            match work with
                            | StageWork.Compute step -> get step segment column count
                            | StageWork.Reload(step, operand) ->
                                load
                                    single
                                    loop.Operands[operand]
                                    (address operand segment column)
                                    count
                                    (slot step)

                        for pair in stage.BlockStores do
                            put pair segment column count

                        for struct (reduction, op, x) in stage.Reductions do
                            InterpretReduce.combine
                                single
                                staged.Kinds[x]
                                op
                                (slot x)
                                (slot reduction)
                                newTotals

                            LoopMemory.Copy(newTotals, slot reduction, 64 / int lanes * count)

                        column <- column + lanes

            if leafBlocks > 0 then
                for reduction in stage.Sums do
                    add (above 1 reduction) (slot reduction)
                    add (above 2 reduction) (above 1 reduction)
                    LoopMemory.Copy(above 2 reduction, slot reduction, 64)

            if loop.Across then
                for struct (reduction, op, x) in stage.Reductions do
                    InterpretReduce.combineLanes single staged.Kinds[x] op (slot reduction)

        let only, known, totals =
            if split = 0n then
                -1, 0n, 0n
            else
                let s = At.read<SplitReduction> split
                int s.Stage, s.Known, s.Totals

        let mutable reductions = 0

        for number in
            0 .. (if only < 0 then staged.Stages.Length else min staged.Stages.Length (only + 1)) - 1 do
            let stage = staged.Stages[number]

            for step in stage.Invariant do
                get step 0n 0n firstCount

            if only < 0 || only = staged.Stages.Length then
                for pair in stage.InvariantStores do
                    put pair 0n 0n firstCount

            if only < 0 || only = number then
                work stage

            for i in 0 .. stage.Reductions.Length - 1 do
                let struct (reduction, _, _) = stage.Reductions[i]

                if only = number then
                    LoopMemory.Copy(slot reduction, totals + nativeint (64 * i), 64)
                elif only > number then
                    LoopMemory.Copy(known + nativeint (64 * (reductions + i)), slot reduction, 64)

            reductions <- reductions + stage.Reductions.Length

    let private bodyOf<'F, 'I when 'F: unmanaged and 'F: struct and 'I: unmanaged and 'I: struct>
        (staged: StagedLoop)
        : LoopBody =
        let bytes = 3 * 64 * (staged.Loop.Steps.Length + 1)

        LoopBody(fun operands segments columns split ->
            // The first argument, because `stackalloc` needs an evaluation stack that is otherwise empty.
            run<'F, 'I>
                (NativePtr.toNativeInt (NativePtr.stackalloc<byte> bytes))
                staged
                operands
                segments
                columns
                split)

    /// A staged loop as a body that interprets it.
    let body (staged: StagedLoop) : LoopBody =
        if staged.Loop.Type = DType.F32 then
            bodyOf<float32, int> staged
        else
            bodyOf<float, int64> staged
