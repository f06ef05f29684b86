namespace DL1

open System
open System.Globalization

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
        | Whole(low, high) -> $"a whole number from %d{low} to %d{high}"

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
        /// What came out. NaN counts as worst.
        Score: float
        /// Whether a low score or a high one is wanted.
        Goal: Goal
    }

    /// `0: rate=0.1 hidden=8 with budget 1: score 0.25`.
    override this.ToString() =
        $"%d{this.Number}: {this.Setting} with budget %d{this.Budget}: score {HyperValue.Number this.Score}"
