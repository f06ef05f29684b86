namespace DL1.Live

open System
open System.Collections.Generic
open System.IO
open System.Text.Json
open DL1

/// What a live page shows, as it is told by a training and asked for by browsers: for many threads.
[<Sealed>]
type internal LiveState() =
    /// More points than a screen has; beyond it every second one is dropped.
    let most = 2048
    let points = List<struct (int64 * float)>()
    let epochs = List<EpochRow>()
    let pictures = Dictionary<string, struct (int64 * byte[])>()
    let texts = Dictionary<string, string>()
    let mutable stride, since = 1, 0
    let mutable version = 0L
    let mutable place = struct (0, 0, 0)
    let mutable status = "waiting"

    let changed () = version <- version + 1L

    let number (json: Utf8JsonWriter) (name: string) (value: float) =
        if Double.IsFinite value then
            json.WriteNumber(name, value)
        else
            json.WriteNull name

    let item (json: Utf8JsonWriter) (value: float) =
        if Double.IsFinite value then
            json.WriteNumberValue value
        else
            json.WriteNullValue()

    let named (json: Utf8JsonWriter) (name: string) (values: (string * float) seq) =
        json.WriteStartObject name

        for key, value in values do
            number json key value

        json.WriteEndObject()

    let epoch (json: Utf8JsonWriter) (row: EpochRow) =
        json.WriteStartObject()
        json.WriteNumber("epoch", row.Epoch)
        json.WriteNumber("steps", row.Steps)
        number json "loss" row.Loss
        row.ValidationLoss |> Option.iter (number json "validation")
        // A name that is there twice would be lost.
        named json "metrics" (row.Metrics |> List.distinctBy fst)
        named json "rates" (Tree.toList row.Rates)
        named json "gradients" (Tree.toList row.Gradients)
        number json "seconds" row.Seconds
        json.WriteEndObject()

    /// A step was made: the epoch, the steps made in it, how many it has, and the loss.
    member _.Step(number: int, step: int, steps: int, loss: float) : unit =
        lock points (fun () ->
            place <- struct (number, step, steps)
            status <- "training"
            since <- since + 1

            if since >= stride then
                since <- 0
                points.Add(struct (int64 (number - 1) * int64 steps + int64 step, loss))

                if points.Count >= most then
                    let half = [| for i in 0..2 .. points.Count - 1 -> points[i] |]
                    points.Clear()
                    points.AddRange half
                    stride <- 2 * stride

            changed ())

    /// An epoch has ended.
    member _.Epoch(row: EpochRow) : unit =
        lock points (fun () ->
            epochs.Add row
            changed ())

    /// A picture as the bytes of a PNG file, in the place of one of the same name.
    member _.Picture(name: string, png: byte[]) : unit =
        lock points (fun () ->
            changed ()
            pictures[name] <- struct (version, png))

    /// A text, in the place of one of the same name.
    member _.Text(name: string, text: string) : unit =
        lock points (fun () ->
            texts[name] <- text
            changed ())

    /// What the training is doing, in a word.
    member _.Status
        with set (value: string) =
            lock points (fun () ->
                status <- value
                changed ())

    /// The bytes of a picture by its name.
    member _.TryPicture(name: string) : byte[] voption =
        lock points (fun () ->
            match pictures.TryGetValue name with
            | true, struct (_, png) -> ValueSome png
            | false, _ -> ValueNone)

    /// All of it as JSON; the version alone where nothing has changed since one.
    member _.Json(known: int64) : byte[] =
        use memory = new MemoryStream()

        (use json = new Utf8JsonWriter(memory)

         lock points (fun () ->
             json.WriteStartObject()
             json.WriteNumber("version", version)

             if known <> version then
                 let struct (number, step, steps) = place
                 json.WriteString("status", status)
                 json.WriteNumber("epoch", number)
                 json.WriteNumber("step", step)
                 json.WriteNumber("steps", steps)
                 json.WriteStartArray "points"

                 for struct (at, loss) in points do
                     json.WriteStartArray()
                     json.WriteNumberValue at
                     item json loss
                     json.WriteEndArray()

                 json.WriteEndArray()
                 json.WriteStartArray "epochs"

                 for row in epochs do
                     epoch json row

                 json.WriteEndArray()
                 json.WriteStartArray "pictures"

                 for entry in pictures do
                     let struct (version, _) = entry.Value
                     json.WriteStartObject()
                     json.WriteString("name", entry.Key)
                     json.WriteNumber("version", version)
                     json.WriteEndObject()

                 json.WriteEndArray()
                 json.WriteStartObject "texts"

                 for entry in texts do
                     json.WriteString(entry.Key, entry.Value)

                 json.WriteEndObject()

             json.WriteEndObject()))

        memory.ToArray()
