// The steps of ../Program.cs in libtorch, eager on the CPU, through TorchSharp: the same networks, extents and optimizers.
//   bash ../compare.sh runs both in turns. Prints the same line: case, median, least, greatest, first step, peak memory.
using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using F = TorchSharp.torch.nn.functional;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var threads = args.Length > 1 ? int.Parse(args[1]) : 2;
var repetitions = args.Length > 2 ? int.Parse(args[2]) : 7;
set_num_threads(threads);
random.manual_seed(1);
var clock = Stopwatch.StartNew();
Action step = args[0] switch
{
    "lenet" => Classifier(Sequential(
        ("c1", Conv2d(1, 6, 5, padding: 2)), ("r1", ReLU()), ("p1", MaxPool2d(2)), ("c2", Conv2d(6, 16, 5)), ("r2", ReLU()), ("p2", MaxPool2d(2)),
        ("f", Flatten()), ("l1", Linear(400, 120)), ("r3", ReLU()), ("l2", Linear(120, 84)), ("r4", ReLU()), ("l3", Linear(84, 10))),
        rand(50, 1, 28, 28), randint(0, 10, 50, ScalarType.Int64)),
    "resnet" => Classifier(new ResNet(3), rand(50, 1, 28, 28), randint(0, 10, 50, ScalarType.Int64)),
    "lstm" => Classifier(new Lstm(), randint(0, 64, [16, 64], ScalarType.Int64), randint(0, 64, [16, 64], ScalarType.Int64), clips: true),
    "transformer" => Classifier(new Transformer(), randint(0, 64, [8, 64], ScalarType.Int64), randint(0, 64, [8, 64], ScalarType.Int64), clips: true),
    "vae" => Vae(),
    "dcgan" => Dcgan(),
    "denoiser" => Denoiser(),
    _ => throw new ArgumentException($"no case is named {args[0]}"),
};

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

static Action Classifier(Module<Tensor, Tensor> model, Tensor inputs, Tensor classes, bool clips = false)
{
    var optimizer = optim.Adam(model.parameters(), 1e-3);
    model.train();
    return () =>
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var scores = model.forward(inputs);
        F.cross_entropy(scores.reshape(-1, scores.shape[^1]), classes.reshape(-1)).backward();
        if (clips) nn.utils.clip_grad_norm_(model.parameters(), 1);
        optimizer.step();
    };
}

static Action Vae()
{
    var encoder = Sequential(("a", Linear(784, 256)), ("r", ReLU()), ("b", Linear(256, 4)));
    var decoder = Sequential(("a", Linear(2, 256)), ("r", ReLU()), ("b", Linear(256, 784)));
    var optimizer = optim.Adam(encoder.parameters().Concat(decoder.parameters()), 2e-3);
    var images = rand(64, 784);
    return () =>
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var codes = encoder.forward(images);
        Tensor mean = codes[.., ..2], logVariance = codes[.., 2..];
        var z = mean + (logVariance / 2).exp() * randn(64, 2);
        var loss = 784 * F.binary_cross_entropy_with_logits(decoder.forward(z), images) + (logVariance.exp() + mean * mean - logVariance - 1).mean();
        loss.backward();
        optimizer.step();
    };
}

static Action Dcgan()
{
    const int Rows = 32;
    var generator = Sequential(
        ("l", Linear(32, 32 * 49)), ("u", Unflatten(1, [32, 7, 7])), ("n1", BatchNorm2d(32)), ("r1", ReLU()),
        ("c1", ConvTranspose2d(32, 16, 4, stride: 2, padding: 1)), ("n2", BatchNorm2d(16)), ("r2", ReLU()),
        ("c2", ConvTranspose2d(16, 1, 4, stride: 2, padding: 1)), ("s", Sigmoid()));
    var discriminator = Sequential(
        ("c1", Conv2d(1, 16, 4, stride: 2, padding: 1)), ("r1", LeakyReLU(0.2)), ("c2", Conv2d(16, 32, 4, stride: 2, padding: 1)), ("r2", LeakyReLU(0.2)),
        ("f", Flatten()), ("l", Linear(32 * 49, 1)));
    var ofGenerator = optim.Adam(generator.parameters(), 1e-3, beta1: 0.5);
    var ofDiscriminator = optim.Adam(discriminator.parameters(), 1e-3, beta1: 0.5);
    var images = rand(Rows, 1, 28, 28);
    return () =>
    {
        using var scope = NewDisposeScope();
        var drawn = generator.forward(randn(Rows, 32));
        ofDiscriminator.zero_grad();
        (F.softplus(-discriminator.forward(images)).mean() + F.softplus(discriminator.forward(drawn.detach())).mean()).backward();
        ofDiscriminator.step();
        ofGenerator.zero_grad();
        F.softplus(-discriminator.forward(drawn)).mean().backward();
        ofGenerator.step();
    };
}

