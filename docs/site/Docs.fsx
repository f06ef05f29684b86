/// Documentation comments as HTML.
module Docs

open System
open System.Collections.Generic
open System.IO
open System.Net
open System.Text.RegularExpressions
open System.Xml.Linq

let private members = Dictionary<string, XElement>()

let load (file: string) =
    for entry in XDocument.Load(file, LoadOptions.PreserveWhitespace).Descendants(XName.Get "member") do
        match entry.Attribute(XName.Get "name") with
        | null -> ()
        | name -> members[name.Value] <- entry

/// What is documented under a name; an `inheritdoc` that points elsewhere is followed.
let rec find (id: string) : XElement option =
    match members.TryGetValue id with
    | true, entry ->
        match entry.Element(XName.Get "inheritdoc") with
        | null -> Some entry
        | inherited ->
            match inherited.Attribute(XName.Get "cref") with
            | null -> Some entry
            | cref when cref.Value <> id -> find cref.Value
            | _ -> Some entry
    | false, _ -> None

let escape (text: string) = WebUtility.HtmlEncode text

/// Text with code between backticks.
let private marked (text: string) = Regex.Replace(escape text, "`([^`]+)`", "<code>$1</code>")

/// A referenced name without its namespace and its parameters.
let private short (cref: string) =
    let name = Regex.Replace(cref, @"^\w:|\(.*$|``?\d+", "")
    let parts = name.Split '.'

    if cref.StartsWith "T:" || parts.Length < 2 then
        Array.last parts
    else
        parts[parts.Length - 2] + "." + Array.last parts

let private outdented (code: string) =
    let lines = code.Replace("\r", "").Trim('\n').TrimEnd().Split '\n'

    let depth =
        lines
        |> Seq.filter (fun line -> line.Trim() <> "")
        |> Seq.map (fun line -> line.Length - line.TrimStart().Length)
        |> Seq.fold min 100

    lines
    |> Seq.map (fun line -> if line.Length >= depth then line.Substring depth else line.TrimStart())
    |> String.concat "\n"

let rec private node (link: string -> string option) (n: XNode) : string =
    match n with
    | :? XText as text -> marked text.Value
    | :? XElement as e ->
        let inner () = e.Nodes() |> Seq.map (node link) |> String.concat ""

        match e.Name.LocalName with
        | "c" -> $"<code>{escape e.Value}</code>"
        | "code" -> $"<pre>{escape (outdented e.Value)}</pre>"
        | "para" -> $"<p>{inner ()}</p>"
        | "see"
        | "seealso" ->
            match e.Attribute(XName.Get "cref"), e.Attribute(XName.Get "langword") with
            | null, null -> inner ()
            | null, word -> $"<code>{escape word.Value}</code>"
            | cref, _ ->
                match link cref.Value with
                | Some url -> $"<a href=\"{url}\"><code>{escape (short cref.Value)}</code></a>"
                | None -> $"<code>{escape (short cref.Value)}</code>"
        | "paramref"
        | "typeparamref" ->
            match e.Attribute(XName.Get "name") with
            | null -> ""
            | name -> $"<code>{escape name.Value}</code>"
        | _ -> inner ()
    | _ -> ""

let private content link (e: XElement) = e.Nodes() |> Seq.map (node link) |> String.concat "" |> _.Trim()

/// The summary alone.
let summary link (entry: XElement) =
    match entry.Element(XName.Get "summary") with
    | null -> ""
    | summary -> content link summary

/// All of it: summary, parameters, result, errors, remarks and examples.
let whole link (entry: XElement) : string =
    let each name = entry.Elements(XName.Get name) |> List.ofSeq

    let attribute (name: string) (e: XElement) =
        e.Attribute(XName.Get name) |> Option.ofObj |> Option.map _.Value |> Option.defaultValue ""

    let list title entries =
        if List.isEmpty entries then
            ""
        else
            let rows =
                entries
                |> List.map (fun (name, text) -> $"<dt><code>{escape name}</code></dt><dd>{text}</dd>")
                |> String.concat ""

            $"<h4>{title}</h4><dl>{rows}</dl>"

    String.concat
        "\n"
        [
            $"<p>{summary link entry}</p>"
            yield! each "remarks" |> List.map (fun e -> $"<p>{content link e}</p>")
            list "Parameters" (each "param" |> List.map (fun e -> attribute "name" e, content link e))
            yield! each "returns" |> List.map (fun e -> $"<h4>Result</h4><p>{content link e}</p>")
            list "Errors" (each "exception" |> List.map (fun e -> short (attribute "cref" e), content link e))
            yield! each "example" |> List.map (content link)
        ]
