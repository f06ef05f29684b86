namespace DL1.Data

open System
open System.Runtime.InteropServices
open DL1

/// Answers by the nearest training rows: a class by their votes, a number by their mean. Distances are Euclidean, so scale the
/// columns first. All distances are computed; of equal ones the earlier row counts as nearer. Numbers are those of
/// scikit-learn's `KNeighborsClassifier` and `KNeighborsRegressor`.
///
/// <example><code>
/// let model = Neighbours.Classify(x, labels, count = 5)
/// let classes = model.Predict later
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Neighbours private (rows: float[][], values: float[][], count: int, byDistance: bool, isClassifier: bool)
    =
    let columns = rows[0].Length
    let width = values[0].Length

    static member private Require(operation: string, count: int, rows: float[][]) =
        if count < 1 || count > rows.Length then
            Refuse.domain
                operation
                $"%d{count} neighbours of %d{rows.Length} rows"
                "1 or more, at most one a row"
                "5 is usual"

    /// A classifier from inputs `[rows; columns]` and classes `[rows]`, whole numbers from 0 or truth values. By distance,
    /// a vote counts one divided by its distance. `Neighbours.Classify(x, labels, count = 5)`
    static member Classify
        (
            x: Tensor,
            labels: Tensor,
            [<Optional; DefaultParameterValue(5)>] count: int,
            [<Optional; DefaultParameterValue(false)>] byDistance: bool
        ) : Neighbours =
        let operation = "Neighbours.Classify"
        let rows = Matrix.rows operation x
        Neighbours.Require(operation, count, rows)
        let struct (classes, number) = Matrix.classes operation rows.Length labels

        let votes = classes |> Array.map (fun c -> Array.init number (fun k -> if k = c then 1.0 else 0.0))

        Neighbours(rows, votes, count, byDistance, true)

    /// A regression from inputs `[rows; columns]` and targets `[rows]` or `[rows; targets]`. By distance, a row counts one
    /// divided by its distance. `Neighbours.Regress(x, y, count = 5)`
    static member Regress
        (
            x: Tensor,
            y: Tensor,
            [<Optional; DefaultParameterValue(5)>] count: int,
            [<Optional; DefaultParameterValue(false)>] byDistance: bool
        ) : Neighbours =
        let operation = "Neighbours.Regress"
        let rows = Matrix.rows operation x
        Neighbours.Require(operation, count, rows)
        Neighbours(rows, Matrix.targets operation rows.Length y, count, byDistance, false)

    /// The mean of the nearest rows' values.
    member private _.Mean(row: float[]) : float[] =
        let distances =
            rows
            |> Array.map (fun other ->
                let mutable square = 0.0

                for c in 0 .. columns - 1 do
                    let d = row[c] - other[c]
                    square <- square + d * d

                sqrt square)

        let nearest =
            Array.init rows.Length id |> Array.sortBy (fun i -> struct (distances[i], i)) |> Array.take count

        let weight =
            if not byDistance then
                fun _ -> 1.0
            // A row that lies there counts alone.
            elif nearest |> Array.exists (fun i -> distances[i] = 0.0) then
                fun i -> (if distances[i] = 0.0 then 1.0 else 0.0)
            else
                fun i -> 1.0 / distances[i]

        let total = nearest |> Array.sumBy weight
        Array.init width (fun k -> (nearest |> Array.sumBy (fun i -> weight i * values[i][k])) / total)

    /// For a classifier the probability of each class, f64 `[rows; classes]`; else the numbers, `[rows; targets]`.
    /// `model.Values later`
    member this.Values(x: Tensor) : Tensor =
        Matrix.rowsOf "Neighbours.Values" columns x |> Array.map this.Mean |> Matrix.tensor width

    /// The class of each row, i64 `[rows]`, the first of equals; of a regression the numbers, f64 `[rows; targets]`.
    /// `model.Predict later`
    member this.Predict(x: Tensor) : Tensor =
        if isClassifier then Classification.argMax (this.Values x) else this.Values x

    /// Whether it answers with classes.
    member _.IsClassifier = isClassifier

    /// The answers as a graph, `[rows; classes]` or `[rows; targets]` for inputs `[rows; columns]`: of a classifier the
    /// logarithms of the probabilities, −1e30 for a class without a vote.
    member _.Express(x: Expr) : Expr =
        Graphs.require "Neighbours" columns x
        let known = Graphs.matrix x (Matrix.tensor columns rows)
        let own = Graphs.matrix x (Matrix.tensor width values)
        let batch = x.Shape[0]

        let difference = Expr.reshape [ batch; 1; columns ] x - Expr.reshape [ 1; rows.Length; columns ] known

        let square = Expr.sum [ 2 ] (difference * difference)
        let places = Expr.reshape [ 1; rows.Length ] (Expr.arange DType.I64 rows.Length)
        let far = Expr.full x.DType [ batch; rows.Length ] Double.MaxValue

        let far =
            if x.DType = DType.F32 then
                Expr.full x.DType [ batch; rows.Length ] 3.4e38
            else
                far

        // The nearest, one after another: each is put out of reach once it has been found.
        let step (left: Expr, chosen: Expr) _ =
            let place = Expr.reshape [ batch; 1 ] (Expr.argMin 1 left)
            let isIt = Expr.equal places place
            Expr.where isIt far left, Expr.either chosen isIt

        let none = Expr.broadcastTo [ batch; rows.Length ] (Expr.constant (Tensor.scalar false))

        let _, chosen = List.fold step (square, none) [ 1..count ]
        let zeros = Expr.zerosLike square
        let ones = Expr.onesLike square

        let weights =
            if not byDistance then
                Expr.where chosen ones zeros
            else
                let isHere = Expr.both chosen (Expr.equal square zeros)
                let anyHere = Expr.max [ 1 ] (Expr.where isHere ones zeros) |> Expr.reshape [ batch; 1 ]

                let inverse =
                    Expr.where chosen (Expr.rsqrt (Expr.where (Expr.equal square zeros) ones square)) zeros

                Expr.where
                    (Expr.broadcastTo [ batch; rows.Length ] (anyHere .> 0.0))
                    (Expr.where isHere ones zeros)
                    inverse

        let mean = Expr.matmul weights own / Expr.reshape [ batch; 1 ] (Expr.sum [ 1 ] weights)

        if isClassifier then
            let isZero = Expr.equal mean (Expr.zerosLike mean)

            Expr.where
                isZero
                (Expr.full x.DType [ batch; width ] -1e30)
                (log (Expr.where isZero (Expr.onesLike mean) mean))
        else
            mean

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// `the nearest 5 of 120 rows`.
    override _.ToString() = $"the nearest %d{count} of %d{rows.Length} rows"
    member internal this.Display = this.ToString()
