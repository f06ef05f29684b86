namespace DL1.Data

open DL1

/// Fitted pipelines as C#: the encoder of categories becomes a table of rows of 0 and 1.
[<RequireQualifiedAccess>]
module internal PipelineCode =
    /// The categories of a column that have a column of their own.
    let private shown (encoder: TableEncoder) (column: EncodedColumn) =
        let names = set encoder.Names
        column.Categories |> Seq.filter (fun c -> names.Contains $"{column.Name}={c}") |> List.ofSeq

    /// A row of zeros for what is missing, then the row of each category.
    let private table (encoder: TableEncoder) (column: EncodedColumn) : Tensor =
        let kept = shown encoder column
        let rows = "" :: List.ofSeq column.Categories

        Tensor.ofArray
            [ rows.Length; kept.Length ]
            [|
                for row in rows do
                    for category in kept -> if row = category then 1.0 else 0.0
            |]

    let private encoded (encoder: TableEncoder) (x: Expr) : Expr =
        Seq.indexed encoder.Columns
        |> Seq.map (fun (i, column) ->
            let value = Expr.sliceAxis 1 i (i + 1) x

            if column.Categories.Count = 0 then
                value
            else
                let place = Expr.where (Elementwise.isNaN value) (Expr.full DType.F64 [ 1; 1 ] -1.0) value
                let place = Expr.cast DType.I64 (Expr.reshape [ 1 ] place) + 1
                Expr.gather 0 place (Expr.constant (table encoder column)))
        |> List.ofSeq
        |> Expr.concat 1

    let private notes (parts: FittedParts) : string list =
        [
            $"{parts.Target}: {parts.Notes}"
            for i, column in Seq.indexed parts.Encoder.Columns do
                let kind =
                    if column.Categories.Count > 0 then
                        let places = column.Categories |> Seq.mapi (fun k name -> $"%d{k} {name}")
                        "a category, -1 where it is missing: " + String.concat ", " places
                    elif parts.MayMiss.Contains column.Name then
                        "a number, NaN where it is missing"
                    else
                        "a number"

                $"input[%d{i}] {column.Name}: {kind}"
        ]

    /// Two rows that every pipeline takes: positive numbers, the first and the last category.
    let private drawn (parts: FittedParts) : Tensor =
        let columns = List.ofSeq parts.Encoder.Columns

        let row k =
            [
                for i, column in List.indexed columns do
                    if column.Categories.Count > 0 then
                        (if k = 0 then 0.0 else float (column.Categories.Count - 1))
                    else
                        float (k + 1) + float i / 8.0
            ]

        Tensor.ofArray [ 2; columns.Length ] (Array.ofList (row 0 @ row 1))

    /// The class for one row.
    let source
        (options: ModelCodeOptions)
        (name: string)
        (parts: FittedParts)
        (predict: Expr -> Expr)
        : ModelSource =
        let x = Expr.variable "input" DType.F64 [ 1; parts.Encoder.Columns.Count ]

        let options =
            { options with
                Samples = (if options.Samples.IsEmpty then [ drawn parts ] else options.Samples)
                Classes = (if options.Classes.IsEmpty then parts.Classes else options.Classes)
            }

        ModelCode.ofRow options name (notes parts) x (predict (encoded parts.Encoder x))
