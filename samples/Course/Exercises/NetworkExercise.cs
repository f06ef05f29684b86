using System.Diagnostics;
using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>
/// Exercise 3, second half: the network 1-300-300-1 with batch normalisation and dropout on the same curve, and the
/// same code on real data, beside least squares.
/// </summary>
internal static class NetworkExercise
{
    private const int Hidden = 300, Batch = 128;
    private const double Dropout = 0.1;

    public static void Run(Page page, bool brief)
    {
        Synthetic(page, epochs: brief ? 2 : 100);
        Diabetes(page, epochs: brief ? 5 : 30);
    }

    private static void Synthetic(Page page, int epochs)
    {
        Page.Say("");
        Page.Say($"  The network 1-{Hidden}-{Hidden}-1 with batch normalisation and dropout {Dropout}: 7000 samples to train, 2000 to validate, 1000 to test.");
        Page.Say($"  One training step is one graph, compiled once: forward, loss, gradients and update. It trains for {epochs} epochs.");

        var keys = Key.OfSeed(4).Split(3);
        var (x, y) = RegressionExercise.Data(keys[0]);
        var parts = Parts.Of(x, y, train: 7_000, validation: 2_000, keys[1]);
        var clock = Stopwatch.StartNew();
        var run = Train(parts, new Mlp(1, Hidden, Dropout), Optimizers.Sgd(1e-4), scaleTarget: false, epochs, keys[2]);
        Page.Say($"  {epochs} epochs with their validation took {clock.Elapsed.TotalSeconds:0.0} seconds.");

        var test = Error.MeanSquared(run.Predict(parts.Test.X), parts.Test.Y);
        Page.Say($"  The best epoch by validation, {run.BestEpoch}, has a mean squared error of {test:0.000} on test; the noise alone makes 0.040.");
        page.Result("3. Network", $"test error (mean squared) after {epochs} epochs", $"{test:0.000}");

        var grid = Tensor.Linspace(0, 10, 200).Reshape(200, 1).Cast(DType.F32);
        var fit = Plot.Titled("The network's fit").Labels("x", "y")
            .Dots("test samples", parts.Test.X.ToDoubles().Take(250), parts.Test.Y.ToDoubles().Take(250))
            .Line("network", grid.ToDoubles(), run.Predict(grid).ToDoubles());

        page.Add(Section.Titled("3. Regression: a network")
            .Paragraph($"A network 1-{Hidden}-{Hidden}-1 with batch normalisation, ReLU and dropout {Dropout} learns the same curve from 7,000 " +
                $"samples in batches of {Batch}, by SGD with the rate 1e-4, for {epochs} epochs; its input is scaled by the mean and " +
                "deviation of the training samples. One training step is one graph, compiled once. " +
                "The epoch with the lowest validation error is kept.")
            .Figure(page.Save("network-curves.png", run.Curves("Learning curves of the network")), "Training and validation error over epochs", "The validation error is below the training error where dropout makes training harder.")
            .Figure(page.Save("network-fit.png", fit), "The test samples and the network's prediction", "The network's prediction over the test samples.")
            .Figure(page.Save("network-weights.png", Histograms.Of(run.Best.Parameters)), "Histograms of each tensor of parameters", "The parameters of the best epoch: how many there are, their mean and deviation, and their range."));
    }

