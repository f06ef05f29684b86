namespace DL1.Compiler.Movement

open System
open DL1
open DL1.Compiler
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// The indices of a gather or a scatter: `Count` of them, i64 where `IsWide`, else i32.
[<Struct; NoEquality; NoComparison>]
type internal Indices =
    {
        Count: int
        IsWide: bool
    }

    /// Index number i of the indices at an address.
    member inline this.At(address: nativeint, i: int) : int64 =
        if this.IsWide then At.get<int64> address i else int64 (At.get<int> address i)

    /// Refuses the first index that is outside an axis of this extent.
    member this.Check(operation: string, extent: int, address: nativeint) =
        let mutable i = 0

        while i < this.Count && uint64 (this.At(address, i)) < uint64 extent do
            i <- i + 1

        if i < this.Count then
            Strided.refuseIndex operation extent (this.At(address, i)) i

    static member Of(indices: Shape, dtype: DType) = { Count = indices.Size; IsWide = (dtype = DType.I64) }

/// `Node.Gather`: the source is [outer; extent; inner], the result [outer; indices; inner].
[<Sealed>]
type internal Gather(dtype: DType, axis: int, source: Shape, indexType: DType, indices: Shape) =
    let size = dtype.Bytes
    let outer, extent, inner = Strided.about axis source
    let all = Indices.Of(indices, indexType)
    let rows = outer * all.Count
    let each = max 1 (Tuning.TaskElements / max 1 inner)
    let mutable from, at, into = 0n, 0n, 0n

    let runTask number =
        let bytes = int64 inner * int64 size
        let first = number * each
        let mutable o = first / all.Count
        let mutable i = first % all.Count

        for row in first .. min rows (first + each) - 1 do
            let source = from + nativeint (o * extent + int (all.At(at, i))) * nativeint bytes
            let target = into + nativeint row * nativeint bytes

            if bytes = 4L then At.write target (At.read<uint32> source)
            elif bytes = 8L then At.write target (At.read<uint64> source)
            else Buffer.MemoryCopy(source.ToPointer(), target.ToPointer(), bytes, bytes)

            i <- i + 1

            if i = all.Count then
                i <- 0
                o <- o + 1

    let work: int -> unit = runTask

    /// Gathers on at most `threads` threads; an index outside the axis is a `DomainError`.
    member _.Run(threads: int, source: nativeint, indices: nativeint, target: nativeint) =
        all.Check("gather", extent, indices)
        from <- source
        at <- indices
        into <- target

        if inner > 0 then
            WorkerPool.runOn threads ((rows + each - 1) / each) work

/// `AddRow.Add` for one element type.
type private AddRun = delegate of count: int * row: nativeint * target: nativeint -> unit

/// `Node.ScatterAdd`: from updates [outer; indices; inner] to [outer; extent; inner]. Each element of the result is a
/// sum from 0 in the order of the indices, rounded to the element's type at each addition. Each task owns a region of
/// the result and goes through all indices: the bits do not depend on the number of threads.
[<Sealed>]
type internal ScatterAdd
    (dtype: DType, axis: int, extent: int, updates: Shape, indexType: DType, indices: Shape) =
    let size = dtype.Bytes
    let all = Indices.Of(indices, indexType)
    let product = List.fold (*) 1
    let outer = product (List.take axis (updates.ToList()))
    let inner = product (List.skip (axis + indices.Rank) (updates.ToList()))
    let work' = int64 all.Count * int64 inner
    // The columns that one task adds: all where there is little work; otherwise about a 16th of them, in whole cache lines.
    let width =
        if work' <= int64 Tuning.TaskElements then
            max 1 inner
        else
            max 16 ((inner + 15) / 16 / 16 * 16)

    let columnBlocks = (inner + width - 1) / width
    // Where there are few columns, tasks divide the axis too.
    let ranges =
        if columnBlocks * outer < 4 && work' > 2L * int64 Tuning.TaskElements then
            min 4 (max 1 extent)
        else
            1

    let span = (max 1 extent + ranges - 1) / ranges

    let each =
        if columnBlocks * ranges > 1 then
            1
        else
            int (max 1L (int64 Tuning.TaskElements / max 1L work'))

    let zeros = outer * extent * inner
    let mutable from, at, into = 0n, 0n, 0n

    let adder =
        match dtype with
        | DType.F32 -> AddRun(fun count row target -> AddRow.Add<float32>(count, row, target))
        | DType.F64 -> AddRun(fun count row target -> AddRow.Add<float>(count, row, target))
        | DType.I32 -> AddRun(fun count row target -> AddRow.Add<int>(count, row, target))
        | DType.I64 -> AddRun(fun count row target -> AddRow.Add<int64>(count, row, target))
        | DType.Bool -> Refuse.shape "scatter_add" "truth values" "numbers" "cast them first"

    let clearTask number =
        let first = number * Tuning.TaskElements
        let count = min Tuning.TaskElements (zeros - first)
        let start = into + nativeint first * nativeint size
        At.clear start (count * size)

    let addTo o column columns first until =
        for i in 0 .. all.Count - 1 do
            let index = int (all.At(at, i))

            if index >= first && index < until then
                let source = (int64 o * int64 all.Count + int64 i) * int64 inner + int64 column
                let target = (int64 o * int64 extent + int64 index) * int64 inner + int64 column

                let source, target = nativeint source * nativeint size, nativeint target * nativeint size
                adder.Invoke(columns, from + source, into + target)

    let addTask number =
        let columnBlock, range = number % columnBlocks, number / columnBlocks % ranges
        let first = number / (columnBlocks * ranges) * each
        let column = columnBlock * width

        for o in first .. min outer (first + each) - 1 do
            addTo o column (min width (inner - column)) (range * span) (min extent ((range + 1) * span))

    let clear: int -> unit = clearTask
    let add: int -> unit = addTask

    /// Adds on at most `threads` threads; an index outside the axis is a `DomainError`.
    member _.Run(threads: int, updates: nativeint, indices: nativeint, target: nativeint) =
        all.Check("scatter_add", extent, indices)
        from <- updates
        at <- indices
        into <- target
        WorkerPool.runOn threads ((zeros + Tuning.TaskElements - 1) / Tuning.TaskElements) clear

        if inner > 0 then
            WorkerPool.runOn threads ((outer + each - 1) / each * columnBlocks * ranges) add
