namespace DL1.Compiler.Fusion

open DL1
open DL1.Compiler
open DL1.Compiler.FusedLoop

/// Decides which values of a fused loop are spilled: those that are expensive to compute and used in several stages.
[<RequireQualifiedAccess>]
module internal SpillPolicy =
    /// Whether the values of `count` spilled steps fit into `Tuning.SpillBytes`: the values of one item, or of all items where
    /// there are fewer than `Tuning.FewItems`, since threads then share each item.
    let private fits (dtype: DType) (space: IterationSpace) (count: int) =
        let lanes, bytes = if dtype = DType.F64 then 8, 8L else 16, 4L
        let columns = if space.Across then int64 space.Columns else int64 lanes
        let items = space.ItemsBy lanes
        let atOnce = if items < Tuning.FewItems then int64 items else 1L
        int64 count * atOnce * int64 space.Segments * columns * bytes <= Tuning.SpillBytes

    /// Returns the indices of the steps to spill, in order; empty where their values exceed `Tuning.SpillBytes`.
    let steps (loop: FusedLoop) (space: IterationSpace) : int[] =
        let steps, stores = loop.Steps, loop.Stores
        let stage = Stages.earliest loop
        let invariant = LoopSteps.rates loop |> Array.map (fun rate -> rate = LoopRate.Call)

        // For each step, a bit for each stage that uses its value; stages from 63 on share the last bit.
        let used = Array.zeroCreate<uint64> steps.Length

        for struct (value, _) in stores do
            used[value] <- used[value] ||| (1UL <<< min 63 stage[value])

        for i in steps.Length - 1 .. -1 .. 0 do
            match steps[i] with
            | LoopStep.Reduce(_, x) -> used[x] <- used[x] ||| (1UL <<< min 63 stage[x])
            | step ->
                if not invariant[i] then
                    for x in LoopSteps.inputs step do
                        used[x] <- used[x] ||| used[i]

        let isSpilled i =
            not (LoopSteps.isCheap steps[i])
            && not invariant[i]
            && not (stores |> Array.exists (fun struct (value, _) -> value = i))
            && System.Numerics.BitOperations.PopCount used[i] > 1

        let spilled = [| 0 .. steps.Length - 1 |] |> Array.filter isSpilled
        if fits loop.Type space spilled.Length then spilled else [||]
