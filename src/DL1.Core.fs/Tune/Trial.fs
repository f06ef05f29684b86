namespace DL1

open System
open System.Globalization

/// What one hyper-parameter may be.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type HyperRange =
    /// One of some values.
    | Among of HyperValue list
    /// Uniform between two numbers.
    | Uniform of low: float * high: float
    /// Uniform in its logarithm, between two numbers above 0.
    | LogUniform of low: float * high: float
    /// A whole number, both ends included.
    | Whole of low: int * high: int

    /// `from 0.0001 to 1, uniform in the logarithm`.
    override this.ToString() =
        match this with
        | Among values -> "one of " + (values |> List.map string |> String.concat ", ")
        | Uniform(low, high) -> $"from {HyperValue.Number low} to {HyperValue.Number high}"
        | LogUniform(low, high) ->
            $"from {HyperValue.Number low} to {HyperValue.Number high}, uniform in the logarithm"
        | Whole(low, high) -> $"a whole number from %d{low} to %d{high}"

    member internal this.Display = Format.following (this.ToString())

/// The hyper-parameters of one trial.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Setting internal (values: (string * HyperValue) list) =
    let find name =
        match values |> List.tryFind (fun (n, _) -> n = name) with
        | Some(_, value) -> value
        | None ->
            let names = values |> List.map fst |> String.concat ", "
            Refuse.domain "Setting" $"the hyper-parameter {name}" $"one of: {names}" "check the spelling"

    /// The names with their values.
    member _.Values = values

    /// A number by its name. `setting.Number "rate"`
    member _.Number(name: string) : float =
        match find name with
        | HyperValue.Number n -> n
        | HyperValue.Word w ->
            Refuse.domain "Setting.Number" $"'{w}' for {name}" "a number" "read it as a word"

    /// A whole number by its name; any other is a `DomainError`. `setting.Whole "hidden"`
    member this.Whole(name: string) : int =
        let number = this.Number name

        if number <> Math.Floor number || abs number > float Int32.MaxValue then
            Refuse.domain
                "Setting.Whole"
                $"{HyperValue.Number number} for {name}"
                "a whole number"
                "read it as a number, or choose among whole numbers"

        int number

    /// A word by its name. `setting.Word "activation"`
    member _.Word(name: string) : string = string (find name)

    /// All on a line.
    override _.ToString() =
        values |> List.map (fun (name, value) -> $"{name}={value}") |> String.concat " "

    member internal this.Display = Format.following (this.ToString())

    override _.Equals other =
        match other with
        | :? Setting as s -> s.Values = values
        | _ -> false

    override _.GetHashCode() = hash values

/// Which of two scores is the better one.
[<RequireQualifiedAccess; Struct>]
type Goal =
    /// The lower: a loss, an error.
    | Minimise
    /// The higher: an accuracy.
    | Maximise

/// What a search is for.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Goal =
    /// What a metric wants of its number. `Goal.ofMetric Metric.accuracy`
    let ofMetric (metric: Metric) : Goal = if metric.IsGain then Goal.Maximise else Goal.Minimise

/// How a trial ended.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type TrialEnd =
    /// It gave a score.
    | Finished
    /// It was stopped after this epoch: what it reported was not good enough to go on.
    | Pruned of epoch: int
    /// It threw an exception, with this message.
    | Failed of error: string

    /// `finished`, `pruned after epoch 3`, `failed: what went wrong`.
    override this.ToString() =
        match this with
        | Finished -> "finished"
        | Pruned epoch -> $"pruned after epoch %d{epoch}"
        | Failed error -> $"failed: {error}"

    member internal this.Display = Format.following (this.ToString())

/// One trial of a search: it can be run again alone, from its setting, its key and its budget.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type Trial =
    {
        /// Its number, from 0.
        Number: int
        /// The hyper-parameters.
        Setting: Setting
        /// What the trial draws from.
        Key: Key
        /// How much it may do: epochs, or what the function makes of it.
        Budget: int
        /// What came out: of a trial that was pruned, what it reported last. NaN counts as worst, and is that of one that failed.
        Score: float
        /// Whether a low score or a high one is wanted.
        Goal: Goal
        /// How it ended.
        End: TrialEnd
        /// What it reported on its way: epochs with scores.
        Reports: (int * float) list
        /// What it says of itself: names with texts, for the table.
        Notes: (string * string) list
        /// What it trained, where it gave it back; a search that is read from a file has none.
        Model: Trained option
    }

    /// `0: rate=0.1 hidden=8 with budget 1: score 0.25`.
    override this.ToString() =
        let score = $"score {HyperValue.Number this.Score}"

        let ended =
            match this.End with
            | TrialEnd.Finished -> score
            | TrialEnd.Pruned _ -> $"{score}, {this.End}"
            | TrialEnd.Failed _ -> string this.End

        $"%d{this.Number}: {this.Setting} with budget %d{this.Budget}: {ended}"

    member internal this.Display = Format.following (this.ToString())

/// Trials as values.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Trial =
    /// A trial that has not run.
    let create goal number (setting: Setting) key budget : Trial =
        {
            Number = number
            Setting = setting
            Key = key
            Budget = budget
            Score = nan
            Goal = goal
            End = TrialEnd.Finished
            Reports = []
            Notes = []
            Model = None
        }

    /// What runs, or fails by an exception that becomes its end. A cancellation ends the search.
    let guarded (run: Trial -> Trial) (trial: Trial) : Trial =
        try
            run trial
        with error when not (error :? OperationCanceledException) ->
            { trial with Score = nan; End = TrialEnd.Failed error.Message }

    /// What sorts trials from the best to the worst.
    let rank (t: Trial) =
        let score =
            match t.Goal with
            | Goal.Minimise -> t.Score
            | Goal.Maximise -> -t.Score

        // A score after little work does not compare with one after much: a good one there is where luck is.
        let isCut =
            match t.End with
            | TrialEnd.Pruned _ -> true
            | TrialEnd.Finished
            | TrialEnd.Failed _ -> false

        struct (Double.IsNaN t.Score, isCut, -t.Budget, score, t.Number)

    /// The columns of a table, and the cells of each trial: numbers as they are shown.
    let columns (shown: float -> string) (trials: Trial list) : string list * (Trial -> string list) =
        let namesOf (pairs: Trial -> (string * 'a) list) =
            trials |> List.collect (pairs >> List.map fst) |> List.distinct

        let settings, notes = namesOf _.Setting.Values, namesOf _.Notes
        let isWhole = trials |> List.forall (fun t -> t.End = TrialEnd.Finished)

        let cell (text: 'a -> string) (name: string) (pairs: (string * 'a) list) =
            pairs
            |> List.tryFind (fun (n, _) -> n = name)
            |> Option.map (snd >> text)
            |> Option.defaultValue ""

        let value =
            function
            | HyperValue.Number n -> shown n
            | HyperValue.Word w -> w

        [ "trial"; "budget"; "score" ] @ settings @ notes @ (if isWhole then [] else [ "end" ]),
        fun (t: Trial) ->
            [
                string t.Number
                string t.Budget
                shown t.Score
                for name in settings do
                    cell value name t.Setting.Values
                for name in notes do
                    cell id name t.Notes
                if not isWhole then
                    string t.End
            ]
