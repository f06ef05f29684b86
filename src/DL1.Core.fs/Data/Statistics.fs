namespace DL1

open System

/// Means and deviations of columns of numbers. Where all numbers lie far from 0 no digits are lost, and where all are
/// equal the mean is that number and the variance 0.
[<RequireQualifiedAccess>]
module internal Statistics =
    /// The mean, rounded once but for what its sum in twice the digits has lost; NaN over no numbers.
    let mean (values: float[]) =
        if values.Length = 0 then
            nan
        else
            let count = float values.Length
            let struct (total, lost) = Summation.parts values
            let about = total / count
            let left = Math.FusedMultiplyAdd(-about, count, total) + lost
            let mean = about + left / count

            // The total of huge numbers overflows.
            if Double.IsFinite mean then
                mean
            else
                Summation.sum (values |> Array.map (fun v -> v / count))

    /// The mean of squares as a number and the power of two whose square it is to be multiplied by, so that neither huge
    /// nor tiny numbers leave the range of f64 on the way.
    let meanSquare (values: float[]) : struct (float * float) =
        let largest = values |> Array.fold (fun most v -> Math.Max(most, abs v)) 0.0

        let unit =
            if largest = 0.0 || not (Double.IsFinite largest) then
                1.0
            else
                // 1 / unit is to be finite, too.
                Math.ScaleB(1.0, Math.Clamp(Math.ILogB largest, -1022, 1022))

        let squares = values |> Array.map (fun v -> let part = v / unit in part * part)
        struct (Summation.sum squares / float values.Length, unit)

    /// Each number less the mean, which is not rounded first: differences from the first number less their mean.
    let deviations (values: float[]) =
        if values.Length = 0 then
            values
        else
            let moved = values |> Array.map (fun v -> v - values[0])
            let offset = Summation.sum moved / float values.Length

            if Double.IsFinite offset then
                moved |> Array.map (fun v -> v - offset)
            else
                let mean = mean values
                values |> Array.map (fun v -> v - mean)

    /// The mean and the standard deviation, of a population.
    let moments (values: float[]) : struct (float * float) =
        let struct (square, unit) = meanSquare (deviations values)
        struct (mean values, unit * sqrt square)

    /// Whether numbers differ by no more than their rounding: by four units in the last place of the largest.
    let isConstant (values: float[]) =
        let least, greatest = Array.min values, Array.max values
        greatest - least <= 4.0 * 2.220446049250313e-16 * max (abs least) (abs greatest)
