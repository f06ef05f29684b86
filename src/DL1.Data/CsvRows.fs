namespace DL1.Data

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Text
open DL1
open Microsoft.Win32.SafeHandles

/// Where a record lies in a file: its first byte, its length, the line that it starts on and how many lines it has.
[<Struct; NoComparison>]
type private CsvRecord = { Offset: int64; Length: int; Line: int; Lines: int }

/// The records of a file of separated values, found by its bytes: a line break inside quotes ends no record, and blank lines are
/// passed over.
[<RequireQualifiedAccess>]
module private CsvIndex =
    let find (stream: Stream) (start: int64) : CsvRecord[] =
        let found = List<CsvRecord>()
        let buffer = Array.zeroCreate<byte> 1048576
        stream.Position <- start
        let mutable offset, line = start, 1
        let mutable first, firstLine = start, 1
        let mutable isQuoted, hasText = false, false
        let mutable count = stream.Read(buffer, 0, buffer.Length)

        let add (next: int64) (lines: int) =
            if hasText then
                if next - first > int64 Array.MaxLength then
                    Refuse.format
                        "CsvRows"
                        $"a record of %d{next - first} bytes from line %d{firstLine}"
                        "records that fit in memory"
                        "close the quote that is left open"

                found.Add { Offset = first; Length = int (next - first); Line = firstLine; Lines = lines }

        while count > 0 do
            for i in 0 .. count - 1 do
                match buffer[i] with
                | 34uy ->
                    isQuoted <- not isQuoted
                    hasText <- true
                | 10uy ->
                    line <- line + 1

                    if not isQuoted then
                        let next = offset + int64 i + 1L
                        add next (line - firstLine)
                        first <- next
                        firstLine <- line
                        hasText <- false
                | b ->
                    // A line of blanks is a record of one field, as for `Csv.read`.
                    if not hasText && b <> 13uy then
                        hasText <- true

            offset <- offset + int64 count
            count <- stream.Read(buffer, 0, buffer.Length)

        add offset (line - firstLine + 1)
        found.ToArray()

