namespace DL1.Data

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Text.Json
open DL1

/// A column as an encoder knows it: numbers, where there are no categories, or the categories of texts.
type EncodedColumn =
    {
        /// The name of the column.
        Name: string
        /// The categories that were met, in alphabetical order; none for a column of numbers.
        Categories: IReadOnlyList<string>
    }

/// Which category of a column of texts has no column of its own, because the others say it.
[<RequireQualifiedAccess; Struct>]
type DroppedCategory =
    /// None: each category has a column.
    | None
    /// The first in alphabetical order.
    | First
    /// The first, where there are two.
    | IfBinary

/// What an encoder is made of.
[<NoEquality; NoComparison>]
type internal EncoderParts =
    {
        Columns: EncodedColumn list
        /// The column of classes, where the encoder knows one.
        Classes: EncodedColumn option
        IgnoresUnknown: bool
        Drops: DroppedCategory
    }

/// Encoders of tables as JSON: what a model was trained on goes with it.
[<RequireQualifiedAccess>]
module internal EncoderFile =
    let private format = "DL1 table encoder"
    let private version = 1

    let private options =
        JsonWriterOptions(
            Indented = true,
            NewLine = "\n",
            Encoder = Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
        )

    let private write (w: Utf8JsonWriter) (column: EncodedColumn) =
        w.WriteStartObject()
        w.WriteString("name", column.Name)

        if column.Categories.Count > 0 then
            w.WriteStartArray "categories"

            for category in column.Categories do
                w.WriteStringValue category

            w.WriteEndArray()

        w.WriteEndObject()

    let toJson (parts: EncoderParts) : string =
        use stream = new MemoryStream()

        using (new Utf8JsonWriter(stream, options)) (fun w ->
            w.WriteStartObject()
            w.WriteString("format", format)
            w.WriteNumber("version", version)
            w.WriteBoolean("ignoresUnknown", parts.IgnoresUnknown)

            // Left out where nothing is dropped: a text as it was before encoders could.
            match parts.Drops with
            | DroppedCategory.None -> ()
            | DroppedCategory.First -> w.WriteString("drops", "first")
            | DroppedCategory.IfBinary -> w.WriteString("drops", "ifBinary")

            w.WriteStartArray "columns"
            List.iter (write w) parts.Columns
            w.WriteEndArray()

            match parts.Classes with
            | Some column ->
                w.WritePropertyName "classes"
                write w column
            | None -> ()

            w.WriteEndObject())

        Encoding.UTF8.GetString(stream.ToArray()) + "\n"

    let private refuse given expected : 'a =
        Refuse.format "TableEncoder.OfJson" given expected "take the text that ToJson of an encoder gave"

    /// What is wrong with the categories of a column: none of them is empty or there twice.
    let private isWrong (categories: string seq) : bool =
        let known = HashSet<string>()
        categories |> Seq.exists (fun c -> String.IsNullOrEmpty c || not (known.Add c))

    /// Refuses a column that no table has.
    let requireColumn (column: EncodedColumn) : unit =
        let refuse (given: string) expected =
            Refuse.domain "TableEncoder.Of" given expected "give the columns of another encoder"

        if String.IsNullOrEmpty column.Name then
            refuse "a column without a name" "a name"

        if isWrong column.Categories then
            refuse
                $"the categories of {column.Name}: one twice, or an empty one"
                "categories that differ; none for a column of numbers"

    let private property (name: string) (e: JsonElement) : JsonElement option =
        match e.ValueKind with
        | JsonValueKind.Object ->
            match e.TryGetProperty name with
            | true, found -> Some found
            | false, _ -> None
        | _ -> None

    let private text (place: string) (e: JsonElement option) : string =
        match e with
        | Some e when e.ValueKind = JsonValueKind.String ->
            match e.GetString() with
            | null -> ""
            | found -> found
        | _ -> refuse $"no text at {place}" "the name or the category"

    let private list (place: string) (e: JsonElement option) : JsonElement list =
        match e with
        | Some e when e.ValueKind = JsonValueKind.Array -> List.ofSeq (e.EnumerateArray())
        | _ -> refuse $"no list at {place}" "a list"

    let private column (place: string) (e: JsonElement) : EncodedColumn =
        let name = text $"{place}.name" (property "name" e)

        match property "categories" e with
        | None -> { Name = name; Categories = [||] }
        | found ->
            let categories =
                list $"{place}.categories" found |> List.map (fun c -> text $"{place}.categories" (Some c))

            if categories.IsEmpty || isWrong categories then
                refuse
                    $"the categories of {name}: none, one twice, or an empty one"
                    "categories that differ, one at least"

            { Name = name; Categories = Array.ofList categories }

    let ofJson (json: string) : EncoderParts =
        let document =
            try
                JsonDocument.Parse json
            with
            | :? JsonException
            // A text with half a pair of surrogates is none that UTF-8 can write.
            | :? ArgumentException as e -> refuse $"no JSON ({e.Message})" "the text of an encoder"

        use document = document
        let root = document.RootElement

        if text "format" (property "format" root) <> format then
            refuse "a text that is no encoder's" $"the format {format}"

        match property "version" root with
        | Some e when e.ValueKind = JsonValueKind.Number && e.GetRawText() = string version -> ()
        | _ -> refuse "another version of the format" $"version %d{version}"

        {
            Columns =
                list "columns" (property "columns" root) |> List.mapi (fun i e -> column $"columns[%d{i}]" e)
            Classes = property "classes" root |> Option.map (column "classes")
            IgnoresUnknown =
                match property "ignoresUnknown" root with
                | Some e when e.ValueKind = JsonValueKind.True -> true
                | Some e when e.ValueKind = JsonValueKind.False -> false
                | _ -> refuse "no truth value at ignoresUnknown" "true or false"
            Drops =
                match property "drops" root with
                | None -> DroppedCategory.None
                | found ->
                    match text "drops" found with
                    | "first" -> DroppedCategory.First
                    | "ifBinary" -> DroppedCategory.IfBinary
                    | other -> refuse $"'{other}' at drops" "first or ifBinary"
        }
