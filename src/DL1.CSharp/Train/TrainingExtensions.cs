using System.Diagnostics.CodeAnalysis;
using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>
/// Training: a model, a loss and an optimizer, and the rows to learn from. A loss is a function of targets and outputs, such
/// as <c>Losses.CrossEntropy</c>. The same seed gives the same bits, on any number of threads.
/// </summary>
public static class TrainingExtensions
{
    private static TrainingOptions Options(
        int epochs, int batchSize, long seed, Source? validation, IReadOnlyList<Metric>? metrics, int? patience,
        IProgress<TrainingProgress>? progress, string? savePath) =>
        new(
            epochs, batchSize, Seed: seed, Validation: validation, Metrics: metrics,
            EarlyStopping: patience is { } p ? EarlyStopping.After(p) : null, Progress: progress, SavePath: savePath);

    extension(Layer<Expr, Expr> model)
    {
        /// <summary>Trains the model on the rows of a data set.</summary>
        /// <param name="data">Inputs and targets: a data set, or any source of rows.</param>
        /// <param name="loss">A scalar of targets and outputs, such as their mean over the rows: <c>Losses.CrossEntropy</c>.</param>
        /// <param name="optimizer">How parameters follow their gradients.</param>
        /// <param name="epochs">How often all rows are seen.</param>
        /// <param name="batchSize">Rows in a step.</param>
        /// <param name="seed">What parameters, the order of rows and dropout are drawn from.</param>
        /// <param name="validation">Rows that are measured after each epoch and never learnt from.</param>
        /// <param name="metrics">What is measured beside the loss.</param>
        /// <param name="patience">
        /// Stops after the given number of epochs without a lower loss, and returns the best: the loss on the validation set, or, computed
        /// after each epoch, on the training set.
        /// </param>
        /// <param name="progress">Told after each step and each epoch: <c>TrainingProgress.Console()</c>.</param>
        /// <param name="savePath">Where a checkpoint goes after each epoch.</param>
        /// <param name="cancellation">Ends training after the step that is being made; the result says so, and holds what is learnt.</param>
        /// <exception cref="ShapeError">The data do not fit the model; the message names the layer.</exception>
        /// <exception cref="DomainError">A NaN or an infinity is among the data, or a label that is no class; the message names the row.</exception>
        /// <exception cref="FitError">Something threw after the first step; the error has the result until then.</exception>
        /// <example><code>var result = model.Fit(train, Losses.CrossEntropy, Optimizers.AdamW(1e-3), epochs: 20, validation: test);</code></example>
        public TrainingResult Fit(
            Source data,
            Func<Expr, Expr, Expr> loss,
            Optimizer optimizer,
            int epochs = 10,
            int batchSize = 64,
            long seed = 0,
            Source? validation = null,
            IReadOnlyList<Metric>? metrics = null,
            int? patience = null,
            IProgress<TrainingProgress>? progress = null,
            string? savePath = null,
            CancellationToken cancellation = default) =>
            model.Learner(loss, optimizer)
                .Fit(data, Options(epochs, batchSize, seed, validation, metrics, patience, progress, savePath), cancellation);

        /// <summary>
        /// <c>Fit</c> on another thread. Training is work for processors and waits for nothing: this hands it to the thread pool, so
        /// that an interface or a server stays free.
        /// </summary>
        /// <inheritdoc cref="Fit(Layer{Expr, Expr}, Source, Func{Expr, Expr, Expr}, Optimizer, int, int, long, Source, IReadOnlyList{Metric}, int?, IProgress{TrainingProgress}, string, CancellationToken)" path="/param"/>
        /// <example><code>var later = await model.FitAsync(train, Losses.CrossEntropy, Optimizers.AdamW(1e-3), epochs: 2);</code></example>
        public Task<TrainingResult> FitAsync(
            Source data,
            Func<Expr, Expr, Expr> loss,
            Optimizer optimizer,
            int epochs = 10,
            int batchSize = 64,
            long seed = 0,
            Source? validation = null,
            IReadOnlyList<Metric>? metrics = null,
            int? patience = null,
            IProgress<TrainingProgress>? progress = null,
            string? savePath = null,
            CancellationToken cancellation = default) =>
            model.Learner(loss, optimizer)
                .FitAsync(data, Options(epochs, batchSize, seed, validation, metrics, patience, progress, savePath), cancellation);

