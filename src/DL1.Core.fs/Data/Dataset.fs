namespace DL1

open System
open System.Diagnostics

/// Rows of tensors: the slices along the first axis.
[<RequireQualifiedAccess>]
module internal Rows =
    /// The number of rows; a scalar has none and is refused.
    let count operation (t: Tensor) =
        if t.Rank = 0 then
            Refuse.shape operation "a scalar" "a tensor with rows: a first axis" "reshape it to [1]"

        t.Shape[0]

    /// Some rows, in the order of their numbers.
    let take operation (rows: int[]) (t: Tensor) : Tensor =
        let count = count operation t

        for row in rows do
            if row < 0 || row >= count then
                Refuse.domain
                    operation
                    $"row %d{row} of %d{count}"
                    $"a row from 0 to %d{count - 1}"
                    "count rows from 0"

        let shape = Shape.withAxis 0 rows.Length t.Shape
        let width = if count = 0 then 0 else t.Size / count

        let from (source: 'e[]) : 'e[] =
            let target = GC.AllocateUninitializedArray<'e>(shape.Size)

            for i in 0 .. rows.Length - 1 do
                Array.Copy(source, rows[i] * width, target, i * width, width)

            target

        let elements =
            match t.Elements with
            | Elements.F32 a -> Elements.F32(from a)
            | Elements.F64 a -> Elements.F64(from a)
            | Elements.I32 a -> Elements.I32(from a)
            | Elements.I64 a -> Elements.I64(from a)
            | Elements.Bool a -> Elements.Bool(from a)

        Tensor(shape, elements)

    /// Tensors of the same type and the same rows, one below another.
    let stack operation (parts: Tensor list) : Tensor =
        match parts with
        | [] -> Refuse.domain operation "no tensor" "one at least" "check that there are rows"
        | first :: _ ->
            let dims = first.Shape.ToList()

            for part in parts do
                if
                    part.DType <> first.DType
                    || part.Rank <> first.Rank
                    || part.Shape.ToList().Tail <> dims.Tail
                then
                    Refuse.shape
                        operation
                        $"{part.DType} {part.Shape} below {first.DType} {first.Shape}"
                        "the same type and the same extents but for the first"
                        "cast or reshape them"

            let rows = parts |> List.sumBy (fun p -> p.Shape[0])
            Tensor(Shape.withAxis 0 rows first.Shape, Elements.concat (parts |> List.map _.Elements))

/// Examples to learn from: inputs and their targets, one row each, `[rows; ...]`. Another number of rows in the targets
/// is a `ShapeError`.
[<Sealed; DebuggerDisplay("{ToString(),nq}")>]
type Dataset(inputs: Tensor, targets: Tensor) =
    do
        let rows = Rows.count "Dataset" inputs

        if Rows.count "Dataset" targets <> rows then
            Refuse.shape
                "Dataset"
                $"%d{rows} rows of inputs {inputs.Shape} with targets {targets.Shape}"
                "as many rows of targets as of inputs"
                "check how the two were made"

    /// What the model is given, `[rows; ...]`.
    member _.Inputs = inputs
    /// What it is to answer, `[rows; ...]`.
    member _.Targets = targets
    /// The number of rows.
    member _.Count = inputs.Shape[0]

    /// The number of rows, and the shapes.
    override this.ToString() =
        $"%d{this.Count} rows: inputs {inputs.DType} {inputs.Shape}, targets {targets.DType} {targets.Shape}"

/// Data sets of tensors.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Dataset =
    /// Inputs with their targets. `Dataset.create x y`
    let create (inputs: Tensor) (targets: Tensor) = Dataset(inputs, targets)

    /// Some rows, in the order of their numbers, which may repeat; one that is not there is a `DomainError`.
    /// `Dataset.rows [| 2; 0 |] data`
    let rows (numbers: int[]) (data: Dataset) : Dataset =
        Dataset(Rows.take "Dataset.rows" numbers data.Inputs, Rows.take "Dataset.rows" numbers data.Targets)

    /// The first rows, or all where there are fewer; none where the count is negative. `Dataset.truncate 2 data`
    let truncate (count: int) (data: Dataset) : Dataset =
        rows (Array.init (max 0 (min count data.Count)) id) data

    /// The same data with other inputs, made of the old ones. `Dataset.mapInputs (Scale.apply scaler) data`
    let mapInputs (f: Tensor -> Tensor) (data: Dataset) : Dataset = Dataset(f data.Inputs, data.Targets)

    /// The rows of one, then those of another, of the same types and shapes. `Dataset.append data data`
    let append (first: Dataset) (second: Dataset) : Dataset =
        Dataset(
            Rows.stack "Dataset.append" [ first.Inputs; second.Inputs ],
            Rows.stack "Dataset.append" [ first.Targets; second.Targets ]
        )
