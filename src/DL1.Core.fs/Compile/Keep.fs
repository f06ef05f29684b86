namespace DL1

/// Which values of a pass are kept for a later phase: what is dear to compute and used in several phases.
[<RequireQualifiedAccess>]
module internal Keep =
    // What one item may keep of a thread's own memory. Beyond the caches it takes as long to read a value back as to have
    // it again; that small items are alike, whatever their size, saves code.
    let private mostBytes = 16777216L

    /// The steps to keep, in order.
    let steps (operands: PassOperand[]) (steps: PassStep[]) (stores: struct (int * int)[]) : int[] =
        let phase = Array.zeroCreate<int> steps.Length
        let still = Array.zeroCreate<bool> steps.Length

        steps
        |> Array.iteri (fun i step ->
            let inputs = PassSteps.inputs step
            phase[i] <- inputs |> List.fold (fun p x -> max p phase[x]) 0
            still[i] <- inputs |> List.forall (fun x -> still[x])

            match step with
            | PassStep.Fold _ ->
                phase[i] <- phase[i] + 1
                still[i] <- true
            | PassStep.Load operand -> still[i] <- operands[operand].Still
            | _ -> ())

        // The phases that have a use for each step: a bit for each.
        let used = Array.zeroCreate<uint64> steps.Length

        for struct (value, _) in stores do
            used[value] <- used[value] ||| (1UL <<< min 63 phase[value])

        for i in steps.Length - 1 .. -1 .. 0 do
            match steps[i] with
            | PassStep.Fold(_, x) -> used[x] <- used[x] ||| (1UL <<< min 63 phase[x])
            | step ->
                if not still[i] then
                    for x in PassSteps.inputs step do
                        used[x] <- used[x] ||| used[i]

        let isStored i = stores |> Array.exists (fun struct (value, _) -> value = i)

        [|
            for i in 0 .. steps.Length - 1 do
                if
                    PassSteps.isDear steps[i]
                    && not still[i]
                    && not (isStored i)
                    && System.Numerics.BitOperations.PopCount used[i] > 1
                then
                    i
        |]

    /// Whether one item of a space has room for so many kept values.
    let fits (dtype: DType) (space: Space) (count: int) =
        let columns = if space.Across then int64 space.Columns else 16L
        int64 count * int64 space.Segments * columns * (if dtype = DType.F64 then 8L else 4L) <= mostBytes
