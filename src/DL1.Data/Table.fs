namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open DL1
open DL1.Notebooks

/// The columns of a table, and what is known of how they were read.
[<NoEquality; NoComparison>]
type internal TableColumns =
    {
        Columns: Column[]
        /// Why a column must not become inputs or classes before somebody says what it is.
        Doubts: Doubt option[]
        /// The columns of the whole table, of which the rows may be a part: what categories there are.
        Whole: Column[]
        Options: CsvOptions
    }

/// An immutable table of named columns of equal length. `Csv.read` makes it; `Numbers` turns columns into a tensor.
///
/// <example><code>
/// let patients = Datasets.diabetes ()
/// let x = patients |> Table.numbers [ "bmi"; "age" ]   // a tensor of f32, of shape [442; 2]
/// </code></example>
[<Sealed>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
[<StructuredFormatDisplay("{Display}")>]
type Table internal (source: string, names: string[], data: TableColumns, lines: int[]) =
    let columns = data.Columns
    let position = Dictionary<string, int>()

    let place (name: string) (row: int) = $"{source}, line %d{lines[row]}, column '{name}'"

    let refuseDoubt operation (doubt: Doubt) : 'a =
        Refuse.format operation doubt.Given doubt.Expected doubt.Cure

    do names |> Array.iteri (fun i name -> position[name] <- i)

    /// Where the table comes from: a path, or the name of a data set. Errors name it.
    member _.Source = source

    /// The names of the columns, in their order: `diabetes.Names[0]` is `age`.
    member _.Names: IReadOnlyList<string> = names

    /// The number of rows, the header not counted.
    member _.RowCount = lines.Length

    /// The number of columns.
    member _.ColumnCount = names.Length

    /// A column by its name: `table["age"]`. Refuses a name that is not there with a `DomainError` that lists those
    /// that are.
    member _.Item
        with get (name: string): Column =
            match position.TryGetValue name with
            | true, i -> columns[i]
            | false, _ ->
                let known = String.Join(", ", names)

                let alike =
                    names
                    |> Array.tryFind (fun n -> n.Equals(name.Trim(), StringComparison.OrdinalIgnoreCase))

                Refuse.domain
                    "Table"
                    $"no column '{name}' in {source}"
                    $"one of its columns: {known}"
                    (match alike with
                     | Some n -> $"the name '{n}': case and spaces count"
                     | None -> "one of these names, or read the file with the header that it has")

    /// The values of a column as texts, missing ones empty: `table.Texts "species"`. Numbers are written so that
    /// they read back as the same.
    member this.Texts(name: string) : string[] =
        match this[name] with
        | Column.Texts values -> Array.copy values
        | Column.Numbers values ->
            values
            |> Array.map (fun v ->
                if Double.IsNaN v then "" else v.ToString("R", CultureInfo.InvariantCulture))

    /// The values of a column of numbers, NaN where missing: `table.Values "age"`. Refuses a column of texts with a
    /// `FormatError` that names the first row that is not a number.
    member this.Values(name: string) : float[] =
        match this[name] with
        | Column.Numbers values -> Array.copy values
        | Column.Texts values ->
            match Infer.ofType "Table.numbers" data.Options name (place name) ColumnType.Number values with
            | Column.Numbers numbers -> numbers
            | Column.Texts _ -> [||]

    /// Columns of numbers as a tensor of shape `[rows; columns]` and the given type, `F32` or `F64`; NaN where a value
    /// is missing: `table.Numbers(DType.F64, "bmi", "age")`.
    member this.Numbers(dtype: DType, [<ParamArray>] names: string[]) : Tensor =
        if not dtype.IsFloat then
            Refuse.domain
                "Table.numbers"
                $"the type {dtype}"
                "f32 or f64, which can hold a missing value"
                "cast the tensor afterwards, once no value is missing"

        let columns = names |> Array.map this.Values
        let rows = this.RowCount

        if dtype = DType.F32 then
            for name, values in Array.zip names columns do
                match
                    values
                    |> Array.tryFindIndex (fun v -> Double.IsFinite v && not (Single.IsFinite(float32 v)))
                with
                | Some row ->
                    Refuse.domain
                        "Table.numbers"
                        $"{string values[row]} in {place name row}, which is larger than any number of f32"
                        "numbers that f32 holds"
                        "take the columns as f64"
                | None -> ()

        Array.init (rows * columns.Length) (fun i -> columns[i % columns.Length][i / columns.Length])
        |> Tensor.ofArray [ rows; columns.Length ]
        |> Tensor.cast dtype

    /// Columns of numbers as a tensor of f32: `table.Numbers("bmi", "age")`.
    member this.Numbers([<ParamArray>] names: string[]) : Tensor = this.Numbers(DType.F32, names)

    /// The names of all columns but these, in their order: `table.NamesBut "progression"`. Refuses a name that is not
    /// there.
    member this.NamesBut([<ParamArray>] left: string[]) : IReadOnlyList<string> =
        left |> Array.iter (fun name -> this[name] |> ignore)
        Array.except left names :> IReadOnlyList<string>

    /// The line of a row where it comes from, for errors.
    member internal _.Line(row: int) = lines[row]

    /// Where a value stands, in words.
    member internal _.Place(name: string, row: int) = place name row

    /// What the table is made of.
    member internal _.Data = data

    /// The lines of all rows.
    member internal _.Lines = lines

    /// Some rows, in the order of their numbers, which count from 0 and may repeat: `table.Rows [| 2; 0 |]`. Refuses a
    /// row that is not there.
    member _.Rows(numbers: int[]) : Table =
        for row in numbers do
            if row < 0 || row >= lines.Length then
                Refuse.domain
                    "Table.Rows"
                    $"row %d{row} of %d{lines.Length} of {source}"
                    $"a row from 0 to %d{lines.Length - 1}"
                    "count rows from 0, the header not among them"

        let some (values: 'v[]) = numbers |> Array.map (fun row -> values[row])

        let columns =
            columns
            |> Array.map (fun column ->
                match column with
                | Column.Numbers values -> Column.Numbers(some values)
                | Column.Texts values -> Column.Texts(some values))

        Table(source, names, { data with Columns = columns }, some lines)

    /// Refuses a column of which it is not clear what it is, with its first doubtful line and the option that says it.
    member internal this.RequireClear(operation: string, name: string) : unit =
        this[name] |> ignore
        data.Doubts[position[name]] |> Option.iter (refuseDoubt operation)

    /// Refuses a column of texts that are no categories: dates, names of rows, nothing at all.
    member internal this.RequireCategories(operation: string, name: string) : unit =
        this.RequireClear(operation, name)

        match this[name] with
        | Column.Texts values ->
            Infer.notCategories name (place name) values
            |> Option.iter (fun doubt ->
                Refuse.domain operation $"{doubt.Given} of {source}" doubt.Expected doubt.Cure)
        | Column.Numbers _ -> ()

    /// The categories of a column, in alphabetical order, missing ones left out: `irises.Categories "species"`. Rows that
    /// were taken from a table (`Rows`, `Table.split`) have the categories of the whole table, so that a label means the
    /// same in all parts of it. A table that was read by itself has its own: give it those of the training rows by
    /// `Labels(name, categories)`, or by a `TableEncoder`.
    member this.Categories(name: string) : Categories =
        this.RequireClear("Table.Categories", name)

        match data.Whole[position[name]] with
        | Column.Texts values -> Category.fit values
        | Column.Numbers _ -> Category.fit (this.Texts name)

    /// The classes of a column, i64 `[rows]`, by their places among categories that were met before, those of the training
    /// rows: `later.Labels("species", irises.Categories "species")`. A value that is missing or was not met is a
    /// `DomainError` that names its line.
    member this.Labels(name: string, categories: Categories) : Tensor =
        let values = this.Texts name

        values
        |> Array.mapi (fun row text ->
            match categories.TryNumber text with
            | Some i -> int64 i
            | None ->
                let known = categories.Names |> Seq.truncate 10 |> String.concat ", "

                Refuse.domain
                    "Table.Labels"
                    (if text = "" then
                         $"no value in {place name row}"
                     else
                         $"'{text}' in {place name row}")
                    $"one of: {known}"
                    "correct the value, leave the row out, or take the categories of rows that have it")
        |> Tensor.vector

    /// The classes of a column, i64 `[rows]`: texts by their places among its `Categories`, whole numbers from 0 as they
    /// are. `irises.Labels "species"`. Refuses a missing value, and numbers that are no classes, with a `DomainError`, and a
    /// column of which it is not clear whether it has numbers or texts with a `FormatError`.
    member this.Labels(name: string) : Tensor =
        this.RequireClear("Table.Labels", name)

        match this[name] with
        | Column.Texts _ ->
            this.RequireCategories("Table.Labels", name)
            this.Labels(name, this.Categories name)
        | Column.Numbers values ->
            match
                values |> Array.tryFindIndex (fun v -> not (v >= 0.0 && v = Math.Floor v && v < 65536.0))
            with
            | None -> Tensor.vector (Array.map int64 values)
            | Some row ->
                Refuse.domain
                    "Table.Labels"
                    $"{string values[row]} in {place name row}"
                    "a class: a whole number from 0"
                    "number the classes from 0, or take the column as a target of a regression"

    /// Columns as inputs, f32 `[rows; columns]`, NaN where a number is missing. A column of texts becomes one column of
    /// 0 and 1 for each of its `Categories`, all 0 where it is missing; for columns that are the same in other
    /// tables, fit a `TableEncoder`. A column of which it is not clear what it is, such as numbers with one `n/a`, is a
    /// `FormatError` that names the line and the option that says it; one of dates, of texts that name the rows, or without
    /// a value is a `DomainError`. `penguins.Inputs("island", "body_mass_g")`
    member this.Inputs([<ParamArray>] names: string[]) : Tensor =
        if names.Length = 0 then
            Refuse.domain "Table.Inputs" $"no column of {source}" "one at least" "name the columns"

        [
            for name in names do
                this.RequireCategories("Table.Inputs", name)

                match this[name] with
                | Column.Numbers _ -> this.Numbers name
                | Column.Texts values -> Category.oneHot (this.Categories name) values
        ]
        |> Category.beside

    member private this.InputsFor(target: string, inputs: string[]) =
        this.Inputs(if inputs.Length = 0 then Array.ofSeq (this.NamesBut target) else inputs)

    /// A column of numbers to be predicted, f32 `[rows; 1]`, from others; from all others where none is named, as
    /// `Inputs` has them. `patients.ForRegression "progression"`
    member this.ForRegression(target: string, [<ParamArray>] inputs: string[]) : Dataset =
        Dataset(this.InputsFor(target, inputs), this.Numbers target)

    /// A column of classes to be predicted, as `Labels` has them, from others; from all others where none is named, as
    /// `Inputs` has them. `irises.ForClassification "species"`
    member this.ForClassification(target: string, [<ParamArray>] inputs: string[]) : Dataset =
        Dataset(this.InputsFor(target, inputs), this.Labels target)

    /// The first rows as text, a missing value as nothing, and a row of `…` where there are more.
    member private _.First(count: int) : string list list =
        let text row column =
            match column with
            | Column.Numbers values when Double.IsNaN values[row] -> ""
            | Column.Numbers values -> values[row].ToString CultureInfo.InvariantCulture
            | Column.Texts values -> values[row]

        [
            for row in 0 .. min count lines.Length - 1 do
                columns |> Seq.map (text row) |> List.ofSeq
            if lines.Length > count then
                [ for _ in names -> "…" ]
        ]

    /// The source, the number of rows, and the first five of them, with as many columns as a line of 100 characters holds; the names
    /// of all columns where that is not all of them. Texts of more than 24 characters are cut. `printfn $"{patients}"`
    override this.ToString() =
        let brief (cell: string) =
            let line = cell.ReplaceLineEndings " "
            if line.Length > 24 then line.Substring(0, 23) + "…" else line

        let whole = List.ofArray names :: this.First 5 |> List.map (List.map brief) |> List.transpose
        let width (column: string list) = 2 + (column |> List.map String.length |> List.max)
        let ends = whole |> List.scan (fun sum column -> sum + width column) 0 |> List.tail
        let fitting = ends |> List.takeWhile (fun e -> e - 2 <= 100) |> List.length
        let shown = whole |> List.truncate fitting |> List.transpose

        let rows = if lines.Length = 1 then "1 row" else $"%d{lines.Length} rows"
        let all = if fitting = names.Length then "" else " of " + String.Join(", ", names)
        let heading = $"{source}: {rows}{all}"

        String.concat "\n" (heading :: Format.table 0 shown)

    member internal this.Display = Format.following (this.ToString())

    interface INotebookValue with
        member this.Html =
            Html.table $"{source}: %d{lines.Length} rows" names (this.First 10 |> Seq.map Seq.ofList)
