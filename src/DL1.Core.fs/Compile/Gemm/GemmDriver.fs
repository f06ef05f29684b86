namespace DL1.Compiler.Gemm

open System
open DL1.Compiler
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Runs a product by the method that suits it. If A is small, or A or B is a vector, C is divided into strips of columns (of
/// rows, if B is a single column), and one thread computes a strip from beginning to end (`SmallGemm`). Otherwise all threads
/// work in blocks (`BlockedGemm`). Each thread reuses one driver for all its products, so that they allocate nothing.
[<Sealed>]
type internal GemmDriver<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>() =
    [<ThreadStatic; DefaultValue>]
    static val mutable private own: GemmDriver<'S, 'V, 'T> | null

    let mutable p = GemmProblem.None
    let panelColumns = 2 * 'S.Bytes / sizeof<'T>
    let mutable wide = 0
    let mutable panels = 0
    let mutable panelsEach = 1
    let mutable stacksEach = 1
    let blocks = BlockedGemm<'S, 'V, 'T>()

    let stripTask task =
        let strips = (panels + panelsEach - 1) / panelsEach
        let first = task % strips * panelsEach
        let stack = task / strips * stacksEach

        for stack in stack .. min p.Batch (stack + stacksEach) - 1 do
            SmallGemm<'S, 'V, 'T>
                .Run(&p, stack, first * panelColumns, min wide ((first + panelsEach) * panelColumns))

    // The task function for `WorkerPool.runOn`: a closure made once, so that a run allocates nothing.
    let strip: int -> unit = stripTask

    let strips threads =
        // If B is a single column, strips are ranges of rows.
        wide <- max p.N (if p.N = 1 then p.M else 1)
        panels <- (wide + panelColumns - 1) / panelColumns
        let tall = if p.N = 1 then 1 else p.M
        // Writing an element of C counts as 8 multiply-adds.
        let each = int64 tall * int64 panelColumns * int64 (p.K + 8)

        let least =
            if p.N = 1 then Tuning.GemvRowTaskOperations
            elif p.M = 1 then Tuning.GemvTaskOperations
            else Tuning.GemmTaskOperations

        let enough = int (min (int64 panels) ((least + each - 1L) / each))
        panelsEach <- max enough ((panels + Tuning.GemmStrips - 1) / Tuning.GemmStrips)

        stacksEach <-
            if panelsEach < panels then
                1
            else
                int (max 1L (min (int64 p.Batch) (least / (each * int64 panels))))

        let count = (panels + panelsEach - 1) / panelsEach
        WorkerPool.runOn threads (count * ((p.Batch + stacksEach - 1) / stacksEach)) strip

    static member Own =
        match GemmDriver<'S, 'V, 'T>.own with
        | null ->
            let fresh = GemmDriver<'S, 'V, 'T>()
            GemmDriver<'S, 'V, 'T>.own <- fresh
            fresh
        | known -> known

    /// Computes the product on at most `threads` threads.
    member _.Run(threads: int, product: inref<GemmProblem>) : unit =
        p <- product

        if p.M > 0 && p.N > 0 && p.Batch > 0 then
            if p.M = 1 || p.N = 1 || SmallGemm<'S, 'V, 'T>.Suits &p then
                strips threads
            else
                blocks.Run(threads, &p)

        p <- GemmProblem.None
