/// Searches that are kept in files, pruned, and led by the trials so far.
module DL1.Tests.StudyTests

open System
open System.IO
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Law
open DL1.Tests.Learners
open Expecto

let private space =
    [
        "rate", HyperRange.LogUniform(1e-4, 1.0)
        "units", HyperRange.Whole(1, 40)
        "drop", HyperRange.Uniform(0.0, 0.5)
        "f", Search.words [ "relu"; "tanh"; "gelu" ]
    ]

/// A score with one best setting, and a little noise of the trial's own.
let private cost (s: Setting) (key: Key) =
    let noise = Tensor.toFloat (Key.uniform 0.0 0.01 DType.F64 [] key)
    let ofWord = if s.Word "f" = "tanh" then 0.0 else 0.5

    (log10 (s.Number "rate") + 2.0) ** 2.0
    + abs (float (s.Whole "units") - 12.0) / 20.0
    + s.Number "drop"
    + ofWord
    + noise

/// Ten epochs towards the score, reported.
let private slow (run: TrialRun) : TrialResult =
    let last = cost run.Setting run.Key

    let rec go epoch =
        let now = last + 1.0 / float epoch

        if epoch = run.Budget || run.Report(epoch, now) = Answer.Stop then
            now
        else
            go (epoch + 1)

    TrialResult.ofScore (go 1)

let private quick (run: TrialRun) = TrialResult.ofScore (cost run.Setting run.Key)
let private options = { Study.options (Key.ofSeed 3L) with Budget = 10 }

/// What two runs must agree in: all but models.
let private facts (trials: Trial list) = trials |> List.map (fun t -> { t with Model = None })

let private same (a: Trial list) (b: Trial list) = facts a = facts b

let private settings = Search.random 12 (Key.ofSeed 5L) space

let private running =
    [
        test "a trial that fails is a row, and the others go on" {
            let trial (run: TrialRun) =
                if run.Number = 2 then
                    Refuse.domain "trial" "nothing" "something" "try again"
                else
                    quick run

            let trials = Study.run { options with Threads = 2 } trial settings
            Expect.equal trials.Length 12 "all are there"

            match trials[2].End with
            | TrialEnd.Failed error -> Expect.stringContains error "nothing" "its message"
            | other -> failtest $"{other}"

            Expect.isTrue (Double.IsNaN trials[2].Score) "no score"
            Expect.equal (List.last (Search.ranked trials)).Number 2 "the last"
            Expect.stringContains (Search.table trials) "failed: " "in the table"

            let csv = (Search.toCsv trials).Split '\n'
            Expect.equal csv[0] "trial,budget,score,rate,units,drop,f,end" "header"
            Expect.stringStarts csv[3] "2,10,NaN," "a row in the order of trials"

            let simple =
                Search.run 1 (Key.ofSeed 1L) 1 (fun _ _ _ -> raise (IOException "disk, full")) settings

            Expect.equal
                (simple.Length, simple[0].End)
                (12, TrialEnd.Failed "disk, full")
                "plain searches, too"

            Expect.stringContains (Search.toCsv simple) ",\"failed: disk, full\"" "quoted"
            Expect.throwsT<DomainError> (fun () -> Search.best simple |> ignore) "none gave a score"
            let cancelled _ _ _ : float = raise (OperationCanceledException())

            Expect.throwsT<OperationCanceledException>
                (fun () -> Search.run 1 (Key.ofSeed 1L) 1 cancelled settings |> ignore)
                "a cancellation ends the search"
        }
        test "notes and models come with the trials" {
            let data = clouds 1L 40

            let trial (run: TrialRun) =
                let own = { learner with Optimizer = Optimizer.adam (run.Setting.Number "rate") }
                let fit = { Fit.options run.Key with Epochs = run.Budget; Callbacks = [ run.Watch "" ] }
                let fitted = Fit.run fit own data

                {
                    Score = (List.last fitted.History).Loss
                    Notes = [ "steps", string fitted.State.Steps; "end", string fitted.End ]
                    Model = Some fitted.Trained
                }

            let trials =
                Study.run
                    { options with Budget = 3 }
                    trial
                    (Search.grid [ "rate", Search.numbers [ 0.1; 0.01 ] ])

            let best = Search.best trials
            Expect.equal best.Notes [ "steps", "3"; "end", "Finished" ] "notes"
            Expect.equal (best.Reports |> List.map fst) [ 1; 2; 3 ] "reports"
            Expect.equal (snd (List.last best.Reports)) best.Score "the last"

            match best.Model with
            | Some model ->
                let e = Trained.evaluate (Loss.crossEntropy Loss.classes) [] data model
                Expect.isTrue (Double.IsFinite e.Loss) "its model predicts"
            | None -> failtest "no model"

            Expect.stringContains (Search.table trials) "steps" "a column"
        }
        test "progress is told one trial at a time, and threads change nothing" {
            let mutable seen = Set.empty
            let mutable inside = 0

            let progress (t: Trial) =
                inside <- inside + 1
                Expect.equal inside 1 "one at a time"
                seen <- seen.Add t.Number
                inside <- inside - 1

            let one = Study.run options quick settings
            let four = Study.run { options with Threads = 4; Progress = progress } quick settings
            Expect.isTrue (same one four) "threads"
            Expect.equal seen (set [ 0..11 ]) "all were told"
        }
        test "epochs are reported once each" {
            let twice (run: TrialRun) =
                run.Report(1, 0.5) |> ignore
                run.Report(1, 0.5) |> ignore
                TrialResult.ofScore 0.5

            match (Study.run options twice [ settings.Head ]).Head.End with
            | TrialEnd.Failed error -> Expect.stringContains error "epoch 1 after epoch 1" ""
            | other -> failtest $"{other}"
        }
        test "options out of their ranges are refused" {
            let refused options =
                Expect.throwsT<DomainError> (fun () -> Study.run options quick settings |> ignore) ""

            refused { options with Budget = 0 }
            refused { options with Threads = 0 }
            refused { options with Round = 0 }
            refused { options with Pruning = Some(Pruning.Median(0, 1)) }
            refused { options with Pruning = Some(Pruning.Median(1, -1)) }
            refused { options with Pruning = Some(Pruning.Halving(0, 3)) }
            refused { options with Pruning = Some(Pruning.Halving(1, 1)) }
            refused { options with Path = Some "/no such folder/study.json" }
        }
    ]

