namespace DL1.Compiler.Movement

open DL1.Compiler
open DL1.Compiler.Generic
open DL1.Compiler.Simd

/// Transposes a stack of matrices, each as `TransposeBlock` does. The rows of a matrix are `sourceRow` bytes apart in the
/// source and `targetRow` in the target; `stack` gives the offsets of the matrices in the target and in the source.
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
        let counters = At.stack<int> stack.Extents.Length
        let offsets = At.stack<nativeint> 4
        let last = min blocks ((number + 1) * Tuning.TransposeTaskBlocks) - 1

        // Sets `found` to the addresses at which block number n begins, in the target and in the source.
        let locate n (found: nativeint) =
            let at = n / (down * across)
            stack.Start(at / stack.RowLength, counters, found)
            let along = nativeint (at % stack.RowLength)
            let row, column = nativeint (n % down * side), nativeint (n / down % across * side)
            let width = nativeint size
            let into = target + At.get<nativeint> found 0 + along * stack.Step 0
            let from = source + At.get<nativeint> found 1 + along * stack.Step 1
            At.set<nativeint> found 0 (into + column * targetRow + row * width)
            At.set<nativeint> found 1 (from + row * sourceRow + column * width)

        let here, next = offsets, offsets + nativeint (2 * sizeof<nativeint>)
        locate (number * Tuning.TransposeTaskBlocks) next

        for n in number * Tuning.TransposeTaskBlocks .. last do
            At.set<nativeint> here 0 (At.get<nativeint> next 0)
            At.set<nativeint> here 1 (At.get<nativeint> next 1)
            locate (min last (n + 1)) next
            let rows = min side (rows - n % down * side)
            let columns = min side (columns - n / down % across * side)

            let from, into = At.get<nativeint> here 1, At.get<nativeint> here 0
            let nextFrom, nextInto = At.get<nativeint> next 1, At.get<nativeint> next 0
            TransposeBlock.block size from sourceRow rows columns into targetRow nextFrom nextInto