        /// <summary>A model with its loss and its optimizer: what penalties, frozen parts and all options are added to.</summary>
        /// <param name="loss">
        /// A scalar of targets and outputs, such as their mean over the rows: <c>Losses.CrossEntropy</c>.
        /// </param>
        /// <param name="optimizer">How parameters follow their gradients.</param>
        /// <exception cref="DomainError">
        /// There are no parts, one has no name or that of the whole loss, or a weight is not finite.
        /// </exception>
        /// <example><code>var learner = model.Learner(Losses.CrossEntropy, Optimizers.Adam(1e-2));</code></example>
        public Learner Learner(Func<Expr, Expr, Expr> loss, Optimizer optimizer) =>
            LearnerModule.create(model, Interop.Function(loss), optimizer);

        /// <summary>
        /// The model with parameters and layer state from a file, for inputs of this shape, the batch first; its extent there makes
        /// no difference.
        /// </summary>
        /// <param name="path">A safetensors file that <c>Save</c>, or PyTorch with the same names, has written.</param>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="FormatError">The file is damaged, or of another model; the message names the parameter.</exception>
        /// <exception cref="ShapeError">
        /// An input of this type and shape does not fit the model; the message names the layer.
        /// </exception>
        /// <example><code>Trained loaded = model.Load(path, 1, 64);</code></example>
        public Trained Load(string path, params int[] inputShape) =>
            TrainedModule.load(path, model, Tensor.Zeros(inputShape));

        /// <summary><c>Load</c> for inputs of an element type: i32 or i64 for a model that begins with an embedding.</summary>
        /// <param name="path">A safetensors file that <c>Save</c>, or PyTorch with the same names, has written.</param>
        /// <param name="inputType">The element type of the input: i32 or i64 where the model begins with an embedding.</param>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="ShapeError">
        /// An input of this type and shape does not fit the model; the message names the layer.
        /// </exception>
        /// <exception cref="FormatError">The file is damaged, or of another model; the message names the parameter.</exception>
        /// <example><code>Trained loadedWords = words.Load(path, DType.I64, 1, 12);</code></example>
        public Trained Load(string path, DType inputType, params int[] inputShape) =>
            TrainedModule.load(path, model, Tensor.Full(inputType, 0, inputShape));

        /// <summary>The model's structure as JSON, for inputs of this shape: its layers, parameters and state.</summary>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="ShapeError">
        /// An input of this type and shape does not fit the model; the message names the layer.
        /// </exception>
        /// <example><code>string structure = model.ToJson(1, 64);</code></example>
        public string ToJson(params int[] inputShape) => Structure.toJson(Expr.Variable("input", inputShape), model);

        /// <summary><c>ToJson</c> for inputs of an element type: i32 or i64 for a model that begins with an embedding.</summary>
        /// <param name="inputType">The element type of the input: i32 or i64 where the model begins with an embedding.</param>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="ShapeError">
        /// An input of this type and shape does not fit the model; the message names the layer.
        /// </exception>
        /// <example><code>string wordStructure = words.ToJson(DType.I64, 1, 12);</code></example>
        public string ToJson(DType inputType, params int[] inputShape) =>
            Structure.toJson(Expr.Variable("input", inputType, inputShape), model);

        /// <summary>Compares the structure in a text with the model's.</summary>
        /// <param name="json">What <c>ToJson</c> has made.</param>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="FormatError">They differ; the message names the first place.</exception>
        /// <exception cref="ShapeError">
        /// An input of this type and shape does not fit the model; the message names the layer.
        /// </exception>
        /// <example><code>model.CheckJson(structure, 1, 64);</code></example>
        public void CheckJson(string json, params int[] inputShape) =>
            Structure.check(json, Expr.Variable("input", inputShape), model);

