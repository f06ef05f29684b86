using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using DL1.Notebooks;

namespace DL1;

/// <summary>Why a training ended.</summary>
public enum TrainingEnd
{
    /// <summary>All epochs were made.</summary>
    Finished,

    /// <summary>The epochs no longer got better.</summary>
    EarlyStopped,

    /// <summary>A callback said so.</summary>
    Stopped,

    /// <summary>It was cancelled; the epoch that was begun is not in the history.</summary>
    Cancelled,

    /// <summary>The loss was no longer a finite number.</summary>
    Diverged,

    /// <summary>Something threw an exception; the <see cref="FitError"/> has the result until then.</summary>
    Failed,
}

/// <summary>What training gave: the model with what it has learnt, and how it came about.</summary>
[DebuggerDisplay("{ToString(),nq}")]
[TypeFormatterSource(typeof(FormatterSource))]
public sealed class TrainingResult : INotebookValue
{
    private readonly Learner learner;

    internal TrainingResult(Learner learner, Fitted fitted)
    {
        this.learner = learner;
        Fitted = fitted;
        History = [.. fitted.History.Select(Epoch.From)];
    }

    /// <summary>The model with the last parameters, or the best where training stopped early: what predicts, and is saved.</summary>
    /// <example><code>Trained trained = result.Trained;</code></example>
    public Trained Trained => Fitted.Trained;

    /// <summary>The epochs, in order.</summary>
    /// <example><code>double[] losses = [.. result.History.Select(epoch => epoch.Loss)];</code></example>
    public IReadOnlyList<Epoch> History { get; }

    /// <summary>All that changes in training as it was after the last step: what a later training may start from.</summary>
    /// <example><code>TrainState last = result.State;</code></example>
    public TrainState State => Fitted.State;

    /// <summary>What a training goes on from, as it would be written to a file: <c>Resume</c> of options with more epochs.</summary>
    /// <example><code>var further = learner.Fit(train, new TrainingOptions(Epochs: 4, Resume: result.Checkpoint));</code></example>
    public Checkpoint Checkpoint => Fitted.Checkpoint.Value;

    /// <summary>The number of the best epoch, where one was looked for.</summary>
    /// <example><code>int? best = result.BestEpoch;</code></example>
    public int? BestEpoch => Fitted.BestEpoch?.Value;

    /// <summary>Why training ended.</summary>
    /// <example><code>bool wasStoppedEarly = result.End == TrainingEnd.EarlyStopped;</code></example>
    public TrainingEnd End =>
        Fitted.End.IsEarlyStopped ? TrainingEnd.EarlyStopped
        : Fitted.End.IsStopped ? TrainingEnd.Stopped
        : Fitted.End.IsCancelled ? TrainingEnd.Cancelled
        : Fitted.End.IsDiverged ? TrainingEnd.Diverged
        : Fitted.End.IsFailed ? TrainingEnd.Failed
        : TrainingEnd.Finished;

    /// <summary>The same as the core has it, for functions that take that.</summary>
    /// <example><code>Fitted core = result.Fitted;</code></example>
    public Fitted Fitted { get; }

    /// <summary>The outputs for inputs of any number of rows, <c>[rows; ...]</c>.</summary>
    /// <param name="inputs">Inputs <c>[rows; ...]</c>, as the model was trained on.</param>
    /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
    /// <example><code>Tensor logits = result.Predict(test.Inputs);</code></example>
    public Tensor Predict(Tensor inputs) => Trained.Predict(inputs);

    /// <summary>The outputs of a model of several tensors by name, for the inputs of a data set.</summary>
    /// <param name="data">Rows as the model takes them.</param>
    /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
    /// <example><code>Tensor sizes = homes.PredictNamed(rooms)["1"];</code></example>
    public Tree<Tensor> PredictNamed(Dataset data) => Trained.PredictNamed(data);

    /// <summary>The outputs of a model of several tensors as a tuple, a record or a tree of tensors, for the inputs of a data set.</summary>
    /// <param name="data">Rows as the model takes them.</param>
    /// <exception cref="DomainError">The type's members are not the model's outputs.</exception>
    /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
    /// <example><code>var (predictedPrice, predictedKind) = homes.PredictAs&lt;(Tensor, Tensor)&gt;(rooms);</code></example>
    public TOut PredictAs<[DynamicallyAccessedMembers(Interop.Members)] TOut>(Dataset data) =>
        Trained.PredictAs<TOut>(data);

    /// <summary>The class of the greatest output for each row, i64 <c>[rows]</c>.</summary>
    /// <param name="inputs">Inputs <c>[rows; ...]</c>, as the model was trained on.</param>
    /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
    /// <example><code>Tensor classes = result.PredictLabels(test.Inputs);</code></example>
    public Tensor PredictLabels(Tensor inputs) => Trained.PredictLabels(inputs);

    /// <summary>The probability of each class for each row, from a classifier's scores, <c>[rows; classes]</c>.</summary>
    /// <param name="inputs">Inputs <c>[rows; ...]</c>, as the model was trained on.</param>
    /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
    /// <example><code>Tensor chancesOfAll = result.PredictProbabilities(test.Inputs);</code></example>
    public Tensor PredictProbabilities(Tensor inputs) => Trained.PredictProbabilities(inputs);

    /// <summary>The outputs for one sample of a model whose inputs are <c>[rows; features]</c>.</summary>
    /// <param name="sample">The features of one sample.</param>
    /// <exception cref="ShapeError">There are more or fewer features than the model was made for.</exception>
    /// <example><code>float[] outputsOfOne = result.Predict(sample);</code></example>
    public float[] Predict(float[] sample) => Trained.Predict(sample);

