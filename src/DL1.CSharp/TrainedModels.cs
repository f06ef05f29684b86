namespace DL1;

/// <summary>
/// Models with what they have learnt: immutable, for many threads at once. <c>model.Load</c>, <c>result.Trained</c> and
/// <c>model.With(parameters, state)</c> give one; <c>Model</c>, <c>Parameters</c> and <c>State</c> are its parts.
/// </summary>
public static class TrainedModels
{
    extension(Trained trained)
    {
        /// <summary>The outputs for inputs of any number of rows, <c>[rows; ...]</c>, computed in batches of 256.</summary>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <exception cref="DomainError">A NaN or an infinity is among the inputs; the message names its row.</exception>
        /// <example><code>Tensor outputs = trained.Predict(test.Inputs);</code></example>
        public Tensor Predict(Tensor inputs) => TrainedModule.predict(inputs, trained);

        /// <summary>The class of the greatest output for each row, the first of several, i64 <c>[rows]</c>.</summary>
        /// <example><code>Tensor labels = trained.PredictLabels(test.Inputs);</code></example>
        public Tensor PredictLabels(Tensor inputs) => Classification.argMax(trained.Predict(inputs));

        /// <summary>The mean loss and the metrics on a data set.</summary>
        /// <exception cref="DomainError">There are no rows, or one has a NaN, an infinity, or a label that is no class.</exception>
        /// <example><code>Scores scores = trained.Evaluate(test, Losses.CrossEntropy, Metrics.Accuracy);</code></example>
        public Scores Evaluate(Dataset data, Func<Expr, Expr, Expr> loss, params Metric[] metrics) =>
            new(TrainedModule.evaluate(Interop.Function(loss), Interop.List(metrics), data, trained));

        /// <summary>
        /// What comes out of each layer for inputs <c>[rows; ...]</c>, by its path: to see where signals vanish or explode. All rows
        /// are computed at once.
        /// </summary>
        /// <example><code>Tree&lt;Tensor&gt; activations = trained.Activations(test.Inputs);</code></example>
        public Tree<Tensor> Activations(Tensor inputs) => TrainedModule.activations(inputs, trained);

        /// <summary>Writes parameters and layer state as safetensors, whole or not at all; <c>model.Load</c> reads them.</summary>
        /// <example><code>trained.Save(path);</code></example>
        public void Save(string path) => TrainedModule.save(path, trained);

        /// <summary>Writes parameters and layer state without holding a thread while the disk works.</summary>
        /// <example><code>await trained.SaveAsync(path);</code></example>
        public Task SaveAsync(string path, CancellationToken cancellation = default) =>
            trained.Parameters.Append(trained.State).WriteSafetensorsAsync(path, cancellation: cancellation);
    }
}
