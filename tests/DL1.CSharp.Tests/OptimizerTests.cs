namespace DL1.CSharp.Tests;

/// <summary>Optimizers, schedules and minimisers from C#: each is what it stands for in F#, or what its formula says.</summary>
public class OptimizerTests
{
    private static readonly Tree<Tensor> Start = Trees.From([
        ("a.weight", Tensor.Of([1.0, -2, 3])), ("a.bias", Tensor.Of([0.5, 0.25]))]);

    /// <summary>The parameters after three updates by the gradients of Σ x⁴/4 + x.</summary>
    private static Tree<Tensor> Updated(Optimizer optimizer)
    {
        var (weights, parameters, memory) = (Start.Variables(), Start, optimizer.InitialState(Start));
        var slots = memory.Variables("memory.");
        var (next, nextMemory) = optimizer.Step(weights.Map(w => w * w * w + 1), slots, weights);
        var step = new CompiledFunction([.. weights.Values, .. slots.Values], [.. next.Values, .. nextMemory.Values]);
        for (var i = 0; i < 3; i++)
        {
            var results = step.Invoke([.. parameters.Values, .. memory.Values]);
            (parameters, memory) = (Start.WithValues(results[..2]), memory.WithValues(results[2..]));
        }

        return parameters;
    }

    private static void Same(Optimizer theirs, Optimizer ours)
    {
        Assert.Equal(theirs.Name, ours.Name);
        Assert.NotEqual(Start, Updated(ours));
        Assert.Equal(Updated(theirs), Updated(ours));
    }

    private static void Differs(Optimizer one, Optimizer other) => Assert.NotEqual(Updated(one), Updated(other));

    [Fact]
    public void EveryOptimizerIsThatOfTheCore()
    {
        Same(OptimizerModule.sgd(0.1), Optimizers.Sgd(0.1));
        Same(OptimizerModule.sgdWith(0.9, 0, true, 0, 0.01), Optimizers.Sgd(0.01, momentum: 0.9, nesterov: true));
        Same(OptimizerModule.momentum(0.9, 0.01), Optimizers.Momentum(0.01, decay: 0.9));
        Same(OptimizerModule.secondMoment(0.9, 0.999, 0.1), Optimizers.SecondMoment(0.1));
        Same(OptimizerModule.adam(1e-3), Optimizers.Adam(1e-3));
        Same(OptimizerModule.adamWith(0.8, 0.9, 1e-6, 0.1, 1e-3), Optimizers.Adam(1e-3, 0.8, 0.9, 1e-6, 0.1));
        Same(OptimizerModule.amsgrad(1e-3), Optimizers.Adam(amsgrad: true));
        Same(OptimizerModule.adamW(0.05, 1e-3), Optimizers.AdamW(1e-3, weightDecay: 0.05));
        Same(OptimizerModule.rmsProp(0.01), Optimizers.RmsProp());
        Same(OptimizerModule.rmsPropWith(0.99, 1e-8, false, 0.9, 0.01), Optimizers.RmsProp(0.01, momentum: 0.9));
        Same(OptimizerModule.sgd(0.1), Optimizers.Sgd(0.1, dampening: 0.5).Named("SGD"));
        Differs(Optimizers.RmsProp(weightDecay: 0.1), Optimizers.RmsProp());
        Differs(Optimizers.RmsProp(momentum: 0.9, weightDecay: 0.1), Optimizers.RmsProp(weightDecay: 0.1));
        Assert.Throws<DomainError>(() => Optimizers.Sgd(0.1, nesterov: true));
        Same(OptimizerModule.adagrad(0.1), Optimizers.Adagrad(0.1));
        Same(OptimizerModule.adadelta(1), Optimizers.Adadelta());
        Same(OptimizerModule.adamax(2e-3), Optimizers.Adamax(2e-3));
        Same(OptimizerModule.nadam(2e-3), Optimizers.NAdam(2e-3));
        Same(OptimizerModule.radam(1e-3), Optimizers.RAdam(1e-3));
        Same(OptimizerModule.rprop(0.01), Optimizers.Rprop(firstStep: 0.01));
        Same(OptimizerModule.lion(0.1, 1e-4), Optimizers.Lion(1e-4, weightDecay: 0.1));
        Same(OptimizerModule.lamb(0.01, 1e-3), Optimizers.Lamb(1e-3));
        Same(Lbfgs.optimizer(10, 0.5), Optimizers.Lbfgs(0.5));
        Differs(Optimizers.Adadelta(rho: 0.95), Optimizers.Adadelta());
        Differs(Optimizers.Sgd(0.1, weightDecay: 0.1), Optimizers.Sgd(0.1));
        Differs(Optimizers.Adagrad(0.1, weightDecay: 0.1), Optimizers.Adagrad(0.1));
        Assert.Throws<DomainError>(() => Optimizers.Adagrad(-1));
        Assert.Throws<DomainError>(() => Optimizers.Sgd(double.NaN));
    }

