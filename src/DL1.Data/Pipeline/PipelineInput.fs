namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open DL1

/// What goes into a pipeline: rows from objects, and targets from tables.
[<RequireQualifiedAccess>]
module internal PipelineInput =
    let private operation = "Pipeline.Predict"

    let private find (fields: (string * (obj | null)) list) (name: string) : obj | null =
        match fields |> List.tryFind (fun (n, _) -> n = name) with
        | Some(_, value) -> value
        | None ->
            match
                fields |> List.filter (fun (n, _) -> n.Equals(name, StringComparison.OrdinalIgnoreCase))
            with
            | [ _, value ] -> value
            | _ ->
                let known = fields |> List.map fst |> String.concat ", "

                Refuse.domain
                    operation
                    $"no field '{name}' among: {known}"
                    "a field for each column that the pipeline reads"
                    "give null where the value is missing"

    let private kind (value: obj | null) =
        match value with
        | null -> "null"
        | :? string as text -> $"'{text}'"
        | value -> System.Convert.ToString(value, CultureInfo.InvariantCulture) |> string

    let private numberOf (mayMiss: Set<string>) (name: string) (value: obj | null) : float =
        let refuse expected cure : 'a =
            Refuse.domain operation $"{kind value} for the field '{name}'" expected cure

        match Cell.tryOf value with
        | Ok(Cell.Number n) when Double.IsFinite n -> n
        | Ok Cell.Missing when mayMiss.Contains name -> nan
        | Ok Cell.Missing ->
            refuse
                "a number: the pipeline puts none in where one is missing"
                "give a number, or fit a pipeline with Impute"
        | Ok(Cell.Number _) -> refuse "a finite number" "correct the value"
        | Ok(Cell.Text _) -> refuse "a number" "read the text as a number first"
        | Error reason -> refuse $"a number, not {reason}" "make a number of it"

    let private textOf (name: string) (categories: IReadOnlyList<string>) (value: obj | null) : string =
        let allowed = categories |> Seq.truncate 20 |> String.concat ", "

        match Cell.tryOf value with
        | Ok Cell.Missing -> ""
        | Ok(Cell.Text text) -> text
        | Ok(Cell.Number n) -> n.ToString("R", CultureInfo.InvariantCulture)
        | Error reason ->
            Refuse.domain
                operation
                $"{reason} for the field '{name}'"
                $"a text, one of: {allowed}"
                "make a text of it"

    /// One row as a table of the columns that an encoder reads.
    let table (encoder: TableEncoder) (mayMiss: Set<string>) (row: obj) : Table =
        let fields = Cell.fields operation "the row" row

        let columns =
            [
                for column in encoder.Columns do
                    let value = find fields column.Name

                    if column.Categories.Count = 0 then
                        column.Name, Column.Numbers [| numberOf mayMiss column.Name value |]
                    else
                        let text = textOf column.Name column.Categories value

                        if
                            text <> ""
                            && not encoder.IgnoresUnknown
                            && not (Seq.contains text column.Categories)
                        then
                            let allowed = column.Categories |> Seq.truncate 20 |> String.concat ", "

                            Refuse.domain
                                operation
                                $"'{text}' for the field '{column.Name}'"
                                $"one of: {allowed}"
                                "correct the value, or fit a pipeline that ignores unknown categories"

                        column.Name, Column.Texts [| text |]
            ]

        TableSource.ofColumns "the row" columns

    /// The classes of a target: texts in alphabetical order, numbers in their order.
    let classes operation (target: string) (table: Table) : string list =
        let texts = table.Texts target

        match texts |> Array.tryFindIndex ((=) "") with
        | Some row ->
            Refuse.domain
                operation
                $"no class in {table.Place(target, row)}"
                "a class in each row"
                "leave these rows out by complete"
        | None -> ()

        let found =
            match table[target] with
            | Column.Texts _ ->
                table.RequireCategories(operation, target)
                (Category.fit texts).Names |> List.ofSeq
            | Column.Numbers values ->
                let distinct = values |> Array.distinct |> Array.sort

                if distinct.Length > 1000 || distinct |> Array.exists (fun v -> v <> Math.Floor v) then
                    Refuse.domain
                        operation
                        $"the column '{target}' of %d{distinct.Length} different numbers in {table.Source}"
                        "classes: texts or whole numbers"
                        "predict it as a number"

                distinct |> Array.map (fun v -> v.ToString("R", CultureInfo.InvariantCulture)) |> List.ofArray

        if found.Length < 2 then
            Refuse.domain
                operation
                $"%d{found.Length} classes of '{target}' in {table.Source}"
                "two at least"
                "stratify the split"

        found

    /// Labels by the classes, i64 `[rows]`, or numbers, f64 `[rows; 1]`.
    let targets
        operation
        (task: PipelineTask)
        (target: string)
        (classes: string list)
        (table: Table)
        : Tensor =
        match task with
        | PipelineTask.Classification ->
            let numbers = Dictionary<string, int64>()
            classes |> List.iteri (fun i name -> numbers[name] <- int64 i)

            table.Texts target
            |> Array.mapi (fun row text ->
                match numbers.TryGetValue text with
                | true, n -> n
                | false, _ ->
                    let known = classes |> List.truncate 20 |> String.concat ", "

                    Refuse.domain
                        operation
                        $"'{text}' in {table.Place(target, row)}"
                        $"a class of the training rows: {known}"
                        "stratify the split, or leave the row out")
            |> Tensor.vector
        | PipelineTask.Regression ->
            let y = table.Numbers(DType.F64, target)

            match Tensor.toFloats y |> Array.tryFindIndex (fun v -> not (Double.IsFinite v)) with
            | Some row ->
                Refuse.domain
                    operation
                    $"no finite number in {table.Place(target, row)}"
                    "a number in each row"
                    "leave these rows out by complete"
            | None -> y
