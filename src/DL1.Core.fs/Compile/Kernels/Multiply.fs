namespace DL1

open System

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// One product at work. Where A is small, C is cut into strips of columns, and each strip is done from beginning to
/// end by one thread. Otherwise, for each cut of k, all threads pack a block of B, then multiply blocks of rows.
/// A thread keeps one of these for all its products, so that they allocate nothing.
[<Sealed>]
type internal Multiply<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct>() =
    [<ThreadStatic; DefaultValue>]
    static val mutable private own: Multiply<'S, 'V, 'T> | null

    /// The widest block of B that is packed at once, in columns.
    [<Literal>]
    static let BlockColumns = 3072

    /// The greatest height of a block of A in the second-level cache.
    [<Literal>]
    static let BlockRows = 144

    /// What is finished at once, in bytes of C, and its width in columns: it is still in the second-level cache then.
    [<Literal>]
    static let BlockBytes = 131072

    [<Literal>]
    static let FinishColumns = 1024

    /// The fewest multiply-adds that are worth a part of their own: a few microseconds.
    [<Literal>]
    static let Grain = 65536L

    let mutable p = Product.None
    let size = nativeint sizeof<'T>
    let panelColumns = 2 * 'S.Bytes / sizeof<'T>
    let mutable wide = 0
    let mutable panels = 0
    let mutable panelsEach = 1
    let mutable stacksEach = 1
    // The block at hand of a product in blocks.
    let mutable stack = 0
    let mutable column = 0
    let mutable columns = 0
    let mutable tall = BlockRows
    let mutable cut = 0
    let mutable packed = 0n

    let mutable strip: int -> unit = ignore
    let mutable pack: int -> unit = ignore
    let mutable rows: int -> unit = ignore

    static member Own =
        match Multiply<'S, 'V, 'T>.own with
        | null ->
            let fresh = Multiply<'S, 'V, 'T>()
            fresh.Prepare()
            Multiply<'S, 'V, 'T>.own <- fresh
            fresh
        | known -> known

    /// The bodies of the pool's runs, made once.
    member private this.Prepare() =
        strip <- fun part -> this.Strip part
        pack <- fun part -> this.PackPart part
        rows <- fun part -> this.RowsPart part

    member private this.Strip part =
        let strips = (panels + panelsEach - 1) / panelsEach
        let first = part % strips * panelsEach
        let stack = part / strips * stacksEach

        for stack in stack .. min p.Batch (stack + stacksEach) - 1 do
            Strip<'S, 'V, 'T>
                .Run(&p, stack, first * panelColumns, min wide ((first + panelsEach) * panelColumns))

    member private this.Strips threads =
        // Where B is a column, the strips are of rows.
        wide <- max p.N (if p.N = 1 then p.M else 1)
        panels <- (wide + panelColumns - 1) / panelColumns
        let tall = if p.N = 1 then 1 else p.M
        let each = int64 tall * int64 panelColumns * int64 (max 1 p.K)
        let enough = int (min (int64 panels) ((Grain + each - 1L) / each))
        panelsEach <- max enough ((panels + 15) / 16)

        stacksEach <-
            if panelsEach < panels then
                1
            else
                int (max 1L (min (int64 p.Batch) (Grain / (each * int64 panels))))

        let strips = (panels + panelsEach - 1) / panelsEach
        Pool.runOn threads (strips * ((p.Batch + stacksEach - 1) / stacksEach)) strip

    /// One panel of the block of B.
    member private this.PackPart part =
        let k = SumCut.at p.K cut
        let first = part * panelColumns

        Pack<'S, 'V, 'T>
            .Panel(
                k,
                min panelColumns (columns - first),
                Strip<'S, 'V, 'T>.Place(p.B, stack, cut * SumCut.length p.K, column + first),
                nativeint p.B.Row * size,
                nativeint p.B.Column * size,
                packed + nativeint (part * k * 2) * nativeint 'S.Bytes
            )

    /// Whether something is done with finished blocks.
    member private _.Followed = p.Bias <> 0n || not (isNull p.Finish)

    /// The height of the blocks of rows, in whole tiles: all nearly the same, and a multiple of four of them, for threads to
    /// share alike. Lower ones where a finish follows.
    member private this.Tall() =
        let most =
            if this.Followed then
                min BlockRows (max 12 (BlockBytes / (columns * int size)))
            else
                BlockRows

        let each = ((p.M + most - 1) / most + 3) / 4 * 4
        max 12 (((p.M + each - 1) / each + 5) / 6 * 6)

    /// One block of rows of A against the block of B.
    member private this.RowsPart part =
        let k = SumCut.at p.K cut
        let row = part * tall
        let rows = min tall (p.M - row)
        let spare = Scratch.Get(0, 12 * 2 * 'S.Bytes)
        let a = Scratch.Get(2, (BlockRows + 12) * k * int size)
        let source = Strip<'S, 'V, 'T>.Place(p.A, stack, row, cut * SumCut.length p.K)
        Panel<'S, 'V, 'T>.PackA(rows, k, source, nativeint p.A.Row * size, nativeint p.A.Column * size, a)
        let blockPanels = (columns + panelColumns - 1) / panelColumns
        let finished = cut = SumCut.count p.K - 1 && this.Followed

        for panel in 0 .. blockPanels - 1 do
            let first = panel * panelColumns

            Panel<'S, 'V, 'T>
                .Multiply(
                    rows,
                    k,
                    a,
                    nativeint k * size,
                    size,
                    0n,
                    packed + nativeint (panel * k * 2) * nativeint 'S.Bytes,
                    nativeint (2 * 'S.Bytes),
                    Strip<'S, 'V, 'T>.Place(p.C, stack, row, column + first),
                    nativeint p.C.Row * size,
                    min panelColumns (columns - first),
                    true,
                    p.Accumulate || cut > 0,
                    spare
                )

        // Whole rows of the block at once: what the finish reads and writes beside C lies one after another.
        if finished then
            Strip<'S, 'V, 'T>.Finish(&p, stack, row, rows, column, columns)

    member private this.Blocks threads =
        for stack' in 0 .. p.Batch - 1 do
            stack <- stack'
            column <- 0

            while column < p.N do
                columns <- min (if this.Followed then FinishColumns else BlockColumns) (p.N - column)
                tall <- this.Tall()
                let blockPanels = (columns + panelColumns - 1) / panelColumns
                packed <- Scratch.Get(3, blockPanels * SumCut.length p.K * 2 * 'S.Bytes)

                for cut' in 0 .. SumCut.count p.K - 1 do
                    cut <- cut'
                    Pool.runOn threads blockPanels pack
                    Pool.runOn threads ((p.M + tall - 1) / tall) rows

                column <- column + columns

    /// Does the product on at most so many threads.
    member this.Run(threads: int, product: inref<Product>) : unit =
        p <- product
        let small = p.M * min p.K SumCut.Longest * sizeof<'T> <= 262144
        let straight = p.A.Column = 1 || p.A.Row = 1 && p.M <= 48

        if p.M > 0 && p.N > 0 && p.Batch > 0 then
            if p.M = 1 || p.N = 1 || small && straight then
                this.Strips threads
            else
                this.Blocks threads

        p <- Product.None
