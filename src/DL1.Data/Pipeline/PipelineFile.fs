namespace DL1.Data

open System
open System.IO
open System.Text
open System.Text.Json
open DL1

/// What the file of a pipeline says beside its tensors.
[<RequireQualifiedAccess>]
module internal PipelineFile =
    let private format = "DL1 pipeline"
    let private version = 1
    let private key = "pipeline"

    let private refuse given expected : 'a =
        Refuse.format "Pipeline.Load" given expected "take the file that Save of a pipeline wrote"

    let texts
        (task: PipelineTask)
        (target: string)
        (classes: string list)
        (encoder: TableEncoder)
        (mayMiss: Set<string>)
        (graph: RowGraph)
        (notes: string)
        : Map<string, string> =
        use stream = new MemoryStream()

        using (new Utf8JsonWriter(stream)) (fun w ->
            w.WriteStartObject()
            w.WriteString("format", format)
            w.WriteNumber("version", version)

            w.WriteString(
                "task",
                match task with
                | PipelineTask.Regression -> "regression"
                | PipelineTask.Classification -> "classification"
            )

            w.WriteString("target", target)

            let list (name: string) (items: seq<string>) =
                w.WriteStartArray name

                for item in items do
                    w.WriteStringValue item

                w.WriteEndArray()

            list "classes" classes
            w.WriteString("encoder", encoder.ToJson())
            list "mayMiss" mayMiss
            w.WriteString("graph", graph.Text)
            w.WriteString("notes", notes)
            w.WriteEndObject())

        Map [ key, Encoding.UTF8.GetString(stream.ToArray()) ]

    let read (texts: Map<string, string>) =
        let json =
            match Map.tryFind key texts with
            | Some json -> json
            | None -> refuse "a file of tensors without a pipeline" $"the text {key} among the file's texts"

        use document =
            try
                JsonDocument.Parse json
            with
            | :? JsonException
            | :? ArgumentException as e -> refuse $"no JSON ({e.Message})" "the text of a pipeline"

        let root = document.RootElement

        let property (name: string) kind =
            match root.ValueKind with
            | JsonValueKind.Object ->
                match root.TryGetProperty name with
                | true, e when e.ValueKind = kind -> e
                | _ -> refuse $"no {kind.ToString().ToLowerInvariant()} at {name}" "one"
            | _ -> refuse "no object" "the text of a pipeline"

        let textOf (e: JsonElement) : string =
            match e.GetString() with
            | null -> ""
            | found -> found

        let text name = textOf (property name JsonValueKind.String)

        let list name =
            [
                for e in (property name JsonValueKind.Array).EnumerateArray() ->
                    if e.ValueKind = JsonValueKind.String then
                        textOf e
                    else
                        refuse $"no text in {name}" "texts"
            ]

        if text "format" <> format then
            refuse "another format" $"the format {format}"

        if (property "version" JsonValueKind.Number).GetRawText() <> string version then
            refuse "another version of the format" $"version %d{version}"

        let task =
            match text "task" with
            | "regression" -> PipelineTask.Regression
            | "classification" -> PipelineTask.Classification
            | other -> refuse $"the task '{other}'" "regression or classification"

        let classes = list "classes"

        if
            (task = PipelineTask.Classification) <> (classes.Length > 1)
            || (List.distinct classes).Length <> classes.Length
        then
            refuse
                $"%d{classes.Length} classes"
                "two or more that differ for a classification, none for a regression"

        struct (task,
                text "target",
                classes,
                TableEncoder.OfJson(text "encoder"),
                Set(list "mayMiss"),
                text "graph",
                text "notes")
