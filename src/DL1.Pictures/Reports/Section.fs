namespace DL1.Pictures

open System
open System.Collections.Generic
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
    /// A heading below that of the section.
    | Heading of text: string
    /// A formula in LaTeX on a line of its own.
    | Formula of latex: string
    /// Code in the colours of its language, with where it is from, which may be empty.
    | Code of text: string * language: CodeLanguage * source: string
    /// Two programs side by side, step by step, with their names and languages.
    | Comparison of
        left: (string * CodeLanguage) *
        right: (string * CodeLanguage) *
        steps: IReadOnlyList<struct (string * string)>
    /// A question, and an answer that is folded away until the reader asks for it; in print it is open.
    | Question of question: string * answer: string
    /// The parts of a section, folded away below its heading until the reader asks for them.
    | Folded of section: Section
    /// The texts of two SVGs that show the same, for wide and for narrow pages, with a text and a caption.
    | Figure of wide: string * narrow: string * alt: string * caption: string

/// A section of a report: a heading and what stands below it. Immutable; each method gives a longer section.
///
/// In a marked section, texts, captions and cells may hold marks: `$x^2$` is a formula in LaTeX, typeset without a network,
/// `` `code` `` code and `*word*` emphasis; a backslash before a mark prints the mark.
///
/// <example><code>
/// Section.Titled("Descent")
///     .Paragraph("Three optimizers descend from x = 50.")
///     .Table([ "optimizer"; "epochs" ], [ [| "SGD"; "618" |]; [| "both moments"; "134" |] ])
///     .Picture(png, "the gradient over the epochs", "Figure 1")
/// </code></example>
and Section =
    {
        /// The heading.
        Heading: string
        /// The parts, in their order.
        Blocks: IReadOnlyList<Block>
        /// Whether texts hold marks: `$formula$`, `` `code` ``, `*emphasis*`.
        IsMarked: bool
    }

    /// An empty section: `Section.Titled("Descent")`.
    static member Titled(heading: string) = { Heading = heading; Blocks = [||]; IsMarked = false }

    /// An empty section whose texts hold marks: `Section.Marked("Descent").Paragraph("The rate is $\\eta$.")`. A formula that
    /// cannot be read, and a mark that does not end, are a `FormatError` where the text is added.
    static member Marked(heading: string) =
        MarkedText.html heading |> ignore

        { Heading = heading; Blocks = [||]; IsMarked = true }

    // What cannot be written is refused where it is added, not when the page is made.
    member private this.Checked(texts: string list) =
        if this.IsMarked then
            for text in texts do
                MarkedText.html text |> ignore

    /// The same section with one more part.
    member this.Add(block: Block) = { this with Blocks = Array.append (Array.ofSeq this.Blocks) [| block |] }

    /// The same section with a paragraph: `section.Paragraph("It converged.")`.
    member this.Paragraph(text: string) =
        this.Checked [ text ]
        this.Add(Block.Paragraph text)

    /// The same section with a heading below its own: `section.Subheading("With scaled inputs")`.
    member this.Subheading(text: string) =
        this.Checked [ text ]
        this.Add(Block.Heading text)

    /// The same section with a formula in LaTeX on a line of its own, as `expr.ToLatex()` writes it; refuses what cannot be
    /// typeset with a `FormatError`. `section.Formula(@"\sum_{i=1}^n (y_i - \hat{y}_i)^2")`
    member this.Formula(latex: string) =
        MathML.display latex |> ignore
        this.Add(Block.Formula latex)

    /// The same section with code in the colours of its language: `section.Code("let x = 1", CodeLanguage.FSharp)`.
    member this.Code(text: string, language: CodeLanguage) = this.Code(text, language, "")

    /// The same section with code and where it is from: `section.Code(text, CodeLanguage.CSharp, "Descent.cs")`.
    member this.Code(text: string, language: CodeLanguage, source: string) =
        this.Add(Block.Code(text, language, source))

    /// The same section with two programs side by side, step by step; below one another where the page is narrow.
    /// `section.Comparison("DL1", CodeLanguage.CSharp, "PyTorch", CodeLanguage.Python, [("Relu(x)", "torch.relu(x)")])`
    member this.Comparison
        (
            left: string,
            leftLanguage: CodeLanguage,
            right: string,
            rightLanguage: CodeLanguage,
            steps: seq<struct (string * string)>
        ) =
        this.Add(Block.Comparison((left, leftLanguage), (right, rightLanguage), Array.ofSeq steps))

    /// The same section with a question to the reader, whose answer is folded away: `section.Question("Why?", "Since ...")`.
    member this.Question(question: string, answer: string) =
        this.Checked [ question; answer ]
        this.Add(Block.Question(question, answer))

    /// The same section with the parts of another one folded away below its heading:
    /// `section.Folded(Section.Titled("All numbers").Table(header, rows))`.
    member this.Folded(section: Section) = this.Add(Block.Folded section)

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

        this.Checked(List.ofSeq (Seq.append header (Seq.concat rows)))
        this.Add(Block.Table(header, [| for row in rows -> row |]))

    /// The same section with a PNG or a GIF. Refuses other bytes with a `FormatError`.
    /// `section.Picture(plot.Png(800, 480), "the loss falls from 81 to 1", "Training")`
    member this.Picture(image: byte[], alt: string, caption: string) =
        Picture.mediaType image |> ignore
        this.Checked [ caption ]
        this.Add(Block.Picture(image, alt, caption))

    /// The same section with an SVG: `section.Drawing(svg, "the graph of (a + b)·(b − c)", "The graph")`.
    member this.Drawing(svg: string, alt: string, caption: string) =
        this.Checked [ caption ]
        this.Add(Block.Drawing(svg, alt, caption))

    /// The same section with a figure, laid out once for wide pages and once for phones, of which the reader's page shows
    /// one. `section.Figure(ConfusionMatrix.Of(confusion), "most digits are found", "Figure 2")`
    member this.Figure(figure: Figure, alt: string, caption: string) =
        this.Checked [ caption ]
        this.Add(Block.Figure(figure.Svg 780, figure.Svg 338, alt, caption))

    /// The same section with a plot, laid out as a figure.
    /// `section.Figure(LearningCurves.Loss(history), "the loss falls", "Figure 3")`
    member this.Figure(plot: Plot, alt: string, caption: string) = this.Figure(Figure.Of plot, alt, caption)