    [Fact]
    public void OptimizersAroundOptimizers()
    {
        Same(
            OptimizerModule.scheduled(ScheduleModule.cosine(500, 0, 1e-3), OptimizerModule.adam(1e-3)),
            Optimizers.Adam().Scheduled(Schedules.Cosine(1e-3, steps: 500)));
        Assert.Equal("slow", Optimizers.Sgd(0.001).Named("slow").Name);
        Same(Wrap.after(TransformModule.clipByGlobalNorm(1), OptimizerModule.adam(1e-3)), Optimizers.Adam().ClipByGlobalNorm(1));
        Same(Wrap.after(TransformModule.clipByNorm(1), OptimizerModule.adam(1e-3)), Optimizers.Adam().ClipByNorm(1));
        Same(
            Wrap.after(TransformModule.clipByGlobalNormOf(double.PositiveInfinity, 1), OptimizerModule.adam(1e-3)),
            Optimizers.Adam().ClipByGlobalNorm(1, power: double.PositiveInfinity));
        Same(Wrap.averagedFrom(100, 10, OptimizerModule.sgd(0.1)), Optimizers.Sgd(0.1).AveragedFrom(100, every: 10));
        Same(Wrap.maximizing(OptimizerModule.sgd(0.1)), Optimizers.Sgd(0.1).Maximizing());
        Same(OptimizerModule.asgdWith(1e-4, 0.75, 100, 0, 0.1), Optimizers.Asgd(0.1, start: 100));
        Same(OptimizerModule.amsgradWWith(0.9, 0.999, 1e-8, 0.01, 1e-3), Optimizers.AdamW(amsgrad: true));
        Same(Wrap.after(TransformModule.clipByValue(0.5), OptimizerModule.adam(1e-3)), Optimizers.Adam().ClipByValue(0.5));
        Differs(Optimizers.Adam().After(Transforms.AddDecay(0.01).Masked(Penalties.IsWeight)), Optimizers.Adam());
        // A pattern that no parameter has is refused.
        Assert.Throws<DomainError>(() => Updated(Optimizers.Sgd(0.1).Only(path => path.StartsWith("head."))));
        var biased = Updated(Optimizers.Sgd(0.1).Only(path => path.EndsWith("bias")));
        Assert.Equal(Start["a.weight"], biased["a.weight"]);
        Assert.NotEqual(Start["a.bias"], biased["a.bias"]);
        Assert.Equal(Start, Updated(Optimizers.Sgd(0.1).Accumulate(4)));
        Same(Wrap.accumulate(2, OptimizerModule.sgd(0.1)), Optimizers.Sgd(0.1).Accumulate(2));
        Same(Wrap.lookahead(5, 0.5, OptimizerModule.adam(1e-3)), Optimizers.Adam().Lookahead(updates: 5, part: 0.5));
        var memory = Optimizers.Sgd(0.1).Averaged(0.99).InitialState(Start);
        var averages = memory.Average();
        Assert.Equal(Start, averages);
        Assert.Equal(Start, Updated(Optimizers.Frozen));

        var grouped = Updated(Optimizers.Groups((Penalties.IsWeight, Optimizers.Adam()), (path => true, Optimizers.Sgd(0.1))));
        Assert.Equal(Updated(Optimizers.Adam())["a.weight"], grouped["a.weight"]);
        Assert.Equal(Updated(Optimizers.Sgd(0.1))["a.bias"], grouped["a.bias"]);
    }

