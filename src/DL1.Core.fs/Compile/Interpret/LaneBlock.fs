namespace DL1.Compiler.Interpret

open System
open System.Runtime.Intrinsics
open DL1.Compiler.Simd

/// Blocks of 64 bytes at addresses, one after another, as vectors of 128 bits, for the interpreter. Floats are lanes of the fused
/// loop's own type; integers and masks are lanes of the same size, integers always within 32 bits.
module internal LaneBlock =
    /// Loads a vector.
    let inline load<'T when 'T: unmanaged> (address: nativeint) : Vector128<'T> =
        At.read<Vector128<'T>> address

    /// Stores a vector.
    let inline save (address: nativeint) (lanes: Vector128<'T>) = At.write address lanes

    /// Fills some bytes of blocks with a value.
    let fill (bytes: nativeint) (target: nativeint) (value: 'T) =
        Span<'T>(target.ToPointer(), int bytes / sizeof<'T>).Fill value

    /// Calls f with the offset of each part of `step` bytes.
    let inline every (step: nativeint) (bytes: nativeint) ([<InlineIfLambda>] f: nativeint -> unit) =
        let mutable at = 0n

        while at < bytes do
            f at
            at <- at + step

    /// Applies f to each vector of some bytes of blocks.
    let inline each1 ([<InlineIfLambda>] f) bytes (x: nativeint) (target: nativeint) =
        every 16n bytes (fun at -> save (target + at) (f (load (x + at))))

    let inline loadWide (address: nativeint) : Vector256<'T> = At.read<Vector256<'T>> address

    let inline saveWide (address: nativeint) (lanes: Vector256<'T>) = At.write address lanes

    /// Applies f to each vector of 256 bits.
    let inline eachWide1 ([<InlineIfLambda>] f) bytes (x: nativeint) (target: nativeint) =
        every 32n bytes (fun at -> saveWide (target + at) (f (loadWide (x + at))))

    /// Applies f to the vectors of two values, pair by pair.
    let inline each2 ([<InlineIfLambda>] f) bytes (x: nativeint) (y: nativeint) (target: nativeint) =
        every 16n bytes (fun at -> save (target + at) (f (load (x + at)) (load (y + at))))

    /// Applies f to the vectors of two values, pair by pair; where vectors of 256 bits are native, the same function `wide` to those.
    let inline eachWide2<'T when 'T: unmanaged>
        ([<InlineIfLambda>] f: Vector128<'T> -> Vector128<'T> -> Vector128<'T>)
        ([<InlineIfLambda>] wide: Vector256<'T> -> Vector256<'T> -> Vector256<'T>)
        bytes
        x
        y
        (target: nativeint)
        =
        if Vector256.IsHardwareAccelerated then
            every 32n bytes (fun at -> saveWide (target + at) (wide (loadWide (x + at)) (loadWide (y + at))))
        else
            each2 f bytes x y target

    /// Combines the block at `total` with each of the blocks from x on, one after another.
    let inline fold<'T when 'T: unmanaged>
        ([<InlineIfLambda>] f: Vector128<'T> -> Vector128<'T> -> Vector128<'T>)
        (blocks: int)
        (x: nativeint)
        (total: nativeint)
        =
        let mutable a = load<'T> total
        let mutable b = load<'T>(total + 16n)
        let mutable c = load<'T>(total + 32n)
        let mutable d = load<'T>(total + 48n)

        for i in 0 .. blocks - 1 do
            let block = x + 64n * nativeint i
            a <- f a (load block)
            b <- f b (load (block + 16n))
            c <- f c (load (block + 32n))
            d <- f d (load (block + 48n))

        save total a
        save (total + 16n) b
        save (total + 32n) c
        save (total + 48n) d
