using System.Diagnostics;
using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>
/// How to train, as one value: <c>new TrainingOptions(Epochs: 20, Validation: test)</c>, changed by <c>with</c>.
/// </summary>
/// <param name="Epochs">How many epochs there are in all, those before a checkpoint counted.</param>
/// <param name="BatchSize">Rows in a batch.</param>
/// <param name="Shuffle">Whether rows come in random order, another one in each epoch.</param>
/// <param name="DropLast">Whether a last batch that is smaller is left out.</param>
/// <param name="Seed">What parameters, the order of rows and dropout are drawn from.</param>
/// <param name="Key">A key in the place of the seed.</param>
/// <param name="Validation">Rows that are measured after each epoch and never learnt from: a data set, or any source.</param>
/// <param name="Metrics">What is measured after each epoch, on the validation set where there is one.</param>
/// <param name="EarlyStopping">When to stop before the last epoch: <c>EarlyStopping.After(5)</c>.</param>
/// <param name="OnEpoch">Called after each epoch; <c>Answer.Stop</c> ends the training.</param>
/// <param name="Progress">Told after each step and each epoch.</param>
/// <param name="WatchGradients">Whether the norms of gradients are kept in the history.</param>
/// <param name="SavePath">Where checkpoints go.</param>
/// <param name="SaveEvery">Epochs from one checkpoint to the next; the last epoch is always written.</param>
/// <param name="Resume">The checkpoint to go on from, to the same bits as if there had been no break.</param>
/// <param name="Start">Parameters and state to begin with, in the place of drawn ones: for fine-tuning.</param>
/// <param name="Plateau">When the learning rate is lowered: <c>Plateau.After(3, factor: 0.5)</c>.</param>
/// <param name="UseAverage">
/// Whether the average of the parameters that the optimizer keeps (<c>Averaged</c>, <c>AveragedFrom</c>, ASGD) is what is measured, what
/// early stopping keeps, and what the trained model has.
/// </param>
/// <param name="Shards">
/// Into how many runs of neighbouring rows each batch is cut: part of what is trained, like the batch size. Several need the memory of a
/// part, and are what ranks share out: <c>FitOptions.Shards</c>.
/// </param>
/// <param name="Ranks">Who trains together: one rank unless given, or those of <c>Ranks.Threads</c> or <c>Mpi.Start()</c>. The bits do not depend on them.</param>
/// <param name="SaveSteps">Steps from one checkpoint to the next, beside those after epochs; none within epochs unless given.</param>
/// <param name="Prefetch">
/// How many batches are made ahead of the steps, on how many threads: one on one thread, unless given. Results do not depend on it.
/// </param>
/// <param name="Blocks">
/// Where rows are shuffled: whether neighbours stay near one another, for sources on slow disks, <c>new BlockOrder(1024, 16)</c>.
/// </param>
/// <example><code>var longer = options with { Epochs = 5, EarlyStopping = EarlyStopping.After(2) };</code></example>
[DebuggerDisplay("{Epochs} epochs, batches of {BatchSize}")]
public sealed record TrainingOptions(
    int Epochs = 10,
    int BatchSize = 64,
    bool Shuffle = true,
    bool DropLast = false,
    long Seed = 0,
    Key? Key = null,
    Source? Validation = null,
    IReadOnlyList<Metric>? Metrics = null,
    EarlyStopping? EarlyStopping = null,
    Func<EpochReport, Answer>? OnEpoch = null,
    IProgress<TrainingProgress>? Progress = null,
    bool WatchGradients = false,
    string? SavePath = null,
    int SaveEvery = 1,
    Checkpoint? Resume = null,
    TrainState? Start = null,
    Plateau? Plateau = null,
    bool UseAverage = false,
    int Shards = 1,
    Ranks? Ranks = null,
    int? SaveSteps = null,
    Prefetch? Prefetch = null,
    BlockOrder? Blocks = null)
{
    /// <summary>The options with their names, the same on every machine.</summary>
    /// <example><code>Console.WriteLine(options);</code></example>
    public override string ToString() => InvariantText.Of(nameof(TrainingOptions), PrintMembers);

    internal FitOptions ToCore(CancellationToken cancellation)
    {
        Answer Called(EpochEnd end) =>
            OnEpoch!(new EpochReport(Epoch.From(end.Row), [.. end.History.Select(Epoch.From)], end.State));

        return new FitOptions(
            Epochs,
            new BatchOptions(BatchSize, Shuffle, DropLast, Interop.Option(Blocks)),
            Key ?? DL1.Key.OfSeed(Seed),
            Interop.Option(Validation),
            Interop.List(Metrics ?? [], nameof(Metrics)),
            Interop.Option(EarlyStopping),
            Interop.Option(Plateau),
            UseAverage,
            Interop.List(OnEpoch is null ? [] : new[] { Interop.Function<EpochEnd, Answer>(Called) }),
            Progress is null ? ProgressModule.quiet : TrainingProgress.ToCore(Progress),
            WatchGradients,
            Interop.Option(SavePath is null ? null : new Saving(SavePath, SaveEvery)),
            Interop.Option(Resume),
            Interop.Option(Start),
            cancellation,
            Shards,
            Ranks ?? RanksModule.alone,
            SaveSteps is { } steps ? FSharpOption<int>.Some(steps) : FSharpOption<int>.None,
            Prefetch ?? PrefetchModule.one);
    }
}

/// <summary>Rules of stopping early.</summary>
public static class EarlyStoppingExtensions
{
    extension(EarlyStopping)
    {
        /// <summary>Stops once this number of epochs in a row were no better than the best.</summary>
        /// <param name="epochs">Epochs without improvement, 1 or more.</param>
        /// <param name="monitor">The metric that is watched, one of those measured; the (validation) loss, unless given.</param>
        /// <param name="tolerance">How much better counts as better.</param>
        /// <param name="restoresBest">Whether the best epoch's parameters are given back, rather than the last.</param>
        /// <example><code>EarlyStopping.After(5, monitor: Metrics.Accuracy)</code></example>
        public static EarlyStopping After(
            int epochs, Metric? monitor = null, double tolerance = 0, bool restoresBest = true) =>
            new(monitor?.Name ?? "", epochs, tolerance, restoresBest);

        /// <summary><c>After</c> for a part of the loss, or a metric, by its name in the history: <c>validation kl</c>.</summary>
        /// <param name="epochs">How many epochs without improvement end the training, 1 or more.</param>
        /// <param name="monitor">The name of what is watched, as it stands in the history.</param>
        /// <param name="tolerance">How much better counts as better, 0 or more.</param>
        /// <param name="restoresBest">Whether the best epoch's parameters are given back, rather than the last.</param>
        /// <exception cref="DomainError">When training begins: nothing is measured by that name.</exception>
        /// <example><code>EarlyStopping.AfterNamed(5, "validation price")</code></example>
        public static EarlyStopping AfterNamed(
            int epochs, string monitor, double tolerance = 0, bool restoresBest = true) =>
            new(Interop.Present(monitor), epochs, tolerance, restoresBest);
    }
}