/// A file of separated values (CSV) whose rows are read when they are asked for: it may be larger than memory. The file is gone
/// through once, for the place of each row, 24 bytes of memory each. Types of columns are those of its first 10,000 rows, or those that
/// the options say; a value of another type is a `FormatError` that names its line when it is read. For many threads.
///
/// <example><code>
/// use rows = CsvRows.Open "clicks.csv"
/// let encoder = TableEncoder.Fit(rows.First 10000, [ "country"; "age" ])
/// let source = rows.ToSource(fun table -> Dataset.create (encoder.Apply table) (Table.numbers [ "clicked" ] table))
/// </code></example>
[<Sealed; DebuggerDisplay("{ToString(),nq}"); StructuredFormatDisplay("{Display}")>]
type CsvRows
    private (path: string, handle: SafeFileHandle, records: CsvRecord[], names: string[], options: CsvOptions)
    =
    static let operation = "CsvRows"

    /// Rows whose types are looked at where the options do not say them.
    static let sample = 10000

    static let read (handle: SafeFileHandle) (path: string) (record: CsvRecord) (target: byte[]) (at: int) =
        let mutable got = 0

        while got < record.Length do
            let more =
                RandomAccess.Read(
                    handle,
                    Span(target, at + got, record.Length - got),
                    record.Offset + int64 got
                )

            if more = 0 then
                Refuse.format
                    operation
                    $"{path}, which has become shorter"
                    "the file as it was opened"
                    "open it again"

            got <- got + more

    /// The text of some records, each ended by a line break, and the line of it that each starts on.
    static let textOf options handle path (some: CsvRecord[]) : struct (string * int[]) =
        let size = some |> Array.sumBy (fun r -> int64 r.Length + 1L)

        if size > int64 Array.MaxLength then
            Refuse.domain
                operation
                $"rows of %d{size} bytes at once"
                "rows that fit in memory"
                "ask for fewer rows at once"

        let bytes = Array.zeroCreate<byte>(int size)
        let starts = Array.zeroCreate<int> some.Length
        let mutable at, line = 0, 1

        for i in 0 .. some.Length - 1 do
            read handle path some[i] bytes at
            starts[i] <- line
            at <- at + some[i].Length
            line <- line + some[i].Lines

            // The last record of a file need not end with a line break.
            if at = 0 || bytes[at - 1] <> 10uy then
                bytes[at] <- 10uy
                at <- at + 1

        struct (Csv.decoded options path bytes[.. at - 1], starts)

    static let requireEncoding (path: string) (options: CsvOptions) =
        let encoding = options.Encoding

        if not (encoding :? UTF8Encoding || encoding.IsSingleByte) then
            Refuse.domain
                operation
                $"{path} in the encoding {encoding.WebName}"
                "UTF-8, or an encoding of one byte for each character"
                "save the file as UTF-8, or read it whole"

    /// Opens a file by options. What `Csv.readWith` refuses of a file's beginning is refused, and so are a packed file and one in
    /// UTF-16, which can be read whole.
    static member Open(path: string, options: CsvOptions) : CsvRows =
        options.Check operation
        requireEncoding path options

        let records =
            Raw.openFileAsIs operation "a file of separated values" path (fun stream ->
                let start = Raw.start stream

                match Files.kindOf start with
                | Some(kind, cure) ->
                    Refuse.format operation $"{path}, which is {kind}" "text of separated values" cure
                | None -> ()

                if
                    start.Length > 1
                    && (start[0] = 0xFFuy && start[1] = 0xFEuy || start[0] = 0xFEuy && start[1] = 0xFFuy)
                then
                    Refuse.format
                        operation
                        $"{path}, which is UTF-16"
                        "text in UTF-8"
                        "save it as UTF-8, or read it whole"

                let isMarked =
                    start.Length > 2 && start[0] = 0xEFuy && start[1] = 0xBBuy && start[2] = 0xBFuy

                CsvIndex.find stream (if isMarked then 3L else 0L))

        let handle = File.OpenHandle(Path.GetFullPath path, FileMode.Open, FileAccess.Read, FileShare.Read)

        try
            // The beginning is read as a file of its own: the header, and the types of the columns.
            let first = Array.truncate (sample + 1) records
            let struct (text, _) = textOf options handle path first
            let table = Csv.table operation options path text
            let names = Array.ofSeq table.Names

            // In a file of one column a blank line may be a missing value, which would be lost.
            if names.Length = 1 then
                for i in 1 .. records.Length - 1 do
                    let next = records[i - 1].Line + records[i - 1].Lines

                    if records[i].Line > next then
                        Refuse.format
                            operation
                            $"a blank line %d{next} in {path}, which has one column"
                            "a value in each line"
                            "write NA where a value is missing, or remove the line"

            let typed =
                (options, names)
                ||> Array.fold (fun options name ->
                    if options.Columns.ContainsKey name then
                        options
                    else
                        match table[name] with
                        | Column.Numbers _ -> options.WithColumn(name, ColumnType.Number)
                        | Column.Texts _ -> options.WithColumn(name, ColumnType.Text))

            let hasHeader = options.Names.Count = 0
            new CsvRows(path, handle, (if hasHeader then Array.skip 1 records else records), names, typed)
        with _ ->
            handle.Dispose()
            reraise ()

    /// Opens a file in UTF-8, with commas between fields and a header.
    static member Open(path: string) : CsvRows = CsvRows.Open(path, CsvOptions.Default)

    /// The number of rows, the header not counted.
    member _.Count: int = records.Length
    /// The names of the columns.
    member _.Names: IReadOnlyList<string> = names

    /// Some rows as a table, in the order of their numbers, counted from 0. A row that is not there is a `DomainError`; a value that is
    /// not of its column's type is a `FormatError` with its line.
    member _.Rows(numbers: int[]) : Table =
        for number in numbers do
            if number < 0 || number >= records.Length then
                Refuse.domain
                    operation
                    $"row %d{number} of %d{records.Length}"
                    $"a row from 0 to %d{records.Length - 1}"
                    "count rows from 0"

        if handle.IsClosed then
            Refuse.domain operation "rows of a file that was closed" "an open file" "close it after training"

        let some = numbers |> Array.map (fun number -> records[number])
        let struct (text, starts) = textOf options handle path some
        Csv.ofRecords options path names (some |> Array.map _.Line) starts text

    /// The first rows, or all where there are fewer: to fit encoders and scalers on.
    member this.First(count: int) : Table = this.Rows [| 0 .. min count records.Length - 1 |]

    /// A source of the rows, of which a function makes inputs and targets: it is given a table of some rows, by several threads at
    /// once, and must do the same to each row whatever rows are beside it. A file without rows is a `DomainError`.
    member this.ToSource(encode: Func<Table, Dataset>) : Source =
        if records.Length = 0 then
            Refuse.domain
                operation
                $"{path}, which has no rows"
                "one row at least"
                "check that all of the file was written"

        let example = encode.Invoke(this.Rows [| 0 |])

        Source.create records.Length example (fun numbers ->
            if numbers.Length = 0 then
                Dataset.rows [||] example
            else
                encode.Invoke(this.Rows numbers))

    /// Gives the file back; no rows are read from then on.
    member _.Dispose() : unit = handle.Dispose()

    interface IDisposable with
        member this.Dispose() = this.Dispose()

    /// `1000 rows of clicks.csv`.
    override _.ToString() = $"%d{records.Length} rows of {Path.GetFileName path}"
    member internal this.Display = this.ToString()
