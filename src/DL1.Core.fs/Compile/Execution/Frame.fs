namespace DL1.Compiler.Execution

open System
open System.Collections.Concurrent
open DL1
open DL1.Compiler.Planning
open DL1.Compiler.Runtime

/// Buffers for the intermediate values of plans that run now and then, such as a service's for batches of many sizes: a run
/// borrows one and gives it back, so that memory follows the runs at work, not the plans that are kept.
[<RequireQualifiedAccess>]
module internal SharedBuffers =
    /// Larger plans keep a buffer of their own: a shared one that large would be kept for small plans, too.
    let most = 1L <<< 24

    let private idle = ConcurrentStack<Block>()

    let private sizeFor (bytes: int64) =
        let mutable size = 1L <<< 12

        while size < bytes do
            size <- 2L * size

        size

    /// A buffer of so many bytes or more: one that was given back, if it is large enough.
    let borrow (bytes: int64) : Block =
        match idle.TryPop() with
        | true, block when block.Bytes >= bytes -> block
        // A smaller one is let go, so that those that are kept soon serve every plan.
        | _ -> Block("Compile", "intermediate values", sizeFor bytes)

    /// Gives a buffer back; no more are kept than threads can use.
    let giveBack (block: Block) : unit =
        if idle.Count < Environment.ProcessorCount then
            idle.Push block

/// Where the values of one run stand. A plan may have many frames at work at once; each belongs to one run at a time.
[<Sealed>]
type internal Frame(places: int, bytes: int64, grain: int64) =
    // One buffer holds all places. With guards on, each place has a buffer of its own (`GuardObserver`).
    let mutable memory = Block("Compile", "intermediate values", (if Guard.IsOn then 0L else bytes))

    /// The address of each place.
    member val Addresses: nativeint[] = Array.zeroCreate places
    /// The least work that is a part of a pass, in elements that are moved.
    member _.Grain = grain
    /// On how many threads it runs.
    member val Threads = 1 with get, set

    /// Parts of some ten microseconds.
    static member UsualGrain = 16384L

    /// The address of the arena's first byte, a multiple of 64.
    member _.Base = memory.Address

    /// The buffer of the arena.
    member _.Memory
        with get () = memory
        and set block = memory <- block

/// A kernel bound to a frame: all that it needs is allocated when it is made, nothing when it runs.
[<AbstractClass>]
type internal Kernel() =
    abstract Run: unit -> unit
    /// The bytes that it keeps to work in.
    abstract KeptBytes: int64
    default _.KeptBytes = 0L
