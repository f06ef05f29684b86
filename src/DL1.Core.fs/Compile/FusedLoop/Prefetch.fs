namespace DL1.Compiler.FusedLoop

/// A row of an operand that a loop prefetches: the current one, or (`IsNext`) the one after it in memory, read next.
[<Struct>]
type internal PrefetchedRow = { Operand: int; IsNext: bool }

/// Chooses the rows that each stage prefetches. Where several stages go over the rows of one item, a core without prefetching
/// computes and waits for memory in turns; with it, rows that later stages touch arrive while an earlier stage computes.
[<RequireQualifiedAccess>]
module internal Prefetch =

    /// The number of operands whose rows a stage has time to prefetch: more if it computes expensive functions.
    let private budget loop (stage: Stage) =
        if not stage.Loops then 0
        elif Stages.isBusy loop stage then 2
        else 1

    /// For each stage, the rows that its loop prefetches. Each operand that moves along columns and segments, other than
    /// a spill buffer, is prefetched in one stage: its current row in a stage before the first that touches the operand,
    /// if one has time; otherwise its next row in the stage with the most time, if any has. Nothing is prefetched if
    /// there is only one stage, or if none computes expensive functions: such a loop only moves memory.
    let plan (plan: StagedLoop) : PrefetchedRow[][] =
        let loop, stages = plan.Loop, plan.Stages
        let touched = stages |> Array.map (Stages.moving loop)
        let free = stages |> Array.map (budget loop)
        let ahead = stages |> Array.map (fun _ -> ResizeArray<PrefetchedRow>())

        let prefetch operand isNext at =
            free[at] <- free[at] - 1
            ahead[at].Add { Operand = operand; IsNext = isNext }

        if stages.Length > 1 && Array.exists (Stages.isBusy loop) stages then
            for operand in Array.distinct (Array.concat touched) do
                let o = loop.Operands[operand]

                if o.Along && not o.Invariant && not o.Spill then
                    let first = touched |> Array.findIndex (Array.contains operand)
                    let candidates = [ 0 .. stages.Length - 1 ] |> List.filter (fun at -> free[at] > 0)

                    match candidates |> List.filter (fun at -> at < first), candidates with
                    | at :: _, _ -> prefetch operand false at
                    | [], _ :: _ -> candidates |> List.maxBy (fun at -> free[at]) |> prefetch operand true
                    | [], [] -> ()

        ahead |> Array.map _.ToArray()
