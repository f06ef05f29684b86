/// Runs this program's cases and the other library's in turns, each in a process of its own.
module DL1.Bench.Compare

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Reflection
open DL1.Bench.Timing

/// Starts a program and gives what it writes, line by line; its errors go where this one's go.
let runProgram (file: string) (arguments: string list) (environment: (string * string) list) : string list =
    let info = ProcessStartInfo(file, RedirectStandardOutput = true)
    arguments |> List.iter info.ArgumentList.Add

    for name, value in environment do
        info.Environment[name] <- value

    match Process.Start info |> Option.ofObj with
    | None -> []
    | Some p ->
        use p = p
        let text = p.StandardOutput.ReadToEnd()
        p.WaitForExit()

        if p.ExitCode <> 0 then
            eprintfn "%s %s ended with %d" file (String.concat " " arguments) p.ExitCode

        List.ofArray (text.Split('\n', StringSplitOptions.RemoveEmptyEntries))

/// This program again, on so many threads.
let runSelf threads arguments =
    let self = Environment.ProcessPath |> Option.ofObj |> Option.defaultValue "dotnet"
    let environment = [ "DOTNET_PROCESSOR_COUNT", string<int> threads ]

    if Path.GetFileNameWithoutExtension self = "dotnet" then
        runProgram self (Assembly.GetExecutingAssembly().Location :: arguments) environment
    else
        runProgram self arguments environment

let private number (x: float) = x.ToString("G4", CultureInfo.InvariantCulture)

let private spread (ts: Timing list) =
    $"{number (ts |> List.map _.Low |> List.min)}..{number (ts |> List.map _.High |> List.max)}"

let private middle (ts: Timing list) = median (List.map _.Median ts)

let private rowOf how busy (row: Cases.Row) (ours: Timing list) (theirs: Timing list) =
    let ratio =
        if theirs.IsEmpty then
            "—"
        else
            (middle theirs / middle ours).ToString("F2", CultureInfo.InvariantCulture) + "x"

    let other f = if theirs.IsEmpty then "—" else f theirs
    let target = if row.Target = "" then "—" else row.Target

    [
        row.Name
        number (middle ours)
        spread ours
        other (middle >> number)
        other spread
        ratio
        target
        how
        Results.stamp ()
        Results.disturbance busy
    ]

/// One case in turns, over some rounds: rows for the table. `peer` is the other library's script, if there is one.
let case (peer: string option) threads reps rounds (c: Cases.Case) : string list list =
    let ours () =
        runSelf threads [ "run"; c.Name; "--threads"; string<int> threads; "--reps"; string<int> reps ]

    let theirs () =
        match peer with
        | Some script -> runProgram script [ c.Peer; string<int> threads; string<int> reps ] []
        | None -> []

    // What others do on this machine, sampled before each process.
    let mutable busy = 0.0

    let quietly run =
        busy <- max busy (Results.busy ())
        run ()

    let read lines = lines |> List.choose (tryParse >> Option.map inMilliseconds)

    let found =
        [
            for round in 0 .. rounds - 1 do
                // In turns, who comes first.
                if round % 2 = 0 then
                    let a = quietly ours
                    read a, read (quietly theirs)
                else
                    let b = quietly theirs
                    read (quietly ours), read b
        ]

    [
        for row in c.Rows do
            let mine = found |> List.collect fst |> List.filter (fun t -> t.Name = row.Name)

            let other =
                match row.Peer with
                | Some label ->
                    found
                    |> List.choose (fun (_, ts) -> ts |> List.tryFind (fun t -> t.Name.StartsWith label))
                | None -> []

            if not mine.IsEmpty then
                rowOf $"T={threads}, {rounds} x {reps}" busy row mine other
    ]
