using DL1.Data;
using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>Loops of one's own: the guide's examples, run, and those of the members.</summary>
[Collection("console")]
public class TrainingLoopTests
{
    [Fact]
    public void MembersDoWhatTheirExamplesSay()
    {
        var (xs, ys) = (Key.OfSeed(1).Normal(0, 1, 40, 2), Tensor.Zeros(40, 1));
        var regression = Layers.Linear(1).Trainable("regression", Optimizers.Adam(0.05));
        var loop = new TrainingLoop(Key.OfSeed(1));
        LoopStep Training(Trainable<Expr, Expr> model) => loop.Training(step =>
        {
            var loss = Losses.Mse(step["targets"], step.Apply(model, step["inputs"]));
            step.Minimize(model, loss);
            step.Report("loss", loss);
        });

        var train = Training(regression);
        train.Run(("inputs", xs), ("targets", ys));
        var first = train["loss"];
        for (var i = 0; i < 200; i++) train.Run(Dataset.Of(xs, ys));
        Assert.True(train["loss"] < first / 100, $"{first} became {train["loss"]}");
        Assert.Equal(["loss"], train.Reports);
        Assert.Equal(201, loop.Steps);
        Assert.Equal([40, 1], loop.Trained(regression).Predict(xs).Shape);

        var path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "loop.safetensors");
        loop.State.ToCheckpoint().Write(path);
        var weights = loop.State.Parameters;
        train.Run(("inputs", xs), ("targets", ys + 1));
        Assert.NotEqual(weights, loop.State.Parameters);
        loop.Restore(Checkpoint.Read(path).ToLoopState());
        Assert.Equal(weights, loop.State.Parameters);

        var tuned = regression.From(loop.Trained(regression));
        var held = regression.Frozen(path => path == "bias");
        var precise = regression.Typed(DType.F64);
        Assert.Equal("regression", held.Name);
        Assert.Equal(DType.F64, precise.DType);

