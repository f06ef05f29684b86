namespace DL1

/// Rows of different lengths, filled up to one.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type PaddedRows =
    {
        /// `[rows; length; ...]`.
        Values: Tensor
        /// True where a place is real: truth values `[rows; length]`.
        IsReal: Tensor
        /// How many places of each row are real, i64 `[rows]`.
        Lengths: Tensor
    }

    override this.ToString() = $"{this.Values.DType} {this.Values.Shape}, lengths {this.Lengths}"
    member internal this.Display = Format.following (this.ToString())

/// Rows of different lengths as one tensor, with the mask that says where they are real.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module PaddedRows =
    let private filled operation (wanted: int option) (value: float) (rows: seq<Tensor>) : PaddedRows =
        let rows = Array.ofSeq rows

        if rows.Length = 0 then
            Refuse.domain operation "no row" "one row or more" "check how the rows were chosen"

        rows
        |> Array.iteri (fun i row ->
            if obj.ReferenceEquals(row, null) then
                nullArg $"rows[%d{i}]")

        let first = rows[0]
        let inner (t: Tensor) = t.Shape.ToList() |> List.skip 1

        rows
        |> Array.iteri (fun i row ->
            if
                row.Rank = 0
                || row.DType <> first.DType
                || (row.Rank <> first.Rank || inner row <> inner first)
            then
                Refuse.shape
                    operation
                    $"row %d{i}: {row.DType} {row.Shape}, after row 0: {first.DType} {first.Shape}"
                    "rows [length; ...] of one type, alike but for their length"
                    "cast the rows to one type, and give each the same features")

        let length =
            match wanted with
            | Some n -> n
            | None -> rows |> Array.map (fun row -> row.Shape[0]) |> Array.max

        let lengths = rows |> Array.map (fun row -> min length row.Shape[0])
        let shape = Shape.ofList (rows.Length :: length :: inner first)
        Allocation.requireElements operation shape.Size 8
        let width = inner first |> List.fold (*) 1
        let last = rows.Length - 1

        // The places of the result one after another, each the row's own or one of the value, which stands at the end.
        let own = [| for i in 0..last -> Tensor.reshape [ rows[i].Shape[0]; width ] rows[i] |]
        let starts = own |> Array.scan (fun sum row -> sum + row.Shape[0]) 0
        let filling = starts[rows.Length]

        let places =
            [|
                for i in 0..last do
                    for t in 0 .. length - 1 -> if t < lengths[i] then starts[i] + t else filling
            |]

        let all = Rows.stack operation (List.ofArray own @ [ Tensor.full first.DType [ 1; width ] value ])

        {
            Values = Rows.take operation places all |> Tensor.reshape (shape.ToList())
            IsReal =
                Tensor.ofArray
                    [ rows.Length; length ]
                    [|
                        for i in 0..last do
                            for t in 0 .. length - 1 -> t < lengths[i]
                    |]
            Lengths = Tensor.vector (Array.map int64 lengths)
        }

    /// Rows `[length; ...]` of one type, filled with a value behind their ends up to the longest: `[rows; longest; ...]`.
    /// No row, or rows of other types or inner extents, are refused.
    /// `PaddedRows.ofRows 0.0 [ Tensor.vector [ 1; 2 ]; Tensor.vector [ 3 ] ]`
    let ofRows (value: float) (rows: seq<Tensor>) : PaddedRows = filled "PaddedRows.ofRows" None value rows

    /// Rows `[length; ...]` of one type, filled with a value behind their ends, or cut there, to a length:
    /// `[rows; length; ...]`. A length below 1 is a `DomainError`.
    /// `PaddedRows.toLength 2 0.0 [ Tensor.vector [ 1; 2; 3 ]; Tensor.vector [ 3 ] ]`
    let toLength (length: int) (value: float) (rows: seq<Tensor>) : PaddedRows =
        if length < 1 then
            Refuse.domain
                "PaddedRows.toLength"
                $"the length %d{length}"
                "1 or more"
                "give the length that is wanted"

        filled "PaddedRows.toLength" (Some length) value rows

    /// Refuses tensors that are no padded rows; they may have been put together by hand.
    let private required operation (rows: PaddedRows) =
        let refuse () =
            Refuse.shape
                operation
                $"values {rows.Values.DType} {rows.Values.Shape}, truth values {rows.IsReal.DType} {rows.IsReal.Shape}, lengths {rows.Lengths.DType} {rows.Lengths.Shape}"
                "values [rows; length; ...], truth values [rows; length], and lengths i64 [rows] from 0 to the length"
                "make them of rows"

        if rows.Values.Rank < 2 then
            refuse ()

        let dims = List.truncate 2 (rows.Values.Shape.ToList())

        if
            rows.IsReal.DType <> DType.Bool
            || rows.IsReal.Shape.ToList() <> dims
            || rows.Lengths.DType <> DType.I64
            || rows.Lengths.Shape.ToList() <> [ dims[0] ]
            || Tensor.toArray<int64> rows.Lengths |> Array.exists (fun n -> n < 0L || n > int64 dims[1])
        then
            refuse ()

    /// The rows without their padding, `[length; ...]` each: what `ofRows` was given.
    /// `PaddedRows.toRows (PaddedRows.ofRows 0.0 [ Tensor.vector [ 1; 2 ]; Tensor.vector [ 3 ] ])`
    let toRows (rows: PaddedRows) : Tensor list =
        let operation = "PaddedRows.toRows"
        required operation rows
        let dims = rows.Values.Shape.ToList() |> List.skip 1
        let lengths = Tensor.toArray<int64> rows.Lengths

        [
            for i in 0 .. lengths.Length - 1 ->
                Rows.take operation [| i |] rows.Values
                |> Tensor.reshape dims
                |> Rows.take operation [| 0 .. int lengths[i] - 1 |]
        ]

    /// For teacher forcing: all places but the last, and all but the first, `[rows; length - 1; ...]` both. From rows that
    /// begin and end with marks, the first is what a decoder is given, the second what it is to tell. Rows of one place are a
    /// `ShapeError`. `PaddedRows.shifted (PaddedRows.ofRows 0.0 [ Tensor.vector [ 1; 2; 3 ]; Tensor.vector [ 1; 3 ] ]) |> snd`
    let shifted (rows: PaddedRows) : PaddedRows * PaddedRows =
        let operation = "PaddedRows.shifted"
        required operation rows
        let length = rows.Values.Shape[1]

        if length < 2 then
            Refuse.shape
                operation
                $"{rows.Values.DType} {rows.Values.Shape}"
                "2 places or more"
                "encode the texts with what begins and ends them"

        let lengths = Tensor.toArray<int64> rows.Lengths

        let part first (t: Tensor) =
            let width = t.Size / (t.Shape[0] * length)
            let dims = t.Shape.ToList()

            Tensor.reshape [ t.Shape[0] * length; width ] t
            |> Rows.take
                operation
                [|
                    for row in 0 .. t.Shape[0] - 1 do
                        for place in first .. first + length - 2 -> row * length + place
                |]
            |> Tensor.reshape (dims.Head :: length - 1 :: List.skip 2 dims)

        let shift first (lengthOf: int64 -> int64) : PaddedRows =
            {
                Values = part first rows.Values
                IsReal = part first rows.IsReal
                Lengths = Tensor.vector (Array.map lengthOf lengths)
            }

        shift 0 (min (int64 (length - 1))), shift 1 (fun n -> max 0L (n - 1L))
