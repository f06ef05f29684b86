namespace DL1.Compiler.Execution

open System
open System.Runtime.InteropServices
open DL1
open DL1.Compiler
open DL1.Compiler.Simd

/// Copies tensors to and from memory by address.
[<RequireQualifiedAccess>]
module internal Memory =
    /// Allocates an uninitialised array of `count` elements. More elements than memory can hold are a `DomainError`.
    let fresh (dtype: DType) (count: int) : Elements =
        Allocation.requireElements "Compile" count dtype.Bytes

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
    let bytes (dtype: DType) (count: int) = int64 dtype.Bytes * int64 count

    /// The size of a node's value, in bytes.
    let bytesOf (e: Expr) = bytes e.DType e.Shape.Size

    /// One element of an array at an address, as a double.
    let element (dtype: DType) (address: nativeint) (index: int) : float =
        match dtype with
        | DType.F32 -> float (At.get<float32> address index)
        | DType.F64 -> At.get<float> address index
        | DType.I32 -> float (At.get<int> address index)
        | DType.I64 -> float (At.get<int64> address index)
        | DType.Bool -> float (At.get<byte> address index)

    /// Calls a function with the address of an array, which is pinned during the call, and its size in bytes.
    let private pinned (elements: Elements) (f: nativeint -> int64 -> unit) =
        let pin = GCHandle.Alloc(Elements.array elements, GCHandleType.Pinned)

        try
            f (pin.AddrOfPinnedObject()) (bytes (Elements.dtype elements) (Elements.length elements))
        finally
            pin.Free()

    /// Copies bytes between addresses; by `Buffer.MemoryCopy`, since a span of bytes cannot be longer than 2 GB.
    let copy (source: nativeint) (target: nativeint) (bytes: int64) =
        Buffer.MemoryCopy(source.ToPointer(), target.ToPointer(), bytes, bytes)

    /// Fills an array with the elements at an address.
    let fill (elements: Elements) (address: nativeint) = pinned elements (copy address)

    /// A new tensor with the elements at an address.
    let read (dtype: DType) (shape: Shape) (address: nativeint) : Tensor =
        let elements = fresh dtype shape.Size
        fill elements address
        Tensor(shape, elements)

    /// Copies an array's elements to an address.
    let put (elements: Elements) (address: nativeint) =
        pinned elements (fun source count -> copy source address count)

    /// Copies a tensor's elements to an address.
    let write (t: Tensor) (address: nativeint) = put t.Elements address

    /// Copies a tensor's elements to memory of zeros, in parts that threads share. A part of zeros, such as an optimizer's
    /// initial moments, is not written: the first step then touches its pages first, where threads share that work.
    let writeToZeros (t: Tensor) (address: nativeint) =
        let part = Tuning.CopiedBytes

        pinned t.Elements (fun source count ->
            Parallelism.forEachShort (int ((count + part - 1L) / part)) (fun i ->
                let first = int64 i * part
                let start, length = source + nativeint first, min part (count - first)
                let values = ReadOnlySpan<byte>(start.ToPointer(), int length)

                if values.ContainsAnyExcept 0uy then
                    copy start (address + nativeint first) length))

/// Computes a node by `Eval`: copies its operands out of the frame as tensors, and the result back.
[<Sealed>]
type internal DefinedKernel
    (frame: Frame, run: Tensor list -> Tensor list, operands: (Expr * int)[], target: int) =
    inherit Kernel()

    override _.Run() =
        let values = [ for e, buffer in operands -> Memory.read e.DType e.Shape frame.Addresses[buffer] ]
        run values |> List.iter (fun result -> Memory.write result frame.Addresses[target])
