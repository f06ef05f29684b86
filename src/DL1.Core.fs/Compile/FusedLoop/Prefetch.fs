namespace DL1.Compiler.FusedLoop

open DL1
open DL1.Compiler.Runtime

/// A line that is asked for while another loop runs: an operand's of this item, or of the one after it.
[<Struct>]
type internal PrefetchedRow = { Operand: int; IsNext: bool }

/// What each loop of a pass asks for ahead of its use. Where several loops go over one item's lines, a core that fetches
/// only what it comes to computes or waits, in turns; asked for ahead, what the next loops touch arrives meanwhile.
[<RequireQualifiedAccess>]
module internal Prefetch =
    let private isBusy (pass: FusedLoop) (phase: Stage) =
        phase.Block
        |> Array.exists (fun work ->
            match work with
            | StageWork.Compute step -> not (LoopSteps.isCheap pass.Steps[step])
            | StageWork.Reload _ -> false)

    /// The lines that a loop has time for: those of two operands while it computes functions, of one while it does not.
    let private room pass (phase: Stage) =
        if not phase.Loops then 0
        elif isBusy pass phase then 2
        else 1

    /// For each phase, what its loop asks for: each operand once, in a loop before the first that touches it, or else an
    /// item ahead. Nothing where no loop computes functions: moving is all that such a pass does.
    let plan (plan: StagedLoop) : PrefetchedRow[][] =
        let pass, phases = plan.Pass, plan.Phases
        let touched = phases |> Array.map (Stages.moving pass)
        let free = phases |> Array.map (room pass)
        let ahead = phases |> Array.map (fun _ -> ResizeArray<PrefetchedRow>())

        let ask operand isNext at =
            free[at] <- free[at] - 1
            ahead[at].Add { Operand = operand; IsNext = isNext }

        if phases.Length > 1 && Array.exists (isBusy pass) phases then
            for operand in Array.distinct (Array.concat touched) do
                let o = pass.Operands[operand]

                if o.Along && not o.Still && not o.Own then
                    let first = touched |> Array.findIndex (Array.contains operand)
                    let places = [ 0 .. phases.Length - 1 ] |> List.filter (fun at -> free[at] > 0)

                    match places |> List.filter (fun at -> at < first), places with
                    | at :: _, _ -> ask operand false at
                    | [], _ :: _ -> places |> List.maxBy (fun at -> free[at]) |> ask operand true
                    | [], [] -> ()

        ahead |> Array.map _.ToArray()
