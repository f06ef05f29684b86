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
                    $"correct the value, or read the column as texts: Table.texts \"{name}\""

    /// Columns of numbers as a tensor of shape `[rows; columns]` and the given type, `F32` or `F64`; NaN where a value
    /// is missing: `table.Numbers(DType.F64, "bmi", "age")`.
    member this.Numbers(dtype: DType, [<ParamArray>] names: string[]) : Tensor =
        if not dtype.IsFloat then
            Refuse.domain
                "Table.numbers"
                $"the type {dtype}"
                "f32 or f64, which can hold a missing value"
                "Tensor.cast afterwards, once no value is missing"

        let columns = names |> Array.map this.Values
        let rows = this.RowCount

        Array.init (rows * columns.Length) (fun i -> columns[i % columns.Length][i / columns.Length])
        |> Tensor.ofArray [ rows; columns.Length ]
        |> Tensor.cast dtype

    /// Columns of numbers as a tensor of f32: `table.Numbers("bmi", "age")`.
    member this.Numbers([<ParamArray>] names: string[]) : Tensor = this.Numbers(DType.F32, names)

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
    let namesBut (left: seq<string>) (table: Table) =
        for name in left do
            column name table |> ignore

        names table |> List.except left
