namespace DL1.Compiler.Gemm

open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// Adds one contiguous row to another.
[<AbstractClass; Sealed>]
type internal AddRow<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct> private () =

    /// Adds `count` elements at `row` to those at `target`.
    static member Add(count: int, row: nativeint, target: nativeint) =
        Hot.loop ()
        let lanes = 'S.Bytes / sizeof<'T>
        let mutable i = 0

        while i + lanes <= count do
            let at = nativeint (i * sizeof<'T>)
            'S.Store('S.Add('S.Load(target + at), 'S.Load(row + at)), target + at)
            i <- i + lanes

        while i < count do
            let at = nativeint (i * sizeof<'T>)
            let into = NativePtr.ofNativeInt<'T>(target + at)

            NativePtr.write
                into
                (One.add (NativePtr.read into) (NativePtr.read (NativePtr.ofNativeInt<'T>(row + at))))

            i <- i + 1
