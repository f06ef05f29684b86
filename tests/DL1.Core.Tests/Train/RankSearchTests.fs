/// Searches over ranks, and in parts: the trials do not depend on who runs them.
module DL1.Tests.RankSearchTests

open System
open System.IO
open System.Threading
open DL1
open DL1.Tests.Hostile
open Expecto

let private space = [ "rate", HyperRange.LogUniform(1e-4, 1.0); "hidden", HyperRange.Whole(4, 32) ]
let private key = Key.ofSeed 3L

let private score (setting: Setting) (key: Key) budget =
    let noise = Tensor.toFloat (Key.uniform 0.0 0.1 DType.F64 [] key)
    abs (log10 (setting.Number "rate") + 2.0) + noise + 1.0 / float budget

/// What is compared of trials: all but the models.
let private facts (trials: Trial list) =
    trials
    |> List.map (fun t -> t.Number, t.Setting, t.Key, t.Budget, string t.Score, t.End, t.Reports, t.Notes)

let private sameOn (counts: int list) (run: Ranks -> Trial list) =
    let alone = facts (run Ranks.alone)
    Expect.isNonEmpty alone "there are trials"

    for count in counts do
        for trials in Ranks.threads count run do
            Expect.equal (facts trials) alone $"%d{count} ranks"

let private trained (run: TrialRun) =
    let rec go epoch =
        let now = score run.Setting run.Key epoch

        if epoch < run.Budget && run.Report(epoch, now) = Answer.Continue then
            go (epoch + 1)
        else
            now

    if run.Number = 5 then
        raise (IOException "no disk")

    { TrialResult.ofScore (go 1) with Notes = [ "number", $"%d{run.Number}" ] }

let private study ranks = { Study.options key with Budget = 4; Round = 3; Ranks = ranks }

let private over =
    [
        test "run: the same trials on any number of ranks" {
            let settings = Search.random 7 key space
            sameOn [ 1; 2; 3; 8 ] (fun ranks -> Search.runOver ranks Goal.Minimise 1 key 3 score settings)
        }
        test "halving: each trial goes on where its state is" {
            let settings = Search.random 9 key space

            let resumed setting key budget (state: int option) =
                // A state that came to another rank would begin again from nothing.
                let made = defaultArg state 0
                score setting key budget + float made, budget

            sameOn [ 2; 3; 4 ] (fun ranks ->
                Search.halvingOver ranks Goal.Minimise 1 key 3 1 9 resumed settings)
        }
        test "studies: pruned, estimated, and with a trial that fails" {
            let settings = Search.random 8 key space
            sameOn [ 2; 4 ] (fun ranks -> Study.run (study ranks) trained settings)

            sameOn [ 2; 3 ] (fun ranks ->
                Study.run { study ranks with Pruning = Some(Pruning.Median(2, 1)) } trained settings)

            sameOn [ 2; 4 ] (fun ranks -> Study.tpe (study ranks) 3 9 trained space)
        }
        test "rank 0 alone writes and reports, and a study goes on from its file on other ranks" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "study.json")
                let settings = Search.random 8 key space
                let whole = Study.run (study Ranks.alone) trained settings
                let told = Array.zeroCreate<int> 3

                let options (ranks: Ranks) =
                    { study ranks with
                        Path = Some path
                        Progress = fun _ -> Interlocked.Increment(&told[ranks.Rank]) |> ignore
                    }

                Ranks.threads 3 (fun ranks -> Study.run (options ranks) trained (List.truncate 5 settings))
                |> ignore

                Expect.equal told [| 5; 0; 0 |] "reported by rank 0"
                Expect.equal (Study.read path).Length 5 "in the file"
                let counted = ref 0

                let counting run =
                    Interlocked.Increment counted |> ignore
                    trained run

                for trials in Ranks.threads 2 (fun ranks -> Study.run (options ranks) counting settings) do
                    Expect.equal (facts trials) (facts whole) "as without a break"

                Expect.equal counted.Value 3 "trials that were left")
        }
        test "a cancellation on one rank ends all" {
            use source = new CancellationTokenSource()
            source.Cancel()
            let settings = Search.random 4 key space

            let run (ranks: Ranks) =
                let options =
                    if ranks.Rank = 1 then
                        { study ranks with Cancellation = source.Token }
                    else
                        study ranks

                Study.run options trained settings

            Expect.throwsT<OperationCanceledException> (fun () -> Ranks.threads 2 run |> ignore) "cancelled"
        }
    ]

let private parts =
    [
        test "the parts of a study are the study" {
            inFolder (fun folder ->
                let settings = Search.random 8 key space
                let options = { study Ranks.alone with Round = 100 }
                let whole = Study.run options trained settings
                let paths = [ for i in 0..2 -> Path.Combine(folder, $"part-%d{i}.json") ]

                for i in 0..2 do
                    let part =
                        Study.run { options with Part = Some(i, 3); Path = Some paths[i] } trained settings

                    Expect.equal
                        (part |> List.map _.Number)
                        [
                            for n in 0..7 do
                                if n % 3 = i then
                                    n
                        ]
                        "its trials"

                Expect.equal (facts (Study.join (List.rev paths))) (facts whole) "joined")
        }
        test "files that are not of one study are refused" {
            inFolder (fun folder ->
                let settings = Search.random 2 key space
                let paths = [ for i in 0..1 -> Path.Combine(folder, $"%d{i}.json") ]
                Study.run { study Ranks.alone with Path = Some paths[0] } trained settings |> ignore

                Study.run { study Ranks.alone with Path = Some paths[1]; Budget = 9 } trained settings
                |> ignore

                Expect.throwsT<FormatError> (fun () -> Study.join paths |> ignore) "refused"
                Expect.equal (Study.join [ paths[0]; paths[0] ]).Length 2 "the same file twice")
        }
        test "parts out of range, of trials that depend on others, or on several ranks are refused" {
            let settings = Search.random 4 key space

            let refuses options =
                Expect.throwsT<DomainError> (fun () -> Study.run options trained settings |> ignore) "refused"

            refuses { study Ranks.alone with Part = Some(3, 3) }
            refuses { study Ranks.alone with Part = Some(-1, 3) }
            refuses { study Ranks.alone with Part = Some(0, 0) }
            refuses { study Ranks.alone with Part = Some(0, 2); Pruning = Some(Pruning.Median(2, 1)) }

            Expect.throwsT<DomainError>
                (fun () ->
                    Ranks.threads 2 (fun ranks ->
                        Study.run { study ranks with Part = Some(0, 2) } trained settings)
                    |> ignore)
                "on ranks"

            Expect.throwsT<DomainError>
                (fun () -> Study.tpe { study Ranks.alone with Part = Some(0, 2) } 2 4 trained space |> ignore)
                "estimated"
        }
    ]

let tests = testList "RankSearch" (over @ parts)
