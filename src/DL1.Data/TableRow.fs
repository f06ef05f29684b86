namespace DL1.Data

open System
open System.Globalization
open DL1

/// One row of a table, to be read by the names of the columns.
[<Struct; CustomEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type TableRow internal (table: Table, index: int) =
    /// The row's number in its table, from 0.
    member _.Index = index

    /// The number in a column, NaN where it is missing: `row.Number "age"`. A column of texts is a `FormatError`.
    member _.Number(name: string) : float =
        match table[name] with
        | Column.Numbers values -> values[index]
        | Column.Texts values ->
            Refuse.format
                "TableRow.Number"
                $"'{values[index]}' in {table.Place(name, index)}, a column of texts"
                "a column of numbers"
                "read it as a text, or make numbers of the column first"

    /// The text in a column, empty where it is missing: `row.Text "sex"`. Numbers are written so that they read back as
    /// the same.
    member _.Text(name: string) : string =
        match table[name] with
        | Column.Texts values -> values[index]
        | Column.Numbers values ->
            if Double.IsNaN values[index] then
                ""
            else
                values[index].ToString("R", CultureInfo.InvariantCulture)

    /// Whether the value in a column is missing: `row.IsMissing "age"`.
    member _.IsMissing(name: string) : bool =
        match table[name] with
        | Column.Texts values -> values[index] = ""
        | Column.Numbers values -> Double.IsNaN values[index]

    member internal _.Table = table

    override _.Equals other =
        match other with
        | :? TableRow as o -> Object.ReferenceEquals(o.Table, table) && o.Index = index
        | _ -> false

    override _.GetHashCode() = index

    /// The values by their names: `age=30, sex=f`.
    override this.ToString() =
        let row = this
        table.Names |> Seq.map (fun name -> $"{name}={row.Text name}") |> String.concat ", "

    member internal this.Display = Format.following (this.ToString())