    /// <summary>The class of the greatest output for one sample.</summary>
    /// <param name="sample">The features of one sample.</param>
    /// <exception cref="ShapeError">There are more or fewer features than the model was made for.</exception>
    /// <example><code>int classOfOne = result.PredictLabel(sample);</code></example>
    public int PredictLabel(float[] sample) => Trained.PredictLabel(sample);

    /// <summary>The probability of each class for one sample, or that of the second where the model gives one score.</summary>
    /// <param name="sample">The features of one sample.</param>
    /// <exception cref="ShapeError">There are more or fewer features than the model was made for.</exception>
    /// <example><code>float[] chancesOfOne = result.PredictProbabilities(sample);</code></example>
    public float[] PredictProbabilities(float[] sample) => Trained.PredictProbabilities(sample);

    /// <summary>The loss on all rows of a data set as one batch, without penalties, and metrics.</summary>
    /// <param name="data">The rows that are measured, inputs and targets.</param>
    /// <param name="metrics">What is measured beside the loss.</param>
    /// <exception cref="DomainError">There are no rows.</exception>
    /// <exception cref="ShapeError">The data do not fit the model, the loss or a metric; the message names the layer.</exception>
    /// <example><code>Console.WriteLine(result.Evaluate(test, Metrics.Accuracy));</code></example>
    public Scores Evaluate(Dataset data, params Metric[] metrics) =>
        new(TrainedModule.evaluateBy(learner, Interop.List(metrics), data, Trained));

    /// <summary>
    /// <c>Evaluate</c> with layers as in training: what is random is drawn with the seed, batch norm goes by the batch. So the bound
    /// of a variational autoencoder is that which training lowers.
    /// </summary>
    /// <param name="data">The rows that are measured, inputs and targets.</param>
    /// <param name="seed">What dropout and the like are drawn from.</param>
    /// <param name="metrics">What is measured beside the loss.</param>
    /// <exception cref="DomainError">There are no rows.</exception>
    /// <exception cref="ShapeError">The data do not fit the model, the loss or a metric; the message names the layer.</exception>
    /// <example><code>double bound = result.EvaluateInTraining(test, seed: 1).Loss;</code></example>
    public Scores EvaluateInTraining(Dataset data, long seed = 0, params Metric[] metrics) =>
        new(TrainedModule.evaluateInTraining(Key.OfSeed(seed), learner, Interop.List(metrics), data, Trained));

    /// <summary>Writes parameters and layer state as safetensors, by PyTorch's names; <c>model.Load</c> reads them.</summary>
    /// <param name="path">Where the file goes; one that is there is replaced.</param>
    /// <exception cref="DomainError">No file can be written there.</exception>
    /// <example><code>result.Save(path);</code></example>
    public void Save(string path) => TrainedModule.save(path, Trained);

    // The learning curve and the model's table.
    string INotebookValue.Html => ((INotebookValue)Fitted).Html;

    /// <summary>The last epoch, and why training ended.</summary>
    /// <example><code>Console.WriteLine(result);</code></example>
    public override string ToString() => History.Count == 0 ? $"{End}" : $"{History[^1]}  ({End})";
}

/// <summary>What a training had come to when something threw an exception.</summary>
public static class FitErrorExtensions
{
    extension(FitError error)
    {
        /// <summary>The model with what it had learnt, the state after the last whole step, and the epochs until then.</summary>
        /// <example><code>try { model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(1e-2), epochs: 1, progress: TrainingProgress.Lines(line => log.Add(line))); } catch (FitError failed) { failed.Result.Save(path); }</code></example>
        public TrainingResult Result => new(error.Learner, error.Fitted);
    }
}

/// <summary>How good a model is on some rows: it reads <c>loss 0.081  accuracy 0.972</c>.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class Scores
{
    internal Scores(Evaluation core)
    {
        Loss = core.Loss;
        Metrics = TreeModule.ofList(core.Metrics);
        Parts = TreeModule.ofList(core.Parts);
    }

    /// <summary>The loss.</summary>
    /// <example><code>double loss = scores.Loss;</code></example>
    public double Loss { get; }

    /// <summary>The named parts of the loss, without their weights; none where it is one function.</summary>
    /// <example><code>double ofKinds = homes.Evaluate(rooms).Parts["kind"];</code></example>
    public Tree<double> Parts { get; }

    /// <summary>The metrics by their names.</summary>
    /// <example><code>foreach (var (name, value) in scores.Metrics)</code></example>
    public Tree<double> Metrics { get; }

    /// <summary>A metric.</summary>
    /// <param name="metric">A metric that was measured.</param>
    /// <exception cref="DomainError">It was not measured.</exception>
    /// <example><code>double accuracy = scores[Metrics.Accuracy];</code></example>
    public double this[Metric metric] =>
        Metrics.TryGetValue(metric.Name, out var value)
            ? value
            : throw new DomainError(
                "Scores", $"the metric {metric.Name}, which was not measured",
                $"one that was: {(Metrics.Count == 0 ? "none" : string.Join(", ", Metrics.Paths))}",
                "give it to Evaluate, after the data set");

    /// <summary>Loss and metrics on a line.</summary>
    /// <example><code>string line = scores.ToString();</code></example>
    public override string ToString() =>
        string.Join("  ", Parts.Concat(Metrics).Select(m => (m.Key, m.Value)).Prepend(("loss", Loss))
            .Select(m => FormattableString.Invariant($"{m.Item1} {m.Item2:G4}")));
}
