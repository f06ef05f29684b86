namespace DL1.Compiler.Planning

open DL1
open DL1.Compiler.Execution
open DL1.Compiler.FusedLoop
open DL1.Compiler.Fusion
open DL1.Compiler.Runtime

/// Which values of a plan a pass can write over what it reads for the last time: less memory, and none of it far away.
[<RequireQualifiedAccess>]
module internal InPlace =
    /// The phases of a pass in which blocks of an operand are loaded, and those in which they are stored.
    let private phases (plan: StagedLoop) operand =
        let numbers (has: Stage -> bool) =
            plan.Phases |> Array.indexed |> Array.filter (snd >> has) |> Array.map fst

        let loads (phase: Stage) =
            phase.Block
            |> Array.exists (fun work ->
                match work with
                | StageWork.Compute step -> plan.Pass.Steps[step] = LoopStep.Load operand
                | StageWork.Reload(_, from) -> from = operand)

        let stores (phase: Stage) =
            phase.BlockStores |> Array.exists (fun struct (_, target) -> target = operand)

        numbers loads, numbers stores

    /// Whether an operand has an element of its own for each point, each in one row with the next.
    let private isWhole (job: FusedLoopJob) i =
        job.Pass.Operands[i].Along
        && not job.Pass.Operands[i].Still
        && job.Offsets[i] = 0
        && job.Streams[i] < 0
        && not job.Rooms[i]

    let private liesAs (job: FusedLoopJob) i j =
        isWhole job i
        && isWhole job j
        && job.Sizes[i] = job.Sizes[j]
        && job.Space.Along[i] = job.Space.Along[j]
        && job.Space.SegmentStrides[i] = job.Space.SegmentStrides[j]
        && job.Space.Starts[i] = job.Space.Starts[j]

    /// Whether a pass may write one place over another: element for element, and none after it was written.
    let private suits (job: FusedLoopJob) source target =
        let operands place = [ 0 .. job.Places.Length - 1 ] |> List.filter (fun i -> job.Places[i] = place)

        match operands target with
        | [ written ] ->
            let plan = Stages.plan job.Pass
            let _, stores = phases plan written

            operands source
            |> List.forall (fun read ->
                liesAs job read written
                && (let loads, _ = phases plan read
                    loads |> Array.forall (fun at -> stores |> Array.forall (fun store -> at <= store))))
        | _ -> false

    /// Pairs of places, read and written, that may be one. `first` and `last` tell the steps that each place lives from
    /// and to, `isFree` whether it stands in the arena.
    let pairs (values: Expr[]) (first: int[]) (last: int[]) (isFree: int -> bool) (steps: PlanStep[]) =
        let size place = values[place].Shape.Size

        [
            for i, step in Array.indexed steps do
                match step.Work with
                | Work.FusedLoop job ->
                    let mutable dying =
                        Array.distinct step.Reads
                        |> Array.filter (fun p -> isFree p && last[p] = i && first[p] < i)
                        |> List.ofArray

                    let points = job.Space.Items * job.Space.Segments * job.Space.Columns

                    for target in Array.distinct step.Writes do
                        if isFree target && first[target] = i && size target = points then
                            match
                                dying
                                |> List.tryFind (fun source ->
                                    size source = points && suits job source target)
                            with
                            | Some source ->
                                dying <- List.except [ source ] dying
                                struct (source, target)
                            | None -> ()
                | _ -> ()
        ]
