using DL1;

namespace Course;

/// <summary>
/// A network of two hidden layers with batch normalisation, ReLU and dropout, and a linear output. All of a training
/// step is one graph: forward, loss, gradients, the optimizer's update, and the new running statistics.
/// </summary>
internal sealed class Mlp
{
    /// <summary>What a step reads and writes: parameters, and the running statistics of each hidden layer.</summary>
    public sealed record State(Tree<Tensor> Parameters, Tree<Tensor> Statistics);

    private readonly Layer<Expr, Expr> model;
    private readonly int inputs;

    public Mlp(int inputs, int hidden, double dropout)
    {
        // He's rule: normal, deviation √(2 / fan-in). The shift of batch normalisation is the hidden layers' bias.
        var he = Initializers.KaimingNormal();
        Layer<Expr, Expr> Hidden() => Model.Sequential(
            Layers.Linear(hidden, bias: false, weight: he), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(dropout));

        this.inputs = inputs;
        model = Model.Sequential(Hidden(), Hidden(), Layers.Linear(1, weight: he, biasInit: Initializers.Zeros));
    }

    /// <summary>Weights drawn by He's rule, scales 1, shifts 0.</summary>
    public State Initial(Key key)
    {
        var (parameters, statistics) = model.Init(key, 1, inputs);
        return new State(parameters, statistics);
    }

    /// <summary>One step on batches of a size from a state like this one, by an optimizer without state of its own.</summary>
    public Func<State, Key, Tensor, Tensor, (State, double)> Step(State like, int batch, Optimizer optimizer)
    {
        Expr x = Expr.Variable("x", batch, inputs), y = Expr.Variable("y", batch, 1), key = Expr.Variable("key", DType.I32, 2);
        Tree<Expr> weights = like.Parameters.Variables(), statistics = like.Statistics.Variables();
        var (prediction, seen) = model.Apply(weights, statistics, x, key);
        var loss = Losses.Mse(y, prediction);
        var (next, _) = optimizer.Step(loss.Gradient(weights), Trees.Empty<Expr>(), weights);
        var step = new CompiledFunction([.. weights.Values, .. statistics.Values, key, x, y], [loss, .. next.Values, .. seen.Values]);

        return (state, k, xs, ys) =>
        {
            var results = step.Invoke([.. state.Parameters.Values, .. state.Statistics.Values, k.ToTensor(), xs, ys]);
            var (parameters, after) = (results[1..(1 + weights.Count)], results[(1 + weights.Count)..]);
            return (new State(weights.WithValues(parameters), statistics.WithValues(after)), results[0].ToDouble());
        };
    }

    /// <summary>The prediction for rows of inputs, by the running statistics and without dropout.</summary>
    public Tensor Predict(State state, Tensor xs) => model.Apply(state.Parameters, state.Statistics, xs);
}
