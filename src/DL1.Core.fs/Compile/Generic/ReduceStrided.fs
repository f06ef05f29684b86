namespace DL1.Compiler.Generic

open DL1
open DL1.Compiler
open DL1.Compiler.Simd

/// A reduction over any axes, computed in the domain 'A and in the row-major order of the reduced axes, as by `Eval`. Where
/// neighbours in memory belong to different results, 64 results are computed side by side; otherwise one after another.
[<Sealed>]
type internal ReduceStrided<'E, 'T, 'D, 'A
    when 'E :> IElement<'T, 'A> and 'D :> IDomain<'A> and 'T: unmanaged and 'A: unmanaged>
    (op: ReduceOp, kept: LoopNest, reduced: LoopNest) =
    inherit TaskedKernel()

    let width = nativeint sizeof<'T>
    let side = if kept.Step 1 = width && kept.RowLength >= 4 then 64 else 1
    let chunks = (kept.RowLength + side - 1) / side
    let units = kept.Rows * chunks
    let count = reduced.Rows * reduced.RowLength
    let each = max 1 (Tuning.TaskElements / max 1 (count * min side (max 1 kept.RowLength)))

    let start =
        match op with
        | ReduceOp.Sum -> 'D.Zero
        | ReduceOp.Prod -> 'D.One
        | ReduceOp.Max -> 'D.Least
        | ReduceOp.Min -> 'D.Greatest

    static let load (address: nativeint) = 'E.Widen(At.read<'T> address)

    /// Adds `n` elements, `step` bytes apart, to the sum at `sums`, and the rounding errors to the entry `side` places later.
    let addRow (sums: nativeint) (address: nativeint) (step: nativeint) n =
        let mutable total = At.read<'A> sums
        let mutable lost = At.get<'A> sums side
        let mutable at = address

        for _ in 1..n do
            let term = load at
            let next = 'D.Add(total, term)
            lost <- 'D.Add(lost, 'D.Lost(total, term, next))
            total <- next
            at <- at + step

        At.write<'A> sums total
        At.set<'A> sums side lost

    /// Adds `n` neighbours each to its own sum, and the rounding errors to the entries `side` places after the sums.
    let addBeside (sums: nativeint) (address: nativeint) n =
        for lane in 0 .. n - 1 do
            let total = At.get<'A> sums lane
            let term = load (address + nativeint lane * width)
            let next = 'D.Add(total, term)
            let lost = At.get<'A> sums (side + lane)
            At.set<'A> sums (side + lane) ('D.Add(lost, 'D.Lost(total, term, next)))
            At.set<'A> sums lane next

    /// Combines `n` elements, `step` bytes apart, with the value so far at address `result`; sums also collect rounding errors.
    let inRow (result: nativeint) (address: nativeint) (step: nativeint) n =
        let inline run (combine: 'A -> 'A -> 'A) =
            let mutable acc = At.read<'A> result
            let mutable at = address

            for _ in 1..n do
                acc <- combine acc (load at)
                at <- at + step

            At.write<'A> result acc

        match op with
        | ReduceOp.Sum -> addRow result address step n
        | ReduceOp.Prod -> run (fun a b -> 'D.Multiply(a, b))
        | ReduceOp.Max -> run (fun a b -> 'D.Max(a, b))
        | ReduceOp.Min -> run (fun a b -> 'D.Min(a, b))

    /// Combines `n` neighbours each with the value so far of its own result, in the entries at address `sums`.
    let beside (sums: nativeint) (address: nativeint) n =
        let inline run (combine: 'A -> 'A -> 'A) =
            for lane in 0 .. n - 1 do
                let value = load (address + nativeint lane * width)
                At.set<'A> sums lane (combine (At.get<'A> sums lane) value)

        match op with
        | ReduceOp.Sum -> addBeside sums address n
        | ReduceOp.Prod -> run (fun a b -> 'D.Multiply(a, b))
        | ReduceOp.Max -> run (fun a b -> 'D.Max(a, b))
        | ReduceOp.Min -> run (fun a b -> 'D.Min(a, b))

    let one source (sums: nativeint) lanes (counters: nativeint) (offset: nativeint) =
        for lane in 0 .. lanes - 1 do
            At.set<'A> sums lane start
            At.set<'A> sums (side + lane) 'D.Zero

        reduced.Start(0, counters, offset)
        let step = reduced.Step 0

        for row in 0 .. reduced.Rows - 1 do
            let rowStart: nativeint = source + At.read<nativeint> offset

            if side = 1 then
                inRow sums rowStart step reduced.RowLength
            else
                for i in 0 .. reduced.RowLength - 1 do
                    beside sums (rowStart + nativeint i * step) lanes

            if row + 1 < reduced.Rows then
                reduced.Next(counters, offset)

    override _.Tasks = (units + each - 1) / each

    override _.Task(number, from, into) =
        let sums = At.stack<'A>(2 * side)
        let counters = At.stack<int> kept.Extents.Length
        let offsets = At.stack<nativeint> 2
        let inside = At.stack<int> reduced.Extents.Length
        let offset = At.stack<nativeint> 1

        for unit in number * each .. min units ((number + 1) * each) - 1 do
            kept.Start(unit / chunks, counters, offsets)
            let first = unit % chunks * side
            let lanes = min side (kept.RowLength - first)
            let source = from + At.get<nativeint> offsets 1 + nativeint first * kept.Step 1
            let target = into + At.get<nativeint> offsets 0 + nativeint first * kept.Step 0
            one source sums lanes inside offset

            for lane in 0 .. lanes - 1 do
                let mutable value = At.get<'A> sums lane

                if op = ReduceOp.Sum then
                    value <- 'D.Joined(value, At.get<'A> sums (side + lane))

                At.write (target + nativeint lane * kept.Step 0) ('D.Narrow<'E, 'T, 'A> value)
