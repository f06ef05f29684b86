/// Attributes at their extremes, tried in child processes: each case is a value, in which Eval and compiled code agree,
/// or an error of ours. `DL1_LONG=1` tries a hundred times as many.
module DL1.Tests.ExtremesTests

open System
open System.Diagnostics
open System.IO
open DL1
open DL1.Tests.Hostile
open Expecto

/// What became of the cases of a child: how many were values and refusals, and what went wrong.
type private Tried = { Values: int; Refusals: int; Wrong: string list }

/// Starts the test program as a child, with guards around buffers and little memory, so that all runs are alike.
let private start (arguments: string list) =
    let start =
        ProcessStartInfo(
            "dotnet",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false
        )

    start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "DL1.Core.Tests.dll"))
    arguments |> List.iter start.ArgumentList.Add
    start.Environment["DL1_GUARD"] <- "1"
    start.Environment["DOTNET_GCHeapHardLimit"] <- "0x40000000"
    start.Environment["DOTNET_TieredPGO"] <- "0"

    match Process.Start start with
    | null -> failtest "the child did not start"
    | child -> child

/// Tries the cases from one number to another. A child that ends at a case is named by it, and the rest is tried by
/// another one; so is one that says nothing for five minutes.
let rec private tryFrom (first: int) (last: int) (before: Tried) : Tried =
    use child = start [ ExtremeChild.argument; string first; string last ]
    let errors = child.StandardError.ReadToEndAsync()
    let mutable tried = before
    let mutable at = first
    let mutable isOpen = false
    let mutable reading = true

    while reading do
        let line = child.StandardOutput.ReadLineAsync()

        if not (line.Wait(TimeSpan.FromMinutes 5.0)) then
            child.Kill()
            reading <- false
        else
            match line.Result with
            | null -> reading <- false
            | "value" ->
                isOpen <- false
                tried <- { tried with Values = tried.Values + 1 }
            | "refused" ->
                isOpen <- false
                tried <- { tried with Refusals = tried.Refusals + 1 }
            | text when text.StartsWith("begins ", StringComparison.Ordinal) ->
                isOpen <- true
                at <- int (text.Substring 7)
            | text ->
                isOpen <- false
                tried <- { tried with Wrong = text :: tried.Wrong }

    child.WaitForExit()

    if isOpen then
        let story = errors.Result.Split('\n') |> Seq.truncate 12 |> String.concat " "
        let wrong = $"{ExtremeChild.name at} ended the process: {story}"
        tryFrom (at + 1) last { tried with Wrong = wrong :: tried.Wrong }
    else
        tried

let tests =
    testList
        "extremes"
        [
            test "attributes at their extremes give a value or an error of ours" {
                let count = often 1000 1000000
                // Children of some cases each, two at a time.
                let each = min 20000 (count / 2)

                let tried =
                    Array.init (count / each) id
                    |> Array.Parallel.map (fun i ->
                        tryFrom (i * each) ((i + 1) * each) { Values = 0; Refusals = 0; Wrong = [] })

                let wrong = tried |> Seq.collect _.Wrong |> Seq.truncate 20 |> String.concat "\n"
                Expect.equal wrong "" "no case goes wrong"
                let values, refusals = Array.sumBy _.Values tried, Array.sumBy _.Refusals tried
                Expect.equal (values + refusals) (count / each * each) "all were tried"
                // Neither is rare: the cases try both.
                Expect.isGreaterThan values (count / 5) "values"
                Expect.isGreaterThan refusals (count / 5) "refusals"
            }
            test "the texts that are made extreme are right as they are" {
                for text in ExtremeCalls.texts do
                    Parse.expr text |> ignore
            }
            for name, code in
                [
                    "nothing", Some 0
                    "reads one behind", None
                    "writes one behind", None
                    "writes one before", Some 3
                    "a plan", Some 0
                    "a plan that writes one before", Some 3
                    "a plan that writes to a constant", None
                ] do
                // Guards are made of pages of Linux.
                if OperatingSystem.IsLinux() then
                    test $"with guards, a kernel off by one is found: {name}" {
                        use child = start [ GuardProbe.argument; name ]
                        let errors = child.StandardError.ReadToEnd()
                        child.WaitForExit()

                        match code with
                        | Some code -> Expect.equal child.ExitCode code errors
                        | None ->
                            // By a signal, whether managed code or memmove touched the page.
                            Expect.isGreaterThan child.ExitCode 128 "the process ends at the access"
                    }
        ]
