using System.Diagnostics.CodeAnalysis;

namespace DL1;

/// <summary>
/// Models with what they have learnt: immutable, for many threads at once. <c>model.Load</c>, <c>result.Trained</c> and
/// <c>model.With(parameters, state)</c> give one; <c>Model</c>, <c>Parameters</c> and <c>State</c> are its parts.
/// </summary>
public static class TrainedExtensions
{
    // A sample as a batch of one row, in the type of the model's parameters.
    private static Tensor Row(Trained trained, float[] sample) =>
        Tensor.Of(sample, 1, sample.Length)
            .Cast(trained.Parameters.Values.Select(p => p.DType).FirstOrDefault(type => type.IsFloat, DType.F32));

    private static float[] Numbers(Tensor outputs) => outputs.Cast(DType.F32).ToArray<float>();

    extension(Trained trained)
    {
        /// <summary>The outputs for inputs of any number of rows, <c>[rows; ...]</c>, computed in batches of 256.</summary>
        /// <param name="inputs">Inputs <c>[rows; ...]</c>, as the model was trained on.</param>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <exception cref="DomainError">A NaN or an infinity is among the inputs; the message names its row.</exception>
        /// <example><code>Tensor outputs = trained.Predict(test.Inputs);</code></example>
        public Tensor Predict(Tensor inputs) => TrainedModule.predict(inputs, trained);

        /// <summary>The outputs of a model of several tensors by name, for the inputs of a data set; one alone is named <c>output</c>.</summary>
        /// <param name="data">Rows as the model takes them.</param>
        /// <exception cref="DomainError">A NaN or an infinity is among the inputs, or names do not fit the model.</exception>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <example><code>Tree&lt;Tensor&gt; ofHomes = loadedHomes.PredictNamed(rooms);</code></example>
        public Tree<Tensor> PredictNamed(Dataset data) => TrainedModule.predictNamed(data, trained);

        /// <summary>The outputs of a model of several tensors as a tuple, a record or a tree of tensors, for the inputs of a data set.</summary>
        /// <param name="data">Rows as the model takes them.</param>
        /// <exception cref="DomainError">The type's members are not the model's outputs.</exception>
        /// <example><code>var (thePrice, theKind) = loadedHomes.PredictAs&lt;(Tensor, Tensor)&gt;(rooms);</code></example>
        public TOut PredictAs<[DynamicallyAccessedMembers(Interop.Members)] TOut>(Dataset data) =>
            TrainedModule.predictOf<Tree<Tensor>, TOut>(data.NamedInputs, trained);

        /// <summary>
        /// The class of the greatest output for each row, the first of several, i64 <c>[rows]</c>; where the model gives one score a
        /// row, as for two classes, 1 where it is above 0.
        /// </summary>
        /// <param name="inputs">Inputs <c>[rows; ...]</c>, as the model was trained on.</param>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <example><code>Tensor labels = trained.PredictLabels(test.Inputs);</code></example>
        public Tensor PredictLabels(Tensor inputs) => Classification.ofScores(trained.Predict(inputs));

        /// <summary>
        /// The probability of each class for each row, from a classifier's scores: softmax of <c>[rows; classes]</c>; of scores
        /// <c>[rows; 1]</c>, one a row as for two classes, the probability of the second by the sigmoid.
        /// </summary>
        /// <param name="inputs">Inputs <c>[rows; ...]</c>, as the model was trained on.</param>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <example><code>Tensor probabilities = trained.PredictProbabilities(test.Inputs);</code></example>
        public Tensor PredictProbabilities(Tensor inputs)
        {
            var scores = Expr.Constant(trained.Predict(inputs));
            return (scores.Shape is [.., 1] ? ExprModule.sigmoid(scores) : scores.Softmax()).Evaluate();
        }

        /// <summary>The outputs for one sample of a model whose inputs are <c>[rows; features]</c>.</summary>
        /// <param name="sample">The features of one sample.</param>
        /// <exception cref="ShapeError">There are more or fewer features than the model was made for.</exception>
        /// <example><code>float[] scoresOfOne = trained.Predict(sample);</code></example>
        public float[] Predict(float[] sample) => Numbers(trained.Predict(Row(trained, sample)));