let private pruned (trials: Trial list) =
    trials
    |> List.filter (fun t ->
        match t.End with
        | TrialEnd.Pruned _ -> true
        | _ -> false)

let private pruning =
    [
        for name, rule in [ "the median", Pruning.Median(4, 1); "halving", Pruning.Halving(1, 3) ] do
            test $"{name} stops trials that are worse, not the best, on any number of threads" {
                let options = { options with Pruning = Some rule }
                let many = Search.random 24 (Key.ofSeed 6L) space
                let trials = Study.run options slow many
                let stopped = pruned trials
                Expect.isGreaterThan stopped.Length 4 "some are stopped"
                Expect.isTrue (stopped |> List.forall (fun t -> t.Number >= 4)) "none of the first round"
                let whole = Study.run { options with Pruning = None } slow many
                Expect.equal (Search.best trials).Number (Search.best whole).Number "the best one is left"
                Expect.isTrue (same trials (Study.run { options with Threads = 3 } slow many)) "threads"

                for t in stopped do
                    Expect.equal
                        (List.last t.Reports)
                        ((match t.End with
                          | TrialEnd.Pruned e -> e
                          | _ -> 0),
                         t.Score)
                        "what it told last"
            }
        test "a high score that is wanted is pruned the other way" {
            let turned (run: TrialRun) =
                let rec go epoch =
                    let now = -(cost run.Setting run.Key) - 1.0 / float epoch

                    if epoch = run.Budget || run.Report(epoch, now) = Answer.Stop then
                        now
                    else
                        go (epoch + 1)

                TrialResult.ofScore (go 1)

            let low = { options with Pruning = Some(Pruning.Median(4, 1)) }
            let ends = List.map (fun (t: Trial) -> t.Number, t.End)

            Expect.equal
                (ends (Study.run { low with Goal = Goal.Maximise } turned settings))
                (ends (Study.run low slow settings))
                ""
        }
        test "a report that is NaN is the worst" {
            let broken (run: TrialRun) =
                if run.Number < 4 then
                    slow run
                else
                    run.Report(1, nan) |> ignore
                    run.Report(2, nan) |> ignore
                    TrialResult.ofScore 0.0

            let trials = Study.run { options with Pruning = Some(Pruning.Median(4, 1)) } broken settings
            Expect.equal (pruned trials).Length 8 "stopped"
        }
        test "halving goes on from what a trial was, and comes to what training anew comes to" {
            let data = clouds 1L 40
            let rates = Search.grid [ "rate", Search.numbers [ 0.1; 0.03; 0.01; 0.001; 1e-4 ] ]

            let fit (s: Setting) key epochs (resume: Checkpoint option) =
                let own = { learner with Optimizer = Optimizer.adam (s.Number "rate") }
                Fit.run { Fit.options key with Epochs = epochs; Resume = resume } own data

            let loss (fitted: Fitted) = (List.last fitted.History).Loss
            let mutable steps = 0L

            let goesOn (s: Setting) key epochs (state: Checkpoint option) =
                let fitted = fit s key epochs state
                let before = state |> Option.map _.Step |> Option.defaultValue 0L
                steps <- steps + fitted.State.Steps - before
                loss fitted, fitted.Checkpoint.Value

            let anew =
                Search.halving
                    1
                    (Key.ofSeed 3L)
                    2
                    2
                    8
                    (fun s key epochs -> loss (fit s key epochs None))
                    rates

            let trials = Search.halvingOn Goal.Minimise 1 (Key.ofSeed 3L) 2 2 8 goesOn rates

            Expect.equal
                (trials |> List.map (fun t -> t.Number, t.Budget, t.Score))
                (anew |> List.map (fun t -> t.Number, t.Budget, t.Score))
                "the same"

            Expect.equal steps (2L * 5L + 2L * 2L + 4L * 1L) "one step an epoch, none of them twice"
        }
        test "a trial that fails in halving is left behind" {
            let trial (s: Setting) _ budget =
                if s.Number "a" = 1.0 && budget > 1 then
                    raise (IOException "gone")

                s.Number "a"

            let trials =
                Search.halving
                    1
                    (Key.ofSeed 3L)
                    2
                    1
                    4
                    trial
                    (Search.grid [ "a", Search.numbers [ 1.0; 2.0; 3.0; 4.0 ] ])

            Expect.equal (Search.best trials).Setting.Values [ "a", HyperValue.Number 2.0 ] ""
        }
    ]

