using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using DL1.Live;
using DL1.Pictures;
using Microsoft.Extensions.Logging;

namespace DL1.CSharp.Tests;

/// <summary>The live page of a training: asked by a client, and opened in headless Chromium where there is one.</summary>
public sealed class LivePageTests : IDisposable
{
    private readonly LivePage page = LivePage.Open();
    private readonly HttpClient client = new();
    private static readonly Dataset Train = Datasets.Iris().Take(60);
    private static readonly Layer<Expr, Expr> Model = Layers.Linear(3);

    public void Dispose()
    {
        client.Dispose();
        page.Dispose();
    }

    private Learner Learner => Model.Learner(Losses.CrossEntropy, Optimizers.Adam(1e-2));

    private async Task<JsonElement> State(int since = -1) =>
        await client.GetFromJsonAsync<JsonElement>($"{page.Address}/state?since={since}");

    private TrainingResult Trained(int epochs) =>
        Learner.Fit(
            Train,
            new TrainingOptions(
                Epochs: epochs, BatchSize: 20, Validation: Train, Metrics: [Metrics.Accuracy], WatchGradients: true,
                Progress: TrainingProgress.From(page.Progress), OnEpoch: report =>
                {
                    page.ShowPredictions(Learner, Train, report.State.Value);
                    return Answer.Continue;
                }),
            page.Stopping);

    private static string StopKey(string html) => System.Text.RegularExpressions.Regex.Match(html, "'X-Stop-Key': '([0-9A-F]{32})'").Groups[1].Value;

