namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open DL1

/// What goes into a pipeline: rows from objects, and targets from tables.
[<RequireQualifiedAccess>]
module internal PipelineInput =
    /// The fields that a row must have.
    let fields (encoder: TableEncoder) (mayMiss: Set<string>) : PipelineField list =
        [
            for column in encoder.Columns ->
                {
                    Name = column.Name
                    Categories = column.Categories
                    MayBeMissing = column.Categories.Count > 0 || mayMiss.Contains column.Name
                    IgnoresUnknown = column.Categories.Count > 0 && encoder.IgnoresUnknown
                }
        ]

    /// Each field of a row that is not taken.
    let problems (expected: PipelineField list) (row: obj) : FieldProblem list =
        let given = Cell.fields "Pipeline.Check" "the row" row

        expected
        |> List.choose (fun field ->
            match PipelineField.column given field with
            | Ok _ -> None
            | Error problem -> Some problem)

    /// One row as a table of the columns that an encoder reads; the first field that is not taken is refused.
    let table (expected: PipelineField list) (row: obj) : Table =
        let operation = "Pipeline.Predict"
        let given = Cell.fields operation "the row" row

        let columns =
            [
                for field in expected ->
                    match PipelineField.column given field with
                    | Ok column -> field.Name, column
                    | Error p -> Refuse.domain operation p.Given p.Expected p.Cure
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
