namespace DL1.Compiler.Movement

open DL1
open DL1.Compiler
open DL1.Compiler.Generic
open DL1.Compiler.Simd

/// Running sums along the middle axis of [outer; extent; inner], in the wide type, for 64 elements of the inner axis at a time.
[<Sealed>]
type internal CumSumKernel<'E, 'T, 'D, 'A
    when 'E :> IElement<'T, 'A> and 'D :> IDomain<'A> and 'T: unmanaged and 'A: unmanaged>
    (outer: int, extent: int, inner: int, reversed: bool) =
    inherit TaskedKernel()

    let chunks = (inner + Tuning.RunningSumLanes - 1) / Tuning.RunningSumLanes
    let each = max 1 (Tuning.TaskElements / max 1 (extent * min inner Tuning.RunningSumLanes))

    let one unit (sums: nativeint) (from: nativeint) (into: nativeint) =
        let o, first = unit / chunks, unit % chunks * Tuning.RunningSumLanes
        let count = min Tuning.RunningSumLanes (inner - first)

        for lane in 0 .. count - 1 do
            At.set<'A> sums lane 'D.Zero

        for step in 0 .. extent - 1 do
            let i = if reversed then extent - 1 - step else step
            let at = nativeint ((o * extent + i) * inner + first) * nativeint sizeof<'T>
            let source, target = from + at, into + at

            for lane in 0 .. count - 1 do
                let sum = 'D.Add(At.get<'A> sums lane, 'E.Widen(At.get<'T> source lane))
                At.set<'A> sums lane sum
                At.set<'T> target lane ('D.Narrow<'E, 'T, 'A> sum)

    override _.Tasks = (outer * chunks + each - 1) / each

    override _.Task(number, source, target) =
        let sums = At.stack<'A> Tuning.RunningSumLanes

        for unit in number * each .. min (outer * chunks) ((number + 1) * each) - 1 do
            one unit sums source target

/// The index of the best element along the middle axis of [outer; extent; inner]: the first of equals, or the first NaN.
[<Sealed>]
type internal ArgReduceKernel<'E, 'T, 'D, 'A
    when 'E :> IElement<'T, 'A> and 'D :> IDomain<'A> and 'T: unmanaged and 'A: unmanaged>
    (op: ArgOp, outer: int, extent: int, inner: int) =
    inherit TaskedKernel()

    let units = outer * inner
    let each = max 1 (Tuning.TaskElements / max 1 extent)

    override _.Tasks = (units + each - 1) / each

    override _.Task(number, from, into) =
        for unit in number * each .. min units ((number + 1) * each) - 1 do
            let start = unit / inner * extent * inner + unit % inner
            let source = from + nativeint start * nativeint sizeof<'T>

            let inline best (better: 'A -> 'A -> bool) =
                let mutable extreme = 'E.Widen(At.read<'T> source)
                let mutable index = 0
                let mutable i = 1

                // Nothing is better than the first NaN.
                while i < extent && not ('D.IsNaN extreme) do
                    let value = 'E.Widen(At.get<'T> source (i * inner))

                    if better value extreme || 'D.IsNaN value then
                        extreme <- value
                        index <- i

                    i <- i + 1

                int64 index

            let found =
                match op with
                | ArgOp.Max -> best (fun a b -> 'D.Compare(CompareOp.Gt, a, b))
                | ArgOp.Min -> best (fun a b -> 'D.Compare(CompareOp.Lt, a, b))

            At.set<int64> into unit found