    [Fact]
    public async Task ItShowsWhatATrainingTells()
    {
        Assert.Equal("waiting", (await State()).GetProperty("status").GetString());
        var result = Trained(3);
        var state = await State();
        Assert.Equal("training", state.GetProperty("status").GetString());
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9], state.GetProperty("points").EnumerateArray().Select(p => p[0].GetInt64()));
        var epochs = state.GetProperty("epochs").EnumerateArray().ToList();
        Assert.Equal(result.History.Select(e => e.Loss), epochs.Select(e => e.GetProperty("loss").GetDouble()));
        Assert.Equal(result.History.Select(e => e.ValidationLoss!.Value), epochs.Select(e => e.GetProperty("validation").GetDouble()));
        Assert.Equal(result.History.Select(e => e.Metrics["accuracy"]), epochs.Select(e => e.GetProperty("metrics").GetProperty("accuracy").GetDouble()));
        Assert.Equal(result.History.Select(e => e.Rate), epochs.Select(e => e.GetProperty("rates").GetProperty("rate").GetDouble()));
        Assert.Equal(result.History.Select(e => e.Gradients["weight"]), epochs.Select(e => e.GetProperty("gradients").GetProperty("weight").GetDouble()));
        Assert.Contains("row 11  targets: 0", state.GetProperty("texts").GetProperty("Predictions").GetString());
        Assert.DoesNotContain("row 12", state.GetProperty("texts").GetProperty("Predictions").GetString());

        page.Ended(FitEnd.Finished);
        Assert.Equal("finished", (await State()).GetProperty("status").GetString());

        var version = (await State()).GetProperty("version").GetInt32();
        Assert.Equal(["version"], (await State(version)).EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public async Task LongTrainingsKeepAFewThousandPoints_AndLossesThatAreNoNumbersAreGaps()
    {
        for (var i = 1; i <= 10_000; i++)
            page.Progress.Step.Invoke(1).Invoke(i).Invoke(10_000).Invoke(i == 10_000 ? double.NaN : 1.0 / i);
        var points = (await State()).GetProperty("points").EnumerateArray().ToList();
        Assert.InRange(points.Count, 1000, 2048);
        Assert.Equal(points.Count, points.Select(p => p[0].GetInt64()).Distinct().Count());
        Assert.All(points, p => Assert.True(p[1].ValueKind == JsonValueKind.Null || p[1].GetDouble() == 1.0 / p[0].GetInt64()));
    }

    [Fact]
    public async Task PicturesAndTextsAreShownByTheirNames()
    {
        var png = Plot.Titled("Loss").Line("loss", [1, 2, 3], [3, 2, 1]).Png(400, 300);
        page.Picture("a curve", png);
        page.Text("notes", "<b>no markup</b>");
        var state = await State();
        Assert.Equal("a curve", state.GetProperty("pictures")[0].GetProperty("name").GetString());
        Assert.Equal("<b>no markup</b>", state.GetProperty("texts").GetProperty("notes").GetString());
        var response = await client.GetAsync($"{page.Address}/picture?name=a%20curve");
        Assert.Equal("image/png", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(png, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"{page.Address}/picture?name=none")).StatusCode);
        Assert.Throws<FormatError>(() => page.Picture("text", [1, 2, 3]));
    }

    [Fact]
    public async Task TheStopButtonEndsTheTrainingAfterAStep_AndOnlyThePageCanPressIt()
    {
        var html = await client.GetStringAsync(page.Address);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync($"{page.Address}/stop", null)).StatusCode);
        Assert.False(page.Stopping.IsCancellationRequested);

        var steps = 0;
        var progress = new Heard(told =>
        {
            if (told.Ended is null && ++steps == 4)
            {
                var request = new HttpRequestMessage(HttpMethod.Post, $"{page.Address}/stop");
                request.Headers.Add("X-Stop-Key", StopKey(html));
                Assert.Equal(HttpStatusCode.OK, client.Send(request).StatusCode);
            }
        });
        var result = Learner.Fit(
            Train, new TrainingOptions(Epochs: 100, BatchSize: 20, Progress: TrainingProgress.All(TrainingProgress.From(page.Progress), progress)), page.Stopping);
        Assert.Equal(TrainingEnd.Cancelled, result.End);
        Assert.Equal(4, result.State.Steps);
        Assert.Equal("stopping", (await State()).GetProperty("status").GetString());
    }

    private sealed class Heard(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }

    [Fact]
    public async Task OptionsOfTheCoreAreWatched()
    {
        var options = page.Watch(Fit.options(Key.OfSeed(1)));
        var fitted = Fit.run(options, Learner, Train);
        Assert.Equal(10, fitted.History.Length);
        Assert.Equal(10, (await State()).GetProperty("epochs").GetArrayLength());
        Assert.Equal(page.Stopping, options.Cancellation);
    }

    [Fact]
    public async Task OtherSitesAndMachinesAreKeptOut()
    {
        Assert.StartsWith("http://127.0.0.1:", page.Address);
        var port = new Uri(page.Address).Port;

        // Another site whose name points to this machine (DNS rebinding).
        var request = new HttpRequestMessage(HttpMethod.Get, page.Address);
        request.Headers.Host = $"attacker.example:{port}";
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(request)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"http://localhost:{port}/")).StatusCode);

        // Nothing listens on other addresses of this machine.
        foreach (var address in Dns.GetHostAddresses(Dns.GetHostName()).Where(a => !IPAddress.IsLoopback(a)))
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            Assert.Throws<SocketException>(() => socket.Connect(address, port));
        }

        var response = await client.GetAsync(page.Address);
        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
        var html = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("{{", html);
        Assert.DoesNotContain("src=\"http", html);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"{page.Address}/etc/passwd")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await client.DeleteAsync($"{page.Address}/state")).StatusCode);
    }

    [Fact]
    public async Task OnOtherAddressesATokenIsAskedFor()
    {
        const string token = "0123456789abcdef";
        using var open = LivePage.OpenTo("0.0.0.0", 0, token);
        var port = new Uri(open.Address.Replace("0.0.0.0", "127.0.0.1")).Port;
        Assert.EndsWith($"/?token={token}", open.Address);
        foreach (var path in new[] { "", "state", "picture?name=a" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync($"http://127.0.0.1:{port}/{path}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync($"http://127.0.0.1:{port}/?token=0123456789abcdeF")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync($"http://127.0.0.1:{port}/stop", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"http://127.0.0.1:{port}/?token={token}")).StatusCode);
        var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/state");
        request.Headers.Authorization = new("Bearer", token);
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(request)).StatusCode);

        Assert.Throws<DomainError>(() => LivePage.OpenTo("0.0.0.0", 0, "short"));
        Assert.Throws<DomainError>(() => LivePage.OpenTo("0.0.0.0", 0, "0123456789 abcdef"));
        Assert.Throws<DomainError>(() => LivePage.OpenTo("somewhere", 0, token));
    }

    [Fact]
    public void PortsThatCannotBeListenedOnAreRefused()
    {
        Assert.Throws<DomainError>(() => LivePage.Open(-1));
        Assert.Throws<DomainError>(() => LivePage.Open(65536));
        var error = Assert.Throws<DomainError>(() => LivePage.Open(new Uri(page.Address).Port));
        Assert.Contains("choose another port", error.Cure);
    }

    [Fact]
    public void AClosedPageAnswersNoMore()
    {
        var other = LivePage.Open();
        var address = other.Address;
        other.Dispose();
        other.Dispose();
        Assert.Throws<HttpRequestException>(() => client.Send(new HttpRequestMessage(HttpMethod.Get, address)));
    }

    [Fact]
    public void EpochsAreLoggedWithTheirNumbers()
    {
        var logger = new Kept();
        Learner.Fit(Train, new TrainingOptions(Epochs: 2, Metrics: [Metrics.Accuracy], Validation: Train, Progress: TrainingProgress.From(TrainingLog.Progress(logger))));
        Assert.Equal(2, logger.Lines.Count);
        Assert.StartsWith("Information Epoch 1: loss ", logger.Lines[0]);
        Assert.Contains("accuracy 0", logger.Lines[0]);
        Assert.Equal(["Epoch", "Loss", "ValidationLoss", "Metrics", "Seconds", "{OriginalFormat}"], logger.Names);
    }

    private sealed class Kept : ILogger
    {
        public List<string> Lines { get; } = [];
        public List<string> Names { get; private set; } = [];
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel level) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> text)
        {
            Lines.Add($"{level} {text(state, error)}");
            Names = [.. ((IReadOnlyList<KeyValuePair<string, object?>>)state!).Select(p => p.Key)];
        }
    }

    /// <summary>The page as a browser has made it after a while: what its script has drawn.</summary>
    private string InBrowser(bool dark, int width)
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            var start = new ProcessStartInfo(BrowserTests.Browser!)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                ArgumentList =
                {
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0", "--no-first-run",
                    "--disable-extensions", "--disable-background-networking", $"--user-data-dir={Path.Combine(folder, "profile")}",
                    $"--blink-settings=preferredColorScheme={(dark ? 0 : 1)}", $"--window-size={width},900",
                    "--virtual-time-budget=5000", "--dump-dom", page.Address,
                },
            };
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(300_000))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail("The browser did not end within five minutes.");
            }

            // What a page is refused by its own policy, and what its script throws, stands in the log.
            Assert.DoesNotContain("Content Security Policy", errors.Result);
            Assert.DoesNotContain("Uncaught", errors.Result);
            return output.Result;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [BrowserTheory]
    [InlineData(false, 1200)]
    [InlineData(true, 500)]
    public void ABrowserDrawsIt(bool dark, int width)
    {
        Trained(4);
        page.Picture("a picture", Plot.Titled("Loss").Line("loss", [1, 2, 3], [3, 2, 1]).Png(400, 300));
        page.Text("notes", "<b>no markup</b>");
        var dom = InBrowser(dark, width);
        foreach (var name in new[] { "Loss by step", "Loss by epoch", "accuracy", "Learning rate", "Gradient of weight", "Gradient of bias", "Predictions", "a picture", "notes" })
            Assert.Contains($"<section data-name=\"{name}\">", dom);
        Assert.Contains("training: epoch 4, step 3 of 3", dom);
        Assert.Contains("aria-label=\"Loss by epoch, last training ", dom);
        Assert.Contains("&lt;b&gt;no markup&lt;/b&gt;", dom);
        Assert.Contains("<button id=\"stop\" type=\"button\">Stop</button>", dom);
        Assert.DoesNotContain("NaN", dom[dom.IndexOf("<main", StringComparison.Ordinal)..dom.IndexOf("</main>", StringComparison.Ordinal)]);
    }
}
