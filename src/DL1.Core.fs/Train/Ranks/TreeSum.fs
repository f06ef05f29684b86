namespace DL1

open System.Numerics
open System.Runtime.Intrinsics
open Microsoft.FSharp.NativeInterop
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

#nowarn "9" // Vectors at addresses, which the caller keeps alive.

/// Sums in a balanced binary tree over the numbers of what is added: n terms are the sum of the first half, rounded up, and of the
/// rest. The order is that of the numbers alone, so that the bits do not depend on who adds which part.
[<AbstractClass; Sealed>]
type internal TreeSum private () =
    /// Terms in the first half.
    static member Half(terms: int) : int = (terms + 1) / 2

    /// The most sums that are held at a time: ⌈log₂ n⌉ + 1.
    static member Depth(terms: int) : int = if terms <= 1 then 1 else 1 + TreeSum.Depth(TreeSum.Half terms)

    /// Whether each of so many ranks can own a subtree of neighbouring shards.
    static member Divides(shards: int, ranks: int) : bool =
        ranks = shards || (BitOperations.IsPow2 ranks && shards % ranks = 0)

    /// Adds numbers at an address to those at another: f64 where `isDouble`, else f32.
    static member AddAt(isDouble: bool, target: nativeint, source: nativeint, count: int) : unit =
        Hot.loop ()

        if isDouble then
            let a, b = NativePtr.ofNativeInt<float> target, NativePtr.ofNativeInt<float> source
            let wide = count / 4 * 4
            let mutable i = 0

            while i < wide do
                (Vector256.Load(NativePtr.add a i) + Vector256.Load(NativePtr.add b i))
                    .Store(NativePtr.add a i)

                i <- i + 4

            for i in wide .. count - 1 do
                NativePtr.set a i (NativePtr.get a i + NativePtr.get b i)
        else
            let a, b = NativePtr.ofNativeInt<float32> target, NativePtr.ofNativeInt<float32> source
            let wide = count / 8 * 8
            let mutable i = 0

            while i < wide do
                (Vector256.Load(NativePtr.add a i) + Vector256.Load(NativePtr.add b i))
                    .Store(NativePtr.add a i)

                i <- i + 8

            for i in wide .. count - 1 do
                NativePtr.set a i (NativePtr.get a i + NativePtr.get b i)

    /// Adds the vectors at `terms` addresses from `first` on into the first of them; the others are used up.
    static member Sum(isDouble: bool, addresses: nativeint[], first: int, terms: int, count: int) : unit =
        if terms > 1 then
            let half = TreeSum.Half terms
            TreeSum.Sum(isDouble, addresses, first, half, count)
            TreeSum.Sum(isDouble, addresses, first + half, terms - half, count)
            TreeSum.AddAt(isDouble, addresses[first], addresses[first + half], count)

/// Adds a vector to another on all threads, without allocating: each task adds a block of its own.
[<Sealed>]
type internal VectorSum() =
    let block = 65536L
    let mutable isDouble, target, source, count = false, 0n, 0n, 0L

    let task (number: int) =
        let first = block * int64 number
        let offset = nativeint ((if isDouble then 8L else 4L) * first)
        TreeSum.AddAt(isDouble, target + offset, source + offset, int (min block (count - first)))

    // Made once: each use of a method as a function is a new object.
    let body: int -> unit = task

    /// Adds so many numbers at an address to those at another.
    member _.Add(numbersAreDouble: bool, into: nativeint, from: nativeint, numbers: int64) : unit =
        isDouble <- numbersAreDouble
        target <- into
        source <- from
        count <- numbers
        WorkerPool.runOn WorkerPool.threads (int ((numbers + block - 1L) / block)) body
