namespace DL1.Compiler.FusedLoop

open DL1

/// How a stage gets a step's value for a block: by computing it, or from the operand to which an earlier stage stored it.
[<RequireQualifiedAccess; Struct>]
type internal StageWork =
    | Compute of step: int
    | Reload of stored: int * operand: int

/// One stage. `Invariant` has the indices of its loop-invariant steps, which are computed once before the stage's loop;
/// `Segment` those of the steps computed once for each segment; `Block` the work for each block of columns. Each of the
/// three has its stores: pairs of a step and an operand, in the order of `FusedLoop.Stores`.
[<NoEquality; NoComparison>]
type internal Stage =
    {
        Invariant: int[]
        InvariantStores: struct (int * int)[]
        Segment: int[]
        SegmentStores: struct (int * int)[]
        Block: StageWork[]
        BlockStores: struct (int * int)[]
        /// The reductions that end the stage: the index of each one's step, its operation, the index of the step that it reduces.
        Reductions: struct (int * ReduceOp * int)[]
        /// The steps of those reductions that are sums of floats, which are computed pairwise, as `Stages` describes.
        Sums: int[]
    }

    /// Whether the stage has anything to do for each segment.
    member this.Loops = this.SegmentStores.Length + this.BlockStores.Length + this.Reductions.Length > 0

/// A fused loop in stages, with the lane kind and rate of each step. Steps that no store needs are in no stage.
[<NoEquality; NoComparison>]
type internal StagedLoop = { Loop: FusedLoop; Kinds: LaneKind[]; Rates: LoopRate[]; Stages: Stage[] }

