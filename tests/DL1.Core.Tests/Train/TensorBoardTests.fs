/// TensorBoard's event files, read back by a reader of the tests' own.
module DL1.Tests.TensorBoardTests

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.EventReader
open DL1.Tests.Learners
open Expecto

let private inFolder (use': string -> 'a) : 'a =
    let folder = Directory.CreateTempSubdirectory().FullName

    try
        use' folder
    finally
        Directory.Delete(folder, true)

let private time = DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero).AddTicks 2500000L

/// The values that a board writes.
let private written (write: TensorBoard -> unit) =
    inFolder (fun folder ->
        write (TensorBoard(folder, fun () -> time))
        let events = ofFolder folder

        for event in events do
            Expect.equal (number 1 event) 1796040000.25 "the time"

        events)

let private tagged tag (events: byte[] list) =
    values events |> List.choose (fun (t, step, value) -> if t = tag then Some(step, value) else None)

/// A PNG file of 3 by 2 points, as far as its header goes.
let private png =
    Array.concat
        [
            [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |]
            [| 0uy; 0uy; 0uy; 13uy |]
            Encoding.ASCII.GetBytes "IHDR"
            [| 0uy; 0uy; 0uy; 3uy; 0uy; 0uy; 0uy; 2uy; 8uy; 6uy; 0uy; 0uy; 0uy; 1uy; 2uy; 3uy; 4uy; 9uy |]
        ]

let private framing =
    [
        test "checksums are those of RFC 3720, masked" {
            Expect.equal (crc32c (Encoding.ASCII.GetBytes "123456789")) 0xE3069283u "the reader's check value"
            Expect.equal (crc32c (Array.zeroCreate 32)) 0x8A9136AAu "zeros, of the RFC"
        }
        Law.law "the writer's checksum is the reader's" (fun (bytes: byte[]) ->
            EventRecord.checksum (ReadOnlySpan bytes) = masked bytes)
        Law.law "records are read back" (fun (found: byte[] list) ->
            use stream = new MemoryStream()

            for record in found do
                EventRecord.write stream (ReadOnlyMemory record)

            records (stream.ToArray()) = found)
        test "a file begins with its version" {
            let events = written ignore
            Expect.equal (events |> List.map (text 3)) [ "brain.Event:2" ] "version"
        }
    ]

