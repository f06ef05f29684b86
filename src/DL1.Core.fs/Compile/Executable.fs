namespace DL1

open System
open System.Runtime.InteropServices

/// A plan bound to a frame of its own: one run at a time.
[<Sealed>]
type internal Executable(plan: Plan, width: Width) =
    let frame = Frame(plan.Values.Length, plan.Bytes)
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

    let kernels =
        plan.Steps
        |> Array.map (fun step -> Bind.kernel (fun body -> Executable(body, width)) frame width step.Work)

    member _.Plan = plan
    member _.Frame = frame
    member _.Kernels = kernels

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

        for kernel in kernels do
            kernel.Run()

        // What kernels know are addresses alone.
        GC.KeepAlive constants
        GC.KeepAlive frame

    interface IBound with
        member _.Frame = frame
        member this.Run threads = this.Run threads
