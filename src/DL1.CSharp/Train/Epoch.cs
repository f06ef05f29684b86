using System.Diagnostics;
using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>One epoch of training.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Steps">The steps made since the beginning.</param>
/// <param name="Loss">The loss of the epoch's rows, each before the step that it led to, with the penalty where there is one.</param>
/// <param name="ValidationLoss">The loss on the validation set; null where there is none.</param>
/// <param name="Metrics">
/// The metrics by their names, on the validation set, or on the training set where there is none; before them the named parts of
/// a loss that has some: <c>kl</c> of the epoch's rows, <c>validation kl</c>.
/// </param>
/// <param name="Gradients">The mean norms of the gradients by the paths of their parameters, where they are watched.</param>
/// <param name="Seconds">How long the epoch took.</param>
/// <param name="Rates">
/// The learning rates of the epoch's last step: one named <c>rate</c>, or those of groups of parameters, <c>rate.0</c> and so on.
/// </param>
/// <example><code>double? validationLoss = result.History[0].ValidationLoss;</code></example>
[DebuggerDisplay("{ToString(),nq}")]
public sealed record Epoch(
    int Number, long Steps, double Loss, double? ValidationLoss, Tree<double> Metrics, Tree<double> Gradients, double Seconds,
    Tree<double> Rates)
    : IEpoch
{
    internal static Epoch From(EpochRow row) =>
        new(
            row.Epoch, row.Steps, row.Loss, row.ValidationLoss?.Value, TreeModule.ofList(row.Metrics), row.Gradients,
            row.Seconds, row.Rates);

    internal EpochRow ToRow() =>
        new(
            Number, Steps, Loss, ValidationLoss is { } loss ? FSharpOption<double>.Some(loss) : null!,
            TreeModule.toList(Metrics), Gradients, Seconds, Rates);

    /// <summary>The learning rate of the epoch's last step; of several groups of parameters that of the first.</summary>
    /// <exception cref="DomainError">The optimizer has no rate.</exception>
    /// <example><code>double[] ratesOfEpochs = [.. result.History.Select(epoch => epoch.Rate)];</code></example>
    public double Rate =>
        Rates.Count > 0
            ? Rates.Values[0]
            : throw new DomainError("Epoch.Rate", "an epoch without a learning rate", "an optimizer that has one", "look at Rates");

    /// <summary>The epoch as a line of text: <c>epoch 3  loss 0.21  validation loss 0.25  accuracy 0.93  1.2 s</c>.</summary>
    /// <example><code>Console.WriteLine(result.History[^1]);</code></example>
    public override string ToString() => History.line(ToRow());
}

/// <summary>What training says of itself while it goes on: after each step, and once more at an epoch's end.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Step">The steps made in it.</param>
/// <param name="Steps">How many steps it has.</param>
/// <param name="Loss">The loss of the last step; at the epoch's end that of the epoch.</param>
/// <param name="Ended">The epoch, where it has just ended; else null.</param>
/// <example><code>new Progress&lt;TrainingProgress&gt;(p => log.Add($"{p.Epoch}: {p.Step} of {p.Steps}"))</code></example>
[DebuggerDisplay("epoch {Epoch}, step {Step} of {Steps}, loss {Loss}")]
public readonly record struct TrainingProgress(int Epoch, int Step, int Steps, double Loss, Epoch? Ended)
{
    /// <summary>The progress with its members, the same on every machine.</summary>
    /// <example><code>Console.WriteLine(progress);</code></example>
    public override string ToString() => InvariantText.Of(nameof(TrainingProgress), PrintMembers);

    /// <summary>
    /// Progress on the terminal: a line that grows with the epoch and ends as the epoch's; a line for each epoch where the output
    /// is redirected.
    /// </summary>
    /// <example><code>model.Fit(train, Losses.CrossEntropy, Optimizers.AdamW(), epochs: 2, progress: TrainingProgress.Console())</code></example>
    public static IProgress<TrainingProgress> Console() => new Told(ProgressModule.console());

    /// <summary>Progress as a line of text for each epoch.</summary>
    /// <param name="write">Called with each line, such as <c>Console.WriteLine</c>.</param>
    /// <example><code>TrainingProgress.Lines(line => log.Add(line))</code></example>
    public static IProgress<TrainingProgress> Lines(Action<string> write) =>
        new Told(ProgressModule.lines(FuncConvert.ToFSharpFunc(write)));

    /// <summary>
    /// Event files in a folder, which TensorBoard opens: <c>tensorboard --logdir runs</c>. Each training has a folder of its own. The
    /// loss of each step is <c>batch/loss</c>; after each epoch come <c>epoch/loss</c>, <c>epoch/validation_loss</c>, the metrics, the
    /// learning rates, the norms of gradients where they are watched, and the seconds. <c>new TensorBoard(folder)</c> writes more.
    /// </summary>
    /// <param name="folder">The folder, which is made where it is not there.</param>
    /// <exception cref="DomainError">The folder cannot be made, or not written to.</exception>
    /// <example><code>var watched = TrainingProgress.TensorBoard(Path.Combine(folder, "first"));</code></example>
    public static IProgress<TrainingProgress> TensorBoard(string folder) => new Told(ProgressModule.tensorBoard(folder));

    /// <summary>Reports progress to several receivers, in their order.</summary>
    /// <param name="ways">The ways.</param>
    /// <example><code>var both = TrainingProgress.All(TrainingProgress.Console(), watched);</code></example>
    public static IProgress<TrainingProgress> All(params IProgress<TrainingProgress>[] ways) => new Several([.. Interop.List(ways)]);

    /// <summary>
    /// A way of telling progress that the core's types give, such as that of a <c>TensorBoard</c> or of a <c>LivePage</c> of DL1.Live.
    /// </summary>
    /// <param name="progress">The receivers.</param>
    /// <example><code>var shown = TrainingProgress.From(board.Progress);</code></example>
    public static IProgress<TrainingProgress> From(Progress progress) => new Told(progress);

    private sealed class Several(IProgress<TrainingProgress>[] ways) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            foreach (var way in ways)
            {
                way.Report(value);
            }
        }
    }

    // The core's way of telling progress, as .NET's. It is told on the thread that trains, in order.
    private sealed class Told(Progress core) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Ended is { } epoch)
            {
                core.Epoch.Invoke(epoch.ToRow());
            }
            else
            {
                core.Step.Invoke(value.Epoch).Invoke(value.Step).Invoke(value.Steps).Invoke(value.Loss);
            }
        }
    }

    // .NET's way of telling progress, as the core's.
    internal static Progress ToCore(IProgress<TrainingProgress> progress)
    {
        var last = default(TrainingProgress);
        return new Progress(
            FuncConvert.FromAction<int, int, int, double>((epoch, step, steps, loss) =>
                progress.Report(last = new TrainingProgress(epoch, step, steps, loss, null))),
            FuncConvert.FromAction<EpochRow>(row =>
                progress.Report(last with { Epoch = row.Epoch, Loss = row.Loss, Ended = DL1.Epoch.From(row) })));
    }
}

/// <summary>What a callback is told after an epoch.</summary>
/// <param name="Epoch">The epoch that has ended.</param>
/// <param name="History">The epochs so far, this one last.</param>
/// <param name="State">A snapshot of the training, taken when it is first asked for.</param>
/// <example><code>OnEpoch: report => report.Epoch.Loss &lt; 0.5 ? Answer.Stop : Answer.Continue</code></example>
[DebuggerDisplay("{Epoch}")]
public sealed record EpochReport(Epoch Epoch, IReadOnlyList<Epoch> History, Lazy<TrainState> State);
