/// What is not clear in separated values is refused with its line and the option that says it, never guessed.
module DL1.Tests.CsvTests

open System
open System.IO
open System.IO.Compression
open System.Text
open DL1
open DL1.Data
open DL1.Tests.Hostile
open Expecto

let private parse text = Csv.parse "given" text
let private with' (options: CsvOptions) text = Csv.parseWith options "given" text
let private defaults = CsvOptions.Default

/// What something says that is refused with an error of DL1.
let private refusal (run: unit -> 'a) : DL1Error =
    try
        run () |> ignore
        failtest "nothing is refused"
    with :? DL1Error as e ->
        e

/// A table whose column `x` must not become inputs, what the error says, and what its cure names.
let private doubtful =
    [
        "groups of digits",
        "x,y\n12,1\n\"1,000\",2\n",
        "'1,000' in given, line 3, column 'x'",
        "separator of groups"
        "groups of digits alone",
        "x,y\n\"2,000\",1\n\"1,000\",2\n",
        "'2,000' in given, line 2",
        "separator of groups"
        "n/a among numbers", "x,y\n1,1\nn/a,2\n", "'n/a' in given, line 3, column 'x'", "Missing"
        "a question mark among numbers", "x,y\n1,1\n?,2\n", "'?' in given, line 3, column 'x'", "Missing"
        "null among numbers", "x,y\n1,1\nnull,2\n", "'null' in given, line 3, column 'x'", "Missing"
        "one bad cell", "x,y\n1,1\n2,1\n1O,2\n3,4\n", "'1O' in given, line 4, column 'x'", "correct the value"
        "n/a among texts", "x,y\na,1\nn/a,2\n", "'n/a' in given, line 3, column 'x'", "Missing"
        "a question mark among texts",
        "x,y\na,1\n?,2\n",
        "'?' in given, line 3, column 'x'",
        "ColumnType.Text"
        "postal codes", "x,y\n10115,1\n01067,2\n", "'01067' in given, line 3, column 'x'", "ColumnType.Text"
        "codes of digits", "x,y\n007,1\n008,2\n", "'007' in given, line 2, column 'x'", "ColumnType.Text"
        "more digits than float64 keeps",
        "x,y\n1,1\n9007199254740993,2\n",
        "'9007199254740993' in given, line 3",
        "ColumnType.Text"
        "an infinity that nobody wrote",
        "x,y\n1,1\n1e400,2\n",
        "'1e400' in given, line 3",
        "correct the value"
        "a zero that nobody wrote", "x,y\n1,1\n1e-400,2\n", "'1e-400' in given, line 3", "correct the value"
        "decimal commas", "x,y\n\"1,5\",1\n\"2,5\",2\n", "'1,5' in given, line 2", "decimal comma"
        "percentages", "x,y\n5%,1\n7%,2\n", "'5%' in given, line 2", "ColumnType.Text"
        "a currency", "x,y\n$5.20,1\n$7,2\n", "'$5.20' in given, line 2", "ColumnType.Text"
        "a real minus", "x,y\n\u22125,1\n7,2\n", "'\u22125' in given, line 2", "correct|notation|options"
        "two numbers in one field", "x,y\n1;2,1\n3;4,2\n", "'1;2' in given, line 2", "separator"
        "an empty column", "x,y\n,1\n,2\n", "no value in the column 'x'", "leave the column out"
        "dates", "x,y\n2024-01-05,1\n2024-02-29,2\n", "'2024-01-05' in given, line 2", "ColumnType.Date"
        "other dates", "x,y\n05.01.2024,1\n29.02.2024,2\n", "'05.01.2024' in given, line 2", "ColumnType.Date"
        "times", "x,y\n12:30,1\n08:15:00,2\n", "'12:30' in given, line 2", "ColumnType.Date"
        "names of rows",
        "x,y\n" + String.concat "" [ for i in 1..60 -> $"row%d{i},1\n" ],
        "60 different texts in 60 rows of the column 'x'",
        "leave the column out"
    ]

let private doubts =
    testList
        "not made inputs by guessing"
        [
            for name, text, given, cure in doubtful do
                test name {
                    let table = parse text
                    let error = refusal (fun () -> table.Inputs "x")
                    Expect.stringContains error.Given given "what was found, and where"
                    let cures = cure.Split '|'

                    Expect.isTrue
                        (cures |> Array.exists (fun c -> error.Cure.Contains(c, StringComparison.Ordinal)))
                        $"the cure names what helps: {error.Cure}"

                    let same (run: unit -> unit) = (refusal run).Given

                    Expect.stringContains
                        (same (fun () -> TableEncoder.Fit(table, "x") |> ignore))
                        given
                        "an encoder refuses it alike"

                    Expect.stringContains
                        (same (fun () -> table.ForRegression("y", "x") |> ignore))
                        given
                        "a data set refuses it alike"
                }
        ]

/// A text that is refused as a whole, what the error says, and what its cure names.
let private structures =
    [
        "semicolons", "a;b\n1;2\n", "the name 'a;b' in the header", "WithSeparator(';')"
        "vertical bars", "a|b\n1|2\n", "the name 'a|b' in the header", "WithSeparator('|')"
        "tabs", "a\tb\n1\t2\n", "in the header", "WithSeparator('\\t')"
        "two separators", "a;b,c\n1;2,3\n", "the name 'a;b' in the header", "WithSeparator(';')"
        "no header", "5.1,3.5\n4.9,3.0\n", "only numbers (5.1, 3.5) in the first row", "WithNames"
        "a gap in one column", "x\n1\n\n3\n", "a blank line 3", "NA"
        "a NUL", "a,b\n1,\0002\n", "a character NUL", ""
    ]

let private structure =
    testList
        "refused as a whole"
        [
            for name, text, given, cure in structures do
                test name {
                    let error =
                        formatError (fun () -> Csv.ofBytes defaults "given" (Encoding.UTF8.GetBytes text))

                    Expect.stringContains error.Given given "what was found"
                    Expect.stringContains error.Cure cure "what helps"
                }
        ]

let private byOption =
    testList
        "read by an option"
        [
            test "groups of digits" {
                let table = with' (defaults.WithGroupSeparator ',') "x,y\n\"1,000.5\",1\n12,2\n"
                Expect.equal (table.Values "x") [| 1000.5; 12.0 |] "numbers"

                Expect.stringContains
                    (refusal (fun () ->
                        (with' (defaults.WithGroupSeparator ',') "x,y\n\"1,00\",1\n").Inputs "x"))
                        .Given
                    "'1,00'"
                    "groups that are not of three"
            }
            test "a decimal comma" {
                let options = defaults.WithSeparator(';').WithDecimalComma().WithGroupSeparator('.')
                let table = with' options "x;y\n1.000,5;a\n-2,5e3;b\n"
                Expect.equal (table.Values "x") [| 1000.5; -2500.0 |] "numbers"
                let point = with' (defaults.WithSeparator(';').WithDecimalComma()) "x;y\n1.5;a\n2,5;b\n"

                Expect.stringContains
                    (refusal (fun () -> point.Inputs "x")).Given
                    "'1.5'"
                    "a point where commas are expected"
            }
            test "marks of missing values, in numbers and texts" {
                let options = defaults.WithMissing("n/a", "?")
                let table = with' options "x,y\n1,a\nn/a,?\nNA,b\n"
                Expect.equal (string (table["x"])) "3 numbers: 1, missing, missing" "numbers"
                Expect.equal (table.Texts "y") [| "a"; ""; "b" |] "texts"
                Expect.equal (List.ofSeq (table.Categories "y").Names) [ "a"; "b" ] "no mark is a category"
            }
            test "NA in texts is missing, unless the options say that nothing is" {
                Expect.equal ((parse "x,y\nDE,1\nNA,2\n").Categories "x").Names [| "DE" |] "missing"

                Expect.equal
                    ((with' (defaults.WithoutMarks()) "x,y\nDE,1\nNA,2\n").Categories "x").Names
                    [| "DE"; "NA" |]
                    "Namibia"
            }
            test "types of columns" {
                let options =
                    defaults
                        .WithColumn("zip", ColumnType.Text)
                        .WithColumn("order", ColumnType.Text)
                        .WithColumn("month", ColumnType.Number)
                        .WithColumn("day", ColumnType.Date)

                let table =
                    with'
                        options
                        "zip,order,month,day\n01067,9007199254740993,01,1970-01-03\n10115,1,12,1970-01-01T12:00\n"

                Expect.equal (table.Texts "zip") [| "01067"; "10115" |] "zeros stay"
                Expect.equal (table.Texts "order") [| "9007199254740993"; "1" |] "digits stay"
                Expect.equal (table.Values "month") [| 1.0; 12.0 |] "numbers"
                Expect.equal (table.Values "day") [| 2.0; 0.5 |] "days since 1970"
                Expect.equal (table.Inputs("month", "day").Shape.ToList()) [ 2; 2 ] "one column for each"

                Expect.equal
                    (formatError (fun () ->
                        with' (defaults.WithColumn("x", ColumnType.Number)) "x,y\n1,1\nb,2\n"))
                        .Given
                    "'b' in given, line 3, column 'x'"
                    "no number"

                Expect.equal
                    (formatError (fun () ->
                        with' (defaults.WithColumn("x", ColumnType.Date)) "x,y\n2024-02-30,1\n"))
                        .Given
                    "'2024-02-30' in given, line 2, column 'x'"
                    "no date"

                Expect.throwsT<DomainError>
                    (fun () -> with' (defaults.WithColumn("z", ColumnType.Date)) "x,y\n1,1\n" |> ignore)
                    "no such column"
            }
            test "dates of another form" {
                let options =
                    defaults
                        .WithColumn("day", ColumnType.Date)
                        .WithDateFormat("dd.MM.yyyy")
                        .WithSeparator(';')

                let table = with' options "day;y\n02.01.1970;1\nNA;2\n"
                Expect.equal (string (table["day"])) "2 numbers: 1, missing" "days"
            }
            test "names for a file without a header" {
                let table = with' (defaults.WithNames("a", "b")) "5.1,3.5\n4.9,3.0\n"
                Expect.equal (table.Values "a") [| 5.1; 4.9 |] "the first row is data"
            }
            test "Latin-1" {
                let bytes = Encoding.Latin1.GetBytes "name,x\nJosé,1\n"

                let error = formatError (fun () -> Csv.ofBytes defaults "given" bytes)
                Expect.stringContains error.Given "0xE9 in given, line 2" "the byte and its line"
                Expect.stringContains error.Cure "Latin1" "the option"

                Expect.equal
                    ((Csv.ofBytes (defaults.WithEncoding Encoding.Latin1) "given" bytes).Texts "name")
                    [| "José" |]
                    "by the option"
            }
            test "byte order marks" {
                for encoding: Encoding in
                    [
                        UTF8Encoding true :> Encoding
                        UnicodeEncoding(false, true)
                        UnicodeEncoding(true, true)
                    ] do
                    let bytes = Array.append (encoding.GetPreamble()) (encoding.GetBytes "name,x\nJosé,1\n")
                    let table = Csv.ofBytes defaults "given" bytes

                    Expect.equal
                        (List.ofSeq table.Names, table.Texts "name")
                        ([ "name"; "x" ], [| "José" |])
                        encoding.WebName
            }
            test "gzip, whole and cut" {
                let pack (text: string) =
                    use memory = new MemoryStream()

                    (use packed = new GZipStream(memory, CompressionLevel.Optimal, true)
                     packed.Write(ReadOnlySpan(Encoding.UTF8.GetBytes text)))

                    memory.ToArray()

                let bytes = pack "a,b\n1,2\n"
                Expect.equal ((Csv.ofBytes defaults "given" bytes).Values "b") [| 2.0 |] "unpacked"
                let twice = Array.append bytes (pack "3,4\n")
                Expect.equal ((Csv.ofBytes defaults "given" twice).Values "b") [| 2.0; 4.0 |] "of two parts"

                for length in 2 .. bytes.Length - 1 do
                    formatError (fun () -> Csv.ofBytes defaults "given" (Array.truncate length bytes))
                    |> ignore
            }
            test "other formats are told by their names" {
                let refuses (start: byte list) kind =
                    let bytes = Array.append (Array.ofList start) (Array.create 60 1uy)

                    Expect.stringContains
                        (formatError (fun () -> Csv.ofBytes defaults "given" bytes)).Given
                        kind
                        kind

                refuses [ byte 'P'; byte 'K'; 3uy; 4uy ] "zip archive"
                refuses [ byte 'P'; byte 'A'; byte 'R'; byte '1' ] "Parquet"
                refuses [ 0x93uy; byte 'N'; byte 'U'; byte 'M'; byte 'P'; byte 'Y' ] "npy"
            }
            test "explicit numbers are numbers" {
                let table = parse "zip,id\n01067,1\n10115,9007199254740993\n"
                Expect.equal (table.Values "zip") [| 1067.0; 10115.0 |] "who asks for numbers gets them"
                Expect.equal (table.Texts "zip") [| "01067"; "10115" |] "who asks for texts too"

                Expect.stringContains
                    (formatError (fun () -> table.Values "id")).Given
                    "'9007199254740993' in given, line 3"
                    "but none that lost digits"
            }
            test "a number that f32 does not hold is not made infinite" {
                let table = parse "x,y\n1e39,1\n"
                Expect.throwsT<DomainError> (fun () -> table.Numbers "x" |> ignore) "f32"
                Expect.equal (table.Numbers(DType.F64, "x") |> Tensor.toFloats) [| 1e39 |] "f64"
            }
            test "options that contradict each other" {
                for options in
                    [
                        defaults.WithDecimalComma()
                        defaults.WithGroupSeparator '.'
                        defaults.WithSeparator '5'
                        defaults.WithSeparator '"'
                    ] do
                    Expect.throwsT<DomainError> (fun () -> with' options "x,y\n1,2\n" |> ignore) "refused"
            }
            test "a name in quotes may hold another separator" {
                Expect.equal (List.ofSeq (parse "\"a;b\",c\n1,2\n").Names) [ "a;b"; "c" ] "names"
            }
        ]

let private rowsOf (random: Random) =
    [|
        for _ in 1 .. 3 + random.Next 5 ->
            match random.Next 6 with
            | 0 -> nan
            | 1 -> float (random.Next 1000)
            | 2 -> -random.NextDouble() * 1e-300
            | 3 -> random.NextDouble() * 1e300
            | 4 -> float (random.Next 100) / 8.0
            | _ -> (random.NextDouble() - 0.5) * 1e4
    |]

let private laws =
    [
        Law.law "numbers written in any notation are read to the same bits" (fun (seed: int) ->
            let random = Random seed
            let values = rowsOf random
            let usesComma, separator = random.Next 2 = 0, [| ';'; '|'; '\t' |][random.Next 3]

            let options =
                let o = defaults.WithSeparator separator
                if usesComma then o.WithDecimalComma() else o

            let written (v: float) =
                if Double.IsNaN v then "NA"
                elif usesComma then (string v).Replace('.', ',')
                else string v

            let text =
                "x"
                + string separator
                + "y\n"
                + String.concat "" [ for v in values -> written v + string separator + "1\n" ]

            if Array.forall Double.IsNaN values then
                true
            else
                (with' options text).Values "x" |> Array.forall2 (fun a b -> a.Equals b) values)

        Law.law "labels of the parts of a table mean what they mean in the whole" (fun (seed: int) ->
            let random = Random seed
            let animals = [| for _ in 0..9 -> [| "ant"; "bee"; "cat"; "dog" |][random.Next 4] |]
            let table = parse ("a,b\n" + String.concat "" [ for a in animals -> $"{a},1\n" ])
            let labels = (table.Labels "a").ToArray<int64>()
            let rows = Array.init (1 + random.Next 9) (fun _ -> random.Next 10)
            let part = table.Rows rows
            let encoder = TableEncoder.Fit(table, "b").WithClasses(table, "a")

            (part.Labels "a").ToArray<int64>() = Array.map (fun row -> labels[row]) rows
            && (encoder.Labels part).ToArray<int64>() = Array.map (fun row -> labels[row]) rows
            && part.Inputs("a").Shape[1] = table.Inputs("a").Shape[1])
    ]

let private encoders =
    test "categories and classes travel with the encoder, into a file and back" {
        let train = parse "island,mass,animal\nB,1,cat\nA,2,dog\nB,3,ant\n"
        let encoder = TableEncoder.Fit(train, "island", "mass").WithClasses(train, "animal")
        let later = parse "island,mass,animal\nA,5,dog\n"
        Expect.equal ((encoder.Labels later).ToArray<int64>()) [| 2L |] "dog is what it was"

        Expect.equal
            ((later.Labels("animal", train.Categories "animal")).ToArray<int64>())
            [| 2L |]
            "by categories"

        inFolder (fun folder ->
            let path = Path.Combine(folder, "encoder.json")
            encoder.IgnoringUnknown().Save path
            let kept = TableEncoder.Load path
            Expect.equal (kept.Dataset later).Targets (encoder.Dataset later).Targets "labels"
            Expect.equal (kept.Dataset later).Inputs (encoder.Dataset later).Inputs "inputs"
            Expect.equal (kept.ToJson()) (encoder.IgnoringUnknown().ToJson()) "the same text"

            Expect.equal
                (kept.Apply(parse "island,mass\nC,1\n") |> Tensor.toFloats)
                [| 0; 0; 1 |]
                "what is ignored")

        let unknown = refusal (fun () -> encoder.Labels(parse "island,mass,animal\nA,5,cow\n"))
        Expect.equal unknown.Given "'cow' in given, line 2, column 'animal'" "a class that was not met"

        Expect.throwsT<DomainError>
            (fun () -> TableEncoder.Fit(train, "mass").Labels later |> ignore)
            "no classes"

        let random = Random 7
        let whole = Encoding.UTF8.GetBytes(encoder.ToJson())

        for _ in 1 .. often 2_000 200_000 do
            let damaged = Encoding.UTF8.GetString(changed random whole)

            try
                TableEncoder.OfJson damaged |> ignore
            with
            | :? FormatError
            | :? DomainError -> ()
    }

let tests = testList "Csv" ([ doubts; structure; byOption; encoders ] @ laws)
