namespace DL1.Compiler.Gemm

open DL1
open DL1.Compiler.Simd

/// The operands of a tile of C, for the micro-kernels. All strides and offsets are in bytes.
///
/// Rows of A and C are at a stride, or at offsets in a table of machine words, where entry i is the offset of row i. At strides,
/// a row of A has `Count` elements, `Step` apart. With tables, a row of A is read along `Count` runs: `Runs` is the address of
/// two words for each, its offset and its number of elements, `Step` apart. B has one row for each element of a row of A.
[<Struct; NoEquality; NoComparison>]
type internal Tile =
    /// Where rows are at strides, the number of elements in a row of A; with tables, the number of runs that make up a row.
    val mutable Count: int
    val mutable Runs: nativeint
    val mutable A: nativeint
    /// The stride of A's rows, or the address of their table.
    val mutable ARows: nativeint
    val mutable Step: nativeint
    val mutable B: nativeint
    /// The stride of B's rows. With tables it is ignored, and rows are two vectors apart; only `Lanes6` and `LanesWide6` use it.
    val mutable BRow: nativeint
    val mutable C: nativeint
    /// The stride of C's rows, or the address of their table.
    val mutable CRows: nativeint
    /// Whether the sums are added to C's elements; else they replace them.
    val mutable Add: bool
    /// At strides, the number of the tile's rows that A has. Further rows of the tile read the last of these again, so that a
    /// tile never reads beyond A; their results are not used.
    val mutable Rows: int
    /// At strides, an address that is prefetched at each element of a row of A, and then advances by `NextStep` bytes.
    val mutable Next: nativeint
    val mutable NextStep: nativeint

