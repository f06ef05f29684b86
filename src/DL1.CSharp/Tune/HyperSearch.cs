namespace DL1;

/// <summary>What a hyper-parameter may be.</summary>
public static class Ranges
{
    /// <summary>One of some numbers.</summary>
    /// <param name="values">The values, one or more.</param>
    /// <example><code>Ranges.Among(0.1, 0.01)</code></example>
    public static HyperRange Among(params double[] values) => Search.numbers(Interop.List(values));

    /// <summary>One of some words.</summary>
    /// <param name="values">The values, one or more.</param>
    /// <example><code>Ranges.Among("relu", "tanh")</code></example>
    public static HyperRange Among(params string[] values) => Search.words(Interop.List(values));

    /// <summary>Uniform between two numbers.</summary>
    /// <param name="low">The lower end, which may be drawn.</param>
    /// <param name="high">The upper end, which is not drawn.</param>
    /// <example><code>Ranges.Uniform(0, 0.5)</code></example>
    public static HyperRange Uniform(double low, double high) => HyperRange.NewUniform(low, high);

    /// <summary>Uniform in its logarithm, between two numbers above 0: for rates.</summary>
    /// <param name="low">The lower end, above 0.</param>
    /// <param name="high">The upper end, above the lower one.</param>
    /// <example><code>Ranges.LogUniform(1e-4, 1e-1)</code></example>
    public static HyperRange LogUniform(double low, double high) => HyperRange.NewLogUniform(low, high);

    /// <summary>A whole number, both ends included.</summary>
    /// <param name="low">The smallest number.</param>
    /// <param name="high">The largest number, not below the smallest.</param>
    /// <example><code>Ranges.Whole(8, 64)</code></example>
    public static HyperRange Whole(int low, int high) => HyperRange.NewWhole(low, high);
}

/// <summary>
/// Searching for hyper-parameters: settings, a trial of each, and the best. A trial gives a score that is to be low, or high
/// where the goal says so: <c>Goal.Maximise</c>, <c>metric.Goal</c>. Each has a key of its own, so that results depend neither on order nor on threads. A setting is read by
/// <c>setting.Number("rate")</c>, <c>setting.Whole("hidden")</c>, <c>setting.Word("activation")</c>.
/// </summary>
public static partial class HyperSearch
{
    /// <summary>Every combination of values, the last name varying fastest.</summary>
    /// <param name="space">The names of hyper-parameters with ranges of values that can be listed.</param>
    /// <exception cref="DomainError">A range is not of values that can be listed.</exception>
    /// <example><code>var grid = HyperSearch.Grid(("rate", Ranges.Among(0.1, 0.01)), ("hidden", Ranges.Whole(1, 3)));</code></example>
    public static IReadOnlyList<Setting> Grid(params (string Name, HyperRange Range)[] space) =>
        Search.grid(Interop.List(space.Select(s => s.ToTuple())));

    /// <summary>Settings drawn at random, each value by itself.</summary>
    /// <param name="count">How many settings are drawn.</param>
    /// <param name="space">The names of hyper-parameters with their ranges.</param>
    /// <param name="seed">The same seed gives the same settings.</param>
    /// <exception cref="DomainError">A low end is not below the high one.</exception>
    /// <example><code>var drawn = HyperSearch.Random(20, [("rate", Ranges.LogUniform(1e-4, 1e-1))], seed: 1);</code></example>
    public static IReadOnlyList<Setting> Random(
        int count, IEnumerable<(string Name, HyperRange Range)> space, long seed = 0) =>
        Search.random(count, Key.OfSeed(seed), Interop.List(space.Select(s => s.ToTuple())));

    extension(IEnumerable<Setting> settings)
    {
        /// <summary>Runs a trial for each setting.</summary>
        /// <param name="trial">From a setting and a key to a score.</param>
        /// <param name="threads">How many trials run side by side.</param>
        /// <param name="seed">What the keys of the trials are made from.</param>
        /// <param name="goal">Whether a low score is wanted, as it is unless given, or a high one.</param>
        /// <param name="cancellation">Ends the search, with an <see cref="OperationCanceledException"/>, before the next trial.</param>
        /// <param name="ranks">Who shares the trials out: one rank unless given. All ranks are given all trials.</param>
        /// <exception cref="DomainError">There are no threads.</exception>
        /// <example><code>var trials = grid.Run((setting, key) => setting.Number("rate") * setting.Whole("hidden"), threads: 2);</code></example>
        public IReadOnlyList<Trial> Run(
            Func<Setting, Key, double> trial, int threads = 1, long seed = 0, Goal? goal = null,
            CancellationToken cancellation = default, Ranks? ranks = null) =>
            Search.runOver(
                ranks ?? RanksModule.alone, goal ?? Goal.Minimise, threads, Key.OfSeed(seed), 1, Trial((setting, key, _) => trial(setting, key), cancellation),
                Interop.List(settings));

