namespace DL1.Compiler.Interpret

open System.Runtime.Intrinsics
open FSharp.NativeInterop

#nowarn "9" // Blocks are 64 bytes at an address.

/// Blocks of 64 bytes at addresses, as four vectors of 128 bits, for the interpreter. Floats are lanes of the fused
/// loop's own type; integers and masks are lanes of the same size, integers always within 32 bits.
module internal LaneBlock =
    /// Loads a vector.
    let inline load<'T when 'T: unmanaged and 'T: struct> (address: nativeint) : Vector128<'T> =
        Vector128.Load(NativePtr.ofNativeInt<'T> address)

    /// Stores a vector.
    let inline save (address: nativeint) (lanes: Vector128<'T>) =
        Vector128.Store(lanes, NativePtr.ofNativeInt<'T> address)

    /// Fills a block with a value.
    let fill (block: nativeint) (value: 'T) =
        for i in 0 .. 64 / sizeof<'T> - 1 do
            NativePtr.set (NativePtr.ofNativeInt<'T> block) i value

    /// Applies f to each vector of a block.
    let inline each1 ([<InlineIfLambda>] f: Vector128<'T> -> Vector128<'U>) x target =
        for at in 0n .. 16n .. 48n do
            save (target + at) (f (load (x + at)))

    /// Applies f to the vectors of two blocks, pair by pair.
    let inline each2 ([<InlineIfLambda>] f: Vector128<'T> -> Vector128<'T> -> Vector128<'T>) x y target =
        for at in 0n .. 16n .. 48n do
            save (target + at) (f (load (x + at)) (load (y + at)))
