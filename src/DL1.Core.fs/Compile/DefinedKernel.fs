namespace DL1

open System
open System.Runtime.InteropServices

#nowarn "9" // Values are copied from and to addresses; the plan answers for their extents.

/// Tensors from memory and back.
[<RequireQualifiedAccess>]
module internal Memory =
    /// Bytes of one element.
    let size (dtype: DType) =
        match dtype with
        | DType.F32
        | DType.I32 -> 4
        | DType.F64
        | DType.I64 -> 8
        | DType.Bool -> 1

    /// The elements as an array of .NET.
    let array (elements: Elements) : Array =
        match elements with
        | Elements.F32 a -> a
        | Elements.F64 a -> a
        | Elements.I32 a -> a
        | Elements.I64 a -> a
        | Elements.Bool a -> a

    /// Elements not yet written.
    let fresh (dtype: DType) (count: int) : Elements =
        match dtype with
        | DType.F32 -> Elements.F32(GC.AllocateUninitializedArray count)
        | DType.F64 -> Elements.F64(GC.AllocateUninitializedArray count)
        | DType.I32 -> Elements.I32(GC.AllocateUninitializedArray count)
        | DType.I64 -> Elements.I64(GC.AllocateUninitializedArray count)
        | DType.Bool -> Elements.Bool(GC.AllocateUninitializedArray count)

    let private bytes (elements: Elements) : Span<byte> =
        match elements with
        | Elements.F32 a -> MemoryMarshal.AsBytes(a.AsSpan())
        | Elements.F64 a -> MemoryMarshal.AsBytes(a.AsSpan())
        | Elements.I32 a -> MemoryMarshal.AsBytes(a.AsSpan())
        | Elements.I64 a -> MemoryMarshal.AsBytes(a.AsSpan())
        | Elements.Bool a -> MemoryMarshal.AsBytes(a.AsSpan())

    let private at (address: nativeint) (length: int) =
        Span<byte>(
            NativeInterop.NativePtr.toVoidPtr (NativeInterop.NativePtr.ofNativeInt<byte> address),
            length
        )

    /// A tensor of what stands at an address.
    let read (dtype: DType) (shape: Shape) (address: nativeint) : Tensor =
        let elements = fresh dtype shape.Size
        let target = bytes elements
        (at address target.Length).CopyTo target
        Tensor(shape, elements)

    /// Puts a tensor's elements to an address.
    let write (t: Tensor) (address: nativeint) =
        let source = bytes t.Elements
        source.CopyTo(at address source.Length)

/// One node by its definition: tensors are taken out of the frame, and Eval is asked.
[<Sealed>]
type internal DefinedKernel
    (frame: Frame, run: Tensor list -> Tensor list, operands: (Expr * int)[], results: int[]) =
    inherit Kernel()

    override _.Run() =
        let values = [ for e, place in operands -> Memory.read e.DType e.Shape frame.Addresses[place] ]

        run values |> List.iteri (fun i t -> Memory.write t frame.Addresses[results[i]])
