namespace DL1.Compiler.Generic

open DL1
open DL1.Compiler
open DL1.Compiler.Simd

/// Running sums along the middle axis of [outer; extent; inner], computed in the domain 'A (f64 or 64-bit integers), for
/// `Tuning.RunningSumLanes` elements of the inner axis at a time.
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

/// The index of the extreme element along the middle axis of [outer; extent; inner]: the first of equals, or the first NaN.
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

                // The first NaN is the result: no later element replaces it.
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

/// Kernels along axes of a row-major tensor of any type.
[<RequireQualifiedAccess>]
module internal AlongKernels =
    [<RequireQualifiedAccess>]
    type private Work =
        | CumSum of reversed: bool
        | ArgReduce of ArgOp
        | ArgSort
        | Reduce of ReduceOp * kept: LoopNest * reduced: LoopNest

    let private make (dtype: DType) (outer, extent, inner) (work: Work) : TensorKernel =
        Element.Choose(
            dtype,
            { new ITyped<TensorKernel> with
                member _.Make<'E, 'T, 'D, 'A
                    when 'E :> IElement<'T, 'A> and 'D :> IDomain<'A> and 'T: unmanaged and 'A: unmanaged>
                    ()
                    =
                    match work with
                    | Work.CumSum reversed ->
                        CumSumKernel<'E, 'T, 'D, 'A>(outer, extent, inner, reversed) :> TensorKernel
                    | Work.ArgReduce op -> ArgReduceKernel<'E, 'T, 'D, 'A>(op, outer, extent, inner)
                    | Work.ArgSort -> SortKernel<'E, 'T, 'D, 'A>(outer, extent, inner)
                    | Work.Reduce(op, kept, reduced) -> ReduceStrided<'E, 'T, 'D, 'A>(op, kept, reduced)
            }
        )

    /// `Node.CumSum`: sums in f64, or in 64-bit integers, from the first element or, `reversed`, from the last.
    let cumSum dtype shape axis reversed = make dtype (Strided.about axis shape) (Work.CumSum reversed)

    /// `Node.ArgReduce`, with a result of i64.
    let argReduce op dtype shape axis = make dtype (Strided.about axis shape) (Work.ArgReduce op)

    /// `Node.ArgSort`, with a result of i64.
    let argSort dtype shape axis = make dtype (Strided.about axis shape) Work.ArgSort

    /// `Node.Reduce` for any operation and axes.
    let reduce op (dtype: DType) (shape: Shape) (axes: int list) =
        let size = nativeint dtype.Bytes
        let strides = shape.Strides |> Array.map (fun s -> nativeint s * size)
        let keptAxes = [ 0 .. shape.Rank - 1 ] |> List.except axes
        let result = keptAxes |> List.map (fun axis -> shape[axis]) |> Shape.ofList
        let target = result.Strides |> Array.map (fun s -> nativeint s * size) |> List.ofArray
        let kept = LoopNest(result.ToList(), [ target; keptAxes |> List.map (fun axis -> strides[axis]) ])
        let along f = axes |> List.map f
        let reduced = LoopNest(along (fun axis -> shape[axis]), [ along (fun axis -> strides[axis]) ])
        make dtype (1, 1, 1) (Work.Reduce(op, kept, reduced))
