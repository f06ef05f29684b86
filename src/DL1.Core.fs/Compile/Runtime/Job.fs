namespace DL1.Compiler.Runtime

open System
open System.Runtime.ExceptionServices
open System.Threading
open DL1

/// The parts of a run, dealt out as stretches of neighbours, one to each thread. A thread does its own from the first to
/// the last, and runs of equal sizes are dealt alike: so it meets again what its cache has of the run before. One that has
/// done its own takes from the end of what another has left.
[<Sealed>]
type internal WorkRanges() =
    // A stretch is one number, the first part in its upper half and the end in its lower one, in cache lines of its own.
    [<Literal>]
    static let Apart = 16

    let mutable stretches: int64[] = Array.zeroCreate Apart
    let mutable hands = 0

    static let stretch first last = (int64 first <<< 32) ||| int64 last
    static let first (stretch: int64) = int (stretch >>> 32)
    static let last (stretch: int64) = int (stretch &&& 0xFFFFFFFFL)

    /// Deals parts 0 to parts − 1 to so many hands.
    member _.Start(parts: int, into: int) =
        if stretches.Length < into * Apart then
            stretches <- Array.zeroCreate (into * Apart)

        hands <- into

        for hand in 0 .. into - 1 do
            let bound i = int (int64 parts * int64 i / int64 into)
            Volatile.Write(&stretches[hand * Apart], stretch (bound hand) (bound (hand + 1)))

    /// How many threads have a stretch of their own.
    member _.Hands = hands

    member _.IsEmpty =
        let mutable hand = 0

        while hand < hands
              && (let left = Volatile.Read &stretches[hand * Apart]
                  first left >= last left) do
            hand <- hand + 1

        hand = hands

    /// Takes a part from a hand's stretch, from its beginning or its end; −1 where nothing is left.
    member private _.From(hand: int, atEnd: bool) =
        let mutable part = -2

        while part = -2 do
            let left = Volatile.Read &stretches[hand * Apart]
            let low, high = first left, last left

            if low >= high then
                part <- -1
            else
                let rest = if atEnd then stretch low (high - 1) else stretch (low + 1) high

                if Interlocked.CompareExchange(&stretches[hand * Apart], rest, left) = left then
                    part <- if atEnd then high - 1 else low

        part

    /// The next part for a hand, its own or another's; −1 where nothing is left.
    member this.Take(hand: int) =
        let mutable part = this.From(hand, false)
        let mutable other = 1

        while part < 0 && other < hands do
            part <- this.From((hand + other) % hands, true)
            other <- other + 1

        part

/// One call of Pool.run: parts numbered from 0. A caller's thread keeps one for all its calls.
[<Sealed>]
type internal Job() =
    [<ThreadStatic; DefaultValue>]
    static val mutable private own: Job | null

    [<ThreadStatic; DefaultValue>]
    static val mutable private inside: bool

    [<ThreadStatic; DefaultValue>]
    static val mutable private counted: bool

    let deal = WorkRanges()
    let mutable body: int -> unit = ignore
    let mutable failed = Int32.MaxValue
    let mutable failure: ExceptionDispatchInfo | null = null

    /// This thread's job.
    static member Own =
        match Job.own with
        | null ->
            let fresh = Job()
            Job.own <- fresh
            fresh
        | known -> known

    /// Whether this thread is inside a part already.
    static member Inside
        with get () = Job.inside
        and set (value: bool) = Job.inside <- value

    /// Whether the pool counts this thread among those at work for longer than a run.
    static member Counted
        with get () = Job.counted
        and set (value: bool) = Job.counted <- value

    /// How many threads may work on it, the caller's included.
    member val Threads = 1 with get, set

    /// How many workers do; written with the pool's lock held.
    [<DefaultValue>]
    val mutable Helpers: int

    /// Whether the caller sleeps until the last helper leaves; guarded by the pool's lock.
    member val Sleeps = false with get, set
    /// Where it sleeps.
    member val Left = new SemaphoreSlim(0)

    member job.Start(parts, work) =
        body <- work
        failed <- Int32.MaxValue
        failure <- null
        deal.Start(parts, min parts job.Threads)

    member _.HasWork = not deal.IsEmpty

    /// Does parts while there are any and it is `welcome`: the caller is number 0, the workers count from 1. After a
    /// failure only parts before it are begun; so the failure kept, of the lowest part, is the same on any number of threads.
    member job.Work(number: int, welcome: Job -> bool) =
        Job.inside <- true

        try
            let hand = number % deal.Hands
            let mutable going = true

            while going do
                let part = deal.Take hand

                if part < 0 then
                    going <- false
                else
                    if part < Volatile.Read &failed then
                        try
                            body part
                        with e ->
                            job.Fail(part, e)

                    going <- welcome job
        finally
            Job.inside <- false

    member private job.Fail(part, e: exn) =
        Monitor.Enter job

        if part < failed then
            failure <- ExceptionDispatchInfo.Capture e
            Volatile.Write(&failed, part)

        Monitor.Exit job

    /// Raises the failure, if there was one.
    member _.Finish() =
        let raised = failure
        body <- ignore
        failure <- null

        match raised with
        | null -> ()
        | known -> known.Throw()
