namespace DL1.Compiler.FusedLoop

/// A row of an operand to be prefetched while a loop runs: of this item, or of the next one.
[<Struct>]
type internal PrefetchedRow = { Operand: int; IsNext: bool }

/// Which rows each stage prefetches. Where several stages go over the rows of one item, a core that fetches only what
/// it comes to computes and waits in turns; with prefetching, what the next stages touch arrives meanwhile.
[<RequireQualifiedAccess>]
module internal Prefetch =

    /// How many operands' rows a stage has time to prefetch: more while it computes expensive functions.
    let private budget loop (stage: Stage) =
        if not stage.Loops then 0
        elif Stages.isBusy loop stage then 2
        else 1

    /// For each stage, the rows that its loop prefetches. Each operand is prefetched once: in a stage before the first
    /// that touches it, or else for the next item. Nothing where no stage computes expensive functions: such a loop
    /// only moves memory.
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
