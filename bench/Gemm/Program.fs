/// GFLOP/s of f32 products at five shapes, on 1 and 2 threads, beside the peak measured in the same run.
/// All cases alternate, round by round, so that a busy machine disturbs them alike:
/// `dotnet run --project bench/Gemm -- 15` does 15 rounds. With `processor` after it, time is the processor's and not
/// the clock's, on 1 thread only: what a busy machine would do if it were not.
module DL1.Bench.Program

open System
open System.Diagnostics
open DL1
open DL1.Compiler.Gemm
open DL1.Compiler.Inspection
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

#nowarn "9" // Products take addresses; the arrays are pinned.

/// The first element that begins a line of the cache, as the memory of plans does.
let private first (array: float32[]) =
    let start = Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(array, 0)
    int ((64n - start % 64n) % 64n / 4n)

let private address (array: float32[]) =
    Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(array, first array)

let private pinned count (value: int -> float32) =
    let array = GC.AllocateArray<float32>(count + 16, pinned = true)

    for i in 0 .. count - 1 do
        array[first array + i] <- value i

    array

let private rowMajor (array: float32[]) columns =
    { Data = address array; Row = columns; Column = 1; Batch = 0; Inner = 0; Outer = 0 }

/// One thing to measure: its name, its operations, and how to do it once.
type private Case = { Name: string; Threads: int; Flops: float; Once: unit -> unit }

let private product threads (m, k, n) =
    let a, b = pinned (m * k) (fun i -> float32 (i % 7 - 3)), pinned (k * n) (fun i -> float32 (i % 5 - 2))
    let c = pinned (m * n) (fun _ -> 0.0f)

    let product =
        { GemmProblem.None with
            M = m
            N = n
            K = k
            Batch = 1
            A = rowMajor a k
            B = rowMajor b n
            C = rowMajor c n
        }

    {
        Name = $"{m}x{k}x{n}"
        Threads = threads
        Flops = 2.0 * float m * float n * float k
        Once =
            fun () ->
                Gemm.on<float32> Simd.widest threads &product
                GC.KeepAlive(struct (a, b, c))
    }

let private peak threads =
    let parts = 4 * threads
    let steps = 200_000
    let start, target = pinned 16 (fun _ -> 0.5f), pinned (64 * parts) (fun _ -> 0.0f)
    let part i = Peak.run steps (address start) (address target + nativeint (256 * i))

    {
        Name = "FMA peak"
        Threads = threads
        Flops = Peak.flops (steps * parts)
        Once =
            fun () ->
                WorkerPool.runOn threads parts part
                GC.KeepAlive(struct (start, target))
    }

/// GFLOP/s over at least so many seconds.
let private rate (seconds: unit -> float) least case =
    let start = seconds ()
    let mutable times = 0
    let mutable passed = 0.0

    while passed < least do
        case.Once()
        times <- times + 1
        passed <- seconds () - start

    case.Flops * float times / passed / 1e9

/// GFLOP/s over at least 120 ms, as the program beside it takes them, once the threads and the caches have come to it.
let private measure seconds case =
    rate seconds 0.02 case |> ignore
    rate seconds 0.12 case

[<EntryPoint>]
let main args =
    let rounds = if args.Length > 0 then Int32.Parse args[0] else 11
    let processor = args.Length > 1 && args[1] = "processor"
    let threads = if processor then [ 1 ] else [ 1; 2 ]

    let seconds () =
        if processor then
            Environment.CpuUsage.TotalTime.TotalSeconds
        else
            Stopwatch.GetElapsedTime(0L).TotalSeconds

    let shapes = [ 128, 300, 300; 128, 784, 512; 512, 512, 512; 1024, 1024, 1024; 2048, 2048, 2048 ]

    let cases =
        [ for threads in threads -> peak threads :: List.map (product threads) shapes ] |> List.concat

    cases |> List.iter (measure seconds >> ignore)
    let found = [ for _ in 1..rounds -> cases |> List.map (measure seconds) ] |> List.transpose
    let median values = List.item (List.length values / 2) (List.sort values)
    let results = List.zip cases (List.map (fun v -> median v, List.min v, List.max v) found)
    printfn "f32, %A, %d rounds" Simd.widest rounds

    printfn
        "%-16s %7s %8s %19s %10s %9s"
        "shape (m x k x n)"
        "threads"
        "GFLOP/s"
        "spread"
        "of peak"
        "best/best"

    for case, (middle, low, high) in results do
        let _, (peak, _, best) =
            results |> List.find (fun (c, _) -> c.Name = "FMA peak" && c.Threads = case.Threads)

        printfn
            "%-17s %7d %8.1f  [%6.1f .. %6.1f] %9.2f %9.2f"
            case.Name
            case.Threads
            middle
            low
            high
            (middle / peak)
            (high / best)

    0
