namespace DL1.Data

open System
open System.Collections.Generic
open System.IO
open CsvHelper
open DL1

/// Tables from comma-separated values (RFC 4180): the first row names the columns; fields may be quoted; blank lines
/// are skipped. A column whose values are all numbers or missing (nothing, `NA`, `NaN`) is read as numbers, with the
/// decimal point; every other as texts.
[<RequireQualifiedAccess>]
module Csv =
    let private refuse given expected cure : 'a = Refuse.format "Csv.read" given expected cure

    let private options =
        CsvReaderOptions(
            HasHeader = false,
            Separator = ',',
            TrackLineNumbers = true,
            MalformedData = CsvMalformedDataHandling.Throw
        )

    /// The rows that are not blank, each with the line of the file on which it starts.
    let private rows (source: string) (text: string) =
        use reader = CsvReader.FromText(text, options)
        let found = List<struct (int * string[])>()

        try
            while reader.Read() do
                found.Add(struct (int reader.LineNumber, Array.init reader.FieldCount reader.GetString))
        with :? CsvFormatException as error ->
            refuse
                $"{source}, line {error.LineNumber}, where quotes are amiss ({error.Message})"
                "quotes around a whole field, and doubled within it"
                "close the quote, or write the field anew: \"she said \"\"yes\"\"\""

        found

    /// The header's names, without a doubt about which column is meant.
    let private header (source: string) (fields: string[]) : string[] =
        let names = fields |> Array.map _.Trim()

        names
        |> Array.iteri (fun i name ->
            if name = "" then
                refuse
                    $"no name for column {i + 1} in the header of {source}"
                    "a name for each column in the first row"
                    "name the column, or remove a comma that is too many")

        match names |> Array.countBy id |> Array.tryFind (fun (_, times) -> times > 1) with
        | Some(name, _) ->
            refuse
                $"two columns named '{name}' in {source}"
                "names that differ"
                "give one of the columns another name"
        | None -> names

    let private count fields = if fields = 1 then "1 field" else $"{fields} fields"

    /// A whole header in one field is most likely one with another separator.
    let private requireCommas (source: string) (names: string[]) =
        match names with
        | [| name |] when name.Contains ';' || name.Contains '\t' ->
            let separator = if name.Contains ';' then "semicolons" else "tabs"

            refuse
                $"one column, '{name}', in the header of {source}"
                $"commas between fields, not {separator}"
                "save the file with commas between fields and points in numbers"
        | _ -> ()

    /// A table from text; `source` is what errors call it.
    ///
    /// <example><code>
    /// let table = Csv.parse "scores" "name,score\nAda,9.5\n"
    /// </code></example>
    [<CompiledName "Parse">]
    let parse (source: string) (text: string) : Table =
        let rows = rows source text

        if rows.Count = 0 then
            refuse
                $"nothing in {source}"
                "a first row that names the columns"
                "check that the whole file was written"

        let struct (_, first) = rows[0]
        let names = header source first
        requireCommas source names
        rows.RemoveAt 0

        for struct (line, fields) in rows do
            if fields.Length <> names.Length then
                let last = names[min fields.Length names.Length - 1]

                refuse
                    $"{count fields.Length} in {source}, line {line}, after column '{last}'"
                    $"{count names.Length}, as many as the header has"
                    "quote a field that holds a comma, or write the missing fields as nothing between commas"

        let columns =
            [|
                for i in 0 .. names.Length - 1 ->
                    Field.column [| for struct (_, fields) in rows -> fields[i] |]
            |]

        Table(source, names, columns, [| for struct (line, _) in rows -> line |])

    /// Reads a table from a file in UTF-8. Refuses a file that is not there, a row with more or fewer fields than the
    /// header, and a stray quote, with a `FormatError` that names file, line, column and what was found.
    ///
    /// <example><code>
    /// let table = Csv.read "iris.csv"
    /// let x = table |> Table.numbers [ "petal_length_cm"; "petal_width_cm" ]
    /// </code></example>
    [<CompiledName "Read">]
    let read (path: string) : Table =
        let text =
            try
                File.ReadAllText path
            with
            | :? FileNotFoundException
            | :? DirectoryNotFoundException ->
                refuse
                    $"no file {Path.GetFullPath path}"
                    "a file of comma-separated values"
                    "check the name; a relative path starts at the working directory of the program"
            | :? UnauthorizedAccessException
            | :? IOException as error ->
                refuse
                    $"{path}, which could not be read ({error.Message})"
                    "a readable file"
                    "check its permissions"

        parse path text
