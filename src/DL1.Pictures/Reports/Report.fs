namespace DL1.Pictures

open System
open System.Collections.Generic
open System.IO
open System.Text
open DL1

/// A report of several parts: a title, an opening, contents, and sections in groups. One HTML page that needs no network and
/// no other file; light and dark follow the reader's setting, and it reads well on a phone and on paper. Immutable; each
/// method gives a longer page.
///
/// <example><code>
/// ReportPage.Titled("The course")
///     .Opening(Section.Marked("").Paragraph("Every number is from *this* run."))
///     .Part("Class 2", [ Section.Titled("Descent").Paragraph("It took 134 epochs.") ])
///     .Write("out/index.html")
/// </code></example>
[<Sealed>]
type ReportPage
    private
    (title: string, language: string, opening: Section option, parts: struct (string * Section[]) list) =

    // The words of the page itself.
    static let words = readOnlyDict [ "en", "Contents"; "es", "Contenido" ]

    /// An empty page in English: `ReportPage.Titled("The course")`.
    static member Titled(title: string) = ReportPage(title, "en", None, [])

    /// The same page in a language, which it tells browsers and readers that speak: `en` or `es`; the page's own words are
    /// in it. Refuses others with a `DomainError`. `page.InLanguage("es")`
    member _.InLanguage(language: string) =
        if not (words.ContainsKey language) then
            Refuse.domain
                "ReportPage.InLanguage"
                $"the language {language}"
                "one that the page's own words are known in: en, es"
                "en, with the texts of your own in any language"

        ReportPage(title, language, opening, parts)

    /// The same page with what stands between its title and its contents; the section's heading is not shown.
    member _.Opening(section: Section) = ReportPage(title, language, Some section, parts)

    /// The same page with a group of sections under a heading: `page.Part("Class 2", [descent, regression])`.
    member _.Part(heading: string, sections: seq<Section>) =
        ReportPage(title, language, opening, parts @ [ struct (heading, Refuse.nulls "sections" sections) ])

    /// The text of the page.
    member _.Html() : string =
        let text = StringBuilder()
        let line (s: string) = text.Append(s).Append('\n') |> ignore
        let escape = ReportHtml.escape
        let numbered = parts |> List.mapi (fun p (struct (heading, sections)) -> p, heading, sections)
        let count = parts |> List.sumBy (fun (struct (_, sections)) -> sections.Length)
        let hasParts = parts |> List.exists (fun (struct (heading, _)) -> heading <> "")

        // The sections are numbered through all parts.
        let first p =
            parts |> List.truncate p |> List.sumBy (fun (struct (_, sections)) -> sections.Length)

        let links p (sections: Section[]) =
            let item i (s: Section) =
                $"<li><a href=\"#section-%d{first p + i + 1}\">{ReportHtml.writer s s.Heading}</a></li>\n"

            let items = String.Join(String.Empty, Array.mapi item sections)
            $"<ul>{items}</ul>"

        let contents (kind: string) =
            line $"<nav class=\"{kind}\" aria-label=\"{words[language]}\">"

            for p, heading, sections in numbered do
                line $"<div><strong>{escape heading}</strong>{links p sections}</div>"

            line "</nav>"

        let body = StringBuilder()

        for p, heading, sections in numbered do
            if heading <> "" then
                body.Append($"<h2 class=\"part\">{escape heading}</h2>\n") |> ignore

            sections
            |> Array.iteri (fun i section ->
                let number = first p + i + 1
                let heading = ReportHtml.writer section section.Heading

                body
                    .Append($"<section>\n<h2 id=\"section-%d{number}\">{heading}</h2>\n")
                    .Append(ReportHtml.blocks (string<int> number) section)
                    .Append("</section>\n")
                |> ignore)

        let opened = opening |> Option.map (ReportHtml.blocks "0") |> Option.defaultValue ""

        let body = string body

        let hasFormulas =
            body.Contains("<math", StringComparison.Ordinal)
            || opened.Contains("<math", StringComparison.Ordinal)

        line "<!DOCTYPE html>"
        line $"<html lang=\"{language}\">"
        line "<head>"
        line "<meta charset=\"utf-8\">"
        line "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        line $"<title>{escape title}</title>"
        line $"<style>\n{ReportStyle.sheet hasFormulas}\n</style>"
        line "</head>"
        line (if hasParts then "<body class=\"parts\">" else "<body>")
        line $"<h1>{escape title}</h1>"
        text.Append opened |> ignore

        if hasParts then
            contents "contents"
            contents "side"
        elif count > 2 then
            line $"<nav aria-label=\"{words[language]}\">"

            for p, _, sections in numbered do
                line (links p sections)

            line "</nav>"

        text.Append body |> ignore
        line "</body>"
        line "</html>"
        text.ToString()

    /// Writes the page to a file, whole or not at all: it is written beside the file, then put in its place. Makes the folder
    /// where it is missing. `page.Write("out/index.html")`
    member this.Write(path: string) : unit =
        // What is no path is refused below.
        if not (String.IsNullOrWhiteSpace path || path.Contains '\000') then
            match Path.GetDirectoryName(Path.GetFullPath path) with
            | null -> ()
            | folder -> Directory.CreateDirectory folder |> ignore

        AtomicFile.writeText path (this.Html())

/// Reports: one HTML page that needs no network and no other file.
[<RequireQualifiedAccess>]
module Report =
    /// The text of a page with a title and sections; texts are escaped, pictures stand within the page, light and dark
    /// follow the reader's setting, and it reads well on a phone. `ReportPage` has parts and other languages.
    ///
    /// <example><code>
    /// Report.page "The course" [ Section.Titled("Descent").Paragraph("It took 134 epochs.") ]
    /// </code></example>
    [<CompiledName "Page">]
    let page (title: string) (sections: seq<Section>) : string =
        ReportPage.Titled(title).Part("", sections).Html()

    /// Writes a page to a file, whole or not at all: it is written beside the file, then put in its place. Makes the
    /// folder where it is missing.
    ///
    /// <example><code>
    /// Report.write "out/index.html" "The course" sections
    /// </code></example>
    [<CompiledName "Write">]
    let write (path: string) (title: string) (sections: seq<Section>) : unit =
        ReportPage.Titled(title).Part("", sections).Write path
