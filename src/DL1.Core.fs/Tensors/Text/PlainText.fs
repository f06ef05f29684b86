namespace DL1

open System
open System.Collections
open System.Diagnostics.CodeAnalysis
open System.Globalization
open System.Runtime.CompilerServices
open System.Text

/// Texts without reflection, so that they come out in programs that are trimmed or compiled ahead of time too. When the libraries
/// are built, `src/no-reflection.fsx` puts calls of these functions where the F# compiler wrote calls of `sprintf`.
[<RequireQualifiedAccess>]
module internal PlainText =
    /// False, and true in trimmed programs: `ILLink.Substitutions.xml` replaces it there.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let isTrimmed () = false

    /// A value in a hole without a type, `{x}` or `{x:format}`: by the current culture, as F# has it.
    let private hole (format: string) (value: obj | null) =
        match value with
        | null -> ""
        | :? string as text -> text
        | :? IFormattable as value -> value.ToString(format, CultureInfo.CurrentCulture)
        | value -> string (value.ToString())

    /// A value in a hole with a type, `%04x{n}`: `format` is the letter with the precision, `x` or `g4`.
    let private typed (format: string) (value: obj | null) =
        match value with
        | null -> ""
        | :? IFormattable as value -> value.ToString(format, CultureInfo.InvariantCulture)
        | value -> string (value.ToString())

    /// An interpolated string of F#: its format, in which `%P(format)` and `%d%P()` are holes, and the values of the holes.
    /// `PlainText.interpolated "%d%P() rows of %P()" [| 3; shape |]`
    let interpolated (format: string) (values: (obj | null)[]) : string =
        let text = StringBuilder()
        let mutable at = 0
        let mutable hole' = 0

        while at < format.Length do
            let next = format.IndexOf('%', at)

            if next < 0 then
                text.Append(format.Substring at) |> ignore
                at <- format.Length
            else
                text.Append(format.Substring(at, next - at)) |> ignore

                if format[next + 1] = '%' then
                    text.Append "%" |> ignore
                    at <- next + 2
                else
                    let mark = format.IndexOf('P', next)
                    let close = format.IndexOf(')', mark)
                    let value = values[hole']
                    hole' <- hole' + 1
                    at <- close + 1

                    if mark = next + 1 then
                        text.Append(hole (format.Substring(mark + 2, close - mark - 2)) value) |> ignore
                    else
                        // `%04x%P()`: a flag, a width, a precision and a letter.
                        let letter = mark - 2
                        let pads = format[next + 1] = '0'
                        let digits = format.AsSpan(next + 1, letter - next - 1)
                        let point = digits.IndexOf '.'
                        let precision = if point < 0 then "" else digits.Slice(point + 1).ToString()
                        let before = if point < 0 then digits else digits.Slice(0, point)

                        let width =
                            if before.Length = 0 then
                                0
                            else
                                Int32.Parse(before, provider = CultureInfo.InvariantCulture)

                        let precision = if format[letter] = 'g' && precision = "" then "6" else precision
                        let letter = if format[letter] = 's' then "" else format.Substring(letter, 1)
                        let digits = typed (letter + precision) value
                        text.Append(digits.PadLeft(width, (if pads then '0' else ' '))) |> ignore

        text.ToString()

    let rec private value (item: obj | null) : string =
        match item with
        | null -> "null"
        | :? string as text -> $"\"{text}\""
        | :? bool as truth -> if truth then "true" else "false"
        | :? IFormattable as number -> number.ToString(null, CultureInfo.InvariantCulture)
        | :? IEnumerable as items ->
            let texts = [ for item in items -> value item ]
            "[" + String.Join("; ", texts) + "]"
        | item -> string (item.ToString())

    /// A record or a case of a union, in a trimmed program: `{ Stride = [1]; Groups = 1 }`, or `Median (3, 5)`.
    let structured (case: string | null) (names: string[]) (values: (obj | null)[]) : string =
        match case, values with
        | null, _ ->
            let fields = Array.map2 (fun name item -> name + " = " + value item) names values
            "{ " + String.Join("; ", fields) + " }"
        | case, [||] -> case
        | case, [| single |] -> case + " " + value single
        | case, values -> case + " (" + String.Join(", ", Array.map value values) + ")"

/// Functions of FSharp.Core of the same names, without `Lazy` of a type that a linker cannot know. `src/no-reflection.fsx` puts calls
/// of these in the place of those.
[<RequireQualifiedAccess>]
module internal Deferred =
    /// What `lazy` calls.
    [<UnconditionalSuppressMessage("Trimming",
                                   "IL2091",
                                   Justification =
                                       "The value is made by the function, never by a constructor.")>]
    let lazily (f: unit -> 'a) : Lazy<'a> = Lazy<'a>(Func<'a> f, true)

    /// `Seq.init`.
    let init (count: int) (f: int -> 'a) : seq<'a> =
        if count < 0 then
            invalidArg "count" "The count of a sequence is below 0."

        seq { for i in 0 .. count - 1 -> f i }

    /// `Seq.initInfinite`.
    let initInfinite (f: int -> 'a) : seq<'a> = Seq.unfold (fun i -> Some(f i, i + 1)) 0
