// The site: the API reference from the built assemblies and their documentation, and the guides, as pages that work from the
// disk and from any path of a server. Dead links end it with an error.
//
//     dotnet fsi docs/site/Site.fsx ASSEMBLIES OUT
#r "nuget: Markdig, 1.6.0"
#load "Signature.fsx"
#load "Docs.fsx"

open System
open System.Collections.Generic
open System.IO
open System.Reflection
open System.Text.RegularExpressions
open Markdig

let assemblies, out =
    match fsi.CommandLineArgs with
    | [| _; assemblies; out |] -> Path.GetFullPath assemblies, Path.GetFullPath out
    | _ ->
        eprintfn "Site.fsx ASSEMBLIES OUT"
        exit 2

let root = Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, "..", ".."))

let names = [ "DL1.Core"; "DL1.CSharp"; "DL1.Data"; "DL1.Onnx"; "DL1.Pictures"; "DL1.Live"; "DL1.Mpi" ]

// ASP.NET Core, to which DL1.Live refers, beside the runtime: F# Interactive does not load it.
let aspNet =
    let runtime = (Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory()).TrimEnd('/', '\\')

    Path.Combine(runtime, "..", "..", "Microsoft.AspNetCore.App", Path.GetFileName runtime)

AppDomain.CurrentDomain.add_AssemblyResolve (fun _ wanted ->
    let file = Path.Combine(aspNet, AssemblyName(wanted.Name).Name + ".dll")
    if File.Exists file then Assembly.LoadFrom file else null)

for name in names do
    Docs.load (Path.Combine(assemblies, name + ".xml"))

let types =
    [
        for name in names do
            yield!
                Assembly.LoadFrom(Path.Combine(assemblies, name + ".dll")).GetExportedTypes()
                |> Array.filter (fun t ->
                    not (t.FullName.Contains '<')
                    && not (t.FullName.Contains '@')
                    // Public because emitted code calls them, and for nobody else.
                    && not (t.FullName.StartsWith "DL1.Compiler."))
    ]

let mapping (t: Type) =
    t.GetCustomAttributesData()
    |> Seq.tryFind (fun a -> a.AttributeType.Name = "CompilationMappingAttribute")
    |> Option.map (fun a -> Convert.ToInt32 a.ConstructorArguments[0].Value &&& 31)

let isModule t = mapping t = Some 7

// --- Areas: the folder in which a type is written.

let areas =
    [
        "Tensors", "Tensors"
        "Expr", "Expressions"
        "Eval", "Expressions"
        "Math", "Functions and losses"
        "Losses", "Functions and losses"
        "Derivative", "Derivatives"
        "Rewrite", "Rewriting"
        "Code", "Code, read and written"
        "Nn", "Layers"
        "Optimize", "Optimizers"
        "Compile", "Compiling and running"
        "Compute", "Compiling and running"
        "Train", "Training"
        "Metrics", "Metrics"
        "Tune", "Search"
        "Store", "Files"
        "Data", "Data"
        "DL1.Data", "Data"
        "DL1.Onnx", "ONNX"
        "Onnx", "ONNX"
        "DL1.Pictures", "Pictures"
        "DL1.Live", "Training"
        "DL1.Mpi", "Training"
    ]

let areaOfType =
    let found = Dictionary<string, string>()

    for file in Directory.GetFiles(Path.Combine(root, "src"), "*.*", SearchOption.AllDirectories) do
        let parts = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)

        if (file.EndsWith ".fs" || file.EndsWith ".cs") && not (Array.contains "obj" parts) then
            let area =
                areas
                |> List.tryFind (fun (folder, _) -> parts.Length > 3 && parts[2] = folder)
                |> Option.orElse (areas |> List.tryFind (fun (folder, _) -> parts[1] = folder))

            match area with
            | Some(_, area) ->
                for m in
                    Regex.Matches(
                        File.ReadAllText file,
                        @"(?m)^\s*(?:\[<.*>\]\s*)?(?:public |sealed |static |abstract |readonly |partial )*(?:type|and|module|class|record struct|record|struct|enum|interface|delegate \w+)\s+(?:\[<.*>\]\s*)?(?:private )?(\w+)"
                    ) do
                    found.TryAdd(m.Groups[1].Value, area) |> ignore
            | None -> ()

    fun (t: Type) ->
        let outermost = if isNull t.DeclaringType then t else t.DeclaringType
        let name = Signature.bare outermost.Name

        let known (name: string) =
            match found.TryGetValue name with
            | true, area -> Some area
            | false, _ -> None

        known name
        |> Option.orElse (known (Regex.Replace(name, "Module$", "")))
        |> Option.defaultValue "More"

