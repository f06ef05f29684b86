namespace DL1

open System

/// Where the values of one run stand. A plan may have many frames at work at once; each belongs to one run at a time.
[<Sealed>]
type internal Frame(places: int, bytes: int64, grain: int64) =
    // One stretch of pinned memory: the collector neither moves it nor needs to be told when it goes.
    let memory =
        if bytes > int64 Array.MaxLength - 64L then
            Refuse.domain
                "Compile"
                $"%d{bytes} bytes of intermediate values"
                $"at most %d{Array.MaxLength} bytes in one plan"
                "use a smaller batch, or cut the graph in two"

        GC.AllocateUninitializedArray<byte>(int bytes + 64, pinned = true)

    /// The address of each place.
    member val Addresses: nativeint[] = Array.zeroCreate places
    /// The least work that is a part of a pass, in elements that are moved.
    member _.Grain = grain
    /// On how many threads it runs.
    member val Threads = 1 with get, set

    /// Parts of some ten microseconds.
    static member UsualGrain = 16384L

    /// The address of the arena's first byte, a multiple of 64.
    member _.Base =
        let start = Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(memory, 0)
        (start + 63n) &&& ~~~63n

/// A kernel bound to a frame: all that it needs is allocated when it is made, nothing when it runs.
[<AbstractClass>]
type internal Kernel() =
    abstract Run: unit -> unit
    /// The bytes that it keeps to work in.
    abstract KeptBytes: int64
    default _.KeptBytes = 0L
