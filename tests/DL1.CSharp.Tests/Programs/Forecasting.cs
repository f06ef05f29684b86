using DL1.Data;

namespace DL1.CSharp.Tests.Programs;

public class Forecasting
{
    [Fact]
    public void Run()
    {
        #region program
        var months = Tables.Co2().Where(row => string.CompareOrdinal(row.Text("Date"), "1964-05") > 0);
        var (earlier, later) = months.Numbers("CO2").SplitByTime(0.8);
        var scaler = Scaler.Standard(earlier);
        Dataset train = scaler.Apply(earlier).Windows(24, horizon: 12), test = scaler.Apply(later).Windows(24, horizon: 12);
        var model = Model.Sequential(Layers.Flatten(), Layers.Linear(12), Layers.Reshape(12, 1));
        var result = model.Fit(train, Losses.Mse, Optimizers.Adam(3e-3), epochs: 150, batchSize: 32, validation: test);
        var forecast = scaler.Divisors[0] * result.Predict(test.Inputs) + scaler.Shifts[0];
        #endregion

        var truth = scaler.Divisors[0] * test.Targets + scaler.Shifts[0];
        var lastYear = scaler.Divisors[0] * test.Inputs.Slice(1, 12..) + scaler.Shifts[0];
        double Error(Tensor values) => Metrics.Rmse.Of(truth.Reshape(-1, 12), values.Reshape(-1, 12));
        Assert.True(Error(forecast) < 0.8 * Error(lastYear), $"{Error(forecast)} {Error(lastYear)}");
    }
}
