namespace DL1.Pictures

open System
open System.Collections.Generic
open System.Globalization
open System.IO
open System.Net
open System.Text
open System.Text.RegularExpressions
open DL1

/// A part of a section of a report.
[<RequireQualifiedAccess>]
type Block =
    /// A paragraph of text.
    | Paragraph of text: string
    /// Text whose spaces and line ends count: code, a printed table.
    | Preformatted of text: string
    /// A table: the names of the columns, and the cells row by row.
    | Table of header: IReadOnlyList<string> * rows: IReadOnlyList<IReadOnlyList<string>>
    /// A PNG or a GIF, with a text for those who cannot see it and a caption.
    | Picture of image: byte[] * alt: string * caption: string
    /// The text of an SVG, with a text for those who cannot see it and a caption.
    | Drawing of svg: string * alt: string * caption: string
    /// The texts of two SVGs that show the same, for wide and for narrow pages, with a text and a caption.
    | Figure of wide: string * narrow: string * alt: string * caption: string

/// A section of a report: a heading and what stands below it. Immutable; each method gives a longer section.
///
/// <example><code>
/// Section.Titled("Descent")
///     .Paragraph("Three optimizers descend from x = 50.")
///     .Table([ "optimizer"; "epochs" ], [ [| "SGD"; "618" |]; [| "both moments"; "134" |] ])
///     .Picture(png, "the gradient over the epochs", "Figure 1")
/// </code></example>
type Section =
    {
        /// The heading.
        Heading: string
        /// The parts, in their order.
        Blocks: IReadOnlyList<Block>
    }

    /// An empty section: `Section.Titled("Descent")`.
    static member Titled(heading: string) = { Heading = heading; Blocks = [||] }

    /// The same section with one more part.
    member this.Add(block: Block) = { this with Blocks = Array.append (Array.ofSeq this.Blocks) [| block |] }

    /// The same section with a paragraph: `section.Paragraph("It converged.")`.
    member this.Paragraph(text: string) = this.Add(Block.Paragraph text)

    /// The same section with text whose spaces and line ends count: `section.Preformatted(plan.ToString())`.
    member this.Preformatted(text: string) = this.Add(Block.Preformatted text)

    /// The same section with a table. Refuses a row that has not as many cells as the header with a `ShapeError`.
    /// `section.Table(["optimizer", "epochs"], [["SGD", "618"]])`
    member this.Table(header: seq<string>, rows: seq<string[]>) =
        let header = Array.ofSeq header
        let rows = [| for row in rows -> Array.copy row |]

        for row in rows do
            if row.Length <> header.Length then
                let cells = String.Join(", ", row)

                Refuse.shape
                    "Section.Table"
                    $"a row of %d{row.Length} cells ({cells})"
                    $"%d{header.Length} cells, as many as the header has"
                    "fill the row with empty texts"

        this.Add(Block.Table(header, [| for row in rows -> row |]))

    /// The same section with a PNG or a GIF. Refuses other bytes with a `FormatError`.
    /// `section.Picture(plot.Png(800, 480), "the loss falls from 81 to 1", "Training")`
    member this.Picture(image: byte[], alt: string, caption: string) =
        Picture.mediaType image |> ignore
        this.Add(Block.Picture(image, alt, caption))

    /// The same section with an SVG: `section.Drawing(svg, "the graph of (a + b)·(b − c)", "The graph")`.
    member this.Drawing(svg: string, alt: string, caption: string) =
        this.Add(Block.Drawing(svg, alt, caption))

    /// The same section with a figure, laid out once for wide pages and once for phones, of which the reader's page shows
    /// one. `section.Figure(ConfusionMatrix.Of(confusion), "most digits are found", "Figure 2")`
    member this.Figure(figure: Figure, alt: string, caption: string) =
        this.Add(Block.Figure(figure.Svg 780, figure.Svg 338, alt, caption))

    /// The same section with a plot, laid out as a figure.
    /// `section.Figure(LearningCurves.Loss(history), "the loss falls", "Figure 3")`
    member this.Figure(plot: Plot, alt: string, caption: string) = this.Figure(Figure.Of plot, alt, caption)

