namespace DL1.Compiler.Source

open System
open System.Globalization
open System.Text
open DL1

/// C# text, line by line, indented by the blocks that are open. The same calls give the same text in every culture.
[<Sealed>]
type internal CodeWriter() =
    let text = StringBuilder()
    let mutable depth = 0

    /// Writes a line; an empty one is not indented.
    member _.Line(line: string) : unit =
        if line <> "" then
            text.Append(String(' ', 4 * depth)).Append(line) |> ignore

        text.Append '\n' |> ignore

    /// Writes the lines of a text with the indentation that they have, inside the open blocks.
    member this.Lines(lines: string) : unit =
        for line in lines.Split '\n' do
            this.Line line

    /// Opens a block in braces.
    member this.Open() : unit =
        this.Line "{"
        depth <- depth + 1

    /// Closes a block.
    member this.Close() : unit =
        depth <- depth - 1
        this.Line "}"

    /// Writes a statement of a block: `for (...)`, with what is inside.
    member this.Block(head: string, inside: unit -> unit) : unit =
        this.Line head
        this.Open()
        inside ()
        this.Close()

    override _.ToString() = text.ToString()

/// Numbers, types and names in C#.
[<RequireQualifiedAccess>]
module internal Literal =
    /// The type of C# for an element type.
    let typeName (dtype: DType) =
        match dtype with
        | DType.F32 -> "float"
        | DType.F64 -> "double"
        | DType.I32 -> "int"
        | DType.I64 -> "long"
        | DType.Bool -> "bool"

    let private real (named: string) (suffix: string) (isNegative: bool) (value: float) (digits: string) =
        if Double.IsNaN value then $"{named}.NaN"
        elif Double.IsPositiveInfinity value then $"{named}.PositiveInfinity"
        elif Double.IsNegativeInfinity value then $"{named}.NegativeInfinity"
        elif value = 0.0 then (if isNegative then "-0" else "0") + suffix
        else digits + suffix

    /// The shortest text that reads back as the same number.
    let ofSingle (value: float32) =
        real
            "float"
            "f"
            (Single.IsNegative value)
            (float value)
            (value.ToString("R", CultureInfo.InvariantCulture))

    /// The shortest text that reads back as the same number.
    let ofDouble (value: float) =
        real "double" "d" (Double.IsNegative value) value (value.ToString("R", CultureInfo.InvariantCulture))

    let ofInt (value: int) = if value = Int32.MinValue then "int.MinValue" else $"%d{value}"
    let ofLong (value: int64) = if value = Int64.MinValue then "long.MinValue" else $"%d{value}L"
    let ofBool (value: bool) = if value then "true" else "false"

    /// One element as a literal of its type.
    let element (elements: Elements) (place: int) =
        match elements with
        | Elements.F32 a -> ofSingle a[place]
        | Elements.F64 a -> ofDouble a[place]
        | Elements.I32 a -> ofInt a[place]
        | Elements.I64 a -> ofLong a[place]
        | Elements.Bool a -> ofBool a[place]

    /// A number of a type, where it is one of that type.
    let number (dtype: DType) (value: float) =
        match dtype with
        | DType.F32 -> ofSingle (float32 value)
        | DType.F64 -> ofDouble value
        | DType.I32 -> ofInt (int value)
        | DType.I64 -> ofLong (int64 value)
        | DType.Bool -> ofBool (value <> 0.0)

    let private keywords =
        "abstract as base bool break byte case catch char checked class const continue decimal default delegate do double "
        + "else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface internal "
        + "is lock long namespace new null object operator out override params private protected public readonly ref return "
        + "sbyte sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked "
        + "unsafe ushort using virtual void volatile while"
        |> _.Split(' ')
        |> Set

    /// Whether a text can name a type or a parameter: a letter or an underline, then letters, digits and underlines; no
    /// keyword.
    let isIdentifier (name: string) =
        name <> ""
        && (Char.IsAsciiLetter name[0] || name[0] = '_')
        && name |> Seq.forall (fun c -> Char.IsAsciiLetterOrDigit c || c = '_')
        && not (keywords.Contains name)

    /// An identifier from any name.
    let identifier (name: string) =
        let text = name |> String.map (fun c -> if Char.IsAsciiLetterOrDigit c || c = '_' then c else '_')

        let text = if text = "" || Char.IsAsciiDigit text[0] then "_" + text else text
        if keywords.Contains text then text + "_" else text
