namespace DL1

open System
open System.Diagnostics
open System.IO
open System.Threading

/// A training in TensorBoard's event files: `tensorboard --logdir runs` opens the folder above. Each call appends to one file of
/// the folder; events of steps are written within a second, all others at once, and no file stays open. For many threads.
///
/// <example><code>
/// let board = TensorBoard "runs/first"
/// board.Hyperparameters([ "rate", HyperValue.Number 0.01 ], [ "epoch/validation_loss" ])
/// let fitted = Fit.run { options with Progress = board.Progress; Callbacks = [ board.Histograms ] } learner train
/// </code></example>
[<Sealed; DebuggerDisplay("{Path}"); StructuredFormatDisplay("{Display}")>]
type TensorBoard internal (folder: string, clock: unit -> DateTimeOffset) =
    static let mutable files = 0
    let operation = "TensorBoard"

    let secondsOf (time: DateTimeOffset) =
        float (time - DateTimeOffset.UnixEpoch).Ticks / float TimeSpan.TicksPerSecond

    let path =
        if String.IsNullOrWhiteSpace folder then
            Refuse.domain operation "an empty path" "the path of a folder" "give a folder for each training"

        let number = Interlocked.Increment &files
        let seconds = (clock ()).ToUnixTimeSeconds()

        Files.writing operation folder (fun () ->
            Directory.CreateDirectory folder |> ignore

            Path.Combine(
                Path.GetFullPath folder,
                $"events.out.tfevents.%010d{seconds}.dl1.%d{Environment.ProcessId}.%d{number}"
            ))

    let waiting = new MemoryStream()
    let mutable written = Stopwatch.GetTimestamp()

    let flush () =
        if waiting.Length > 0L then
            Files.writing operation path (fun () ->
                // TensorBoard reads while the file grows.
                use file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)
                file.Write(waiting.GetBuffer(), 0, int waiting.Length))

            waiting.SetLength 0L

        written <- Stopwatch.GetTimestamp()

    let add (step: int64) (content: WireWriter -> unit) =
        EventRecord.write waiting (EventValue.event (secondsOf (clock ())) step content)

    let append (step: int64) (content: WireWriter -> unit) =
        lock waiting (fun () ->
            add step content
            flush ())

    let requireTag (tag: string) =
        if String.IsNullOrWhiteSpace tag then
            Refuse.domain operation "an empty tag" "a name, such as epoch/loss" "name what is shown"

    do append 0L EventValue.version

    /// A new event file in a folder, which is made where it is not there. A folder that cannot be made is a `DomainError`.
    new(folder: string) = TensorBoard(folder, (fun () -> DateTimeOffset.UtcNow))

    /// The event file.
    member _.Path: string = path

    /// A number of a step: a point of the curve `tag`. What stands before a `/` in tags makes groups.
    member _.Scalar(tag: string, step: int64, value: float) : unit =
        requireTag tag
        append step (EventValue.scalar tag value)

    /// How the elements of a tensor are spread. Elements that are NaN or infinite are not counted.
    member _.Histogram(tag: string, step: int64, values: Tensor) : unit =
        requireTag tag
        append step (EventValue.histogram tag (Tensor.toFloats values))

    /// A picture, as the bytes of a PNG file; others are a `FormatError`. A figure of DL1.Pictures gives them by `Png`.
    member _.Image(tag: string, step: int64, png: byte[]) : unit =
        requireTag tag
        append step (EventValue.image "TensorBoard.Image" tag png)

    /// A text, which TensorBoard reads as Markdown.
    member _.Text(tag: string, step: int64, markdown: string) : unit =
        requireTag tag
        append step (EventValue.text tag markdown)

    /// The graph of some results, with a box for each layer.
    member _.Graph(outputs: Expr seq) : unit =
        let roots = List.ofSeq outputs

        if roots.IsEmpty then
            Refuse.domain
                operation
                "a graph without results"
                "one expression at least"
                "give the loss or the outputs"

        append 0L (EventValue.graph roots)

    /// The hyper-parameters of this training, and the tags of the numbers that trainings are compared by in the tab HParams, such
    /// as `epoch/validation_loss`. A name that is there twice or is empty is a `DomainError`.
    member _.Hyperparameters(values: (string * HyperValue) seq, metrics: string seq) : unit =
        let values, metrics = List.ofSeq values, List.ofSeq metrics

        for name, _ in values do
            if
                String.IsNullOrWhiteSpace name || (values |> List.filter (fun (n, _) -> n = name)).Length > 1
            then
                Refuse.domain
                    "TensorBoard.Hyperparameters"
                    $"the name '{name}', empty or twice"
                    "a name of its own for each hyper-parameter"
                    "name each of them once"

        lock waiting (fun () ->
            add 0L (EventValue.experiment values metrics)
            add 0L (EventValue.session (secondsOf (clock ())) values)
            flush ())

    /// Says that this training has ended, for the tab HParams: that it succeeded, or not.
    member _.Ended(succeeded: bool) : unit = append 0L (EventValue.ended (secondsOf (clock ())) succeeded)

    /// Progress of a training, as `Progress.tensorBoard` writes it.
    member _.Progress: Progress =
        {
            Step =
                fun epoch step steps loss ->
                    lock waiting (fun () ->
                        add
                            (int64 (epoch - 1) * int64 steps + int64 step)
                            (EventValue.scalar "batch/loss" loss)

                        if
                            waiting.Length > 65536L || (Stopwatch.GetElapsedTime written).TotalSeconds >= 1.0
                        then
                            flush ())
            Epoch =
                fun row ->
                    lock waiting (fun () ->
                        let scalar tag value = add row.Steps (EventValue.scalar tag value)
                        scalar "epoch/loss" row.Loss
                        Option.iter (scalar "epoch/validation_loss") row.ValidationLoss

                        for name, value in row.Metrics do
                            scalar $"epoch/%s{name}" value

                        for name, value in Tree.toList row.Rates do
                            scalar $"rate/%s{name}" value

                        for path, norm in Tree.toList row.Gradients do
                            scalar $"gradient/%s{path}" norm

                        scalar "epoch/seconds" row.Seconds
                        flush ())
        }

    /// A callback of training that writes a histogram of each parameter after each epoch.
    member this.Histograms: EpochEnd -> Answer =
        fun told ->
            for path, values in Tree.toList told.State.Value.Parameters do
                this.Histogram($"parameter/%s{path}", told.Row.Steps, values)

            Answer.Continue

    /// The event file.
    override _.ToString() = path
    member internal this.Display = this.ToString()
