namespace DL1.Data

open System
open System.Collections
open System.Collections.Generic
open System.Diagnostics.CodeAnalysis
open System.Globalization
open System.Reflection
open DL1

/// One value of a row, before it is known what its column is.
[<RequireQualifiedAccess; Struct>]
type internal Cell =
    | Missing
    | Number of number: float
    | Text of text: string

/// Values of .NET as cells, and objects as rows of them.
[<RequireQualifiedAccess>]
module internal Cell =
    let private days (moment: DateTime) = (moment - DateTime.UnixEpoch).TotalDays

    /// The value, or the reason why it is none.
    let tryOf (value: obj | null) : Result<Cell, string> =
        let number (v: float) = Ok(if Double.IsNaN v then Cell.Missing else Cell.Number v)

        match value with
        | null -> Ok Cell.Missing
        | :? float as v -> number v
        | :? float32 as v -> number (float v)
        | :? int as v -> number (float v)
        | :? int64 as v ->
            if int64 (float v) = v && abs (float v) < 9.1e15 then
                number (float v)
            else
                Error "a whole number that float64 does not keep"
        | :? decimal as v -> number (float v)
        | :? bool as v -> number (if v then 1.0 else 0.0)
        | :? string as v -> Ok(if String.IsNullOrWhiteSpace v then Cell.Missing else Cell.Text(v.Trim()))
        | :? Enum as v -> Ok(Cell.Text(v.ToString()))
        | :? DateTime as v -> number (days v)
        | :? DateTimeOffset as v -> number (days v.UtcDateTime)
        | :? DateOnly as v -> number (days (v.ToDateTime TimeOnly.MinValue))
        | :? char as v -> Ok(Cell.Text(string v))
        | :? byte as v -> number (float v)
        | :? sbyte as v -> number (float v)
        | :? int16 as v -> number (float v)
        | :? uint16 as v -> number (float v)
        | :? uint32 as v -> number (float v)
        | v ->
            // An option: None is null, and was met above.
            match v with
            | :? option<float> as v -> number (Option.defaultValue nan v)
            | :? option<float32> as v -> number (float (Option.defaultValue nanf v))
            | :? option<int> as v -> number (float (Option.defaultValue 0 v))
            | :? option<bool> as v -> number (if Option.contains true v then 1.0 else 0.0)
            | :? option<string> as v ->
                let text = Option.defaultValue "" v
                Ok(if String.IsNullOrWhiteSpace text then Cell.Missing else Cell.Text(text.Trim()))
            | _ -> Error $"a value of the type {v.GetType().Name}"

    let private allowed =
        "a number, a truth value, a text, an enumeration, a date, or none of them where it is missing"

    let ofValue operation (place: string) (value: obj | null) : Cell =
        match tryOf value with
        | Ok cell -> cell
        | Error reason -> Refuse.domain operation $"{reason} in {place}" allowed "make one of these of it"

    [<UnconditionalSuppressMessage("Trimming",
                                   "IL2070",
                                   Justification = "Where properties are gone, the refusal names the cure.")>]
    let private readable (kind: Type) : PropertyInfo[] =
        kind.GetProperties(BindingFlags.Public ||| BindingFlags.Instance)
        |> Array.filter (fun p -> p.CanRead && p.GetIndexParameters().Length = 0)
        // In the order of their declaration.
        |> Array.sortBy _.MetadataToken

    /// The names and values of an object: the entries of a dictionary, or the public properties.
    let fields operation (place: string) (item: obj | null) : (string * (obj | null)) list =
        match item with
        | null -> Refuse.domain operation $"null for {place}" "an object, or a dictionary" "leave it out"
        | :? seq<KeyValuePair<string, obj>> as entries -> [ for entry in entries -> entry.Key, entry.Value ]
        | :? IDictionary as entries ->
            [
                for key in entries.Keys do
                    match key with
                    | :? string as name -> name, entries[name]
                    | key ->
                        Refuse.domain
                            operation
                            $"a key of the type {key.GetType().Name} in {place}"
                            "names of columns"
                            "take a dictionary of texts to values"
            ]
        | item ->
            let kind = item.GetType()

            match readable kind with
            | [||] ->
                Refuse.domain
                    operation
                    $"{place} of the type {kind.Name}, without a public property"
                    "a record, an anonymous object, or a dictionary of names and values"
                    (if PlainText.isTrimmed () then
                         "give a dictionary, or keep the type's properties in the trimmed program, by DynamicDependency"
                     else
                         "give the values names")
            | properties ->
                if item :? string || item :? IEnumerable || kind.IsPrimitive then
                    Refuse.domain
                        operation
                        $"{place} of the type {kind.Name}"
                        "a record, an anonymous object, or a dictionary of names and values"
                        "give the values names"

                [ for p in properties -> p.Name, p.GetValue item ]

    /// The names of a type's columns, for no object at all.
    let names (kind: Type) : string list = readable kind |> Seq.map _.Name |> List.ofSeq

