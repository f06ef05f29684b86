namespace DL1;

/// <summary>
/// Loops of one's own, between <c>Fit</c> and <c>Session</c>: <c>new TrainingLoop(key)</c> holds the state, <c>loop.Training</c> and
/// <c>loop.Measuring</c> make steps of it from what is done in them (<see cref="StepScope"/>), and <c>Patience</c> stops early.
/// </summary>
public static class TrainingLoopExtensions
{
    extension<TIn, TOut>(Layer<TIn, TOut> model)
    {
        /// <summary>The model with its optimizer, under a name, for a <c>TrainingLoop</c>.</summary>
        /// <param name="name">A name without dots, by which the loop tells its models apart.</param>
        /// <param name="optimizer">How parameters follow their gradients.</param>
        /// <exception cref="DomainError">The name is empty or has a dot.</exception>
        /// <example><code>var regression = Layers.Linear(1).Trainable("regression", Optimizers.Adam(0.05));</code></example>
        public Trainable<TIn, TOut> Trainable(string name, Optimizer optimizer) =>
            TrainableModule.create(name, model, optimizer);
    }

    extension<TIn, TOut>(Trainable<TIn, TOut> trainable)
    {
        /// <summary>The same model, of whose parameters those with these paths stay as they are.</summary>
        /// <param name="isFrozen">Whether the parameter at a path stays as it is.</param>
        /// <exception cref="DomainError">At the first step: no parameter has such a path, or all have.</exception>
        /// <example><code>var held = regression.Frozen(path => path == "bias");</code></example>
        public Trainable<TIn, TOut> Frozen(Func<string, bool> isFrozen) =>
            TrainableModule.freeze(Interop.Function(isFrozen), trainable);

        /// <summary>The same model with parameters of another floating-point type.</summary>
        /// <param name="type">f32 or f64.</param>
        /// <example><code>var precise = regression.Typed(DType.F64);</code></example>
        public Trainable<TIn, TOut> Typed(DType type) => TrainableModule.typed(type, trainable);

        /// <summary>The same model, beginning with the parameters and the layer state of a trained one: for fine-tuning.</summary>
        /// <param name="trained">A trained model with the same parameters and state.</param>
        /// <example><code>var tuned = regression.From(loop.Trained(regression));</code></example>
        public Trainable<TIn, TOut> From(Trained trained) =>
            TrainableModule.from(trained.Parameters, trained.State, trainable);
    }

    extension(LoopStep step)
    {
        /// <summary>Makes the step on a batch, given by the names of its inputs.</summary>
        /// <param name="batch">The names of the step's inputs with their values.</param>
        /// <exception cref="ShapeError">Inputs do not fit the models; the message names the layer.</exception>
        /// <exception cref="DomainError">A name is not among the inputs, or a loss does not depend on what it trains.</exception>
        /// <example><code>train.Run(("inputs", xs), ("targets", ys));</code></example>
        public void Run(params (string Name, Tensor Value)[] batch) => step.Run(Trees.From(batch));
    }

    extension(LoopState state)
    {
        /// <summary>The state of a loop as a checkpoint.</summary>
        /// <example><code>loop.State.ToCheckpoint().Write(path);</code></example>
        public Checkpoint ToCheckpoint() => LoopStateModule.toCheckpoint(state);
    }

    extension(Checkpoint checkpoint)
    {
        /// <summary>The state of a loop of one's own that the checkpoint holds.</summary>
        /// <example><code>loop.Restore(Checkpoint.Read(path).ToLoopState());</code></example>
        public LoopState ToLoopState() => LoopStateModule.ofCheckpoint(checkpoint);
    }

    extension<TKept>(Patience<TKept>)
    {
        /// <summary>Early stopping for values that should be low: over after the given number of measurements without a lower one.</summary>
        /// <param name="patience">1 or more.</param>
        /// <param name="tolerance">How much lower a value must be to count: 0 or more.</param>
        /// <exception cref="DomainError">The patience is below 1, or the tolerance is negative or NaN.</exception>
        /// <example><code>var stop = Patience&lt;LoopState&gt;.Lowest(5);</code></example>
        public static Patience<TKept> Lowest(int patience, double tolerance = 0) =>
            PatienceModule.tolerating(tolerance, PatienceModule.lowest<TKept>(patience));

        /// <summary>Early stopping for values that should be high: over after the given number of measurements without a higher one.</summary>
        /// <param name="patience">1 or more.</param>
        /// <param name="tolerance">How much higher a value must be to count: 0 or more.</param>
        /// <exception cref="DomainError">The patience is below 1, or the tolerance is negative or NaN.</exception>
        /// <example><code>var best = Patience&lt;LoopState&gt;.Highest(5, tolerance: 0.001);</code></example>
        public static Patience<TKept> Highest(int patience, double tolerance = 0) =>
            PatienceModule.tolerating(tolerance, PatienceModule.highest<TKept>(patience));
    }
}