// --- Pages.

let pageOfType (t: Type) = "api/" + Regex.Replace(Signature.ownerId t, "[^A-Za-z0-9.]", "-") + ".html"

let pageOfId =
    let pages = Dictionary<string, string>()

    for t in types do
        pages["T:" + Signature.ownerId t] <- pageOfType t

    fun (cref: string) ->
        let name = Regex.Replace(cref.Substring 2, @"\(.*$", "")

        let owner =
            if cref.StartsWith "T:" then
                name
            else
                name.Substring(0, max 0 (name.LastIndexOf '.'))

        match pages.TryGetValue("T:" + owner) with
        | true, page -> Some page
        | false, _ -> None

let written = Dictionary<string, string>()
let index = List<string * string * string>()

let relative (from: string) (target: string) = String.replicate (from.Split('/').Length - 1) "../" + target

let layout (page: string) (title: string) (body: string) =
    let link target = relative page target

    written[page] <-
        $"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{Docs.escape title} · DL1</title>
<link rel="icon" href="{link "docs/pictures/icon.png"}"><link rel="stylesheet" href="{link "site.css"}"></head>
<body data-root="{link ""}"><header><a class="home" href="{link "index.html"}">DL1</a>
<nav><a href="{link "docs/index.html"}">Guides</a> <a href="{link "api/index.html"}">API</a></nav>
<input id="search" type="search" placeholder="Search" aria-label="Search" autocomplete="off"><ol id="found"></ol></header>
<main>
{body}
</main>
<script src="{link "search-index.js"}"></script><script src="{link "site.js"}"></script></body></html>
"""

// --- The API reference.

let title (t: Type) =
    let name = if isNull t.DeclaringType then t.Name else t.DeclaringType.Name + "." + t.Name

    if t.IsGenericType && isNull t.DeclaringType then Signature.csharp t
    elif isModule t then Regex.Replace(name, "Module$", "")
    else Signature.bare name

let kind (t: Type) =
    if isModule t then "module"
    elif t.IsEnum then "enum"
    elif t.IsInterface then "interface"
    elif typeof<Delegate>.IsAssignableFrom t then "delegate"
    elif t.IsAbstract && t.IsSealed then "static class"
    elif t.IsValueType then "struct"
    else "class"

let membersOf (t: Type) =
    let hidden =
        set [ "Equals"; "GetHashCode"; "CompareTo"; "GetType"; "Deconstruct"; "<Clone>$"; "PrintMembers" ]

    let flags =
        BindingFlags.Public ||| BindingFlags.Static ||| BindingFlags.Instance ||| BindingFlags.DeclaredOnly

    t.GetMembers flags
    |> Array.filter (fun m ->
        match m with
        | :? MethodInfo as f ->
            not (hidden.Contains m.Name)
            && not (m.Name.Contains '$')
            && (not f.IsSpecialName || m.Name.StartsWith "op_")
        | :? PropertyInfo
        | :? ConstructorInfo -> true
        | :? FieldInfo as f -> not f.IsSpecialName
        | _ -> false)
    |> Array.sortBy (fun m ->
        (match m with
         | :? ConstructorInfo -> 0
         | :? PropertyInfo -> 1
         | _ -> 2),
        m.Name)

let documented (page: string) (id: string) =
    let link cref = pageOfId cref |> Option.map (relative page)
    Docs.find id |> Option.map (Docs.whole link) |> Option.defaultValue ""

for t in types do
    let page = pageOfType t
    let places = HashSet<string>()

    let section (m: MemberInfo) =
        let id = Signature.id m
        let anchor = Regex.Replace(m.Name, "[^A-Za-z0-9_]", "-")

        let anchor =
            Seq.initInfinite (fun i -> if i = 0 then anchor else $"{anchor}-{i}") |> Seq.find places.Add

        index.Add((title t + "." + m.Name, page + "#" + anchor, kind t))

        let signatures =
            [
                if isModule t then
                    $"""<pre class="signature" data-language="F#">{Docs.escape (Signature.ofFunction m)}</pre>"""

                $"""<pre class="signature" data-language="C#">{Docs.escape (Signature.ofMember m)}</pre>"""
            ]
            |> String.concat ""

        $"""<section id="{anchor}"><h3>{Docs.escape m.Name}</h3>{signatures}{documented page id}</section>"""

    index.Add((title t, page, kind t))
    let members = membersOf t |> Array.map section |> String.concat "\n"

    layout
        page
        (title t)
        $"""<p class="crumbs"><a href="index.html">API</a> › {areaOfType t}</p>