    [Fact]
    public void AnOptimizerIsMadeOfTransformations()
    {
        Optimizer Of(params Transform[] chain) => Optimizers.Create("own", 0.1, [.. chain, Transforms.ScaleByRate]);
        var sign = Optimizers.Create("sign descent", 1e-3, Transforms.Each((u, x) => Functions.Sign(u)), Transforms.ScaleByRate);
        Assert.Equal([0.997, -1.997, 2.997], Updated(sign)["a.weight"].ToDoubles(), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(Updated(Optimizers.Sgd(0.1)), Updated(Of(Transforms.Identity)));
        Assert.Equal(Updated(Optimizers.Sgd(0.05)), Updated(Of(Transforms.Scale(0.5))));
        Assert.Equal(Updated(Of(Transforms.AddDecay(0.01))), Updated(Of(Transforms.Each((u, x) => u + 0.01 * x))));
        Assert.Equal(Updated(Optimizers.Sgd(0.1, momentum: 0.9)), Updated(Of(Transforms.Momentum(0.9))));
        Assert.Equal(Updated(Optimizers.Adam(0.1)), Updated(Of(Transforms.Adam())));
        Assert.Equal(Updated(Optimizers.RmsProp(0.1)), Updated(Of(Transforms.RmsProp())));
        Assert.Equal(Updated(Optimizers.Lamb(0.1, weightDecay: 0, epsilon: 1e-8)), Updated(Of(Transforms.Adam(), Transforms.ScaleByTrustRatio)));
        Assert.All(
            [Transforms.ClipByValue(0.5), Transforms.ClipByNorm(1), Transforms.ClipByGlobalNorm(1)],
            clip => Differs(Of(clip), Of(Transforms.Identity)));
    }

    [Fact]
    public void ArraysAreParametersToo()
    {
        var w = Expr.Symbol("w");
        var optimizer = Optimizers.Adam();
        Tensor[] first = optimizer.InitialState(Tensor.Zeros(3), Tensor.Zeros(2));
        Assert.Equal(5, first.Length);
        var (next, nextState) = Optimizers.Sgd(0.1).Step([2 * w], [], [w]);
        Assert.Empty(nextState);
        Assert.Equal(4, next[0].Evaluate(("w", 5.0)).ToDouble(), 1e-12);
    }

    [Fact]
    public void EveryScheduleIsThatOfTheCore()
    {
        static void Same(Schedule theirs, Schedule ours) =>
            Assert.All([0, 1, 7, 45, 120, 199, 250], step => Assert.Equal(theirs.ValueAt(step), ours.ValueAt(step)));

        Same(ScheduleModule.constant(0.1), Schedules.Constant(0.1));
        Same(ScheduleModule.step(30, 0.5, 0.1), Schedules.Step(0.1, size: 30, gamma: 0.5));
        Same(
            ScheduleModule.multiStep(Microsoft.FSharp.Collections.ListModule.OfSeq([40, 110]), 0.2, 0.1),
            Schedules.MultiStep(0.1, [40, 110], gamma: 0.2));
        Same(ScheduleModule.exponential(0.99, 0.1), Schedules.Exponential(0.1, gamma: 0.99));
        Same(ScheduleModule.cosine(200, 0, 0.1), Schedules.Cosine(0.1, steps: 200));
        Same(ScheduleModule.cosineRestarts(50, 2, 0, 0.1), Schedules.CosineRestarts(0.1, steps: 50, factor: 2));
        Same(ScheduleModule.linear(0.25, 1, 20, 0.1), Schedules.Linear(0.1, steps: 20, start: 0.25));
        Same(ScheduleModule.polynomial(200, 2, 0.1), Schedules.Polynomial(0.1, steps: 200, power: 2));
        Same(ScheduleModule.oneCycle(200, 0.3), Schedules.OneCycle(highest: 0.3, steps: 200));
        Same(
            ScheduleCycle.triangular(CycleHeight.Halved, 200, 200, 0.001, 0.1),
            Schedules.Cyclic(lowest: 0.001, highest: 0.1, up: 200, height: CycleHeight.Halved));
        Same(
            ScheduleCycle.oneCycle(Anneal.Line, true, 0.3, 25, 1e4, 200, 0.3),
            Schedules.OneCycle(highest: 0.3, steps: 200, Anneal.Line, threePhases: true));
        Same(ScheduleCycle.constantFor(50, 0.25, 0.1), Schedules.ConstantFor(0.1, steps: 50, factor: 0.25));
        Assert.Equal(
            0.1 / 3 * Math.Pow(0.99, 7),
            Schedules.Chained(0.1, Schedules.ConstantFor(1, steps: 50), Schedules.Exponential(1, gamma: 0.99)).ValueAt(7),
            1e-12);
        Same(
            ScheduleModule.warmUp(10, ScheduleModule.cosine(200, 0, 0.1)),
            Schedules.Cosine(0.1, steps: 200).WarmUp(10));
        Same(
            ScheduleModule.every(50, ScheduleModule.exponential(0.9, 0.1)),
            Schedules.Exponential(0.1, gamma: 0.9).Every(50));
        Assert.Equal(0.05, Schedules.Piecewise((0, 0.0), (10, 0.1), (30, 0.01)).ValueAt(5), 1e-12);
        Assert.Equal(0.05, Schedules.Create("1/√t", t => 0.1 * Functions.Rsqrt(t + 1)).ValueAt(3), 1e-12);
        Assert.Equal(0.099, Schedules.Constant(0.1).Then(100, Schedules.Exponential(0.1, gamma: 0.99)).ValueAt(101), 1e-12);
        Assert.Equal(0.1 * (1.0 / 3 + 2.0 / 3 * 7 / 20), Schedules.Linear(0.1, steps: 20).ValueAt(7), 1e-12);
    }

    [Fact]
    public void ADescentIsRun()
    {
        var x = Expr.Symbol("x");
        var descent = Descent.Run((x - 2).Pow(2) + 3, Optimizers.Sgd(0.01), [(x, 50)]);
        Assert.True(descent.Converged);
        Assert.Equal(3, descent.Rows[^1].Value, 1e-6);
    }

    [Fact]
    public void MinimisersFindTheMinimum()
    {
        var u = Expr.Symbol("u");
        var lowest = Functions.Abs(u - 2).MinimizeByNelderMead([(u, 0.0)]);
        var minimum = ((u - 2).Pow(2) + 3).MinimizeByBfgs([(u, 0.0)]);
        var bottom = (Functions.Exp(u) - 2 * u).MinimizeByNewton([(u, 0.0)]);
        Assert.Equal(2, lowest.Point["u"].ToDouble(), 1e-6);
        Assert.Equal(2, minimum.Point["u"].ToDouble(), 1e-6);
        Assert.Equal(3, minimum.Value, 1e-9);
        Assert.Equal(Math.Log(2), bottom.Point["u"].ToDouble(), 1e-6);
        Assert.Throws<DomainError>(() => (u * Expr.Symbol("v")).MinimizeByBfgs([(u, 0.0)]));

        // A whole number starts as well as any.
        Assert.Equal(0, u.Pow(2).MinimizeByNewton([(u, 1)]).Value, 1e-12);
        Assert.Equal(0, u.Pow(2).MinimizeByBfgs([(u, 1)]).Value, 1e-12);
        Assert.Equal(0, u.Pow(2).MinimizeByNelderMead([(u, 1)]).Value, 1e-12);
        var well = u.Pow(4) - u.Pow(2);
        Assert.True(well.KindAt([(u, 0)]).IsMaximum);
        var found = well.MinimizeByBfgs([(u, 0)]);
        Assert.True(found.Kind.IsMinimum);
        Assert.Equal(-0.25, found.Value, 1e-9);
        PointKind kind = (u * u - u.Pow(4)).KindAt([(u, 0.0)]);
        Assert.True(kind.IsMinimum);
        Assert.Throws<DomainError>(() => (-u * u).MinimizeByNewton([(u, 0.0)]));
    }
}
