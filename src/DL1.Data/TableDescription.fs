namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open DL1

/// What one column of a table holds.
[<NoComparison>]
type ColumnDescription =
    {
        /// The name of the column.
        Name: string
        /// Whether it has numbers; else texts.
        IsNumeric: bool
        /// How many values there are, missing ones not counted.
        Count: int
        /// How many are missing.
        Missing: int
        /// How many different values there are.
        Distinct: int
        /// The mean; NaN for texts and where there is no value, as all that follows.
        Mean: float
        /// The standard deviation of the sample, Σ(x − mean)² / (n − 1), as pandas has it; NaN for fewer than two values.
        Deviation: float
        /// The least value.
        Least: float
        /// The value below which a quarter lies, between two where it must be.
        LowerQuartile: float
        /// The value below which a half lies.
        Median: float
        /// The value below which three quarters lie.
        UpperQuartile: float
        /// The greatest value.
        Greatest: float
        /// The commonest value as a text, the first of several in alphabetical order; empty where there is none.
        Commonest: string
        /// How often the commonest value is there.
        CommonestCount: int
    }

/// What each column of a table holds, to be read or printed as a table.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type TableDescription internal (source: string, rows: int, columns: ColumnDescription list) =
    /// Values with how often they are there, the commonest first; equal ones in alphabetical order.
    static member internal counts (name: string) (table: Table) : (string * int) list =
        table.Texts name
        |> Array.countBy id
        |> Array.sortWith (fun (a, n) (b, m) -> if n = m then String.CompareOrdinal(a, b) else compare m n)
        |> List.ofArray

    static member private Of(table: Table, name: string) : ColumnDescription =
        let counts = TableDescription.counts name table
        let present = counts |> List.filter (fun (text, _) -> text <> "")

        let commonest, times =
            match present with
            | first :: _ -> first
            | [] -> "", 0

        let count = List.sumBy snd present

        let numbers =
            match table[name] with
            | Column.Numbers values -> values |> Array.filter (Double.IsNaN >> not) |> Array.sort
            | Column.Texts _ -> [||]

        let quantile part = if numbers.Length = 0 then nan else Scale.quantile part numbers
        let mean = if numbers.Length = 0 then nan else Statistics.mean numbers

        let deviation =
            if numbers.Length < 2 then
                nan
            else
                let struct (_, ofAll) = Statistics.moments numbers
                ofAll * sqrt (float numbers.Length / float (numbers.Length - 1))

        {
            Name = name
            IsNumeric = table[name].IsNumbers
            Count = count
            Missing = table.RowCount - count
            Distinct = present.Length
            Mean = mean
            Deviation = deviation
            Least = quantile 0.0
            LowerQuartile = quantile 0.25
            Median = quantile 0.5
            UpperQuartile = quantile 0.75
            Greatest = quantile 1.0
            Commonest = commonest
            CommonestCount = times
        }

    static member internal Of(table: Table) : TableDescription =
        TableDescription(
            table.Source,
            table.RowCount,
            [ for name in table.Names -> TableDescription.Of(table, name) ]
        )

    /// The columns in their order.
    member _.Columns: IReadOnlyList<ColumnDescription> = columns

    /// The number of rows.
    member _.RowCount = rows

    /// A column by its name; one that is not there is a `DomainError`.
    member _.Item
        with get (name: string): ColumnDescription =
            match columns |> List.tryFind (fun c -> c.Name = name) with
            | Some column -> column
            | None ->
                let known = columns |> List.map _.Name |> String.concat ", "

                Refuse.domain
                    "TableDescription"
                    $"no column '{name}' in {source}"
                    $"one of its columns: {known}"
                    "check the spelling"

    /// A line for each column.
    override _.ToString() =
        let number (v: float) = if Double.IsNaN v then "" else v.ToString("G5", CultureInfo.InvariantCulture)

        let heads =
            [
                "column"
                "count"
                "missing"
                "distinct"
                "mean"
                "std"
                "min"
                "25%"
                "50%"
                "75%"
                "max"
                "commonest"
            ]

        let cells (c: ColumnDescription) =
            [ c.Name; string c.Count; string c.Missing; string c.Distinct ]
            @ (if c.IsNumeric then
                   [ c.Mean; c.Deviation; c.Least; c.LowerQuartile; c.Median; c.UpperQuartile; c.Greatest ]
                   |> List.map number
               else
                   List.replicate 7 "")
            @ [
                (if c.IsNumeric || c.Count = 0 then
                     ""
                 else
                     $"{c.Commonest} (%d{c.CommonestCount})")
            ]

        let lines = Format.table 0 (heads :: List.map cells columns)
        String.concat "\n" ($"{source}: %d{rows} rows" :: lines)

    member internal this.Display = Format.following (this.ToString())
