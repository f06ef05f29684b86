namespace DL1.Compiler.Interpret

open System
open FSharp.NativeInterop
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Movement
open DL1.Compiler.Simd

#nowarn "9" // Addresses; the caller guarantees the operands' extents.

/// Elements of a fused loop's operands as lanes, where the loop is interpreted: all lanes are as wide as the loop's floats.
[<RequireQualifiedAccess>]
module internal InterpretMemory =
    /// Reads `count` elements into lanes, or one into all lanes of a block where the operand does not move along columns.
    let load single (operand: LoopOperand) (address: nativeint) count (block: nativeint) =
        let bytes = if single then 4 else 8
        let lane i = block + nativeint (bytes * i)
        let element i = address + nativeint (ElementSize.ofType operand.Type * i)

        let inline each (put: nativeint -> nativeint -> unit) =
            if operand.Along then
                for i in 0 .. count - 1 do
                    put (element i) (lane i)
            else
                for i in 0 .. 64 / bytes - 1 do
                    put address (lane i)

        if operand.Along && operand.Type <> DType.Bool && ElementSize.ofType operand.Type = bytes then
            let size = int64 bytes * int64 count

            Buffer.MemoryCopy(
                NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> address),
                NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> block),
                size,
                size
            )
        else
            match operand.Type with
            | DType.F32 -> each (fun from target -> At.write target (At.read<int> from))
            | DType.F64
            | DType.I64 -> each (fun from target -> At.write target (At.read<int64> from))
            | DType.I32 when single -> each (fun from target -> At.write target (At.read<int> from))
            | DType.I32 -> each (fun from target -> At.write target (int64 (At.read<int> from)))
            | DType.Bool when single ->
                each (fun from target -> At.write target (if At.read<byte> from = 0uy then 0 else -1))
            | DType.Bool ->
                each (fun from target -> At.write target (if At.read<byte> from = 0uy then 0L else -1L))

    /// Writes `count` elements, or one where the operand does not move along columns.
    let store single (operand: LoopOperand) (address: nativeint) count (block: nativeint) =
        let bytes = if single then 4 else 8
        let count = if operand.Along then count else 1

        if operand.Type <> DType.Bool && ElementSize.ofType operand.Type = bytes then
            let size = int64 bytes * int64 count

            Buffer.MemoryCopy(
                NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> block),
                NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> address),
                size,
                size
            )
        else
            for i in 0 .. count - 1 do
                let lane = block + nativeint (bytes * i)
                let element = address + nativeint (ElementSize.ofType operand.Type * i)

                match operand.Type with
                | DType.F32
                | DType.I32 -> At.write element (At.read<int> lane)
                | DType.F64
                | DType.I64 -> At.write element (At.read<int64> lane)
                | DType.Bool -> At.write element (if At.read<int> lane = 0 then 0uy else 1uy)
