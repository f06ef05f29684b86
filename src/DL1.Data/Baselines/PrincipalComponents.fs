namespace DL1.Data

open System
open System.Runtime.InteropServices
open DL1

/// The directions in which rows vary most (Pearson 1901): orthogonal, of length 1, from the greatest variance; the largest
/// number of each is positive. `Fit` is exact, by singular values; `FitRandomised` finds the first few of many columns.
/// Numbers are those of scikit-learn's `PCA` but for signs.
///
/// <example><code>
/// let pca = PrincipalComponents.Fit(x, 2)
/// let flat = pca.Apply later
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type PrincipalComponents
    private (means: float[], components: float[][], singular: float[], whole: float, rows: int) =
    let columns = means.Length

    static let signed (v: float[]) =
        let most = v |> Array.maxBy abs
        if most < 0.0 then v |> Array.map (fun x -> -x) else v

    static let require operation (x: Tensor) count : float[][] =
        let columns = Matrix.rows operation x |> Matrix.columns
        let most = min x.Shape[0] x.Shape[1]

        if x.Shape[0] < 2 || count < 1 || count > most then
            Refuse.domain
                operation
                $"%d{count} components of a table {x.Shape}"
                "1 or more, at most the smaller extent, of two rows at least"
                $"take at most %d{most}"

        columns

    static let variance (centred: float[][]) rows =
        (centred |> Array.sumBy (fun c -> Dense.dot c c)) / float (rows - 1)

    /// The first components of a table `[rows; columns]`, f32 or f64, exactly; more than its smaller extent are a
    /// `DomainError`. `PrincipalComponents.Fit(x, 2)`
    static member Fit(x: Tensor, count: int) : PrincipalComponents =
        let columns = require "PrincipalComponents.Fit" x count
        let means = Dense.means columns
        let centred = Dense.centred means columns
        let struct (_, values, right) = Dense.svd centred

        PrincipalComponents(
            means,
            right |> Array.take count |> Array.map signed,
            Array.take count values,
            variance centred x.Shape[0],
            x.Shape[0]
        )

    /// The first components by a random projection that powers sharpen (Halko, Martinsson and Tropp 2011): for tables of
    /// hundreds of columns, of which few components are wanted. The key draws the projection.
    /// `PrincipalComponents.FitRandomised(x, 20, Key.ofSeed 1L)`
    static member FitRandomised
        (
            x: Tensor,
            count: int,
            key: Key,
            [<Optional; DefaultParameterValue(10)>] extra: int,
            [<Optional; DefaultParameterValue(6)>] powers: int
        ) : PrincipalComponents =
        let operation = "PrincipalComponents.FitRandomised"
        let columns = require operation x count

        if extra < 0 || powers < 0 then
            Refuse.domain
                operation
                $"%d{extra} extra components and %d{powers} powers"
                "0 or more of each"
                "10 and 6 are usual"

        let rows = x.Shape[0]
        let means = Dense.means columns
        let centred = Dense.centred means columns
        let size = int (min (int64 count + int64 extra) (int64 (min rows columns.Length)))

        let draws = Tensor.toFloats (Key.normal 0.0 1.0 DType.F64 [ size; columns.Length ] key)

        // a·v for each v, over the rows; and aᵀ·u, over the columns.
        let across (v: float[]) =
            let sum = Array.zeroCreate<float> rows

            for c in 0 .. columns.Length - 1 do
                let own = centred[c]

                for r in 0 .. rows - 1 do
                    sum[r] <- sum[r] + v[c] * own[r]

            sum

        let along (u: float[]) = centred |> Array.map (fun c -> Dense.dot c u)

        // An orthogonal basis of the same vectors; those that vanish are left out.
        let basis (vectors: float[][]) =
            let struct (left, values, _) = Dense.svd vectors
            let least = values[0] * 1e-14
            Array.zip left values |> Array.filter (fun (_, s) -> s > least) |> Array.map fst

        let start = Array.init size (fun i -> Array.sub draws (i * columns.Length) columns.Length)

        let q =
            [ 1..powers ]
            |> List.fold
                (fun q _ -> q |> Array.map along |> basis |> Array.map across |> basis)
                (start |> Array.map across |> basis)

        if q.Length < count then
            Refuse.domain
                operation
                $"rows that vary in %d{q.Length} directions only"
                $"%d{count} directions at least"
                "take fewer components"

        // The rows of qᵀ·a, as columns: its left singular vectors are the directions.
        let struct (left, values, _) = Dense.svd (q |> Array.map along)

        PrincipalComponents(
            means,
            left |> Array.take count |> Array.map signed,
            Array.take count values,
            variance centred rows,
            rows
        )

    /// The directions, f64 `[components; columns]`.
    member _.Components: Tensor = Matrix.tensor columns components

    /// The means of the columns, f64 `[columns]`.
    member _.Means: Tensor = Tensor.vector means

    /// The singular values of the rows without their means, f64 `[components]`.
    member _.SingularValues: Tensor = Tensor.vector singular

    /// The variance along each direction, f64 `[components]`.
    member _.Variances: Tensor = Tensor.vector (singular |> Array.map (fun s -> s * s / float (rows - 1)))

    /// The part of the whole variance along each direction, f64 `[components]`; 0 where nothing varies.
    member _.Shares: Tensor =
        singular
        |> Array.map (fun s -> if whole > 0.0 then s * s / float (rows - 1) / whole else 0.0)
        |> Tensor.vector

    /// How far rows lie along each direction, f64 `[rows; components]`. `pca.Apply later`
    member _.Apply(x: Tensor) : Tensor =
        Matrix.rowsOf "PrincipalComponents.Apply" columns x
        |> Array.map (fun row ->
            let centred = Array.map2 (-) row means
            components |> Array.map (fun c -> Dense.dot c centred))
        |> Matrix.tensor components.Length

    /// The rows that lie so far along each direction: what the components know of them, f64 `[rows; columns]`.
    /// `pca.Invert(pca.Apply x)`
    member _.Invert(y: Tensor) : Tensor =
        Matrix.rowsOf "PrincipalComponents.Invert" components.Length y
        |> Array.map (fun row ->
            let sum = Array.copy means

            for k in 0 .. row.Length - 1 do
                for c in 0 .. columns - 1 do
                    sum[c] <- sum[c] + row[k] * components[k][c]

            sum)
        |> Matrix.tensor columns

    /// `Apply` as a graph, `[rows; components]` for inputs `[rows; columns]`.
    member this.Express(x: Expr) : Expr =
        Graphs.require "PrincipalComponents" columns x
        Expr.matmul (x - Graphs.vector x means) (Graphs.matrix x this.Components).T

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// `2 components of 4 columns`.
    override _.ToString() = $"%d{components.Length} components of %d{columns} columns"
    member internal this.Display = this.ToString()
