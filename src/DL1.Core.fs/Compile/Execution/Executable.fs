namespace DL1.Compiler.Execution

open System
open System.Runtime.InteropServices
open DL1
open DL1.Compiler
open DL1.Compiler.Planning
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Pins arrays: their addresses are fixed as long as this object is alive.
[<Sealed>]
type private Pins(arrays: Array[]) =
    let handles = arrays |> Array.map (fun array -> GCHandle.Alloc(array, GCHandleType.Pinned))

    member _.Address(i: int) = handles[i].AddrOfPinnedObject()

    override _.Finalize() =
        for handle in handles do
            handle.Free()

/// A plan bound to a frame of its own; one run at a time. `frozen` pairs the buffer of each input that never changes with its
/// elements. `grain` is the least work of a task of a fused loop, in elements moved. With `mayBorrow`, an arena of at most
/// `Tuning.SharedArenaBytes` is shared with other plans: the executable has it only between `Borrow` and `Release`.
[<Sealed>]
type internal Executable
    (plan: Plan, width: Width, grain: int64, mayBorrow: bool, frozen: struct (int * Elements)[]) =
    let borrows = mayBorrow && not Guard.IsOn && plan.Bytes > 0L && plan.Bytes <= Tuning.SharedArenaBytes
    let frame = Frame(plan.Values.Length, (if borrows then 0L else plan.Bytes), grain)

    /// The address of the arena that was borrowed last.
    let mutable borrowed = 0n
    let pins: GCHandle[] = Array.zeroCreate plan.Values.Length

    // Buffers owned by the executable: constants; with guards, a block for every buffer.
    let blocks =
        plan.Locations
        |> Array.mapi (fun buffer location ->
            let e = plan.Values[buffer]

            if location.IsConstant || Guard.IsOn then
                Some(Block("Compile", "a constant", Memory.bytesOf e))
            else
                None)

    /// With guards, the arrays of outputs, which are filled from the guarded blocks after a run.
    let taken: Elements option[] = if Guard.IsOn then Array.create plan.Values.Length None else [||]

    do
        plan.Locations
        |> Array.iteri (fun buffer location ->
            match location, blocks[buffer] with
            | Location.Constant value, Some block ->
                Memory.write value block.Address
                frame.Addresses[buffer] <- block.Address
                frame.Frozen[buffer] <- Elements.array value.Elements
                Option.ofObj block.Region |> Option.iter _.Protect()
            | Location.Arena _, Some block -> frame.Addresses[buffer] <- block.Address
            | Location.Arena offset, None when not borrows ->
                frame.Addresses[buffer] <- frame.Base + nativeint offset
            | _ -> ())

    let frozenPins = Pins(frozen |> Array.map (fun (struct (_, elements)) -> Elements.array elements))

    do
        for i in 0 .. frozen.Length - 1 do
            let struct (buffer, elements) = frozen[i]
            frame.Frozen[buffer] <- Elements.array elements

            match blocks[buffer] with
            | Some block ->
                Memory.put elements block.Address
                frame.Addresses[buffer] <- block.Address
            | None -> frame.Addresses[buffer] <- frozenPins.Address i

    // For each step that is a scan, its bound body.
    let bodies: Executable option[] = Array.create plan.Steps.Length None

    let kernels =
        plan.Steps
        |> Array.mapi (fun i step ->
            let nested body =
                let bound = Executable(body, width, grain, false, [||])
                bodies[i] <- Some bound
                bound.Frame, bound.Run

            BindKernel.kernel nested frame width step.Work)

    /// With guards, the observer that finds writes before the beginning of a buffer.
    let guards: KernelObserver[] = if Guard.IsOn then [| GuardObserver(plan, blocks) |] else [||]

    let mutable observers: KernelObserver[] = guards

    /// The index of the kernel that runs, or ran last.
    let mutable running = 0

    /// Runs the kernels with observers. `Begins` is called from the last observer to the first and `Ended` from the first
    /// to the last, so the observers nest: a time that one measures does not include the work of later ones.
    let runObserved () =
        for i in 0 .. kernels.Length - 1 do
            for o in observers.Length - 1 .. -1 .. 0 do
                observers[o].Begins i

            running <- i
            kernels[i].Run()

            for o in 0 .. observers.Length - 1 do
                observers[o].Ended i

    new(plan, width) = Executable(plan, width, Frame.UsualGrain, false, [||])

    /// The empty block that a frame has while no arena is borrowed.
    static member val private NoMemory = Block("Compile", "intermediate values", 0L)

    member _.Plan = plan
    member _.Frame = frame
    /// The index of the kernel that runs, or ran last: where a run failed, the one that failed.
    member _.Running = running

    /// The bytes that kernels keep between runs as working memory, including those in scans.
    member _.KeptBytes: int64 =
        Array.sumBy (fun (kernel: Kernel) -> kernel.KeptBytes) kernels
        + (bodies |> Seq.choose id |> Seq.sumBy (fun (body: Executable) -> body.KeptBytes))

    /// Replaces the observers of this plan, and of the bodies of its scans, by the ones that `make` returns for each plan.
    member this.Observe(make: ObservedPlan -> KernelObserver[]) = this.ObserveIn(None, make)

    member private _.ObserveIn(outer: struct (Plan * int) option, make: ObservedPlan -> KernelObserver[]) =
        observers <- Array.append guards (make { Plan = plan; Frame = frame; Outer = outer })

        for i in 0 .. bodies.Length - 1 do
            bodies[i] |> Option.iter _.ObserveIn(Some(struct (plan, i)), make)

    /// Binds an array to an input or output buffer until `Release`. With guards the buffer has its own block: inputs are
    /// copied to it now, and outputs from it at `Release`.
    member this.Put(buffer: int, elements: Elements) =
        match plan.Locations[buffer], blocks[buffer] with
        | Location.Output _, Some block ->
            taken[buffer] <- Some elements
            frame.Addresses[buffer] <- block.Address
        | _ -> this.PutPart(buffer, elements, 0, Elements.length elements)

    /// Binds `count` elements of an array, from `first` on, to an input buffer until `Release`: some rows of a data set.
    member _.PutPart(buffer: int, elements: Elements, first: int, count: int) =
        let size = (Elements.dtype elements).Bytes
        let pin = GCHandle.Alloc(Elements.array elements, GCHandleType.Pinned)
        let address = pin.AddrOfPinnedObject() + nativeint (int64 size * int64 first)

        match blocks[buffer] with
        | Some block ->
            Memory.copy address block.Address (int64 size * int64 count)
            pin.Free()
            frame.Addresses[buffer] <- block.Address
        | None ->
            pins[buffer] <- pin
            frame.Addresses[buffer] <- address

    /// Borrows an arena, if the executable has none of its own. The caller calls it before each run.
    member _.Borrow() =
        if borrows then
            frame.Memory <- SharedBuffers.borrow plan.Bytes

            if frame.Base <> borrowed then
                borrowed <- frame.Base

                for buffer in 0 .. plan.Locations.Length - 1 do
                    match plan.Locations[buffer] with
                    | Location.Arena offset -> frame.Addresses[buffer] <- borrowed + nativeint offset
                    | _ -> ()

    /// Unpins all arrays, fills the outputs from guarded blocks, and returns a borrowed arena.
    member _.Release() =
        for i in 0 .. pins.Length - 1 do
            if pins[i].IsAllocated then
                pins[i].Free()

        for i in 0 .. taken.Length - 1 do
            match taken[i], blocks[i] with
            | Some elements, Some block -> Memory.fill elements block.Address
            | _ -> ()

            taken[i] <- None

        if borrows && frame.Memory.Bytes > 0L then
            SharedBuffers.giveBack frame.Memory
            frame.Memory <- Executable.NoMemory

    /// Runs the kernels in order, each on at most `threads` threads.
    member _.Run(threads: int) =
        frame.Threads <- threads
        let isFirst = WorkerPool.start ()

        try
            if observers.Length > 0 then
                runObserved ()
            else
                for i in 0 .. kernels.Length - 1 do
                    running <- i
                    kernels[i].Run()
        finally
            if isFirst then
                WorkerPool.stop ()

        // Kernels hold addresses, which do not keep the memory alive.
        GC.KeepAlive blocks
        GC.KeepAlive frame
        GC.KeepAlive frozenPins