        /// <summary><c>CheckJson</c> for inputs of an element type: i32 or i64 for a model that begins with an embedding.</summary>
        /// <param name="json">What <c>ToJson</c> has made.</param>
        /// <param name="inputType">The element type of the input: i32 or i64 where the model begins with an embedding.</param>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="FormatError">They differ; the message names the first place.</exception>
        /// <exception cref="ShapeError">
        /// An input of this type and shape does not fit the model; the message names the layer.
        /// </exception>
        /// <example><code>words.CheckJson(wordStructure, DType.I64, 1, 12);</code></example>
        public void CheckJson(string json, DType inputType, params int[] inputShape) =>
            Structure.check(json, Expr.Variable("input", inputType, inputShape), model);

    }

    extension<TIn, TOut>(Layer<TIn, TOut> model)
    {
        /// <summary>
        /// <c>Fit</c> for a model of several tensors: from any tuple, record or <c>Tree&lt;Expr&gt;</c> of expressions to any other.
        /// The data set has a tensor for each, by its name; a tuple's members are named 1, 2, ...
        /// </summary>
        /// <typeparam name="TTarget">What the loss is given as targets: an <c>Expr</c>, a tuple, a record, a tree.</typeparam>
        /// <inheritdoc cref="Fit(Layer{Expr, Expr}, Source, Func{Expr, Expr, Expr}, Optimizer, int, int, long, Source, IReadOnlyList{Metric}, int?, IProgress{TrainingProgress}, string, CancellationToken)" path="/param"/>
        /// <exception cref="ShapeError">The data do not fit the model; the message names the layer.</exception>
        /// <exception cref="DomainError">Names or types do not fit the model, or a number is not finite, or a label no class.</exception>
        /// <example><code>var homes = twoHeads.Fit(rooms, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price) + Losses.CrossEntropy(y.Kind, o.Kind), Optimizers.Adam(1e-2), epochs: 3);</code></example>
        public TrainingResult Fit<[DynamicallyAccessedMembers(Interop.Members)] TTarget>(
            Source data,
            Func<TTarget, TOut, Expr> loss,
            Optimizer optimizer,
            int epochs = 10,
            int batchSize = 64,
            long seed = 0,
            Source? validation = null,
            IReadOnlyList<Metric>? metrics = null,
            int? patience = null,
            IProgress<TrainingProgress>? progress = null,
            string? savePath = null,
            CancellationToken cancellation = default) =>
            model.Learner(loss, optimizer)
                .Fit(data, Options(epochs, batchSize, seed, validation, metrics, patience, progress, savePath), cancellation);

        /// <summary><c>Fit</c> for a model of several tensors, on the thread pool.</summary>
        /// <typeparam name="TTarget">What the loss is given as targets: an <c>Expr</c>, a tuple, a record, a tree.</typeparam>
        /// <inheritdoc cref="Fit(Layer{Expr, Expr}, Source, Func{Expr, Expr, Expr}, Optimizer, int, int, long, Source, IReadOnlyList{Metric}, int?, IProgress{TrainingProgress}, string, CancellationToken)" path="/param"/>
        /// <example><code>var homesLater = await twoHeads.FitAsync(rooms, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price), Optimizers.Adam(1e-2), epochs: 1);</code></example>
        public Task<TrainingResult> FitAsync<[DynamicallyAccessedMembers(Interop.Members)] TTarget>(
            Source data,
            Func<TTarget, TOut, Expr> loss,
            Optimizer optimizer,
            int epochs = 10,
            int batchSize = 64,
            long seed = 0,
            Source? validation = null,
            IReadOnlyList<Metric>? metrics = null,
            int? patience = null,
            IProgress<TrainingProgress>? progress = null,
            string? savePath = null,
            CancellationToken cancellation = default) =>
            model.Learner(loss, optimizer)
                .FitAsync(data, Options(epochs, batchSize, seed, validation, metrics, patience, progress, savePath), cancellation);

