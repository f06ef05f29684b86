namespace DL1.Notebooks

open System
open System.Collections.Generic
open System.IO
open System.Net

/// A value that notebooks show as HTML. They find how by `TypeFormatterSourceAttribute`, which stands on its type.
type INotebookValue =
    /// The value as HTML, without a page around it.
    abstract Html: string

/// A value that notebooks typeset.
type INotebookFormula =
    inherit INotebookValue
    /// The value as LaTeX, without `$` signs around it.
    abstract Latex: string

/// Says to .NET Interactive what formats a type. It finds this attribute by its name and its properties, so that neither
/// side refers to the other.
[<AttributeUsage(AttributeTargets.Class ||| AttributeTargets.Struct)>]
type TypeFormatterSourceAttribute(formatterSourceType: Type) =
    inherit Attribute()
    let mutable preferred = [| "text/html" |]
    /// The type whose `CreateTypeFormatters` gives the formatters.
    member _.FormatterSourceType = formatterSourceType

    /// What a value is shown as, where a notebook can show several forms.
    member _.PreferredMimeTypes
        with get () = preferred
        and set (value: string[]) = preferred <- value

/// A formatter by .NET Interactive's convention: a public `MimeType`, and `Format`.
[<Sealed>]
type NotebookFormatter internal (mimeType: string, text: obj -> string option) =
    /// What is written: `text/html`.
    member _.MimeType = mimeType

    /// Writes a value; false where it is of another type.
    member _.Format(instance: obj, writer: TextWriter) : bool =
        match text instance with
        | Some text ->
            writer.Write text
            true
        | None -> false

/// The formatters of values that notebooks show: text and HTML.
[<Sealed>]
type FormatterSource() =
    /// One formatter for each form, as .NET Interactive calls them.
    member _.CreateTypeFormatters() : IEnumerable<obj> =
        let html (value: obj) =
            match value with
            | :? INotebookValue as value -> Some value.Html
            | _ -> None

        [|
            NotebookFormatter("text/plain", (fun value -> Option.ofObj (value.ToString())))
            NotebookFormatter("text/html", html)
        |]

/// The formatters of formulas: text, HTML and LaTeX.
[<Sealed>]
type FormulaSource() =
    /// One formatter for each form, as .NET Interactive calls them.
    member _.CreateTypeFormatters() : IEnumerable<obj> =
        let latex (value: obj) =
            match value with
            | :? INotebookFormula as formula -> Some("$$" + formula.Latex + "$$")
            | _ -> None

        Seq.append (FormatterSource().CreateTypeFormatters()) [| NotebookFormatter("text/latex", latex) |]

/// HTML of notebooks.
module internal Html =
    let escape (text: string) = WebUtility.HtmlEncode text

    /// Text whose columns stay aligned.
    let pre (text: string) = $"<pre>%s{escape text}</pre>"

    let private cells (tag: string) (row: string seq) =
        let cell text = $"""<%s{tag} style="text-align:right">%s{escape text}</%s{tag}>"""
        "<tr>" + String.Concat(Seq.map cell row) + "</tr>"

    /// A table, with a caption, and without a header where there are no names.
    let table (caption: string) (names: string seq) (rows: string seq seq) =
        let header = if Seq.isEmpty names then "" else $"""<thead>%s{cells "th" names}</thead>"""
        let body = String.Concat(Seq.map (cells "td") rows)
        $"<table><caption>%s{escape caption}</caption>%s{header}<tbody>%s{body}</tbody></table>"
