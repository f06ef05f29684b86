using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>
/// How a study is run, as one value: <c>new StudySettings(Budget: 20, Threads: 2)</c>, changed by <c>with</c>. All follows from the
/// seed: neither threads nor a break change a setting or a score.
/// </summary>
/// <param name="Budget">How much a trial may do: epochs, or what the function makes of it.</param>
/// <param name="Threads">How many trials run side by side; what comes out does not depend on it.</param>
/// <param name="Round">
/// How many trials make a round: each knows the trials of the rounds before it alone. More threads than that find no work where
/// trials depend on others.
/// </param>
/// <param name="Goal">Whether a low score is wanted, as it is unless given, or a high one.</param>
/// <param name="Seed">What settings and trials draw from.</param>
/// <param name="Key">A key in the place of the seed.</param>
/// <param name="Pruning">When trials are stopped early: <c>Pruning.NewMedian(4, 1)</c>, <c>Pruning.NewHalving(1, 3)</c>.</param>
/// <param name="Progress">Told of each trial when it has ended.</param>
/// <param name="Path">A file that has all trials that have ended. If it is there when the study begins, the study goes on from it.</param>
/// <param name="Ranks">Who shares the trials out: one rank unless given. All ranks are given all trials, the same for any number of ranks.</param>
/// <param name="Part">
/// Part i of n, counted from 0: the trials i, i + n, i + 2n and so on alone, for the jobs of an array. Each has a file of its own;
/// <c>Studies.Join</c> puts them together.
/// </param>
/// <example><code>var study = new StudySettings(Budget: 9, Round: 2, Pruning: Pruning.NewHalving(1, 3));</code></example>
[System.Diagnostics.DebuggerDisplay("{ToString(),nq}")]
public sealed record StudySettings(
    int Budget = 1,
    int Threads = 1,
    int Round = 4,
    Goal? Goal = null,
    long Seed = 0,
    Key? Key = null,
    Pruning? Pruning = null,
    IProgress<Trial>? Progress = null,
    string? Path = null,
    Ranks? Ranks = null,
    (int Part, int Parts)? Part = null)
{
    /// <summary>The options with their names, the same on every machine.</summary>
    /// <example><code>Console.WriteLine(study);</code></example>
    public override string ToString() => InvariantText.Of(nameof(StudySettings), PrintMembers);

    internal StudyOptions ToCore(CancellationToken cancellation) =>
        new(
            Goal ?? DL1.Goal.Minimise,
            Key ?? DL1.Key.OfSeed(Seed),
            Budget,
            Threads,
            Round,
            Interop.Option(Pruning),
            FuncConvert.FromAction<Trial>(trial => Progress?.Report(trial)),
            Interop.Option(Path),
            cancellation,
            Ranks ?? RanksModule.alone,
            Part is { } part ? FSharpOption<Tuple<int, int>>.Some(part.ToTuple()) : FSharpOption<Tuple<int, int>>.None);
}

/// <summary>
/// Searches that keep what trials say and train, stop bad ones early, go on from a file, and learn from the trials so far where to
/// look next.
/// </summary>
public static class Studies
{
    /// <summary>The trials of several files, such as those of the parts of a study, in the order of their numbers.</summary>
    /// <param name="paths">The files, each written by a study.</param>
    /// <exception cref="FormatError">A file is no study, or two have different trials of one number.</exception>
    /// <example><code>var joined = Studies.Join("part-0.json", "part-1.json");</code></example>
    public static IReadOnlyList<Trial> Join(params string[] paths) => DL1.Study.join(Interop.List(paths));

    private static FSharpFunc<TrialRun, TrialResult> Trial(Func<TrialRun, TrialResult> trial) => Interop.Function(trial);

