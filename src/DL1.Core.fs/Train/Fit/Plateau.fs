namespace DL1

open System

/// When the learning rate is lowered because training no longer gets better: PyTorch's `ReduceLROnPlateau`.
/// `Plateau.rule` is a start.
[<StructuredFormatDisplay("{Display}")>]
type Plateau =
    {
        /// The metric, or the part of the loss, that is watched; empty for the loss, on the validation set where there is one.
        Monitor: string
        /// What the rate is multiplied by, above 0 and below 1.
        Factor: float
        /// How many epochs in a row may be no better before the rate is lowered, 0 or more.
        Patience: int
        /// How much better counts as better, 0 or more.
        Threshold: float
        /// Whether the threshold is relative to the best value; else it is in the value's own units.
        IsRelative: bool
        /// For how many epochs after the rate was lowered none counts as bad, 0 or more.
        Cooldown: int
        /// A rate that it does not go below, 0 or more; a schedule may.
        Lowest: float
    }

    /// `rate times 0.1 after 10 epochs without a better loss`.
    override this.ToString() =
        let monitor = if this.Monitor = "" then "loss" else this.Monitor
        $"rate times {string this.Factor} after %d{this.Patience} epochs without a better {monitor}"

    member internal this.Display = this.ToString()

/// What a plateau rule knows after some epochs.
[<Struct>]
type internal PlateauState = { Best: float; Bad: int; Rest: int; Times: float }

/// Lowering the rate by what is measured. The factor follows from the epochs in the history, so that a training that is
/// resumed from a checkpoint goes on with the rate that it would have had.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Plateau =
    /// Times 0.1 after 10 epochs without a loss that is lower by 1e-4 of itself, PyTorch's defaults.
    /// `{ Plateau.rule with Patience = 3; Factor = 0.5 }`
    let rule: Plateau =
        {
            Monitor = ""
            Factor = 0.1
            Patience = 10
            Threshold = 1e-4
            IsRelative = true
            Cooldown = 0
            Lowest = 0.0
        }

    /// Refuses a rule that is none, or that watches what is not measured; says whether greater is better.
    let internal check (parts: string list) (metrics: Metric list) (rule: Plateau) : bool =
        let isNumber (value: float) = value >= 0.0 && Double.IsFinite value

        if
            not (rule.Factor > 0.0 && rule.Factor < 1.0)
            || rule.Patience < 0
            || rule.Cooldown < 0
            || not (isNumber rule.Threshold && isNumber rule.Lowest)
        then
            Refuse.domain
                "Plateau"
                $"factor {string rule.Factor}, patience %d{rule.Patience}, threshold {string rule.Threshold}, cooldown %d{rule.Cooldown}, lowest rate {string rule.Lowest}"
                "a factor between 0 and 1, and the others 0 or more"
                "0.1, 10, 1e-4, 0 and 0 are usual"

        match metrics |> List.tryFind (fun m -> m.Name = rule.Monitor) with
        | Some m -> m.IsGain
        | None when rule.Monitor = "" || List.contains rule.Monitor parts -> false
        | None ->
            let names = parts @ (metrics |> List.map _.Name) |> String.concat ", "

            Refuse.domain
                "Plateau"
                $"the metric '{rule.Monitor}' to be watched"
                $"one that is measured ({names}), or nothing for the loss"
                "add it to Metrics"

    let internal start (isGain: bool) : PlateauState =
        {
            Best = (if isGain then Double.NegativeInfinity else Double.PositiveInfinity)
            Bad = 0
            Rest = 0
            Times = 1.0
        }

    let internal next (rule: Plateau) (isGain: bool) (now: PlateauState) (value: float) : PlateauState =
        let isBetter =
            match isGain with
            | false when Double.IsPositiveInfinity now.Best -> value < now.Best
            | true when Double.IsNegativeInfinity now.Best -> value > now.Best
            | false when rule.IsRelative -> value < now.Best * (1.0 - rule.Threshold)
            | true when rule.IsRelative -> value > now.Best * (1.0 + rule.Threshold)
            | false -> value < now.Best - rule.Threshold
            | true -> value > now.Best + rule.Threshold

        let best, bad = if isBetter then value, 0 else now.Best, now.Bad + 1
        let bad, rest = if now.Rest > 0 then 0, now.Rest - 1 else bad, 0

        if bad > rule.Patience then
            { Best = best; Bad = 0; Rest = rule.Cooldown; Times = now.Times * rule.Factor }
        else
            { Best = best; Bad = bad; Rest = rest; Times = now.Times }

    /// What the rate is multiplied by after each of some values, in their order; `isGain` says that greater is better. A
    /// value that is NaN is no better. `Plateau.factors { Plateau.rule with Patience = 1 } false [ 1.0; 0.5; 0.6; 0.7 ]`
    let factors (rule: Plateau) (isGain: bool) (values: float list) : float list =
        check [] [] { rule with Monitor = "" } |> ignore
        values |> List.scan (next rule isGain) (start isGain) |> List.tail |> List.map _.Times

    /// A rate times a factor, not below the lowest one, unless the rate itself is.
    let internal scaled (rule: Plateau) (factor: Expr) (rate: Schedule) : Schedule =
        { rate with
            At =
                fun t ->
                    let now = rate.At t
                    Expr.minimum now (Expr.maximum (now * factor) (lit rule.Lowest))
        }

    /// What is watched of an epoch.
    let internal watched (rule: Plateau) (row: EpochRow) : float =
        match row.Metrics |> List.tryFind (fun (name, _) -> name = rule.Monitor) with
        | Some(_, value) -> value
        | None -> row.ValidationLoss |> Option.defaultValue row.Loss
