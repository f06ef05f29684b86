/// Searching for hyper-parameters.
module DL1.Tests.SearchTests

open System
open DL1
open DL1.Tests.Learners
open Expecto

let private space =
    [
        "rate", HyperRange.LogUniform(1e-3, 1.0)
        "hidden", HyperRange.Whole(2, 5)
        "drop", HyperRange.Uniform(0.1, 0.3)
        "f", Search.words [ "relu"; "tanh" ]
    ]

/// A score that depends on all that a trial is given.
let private score (s: Setting) (key: Key) budget =
    let noise = Tensor.toFloat (Key.uniform 0.0 0.01 DType.F64 [] key)
    abs (log10 (s.Number "rate") + 2.0) + noise - 0.001 * float budget

let private rates =
    Search.grid [ "rate", Search.numbers [ 1.0; 0.1; 0.01; 0.001; 1e-4; 1e-5; 1e-6; 1e-7; 1e-8 ] ]

let tests =
    testList
        "Search"
        [
            test "a grid is every combination" {
                let found =
                    Search.grid
                        [
                            "a", Search.numbers [ 1.0; 2.0 ]
                            "b", Search.words [ "x"; "y" ]
                            "c", HyperRange.Whole(3, 3)
                        ]

                Expect.equal
                    (List.map string found)
                    [ "a=1 b=x c=3"; "a=1 b=y c=3"; "a=2 b=x c=3"; "a=2 b=y c=3" ]
                    ""

                Expect.throwsT<DomainError> (fun () -> Search.grid space |> ignore) "a range"

                Expect.throwsT<DomainError>
                    (fun () -> Search.grid [ "a", Search.numbers [] ] |> ignore)
                    "no values"
            }
            Law.law "drawn settings lie in their ranges, and the same key draws the same" (fun (seed: int) ->
                let key = Key.ofSeed (int64 seed)
                let found = Search.random 5 key space

                found = Search.random 5 key space
                && List.truncate 3 found = Search.random 3 key space
                && found
                   |> List.forall (fun s ->
                       let rate, hidden, drop = s.Number "rate", s.Whole "hidden", s.Number "drop"

                       rate >= 1e-3
                       && rate <= 1.0
                       && hidden >= 2
                       && hidden <= 5
                       && drop >= 0.1
                       && drop <= 0.3
                       && List.contains (s.Word "f") [ "relu"; "tanh" ]))
            test "a range must have a low end below the high one" {
                Expect.throwsT<DomainError>
                    (fun () ->
                        Search.random 1 (Key.ofSeed 1L) [ "a", HyperRange.Uniform(1.0, 1.0) ] |> ignore)
                    ""

                Expect.throwsT<DomainError>
                    (fun () ->
                        Search.random 1 (Key.ofSeed 1L) [ "a", HyperRange.LogUniform(0.0, 1.0) ] |> ignore)
                    ""
            }
            test "trials are the same on any number of threads, and alone" {
                let run threads = Search.run threads (Key.ofSeed 3L) 4 score rates
                let one = run 1

                Expect.equal
                    (one |> List.map (fun t -> t.Number, t.Key, t.Score))
                    (run 4 |> List.map (fun t -> t.Number, t.Key, t.Score))
                    "threads"

                Expect.equal (score one[5].Setting one[5].Key one[5].Budget) one[5].Score "alone"
                Expect.equal ((Search.best one).Setting.Number "rate") 0.01 "the best"
                Expect.throwsT<DomainError> (fun () -> run 0 |> ignore) "no threads"
                Expect.throwsT<DomainError> (fun () -> Search.best [] |> ignore) "no trials"
            }
            test "successive halving keeps the best third, with three times the budget" {
                let trials = Search.halving 2 (Key.ofSeed 3L) 3 1 9 score rates
                Expect.equal (trials |> List.countBy _.Budget) [ 1, 9; 3, 3; 9, 1 ] "rounds"
                Expect.equal ((List.last trials).Setting.Number "rate") 0.01 "the winner"
                let ofWinner = trials |> List.filter (fun t -> t.Number = (List.last trials).Number)
                Expect.equal (ofWinner |> List.map _.Key |> List.distinct).Length 1 "one key for a setting"
                Expect.isEmpty (Search.halving 2 (Key.ofSeed 3L) 3 1 9 score []) "no settings"

                Expect.throwsT<DomainError>
                    (fun () -> Search.halving 1 (Key.ofSeed 3L) 1 1 9 score rates |> ignore)
                    "factor"
            }
            test "the best of a halving has the greatest budget, however well a short trial did" {
                // Luck after one epoch, which more of them take away.
                let score (s: Setting) _ budget = s.Number "rate" * float budget
                let trials = Search.halving 1 (Key.ofSeed 3L) 3 1 9 score rates
                let greatest = trials |> List.map _.Budget |> List.max
                Expect.isGreaterThan greatest 1 "several rounds"
                Expect.equal (Search.best trials).Budget greatest "the best"
                let ranked = Search.ranked trials |> List.map _.Budget
                Expect.equal ranked (List.sortDescending ranked) "greater budgets first"
                // All that were given the greatest budget came to nothing.
                let lost =
                    trials |> List.map (fun t -> if t.Budget = greatest then { t with Score = nan } else t)

                Expect.isLessThan (Search.best lost).Budget greatest "the best of those before"
            }
            test "results are a table, the best first, NaN last" {
                let trials =
                    [ 0.5; nan; 0.25 ]
                    |> List.mapi (fun i s ->
                        { Trial.create Goal.Minimise i rates[i] (Key.ofSeed 1L) 2 with Score = s })

                let expected =
                    [
                        "trial  budget  score  rate"
                        "    2       2   0.25  0.01"
                        "    0       2    0.5     1"
                        "    1       2    NaN   0.1"
                    ]

                Expect.equal ((Search.table trials).Split '\n' |> List.ofArray) expected ""
                Expect.equal (Search.ranked trials |> List.map _.Number) [ 2; 0; 1 ] "ranked"
            }
            test "a high score is the best where it is wanted, NaN last all the same" {
                let scores = [| 0.5; nan; 0.75; 0.25 |]
                let settings = List.truncate 4 rates

                let trial (s: Setting) (_: Key) (_: int) =
                    scores[List.findIndex (fun other -> other = s) settings]

                let trials = Search.runTo (Goal.ofMetric Metric.accuracy) 2 (Key.ofSeed 3L) 1 trial settings
                Expect.equal (Search.ranked trials |> List.map _.Number) [ 2; 0; 3; 1 ] "ranked"
                Expect.equal (Search.best trials).Score 0.75 "the best"

                let rows = (Search.table trials).Split '\n'
                Expect.equal rows[1] "    2       1   0.75   0.01" "the first of the table"

                let least = Search.runTo (Goal.ofMetric Metric.rmse) 2 (Key.ofSeed 3L) 1 trial settings
                Expect.equal (Search.best least).Score 0.25 "an error is to be low"

                Expect.throwsT<DomainError>
                    (fun () -> Search.ranked (trials @ least) |> ignore)
                    "both at once"
            }
            Law.law "to maximise a score is to minimise its opposite" (fun (seed: int) ->
                let key = Key.ofSeed (int64 seed)
                let opposite s key budget = -(score s key budget)
                let facts = List.map (fun (t: Trial) -> t.Number, t.Budget, t.Key, abs t.Score)
                let low = Search.halving 2 key 3 1 9 score rates
                let high = Search.halvingTo Goal.Maximise 2 key 3 1 9 opposite rates
                facts low = facts high && facts (Search.ranked low) = facts (Search.ranked high))
            test "a name stands once, and a whole number is whole" {
                let twice = [ "rate", Search.numbers [ 0.1 ]; "rate", Search.numbers [ 0.2 ] ]
                Expect.throwsT<DomainError> (fun () -> Search.grid twice |> ignore) "grid"

                Expect.throwsT<DomainError>
                    (fun () -> Search.random 1 (Key.ofSeed 1L) twice |> ignore)
                    "random"

                let setting =
                    (Search.grid [ "rate", Search.numbers [ 0.1 ]; "units", Search.numbers [ 8.0 ] ]).Head

                Expect.equal (setting.Whole "units") 8 "a whole number"
                Expect.throwsT<DomainError> (fun () -> setting.Whole "rate" |> ignore) "another"
            }
            test "a setting says which names it has" {
                let s = rates.Head
                Expect.throwsT<DomainError> (fun () -> s.Number "other" |> ignore) "name"

                Expect.throwsT<DomainError>
                    (fun () -> (Search.grid [ "f", Search.words [ "a" ] ]).Head.Number "f" |> ignore)
                    "a word"

                Expect.equal (s, s.GetHashCode()) (rates.Head, rates.Head.GetHashCode()) "equal by value"
            }
            test "each row is held out once, with keys of the folds' own" {
                let data = clouds 1L 30
                let held = Collections.Generic.List<float[]>()
                let keys = Collections.Generic.List<Key>()

                let look (kept: Dataset) (out: Dataset) key =
                    held.Add(Tensor.toFloats out.Inputs)
                    keys.Add key
                    float kept.Count

                for cross in [ Search.crossValidate; Search.crossValidateStratified ] do
                    held.Clear()
                    keys.Clear()
                    Expect.equal (cross 5 (Key.ofSeed 1L) look data) (List.replicate 5 24.0) "24 rows remain"

                    Expect.equal
                        (Array.sort (Array.concat held))
                        (Array.sort (Tensor.toFloats data.Inputs))
                        "all rows"

                    Expect.equal (Seq.distinct keys |> Seq.length) 5 "keys"
            }
            test "training in trials side by side gives the bits of training alone" {
                let data = clouds 1L 30

                let trial (s: Setting) key epochs =
                    let learner = { learner with Optimizer = Optimizer.adam (s.Number "rate") }

                    let f =
                        Fit.run
                            { Fit.options key with Epochs = epochs; Batch = Batches.ofSize 16 }
                            learner
                            data

                    (List.last f.History).Loss

                let settings = Search.grid [ "rate", Search.numbers [ 0.1; 0.01; 0.001; 0.0001 ] ]
                let run threads = Search.run threads (Key.ofSeed 3L) 2 trial settings |> List.map _.Score
                Expect.equal (run 4) (run 1) ""
            }
        ]
