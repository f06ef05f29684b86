namespace DL1.Compiler.Execution

open System.Collections.Generic
open System.Diagnostics
open DL1
open DL1.Compiler.Planning

/// Looks on as the kernels of a plan run, in its frame. It is told of each before and after.
[<AbstractClass>]
type internal KernelObserver() =
    abstract Begins: step: int -> unit
    abstract Ended: step: int -> unit

/// A plan at work: where its values stand, and the plan and the step that it is the body of, if it is a loop's.
[<NoEquality; NoComparison>]
type internal ObservedPlan = { Plan: Plan; Frame: Frame; Outer: struct (Plan * int) option }

/// The time that each kernel of a plan took, and how often it ran.
[<Sealed>]
type internal Times(count: int) =
    member val Ticks: int64[] = Array.zeroCreate count
    member val Runs: int64[] = Array.zeroCreate count

    /// Seconds of one run of a kernel, in the mean; none before the first.
    member this.Seconds(step: int) : float voption =
        match this.Runs[step] with
        | 0L -> ValueNone
        | runs -> ValueSome(float this.Ticks[step] / float runs / float Stopwatch.Frequency)

/// Takes the time of each kernel.
[<Sealed>]
type internal TimeObserver(times: Times) =
    inherit KernelObserver()
    let mutable start = 0L

    override _.Begins _ = start <- Stopwatch.GetTimestamp()

    override _.Ended step =
        times.Ticks[step] <- times.Ticks[step] + (Stopwatch.GetTimestamp() - start)
        times.Runs[step] <- times.Runs[step] + 1L

/// The times of a plan and of the loops in it.
[<Sealed>]
type internal Profile() =
    let known = Dictionary<Plan, Times>(HashIdentity.Reference)

    member _.Watch(watched: ObservedPlan) : KernelObserver =
        match known.TryGetValue watched.Plan with
        | true, times -> TimeObserver times
        | false, _ ->
            let times = Times watched.Plan.Steps.Length
            known[watched.Plan] <- times
            TimeObserver times

    /// The times of a plan, if it was watched.
    member _.TryFind(plan: Plan) : Times option =
        match known.TryGetValue plan with
        | true, times -> Some times
        | false, _ -> None