let private contents =
    [
        test "a number is a float of its tag and step" {
            let events = written (fun board -> board.Scalar("loss", 7L, 0.25))
            let step, value = tagged "loss" events |> List.exactlyOne
            Expect.equal (step, number 2 value) (7L, 0.25) ""
        }
        Law.law "a histogram counts all that is finite, each in its bucket" (fun (numbers: float list) ->
            let finite = numbers |> List.filter Double.IsFinite

            let events =
                written (fun board -> board.Histogram("h", 1L, Tensor.vector (numbers @ [ nan; infinity ])))

            let _, value = tagged "h" events |> List.exactlyOne
            let h = part 5 value
            let limits, counts = doubles 6 h, doubles 7 h
            let below = Array.append [| Double.NegativeInfinity |] limits

            number 3 h = float finite.Length
            && limits.Length = counts.Length
            && Array.sort limits = limits
            && counts
               |> Array.indexed
               |> Array.forall (fun (i, count) ->
                   // The largest limit counts what lies on it, too.
                   let isIn x = below[i] <= x && (x < limits[i] || limits[i] = Double.MaxValue)

                   count = float (finite |> List.filter isIn |> List.length)
                   || i = 0 && count = float (finite |> List.filter (fun x -> x < limits[0]) |> List.length)))
        test "a histogram has the moments of its numbers" {
            let events =
                written (fun board -> board.Histogram("h", 1L, Tensor.vector [ -1.0; 0.5; 2.0; nan ]))

            let h = part 5 (snd (tagged "h" events |> List.exactlyOne))

            Expect.equal
                [ for i in 1..5 -> number i h ]
                [ -1.0; 2.0; 3.0; 1.5; 5.25 ]
                "min, max, count, sum, squares"
        }
        test "a picture has its extents and bytes" {
            let events = written (fun board -> board.Image("grid", 2L, png))
            let step, value = tagged "grid" events |> List.exactlyOne
            let image = part 4 value

            Expect.equal
                (step, [ for i in 1..3 -> number i image ])
                (2L, [ 2.0; 3.0; 4.0 ])
                "height, width, channels"

            Expect.equal (part 4 image) png "bytes"
        }
        test "a text is a tensor of strings of the text plugin" {
            let events = written (fun board -> board.Text("notes", 1L, "**bold** and ñ"))
            let _, value = tagged "notes" events |> List.exactlyOne
            Expect.equal (value |> part 9 |> part 1 |> text 1) "text" "plugin"
            let tensor = part 8 value
            Expect.equal (number 1 tensor) 7.0 "DT_STRING"
            Expect.equal (text 8 tensor) "**bold** and ñ" "the text"
        }
        test "hyper-parameters are hparams records of an experiment and a session" {
            let events =
                written (fun board ->
                    board.Hyperparameters(
                        [ "rate", HyperValue.Number 0.01; "optimizer", HyperValue.Word "adam" ],
                        [ "epoch/validation_loss" ]
                    )

                    board.Ended true)

            let content tag =
                let _, value = tagged tag events |> List.exactlyOne
                let plugin = value |> part 9 |> part 1
                Expect.equal (text 1 plugin) "hparams" "plugin"
                part 2 plugin

            let experiment = content "_hparams_/experiment" |> part 2
            let infos = parts 4 experiment |> List.map (fun info -> text 1 info, number 4 info)
            Expect.equal infos [ "rate", 3.0; "optimizer", 1.0 ] "names and types"

            Expect.equal
                (parts 5 experiment |> List.map (part 1 >> text 2))
                [ "epoch/validation_loss" ]
                "metrics"

            let session = content "_hparams_/session_start_info" |> part 3
            let entries = parts 1 session |> List.map (fun e -> text 1 e, part 2 e)
            Expect.equal (entries |> List.map fst) [ "rate"; "optimizer" ] "values by name"
            Expect.equal (number 2 (snd entries[0])) 0.01 "a number"
            Expect.equal (text 3 (snd entries[1])) "adam" "a word"
            Expect.equal (number 5 session) 1796040000.25 "the start"
            let ended = content "_hparams_/session_end_info" |> part 4
            Expect.equal (number 1 ended, number 2 ended) (1.0, 1796040000.25) "success and its time"
        }
        test "a graph has a node for each operation, under its layer, with operands, types and shapes" {
            let x = Expr.variable "x" DType.F32 [ 4; 3 ]

            let parameters, state =
                Layer.initAs DType.F32 (Key.ofSeed 1L) x (Dense.linear 2 => Activation.relu)

            let ps = Tree.map Expr.constant parameters
            let states = Tree.map Expr.constant state
            let y, _ = Layer.apply Mode.Inference ps states (Dense.linear 2 => Activation.relu) x
            let events = written (fun board -> board.Graph [ y ])
            let graph = events |> List.collect (parts 4) |> List.exactlyOne
            let nodes = parts 1 graph
            let names = nodes |> List.map (text 1)
            Expect.equal names.Length (Graph.topological [ y ]).Length "a node each"
            Expect.equal (List.distinct names) names "names of their own"
            Expect.contains names "x" "the input"

            Expect.isTrue
                (names |> List.exists (fun n -> n.StartsWith "0/Linear"))
                $"under its layer: {names}"

            for node in nodes do
                Expect.all (texts 3 node) (fun operand -> List.contains operand names) "operands are nodes"

            let input = nodes |> List.find (fun n -> text 1 n = "x")
            Expect.equal (text 2 input) "Placeholder" "an input"
            let attributes = parts 5 input |> List.map (fun a -> text 1 a, part 2 a) |> dict
            Expect.equal (number 6 attributes["dtype"]) 1.0 "DT_FLOAT"
            let extents = attributes["_output_shapes"] |> part 1 |> part 7 |> parts 2 |> List.map (number 1)
            Expect.equal extents [ 4.0; 3.0 ] "shape"
        }
    ]