/// Reports: one HTML page that needs no network and no other file.
[<RequireQualifiedAccess>]
module Report =
    let private style =
        """:root { color-scheme: light dark; --ink: #1f2328; --paper: #ffffff; --soft: #f3f4f6; --line: #d5d9df; --quiet: #59636e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16191d; --soft: #21262c; --line: #3a424b; --quiet: #9aa4af } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 52rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--paper); font: 1.0625rem/1.6 system-ui, sans-serif; overflow-wrap: break-word }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1rem 0 0.5rem }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 2.5rem 0 0.5rem; padding-top: 1rem; border-top: 1px solid var(--line) }
nav ul { margin: 0; padding-left: 1.2rem }
nav a { color: inherit }
pre { background: var(--soft); padding: 0.8rem 1rem; border-radius: 6px; overflow-x: auto; font: 0.9rem/1.45 ui-monospace, monospace }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { padding: 0.35rem 0.8rem; text-align: left; border-bottom: 1px solid var(--line) }
th { border-bottom-width: 2px }
.number { text-align: right }
figure { margin: 1.5rem 0 }
.card { background: #ffffff; color: #1f2328; padding: 0.5rem; border: 1px solid var(--line); border-radius: 6px; text-align: center }
.themed { background: light-dark(#ffffff, #14181d) }
.card { overflow-x: auto }
.card img, .card svg { display: block; max-width: 100%; height: auto; margin: 0 auto }
.narrow { display: none }
@media (max-width: 640px) { .narrow { display: block } .narrow ~ .broad { display: none } }
figcaption { color: var(--quiet); font-size: 0.95rem; margin-top: 0.4rem }"""

    let private escape (text: string) = WebUtility.HtmlEncode text |> string

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

    let private table (header: IReadOnlyList<string>) (rows: IReadOnlyList<IReadOnlyList<string>>) =
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
                $"<{tag}{scope}{kind}>{escape text}</{tag}>")
            |> String.concat ""

        let head = cells "th" header
        let body = rows |> Seq.map (cells "td" >> sprintf "<tr>%s</tr>\n") |> String.concat ""
        $"<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>"

    let private figure (content: string) caption =
        let below = if caption = "" then "" else $"<figcaption>{escape caption}</figcaption>"
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

    let private block (number: int) (block: Block) =
        match block with
        | Block.Paragraph text -> $"<p>{escape text}</p>"
        | Block.Preformatted text -> $"<pre>{escape text}</pre>"
        | Block.Table(header, rows) -> table header rows
        | Block.Picture(image, alt, caption) ->
            let width, height = Picture.size image
            let source = $"data:{Picture.mediaType image};base64,{Convert.ToBase64String image}"

            figure
                $"<img src=\"{source}\" width=\"%d{width}\" height=\"%d{height}\" alt=\"{escape alt}\">"
                caption
        | Block.Drawing(svg, alt, caption) -> figure (drawing (string number) svg alt) caption
        | Block.Figure(wide, narrow, alt, caption) ->
            let first = drawing $"%d{number}n" narrow alt
            let second = drawing $"%d{number}w" wide alt
            figure $"<div class=\"narrow\">{first}</div><div class=\"broad\">{second}</div>" caption

    /// The text of a page with a title and sections; texts are escaped, pictures stand within the page, light and dark
    /// follow the reader's setting, and it reads well on a phone.
    ///
    /// <example><code>
    /// Report.page "The course" [ Section.Titled("Descent").Paragraph("It took 134 epochs.") ]
    /// </code></example>
    [<CompiledName "Page">]
    let page (title: string) (sections: seq<Section>) : string =
        let sections = Refuse.nulls "sections" sections
        let text = StringBuilder()
        let line (s: string) = text.Append(s).Append('\n') |> ignore
        line "<!DOCTYPE html>"
        line "<html lang=\"en\">"
        line "<head>"
        line "<meta charset=\"utf-8\">"
        line "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        line $"<title>{escape title}</title>"
        line $"<style>\n{style}\n</style>"
        line "</head>"
        line "<body>"
        line $"<h1>{escape title}</h1>"

        if sections.Length > 2 then
            line "<nav aria-label=\"Sections\"><ul>"

            sections
            |> Array.iteri (fun i s -> line $"<li><a href=\"#section-%d{i + 1}\">{escape s.Heading}</a></li>")

            line "</ul></nav>"

        sections
        |> Array.iteri (fun i section ->
            line $"<section>\n<h2 id=\"section-%d{i + 1}\">{escape section.Heading}</h2>"

            section.Blocks |> Seq.iteri (fun k part -> line (block (1000 * (i + 1) + k) part))

            line "</section>")

        line "</body>"
        line "</html>"
        text.ToString()

    /// Writes a page to a file, whole or not at all: it is written beside the file, then put in its place. Makes the
    /// folder where it is missing.
    ///
    /// <example><code>
    /// Report.write "out/index.html" "The course" sections
    /// </code></example>
    [<CompiledName "Write">]
    let write (path: string) (title: string) (sections: seq<Section>) : unit =
        // What is no path is refused below.
        if not (String.IsNullOrWhiteSpace path || path.Contains '\000') then
            match Path.GetDirectoryName(Path.GetFullPath path) with
            | null -> ()
            | folder -> Directory.CreateDirectory folder |> ignore

        AtomicFile.writeText path (page title sections)
