namespace DL1.Data

open System
open System.Collections.Generic
open DL1

/// What is put where a number is missing.
[<RequireQualifiedAccess>]
type ColumnFill =
    /// The mean of the training rows.
    | Mean
    /// The median of the training rows.
    | Median
    /// The commonest value of the training rows.
    | Commonest
    /// A number.
    | Constant of float

/// How a column of numbers is scaled, by the training rows.
[<RequireQualifiedAccess>]
type ColumnScaling =
    /// Left as it is.
    | AsIs
    /// To mean 0 and standard deviation 1.
    | Standard
    /// The least value to 0, the greatest to 1.
    | MinMax
    /// By the median and the distance of the quartiles.
    | Robust
    /// The greatest absolute value to 1.
    | MaxAbs
    /// By the power of Yeo and Johnson, then to mean 0 and standard deviation 1.
    | YeoJohnson
    /// By the power of Box and Cox, then to mean 0 and standard deviation 1.
    | BoxCox
    /// By quantiles, evenly from 0 to 1.
    | Uniform
    /// By quantiles, to standard normal numbers.
    | Normal

/// The numbers of a pipeline by their names, for features: each is an expression over the rows, f64 `[rows; 1]`, in which no
/// value is missing.
[<Sealed>]
type FeatureInputs internal (columns: (string * Expr) list) =
    /// A column by its name: `inputs["mass"] / inputs["height"]`.
    member _.Item
        with get (name: string): Expr =
            match columns |> List.tryFind (fun (n, _) -> n = name) with
            | Some(_, column) -> column
            | None ->
                let known = columns |> List.map fst |> String.concat ", "

                Refuse.domain
                    "Pipeline.Feature"
                    $"the number '{name}'"
                    $"one of the numbers of the pipeline, or of the features before: {known}"
                    "add the column by Numbers, or check the spelling"

/// Named functions of numbers.
[<NoEquality; NoComparison>]
type internal Feature = { Name: string; Function: FeatureInputs -> Expr }

/// Preparations as graphs.
[<RequireQualifiedAccess>]
module internal Prepare =
    /// What a function of a table gives for it.
    let run (f: Expr -> Expr) (x: Tensor) : Tensor =
        let v = Expr.variable "inputs" x.DType (x.Shape.ToList())
        let y = f v

        Compile.prepare (Graph.variables [ v ]) [ y ] [ x ] |> List.exactlyOne

    let column index (x: Expr) : Expr = Expr.sliceAxis 1 index (index + 1) x

    /// The numbers with what is put in, and the columns that say what was missing.
    let imputed
        (fills: (int * float) list)
        (indicated: int list)
        (count: int)
        : (Expr -> Expr) * (Expr -> Expr list) =
        let values = Array.zeroCreate<float> count

        for place, value in fills do
            values[place] <- value

        let fill (x: Expr) =
            if fills.IsEmpty then
                x
            else
                Expr.where
                    (Elementwise.isNaN x)
                    (Expr.broadcastTo (x.Shape.ToList()) (Graphs.vector x values))
                    x

        let indicators (x: Expr) =
            indicated |> List.map (fun place -> Expr.cast x.DType (Elementwise.isNaN (column place x)))

        fill, indicators

    /// The numbers, and behind them the features.
    let featured (names: string list) (features: Feature list) (x: Expr) : Expr =
        let known = names |> List.mapi (fun i name -> name, column i x)

        let add (columns: (string * Expr) list) (feature: Feature) =
            let found = feature.Function(FeatureInputs columns)

            if isNull (box found) then
                Refuse.domain
                    "Pipeline.Feature"
                    $"null as the feature '{feature.Name}'"
                    "an expression"
                    "return one"

            let wanted = [ x.Shape[0]; 1 ]

            let y = if found.DType <> x.DType then Expr.cast x.DType found else found

            if y.Shape.Rank = 0 then
                columns @ [ feature.Name, Expr.broadcastTo wanted y ]
            elif y.Shape.ToList() = wanted then
                columns @ [ feature.Name, y ]
            else
                Refuse.shape
                    "Pipeline.Feature"
                    $"the feature '{feature.Name}' of {found.DType} {found.Shape}"
                    "a number for each row, [rows; 1]"
                    "compute element by element, as in inputs[\"a\"] / inputs[\"b\"]"

        if features.IsEmpty then
            x
        else
            List.fold add known features |> List.map snd |> Expr.concat 1

    let private scaler (s: Scaler) : Expr -> Expr =
        fun x -> (x - Graphs.vector x (Array.ofList s.Shift)) / Graphs.vector x (Array.ofList s.Divisor)

    let private fitted (kind: ColumnScaling) (x: Tensor) : Expr -> Expr =
        match kind with
        | ColumnScaling.AsIs -> id
        | ColumnScaling.Standard -> scaler (Scale.standard x)
        | ColumnScaling.MinMax -> scaler (Scale.minMax x)
        | ColumnScaling.Robust -> scaler (Scale.robust x)
        | ColumnScaling.MaxAbs -> scaler (Scale.maxAbs x)
        | ColumnScaling.YeoJohnson -> (PowerTransform.YeoJohnson x).Express
        | ColumnScaling.BoxCox -> (PowerTransform.BoxCox x).Express
        | ColumnScaling.Uniform -> (QuantileTransform.Uniform x).Express
        | ColumnScaling.Normal -> (QuantileTransform.Normal x).Express

    let private columnsOf first count (x: Tensor) : Tensor =
        let values, width = Tensor.toFloats x, x.Shape[1]

        Tensor.ofArray
            [ x.Shape[0]; count ]
            (Array.init (x.Shape[0] * count) (fun i -> values[i / count * width + first + i % count]))

    /// Each run of columns of one kind scaled, fitted on a table.
    let scaled (kinds: ColumnScaling list) (x: Tensor) : Expr -> Expr =
        let rec runs first (kinds: ColumnScaling list) =
            match kinds with
            | [] -> []
            | kind :: _ ->
                let count = kinds |> List.takeWhile ((=) kind) |> List.length
                (first, count, kind) :: runs (first + count) (List.skip count kinds)

        let parts =
            runs 0 kinds
            |> List.map (fun (first, count, kind) -> first, count, fitted kind (columnsOf first count x))

        match parts with
        | [ _, _, whole ] -> whole
        | parts ->
            fun x ->
                parts
                |> List.map (fun (first, count, scale) -> scale (Expr.sliceAxis 1 first (first + count) x))
                |> Expr.concat 1
