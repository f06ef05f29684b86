namespace DL1

open System
open System.Collections.Generic
open System.IO
open System.Text.Json

/// Where the tensors of a path lie: the files, and of each file the names that are taken from it, `None` for all.
[<NoEquality; NoComparison>]
type internal SafetensorsFiles = { Files: (string * HashSet<string> option) list; Order: string list option }

/// Models that are kept in several files: a folder of Hugging Face with `model.safetensors.index.json`, which says which
/// file (a shard) has which tensor.
[<RequireQualifiedAccess>]
module internal SafetensorsIndex =
    let private operation = SafetensorsHeader.operation
    let private suffix = ".safetensors.index.json"
    let private longest = 100_000_000L

    let private refuse given expected : 'a =
        Refuse.format
            operation
            given
            expected
            "check that all files of the model were copied, the index among them"

    /// Names of shards and their tensors, in the index's order.
    let private parse (name: string) (json: byte[]) : (string * string) list =
        let options = JsonDocumentOptions(AllowDuplicateProperties = false, MaxDepth = 8)

        use document =
            try
                JsonDocument.Parse(ReadOnlyMemory json, options)
            with :? JsonException as e ->
                refuse $"{name}, which is no JSON object ({e.Message})" "an object with a weight_map"

        let isObject = document.RootElement.ValueKind = JsonValueKind.Object

        match isObject && fst (document.RootElement.TryGetProperty "weight_map") with
        | false ->
            refuse
                $"no weight_map in {name}"
                "an object with a weight_map, which gives the file of each tensor"
        | true ->
            let map = document.RootElement.GetProperty "weight_map"

            if map.ValueKind <> JsonValueKind.Object then
                refuse $"{map.ValueKind} as the weight_map of {name}" "an object with the file of each tensor"

            [
                for p in map.EnumerateObject() do
                    let file =
                        match p.Value.ValueKind with
                        | JsonValueKind.String -> Option.ofObj (p.Value.GetString()) |> Option.defaultValue ""
                        | kind -> refuse $"{kind} as the file of {p.Name}" "the name of a file"

                    // A file of a stranger must not choose what else is opened.
                    let isPlain =
                        file.EndsWith(".safetensors", StringComparison.Ordinal)
                        && file.IndexOfAny [| '/'; '\\'; ':'; '\000' |] < 0
                        && not (file.StartsWith '.')

                    if not isPlain then
                        refuse
                            $"the file '{file}' of {p.Name} in {name}"
                            "the name of a safetensors file in the folder of the index"

                    file, p.Name
            ]

    let private ofIndex (path: string) : SafetensorsFiles =
        let name = Path.GetFileName path |> string
        let folder = Path.GetDirectoryName(Path.GetFullPath path) |> Option.ofObj |> Option.defaultValue ""

        let rows =
            Raw.openFileAsIs operation "an index of safetensors files" path (fun stream ->
                if stream.Length > longest then
                    refuse $"{name} of %d{stream.Length} bytes" $"an index of at most %d{longest} bytes"

                let bytes = Array.zeroCreate<byte>(int stream.Length)
                stream.ReadExactly bytes
                parse name bytes)

        {
            Files =
                [
                    for file, names in List.groupBy fst rows do
                        Path.Combine(folder, file), Some(HashSet(Seq.map snd names))
                ]
            Order = Some(List.map snd rows)
        }

    let private ofFolder (folder: string) : SafetensorsFiles =
        let inFolder (pattern: string) =
            Raw.guarded operation folder (fun () -> Directory.GetFiles(folder, pattern))

        match inFolder ("*" + suffix), inFolder "*.safetensors" with
        | [| index |], _ -> ofIndex index
        | [||], [| file |] -> { Files = [ file, None ]; Order = None }
        | indices, files ->
            Refuse.format
                operation
                $"the folder {folder} with %d{indices.Length} indices and %d{files.Length} safetensors files"
                "a folder with one index, or with one safetensors file"
                "add the name of the file, or of the index"

    /// The files of a path: a safetensors file, an index, or a folder with either.
    let find (path: string) : SafetensorsFiles =
        let full = Files.fullPath operation path

        if Directory.Exists full then ofFolder full
        elif full.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) then ofIndex full
        else { Files = [ full, None ]; Order = None }
