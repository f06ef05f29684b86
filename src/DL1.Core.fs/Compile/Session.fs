namespace DL1

open System
open System.Runtime.InteropServices
open System.Threading
open DL1.Compiler.Execution
open DL1.Compiler.Inspection
open DL1.Compiler.Planning
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A loop of steps that keeps its state in memory of its own: each step reads the state and the inputs, and writes the
/// next state beside it, then the two change places. Nothing is allocated from step to step; a step that fails or is
/// never run leaves the state of the last whole one. The bits are those of the pure step. One thread at a time.
[<Sealed>]
type Session
    internal
    (plan: Plan, width: Width, options: CompileOptions, state: (Variable * Tensor) list, inputs: Variable list)
    =
    let states = state.Length
    let executable = Executable(plan, width)
    let mutable profile: Profile option = None
    let mutable isProfiling = false

    let watch () =
        executable.Watch(fun watched ->
            [|
                match profile with
                | Some profile when isProfiling -> profile.Watch watched
                | _ -> ()
                if options.CheckFinite then
                    FiniteObserver watched
            |])

    do
        if options.CheckFinite then
            watch ()

    let bytesOf (e: Expr) = int64 (Memory.size e.DType) * int64 e.Shape.Size
    let buffer (e: Expr) = Block("Session", "the state and the outputs", bytesOf e)
    let address (b: Block) = b.Address

    let roots = Array.ofList plan.Roots
    // State and outputs as they are and as they will be.
    let now, next = Array.map buffer roots, Array.map buffer roots
    let mutable swapped = false

    let current i = address (if swapped then next[i] else now[i])
    let coming i = address (if swapped then now[i] else next[i])

    /// The places of the inputs: state first.
    let places = List.map fst state @ inputs |> List.map plan.PlaceOf |> Array.ofList

    let direct = Array.init roots.Length plan.IsDirect

    let types = List.map fst state @ inputs |> Array.ofList
    let mutable steps = 0L

    do state |> List.iteri (fun i (_, value) -> Memory.write value (address now[i]))

    let bytes i = bytesOf roots[i]

    let copy (source: nativeint) (target: nativeint) (count: int64) =
        Buffer.MemoryCopy(source.ToPointer(), target.ToPointer(), count, count)

    let check (values: ReadOnlySpan<Tensor>) =
        if values.Length <> types.Length - states then
            Refuse.domain
                "Session.Step"
                $"%d{values.Length} values"
                $"%d{types.Length - states}, one for each input"
                "give the values in the order of the inputs"

        for i in 0 .. values.Length - 1 do
            let v = types[states + i]

            if obj.ReferenceEquals(values[i], null) then
                nullArg $"values[%d{i}]"

            if values[i].DType <> v.DType || values[i].Shape <> v.Shape then
                Refuse.shape
                    "Session.Step"
                    $"{values[i].DType} {values[i].Shape} for the variable {v.Name}"
                    $"{v.DType} {v.Shape}"
                    "cast or reshape the value, or make a session for its shape"

    let output index =
        if index < 0 || index >= roots.Length - states then
            Refuse.domain
                "Session"
                $"output %d{index}"
                $"an output from 0 to %d{roots.Length - states - 1}"
                "count the outputs from 0, in the order in which they were given"

        states + index

    /// How many whole steps were made.
    member _.Steps = steps
    /// How many outputs there are beside the state.
    member internal _.Outputs = roots.Length - states

    /// Makes one step on the values of the inputs, in their order.
    member _.Step([<ParamArray>] values: Tensor[]) =
        check (ReadOnlySpan values)

        try
            for i in 0 .. states - 1 do
                if places[i] >= 0 then
                    executable.Frame.Addresses[places[i]] <- current i

            for i in 0 .. values.Length - 1 do
                if places[states + i] >= 0 then
                    executable.Put(places[states + i], values[i].Elements)

            for i in 0 .. roots.Length - 1 do
                if direct[i] then
                    executable.Frame.Addresses[plan.Results[i]] <- coming i

            try
                executable.Run options.Threads
            with :? OutOfMemoryException ->
                Allocation.failed "Session.Step"

            for i in 0 .. roots.Length - 1 do
                if not direct[i] then
                    copy executable.Frame.Addresses[plan.Results[i]] (coming i) (bytes i)
        finally
            executable.Release()

        GC.KeepAlive now
        GC.KeepAlive next
        swapped <- not swapped
        steps <- steps + 1L

    /// The same, unless it was cancelled before: then an `OperationCanceledException`, and the state stays that of the last
    /// whole step. A step that has begun is finished.
    member this.Step(token: CancellationToken, [<ParamArray>] values: Tensor[]) =
        token.ThrowIfCancellationRequested()
        this.Step values

    /// Makes so many steps, on the inputs that `batch` has for each, which is numbered from 0. Cancellation is looked for
    /// before each: an `OperationCanceledException`, and the state of the last whole step.
    /// `session.Run(100, (fun i -> [| xs[i]; ys[i] |]), token)`
    member this.Run(steps: int, batch: Func<int, Tensor[]>, token: CancellationToken) =
        if steps < 0 then
            Refuse.domain "Session.Run" $"%d{steps} steps" "0 or more steps" "give how many steps to make"

        for i in 0 .. steps - 1 do
            token.ThrowIfCancellationRequested()
            this.Step(batch.Invoke i)

    /// The same, never cancelled. `session.Run(100, fun i -> [| xs[i]; ys[i] |])`
    member this.Run(steps: int, batch: Func<int, Tensor[]>) = this.Run(steps, batch, CancellationToken.None)

    /// Whether the time of each kernel is taken, for `Explain`. Setting it begins anew; while it is false, which it is at
    /// first, nothing is measured and nothing is lost.
    member _.IsProfiling
        with get () = isProfiling
        and set value =
            if value then
                profile <- Some(Profile())

            isProfiling <- value
            watch ()

    /// The plan as a table, as `Compile.explain` has it, with the memory of a session; after profiled steps, with the mean time of each kernel, its
    /// operations and bytes a second, and the larger of its shares of what this machine can do at most (which is measured
    /// once, in some 50 ms). `session.IsProfiling <- true`, some steps, then `session.Explain()`.
    member _.Explain() : string =
        ExplainPlan.session (profile |> Option.map (fun p -> p, Peak.measured options.Threads)) executable

    /// The state now, in its order: copies that no step changes.
    member _.State: Tensor list =
        [ for i in 0 .. states - 1 -> Memory.read roots[i].DType roots[i].Shape (current i) ]

    /// Puts other values in the place of the state, in its order, as if the steps had led there: so that sessions for
    /// batches of different sizes hand one state on. Another number of values is a `DomainError`, another type or shape a
    /// `ShapeError`. `small.Load large.State`
    member _.Load(values: Tensor list) =
        if values.Length <> states then
            Refuse.domain
                "Session.Load"
                $"%d{values.Length} values"
                $"%d{states}, one for each variable of the state"
                "give the values in the order of the state"

        for v, t in List.zip (List.truncate states (List.ofArray types)) values do
            if t.DType <> v.DType || t.Shape <> v.Shape then
                Refuse.shape
                    "Session.Load"
                    $"{t.DType} {t.Shape} for the variable {v.Name}"
                    $"{v.DType} {v.Shape}"
                    "cast or reshape the value"

        values |> List.iteri (fun i value -> Memory.write value (current i))

    /// What the last step gave, by the place among the outputs: a copy. Before the first step it is a `DomainError`.
    member _.Output(index: int) : Tensor =
        let i = output index

        if steps = 0L then
            Refuse.domain "Session.Output" "an output before the first step" "a step first" "call Step"

        Memory.read roots[i].DType roots[i].Shape (current i)

    /// The first element of an output as a number: for losses, without a copy.
    member _.Scalar(index: int) : float =
        let i = output index
        let at = current i

        if steps = 0L then
            Refuse.domain "Session.Scalar" "an output before the first step" "a step first" "call Step"

        match roots[i].DType with
        | DType.F32 -> float (BitConverter.Int32BitsToSingle(Marshal.ReadInt32 at))
        | DType.F64 -> BitConverter.Int64BitsToDouble(Marshal.ReadInt64 at)
        | DType.I32 -> float (Marshal.ReadInt32 at)
        | DType.I64 -> float (Marshal.ReadInt64 at)
        | DType.Bool -> float (Marshal.ReadByte at)

    static member internal On
        (width, options: CompileOptions, state: (Variable * Tensor) list, next: Expr list, inputs, outputs)
        =
        Options.check options

        if next.Length <> state.Length then
            Refuse.domain
                "Session"
                $"%d{next.Length} expressions of the next state for %d{state.Length} variables"
                "one for each variable of the state, in their order"
                "give each variable its next value; itself, if it does not change"

        for (v, value), e in List.zip state next do
            if
                e.DType <> v.DType || e.Shape <> v.Shape || value.DType <> v.DType || value.Shape <> v.Shape
            then
                Refuse.shape
                    "Session"
                    $"{value.DType} {value.Shape} at first and {e.DType} {e.Shape} next for the variable {v.Name}"
                    $"{v.DType} {v.Shape} for both"
                    "cast or reshape them"

        let plan =
            PlanCache.plan
                width
                options.DynamicCode
                options.CheckFinite
                (List.map fst state @ inputs)
                (next @ outputs)

        Session(plan, width, options, state, inputs)

    /// A session from the variables of the state with their first values, what each of them is next, the variables that
    /// are given at each step, and what is wanted of each step beside the state.
    /// `Session.Of([ w, w0 ], [ w - 0.1 * gradient ], [ x; y ], [ loss ])`
    static member Of
        (state: (Variable * Tensor) list, next: Expr list, inputs: Variable list, outputs: Expr list)
        =
        Session.With(Options.standard, state, next, inputs, outputs)

    /// The same with options, from `Compile.standard`. Options out of their range are a `DomainError`. With `CheckFinite` a
    /// step that meets NaN or infinity is one, too, and leaves the state of the last whole step.
    /// `Session.With({ Compile.standard with CheckFinite = true }, state, next, inputs, outputs)`
    static member With
        (
            options: CompileOptions,
            state: (Variable * Tensor) list,
            next: Expr list,
            inputs: Variable list,
            outputs: Expr list
        ) =
        Session.On(Simd.widest, options, state, next, inputs, outputs)