let private saving =
    [
        test "a study goes on from its file to the same trials, bit for bit" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "study.json")
                let whole = Study.run { options with Pruning = Some(Pruning.Halving(1, 3)) } slow settings
                let mutable count = 0

                let breaks (run: TrialRun) =
                    count <- count + 1

                    if count > 5 then
                        raise (OperationCanceledException())

                    slow run

                let kept = { options with Pruning = Some(Pruning.Halving(1, 3)); Path = Some path }

                Expect.throwsT<OperationCanceledException>
                    (fun () -> Study.run kept breaks settings |> ignore)
                    "a break"

                Expect.equal (Study.read path).Length 5 "what had ended"
                count <- 0

                let again (run: TrialRun) =
                    count <- count + 1
                    slow run

                let resumed = Study.run kept again settings
                Expect.equal count 7 "only what was missing"
                Expect.isTrue (same resumed whole) "the same trials"
                Expect.isTrue (same (Study.read path) whole) "the file has all"
                let bytes = File.ReadAllBytes path
                Study.write path (Study.read path)
                Expect.equal (File.ReadAllBytes path) bytes "read and written: the same bytes"

                Expect.throwsT<DomainError>
                    (fun () -> Study.run kept again (List.rev settings) |> ignore)
                    "another study's file"

                Expect.throwsT<DomainError>
                    (fun () -> Study.run { kept with Key = Key.ofSeed 4L } again settings |> ignore)
                    "another key")
        }
        test "all that a trial may be goes through a file" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "study.json")

                let trial (run: TrialRun) =
                    match run.Number with
                    | 0 ->
                        { TrialResult.ofScore infinity with
                            Notes = [ "a \"note\"", "line 1\nline 2"; "ü", "" ]
                        }
                    | 1 -> raise (IOException "a 'disk', \\ full")
                    | 2 ->
                        run.Report(1, nan) |> ignore
                        run.Report(3, -infinity) |> ignore
                        TrialResult.ofScore (Math.BitIncrement 0.1)
                    | _ -> TrialResult.ofScore nan

                let trials =
                    Study.run
                        { options with Path = Some path; Goal = Goal.Maximise }
                        trial
                        (List.truncate 4 settings)

                // NaN is not equal to itself.
                Expect.equal (sprintf "%A" (facts (Study.read path))) (sprintf "%A" (facts trials)) "")
        }
        test "files that are no studies are refused" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "study.json")
                Study.run { options with Path = Some path } quick (List.truncate 2 settings) |> ignore
                let whole = File.ReadAllText path

                for text in
                    [
                        ""
                        "[]"
                        "{}"
                        whole.Substring(0, whole.Length / 2)
                        whole.Replace("dl1-study", "other")
                        whole.Replace("\"version\": 1", "\"version\": 2")
                        whole.Replace("finished", "done")
                        whole.Replace("minimise", "min")
                        whole.Replace("\"score\": \"", "\"score\": \"x")
                        whole.Replace("\"budget\": 10", "\"budget\": \"ten\"")
                    ] do
                    File.WriteAllText(path, text)
                    Expect.throwsT<FormatError> (fun () -> Study.read path |> ignore) text

                Expect.throwsT<FormatError> (fun () -> Study.read (path + ".no") |> ignore) "no file")
        }
    ]

