namespace DL1.Compiler.Interpret

open System.Runtime.Intrinsics
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Generic

#nowarn "9" // Blocks are 64 bytes at an address.

/// Blocks of 64 bytes at addresses, as four vectors of 128 bits, for passes that are interpreted. Floats are lanes of
/// the pass's own type; whole numbers and masks are lanes of the same size, whole numbers always within 32 bits.
module internal LaneBlock =
    /// A vector from an address.
    let inline load<'T when 'T: unmanaged and 'T: struct> (address: nativeint) : Vector128<'T> =
        Vector128.Load(NativePtr.ofNativeInt<'T> address)

    /// A vector to an address.
    let inline save (address: nativeint) (lanes: Vector128<'T>) =
        Vector128.Store(lanes, NativePtr.ofNativeInt<'T> address)

    /// The same in all lanes of so many bytes.
    let fill (block: nativeint) (bytes: int) (value: 'T) =
        for at in 0..bytes..63 do
            NativePtr.write (NativePtr.ofNativeInt<'T>(block + nativeint at)) value

    /// f of each vector of a block.
    let inline each1 ([<InlineIfLambda>] f: Vector128<'T> -> Vector128<'T>) x target =
        for at in 0n .. 16n .. 48n do
            save (target + at) (f (load (x + at)))

    /// f of the vectors of two blocks.
    let inline each2 ([<InlineIfLambda>] f: Vector128<'T> -> Vector128<'T> -> Vector128<'T>) x y target =
        for at in 0n .. 16n .. 48n do
            save (target + at) (f (load (x + at)) (load (y + at)))
