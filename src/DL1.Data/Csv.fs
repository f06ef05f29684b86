namespace DL1.Data

open System
open System.Collections.Generic
open System.IO
open System.Text
open CsvHelper
open DL1

/// Tables from comma-separated values (RFC 4180): the first row names the columns; fields may be quoted; blank lines
/// are skipped, and so are blanks around a field. A column whose values are all numbers or missing (nothing, `NA`, `NaN`)
/// is read as numbers, with the decimal point; every other as texts. What else a file may have, `CsvOptions` say. What is
/// not clear is not guessed: where numbers stand beside texts, or could be codes or numbers in another notation, the column
/// stays texts, and is refused as inputs or classes until the options say what it is.
[<RequireQualifiedAccess>]
module Csv =
    let private refuse given expected cure : 'a = Refuse.format "Csv.read" given expected cure

    let private readerOptions (options: CsvOptions) =
        let separator = options.Separator
        let isPrintable = ' ' <= separator && separator <= '~' && separator <> '"'

        if not (isPrintable || separator = '\t') then
            Refuse.domain
                "Csv.read"
                $"the separator U+%04X{int separator}"
                "a tab, or a printable ASCII character that is no quote"
                "separate fields by a comma, a semicolon or a tab"

        CsvReaderOptions(
            HasHeader = false,
            Separator = options.Separator,
            TrackLineNumbers = true,
            MalformedData = CsvMalformedDataHandling.Throw
        )

    /// The rows that are not blank, each with the line of the file on which it starts; `lineOf` is the line of the file for a line
    /// of the text.
    let private rowsAt (lineOf: int -> int) (options: CsvOptions) (source: string) (text: string) =
        use reader = CsvReader.FromText(text, readerOptions options)
        let found = List<struct (int * string[])>()

        try
            while reader.Read() do
                found.Add(
                    struct (lineOf (int reader.LineNumber), Array.init reader.FieldCount reader.GetString)
                )
        with :? CsvFormatException as error ->
            refuse
                $"{source}, line %d{lineOf (int error.LineNumber)}, where quotes are amiss ({error.Message})"
                "quotes around a whole field, and doubled within it"
                "close the quote, or write the field anew: \"she said \"\"yes\"\"\""

        found

    let private rows = rowsAt id

    /// The header's names, without a doubt about which column is meant.
    let private header (source: string) (fields: string[]) : string[] =
        let names = fields |> Array.map _.Trim()

        names
        |> Array.iteri (fun i name ->
            if name = "" then
                refuse
                    $"no name for column %d{i + 1} in the header of {source}"
                    "a name for each column in the first row"
                    "name the column, or remove a comma that is too many")

        match names |> Array.countBy id |> Array.tryFind (fun (_, times) -> times > 1) with
        | Some(name, _) ->
            refuse
                $"two columns named '{name}' in {source}"
                "names that differ"
                "give one of the columns another name"
        | None -> names

    let private count fields = if fields = 1 then "1 field" else $"%d{fields} fields"

    let private separators = [ ';', "semicolons"; '\t', "tabs"; '|', "vertical bars" ]

    /// A name with another separator in it is most likely several names; a name in quotes is what it is.
    let private requireSeparator (options: CsvOptions) (source: string) (text: string) (names: string[]) =
        for mark, called in separators do
            if mark <> options.Separator then
                match names |> Array.tryFind (fun name -> name.Contains mark) with
                | Some name when not (text.Contains($"\"{name}\"", StringComparison.Ordinal)) ->
                    let own =
                        separators
                        |> List.tryFind (fun (c, _) -> c = options.Separator)
                        |> Option.map snd
                        |> Option.defaultValue (
                            if options.Separator = ',' then "commas" else $"'{string options.Separator}'"
                        )

                    let shown = if mark = '\t' then "\\t" else string mark

                    refuse
                        $"the name '{name}' in the header of {source}"
                        $"{own} between fields, not {called}"
                        $"say the separator in the options, CsvOptions.Default.WithSeparator('{shown}'), or put the name in quotes"
                | _ -> ()

    /// A row of numbers at the top is most likely data.
    let private requireHeader (options: CsvOptions) (source: string) (names: string[]) =
        let isNumber name =
            match Field.read options name with
            | Reading.Number _ -> true
            | _ -> false

        if names.Length > 0 && Array.forall isNumber names then
            let shown = names |> Seq.truncate 3 |> String.concat ", "

            refuse
                $"only numbers ({shown}) in the first row of {source}"
                "a first row that names the columns"
                "name the columns in the options, CsvOptions.Default.WithNames(\"a\", \"b\"), or add a row of names"

    /// In a table of one column a blank line may be a missing value, which would be lost.
    let private requireNoGap (source: string) (rows: List<struct (int * string[])>) =
        for i in 1 .. rows.Count - 1 do
            let struct (before, fields) = rows[i - 1]
            let struct (line, _) = rows[i]
            let lines = 1 + (fields[0] |> Seq.filter (fun c -> c = '\n') |> Seq.length)

            if line > before + lines then
                refuse
                    $"a blank line %d{before + lines} in {source}, which has one column"
                    "a value in each line"
                    "write NA where a value is missing, or remove the line"

    /// The table of rows with their lines, whose columns have these names.
    let private assembled
        (isWhole: bool)
        operation
        (options: CsvOptions)
        (source: string)
        (names: string[])
        (rows: List<struct (int * string[])>)
        : Table =
        for struct (line, fields) in rows do
            if fields.Length <> names.Length then
                let last = names[min fields.Length names.Length - 1]

                refuse
                    $"{count fields.Length} in {source}, line %d{line}, after column '{last}'"
                    $"{count names.Length}, as many as the header has"
                    "quote a field that holds a separator, or write the missing fields as nothing between separators"

        if isWhole && names.Length = 1 then
            requireNoGap source rows

        let lines = [| for struct (line, _) in rows -> line |]

        let columns =
            [|
                for i, name in Array.indexed names ->
                    let texts = [| for struct (_, fields) in rows -> fields[i] |]
                    let place row = $"{source}, line %d{lines[row]}, column '{name}'"

                    match options.Columns.TryGetValue name with
                    | true, columnType -> Infer.ofType operation options name place columnType texts, None
                    | false, _ -> Infer.column options name place texts
            |]

        let found = Array.map fst columns

        Table(
            source,
            names,
            { Columns = found; Doubts = Array.map snd columns; Whole = found; Options = options },
            lines
        )

    /// A table of records of a larger file: their text, one after another, and the lines that they start on.
    let internal ofRecords
        (options: CsvOptions)
        (source: string)
        (names: string[])
        (lines: int[])
        (starts: int[])
        (text: string)
        : Table =
        // The record that a line of the text belongs to is the last that starts there or before.
        let lineOf (line: int) =
            let found = Array.BinarySearch(starts, line)
            let record = if found >= 0 then found else max 0 (~~~found - 1)
            lines[record] + line - starts[record]

        let found = rowsAt lineOf options source text

        if found.Count <> lines.Length then
            refuse
                $"{source}, line %d{lines[0]}, near which quotes are amiss"
                "quotes around a whole field, and doubled within it"
                "close the quote, or write the field anew: \"she said \"\"yes\"\"\""

        assembled false "Csv.read" options source names found

    let internal table operation (options: CsvOptions) (source: string) (text: string) : Table =
        options.Check operation
        let rows = rows options source text

        if rows.Count = 0 then
            refuse
                $"nothing in {source}"
                "a first row that names the columns"
                "check that the whole file was written"

        let names =
            if options.Names.Count = 0 then
                let struct (_, first) = rows[0]
                let names = header source first
                requireSeparator options source text names
                requireHeader options source names
                rows.RemoveAt 0
                names
            else
                header source (Array.ofSeq options.Names)

        let known = String.concat ", " names

        for entry in options.Columns do
            if not (Array.contains entry.Key names) then
                Refuse.domain
                    operation
                    $"a type for the column '{entry.Key}', which {source} does not have"
                    $"one of its columns: {known}"
                    "correct the name in the options"

        assembled true operation options source names rows

    /// A table from text, by options; `source` is what errors call it.
    ///
    /// <example><code>
    /// let table = Csv.parseWith (CsvOptions.Default.WithSeparator ';') "scores" "name;score\nAda;9.5\n"
    /// </code></example>
    [<CompiledName "ParseWith">]
    let parseWith (options: CsvOptions) (source: string) (text: string) : Table =
        table "Csv.parse" options source text

    /// A table from text; `source` is what errors call it.
    ///
    /// <example><code>
    /// let table = Csv.parse "scores" "name,score\nAda,9.5\n"
    /// </code></example>
    [<CompiledName "Parse">]
    let parse (source: string) (text: string) : Table = parseWith CsvOptions.Default source text

    /// The characters of a file: by its byte order mark, or by the encoding of the options.
    let internal decoded (options: CsvOptions) (source: string) (bytes: byte[]) : string =
        let begins (mark: byte list) =
            bytes.Length >= mark.Length
            && List.forall2 (=) mark (List.ofArray (Array.truncate mark.Length bytes))

        let encoding, skipped =
            if begins [ 0xEFuy; 0xBBuy; 0xBFuy ] then
                UTF8Encoding(false, true) :> Encoding, 3
            elif begins [ 0xFFuy; 0xFEuy ] then
                UnicodeEncoding(false, true, true) :> Encoding, 2
            elif begins [ 0xFEuy; 0xFFuy ] then
                UnicodeEncoding(true, true, true) :> Encoding, 2
            else
                // An encoding may put a mark in the place of what it cannot read: here it is to say so.
                match options.Encoding.Clone() with
                | :? Encoding as own ->
                    own.DecoderFallback <- DecoderFallback.ExceptionFallback
                    own, 0
                | _ -> options.Encoding, 0

        let lineOf (index: int) =
            1 + (bytes |> Seq.truncate index |> Seq.filter (fun b -> b = 10uy) |> Seq.length)

        let text =
            try
                encoding.GetString(bytes, skipped, bytes.Length - skipped)
            with :? DecoderFallbackException as e ->
                let at = skipped + max 0 e.Index

                refuse
                    $"the byte 0x%02X{bytes[min at (bytes.Length - 1)]} in {source}, line %d{lineOf at}, which is no character of {encoding.WebName}"
                    $"text in {encoding.WebName}"
                    "say the encoding in the options, CsvOptions.Default.WithEncoding(Encoding.Latin1), or save the file as UTF-8"

        match text.IndexOf '\000' with
        | -1 -> text
        | at ->
            let line = 1 + (text |> Seq.truncate at |> Seq.filter (fun c -> c = '\n') |> Seq.length)

            refuse
                $"a character NUL in {source}, line %d{line}"
                "text"
                "save the file as text; where it is UTF-16, say so in the options, CsvOptions.Default.WithEncoding(Encoding.Unicode)"

    let private ofStream (options: CsvOptions) (source: string) (stream: Stream) : Table =
        let operation = "Csv.read"

        match Files.kindOf (Raw.start stream) with
        | Some(kind, cure) ->
            Refuse.format operation $"{source}, which is {kind}" "text of separated values" cure
        | None -> ()

        let bytes = Array.zeroCreate<byte>(int (stream.Length - stream.Position))
        stream.ReadExactly bytes
        table operation options source (decoded options source bytes)

    /// A table from the bytes of a file, packed by gzip or not; `source` is what errors call it.
    ///
    /// <example><code>
    /// let table = Csv.ofBytes CsvOptions.Default "sent" (Text.Encoding.UTF8.GetBytes "a,b\n1,2\n")
    /// </code></example>
    [<CompiledName "OfBytes">]
    let ofBytes (options: CsvOptions) (source: string) (bytes: byte[]) : Table =
        Raw.openBytes "Csv.read" bytes (ofStream options source)

    /// Reads a table from a file by options: separator, decimal comma, marks of missing values, types of columns, encoding.
    /// Refuses what `read` refuses, and values that are not of the type that the options say.
    ///
    /// <example><code>
    /// let options = CsvOptions.Default.WithSeparator(';').WithDecimalComma().WithColumn("zip", ColumnType.Text)
    /// let table = Csv.readWith options "shops.csv"
    /// </code></example>
    [<CompiledName "ReadWith">]
    let readWith (options: CsvOptions) (path: string) : Table =
        Raw.openFile "Csv.read" "a file of separated values" path (ofStream options path)

    /// Reads a table from a file in UTF-8, packed by gzip or not. Refuses a file that is not there, one in another encoding
    /// or format, a row with more or fewer fields than the header, a header with another separator or of numbers alone, and
    /// a stray quote, with a `FormatError` that names file, line, column and what was found.
    ///
    /// <example><code>
    /// let table = Csv.read "iris.csv"
    /// let x = table |> Table.numbers [ "petal_length_cm"; "petal_width_cm" ]
    /// </code></example>
    [<CompiledName "Read">]
    let read (path: string) : Table = readWith CsvOptions.Default path
