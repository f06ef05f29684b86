namespace DL1.Compiler.Movement

open System.Runtime.Intrinsics
open DL1
open DL1.Compiler
open DL1.Compiler.Generic
open DL1.Compiler.Simd

/// Copies or fills rows of contiguous bytes.
[<AbstractClass; Sealed>]
type internal ShortRows private () =
    /// Copies `rows` rows of `length` bytes, `sourceRow` and `targetRow` bytes apart. A last vector may overlap the one before.
    static member Copy(rows, length: nativeint, target: nativeint, targetRow, source: nativeint, sourceRow) =
        Hot.loop ()
        let mutable t = target
        let mutable s = source

        for _ in 1..rows do
            let mutable at = 0n

            while at + 16n <= length do
                At.write (t + at) (At.read<Vector128<byte>>(s + at))
                at <- at + 16n

            if at < length && length >= 16n then
                let last = length - 16n
                At.write (t + last) (At.read<Vector128<byte>>(s + last))
            else
                while at + 4n <= length do
                    At.write (t + at) (At.read<uint32>(s + at))
                    at <- at + 4n

                while at < length do
                    At.write (t + at) (At.read<byte>(s + at))
                    at <- at + 1n

            t <- t + targetRow
            s <- s + sourceRow

    /// Fills `rows` rows of `length` bytes, `targetRow` bytes apart, with copies of `bits`: 8 bytes, one element or several.
    static member Fill(rows: int, length: nativeint, target: nativeint, targetRow, bits: uint64) =
        Hot.loop ()
        let wide = Vector128.Create(bits).AsByte()
        let mutable t = target

        for _ in 1..rows do
            let mutable at = 0n

            while at + 16n <= length do
                At.write (t + at) wide
                at <- at + 16n

            if at < length && length >= 16n then
                At.write (t + length - 16n) wide
            else
                while at + 8n <= length do
                    At.write (t + at) bits
                    at <- at + 8n

                while at + 4n <= length do
                    At.write (t + at) (uint32 bits)
                    at <- at + 4n

                while at < length do
                    At.write (t + at) (byte bits)
                    at <- at + 1n

            t <- t + targetRow

/// Copies the second operand of a nest to the first; of a nest with one operand, fills it with an element given by its bits.
/// For rows that are so short that a call for each would take longer than the row itself.
[<Sealed>]
type internal ShortRowLoop(nest: LoopNest, size: int, bits: uint64) =
    inherit TaskedKernel()
    let length = nativeint nest.RowLength * nativeint size
    let axis = nest.Extents.Length - 2
    let rowsEach = max 1 (Tuning.TaskElements / max 1 nest.RowLength)

    /// The bits of the element, repeated to fill 8 bytes.
    let bits =
        match size with
        | 8 -> bits
        | 4 -> bits ||| (bits <<< 32)
        | _ -> bits * 0x0101010101010101UL

    override _.Tasks = (nest.Rows + rowsEach - 1) / rowsEach

    override _.Task(number, source, target) =
        let counters = At.stack<int> nest.Extents.Length
        let offsets = At.stack<nativeint> nest.Moves.Length
        let until = min nest.Rows ((number + 1) * rowsEach)
        let mutable row = number * rowsEach

        while row < until do
            nest.Start(row, counters, offsets)
            let rows = min (until - row) (nest.Extents[axis] - At.get<int> counters axis)
            let into, step = target + At.get<nativeint> offsets 0, nest.Moves[0][axis]

            if nest.Moves.Length = 1 then
                ShortRows.Fill(rows, length, into, step, bits)
            else
                let from = source + At.get<nativeint> offsets 1
                ShortRows.Copy(rows, length, into, step, from, nest.Moves[1][axis])

            row <- row + rows

    /// The most bytes of a row that counts as short.
    static member Longest = 512

    /// The loop for a nest of short contiguous rows of elements of `size` bytes; `None` for another nest.
    static member For(nest: LoopNest, size: int, bits: uint64) =
        let isShort =
            nest.Extents.Length >= 2
            && nest.Rows > 0
            && nest.RowLength <= ShortRowLoop.Longest / size
            && nest.Moves |> Array.forall (fun moves -> moves[moves.Length - 1] = nativeint size)

        if isShort then Some(ShortRowLoop(nest, size, bits)) else None
