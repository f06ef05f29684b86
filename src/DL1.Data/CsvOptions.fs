namespace DL1.Data

open System
open System.Collections.Generic
open System.Text
open DL1

/// What the values of a column are.
[<RequireQualifiedAccess>]
type ColumnType =
    /// Numbers, whatever their digits: `007` is 7.
    | Number
    /// Texts, exactly as they are written: postal codes, long numbers of orders, categories that look like numbers.
    | Text
    /// Dates, as numbers of days since 1 January 1970, with a part for the time: by ISO 8601, or by
    /// `CsvOptions.DateFormat`.
    | Date

/// How a text of separated values is to be read. The options of `CsvOptions.Default` are those of `Csv.read`.
///
/// <example><code>
/// let options =
///     { CsvOptions.Default with Separator = ';'; DecimalComma = true; Missing = [| "NA"; "n/a" |] }
///         .WithColumn("zip", ColumnType.Text)
/// let table = Csv.parseWith options "shops" "zip;rent\n01067;12,5\n10115;n/a\n"
/// </code>
/// In C#: <code>
/// var options = CsvOptions.Default.WithSeparator(';').WithDecimalComma().WithMissing("n/a").WithColumn("zip", ColumnType.Text);
/// </code></example>
type CsvOptions =
    {
        /// What stands between fields: a comma, by default.
        Separator: char
        /// Whether numbers have a comma where others have the point: `12,5`.
        DecimalComma: bool
        /// What stands between groups of digits, as in `1,000`; none by default.
        GroupSeparator: Nullable<char>
        /// What stands for a missing value, besides nothing, in columns of any type: `NA` and `NaN`, by default.
        Missing: IReadOnlyList<string>
        /// What columns are, where that is not to be inferred from their values.
        Columns: IReadOnlyDictionary<string, ColumnType>
        /// The form of dates, as .NET writes it: `dd.MM.yyyy`. Empty is ISO 8601: `2024-02-29`, `2024-02-29T12:30`.
        DateFormat: string
        /// The names of the columns of a file without a header; where there are none, the first row has them.
        Names: IReadOnlyList<string>
        /// How characters are encoded; a byte order mark in the file comes first.
        Encoding: Encoding
    }

    /// Commas, the decimal point, `NA` and `NaN` for what is missing, UTF-8, names in the first row.
    static member Default: CsvOptions =
        {
            Separator = ','
            DecimalComma = false
            GroupSeparator = Nullable()
            Missing = [| "NA"; "NaN"; "nan"; "NAN" |]
            Columns = Map.empty<string, ColumnType>
            DateFormat = ""
            Names = [||]
            Encoding = UTF8Encoding(false, true)
        }

    /// The same with another separator: `CsvOptions.Default.WithSeparator(';')`.
    member this.WithSeparator(separator: char) : CsvOptions = { this with Separator = separator }

    /// The same with a comma in numbers: `CsvOptions.Default.WithDecimalComma()`.
    member this.WithDecimalComma() : CsvOptions = { this with DecimalComma = true }

    /// The same with a separator between groups of digits: `CsvOptions.Default.WithGroupSeparator(',')`.
    member this.WithGroupSeparator(separator: char) : CsvOptions =
        { this with GroupSeparator = Nullable separator }

    /// The same with more marks of missing values: `CsvOptions.Default.WithMissing("n/a", "?")`.
    member this.WithMissing([<ParamArray>] marks: string[]) : CsvOptions =
        { this with Missing = Array.append (Array.ofSeq this.Missing) marks }

    /// The same where only an empty field is missing: `NA` is then a text, such as the code of Namibia.
    /// `CsvOptions.Default.WithoutMarks()`
    member this.WithoutMarks() : CsvOptions = { this with Missing = [||] }

    /// The same where a column has a type: `CsvOptions.Default.WithColumn("zip", ColumnType.Text)`.
    member this.WithColumn(name: string, columnType: ColumnType) : CsvOptions =
        let columns = Dictionary<string, ColumnType>(this.Columns)
        columns[name] <- columnType
        { this with Columns = columns }

    /// The same with a form of dates: `CsvOptions.Default.WithDateFormat("dd.MM.yyyy")`.
    member this.WithDateFormat(format: string) : CsvOptions = { this with DateFormat = format }

    /// The same for a file without a header: `CsvOptions.Default.WithNames("height", "weight")`.
    member this.WithNames([<ParamArray>] names: string[]) : CsvOptions =
        { this with Names = Array.copy names }

    /// The same in another encoding: `CsvOptions.Default.WithEncoding(Encoding.Latin1)`.
    member this.WithEncoding(encoding: Encoding) : CsvOptions = { this with Encoding = encoding }

    /// Refuses options that contradict each other.
    member internal this.Check(operation: string) : unit =
        let refuse given cure : 'a =
            Refuse.domain
                operation
                given
                "a separator of fields, a decimal mark and a separator of groups that differ"
                cure

        let decimal = if this.DecimalComma then ',' else '.'

        if Char.IsLetterOrDigit this.Separator || Seq.contains this.Separator "\"\r\n+-" then
            refuse $"the separator '{string this.Separator}'" "take , ; | or a tab"

        if this.DecimalComma && this.Separator = ',' then
            refuse "a comma between fields and in numbers" "say the separator of fields, such as ';'"

        match Option.ofNullable this.GroupSeparator with
        | Some group when group = decimal || Char.IsLetterOrDigit group || Seq.contains group "+-" ->
            refuse
                $"the separator of groups '{string group}'"
                "take what stands in the file between groups of digits"
        | _ -> ()
