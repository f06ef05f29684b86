using DL1.Data;

namespace DL1;

/// <summary>
/// Pipelines from the rows of a table to predictions: which columns, what is put in where a number is missing, features, scaling, a
/// model; fitted on training rows alone, cross-validated and searched over as a whole, kept as one file.
/// </summary>
public static class PipelineExtensions
{
    extension(Estimator)
    {
        /// <summary>
        /// A network with its training. Targets are f32 <c>[rows; 1]</c> of a regression, i64 labels <c>[rows]</c> of a classification: of two
        /// classes it may have one output, by <c>Losses.BceWithLogits</c>.
        /// </summary>
        /// <param name="learner">Model, loss and optimizer.</param>
        /// <param name="options">Epochs, batches, seed and stopping.</param>
        /// <param name="holdOut">The part of the training rows that is held out for validation in training.</param>
        /// <example><code>var net = Estimator.Network(small.Learner(Losses.CrossEntropy, Optimizers.Adam(0.02)), new TrainingOptions(Epochs: 30));</code></example>
        public static Estimator Network(Learner learner, TrainingOptions? options = null, double holdOut = 0) =>
            Estimator.Network(learner, (options ?? new TrainingOptions()).ToCore(CancellationToken.None), holdOut);
    }

    extension(Pipeline pipeline)
    {
        /// <summary>Fits and measures the pipeline on a given number of folds of a table, stratified by class.</summary>
        /// <param name="table">The rows.</param>
        /// <param name="folds">The number of folds, 2 or more.</param>
        /// <param name="seed">The same seed gives the same folds.</param>
        /// <param name="metrics">What is measured on each fold, one metric or more.</param>
        /// <exception cref="DomainError">There are fewer than two folds, no metrics, or rows that the pipeline refuses.</exception>
        /// <example><code>var scores = pipeline.CrossValidate(penguins, folds: 5, seed: 1, Metrics.Accuracy);</code></example>
        public PipelineScores CrossValidate(Table table, int folds, long seed, params Metric[] metrics) =>
            pipeline.CrossValidate(table, folds, Key.OfSeed(seed), metrics);
    }

    extension(IEnumerable<Setting> settings)
    {
        /// <summary>
        /// A trial for each setting: the pipeline made of it, cross-validated as a whole on the same folds of a table, with the mean of a
        /// metric as its score.
        /// </summary>
        /// <param name="make">The pipeline of a setting.</param>
        /// <param name="table">The rows.</param>
        /// <param name="metric">What is measured; it says whether a low or a high score is wanted.</param>
        /// <param name="folds">The number of folds.</param>
        /// <param name="threads">How many trials run at a time.</param>
        /// <param name="seed">The same seed gives the same folds.</param>
        /// <exception cref="DomainError">There are fewer than two folds, or rows that a pipeline refuses.</exception>
        /// <example><code>var trials = HyperSearch.Grid(("c", Ranges.Among(0.01, 1))).Search(s => pipeline.Model(Estimator.Logistic(s.Number("c"))), penguins, Metrics.Accuracy);</code></example>
        public IReadOnlyList<Trial> Search(
            Func<Setting, Pipeline> make, Table table, Metric metric, int folds = 5, int threads = 1, long seed = 0) =>
            PipelineModule.search(
                threads, Key.OfSeed(seed), folds, metric, Interop.Function(make), table, Interop.List(settings));
    }

    extension(FittedPipeline fitted)
    {
        /// <summary>What a metric says of the predictions for a table that has the target too, with a confidence interval by the bootstrap.</summary>
        /// <param name="table">A table with the pipeline's fields and the target.</param>
        /// <param name="metric">What is measured.</param>
        /// <param name="level">The part of repetitions within the ends, above 0 and below 1.</param>
        /// <param name="repeats">How often the metric is measured anew, on rows drawn with repetition.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <exception cref="DomainError">The level is not above 0 and below 1, or the metric refuses most draws.</exception>
        /// <example><code>var sure = fitted.Interval(test, Metrics.Accuracy, repeats: 100);</code></example>
        public ScoreInterval Interval(Table table, Metric metric, double level = 0.95, int repeats = 1000, long seed = 0) =>
            fitted.Interval(table, metric, Key.OfSeed(seed), level, repeats);

        /// <summary>The worth of each field: how much worse a metric becomes where its values are exchanged among the rows.</summary>
        /// <param name="table">A table with the pipeline's fields and the target.</param>
        /// <param name="metric">What is measured.</param>
        /// <param name="repeats">How often each field is exchanged, 1 or more.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <exception cref="DomainError">There are no repetitions, or no rows.</exception>
        /// <example><code>var fields = fitted.Importances(test, Metrics.Accuracy, repeats: 3);</code></example>
        public IReadOnlyList<Importance> Importances(Table table, Metric metric, int repeats = 5, long seed = 0) =>
            fitted.Importances(table, metric, Key.OfSeed(seed), repeats);
    }

    extension(Table table)
    {
        /// <summary>One row, from 0, to be read by names or predicted from.</summary>
        /// <param name="number">The number of the row, from 0.</param>
        /// <exception cref="DomainError">The row is not there.</exception>
        /// <example><code>TableRow third = test.Row(2);</code></example>
        public TableRow Row(int number) => TableModule.row(number, table);
    }
}
