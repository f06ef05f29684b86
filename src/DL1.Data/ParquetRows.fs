namespace DL1.Data

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Threading
open DL1
open Parquet
open Parquet.Schema

/// Columns of a row group as a table has them.
[<RequireQualifiedAccess>]
module private ParquetColumn =
    let private wait (task: System.Threading.Tasks.ValueTask) = task.AsTask().GetAwaiter().GetResult()

    let private numbers<'t when 't: struct and 't: (new: unit -> 't) and 't :> ValueType>
        (toFloat: 't -> float)
        (field: DataField)
        (group: ParquetRowGroupReader)
        (count: int)
        : Column =
        if field.IsNullable then
            let values = Array.zeroCreate<Nullable<'t>> count

            group.ReadAsync<'t>(
                field,
                Memory<Nullable<'t>> values,
                Nullable<Memory<int>>(),
                CancellationToken.None
            )
            |> wait

            Column.Numbers(values |> Array.map (fun v -> if v.HasValue then toFloat v.Value else nan))
        else
            let values = Array.zeroCreate<'t> count

            group.ReadAsync<'t>(field, Memory<'t> values, Nullable<Memory<int>>(), CancellationToken.None)
            |> wait

            Column.Numbers(Array.map toFloat values)

    let private texts (field: DataField) (group: ParquetRowGroupReader) (count: int) : Column =
        let values = Array.zeroCreate<string> count

        group.ReadAsync(field, Memory<string> values, Nullable<Memory<int>>(), CancellationToken.None)
        |> wait

        Column.Texts(values |> Array.map (fun v -> if isNull (box v) then "" else v))

    /// What reads a column of a type; nothing for types that a table does not have.
    let reader (field: DataField) : (ParquetRowGroupReader -> int -> Column) option =
        if field.IsArray then
            None
        else
            let kind = field.ClrType

            if kind = typeof<bool> then
                Some(numbers<bool> (fun v -> if v then 1.0 else 0.0) field)
            elif kind = typeof<sbyte> then
                Some(numbers<sbyte> float field)
            elif kind = typeof<byte> then
                Some(numbers<byte> float field)
            elif kind = typeof<int16> then
                Some(numbers<int16> float field)
            elif kind = typeof<uint16> then
                Some(numbers<uint16> float field)
            elif kind = typeof<int> then
                Some(numbers<int> float field)
            elif kind = typeof<uint32> then
                Some(numbers<uint32> float field)
            elif kind = typeof<int64> then
                Some(numbers<int64> float field)
            elif kind = typeof<uint64> then
                Some(numbers<uint64> float field)
            elif kind = typeof<float32> then
                Some(numbers<float32> float field)
            elif kind = typeof<float> then
                Some(numbers<float> id field)
            elif kind = typeof<string> || kind = typeof<ReadOnlyMemory<char>> then
                Some(texts field)
            else
                None