/// Tables of what a program holds.
[<RequireQualifiedAccess>]
module internal TableSource =
    let private made (source: string) (columns: (string * Column) list) rows : Table =
        match columns |> List.countBy fst |> List.tryFind (fun (_, n) -> n > 1) with
        | Some(name, n) ->
            Refuse.domain "Table" $"%d{n} columns named '{name}'" "each name once" "rename one of them"
        | None -> ()

        for name, column in columns do
            if String.IsNullOrWhiteSpace name then
                Refuse.domain "Table" "a column without a name" "a name" "name the column"

            if column.Count <> rows then
                Refuse.shape
                    "Table"
                    $"%d{column.Count} values of '{name}' beside %d{rows} of the first column"
                    "as many values in each column"
                    "check how the columns were made"

        let all = columns |> List.map snd |> Array.ofList

        Table(
            source,
            columns |> List.map fst |> Array.ofList,
            {
                Columns = all
                Doubts = all |> Array.map (fun _ -> None)
                Whole = all
                Options = CsvOptions.Default
            },
            Array.init rows (fun row -> row + 1)
        )

    let ofColumns (source: string) (columns: seq<string * Column>) : Table =
        let copied (column: Column) =
            match column with
            | Column.Numbers values -> Column.Numbers(Array.copy values)
            | Column.Texts values ->
                Column.Texts(
                    values |> Array.map (fun text -> if String.IsNullOrWhiteSpace text then "" else text)
                )

        match [ for name, column in Refuse.nulls "columns" columns -> name, copied column ] with
        | [] -> Refuse.domain "Table" "no column" "one at least" "name the columns"
        | (_, first) :: _ as columns -> made source columns first.Count

    /// Numbers where all are numbers or missing, texts where all are texts or missing.
    let private column (name: string) (cells: Cell[]) : Column =
        let find predicate = cells |> Array.tryFindIndex predicate

        match find _.IsNumber, find _.IsText with
        | Some number, Some text ->
            let shown row =
                match cells[row] with
                | Cell.Text t -> $"'{t}'"
                | Cell.Number n -> string n
                | Cell.Missing -> "nothing"

            Refuse.domain
                "Table.ofObjects"
                $"{shown number} in row %d{number} and {shown text} in row %d{text} of the column '{name}'"
                "numbers in all rows, or texts in all"
                "make one kind of the values"
        | _, Some _ ->
            cells
            |> Array.map (fun cell ->
                match cell with
                | Cell.Text t -> t
                | Cell.Number _
                | Cell.Missing -> "")
            |> Column.Texts
        | _, None ->
            cells
            |> Array.map (fun cell ->
                match cell with
                | Cell.Number n -> n
                | Cell.Text _
                | Cell.Missing -> nan)
            |> Column.Numbers

    let ofObjects (source: string) (items: seq<'a>) : Table =
        let operation = "Table.ofObjects"
        let rows = [| for i, item in Seq.indexed items -> Cell.fields operation $"row %d{i}" (box item) |]

        let names =
            if rows.Length = 0 then
                Cell.names typeof<'a>
            else
                rows |> Seq.collect (List.map fst) |> Seq.distinct |> List.ofSeq

        if names.IsEmpty then
            Refuse.domain operation "objects without a property" "names with values" "give the values names"

        let values = rows |> Array.map dict

        let columnOf name =
            name,
            values
            |> Array.mapi (fun row fields ->
                match fields.TryGetValue name with
                | true, value -> Cell.ofValue operation $"row %d{row} of the column '{name}'" value
                | false, _ -> Cell.Missing)
            |> column name

        made source (names |> List.map columnOf) rows.Length
