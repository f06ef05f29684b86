namespace DL1

open System
open System.Runtime.ExceptionServices
open System.Threading

/// What the thread of an exchange shares with that of the training. Between steps it holds nothing of the training, so that one that
/// is no longer used can be collected.
[<Sealed>]
type private ExchangeState(count: int) =
    let gate = obj ()
    let isReady: bool[] = Array.zeroCreate count
    let mutable next = count
    let mutable exchange: (int -> unit) | null = null
    let mutable failure: ExceptionDispatchInfo | null = null
    let mutable isBusy = false
    let mutable isStopped = false

    /// Waits, with the gate held, for the next bucket; false where there will be none.
    let waits () =
        while not isStopped && (next >= count || not isReady[next]) do
            Monitor.Wait gate |> ignore

        isBusy <- not isStopped
        isBusy

    let ended () =
        isBusy <- false
        next <- min count (next + 1)
        Monitor.PulseAll gate

    member _.Loop() =
        while lock gate waits do
            match exchange, failure with
            | NonNull exchange, null ->
                try
                    exchange next
                with error ->
                    failure <- ExceptionDispatchInfo.Capture error
            | _ -> ()

            lock gate ended

    member _.Begin(work: int -> unit) =
        lock gate (fun () ->
            while isBusy do
                Monitor.Wait gate |> ignore

            Array.Clear isReady
            failure <- null
            exchange <- work
            next <- 0)

    member _.Ready(bucket: int) =
        lock gate (fun () ->
            isReady[bucket] <- true
            Monitor.PulseAll gate)

    member _.Finish() =
        lock gate (fun () ->
            while next < count do
                Monitor.Wait gate |> ignore

            exchange <- null)

        match failure with
        | null -> ()
        | found -> found.Throw()

    member _.Abandon() =
        lock gate (fun () ->
            next <- count
            exchange <- null)

    member _.Stop() =
        lock gate (fun () ->
            isStopped <- true
            Monitor.PulseAll gate)

/// Exchanges the buckets of a vector on a thread of its own, in their order, while the training computes those that follow. The
/// order is the same on all ranks, whichever bucket is ready first, because all ranks must make the same calls.
[<Sealed>]
type internal BucketExchange(count: int) =
    let state = ExchangeState count

    do Thread(state.Loop, IsBackground = true, Name = "DL1 exchange").Start()

    /// Begins a step, in which `exchange` is called for each bucket once it is ready.
    member _.Begin(exchange: int -> unit) : unit = state.Begin exchange

    /// Says that a bucket is ready: nobody reads or writes it from now on.
    member _.Ready(bucket: int) : unit = state.Ready bucket

    /// Waits until all buckets have been exchanged; raises what the exchange of one raised.
    member _.Finish() : unit = state.Finish()

    /// Ends a step that failed: what is not ready is not exchanged.
    member _.Abandon() : unit = state.Abandon()

    override _.Finalize() = state.Stop()
