namespace DL1

open System

/// Losses by learning rate.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type RateCurve =
    {
        /// The rates, growing.
        Rates: float list
        /// The loss at each, smoothed.
        Losses: float list
        /// A tenth of the rate at which the loss was lowest: a start.
        Suggested: float
    }

    /// How many rates were tried, and which is suggested.
    override this.ToString() =
        let suggested = this.Suggested.ToString("G3", Globalization.CultureInfo.InvariantCulture)
        $"%d{this.Rates.Length} rates; suggested: {suggested}"

    member internal this.Display = this.ToString()

/// A learning rate to begin with (Smith 2017): the rate grows from step to step, until the loss runs away.
[<RequireQualifiedAccess>]
module RateFinder =
    /// A loss that falls by less than this part is taken as flat: no rate is better than another.
    let private leastGain = 1e-3

    /// The losses of `steps` steps at rates that grow from `low` to `high` by a constant factor. It ends before where the
    /// loss is four times the lowest, or is not finite. Nothing of the learner is changed. Data are refused as by `Fit.run`;
    /// a loss that no rate lowers, compared with the same batches without training, is a `DomainError`.
    /// `RateFinder.run 1e-6 1.0 100 (Batches.ofSize 64) (Key.ofSeed 1L) learner data`
    let run
        (low: float)
        (high: float)
        (steps: int)
        (batch: BatchOptions)
        (key: Key)
        (learner: Learner)
        (data: Dataset)
        : RateCurve =
        if not (low > 0.0 && high > low && Double.IsFinite high) || steps < 2 then
            Refuse.domain
                "RateFinder.run"
                $"%d{steps} steps from {string low} to {string high}"
                "2 steps or more, from above 0 to a greater rate"
                "100 steps from 1e-6 to 1 are a start"

        FitChecks.rows "RateFinder.run" batch data
        Learner.admits learner "RateFinder.run" [ "", data ]
        let growth = log (high / low) / float (steps - 1)
        let rate = Schedule.custom "growing" (fun step -> low * exp (growth * step))
        let still = { learner with Optimizer = Wrap.frozen }
        let learner = { learner with Optimizer = Optimizer.scheduled rate learner.Optimizer }

        let start = Step.startOn learner key data

        Admit.labels
            "RateFinder.run"
            learner.Network
            learner.Objective
            (start.Parameters, start.State)
            (min batch.Size data.Count)
            [ "", data ]

        FitChecks.batches batch 1 learner start data |> ignore
        let trainer = Trainer(learner, start, false)
        // The same batches and draws with the parameters as they begin: what the rates gained.
        let still = Trainer(still, Step.startFrom still start.Key start.Parameters start.State, false)

        let batches =
            Seq.initInfinite id
            |> Seq.collect (fun epoch -> Batches.indices batch (Key.fold 1 key) epoch data.Count)
            |> Seq.truncate steps

        // The mean of the last losses, each weighing 0.9 of the next, without the zero that it begins with.
        let mutable average, base', gained, lowest, losses, isOver = 0.0, 0.0, 0.0, infinity, [], false

        for i, rows in Seq.indexed batches do
            if not isOver then
                let rows = Dataset.rows rows data
                let loss = trainer.Step rows
                average <- 0.9 * average + 0.1 * loss
                base' <- 0.9 * base' + 0.1 * still.Step rows
                let smooth = average / (1.0 - 0.9 ** float (i + 1))
                isOver <- not (Double.IsFinite smooth) || smooth > 4.0 * lowest

                if not isOver then
                    gained <- max gained ((base' - average) / abs base')
                    lowest <- min lowest smooth
                    losses <- (low * exp (growth * float i), smooth) :: losses

        let rates, losses = List.unzip (List.rev losses)

        if rates.IsEmpty then
            Refuse.domain
                "RateFinder.run"
                "a loss that is not finite at the first step"
                "a finite loss"
                "look for an overflow, a division by 0 or a logarithm of 0 in the model or in the loss: the data are finite"

        if not (gained > leastGain) then
            Refuse.domain
                "RateFinder.run"
                $"a loss that no rate from {string low} to {string high} lowered: at best by a part of {string gained} of what it is without training"
                $"a loss that falls by a part of {string leastGain} at least at some rate"
                "try greater rates and more steps; else check that the loss depends on what is trained"

        {
            Rates = rates
            Losses = losses
            Suggested = (List.zip rates losses |> List.minBy snd |> fst) / 10.0
        }
