/// ONNX's own tests of its operators, from Debian's package libonnx-testdata: those that pass are kept in
/// `fixtures/nodes.approved.txt`, none may give other numbers than expected, and none may end by another exception.
module DL1.Onnx.Tests.NodeTests

open System
open System.IO
open Expecto
open DL1.Onnx.Tests.NodeCase

let installed = "/usr/share/libonnx-testdata/data"

let private nameOf (path: string) : string = Path.GetFileName path |> string

/// Cases whose data are not those of their models: the attribute `epsilon`, 0.01 in the data, is missing in the model.
let private faulty = [ "node/test_adam_multiple" ]

/// All cases below a folder, by `suite/name`.
let private casesIn (folder: string) =
    Directory.GetDirectories folder
    |> Array.sort
    |> Array.collect (fun suite ->
        Directory.GetDirectories suite
        |> Array.sort
        |> Array.map (fun path -> nameOf suite + "/" + nameOf path, path))
    |> Array.filter (fun (name, path) ->
        File.Exists(Path.Combine(path, "model.onnx")) && not (List.contains name faulty))

let private written (name: string) (outcome: Outcome) =
    match outcome with
    | Outcome.Passed given -> printfn $"passed {name} {given}"
    | Outcome.Refused message -> printfn $"refused {name}: {message.ReplaceLineEndings(String.Empty)}"
    | Outcome.Wrong what -> printfn $"WRONG {name}: {what}"
    | Outcome.Broken what -> printfn $"BROKEN {name}: {what}"

/// Runs all cases and writes how each ended: `Passed`, the words of a refusal, numbers that differ.
let report (folder: string) : int =
    let outcomes =
        casesIn folder
        |> Array.map (fun (name, path) ->
            let outcome = run path
            written name outcome
            name, outcome)

    let count (f: Outcome -> bool) = outcomes |> Array.filter (snd >> f) |> Array.length

    let passed =
        count (function
            | Outcome.Passed _ -> true
            | _ -> false)

    let wrong =
        count (function
            | Outcome.Wrong _ -> true
            | _ -> false)

    let broken =
        count (function
            | Outcome.Broken _ -> true
            | _ -> false)

    printfn $"%d{passed} of %d{outcomes.Length} passed, %d{wrong} wrong, %d{broken} broken"
    0

let approved =
    lazy
        (File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "fixtures", "nodes.approved.txt"))
         |> Array.filter ((<>) "")
         |> Set.ofArray)

let private outcomes = lazy (casesIn installed |> Array.map (fun (name, path) -> name, run path))

let tests =
    testList
        "node tests of the standard"
        [

            if not (Directory.Exists installed) then
                test "are not here" {
                    // The checks of a change install the package and require it; elsewhere the tests are left out, and this says so.
                    Expect.notEqual
                        (Environment.GetEnvironmentVariable "DL1_ONNX_TESTS")
                        "required"
                        $"the folder {installed} is missing: apt-get install libonnx-testdata"

                    printfn
                        $"ONNX's node tests are NOT run: the folder {installed} is missing (apt-get install libonnx-testdata)"
                }
            else
                test "none gives other numbers than expected" {
                    let wrong =
                        outcomes.Value
                        |> Array.choose (fun (name, o) ->
                            match o with
                            | Outcome.Wrong what -> Some $"{name}: {what}"
                            | _ -> None)

                    Expect.isEmpty wrong (String.Join("\n", wrong))
                }

                test "none ends by an exception that is not an error of DL1" {
                    let broken =
                        outcomes.Value
                        |> Array.choose (fun (name, o) ->
                            match o with
                            | Outcome.Broken what -> Some $"{name}: {what}"
                            | _ -> None)

                    Expect.isEmpty broken (String.Join("\n", broken))
                }

                test "those that pass are the approved ones" {
                    let passed =
                        outcomes.Value
                        |> Array.choose (fun (name, o) ->
                            match o with
                            | Outcome.Passed _ -> Some name
                            | _ -> None)
                        |> Set.ofArray

                    let lost = Set.difference approved.Value passed
                    let won = Set.difference passed approved.Value
                    Expect.isEmpty lost "cases that passed before"
                    Expect.isEmpty won "new cases that pass: add them to fixtures/nodes.approved.txt"
                }

                test "at least 950 pass" {
                    Expect.isGreaterThanOrEqual (Set.count approved.Value) 950 "the number of cases"
                }
        ]