/// Assigns the steps of a fused loop to stages.
///
/// Pairwise sums of floats (Higham 1993). With L = `Tuning.LeafBlock`, a lane adds at most some hundred elements to a leaf block,
/// adds each ended leaf block to a sum of leaf blocks, and after L leaf blocks adds that sum to a total. So each of n addends in
/// a lane takes part in at most some 2·L + n/L² additions, not n, which bounds the rounding error. Downward, a leaf block ends
/// after L segments. Across, it ends as soon as it has the columns of L whole blocks or more, and the next block's index in its
/// row is 0 or another multiple of L. If a sum has only one leaf block, the leaf block is the sum.
[<RequireQualifiedAccess>]
module internal Stages =
    /// For each step, whether a store needs it.
    let private live (loop: FusedLoop) =
        let live = Array.create loop.Steps.Length false

        for struct (value, _) in loop.Stores do
            live[value] <- true

        for i in loop.Steps.Length - 1 .. -1 .. 0 do
            if live[i] then
                LoopSteps.inputs loop.Steps[i] |> List.iter (fun x -> live[x] <- true)

        live

    /// For each step, the first stage in which its value can be known.
    let earliest (loop: FusedLoop) =
        loop
        |> LoopSteps.forward 0 (fun stages _ step ->
            let after = LoopSteps.inputs step |> List.fold (fun stage x -> max stage stages[x]) 0
            if (LoopSteps.tryReduce step).IsSome then after + 1 else after)

    /// Whether a stage computes expensive functions for each block.
    let isBusy (loop: FusedLoop) (stage: Stage) =
        stage.Block
        |> Array.exists (fun work ->
            match work with
            | StageWork.Compute step -> not (LoopSteps.isCheap loop.Steps[step])
            | StageWork.Reload _ -> false)

    /// Whether a stage's code is small enough to be repeated for each vector of a block: at most 32 steps, all of them cheap.
    let isLight (loop: FusedLoop) (stage: Stage) = stage.Block.Length <= 32 && not (isBusy loop stage)

    /// The operands through which a stage's loop moves: those that the loop loads, reloads or stores.
    let moving (loop: FusedLoop) (stage: Stage) =
        let loaded step = Option.toArray (LoopSteps.tryLoad loop.Steps[step])
        let stored (stores: struct (int * int)[]) = stores |> Array.map (fun (struct (_, operand)) -> operand)

        Array.concat
            [
                stage.Segment |> Array.collect loaded
                stage.Block
                |> Array.collect (fun work ->
                    match work with
                    | StageWork.Compute step -> loaded step
                    | StageWork.Reload(_, operand) -> [| operand |])
                stored stage.SegmentStores
                stored stage.BlockStores
            ]
        |> Array.distinct

    /// The stages of a fused loop. Refuses a store of a value that changes more often than its operand's address, or has
    /// another kind.
    let plan (loop: FusedLoop) : StagedLoop =
        let kinds, rates, live, earliest =
            LoopSteps.kinds loop, LoopSteps.rates loop, live loop, earliest loop

        let steps = [| 0 .. loop.Steps.Length - 1 |]

        for struct (value, operand) in loop.Stores do
            if rates[value] > LoopSteps.operandRate loop operand then
                LoopSteps.refuse
                    $"a store of step %d{value} to operand %d{operand}, which moves less"
                    "an operand that moves as its values do"

            if kinds[value] <> LoopSteps.kindOf loop loop.Operands[operand].Type then
                LoopSteps.refuse
                    $"a store of lanes of {kinds[value]} to an operand of {loop.Operands[operand].Type}"
                    "the operand's kind"

        let last = loop.Stores |> Array.fold (fun stage (struct (value, _)) -> max stage earliest[value]) 0

        let isLoaded operand =
            steps |> Array.exists (fun i -> live[i] && LoopSteps.tryLoad loop.Steps[i] = Some operand)

        // A store to an operand that is also loaded waits for the last stage: no stage may load what was written.
        let stores =
            loop.Stores
            |> Array.map (fun (struct (value, operand)) ->
                (if isLoaded operand then last else earliest[value]), value, operand)

        let numbered = Array.indexed stores

        /// The operand to which an earlier stage stored a step, if nothing has overwritten it since.
        let storedIn stage step =
            let moves operand =
                let o = loop.Operands[operand]
                o.Along && not o.Invariant

            let isOverwritten n at operand =
                numbered
                |> Array.exists (fun (m, (by, _, other)) ->
                    other = operand && by < stage && (by > at || (by = at && m > n)))

            // A load or a constant costs no more than reloading a stored value.
            if (LoopSteps.inputs loop.Steps[step]).IsEmpty then
                None
            else
                numbered
                |> Array.tryPick (fun (n, (at, value, operand)) ->
                    if value = step && at < stage && moves operand && not (isOverwritten n at operand) then
                        Some operand
                    else
                        None)

        let stage number =
            let stored =
                stores
                |> Array.choose (fun (at, value, operand) ->
                    if at = number then Some(struct (value, operand)) else None)

            let storesOf rate =
                stored
                |> Array.filter (fun (struct (_, operand)) -> LoopSteps.operandRate loop operand = rate)

            let reductions =
                steps
                |> Array.choose (fun i ->
                    match LoopSteps.tryReduce loop.Steps[i] with
                    | Some(op, x) when live[i] && earliest[i] = number + 1 -> Some(struct (i, op, x))
                    | _ -> None)

            let needed = Array.create loop.Steps.Length false

            for struct (value, _) in stored do
                needed[value] <- true

            for struct (_, _, x) in reductions do
                needed[x] <- true

            let storedIn = Array.map (storedIn number) steps

            for i in Array.rev steps do
                if needed[i] && rates[i] <> LoopRate.Call && storedIn[i].IsNone then
                    LoopSteps.inputs loop.Steps[i] |> List.iter (fun x -> needed[x] <- true)

            {
                Invariant =
                    steps
                    |> Array.filter (fun i ->
                        live[i]
                        && rates[i] = LoopRate.Call
                        && earliest[i] = number
                        && (LoopSteps.tryReduce loop.Steps[i]).IsNone)
                InvariantStores = storesOf LoopRate.Call
                Segment = steps |> Array.filter (fun i -> needed[i] && rates[i] = LoopRate.Segment)
                SegmentStores = storesOf LoopRate.Segment
                Block =
                    steps
                    |> Array.filter (fun i -> needed[i] && rates[i] = LoopRate.Block)
                    |> Array.map (fun i ->
                        match storedIn[i] with
                        | Some operand -> StageWork.Reload(i, operand)
                        | None -> StageWork.Compute i)
                BlockStores = storesOf LoopRate.Block
                Reductions = reductions
                Sums =
                    reductions
                    |> Array.choose (fun struct (reduction, op, x) ->
                        if op = ReduceOp.Sum && kinds[x] = LaneKind.Float then Some reduction else None)
            }

        { Loop = loop; Kinds = kinds; Rates = rates; Stages = Array.init (last + 1) stage }
