namespace DL1

open System
open System.Diagnostics
open System.Diagnostics.Metrics
open System.Runtime.CompilerServices
open DL1.Compiler.FusedLoop

/// What training and prediction report to `System.Diagnostics.Metrics`, by the meter `DL1`: dotnet-counters, OpenTelemetry and
/// other listeners read it. An instrument that nobody listens to costs the look at one flag, and allocates nothing.
[<RequireQualifiedAccess>]
module internal Telemetry =
    /// The library's version, such as 0.2.0.
    let private version =
        match typeof<Tensor>.Assembly.GetName().Version with
        | null -> ""
        | version -> version.ToString 3

    let private meter = new Meter("DL1", version)

    let private loss = meter.CreateGauge<float>("dl1.loss", "{loss}", "The loss of the last training step.")

    let private validationLoss =
        meter.CreateGauge<float>(
            "dl1.validation.loss",
            "{loss}",
            "The loss on the validation set after the last epoch."
        )

    let private rows =
        meter.CreateCounter<int64>("dl1.rows", "{row}", "Rows that training steps were made on.")

    let private stepDuration =
        meter.CreateHistogram<float>("dl1.step.duration", "s", "The time of a training step.")

    let private gradientNorm =
        meter.CreateGauge<float>(
            "dl1.gradient.norm",
            "{norm}",
            "The norm of the last step's gradients, all together, where training watches them."
        )

    let private predictions =
        meter.CreateCounter<int64>("dl1.predictions", "{row}", "Rows that were predicted.")

    let private predictionDuration =
        meter.CreateHistogram<float>("dl1.prediction.duration", "s", "The time of one call that predicts.")

    /// 1 where plans run as emitted code, 0 where loops are interpreted, which is slower: the runtime cannot emit code, or the program
    /// was trimmed of a method that a loop calls.
    let private emitted =
        meter.CreateObservableGauge<int>(
            "dl1.code.emitted",
            Func<int>(fun () ->
                let emits = RuntimeFeature.IsDynamicCodeSupported && CodeCache.missingMethods().IsEmpty
                if emits then 1 else 0),
            "{code}",
            "1 where compiled plans are emitted as machine code, 0 where loops are interpreted."
        )

    /// The time now where somebody listens to a step's duration, else 0.
    let beginStep () : int64 = if stepDuration.Enabled then Stopwatch.GetTimestamp() else 0L

    let private took (histogram: Histogram<float>) (started: int64) =
        if started <> 0L && histogram.Enabled then
            histogram.Record (Stopwatch.GetElapsedTime started).TotalSeconds

    /// The end of a step that was begun at a time.
    let endStep (started: int64) : unit = took stepDuration started

    /// The loss of a step.
    let stepLoss (value: float) : unit =
        if loss.Enabled then
            loss.Record value

    /// The rows that a step was made on.
    let stepRows (count: int) : unit =
        if rows.Enabled then
            rows.Add(int64 count)

    /// Whether somebody listens to the norm of gradients.
    let listensToGradients () : bool = gradientNorm.Enabled

    /// The norm of all gradients of a step.
    let gradients (norm: float) : unit = gradientNorm.Record norm

    /// The loss on the validation set.
    let validation (value: float) : unit =
        if validationLoss.Enabled then
            validationLoss.Record value

    /// The time now where somebody listens to a prediction's duration, else 0.
    let beginPrediction () : int64 = if predictionDuration.Enabled then Stopwatch.GetTimestamp() else 0L

    /// The end of a prediction of so many rows that was begun at a time.
    let endPrediction (started: int64) (count: int) : unit =
        took predictionDuration started

        if predictions.Enabled then
            predictions.Add(int64 count)