static Action Denoiser()
{
    var model = new DenoiserNet(128);
    var optimizer = optim.Adam(model.parameters(), 1e-3);
    Tensor x = randn(128, 64), level = randn(128, 22);
    return () =>
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var noise = randn(128, 64);
        F.mse_loss(model.forward(x + noise, level), noise).backward();
        optimizer.step();
    };
}

internal sealed class DenoiserNet : Module<Tensor, Tensor, Tensor>
{
    private readonly Linear level, first, a, b, last;

    public DenoiserNet(long width) : base("denoiser")
    {
        (level, first, a, b, last) = (Linear(22, width), Linear(64, width), Linear(2 * width, width), Linear(2 * width, width), Linear(width, 64));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor at)
    {
        var l = F.silu(level.forward(at));
        var h = F.silu(first.forward(x) + l);
        h = h + F.silu(a.forward(cat([h, l], 1)));
        h = h + F.silu(b.forward(cat([h, l], 1)));
        return last.forward(h);
    }
}

internal sealed class Residual : Module<Tensor, Tensor>
{
    private readonly Conv2d a, b;
    private readonly BatchNorm2d na, nb;
    private readonly Sequential? shortcut;

    public Residual(long from, long channels, long stride) : base("residual")
    {
        a = Conv2d(from, channels, 3, stride: stride, padding: 1, bias: false);
        b = Conv2d(channels, channels, 3, padding: 1, bias: false);
        (na, nb) = (BatchNorm2d(channels), BatchNorm2d(channels));
        if (stride != 1) shortcut = Sequential(("c", Conv2d(from, channels, 1, stride: stride, bias: false)), ("n", BatchNorm2d(channels)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) =>
        (nb.forward(b.forward(na.forward(a.forward(x)).relu())) + (shortcut?.forward(x) ?? x)).relu();
}

internal sealed class ResNet : Module<Tensor, Tensor>
{
    private readonly Conv2d stem = Conv2d(1, 8, 3, stride: 2, padding: 1, bias: false);
    private readonly BatchNorm2d norm = BatchNorm2d(8);
    private readonly ModuleList<Residual> blocks = new();
    private readonly Linear last = Linear(16, 10);

    public ResNet(int each) : base("resnet")
    {
        for (var i = 0; i < each; i++) blocks.Add(new Residual(8, 8, 1));
        for (var i = 0; i < each; i++) blocks.Add(new Residual(i == 0 ? 8 : 16, 16, i == 0 ? 2 : 1));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = norm.forward(stem.forward(x)).relu();
        foreach (var block in blocks) x = block.forward(x);
        return last.forward(x.mean([2, 3]));
    }
}

internal sealed class Lstm : Module<Tensor, Tensor>
{
    private readonly Embedding embedding = Embedding(64, 64);
    private readonly LSTM lstm = LSTM(64, 192, batchFirst: true);
    private readonly Dropout dropout = Dropout(0.2);
    private readonly Linear last = Linear(192, 64);

    public Lstm() : base("lstm") => RegisterComponents();

    public override Tensor forward(Tensor x) => last.forward(dropout.forward(lstm.forward(embedding.forward(x)).Item1));
}

internal sealed class DecoderBlock : Module<Tensor, Tensor>
{
    private readonly LayerNorm before = LayerNorm(96), between = LayerNorm(96);
    private readonly Linear qkv = Linear(96, 288), joined = Linear(96, 96), wide = Linear(96, 336), narrow = Linear(336, 96);

    public DecoderBlock() : base("block") => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        long rows = x.shape[0], length = x.shape[1];
        var parts = qkv.forward(before.forward(x)).reshape(rows, length, 3, 4, 24).permute(2, 0, 3, 1, 4);
        var seen = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], null, 0, true);
        x = x + joined.forward(seen.transpose(1, 2).reshape(rows, length, 96));
        return x + narrow.forward(wide.forward(between.forward(x)).relu());
    }
}

internal sealed class Transformer : Module<Tensor, Tensor>
{
    private readonly Embedding embedding = Embedding(64, 96);
    private readonly Parameter positions = new(randn(64, 96) * 0.02f);
    private readonly DecoderBlock first = new(), second = new();
    private readonly LayerNorm norm = LayerNorm(96);
    private readonly Linear last = Linear(96, 64);

    public Transformer() : base("transformer") => RegisterComponents();

    public override Tensor forward(Tensor x) =>
        last.forward(norm.forward(second.forward(first.forward(embedding.forward(x) + positions))));
}
