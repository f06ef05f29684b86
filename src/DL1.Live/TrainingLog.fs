namespace DL1.Live

open System

open DL1
open Microsoft.Extensions.Logging

/// Progress of a training by `ILogger`, for programs that log: a line for each epoch, at the level Information, with its numbers as
/// values that structured logs keep.
///
/// <example><code>
/// let options = { Fit.options key with Progress = TrainingLog.Progress logger }
/// </code></example>
[<AbstractClass; Sealed>]
type TrainingLog =
    /// Progress that logs each epoch: its number, loss, validation loss (NaN where there is none), metrics as text, and seconds.
    static member Progress(logger: ILogger) : Progress =
        let write =
            LoggerMessage.Define<int, float, float, string, float>(
                LogLevel.Information,
                EventId(1, "Epoch"),
                "Epoch {Epoch}: loss {Loss}, validation loss {ValidationLoss}, {Metrics} in {Seconds} s"
            )

        { Progress.quiet with
            Epoch =
                fun row ->
                    let metrics =
                        row.Metrics
                        |> List.map (fun (name, value) ->
                            name + " " + value.ToString("G5", Globalization.CultureInfo.InvariantCulture))
                        |> String.concat ", "

                    let validation = Option.defaultValue nan row.ValidationLoss
                    write.Invoke(logger, row.Epoch, row.Loss, validation, metrics, row.Seconds, null)
        }