        /// <summary>
        /// Successive halving (Jamieson and Talwalkar 2016): all settings with a small budget, then the best part of them (one in
        /// <paramref name="factor"/>) with one that many times as large, until one is left. All trials are given, rounds in order.
        /// </summary>
        /// <param name="trial">From a setting, a key and a budget, such as a number of epochs, to a score.</param>
        /// <param name="factor">2 or more.</param>
        /// <param name="least">The budget of the first round.</param>
        /// <param name="most">What no budget passes.</param>
        /// <param name="threads">How many trials run side by side.</param>
        /// <param name="seed">What the keys of the trials are made from.</param>
        /// <param name="goal">Whether a low score is wanted, as it is unless given, or a high one.</param>
        /// <param name="cancellation">Ends the search, with an <see cref="OperationCanceledException"/>, before the next trial.</param>
        /// <exception cref="DomainError">
        /// The factor is below 2, the budgets are below 1 or do not grow, or there are no threads.
        /// </exception>
        /// <example><code>var rounds = drawn.Halve((setting, key, epochs) => setting.Number("rate") / epochs, least: 1, most: 9);</code></example>
        public IReadOnlyList<Trial> Halve(
            Func<Setting, Key, int, double> trial, int factor = 3, int least = 1, int most = 27, int threads = 1,
            long seed = 0, Goal? goal = null, CancellationToken cancellation = default) =>
            Search.halvingTo(
                goal ?? Goal.Minimise, threads, Key.OfSeed(seed), factor, least, most, Trial(trial, cancellation), Interop.List(settings));
    }

    private static Microsoft.FSharp.Core.FSharpFunc<Setting, Microsoft.FSharp.Core.FSharpFunc<Key, Microsoft.FSharp.Core.FSharpFunc<int, double>>> Trial(
        Func<Setting, Key, int, double> trial, CancellationToken cancellation) =>
        Microsoft.FSharp.Core.FuncConvert.FromFunc((Setting setting, Key key, int budget) =>
        {
            cancellation.ThrowIfCancellationRequested();
            return trial(setting, key, budget);
        });

    extension(IEnumerable<Trial> trials)
    {
        /// <summary>
        /// The trial with the best score, the lowest, or the highest where that was the goal, among those of the greatest budget.
        /// </summary>
        /// <exception cref="DomainError">There are no trials.</exception>
        /// <example><code>Setting winner = trials.Best().Setting;</code></example>
        public Trial Best() => Search.best(Interop.List(trials));

        /// <summary>From the best to the worst.</summary>
        /// <example><code>IReadOnlyList&lt;Trial&gt; ranked = trials.Ranked();</code></example>
        public IReadOnlyList<Trial> Ranked() => Search.ranked(Interop.List(trials));

        /// <summary>A table, the best first: number, budget, score, and each hyper-parameter.</summary>
        /// <example><code>Console.WriteLine(trials.Table());</code></example>
        public string Table() => Search.table(Interop.List(trials));
    }

    extension(Setting setting)
    {
        /// <summary>The names of the hyper-parameters with their values as texts.</summary>
        /// <example><code>foreach (var (name, value) in winner.Entries)</code></example>
        public IReadOnlyList<(string Name, string Value)> Entries =>
            [.. setting.Values.Select(v => (v.Item1, v.Item2.ToString()))];
    }

    extension(Dataset data)
    {
        /// <summary>
        /// A score for each fold: the function is given what remains, what is held out, and a key of the fold's own. Fit scalers
        /// inside it, on what remains.
        /// </summary>
        /// <param name="folds">The number of folds, 2 or more.</param>
        /// <param name="score">From what remains, what is held out, and a key of the fold's own to a score.</param>
        /// <param name="seed">The same seed gives the same folds and keys.</param>
        /// <param name="stratified">Whether each class has its share in each part; targets are labels.</param>
        /// <exception cref="ShapeError">Stratified: the targets are no labels <c>[rows]</c>.</exception>
        /// <exception cref="DomainError">There are fewer than two folds, or fewer rows than folds.</exception>
        /// <example><code>IReadOnlyList&lt;double&gt; scoresOfFolds = data.CrossValidate(3, (kept, held, key) => held.Count, stratified: true);</code></example>
        public IReadOnlyList<double> CrossValidate(
            int folds, Func<Dataset, Dataset, Key, double> score, long seed = 0, bool stratified = false)
        {
            var scored = Microsoft.FSharp.Core.FuncConvert.FromFunc(score);
            var key = Key.OfSeed(seed);
            return stratified
                ? Search.crossValidateStratified(folds, key, scored, data)
                : Search.crossValidate(folds, key, scored, data);
        }
    }
}
