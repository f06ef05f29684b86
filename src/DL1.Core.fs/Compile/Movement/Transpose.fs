namespace DL1.Compiler.Movement

open FSharp.NativeInterop
open DL1.Compiler
open DL1.Compiler.Generic

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// Transposes a stack of matrices, each as `TransposeBlock` does.
[<Sealed>]
type internal Transposition
    (size: int, rows: int, columns: int, sourceRow: nativeint, targetRow: nativeint, stack: LoopNest) =
    inherit TaskedKernel()

    let side = TransposeBlock.side size
    let down = (rows + side - 1) / side
    let across = (columns + side - 1) / side
    let stacks = if stack.Rows = 0 then 0 else stack.Rows * stack.RowLength
    let blocks = stacks * down * across

    override _.Tasks = (blocks + Tuning.TransposeTaskBlocks - 1) / Tuning.TransposeTaskBlocks

    override _.Task(number, source, target) =
        let counters = NativePtr.stackalloc<int> stack.Extents.Length
        let offsets = NativePtr.stackalloc<nativeint> 4
        let last = min blocks ((number + 1) * Tuning.TransposeTaskBlocks) - 1

        // Sets `found` to the addresses at which block number n begins, in the target and in the source.
        let locate n (found: nativeptr<nativeint>) =
            let at = n / (down * across)
            stack.Start(at / stack.RowLength, counters, found)
            let along = nativeint (at % stack.RowLength)
            let row, column = nativeint (n % down * side), nativeint (n / down % across * side)
            let width = nativeint size
            let into = target + NativePtr.get found 0 + along * stack.Step 0
            let from = source + NativePtr.get found 1 + along * stack.Step 1
            NativePtr.set found 0 (into + column * targetRow + row * width)
            NativePtr.set found 1 (from + row * sourceRow + column * width)

        let here, next = offsets, NativePtr.add offsets 2
        locate (number * Tuning.TransposeTaskBlocks) next

        for n in number * Tuning.TransposeTaskBlocks .. last do
            NativePtr.set here 0 (NativePtr.get next 0)
            NativePtr.set here 1 (NativePtr.get next 1)
            locate (min last (n + 1)) next
            let rows = min side (rows - n % down * side)
            let columns = min side (columns - n / down % across * side)

            let from, into = NativePtr.get here 1, NativePtr.get here 0
            let nextFrom, nextInto = NativePtr.get next 1, NativePtr.get next 0
            TransposeBlock.block size from sourceRow rows columns into targetRow nextFrom nextInto
