namespace DL1

open System
open System.Globalization
open System.IO
open System.Text.Json

/// Studies in files: JSON with all digits, replaced whole after each trial.
[<RequireQualifiedAccess>]
module internal StudyFile =
    let private operation = "Study.read"
    let private format, private version = "dl1-study", 1

    // NaN and infinities are no numbers of JSON.
    let private exact (value: float) = value.ToString("R", CultureInfo.InvariantCulture)

    let private goalName =
        function
        | Goal.Minimise -> "minimise"
        | Goal.Maximise -> "maximise"

    let private writeTrial (w: Utf8JsonWriter) (t: Trial) =
        w.WriteStartObject()
        w.WriteNumber("number", t.Number)
        w.WriteNumber("budget", t.Budget)
        w.WriteString("goal", goalName t.Goal)
        w.WriteString("score", exact t.Score)
        w.WriteStartArray "key"
        Tensor.toFloats (Key.toTensor t.Key) |> Array.iter (fun word -> w.WriteNumberValue(int word))
        w.WriteEndArray()
        w.WriteStartArray "setting"

        for name, value in t.Setting.Values do
            w.WriteStartObject()
            w.WriteString("name", name)

            match value with
            | HyperValue.Number n -> w.WriteString("number", exact n)
            | HyperValue.Word word -> w.WriteString("word", word)

            w.WriteEndObject()

        w.WriteEndArray()
        w.WriteStartArray "reports"

        for epoch, score in t.Reports do
            w.WriteStartObject()
            w.WriteNumber("epoch", epoch)
            w.WriteString("score", exact score)
            w.WriteEndObject()

        w.WriteEndArray()
        w.WriteStartArray "notes"

        for name, text in t.Notes do
            w.WriteStartObject()
            w.WriteString("name", name)
            w.WriteString("text", text)
            w.WriteEndObject()

        w.WriteEndArray()

        match t.End with
        | TrialEnd.Finished -> w.WriteString("end", "finished")
        | TrialEnd.Pruned epoch ->
            w.WriteString("end", "pruned")
            w.WriteNumber("epoch", epoch)
        | TrialEnd.Failed error ->
            w.WriteString("end", "failed")
            w.WriteString("error", error)

        w.WriteEndObject()

    /// Trials as a study, without their models.
    let toBytes (trials: Trial list) : byte[] =
        use stream = new MemoryStream()

        let options =
            JsonWriterOptions(
                Indented = true,
                NewLine = "\n",
                Encoder = Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
            )

        using (new Utf8JsonWriter(stream, options)) (fun w ->
            w.WriteStartObject()
            w.WriteString("format", format)
            w.WriteNumber("version", version)
            w.WriteStartArray "trials"
            trials |> List.iter (writeTrial w)
            w.WriteEndArray()
            w.WriteEndObject())

        stream.ToArray()

    let write (path: string) (trials: Trial list) : unit = AtomicFile.writeBytes path (toBytes trials)

    let private refuse given : 'a =
        Refuse.format operation given "a study as it was written" "take another file, or begin anew"

    let private text (e: JsonElement) (name: string) : string =
        match e.GetProperty(name).GetString() with
        | null -> refuse $"no text for {name}"
        | text -> text

    let private number (e: JsonElement) (name: string) : float =
        Double.Parse(text e name, NumberStyles.Float, CultureInfo.InvariantCulture)

    let private items (e: JsonElement) (name: string) =
        [ for item in e.GetProperty(name).EnumerateArray() -> item ]

    let private readTrial (e: JsonElement) : Trial =
        let value (e: JsonElement) =
            match e.TryGetProperty "number" with
            | true, _ -> HyperValue.Number(number e "number")
            | false, _ -> HyperValue.Word(text e "word")

        {
            Number = e.GetProperty("number").GetInt32()
            Budget = e.GetProperty("budget").GetInt32()
            Score = number e "score"
            Key = items e "key" |> List.map _.GetInt32() |> Tensor.vector |> Key.ofTensor
            Setting = Setting(items e "setting" |> List.map (fun e -> text e "name", value e))
            Reports =
                items e "reports" |> List.map (fun e -> e.GetProperty("epoch").GetInt32(), number e "score")
            Notes = items e "notes" |> List.map (fun e -> text e "name", text e "text")
            Model = None
            Goal =
                match text e "goal" with
                | "minimise" -> Goal.Minimise
                | "maximise" -> Goal.Maximise
                | other -> refuse $"the goal '{other}'"
            End =
                match text e "end" with
                | "finished" -> TrialEnd.Finished
                | "pruned" -> TrialEnd.Pruned(e.GetProperty("epoch").GetInt32())
                | "failed" -> TrialEnd.Failed(text e "error")
                | other -> refuse $"the end '{other}'"
        }

    /// The trials of a study as it was written.
    let ofBytes (bytes: byte[]) : Trial list =
        try
            use document = JsonDocument.Parse(ReadOnlyMemory<byte> bytes)
            let root = document.RootElement

            if root.ValueKind <> JsonValueKind.Object || text root "format" <> format then
                refuse "a file that is no study"

            if root.GetProperty("version").GetInt32() <> version then
                refuse "another version of the format"

            items root "trials" |> List.map readTrial
        with
        | :? JsonException as e -> refuse $"no whole JSON: {e.Message}"
        | :? System.Collections.Generic.KeyNotFoundException -> refuse "a file that lacks a member"
        | :? InvalidOperationException as e -> refuse $"a member of another type: {e.Message}"
        | :? FormatException as e -> refuse $"a member that is no number: {e.Message}"

    let read (path: string) : Trial list =
        use stream = Files.openRead operation "a study" path
        use memory = new MemoryStream()
        stream.CopyTo memory
        ofBytes (memory.ToArray())
