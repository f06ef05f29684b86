namespace DL1

open System
open System.Collections.Generic
open System.Globalization
open System.Text

/// The words of an ASCII expression.
[<RequireQualifiedAccess; NoComparison>]
type internal Token =
    /// The text of a number: `2`, `1e-12`, `inf`, `nan`, `nan(0x7fc00000)`.
    | Number of string
    | Name of string
    | Quoted of string
    | Sign of string
    | End

/// A word and where it begins.
[<NoComparison>]
type internal Place =
    {
        Token: Token
        At: int
        /// Whether it is the first of its line.
        Opens: bool
    }

/// Cuts text into words, and tells where something is wrong in it.
module internal ParseToken =
    /// Refuses a text, naming the line and column, and showing the place.
    let refuse (source: string) (at: int) (what: string) (expected: string) (cure: string) : 'a =
        let at = min at source.Length
        let lineStart = if at = 0 then 0 else source.LastIndexOf('\n', at - 1) + 1

        let lineEnd =
            match source.IndexOf('\n', at) with
            | -1 -> source.Length
            | n -> n

        let line = 1 + (source.AsSpan(0, at).Count '\n')
        let first = max lineStart (at - 40)
        let last = min lineEnd (at + 30)
        let before = (if first > lineStart then "…" else "") + source.Substring(first, at - first)
        let after = source.Substring(at, last - at) + (if last < lineEnd then "…" else "")

        Refuse.format
            "Parse.expr"
            $"{what} at line %d{line}, column %d{at - lineStart + 1}, behind the mark ▸ in: {before}▸{after}"
            expected
            cure

    /// A word as an error names it.
    let describe token =
        match token with
        | Token.Number text -> $"the number {text}"
        | Token.Name name -> $"the name {name}"
        | Token.Quoted name -> $"the name {TextName.quote name}"
        | Token.Sign sign -> $"'{sign}'"
        | Token.End -> "the end of the text"

    let private doubled = [ "=="; "!="; "<="; ">="; "**" ]

    // Signs of Unicode mathematics that stand for no sign of ASCII: roots, rounding, a transpose, a negated truth value.
    let private single = "+-*/^@()[]{},;:=<>|√⌊⌋⌈⌉ᵀ¬"

    /// Words of Unicode mathematics that ASCII has as well.
    let private asAscii =
        dict
            [
                '·', Token.Sign "*"
                '×', Token.Sign "*"
                '⋅', Token.Sign "*"
                '÷', Token.Sign "/"
                '−', Token.Sign "-"
                '≤', Token.Sign "<="
                '≥', Token.Sign ">="
                '≠', Token.Sign "!="
                '∧', Token.Name "and"
                '∨', Token.Name "or"
                '∞', Token.Number "inf"
            ]

    let private raised = "⁰¹²³⁴⁵⁶⁷⁸⁹"
    let private lowered = "₀₁₂₃₄₅₆₇₈₉"

    /// The ASCII digits that raised or lowered ones stand for, with `⁻` as a minus sign.
    let private plain (digits: string) (text: string) =
        text |> String.map (fun c -> if c = '⁻' then '-' else char (int '0' + digits.IndexOf c))

    /// The whole number that a sign of raised digits stands for, `²` or `⁻¹`; none for other signs.
    let exponent (sign: string) : string option =
        if sign.Length > 0 && (sign[0] = '⁻' || raised.Contains sign[0]) then
            Some(plain raised sign)
        else
            None

    /// A name of which the lowered digits at its end are taken: `Σ₀₁` is `Σ` with `01`.
    let subscript (name: string) : struct (string * string) =
        let head = name.TrimEnd(lowered.ToCharArray())
        struct (head, plain lowered (name.Substring head.Length))

    let private quoted (source: string) (start: int) : struct (string * int) =
        let text = StringBuilder()
        let mutable i = start + 1

        let stop () =
            refuse
                source
                start
                "a quoted name without an end"
                "a closing double quote"
                "put \" after the name"

        while i < source.Length && source[i] <> '"' do
            if source[i] = '\\' && i + 1 < source.Length then
                match source[i + 1] with
                | 'u' when i + 5 < source.Length ->
                    match
                        UInt16.TryParse(
                            source.AsSpan(i + 2, 4),
                            NumberStyles.HexNumber,
                            CultureInfo.InvariantCulture
                        )
                    with
                    | true, code -> text.Append(char code) |> ignore
                    | false, _ ->
                        refuse
                            source
                            i
                            "a wrong escape"
                            "four hexadecimal digits"
                            "write \\u03b1, for example"

                    i <- i + 6
                | c ->
                    text.Append c |> ignore
                    i <- i + 2
            else
                text.Append source[i] |> ignore
                i <- i + 1

        if i >= source.Length then stop () else struct (text.ToString(), i + 1)

    /// Where a number that begins here ends.
    let private numberEnd (source: string) (start: int) =
        let digits from =
            let mutable i = from

            while i < source.Length && Char.IsAsciiDigit source[i] do
                i <- i + 1

            i

        let whole = digits start

        let fraction =
            if whole < source.Length && source[whole] = '.' then
                digits (whole + 1)
            else
                whole

        if fraction < source.Length && (source[fraction] = 'e' || source[fraction] = 'E') then
            let signed =
                if
                    fraction + 1 < source.Length && (source[fraction + 1] = '-' || source[fraction + 1] = '+')
                then
                    fraction + 2
                else
                    fraction + 1

            let power = digits signed
            if power > signed then power else fraction
        else
            fraction

    let private word (source: string) (start: int) : struct (Token * int) =
        let mutable i = start

        let isInside c =
            (Char.IsLetterOrDigit c && c <> 'ᵀ') || TextName.isPart c || c = '\'' || lowered.Contains c

        while i < source.Length && isInside source[i] do
            i <- i + 1

        let text = source.Substring(start, i - start)

        match text with
        | "nan"
        | "NaN" when String.CompareOrdinal(source, i, "(0x", 0, 3) = 0 && source.IndexOf(')', i) > 0 ->
            let close = source.IndexOf(')', i)
            struct (Token.Number("nan" + source.Substring(i, close + 1 - i)), close + 1)
        | "nan"
        | "NaN" -> struct (Token.Number "nan", i)
        | "inf" -> struct (Token.Number "inf", i)
        | _ -> struct (Token.Name text, i)

    let private next (source: string) (i: int) : struct (Token * int) =
        let c = source[i]

        if Char.IsAsciiDigit c || (c = '.' && i + 1 < source.Length && Char.IsAsciiDigit source[i + 1]) then
            let stop = numberEnd source i
            struct (Token.Number(source.Substring(i, stop - i)), stop)
        elif (Char.IsLetter c && c <> 'ᵀ') || c = '_' then
            word source i
        elif asAscii.ContainsKey c then
            struct (asAscii[c], i + 1)
        elif c = '⁻' || raised.Contains c then
            let mutable stop = i + 1

            while stop < source.Length && raised.Contains source[stop] do
                stop <- stop + 1

            struct (Token.Sign(source.Substring(i, stop - i)), stop)
        elif c = '"' then
            let struct (text, stop) = quoted source i
            struct (Token.Quoted text, stop)
        else
            match doubled |> List.tryFind (fun d -> String.CompareOrdinal(source, i, d, 0, 2) = 0) with
            | Some sign -> struct (Token.Sign sign, i + 2)
            | None when single.Contains c -> struct (Token.Sign(string c), i + 1)
            | None ->
                refuse
                    source
                    i
                    $"the character '{c}'"
                    "names, numbers, operators, parentheses, brackets and braces"
                    "write * for a product, ^ for a power, - for minus, as ASCII text has them; quote a name such as \"learning rate\""

    /// The words of a text; the last one is the end.
    let all (source: string) : Place[] =
        let tokens = List<Place>()
        let mutable i = 0
        let mutable opens = true

        while i < source.Length do
            if Char.IsWhiteSpace source[i] then
                opens <- opens || source[i] = '\n'
                i <- i + 1
            else
                let struct (token, stop) = next source i
                tokens.Add { Token = token; At = i; Opens = opens }
                opens <- false
                i <- stop

        tokens.Add { Token = Token.End; At = source.Length; Opens = true }
        tokens.ToArray()