/// The micro-kernels: tiles of C in registers, 4, 6, 9, 12 or 13 rows high and one or two vectors wide. Each element of C is one
/// chain of fused multiply-adds from 0, in the order of k. Tiles of 9 rows and more by two vectors need 32 vector registers.
[<AbstractClass; Sealed>]
type internal MicroKernel<'S, 'V, 'T when 'S :> ISimd<'V, 'T>> private () =

    /// The body of all tiles. Callers pass literals for `height`, `isWide`, `isTable` and `byLane`, so that each tile's code has
    /// only its own rows and vectors. Each element of A multiplies one vector of B, or two if `isWide`. With `byLane`, each
    /// vector of A instead multiplies a vector of B, lane by lane.
    static member inline private Body
        (height: int, isWide: bool, isTable: bool, byLane: bool, t: inref<Tile>)
        =
        Hot.loop ()
        let width = nativeint 'S.Bytes
        let a, aRows, c, cRows, add, last = t.A, t.ARows, t.C, t.CRows, t.Add, t.Rows - 1

        let inline row i =
            if i >= height then 0n
            elif isTable then a + At.get<nativeint> aRows i
            else a + nativeint (min i last) * aRows

        let inline target i = if isTable then c + At.get<nativeint> cRows i else c + nativeint<int> i * cRows

        let inline read address = if byLane then 'S.Load address else 'S.Broadcast address

        let inline second e address y sum =
            if not isWide then sum
            elif byLane then 'S.MultiplyAdd('S.Load(address + width), y, sum)
            else 'S.MultiplyAdd(e, y, sum)

        let a0, a1, a2, a3, a4, a5 = row 0, row 1, row 2, row 3, row 4, row 5
        let a6, a7, a8, a9, a10, a11, a12 = row 6, row 7, row 8, row 9, row 10, row 11, row 12
        let z = 'S.Zero
        let mutable l0, r0, l1, r1, l2, r2 = z, z, z, z, z, z
        let mutable l3, r3, l4, r4, l5, r5 = z, z, z, z, z, z
        let mutable l6, r6, l7, r7, l8, r8 = z, z, z, z, z, z
        let mutable l9, r9, l10, r10, l11, r11 = z, z, z, z, z, z
        let mutable l12, r12 = z, z

        // Prefetches C's rows while the sums are computed.
        if not byLane then
            for i in 0 .. height - 1 do
                Simd.fetchRow (target i) (2n * width)

        let step = t.Step
        let bRow = if isTable && not byLane then 2n * width else t.BRow
        let nextStep = t.NextStep
        let mutable b = t.B
        let mutable next = t.Next
        let mutable run = t.Runs
        let mutable runs = if isTable then t.Count else 1

        while runs > 0 do
            let mutable at = if isTable then At.get<nativeint> run 0 else 0n
            let mutable left = if isTable then At.get<nativeint> run 1 else nativeint t.Count

            while left > 0n do
                if not isTable then
                    Simd.fetchFar next

                let x = 'S.Load b
                let y = if isWide then 'S.Load(b + width) else x
                let e = read (a0 + at)
                l0 <- 'S.MultiplyAdd(e, x, l0)
                r0 <- second e (a0 + at) y r0
                let e = read (a1 + at)
                l1 <- 'S.MultiplyAdd(e, x, l1)
                r1 <- second e (a1 + at) y r1
                let e = read (a2 + at)
                l2 <- 'S.MultiplyAdd(e, x, l2)
                r2 <- second e (a2 + at) y r2
                let e = read (a3 + at)
                l3 <- 'S.MultiplyAdd(e, x, l3)
                r3 <- second e (a3 + at) y r3

                if height > 4 then
                    let e = read (a4 + at)
                    l4 <- 'S.MultiplyAdd(e, x, l4)
                    r4 <- second e (a4 + at) y r4
                    let e = read (a5 + at)
                    l5 <- 'S.MultiplyAdd(e, x, l5)
                    r5 <- second e (a5 + at) y r5

                if height > 6 then
                    let e = read (a6 + at)
                    l6 <- 'S.MultiplyAdd(e, x, l6)
                    r6 <- second e (a6 + at) y r6
                    let e = read (a7 + at)
                    l7 <- 'S.MultiplyAdd(e, x, l7)
                    r7 <- second e (a7 + at) y r7
                    let e = read (a8 + at)
                    l8 <- 'S.MultiplyAdd(e, x, l8)
                    r8 <- second e (a8 + at) y r8

                if height > 9 then
                    let e = read (a9 + at)
                    l9 <- 'S.MultiplyAdd(e, x, l9)
                    r9 <- second e (a9 + at) y r9
                    let e = read (a10 + at)
                    l10 <- 'S.MultiplyAdd(e, x, l10)
                    r10 <- second e (a10 + at) y r10
                    let e = read (a11 + at)
                    l11 <- 'S.MultiplyAdd(e, x, l11)
                    r11 <- second e (a11 + at) y r11

                if height > 12 then
                    let e = read (a12 + at)
                    l12 <- 'S.MultiplyAdd(e, x, l12)
                    r12 <- second e (a12 + at) y r12

                at <- at + step
                b <- b + bRow
                next <- next + nextStep
                left <- left - 1n

            run <- run + nativeint (2 * sizeof<nativeint>)
            runs <- runs - 1

        let inline put i (l: 'V) (r: 'V) =
            if i < height then
                let c = target i

                if add then
                    'S.Store('S.Add('S.Load c, l), c)

                    if isWide then
                        'S.Store('S.Add('S.Load(c + width), r), c + width)
                else
                    'S.Store(l, c)

                    if isWide then
                        'S.Store(r, c + width)

        put 0 l0 r0
        put 1 l1 r1
        put 2 l2 r2
        put 3 l3 r3
        put 4 l4 r4
        put 5 l5 r5
        put 6 l6 r6
        put 7 l7 r7
        put 8 l8 r8
        put 9 l9 r9
        put 10 l10 r10
        put 11 l11 r11
        put 12 l12 r12

    // Tiles by two vectors; the rows of A and C are at strides.
    static member Rows4(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(4, true, false, false, &t)
    static member Rows6(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(6, true, false, false, &t)
    static member Rows12(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(12, true, false, false, &t)
    // Tiles two vectors wide, and as many rows high as the name says; tables give the offsets of the rows of A and C.
    static member Table6(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(6, true, true, false, &t)
    static member Table9(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(9, true, true, false, &t)
    static member Table12(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(12, true, true, false, &t)
    static member Table13(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(13, true, true, false, &t)
    // Tiles by one vector; tables give the offsets of the rows of A and C.
    static member Narrow6(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(6, false, true, false, &t)
    static member Narrow9(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(9, false, true, false, &t)
    static member Narrow12(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(12, false, true, false, &t)
    static member Narrow13(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(13, false, true, false, &t)
    /// As `Narrow6`, but vectors of A are multiplied by vectors of B, lane by lane.
    static member Lanes6(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(6, false, true, true, &t)
    /// As `Table6`, but vectors of A are multiplied by vectors of B, lane by lane.
    static member LanesWide6(t: inref<Tile>) = MicroKernel<'S, 'V, 'T>.Body(6, true, true, true, &t)
