/// The maps of the core and of its compiler name folders, files and functions: they exist, and none is missing.
module DL1.Tests.CompileReadmeTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto

let private repository = ReadmeTests.root AppContext.BaseDirectory
let private root = Path.Combine(repository, "src/DL1.Core.fs")
let private readme = File.ReadAllText(Path.Combine(root, "Compile/README.md"))

/// A file of the map: below `Compile/`, or where it is not there, below the core.
let private pathOf (name: string) =
    let inCompile = Path.Combine(root, "Compile", name)
    if File.Exists inCompile then inCompile else Path.Combine(root, name)

/// Files as `Folder/File.fs`, each with the names in parentheses behind it.
let private references =
    [
        for m in Regex.Matches(readme, @"`(\w+(?:/\w+)+\.fs)`(?:\s+\(((?:`[\w']+`(?:, )?)+)[^)]*\))?") do
            m.Groups[1].Value,
            [ for n in Regex.Matches(m.Groups[2].Value, @"`([\w']+)`") -> n.Groups[1].Value ]
    ]

let private defines (text: string) (name: string) =
    Regex.IsMatch(
        text,
        @"\b(?:let|and|member|type|module|override|default|abstract|static)\b[^=\n]*?\b"
        + Regex.Escape name
        + @"(?![\w'])"
    )

let private folders =
    Directory.GetDirectories(Path.Combine(root, "Compile"))
    |> Array.map Path.GetFileName
    |> List.ofArray

/// The folders of the core but for the compiler's, each with its files in the order in which they are compiled.
let private compiled =
    [
        for m in
            Regex.Matches(
                File.ReadAllText(Path.Combine(root, "DL1.Core.fsproj")),
                "Include=\"(.+)/(\\w+)\\.fs\""
            ) do
            m.Groups[1].Value, m.Groups[2].Value
    ]
    |> List.filter (fun (folder, _) -> not (folder.StartsWith("Compile", StringComparison.Ordinal)))
    |> List.groupBy fst
    |> List.map (fun (folder, files) -> folder, List.map snd files)

/// The rows of the map of the core. A row without a folder goes on with the folder above.
let private mapped =
    let cells (line: string) = line.Split '|' |> Array.map _.Trim()

    File.ReadAllLines(Path.Combine(repository, "docs/architecture.md"))
    |> Seq.skipWhile (fun line -> not (line.StartsWith("| folder | files", StringComparison.Ordinal)))
    |> Seq.skip 2
    |> Seq.takeWhile (fun line -> line.StartsWith '|')
    |> Seq.map cells
    |> Seq.filter (fun row -> row[1] <> "Compile")
    |> Seq.scan
        (fun (folder, _) row -> (if row[1] = "" then folder else row[1]), row[2].Split ", ")
        ("", [||])
    |> Seq.tail
    |> List.ofSeq
    |> List.groupBy fst
    |> List.map (fun (folder, rows) -> folder, List.collect (snd >> List.ofArray) rows)

let tests =
    testList
        "CompileReadme"
        [
            test "names files that exist" {
                Expect.isGreaterThan references.Length 30 "the map names files"

                for file, _ in references do
                    Expect.isTrue (File.Exists(pathOf file)) $"{file} is there"
            }

            test "names functions that their files define" {
                let named = references |> List.filter (snd >> List.isEmpty >> not)
                Expect.isGreaterThan named.Length 20 "the map names functions"

                for file, names in named do
                    let text = File.ReadAllText(pathOf file)

                    for name in names do
                        Expect.isTrue (defines text name) $"{file} defines {name}"
            }

            test "says what is in each folder" {
                for folder in folders do
                    Expect.stringContains readme $"{folder}/" $"the folder {folder}"
            }

            test "architecture.md lists the core's folders and files as they are compiled" {
                Expect.isGreaterThan compiled.Length 30 "the project has folders"
                let mapped, compiled = Map.ofList mapped, Map.ofList compiled
                Expect.equal (List.ofSeq mapped.Keys) (List.ofSeq compiled.Keys) "the folders"

                for KeyValue(folder, files) in compiled do
                    Expect.equal mapped[folder] files folder
            }

            test "finds a name that is not there" {
                Expect.isFalse (defines "let run x = nowhere x" "nowhere") "a use is no definition"
            }

            test "folders hold at most 16 files of at most 350 lines" {
                for folder in folders do
                    let files = Directory.GetFiles(Path.Combine(root, "Compile", folder), "*.fs")
                    Expect.isLessThanOrEqual files.Length 16 folder

                    for file in files do
                        Expect.isLessThanOrEqual (File.ReadAllLines file).Length 350 file
            }
        ]
