namespace DL1.Compiler.Gemm

open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// A contiguous row added to another.
[<AbstractClass; Sealed>]
type internal Bias<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct> private () =

    /// `count` elements of `bias` added to those at `target`.
    static member Add(count: int, bias: nativeint, target: nativeint) =
        Hot.loop ()
        let lanes = 'S.Bytes / sizeof<'T>
        let mutable i = 0

        while i + lanes <= count do
            let at = nativeint (i * sizeof<'T>)
            'S.Store('S.Add('S.Load(target + at), 'S.Load(bias + at)), target + at)
            i <- i + lanes

        while i < count do
            let at = nativeint (i * sizeof<'T>)
            let into = NativePtr.ofNativeInt<'T>(target + at)

            NativePtr.write
                into
                ('S.AddOne(NativePtr.read into, NativePtr.read (NativePtr.ofNativeInt<'T>(bias + at))))

            i <- i + 1
