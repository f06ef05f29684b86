namespace DL1.CSharp.Tests.Programs;

public class Adversarial
{
    [Fact]
    public void Run()
    {
        #region program
        var generator = Layers.Linear(32).Then(Layers.Relu()).Then(Layers.Linear(2)).Trainable("generator", Optimizers.Adam(1e-3, 0.5));
        var critic = Layers.Linear(32).Then(Layers.LeakyRelu(0.2)).Then(Layers.Linear(1)).Trainable("critic", Optimizers.Adam(1e-3, 0.5));
        var loop = new TrainingLoop(Key.OfSeed(1));
        var play = loop.Training(step =>
        {
            Expr ones = Expr.Constant(Tensor.Ones(step.Rows, 1)), zeros = Expr.Constant(Tensor.Zeros(step.Rows, 1));
            var drawn = step.Apply(generator, step.Key().Normal(0, 1, step.Rows, 4));
            var lossOfCritic = Losses.BceWithLogits(ones, step.Apply(critic, step["points"]))
                + Losses.BceWithLogits(zeros, step.Apply(critic, drawn.StopGradient()));
            step.Minimize(critic, lossOfCritic);
            step.Report("critic", lossOfCritic);
            step.Minimize(generator, Losses.BceWithLogits(ones, step.Apply(critic, drawn)));
        });
        var points = Key.OfSeed(5).Normal(3, 0.5, 2000, 2);
        for (var i = 0; i < 1000; i++)
            play.Run(("points", points.Rows((i * 64 % 1936)..(i * 64 % 1936 + 64))));
        var samples = loop.Trained(generator).Predict(Key.OfSeed(9).Normal(0, 1, 500, 4));
        #endregion

        Assert.True(double.IsFinite(play["critic"]));
        var centre = samples.Mean(0).ToDoubles();
        Assert.All(centre, c => Assert.InRange(c, 2, 4));
    }
}
