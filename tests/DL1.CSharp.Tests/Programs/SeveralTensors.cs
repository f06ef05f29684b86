namespace DL1.CSharp.Tests.Programs;

public class SeveralTensors
{
    [Fact]
    public void Run()
    {
        // Homes: three words, two numbers; the price follows the numbers, the kind is the first word.
        var words = Tensor.Of([.. Enumerable.Range(0, 600).Select(i => (long)(i * 7 % 31 % 5))], 200, 3);
        var numbers = Key.OfSeed(2).Normal(0, 1, 200, 2);
        var price = numbers.MatMul(Tensor.Of([1.5f, -0.5f], 2, 1));
        var kind = words.Slice(1, ..1).Reshape(200);

        #region program
        var model = Layers.CreateOf<(Expr Words, Expr Numbers), (Expr Price, Expr Kind)>("Homes", (scope, x) =>
        {
            var seen = scope.Run("words", Layers.Embedding(5, 8).Then(Layers.Flatten()), x.Words);
            var hidden = scope.Run("hidden", Layers.Linear(32).Then(Layers.Relu()), Expr.Concat(1, seen, x.Numbers));
            return (scope.Run("price", Layers.Linear(1), hidden), scope.Run("kind", Layers.Linear(5), hidden));
        });
        var data = Dataset.Of((words, numbers), (price, kind));
        var result = model.Fit(
            data,
            ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price) + Losses.CrossEntropy(y.Kind, o.Kind),
            Optimizers.Adam(1e-2), epochs: 30, metrics: [Metrics.Rmse.On("1"), Metrics.Accuracy.On("2")]);
        var (prices, logits) = result.PredictAs<(Tensor, Tensor)>(data);
        #endregion

        Assert.Equal("[200, 1]", prices.Shape.ToString());
        Assert.True(Metrics.Accuracy.Of(kind, logits) > 0.9, result.History.ToTable());
        Assert.True(Metrics.Rmse.Of(price, prices) < 0.5, result.History.ToTable());
    }
}