let private estimating =
    [
        law "the estimator's settings lie in their ranges, and follow from the key" (fun (seed: int) ->
            let options = { options with Key = Key.ofSeed (int64 seed) }
            let trials = Study.tpe options 3 9 quick space

            same trials (Study.tpe { options with Threads = 4 } 3 9 quick space)
            && (trials |> List.truncate 4 |> List.map _.Setting) = Search.random 4 options.Key space
            && trials
               |> List.forall (fun t ->
                   let s = t.Setting
                   let rate, units, drop = s.Number "rate", s.Whole "units", s.Number "drop"

                   rate >= 1e-4
                   && rate <= 1.0
                   && units >= 1
                   && units <= 40
                   && drop >= 0.0
                   && drop <= 0.5
                   && List.contains (s.Word "f") [ "relu"; "tanh"; "gelu" ]))
        test "it finds better settings than chance" {
            let scores search =
                [ 1L .. 15L ]
                |> List.map (fun seed -> (Search.best (search { options with Key = Key.ofSeed seed })).Score)
                |> List.sort
                |> List.item 7

            let byChance =
                scores (fun options -> Study.run options quick (Search.random 60 options.Key space))

            let led = scores (fun options -> Study.tpe options 10 60 quick space)
            Expect.isLessThan led (0.5 * byChance) $"led {led}, by chance {byChance}"
        }
        test "it goes on from a file as without a break" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "study.json")
                let whole = Study.tpe options 4 14 quick space
                let kept = { options with Path = Some path }
                Study.tpe kept 4 7 quick space |> ignore
                Expect.isTrue (same (Study.tpe kept 4 14 quick space) whole) "")
        }
        test "failed trials count as bad ones" {
            let trial (run: TrialRun) =
                if run.Setting.Number "rate" > 0.1 then
                    raise (IOException "too large")
                else
                    quick run

            let trials = Study.tpe options 8 60 trial space

            let failures (part: Trial list) =
                part |> List.filter (fun t -> Double.IsNaN t.Score) |> List.length

            Expect.isLessThan
                (failures (List.skip 40 trials))
                (failures (List.truncate 20 trials) + 1)
                "fewer later"
        }
        test "what is no search is refused" {
            let refused random count space =
                Expect.throwsT<DomainError>
                    (fun () -> Study.tpe options random count quick space |> ignore)
                    ""

            refused 0 10 space
            refused 10 -1 space
            refused 10 10 [ "a", HyperRange.Uniform(1.0, 1.0) ]
            refused 10 10 [ "a", HyperRange.Among [] ]
            refused 10 10 [ "a", HyperRange.Whole(1, 2); "a", HyperRange.Whole(1, 2) ]
            Expect.isEmpty (Study.tpe options 10 0 quick space) "no trials"
        }
    ]

let tests = testList "Study" (running @ pruning @ saving @ estimating)
