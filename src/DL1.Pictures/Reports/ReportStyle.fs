namespace DL1.Pictures

open System
open System.IO
open System.Reflection

/// How a report looks: in light and dark, on desks, phones and paper.
[<RequireQualifiedAccess>]
module internal ReportStyle =
    let private css =
        """:root { color-scheme: light dark; --ink: #1f2328; --paper: #ffffff; --soft: #f3f4f6; --line: #d5d9df; --quiet: #59636e; --mark: #0b57a4; --keyword: #9a1c6b; --string: #0a6640; --number: #8a4600; --type: #0b57a4 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16191d; --soft: #21262c; --line: #3a424b; --quiet: #9aa4af; --mark: #8ab8f5; --keyword: #f191c5; --string: #7fd6a4; --number: #f0b072; --type: #8ab8f5 } }
* { box-sizing: border-box }
html { scroll-behavior: smooth; scroll-padding-top: 1rem }
body { margin: 0 auto; max-width: 52rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--paper); font: 1.0625rem/1.6 system-ui, sans-serif; overflow-wrap: break-word }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1rem 0 0.5rem }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 2.5rem 0 0.5rem; padding-top: 1rem; border-top: 1px solid var(--line) }
h3 { font-size: 1.1rem; line-height: 1.35; margin: 2rem 0 0.4rem }
.part { font-size: 1.6rem; margin: 4rem 0 0; padding-top: 1.2rem; border-top: 3px solid var(--mark) }
a { color: var(--mark) }
nav ul { margin: 0; padding-left: 1.2rem }
nav a { color: inherit }
.contents { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.8rem; margin: 1.5rem 0 }
.contents div { background: var(--soft); border-radius: 8px; padding: 0.8rem 1rem }
.contents strong { display: block; color: var(--quiet); font-size: 0.85rem; margin-bottom: 0.3rem }
.contents ul { list-style: none; padding: 0 }
.contents li { margin: 0.35rem 0; line-height: 1.35 }
.contents a, .side a { text-decoration: none }
.contents a:hover, .side a:hover { text-decoration: underline }
.side { display: none }
@media (min-width: 88rem) { .side { display: block; position: fixed; top: 0; left: 0; bottom: 0; width: 17rem; overflow-y: auto; padding: 1.5rem 1.2rem; border-right: 1px solid var(--line); font-size: 0.9rem; line-height: 1.35 } .side strong { display: block; color: var(--quiet); font-size: 0.8rem; margin: 1rem 0 0.2rem } .side ul { list-style: none; padding: 0 } .side li { margin: 0.4rem 0 } body.parts { position: relative; left: 5rem } }
pre { background: var(--soft); padding: 0.8rem 1rem; border-radius: 6px; overflow-x: auto; font: 0.875rem/1.5 ui-monospace, "Cascadia Code", "DejaVu Sans Mono", Menlo, Consolas, monospace }
code { font: 0.9em ui-monospace, "Cascadia Code", "DejaVu Sans Mono", Menlo, Consolas, monospace; background: var(--soft); padding: 0.1em 0.3em; border-radius: 4px }
pre code { background: none; padding: 0; font: inherit }
.c { color: var(--quiet) } .s { color: var(--string) } .n { color: var(--number) } .k { color: var(--keyword) } .t { color: var(--type) } .f { color: var(--mark) }
.source { color: var(--quiet); font-size: 0.85rem; margin: -0.8rem 0 1.2rem; text-align: right }
.formula { overflow-x: auto; overflow-y: hidden; margin: 1rem 0; padding: 0.2rem 0; text-align: center }
math { font-family: "DL1 Math", "STIX Two Math", "Cambria Math", "Latin Modern Math", math; font-size: 1.06em }
.compare { display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem; margin: 1rem 0 }
.compare > * { min-width: 0; margin: 0 }
.compare pre { font-size: 0.78rem; padding: 0.7rem 0.8rem; white-space: pre-wrap; overflow-wrap: anywhere }
.compare strong { font-size: 0.9rem; color: var(--quiet) }
@media (max-width: 640px) { .compare { grid-template-columns: 1fr } .compare strong { display: none } .compare pre::before { content: attr(data-name); display: block; color: var(--quiet); font: 0.8rem/1.4 system-ui, sans-serif } }
details { background: var(--soft); border-radius: 8px; padding: 0.6rem 1rem; margin: 0.8rem 0 }
summary { cursor: pointer; font-weight: 600 }
.question summary { list-style-position: outside; margin-left: 1.1rem }
details > p:last-child { margin-bottom: 0.4rem }
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
figcaption { color: var(--quiet); font-size: 0.95rem; margin-top: 0.4rem }
@media print { :root { color-scheme: light; --ink: #000000; --paper: #ffffff; --soft: #f3f4f6; --line: #c0c5cc; --quiet: #444c55; --mark: #0b3d73; --keyword: #9a1c6b; --string: #0a6640; --number: #8a4600; --type: #0b3d73 } body, body.parts { max-width: none; padding: 0; left: 0; font-size: 10.5pt } .side { display: none } .narrow { display: none } .narrow ~ .broad { display: block } figure, tr, .formula, .compare pre, .contents div { break-inside: avoid } h1, h2, h3, summary { break-after: avoid } pre { white-space: pre-wrap; overflow-wrap: anywhere } .part { break-before: page; margin-top: 0 } details { border: 1px solid var(--line) } details::details-content { content-visibility: visible; display: block; height: auto } .card img, .card svg { max-height: 22cm; width: auto } }
@page { margin: 18mm 16mm }"""

    let private font =
        lazy
            (use stream = Assembly.GetExecutingAssembly().GetManifestResourceStream "Math.woff2"

             match stream with
             | null ->
                 raise (
                     FileNotFoundException "The assembly does not carry its font of mathematics, Math.woff2."
                 )
             | stream ->
                 use bytes = new MemoryStream()
                 stream.CopyTo bytes
                 Convert.ToBase64String(bytes.ToArray()))

    /// The style sheet; with a font for formulas where the page has some, so that they look alike on every machine.
    let sheet (hasFormulas: bool) =
        if hasFormulas then
            let source = $"url(data:font/woff2;base64,{font.Value}) format(\"woff2\")"
            $"@font-face {{ font-family: \"DL1 Math\"; src: {source} }}\n{css}"
        else
            css
