namespace DL1.Compiler.Movement

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open DL1
open DL1.Compiler.Simd

/// Transposes a matrix: element (r, c) of the source, whose rows are contiguous and `sourceRow` bytes apart, goes to
/// (c, r) of the target. Works in blocks of 64 × 64 elements (32 × 32 of 8 bytes), which stay in the first-level cache;
/// in a block, squares of 8 × 8 elements of 4 bytes, or of 4 × 4 of 8 bytes, are transposed in registers.
[<RequireQualifiedAccess>]
module internal TransposeBlock =
    /// The side of a block, in elements.
    let side size = if size = 8 then 32 else 64

    /// Transposes eight rows of eight elements of 4 bytes.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    let private transpose8 (s: nativeint) (row: nativeint) (t: nativeint) (toRow: nativeint) =
        let inline load address = At.read<Vector128<float32>> address
        // Puts row k + 4 beside row k: transposing the 4 × 4 elements in each half then gives whole rows of the result.
        let inline pair k at = Vector256.Create(load (s + k * row + at), load (s + (k + 4n) * row + at))
        let inline store k (v: Vector256<float32>) = At.write (t + k * toRow) v

        let inline half at k =
            let r0, r1, r2, r3 = pair 0n at, pair 1n at, pair 2n at, pair 3n at
            let a, b = Avx.UnpackLow(r0, r1), Avx.UnpackHigh(r0, r1)
            let c, d = Avx.UnpackLow(r2, r3), Avx.UnpackHigh(r2, r3)
            store k (Avx.Shuffle(a, c, 0x44uy))
            store (k + 1n) (Avx.Shuffle(a, c, 0xEEuy))
            store (k + 2n) (Avx.Shuffle(b, d, 0x44uy))
            store (k + 3n) (Avx.Shuffle(b, d, 0xEEuy))

        half 0n 0n
        half 16n 4n

    /// Transposes four rows of four elements of 8 bytes.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    let private transpose4 (s: nativeint) (row: nativeint) (t: nativeint) (toRow: nativeint) =
        let inline load address = At.read<Vector128<float>> address
        let inline pair k at = Vector256.Create(load (s + k * row + at), load (s + (k + 2n) * row + at))
        let inline store k (v: Vector256<float>) = At.write (t + k * toRow) v

        let inline half at k =
            let r0, r1 = pair 0n at, pair 1n at
            store k (Avx.UnpackLow(r0, r1))
            store (k + 1n) (Avx.UnpackHigh(r0, r1))

        half 0n 0n
        half 16n 2n

    let private plainOf<'a when 'a: unmanaged> (s: nativeint) row rows columns (t: nativeint) toRow =
        Hot.loop ()
        let width = nativeint sizeof<'a>

        for c in 0 .. columns - 1 do
            let from, into = s + nativeint<int> c * width, t + nativeint<int> c * toRow

            for r in 0 .. rows - 1 do
                At.write (into + nativeint<int> r * width) (At.read<'a>(from + nativeint<int> r * row))

    /// Transposes one element at a time.
    let private plain size s row rows columns t toRow =
        if size = 8 then plainOf<uint64> s row rows columns t toRow
        elif size = 4 then plainOf<uint32> s row rows columns t toRow
        else plainOf<byte> s row rows columns t toRow

    /// Prefetches a cache line in each of eight rows, `row` bytes apart, from `address` on.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    let private fetch (address: nativeint) (row: nativeint) =
        for i in 0n .. 7n do
            Simd.fetch (address + i * row)

    /// Transposes one block, while it prefetches the source and the target of the next one.
    let block size (s: nativeint) sourceRow rows columns (t: nativeint) targetRow nextSource nextTarget =
        Hot.loop ()
        let width = nativeint size

        // The side of a square, in elements. Where registers cannot transpose it is 128, so that no square fits into a block.
        let square = if Avx.IsSupported && size > 1 then 32 / size else 128
        let wholeRows, wholeColumns = rows / square * square, columns / square * square

        for c in 0..square .. wholeColumns - 1 do
            for r in 0..square .. wholeRows - 1 do
                let from = s + nativeint r * sourceRow + nativeint c * width
                let into = t + nativeint c * targetRow + nativeint r * width

                if c % (2 * square) = 0 then
                    fetch (nextSource + nativeint r * sourceRow + nativeint c * width) sourceRow

                if r % (2 * square) = 0 then
                    fetch (nextTarget + nativeint c * targetRow + nativeint r * width) targetRow

                if square = 8 then
                    transpose8 from sourceRow into targetRow
                else
                    transpose4 from sourceRow into targetRow

        let wholeRows = if wholeColumns = 0 then 0 else wholeRows
        let right, into = s + nativeint wholeColumns * width, t + nativeint wholeColumns * targetRow
        plain size right sourceRow wholeRows (columns - wholeColumns) into targetRow
        let below, into = s + nativeint wholeRows * sourceRow, t + nativeint wholeRows * width
        plain size below sourceRow (rows - wholeRows) columns into targetRow

    /// Transposes a whole matrix, block by block.
    let matrix size (s: nativeint) (sourceRow: nativeint) rows columns (t: nativeint) (targetRow: nativeint) =
        let side = side size
        let width = nativeint<int> size
        let down = (rows + side - 1) / side
        let blocks = down * ((columns + side - 1) / side)

        let source n =
            s + nativeint (n % down * side) * sourceRow + nativeint (n / down * side) * width

        let target n =
            t + nativeint (n / down * side) * targetRow + nativeint (n % down * side) * width

        for n in 0 .. blocks - 1 do
            let next = min (blocks - 1) (n + 1)
            let rows, columns = min side (rows - n % down * side), min side (columns - n / down * side)
            block size (source n) sourceRow rows columns (target n) targetRow (source next) (target next)
