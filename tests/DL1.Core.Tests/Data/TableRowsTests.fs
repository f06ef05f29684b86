/// Rows of tables that stay in their files: separated values and Parquet.
module DL1.Tests.TableRowsTests

open System
open System.Globalization
open System.IO
open System.Text
open System.Threading
open DL1
open DL1.Data
open Expecto
open Parquet
open Parquet.Schema

/// A law of which each value writes a file.
let private few name property = testPropertyWithConfig { Law.config with maxTest = 50 } name property

let private bounded low high (n: int) = low + int (uint32 n % uint32 (high - low + 1))

let private inFolder (use': string -> 'a) : 'a =
    let folder = Directory.CreateTempSubdirectory().FullName

    try
        use' folder
    finally
        Directory.Delete(folder, true)

let private inFile (name: string) (text: string) (use': string -> 'a) : 'a =
    inFolder (fun folder ->
        let path = Path.Combine(folder, name)
        File.WriteAllText(path, text)
        use' path)

let private refusal (run: unit -> 'a) : DL1Error =
    try
        run () |> ignore
        failtest "nothing is refused"
    with :? DL1Error as e ->
        e

/// All digits of a number, alike in every culture.
let private digits (value: float) = value.ToString("R", CultureInfo.InvariantCulture)

/// The columns of a table, some of its rows.
let private cells (rows: int[]) (table: Table) =
    [
        for name in table.Names do
            match table[name] with
            | Column.Numbers values -> name, rows |> Array.map (fun row -> digits values[row])
            | Column.Texts values -> name, rows |> Array.map (fun row -> values[row])
    ]

let private csv =
    [
        few
            "rows of a file are those of the whole table, with quotes, breaks and blank lines in it"
            (fun (seed: int) (count: int) (asked: int list) isMarked ends ->
                let count = bounded 1 20 count

                let random =
                    Key.bits 0 (4 * count) (Key.ofSeed (int64 seed)) |> Array.map (fun w -> abs (w % 1000))

                let lines =
                    [
                        for i in 0 .. count - 1 do
                            let text =
                                match random[4 * i] % 4 with
                                | 0 -> "plain"
                                | 1 -> "\"two\nlines\""
                                | 2 -> "\"a \"\"quote\"\", a comma\""
                                | _ -> "ñandú"

                            if random[4 * i + 1] % 5 = 0 then
                                ""

                            $"%d{random[4 * i + 2]},{text},%d{random[4 * i + 3]}.5"
                    ]

                let mark = if isMarked then "\uFEFF" else ""
                let text = mark + "a,name,b\n" + String.concat "\n" lines + (if ends then "\n" else "")
                let asked = asked |> List.map (bounded 0 (count - 1)) |> Array.ofList

                inFile "a.csv" text (fun path ->
                    let whole = Csv.read path
                    use rows = CsvRows.Open path
                    let all = [| 0 .. count - 1 |]

                    rows.Count = whole.RowCount
                    && cells all (rows.Rows all) = cells all whole
                    && cells [| 0 .. asked.Length - 1 |] (rows.Rows asked) = cells asked whole
                    && rows.First(3).RowCount = min 3 count))
        test "a source of rows has the bits of the whole table, after any blocks and threads" {
            let text =
                "x,y,kind\n"
                + String.concat
                    "\n"
                    [ for i in 0..199 -> $"%d{i % 7}.25,%d{i % 3},{[ 'a'; 'b'; 'c' ][i % 3]}" ]

            inFile "a.csv" text (fun path ->
                let encode table =
                    Dataset.create (Table.numbers [ "x"; "y" ] table) (Table.numbers [ "y" ] table)

                use rows = CsvRows.Open path
                let learner = Learner.create (Dense.linear 1) (Loss.mse Reduction.Mean) (Optimizer.adam 0.01)

                let options =
                    { Fit.options (Key.ofSeed 1L) with
                        Epochs = 2
                        Batch = { Batches.ofSize 16 with Blocks = Some { Rows = 32; Window = 2 } }
                    }

                let whole = Fit.run options learner (encode (Csv.read path))

                let streamed =
                    Fit.run
                        { options with Prefetch = { Batches = 4; Threads = 3 } }
                        learner
                        (rows.ToSource encode)

                Expect.isTrue (Learners.sameState whole.State streamed.State) "bits")
        }
        test "a value of another type is named by its line" {
            let text =
                "x,y\n"
                + String.concat "\n" [ for i in 0..10049 -> if i = 10007 then "oops,1" else $"%d{i},1" ]

            inFile "a.csv" text (fun path ->
                use rows = CsvRows.Open path
                let error = refusal (fun () -> rows.Rows [| 3; 10007; 4 |])
                Expect.stringContains error.Given "line 10009" "line"
                Expect.stringContains error.Given "oops" "value"
                Expect.equal (rows.Rows [| 10008 |]).RowCount 1 "others are read")
        }
        test "what cannot be read is refused" {
            let refused (text: string) =
                inFile "a.csv" text (fun path -> refusal (fun () -> CsvRows.Open path))

            Expect.stringContains (refused "1,2\n3,4\n").Given "only numbers" "no header"
            Expect.stringContains (refused "a,b\n1,2,3\n").Given "line 2" "too many fields"
            Expect.stringContains (refused "a\n1\n\n2\n").Given "blank line 3" "one column"
            Expect.stringContains (refused "a,b\n1,\"open\n").Given "quotes are amiss" "a quote that is open"

            inFile "a.csv" "a,b\n1,2\n" (fun path ->
                Expect.throwsT<DomainError>
                    (fun () ->
                        CsvRows.Open(path, CsvOptions.Default.WithEncoding Encoding.Unicode) |> ignore)
                    "UTF-16"

                let rows = CsvRows.Open path
                Expect.throwsT<DomainError> (fun () -> rows.Rows [| 1 |] |> ignore) "no such row"
                rows.Dispose()
                rows.Dispose()
                Expect.throwsT<DomainError> (fun () -> rows.Rows [| 0 |] |> ignore) "closed")

            inFile "a.csv" "a,b\n" (fun path ->
                use rows = CsvRows.Open path
                Expect.equal rows.Count 0 "no rows"

                Expect.throwsT<DomainError>
                    (fun () ->
                        rows.ToSource(fun t ->
                            Dataset.create (Table.numbers [ "a" ] t) (Table.numbers [ "b" ] t))
                        |> ignore)
                    "a source without rows")
        }
    ]

/// A Parquet file of row groups of some rows: numbers, numbers that may be missing, texts, truth values, and a list.
let parquet (path: string) (groups: int list) =
    let x, n, t, b =
        DataField<float32>("x"),
        DataField("n", typeof<int64>, Nullable true),
        DataField<string>("t"),
        DataField<bool>("b")

    let schema = ParquetSchema(x, n, t, b)
    use stream = File.Create path

    let writer =
        ParquetWriter
            .CreateAsync(schema, stream, ParquetOptions(), false, CancellationToken.None)
            .GetAwaiter()
            .GetResult()

    let wait (task: Tasks.Task) = task.GetAwaiter().GetResult()
    let mutable first = 0

    for rows in groups do
        use group = writer.CreateRowGroup()
        let numbers = [| first .. first + rows - 1 |]
        let none = Nullable<ReadOnlyMemory<int>>()

        group.WriteAsync<float32>(
            x,
            ReadOnlyMemory(numbers |> Array.map (fun i -> float32 i + 0.5f)),
            none,
            null,
            CancellationToken.None
        )
        |> wait

        group.WriteAsync<int64>(
            n,
            ReadOnlyMemory(
                numbers |> Array.map (fun i -> if i % 3 = 0 then Nullable() else Nullable(int64 i))
            ),
            none,
            null,
            CancellationToken.None
        )
        |> wait

        group.WriteAsync(t, (numbers |> Array.map (fun i -> $"text %d{i}")), none) |> wait

        group.WriteAsync<bool>(
            b,
            ReadOnlyMemory(numbers |> Array.map (fun i -> i % 2 = 0)),
            none,
            null,
            CancellationToken.None
        )
        |> wait

        first <- first + rows

    writer.DisposeAsync().AsTask().GetAwaiter().GetResult()

let private parquets =
    [
        few
            "rows of a Parquet file are those that were written, in any order"
            (fun (groups: int list) (asked: int list) (kept: int) ->
                let groups = groups |> List.truncate 4 |> List.map (bounded 1 6)
                let groups = if groups.IsEmpty then [ 2 ] else groups
                let count = List.sum groups
                let asked = asked |> List.map (bounded 0 (count - 1)) |> Array.ofList

                inFolder (fun folder ->
                    let path = Path.Combine(folder, "a.parquet")
                    parquet path groups
                    use rows = ParquetRows.Open(path, kept = bounded 1 3 kept)

                    let expected =
                        [
                            "x", asked |> Array.map (fun i -> digits (float i + 0.5))
                            "n", asked |> Array.map (fun i -> if i % 3 = 0 then "NaN" else string i)
                            "t", asked |> Array.map (fun i -> $"text %d{i}")
                            "b", asked |> Array.map (fun i -> if i % 2 = 0 then "1" else "0")
                        ]

                    rows.Count = count
                    && rows.GroupCount = groups.Length
                    && rows.GroupRows = List.max groups
                    && (asked.Length = 0 || cells [| 0 .. asked.Length - 1 |] (rows.Rows asked) = expected)))
        test "a source of a Parquet file trains to the bits of its table" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.parquet")
                parquet path [ 20; 20; 7 ]

                let encode table =
                    Dataset.create (Table.numbers [ "x"; "b" ] table) (Table.numbers [ "b" ] table)

                use rows = ParquetRows.Open(path, [ "x"; "b" ], 1)
                Expect.equal (List.ofSeq rows.Names) [ "x"; "b" ] "columns"
                let learner = Learner.create (Dense.linear 1) (Loss.mse Reduction.Mean) (Optimizer.adam 0.01)

                let options =
                    { Fit.options (Key.ofSeed 1L) with
                        Epochs = 2
                        Batch = { Batches.ofSize 8 with Blocks = Some { Rows = rows.GroupRows; Window = 1 } }
                    }

                let whole = Fit.run options learner (encode (rows.First rows.Count))

                let streamed =
                    Fit.run
                        { options with Prefetch = { Batches = 3; Threads = 2 } }
                        learner
                        (rows.ToSource encode)

                Expect.isTrue (Learners.sameState whole.State streamed.State) "bits")
        }
        test "what cannot be read is refused" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.parquet")
                parquet path [ 5 ]
                let error = refusal (fun () -> ParquetRows.Open(path, [ "x"; "z" ]))
                Expect.stringContains error.Given "no column 'z'" "a name"
                Expect.stringContains error.Expected "x, n, t, b" "those that are there"

                Expect.throwsT<DomainError>
                    (fun () -> ParquetRows.Open(path, kept = 0) |> ignore)
                    "none kept"

                let rows = ParquetRows.Open path
                Expect.throwsT<DomainError> (fun () -> rows.Rows [| 5 |] |> ignore) "a row"
                rows.Dispose()
                rows.Dispose()
                Expect.throwsT<DomainError> (fun () -> rows.Rows [| 0 |] |> ignore) "closed"
                let bytes = File.ReadAllBytes path

                for damaged in [ bytes[.. bytes.Length / 2]; bytes[..3]; Array.create 100 7uy; [||] ] do
                    File.WriteAllBytes(path, damaged)
                    Expect.throwsT<FormatError> (fun () -> ParquetRows.Open path |> ignore) "damaged")
        }
        few "a damaged Parquet file is refused or read, never more" (fun (place: int) (value: byte) ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.parquet")
                parquet path [ 4; 3 ]
                let bytes = File.ReadAllBytes path
                bytes[bounded 0 (bytes.Length - 1) place] <- value
                File.WriteAllBytes(path, bytes)

                try
                    use rows = ParquetRows.Open path
                    rows.First 7 |> ignore
                    true
                with
                | :? FormatError
                | :? DomainError -> true))
    ]

let tests = testList "TableRows" [ testList "csv" csv; testList "parquet" parquets ]
