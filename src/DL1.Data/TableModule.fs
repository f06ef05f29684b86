namespace DL1.Data

open DL1

/// Making, reading and changing tables, as functions to pipe into.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
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

    /// One row, from 0, to be read by names or predicted from: `table |> Table.row 3`. Refuses a row that is not there.
    let row (number: int) (table: Table) : TableRow =
        if number < 0 || number >= table.RowCount then
            Refuse.domain
                "Table.row"
                $"row %d{number} of %d{table.RowCount} of {table.Source}"
                $"a row from 0 to %d{table.RowCount - 1}"
                "count rows from 0, the header not among them"

        TableRow(table, number)

    /// Two tables that share no row, drawn with a key: what remains, and `part` of the rows held out.
    /// `let train, test = Table.split 0.2 (Key.ofSeed 1L) table`
    let split (part: float) (key: Key) (table: Table) : Table * Table =
        let kept, held = Splits.holdOut part key table.RowCount
        table.Rows kept, table.Rows held

    /// A column of numbers to be predicted from all others: `patients |> Table.forRegression "progression"`.
    let forRegression (target: string) (table: Table) : Dataset = table.ForRegression target

    /// A column of classes to be predicted from all others: `irises |> Table.forClassification "species"`.
    let forClassification (target: string) (table: Table) : Dataset = table.ForClassification target

    /// A table of columns by their names, of equal length.
    /// `Table.ofColumns [ "age", Column.Numbers [| 30; 40 |]; "sex", Column.Texts [| "f"; "m" |] ]`
    let ofColumns (columns: seq<string * Column>) : Table = TableSource.ofColumns "the columns" columns

    /// A table of objects, one a row: records, anonymous records, or any that have public properties; or dictionaries of
    /// names and values. Numbers, truth values (1 and 0), dates (days since 1970), texts and enumerations are taken; null,
    /// None, NaN and empty texts are missing. `Table.ofObjects [ {| Age = 30; Sex = "f" |}; {| Age = 40; Sex = "m" |} ]`
    let ofObjects (items: seq<'a>) : Table = TableSource.ofObjects "the objects" items

    /// The rows for which a condition holds: `table |> Table.filter (fun row -> row.Number "age" > 30.0)`.
    let filter (condition: TableRow -> bool) (table: Table) : Table = TableEdit.filter condition table

    /// A column of numbers with each value changed; missing ones are given as NaN.
    /// `table |> Table.mapNumbers "age" (fun age -> age / 10.0)`
    let mapNumbers (name: string) (f: float -> float) (table: Table) : Table =
        TableEdit.mapNumbers name f table

    /// A column as texts, each changed; missing ones are given as empty. `table |> Table.mapTexts "sex" _.ToUpperInvariant()`
    let mapTexts (name: string) (f: string -> string) (table: Table) : Table = TableEdit.mapTexts name f table

    /// A column of numbers made of each row, put last, or in the place of the column that has the name.
    /// `table |> Table.addNumbers "bmi" (fun row -> row.Number "mass" / row.Number "height" ** 2.0)`
    let addNumbers (name: string) (f: TableRow -> float) (table: Table) : Table =
        TableEdit.addNumbers name f table

    /// A column of texts made of each row, put last, or in the place of the column that has the name.
    /// `table |> Table.addTexts "size" (fun row -> if row.Number "mass" > 4000.0 then "large" else "small")`
    let addTexts (name: string) (f: TableRow -> string) (table: Table) : Table =
        TableEdit.addTexts name f table

    /// A column put last, or in the place of the one that has the name: `table |> Table.addColumn "y" column`.
    let addColumn (name: string) (column: Column) (table: Table) : Table = TableEdit.add name column table

    /// The table without some columns: `table |> Table.drop [ "id" ]`. Refuses a name that is not there.
    let drop (names: seq<string>) (table: Table) : Table = TableEdit.drop (Array.ofSeq names) table

    /// Some columns, in the order given: `table |> Table.select [ "age"; "sex" ]`. Refuses a name that is not there.
    let select (names: seq<string>) (table: Table) : Table = TableEdit.select (Array.ofSeq names) table

    /// The table with another name for a column: `table |> Table.rename "bmi" "index"`.
    let rename (before: string) (after: string) (table: Table) : Table = TableEdit.rename before after table

    /// The rows of one table, then those of another with the same columns: `Table.append first second`.
    let append (first: Table) (second: Table) : Table = TableEdit.append first second

    /// The rows in the order of a column, missing values last; rows of equal values keep their order.
    /// `table |> Table.sortBy "date"`
    let sortBy (name: string) (table: Table) : Table = TableEdit.sortBy name table

    /// The rows in which none of these columns has a missing value; of all columns where none is named.
    /// `table |> Table.complete []`
    let complete (names: seq<string>) (table: Table) : Table = TableEdit.complete (Array.ofSeq names) table

    /// What each column holds: counts, missing values, mean and quartiles, or the commonest text.
    /// `printfn $"{Table.describe table}"`
    let describe (table: Table) : TableDescription = TableDescription.Of table

    /// How often each value of a column is there, the commonest first; missing ones are the empty text.
    /// `table |> Table.valueCounts "species"`
    let valueCounts (name: string) (table: Table) : (string * int) list = TableDescription.counts name table

    let private both (table: Table) (kept: int[], held: int[]) = table.Rows kept, table.Rows held

    /// `split` in which each class of a column has its share in both parts: `table |> Table.splitStratified "species" 0.2 key`.
    let splitStratified (column: string) (part: float) (key: Key) (table: Table) : Table * Table =
        Splits.stratified part key (TableEdit.groups "Table.splitStratified" column table) |> both table

    /// `split` in which the rows of one value of a column, such as one patient's, are all in the same part; the part is of
    /// the values. `table |> Table.splitGrouped "patient" 0.2 key`
    let splitGrouped (column: string) (part: float) (key: Key) (table: Table) : Table * Table =
        Splits.grouped part key (TableEdit.groups "Table.splitGrouped" column table) |> both table

    /// The rows in the order of a column of numbers or dates, and the last `part` of them held out. A missing value is a
    /// `DomainError`. `table |> Table.splitOrdered "date" 0.2`
    let splitOrdered (column: string) (part: float) (table: Table) : Table * Table =
        let sorted = TableEdit.ordered "Table.splitOrdered" column table
        Splits.ordered part sorted.RowCount |> both sorted

    /// `k` pairs of what remains and what is held out: each row is held out in one of them. `table |> Table.folds 5 key`
    let folds (k: int) (key: Key) (table: Table) : (Table * Table) list =
        Splits.folds k key table.RowCount |> List.map (both table)

    /// `folds` in which each class of a column has its share in each: `table |> Table.foldsStratified "species" 5 key`.
    let foldsStratified (column: string) (k: int) (key: Key) (table: Table) : (Table * Table) list =
        Splits.stratifiedFolds k key (TableEdit.groups "Table.foldsStratified" column table)
        |> List.map (both table)

    /// `folds` in which the rows of one value of a column are held out together: `table |> Table.foldsGrouped "patient" 5 key`.
    let foldsGrouped (column: string) (k: int) (key: Key) (table: Table) : (Table * Table) list =
        Splits.groupedFolds k key (TableEdit.groups "Table.foldsGrouped" column table)
        |> List.map (both table)

    /// `k` pairs in the order of a column of numbers or dates: each holds out the next stretch of time, and keeps the rows
    /// before it, without the last `gap` of them. `table |> Table.foldsOrdered "date" 4 0`
    let foldsOrdered (column: string) (k: int) (gap: int) (table: Table) : (Table * Table) list =
        let sorted = TableEdit.ordered "Table.foldsOrdered" column table
        Splits.orderedFolds k gap sorted.RowCount |> List.map (both sorted)
