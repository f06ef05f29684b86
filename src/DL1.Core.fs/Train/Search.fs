namespace DL1

open System
open System.Globalization
open System.Threading
open System.Threading.Tasks

/// The value of one hyper-parameter.
[<RequireQualifiedAccess>]
type HyperValue =
    /// A number.
    | Number of float
    /// A word.
    | Word of string

    override this.ToString() =
        match this with
        | Number n -> n.ToString("G6", CultureInfo.InvariantCulture)
        | Word w -> w

/// What one hyper-parameter may be.
[<RequireQualifiedAccess>]
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
        | Whole(low, high) -> $"a whole number from {low} to {high}"

/// The hyper-parameters of one trial.
[<Sealed>]
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

    /// A whole number by its name. `setting.Whole "hidden"`
    member this.Whole(name: string) : int = int (Math.Round(this.Number name))

    /// A word by its name. `setting.Word "activation"`
    member _.Word(name: string) : string = string (find name)

    /// All on a line.
    override _.ToString() =
        values |> List.map (fun (name, value) -> $"{name}={value}") |> String.concat " "

    override _.Equals other =
        match other with
        | :? Setting as s -> s.Values = values
        | _ -> false

    override _.GetHashCode() = hash values

/// One trial of a search: it can be run again alone, from its setting, its key and its budget.
[<NoComparison>]
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
        /// What came out; lower is better. NaN counts as worst.
        Score: float
    }

    /// `0: rate=0.1 hidden=8 with budget 1: score 0.25`.
    override this.ToString() =
        $"{this.Number}: {this.Setting} with budget {this.Budget}: score {HyperValue.Number this.Score}"

/// Searching for hyper-parameters. A trial is a function of setting, key and budget to a score that is to be low. Trials
/// run side by side; each has a key of its own, so that results do not depend on their order or the number of threads.
[<RequireQualifiedAccess>]
module Search =
    /// Numbers to choose among. `Search.numbers [ 0.1; 0.01 ]`
    let numbers (values: float list) : HyperRange = HyperRange.Among(List.map HyperValue.Number values)

    /// Words to choose among. `Search.words [ "relu"; "tanh" ]`
    let words (values: string list) : HyperRange = HyperRange.Among(List.map HyperValue.Word values)

    /// Every combination of values, the last name varying fastest. A choice that is not among values is a `DomainError`.
    /// `Search.grid [ "rate", Search.numbers [ 0.1; 0.01 ]; "f", Search.words [ "relu"; "tanh" ] ]`
    let grid (space: (string * HyperRange) list) : Setting list =
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

    /// Settings drawn with a key, each value by itself. `Search.random 20 (Key.ofSeed 1L) space`
    let random (count: int) (key: Key) (space: (string * HyperRange) list) : Setting list =
        let unit key = Tensor.toFloat (Key.uniform 0.0 1.0 DType.F64 [] key)

        let draw key (name: string, choice: HyperRange) =
            let u = unit key

            name,
            match choice with
            | HyperRange.Among [] ->
                Refuse.domain "Search.random" $"no values for {name}" "one at least" "leave it out"
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
                    "Search.random"
                    $"{choice} for {name}"
                    "a low end below the high one"
                    "swap the ends"

        [
            for i in 0 .. count - 1 ->
                Setting(space |> List.mapi (fun j axis -> draw (Key.fold j (Key.fold i key)) axis))
        ]

    /// Applies a function to each, `threads` at a time; results in order.
    let private inParallel threads (f: 'a -> 'b) (items: 'a list) : 'b list =
        if threads < 1 then
            Refuse.domain "Search.run" $"{threads} threads" "1 or more" "1 runs one trial after another"

        let items = Array.ofList items
        let results: 'b[] = Array.zeroCreate items.Length
        let options = ParallelOptions(MaxDegreeOfParallelism = threads)

        try
            Parallel.For(0, items.Length, options, (fun i -> results[i] <- f items[i])) |> ignore
        with :? AggregateException as e ->
            // A trial's own error, as it would be without threads.
            Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e.Flatten().InnerExceptions[0]).Throw()

        List.ofArray results

    /// Runs a trial for each setting, some at a time, and gives them in order of their numbers.
    /// `Search.run 2 (Key.ofSeed 1L) 5 trial settings`
    let run
        (threads: int)
        (key: Key)
        (budget: int)
        (trial: Setting -> Key -> int -> float)
        (settings: Setting list)
        : Trial list =
        settings
        |> List.indexed
        |> inParallel threads (fun (i, setting) ->
            let own = Key.fold i key

            {
                Number = i
                Setting = setting
                Key = own
                Budget = budget
                Score = trial setting own budget
            })

    let private rank (t: Trial) = struct (Double.IsNaN t.Score, t.Score, t.Number)

    /// Trials from the best to the worst. `Search.ranked trials`
    let ranked (trials: Trial list) : Trial list = List.sortBy rank trials

    /// The best trial; no trials are a `DomainError`. `Search.best trials`
    let best (trials: Trial list) : Trial =
        match ranked trials with
        | first :: _ -> first
        | [] -> Refuse.domain "Search.best" "no trials" "one at least" "check the space"

    /// Successive halving (Jamieson and Talwalkar 2016): all settings with a small budget, then the best part of them
    /// (one in `factor`) with a budget `factor` times as large, until one is left or the budget would pass `most`. Every
    /// round trains anew with the key that the setting had before. All trials are given, rounds in order.
    /// `Search.halving 2 (Key.ofSeed 1L) 3 1 27 trial settings`
    let halving
        (threads: int)
        (key: Key)
        (factor: int)
        (least: int)
        (most: int)
        (trial: Setting -> Key -> int -> float)
        (settings: Setting list)
        : Trial list =
        if factor < 2 || least < 1 || most < least then
            Refuse.domain
                "Search.halving"
                $"factor {factor}, budgets from {least} to {most}"
                "a factor of 2 or more, and budgets of 1 or more that grow"
                "3, 1 and 27 are usual"

        let rec rounds budget (left: Trial list) (before: Trial list) =
            let now =
                left
                |> inParallel threads (fun t ->
                    { t with Budget = budget; Score = trial t.Setting t.Key budget })

            let kept = ranked now |> List.truncate (max 1 (left.Length / factor))
            let all = before @ now

            if left.Length = 1 || int64 budget * int64 factor > int64 most then
                all
            else
                rounds (budget * factor) (List.sortBy _.Number kept) all

        if settings.IsEmpty then
            []
        else
            let first =
                settings
                |> List.mapi (fun i s ->
                    { Number = i; Setting = s; Key = Key.fold i key; Budget = least; Score = nan })

            rounds least first []

    /// Trials as a table, the best first: number, budget, score, and each hyper-parameter.
    /// `Search.table trials`
    let table (trials: Trial list) : string =
        let names = trials |> List.collect (fun t -> List.map fst t.Setting.Values) |> List.distinct

        let cells (t: Trial) =
            [
                string t.Number
                string t.Budget
                t.Score.ToString("G6", CultureInfo.InvariantCulture)
                for name in names do
                    t.Setting.Values
                    |> List.tryFind (fun (n, _) -> n = name)
                    |> Option.map (snd >> string)
                    |> Option.defaultValue ""
            ]

        let rows = ([ "trial"; "budget"; "score" ] @ names) :: List.map cells (ranked trials)
        let widths = List.transpose rows |> List.map (List.map String.length >> List.max)

        rows
        |> List.map (fun row ->
            List.map2 (fun (cell: string) width -> cell.PadLeft width) row widths |> String.concat "  ")
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
