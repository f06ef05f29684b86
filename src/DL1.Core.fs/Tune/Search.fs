namespace DL1

open System
open System.Globalization
open System.Threading.Tasks

/// Searching for hyper-parameters. A trial is a function of setting, key and budget to a score, which is to be low, or high
/// where the goal is to maximise. Trials run side by side; each has a key of its own, so that results do not depend on
/// their order or the number of threads.
[<RequireQualifiedAccess>]
module Search =
    /// Numbers to choose among. `Search.numbers [ 0.1; 0.01 ]`
    let numbers (values: float list) : HyperRange = HyperRange.Among(List.map HyperValue.Number values)

    /// Words to choose among. `Search.words [ "relu"; "tanh" ]`
    let words (values: string list) : HyperRange = HyperRange.Among(List.map HyperValue.Word values)

    let internal requireNames operation (space: (string * HyperRange) list) =
        match space |> List.countBy fst |> List.tryFind (fun (_, n) -> n > 1) with
        | Some(name, _) ->
            Refuse.domain operation $"two hyper-parameters {name}" "one of each name" "rename one of them"
        | None -> ()

    /// Every combination of values, the last name varying fastest. A choice that is not among values is a `DomainError`.
    /// `Search.grid [ "rate", Search.numbers [ 0.1; 0.01 ]; "f", Search.words [ "relu"; "tanh" ] ]`
    let grid (space: (string * HyperRange) list) : Setting list =
        requireNames "Search.grid" space

        let values (name: string, choice: HyperRange) =
            match choice with
            | HyperRange.Among [] ->
                Refuse.domain "Search.grid" $"no values for {name}" "one at least" "leave it out"
            | HyperRange.Among values -> values |> List.map (fun v -> name, v)
            | HyperRange.Whole(low, high) -> [ for n in low..high -> name, HyperValue.Number(float n) ]
            | HyperRange.Uniform _
            | HyperRange.LogUniform _ ->
                Refuse.domain
                    "Search.grid"
                    $"a range for {name}"
                    "values"
                    "list the values, or draw settings at random"

        List.foldBack
            (fun axis rest -> List.allPairs (values axis) rest |> List.map (fun (v, r) -> v :: r))
            space
            [ [] ]
        |> List.map Setting

    /// A setting drawn with a key, each value by itself.
    let internal drawn operation (key: Key) (space: (string * HyperRange) list) : Setting =
        let draw (j: int) (name: string, choice: HyperRange) =
            let u = Tensor.toFloat (Key.uniform 0.0 1.0 DType.F64 [] (Key.fold j key))

            name,
            match choice with
            | HyperRange.Among [] ->
                Refuse.domain operation $"no values for {name}" "one at least" "leave it out"
            | HyperRange.Among values -> values[int (u * float values.Length)]
            | HyperRange.Uniform(low, high) when low < high -> HyperValue.Number(low + u * (high - low))
            | HyperRange.LogUniform(low, high) when 0.0 < low && low < high ->
                HyperValue.Number(exp (log low + u * (log high - log low)))
            | HyperRange.Whole(low, high) when low <= high ->
                HyperValue.Number(float low + floor (u * (float high - float low + 1.0)))
            | HyperRange.Uniform _
            | HyperRange.LogUniform _
            | HyperRange.Whole _ ->
                Refuse.domain
                    operation
                    $"{choice} for {name}"
                    "a low end below the high one, and above 0 for a logarithm"
                    "swap the ends, or begin above 0"

        Setting(space |> List.mapi draw)

    /// Settings drawn with a key, each value by itself. `Search.random 20 (Key.ofSeed 1L) space`
    let random (count: int) (key: Key) (space: (string * HyperRange) list) : Setting list =
        requireNames "Search.random" space

        if count < 0 then
            Refuse.domain "Search.random" $"%d{count} settings" "0 or more" "20 settings are a beginning"

        [ for i in 0 .. count - 1 -> drawn "Search.random" (Key.fold i key) space ]

    /// Applies a function to each, `threads` at a time; results in order.
    let internal inParallel threads (f: 'a -> 'b) (items: 'a list) : 'b list =
        if threads < 1 then
            Refuse.domain "Search.run" $"%d{threads} threads" "1 or more" "1 runs one trial after another"

        let items = Array.ofList items
        let results: 'b[] = Array.zeroCreate items.Length
        let options = ParallelOptions(MaxDegreeOfParallelism = threads)

        let one i = results[i] <- f items[i]

        if Parallelism.isSingle then
            Parallelism.forEach items.Length one
        else
            try
                Parallel.For(0, items.Length, options, one) |> ignore
            with :? AggregateException as e ->
                // A trial's own error, as it would be without threads.
                Runtime.ExceptionServices.ExceptionDispatchInfo
                    .Capture(e.Flatten().InnerExceptions[0])
                    .Throw()

        List.ofArray results

    /// `runTo` with the trials shared out over ranks, each of which runs some at a time; all ranks are given all trials, the same for any
    /// number of ranks. All ranks make the same call. `Search.runOver Ranks.alone Goal.Minimise 2 (Key.ofSeed 1L) 5 trial settings`
    let runOver
        (ranks: Ranks)
        (goal: Goal)
        (threads: int)
        (key: Key)
        (budget: int)
        (trial: Setting -> Key -> int -> float)
        (settings: Setting list)
        : Trial list =
        settings
        |> List.mapi (fun i setting -> Trial.create goal i setting (Key.fold i key) budget)
        |> TrialRanks.run
            ranks
            (inParallel threads)
            _.Number
            id
            (fun _ t -> t)
            (Trial.guarded (fun t -> { t with Score = trial t.Setting t.Key t.Budget }))

    /// `run` towards a goal of one's own, or a metric's.
    /// `Search.runTo Goal.Maximise 2 (Key.ofSeed 1L) 5 trial settings`
    let runTo goal threads key budget trial settings : Trial list =
        runOver Ranks.alone goal threads key budget trial settings

    /// Runs a trial for each setting, some at a time, and gives them in order of their numbers; a low score is wanted. One that
    /// throws an exception has failed, with its message; the others go on. `Study.run` does more.
    /// `Search.run 2 (Key.ofSeed 1L) 5 trial settings`
    let run threads key budget trial settings = runTo Goal.Minimise threads key budget trial settings

    /// Trials from the best to the worst, by their goal: those of a greater budget before those of a smaller one, as
    /// halving has them, those that were pruned after them, and NaN last. Two goals among them are a `DomainError`. `Search.ranked trials`
    let ranked (trials: Trial list) : Trial list =
        if trials |> List.distinctBy _.Goal |> List.length > 1 then
            Refuse.domain
                "Search.ranked"
                "trials to be minimised beside trials to be maximised"
                "one goal"
                "rank the trials of one search"

        List.sortBy Trial.rank trials

    /// The best trial, among those of the greatest budget; no trials, or none that gave a score, are a `DomainError`.
    /// `Search.best trials`
    let best (trials: Trial list) : Trial =
        match ranked trials with
        | { End = TrialEnd.Failed error } :: _ ->
            Refuse.domain
                "Search.best"
                $"%d{trials.Length} trials that failed, the first of them: {error}"
                "one that gives a score"
                "mend the cause, or leave such settings out"
        | first :: _ -> first
        | [] -> Refuse.domain "Search.best" "no trials" "one at least" "check the space"

    /// Successive halving (Jamieson and Talwalkar 2016) that does not train anew: a trial is given the state that it ended with in
    /// the round before, none in the first, and gives its score and its state: it goes on from what it was to the new budget.
    /// Else as `halving`. Ranks share the trials out: one stays on its rank in all rounds, where its state is.
    /// `Search.halvingOver Ranks.alone Goal.Minimise 2 (Key.ofSeed 1L) 3 1 27 resumed settings`
    let halvingOver
        (ranks: Ranks)
        (goal: Goal)
        (threads: int)
        (key: Key)
        (factor: int)
        (least: int)
        (most: int)
        (trial: Setting -> Key -> int -> 'state option -> float * 'state)
        (settings: Setting list)
        : Trial list =
        if factor < 2 || least < 1 || most < least then
            Refuse.domain
                "Search.halving"
                $"factor %d{factor}, budgets from %d{least} to %d{most}"
                "a factor of 2 or more, and budgets of 1 or more that grow"
                "3, 1 and 27 are usual"

        let rec rounds budget (left: (Trial * 'state option) list) (before: Trial list) =
            let now =
                let one (t: Trial, state: 'state option) =
                    let mutable next = None

                    let trial (t: Trial) =
                        let score, reached = trial t.Setting t.Key budget state
                        next <- Some reached
                        { t with Score = score }

                    Trial.guarded trial { t with Budget = budget }, next

                left
                |> TrialRanks.run
                    ranks
                    (inParallel threads)
                    (fun (t, _) -> t.Number)
                    fst
                    (fun _ t -> t, None)
                    one

            let kept =
                now
                |> List.filter (fun (t, _) -> t.End = TrialEnd.Finished)
                |> List.sortBy (fst >> Trial.rank)
                |> List.truncate (max 1 (left.Length / factor))

            let all = before @ List.map fst now

            if left.Length = 1 || kept.IsEmpty || int64 budget * int64 factor > int64 most then
                all
            else
                rounds (budget * factor) (kept |> List.sortBy (fun (t, _) -> t.Number)) all

        if settings.IsEmpty then
            []
        else
            rounds
                least
                (settings |> List.mapi (fun i s -> Trial.create goal i s (Key.fold i key) least, None))
                []

    /// `halvingOver` on one rank. `Search.halvingOn Goal.Minimise 2 (Key.ofSeed 1L) 3 1 27 resumed settings`
    let halvingOn
        goal
        threads
        key
        factor
        least
        most
        (trial: Setting -> Key -> int -> 'state option -> float * 'state)
        settings
        =
        halvingOver Ranks.alone goal threads key factor least most trial settings

    /// `halving` towards a goal of one's own, or a metric's.
    /// `Search.halvingTo Goal.Maximise 2 (Key.ofSeed 1L) 3 1 27 trial settings`
    let halvingTo
        (goal: Goal)
        (threads: int)
        (key: Key)
        (factor: int)
        (least: int)
        (most: int)
        (trial: Setting -> Key -> int -> float)
        (settings: Setting list)
        : Trial list =
        halvingOn
            goal
            threads
            key
            factor
            least
            most
            (fun setting key budget (_: unit option) -> trial setting key budget, ())
            settings

    /// Successive halving (Jamieson and Talwalkar 2016): all settings with a small budget, then the best part of them
    /// (one in `factor`) with a budget `factor` times as large, until one is left or the budget would pass `most`. Every
    /// round trains anew with the key that the setting had before. All trials are given, rounds in order; a low score is
    /// wanted. `Search.halving 2 (Key.ofSeed 1L) 3 1 27 trial settings`
    let halving threads key factor least most trial settings =
        halvingTo Goal.Minimise threads key factor least most trial settings

    /// Trials as a table, the best first: number, budget, score, each hyper-parameter, notes, and how they ended where not all
    /// gave a score. `Search.table trials`
    let table (trials: Trial list) : string =
        let header, cells = Trial.columns (fun n -> n.ToString("G6", CultureInfo.InvariantCulture)) trials

        header :: List.map cells (ranked trials) |> Format.table 0 |> String.concat "\n"

    /// The same as comma-separated values, in the order of the trials and with all digits of numbers. `Search.toCsv trials`
    let toCsv (trials: Trial list) : string =
        let header, cells = Trial.columns (fun n -> n.ToString("R", CultureInfo.InvariantCulture)) trials

        let quoted (cell: string) =
            if cell.IndexOfAny [| ','; '"'; '\n'; '\r' |] >= 0 then
                "\"" + cell.Replace("\"", "\"\"") + "\""
            else
                cell

        header :: List.map cells trials
        |> List.map (List.map quoted >> String.concat ",")
        |> String.concat "\n"

    /// A score for each fold: the function is given what remains, what is held out, and a key of the fold's own. Fit
    /// scalers inside it, on what remains. `Search.crossValidate 5 (Key.ofSeed 1L) score data`
    let crossValidate
        (k: int)
        (key: Key)
        (score: Dataset -> Dataset -> Key -> float)
        (data: Dataset)
        : float list =
        Splits.folds k (Key.fold 0 key) data.Count
        |> List.mapi (fun i (kept, held) ->
            score (Dataset.rows kept data) (Dataset.rows held data) (Key.fold (i + 1) key))

    /// `crossValidate` with each class's share in each fold; targets are labels.
    /// `Search.crossValidateStratified 5 (Key.ofSeed 1L) score data`
    let crossValidateStratified
        (k: int)
        (key: Key)
        (score: Dataset -> Dataset -> Key -> float)
        (data: Dataset)
        =
        Splits.stratifiedFolds k (Key.fold 0 key) data.Targets
        |> List.mapi (fun i (kept, held) ->
            score (Dataset.rows kept data) (Dataset.rows held data) (Key.fold (i + 1) key))
