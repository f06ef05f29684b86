namespace DL1;

/// <summary>Splits of data sets that keep groups together, or the order of time.</summary>
public static class DatasetSplitExtensions
{
    extension(Dataset data)
    {
        /// <summary>Two parts that share no group, drawn at random: the first has this part of the groups.</summary>
        /// <param name="groups">The number of each row's group, such as its patient, <c>[rows]</c>.</param>
        /// <param name="part">Above 0 and below 1.</param>
        /// <param name="seed">The same seed gives the same parts.</param>
        /// <exception cref="DomainError">There are fewer than two groups, or the part is not above 0 and below 1.</exception>
        /// <exception cref="ShapeError">The groups are no whole numbers, one for each row.</exception>
        /// <example><code>var (seen, unseen) = visits.SplitGrouped(patients, 0.5, seed: 1);</code></example>
        public (Dataset First, Dataset Second) SplitGrouped(Tensor groups, double part, long seed = 0)
        {
            var (kept, held) = Splits.grouped(Interop.Held(part), Key.OfSeed(seed), groups);
            return (data.Rows(kept), data.Rows(held));
        }

        /// <summary><c>Folds</c> in which the rows of a group are held out together.</summary>
        /// <param name="groups">The number of each row's group, such as its patient, <c>[rows]</c>.</param>
        /// <param name="count">How many folds there are: 2 or more, at most as many as groups.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <exception cref="DomainError">There are fewer than two folds, or fewer groups than folds.</exception>
        /// <exception cref="ShapeError">The groups are no whole numbers, one for each row.</exception>
        /// <example><code>foreach (var (kept, held) in visits.FoldsGrouped(patients, 2, seed: 1))</code></example>
        public IReadOnlyList<(Dataset Kept, Dataset Held)> FoldsGrouped(Tensor groups, int count, long seed = 0) =>
            [.. Splits.groupedFolds(count, Key.OfSeed(seed), groups).Select(fold => (data.Rows(fold.Item1), data.Rows(fold.Item2)))];

        /// <summary>Two parts in the order of the rows: the first has this part of them, the second those that follow.</summary>
        /// <param name="part">How much of the rows the first part has: above 0 and below 1.</param>
        /// <exception cref="DomainError">The part is not above 0 and below 1.</exception>
        /// <example><code>var (before, after) = visits.SplitOrdered(0.5);</code></example>
        public (Dataset First, Dataset Second) SplitOrdered(double part)
        {
            var (kept, held) = Splits.ordered(Interop.Held(part), data.Count);
            return (data.Rows(kept), data.Rows(held));
        }

        /// <summary>
        /// Pairs for rows in the order of time: each holds out the next stretch, and keeps the rows before it, without the last
        /// <paramref name="gap"/> of them.
        /// </summary>
        /// <param name="count">How many folds there are, 1 or more.</param>
        /// <param name="gap">How many rows between those that are kept and those held out are left out, 0 or more.</param>
        /// <exception cref="DomainError">A fold would be without rows.</exception>
        /// <example><code>var stretches = visits.FoldsOrdered(2, gap: 1);</code></example>
        public IReadOnlyList<(Dataset Kept, Dataset Held)> FoldsOrdered(int count, int gap = 0) =>
            [.. Splits.orderedFolds(count, gap, data.Count).Select(fold => (data.Rows(fold.Item1), data.Rows(fold.Item2)))];
    }
}
