namespace DL1

open System
open MathNet.Numerics.Distributions

/// Confidence intervals by formulas: of a part of a number of trials, and of a mean of few numbers. For metrics of rows there is
/// `Resampling.interval`.
[<RequireQualifiedAccess>]
module Interval =
    let private requireLevel operation (level: float) =
        if not (level > 0.0 && level < 1.0) then
            Refuse.domain operation $"the level {string level}" "above 0 and below 1" "0.95 is usual"

    /// The confidence interval of a probability, from a number of successes and a number of trials (Wilson 1927). It lies within
    /// 0 and 1, and has a width above 0 where no trial or each succeeded. No trial, and more successes than trials, are a
    /// `DomainError`.
    /// `Interval.proportion 0.95 9 10`
    let proportion (level: float) (successes: int) (trials: int) : ScoreInterval =
        let operation = "Interval.proportion"
        requireLevel operation level

        if trials < 1 || successes < 0 || successes > trials then
            Refuse.domain
                operation
                $"%d{successes} of %d{trials}"
                "one trial or more, and from 0 to all of them"
                "count what came true, and all that was tried"

        let n, z = float trials, Normal.InvCDF(0.0, 1.0, (1.0 + level) / 2.0)
        let p = float successes / n
        let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n)
        let half = z / (1.0 + z * z / n) * sqrt (p * (1.0 - p) / n + z * z / (4.0 * n * n))

        {
            Estimate = p
            Lower = if successes = 0 then 0.0 else middle - half
            Upper = if successes = trials then 1.0 else middle + half
            Level = level
        }

    /// The interval of the mean of numbers that vary as normal ones do, such as scores of several seeds, by Student's distribution
    /// (1908): the mean ± t·s/√n. Fewer than two numbers, and ones that are not finite, are a `DomainError`.
    /// `Interval.mean 0.95 [ 0.91; 0.93; 0.92 ]`
    let mean (level: float) (values: seq<float>) : ScoreInterval =
        let operation = "Interval.mean"
        requireLevel operation level
        let values = Array.ofSeq values

        if values.Length < 2 || not (Array.forall Double.IsFinite values) then
            Refuse.domain
                operation
                (if values.Length < 2 then
                     $"%d{values.Length} numbers"
                 else
                     "numbers that are not finite")
                "two finite numbers or more"
                "measure several times, each with a seed of its own"

        let struct (middle, spread) = Statistics.moments values
        let n = float values.Length
        let t = StudentT.InvCDF(0.0, 1.0, n - 1.0, (1.0 + level) / 2.0)
        // The deviation is that of a population: √(n − 1) in the place of √n.
        let half = t * spread / sqrt (n - 1.0)
        { Estimate = middle; Lower = middle - half; Upper = middle + half; Level = level }
