namespace DL1.Data

open System.Collections.Generic
open System
open System.Globalization
open System.Text.Json
open System.Text.Json.Serialization
open DL1

/// A class with its probability.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type ClassProbability =
    {
        /// The name of the class.
        Class: string
        /// Its probability, from 0 to 1.
        Probability: float
    }

    /// `Gentoo 0.93`.
    override this.ToString() =
        this.Class + " " + this.Probability.ToString("G4", CultureInfo.InvariantCulture)

    member internal this.Display = this.ToString()

/// What a pipeline says of one row. As JSON it is `{"Class": "Gentoo", "Probabilities": {"Adelie": 0.07, "Gentoo": 0.93}}`, or
/// `{"Value": 1.5}` of a regression, with names as the serializer's options have them; so a service answers with it as it is.
[<NoComparison; JsonConverter(typeof<PredictionJson>); StructuredFormatDisplay("{Display}")>]
type Prediction =
    {
        /// The number of a regression; NaN for a classification.
        Value: float
        /// The likeliest class of a classification; empty for a regression.
        Class: string
        /// Each class with its probability, in the order of the classes; none for a regression.
        Probabilities: IReadOnlyList<ClassProbability>
    }

    /// The number, or the class with its probability.
    override this.ToString() =
        match this.Probabilities |> Seq.tryFind (fun p -> p.Class = this.Class) with
        | Some found -> string found
        | None -> this.Value.ToString("G6", CultureInfo.InvariantCulture)

    member internal this.Display = this.ToString()

/// Predictions as JSON, which has no NaN: what a prediction does not have is left out, and a number that is not finite is null.
and [<Sealed>] internal PredictionJson() =
    inherit JsonConverter<Prediction>()

    let named (options: JsonSerializerOptions) (name: string) =
        match options.PropertyNamingPolicy with
        | null -> name
        | policy -> policy.ConvertName name

    let number (writer: Utf8JsonWriter) (name: string) (value: float) =
        if Double.IsFinite value then
            writer.WriteNumber(name, value)
        else
            writer.WriteNull name

    let refuse (message: string) : 'a = raise (JsonException message)

    let read (what: string) (e: JsonElement) : float =
        match e.ValueKind with
        | JsonValueKind.Null -> nan
        | JsonValueKind.Number -> e.GetDouble()
        | kind -> refuse $"{what} of a prediction is {kind}, not a number."

    override _.Write(writer, prediction, options) =
        writer.WriteStartObject()

        if prediction.Probabilities.Count = 0 then
            number writer (named options "Value") prediction.Value
        else
            writer.WriteString(named options "Class", prediction.Class)
            writer.WriteStartObject(named options "Probabilities")

            for p in prediction.Probabilities do
                number writer p.Class p.Probability

            writer.WriteEndObject()

        writer.WriteEndObject()

    override _.Read(reader, _, _) =
        use document = JsonDocument.ParseValue &reader
        let root = document.RootElement

        if root.ValueKind <> JsonValueKind.Object then
            refuse $"A prediction is an object, not {root.ValueKind}."

        let find (name: string) =
            root.EnumerateObject()
            |> Seq.tryFind (fun p -> p.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            |> Option.map _.Value

        match find "Value", find "Class", find "Probabilities" with
        | Some value, None, None -> { Value = read "Value" value; Class = ""; Probabilities = [||] }
        | None, Some likeliest, Some chances when
            likeliest.ValueKind = JsonValueKind.String && chances.ValueKind = JsonValueKind.Object
            ->
            {
                Value = nan
                Class = likeliest.GetString() |> Option.ofObj |> Option.defaultValue ""
                Probabilities =
                    [|
                        for p in chances.EnumerateObject() ->
                            { Class = p.Name; Probability = read $"The probability of {p.Name}" p.Value }
                    |]
            }
        | _ -> refuse "A prediction has a Value, or a Class with Probabilities by their names."

/// What a fitted pipeline is made of.
[<NoEquality; NoComparison>]
type internal FittedParts =
    {
        Task: PipelineTask
        Target: string
        /// The classes in order; none for a regression.
        Classes: string list
        Encoder: TableEncoder
        /// The numbers that may be missing.
        MayMiss: Set<string>
        Graph: RowGraph
        /// What it is, in words.
        Notes: string
    }