    extension(TrialResult)
    {
        /// <summary>What a trial gives: its score, the model that it trained, and what it says of itself for the table.</summary>
        /// <param name="score">The score that the search compares.</param>
        /// <param name="model">The model that the trial trained; none is kept unless given.</param>
        /// <param name="notes">Names and texts for the table of trials.</param>
        /// <example><code>TrialResult.Of(0.25, notes: [("epochs", "12")])</code></example>
        public static TrialResult Of(
            double score, Trained? model = null, IEnumerable<(string Name, string Text)>? notes = null) =>
            new(score, Interop.List((notes ?? []).Select(n => Tuple.Create(n.Name, n.Text)), nameof(notes)), Interop.Option(model));
    }

    extension(TrialRun run)
    {
        /// <summary>
        /// A callback for training that reports each epoch by a metric, or by the loss where none is given, on the validation set where
        /// there is one: the training ends where the trial is pruned.
        /// </summary>
        /// <param name="metric">The metric that is reported, measured after each epoch; the loss unless given.</param>
        /// <example><code>new TrainingOptions(Epochs: run.Budget, Validation: test, OnEpoch: run.Watch())</code></example>
        public Func<EpochReport, Answer> Watch(Metric? metric = null) => report =>
            run.Report(
                report.Epoch.Number,
                metric is null ? report.Epoch.ValidationLoss ?? report.Epoch.Loss : report.Epoch.Metrics[metric.Name]);
    }

    extension(IEnumerable<Setting> settings)
    {
        /// <summary>
        /// Runs a trial for each setting and gives them in order of their numbers. A trial that throws an exception has failed, with its
        /// message, and the others go on. With a path the study goes on from what the file has, to the same trials as without a break.
        /// </summary>
        /// <param name="trial">From what a trial is given to what it gives.</param>
        /// <param name="options">One trial at a time, nothing pruned or written, unless given.</param>
        /// <param name="cancellation">Ends the study, with an <see cref="OperationCanceledException"/>, before the next trial or report.</param>
        /// <exception cref="DomainError">An option is out of its range, or the file is that of another study.</exception>
        /// <exception cref="FormatError">The file is no study.</exception>
        /// <example><code>var kept = grid.Study(run => TrialResult.Of(run.Setting.Number("rate")), new StudySettings(Threads: 2, Path: path));</code></example>
        public IReadOnlyList<Trial> Study(
            Func<TrialRun, TrialResult> trial, StudySettings? options = null, CancellationToken cancellation = default) =>
            DL1.Study.run((options ?? new StudySettings()).ToCore(cancellation), Trial(trial), Interop.List(settings));

        /// <summary>
        /// Successive halving that does not train anew: a trial is given the state that it ended with in the round before, null in the
        /// first, and gives its score and its state: it goes on from what it was to the new budget.
        /// </summary>
        /// <typeparam name="TState">What a trial goes on from, such as the checkpoint of a training.</typeparam>
        /// <param name="trial">From a setting, a key, a budget, such as epochs in all, and the state to a score and the next state.</param>
        /// <param name="factor">2 or more.</param>
        /// <param name="least">The budget of the first round.</param>
        /// <param name="most">What no budget passes.</param>
        /// <param name="threads">How many trials run side by side.</param>
        /// <param name="seed">What the keys of the trials are made from.</param>
        /// <param name="goal">Whether a low score is wanted, as it is unless given, or a high one.</param>
        /// <param name="ranks">Who shares the trials out: one rank unless given. A trial stays on its rank, where its state is.</param>
        /// <exception cref="DomainError">The factor is below 2, or the budgets are below 1 or do not grow.</exception>
        /// <example><code>var resumed = grid.HalveOn&lt;Checkpoint>((setting, key, epochs, state) => { var fit = net.Learner(Losses.CrossEntropy, Optimizers.Adam(setting.Number("rate"))).Fit(train, new TrainingOptions(Epochs: epochs, Resume: state)); return (fit.History[^1].Loss, fit.Checkpoint); }, factor: 2, least: 1, most: 2);</code></example>
        public IReadOnlyList<Trial> HalveOn<TState>(
            Func<Setting, Key, int, TState?, (double Score, TState State)> trial, int factor = 3, int least = 1, int most = 27,
            int threads = 1, long seed = 0, Goal? goal = null, Ranks? ranks = null)
            where TState : class =>
            Search.halvingOver(
                ranks ?? RanksModule.alone, goal ?? Goal.Minimise, threads, Key.OfSeed(seed), factor, least, most,
                FuncConvert.FromFunc((Setting setting, Key key, int budget, FSharpOption<TState>? state) =>
                {
                    var (score, next) = trial(setting, key, budget, state?.Value);
                    return Tuple.Create(score, Interop.Answered(next));
                }),
                Interop.List(settings));
    }

