namespace DL1

open System
open DL1.Compiler.Execution
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// Calls `ended` after each step of a plan, with the step's index.
[<Sealed>]
type private StepObserver(ended: int -> unit) =
    inherit KernelObserver()
    override _.Ended step = ended step

/// A plan whose inputs and results lie in memory of the caller, who sets their addresses before a run. Only results that no
/// kernel can write to their place are copied. One thread may use it at a time. Errors for lack of memory name `operation`.
[<Sealed>]
type internal BoundPlan(operation: string, plan: Plan, width: Width, threads: int) =
    let executable = Executable(plan, width)
    let buffers = plan.Inputs |> List.map plan.BufferOf |> Array.ofList
    let sizes = plan.Roots |> List.map Memory.bytesOf |> Array.ofList
    let direct = Array.init sizes.Length plan.IsDirect
    let targets: nativeint[] = Array.zeroCreate sizes.Length

    /// Binds the plan that computes `roots` from `inputs`, by the standard options but with at most `threads` threads.
    static member Of(operation, inputs: Variable list, roots: Expr list, threads: int) =
        let plan = PlanCache.planFor 0 Simd.widest Options.standard.DynamicCode false inputs roots
        BoundPlan(operation, plan, Simd.widest, threads)

    member _.Executable = executable
    /// The bytes of the plan's arena.
    member _.Bytes = plan.Bytes
    /// The number of the plan's steps.
    member _.Steps = plan.Steps.Length

    /// The index of the last step that reads or writes a root's buffer: after it the root's value is at the address given to
    /// `Write`. The number of steps where the value is copied there only after the run, or where another root shares the buffer.
    member _.LastStep(root: int) : int =
        let buffer = plan.Results[root]
        let isAlone = plan.Results |> Array.filter ((=) buffer) |> Array.length = 1
        let touches (step: PlanStep) = Array.contains buffer step.Reads || Array.contains buffer step.Writes

        if direct[root] && isAlone then
            Array.FindLastIndex(plan.Steps, touches)
        else
            plan.Steps.Length

    /// Lets later runs call `ended` after each step, with the step's index; not for the steps of a scan's body.
    member _.Watch(ended: int -> unit) =
        executable.Observe(fun observed -> if observed.Outer.IsNone then [| StepObserver ended |] else [||])

    /// Sets the address from which runs read an input, given by its index.
    member _.Read(input: int, address: nativeint) =
        if buffers[input] >= 0 then
            executable.Frame.Addresses[buffers[input]] <- address

    /// Lets runs read an input from `count` consecutive elements of a tensor, from `first` on, which stay pinned until `Release`.
    member _.Give(input: int, value: Tensor, first: int, count: int) =
        if buffers[input] >= 0 then
            executable.PutPart(buffers[input], value.Elements, first, count)

    /// Sets the address to which runs write a root, given by its index.
    member _.Write(root: int, address: nativeint) = targets[root] <- address

    /// Unpins the tensors that `Give` pinned.
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
