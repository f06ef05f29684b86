namespace DL1.Data

open System
open System.Globalization
open DL1

/// A column of a table: all numbers, or all texts. A missing number is NaN, a missing text is empty.
[<StructuredFormatDisplay("{Display}")>]
type Column =
    /// Numbers; NaN where the value is missing.
    | Numbers of float[]
    /// Texts; empty where the value is missing.
    | Texts of string[]

    /// The number of rows.
    member this.Count =
        match this with
        | Numbers values -> values.Length
        | Texts values -> values.Length

    /// How many values there are, and the first of them: `344 texts: Adelie, Adelie, Adelie, ...`.
    override this.ToString() =
        let shown (kind: string) count (first: seq<string>) =
            let values = String.Join(", ", first)
            let rest = if count > 6 then ", ..." else ""
            $"%d{count} {kind}: {values}{rest}"

        match this with
        | Numbers values ->
            values
            |> Seq.truncate 6
            |> Seq.map (fun v ->
                if Double.IsNaN v then
                    "missing"
                else
                    v.ToString("G6", CultureInfo.InvariantCulture))
            |> shown "numbers" values.Length
        | Texts values ->
            values
            |> Seq.truncate 6
            |> Seq.map (fun text -> if text = "" then "missing" else text)
            |> shown "texts" values.Length

    member internal this.Display = Format.following (this.ToString())

/// Why a column must not become inputs or classes before somebody says what it is.
[<NoComparison>]
type internal Doubt =
    {
        /// What was found, with its line and column.
        Given: string
        /// What would have been clear.
        Expected: string
        /// What to do, by the options of the reading.
        Cure: string
    }

