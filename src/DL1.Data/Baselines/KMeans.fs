namespace DL1.Data

open System
open System.Runtime.InteropServices
open DL1

/// Rows in groups about centres (Lloyd 1982): each row belongs to the nearest centre, each centre is the mean of its rows.
/// Centres begin at rows far from each other (k-means++, Arthur and Vassilvitskii 2007, with several candidates for each,
/// as scikit-learn has it), drawn with a key; of several beginnings the best is kept.
///
/// <example><code>
/// let groups = KMeans.Fit(x, 3, Key.ofSeed 1L)
/// let labels = groups.Predict later
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type KMeans private (centres: float[][], labels: int[], inertia: float, iterations: int) =
    let columns = centres[0].Length

    static let square (a: float[]) (b: float[]) =
        let mutable sum = 0.0

        for c in 0 .. a.Length - 1 do
            let d = a[c] - b[c]
            sum <- sum + d * d

        sum

    static let nearest (centres: float[][]) (row: float[]) : struct (int * float) =
        let mutable best, least = 0, square row centres[0]

        for k in 1 .. centres.Length - 1 do
            let d = square row centres[k]

            if d < least then
                best <- k
                least <- d

        struct (best, least)

    static let begin' (rows: float[][]) count (key: Key) : float[][] =
        let trials = 2 + int (log (float count))

        let draws = Tensor.toFloats (Key.uniform 0.0 1.0 DType.F64 [ count; trials ] key)

        let first = int (draws[0] * float rows.Length) |> min (rows.Length - 1)
        let chosen = ResizeArray [ rows[first] ]
        let mutable distances = rows |> Array.map (square rows[first])

        for k in 1 .. count - 1 do
            let total = Array.sum distances

            // A row with the chance of its distance: where the running sum passes the draw.
            let drawn t =
                let goal = draws[k * trials + t] * total
                let mutable sum, at = distances[0], 0

                while sum <= goal && at < rows.Length - 1 do
                    at <- at + 1
                    sum <- sum + distances[at]

                at

            let candidates =
                [|
                    for t in 0 .. trials - 1 do
                        let row = rows[drawn t]
                        let after = Array.map2 (fun d other -> min d (square row other)) distances rows
                        Array.sum after, row, after
                |]

            let _, row, after = candidates |> Array.minBy (fun (sum, _, _) -> sum)
            chosen.Add row
            distances <- after

        chosen.ToArray()

    static let run (rows: float[][]) (start: float[][]) iterations : KMeans =
        let mutable centres = start
        let mutable labels = Array.create rows.Length -1
        let mutable isDone = false
        let mutable made = 0

        while not isDone && made < iterations do
            made <- made + 1
            let found = rows |> Array.map (nearest centres)
            let next = found |> Array.map (fun (struct (k, _)) -> k)
            isDone <- next = labels
            labels <- next

            if not isDone then
                let sums = centres |> Array.map (fun c -> Array.zeroCreate<float> c.Length)
                let counts = Array.zeroCreate<int> centres.Length

                labels
                |> Array.iteri (fun r k ->
                    counts[k] <- counts[k] + 1

                    for c in 0 .. rows[r].Length - 1 do
                        sums[k][c] <- sums[k][c] + rows[r][c])

                // A centre without rows begins anew at the row that is farthest from its own.
                let far = found |> Array.mapi (fun r (struct (_, d)) -> struct (-d, r)) |> Array.sort

                let mutable taken = 0

                centres <-
                    Array.init centres.Length (fun k ->
                        if counts[k] > 0 then
                            sums[k] |> Array.map (fun s -> s / float counts[k])
                        else
                            let struct (_, row) = far[taken % far.Length]
                            taken <- taken + 1
                            Array.copy rows[row])

        let found = rows |> Array.map (nearest centres)

        KMeans(
            centres,
            found |> Array.map (fun (struct (k, _)) -> k),
            found |> Array.sumBy (fun (struct (_, d)) -> d),
            made
        )

    static member private Require(operation: string, rows: float[][], count: int, iterations: int) =
        if count < 1 || count > rows.Length then
            Refuse.domain
                operation
                $"%d{count} groups of %d{rows.Length} rows"
                "1 or more, at most one a row"
                "take fewer"

        if iterations < 1 then
            Refuse.domain operation $"%d{iterations} iterations" "1 or more" "300 is usual"

    /// Groups of the rows `[rows; columns]`, f32 or f64; of several initializations the result with the least inertia. One ends
    /// when no row changes its group, or after the maximum of iterations. `KMeans.Fit(x, 3, Key.ofSeed 1L)`
    static member Fit
        (
            x: Tensor,
            count: int,
            key: Key,
            [<Optional; DefaultParameterValue(10)>] beginnings: int,
            [<Optional; DefaultParameterValue(300)>] iterations: int
        ) : KMeans =
        let operation = "KMeans.Fit"
        let rows = Matrix.rows operation x
        KMeans.Require(operation, rows, count, iterations)

        if beginnings < 1 then
            Refuse.domain operation $"%d{beginnings} beginnings" "1 or more" "10 is usual"

        [ for i in 0 .. beginnings - 1 -> run rows (begin' rows count (Key.fold i key)) iterations ]
        |> List.minBy _.Inertia

    /// Groups from centres to begin with, `[groups; columns]`. `KMeans.FitFrom(x, centres)`
    static member FitFrom
        (x: Tensor, centres: Tensor, [<Optional; DefaultParameterValue(300)>] iterations: int)
        : KMeans =
        let operation = "KMeans.FitFrom"
        let rows = Matrix.rows operation x
        let start = Matrix.rowsOf operation rows[0].Length centres
        KMeans.Require(operation, rows, start.Length, iterations)
        run rows start iterations

    /// The centres, f64 `[groups; columns]`.
    member _.Centres: Tensor = Matrix.tensor columns centres

    /// The group of each row that it was fitted on, i64 `[rows]`.
    member _.Labels: Tensor = Tensor.vector (labels |> Array.map int64)

    /// The sum of the squared distances of the rows to their centres.
    member _.Inertia = inertia

    /// How many iterations were made.
    member _.Iterations = iterations

    /// The nearest centre of each row, i64 `[rows]`. `groups.Predict later`
    member _.Predict(x: Tensor) : Tensor =
        Matrix.rowsOf "KMeans.Predict" columns x
        |> Array.map (fun row -> let struct (k, _) = nearest centres row in int64 k)
        |> Tensor.vector

    /// The distance of each row to each centre, f64 `[rows; groups]`. `groups.Distances later`
    member _.Distances(x: Tensor) : Tensor =
        Matrix.rowsOf "KMeans.Distances" columns x
        |> Array.map (fun row -> centres |> Array.map (fun c -> sqrt (square row c)))
        |> Matrix.tensor centres.Length

    /// The distances as a graph, `[rows; groups]` for inputs `[rows; columns]`.
    member this.Express(x: Expr) : Expr =
        Graphs.require "KMeans" columns x
        let known = Expr.reshape [ 1; centres.Length; columns ] (Graphs.matrix x this.Centres)
        let d = Expr.reshape [ x.Shape[0]; 1; columns ] x - known
        sqrt (Expr.sum [ 2 ] (d * d))

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// `3 groups after 5 iterations`.
    override _.ToString() = $"%d{centres.Length} groups after %d{iterations} iterations"
    member internal this.Display = this.ToString()
