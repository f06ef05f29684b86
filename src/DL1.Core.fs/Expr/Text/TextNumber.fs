namespace DL1

open System
open System.Globalization
open System.Text

/// Numbers and names as text: the shortest that reads back to the same bits.
module internal TextNumber =
    let private invariant = CultureInfo.InvariantCulture

    /// .NET writes `1E-07`; people write `1e-7`.
    let private shorten (text: string) =
        match text.IndexOf 'E' with
        | -1 -> text
        | at ->
            let power = Int32.Parse(text.Substring(at + 1), NumberStyles.AllowLeadingSign, invariant)
            $"{text.Substring(0, at)}e%d{power}"

    let private float64 (x: float) =
        if Double.IsNaN x then
            let bits = BitConverter.DoubleToUInt64Bits x

            if bits = BitConverter.DoubleToUInt64Bits Double.NaN then
                "nan"
            else
                $"nan(0x{bits:x16})"
        elif Double.IsInfinity x then
            (if x > 0.0 then "inf" else "-inf")
        else
            shorten (x.ToString("R", invariant))

    let private float32 (x: float32) =
        if Single.IsNaN x then
            let bits = BitConverter.SingleToUInt32Bits x

            if bits = BitConverter.SingleToUInt32Bits Single.NaN then
                "nan"
            else
                $"nan(0x{bits:x8})"
        elif Single.IsInfinity x then
            (if x > 0.0f then "inf" else "-inf")
        else
            shorten (x.ToString("R", invariant))

    /// A number in ASCII, all its bits: `0.1`, `-0`, `1e-12`, `inf`, `nan`.
    let ascii (x: float) = float64 x

    /// The elements of a tensor in ASCII, all their bits.
    let elements (value: Tensor) : seq<string> =
        match value.Elements with
        | Elements.F32 a -> Seq.map float32 a
        | Elements.F64 a -> Seq.map float64 a
        | Elements.I32 a -> a |> Seq.map (fun x -> x.ToString invariant)
        | Elements.I64 a -> a |> Seq.map (fun x -> x.ToString invariant)
        | Elements.Bool a -> a |> Seq.map (fun x -> if x then "true" else "false")

    /// The same number as a person writes it: `−0.5`, `∞`, `NaN`.
    let pretty (text: string) =
        if text.StartsWith("nan", StringComparison.Ordinal) then "NaN"
        elif text = "inf" then "∞"
        elif text = "-inf" then "−∞"
        elif text.StartsWith '-' then "−" + text.Substring 1
        else text

    /// A tensor of few elements as nested brackets, or `None`: `[[1, 2], [3, 4]]`.
    let brackets (most: int) (write: string -> string) (value: Tensor) =
        if value.Rank = 0 || value.Rank > 2 || value.Size > most || value.Size = 0 then
            None
        else
            let row (items: seq<string>) = "[" + String.Join(", ", items) + "]"
            let items = elements value |> Seq.map write |> Array.ofSeq

            if value.Rank = 1 then
                Some(row items)
            else
                Some(items |> Array.chunkBySize value.Shape[1] |> Seq.map row |> row)

    /// A whole number as raised or lowered digits.
    let private digitsFrom (zeroToNine: string) (minus: string) (n: int) =
        n.ToString invariant
        |> String.collect (fun c -> if c = '-' then minus else string zeroToNine[int c - int '0'])

    /// `x₁₂`: the lowered digits of a number.
    let subscript n = digitsFrom "₀₁₂₃₄₅₆₇₈₉" "₋" n

    /// `x¹²`: the raised digits of a number.
    let superscript n = digitsFrom "⁰¹²³⁴⁵⁶⁷⁸⁹" "⁻" n

/// Names of variables as text.
module internal TextName =
    /// Words that mean something else in a formula: a variable of such a name is quoted.
    let reserved = set [ "let"; "and"; "or"; "true"; "false"; "inf"; "nan"; "NaN"; "pi"; "π" ]

    /// Whether a character may begin an ASCII name.
    let isStart (c: char) = Char.IsAsciiLetter c || c = '_'

    /// Whether a character may stand inside an ASCII name: `fc1.weight` is one.
    let isPart (c: char) = Char.IsAsciiLetterOrDigit c || c = '_' || c = '.'

    /// A text between double quotes, in ASCII alone.
    let quote (text: string) =
        let b = StringBuilder().Append '"'

        for c in text do
            if c = '"' || c = '\\' then b.Append('\\').Append c
            elif c >= ' ' && c <= '~' then b.Append c
            else b.Append($"\\u{int c:x4}")
            |> ignore

        b.Append('"').ToString()

    /// A name in ASCII, quoted where it is not an identifier.
    let ascii (name: string) =
        if name.Length > 0 && isStart name[0] && Seq.forall isPart name && not (reserved.Contains name) then
            name
        else
            quote name

    /// A name among Unicode mathematics, quoted where it could be read as something else.
    let unicode (name: string) =
        let isLetter (c: char) =
            Char.IsLetter c && Char.GetUnicodeCategory c <> UnicodeCategory.ModifierLetter

        let isPlain (c: char) = isLetter c || Char.IsAsciiDigit c || c = '_' || c = '.' || c = '\''

        if
            name.Length > 0
            && (isLetter name[0] || name[0] = '_')
            && Seq.forall isPlain name
            && not (reserved.Contains name)
        then
            name
        else
            let b = StringBuilder().Append '"'

            for c in name do
                if c = '"' || c = '\\' then b.Append('\\').Append c
                elif Char.IsControl c then b.Append($"\\u{int c:x4}")
                else b.Append c
                |> ignore

            b.Append('"').ToString()

    /// The first of t, s, u, ... that no variable begins with, so that numbered parts never take a variable's name.
    let prefix (names: seq<string>) =
        let taken = Set.ofSeq names

        let isTaken (p: string) =
            taken
            |> Set.exists (fun name ->
                name.StartsWith(p, StringComparison.Ordinal)
                && name.Length > p.Length
                && Seq.forall Char.IsAsciiDigit (name.Substring p.Length))

        Seq.append [ "t"; "s"; "u"; "q" ] (Seq.initInfinite (fun n -> "t" + String('_', n + 1)))
        |> Seq.find (isTaken >> not)
