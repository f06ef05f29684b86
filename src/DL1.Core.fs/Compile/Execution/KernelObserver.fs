namespace DL1.Compiler.Execution

open System.Collections.Generic
open System.Diagnostics
open DL1
open DL1.Compiler.Planning

/// Called before and after each kernel of a plan, with the kernel's index.
[<AbstractClass>]
type internal KernelObserver() =
    abstract Begins: step: int -> unit
    default _.Begins _ = ()
    abstract Ended: step: int -> unit

/// A plan that is observed, with its frame; for the body of a scan also the outer plan and the index of the scan's
/// step.
[<NoEquality; NoComparison>]
type internal ObservedPlan = { Plan: Plan; Frame: Frame; Outer: struct (Plan * int) option }

/// For each kernel of a plan, its total time in ticks of `Stopwatch`, and the number of its runs.
[<Sealed>]
type internal Times(count: int) =
    member val Ticks: int64[] = Array.zeroCreate count
    member val Runs: int64[] = Array.zeroCreate count

    /// The mean seconds of a run of a kernel; none before the first run.
    member this.Seconds(step: int) : float voption =
        match this.Runs[step] with
        | 0L -> ValueNone
        | runs -> ValueSome(float this.Ticks[step] / float runs / float Stopwatch.Frequency)

/// Measures the time of each kernel.
[<Sealed>]
type internal TimeObserver(times: Times) =
    inherit KernelObserver()
    let mutable start = 0L

    override _.Begins _ = start <- Stopwatch.GetTimestamp()

    override _.Ended step =
        times.Ticks[step] <- times.Ticks[step] + (Stopwatch.GetTimestamp() - start)
        times.Runs[step] <- times.Runs[step] + 1L

/// The kernel times of a plan and of the bodies of scans in it.
[<Sealed>]
type internal Profile() =
    let known = Dictionary<Plan, Times>(HashIdentity.Reference)

    /// An observer that adds to the times of this plan.
    member _.Observe(observed: ObservedPlan) : KernelObserver =
        let plan = observed.Plan
        TimeObserver(Lookup.orAdd known plan (fun () -> Times plan.Steps.Length))

    member _.TryFind(plan: Plan) : Times option = Lookup.tryFind known plan
