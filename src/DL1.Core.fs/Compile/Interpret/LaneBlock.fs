namespace DL1.Compiler.Interpret

open System
open System.Runtime.Intrinsics
open DL1.Compiler.Simd

/// Blocks of 64 bytes in memory, one after another, processed as vectors, for the interpreter. Floats are lanes of the fused
/// loop's own type; integers and masks are lanes of the same size, and integers have values of 32 bits in all of them.
module internal LaneBlock =
    /// Fills `bytes` bytes of blocks at `target` with copies of a value.
    let fill (bytes: nativeint) (target: nativeint) (value: 'T) =
        Span<'T>(target.ToPointer(), int bytes / sizeof<'T>).Fill value

    /// Calls f with the offset of each part of `step` bytes, in a range of `bytes` bytes.
    let inline every (step: nativeint) (bytes: nativeint) ([<InlineIfLambda>] f: nativeint -> unit) =
        let mutable at = 0n

        while at < bytes do
            f at
            at <- at + step

    /// Applies f to each vector, of any width, in `bytes` bytes of blocks at x; results go to `target`.
    let inline each1 ([<InlineIfLambda>] f: 'V -> 'W) bytes (x: nativeint) (target: nativeint) =
        every (nativeint sizeof<'V>) bytes (fun at -> At.write (target + at) (f (At.read (x + at))))

    /// Applies f to the vectors of two values at x and y, pair by pair; results go to `target`.
    let inline each2
        ([<InlineIfLambda>] f: 'V -> 'V -> 'W)
        bytes
        (x: nativeint)
        (y: nativeint)
        (target: nativeint)
        =
        every (nativeint sizeof<'V>) bytes (fun at ->
            At.write (target + at) (f (At.read (x + at)) (At.read (y + at))))

    /// Combines the block at `total` with each of `blocks` blocks from x on, one after another.
    let inline fold<'T when 'T: unmanaged>
        ([<InlineIfLambda>] f: Vector128<'T> -> Vector128<'T> -> Vector128<'T>)
        (blocks: int)
        (x: nativeint)
        (total: nativeint)
        =
        let mutable a = At.read total
        let mutable b = At.read (total + 16n)
        let mutable c = At.read (total + 32n)
        let mutable d = At.read (total + 48n)

        for i in 0 .. blocks - 1 do
            let block = x + 64n * nativeint i
            a <- f a (At.read block)
            b <- f b (At.read (block + 16n))
            c <- f c (At.read (block + 32n))
            d <- f d (At.read (block + 48n))

        At.write total a
        At.write (total + 16n) b
        At.write (total + 32n) c
        At.write (total + 48n) d
