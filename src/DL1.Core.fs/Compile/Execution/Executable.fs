namespace DL1.Compiler.Execution

open System
open System.Runtime.InteropServices
open DL1
open DL1.Compiler.Planning
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A plan bound to a frame of its own: one run at a time. Passes are cut into parts of so much work. One that `borrows` has
/// a buffer for its intermediate values only between `Borrow` and `Release`.
[<Sealed>]
type internal Executable(plan: Plan, width: Width, grain: int64, mayBorrow: bool) =
    let borrows = mayBorrow && not Guard.IsOn && plan.Bytes > 0L && plan.Bytes <= SharedBuffers.most
    let frame = Frame(plan.Values.Length, (if borrows then 0L else plan.Bytes), grain)

    /// Where the last buffer that was borrowed began.
    let mutable placed = 0n
    let pins: GCHandle[] = Array.zeroCreate plan.Values.Length

    // What stands still for as long as the executable lives: constants, and, guarded, all that is not given or taken.
    let blocks =
        plan.Where
        |> Array.mapi (fun place where ->
            let e = plan.Values[place]
            let block () = Some(Block("Compile", "a constant", Memory.bytes e.DType e.Shape.Size))

            match where with
            | Where.Constant _ -> block ()
            | Where.Arena _
            | Where.Input _
            | Where.Output _ -> if Guard.IsOn then block () else None)

    /// The arrays of outputs that guarded blocks stand for.
    let taken: Elements option[] = if Guard.IsOn then Array.create plan.Values.Length None else [||]

    do
        plan.Where
        |> Array.iteri (fun place where ->
            match where, blocks[place] with
            | Where.Constant value, Some block ->
                Memory.write value block.Address
                frame.Addresses[place] <- block.Address

                match block.Region with
                | null -> ()
                | region -> region.Protect()
            | Where.Arena _, Some block -> frame.Addresses[place] <- block.Address
            | Where.Arena offset, None when not borrows ->
                frame.Addresses[place] <- frame.Base + nativeint offset
            | Where.Arena _, None
            | Where.Constant _, None
            | Where.Input _, _
            | Where.Output _, _ -> ())

    // The bodies of loops, by kernel.
    let bodies: Executable option[] = Array.create plan.Steps.Length None

    let kernels =
        plan.Steps
        |> Array.mapi (fun i step ->
            let nested body : IBound =
                let bound = Executable(body, width, grain, false)
                bodies[i] <- Some bound
                bound

            BindKernel.kernel nested frame width step.Work)

    /// Looks, guarded, whether a kernel wrote before a place.
    let guards: KernelObserver[] = if Guard.IsOn then [| GuardObserver(plan, blocks) |] else [||]

    let mutable watches: KernelObserver[] = guards

    /// A watch is told of a kernel's end in order and of its beginning in the opposite order: none sees another's work.
    let runWatched () =
        for i in 0 .. kernels.Length - 1 do
            for w in watches.Length - 1 .. -1 .. 0 do
                watches[w].Begins i

            kernels[i].Run()

            for w in 0 .. watches.Length - 1 do
                watches[w].Ended i

    new(plan, width) = Executable(plan, width, Frame.UsualGrain, false)

    /// What stands for the buffer that is not borrowed.
    static member val private NoMemory = Block("Compile", "intermediate values", 0L)

    member _.Plan = plan
    member _.Frame = frame
    member _.Kernels = kernels

    /// The bytes that kernels keep to work in, those in loops among them.
    member _.KeptBytes: int64 =
        Array.sumBy (fun (kernel: Kernel) -> kernel.KeptBytes) kernels
        + (bodies |> Seq.choose id |> Seq.sumBy (fun (body: Executable) -> body.KeptBytes))

    /// Has the kernels watched, those in loops among them; by no one, where there are no watches.
    member this.Watch(make: ObservedPlan -> KernelObserver[]) = this.WatchIn(None, make)

    member private _.WatchIn
        (outer: struct (Plan * int) option, make: ObservedPlan -> KernelObserver[])
        : unit =
        watches <- Array.append guards (make { Plan = plan; Frame = frame; Outer = outer })

        for i in 0 .. bodies.Length - 1 do
            match bodies[i] with
            | Some body -> body.WatchIn(Some(struct (plan, i)), make)
            | None -> ()

    /// Pins an array where a place is.
    member _.Put(place: int, elements: Elements) =
        match plan.Where[place], blocks[place] with
        | Where.Output _, Some block ->
            taken[place] <- Some elements
            frame.Addresses[place] <- block.Address
        | Where.Input _, Some block ->
            Memory.put elements block.Address
            frame.Addresses[place] <- block.Address
        | _ ->
            pins[place] <- GCHandle.Alloc(Memory.array elements, GCHandleType.Pinned)
            frame.Addresses[place] <- pins[place].AddrOfPinnedObject()

    /// Borrows a buffer for intermediate values, where it has none of its own: before each run.
    member _.Borrow() =
        if borrows then
            frame.Memory <- SharedBuffers.borrow plan.Bytes

            if frame.Base <> placed then
                placed <- frame.Base

                for place in 0 .. plan.Where.Length - 1 do
                    match plan.Where[place] with
                    | Where.Arena offset -> frame.Addresses[place] <- placed + nativeint offset
                    | Where.Constant _
                    | Where.Input _
                    | Where.Output _ -> ()

    /// Lets go of all arrays, and of a buffer that was borrowed.
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

    /// Runs the kernels in order.
    member _.Run(threads: int) =
        frame.Threads <- threads
        let isFirst = WorkerPool.start ()

        try
            if watches.Length > 0 then
                runWatched ()
            else
                for kernel in kernels do
                    kernel.Run()
        finally
            if isFirst then
                WorkerPool.stop ()

        // What kernels know are addresses alone.
        GC.KeepAlive blocks
        GC.KeepAlive frame

    interface IBound with
        member _.Frame = frame
        member this.Run threads = this.Run threads
