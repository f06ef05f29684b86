namespace DL1.Data

open System.Collections.Generic
open DL1

/// A column as an encoder knows it: numbers, where there are no categories, or the categories of texts.
type EncodedColumn =
    {
        /// The name of the column.
        Name: string
        /// The categories that were met, in alphabetical order; none for a column of numbers.
        Categories: IReadOnlyList<string>
    }

/// Columns of a table as inputs of a model: numbers as they are, texts as a column of 0 and 1 for each category that was
/// met in the rows that it was fitted on (one-hot). Fit it on the training rows and apply it to all: the columns are then
/// the same wherever it is applied, whichever categories are there.
///
/// <example><code>
/// let train, test = Datasets.penguins () |> Table.split 0.2 (Key.ofSeed 1L)
/// let encoder = train |> TableEncoder.fit [ "island"; "body_mass_g" ]
/// let x = encoder.Apply test   // f32 [69; 4]: three islands, a mass
/// </code></example>
[<Sealed>]
type TableEncoder private (columns: EncodedColumn list, ignoresUnknown: bool) =
    let read (table: Table) (column: EncodedColumn) : Tensor =
        if column.Categories.Count = 0 then
            table.Numbers column.Name
        else
            let categories = Category.fit column.Categories
            let texts = table.Texts column.Name

            if not ignoresUnknown then
                let known = HashSet<string>(column.Categories)

                match texts |> Array.tryFindIndex (fun text -> text <> "" && not (known.Contains text)) with
                | None -> ()
                | Some row ->
                    let names = column.Categories |> Seq.truncate 10 |> String.concat ", "

                    Refuse.domain
                        "TableEncoder.Apply"
                        $"'{texts[row]}' in {table.Source}, line {table.Line row}, column '{column.Name}'"
                        $"a category that was there where the encoder was fitted: {names}"
                        "correct the value, fit on rows that have it, or take an encoder that ignores what is unknown"

            Category.oneHot categories texts

    /// An encoder of columns that were kept, such as those of another encoder: `TableEncoder.Of encoder.Columns`.
    static member Of(columns: seq<EncodedColumn>) : TableEncoder =
        let columns = List.ofSeq columns

        if columns.IsEmpty then
            Refuse.domain "TableEncoder" "no column" "one at least" "name the columns"

        TableEncoder(columns, false)

    /// Learns the categories of these columns from the rows of a table, the training rows:
    /// `TableEncoder.Fit(train, "island", "body_mass_g")`. A column of texts without a value is a `DomainError`.
    static member Fit(table: Table, [<System.ParamArray>] columns: string[]) : TableEncoder =
        TableEncoder.Of
            [
                for name in columns do
                    match table[name] with
                    | Column.Numbers _ -> { Name = name; Categories = [||] }
                    | Column.Texts values ->
                        let categories = Category.fit values

                        if categories.Count = 0 then
                            Refuse.domain
                                "TableEncoder.Fit"
                                $"no value in the column '{name}' of {table.Source}"
                                "a category at least"
                                "leave the column out"

                        { Name = name; Categories = categories.Names }
            ]

    /// The columns, with the categories that were met: what is kept for `Of`.
    member _.Columns: IReadOnlyList<EncodedColumn> = columns

    /// The names of the columns of what `Apply` gives: `island=Biscoe` for a category.
    member _.Names: IReadOnlyList<string> =
        [
            for column in columns do
                if column.Categories.Count = 0 then
                    column.Name
                else
                    for category in column.Categories do
                        $"{column.Name}={category}"
        ]

    /// The same encoder, but a category that was not met is 0 everywhere, as a missing one is: `encoder.IgnoringUnknown()`.
    member _.IgnoringUnknown() : TableEncoder = TableEncoder(columns, true)

    /// The inputs, f32 `[rows; names]`: NaN where a number is missing, 0 everywhere where a text is: `encoder.Apply test`.
    /// A category that was not met is a `DomainError` that names its line, unless what is unknown is ignored.
    member _.Apply(table: Table) : Tensor = columns |> List.map (read table) |> Category.beside

    /// The names, in a line.
    override this.ToString() = String.concat ", " this.Names

/// Encoders of tables, as functions to pipe into.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module TableEncoder =
    /// Learns the categories of columns from the training rows: `train |> TableEncoder.fit [ "island"; "sex" ]`.
    let fit (columns: seq<string>) (table: Table) : TableEncoder =
        TableEncoder.Fit(table, Array.ofSeq columns)

    /// The same encoder, but a category that was not met is 0 everywhere: `TableEncoder.ignoringUnknown encoder`.
    let ignoringUnknown (encoder: TableEncoder) : TableEncoder = encoder.IgnoringUnknown()

    /// The inputs that a table has for an encoder: `TableEncoder.apply encoder test`.
    let apply (encoder: TableEncoder) (table: Table) : Tensor = encoder.Apply table
