using DL1;
using static DL1.Functions;

namespace Course;

/// <summary>
/// A network of two hidden layers with batch normalisation, ReLU and dropout, and a linear output. All of a training
/// step is one graph: forward, loss, gradients, the optimizer's update, and the new running statistics.
/// </summary>
internal sealed class Mlp(int inputs, int hidden, double dropout)
{
    private const double Epsilon = 1e-5, StatisticsRate = 0.1;

    /// <summary>What a step reads and writes: parameters, and the running mean and variance of each hidden layer.</summary>
    public sealed record State(Tensor[] Parameters, Tensor[] Statistics);

    private readonly Expr[] parameters =
    [
        Expr.Variable("0.weight", inputs, hidden), Expr.Variable("0.scale", hidden), Expr.Variable("0.shift", hidden),
        Expr.Variable("1.weight", hidden, hidden), Expr.Variable("1.scale", hidden), Expr.Variable("1.shift", hidden),
        Expr.Variable("2.weight", hidden, 1), Expr.Variable("2.bias", 1),
    ];

    private readonly Expr[] statistics =
    [
        Expr.Variable("0.mean", hidden), Expr.Variable("0.variance", hidden),
        Expr.Variable("1.mean", hidden), Expr.Variable("1.variance", hidden),
    ];

    /// <summary>Weights drawn by He's rule (normal, deviation √(2 / fan-in)), scales 1, shifts 0.</summary>
    public State Initial(Key key)
    {
        var keys = key.Split(3);
        Tensor Weights(int layer, int fanIn, int fanOut) => keys[layer].Normal(0, Math.Sqrt(2.0 / fanIn), fanIn, fanOut);
        return new State(
            [
                Weights(0, inputs, hidden), Tensor.Ones(hidden), Tensor.Zeros(hidden),
                Weights(1, hidden, hidden), Tensor.Ones(hidden), Tensor.Zeros(hidden),
                Weights(2, hidden, 1), Tensor.Zeros(1),
            ],
            [Tensor.Zeros(hidden), Tensor.Ones(hidden), Tensor.Zeros(hidden), Tensor.Ones(hidden)]);
    }

    /// <summary>The prediction for inputs x, and the statistics of the batch; a key makes it a training pass.</summary>
    private (Expr Prediction, Expr[] Statistics) Forward(Expr x, Expr? key)
    {
        var seen = new List<Expr>();
        for (var layer = 0; layer < 2; layer++)
        {
            var z = x.MatMul(parameters[3 * layer]);
            var batch = z.Shape[0];
            Expr mean = statistics[2 * layer], variance = statistics[2 * layer + 1];
            if (key is not null)
            {
                var (m, v) = (z.Mean(0), z.Variance(0));
                seen.Add((1 - StatisticsRate) * mean + StatisticsRate * m);
                seen.Add((1 - StatisticsRate) * variance + StatisticsRate * (batch / (batch - 1.0)) * v);
                (mean, variance) = (m, v);
            }

            var normal = (z - mean) * Rsqrt(variance + Epsilon);
            x = Relu(normal * parameters[3 * layer + 1] + parameters[3 * layer + 2]);
            if (key is not null && dropout > 0)
            {
                var keep = key.SplitKey(2)[layer].Bernoulli(1 - dropout, batch, hidden);
                x = x * keep.Cast(DType.F32) / (1 - dropout);
            }
        }

        return (x.MatMul(parameters[6]) + parameters[7], [.. seen]);
    }

    /// <summary>One step on a batch of this size, by this optimizer: the state and the loss.</summary>
    public Func<State, Key, Tensor, Tensor, (State, double)> Step(int batch, Optimizer optimizer)
    {
        Expr x = Expr.Variable("x", batch, inputs), y = Expr.Variable("y", batch, 1), key = Expr.Variable("key", DType.I32, 2);
        var (prediction, seen) = Forward(x, key);
        var loss = Square(prediction - y).Mean();
        var (next, _) = optimizer.Step(loss.Gradient(parameters), [], parameters);
        var step = new Function([.. parameters, .. statistics, key, x, y], [loss, .. next, .. seen.Select(s => s.StopGradient())]);

        return (state, k, xs, ys) =>
        {
            var results = step.Invoke([.. state.Parameters, .. state.Statistics, KeyModule.toTensor(k), xs, ys]);
            return (new State(results[1..9], results[9..]), results[0].ToDouble());
        };
    }

    /// <summary>The prediction for rows of inputs, by the running statistics and without dropout.</summary>
    public Tensor Predict(State state, Tensor xs)
    {
        var x = Expr.Variable("x", xs.Shape[0], inputs);
        var predict = new Function([.. parameters, .. statistics, x], [Forward(x, null).Prediction]);
        return predict.Invoke([.. state.Parameters, .. state.Statistics, xs])[0];
    }
}
