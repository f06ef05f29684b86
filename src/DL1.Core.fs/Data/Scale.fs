namespace DL1

open System

/// A shift and a divisor for each column, fitted on some rows and applied to any: x ← (x − shift) / divisor.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type Scaler =
    {
        /// What is subtracted, one number a column.
        Shift: float list
        /// What is divided by, one number a column, never 0.
        Divisor: float list
    }

    /// What is done to each column: `(x − 5.8467) / 0.84429, (x − 3.0608) / 0.44371`.
    override this.ToString() =
        let number (value: float) = value.ToString("G5", Globalization.CultureInfo.InvariantCulture)

        Seq.map2 (fun shift divisor -> $"(x − {number shift}) / {number divisor}") this.Shift this.Divisor
        |> String.concat ", "

    member internal this.Display = this.ToString()

/// Scaling of columns. A scaler knows the rows that it was fitted on and no others: fit it on the training rows, apply it
/// to all. Tables are f32 or f64, `[rows; columns]`; missing values (NaN) count for nothing and stay. A column that does
/// not vary is divided by 1: one whose values differ by at most four units in the last place (of f64) of the largest.
[<RequireQualifiedAccess>]
module Scale =
    let internal columns operation (x: Tensor) : float[][] =
        if x.Rank <> 2 || not x.DType.IsFloat then
            Refuse.shape
                operation
                $"{x.DType} {x.Shape}"
                "f32 or f64 [rows; columns]"
                "cast it, or reshape it to a table"

        let values = Tensor.toFloats x
        let rows, width = x.Shape[0], x.Shape[1]
        Array.init width (fun c -> Array.init rows (fun r -> values[r * width + c]))

    let internal known operation (x: Tensor) =
        columns operation x
        |> Array.mapi (fun c values ->
            let values = values |> Array.filter (Double.IsNaN >> not)

            if values.Length = 0 then
                Refuse.domain
                    operation
                    $"column %d{c} without a value"
                    "a value at least"
                    "leave the column out"

            values)

    /// Applies a function of column and value to each element, in the type of the table.
    let internal mapped (x: Tensor) (f: int -> float -> float) =
        let width = x.Shape[1]

        Tensor(
            x.Shape,
            Elements.ofFloats x.DType (Tensor.toFloats x |> Array.mapi (fun i v -> f (i % width) v))
        )

    /// The value below which a part of sorted values lies, between two of them where it must be.
    let internal quantile (part: float) (sorted: float[]) =
        let place = part * float (sorted.Length - 1)
        let below = int (floor place)
        let above = min (below + 1) (sorted.Length - 1)
        sorted[below] + (place - float below) * (sorted[above] - sorted[below])

    /// A column that does not vary, but for rounding, has nothing to be divided by.
    let private fit operation (of': float[] -> float * float) (x: Tensor) : Scaler =
        let of' (values: float[]) =
            let shift, divisor = of' values

            if divisor = 0.0 || not (Double.IsFinite divisor) || Statistics.isConstant values then
                shift, 1.0
            else
                shift, divisor

        let shifts, divisors = known operation x |> Array.map of' |> List.ofArray |> List.unzip
        { Shift = shifts; Divisor = divisors }

    /// By mean and standard deviation, the root of the mean square difference. `Scale.standard x`
    let standard (x: Tensor) : Scaler =
        x
        |> fit "Scale.standard" (fun values ->
            let struct (mean, deviation) = Statistics.moments values
            mean, deviation)

    /// By the least and the greatest value, to 0 and 1. `Scale.minMax x`
    let minMax (x: Tensor) : Scaler =
        x |> fit "Scale.minMax" (fun values -> Array.min values, Array.max values - Array.min values)

    /// By the median and the distance of the quartiles, which few far values do not move. `Scale.robust x`
    let robust (x: Tensor) : Scaler =
        x
        |> fit "Scale.robust" (fun values ->
            let sorted = Array.sort values
            quantile 0.5 sorted, quantile 0.75 sorted - quantile 0.25 sorted)

    /// By the greatest absolute value, to −1 and 1, without a shift: zeros stay zeros. `Scale.maxAbs x`
    let maxAbs (x: Tensor) : Scaler =
        let divisor (values: float[]) =
            let most = values |> Array.map abs |> Array.max
            if most > 0.0 && Double.IsFinite most then most else 1.0

        let divisors = known "Scale.maxAbs" x |> Array.map divisor |> List.ofArray
        { Shift = divisors |> List.map (fun _ -> 0.0); Divisor = divisors }

    /// A scaler of numbers that were kept; refuses what no fit gives.
    let internal ofKept operation (shifts: float list) (divisors: float list) : Scaler =
        if shifts.Length <> divisors.Length then
            Refuse.domain
                operation
                $"%d{shifts.Length} shifts and %d{divisors.Length} divisors"
                "one of each for every column"
                "take both from the same scaler"

        let wrong = List.tryFind (Double.IsFinite >> not) shifts
        let wrongDivisor = divisors |> List.tryFind (fun d -> d = 0.0 || not (Double.IsFinite d))

        match Option.orElse wrong wrongDivisor with
        | Some number ->
            Refuse.domain
                operation
                $"a scaler with {string number} among its numbers"
                "finite shifts, and finite divisors that are not 0"
                "divide by 1 where a column is constant, as a fitted scaler does"
        | None -> { Shift = shifts; Divisor = divisors }

    let private checkedFor operation (scaler: Scaler) (x: Tensor) =
        columns operation x |> ignore
        ofKept operation scaler.Shift scaler.Divisor |> ignore

        if x.Shape[1] <> scaler.Shift.Length then
            Refuse.shape
                operation
                $"a table {x.Shape}"
                $"%d{scaler.Shift.Length} columns, as where the scaler was fitted"
                "take the same columns in the same order"

        Array.ofList scaler.Shift, Array.ofList scaler.Divisor

    /// Scales a table of the same columns. `Scale.apply (Scale.standard x) x`
    let apply (scaler: Scaler) (x: Tensor) : Tensor =
        let shift, divisor = checkedFor "Scale.apply" scaler x
        mapped x (fun c v -> (v - shift[c]) / divisor[c])

    /// The reverse of `apply`. `Scale.invert scaler (Scale.apply scaler x)`
    let invert (scaler: Scaler) (x: Tensor) : Tensor =
        let shift, divisor = checkedFor "Scale.invert" scaler x
        mapped x (fun c v -> v * divisor[c] + shift[c])

/// Values for those that are missing, one for each column, fitted on the training rows alone.
[<RequireQualifiedAccess>]
module Impute =
    /// The mean of each column's values. `Impute.mean x`
    let mean (x: Tensor) : float list =
        Scale.known "Impute.mean" x |> Array.map Statistics.mean |> List.ofArray

    /// The median of each column's values. `Impute.median x`
    let median (x: Tensor) : float list =
        Scale.known "Impute.median" x |> Array.map (Array.sort >> Scale.quantile 0.5) |> List.ofArray

    /// The commonest of each column's values, the least of several. `Impute.commonest x`
    let commonest (x: Tensor) : float list =
        Scale.known "Impute.commonest" x
        |> Array.map (Array.countBy id >> Array.minBy (fun (value, count) -> struct (-count, value)) >> fst)
        |> List.ofArray

    /// One number for each column, whatever it holds; NaN and infinities are a `DomainError`. `Impute.constant 0.0 x`
    let constant (value: float) (x: Tensor) : float list =
        if not (Double.IsFinite value) then
            Refuse.domain "Impute.constant" $"the number {string value}" "a finite one" "0 is usual"

        Scale.columns "Impute.constant" x |> Array.map (fun _ -> value) |> List.ofArray

    /// The places of the columns in which a value is missing, in the training rows: what `indicate` is given.
    /// `Impute.lacking x`
    let lacking (x: Tensor) : int list =
        Scale.columns "Impute.lacking" x
        |> Seq.indexed
        |> Seq.filter (snd >> Array.exists Double.IsNaN)
        |> Seq.map fst
        |> List.ofSeq

    /// For each of these columns one of 1 where its value is missing, 0 elsewhere, `[rows; columns]`, in the type of the
    /// table: to be put beside the imputed one, so that a model sees what was missing. A column that is not there is a
    /// `DomainError`. `Impute.indicate (Impute.lacking x) x`
    let indicate (columns: int list) (x: Tensor) : Tensor =
        let all = Scale.columns "Impute.indicate" x

        match columns |> List.tryFind (fun c -> c < 0 || c >= all.Length) with
        | Some c ->
            Refuse.domain
                "Impute.indicate"
                $"column %d{c} of a table {x.Shape}"
                $"a column from 0 to %d{all.Length - 1}"
                "take the same columns as where the values were learnt"
        | None -> ()

        let own = Array.ofList columns

        Tensor(
            Shape.ofList [ x.Shape[0]; own.Length ],
            Elements.ofFloats
                x.DType
                (Array.init (x.Shape[0] * own.Length) (fun i ->
                    if Double.IsNaN(all[own[i % own.Length]][i / own.Length]) then 1.0 else 0.0))
        )

    /// Puts a column's value in the place of those that are missing. `Impute.apply (Impute.mean x) x`
    let apply (values: float list) (x: Tensor) : Tensor =
        Scale.columns "Impute.apply" x |> ignore

        if x.Shape[1] <> values.Length then
            Refuse.shape
                "Impute.apply"
                $"a table {x.Shape}"
                $"%d{values.Length} columns, one for each value"
                "take the same columns in the same order"

        let values = Array.ofList values
        Scale.mapped x (fun c v -> if Double.IsNaN v then values[c] else v)