/// Columns of a Parquet file whose rows are read when they are asked for: it may be larger than memory. The file is made of row
/// groups, each of which is decoded whole; the last few stay decoded, so read rows that are near one another near in time: in order, or
/// with `Blocks` of `GroupRows` rows. For many threads, one of which decodes at a time. Numbers and truth values become
/// numbers, texts stay texts; columns of other types, and nested ones, are left out.
///
/// <example><code>
/// use rows = ParquetRows.Open("clicks.parquet", [ "country"; "age"; "clicked" ])
/// let encoder = TableEncoder.Fit(rows.First 10000, [ "country"; "age" ])
/// let source = rows.ToSource(fun table -> Dataset.create (encoder.Apply table) (Table.numbers [ "clicked" ] table))
/// let blocks = Some { Rows = rows.GroupRows; Window = 2 }
/// </code></example>
[<Sealed; DebuggerDisplay("{ToString(),nq}"); StructuredFormatDisplay("{Display}")>]
type ParquetRows
    private
    (
        path: string,
        stream: FileStream,
        reader: ParquetReader,
        columns: (string * (ParquetRowGroupReader -> int -> Column))[],
        ends: int64[],
        kept: int
    ) =
    static let operation = "ParquetRows"

    /// What the reader throws at a damaged file becomes a `FormatError`.
    static let guarded (path: string) (read: unit -> 'a) : 'a =
        try
            read ()
        with
        | :? DL1Error -> reraise ()
        | :? OutOfMemoryException -> Allocation.failed operation
        | e ->
            Refuse.format
                operation
                $"{path}, which is damaged or of a kind that is not read ({e.Message})"
                "a whole Parquet file"
                "check that all of the file was copied, or write it anew"

    let groups = ends.Length - 1
    let count = int ends[groups]
    let decoded = LruCache<int, Column[]> kept
    let mutable isOpen = true

    let decode (group: int) : Column[] =
        // One thread at a time goes through the file.
        lock stream (fun () ->
            if not isOpen then
                Refuse.domain
                    operation
                    "rows of a file that was closed"
                    "an open file"
                    "close it after training"

            guarded path (fun () ->
                use rows = reader.OpenRowGroupReader group
                let size = int (ends[group + 1] - ends[group])
                Allocation.requireElements operation size (16 * columns.Length)
                columns |> Array.map (fun (_, read) -> read rows size)))

    let columnsOf (group: int) : Column[] = decoded.Get(group, (fun () -> decode group))

    let groupOf (number: int) : int =
        let mutable low, high = 0, groups - 1

        while low < high do
            let middle = (low + high + 1) / 2
            if ends[middle] <= int64 number then low <- middle else high <- middle - 1

        low

    /// Opens a file, of which some columns are read, or all of types that a table has where none are named; `kept` row groups stay
    /// decoded. What is no Parquet file is a `FormatError`, and so is a column that is not there or of another type; fewer than one
    /// group is a `DomainError`.
    static member Open
        (
            path: string,
            [<Optional; DefaultParameterValue(null: seq<string> | null)>] names: seq<string> | null,
            [<Optional; DefaultParameterValue(4)>] kept: int
        ) : ParquetRows =
        if kept < 1 then
            Refuse.domain operation $"%d{kept} row groups that stay decoded" "1 or more" "4 is usual"

        let stream = Files.openRead operation "a Parquet file" path

        try
            guarded path (fun () ->
                match Files.kindOf (Raw.start stream) with
                | Some(kind, cure) when not (kind.Contains "Parquet") ->
                    Refuse.format operation $"{path}, which is {kind}" "a Parquet file" cure
                | Some _
                | None -> ()

                let reader =
                    ParquetReader
                        .CreateAsync(stream, ParquetOptions(), true, CancellationToken.None)
                        .GetAwaiter()
                        .GetResult()

                let fields =
                    reader.Schema.Fields
                    |> Seq.choose (fun field ->
                        match field with
                        | :? DataField as field -> Some(field.Name, ParquetColumn.reader field)
                        | _ -> Some(field.Name, None))
                    |> Array.ofSeq

                let known =
                    fields |> Seq.filter (fun (_, r) -> r.IsSome) |> Seq.map fst |> String.concat ", "

                let columns =
                    match names with
                    | null ->
                        fields |> Array.choose (fun (name, read) -> read |> Option.map (fun r -> name, r))
                    | names ->
                        Refuse.nulls "names" names
                        |> Array.map (fun name ->
                            match fields |> Array.tryFind (fun (n, _) -> n = name) with
                            | Some(_, Some read) -> name, read
                            | Some(_, None) ->
                                Refuse.format
                                    operation
                                    $"the column '{name}' of {path}, of a type that a table does not have"
                                    $"numbers, truth values or texts: {known}"
                                    "choose another column"
                            | None ->
                                Refuse.format
                                    operation
                                    $"no column '{name}' in {path}"
                                    $"one of {known}"
                                    "correct the name")

                if columns.Length = 0 then
                    Refuse.format
                        operation
                        $"{path}, without a column that a table has"
                        "numbers or texts"
                        "write them anew"

                let ends = reader.RowGroups |> Seq.map _.RowCount |> Array.ofSeq |> Array.scan (+) 0L

                if
                    Array.exists (fun n -> n < 0L || n > int64 Int32.MaxValue) ends
                    || Array.sort ends <> ends
                then
                    Refuse.format
                        operation
                        $"%d{Array.last ends} rows in {path}"
                        "at most 2³¹ − 1 rows"
                        "write several files, and append their sources"

                new ParquetRows(path, stream, reader, columns, ends, kept))
        with _ ->
            stream.Dispose()
            reraise ()

    /// The number of rows.
    member _.Count: int = count
    /// The names of the columns that are read.
    member _.Names: IReadOnlyList<string> = Array.map fst columns
    /// The number of row groups.
    member _.GroupCount: int = groups

    /// The rows of the largest row group: what blocks of an order are best.
    member _.GroupRows: int =
        ends |> Array.pairwise |> Array.fold (fun most (a, b) -> max most (int (b - a))) 1

    /// Some rows as a table, in the order of their numbers, counted from 0. A row that is not there is a `DomainError`; a row group that
    /// cannot be decoded is a `FormatError`.
    member _.Rows(numbers: int[]) : Table =
        for number in numbers do
            if number < 0 || number >= count then
                Refuse.domain
                    operation
                    $"row %d{number} of %d{count}"
                    $"a row from 0 to %d{count - 1}"
                    "count rows from 0"

        let places = numbers |> Array.map groupOf
        // Each group is asked for once, however its rows are mixed with others.
        let found = places |> Array.distinct |> Array.map (fun group -> group, columnsOf group) |> dict
        let inside i = numbers[i] - int ends[places[i]]

        let column (index: int) : Column =
            let isNumber =
                found.Values
                |> Seq.tryHead
                |> Option.forall (fun columns ->
                    match columns[index] with
                    | Column.Numbers _ -> true
                    | Column.Texts _ -> false)

            if isNumber then
                Column.Numbers(
                    Array.init numbers.Length (fun i ->
                        match found[places[i]][index] with
                        | Column.Numbers values -> values[inside i]
                        | Column.Texts _ -> nan)
                )
            else
                Column.Texts(
                    Array.init numbers.Length (fun i ->
                        match found[places[i]][index] with
                        | Column.Texts values -> values[inside i]
                        | Column.Numbers _ -> "")
                )

        TableSource.ofColumns path (columns |> Array.mapi (fun i (name, _) -> name, column i))

    /// The first rows, or all where there are fewer: to fit encoders and scalers on.
    member this.First(count: int) : Table = this.Rows [| 0 .. min count this.Count - 1 |]

    /// A source of the rows, of which a function makes inputs and targets: it is given a table of some rows, by several threads at
    /// once, and must do the same to each row whatever rows are beside it. A file without rows is a `DomainError`.
    member this.ToSource(encode: Func<Table, Dataset>) : Source =
        if count = 0 then
            Refuse.domain
                operation
                $"{path}, which has no rows"
                "one row at least"
                "check that all of the file was written"

        let example = encode.Invoke(this.Rows [| 0 |])

        Source.create count example (fun numbers ->
            if numbers.Length = 0 then
                Dataset.rows [||] example
            else
                encode.Invoke(this.Rows numbers))

    /// Gives the file back; no rows are read from then on.
    member _.Dispose() : unit =
        lock stream (fun () ->
            if isOpen then
                isOpen <- false
                reader.DisposeAsync().AsTask().GetAwaiter().GetResult()
                stream.Dispose())

    interface IDisposable with
        member this.Dispose() = this.Dispose()

    /// `1000 rows of clicks.parquet in 4 row groups`.
    override _.ToString() = $"%d{count} rows of {Path.GetFileName path} in %d{groups} row groups"
    member internal this.Display = this.ToString()
