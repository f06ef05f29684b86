namespace DL1.Data

open System
open DL1

/// The linear algebra of exact solvers, in f64 and in a fixed order, so that results never depend on threads.
[<RequireQualifiedAccess>]
module internal Dense =
    /// The lower factor of a symmetric positive definite matrix, a = l·lᵀ; none where it is not.
    let tryCholesky (a: float[][]) : float[][] option =
        let n = a.Length
        let l = Array.init n (fun _ -> Array.zeroCreate<float> n)
        let mutable isDefinite = true
        let mutable j = 0

        while isDefinite && j < n do
            let mutable pivot = a[j][j]

            for k in 0 .. j - 1 do
                pivot <- pivot - l[j][k] * l[j][k]

            // What rounding leaves of a pivot that is 0.
            if not (pivot > 1e-14 * abs (a[j][j])) then
                isDefinite <- false
            else
                let root = sqrt pivot
                l[j][j] <- root

                for i in j + 1 .. n - 1 do
                    let mutable sum = a[i][j]

                    for k in 0 .. j - 1 do
                        sum <- sum - l[i][k] * l[j][k]

                    l[i][j] <- sum / root

                j <- j + 1

        if isDefinite then Some l else None

    /// The solution of l·lᵀ·x = b.
    let solve (l: float[][]) (b: float[]) : float[] =
        let n = l.Length
        let x = Array.copy b

        for i in 0 .. n - 1 do
            for k in 0 .. i - 1 do
                x[i] <- x[i] - l[i][k] * x[k]

            x[i] <- x[i] / l[i][i]

        for i in n - 1 .. -1 .. 0 do
            for k in i + 1 .. n - 1 do
                x[i] <- x[i] - l[k][i] * x[k]

            x[i] <- x[i] / l[i][i]

        x

    /// The inverse of l·lᵀ.
    let inverse (l: float[][]) : float[][] =
        Array.init l.Length (fun c -> solve l (Array.init l.Length (fun r -> if r = c then 1.0 else 0.0)))

    let dot (a: float[]) (b: float[]) : float =
        let mutable sum = 0.0

        for i in 0 .. a.Length - 1 do
            sum <- sum + a[i] * b[i]

        sum

    /// The reflections of a QR decomposition of columns (Householder), which become r above the diagonal; each reflection is
    /// a unit vector from its place downward, empty where nothing is reflected.
    let private reflect (columns: float[][]) : float[][] =
        let rows = columns[0].Length

        [|
            for j in 0 .. columns.Length - 1 do
                let own = columns[j]
                let mutable square = 0.0

                for i in j .. rows - 1 do
                    square <- square + own[i] * own[i]

                let length = sqrt square

                if length = 0.0 || j = rows - 1 then
                    [||]
                else
                    let v = Array.sub own j (rows - j)
                    v[0] <- v[0] + (if v[0] >= 0.0 then length else -length)
                    let size = sqrt (dot v v)

                    for i in 0 .. v.Length - 1 do
                        v[i] <- v[i] / size

                    for k in j .. columns.Length - 1 do
                        let c = columns[k]
                        let mutable along = 0.0

                        for i in 0 .. v.Length - 1 do
                            along <- along + v[i] * c[j + i]

                        for i in 0 .. v.Length - 1 do
                            c[j + i] <- c[j + i] - 2.0 * along * v[i]

                    v
        |]

    /// Turns columns until all are orthogonal (Jacobi, one-sided), the turns with them.
    let private orthogonalise (columns: float[][]) (turns: float[][]) : unit =
        let n = columns.Length

        let turn (a: float[]) (b: float[]) c s =
            for i in 0 .. a.Length - 1 do
                let x, y = a[i], b[i]
                a[i] <- c * x - s * y
                b[i] <- s * x + c * y

        let mutable turned = true
        let mutable sweeps = 0

        while turned && sweeps < 60 do
            turned <- false
            sweeps <- sweeps + 1

            for p in 0 .. n - 2 do
                for q in p + 1 .. n - 1 do
                    let a, b, g =
                        dot columns[p] columns[p], dot columns[q] columns[q], dot columns[p] columns[q]

                    if abs g > 1e-15 * sqrt (a * b) && g <> 0.0 then
                        turned <- true
                        let zeta = (b - a) / (2.0 * g)

                        let t = (if zeta >= 0.0 then 1.0 else -1.0) / (abs zeta + sqrt (1.0 + zeta * zeta))

                        let c = 1.0 / sqrt (1.0 + t * t)
                        turn columns[p] columns[q] c (c * t)
                        turn turns[p] turns[q] c (c * t)

    /// The thin singular value decomposition of a matrix given by its columns, of which there are no more than rows:
    /// left vectors, values from the greatest, right vectors.
    let private tall (given: float[][]) : struct (float[][] * float[] * float[][]) =
        let n = given.Length
        let rows = given[0].Length
        let columns = given |> Array.map Array.copy
        let reflections = reflect columns

        let r = columns |> Array.mapi (fun j c -> Array.init n (fun i -> if i <= j then c[i] else 0.0))

        let right = Array.init n (fun i -> Array.init n (fun k -> if i = k then 1.0 else 0.0))
        orthogonalise r right
        let values = r |> Array.map (fun c -> sqrt (dot c c))
        let order = Array.init n id |> Array.sortBy (fun i -> -values[i])

        let left i =
            let u = Array.zeroCreate<float> rows

            if values[i] > 0.0 then
                for k in 0 .. n - 1 do
                    u[k] <- r[i][k] / values[i]

                for j in n - 1 .. -1 .. 0 do
                    let v = reflections[j]

                    if v.Length > 0 then
                        let mutable along = 0.0

                        for k in 0 .. v.Length - 1 do
                            along <- along + v[k] * u[j + k]

                        for k in 0 .. v.Length - 1 do
                            u[j + k] <- u[j + k] - 2.0 * along * v[k]

            u

        struct (order |> Array.map left,
                order |> Array.map (fun i -> values[i]),
                order |> Array.map (fun i -> right[i]))

    /// The thin singular value decomposition of a matrix given by its columns: left vectors, values from the greatest, right
    /// vectors, as many as the smaller extent. A left or right vector of a value of 0 may be 0.
    let svd (columns: float[][]) : struct (float[][] * float[] * float[][]) =
        if columns[0].Length >= columns.Length then
            tall columns
        else
            let struct (left, values, right) = tall (Matrix.columns columns)
            struct (right, values, left)

    /// The means of columns.
    let means (columns: float[][]) : float[] = columns |> Array.map Statistics.mean

    /// Columns without their means.
    let centred (means: float[]) (columns: float[][]) : float[][] =
        Array.map2 (fun (m: float) -> Array.map (fun v -> v - m)) means columns
