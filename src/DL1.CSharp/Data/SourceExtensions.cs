namespace DL1;

/// <summary>
/// Sources of rows, which <c>Fit</c> takes in the place of a data set, and which may be larger than memory: mapped files
/// (<see cref="MappedTensor"/>), tar files (<see cref="TarShards"/>), functions, and sources made of others. A <see cref="Dataset"/>
/// is a source.
/// </summary>
public static class SourceExtensions
{
    extension(Source)
    {
        /// <summary>Rows that a function gives by their numbers, and how many there are.</summary>
        /// <param name="count">The number of rows, 0 or more.</param>
        /// <param name="example">One row or more, of which names, types and shapes are looked at.</param>
        /// <param name="rows">
        /// The rows of some numbers, in their order; the same for the same number. Several threads may call it at once.
        /// </param>
        /// <exception cref="DomainError">The count is negative.</exception>
        /// <example><code>var squares = Source.From(1000, RowsOf([0]), RowsOf);</code></example>
        public static Source From(int count, Dataset example, Func<int[], Dataset> rows) =>
            SourceModule.create(count, example, Interop.Function(rows));

        /// <summary>The rows of some sources, one after another, with the same names, types and shapes.</summary>
        /// <param name="sources">One source or more.</param>
        /// <exception cref="DomainError">There is no source, or there are more than 2³¹ − 1 rows.</exception>
        /// <example><code>var twice = Source.Append(squares, squares);</code></example>
        public static Source Append(params Source[] sources) => SourceModule.append(Interop.List(sources));

        /// <summary>
        /// An epoch of rows from several sources, each row from one that is drawn with a chance in proportion to the source's weight.
        /// Training draws anew in each epoch.
        /// </summary>
        /// <param name="count">How many rows an epoch has, 0 or more.</param>
        /// <param name="sources">Sources with their weights, finite and 0 or more, not all of them 0.</param>
        /// <param name="seed">What validation draws from.</param>
        /// <exception cref="DomainError">
        /// The count or a weight is negative, the weights are all 0, or a source with a weight has no rows.
        /// </exception>
        /// <example><code>var blend = Source.Mixed(500, [(0.7, squares), (0.3, twice)]);</code></example>
        public static Source Mixed(int count, IEnumerable<(double Weight, Source Source)> sources, long seed = 0) =>
            SourceModule.mixed(
                Key.OfSeed(seed), count, Interop.List(sources.Select(s => Tuple.Create(s.Weight, Interop.Present(s.Source)))));
    }

    extension(Source source)
    {
        /// <summary>Some rows of a source, in the order of their numbers, as a source.</summary>
        /// <param name="numbers">Numbers of rows, from 0, which may repeat.</param>
        /// <exception cref="DomainError">A row is not there.</exception>
        /// <example><code>var even = squares.Only([0, 2, 4]);</code></example>
        public Source Only(IEnumerable<int> numbers) => SourceModule.rows([.. numbers], source);

        /// <summary>Two sources that share no row, drawn at random: the first has this part of the rows.</summary>
        /// <param name="part">Above 0 and below 1.</param>
        /// <param name="seed">The same seed gives the same parts.</param>
        /// <exception cref="DomainError">The part is not above 0 and below 1, or one of the two would have no row.</exception>
        /// <example><code>var (learnt, measured) = squares.SplitRows(0.9, seed: 1);</code></example>
        public (Source First, Source Second) SplitRows(double part, long seed = 0)
        {
            var (kept, held) = Splits.holdOut(Interop.Held(part), Key.OfSeed(seed), source.Count);
            return (source.Only(kept), source.Only(held));
        }

        /// <summary>A source whose batches a function changes: scales, casts, chooses columns.</summary>
        /// <param name="change">
        /// Sees some rows at a time, and must do the same to each whatever rows are beside it.
        /// </param>
        /// <example><code>var scaled = squares.Map(rows => rows.MapInputs(x => x * 0.001f));</code></example>
        public Source Map(Func<Dataset, Dataset> change) => SourceModule.map(Interop.Function(change), source);

        /// <summary>
        /// Rows that training changes at random, each by a key of its own, which follows from the key of the training, the epoch and the
        /// row's number: augmentation. Validation sees rows as they are.
        /// </summary>
        /// <param name="change">From a key and one row to the row that is learnt from.</param>
        /// <example><code>var noisy = squares.Augment((key, row) => row.MapInputs(x => x + key.Normal(0, 0.01, 1, 1)));</code></example>
        public Source Augment(Func<Key, Dataset, Dataset> change) =>
            SourceModule.augment(Interop.Function(change), source);

        /// <summary>
        /// An epoch of rows, each drawn with a chance in proportion to its weight, with replacement: rare classes more often than they
        /// are there. Training draws anew in each epoch.
        /// </summary>
        /// <param name="weights">A weight for each row, finite and 0 or more, not all of them 0.</param>
        /// <param name="count">How many rows an epoch has, 0 or more.</param>
        /// <param name="seed">What validation draws from.</param>
        /// <exception cref="DomainError">There are fewer or more weights than rows, or they have no sum above 0.</exception>
        /// <example><code>var drawn = squares.Weighted(Enumerable.Range(0, 1000).Select(i => i % 10 == 0 ? 9.0 : 1.0), 1000);</code></example>
        public Source Weighted(IEnumerable<double> weights, int count, long seed = 0) =>
            SourceModule.weighted(Key.OfSeed(seed), [.. weights], count, source);

        /// <summary>All rows in memory, for a source that is small.</summary>
        /// <example><code>Dataset inMemory = even.ToDataset();</code></example>
        public Dataset ToDataset() => SourceModule.toDataset(source);
    }

    extension(MappedTensor)
    {
        /// <summary>A source of several inputs or targets by their names, from mapped files.</summary>
        /// <param name="inputs">Names with mapped tensors of the same number of rows.</param>
        /// <param name="targets">Names with mapped tensors of the same number of rows.</param>
        /// <exception cref="ShapeError">They have not the same number of rows.</exception>
        /// <example><code>var byNames = MappedTensor.NamedSource([("pixels", images)], [("label", labels)]);</code></example>
        public static Source NamedSource(
            IEnumerable<(string Name, MappedTensor Tensor)> inputs, IEnumerable<(string Name, MappedTensor Tensor)> targets) =>
            MappedTensor.ToSource(
                inputs.Select(t => Tuple.Create(Interop.Present(t.Name), Interop.Present(t.Tensor))),
                targets.Select(t => Tuple.Create(Interop.Present(t.Name), Interop.Present(t.Tensor))));
    }
}
