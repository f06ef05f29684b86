namespace DL1.Compiler.Execution

open System
open System.Runtime.InteropServices
open DL1

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
        Allocation.requireElements "Compile" count (size dtype)

        match dtype with
        | DType.F32 -> Elements.F32(GC.AllocateUninitializedArray count)
        | DType.F64 -> Elements.F64(GC.AllocateUninitializedArray count)
        | DType.I32 -> Elements.I32(GC.AllocateUninitializedArray count)
        | DType.I64 -> Elements.I64(GC.AllocateUninitializedArray count)
        | DType.Bool -> Elements.Bool(GC.AllocateUninitializedArray count)

    /// The size of a number of elements, in bytes.
    let bytes (dtype: DType) (count: int) = int64 (size dtype) * int64 count

    /// Calls a function with the address of an array, and holds the array still meanwhile.
    let private pinned (elements: Elements) (f: nativeint -> unit) =
        let pin = GCHandle.Alloc(array elements, GCHandleType.Pinned)

        try
            f (pin.AddrOfPinnedObject())
        finally
            pin.Free()

    // A span of bytes would end at 2 GB.
    let private copy (source: nativeint) (target: nativeint) (bytes: int64) =
        Buffer.MemoryCopy(source.ToPointer(), target.ToPointer(), bytes, bytes)

    /// Fills an array from an address.
    let fill (elements: Elements) (address: nativeint) =
        let count = bytes (Elements.dtype elements) (Elements.length elements)
        pinned elements (fun target -> copy address target count)

    /// A tensor of what stands at an address.
    let read (dtype: DType) (shape: Shape) (address: nativeint) : Tensor =
        let elements = fresh dtype shape.Size
        fill elements address
        Tensor(shape, elements)

    /// Puts elements to an address.
    let put (elements: Elements) (address: nativeint) =
        let count = bytes (Elements.dtype elements) (Elements.length elements)
        pinned elements (fun source -> copy source address count)

    /// Puts a tensor's elements to an address.
    let write (t: Tensor) (address: nativeint) = put t.Elements address

/// One node by its definition: tensors are taken out of the frame, and Eval is asked.
[<Sealed>]
type internal DefinedKernel
    (frame: Frame, run: Tensor list -> Tensor list, operands: (Expr * int)[], results: int[]) =
    inherit Kernel()

    override _.Run() =
        let values = [ for e, place in operands -> Memory.read e.DType e.Shape frame.Addresses[place] ]

        run values |> List.iteri (fun i t -> Memory.write t frame.Addresses[results[i]])
