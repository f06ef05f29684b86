namespace DL1.Compiler.Runtime

open System
open System.Runtime.ExceptionServices
open System.Threading
open DL1.Compiler

/// Work stealing over the tasks of a run: each thread gets a contiguous range of task numbers. A thread takes the tasks
/// of its own range from the first to the last; runs with equally many tasks have the same ranges, so a thread finds in
/// its cache what it used in the run before. A thread whose range is empty takes tasks from the end of another's.
[<Sealed>]
type internal WorkRanges() =
    // A range is one int64: the first task in its upper half, the task after the last in its lower half. The ranges of two
    // threads are `Tuning.RangeSpacing` words apart.
    let mutable ranges: int64[] = Array.zeroCreate Tuning.RangeSpacing
    let mutable count = 0

    static let range first last = (int64 first <<< 32) ||| int64 last
    static let first (range: int64) = int (range >>> 32)
    static let last (range: int64) = int (range &&& 0xFFFFFFFFL)

    /// Divides tasks 0 to tasks − 1 into `into` ranges of nearly equal length.
    member _.Start(tasks: int, into: int) =
        if ranges.Length < into * Tuning.RangeSpacing then
            ranges <- Array.zeroCreate (into * Tuning.RangeSpacing)

        count <- into

        for thread in 0 .. into - 1 do
            let bound i = int (int64 tasks * int64 i / int64 into)
            Volatile.Write(&ranges[thread * Tuning.RangeSpacing], range (bound thread) (bound (thread + 1)))

    /// The number of ranges.
    member _.Count = count

    member _.IsEmpty =
        let mutable thread = 0

        while thread < count
              && (let left = Volatile.Read &ranges[thread * Tuning.RangeSpacing]
                  first left >= last left) do
            thread <- thread + 1

        thread = count

    /// Takes the first task of a thread's range or, `atEnd`, the last; −1 where none is left.
    member private _.From(thread: int, atEnd: bool) =
        let mutable task = -2

        while task = -2 do
            let left = Volatile.Read &ranges[thread * Tuning.RangeSpacing]
            let low, high = first left, last left

            if low >= high then
                task <- -1
            else
                let rest = if atEnd then range low (high - 1) else range (low + 1) high

                if Interlocked.CompareExchange(&ranges[thread * Tuning.RangeSpacing], rest, left) = left then
                    task <- if atEnd then high - 1 else low

        task

    /// Takes the next task for a thread, from its own range or another's; −1 where none is left.
    member this.Take(thread: int) =
        let mutable task = this.From(thread, false)
        let mutable other = 1

        while task < 0 && other < count do
            task <- this.From((thread + other) % count, true)
            other <- other + 1

        task

/// One call of `WorkerPool.runOn`: tasks numbered from 0. A calling thread reuses one job for all its calls.
[<Sealed>]
type internal Job() =
    [<ThreadStatic; DefaultValue>]
    static val mutable private own: Job | null

    [<ThreadStatic; DefaultValue>]
    static val mutable private inside: bool

    [<ThreadStatic; DefaultValue>]
    static val mutable private counted: bool

    let ranges = WorkRanges()
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

    /// Whether this thread is running a task.
    static member Inside
        with get () = Job.inside
        and set (value: bool) = Job.inside <- value

    /// Whether the pool counts this thread as busy between runs, too: from `WorkerPool.start` to `WorkerPool.stop`.
    static member Counted
        with get () = Job.counted
        and set (value: bool) = Job.counted <- value

    /// The most threads that may work on the job, including the caller's.
    member val Threads = 1 with get, set

    /// The number of workers at work on the job; written with the pool's lock held.
    [<DefaultValue>]
    val mutable Helpers: int

    /// Whether the caller sleeps until the last worker leaves; guarded by the pool's lock.
    member val Sleeps = false with get, set
    /// The semaphore that the caller sleeps on.
    member val Left = new SemaphoreSlim(0)

    member job.Start(tasks, work) =
        body <- work
        failed <- Int32.MaxValue
        failure <- null
        ranges.Start(tasks, min tasks job.Threads)

    member _.HasWork = not ranges.IsEmpty

    /// Runs tasks while any are left and `welcome` returns true; `number` is 0 for the caller and counts from 1 for
    /// workers. After a failure only tasks with lower numbers are started; so the failure that is kept, of the failed
    /// task with the lowest number, is the same on any number of threads.
    member job.Work(number: int, welcome: Job -> bool) =
        Job.inside <- true

        try
            let thread = number % ranges.Count
            let mutable going = true

            while going do
                let task = ranges.Take thread

                if task < 0 then
                    going <- false
                else
                    if task < Volatile.Read &failed then
                        try
                            body task
                        with e ->
                            job.Fail(task, e)

                    going <- welcome job
        finally
            Job.inside <- false

    member private job.Fail(task, e: exn) =
        Monitor.Enter job

        if task < failed then
            failure <- ExceptionDispatchInfo.Capture e
            Volatile.Write(&failed, task)

        Monitor.Exit job

    /// Raises the failure of the lowest task that failed, if any did.
    member _.RaiseFailure() =
        let raised = failure
        body <- ignore
        failure <- null

        match raised with
        | null -> ()
        | known -> known.Throw()