        /// <summary>The class of the greatest output for one sample.</summary>
        /// <param name="sample">The features of one sample.</param>
        /// <exception cref="ShapeError">There are more or fewer features than the model was made for.</exception>
        /// <example><code>int label = trained.PredictLabel(sample);</code></example>
        public int PredictLabel(float[] sample) => (int)trained.PredictLabels(Row(trained, sample))[0];

        /// <summary>The probability of each class for one sample, or that of the second where the model gives one score.</summary>
        /// <param name="sample">The features of one sample.</param>
        /// <exception cref="ShapeError">There are more or fewer features than the model was made for.</exception>
        /// <example><code>float[] chances = trained.PredictProbabilities(sample);</code></example>
        public float[] PredictProbabilities(float[] sample) => Numbers(trained.PredictProbabilities(Row(trained, sample)));

        /// <summary>
        /// The loss and the metrics on a data set. The loss is that of all its rows as one batch: neither the order of rows nor how
        /// they are cut changes it beyond rounding.
        /// </summary>
        /// <param name="data">The rows that are measured, inputs and targets.</param>
        /// <param name="loss">A scalar of targets and outputs: <c>Losses.CrossEntropy</c>.</param>
        /// <param name="metrics">What is measured beside the loss.</param>
        /// <exception cref="DomainError">There are no rows, or one has a NaN, an infinity, or a label that is no class.</exception>
        /// <exception cref="ShapeError">Inputs do not fit the model, or targets the loss or a metric.</exception>
        /// <example><code>Scores scores = trained.Evaluate(test, Losses.CrossEntropy, Metrics.Accuracy);</code></example>
        public Scores Evaluate(Dataset data, Func<Expr, Expr, Expr> loss, params Metric[] metrics) =>
            new(TrainedModule.evaluate(Interop.Function(loss), Interop.List(metrics), data, trained));

        /// <summary><c>Evaluate</c> by the loss of a learner, of several tensors or of parts.</summary>
        /// <param name="data">The rows that are measured, inputs and targets.</param>
        /// <param name="learner">A learner of this model, whose loss is taken.</param>
        /// <param name="metrics">What is measured beside the loss.</param>
        /// <exception cref="DomainError">There are no rows, or one has a NaN, an infinity, or a label that is no class.</exception>
        /// <exception cref="ShapeError">Inputs do not fit the model, or targets the loss or a metric.</exception>
        /// <example><code>double ofPrice = loadedHomes.Evaluate(rooms, inParts).Parts["price"];</code></example>
        public Scores Evaluate(Dataset data, Learner learner, params Metric[] metrics) =>
            new(TrainedModule.evaluateBy(learner, Interop.List(metrics), data, trained));

        /// <summary>
        /// What comes out of each layer for inputs <c>[rows; ...]</c>, by its path: to see where signals vanish or explode. All rows
        /// are computed at once.
        /// </summary>
        /// <param name="inputs">Inputs <c>[rows; ...]</c>, as the model was trained on.</param>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <exception cref="DomainError">The model has parameters of another shape than such inputs need.</exception>
        /// <example><code>Tree&lt;Tensor&gt; activations = trained.Activations(test.Inputs);</code></example>
        public Tree<Tensor> Activations(Tensor inputs) => TrainedModule.activations(inputs, trained);

        /// <summary>
        /// The output as an expression of the input, in inference, with parameters and state as constants: for gradients by the
        /// input, which say what a prediction depends on.
        /// </summary>
        /// <param name="inputs">Inputs <c>[rows; ...]</c>, as the model was trained on: a variable or a constant.</param>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <exception cref="DomainError">The model has several inputs or several outputs.</exception>
        /// <example><code>Expr[] slopes = trained.Apply(pixels).Max(1).Sum().Gradient(pixels);</code></example>
        public Expr Apply(Expr inputs) => TrainedModule.apply(inputs, trained);

        /// <summary>Writes parameters and layer state as safetensors, whole or not at all; <c>model.Load</c> reads them.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>trained.Save(path);</code></example>
        public void Save(string path) => TrainedModule.save(path, trained);

        /// <summary>Writes parameters and layer state without holding a thread while the disk works.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="cancellation">Ends the work with an <c>OperationCanceledException</c>.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>await trained.SaveAsync(path);</code></example>
        public Task SaveAsync(string path, CancellationToken cancellation = default) =>
            trained.Parameters.Append(trained.State).WriteSafetensorsAsync(path, cancellation: cancellation);
    }
}
