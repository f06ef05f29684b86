namespace DL1

open System

/// Where the values of one run stand. A plan may have many frames at work at once; each belongs to one run at a time.
[<Sealed>]
type internal Frame(places: int, bytes: int64, grain: int64) =
    // One buffer holds all places. With guards on, each place has a buffer of its own (`GuardWatch`).
    let memory = Block("Compile", "intermediate values", (if Guard.IsOn then 0L else bytes))

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

/// A kernel bound to a frame: all that it needs is allocated when it is made, nothing when it runs.
[<AbstractClass>]
type internal Kernel() =
    abstract Run: unit -> unit
    /// The bytes that it keeps to work in.
    abstract KeptBytes: int64
    default _.KeptBytes = 0L
