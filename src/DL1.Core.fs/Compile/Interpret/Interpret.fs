namespace DL1.Compiler.Interpret

open System.Runtime.CompilerServices
open DL1.Compiler.Interpret.LaneBlock
open DL1
open DL1.Compiler
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// Interprets fused loops where no code may be generated: slower than emitted code, with the same bits. A value has several
/// blocks of 64 bytes, all computed at once, so that a step's operation is matched once for some hundred elements.
[<RequireQualifiedAccess>]
module internal Interpret =
    /// Computes the first `bytes` bytes of the value of step `index`; does nothing for loads and reductions. The value of step i
    /// begins i · `stride` bytes after `values`. Floats 'F and integers 'I are of the same size.
    let private compute<'F, 'I when 'F: unmanaged and 'I: unmanaged>
        (staged: StagedLoop)
        values
        stride
        bytes
        index
        =
        let at step = values + stride * nativeint (step: int)
        let target = at index
        let single = sizeof<'F> = 4

        match staged.Loop.Steps[index] with
        | LoopStep.Load _
        | LoopStep.Reduce _ -> ()
        | LoopStep.Number v -> if single then fill bytes target (float32 v) else fill bytes target v
        | LoopStep.WholeNumber n -> if single then fill bytes target n else fill bytes target (int64 n)
        | LoopStep.Unary(op, x) ->
            match staged.Kinds[x] with
            | LaneKind.Float -> InterpretFloats.unary<'F> op bytes (at x) target
            | LaneKind.Whole -> InterpretIntegers.wholeUnary<'I> op bytes (at x) target
            | LaneKind.Truth -> InterpretIntegers.truthUnary op bytes (at x) target
        | LoopStep.Binary(op, x, y) ->
            match staged.Kinds[x] with
            | LaneKind.Float -> InterpretFloats.binary<'F> op bytes (at x) (at y) target
            | LaneKind.Whole -> InterpretIntegers.wholeBinary<'I> op bytes (at x) (at y) target
            | LaneKind.Truth -> InterpretIntegers.truthBinary op bytes (at x) (at y) target
        | LoopStep.Erf(x, gaussian) -> InterpretFloats.erfBy<'F> bytes (at x) (at gaussian) target
        | LoopStep.Compare(op, x, y) ->
            match staged.Kinds[x] with
            | LaneKind.Float -> InterpretIntegers.compare<'F> op bytes (at x) (at y) target
            | LaneKind.Whole -> InterpretIntegers.compare<'I> op bytes (at x) (at y) target
            // Masks are −1 and 0: with the operands swapped they compare as 1 and 0.
            | LaneKind.Truth -> InterpretIntegers.compare<int> op bytes (at y) (at x) target
        | LoopStep.Select(c, x, y) -> InterpretIntegers.select bytes (at c) (at x) (at y) target
        | LoopStep.Convert(kind, x) ->
            InterpretIntegers.convert<'F, 'I> staged.Kinds[x] kind bytes (at x) target

    /// Runs one item, with `capacity` blocks for each value. Their memory is not cleared: each block is written before it
    /// is read. Lanes beyond the end of a row may hold anything, and are never stored.
    [<SkipLocalsInit>]
    let private run<'F, 'I when 'F: unmanaged and 'I: unmanaged>
        capacity
        (staged: StagedLoop)
        (lanesOf: LaneOperand[])
        operands
        segments
        columns
        split
        =
        let loop = staged.Loop
        // The values of all steps, one block for new totals, and two blocks for each step, for the levels of a sum.
        let values = At.stack<byte>(64 * ((capacity + 2) * loop.Steps.Length + 1))
        let single = sizeof<'F> = 4
        let lanes = if single then 16n else 8n
        let stride = nativeint (64 * capacity)
        let inline slot step = values + stride * nativeint (step: int)
        let tail = slot loop.Steps.Length
        // A row longer than a block is computed `capacity` blocks at a time; `capacity` shorter rows are computed together.
        let isLong = columns > lanes

        /// The bytes from one segment of an operand to the next.
        let inline down operand =
            if lanesOf[operand].Operand.Invariant then
                0n
            else
                At.read<nativeint>(operands + nativeint (sizeof<nativeint> * (2 * operand + 1)))

        let inline address operand (segment: nativeint) (column: nativeint) =
            At.read<nativeint>(operands + nativeint (2 * sizeof<nativeint> * operand))
            + segment * down operand
            + column * lanesOf[operand].ColumnBytes

        /// Loads `blocks` blocks of an operand: those of a long row from a column on, or those of short rows from a segment on.
        let read operand segment column blocks (target: nativeint) =
            let o, from = lanesOf[operand], address operand segment column

            if isLong then
                let count = int (min (lanes * nativeint blocks) (columns - column))
                InterpretMemory.load single o from count target
            else
                InterpretMemory.loadRows single o from (down operand) (int columns) blocks target

        let write struct (value, operand) segment column blocks =
            let o, target = lanesOf[operand], address operand segment column

            if isLong then
                let count = int (min (lanes * nativeint blocks) (columns - column))
                InterpretMemory.store single o target count (slot value)
            else
                InterpretMemory.storeRows single o target (down operand) (int columns) blocks (slot value)

        let get step segment column blocks =
            match loop.Steps[step] with
            | LoopStep.Load operand -> read operand segment column blocks (slot step)
            | _ -> compute<'F, 'I> staged values stride (64n * nativeint blocks) step

        /// Copies the first block of a step's value to its other blocks.
        let spread step =
            for i in 1 .. capacity - 1 do
                LoopMemory.Copy(slot step, slot step + 64n * nativeint i, 64)

        // Lanes beyond the end of a row must not be reduced: new totals are computed here, and valid lanes copied back.
        let newTotals = tail
        // The levels of pairwise sums above leaf blocks: level 1 is the sum of leaf blocks, level 2 the sum of those sums.
        let above level reduction = tail + 64n * nativeint (1 + (level - 1) * loop.Steps.Length + reduction)

        let zero total = InterpretReduce.start single LaneKind.Float ReduceOp.Sum total
        let add into from = InterpretFloats.binary<'F> BinaryOp.Add 64n into from into

        /// Runs a stage without its loop-invariant steps.
        let work (stage: Stage) =
            Hot.loop ()

            for struct (reduction, op, x) in stage.Reductions do
                InterpretReduce.start single staged.Kinds[x] op (slot reduction)

            let mutable since = 0n
            let mutable leafBlocks = 0

            for reduction in stage.Sums do
                zero (above 1 reduction)
                zero (above 2 reduction)

            let leaf = nativeint Tuning.LeafBlock * (if loop.Across then lanes else 1n)

            /// Ends the leaf block if the block at `column` begins a new one, and then the sum of leaf blocks if it is complete.
            let inline startBlock column =
                if since >= leaf && (not loop.Across || column % leaf = 0n) then
                    for reduction in stage.Sums do
                        add (above 1 reduction) (slot reduction)
                        zero (slot reduction)

                    since <- 0n
                    leafBlocks <- leafBlocks + 1

                    if leafBlocks % Tuning.LeafBlock = 0 then
                        for reduction in stage.Sums do
                            add (above 2 reduction) (above 1 reduction)
                            zero (above 1 reduction)

            /// Reduces `blocks` blocks in their order, as many at once as are sure to belong to one leaf block.
            let inline reduce (column: nativeint) blocks =
                let mutable first = 0

                while first < blocks do
                    let at = if isLong then column + lanes * nativeint first else 0n
                    let count = min lanes (columns - at)
                    // Downward, lanes beyond the end of a row are reduced too, and never stored.
                    let isWhole = count = lanes || not loop.Across
                    startBlock at

                    let next =
                        if not isWhole then
                            first + 1
                        else
                            let left =
                                if not loop.Across then leaf - since
                                elif isLong then min (leaf - at % leaf) (columns - at) / lanes
                                else (leaf - since) / lanes

                            int (min (nativeint blocks) (nativeint first + left))

                    since <- since + nativeint (next - first) * (if loop.Across then count else 1n)

                    for struct (reduction, op, x) in stage.Reductions do
                        let from = slot x + 64n * nativeint first

                        if isWhole then
                            InterpretReduce.combine
                                single
                                staged.Kinds[x]
                                op
                                (next - first)
                                from
                                (slot reduction)
                        else
                            LoopMemory.Copy(slot reduction, newTotals, 64)
                            InterpretReduce.combine single staged.Kinds[x] op 1 from newTotals
                            LoopMemory.Copy(newTotals, slot reduction, 64 / int lanes * int count)

                    first <- next

            let inline block segment column blocks =
                for work in stage.Block do
                    match work with
                    | StageWork.Compute step -> get step segment column blocks
                    | StageWork.Reload(step, operand) -> read operand segment column blocks (slot step)

                for pair in stage.BlockStores do
                    write pair segment column blocks

                if stage.Reductions.Length > 0 then
                    reduce column blocks

            let mutable segment = if stage.Loops then 0n else segments

            while segment < segments do
                let rows = if isLong then 1 else int (min (nativeint capacity) (segments - segment))

                for step in stage.Segment do
                    get step segment 0n rows

                    if isLong then
                        spread step

                for pair in stage.SegmentStores do
                    write pair segment 0n rows

                let mutable column = 0n

                while column < columns do
                    let left = (columns - column + lanes - 1n) / lanes
                    let blocks = if isLong then int (min (nativeint capacity) left) else rows
                    block segment column blocks
                    column <- if isLong then column + lanes * nativeint blocks else columns

                segment <- segment + nativeint rows

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
                get step 0n 0n 1
                spread step

            if only < 0 || only = staged.Stages.Length then
                for pair in stage.InvariantStores do
                    write pair 0n 0n 1

            if only < 0 || only = number then
                work stage

            for i in 0 .. stage.Reductions.Length - 1 do
                let struct (reduction, _, _) = stage.Reductions[i]

                if only = number then
                    LoopMemory.Copy(slot reduction, totals + nativeint (64 * i), 64)
                elif only > number then
                    LoopMemory.Copy(known + nativeint (64 * (reductions + i)), slot reduction, 64)

                spread reduction

            reductions <- reductions + stage.Reductions.Length

    let private bodyOf<'F, 'I when 'F: unmanaged and 'I: unmanaged> (staged: StagedLoop) : LoopBody =
        let most = max 1 (min 32 (Tuning.InterpretedBytes / (64 * max 1 staged.Loop.Steps.Length)))
        let lanes = if sizeof<'F> = 4 then 16n else 8n
        let lanesOf = staged.Loop.Operands |> Array.map (InterpretMemory.ofOperand (sizeof<'F> = 4))

        LoopBody(fun operands segments columns split ->
            // A value needs no more blocks than the item has.
            let blocks = max 1n (if columns > lanes then (columns + lanes - 1n) / lanes else segments)
            let capacity = int (min (nativeint most) blocks)
            run<'F, 'I> capacity staged lanesOf operands segments columns split)

    /// Returns a body that interprets a staged loop.
    let body (staged: StagedLoop) : LoopBody =
        if staged.Loop.Type = DType.F32 then
            bodyOf<float32, int> staged
        else
            bodyOf<float, int64> staged
