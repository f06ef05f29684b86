namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open DL1

/// A column of a table: all numbers, or all texts. A missing number is NaN, a missing text is empty.
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
        let shown kind count (first: seq<string>) =
            let values = String.Join(", ", first)
            let rest = if count > 6 then ", ..." else ""
            $"{count} {kind}: {values}{rest}"

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

/// How one value of a table is read.
[<RequireQualifiedAccess>]
module internal Field =
    /// What stands for a missing number, besides nothing.
    let isMissing (text: string) =
        let text = text.Trim()
        text = "" || text = "NA" || text.Equals("nan", StringComparison.OrdinalIgnoreCase)

    /// The number that a text means, NaN where it is missing, `None` where it is not a number.
    let tryNumber (text: string) =
        if isMissing text then
            Some nan
        else
            match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, value -> Some value
            | false, _ -> None

    /// A column from its texts: numbers where each of them is one or missing, and not all are missing.
    let column (texts: string[]) =
        let numbers = Array.map tryNumber texts

        if Array.forall Option.isSome numbers && not (Array.forall isMissing texts) then
            Numbers(Array.choose id numbers)
        else
            Texts texts

/// An immutable table of named columns of equal length. `Csv.read` makes it; `Numbers` turns columns into a tensor.
///
/// <example><code>
/// let patients = Datasets.diabetes ()
/// let x = patients |> Table.numbers [ "bmi"; "age" ]   // a tensor of f32, of shape [442; 2]
/// </code></example>
[<Sealed>]
type Table internal (source: string, names: string[], columns: Column[], lines: int[]) =
    let position = Dictionary<string, int>()

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
            match values |> Array.tryFindIndex (Field.tryNumber >> Option.isNone) with
            | None -> Array.create values.Length nan
            | Some row ->
                Refuse.format
                    "Table.numbers"
                    $"'{values[row]}' in {source}, line {lines[row]}, column '{name}'"
                    "a number, or nothing where the value is missing"
                    "correct the value, or read the column as texts"

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

    /// Some rows, in the order of their numbers, which count from 0 and may repeat: `table.Rows [| 2; 0 |]`. Refuses a
    /// row that is not there.
    member _.Rows(numbers: int[]) : Table =
        for row in numbers do
            if row < 0 || row >= lines.Length then
                Refuse.domain
                    "Table.Rows"
                    $"row {row} of {lines.Length} of {source}"
                    $"a row from 0 to {lines.Length - 1}"
                    "count rows from 0, the header not among them"

        let some (values: 'v[]) = numbers |> Array.map (fun row -> values[row])

        let columns =
            columns
            |> Array.map (fun column ->
                match column with
                | Column.Numbers values -> Column.Numbers(some values)
                | Column.Texts values -> Column.Texts(some values))

        Table(source, names, columns, some lines)

    /// The categories of a column, in alphabetical order, missing ones left out: `irises.Categories "species"`.
    member this.Categories(name: string) : Categories = Category.fit (this.Texts name)

    /// The classes of a column, i64 `[rows]`: texts by their places among its categories, whole numbers from 0 as they
    /// are. `irises.Labels "species"`. Refuses a missing value, and numbers that are no classes, with a `DomainError`.
    member this.Labels(name: string) : Tensor =
        match this[name] with
        | Column.Texts values -> Category.labels (Category.fit values) values
        | Column.Numbers values ->
            match
                values |> Array.tryFindIndex (fun v -> not (v >= 0.0 && v = Math.Floor v && v < 65536.0))
            with
            | None -> Tensor.vector (Array.map int64 values)
            | Some row ->
                Refuse.domain
                    "Table.Labels"
                    $"{values[row]} in {source}, line {lines[row]}, column '{name}'"
                    "a class: a whole number from 0"
                    "number the classes from 0, or take the column as a target of a regression"

    /// Columns as inputs, f32 `[rows; columns]`, NaN where a number is missing. A column of texts becomes one column of
    /// 0 and 1 for each of its categories in this table, all 0 where it is missing; for columns that are the same in other
    /// tables, fit a `TableEncoder`. `penguins.Inputs("island", "body_mass_g")`
    member this.Inputs([<ParamArray>] names: string[]) : Tensor =
        if names.Length = 0 then
            Refuse.domain "Table.Inputs" $"no column of {source}" "one at least" "name the columns"

        [
            for name in names do
                match this[name] with
                | Column.Numbers _ -> this.Numbers name
                | Column.Texts values -> Category.oneHot (Category.fit values) values
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

    /// What the table holds, in a line: `diabetes.csv: 442 rows of age, sex, bmi`.
    override _.ToString() =
        let names = String.Join(", ", names)
        $"{source}: {lines.Length} rows of {names}"

/// Reading a table's columns, as functions to pipe into.
[<RequireQualifiedAccess>]
module Table =
    /// The names of the columns: `Table.names table`.
    let names (table: Table) = List.ofSeq table.Names

    /// A column by its name: `Table.column "species" table`. Refuses a name that is not there.
    let column name (table: Table) = table[name]

    /// Columns of numbers as a tensor of f32, of shape `[rows; columns]`, NaN where a value is missing:
    /// `table |> Table.numbers [ "bmi"; "age" ]`.
    let numbers (names: seq<string>) (table: Table) = table.Numbers(Array.ofSeq names)

    /// The same in the given type, `F32` or `F64`: `table |> Table.numbersAs DType.F64 [ "bmi" ]`.
    let numbersAs dtype (names: seq<string>) (table: Table) = table.Numbers(dtype, Array.ofSeq names)

    /// The values of a column as texts, missing ones empty: `table |> Table.texts "species"`.
    let texts name (table: Table) = table.Texts name

    /// The names of all columns but these, in their order: `table |> Table.namesBut [ "progression" ]`. Refuses a
    /// name that is not there.
    let namesBut (left: seq<string>) (table: Table) = table.NamesBut(Array.ofSeq left) |> List.ofSeq

    /// Some rows, in the order of their numbers: `Table.rows [| 2; 0 |] table`. Refuses a row that is not there.
    let rows (numbers: int[]) (table: Table) : Table = table.Rows numbers

    /// Two tables that share no row, drawn with a key: what remains, and `part` of the rows held out.
    /// `let train, test = Table.split 0.2 (Key.ofSeed 1L) table`
    let split (part: float) (key: Key) (table: Table) : Table * Table =
        let kept, held = Splits.holdOut part key table.RowCount
        table.Rows kept, table.Rows held

    /// A column of numbers to be predicted from all others: `patients |> Table.forRegression "progression"`.
    let forRegression (target: string) (table: Table) : Dataset = table.ForRegression target

    /// A column of classes to be predicted from all others: `irises |> Table.forClassification "species"`.
    let forClassification (target: string) (table: Table) : Dataset = table.ForClassification target
