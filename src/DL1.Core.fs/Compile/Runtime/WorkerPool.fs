namespace DL1.Compiler.Runtime

open System
open System.Threading

/// Worker threads: starting a run costs about a microsecond while they are awake. After the last task they spin for 50
/// µs, then sleep. The caller cuts work into tasks by the problem's size alone, so that results do not depend on the
/// number of threads. Runs from several threads share the workers: a worker joins a run only while fewer threads are
/// busy than that run allows; a thread that runs a plan's small kernels by itself counts as busy. A run started inside
/// a task is done by that task's thread alone. Tasks must not wait for one another.
[<RequireQualifiedAccess>]
module internal WorkerPool =
    /// The jobs that workers may join; also the pool's lock.
    let private jobs = ResizeArray<Job>()
    let private wake = new SemaphoreSlim(0)
    /// Counts the events after which a worker may find something to do.
    let mutable private offers = 0
    let mutable private working = 0
    let mutable private asleep = 0
    let mutable private workers = 0
    let private patience = Diagnostics.Stopwatch.Frequency / 20_000L

    /// The default number of threads of a run: the number of processors of this machine.
    let mutable threads = Environment.ProcessorCount

    let private caller: Job -> bool = fun _ -> true
    let private helper: Job -> bool = fun job -> Volatile.Read &working <= job.Threads

    /// Finds a job that needs help and counts this worker among its helpers; null where there is none. Sets `seen` to the
    /// number of offers so far.
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

    /// Counts one more offer, to at most `most` workers; returns the number of sleeping workers to wake. Needs the lock.
    let private offer most =
        Volatile.Write(&offers, offers + 1)
        let woken = min asleep most
        asleep <- asleep - woken
        woken

    /// Wakes sleeping workers.
    let private rouse count =
        if count > 0 then
            wake.Release count |> ignore

    let private anyWork () =
        let mutable found = false

        for i in 0 .. jobs.Count - 1 do
            found <- found || jobs[i].HasWork

        found

    /// Runs `how`, which changes what the lock guards; then, if any job has work left, wakes a sleeping worker.
    let inline private change ([<InlineIfLambda>] how: unit -> unit) =
        Monitor.Enter jobs
        how ()
        let woken = if anyWork () then offer 1 else 0
        Monitor.Exit jobs
        rouse woken

    let private leave (job: Job) =
        change (fun () ->
            working <- working - 1
            job.Helpers <- job.Helpers - 1

            if job.Helpers = 0 && job.Sleeps then
                job.Sleeps <- false
                job.Left.Release() |> ignore)

    /// Spins for a while, as long as a condition holds.
    let inline private spin ([<InlineIfLambda>] holds: unit -> bool) =
        let start = Diagnostics.Stopwatch.GetTimestamp()

        while holds () && Diagnostics.Stopwatch.GetTimestamp() - start < patience do
            Thread.SpinWait 8

    /// Spins, then sleeps, until there is an offer beyond `seen`.
    let private rest seen =
        spin (fun () -> Volatile.Read &offers = seen)

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
            // Copied, since the thread's body reads it only when it starts.
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
        rouse woken

    let private close (job: Job) =
        change (fun () ->
            jobs.Remove job |> ignore

            if not Job.Counted then
                working <- working - 1)

    /// Waits until the last worker has left the job.
    let private await (job: Job) =
        spin (fun () -> Volatile.Read &job.Helpers > 0)
        Monitor.Enter jobs
        let sleeps = job.Helpers > 0
        job.Sleeps <- sleeps
        Monitor.Exit jobs

        if sleeps then
            job.Left.Wait()

    /// Counts this thread as busy until `stop`, also while it has no run. Returns false where it is counted already or
    /// is inside a task: then `stop` must not be called.
    let start () =
        if Job.Counted || Job.Inside then
            false
        else
            Monitor.Enter jobs
            working <- working + 1
            Monitor.Exit jobs
            Job.Counted <- true
            true

    /// Ends what `start` began.
    let stop () =
        Job.Counted <- false
        change (fun () -> working <- working - 1)

    /// Runs tasks 0 to tasks − 1 on at most `threads` threads, this one among them; returns when all are done. After a
    /// failure no task of a higher number is started; of the failed tasks, the lowest number's exception is raised.
    let runOn threads tasks (body: int -> unit) =
        if tasks < 2 || threads < 2 || Job.Inside then
            for task in 0 .. tasks - 1 do
                body task
        else
            let job = Job.Own
            job.Threads <- threads
            job.Start(tasks, body)
            publish job (min tasks threads - 1)
            job.Work(0, caller)
            close job
            await job
            job.RaiseFailure()
