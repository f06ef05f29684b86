namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open DL1

/// A field that a pipeline reads from a row: a number, where there are no categories, or a text.
type PipelineField =
    {
        /// The name of the field, that of the column.
        Name: string
        /// The texts that were met in the training rows, in alphabetical order; none for a number.
        Categories: IReadOnlyList<string>
        /// Whether the value may be missing: null, empty or NaN. A text that is missing belongs to no category.
        MayBeMissing: bool
        /// Whether a text that is none of the categories is taken, as one that belongs to none.
        IgnoresUnknown: bool
    }

/// What is wrong with the value of a field.
[<RequireQualifiedAccess; Struct>]
type FieldFault =
    /// The row has no such field.
    | Absent
    /// The value is missing, where a number is needed.
    | Missing
    /// The value is no finite number, where one is needed.
    | NotNumber
    /// The text is none of the categories.
    | UnknownCategory
    /// The value is neither a number nor a text: a list, for example.
    | Unreadable

/// A field of a row that a pipeline does not take, as parts for a message of one's own, and as a message.
[<StructuredFormatDisplay("{Display}")>]
type FieldProblem =
    {
        /// The field.
        Field: PipelineField
        /// What is wrong.
        Fault: FieldFault
        /// The value as a text: `null` where it is missing, empty where the field is not there.
        Value: string
        /// What was given, as errors have it: `'Atlantis' for the field 'island'`.
        Given: string
        /// What is taken: `one of: Biscoe, Dream, Torgersen`.
        Expected: string
        /// What to do.
        Cure: string
    }

    /// `'Atlantis' for the field 'island'; expected: one of: Biscoe, Dream, Torgersen`.
    override this.ToString() = this.Given + "; expected: " + this.Expected
    member internal this.Display = Format.following (this.ToString())

/// Reading the fields of a row.
[<RequireQualifiedAccess>]
module internal PipelineField =
    let private written (value: obj | null) =
        match value with
        | null -> "null"
        | value -> System.Convert.ToString(value, CultureInfo.InvariantCulture) |> string

    let private quoted (value: obj | null) =
        match value with
        | :? string as text -> $"'{text}'"
        | value -> written value

    let private problem field fault (value: obj | null) given expected cure =
        {
            Field = field
            Fault = fault
            Value = written value
            Given = given
            Expected = expected
            Cure = cure
        }

    let private allowed (field: PipelineField) = field.Categories |> Seq.truncate 20 |> String.concat ", "

    /// A number, NaN where it is missing and may be.
    let number (field: PipelineField) (value: obj | null) : Result<float, FieldProblem> =
        let refuse fault expected cure =
            Error(problem field fault value $"{quoted value} for the field '{field.Name}'" expected cure)

        match Cell.tryOf value with
        | Ok(Cell.Number n) when Double.IsFinite n -> Ok n
        | Ok Cell.Missing when field.MayBeMissing -> Ok nan
        | Ok Cell.Missing ->
            refuse
                FieldFault.Missing
                "a number: the pipeline puts none in where one is missing"
                "give a number, or fit a pipeline with Impute"
        | Ok(Cell.Number _) -> refuse FieldFault.NotNumber "a finite number" "correct the value"
        | Ok(Cell.Text _) -> refuse FieldFault.NotNumber "a number" "read the text as a number first"
        | Error reason -> refuse FieldFault.Unreadable $"a number, not {reason}" "make a number of it"

    /// A text, empty where it is missing.
    let text (field: PipelineField) (value: obj | null) : Result<string, FieldProblem> =
        let known (text: string) =
            if text = "" || field.IgnoresUnknown || Seq.contains text field.Categories then
                Ok text
            else
                Error(
                    problem
                        field
                        FieldFault.UnknownCategory
                        value
                        $"'{text}' for the field '{field.Name}'"
                        $"one of: {allowed field}"
                        "correct the value, or fit a pipeline that ignores unknown categories"
                )

        match Cell.tryOf value with
        | Ok Cell.Missing -> Ok ""
        | Ok(Cell.Text text) -> known text
        | Ok(Cell.Number n) -> known (n.ToString("R", CultureInfo.InvariantCulture))
        | Error reason ->
            Error(
                problem
                    field
                    FieldFault.Unreadable
                    value
                    $"{reason} for the field '{field.Name}'"
                    $"a text, one of: {allowed field}"
                    "make a text of it"
            )

    /// The value of a field among those of a row; case counts only where two names differ by nothing else.
    let find
        (fields: (string * (obj | null)) list)
        (field: PipelineField)
        : Result<obj | null, FieldProblem> =
        match fields |> List.tryFind (fun (name, _) -> name = field.Name) with
        | Some(_, value) -> Ok value
        | None ->
            match
                fields
                |> List.filter (fun (name, _) -> name.Equals(field.Name, StringComparison.OrdinalIgnoreCase))
            with
            | [ _, value ] -> Ok value
            | _ ->
                let known = fields |> List.map fst |> String.concat ", "

                Error
                    { problem
                          field
                          FieldFault.Absent
                          null
                          $"no field '{field.Name}' among: {known}"
                          "a field for each column that the pipeline reads"
                          "give null where the value is missing" with
                        Value = ""
                    }

    /// The value of a field as a column of one row.
    let column (fields: (string * (obj | null)) list) (field: PipelineField) : Result<Column, FieldProblem> =
        find fields field
        |> Result.bind (fun value ->
            if field.Categories.Count = 0 then
                number field value |> Result.map (fun n -> Column.Numbers [| n |])
            else
                text field value |> Result.map (fun t -> Column.Texts [| t |]))
