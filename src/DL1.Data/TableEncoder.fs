namespace DL1.Data

open System.Collections.Generic
open DL1

/// Columns of a table as inputs of a model: numbers as they are, texts as a column of 0 and 1 for each category that was
/// met in the rows that it was fitted on (one-hot). Fit it on the training rows and apply it to all: the columns are then
/// the same wherever it is applied, whichever categories are there. With `WithClasses` it knows the classes of the target
/// too, so that a label means the same in every table. It is kept as text by `ToJson`, or in a file by `Save`.
///
/// <example><code>
/// let train, test = Datasets.penguins () |> Table.split 0.2 (Key.ofSeed 1L)
/// let encoder = train |> TableEncoder.fit [ "island"; "body_mass_g" ]
/// let x = encoder.Apply test   // f32 [69; 4]: three islands, a mass
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type TableEncoder private (parts: EncoderParts) =
    let columns = parts.Columns

    /// The categories of a column that have a column of their own.
    let shown (column: EncodedColumn) : string list =
        let all = List.ofSeq column.Categories

        match parts.Drops with
        | DroppedCategory.First -> List.skip (min 1 all.Length) all
        | DroppedCategory.IfBinary when all.Length = 2 -> all.Tail
        | DroppedCategory.IfBinary
        | DroppedCategory.None -> all

    let read (dtype: DType) (table: Table) (column: EncodedColumn) : Tensor =
        if column.Categories.Count = 0 then
            table.Numbers(dtype, column.Name)
        else
            let categories = Category.fit (shown column)
            let texts = table.Texts column.Name

            if not parts.IgnoresUnknown then
                let known = HashSet<string>(column.Categories)

                match texts |> Array.tryFindIndex (fun text -> text <> "" && not (known.Contains text)) with
                | None -> ()
                | Some row ->
                    let names = column.Categories |> Seq.truncate 10 |> String.concat ", "

                    Refuse.domain
                        "TableEncoder.Apply"
                        $"'{texts[row]}' in {table.Source}, line %d{table.Line row}, column '{column.Name}'"
                        $"a category that was there where the encoder was fitted: {names}"
                        "correct the value, fit on rows that have it, or take an encoder that ignores what is unknown"

            Category.oneHot categories texts |> Tensor.cast dtype

    /// An encoder of columns that were kept, such as those of another encoder: `TableEncoder.Of encoder.Columns`.
    /// A column without a name, or with a category that is empty or there twice, is a `DomainError`.
    static member Of(columns: seq<EncodedColumn>) : TableEncoder =
        let columns = List.ofArray (Refuse.nulls "columns" columns)

        if columns.IsEmpty then
            Refuse.domain "TableEncoder" "no column" "one at least" "name the columns"

        for column in columns do
            EncoderFile.requireColumn column

        TableEncoder
            {
                Columns = columns
                Classes = None
                IgnoresUnknown = false
                Drops = DroppedCategory.None
            }

    /// Learns the categories of these columns from the rows of a table, the training rows:
    /// `TableEncoder.Fit(train, "island", "body_mass_g")`. A column of texts without a value, of dates, or of texts that name
    /// the rows is a `DomainError`; one of which it is not clear whether it has numbers or texts a `FormatError`.
    static member Fit(table: Table, [<System.ParamArray>] columns: string[]) : TableEncoder =
        TableEncoder.Of
            [
                for name in columns do
                    table.RequireCategories("TableEncoder.Fit", name)

                    match table[name] with
                    | Column.Numbers _ -> { Name = name; Categories = [||] }
                    | Column.Texts values -> { Name = name; Categories = (Category.fit values).Names }
            ]

    /// Whether a category that was not met is 0 everywhere, and not refused.
    member internal _.IgnoresUnknown = parts.IgnoresUnknown

    /// The columns, with the categories that were met: what is kept for `Of`.
    member _.Columns: IReadOnlyList<EncodedColumn> = columns

    /// The names of the columns of what `Apply` gives: `island=Biscoe` for a category.
    member _.Names: IReadOnlyList<string> =
        [
            for column in columns do
                if column.Categories.Count = 0 then
                    column.Name
                else
                    for category in shown column do
                        $"{column.Name}={category}"
        ]

    /// The same encoder, but a category that was not met is 0 everywhere, as a missing one is: `encoder.IgnoringUnknown()`.
    member _.IgnoringUnknown() : TableEncoder = TableEncoder { parts with IgnoresUnknown = true }

    /// The same encoder, but each column of texts has one column less: that of its first category, which is where all the
    /// others are 0; or only columns of two categories. Linear models without a penalty need it. A category that is ignored
    /// because it was not met looks like the one that is dropped. `encoder.Dropping DroppedCategory.First`
    member _.Dropping(drops: DroppedCategory) : TableEncoder = TableEncoder { parts with Drops = drops }

    /// The same encoder, which also knows the classes of a column of texts, from the training rows:
    /// `TableEncoder.Fit(train, "beak_length_mm").WithClasses(train, "species")`.
    member _.WithClasses(table: Table, column: string) : TableEncoder =
        table.RequireCategories("TableEncoder.WithClasses", column)

        match table[column] with
        | Column.Texts _ ->
            let classes = { Name = column; Categories = (table.Categories column).Names }
            TableEncoder { parts with Classes = Some classes }
        | Column.Numbers _ ->
            Refuse.domain
                "TableEncoder.WithClasses"
                $"the column '{column}' of numbers in {table.Source}"
                "a column of texts, whose places are to be kept"
                "take numbers that are classes by Labels: they are what they are in any table"

    /// The classes by their numbers, where the encoder knows a target; a `DomainError` where it does not.
    member this.Classes: Categories =
        let _, classes = this.Target
        classes

    member private _.Target: string * Categories =
        match parts.Classes with
        | Some column -> column.Name, Category.fit column.Categories
        | None ->
            Refuse.domain
                "TableEncoder"
                "an encoder that knows no classes"
                "one that was given the column of the target"
                "add it by WithClasses, from the training rows"

    /// The classes of a table, i64 `[rows]`, numbered as in the training rows: `encoder.Labels test`. A class that was not
    /// met is a `DomainError` that names its line.
    member this.Labels(table: Table) : Tensor =
        let name, classes = this.Target
        table.Labels(name, classes)

    /// Inputs and labels of a table, as `Apply` and `Labels` have them: `encoder.Dataset test`.
    member this.Dataset(table: Table) : Dataset = Dataset(this.Apply table, this.Labels table)

    /// The encoder as text: its columns, categories and classes. `File.WriteAllText(path, encoder.ToJson())`
    member _.ToJson() : string = EncoderFile.toJson parts

    /// An encoder from the text that `ToJson` gave; any other is a `FormatError`. `TableEncoder.OfJson(encoder.ToJson())`
    static member OfJson(json: string) : TableEncoder = TableEncoder(EncoderFile.ofJson json)

    /// Writes the encoder to a file, whole or not at all: `encoder.Save "encoder.json"`.
    member this.Save(path: string) : unit = AtomicFile.writeText path (this.ToJson())

    /// An encoder from a file that `Save` wrote: `TableEncoder.Load "encoder.json"`.
    static member Load(path: string) : TableEncoder =
        Raw.openFile "TableEncoder.Load" "a table encoder in JSON" path (fun stream ->
            use reader = new System.IO.StreamReader(stream)
            TableEncoder.OfJson(reader.ReadToEnd()))

    /// The inputs, f32 `[rows; names]`: NaN where a number is missing, 0 everywhere where a text is: `encoder.Apply test`.
    /// A category that was not met is a `DomainError` that names its line, unless what is unknown is ignored.
    member _.Apply(table: Table) : Tensor = columns |> List.map (read DType.F32 table) |> Category.beside

    /// `Apply` in a type, f32 or f64: `encoder.Apply(test, DType.F64)`.
    member _.Apply(table: Table, dtype: DType) : Tensor =
        columns |> List.map (read dtype table) |> Category.beside

    /// The names, in a line.
    override this.ToString() = String.concat ", " this.Names
    member internal this.Display = this.ToString()

/// Encoders of tables, as functions to pipe into.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module TableEncoder =
    /// Learns the categories of columns from the training rows: `train |> TableEncoder.fit [ "island"; "sex" ]`.
    let fit (columns: seq<string>) (table: Table) : TableEncoder =
        TableEncoder.Fit(table, Array.ofSeq columns)

    /// The same encoder, but a category that was not met is 0 everywhere: `TableEncoder.ignoringUnknown encoder`.
    let ignoringUnknown (encoder: TableEncoder) : TableEncoder = encoder.IgnoringUnknown()

    /// The same encoder, in which texts have one column less: `TableEncoder.dropping DroppedCategory.First encoder`.
    let dropping (drops: DroppedCategory) (encoder: TableEncoder) : TableEncoder = encoder.Dropping drops

    /// The same encoder, which also knows the classes of a column, from the training rows:
    /// `encoder |> TableEncoder.withClasses "species" train`.
    let withClasses (column: string) (table: Table) (encoder: TableEncoder) : TableEncoder =
        encoder.WithClasses(table, column)

    /// The inputs that a table has for an encoder: `TableEncoder.apply encoder test`.
    let apply (encoder: TableEncoder) (table: Table) : Tensor = encoder.Apply table
