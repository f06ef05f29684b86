namespace DL1.Compiler.Execution

open DL1
open DL1.Compiler.Planning
open DL1.Compiler.Runtime

/// With guards (`Guard`): fills all buffers that kernels compute with the guard pattern before a run, and checks after
/// each kernel that nothing was written before the beginning of a buffer that it reads or writes.
[<Sealed>]
type internal GuardObserver(plan: Plan, blocks: Block option[]) =
    inherit KernelObserver()

    let regions = blocks |> Array.map (Option.bind (fun block -> Option.ofObj block.Region))

    let spoiled =
        Array.map2 (fun (l: Location) region -> if l.IsArena then region else None) plan.Locations regions
        |> Array.choose id

    let used = plan.Steps |> Array.map (fun step -> Array.append step.Reads step.Writes |> Array.distinct)

    override _.Begins number =
        if number = 0 then
            for region in spoiled do
                region.Spoil()

    override _.Ended number =
        for buffer in used[number] do
            match regions[buffer] with
            | Some region when region.IsBroken ->
                let e = plan.Values[buffer]

                Refuse.domain
                    "DL1_GUARD"
                    $"kernel %d{number} of a plan, which wrote before {Operand.text e}"
                    "writes within its operands and results"
                    "report this as a bug, with the expression"
            | _ -> ()
