namespace DL1.Compiler.Execution

open System
open System.Runtime.InteropServices
open DL1
open DL1.Compiler.Movement

#nowarn "9" // Values are copied from and to unchecked addresses; the plan guarantees their extents.

/// Copies tensors to and from memory by address.
[<RequireQualifiedAccess>]
module internal Memory =
    /// The bytes of one element.
    let size dtype = ElementSize.ofType dtype

    /// The elements as an array of .NET.
    let array (elements: Elements) : Array =
        match elements with
        | Elements.F32 a -> a
        | Elements.F64 a -> a
        | Elements.I32 a -> a
        | Elements.I64 a -> a
        | Elements.Bool a -> a

    /// An uninitialised array of elements; refused where it would not fit into memory.
    let fresh (dtype: DType) (count: int) : Elements =
        Allocation.requireElements "Compile" count (size dtype)

        try
            match dtype with
            | DType.F32 -> Elements.F32(GC.AllocateUninitializedArray count)
            | DType.F64 -> Elements.F64(GC.AllocateUninitializedArray count)
            | DType.I32 -> Elements.I32(GC.AllocateUninitializedArray count)
            | DType.I64 -> Elements.I64(GC.AllocateUninitializedArray count)
            | DType.Bool -> Elements.Bool(GC.AllocateUninitializedArray count)
        with :? OutOfMemoryException ->
            Allocation.failed "Compile"

    /// The size of a number of elements, in bytes.
    let bytes (dtype: DType) (count: int) = int64 (size dtype) * int64 count

    /// The size of a node's value, in bytes.
    let bytesOf (e: Expr) = bytes e.DType e.Shape.Size

    /// Calls a function with the address of an array, which is pinned during the call.
    let private pinned (elements: Elements) (f: nativeint -> unit) =
        let pin = GCHandle.Alloc(array elements, GCHandleType.Pinned)

        try
            f (pin.AddrOfPinnedObject())
        finally
            pin.Free()

    /// Copies bytes between addresses. By `Buffer.MemoryCopy`, since a span of bytes cannot be longer than 2 GB.
    let copy (source: nativeint) (target: nativeint) (bytes: int64) =
        Buffer.MemoryCopy(source.ToPointer(), target.ToPointer(), bytes, bytes)

    /// Fills an array with the elements at an address.
    let fill (elements: Elements) (address: nativeint) =
        let count = bytes (Elements.dtype elements) (Elements.length elements)
        pinned elements (fun target -> copy address target count)

    /// A new tensor with the elements at an address.
    let read (dtype: DType) (shape: Shape) (address: nativeint) : Tensor =
        let elements = fresh dtype shape.Size
        fill elements address
        Tensor(shape, elements)

    /// Copies an array's elements to an address.
    let put (elements: Elements) (address: nativeint) =
        let count = bytes (Elements.dtype elements) (Elements.length elements)
        pinned elements (fun source -> copy source address count)

    /// Copies a tensor's elements to an address.
    let write (t: Tensor) (address: nativeint) = put t.Elements address

/// Computes a node by `Eval`: copies its operands out of the frame as tensors, and the results back.
[<Sealed>]
type internal DefinedKernel
    (frame: Frame, run: Tensor list -> Tensor list, operands: (Expr * int)[], results: int[]) =
    inherit Kernel()

    override _.Run() =
        let values = [ for e, buffer in operands -> Memory.read e.DType e.Shape frame.Addresses[buffer] ]

        run values |> List.iteri (fun i t -> Memory.write t frame.Addresses[results[i]])
