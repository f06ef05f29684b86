namespace DL1.Live

open System
open System.Collections.Concurrent
open System.Diagnostics
open System.Globalization
open System.Net
open System.Runtime.InteropServices
open System.Threading
open DL1

/// A page in the browser that shows a training while it goes on: curves of the losses and the metrics, learning rates, norms of
/// gradients, predictions, pictures, and a button that stops it after the step that is being made. It is one page without anything
/// from outside, on this machine alone unless `OpenTo` is asked.
///
/// <example><code>
/// use page = LivePage.Open 5000
/// printfn $"{page.Address}"
/// let fitted = Fit.run (page.Watch options) learner train
/// </code></example>
[<Sealed; DebuggerDisplay("{Address}"); StructuredFormatDisplay("{Display}")>]
type LivePage private (address: IPAddress, port: int, token: string) =
    static let operation = "LivePage.Open"
    let state = LiveState()
    let stop = new CancellationTokenSource()
    /// What is cancelled by the stop button or by the options of a training that is watched.
    let linked = ConcurrentBag<CancellationTokenSource>()

    let stopping () =
        state.Status <- "stopping"
        stop.Cancel()

    let server = LiveServer(address, port, token, state, stopping)
    let mutable isOpen = true

    static let requirePort (port: int) =
        if port < 0 || port > 65535 then
            Refuse.domain
                operation
                $"port %d{port}"
                "a port from 0 to 65535"
                "5000 is usual; 0 takes any that is free"

    static let number (value: float) = value.ToString("G4", CultureInfo.InvariantCulture)

    /// The numbers of one row, some of them.
    static let row (t: Tensor) (index: int) : string =
        let width = t.Size / max 1 t.Shape[0]
        let values = Tensor.toFloats t

        let shown =
            [ for i in 0 .. min width 10 - 1 -> number values[index * width + i] ] |> String.concat " "

        if width > 10 then shown + " ..." else shown

    /// Opens a page on this machine, at `http://127.0.0.1` and a port; 0 takes any that is free, which `Address` tells. Other
    /// machines cannot reach it. A port that another program listens on is a `DomainError`.
    static member Open([<Optional; DefaultParameterValue(0)>] port: int) : LivePage =
        requirePort port
        new LivePage(IPAddress.Loopback, port, "")

    /// Opens a page that other machines can reach: on an address of this machine (`0.0.0.0` for all of them), to those who know a
    /// token of 16 characters or more. The page is not encrypted: put it behind a proxy that is, or into a network that you trust.
    /// What is no address of this machine, and a shorter token, is a `DomainError`.
    static member OpenTo(address: string, port: int, token: string) : LivePage =
        requirePort port

        let isPlain =
            token |> Seq.forall (fun c -> Char.IsAsciiLetterOrDigit c || c = '-' || c = '_' || c = '.')

        if token.Length < 16 || not isPlain then
            Refuse.domain
                "LivePage.OpenTo"
                $"a token of %d{token.Length} characters"
                "16 letters, digits, '-', '_' or '.', at least"
                "make it of random bytes, by Convert.ToHexString(RandomNumberGenerator.GetBytes(16))"

        match IPAddress.TryParse address with
        | true, (NonNull found) -> new LivePage(found, port, token)
        | _ ->
            Refuse.domain
                "LivePage.OpenTo"
                $"the address '{address}'"
                "an address of this machine, such as 192.168.0.5, or 0.0.0.0 for all"
                "give the address in numbers"

    /// Where the page is, with its token where there is one: to be opened in a browser.
    member _.Address: string = if token = "" then server.Url else $"{server.Url}/?token={token}"

    /// What the stop button cancels: the cancellation of a training.
    member _.Stopping: CancellationToken = stop.Token

    /// Progress of a training, as the page shows it.
    member _.Progress: Progress =
        {
            Step = fun epoch step steps loss -> state.Step(epoch, step, steps, loss)
            Epoch = fun row -> state.Epoch row
        }

    /// Options of a training that the page shows and its button stops. What the options report to, and what cancels them, stays.
    member this.Watch(options: FitOptions) : FitOptions =
        { options with
            Progress = Progress.all [ options.Progress; this.Progress ]
            Cancellation =
                if options.Cancellation.CanBeCanceled then
                    let both =
                        CancellationTokenSource.CreateLinkedTokenSource(options.Cancellation, stop.Token)

                    linked.Add both
                    both.Token
                else
                    stop.Token
        }

    /// Shows a picture by its name, in the place of one of that name: the bytes of a PNG file, such as a figure of DL1.Pictures gives
    /// them. Other bytes are a `FormatError`.
    member _.Picture(name: string, png: byte[]) : unit =
        if
            png.Length < 8
            || png[0] <> 0x89uy
            || png[1] <> byte 'P'
            || png[2] <> byte 'N'
            || png[3] <> byte 'G'
        then
            Refuse.format
                "LivePage.Picture"
                $"%d{png.Length} bytes that do not begin as a PNG file does"
                "the bytes of a PNG file"
                "write the picture as PNG"

        state.Picture(name, Array.copy png)

    /// Shows a text by its name, in the place of one of that name.
    member _.Text(name: string, text: string) : unit = state.Text(name, text)

    /// Shows what a model predicts now for some rows, at most 12, beside their targets.
    member _.ShowPredictions(learner: Learner, rows: Dataset, now: TrainState) : unit =
        let rows = Dataset.truncate 12 rows

        let outputs =
            (Trained.createOf learner.Network now.Parameters now.State).PredictNamed(rows.NamedInputs, 256)

        let lines =
            [
                for i in 0 .. rows.Count - 1 do
                    for path, target in Tree.toList rows.NamedTargets do
                        $"row %d{i}  {path}: {row target i}"

                    for path, output in Tree.toList outputs do
                        if output.Rank > 0 && output.Shape[0] = rows.Count then
                            $"       {path}: {row output i}"
            ]

        state.Text("Predictions", String.concat "\n" lines)

    /// A callback of training that shows predictions for some rows after each epoch.
    member this.Predictions (learner: Learner) (rows: Dataset) : EpochEnd -> Answer =
        fun told ->
            this.ShowPredictions(learner, rows, told.State.Value)
            Answer.Continue

    /// Says on the page that the training has ended.
    member _.Ended(how: FitEnd) : unit = state.Status <- (string how).ToLowerInvariant()

    /// Closes the page.
    member _.Dispose() : unit =
        if isOpen then
            isOpen <- false
            server.Close()

            for source in linked do
                source.Dispose()

            stop.Dispose()

    interface IDisposable with
        member this.Dispose() = this.Dispose()

    /// The page's address.
    override this.ToString() = this.Address
    member internal this.Display = this.ToString()
