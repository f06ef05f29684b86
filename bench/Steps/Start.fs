/// From the start of a process to the result of the first step of a small regression, then of another of its kind.
module DL1.Bench.Start

open System
open System.Diagnostics
open System.Globalization
open DL1
open DL1.Bench.Timing

let private step (hidden: int) (batch: int) =
    let s = Step.training (Models.regression hidden batch)
    let session = Step.session s
    session.Step(s.Feed 0)
    session.Scalar 0

/// In the fresh process: milliseconds since the moment at which its parent began to start it, then those of the other
/// graph, then of the first one made again.
let first (started: int64) =
    let loss = step 300 128
    let toFirst = (Stopwatch.GetElapsedTime started).TotalMilliseconds
    let again = Stopwatch.GetTimestamp()
    let other = step 200 64
    let toOther = (Stopwatch.GetElapsedTime again).TotalMilliseconds
    let known = Stopwatch.GetTimestamp()
    let same = step 300 128
    let toSame = (Stopwatch.GetElapsedTime known).TotalMilliseconds

    if loss = same && Double.IsFinite other then
        let text (x: float) = x.ToString("F1", CultureInfo.InvariantCulture)
        printfn "first %s other %s same %s" (text toFirst) (text toOther) (text toSame)
        0
    else
        eprintfn "the losses are %g, then %g, and %g of the other graph" loss same other
        1

/// Starts so many processes one after another, of this program or of the one at a path; the medians in milliseconds.
let measure (program: string option) threads reps : (float * float * float) option =
    let once () =
        let arguments = [ "first"; string (Stopwatch.GetTimestamp()) ]

        match program with
        | Some file -> Compare.runProgram file arguments []
        | None -> Compare.runSelf threads arguments

    let found =
        [
            for _ in 1..reps do
                for line in once () do
                    match line.Split ' ' with
                    | [| "first"; a; "other"; b; "same"; c |] ->
                        let number (x: string) = Double.Parse(x, CultureInfo.InvariantCulture)
                        number a, number b, number c
                    | _ -> ()
        ]

    if found.IsEmpty then
        None
    else
        let middle f = median (List.map f found)
        Some(middle (fun (a, _, _) -> a), middle (fun (_, b, _) -> b), middle (fun (_, _, c) -> c))

/// One large model in this process: seconds to build its graph and draw its parameters, to compile, and of the first steps; and the
/// peak of the process's memory.
let large (name: string) (steps: int) : int =
    match Cases.large |> List.tryFind (fun (known, _) -> known = name) with
    | None ->
        eprintfn "no large case is named %s" name
        2
    | Some(_, make) ->
        let clock = Stopwatch.StartNew()

        let lap what =
            printfn "%s %s s" what (clock.Elapsed.TotalSeconds.ToString("F2", CultureInfo.InvariantCulture))

        let s = Step.training (make Models.Size.Full)
        let bytes = s.State |> List.sumBy (fun (_, t) -> 4L * int64 t.Size)
        lap "drawn at"
        let session = Step.session s
        lap "compiled at"

        for i in 0 .. steps - 1 do
            session.Step(s.Feed i)
            lap $"step {i} at"

        use self = Process.GetCurrentProcess()

        printfn
            "state %d MB, peak %d MB, loss %g"
            (bytes / 1000000L)
            (self.PeakWorkingSet64 / 1000000L)
            (session.Scalar 0)

        0
