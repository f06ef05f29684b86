namespace DL1.Compiler.Execution

open System.Collections.Generic
open System.Diagnostics
open DL1
open DL1.Compiler.Planning

/// Observes a plan: `Begins` is called before each kernel and `Ended` after it, with the kernel's index.
[<AbstractClass>]
type internal KernelObserver() =
    abstract Begins: step: int -> unit
    default _.Begins _ = ()
    abstract Ended: step: int -> unit

/// A plan that is observed, and its frame; for a scan's body also the outer plan and the index of the scan's step.
[<NoEquality; NoComparison>]
type internal ObservedPlan = { Plan: Plan; Frame: Frame; Outer: struct (Plan * int) option }

/// Measures the time of each of a plan's `count` kernels.
[<Sealed>]
type internal TimeObserver(count: int) =
    inherit KernelObserver()
    let ticks: int64[] = Array.zeroCreate count
    let runs: int64[] = Array.zeroCreate count
    let mutable start = 0L

    override _.Begins _ = start <- Stopwatch.GetTimestamp()

    override _.Ended step =
        ticks[step] <- ticks[step] + (Stopwatch.GetTimestamp() - start)
        runs[step] <- runs[step] + 1L

    /// The mean time of a run of a kernel, in seconds; `ValueNone` before its first run.
    member _.Seconds(step: int) : float voption =
        match runs[step] with
        | 0L -> ValueNone
        | runs -> ValueSome(float ticks[step] / float runs / float Stopwatch.Frequency)

/// The kernel times of a plan and of the bodies of scans in it.
[<Sealed>]
type internal Profile() =
    let known = Dictionary<Plan, TimeObserver>(HashIdentity.Reference)

    /// An observer that adds to the times of this plan.
    member _.Observe(observed: ObservedPlan) : KernelObserver =
        let plan = observed.Plan
        Lookup.orAdd known plan (fun () -> TimeObserver plan.Steps.Length) :> KernelObserver

    member _.TryFind(plan: Plan) : TimeObserver option = Lookup.tryFind known plan