        /// <summary>A model of several tensors with its loss and its optimizer: from any tuple, record or tree to any other.</summary>
        /// <typeparam name="TTarget">What the loss is given as targets: an <c>Expr</c>, a tuple, a record, a tree.</typeparam>
        /// <param name="loss">
        /// A scalar of targets and outputs, such as their mean over the rows: <c>Losses.CrossEntropy</c>.
        /// </param>
        /// <param name="optimizer">How parameters follow their gradients.</param>
        /// <exception cref="DomainError">A type is not made of expressions.</exception>
        /// <example><code>var ofPrices = twoHeads.Learner(((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price), Optimizers.Adam(1e-2));</code></example>
        public Learner Learner<[DynamicallyAccessedMembers(Interop.Members)] TTarget>(Func<TTarget, TOut, Expr> loss, Optimizer optimizer) =>
            LearnerModule.createOf(model, Interop.Function(loss), optimizer);

        /// <summary>
        /// A model with a loss that is a sum of named parts, each times its weight. The history has each part, without its weight,
        /// among the metrics: <c>kl</c> of training, <c>validation kl</c>.
        /// </summary>
        /// <typeparam name="TTarget">What the loss is given as targets: an <c>Expr</c>, a tuple, a record, a tree.</typeparam>
        /// <param name="parts">Names, each once, with finite weights and scalars of targets and outputs.</param>
        /// <param name="optimizer">How parameters follow their gradients.</param>
        /// <exception cref="DomainError">There are no parts, two have one name, or a weight is not finite.</exception>
        /// <example><code>var inParts = twoHeads.Learner([("price", 1.0, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price)), ("kind", 0.5, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.CrossEntropy(y.Kind, o.Kind))], Optimizers.Adam(1e-2));</code></example>
        public Learner Learner<[DynamicallyAccessedMembers(Interop.Members)] TTarget>(
            IEnumerable<(string Name, double Weight, Func<TTarget, TOut, Expr> Loss)> parts, Optimizer optimizer) =>
            LearnerModule.ofParts(
                model, Interop.List(parts.Select(p => Tuple.Create(p.Name, p.Weight, Interop.Function(p.Loss)))), optimizer);

        /// <summary>The model with parameters and layer state from a file, for inputs like those of a data set.</summary>
        /// <param name="path">A safetensors file that <c>Save</c>, or PyTorch with the same names, has written.</param>
        /// <param name="data">A data set whose inputs have the types and shapes of the model's.</param>
        /// <exception cref="FormatError">The file is damaged, or of another model; the message names the parameter.</exception>
        /// <example><code>Trained loadedHomes = twoHeads.Load(path, rooms);</code></example>
        public Trained Load(string path, Dataset data) => TrainedModule.loadFor(path, model, data);

        /// <summary>The model with parameters and layer state, ready to predict.</summary>
        /// <param name="parameters">Parameters by the model's paths.</param>
        /// <param name="state">Layer state by the model's paths.</param>
        /// <example><code>Trained ready = model.With(parameters, state);</code></example>
        public Trained With(Tree<Tensor> parameters, Tree<Tensor> state) =>
            TrainedModule.createOf(model, parameters, state);
    }

    extension(Learner learner)
    {
        /// <summary>Trains on the rows of a data set, by options that are one value.</summary>
        /// <param name="data">Inputs and targets: a data set, or any source of rows.</param>
        /// <param name="options">10 epochs of shuffled batches of 64, unless given.</param>
        /// <param name="cancellation">Ends training after the step that is being made; the result says so, and holds what is learnt.</param>
        /// <exception cref="ShapeError">The data do not fit the model; the message names the layer.</exception>
        /// <exception cref="DomainError">A NaN or an infinity is among the data, or a label that is no class; the message names the row.</exception>
        /// <example><code>var fitted = learner.Fit(train, new TrainingOptions(Epochs: 3, BatchSize: 32, Metrics: [Metrics.Accuracy]));</code></example>
        public TrainingResult Fit(
            Source data, TrainingOptions? options = null, CancellationToken cancellation = default) =>
            new(learner, DL1.Fit.run((options ?? new TrainingOptions()).ToCore(cancellation), learner, data));

        /// <summary><c>Fit</c> on the thread pool: training is work for processors and waits for nothing.</summary>
        /// <inheritdoc cref="Fit(Learner, Source, TrainingOptions, CancellationToken)" path="/param"/>
        /// <example><code>var fittedLater = await learner.FitAsync(train, new TrainingOptions(Epochs: 3));</code></example>
        public Task<TrainingResult> FitAsync(
            Source data, TrainingOptions? options = null, CancellationToken cancellation = default) =>
            // The token ends training with a result; it does not take the task away.
            Task.Run(() => learner.Fit(data, options, cancellation), CancellationToken.None);

