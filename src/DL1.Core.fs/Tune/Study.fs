namespace DL1

open System
open System.IO
open System.Threading

/// Searches that keep what trials say and train, stop bad ones early, go on from a file, and learn from the trials so far
/// where to look next. All follows from the key: neither threads nor a break change a setting or a score.
[<RequireQualifiedAccess>]
module Study =
    /// A low score is wanted, one trial at a time, rounds of 4, budget 1, nothing pruned or written.
    /// `{ Study.options (Key.ofSeed 1L) with Threads = 2; Budget = 20 }`
    let options (key: Key) : StudyOptions =
        {
            Goal = Goal.Minimise
            Key = key
            Budget = 1
            Threads = 1
            Round = 4
            Pruning = None
            Progress = ignore
            Path = None
            Cancellation = CancellationToken.None
            Ranks = Ranks.alone
            Part = None
        }

    /// The trials of a study in a file, without their models. A file that is no study is a `FormatError`. `Study.read path`
    let read (path: string) : Trial list = StudyFile.read path

    /// Writes trials as a study that `read` reads and `run` goes on from, without their models. `Study.write path trials`
    let write (path: string) (trials: Trial list) : unit = StudyFile.write path trials

    /// The trials of several files, such as those of the parts of a study, in the order of their numbers; a number that is there twice
    /// with different trials is a `FormatError`. `Study.join paths`
    let join (paths: string list) : Trial list =
        paths
        |> List.collect read
        |> List.groupBy _.Number
        |> List.sortBy fst
        |> List.map (fun (number, trials) ->
            match
                trials
                |> List.distinctBy (fun t -> t.Setting, t.Key, t.Budget, t.Goal, string t.Score, t.End)
            with
            | [ one ] -> one
            | several ->
                Refuse.format
                    "Study.join"
                    $"%d{several.Length} different trials %d{number}"
                    "the parts of one study"
                    "join files that were written with the same settings, key and budget")

    let private check (options: StudyOptions) =
        let refuse given expected cure = Refuse.domain "Study.run" given expected cure

        if options.Budget < 1 then
            refuse $"a budget of %d{options.Budget}" "1 or more" "give a number of epochs"

        if options.Threads < 1 then
            refuse $"%d{options.Threads} threads" "1 or more" "1 runs one trial after another"

        if options.Round < 1 then
            refuse
                $"rounds of %d{options.Round} trials"
                "1 or more"
                "a round may be as large as the number of threads"

        match options.Part with
        | Some(part, parts) when parts < 1 || part < 0 || part >= parts ->
            refuse
                $"part %d{part} of %d{parts}"
                "a part from 0 to the number of parts − 1"
                "count the parts from 0"
        | Some(part, parts) when options.Ranks.Size > 1 ->
            refuse
                $"part %d{part} of %d{parts} on %d{options.Ranks.Size} ranks"
                "parts or ranks"
                "leave Part out: ranks share all trials"
        | Some _
        | None -> ()

        match options.Pruning with
        | Some(Pruning.Median(trials, epochs)) when trials < 1 || epochs < 0 ->
            refuse
                $"pruning by the median of %d{trials} trials or more, after %d{epochs} epochs"
                "1 trial or more, and 0 epochs or more"
                "4 and 1 are a start"
        | Some(Pruning.Halving(least, factor)) when least < 1 || factor < 2 ->
            refuse
                $"halving from %d{least} epochs on, by %d{factor}"
                "1 epoch or more, and a factor of 2 or more"
                "1 and 3 are usual"
        | Some _
        | None -> ()

    /// Less is better.
    let private cost goal (score: float) =
        match goal with
        | _ when Double.IsNaN score -> infinity
        | Goal.Minimise -> score
        | Goal.Maximise -> -score

    /// Whether a trial with these reports, the last first, is to be stopped, from the trials of earlier rounds.
    let private isCut (options: StudyOptions) (before: Trial list) (reports: (int * float) list) : bool =
        let cost = cost options.Goal
        let epoch, score = reports.Head

        let reported (trials: Trial list) =
            trials
            |> List.choose (fun t ->
                t.Reports |> List.tryFind (fun (e, _) -> e = epoch) |> Option.map (snd >> cost))

        match options.Pruning with
        | None -> false
        | Some(Pruning.Median(least, epochs)) ->
            let others = before |> List.filter (fun t -> t.End = TrialEnd.Finished) |> reported |> List.sort

            if others.Length < least || epoch <= epochs then
                false
            else
                let middle = others.Length / 2

                let median =
                    if others.Length % 2 = 1 then
                        others[middle]
                    else
                        (others[middle - 1] + others[middle]) / 2.0

                (reports |> List.map (snd >> cost) |> List.min) > median
        | Some(Pruning.Halving(least, factor)) ->
            let rec isRung (rung: int64) =
                rung = int64 epoch || rung < int64 epoch && isRung (rung * int64 factor)

            if not (isRung (int64 least)) then
                false
            else
                let all = cost score :: reported before |> List.sort
                cost score > all[max 0 (all.Length / factor - 1)]

    let private runTrial
        (options: StudyOptions)
        (trial: TrialRun -> TrialResult)
        (before: Trial list)
        (t: Trial)
        : Trial =
        options.Cancellation.ThrowIfCancellationRequested()
        let run = TrialRun(t, isCut options before, options.Cancellation)

        let ended =
            Trial.guarded
                (fun t ->
                    let result = trial run
                    let told = { t with Notes = result.Notes; Model = result.Model }

                    match run.IsPruned, run.Reports with
                    | true, (epoch, score) :: _ -> { told with Score = score; End = TrialEnd.Pruned epoch }
                    | _ -> { told with Score = result.Score })
                t

        { ended with Reports = List.rev run.Reports }

    /// Runs rounds of trials, each setting made of the trials of the rounds before it.
    let private rounds
        operation
        (options: StudyOptions)
        (count: int)
        (dependsOnOthers: bool)
        (suggest: Trial list -> int -> Setting)
        (trial: TrialRun -> TrialResult)
        : Trial list =
        check options

        if count < 0 then
            Refuse.domain operation $"%d{count} trials" "0 or more" "20 trials are a beginning"

        match options.Part with
        | Some(part, parts) when dependsOnOthers ->
            Refuse.domain
                operation
                $"part %d{part} of %d{parts} of a study whose trials depend on one another"
                "trials that depend on nothing but their settings: no pruning, no estimator"
                "let ranks share such a study, or leave the pruning out"
        | Some _
        | None -> ()

        let ranks = options.Ranks

        // The file is that of rank 0.
        let found =
            match options.Path with
            | Some path when ranks.Rank = 0 && File.Exists path -> read path
            | Some path ->
                if ranks.Rank = 0 then
                    Files.placeToWrite operation path |> ignore

                []
            | None -> []

        let saved =
            if ranks.Size = 1 then
                found
            else
                ranks.Broadcast(StudyFile.toBytes found) |> StudyFile.ofBytes
            |> List.map (fun t -> t.Number, t)
            |> Map.ofList

        let told = obj ()
        let mutable ended = saved

        /// Writes and reports a trial that has ended, on rank 0.
        let tell (now: Trial) =
            if ranks.Rank = 0 then
                lock told (fun () ->
                    if not (ended.ContainsKey now.Number) then
                        ended <- ended.Add(now.Number, now)

                        options.Path
                        |> Option.iter (fun path -> write path (ended |> Map.toList |> List.map snd))

                        options.Progress now)

        /// A trial that the file has, or a new one.
        let one (before: Trial list) (t: Trial) : Trial =
            match saved.TryFind t.Number with
            | Some old when
                old.Setting = t.Setting && old.Key = t.Key && old.Budget = t.Budget && old.Goal = t.Goal
                ->
                old
            | Some old ->
                Refuse.domain
                    operation
                    $"the trial {old}, in the file, where this study has {t.Setting} with budget %d{t.Budget}"
                    "the study that the file was written by: its settings or space, key, budget, goal and round"
                    "go on with the same, or choose another file"
            | None ->
                let now = runTrial options trial before t
                tell now
                now

        let size = if dependsOnOthers then options.Round else max 1 count

        let rec go (before: Trial list) first =
            if first >= count then
                before
            else
                let isOwn i =
                    match options.Part with
                    | Some(part, parts) -> i % parts = part
                    | None -> true

                [ first .. min count (first + size) - 1 ]
                |> List.filter isOwn
                |> List.map (fun i ->
                    Trial.create options.Goal i (suggest before i) (Key.fold i options.Key) options.Budget)
                |> TrialRanks.run
                    ranks
                    (Search.inParallel options.Threads)
                    _.Number
                    id
                    (fun _ t ->
                        tell t
                        t)
                    (one before)
                |> fun now -> go (before @ now) (first + size)

        go [] 0

    /// Runs a trial for each setting and gives them in order of their numbers. A trial that throws an exception has failed, with
    /// its message, and the others go on. With a path the study goes on from what the file has, and to the same trials as
    /// without a break; a trial that failed stays so. An option out of its range, and a file of another study, are a `DomainError`.
    /// `Study.run { Study.options (Key.ofSeed 1L) with Pruning = Some(Pruning.Median(4, 1)) } trained settings`
    let run (options: StudyOptions) (trial: TrialRun -> TrialResult) (settings: Setting list) : Trial list =
        let settings = Array.ofList settings
        rounds "Study.run" options settings.Length options.Pruning.IsSome (fun _ i -> settings[i]) trial

    /// Settings that are drawn where trials were good, and others were not: the tree-structured Parzen estimator (Bergstra et al.
    /// 2011). The first `random` settings are those of `Search.random`; then each hyper-parameter by itself is the best of 24
    /// candidates by the ratio of two densities, of the best trials, and of the others. It pays where trials are dear and
    /// some hyper-parameters matter much; where trials are few, or none matters, it is as good as random.
    /// `Study.tpe { Study.options (Key.ofSeed 1L) with Round = 2 } 10 30 trained space`
    let tpe
        (options: StudyOptions)
        (random: int)
        (count: int)
        (trial: TrialRun -> TrialResult)
        (space: (string * HyperRange) list)
        : Trial list =
        let operation = "Study.tpe"
        Search.requireNames operation space

        if random < 1 then
            Refuse.domain operation $"%d{random} settings at random" "1 or more" "10 are usual"

        // Refuses ranges that are none before the first trial.
        Search.drawn operation options.Key space |> ignore

        let suggest (before: Trial list) i =
            if before.Length < random then
                Search.drawn operation (Key.fold i options.Key) space
            else
                Parzen.suggest (Key.fold 1 (Key.fold i options.Key)) space (Search.ranked before)

        rounds operation options count true suggest trial
