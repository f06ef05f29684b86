namespace DL1.Data

open System
open DL1

/// Tensors of a table as arrays of f64, for what is fitted exactly.
[<RequireQualifiedAccess>]
module internal Matrix =
    /// A table `[rows; columns]` of f32 or f64, refused where it is none.
    let require operation (x: Tensor) : unit =
        if x.Rank <> 2 || not x.DType.IsFloat then
            Refuse.shape
                operation
                $"{x.DType} {x.Shape}"
                "f32 or f64 [rows; columns]"
                "cast it, or reshape it to a table"

    /// The rows, all numbers finite; one row and one column at least.
    let rows operation (x: Tensor) : float[][] =
        require operation x

        if x.Size = 0 then
            Refuse.domain
                operation
                $"a table {x.Shape}"
                "a row and a column at least"
                "check how the data were made"

        Admit.finite operation "inputs" x
        let values = Tensor.toFloats x
        Array.init x.Shape[0] (fun r -> Array.sub values (r * x.Shape[1]) x.Shape[1])

    /// The rows of a table of as many columns as where something was fitted.
    let rowsOf operation columns (x: Tensor) : float[][] =
        require operation x

        if x.Shape[1] <> columns then
            Refuse.shape
                operation
                $"a table {x.Shape}"
                $"%d{columns} columns, as where it was fitted"
                "take the same columns in the same order"

        if x.Shape[0] = 0 then [||] else rows operation x

    /// The columns of rows.
    let columns (rows: float[][]) : float[][] =
        Array.init rows[0].Length (fun c -> Array.init rows.Length (fun r -> rows[r][c]))

    /// Rows as a tensor of f64.
    let tensor width (rows: float[][]) : Tensor = Tensor.ofArray [ rows.Length; width ] (Array.concat rows)

    /// Numbers for each row: `[rows]` or `[rows; targets]`, as rows of targets.
    let targets operation rows (y: Tensor) : float[][] =
        if not y.DType.IsFloat || y.Rank < 1 || y.Rank > 2 || y.Shape[0] <> rows || y.Size = 0 then
            Refuse.shape
                operation
                $"targets {y.DType} {y.Shape} beside %d{rows} rows"
                "f32 or f64 [rows] or [rows; targets]"
                "give a number for each row; cast whole numbers"

        Admit.finite operation "targets" y
        let values = Tensor.toFloats y
        let width = y.Size / rows
        Array.init rows (fun r -> Array.sub values (r * width) width)

    /// A class from 0 for each row, from whole numbers or truth values `[rows]`, and how many classes there are.
    let classes operation rows (labels: Tensor) : struct (int[] * int) =
        if labels.DType.IsFloat || labels.Size <> rows || labels.Rank < 1 || labels.Shape[0] <> rows then
            Refuse.shape
                operation
                $"labels {labels.DType} {labels.Shape} beside %d{rows} rows"
                "whole numbers or truth values [rows]"
                "give a class for each row; number classes that are texts by Labels"

        let numbers = Tensor.toFloats labels

        match numbers |> Array.tryFindIndex (fun l -> l < 0.0 || l > 65535.0) with
        | Some row ->
            Refuse.domain
                operation
                $"the label {string numbers[row]} in row %d{row}"
                "a class from 0 to 65535"
                "number the classes from 0"
        | None -> ()

        let classes = numbers |> Array.map int
        let count = 1 + Array.max classes
        let met = Array.zeroCreate<bool> count
        classes |> Array.iter (fun c -> met[c] <- true)

        match Array.tryFindIndex not met with
        | Some c ->
            Refuse.domain
                operation
                $"no row of class %d{c}, of classes up to %d{count - 1}"
                "rows of each class from 0"
                "number the classes that are there from 0, or stratify the split"
        | None -> ()

        if count < 2 then
            Refuse.domain operation "rows of one class" "rows of two classes at least" "stratify the split"

        struct (classes, count)

/// What was fitted and can be written as a graph: a preparation or a model.
type IFitted =
    /// The outputs for inputs `[rows; columns]`, in their type: for export, for derivatives, as a part of a larger model.
    abstract Express: inputs: Expr -> Expr

/// Constants for graphs, in the type of what they meet.
[<RequireQualifiedAccess>]
module internal Graphs =
    let vector (x: Expr) (values: float[]) : Expr =
        Expr.constant (Tensor.vector values |> Tensor.cast x.DType)

    let matrix (x: Expr) (t: Tensor) : Expr = Expr.constant (Tensor.cast x.DType t)

    /// Refuses inputs of other columns than were fitted.
    let require operation columns (x: Expr) =
        if x.Shape.Rank <> 2 || x.Shape[1] <> columns || not x.DType.IsFloat then
            Refuse.shape
                operation
                $"inputs {x.DType} {x.Shape}"
                $"f32 or f64 [rows; %d{columns}]"
                "take the columns that it was fitted on"