        loop = new TrainingLoop(Key.OfSeed(2));
        Training(tuned).Run(("inputs", xs), ("targets", ys));
        Assert.True((loop.State.Parameters["regression.weight"] - weights["regression.weight"]).ToDoubles().All(change => Math.Abs(change) < 0.06));
        loop = new TrainingLoop(Key.OfSeed(2));
        var heldStep = Training(held);
        heldStep.Run(("inputs", xs), ("targets", ys));
        var bias = loop.State.Parameters["regression.bias"];
        heldStep.Run(("inputs", xs), ("targets", ys));
        Assert.Equal(bias, loop.State.Parameters["regression.bias"]);
        Assert.Throws<DomainError>(() => Training(regression.Frozen(_ => true)).Run(("inputs", xs), ("targets", ys)));
        Assert.Throws<DomainError>(() => Layers.Linear(1).Trainable("a.b", Optimizers.Adam(0.05)));
    }

    [Fact]
    public void PatienceKeepsTheBest()
    {
        var stop = Patience<LoopState>.Lowest(5);
        var best = Patience<LoopState>.Highest(5, tolerance: 0.001);
        var state = new TrainingLoop(Key.OfSeed(1)).State;
        Assert.Throws<DomainError>(() => stop.Kept);
        Assert.Same(state, stop.Next(1, state).Kept);
        Assert.Same(state, best.Next(1, () => state).Next(1.0005, () => throw new InvalidOperationException()).Kept);
        Assert.True(Enumerable.Repeat(2.0, 5).Aggregate(stop.Next(1, state), (p, v) => p.Next(v, state)).IsOver);
        Assert.Throws<DomainError>(() => Patience<int>.Lowest(0));
        Assert.Throws<DomainError>(() => Patience<int>.Highest(1, double.NaN));
    }

    [Fact]
    public void TheGuideRuns()
    {
        var data = Dataset.Of(Key.OfSeed(1).Normal(0, 1, 200, 3), Key.OfSeed(2).Normal(0, 1, 200, 1));
        var (rows, held) = data.Split(0.8, seed: 1);
        var model = Layers.Linear(16).Then(Layers.Tanh()).Then(Layers.Linear(1)).Trainable("model", Optimizers.Adam(0.01));
        var loop = new TrainingLoop(Key.OfSeed(1));
        var train = loop.Training(step =>
        {
            var loss = Losses.Mse(step["targets"], step.Apply(model, step["inputs"]));
            step.Minimize(model, loss);
            step.Report("loss", loss);
        });
        var measure = loop.Measuring(step =>
            step.Report("loss", Losses.Mse(step["targets"], step.Predict(model, step["inputs"]))));

        var stop = Patience<LoopState>.Lowest(3);
        for (var epoch = 0; epoch < 50 && !stop.IsOver; epoch++)
        {
            foreach (var batch in rows.Batches(32, seed: 3, epoch: epoch)) train.Run(batch);
            measure.Run(held);
            stop = stop.Next(measure["loss"], loop.State);
        }

        loop.Restore(stop.Kept);
        Tensor predicted = loop.Trained(model).Predict(held.Inputs);

        var normed = Layers.Linear(8).Then(Layers.BatchNorm()).Then(Layers.Relu()).Then(Layers.Linear(1)).Trainable("normed", Optimizers.Adam(0.01));
        var anew = new TrainingLoop(Key.OfSeed(1));
        var renew = anew.Training(step => step.Report("mean", step.Apply(normed, step["inputs"]).Mean()));
        for (var epoch = 0; epoch < 10; epoch++)
            foreach (var batch in rows.Batches(32, seed: 3, epoch: epoch)) renew.Run(batch);

        var generator = Layers.Linear(16).Then(Layers.Relu()).Then(Layers.Linear(2)).Trainable("generator", Optimizers.Adam(1e-3));
        var critic = Layers.Linear(16).Then(Layers.LeakyRelu(0.2)).Then(Layers.Linear(1)).Trainable("critic", Optimizers.Adam(1e-3));
        var game = new TrainingLoop(Key.OfSeed(1));
        var play = game.Training(step =>
        {
            Expr ones = Expr.Constant(Tensor.Ones(step.Rows, 1)), zeros = Expr.Constant(Tensor.Zeros(step.Rows, 1));
            var drawn = step.Apply(generator, step.Key().Normal(0, 1, step.Rows, 4));
            var real = Losses.BceWithLogits(ones, step.Apply(critic, step["points"]));
            var lossOfCritic = real + Losses.BceWithLogits(zeros, step.Apply(critic, drawn.StopGradient()));
            step.Minimize(critic, lossOfCritic);

            var lossOfGenerator = Losses.BceWithLogits(ones, step.Apply(critic, drawn));
            step.Minimize(generator, lossOfGenerator);
            step.Report("critic", lossOfCritic);
            step.Report("generator", lossOfGenerator);
        });

        var ring = Key.OfSeed(5).Normal(0, 1, 64, 2);
        for (var i = 0; i < 100; i++) play.Run(("points", ring));
        Console.WriteLine($"{play["critic"]:F3} {play["generator"]:F3}");
        Tensor samples = game.Trained(generator).Predict(Key.OfSeed(9).Normal(0, 1, 10, 4));

        var images = Datasets.Digits().Take(200).Inputs;
        var encoder = Layers.Linear(32).Then(Layers.Relu()).Then(Layers.Linear(4)).Trainable("encoder", Optimizers.Adam(2e-3));
        var decoder = Layers.Linear(32).Then(Layers.Relu()).Then(Layers.Linear(64)).Trainable("decoder", Optimizers.Adam(2e-3));
        var elbo = new TrainingLoop(Key.OfSeed(1));
        var encode = elbo.Training(step =>
        {
            var x = step["images"];
            var code = step.Apply(encoder, x);
            Expr mean = code.Slice(-1, ..2), logVariance = code.Slice(-1, 2..);
            var z = mean + Exp(logVariance / 2) * step.Key().Normal(0, 1, step.Rows, 2);
            var reconstruction = Losses.BceWithLogits(x, step.Apply(decoder, z));
            var kl = (Exp(logVariance) + mean * mean - logVariance - 1).Mean() / 2;
            step.Minimize(encoder, reconstruction + 0.01 * kl);
            step.Minimize(decoder, reconstruction);
            step.Report("reconstruction", reconstruction);
            step.Report("kl", kl);
        });

        for (var i = 0; i < 50; i++) encode.Run(("images", images));
        Tensor drawnDigits = elbo.Trained(decoder).Predict(Key.OfSeed(2).Normal(0, 1, 5, 2));

        var gathered = Layers.Linear(1).Trainable("model", Optimizers.Adam(0.01).Accumulate(4));
        var slow = new TrainingLoop(Key.OfSeed(1));
        var gather = slow.Training(step =>
        {
            var loss = Losses.Mse(step["targets"], step.Apply(gathered, step["inputs"]));
            step.Minimize(gathered, loss);
            step.Report("loss", loss);
        });
        foreach (var batch in rows.Batches(16, seed: 3)) gather.Run(batch);

        var wave = Tensor.Of([.. Enumerable.Range(0, 241).Select(i => MathF.Sin(i / 5f))], 1, 241, 1);
        var reader = Layers.GruFrom(8).Trainable("reader", Optimizers.Adam(0.01));
        var head = Layers.Linear(1).Trainable("head", Optimizers.Adam(0.01));
        var series = new TrainingLoop(Key.OfSeed(1));
        var piece = series.Training(step =>
        {
            var state = step.Carried("h", Tensor.Zeros(1, 1, 8));
            var read = step.Apply(reader, (step["x"], new RecurrentState(state, null)));
            var loss = Losses.Mse(step["next"], step.Apply(head, read.Sequence));
            step.Minimize(reader, loss);
            step.Minimize(head, loss);
            step.Carry("h", read.Final.Hidden);
            step.Report("loss", loss);
        });

        for (var epoch = 0; epoch < 5; epoch++)
        {
            for (var at = 0; at + 20 < 241; at += 20)
                piece.Run(("x", wave.Slice(1, at..(at + 20))), ("next", wave.Slice(1, (at + 1)..(at + 21))));
            Console.WriteLine($"{piece["loss"]:F4}");
            series.Reset("h");
        }

        Assert.Equal([40, 1], predicted.Shape);
        Assert.True(stop.Best < 1.5, $"{stop}");
        Assert.Equal([10, 2], samples.Shape);
        Assert.Equal(100, game.Steps);
        Assert.Equal([5, 64], drawnDigits.Shape);
        Assert.True(encode["reconstruction"] < 0.7 && encode["kl"] > 0, $"{encode["reconstruction"]}");
        Assert.Equal(10, slow.Steps);
        Assert.True(piece["loss"] < 0.4, $"{piece["loss"]}");
        Assert.Equal(12 * 5, series.Steps);
    }
}
