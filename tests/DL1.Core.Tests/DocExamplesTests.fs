/// The examples of the documentation: each public function has one in its doc comment, it stands to the letter in the
/// tables of Docs/, and it gives there what is expected.
module DL1.Tests.DocExamplesTests

open System
open System.IO
open System.Reflection
open System.Text.RegularExpressions
open System.Xml.Linq
open DL1
open DL1.Tests.Example
open Expecto

let private modules =
    BuildExamples.all
    @ MathExamples.all
    @ UseExamples.all
    @ ComputeExamples.all
    @ LossExamples.all
    @ LossMoreExamples.all
    @ MetricExamples.all
    @ OptimizeExamples.all
    @ NnExamples.all
    @ SequenceExamples.all
    @ DataExamples.all
    @ TrainExamples.all
    @ GenerationExamples.all
    @ LoopExamples.all

/// The folder of the tables.
let private tables =
    Path.Combine(ReadmeTests.root AppContext.BaseDirectory, "tests/DL1.Core.Tests/Docs")

let private source =
    lazy (Directory.GetFiles(tables, "*.fs") |> Seq.map (File.ReadAllText >> folded) |> String.concat "\n")

/// Doc comments by the full name of a function or value.
let private docs =
    lazy
        (let file = Path.Combine(AppContext.BaseDirectory, "DL1.Core.xml")

         Map
             [
                 for entry in XDocument.Load(file).Descendants(XName.Get "member") do
                     match entry.Attribute(XName.Get "name") with
                     | null -> ()
                     | name -> Regex.Replace(name.Value, @"^\w:|[(`].*$", ""), folded entry.Value
             ])

/// The public functions and values of a module.
let private functions (owner: Type) =
    owner.GetMethods(BindingFlags.Public ||| BindingFlags.Static ||| BindingFlags.DeclaredOnly)
    |> Array.map (fun m -> if m.IsSpecialName then m.Name.Replace("get_", "") else m.Name)
    // The second form that F# gives to an inline operator.
    |> Array.filter (fun name -> not (name.Contains '$'))
    |> Set

let private snippets (doc: string) =
    Regex.Matches(doc, "`([^`]+)`") |> Seq.map _.Groups[1].Value |> List.ofSeq

/// How a function is called: `Expr.sum`, `x .> 0.0`.
let private isCall (owner: Type) (name: string) (snippet: string) =
    match name with
    | "op_DotGreater" -> snippet.Contains " .> "
    | "op_DotGreaterEquals" -> snippet.Contains " .>= "
    | "op_DotLess" -> snippet.Contains " .< "
    | "op_DotLessEquals" -> snippet.Contains " .<= "
    | "lit" -> snippet.StartsWith "lit "
    | name ->
        let call = Regex.Replace(owner.Name, "Module$", "") + "." + name
        Regex.IsMatch(snippet, $@"(^|[\s(]){Regex.Escape call}($|[\s).<])")

let private ofModule (e: Examples) =
    testList
        e.Module.Name
        [
            test "every public function has an example, and only those" {
                Expect.equal (e.Rows |> List.map _.Function |> Set) (functions e.Module) ""
                Expect.equal (List.distinctBy _.Function e.Rows).Length e.Rows.Length "one each"
            }
            for row in e.Rows do
                test $"{row.Function} gives what is expected" {
                    Expect.equal (HostileCulture.plainly row.Run) row.Expected ""
                }

                test $"{row.Function} has its example in its doc comment" {
                    let doc =
                        docs.Value
                        |> Map.tryFind $"{(string e.Module.FullName).Replace('+', '.')}.{row.Function}"

                    let calls = doc |> Option.map snippets |> Option.defaultValue []
                    let calls = calls |> List.filter (isCall e.Module row.Function)
                    Expect.isNonEmpty calls $"no example in: {doc}"

                    for call in calls do
                        Expect.stringContains source.Value call "in the tables"
                }
        ]

let tests = testList "DocExamples" (List.map ofModule modules)
