// One training step of the networks of the course (samples/Course, classes 5 to 7), on random data of the same shapes.
//   dotnet run -c Release --project bench/Lessons -- CASE [THREADS] [REPETITIONS]
// Prints one line: the case, the median, least and greatest milliseconds of a step, the first step's, and the process's peak memory.
using System.Diagnostics;
using System.Globalization;
using DL1;
using static DL1.Functions;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var cases = new Dictionary<string, Func<Action>>
{
    ["lenet"] = () => Classifier(Model.Sequential(
        Layers.Conv2d(6, 5, padding: 2), Layers.Relu(), Layers.MaxPool(2), Layers.Conv2d(16, 5), Layers.Relu(), Layers.MaxPool(2),
        Layers.Flatten(), Layers.Linear(120), Layers.Relu(), Layers.Linear(84), Layers.Relu(), Layers.Linear(10)), Images(50), Classes(10, 50)),
    ["resnet"] = () => Classifier(ResNet(3), Images(50), Classes(10, 50)),
    ["lstm"] = () => Classifier(
        Layers.Embedding(64, 64).Then(Layers.Lstm(192).Sequence()).Then(Layers.Dropout(0.2)).Then(Layers.Linear(64)), Classes(64, 16, 64), Classes(64, 16, 64), clips: true),
    ["transformer"] = () => Classifier(
        Model.Sequential(Layers.Embedding(64, 96), Layers.LearnedPositions(64), Block(), Block(), Layers.LayerNorm(), Layers.Linear(64)),
        Classes(64, 8, 64), Classes(64, 8, 64), clips: true),
    ["vae"] = Vae,
    ["dcgan"] = Dcgan,
    ["denoiser"] = Denoiser,
};

if (args.Length == 0 || !cases.TryGetValue(args[0], out var made))
{
    Console.Error.WriteLine($"usage: CASE [THREADS=2] [REPETITIONS=7]; cases: {string.Join(' ', cases.Keys)}");
    return 2;
}

var threads = args.Length > 1 ? int.Parse(args[1]) : 2;
var repetitions = args.Length > 2 ? int.Parse(args[2]) : 7;
// As many threads as processors that the process may use.
if (threads != Environment.ProcessorCount)
{
    Console.Error.WriteLine($"{threads} threads: start the program with DOTNET_PROCESSOR_COUNT={threads}");
    return 2;
}

var clock = Stopwatch.StartNew();
var step = made();
step();
var first = clock.Elapsed.TotalMilliseconds;
for (var warm = Stopwatch.StartNew(); warm.Elapsed.TotalSeconds < 1.5;) step();
clock.Restart();
step();
var count = Math.Clamp((int)(400 / clock.Elapsed.TotalMilliseconds), 3, 4000);
var times = Enumerable.Range(0, repetitions).Select(_ =>
{
    clock.Restart();
    for (var i = 0; i < count; i++) step();
    return clock.Elapsed.TotalMilliseconds / count;
}).Order().ToArray();
var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
Console.WriteLine($"{args[0]} {times[times.Length / 2]:0.####} {times[0]:0.####} {times[^1]:0.####} {first:0} {int.Parse(peak) / 1024}");
return 0;

static Tensor Images(int rows) => Key.OfSeed(1).Uniform(0, 1, rows, 1, 28, 28);

static Tensor Classes(int count, params int[] shape) =>
    Tensor.Of(Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(i => (long)(i * 7919 % count)).ToArray()).Reshape(shape);

static Action Classifier(Layer<Expr, Expr> network, Tensor inputs, Tensor classes, bool clips = false)
{
    var optimizer = Optimizers.Adam(1e-3);
    var model = network.Trainable("model", clips ? optimizer.ClipByGlobalNorm(1) : optimizer);
    var train = new TrainingLoop(Key.OfSeed(1)).Training(s => s.Minimize(model, Losses.CrossEntropy(s["targets"], s.Apply(model, s["inputs"]))));
    return () => train.Run(("inputs", inputs), ("targets", classes));
}

static Layer<Expr, Expr> ResNet(int blocks)
{
    static Layer<Expr, Expr> Residual(int channels, int stride)
    {
        var branch = Model.Sequential(
            Layers.Conv2d(channels, 3, stride, padding: 1, bias: false), Layers.BatchNorm(), Layers.Relu(),
            Layers.Conv2d(channels, 3, padding: 1, bias: false), Layers.BatchNorm());
        var shortcut = stride == 1 ? Layers.Identity() : Layers.Conv2d(channels, 1, stride, bias: false).Then(Layers.BatchNorm());
        return Model.Sequential(Layers.ResidualWith(shortcut, branch), Layers.Relu());
    }

    return Model.Sequential(
    [
        Layers.Conv2d(8, 3, stride: 2, padding: 1, bias: false), Layers.BatchNorm(), Layers.Relu(),
        .. Enumerable.Range(0, blocks).Select(_ => Residual(8, 1)),
        .. Enumerable.Range(0, blocks).Select(i => Residual(16, i == 0 ? 2 : 1)),
        Layers.AdaptiveAveragePool(1), Layers.Flatten(), Layers.Linear(10),
    ]);
}

