namespace DL1.Data

open System
open System.Collections.Generic
open DL1

/// Tables made of tables.
[<RequireQualifiedAccess>]
module internal TableEdit =
    /// A column with its name, what it was in the whole table, and the doubt about it.
    type private Part = { Name: string; Column: Column; Whole: Column; Doubt: Doubt option }

    let private parts (table: Table) : Part list =
        [
            for i, name in Seq.indexed table.Names ->
                {
                    Name = name
                    Column = table.Data.Columns[i]
                    Whole = table.Data.Whole[i]
                    Doubt = table.Data.Doubts[i]
                }
        ]

    let private requireName operation (name: string) =
        if String.IsNullOrWhiteSpace name then
            Refuse.domain operation "a column without a name" "a name" "name the column"

    let private remade (table: Table) (parts: Part list) : Table =
        let all = Array.ofList parts

        Table(
            table.Source,
            all |> Array.map _.Name,
            {
                Columns = all |> Array.map _.Column
                Doubts = all |> Array.map _.Doubt
                Whole = all |> Array.map _.Whole
                Options = table.Data.Options
            },
            table.Lines
        )

    let private one name (column: Column) = { Name = name; Column = column; Whole = column; Doubt = None }

    let private put (part: Part) (table: Table) : Table =
        let known = parts table

        if known |> List.exists (fun p -> p.Name = part.Name) then
            known |> List.map (fun p -> if p.Name = part.Name then part else p) |> remade table
        else
            known @ [ part ] |> remade table

    let add (name: string) (column: Column) (table: Table) : Table =
        requireName "Table.addColumn" name

        if column.Count <> table.RowCount then
            Refuse.shape
                "Table.addColumn"
                $"a column '{name}' of %d{column.Count} values beside %d{table.RowCount} rows"
                "a value for each row"
                "check how the column was made"

        put (one name column) table

    let private rowsOf (table: Table) (f: TableRow -> 'v) : 'v[] =
        Array.init table.RowCount (fun i -> f (TableRow(table, i)))

    let filter (condition: TableRow -> bool) (table: Table) : Table =
        rowsOf table condition |> Seq.indexed |> Seq.filter snd |> Seq.map fst |> Array.ofSeq |> table.Rows

    let addNumbers name (f: TableRow -> float) (table: Table) : Table =
        add name (Column.Numbers(rowsOf table f)) table

    let private textOf (operation: string) (name: string) (text: string | null) : string =
        match text with
        | null ->
            Refuse.domain
                operation
                $"null for the column '{name}'"
                "a text"
                "give the empty text where it is missing"
        | text -> text

    let addTexts name (f: TableRow -> string) (table: Table) : Table =
        add name (Column.Texts(rowsOf table (f >> textOf "Table.addTexts" name))) table

    let mapNumbers name (f: float -> float) (table: Table) : Table =
        // What was in doubt is refused here, where somebody says that it is numbers.
        let column = table.Values name
        put (one name (Column.Numbers(Array.map f column))) table

    let mapTexts name (f: string -> string) (table: Table) : Table =
        let f = f >> textOf "Table.mapTexts" name
        let texts = table.Texts name |> Array.map f
        let known = parts table |> List.find (fun p -> p.Name = name)

        let whole =
            match known.Whole with
            | Column.Texts values -> Array.map f values
            | Column.Numbers _ -> texts

        put { Name = name; Column = Column.Texts texts; Whole = Column.Texts whole; Doubt = None } table

    let private requireAll (names: string[]) (table: Table) =
        for name in names do
            table[name] |> ignore

    let drop (names: string[]) (table: Table) : Table =
        requireAll names table
        let left = Set names
        parts table |> List.filter (fun p -> not (left.Contains p.Name)) |> remade table

    let select (names: string[]) (table: Table) : Table =
        requireAll names table

        match Array.countBy id names |> Array.tryFind (fun (_, n) -> n > 1) with
        | Some(name, _) ->
            Refuse.domain
                "Table.select"
                $"the column '{name}' twice"
                "each column once"
                "name it once, or add a copy by another name"
        | None -> ()

        let known = parts table |> List.map (fun p -> p.Name, p) |> dict
        [ for name in names -> known[name] ] |> remade table

    let rename (before: string) (after: string) (table: Table) : Table =
        table[before] |> ignore
        requireName "Table.rename" after

        if before <> after && Seq.contains after table.Names then
            Refuse.domain
                "Table.rename"
                $"the name '{after}' for the column '{before}' of {table.Source}"
                "a name that no other column has"
                "drop the other column first, or take another name"

        parts table
        |> List.map (fun p -> if p.Name = before then { p with Name = after } else p)
        |> remade table

    let private joined (a: Column) (b: Column) : Column option =
        match a, b with
        | Column.Numbers x, Column.Numbers y -> Some(Column.Numbers(Array.append x y))
        | Column.Texts x, Column.Texts y -> Some(Column.Texts(Array.append x y))
        | Column.Numbers _, Column.Texts _
        | Column.Texts _, Column.Numbers _ -> None

    let append (first: Table) (second: Table) : Table =
        if List.ofSeq first.Names <> List.ofSeq second.Names then
            let shown (t: Table) = String.Join(", ", t.Names)

            Refuse.domain
                "Table.append"
                $"columns {shown second} of {second.Source} below {shown first} of {first.Source}"
                "the same columns in the same order"
                "select the columns that both have, by name"

        let column (a: Part) (b: Part) : Part =
            match joined a.Column b.Column, joined a.Whole b.Whole with
            | Some column, Some whole ->
                { a with Column = column; Whole = whole; Doubt = Option.orElse b.Doubt a.Doubt }
            | _ ->
                Refuse.domain
                    "Table.append"
                    $"the column '{a.Name}' of numbers in one table and of texts in the other"
                    "the same kind in both"
                    "say the type of the column where the tables are read"

        let all = List.map2 column (parts first) (parts second) |> Array.ofList

        Table(
            (if first.Source = second.Source then
                 first.Source
             else
                 $"{first.Source} and {second.Source}"),
            Array.ofSeq first.Names,
            {
                Columns = all |> Array.map _.Column
                Doubts = all |> Array.map _.Doubt
                Whole = all |> Array.map _.Whole
                Options = first.Data.Options
            },
            Array.append first.Lines second.Lines
        )

    let sortBy (name: string) (table: Table) : Table =
        match table[name] with
        | Column.Numbers values ->
            // Missing values last, whatever the order of NaN.
            [| 0 .. values.Length - 1 |]
            |> Array.sortWith (fun a b ->
                let a', b' = values[a], values[b]

                match Double.IsNaN a', Double.IsNaN b' with
                | true, true -> compare a b
                | true, false -> 1
                | false, true -> -1
                | false, false -> if a' = b' then compare a b else compare a' b')
            |> table.Rows
        | Column.Texts values ->
            [| 0 .. values.Length - 1 |]
            |> Array.sortWith (fun a b ->
                match values[a], values[b] with
                | "", "" -> compare a b
                | "", _ -> 1
                | _, "" -> -1
                | x, y ->
                    match String.CompareOrdinal(x, y) with
                    | 0 -> compare a b
                    | order -> order)
            |> table.Rows

    let complete (names: string[]) (table: Table) : Table =
        requireAll names table
        let names = if names.Length = 0 then Array.ofSeq table.Names else names
        filter (fun row -> names |> Array.forall (fun name -> not (row.IsMissing name))) table

    /// Each row's value of a column as a whole number; a missing one is refused.
    let groups operation (name: string) (table: Table) : Tensor =
        let numbers = Dictionary<string, int64>()

        table.Texts name
        |> Array.mapi (fun row text ->
            if text = "" then
                Refuse.domain
                    operation
                    $"no value in {table.Place(name, row)}"
                    "a value in each row of the column that the split goes by"
                    "leave these rows out by complete, or give them a value"

            match numbers.TryGetValue text with
            | true, n -> n
            | false, _ ->
                let n = int64 numbers.Count
                numbers[text] <- n
                n)
        |> Tensor.vector

    /// The rows in the order of a column of numbers; a missing one is refused.
    let ordered operation (name: string) (table: Table) : Table =
        match table[name] with
        | Column.Numbers values ->
            match values |> Array.tryFindIndex Double.IsNaN with
            | Some row ->
                Refuse.domain
                    operation
                    $"no value in {table.Place(name, row)}"
                    "a value in each row of the column that the split goes by"
                    "leave these rows out by complete, or give them a value"
            | None -> sortBy name table
        | Column.Texts _ ->
            Refuse.domain
                operation
                $"the column '{name}' of texts in {table.Source}"
                "a column of numbers or dates"
                "read dates as ColumnType.Date, which makes days of them"