        /// <summary>The same learner with a penalty on its parameters, added to the loss.</summary>
        /// <param name="penalty">
        /// From the parameters by their paths to a scalar, such as <c>p =&gt; p.L2Penalty(1e-4)</c>.
        /// </param>
        /// <example><code>learner.Penalized(weights => weights.L2Penalty(1e-4))</code></example>
        public Learner Penalized(Func<Tree<Expr>, Expr> penalty) =>
            LearnerModule.penalized(Interop.Function(penalty), learner);

        /// <summary>The same learner, but parameters with these paths stay as they are: no gradient of theirs is computed.</summary>
        /// <param name="isFrozen">Whether a path is one of them: <c>0.weight</c>.</param>
        /// <param name="inInference">
        /// Whether the layers with these paths also run in inference while the others are trained: batch norm goes by its running
        /// statistics and leaves them as they are, dropout rests. They are asked for by their paths with and without a dot behind.
        /// </param>
        /// <exception cref="DomainError">When training begins: no parameter has such a path.</exception>
        /// <example><code>learner.Frozen(path => path.StartsWith("0."))</code></example>
        /// <example><code>learner.Frozen(path => path.StartsWith("0."), inInference: true)</code></example>
        public Learner Frozen(Func<string, bool> isFrozen, bool inInference = false) =>
            inInference
                ? LearnerModule.freezeResting(Interop.Function(isFrozen), learner)
                : LearnerModule.freeze(Interop.Function(isFrozen), learner);

        /// <summary>
        /// The same learner, which begins with what another model has learnt: parameters and layer state whose path, shape and kind of type
        /// fit are taken, others are new. <c>Taken</c> reports which. A state that training is begun with (<c>TrainingOptions.Start</c>)
        /// is not changed.
        /// </summary>
        /// <param name="known">The trained model.</param>
        /// <param name="only">Which paths may be taken, such as <c>path =&gt; !path.StartsWith("head.")</c>; all unless given.</param>
        /// <exception cref="FormatError">When training begins: none fits.</exception>
        /// <example><code>learner.From(trained)</code></example>
        public Learner From(Trained known, Func<string, bool>? only = null) =>
            learner.From(TreeModule.append(known.Parameters, known.State), only);

        /// <summary>The same learner, which begins with tensors from a file, where their path, shape and kind of type fit.</summary>
        /// <param name="weights">Tensors by the model's paths.</param>
        /// <param name="only">Which paths may be taken; all unless given.</param>
        /// <exception cref="FormatError">When training begins: none fits.</exception>
        /// <example><code>learner.From(parameters)</code></example>
        public Learner From(Tree<Tensor> weights, Func<string, bool>? only = null) =>
            LearnerModule.startingWith(only is null ? weights : TreeModule.filter(Interop.Function(only), weights), learner);

        /// <summary>
        /// What a learner that begins with given weights (<c>From</c>) takes of them for inputs like those of a data set: which paths are
        /// taken, missing, left and unfit. It prints itself as a report.
        /// </summary>
        /// <param name="data">A data set, of whose inputs only types and shapes matter.</param>
        /// <exception cref="DomainError">The learner begins with parameters drawn at random.</exception>
        /// <exception cref="FormatError">None fits.</exception>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <example><code>LoadedWeights report = learner.From(trained).Taken(train);</code></example>
        public LoadedWeights Taken(Dataset data) => Step.taken(learner, data);

        /// <summary>
        /// The same learner with batches mixed in training (Zhang et al. 2018): inputs become λ·x + (1 − λ)·x', where x' is the batch
        /// in reverse order and λ is drawn from Beta(α, α) for each step, and the loss λ·loss(t) + (1 − λ)·loss(t') of both targets.
        /// Targets stay as they are, so that labels need no probabilities; evaluation mixes nothing.
        /// </summary>
        /// <param name="alpha">
        /// The α of the Beta distribution that λ is drawn from, from 0.01 to 1000; small ones mix little.
        /// </param>
        /// <exception cref="DomainError">α is outside [0.01, 1000].</exception>
        /// <exception cref="ShapeError">When training begins: inputs are whole numbers.</exception>
        /// <example><code>learner.Mixup(0.2)</code></example>
        public Learner Mixup(double alpha = 0.2) => LearnerModule.mixup(alpha, learner);

