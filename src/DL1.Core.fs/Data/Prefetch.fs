namespace DL1

open System
open System.Threading
open System.Threading.Tasks

/// How much is read ahead of training; results do not depend on it.
[<StructuredFormatDisplay("{Display}")>]
type Prefetch =
    {
        /// Batches that are made ahead, 1 or more. Each takes the memory of a batch.
        Batches: int
        /// Threads that make them, 1 or more: more help where decoding or waiting for a disk takes longer than a step.
        Threads: int
    }

    /// `4 batches ahead on 2 threads`.
    override this.ToString() =
        let threads = if this.Threads = 1 then "1 thread" else $"%d{this.Threads} threads"
        $"%d{this.Batches} batches ahead on {threads}"

    member internal this.Display = this.ToString()

/// Items that are being made, on lanes: item i is made after item i − lanes, on the same lane, so that as many are being made as
/// there are lanes.
[<Sealed>]
type private Lanes<'a>(options: Prefetch, make: int -> 'a, count: int) =
    let lanes = min options.Threads options.Batches
    let ring: Task<'a>[] = Array.zeroCreate options.Batches
    let last: Task<'a>[] = Array.zeroCreate lanes
    let stop = new CancellationTokenSource()
    let mutable begun = 0

    let start () =
        let i = begun

        let task =
            if i < lanes then
                Task.Run((fun () -> make i), stop.Token)
            else
                // One that has failed does not keep later ones of its lane from being made.
                last[i % lanes]
                    .ContinueWith(
                        (fun (_: Task<'a>) -> make i),
                        stop.Token,
                        TaskContinuationOptions.LazyCancellation,
                        TaskScheduler.Default
                    )

        ring[i % options.Batches] <- task
        last[i % lanes] <- task
        begun <- i + 1

    do
        while begun < min count options.Batches do
            start ()

    member _.Take(i: int) : 'a =
        let item = ring[i % options.Batches].GetAwaiter().GetResult()

        if begun < count then
            start ()

        item

    interface IDisposable with
        /// Where the reader stops early nothing goes on to read in the background.
        member _.Dispose() =
            stop.Cancel()

            for i in 0 .. min lanes begun - 1 do
                try
                    last[i].Wait()
                with :? AggregateException ->
                    ()

            stop.Dispose()

/// Making items ahead of their use.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Prefetch =
    /// One batch ahead, on one thread. `{ Prefetch.one with Batches = 4 }`
    let one: Prefetch = { Batches = 1; Threads = 1 }

    let internal require (operation: string) (options: Prefetch) : unit =
        if options.Batches < 1 || options.Threads < 1 then
            Refuse.domain
                operation
                $"{options}"
                "1 batch or more on 1 thread or more"
                "1 batch on 1 thread is usual; 4 on 2 help where decoding is slow"

    /// Makes items ahead on some threads; the items and their order stay the same, and what making one throws is thrown in its
    /// turn. Fewer than one batch or thread is a `DomainError`.
    /// `Prefetch.run { Prefetch.one with Batches = 3; Threads = 2 } (fun i -> i * i) 3 |> List.ofSeq`
    let run (options: Prefetch) (make: int -> 'a) (count: int) : seq<'a> =
        require "Prefetch" options

        seq {
            if Parallelism.isSingle then
                // Without another thread nothing is made ahead.
                for i in 0 .. count - 1 do
                    make i
            else
                // As many as there are items are enough.
                let options = { options with Batches = min options.Batches (max 1 count) }
                use lanes = new Lanes<'a>(options, make, count)

                for i in 0 .. count - 1 do
                    lanes.Take i
        }
