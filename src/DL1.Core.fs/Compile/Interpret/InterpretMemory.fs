namespace DL1.Compiler.Interpret

open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// An operand and how it is read into lanes. `Bytes`: of an element. `ColumnBytes`: from one column to the next, 0 where
/// one element serves the row. `IsCopied`: an element has the bits of a lane, so it is copied without conversion.
[<Struct>]
type internal LaneOperand = { Operand: LoopOperand; Bytes: int; ColumnBytes: nativeint; IsCopied: bool }

/// Reads and writes operands of interpreted loops, as lanes. All lanes are as wide as the loop's floats.
[<RequireQualifiedAccess>]
module internal InterpretMemory =
    /// Describes an operand of a loop of f32 (`single`) or f64.
    let ofOperand single (operand: LoopOperand) =
        let bytes = operand.Type.Bytes

        {
            Operand = operand
            Bytes = bytes
            ColumnBytes = if operand.Along then nativeint bytes else 0n
            IsCopied = operand.Type <> DType.Bool && bytes = (if single then 4 else 8)
        }

    /// Copies `rows` rows of `bytes` bytes, at most 64; `fromStride` and `stride` are the bytes from one row to the next.
    let private copyRows from fromStride target stride bytes rows =
        Hot.loop ()

        if bytes = 64 then
            for i in 0n .. nativeint<int> rows - 1n do
                LoopMemory.Copy(from + fromStride * i, target + stride * i, 64)
        else
            for i in 0n .. nativeint rows - 1n do
                LoopMemory.Copy(from + fromStride * i, target + stride * i, bytes)

    /// Reads `count` elements into lanes at `block`, or one into all its lanes if the operand does not move along columns.
    let load single (o: LaneOperand) (address: nativeint) count (block: nativeint) =
        let operand = o.Operand
        let bytes = if single then 4 else 8
        let lane i = block + nativeint (bytes * i)
        let element i = address + nativeint (o.Bytes * i)

        let inline each (put: nativeint -> nativeint -> unit) =
            if operand.Along then
                for i in 0 .. count - 1 do
                    put (element i) (lane i)
            else
                for i in 0 .. 64 / bytes - 1 do
                    put address (lane i)

        if o.IsCopied && operand.Along then
            At.copy address block (bytes * count)
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

    /// Reads `rows` rows of `count` elements, at most a block, `down` bytes apart, each row into a block of its own.
    let loadRows single (o: LaneOperand) address down count rows blocks =
        if o.IsCopied && o.Operand.Along then
            copyRows address down blocks 64n (o.Bytes * count) rows
        else
            for i in 0n .. nativeint<int> rows - 1n do
                load single o (address + down * i) count (blocks + 64n * i)

    /// Writes `count` elements from the lanes at `block`, or one element where the operand does not move along columns.
    let store single (o: LaneOperand) (address: nativeint) count (block: nativeint) =
        let operand = o.Operand
        let bytes = if single then 4 else 8
        let count = if operand.Along then count else 1

        if o.IsCopied then
            At.copy block address (bytes * count)
        else
            for i in 0 .. count - 1 do
                let lane = block + nativeint (bytes * i)
                let element = address + nativeint (o.Bytes * i)

                match operand.Type with
                | DType.F32
                | DType.I32 -> At.write element (At.read<int> lane)
                | DType.F64
                | DType.I64 -> At.write element (At.read<int64> lane)
                | DType.Bool -> At.write element (if At.read<int> lane = 0 then 0uy else 1uy)

    /// Writes `rows` rows of `count` elements, at most a block, `down` bytes apart, each row from a block of its own.
    let storeRows single (o: LaneOperand) address down count rows blocks =
        if o.IsCopied && o.Operand.Along then
            copyRows blocks 64n address down (o.Bytes * count) rows
        else
            for i in 0n .. nativeint<int> rows - 1n do
                store single o (address + down * i) count (blocks + 64n * i)