        /// <summary>
        /// The same learner, but where <c>Fit</c> measures after an epoch, layers run as in training: what is random is drawn, the same
        /// in each epoch, and batch norm goes by the batch. So the bound of a variational autoencoder on the validation set compares
        /// with that of training.
        /// </summary>
        /// <example><code>var asInTraining = learner.ValidatedInTraining();</code></example>
        public Learner ValidatedInTraining() => LearnerModule.validatedInTraining(learner);

        /// <summary>
        /// The same learner, whose targets may be NaN or infinite where they are missing: for a loss that masks them.
        /// </summary>
        /// <example><code>learner.MaskingTargets()</code></example>
        public Learner MaskingTargets() => LearnerModule.maskingTargets(learner);

        /// <summary>The loss as a function of one target and one output; of a model of several tensors it refuses.</summary>
        /// <example><code>Expr ofRows = learner.LossFunction(target, output);</code></example>
        public Func<Expr, Expr, Expr> LossFunction => (target, output) => learner.Loss.Invoke(target).Invoke(output);

        /// <summary>The same learner with parameters of another floating-point type: f64, where f32 is not fine enough.</summary>
        /// <param name="type">f32 or f64.</param>
        /// <example><code>learner.Typed(DType.F64)</code></example>
        public Learner Typed(DType type) => LearnerModule.typed(type, learner);

        /// <summary>
        /// Losses by learning rate, which grows from step to step until the loss runs away; <c>Suggested</c> is a rate to begin with
        /// (Smith 2017).
        /// </summary>
        /// <param name="data">Training rows; no other ones are needed.</param>
        /// <param name="low">The first rate, above 0.</param>
        /// <param name="high">The last rate, above the first.</param>
        /// <param name="steps">How many rates are tried, each with one batch.</param>
        /// <param name="batchSize">Rows in a batch, 1 or more.</param>
        /// <param name="seed">What parameters and the order of rows are drawn from.</param>
        /// <exception cref="DomainError">
        /// The rates do not grow, data are refused as by <c>Fit</c>, the first loss is not finite, or no rate lowers the loss.
        /// </exception>
        /// <exception cref="ShapeError">The data do not fit the model or the loss; the message names the layer.</exception>
        /// <example><code>double rate = learner.FindRate(train, steps: 30).Suggested;</code></example>
        public RateCurve FindRate(
            Dataset data, double low = 1e-6, double high = 1, int steps = 100, int batchSize = 64, long seed = 0) =>
            RateFinder.run(low, high, steps, Batches.ofSize(batchSize), Key.OfSeed(seed), learner, data);

        /// <summary>The first state: parameters drawn with a key for inputs like these, of which only type and shape matter.</summary>
        /// <param name="key">The same key gives the same bits.</param>
        /// <param name="inputs">Inputs <c>[rows; ...]</c>, of which only type and shape matter.</param>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <example><code>TrainState first = learner.Start(Key.OfSeed(1), train.Inputs);</code></example>
        public TrainState Start(Key key, Tensor inputs) => Step.start(learner, key, inputs);

        /// <summary>The first state: parameters drawn with a key for inputs like those of a data set, one or several.</summary>
        /// <param name="key">The same key gives the same bits.</param>
        /// <param name="data">A data set, of whose inputs only types and shapes matter.</param>
        /// <exception cref="ShapeError">Inputs do not fit the model; the message names the layer.</exception>
        /// <example><code>TrainState firstOfHomes = ofPrices.Start(Key.OfSeed(1), rooms);</code></example>
        public TrainState Start(Key key, Dataset data) => Step.startOn(learner, key, data);