/// What the texts of a column are, where nobody has said it.
[<RequireQualifiedAccess>]
module internal Infer =
    /// A column of texts may have this many categories, whatever the number of its rows.
    let private few = 50

    let private asText (name: string) = $"ColumnType.Text for the column '{name}' in the options"

    /// The column, and the doubt about it, if any: all numbers, where each value is one or missing; else texts.
    /// `place` names a row of the column in words.
    let column
        (options: CsvOptions)
        (name: string)
        (place: int -> string)
        (texts: string[])
        : Column * Doubt option =
        let readings = texts |> Array.map (Field.read options)

        let asTexts () =
            texts |> Array.map (fun t -> if Field.isMissing options t then "" else t.Trim()) |> Texts

        let rowOf predicate = readings |> Array.tryFindIndex predicate

        let isNumber reading =
            match reading with
            | Reading.Number _
            | Reading.Padded _
            | Reading.Lossy _ -> true
            | Reading.Missing
            | Reading.Noted
            | Reading.NotANumber -> false

        let doubt row (what: string) expected cure =
            asTexts (),
            Some
                {
                    Given = $"'{texts[row].Trim()}' in {place row}, {what}"
                    Expected = expected
                    Cure = cure
                }

        let isLossy reading =
            match reading with
            | Reading.Lossy _ -> true
            | _ -> false

        let isPadded reading =
            match reading with
            | Reading.Padded _ -> true
            | _ -> false

        let isStrange reading =
            match reading with
            | Reading.NotANumber
            | Reading.Noted -> true
            | _ -> false

        match Array.exists isNumber readings, rowOf isStrange with
        | true, None ->
            match rowOf isLossy, rowOf isPadded with
            | Some row, _ ->
                let reason =
                    match readings[row] with
                    | Reading.Lossy reason -> reason
                    | _ -> ""

                doubt
                    row
                    $"a number {reason}"
                    "numbers that float64 keeps"
                    $"take {asText name}, or correct the value"
            | None, Some row ->
                doubt
                    row
                    "which begins with a zero that a number does not need"
                    "numbers, or texts, without a doubt which"
                    $"where it is a code, such as a postal one, take {asText name}; where it is a number, ColumnType.Number"
            | None, None ->
                Numbers(
                    readings
                    |> Array.map (fun reading ->
                        match reading with
                        | Reading.Number value -> value
                        | _ -> nan)
                ),
                None
        | true, Some row ->
            let text = texts[row].Trim()

            let cure =
                if Field.suspicious.Contains text then
                    $"where it stands for a missing value, add it to the marks of Missing in the options; else take {asText name}"
                elif readings[row] = Reading.Noted then
                    $"say the separator, the decimal comma or the separator of groups in the options (CsvOptions); where it is a text, take {asText name}"
                else
                    $"correct the value; where it stands for a missing one, add it to the marks of Missing in the options; where the column has texts, take {asText name}"

            doubt row "where other values of the column are numbers" "a column of numbers, or of texts" cure
        | false, _ ->
            match rowOf (fun reading -> reading = Reading.Noted) with
            | Some row ->
                doubt
                    row
                    "which could be a number in another notation"
                    "numbers such as 1000.5, or texts"
                    $"say the separator, the decimal comma or the separator of groups in the options (CsvOptions); where it is a text, take {asText name}"
            | None ->
                match
                    texts
                    |> Array.tryFindIndex (fun t ->
                        Field.suspicious.Contains(t.Trim()) && not (Field.isMissing options t))
                with
                | Some row ->
                    doubt
                        row
                        "which could be a missing value or a category"
                        "categories, or marks of missing values, without a doubt which"
                        $"add it to the marks of Missing in the options, or take {asText name}"
                | None -> asTexts (), None

    /// The column of a type that was said; a `FormatError` where a value is not of it.
    let ofType
        operation
        (options: CsvOptions)
        (name: string)
        (place: int -> string)
        columnType
        (texts: string[])
        : Column =
        let refuse row expected cure : 'a =
            Refuse.format operation $"'{texts[row]}' in {place row}" expected cure

        match columnType with
        | ColumnType.Text ->
            texts |> Array.map (fun t -> if Field.isMissing options t then "" else t.Trim()) |> Texts
        | ColumnType.Number ->
            texts
            |> Array.mapi (fun row text ->
                match Field.read options text with
                | Reading.Missing -> nan
                | Reading.Number value
                | Reading.Padded value -> value
                | Reading.Lossy reason ->
                    refuse
                        row
                        $"a number that float64 keeps, not one {reason}"
                        "correct the value, or take the column as texts"
                | Reading.Noted
                | Reading.NotANumber ->
                    refuse
                        row
                        "a number, or a mark of a missing value"
                        "correct the value, add it to the marks of Missing, or say the decimal comma and the separator of groups in the options")
            |> Numbers
        | ColumnType.Date ->
            texts
            |> Array.mapi (fun row text ->
                match Field.tryDate options text with
                | Some days -> days
                | None ->
                    refuse
                        row
                        (match options.DateFormat with
                         | "" -> "a date by ISO 8601, such as 2024-02-29 or 2024-02-29T12:30"
                         | form -> $"a date of the form {form}")
                        "say the form of the dates in the options (DateFormat), or correct the value")
            |> Numbers

    /// Why texts must not become a column of 0 and 1 for each category: dates, names and numbers of customers have almost
    /// as many values as there are rows, and a model would learn the rows by heart.
    let notCategories (name: string) (place: int -> string) (texts: string[]) : Doubt option =
        let present = texts |> Array.filter (fun text -> text <> "")
        let categories = (Array.distinct present).Length

        if present.Length = 0 then
            Some
                {
                    Given = $"no value in the column '{name}'"
                    Expected = "a value at least"
                    Cure = "leave the column out"
                }
        elif Array.forall Field.isDateLike present then
            let row = Array.findIndex (fun text -> text <> "") texts

            Some
                {
                    Given = $"'{texts[row]}' in {place row}, a date or a time"
                    Expected = "numbers, or texts that are categories"
                    Cure =
                        $"read the column '{name}' as ColumnType.Date, which makes days of it, make numbers of its parts (month, hour), or leave it out"
                }
        elif categories > few && categories * 2 > present.Length then
            Some
                {
                    Given =
                        $"%d{categories} different texts in %d{present.Length} rows of the column '{name}'"
                    Expected = "categories, each of them in several rows"
                    Cure =
                        "leave the column out where it names the rows; where these are categories, encode it by Category (oneHot)"
                }
        else
            None
