namespace DL1

open System
open System.Runtime.InteropServices

/// A plan bound to a frame of its own: one run at a time. Passes are cut into parts of so much work.
[<Sealed>]
type internal Executable(plan: Plan, width: Width, grain: int64) =
    let frame = Frame(plan.Values.Length, plan.Bytes, grain)
    let pins: GCHandle[] = Array.zeroCreate plan.Values.Length

    // Constants stand still for as long as the executable lives.
    let constants =
        plan.Where
        |> Array.map (function
            | Where.Constant value ->
                GC.AllocateUninitializedArray<byte>(Memory.size value.DType * value.Size + 64, pinned = true)
            | _ -> [||])

    do
        plan.Where
        |> Array.iteri (fun place where ->
            match where with
            | Where.Constant value ->
                let address = Marshal.UnsafeAddrOfPinnedArrayElement(constants[place], 0)
                Memory.write value address
                frame.Addresses[place] <- address
            | Where.Arena offset -> frame.Addresses[place] <- frame.Base + nativeint offset
            | Where.Input _
            | Where.Output _ -> ())

    // The bodies of loops, by kernel.
    let bodies: Executable option[] = Array.create plan.Steps.Length None

    let kernels =
        plan.Steps
        |> Array.mapi (fun i step ->
            let nested body : IBound =
                let bound = Executable(body, width, grain)
                bodies[i] <- Some bound
                bound

            Bind.kernel nested frame width step.Work)

    let mutable watches: Watch[] = [||]

    /// A watch is told of a kernel's end in order and of its beginning in the opposite order: none sees another's work.
    let runWatched () =
        for i in 0 .. kernels.Length - 1 do
            for w in watches.Length - 1 .. -1 .. 0 do
                watches[w].Begins i

            kernels[i].Run()

            for w in 0 .. watches.Length - 1 do
                watches[w].Ended i

    new(plan, width) = Executable(plan, width, Frame.UsualGrain)

    member _.Plan = plan
    member _.Frame = frame
    member _.Kernels = kernels

    /// The bytes that kernels keep to work in, those in loops among them.
    member _.KeptBytes: int64 =
        Array.sumBy (fun (kernel: Kernel) -> kernel.KeptBytes) kernels
        + (bodies |> Seq.choose id |> Seq.sumBy (fun (body: Executable) -> body.KeptBytes))

    /// Has the kernels watched, those in loops among them; by no one, where there are no watches.
    member this.Watch(make: Watched -> Watch[]) = this.WatchIn(None, make)

    member private _.WatchIn(outer: struct (Plan * int) option, make: Watched -> Watch[]) : unit =
        watches <- make { Plan = plan; Frame = frame; Outer = outer }

        for i in 0 .. bodies.Length - 1 do
            match bodies[i] with
            | Some body -> body.WatchIn(Some(struct (plan, i)), make)
            | None -> ()

    /// Pins an array where a place is.
    member _.Put(place: int, elements: Elements) =
        pins[place] <- GCHandle.Alloc(Memory.array elements, GCHandleType.Pinned)
        frame.Addresses[place] <- pins[place].AddrOfPinnedObject()

    /// Lets go of all arrays.
    member _.Release() =
        for i in 0 .. pins.Length - 1 do
            if pins[i].IsAllocated then
                pins[i].Free()

    /// Runs the kernels in order.
    member _.Run(threads: int) =
        frame.Threads <- threads
        let isFirst = Pool.start ()

        try
            if watches.Length > 0 then
                runWatched ()
            else
                for kernel in kernels do
                    kernel.Run()
        finally
            if isFirst then
                Pool.stop ()

        // What kernels know are addresses alone.
        GC.KeepAlive constants
        GC.KeepAlive frame

    interface IBound with
        member _.Frame = frame
        member this.Run threads = this.Run threads
