namespace DL1.Pictures

open System
open System.Net
open System.Text
open DL1

/// Text with marks, as in a report's marked sections: `$x^2$` is a formula in LaTeX, `` `code` `` is code, `*word*` is
/// emphasis; a backslash before a mark prints it.
[<RequireQualifiedAccess>]
module internal MarkedText =
    let private escape (text: string) = WebUtility.HtmlEncode text |> string

    let private marks = "$`*\\"

    /// Where a mark ends, or an error: a text with a mark that does not end is a mistake.
    let private closing (text: string) (start: int) (mark: char) =
        let rec find (from: int) =
            match text.IndexOf(mark, from) with
            | -1 ->
                let shown = text.Substring(start, min 30 (text.Length - start))

                Refuse.format
                    "Section.Marked"
                    $"a mark {string mark} that does not end, at {shown}"
                    $"{string mark} on both sides of what it marks"
                    $"\\{string mark} for the sign itself"
            // Within a formula, `\$` is a dollar.
            | at when mark <> '`' && text[at - 1] = '\\' -> find (at + 1)
            | at -> at

        find (start + 1)

    /// The text as HTML. A star between blanks is a star.
    let rec html (text: string) : string =
        let b = StringBuilder()
        let mutable at = 0
        let mutable plain = 0

        let flush upTo = b.Append(escape (text.Substring(plain, upTo - plain))) |> ignore

        let marked mark (write: string -> string) =
            let last = closing text at mark
            flush at
            b.Append(write (text.Substring(at + 1, last - at - 1))) |> ignore
            at <- last + 1
            plain <- at

        while at < text.Length do
            match text[at] with
            | '\\' when at + 1 < text.Length && marks.Contains text[at + 1] ->
                flush at
                plain <- at + 1
                at <- at + 2
            | '$' -> marked '$' MathML.ofLatex
            | '`' -> marked '`' (fun code -> $"<code>{escape code}</code>")
            | '*' when
                at + 1 < text.Length
                && not (Char.IsWhiteSpace text[at + 1])
                && (at = 0 || not (Char.IsLetterOrDigit text[at - 1]))
                ->
                marked '*' (fun inner -> $"<em>{html inner}</em>")
            | _ -> at <- at + 1

        flush text.Length
        b.ToString()