let private refusals =
    [
        test "what cannot be written is refused" {
            inFolder (fun folder ->
                let board = TensorBoard folder
                let refused (what: string) f = Expect.throwsT<DomainError> f what
                refused "no tag" (fun () -> board.Scalar(" ", 1L, 1.0))
                refused "no roots" (fun () -> board.Graph [])

                refused "a name twice" (fun () ->
                    board.Hyperparameters([ "a", HyperValue.Number 1.0; "a", HyperValue.Number 2.0 ], []))

                refused "no folder" (fun () -> TensorBoard "" |> ignore)
                let file = Path.Combine(folder, "file")
                File.WriteAllText(file, "")
                refused "under a file" (fun () -> TensorBoard(Path.Combine(file, "runs")) |> ignore)

                for bytes in [ [||]; png[..20]; Array.append [| 0uy |] png ] do
                    Expect.throwsT<FormatError> (fun () -> board.Image("i", 1L, bytes)) "no PNG")
        }
    ]

let private training =
    [
        test "a training writes its steps and epochs" {
            inFolder (fun folder ->
                let board = TensorBoard folder

                let options =
                    { Fit.options (Key.ofSeed 1L) with
                        Epochs = 2
                        Batch = Batches.ofSize 12
                        Validation = Some(clouds 4L 9)
                        Metrics = [ Metric.accuracy ]
                        WatchesGradients = true
                        Progress = board.Progress
                        Callbacks = [ board.Histograms ]
                    }

                let fitted = Fit.run options learner (clouds 3L 32)
                let events = ofFolder folder
                let scalars tag = tagged tag events |> List.map (fun (step, value) -> step, number 2 value)
                Expect.equal (scalars "batch/loss" |> List.map fst) [ 1L .. 6L ] "a loss for each step"
                let rounded = float32 >> float
                let epochs pick = fitted.History |> List.map (fun row -> row.Steps, rounded (pick row))
                Expect.equal (scalars "epoch/loss") (epochs _.Loss) "losses"

                Expect.equal
                    (scalars "epoch/validation_loss")
                    (epochs (fun row -> Option.defaultValue nan row.ValidationLoss))
                    "validation"

                Expect.equal (scalars "epoch/accuracy") (epochs (fun row -> snd row.Metrics.Head)) "a metric"
                Expect.equal (scalars "rate/rate") (epochs (fun row -> row.Rates["rate"])) "rates"

                for path in Tree.paths fitted.Trained.Parameters do
                    Expect.equal
                        (scalars $"gradient/{path}")
                        (epochs (fun row -> row.Gradients[path]))
                        "gradients"

                    Expect.equal (tagged $"parameter/{path}" events).Length 2 "histograms")
        }
        test "several ways are told each, and bits stay" {
            inFolder (fun folder ->
                let mutable lines: string list = []

                let progress =
                    Progress.all
                        [ Progress.tensorBoard folder; Progress.lines (fun l -> lines <- l :: lines) ]

                let options = { Fit.options (Key.ofSeed 1L) with Epochs = 2 }
                let told = Fit.run { options with Progress = progress } learner (clouds 3L 32)
                let quiet = Fit.run options learner (clouds 3L 32)
                Expect.equal lines.Length 2 "lines"
                Expect.equal (tagged "epoch/loss" (ofFolder folder)).Length 2 "events"
                Expect.isTrue (sameState told.State quiet.State) "bits")
        }
    ]

let tests =
    testList
        "TensorBoard"
        [
            testList "framing" framing
            testList "contents" contents
            testList "refusals" refusals
            testList "training" training
        ]
