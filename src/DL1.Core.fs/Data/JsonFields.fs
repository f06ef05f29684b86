namespace DL1

open System
open System.IO
open System.Text
open System.Text.Json

/// Reading small JSON objects that DL1 has written: what is wrong is a `FormatError` that names the field.
[<Sealed>]
type internal JsonFields(operation: string, what: string, cure: string) =
    member _.Refuse(given: string, expected: string) : 'r = Refuse.format operation given expected cure

    /// The object of a text.
    member this.Parse(json: string) : JsonDocument =
        let expected = $"an object of {what}"

        let document =
            try
                JsonDocument.Parse json
            with
            | :? JsonException
            | :? ArgumentException as e -> this.Refuse($"no JSON: {e.Message}", expected)

        if document.RootElement.ValueKind <> JsonValueKind.Object then
            let kind = string document.RootElement.ValueKind
            document.Dispose()
            this.Refuse($"JSON of the kind {kind}", expected)
        else
            document

    member this.Field(root: JsonElement, name: string, kind: JsonValueKind) : JsonElement =
        match root.TryGetProperty name with
        | true, e when e.ValueKind = kind -> e
        | true, e -> this.Refuse($"{e.GetRawText()} as {name}", $"one of the kind {string kind}")
        | false, _ -> this.Refuse($"no {name}", what)

    member this.Text(root: JsonElement, name: string) : string =
        match this.Field(root, name, JsonValueKind.String).GetString() with
        | null -> this.Refuse($"no {name}", what)
        | text -> text

    member this.Flag(root: JsonElement, name: string) : bool =
        match root.TryGetProperty name with
        | true, e when e.ValueKind = JsonValueKind.True -> true
        | true, e when e.ValueKind = JsonValueKind.False -> false
        | _ -> this.Refuse($"no {name} that is true or false", what)

    /// Refuses another format, and another version of it.
    member this.Require(root: JsonElement, format: string, version: int) : unit =
        let found = this.Text(root, "format")

        if found <> format then
            this.Refuse($"the format {found}", format)

        let found = this.Field(root, "version", JsonValueKind.Number).GetRawText()

        if found <> string version then
            this.Refuse($"version {found}", $"version %d{version}")

    /// The text of a file.
    member this.Read(path: string, kind: string) : string =
        use stream = Files.openRead operation kind path
        use reader = new StreamReader(stream, UTF8Encoding(false, true))

        try
            reader.ReadToEnd()
        with :? DecoderFallbackException ->
            this.Refuse("a file that is no text of UTF-8", kind)