        /// <summary>The first state with given parameters and layer state: for fine-tuning.</summary>
        /// <param name="key">The same key gives the same bits.</param>
        /// <param name="parameters">The parameters to begin with, by the model's paths.</param>
        /// <param name="state">The layer state to begin with, by the model's paths.</param>
        /// <exception cref="DomainError">There are no parameters.</exception>
        /// <example><code>TrainState tuned = learner.Start(Key.OfSeed(1), parameters, state);</code></example>
        public TrainState Start(Key key, Tree<Tensor> parameters, Tree<Tensor> state) =>
            Step.startFrom(learner, key, parameters, state);

        /// <summary>
        /// A step for batches like this one, as a function that changes nothing: from a state and a batch to the next state and the
        /// loss. <c>new Trainer(learner, first, false)</c> makes the same steps in place, to the same bits, and faster.
        /// </summary>
        /// <param name="state">A state of the training, of which only types and shapes matter.</param>
        /// <param name="batch">A batch, of which only types and shapes matter.</param>
        /// <exception cref="ShapeError">The batch does not fit the model or the loss; the message names the layer.</exception>
        /// <exception cref="DomainError">The state is of another model.</exception>
        /// <example><code>
        /// var advance = learner.Prepare(first, batch);
        /// var (second, firstLoss) = advance(first, batch);
        /// </code></example>
        public Func<TrainState, Dataset, (TrainState Next, double Loss)> Prepare(TrainState state, Dataset batch)
        {
            var step = Step.prepare(learner, state, batch);
            return (now, rows) => step.Invoke(now).Invoke(rows).ToValueTuple();
        }
    }

    extension(RateCurve curve)
    {
        /// <summary>The rates that were tried, growing, each with its smoothed loss.</summary>
        /// <example><code>foreach (var (tried, smoothed) in learner.FindRate(train, steps: 30).Points)</code></example>
        public IReadOnlyList<(double Rate, double Loss)> Points => [.. curve.Rates.Zip(curve.Losses)];
    }

    extension(Transition)
    {
        /// <summary>
        /// A step of one's own, as one graph: a function of the state and the inputs to the next state, of the same paths, types and
        /// shapes, and whatever else is wanted. Of the tensors only types and shapes matter.
        /// </summary>
        /// <param name="advance">
        /// From the state by its paths and the inputs to the next state and whatever else is wanted.
        /// </param>
        /// <param name="state">A state, of which only paths, types and shapes matter.</param>
        /// <param name="inputs">Inputs, of which only types and shapes matter.</param>
        /// <exception cref="ShapeError">The next state has another type or shape than the state.</exception>
        /// <exception cref="DomainError">The next state has other paths than the state.</exception>
        /// <example><code>var adding = Transition.Create((tree, given) => (tree.Map(w => w + given[0]), []), start, Tensor.Zeros());</code></example>
        public static Transition Create(
            Func<Tree<Expr>, IReadOnlyList<Expr>, (Tree<Expr> Next, IEnumerable<Expr> Outputs)> advance,
            Tree<Tensor> state,
            params Tensor[] inputs) =>
            TransitionModule.create(
                Interop.Function<Tree<Expr>, Microsoft.FSharp.Collections.FSharpList<Expr>, Tuple<Tree<Expr>, Microsoft.FSharp.Collections.FSharpList<Expr>>>(
                    (tree, given) =>
                    {
                        var (next, outputs) = advance(tree, given);
                        return Tuple.Create(Interop.Answered(next), Interop.Answers(outputs));
                    }),
                state,
                Interop.List(inputs));
    }

    extension(Transition transition)
    {
        /// <summary>The next state and the outputs, from a state and the inputs; what it is given stays as it is.</summary>
        /// <param name="state">The state before the step, of the paths, types and shapes that it was made for.</param>
        /// <param name="inputs">One tensor for each input, in their order.</param>
        /// <exception cref="DomainError">The state has other paths than the one that the step was made for.</exception>
        /// <example><code>var (added, _) = adding.Run(start, 2f);</code></example>
        public (Tree<Tensor> Next, IReadOnlyList<Tensor> Outputs) Run(Tree<Tensor> state, params Tensor[] inputs)
        {
            var (next, outputs) = transition.Run(state, Interop.List(inputs));
            return (next, outputs);
        }
    }
}
