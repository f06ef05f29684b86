namespace DL1

open System
open DL1.Compiler.Execution
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// Calls a function after each step of a plan.
[<Sealed>]
type private StepObserver(ended: int -> unit) =
    inherit KernelObserver()
    override _.Ended step = ended step

/// A plan whose inputs and results lie in memory that others own: it is bound to addresses before each run, and copies
/// nothing that a kernel can read or write in place. One thread at a time. `operation` is named where memory ends.
[<Sealed>]
type internal BoundPlan(operation: string, plan: Plan, width: Width, threads: int) =
    let executable = Executable(plan, width)
    let buffers = plan.Inputs |> List.map plan.BufferOf |> Array.ofList
    let sizes = plan.Roots |> List.map Memory.bytesOf |> Array.ofList
    let direct = Array.init sizes.Length plan.IsDirect
    let targets: nativeint[] = Array.zeroCreate sizes.Length

    /// The plan of roots over inputs, with the standard options.
    static member Of(operation, inputs: Variable list, roots: Expr list, threads: int) =
        let plan = PlanCache.planFor 0 Simd.widest Options.standard.DynamicCode false inputs roots
        BoundPlan(operation, plan, Simd.widest, threads)

    member _.Executable = executable
    /// The bytes of its intermediate values.
    member _.Bytes = plan.Bytes
    /// The number of its steps.
    member _.Steps = plan.Steps.Length

    /// The last step that touches a root; the number of steps where what is in its buffer is copied after the run.
    member _.LastStep(root: int) : int =
        let buffer = plan.Results[root]
        let isAlone = plan.Results |> Array.filter ((=) buffer) |> Array.length = 1
        let touches (step: PlanStep) = Array.contains buffer step.Reads || Array.contains buffer step.Writes

        if direct[root] && isAlone then
            Array.FindLastIndex(plan.Steps, touches)
        else
            plan.Steps.Length

    /// Calls a function after each step of a run, with the step's number.
    member _.Watch(ended: int -> unit) =
        executable.Observe(fun observed -> if observed.Outer.IsNone then [| StepObserver ended |] else [||])

    /// The address of an input for the next run.
    member _.Read(input: int, address: nativeint) =
        if buffers[input] >= 0 then
            executable.Frame.Addresses[buffers[input]] <- address

    /// An input for the next run: consecutive elements of a tensor, from `first` on.
    member _.Give(input: int, value: Tensor, first: int, count: int) =
        if buffers[input] >= 0 then
            executable.PutPart(buffers[input], value.Elements, first, count)

    /// Where the next run writes a root.
    member _.Write(root: int, address: nativeint) = targets[root] <- address

    /// Unpins what was given.
    member _.Release() = executable.Release()

    /// Runs the plan.
    member _.Run() =
        for i in 0 .. targets.Length - 1 do
            if direct[i] then
                executable.Frame.Addresses[plan.Results[i]] <- targets[i]

        try
            executable.Run threads
        with :? OutOfMemoryException ->
            Allocation.failed operation

        for i in 0 .. targets.Length - 1 do
            let result = executable.Frame.Addresses[plan.Results[i]]

            if not direct[i] && result <> targets[i] then
                Memory.copy result targets[i] sizes[i]
