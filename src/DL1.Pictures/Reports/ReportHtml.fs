namespace DL1.Pictures

open System
open System.Collections.Generic
open System.Globalization
open System.Net
open System.Text.RegularExpressions

/// The parts of a report as HTML.
[<RequireQualifiedAccess>]
module internal ReportHtml =
    let escape (text: string) = WebUtility.HtmlEncode text |> string

    let private isNumber (text: string) =
        let plain = text.Trim().Replace('−', '-').TrimEnd('%')

        text.Trim() = ""
        || fst (
            Double.TryParse(
                plain,
                NumberStyles.Float ||| NumberStyles.AllowThousands,
                CultureInfo.InvariantCulture
            )
        )

    let private table write (header: IReadOnlyList<string>) (rows: IReadOnlyList<IReadOnlyList<string>>) =
        let numeric =
            [|
                for c in 0 .. header.Count - 1 ->
                    rows.Count > 0 && rows |> Seq.forall (fun r -> isNumber r[c])
            |]

        let cells tag (row: IReadOnlyList<string>) =
            row
            |> Seq.mapi (fun c text ->
                let kind = if numeric[c] then " class=\"number\"" else ""
                let scope = if tag = "th" then " scope=\"col\"" else ""
                let text: string = write text
                $"<{tag}{scope}{kind}>{text}</{tag}>")
            |> String.concat ""

        let head = cells "th" header
        let body = rows |> Seq.map (fun row -> "<tr>" + cells "td" row + "</tr>\n") |> String.concat ""
        $"<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>"

    let private figure (content: string) (caption: string) =
        let below = if caption = "" then "" else $"<figcaption>{caption}</figcaption>"
        // A drawing that follows the reader's theme brings its own paper.
        let isThemed = content.Contains "prefers-color-scheme"
        let card = if isThemed then "card themed" else "card"
        $"<figure><div class=\"{card}\">{content}</div>{below}</figure>"

    /// An SVG within the page: without its XML declaration, with a name for those who cannot see it, and with its own
    /// ids, since several drawings stand in one page.
    let private drawing (number: string) (svg: string) alt =
        let svg = Regex.Replace(svg, @"^\s*(<\?xml.*?\?>|<!DOCTYPE.*?>|\s)*", "", RegexOptions.Singleline)
        let svg = Regex.Replace(svg, "(\\bid=\"|url\\(#|href=\"#)", $"$1d{number}-")
        let opening = Regex("<svg\\b")
        let svg = svg.Replace(" role=\"img\"", "")
        opening.Replace(svg, $"<svg role=\"img\" aria-label=\"{escape alt}\"", 1)

    let private code name language (text: string) =
        let label = if name = "" then "" else $" data-name=\"{escape name}\""
        $"<pre translate=\"no\"{label}><code>{CodeText.html language text}</code></pre>"

    let private comparison
        (left, leftLanguage)
        (right, rightLanguage)
        (steps: seq<struct (string * string)>)
        =
        let rows =
            [
                for struct (a, b) in steps do
                    code left leftLanguage a
                    code right rightLanguage b
            ]

        let heads = $"<strong>{escape left}</strong><strong>{escape right}</strong>"
        $"<div class=\"compare\">{heads}{String.Join(String.Empty, rows)}</div>"

    /// A part of a section as HTML; its number makes the ids of its drawings.
    let rec private block (write: string -> string) (number: string) (part: Block) : string =
        match part with
        | Block.Paragraph text -> $"<p>{write text}</p>"
        | Block.Preformatted text -> $"<pre>{escape text}</pre>"
        | Block.Heading text -> $"<h3>{write text}</h3>"
        | Block.Formula latex -> $"<div class=\"formula\">{MathML.display latex}</div>"
        | Block.Code(text, language, "") -> code "" language text
        | Block.Code(text, language, source) ->
            code "" language text + $"<p class=\"source\" translate=\"no\">{escape source}</p>"
        | Block.Comparison(left, right, steps) -> comparison left right steps
        | Block.Question(question, answer) ->
            $"<details class=\"question\"><summary>{write question}</summary><p>{write answer}</p></details>"
        | Block.Folded section ->
            let write = writer section
            let parts = blocks number section
            $"<details><summary>{write section.Heading}</summary>{parts}</details>"
        | Block.Table(header, rows) -> table write header rows
        | Block.Picture(image, alt, caption) ->
            let width, height = Picture.size image
            let source = $"data:{Picture.mediaType image};base64,{Convert.ToBase64String image}"

            figure
                $"<img src=\"{source}\" width=\"%d{width}\" height=\"%d{height}\" alt=\"{escape alt}\">"
                (write caption)
        | Block.Drawing(svg, alt, caption) -> figure (drawing number svg alt) (write caption)
        | Block.Figure(wide, narrow, alt, caption) ->
            let first = drawing $"{number}n" narrow alt
            let second = drawing $"{number}w" wide alt

            figure $"<div class=\"narrow\">{first}</div><div class=\"broad\">{second}</div>" (write caption)

    /// How the section's texts are written: with marks, or as they are.
    and writer (section: Section) : string -> string = if section.IsMarked then MarkedText.html else escape

    /// The parts of a section, one a line.
    and blocks (number: string) (section: Section) : string =
        let write = writer section

        let parts = section.Blocks |> Seq.mapi (fun k part -> block write $"{number}-%d{k}" part + "\n")

        String.Join(String.Empty, parts)
