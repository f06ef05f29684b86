namespace DL1

open System
open System.IO
open System.Text
open System.Text.Json

/// The structure of a model as JSON: its layers one inside another with the shapes of their results, and its parameters
/// and state with their types, shapes and how they begin. It is written to be read, and to be compared with a model.
[<RequireQualifiedAccess>]
module Structure =
    let private format = "DL1 model structure"
    let private version = 1

    let private options =
        JsonWriterOptions(
            Indented = true,
            NewLine = "\n",
            Encoder = Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
        )

    /// A list of numbers stands in one line, which the indented form would break.
    let private dims (w: Utf8JsonWriter) (name: string) (extents: int list) =
        w.WritePropertyName name
        w.WriteRawValue("[" + String.concat ", " (List.map string extents) + "]")

    let private asked (w: Utf8JsonWriter) (name: string) (all: seq<Asked>) =
        w.WriteStartArray name

        for a in all do
            w.WriteStartObject()
            w.WriteString("path", a.Path)
            w.WriteString("type", a.DType.Name)
            dims w "shape" a.Dims
            w.WriteString("begins", a.Init.ToString())
            w.WriteEndObject()

        w.WriteEndArray()

    let rec private layers (w: Utf8JsonWriter) (rows: Ran list) =
        w.WriteStartArray "layers"
        let mutable rest = rows

        while not rest.IsEmpty do
            let row = rest.Head
            let inside = rest.Tail |> List.takeWhile (fun r -> r.Depth > row.Depth)
            w.WriteStartObject()
            w.WriteString("path", row.Path)
            w.WriteString("layer", row.Name)
            row.Output |> Option.iter (fun y -> dims w "output" (y.Shape.ToList()))

            if not inside.IsEmpty then
                layers w inside

            w.WriteEndObject()
            rest <- List.skip inside.Length rest.Tail

        w.WriteEndArray()

    /// A model as JSON, for an example of its input, of which only shape and type matter: a variable will do.
    /// `Structure.toJson x model`
    let toJson (x: 'a) (model: Layer<'a, 'b>) : string =
        let _, ledger = Layer.asking DType.F32 None x model
        use stream = new MemoryStream()

        using (new Utf8JsonWriter(stream, options)) (fun w ->
            w.WriteStartObject()
            w.WriteString("format", format)
            w.WriteNumber("version", version)
            layers w (List.ofSeq ledger.Rows |> List.choose id)
            asked w "parameters" ledger.Parameters
            asked w "state" ledger.State
            w.WriteEndObject())

        Encoding.UTF8.GetString(stream.ToArray()) + "\n"

    /// Writes the structure to a file, whole or not at all. `Structure.write path x model`
    let write (path: string) (x: 'a) (model: Layer<'a, 'b>) : unit =
        AtomicFile.writeText path (toJson x model)

    /// Layers lie in one another as deep as a user builds them.
    let private reading = JsonDocumentOptions(MaxDepth = 1000)

    let private refuse given expected cure : 'c = Refuse.format "Structure.check" given expected cure

    let private parsed (json: string) : JsonDocument =
        try
            JsonDocument.Parse(json, reading)
        with
        | :? JsonException
        // A text with half a pair of surrogates is none that UTF-8 can write.
        | :? ArgumentException as e ->
            refuse $"no JSON: {e.Message}" "the text of a model's structure" "write it anew from the model"

    /// Every value in a document, by the place where it stands: `layers[0].output[1]`.
    let rec private leaves (place: string) (e: JsonElement) : (string * string) list =
        match e.ValueKind with
        | JsonValueKind.Object ->
            [
                for p in e.EnumerateObject() do
                    yield! leaves (if place = "" then p.Name else $"{place}.{p.Name}") p.Value
            ]
        | JsonValueKind.Array ->
            (place + ".length", string (e.GetArrayLength()))
            :: [
                for i, item in Seq.indexed (e.EnumerateArray()) do
                    yield! leaves $"{place}[%d{i}]" item
            ]
        // Two texts may be escaped in different ways and mean the same.
        | JsonValueKind.String -> [ place, $"\"{e.GetString()}\"" ]
        | _ -> [ place, e.GetRawText() ]

    /// Compares the structure in a text with that of a model; the first difference is a `FormatError` that names its
    /// place. `Structure.check json x model`
    let check (json: string) (x: 'a) (model: Layer<'a, 'b>) : unit =
        use found = parsed json
        use own = JsonDocument.Parse(toJson x model, reading)
        let found, own = leaves "" found.RootElement, leaves "" own.RootElement
        let known = Map found
        let cure = "use the model that the text was written for, on an input of the same shape"

        for place, expected in own do
            match Map.tryFind place known with
            | Some value when value = expected -> ()
            | Some value -> refuse $"{value} at {place}" expected cure
            | None -> refuse $"nothing at {place}" expected cure

        if found.Length > own.Length then
            let places = own |> List.map fst |> Set

            match found |> List.map fst |> List.tryFind (places.Contains >> not) with
            | Some extra -> refuse $"something at {extra}" "nothing there" cure
            | None -> refuse "a place that stands there twice" "each place once" cure
