namespace DL1

open System

/// Early stopping as a value: the best measurement so far, what was kept of it, and how many measurements have passed
/// since. Each measurement gives the next value; `Kept` is what to go back to.
/// ```
/// let mutable stop = Patience.lowest 5
/// stop <- stop.Next(loss, loop.State)
/// if stop.IsOver then loop.Restore stop.Kept
/// ```
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Patience<'kept>
    internal
    (isGain: bool, patience: int, tolerance: float, best: float, at: int, measured: int, kept: 'kept option) =
    /// The best value measured; before the first one the infinity that every value betters.
    member _.Best: float = best
    /// Which measurement was the best, counted from 1; 0 before there is one.
    member _.BestAt: int = at
    /// How many measurements were made.
    member _.Measured: int = measured
    /// How many measurements were made since the best one.
    member _.Waits: int = measured - at
    /// Whether `Waits` has reached the patience.
    member _.IsOver: bool = measured - at >= patience

    /// What was given beside the best value. Before there is one (`BestAt` is 0) it is a `DomainError`.
    member _.Kept: 'kept =
        match kept with
        | Some kept -> kept
        | None ->
            Refuse.domain
                "Patience.Kept"
                $"the best of %d{measured} measurements, none of which is a number"
                "a measurement that is the best so far"
                "look at BestAt first: it is 0 before there is one"

    /// Whether a value would be the new best one: better than the best by more than the tolerance. NaN never is.
    member _.IsBetter(value: float) : bool = (if isGain then value - best else best - value) > tolerance

    /// The rule after a measurement; `keep` is called only if it is the best so far. `stop.Next(loss, fun () -> state)`
    member this.Next(value: float, keep: Func<'kept>) : Patience<'kept> =
        if this.IsBetter value then
            Patience(isGain, patience, tolerance, value, measured + 1, measured + 1, Some(keep.Invoke()))
        else
            Patience(isGain, patience, tolerance, best, at, measured + 1, kept)

    /// After a measurement, with what is to be kept where it is the best so far. `stop.Next(loss, state)`
    member this.Next(value: float, keep: 'kept) : Patience<'kept> =
        this.Next(value, Func<'kept>(fun () -> keep))

    /// The same rule with another tolerance, before the first measurement.
    member internal _.Begin(tolerance: float) : Patience<'kept> =
        if patience < 1 || not (tolerance >= 0.0) then
            Refuse.domain
                "Patience"
                $"a patience of %d{patience} and a tolerance of {string tolerance}"
                "a patience of 1 or more, a tolerance of 0 or more"
                "5 and 0 are a start"

        let worst = if isGain then Double.NegativeInfinity else Double.PositiveInfinity
        Patience(isGain, patience, tolerance, worst, 0, 0, None)

    /// The best value and the measurements since: `best 0.25 at 3 of 5`.
    override _.ToString() =
        if at = 0 then
            $"no best value in %d{measured} measurements"
        else
            $"best {string best} at %d{at} of %d{measured}"

    member internal this.Display = Format.following (this.ToString())

/// Early stopping in a loop of one's own: `Fit` has it by its options.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Patience =
    let private start isGain (patience: int) : Patience<'kept> =
        Patience<'kept>(isGain, patience, 0.0, 0.0, 0, 0, None).Begin 0.0

    /// For values that should be low, such as a loss: over after `patience` measurements without a lower one. A patience
    /// below 1 is a `DomainError`. `Patience.lowest<LoopState> 5`
    let lowest<'kept> (patience: int) : Patience<'kept> = start false patience

    /// For values that should be high, such as an accuracy. `Patience.highest<LoopState> 5`
    let highest<'kept> (patience: int) : Patience<'kept> = start true patience

    /// The rule before its first measurement, where only a gain of more than `tolerance` counts as better. A tolerance below 0 or NaN is a
    /// `DomainError`. `Patience.lowest<LoopState> 5 |> Patience.tolerating 1e-3`
    let tolerating (tolerance: float) (patience: Patience<'kept>) : Patience<'kept> = patience.Begin tolerance
