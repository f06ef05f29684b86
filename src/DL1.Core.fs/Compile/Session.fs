namespace DL1

open System
open System.Threading
open DL1.Compiler
open DL1.Compiler.Execution
open DL1.Compiler.Inspection
open DL1.Compiler.Planning
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A loop of steps that keeps its state in memory of its own. A variable of the state has two buffers: each step reads one
/// and writes the other, and then the two are swapped. In a state of 64 MB or more, a variable is updated in place if nothing
/// reads its current value later in the step and nothing that can fail comes after. Steps allocate nothing. A step that fails,
/// or is cancelled before it begins, leaves the state of the last complete step. If memory runs out in the middle of an update
/// in place, the state is lost: the session then refuses all but `Load`. The bits are those of the same step run by `Compile`.
/// A session serves one thread at a time.
[<Sealed>]
type Session
    internal
    (
        plan: Plan,
        width: Width,
        options: CompileOptions,
        state: (Variable * Tensor) list,
        inputs: Variable list,
        updatesInPlace: bool
    ) =
    let states = state.Length
    let bound = BoundPlan("Session.Step", plan, width, options.Threads)
    let executable = bound.Executable
    let mutable profile: Profile option = None
    let mutable isProfiling = false

    /// Sets the observers that the options and `IsProfiling` ask for.
    let observe () =
        executable.Observe(fun observed ->
            [|
                match profile with
                | Some profile when isProfiling -> profile.Observe observed
                | _ -> ()
                if options.CheckFinite then
                    FiniteObserver observed
            |])

    do
        if options.CheckFinite then
            observe ()

    let kept = "the state and the outputs"
    let buffer (e: Expr) = Block("Session", kept, Memory.bytesOf e)
    let roots = Array.ofList plan.Roots
    // With `CheckFinite` a step can fail after any kernel, so nothing is updated in place.
    let updates =
        if options.CheckFinite || not updatesInPlace then
            { InPlace = Array.create states false; First = plan.Steps.Length }
        else
            UpdateInPlace.find states plan

    let isInPlace i = i < states && updates.InPlace[i]

    // Two buffers for each root, state and outputs: `now` holds the current values, `next` takes the values of the next
    // step. Where the update is in place, both are the same buffer.
    let now =
        let ofState, ofOutputs = Array.splitAt states roots

        Array.append
            (Block.Zeros("Session", kept, Array.map Memory.bytesOf ofState))
            (Array.map buffer ofOutputs)

    let next = roots |> Array.mapi (fun i root -> if isInPlace i then now[i] else buffer root)

    let current i = now[i].Address

    /// Whether a step failed after it began to update state in place, so that the state is no longer that of one step.
    let mutable isLost = false

    let requireState operation =
        if isLost then
            Refuse.domain
                operation
                "a session whose last step ran out of memory in the middle of its update"
                "a whole state"
                "load one, such as that of the last checkpoint"

    let types = List.map fst state @ inputs |> Array.ofList
    let mutable steps = 0L

    do state |> List.iteri (fun i (_, value) -> Memory.writeToZeros value now[i].Address)

    let check (values: ReadOnlySpan<Tensor>) =
        requireState "Session.Step"
        Given.count "Session.Step" values.Length (types.Length - states) "input" "inputs"

        for i in 0 .. values.Length - 1 do
            if obj.ReferenceEquals(values[i], null) then
                nullArg $"values[%d{i}]"

            Given.check
                "Session.Step"
                "cast or reshape the value, or make a session for its shape"
                types[states + i]
                values[i]

    /// The index among the roots of output `index`; refuses an output that does not exist or has no value yet.
    let output operation index =
        if index < 0 || index >= roots.Length - states then
            Refuse.domain
                "Session"
                $"output %d{index}"
                $"an output from 0 to %d{roots.Length - states - 1}"
                "count the outputs from 0, in the order in which they were given"

        requireState operation

        if steps = 0L then
            Refuse.domain operation "an output before the first step" "a step first" "call Step"

        states + index

    /// Lets the plan read the current state, and write the next state and the outputs to the buffers `next`.
    let prepare () =
        for i in 0 .. states - 1 do
            bound.Read(i, current i)

        for i in 0 .. roots.Length - 1 do
            bound.Write(i, next[i].Address)

    /// Runs the plan, and swaps the buffers.
    let advance () =
        try
            bound.Run()
        with _ ->
            isLost <- executable.Running >= updates.First
            reraise ()

        for i in 0 .. roots.Length - 1 do
            let read = now[i]
            now[i] <- next[i]
            next[i] <- read

        GC.KeepAlive now
        GC.KeepAlive next
        steps <- steps + 1L

    /// The number of complete steps.
    member _.Steps = steps
    /// The number of outputs, without the state.
    member internal _.Outputs = roots.Length - states

    /// Runs one step on the values of the inputs, in their order.
    member _.Step([<ParamArray>] values: Tensor[]) =
        check (ReadOnlySpan values)

        try
            prepare ()

            for i in 0 .. values.Length - 1 do
                bound.Give(states + i, values[i], 0, values[i].Size)

            advance ()
        finally
            bound.Release()

    /// Runs one step on inputs that lie at addresses, which the caller keeps alive.
    member internal _.StepAt(addresses: nativeint[]) =
        requireState "Session.Step"
        prepare ()

        for i in 0 .. addresses.Length - 1 do
            bound.Read(states + i, addresses[i])

        advance ()

    /// The address of the current value of a variable of the state; it is valid until the next step.
    member internal _.AddressOf(index: int) : nativeint = current index

    /// Runs one step, unless the token was cancelled before: then it raises an `OperationCanceledException` and leaves
    /// the state. A step that has begun is not interrupted.
    member this.Step(token: CancellationToken, [<ParamArray>] values: Tensor[]) =
        token.ThrowIfCancellationRequested()
        this.Step values

    /// Runs a number of steps on the inputs that `batch` returns for each, numbered from 0. Cancellation is checked
    /// before each step: it raises an `OperationCanceledException` and leaves the state of the last complete step.
    /// `session.Run(100, (fun i -> [| xs[i]; ys[i] |]), token)`
    member this.Run(steps: int, batch: Func<int, Tensor[]>, token: CancellationToken) =
        if steps < 0 then
            Refuse.domain "Session.Run" $"%d{steps} steps" "0 or more steps" "give how many steps to make"

        for i in 0 .. steps - 1 do
            token.ThrowIfCancellationRequested()
            this.Step(batch.Invoke i)

    /// Runs a number of steps on the inputs that `batch` returns for each, numbered from 0.
    /// `session.Run(100, fun i -> [| xs[i]; ys[i] |])`
    member this.Run(steps: int, batch: Func<int, Tensor[]>) = this.Run(steps, batch, CancellationToken.None)

    /// Whether the time of each kernel is measured, for `Explain`. False at first; while false, it costs no time. Setting
    /// it to true discards earlier measurements.
    member _.IsProfiling
        with get () = isProfiling
        and set value =
            if value then
                profile <- Some(Profile())

            isProfiling <- value
            observe ()

    /// The plan as a table like that of `Compile.explain`, with the memory of a session. After profiled steps it also
    /// has the mean time of each kernel, its operations and bytes a second, and the larger of its shares of this
    /// machine's peak rates (measured once, in about 50 ms). `session.IsProfiling <- true`, some steps, then
    /// `session.Explain()`.
    member _.Explain() : string =
        ExplainPlan.session
            options.DynamicCode
            (profile |> Option.map (fun p -> p, PeakFlops.measured options.Threads))
            (Seq.sum (seq { for i in 0 .. states - 1 -> if isInPlace i then Memory.bytesOf roots[i] else 0L }))
            executable

    /// The current values of the state, in its order: copies, which later steps do not change.
    member _.State: Tensor list =
        requireState "Session.State"
        [ for i in 0 .. states - 1 -> Memory.read roots[i].DType roots[i].Shape (current i) ]

    /// Replaces the state by other values, in its order, so that sessions for batches of different sizes can continue
    /// one another. Another number of values is a `DomainError`, another type or shape a `ShapeError`.
    /// `small.Load large.State`
    member _.Load(values: Tensor list) =
        Given.count "Session.Load" values.Length states "variable of the state" "state"
        List.iteri (fun i -> Given.check "Session.Load" "cast or reshape the value" types[i]) values
        values |> List.iteri (fun i value -> Memory.write value (current i))
        isLost <- false

    /// The value of an output after the last step, by its index among the outputs: a copy. Before the first step it is
    /// a `DomainError`.
    member _.Output(index: int) : Tensor =
        let i = output "Session.Output" index
        Memory.read roots[i].DType roots[i].Shape (current i)

    /// The first element of an output as a number, such as a loss, without a copy of the tensor. Before the first step
    /// it is a `DomainError`.
    member _.Scalar(index: int) : float =
        let i = output "Session.Scalar" index
        Memory.element roots[i].DType (current i) 0

    /// A session on vectors of `width`; `updatesInPlace` allows it to update its state in place, where possible.
    static member internal OnWith
        (
            width,
            options: CompileOptions,
            state: (Variable * Tensor) list,
            next: Expr list,
            inputs,
            outputs,
            updatesInPlace: bool
        ) =
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
            PlanCache.planFor
                (if updatesInPlace then state.Length else 0)
                width
                options.DynamicCode
                options.CheckFinite
                (List.map fst state @ inputs)
                (next @ outputs)

        Session(plan, width, options, state, inputs, updatesInPlace)

    static member internal On
        (width, options, state: (Variable * Tensor) list, next: Expr list, inputs, outputs)
        =
        let bytes = state |> List.sumBy (fun (_, value) -> Memory.bytes value.DType value.Size)
        Session.OnWith(width, options, state, next, inputs, outputs, bytes >= Tuning.UpdateInPlaceBytes)

    /// Makes a session. `state` has the variables of the state with their first values, `next` an expression for the next
    /// value of each, `inputs` the variables whose values are given at each step, and `outputs` the other results of a
    /// step. `Session.Of([ w, w0 ], [ w - 0.1 * gradient ], [ x; y ], [ loss ])`
    static member Of
        (state: (Variable * Tensor) list, next: Expr list, inputs: Variable list, outputs: Expr list)
        =
        Session.With(Options.standard, state, next, inputs, outputs)

    /// Like `Of`, with options. Options out of range are a `DomainError`. With `CheckFinite` so is a step that meets
    /// NaN or infinity, which leaves the state of the last complete step.
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