    extension(IEnumerable<Trial> trials)
    {
        /// <summary>Comma-separated values, in the order of the trials and with all digits of numbers.</summary>
        /// <example><code>File.WriteAllText(path, trials.ToCsv());</code></example>
        public string ToCsv() => Search.toCsv(Interop.List(trials));

        /// <summary>Writes a study that <c>ReadStudy</c> reads and <c>Study</c> goes on from, without models.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>trials.WriteStudy(path);</code></example>
        public void WriteStudy(string path) => DL1.Study.write(path, Interop.List(trials));
    }

    extension(Trial trial)
    {
        /// <summary>What the trial says of itself, by name.</summary>
        /// <example><code>foreach (var (name, text) in kept.Best().NoteEntries)</code></example>
        public IReadOnlyList<(string Name, string Text)> NoteEntries => [.. trial.Notes.Select(n => (n.Item1, n.Item2))];

        /// <summary>What the trial reported on its way: epochs with scores.</summary>
        /// <example><code>foreach (var (epoch, reported) in kept.Best().ReportEntries)</code></example>
        public IReadOnlyList<(int Epoch, double Score)> ReportEntries => [.. trial.Reports.Select(r => (r.Item1, r.Item2))];

        /// <summary>What the trial trained, where it gave it; else null.</summary>
        /// <example><code>Trained? winner = kept.Best().TrainedModel;</code></example>
        public Trained? TrainedModel => trial.Model?.Value;
    }
}

/// <content>Settings that are led by the trials so far, and studies in files.</content>
public static partial class HyperSearch
{
    /// <summary>
    /// Settings that are drawn where trials were good, and others were not: the tree-structured Parzen estimator (Bergstra et al.
    /// 2011). It pays where trials are dear and some hyper-parameters matter much.
    /// </summary>
    /// <param name="count">How many trials.</param>
    /// <param name="space">The hyper-parameters with their ranges.</param>
    /// <param name="trial">From what a trial is given to what it gives.</param>
    /// <param name="random">How many of the first settings are drawn at random.</param>
    /// <param name="options">One trial at a time, rounds of 4, nothing pruned or written, unless given.</param>
    /// <param name="cancellation">Ends the study, with an <see cref="OperationCanceledException"/>, before the next trial or report.</param>
    /// <exception cref="DomainError">An option or a range is none, or the file is that of another study.</exception>
    /// <example><code>var led = HyperSearch.Tpe(30, [("rate", Ranges.LogUniform(1e-4, 1))], run => TrialResult.Of(Math.Abs(Math.Log10(run.Setting.Number("rate")) + 2)));</code></example>
    public static IReadOnlyList<Trial> Tpe(
        int count, IEnumerable<(string Name, HyperRange Range)> space, Func<TrialRun, TrialResult> trial, int random = 10,
        StudySettings? options = null, CancellationToken cancellation = default) =>
        DL1.Study.tpe(
            (options ?? new StudySettings()).ToCore(cancellation), random, count, Interop.Function(trial),
            Interop.List(space.Select(s => s.ToTuple())));

    /// <summary>The trials of a study in a file, without their models.</summary>
    /// <param name="path">A file that <c>WriteStudy</c> has written.</param>
    /// <exception cref="FormatError">The file is no study.</exception>
    /// <example><code>IReadOnlyList&lt;Trial&gt; read = HyperSearch.ReadStudy(path);</code></example>
    public static IReadOnlyList<Trial> ReadStudy(string path) => DL1.Study.read(path);
}
