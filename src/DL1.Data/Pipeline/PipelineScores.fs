namespace DL1.Data

open System.Collections.Generic
open System.Globalization
open DL1

/// What a pipeline scored in cross-validation.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type PipelineScores internal (folds: (string * float) list list) =
    let names = folds |> List.collect (List.map fst) |> List.distinct

    /// The names of the metrics.
    member _.Names: IReadOnlyList<string> = names

    /// The scores of a metric, one for each fold.
    member _.Item
        with get (name: string): IReadOnlyList<float> =
            if not (List.contains name names) then
                let known = String.concat ", " names
                Refuse.domain "PipelineScores" $"the metric {name}" $"one of: {known}" "check the spelling"

            [ for fold in folds -> fold |> List.find (fun (n, _) -> n = name) |> snd ]

    /// The mean of a metric over the folds.
    member this.Mean(name: string) : float = Seq.average this[name]

    /// The standard deviation of a metric over the folds, as a sample of them; NaN for one fold.
    member this.Deviation(name: string) : float =
        let values = Array.ofSeq this[name]
        let mean = Array.average values
        sqrt ((values |> Array.sumBy (fun v -> (v - mean) * (v - mean))) / float (values.Length - 1))

    /// Each metric with its mean and deviation: `accuracy 0.97 ± 0.02 over 5 folds`.
    override this.ToString() =
        let number (v: float) = v.ToString("G4", CultureInfo.InvariantCulture)

        let line name =
            $"{name} {number (this.Mean name)} ± {number (this.Deviation name)} over %d{folds.Length} folds"

        names |> List.map line |> String.concat "\n"

    member internal this.Display = Format.following (this.ToString())