static Layer<Expr, Expr> Block() => Layers.TransformerEncoderLayer(4, inner: 336, dropout: 0, normFirst: true, causal: true);

static Action Vae()
{
    Trainable<Expr, Expr> Part(string name, Layer<Expr, Expr> layer) => layer.Trainable(name, Optimizers.Adam(2e-3));
    var encoder = Part("encoder", Layers.Linear(256).Then(Layers.Relu()).Then(Layers.Linear(4)));
    var decoder = Part("decoder", Layers.Linear(256).Then(Layers.Relu()).Then(Layers.Linear(784)));
    var train = new TrainingLoop(Key.OfSeed(1)).Training(s =>
    {
        var codes = s.Apply(encoder, s["inputs"]);
        Expr mean = codes.Slice(1, ..2), logVariance = codes.Slice(1, 2..);
        var z = mean + Exp(logVariance / 2) * s.Key().Normal(0, 1, s.Rows, 2);
        var loss = 784 * Losses.BceWithLogits(s["inputs"], s.Apply(decoder, z)) + (Exp(logVariance) + mean * mean - logVariance - 1).Mean();
        var gradients = s.Gradients(encoder, loss);
        s.Minimize(decoder, loss);
        s.Update(encoder, gradients);
    });
    var images = Key.OfSeed(1).Uniform(0, 1, 64, 784);
    return () => train.Run(("inputs", images));
}

static Action Dcgan()
{
    const int Rows = 32;
    var generator = Model.Sequential(
        Layers.Linear(32 * 7 * 7), Layers.Reshape(32, 7, 7), Layers.BatchNorm(), Layers.Relu(),
        Layers.ConvTranspose2d(16, 4, stride: 2, padding: 1), Layers.BatchNorm(), Layers.Relu(),
        Layers.ConvTranspose2d(1, 4, stride: 2, padding: 1), Layers.Sigmoid()).Trainable("generator", Optimizers.Adam(1e-3, beta1: 0.5));
    var discriminator = Model.Sequential(
        Layers.Conv2d(16, 4, stride: 2, padding: 1), Layers.LeakyRelu(0.2), Layers.Conv2d(32, 4, stride: 2, padding: 1), Layers.LeakyRelu(0.2),
        Layers.Flatten(), Layers.Linear(1)).Trainable("discriminator", Optimizers.Adam(1e-3, beta1: 0.5));
    var train = new TrainingLoop(Key.OfSeed(1)).Training(s =>
    {
        var drawn = s.Apply(generator, s.Key().Normal(0, 1, Rows, 32));
        s.Minimize(discriminator, Softplus(-s.Apply(discriminator, s["inputs"])).Mean() + Softplus(s.Apply(discriminator, drawn.StopGradient())).Mean());
        s.Minimize(generator, Softplus(-s.Apply(discriminator, drawn)).Mean());
    });
    var images = Images(Rows);
    return () => train.Run(("inputs", images));
}

static Action Denoiser()
{
    const int Width = 128;
    var network = Layers.CreateOf<(Expr X, Expr Level), Expr>("Denoiser", (scope, at) =>
    {
        var level = Silu(scope.Run("level", Layers.Linear(Width), at.Level));
        var h = Silu(scope.Run("first", Layers.Linear(Width), at.X) + level);
        for (var i = 1; i <= 2; i++) h += Silu(scope.Run($"block{i}", Layers.Linear(Width), Expr.Concat(1, h, level)));
        return scope.Run("last", Layers.Linear(64), h);
    });
    var model = network.Trainable("model", Optimizers.Adam(1e-3));
    var train = new TrainingLoop(Key.OfSeed(1)).Training(s =>
    {
        var noise = s.Key().Normal(0, 1, s.Rows, 64);
        s.Minimize(model, Losses.Mse(noise, s.Apply(model, (s["x"] + noise, s["level"]))));
    });
    var (x, level) = (Key.OfSeed(1).Normal(0, 1, 128, 64), Key.OfSeed(2).Normal(0, 1, 128, 22));
    return () => train.Run(("x", x), ("level", level));
}