<h1>{Docs.escape (title t)} <small>{kind t} of {t.Namespace}, {t.Assembly.GetName().Name}</small></h1>
{documented page ("T:" + Signature.ownerId t)}
{members}"""

let grouped =
    types
    |> List.groupBy areaOfType
    |> List.sortBy (fun (area, _) ->
        areas |> List.tryFindIndex (fun (_, name) -> name = area) |> Option.defaultValue 99)

let apiBody =
    [
        for area, members in grouped do
            $"<h2>{area}</h2><dl class=\"types\">"

            for t in members |> List.filter (fun t -> isNull t.DeclaringType) |> List.sortBy title do
                let page = "api/index.html"
                let link cref = pageOfId cref |> Option.map (relative page)

                let text =
                    Docs.find ("T:" + Signature.ownerId t)
                    |> Option.map (Docs.summary link)
                    |> Option.defaultValue ""

                let first = Regex.Match(text, @"^.*?\.(?=\s|$)", RegexOptions.Singleline)

                let shown =
                    if first.Success && not (first.Value.Contains "<code>") then
                        first.Value
                    else
                        text

                $"<dt><a href=\"{Path.GetFileName(pageOfType t)}\">{Docs.escape (title t)}</a> <small>{kind t}</small></dt><dd>{shown}</dd>"

            "</dl>"
    ]
    |> String.concat "\n"

layout
    "api/index.html"
    "API"
    $"<h1>API</h1><p>%d{types.Length} types by area. Functions of modules are shown as F# and as C# see them.</p>{apiBody}"

// --- Guides: the README, and all that it leads to.

let pipeline = MarkdownPipelineBuilder().UseAdvancedExtensions().Build()
let copied = HashSet<string>()
let rest = Queue [ "README.md" ]
let seen = HashSet [ "README.md" ]

for file in Directory.GetFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories) do
    let path = Path.GetRelativePath(root, file).Replace('\\', '/')

    if seen.Add path then
        rest.Enqueue path

let pageOfFile (path: string) =
    if path = "README.md" then "index.html"
    elif path.EndsWith ".md" then path.Substring(0, path.Length - 3) + ".html"
    else path.TrimEnd '/' + ".html"

let isCopied (path: string) =
    List.contains (Path.GetExtension path) [ ".png"; ".svg"; ".gif"; ".jpg"; ".yml" ]

/// The path in the repository that a link of a page leads to; none for links elsewhere.
let resolved (from: string) (target: string) =
    if Regex.IsMatch(target, @"^[a-z]+:|^#") then
        None
    else
        let path = target.Split('#')[0]

        let folder =
            match Path.GetDirectoryName from with
            | null -> ""
            | folder -> folder

        Some(
            Path.GetRelativePath(root, Path.GetFullPath(Path.Combine(root, folder, path))).Replace('\\', '/')
        )

let rewritten (from: string) (html: string) =
    let page = pageOfFile from

    Regex.Replace(
        html,
        "(href|src)=\"([^\"]+)\"",
        fun m ->
            match resolved from m.Groups[2].Value with
            | None -> m.Value
            | Some path ->
                let fragment =
                    match m.Groups[2].Value.Split('#') with
                    | [| _; fragment |] -> "#" + fragment
                    | _ -> ""

                if isCopied path then
                    copied.Add path |> ignore
                    $"{m.Groups[1].Value}=\"{relative page path}\""
                else
                    if seen.Add path then
                        rest.Enqueue path

                    $"{m.Groups[1].Value}=\"{relative page (pageOfFile path)}{fragment}\""
    )

while rest.Count > 0 do
    let path = rest.Dequeue()
    let file = Path.Combine(root, path)
    let page = pageOfFile path

    if path.EndsWith ".md" && File.Exists file then
        let html = Markdown.ToHtml(File.ReadAllText file, pipeline) |> rewritten path
        let heading = Regex.Match(html, "<h1[^>]*>(.*?)</h1>", RegexOptions.Singleline)

        let title =
            if heading.Success then
                Regex.Replace(heading.Groups[1].Value, "<.*?>", "")
            else
                path

        index.Add((Net.WebUtility.HtmlDecode title, page, "guide"))

        for m in Regex.Matches(html, "<h[23] id=\"([^\"]+)\">(.*?)</h[23]>") do
            let text = Net.WebUtility.HtmlDecode(Regex.Replace(m.Groups[2].Value, "<.*?>", ""))
            index.Add((text, page + "#" + m.Groups[1].Value, "guide"))

        layout page (Net.WebUtility.HtmlDecode title) html
    elif File.Exists file then
        layout page path $"<h1>{path}</h1><pre>{Docs.escape (File.ReadAllText file)}</pre>"
    elif Directory.Exists file then
        let entries =
            Directory.GetFileSystemEntries file
            |> Seq.map (Path.GetFileName >> string)
            |> Seq.filter (fun name -> name <> "bin" && name <> "obj")
            |> Seq.sort
            |> String.concat "\n"

        layout page path $"<h1>{path}</h1><pre>{Docs.escape entries}</pre>"

// --- Written, and checked: every link leads to a page, and every fragment to a place of it.

if Directory.Exists out then
    Directory.Delete(out, true)

let write (page: string) (content: string) =
    let file = Path.Combine(out, page)
    Directory.CreateDirectory(Path.GetDirectoryName file |> string) |> ignore
    File.WriteAllText(file, content)

for page in written do
    write page.Key page.Value

for path in Seq.append [ "docs/pictures/icon.png" ] copied do
    let target = Path.Combine(out, path)
    Directory.CreateDirectory(Path.GetDirectoryName target |> string) |> ignore

    if File.Exists(Path.Combine(root, path)) then
        File.Copy(Path.Combine(root, path), target, true)

for name in [ "site.css"; "site.js" ] do
    File.Copy(Path.Combine(__SOURCE_DIRECTORY__, name), Path.Combine(out, name), true)

let entries = index |> Seq.map (fun (title, url, kind) -> [ title; url; kind ]) |> Array.ofSeq
write "search-index.js" ("const searchIndex = " + Text.Json.JsonSerializer.Serialize entries + ";\n")

let dead =
    [
        for page in written do
            for m in Regex.Matches(page.Value, "(?:href|src)=\"([^\"]*)\"") do
                let target = Net.WebUtility.HtmlDecode m.Groups[1].Value

                if not (Regex.IsMatch(target, "^[a-z]+:")) then
                    let path, fragment =
                        match target.Split '#' with
                        | [| path; fragment |] -> path, fragment
                        | parts -> parts[0], ""

                    let folder = Path.GetDirectoryName(Path.Combine(out, page.Key)) |> string

                    let file =
                        if path = "" then
                            Path.Combine(out, page.Key)
                        else
                            Path.GetFullPath(Path.Combine(folder, path))

                    if not (File.Exists file) then
                        $"{page.Key}: {target} leads nowhere"
                    elif fragment <> "" && not ((File.ReadAllText file).Contains $"id=\"{fragment}\"") then
                        $"{page.Key}: {target} has no such place"
    ]
    |> List.distinct

printfn
    $"%d{written.Count} pages, %d{types.Length} types, %d{index.Count} entries of the search, %d{dead.Length} dead links"

List.iter (printfn "  %s") dead

let more = grouped |> List.tryFind (fun (area, _) -> area = "More")

more
|> Option.iter (fun (_, types) ->
    printfn "without an area: %s" (types |> List.map _.FullName |> String.concat ", "))

exit (if dead.IsEmpty && more.IsNone then 0 else 1)
