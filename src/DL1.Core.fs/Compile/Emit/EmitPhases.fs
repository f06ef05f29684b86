namespace DL1.Compiler.Emit

open DL1.Compiler
open System.Collections.Generic
open System.Reflection.Emit
open DL1.Compiler.FusedLoop

/// Emits the whole vectors of a row where a stage has three expensive functions or more and no reductions: in phases of
/// one function each, a chunk of columns at a time. One loop over all functions has more constants and values than the
/// processor has registers, and too few independent instructions. Values that later phases read wait on the stack.
[<Sealed>]
type internal EmitPhases(staged: StagedLoop, il: VectorIL, inner: EmitBlock) =
    /// The fewest expensive functions of a stage for which phases pay. The five functions of an LSTM's gates take half of the
    /// time in phases; the two of GELU and its derivative take 1.1 times as long, since each phase loads its inputs anew.
    static let fewestPhases = 3

    let loop, methods = staged.Loop, il.Methods
    let memory, waiting, start, limit = il.NewNative(), il.NewNative(), il.NewNative(), il.NewNative()

    /// The steps that a stage computes for each block, without loads: each phase loads the operands that it needs anew.
    let computed (stage: Stage) =
        stage.Block
        |> Array.choose (fun work ->
            match work with
            | StageWork.Compute step when (LoopSteps.tryLoad loop.Steps[step]).IsNone -> Some step
            | _ -> None)

    /// The number of phases, and for each step its phase, or −1 if it is not among those `computed`. An expensive
    /// function has a phase of its own; any other step is in the last of the phases of its inputs, or in phase 0.
    let phases (stage: Stage) =
        let found = Array.create loop.Steps.Length -1
        let mutable count = 0

        for step in computed stage do
            if LoopSteps.isCheap loop.Steps[step] then
                found[step] <-
                    LoopSteps.inputs loop.Steps[step] |> List.fold (fun last x -> max last found[x]) 0
            else
                found[step] <- count
                count <- count + 1

        struct (count, found)

    /// The steps whose values phase `number` reads. The last phase also reads the values that the stage stores.
    let reads (stage: Stage) (struct (count, phases: int[])) number =
        [
            for step in computed stage do
                if phases[step] = number then
                    yield! LoopSteps.inputs loop.Steps[step]

            if number = count - 1 then
                for struct (step, _) in stage.BlockStores do
                    step
        ]
        |> HashSet

    /// The steps whose values wait on the stack for later phases.
    let waits (stage: Stage) (struct (count, phases: int[]) as plan) =
        let later = Array.create loop.Steps.Length -1

        for number in 0 .. count - 1 do
            for step in reads stage plan number do
                later[step] <- number

        computed stage |> Array.filter (fun step -> later[step] > phases[step])

    /// Pushes the address of waiting value number `slot` at the current column.
    let address slot =
        il.Push waiting
        il.Along(inner.Column, methods.Size)
        il.Add(slot * Tuning.PhaseBytes)

    /// Emits one phase for the vector at the current column.
    let vector (stage: Stage) (struct (count, phases: int[]) as plan) (waits: int[]) number =
        let reads = reads stage plan number
        let waiting step = System.Array.IndexOf(waits, step)

        for work in stage.Block do
            match work with
            | StageWork.Compute step when phases[step] = number || (phases[step] < 0 && reads.Contains step) ->
                inner.Compute(inner.Rows, false, step, 1)
            | StageWork.Compute step when phases[step] < number && reads.Contains step ->
                address (waiting step)
                il.LoadObject staged.Kinds[step]
                il.Pop(inner.Value(step, 0))
            | StageWork.Reload(step, operand) when reads.Contains step ->
                inner.Reload(false, step, operand, 1)
            | StageWork.Compute _
            | StageWork.Reload _ -> ()

        for step in waits do
            if phases[step] = number then
                address (waiting step)
                il.Push(inner.Value(step, 0))
                il.StoreObject staged.Kinds[step]

        if number = count - 1 then
            for struct (step, operand) in stage.BlockStores do
                inner.Store(inner.Rows, false, step, operand, 1)

    /// Whether a stage is emitted in phases.
    member _.Suits(stage: Stage) =
        let struct (count, _) as plan = phases stage
        let isPlain = loop.Across && stage.Reductions.Length = 0
        isPlain && count >= fewestPhases && (waits stage plan).Length <= Tuning.PhaseValues

    /// Emits the allocation of stack memory, aligned to 64 bytes, for waiting values.
    member this.Prologue() =
        match
            staged.Stages
            |> Array.filter this.Suits
            |> Array.map (fun stage -> (waits stage (phases stage)).Length)
        with
        | [||] -> ()
        | counts ->
            il.Int(Array.max counts * Tuning.PhaseBytes + 64)
            il.Do OpCodes.Conv_U
            il.Do OpCodes.Localloc
            il.Add 63
            il.Constant -64
            il.Do OpCodes.And
            il.Pop memory

    /// Emits the loop over whole vectors from the current column to the end column, which `until` pushes.
    member _.Vectors(stage: Stage, until: unit -> unit) =
        let struct (count, _) as plan = phases stage
        let waits = waits stage plan

        let lastVector () =
            until ()
            il.Add -methods.Lanes

        let test () =
            il.Push inner.Column
            lastVector ()

        il.While test OpCodes.Ble (fun () ->
            il.Move(inner.Column, start)
            il.Push memory
            il.Push start
            il.Times methods.Size
            il.Do OpCodes.Sub
            il.Pop waiting
            lastVector ()
            il.Push start
            il.Add(Tuning.PhaseBytes / methods.Size - methods.Lanes)
            il.Min()
            il.Pop limit

            for number in 0 .. count - 1 do
                il.Move(start, inner.Column)

                il.WhileBoth inner.Column OpCodes.Ble limit (fun () ->
                    if number = 0 then
                        inner.Prefetch stage

                    vector stage plan waits number
                    il.Advance inner.Column (fun () -> il.Constant methods.Lanes)))
