namespace DL1.Compiler.Runtime

open System
open System.Threading
open DL1

/// Threads that wait for work: a run costs about a microsecond while they are awake. They spin for a moment after
/// the last part, then sleep. Work is cut by the caller, by the problem's size alone, so that results do not depend
/// on the number of threads. Runs from several threads share the workers: a worker joins a run only while fewer
/// threads are at work than that run allows, those counted in that do a plan's small kernels alone. A run inside a part
/// is done by its own thread.
/// Parts must not wait for one another.
[<RequireQualifiedAccess>]
module internal WorkerPool =
    /// The jobs that workers may join; also the pool's lock.
    let private jobs = ResizeArray<Job>()
    let private wake = new SemaphoreSlim(0)
    /// Counts the moments at which a worker may find something to do.
    let mutable private offers = 0
    let mutable private working = 0
    let mutable private asleep = 0
    let mutable private workers = 0
    let private patience = Diagnostics.Stopwatch.Frequency / 20_000L

    /// How many threads a run may use unless it says otherwise: this machine's processors.
    let mutable threads = Environment.ProcessorCount

    let private caller: Job -> bool = fun _ -> true
    let private helper: Job -> bool = fun job -> Volatile.Read &working <= job.Threads

    /// A job to help with, and the number of offers seen; the helper is counted in.
    let private join (seen: byref<int>) : Job | null =
        Monitor.Enter jobs
        seen <- offers
        let mutable found: Job | null = null
        let mutable i = 0

        while isNull found && i < jobs.Count do
            let job = jobs[i]

            if job.HasWork && working < job.Threads then
                job.Helpers <- job.Helpers + 1
                working <- working + 1
                found <- job

            i <- i + 1

        Monitor.Exit jobs
        found

    /// Called with the lock held: one more offer, and how many sleepers are to be woken for it.
    let private offer places =
        Volatile.Write(&offers, offers + 1)
        let woken = min asleep places
        asleep <- asleep - woken
        woken

    let private anyWork () =
        let mutable found = false

        for i in 0 .. jobs.Count - 1 do
            found <- found || jobs[i].HasWork

        found

    let private leave (job: Job) =
        Monitor.Enter jobs
        working <- working - 1
        job.Helpers <- job.Helpers - 1
        let last = job.Helpers = 0 && job.Sleeps

        if last then
            job.Sleeps <- false

        let woken = if anyWork () then offer 1 else 0
        Monitor.Exit jobs

        if last then
            job.Left.Release() |> ignore

        if woken > 0 then
            wake.Release woken |> ignore

    /// Spins, then sleeps, until there is a new offer.
    let private rest seen =
        let start = Diagnostics.Stopwatch.GetTimestamp()

        while Volatile.Read &offers = seen && Diagnostics.Stopwatch.GetTimestamp() - start < patience do
            Thread.SpinWait 8

        if Volatile.Read &offers = seen then
            Monitor.Enter jobs
            let sleeps = offers = seen

            if sleeps then
                asleep <- asleep + 1

            Monitor.Exit jobs

            if sleeps then
                wake.Wait()

    let private worker number () =
        let mutable seen = 0

        while true do
            match join &seen with
            | null -> rest seen
            | job ->
                job.Work(number, helper)
                leave job

    let private hire count =
        while workers < count do
            workers <- workers + 1
            // A value of its own: the thread asks for it when it starts.
            let number = workers
            let thread = Thread(worker number, IsBackground = true, Name = "DL1 worker")
            thread.Start()

    let private publish (job: Job) helpers =
        Monitor.Enter jobs
        hire (job.Threads - 1)
        jobs.Add job

        if not Job.Counted then
            working <- working + 1

        let woken = offer helpers
        Monitor.Exit jobs

        if woken > 0 then
            wake.Release woken |> ignore

    let private close (job: Job) =
        Monitor.Enter jobs
        jobs.Remove job |> ignore

        if not Job.Counted then
            working <- working - 1

        let woken = if anyWork () then offer 1 else 0
        Monitor.Exit jobs

        if woken > 0 then
            wake.Release woken |> ignore

    /// Waits for the helpers' last parts.
    let private await (job: Job) =
        let start = Diagnostics.Stopwatch.GetTimestamp()

        while Volatile.Read &job.Helpers > 0 && Diagnostics.Stopwatch.GetTimestamp() - start < patience do
            Thread.SpinWait 8

        Monitor.Enter jobs
        let sleeps = job.Helpers > 0
        job.Sleeps <- sleeps
        Monitor.Exit jobs

        if sleeps then
            job.Left.Wait()

    /// Counts this thread among those at work until `stop`, whatever runs it has or has not. False where it is counted
    /// already, or at work in a part: then there is nothing to stop.
    let start () =
        if Job.Counted || Job.Inside then
            false
        else
            Monitor.Enter jobs
            working <- working + 1
            Monitor.Exit jobs
            Job.Counted <- true
            true

    /// Counts this thread no longer.
    let stop () =
        Job.Counted <- false
        Monitor.Enter jobs
        working <- working - 1
        let woken = if anyWork () then offer 1 else 0
        Monitor.Exit jobs

        if woken > 0 then
            wake.Release woken |> ignore

    /// Runs parts 0 to parts − 1 on at most so many threads, this one among them; returns when all are done.
    /// If parts fail, no new ones begin and the lowest one's exception is raised here.
    let runOn threads parts (body: int -> unit) =
        if parts < 2 || threads < 2 || Job.Inside then
            for part in 0 .. parts - 1 do
                body part
        else
            let job = Job.Own
            job.Threads <- threads
            job.Start(parts, body)
            publish job (min parts threads - 1)
            job.Work(0, caller)
            close job
            await job
            job.Finish()

    /// Runs parts 0 to parts − 1 on the pool's threads; returns when all are done.
    let run parts body = runOn threads parts body
