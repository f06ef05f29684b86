namespace DL1.Compiler.Inspection

open System
open System.Collections.Concurrent
open System.Diagnostics
open DL1
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Independent chains of dependent fused multiply-adds, without memory access: they measure the peak FLOP rate.
[<AbstractClass; Sealed>]
type internal FmaChains<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    /// Runs ten chains of `links` multiply-adds each: enough chains to hide the latency. `source` is the address of a
    /// number, which is broadcast; the sum of the chains is stored at `target`, so that the work is not optimised away.
    static member Run(links: int, source: nativeint, target: nativeint) =
        Hot.loop ()
        let x = 'S.Broadcast source
        let mutable a, b, c, d, e = x, x, x, x, x
        let mutable f, g, h, i, j = x, x, x, x, x

        for _ in 1..links do
            a <- 'S.MultiplyAdd(a, x, x)
            b <- 'S.MultiplyAdd(b, x, x)
            c <- 'S.MultiplyAdd(c, x, x)
            d <- 'S.MultiplyAdd(d, x, x)
            e <- 'S.MultiplyAdd(e, x, x)
            f <- 'S.MultiplyAdd(f, x, x)
            g <- 'S.MultiplyAdd(g, x, x)
            h <- 'S.MultiplyAdd(h, x, x)
            i <- 'S.MultiplyAdd(i, x, x)
            j <- 'S.MultiplyAdd(j, x, x)

        let sum = 'S.Add('S.Add('S.Add(a, b), 'S.Add(c, d)), 'S.Add(e, f))
        'S.Store('S.Add(sum, 'S.Add('S.Add(g, h), 'S.Add(i, j))), target)

/// The measured peak rates of this machine: floating-point operations a second in f32 and in f64, and bytes moved a second.
[<Struct>]
type internal PeakFlops =
    {
        Flops: float
        Flops64: float
        Bytes: float
    }

    /// The peak floating-point operations a second in a type.
    member this.FlopsOf(dtype: DType) = if dtype = DType.F64 then this.Flops64 else this.Flops

/// Measures this machine in about 50 ms, once for each number of threads.
[<RequireQualifiedAccess>]
module internal PeakFlops =
    /// The shortest time of several runs, in seconds.
    let private least times (run: unit -> unit) =
        let mutable best = Double.MaxValue

        for _ in 1..times do
            let start = Stopwatch.GetTimestamp()
            run ()
            best <- min best (Stopwatch.GetElapsedTime(start).TotalSeconds)

        best

    /// Floating-point operations a second on the widest vectors; a multiply-add counts as two.
    let private flops<'T when 'T: unmanaged> threads =
        let links = 50_000
        let tasks = 4 * threads

        let task (_: int) =
            let source = At.stack<int64> 16
            At.write source (One.ofFloat<'T> 0.5)
            let target = source + 64n

            match Simd.widest with
            | Width.Bits512 -> FmaChains<Simd512<'T>, _, 'T>.Run(links, source, target)
            | Width.Bits256 -> FmaChains<Simd256<'T>, _, 'T>.Run(links, source, target)
            | Width.Bits128 -> FmaChains<Simd128<'T>, _, 'T>.Run(links, source, target)

        let lanes = Simd.bytes Simd.widest / sizeof<'T>
        let seconds = least 8 (fun () -> WorkerPool.runOn threads tasks task)
        2.0 * float (10 * lanes * links) * float tasks / seconds

    /// Bytes a second, read and written, of a copy of 32 MiB.
    let private bytes threads =
        let size = 32 <<< 20
        let slice = 1 <<< 20
        let source: byte[] = GC.AllocateUninitializedArray size
        let target: byte[] = GC.AllocateUninitializedArray size
        let task i = Buffer.BlockCopy(source, i * slice, target, i * slice, slice)
        let seconds = least 5 (fun () -> WorkerPool.runOn threads (size / slice) task)
        2.0 * float size / seconds

    let private known = ConcurrentDictionary<int, PeakFlops>()

    let private measure threads =
        { Flops = flops<float32> threads; Flops64 = flops<float> threads; Bytes = bytes threads }

    /// The peak rates that `threads` threads reach together.
    let measured (threads: int) : PeakFlops = known.GetOrAdd(threads, measure)
