namespace DL1.Compiler.Planning

open DL1
open DL1.Compiler.Execution
open DL1.Compiler.FusedLoop
open DL1.Compiler.Fusion

/// Finds results of fused loops that can be written over an operand which no later step reads: the arena gets smaller,
/// and the result's memory is already in the cache.
[<RequireQualifiedAccess>]
module internal InPlace =
    /// Whether a stage loads or reloads blocks of an operand.
    let private loads (loop: FusedLoop) operand (stage: Stage) =
        stage.Block
        |> Array.exists (fun work ->
            match work with
            | StageWork.Compute step -> loop.Steps[step] = LoopStep.Load operand
            | StageWork.Reload(_, from) -> from = operand)

    /// Whether a stage stores blocks to an operand.
    let private stores operand (stage: Stage) =
        stage.BlockStores |> Array.exists (fun struct (_, target) -> target = operand)

    /// The indices of the operands that are in `buffer`; `buffers` has the buffer of each operand.
    let holding (buffers: int[]) (buffer: int) =
        [ 0 .. buffers.Length - 1 ] |> List.filter (fun i -> buffers[i] = buffer)

    /// Whether operand i is in memory and has an element for each point of the domain, from the beginning of its buffer on.
    let private isWhole (job: FusedLoopJob) i =
        job.Loop.Operands[i].Along
        && not job.Loop.Operands[i].Invariant
        && job.Offsets[i] = 0
        && job.Streams[i] < 0
        && job.Buffers[i] >= 0

    /// Whether operands i and j have elements of equal size, at equal offsets, for each point of the domain.
    let private hasLayoutOf (job: FusedLoopJob) i j =
        isWhole job i
        && isWhole job j
        && job.Sizes[i] = job.Sizes[j]
        && job.Space.Along[i] = job.Space.Along[j]
        && job.Space.SegmentStrides[i] = job.Space.SegmentStrides[j]
        && job.Space.Starts[i] = job.Space.Starts[j]

    /// Whether a fused loop may use the memory of the buffer `source` for `target`: both have the same layout, and no
    /// stage loads an element of the source after a stage has stored it.
    let suits (job: FusedLoopJob) source target =
        match holding job.Buffers target with
        | [ written ] ->
            let stages = (Stages.plan job.Loop).Stages
            let stored = stages |> Array.tryFindIndex (stores written) |> Option.defaultValue stages.Length

            holding job.Buffers source
            |> List.forall (fun read ->
                hasLayoutOf job read written
                && not (
                    stages
                    |> Array.skip (min stages.Length (stored + 1))
                    |> Array.exists (loads job.Loop read)
                ))
        | _ -> false

    /// Finds pairs (buffer read, buffer written) that may share memory. `first` and `last` are the indices of the first and last
    /// step that touch each buffer; `isFree` says whether a buffer is in the arena.
    let pairs (values: Expr[]) (first: int[]) (last: int[]) (isFree: int -> bool) (steps: PlanStep[]) =
        let size buffer = values[buffer].Shape.Size

        [
            for i, step in Array.indexed steps do
                match step.Work with
                | Work.FusedLoop job ->
                    let mutable dying =
                        Array.distinct step.Reads
                        |> Array.filter (fun p -> isFree p && last[p] = i && first[p] < i)
                        |> List.ofArray

                    let points = job.Space.Points

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
