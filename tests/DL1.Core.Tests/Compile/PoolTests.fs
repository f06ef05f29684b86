/// The pool: every part once, nested and concurrent runs, exceptions, nothing allocated in steady work.
module DL1.Tests.PoolTests

open System
open System.Threading
open DL1
open DL1.Tests.Law
open Expecto
open DL1.Compiler.Runtime

let private once =
    law "every part is done once, on any number of threads" (fun (seed: uint16) ->
        let parts, threads = int seed % 200, int seed / 200 % 5
        let times = Array.zeroCreate<int> parts
        WorkerPool.runOn threads parts (fun part -> Interlocked.Increment &times[part] |> ignore)
        Array.forall ((=) 1) times)

let private dealt =
    law
        "each task is taken once: a thread takes those of its own range in order, then what others have left"
        (fun (order: byte list) (size: byte) (many: byte) ->
            let parts, threads = int size, 1 + int many % 5
            let ranges = WorkRanges()
            ranges.Start(parts, threads)
            // Threads take in any order, then the first one takes what is left.
            let taken =
                [
                    for thread in List.map (fun b -> int b % threads) order @ List.replicate (parts + 1) 0 do
                        match ranges.Take thread with
                        | -1 -> ()
                        | part -> thread, part
                ]

            let owner part =
                Seq.findBack (fun thread -> parts * thread / threads <= part) (seq { 0 .. threads - 1 })

            let own = taken |> List.filter (fun (thread, part) -> owner part = thread)
            let others = taken |> List.filter (fun (thread, part) -> owner part <> thread)
            let inOrder compare = List.pairwise >> List.forall (fun ((_, a), (_, b)) -> compare a b)

            ranges.IsEmpty
            && List.sort (List.map snd taken) = [ 0 .. parts - 1 ]
            && own |> List.groupBy fst |> List.forall (fun (_, mine) -> inOrder (<) mine)
            && others
               |> List.groupBy (fun (_, part) -> owner part)
               |> List.forall (fun (_, given) -> inOrder (>) given))

let private together =
    test "parts run at the same time" {
        // Each waits for the other: only two threads can end this.
        use first = new ManualResetEventSlim()
        use second = new ManualResetEventSlim()

        WorkerPool.runOn 16 2 (fun part ->
            if part = 0 then
                first.Set()
                second.Wait()
            else
                second.Set()
                first.Wait())
    }

let private nested =
    test "a run inside a part is done by its own thread" {
        let threads = Array.init 8 (fun _ -> Array.zeroCreate<int> 9)

        WorkerPool.runOn 3 8 (fun outer ->
            WorkerPool.runOn 3 8 (fun inner -> threads[outer][inner] <- Environment.CurrentManagedThreadId)
            threads[outer][8] <- Environment.CurrentManagedThreadId)

        for seen in threads do
            Expect.equal (Array.distinct seen).Length 1 "one thread for all inner parts and the outer one"
    }

let private callers =
    test "many callers at once" {
        let sums = Array.zeroCreate<int64> 6

        let threads =
            [
                for caller in 0..5 ->
                    Thread(fun () ->
                        for round in 1..300 do
                            WorkerPool.runOn 3 (round % 7) (fun part ->
                                Interlocked.Add(&sums[caller], int64 (part + 1)) |> ignore))
            ]

        threads |> List.iter _.Start()
        threads |> List.iter _.Join()
        let expected = Seq.sum (seq { for round in 1..300 -> int64 (round % 7 * (round % 7 + 1) / 2) })
        Expect.equal sums (Array.create 6 expected) "each caller's own parts, all of them"
    }

let private counted =
    test "a thread that is at work alone takes a worker's place" {
        use isAtWork = new ManualResetEventSlim()
        use isOver = new ManualResetEventSlim()
        let mutable started = [ false; true ]

        let other =
            Thread(fun () ->
                started <- [ WorkerPool.start (); WorkerPool.start () ]
                isAtWork.Set()
                isOver.Wait()
                WorkerPool.stop ())

        other.Start()
        isAtWork.Wait()
        let own = Environment.CurrentManagedThreadId
        let threads = Array.create 200 own
        WorkerPool.runOn 2 200 (fun part -> threads[part] <- Environment.CurrentManagedThreadId)
        isOver.Set()
        other.Join()
        Expect.equal started [ true; false ] "counted once"
        Expect.allEqual threads own "two threads were at work without a helper"
    }

let private failure =
    test "the lowest failing part's exception reaches the caller, and the pool goes on" {
        for threads in 1..3 do
            for _ in 1..50 do
                let run () =
                    WorkerPool.runOn threads 20 (fun part ->
                        if part % 7 = 5 then
                            raise (InvalidOperationException $"part {part}"))

                let message =
                    try
                        run ()
                        "none"
                    with :? InvalidOperationException as e ->
                        e.Message

                Expect.equal message "part 5" $"{threads} threads"
                let mutable sum = 0
                WorkerPool.runOn threads 10 (fun part -> Interlocked.Add(&sum, part) |> ignore)
                Expect.equal sum 45 "the next run is whole"
    }

let private nestedFailure =
    test "an inner run's exception passes through the outer one" {
        let run () =
            WorkerPool.runOn 2 3 (fun outer ->
                WorkerPool.runOn 2 3 (fun inner ->
                    if outer = 1 && inner = 2 then
                        raise (TimeoutException())))

        Expect.throwsT<TimeoutException> run "from within"
        WorkerPool.runOn 2 2 (fun _ -> Expect.isTrue Job.Inside "inside a part")
        Expect.isFalse Job.Inside "outside again"
    }

/// That `work`, repeated, comes to allocate nothing: what a thread or the runtime allocates once does not count.
let expectSteady name (work: unit -> unit) =
    let round () =
        let before = GC.GetAllocatedBytesForCurrentThread()

        for _ in 1..50 do
            work ()

        GC.GetAllocatedBytesForCurrentThread() - before

    let bytes = List.init 40 (fun _ -> round ())
    Expect.equal (List.min bytes) 0L $"bytes in 50 runs: {name}"

let private steady =
    test "a run in steady work allocates nothing" {
        let counts = Array.zeroCreate<int> 8
        let body part = counts[part] <- counts[part] + 1
        expectSteady "of the pool" (fun () -> WorkerPool.runOn 2 8 body)
        Expect.equal counts (Array.create 8 2000) "and does its work"
    }

let tests =
    testList "Pool" [ once; dealt; together; nested; callers; counted; failure; nestedFailure; steady ]
