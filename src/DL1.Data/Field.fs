namespace DL1.Data

open System
open System.Globalization
open System.Numerics
open System.Text.RegularExpressions

/// What one field of a column of numbers holds.
[<RequireQualifiedAccess; Struct>]
type internal Reading =
    | Missing
    | Number of float
    /// A number of which float64 would lose digits, or all of it: what is wrong with it.
    | Lossy of reason: string
    /// A number that begins with zeros that it does not need: a code, perhaps.
    | Padded of float
    /// Digits with something between them: a number in another notation, perhaps.
    | Noted
    | NotANumber

/// How one value of a table is read.
[<RequireQualifiedAccess>]
module internal Field =
    /// Marks that stand for a missing value often enough to make it a doubt whether they are a category.
    let suspicious =
        set
            [
                "n/a"
                "N/A"
                "#N/A"
                "<NA>"
                "na"
                "null"
                "NULL"
                "Null"
                "nil"
                "?"
                "-"
                "--"
                "."
                "None"
                "missing"
            ]

    let private invariant = CultureInfo.InvariantCulture

    let private padded = Regex(@"^[+-]?0\d", RegexOptions.CultureInvariant)

    /// Numbers as people and other programs write them: groups of digits, a decimal comma, a currency, a percentage, a
    /// real minus, the parentheses of accountants, and two numbers with another separator between them.
    let private noted =
        Regex(
            @"^[+\-\u2212(]?\s*[$€£¥]?\s*[+\-\u2212]?\d[\d.,'’\u00A0\u202F ]*\s*[$€£¥%‰]?\)?$|^[+-]?[\d.]+\s*[;|\t]\s*[+-]?[\d.]+$",
            RegexOptions.CultureInvariant
        )

    let private dateForms =
        Regex(
            @"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?$|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?$|^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$|^\d{1,2}\.? ?[A-Za-z]{3,9}\.?,? \d{2,4}$|^[A-Za-z]{3,9}\.? \d{1,2},? \d{4}$",
            RegexOptions.CultureInvariant
        )

    /// Whether a text looks like a date or a time of day.
    let isDateLike (text: string) = dateForms.IsMatch(text.Trim())

    let isMissing (options: CsvOptions) (text: string) =
        let text = text.Trim()
        text = "" || Seq.contains text options.Missing

    /// The text with the decimal point and without separators of groups, or `None` where groups are not of three.
    let private plain (options: CsvOptions) (text: string) : string option =
        match Option.ofNullable options.GroupSeparator with
        | Some group when text.Contains group ->
            let decimal = if options.DecimalComma then ',' else '.'
            let mark = Regex.Escape(string group)
            let form = $@"^[+-]?\d{{1,3}}({mark}\d{{3}})+({Regex.Escape(string decimal)}\d+)?$"

            if Regex.IsMatch(text, form, RegexOptions.CultureInvariant) then
                Some(text.Replace(string group, "").Replace(decimal, '.'))
            else
                None
        | _ when options.DecimalComma -> if text.Contains '.' then None else Some(text.Replace(',', '.'))
        | _ -> Some text

    let private lossy (text: string) (value: float) : string option =
        let mantissa = text.Split('e', 'E')[0]

        if Double.IsInfinity value && Seq.exists Char.IsAsciiDigit text then
            Some "larger than any number of 64 bits"
        elif value = 0.0 && mantissa |> Seq.exists (fun c -> c >= '1' && c <= '9') then
            Some "nearer to 0 than any number of 64 bits"
        elif
            abs value >= 9007199254740992.0
            && mantissa.Length = text.Length
            && mantissa |> Seq.forall (fun c -> Char.IsAsciiDigit c || c = '+' || c = '-')
            && BigInteger.Parse(text, NumberStyles.AllowLeadingSign, invariant) <> BigInteger value
        then
            Some "with more digits than a number of 64 bits keeps"
        else
            None

    /// What a field of numbers holds.
    let read (options: CsvOptions) (text: string) : Reading =
        let text = text.Trim()

        if isMissing options text then
            Reading.Missing
        else
            match text.TrimStart('+', '-').ToLowerInvariant() with
            | "inf"
            | "infinity"
            | "∞" -> Reading.Number(if text.StartsWith '-' then -infinity else infinity)
            | "nan" -> Reading.Missing
            | _ ->
                match plain options text with
                | None -> Reading.Noted
                | Some number ->
                    match Double.TryParse(number, NumberStyles.Float, invariant) with
                    | true, value ->
                        match lossy number value with
                        | Some reason -> Reading.Lossy reason
                        | None when padded.IsMatch number -> Reading.Padded value
                        | None -> Reading.Number value
                    | false, _ ->
                        if noted.IsMatch text && not (isDateLike text) then
                            Reading.Noted
                        else
                            Reading.NotANumber

    let private epoch = DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc)

    let private isoForms =
        [|
            "yyyy-MM-dd"
            "yyyy-MM-dd'T'HH:mm"
            "yyyy-MM-dd'T'HH:mmK"
            "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF"
            "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"
            "yyyy-MM-dd HH:mm"
            "yyyy-MM-dd HH:mm:ss.FFFFFFF"
        |]

    /// Days since 1 January 1970, NaN where missing; `None` where the text is no date. A time without a zone is taken as
    /// it stands, one with a zone as the same moment at Greenwich.
    let tryDate (options: CsvOptions) (text: string) : float option =
        let text = text.Trim()
        let styles = DateTimeStyles.AssumeUniversal ||| DateTimeStyles.AdjustToUniversal

        let forms =
            match options.DateFormat with
            | "" -> isoForms
            | form -> [| form |]

        if isMissing options text then
            Some nan
        else
            match DateTime.TryParseExact(text, forms, invariant, styles) with
            | true, date -> Some (date - epoch).TotalDays
            | false, _ -> None
