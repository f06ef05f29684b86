namespace DL1.Compiler.Generic

open DL1.Compiler
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// The loop nest over up to four tensors of one shape, each with a step in bytes along each axis: a step of 0 repeats, and a
/// negative one goes backwards. Axes of extent 1 are dropped, and axes that all operands traverse as one are merged. The last
/// axis runs along a row; the axes before it count the rows. A shape without elements has one axis of extent 0.
[<Sealed>]
type internal LoopNest(extents: int list, steps: nativeint list list) =
    let axes =
        let folder (outer: (int * nativeint list) list) (extent: int, steps: nativeint list) =
            match outer with
            | _ when extent = 1 -> outer
            | (n, before) :: rest when List.forall2 (fun b s -> b = s * nativeint extent) before steps ->
                (n * extent, steps) :: rest
            | _ -> (extent, steps) :: outer

        extents
        |> List.mapi (fun axis extent -> extent, steps |> List.map (List.item axis))
        |> List.fold folder []
        |> List.rev

    let axes =
        let zeros = steps |> List.map (fun _ -> 0n)

        if axes |> List.exists (fun (extent, _) -> extent = 0) then [ 0, zeros ]
        elif axes.IsEmpty then [ 1, zeros ]
        else axes

    let counts = axes |> List.map fst |> Array.ofList
    let operands = steps.Length
    let last = counts.Length - 1
    // moves[operand][axis]
    let moves =
        Array.init operands (fun o -> axes |> List.map (fun (_, steps) -> List.item o steps) |> Array.ofList)

    /// Adds `by` steps along an axis to the offset of each operand.
    let move (offsets: nativeint) axis (by: nativeint) =
        for o in 0 .. operands - 1 do
            At.set<nativeint> offsets o (At.get<nativeint> offsets o + by * moves[o][axis])

    let rowLength = counts[last]
    let rows = counts |> Array.take last |> Array.fold (*) 1

    /// The extents of the axes after merging, outermost first.
    member _.Extents = counts
    /// For each operand, its step in bytes along each axis.
    member _.Moves = moves
    /// The length of a row: the extent of the last axis.
    member _.RowLength = rowLength
    /// The number of rows; 0 where an extent is 0.
    member _.Rows = if rowLength = 0 then 0 else rows
    /// The step in bytes of an operand along a row; 0 for an operand that does not exist.
    member _.Step operand = if operand < operands then moves[operand][last] else 0n

    /// Sets the counters to a row, and the offsets to where each operand's row begins, in bytes. The caller owns both:
    /// one counter for each axis, one offset for each operand.
    member _.Start(row: int, counters: nativeint, offsets: nativeint) =
        for o in 0 .. operands - 1 do
            At.set<nativeint> offsets o 0n

        let mutable rest = row

        for axis in last - 1 .. -1 .. 0 do
            let at = rest % counts[axis]
            rest <- rest / counts[axis]
            At.set<int> counters axis at
            move offsets axis (nativeint at)

    /// Moves the counters and the offsets to the next row.
    member _.Next(counters: nativeint, offsets: nativeint) =
        let mutable axis = last - 1

        while axis >= 0 do
            let at = At.get<int> counters axis
            let wraps = at + 1 = counts[axis]
            At.set<int> counters axis (if wraps then 0 else at + 1)
            move offsets axis (if wraps then nativeint -at else 1n)
            axis <- if wraps then axis - 1 else -1

/// A kernel that computes one tensor from another.
[<AbstractClass>]
type internal TensorKernel() =
    /// Computes the tensor at `target` from the tensor at `source`, on at most `threads` threads.
    abstract Run: threads: int * source: nativeint * target: nativeint -> unit

/// A kernel whose work is numbered tasks, which threads share.
[<AbstractClass>]
type internal TaskedKernel() =
    inherit TensorKernel()
    let mutable source, target = 0n, 0n
    let mutable body: (int -> unit) | null = null

    /// The number of tasks.
    abstract Tasks: int
    abstract Task: number: int * source: nativeint * target: nativeint -> unit

    override this.Run(threads, from, into) =
        source <- from
        target <- into

        match body with
        // Made once, so that later runs allocate nothing.
        | null -> body <- fun number -> this.Task(number, source, target)
        | _ -> ()

        WorkerPool.runOn threads this.Tasks (nonNull body)

/// The body of a loop along a row of `count` elements: takes the address of the target and its step in bytes, then the
/// address and the step of up to three operands.
type internal RowBody =
    delegate of
        count: int *
        target: nativeint *
        targetStep: nativeint *
        a: nativeint *
        aStep: nativeint *
        b: nativeint *
        bStep: nativeint *
        c: nativeint *
        cStep: nativeint ->
            unit

/// Runs a body on every row of a nest, whose operands are the target and then at most three more. A task has about
/// `Tuning.TaskElements` elements: several short rows, or part of a long one.
[<Sealed>]
type internal RowLoop(nest: LoopNest, body: RowBody) =
    let mutable target, a, b, c = 0n, 0n, 0n, 0n
    let tasksPerRow = (nest.RowLength + Tuning.TaskElements - 1) / Tuning.TaskElements
    let rowsEach = max 1 (Tuning.TaskElements / max 1 nest.RowLength)

    let tasks = (nest.Rows + rowsEach - 1) / rowsEach * tasksPerRow

    let runTask (number: int) =
        let counters = At.stack<int> nest.Extents.Length
        let offsets = At.stack<nativeint> 4
        At.clear offsets (4 * sizeof<nativeint>)
        let first = number / tasksPerRow * rowsEach
        let until = min nest.Rows (first + rowsEach)
        let column = number % tasksPerRow * Tuning.TaskElements
        let count = min Tuning.TaskElements (nest.RowLength - column)
        let s0, s1, s2, s3 = nest.Step 0, nest.Step 1, nest.Step 2, nest.Step 3
        let at = nativeint column
        nest.Start(first, counters, offsets)

        for row in first .. until - 1 do
            let target, a =
                target + At.get<nativeint> offsets 0 + at * s0, a + At.get<nativeint> offsets 1 + at * s1

            let b, c = b + At.get<nativeint> offsets 2 + at * s2, c + At.get<nativeint> offsets 3 + at * s3
            body.Invoke(count, target, s0, a, s1, b, s2, c, s3)

            if row + 1 < until then
                nest.Next(counters, offsets)

    let work: int -> unit = runTask

    /// Runs the body on all rows, on at most `threads` threads. An operand that does not exist may have any address.
    member _.Run(threads: int, toTarget: nativeint, fromA: nativeint, fromB: nativeint, fromC: nativeint) =
        target <- toTarget
        a <- fromA
        b <- fromB
        c <- fromC
        WorkerPool.runOn threads tasks work