    private static void Diabetes(Page page, int epochs)
    {
        var table = Tables.Diabetes();
        var names = table.Names.Where(name => name != "progression").ToArray();
        Page.Say("");
        Page.Say($"  The same network on real data: {table.RowCount} diabetes patients, {names.Length} measures, progression after a year.");

        var keys = Key.OfSeed(5).Split(2);
        var fifth = table.RowCount / 5;
        var parts = Parts.Of(table.Numbers(names), table.Numbers("progression"), table.RowCount - 2 * fifth, fifth, keys[0]);

        // The baseline: least squares by MathNet's QR, on the same training rows with a column of ones.
        var (trainX, trainY) = (parts.Train.X.ToMatrix(), parts.Train.Y.ToMatrix());
        var ones = MathNet.Numerics.LinearAlgebra.Vector<double>.Build.Dense(trainX.RowCount, 1);
        var coefficients = trainX.InsertColumn(names.Length, ones).QR().Solve(trainY);
        var testX = parts.Test.X.ToMatrix();
        var linear = Tensor.From(testX.InsertColumn(names.Length, ones.SubVector(0, testX.RowCount)) * coefficients);
        var baseline = Error.MeanAbsolute(linear.Cast(DType.F32), parts.Test.Y);

        var run = Train(parts, new Mlp(names.Length, Hidden, 0.3), Optimizers.Sgd(1e-2), scaleTarget: true, epochs, keys[1]);
        var error = Error.MeanAbsolute(run.Predict(parts.Test.X), parts.Test.Y);

        Page.Say($"  Mean absolute error on the held-out fifth: network {error:0.0} (epoch {run.BestEpoch}, chosen by validation), least squares {baseline:0.0}.");
        page.Result("3. Diabetes", "mean absolute error on a held-out fifth, network", $"{error:0.0}");
        page.Result("3. Diabetes", "mean absolute error on a held-out fifth, least squares", $"{baseline:0.0}");

        page.Add(Section.Titled("3. Regression: real data")
            .Paragraph($"The same code on {table.RowCount} diabetes patients (Efron et al. 2004): {names.Length} measures, and the " +
                "progression of the disease after a year. Three fifths train, one validates, one tests. " +
                $"Least squares by QR misses by {baseline:0.0} on average, the network by {error:0.0}.")
            .Figure(page.Save("diabetes-curves.png", run.Curves("Learning curves on the diabetes data")), "Training and validation error over epochs", "In units of the target's variance.")
            .Figure(page.Save("diabetes-predictions.png", Fits.Predictions(parts.Test.Y, run.Predict(parts.Test.X))), "The network's prediction over the true progression", "The held-out fifth: where the network is right, points lie on the dashed line.")
            .Table(["model", "mean absolute error, test"], [["least squares (MathNet QR)", $"{baseline:0.0}"], ["network", $"{error:0.0}"]]));
    }

    /// <summary>A trained network: its curves, and its prediction at the best epoch.</summary>
    private sealed record Trained(IReadOnlyList<double> Train, IReadOnlyList<double> Validation, int BestEpoch, Mlp.State Best, Func<Tensor, Tensor> Predict)
    {
        public Plot Curves(string title) =>
            Plot.Titled(title).Labels("epoch", "mean squared error").WithLogY()
                .Line("train", Enumerable.Range(1, Train.Count).Select(i => (double)i), Train)
                .Line("validation", Enumerable.Range(1, Validation.Count).Select(i => (double)i), Validation);
    }

    /// <summary>Trains by mini-batches, and keeps the state of the epoch with the lowest validation error.</summary>
    private static Trained Train(Parts parts, Mlp network, Optimizer optimizer, bool scaleTarget, int epochs, Key key)
    {
        var keys = key.Split(2);
        var input = new Scaler(parts.Train.X);
        var target = scaleTarget ? new Scaler(parts.Train.Y) : null;
        Tensor Target(Tensor y) => target?.Scale(y) ?? y;

        var (trainX, trainY) = (input.Scale(parts.Train.X), Target(parts.Train.Y));
        var (validX, validY) = (input.Scale(parts.Validation.X), Target(parts.Validation.Y));
        var batch = Math.Min(Batch, trainX.Shape[0] / 4);
        var state = network.Initial(keys[0]);
        var step = network.Step(state, batch, optimizer);
        var (best, bestEpoch) = (state, 0);
        List<double> train = [], validation = [];

        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            var epochKeys = keys[1].Fold(epoch).Split(2);
            var losses = new List<double>();
            foreach (var rows in epochKeys[0].Permutation(trainX.Shape[0]).Chunk(batch).Where(rows => rows.Length == batch))
            {
                (state, var loss) = step(state, epochKeys[1].Fold(losses.Count), trainX.Rows(rows), trainY.Rows(rows));
                losses.Add(loss);
            }

            train.Add(losses.Average());
            validation.Add(Error.MeanSquared(network.Predict(state, validX), validY));
            if (validation[^1] <= validation.Min())
            {
                (best, bestEpoch) = (state, epoch);
            }

            if (epoch == 1 || epoch % 5 == 0 || epoch == epochs)
            {
                Page.Say($"  epoch {epoch,3}: mean squared error {train[^1]:0.000} on train, {validation[^1]:0.000} on validation");
            }
        }

        return new Trained(train, validation, bestEpoch, best, x =>
        {
            var predicted = network.Predict(best, input.Scale(x));
            return target?.Unscale(predicted) ?? predicted;
        });
    }
}
