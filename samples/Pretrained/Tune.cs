using DL1;
using DL1.Onnx;
using DL1.Pictures;

namespace Pretrained;

/// <summary>
/// ResNet18 of ML.NET's package (MIT), trained on ImageNet: three kinds of shoes from few images of Fashion-MNIST, first by a
/// new head on frozen features, then with all weights. The gradient of the score by the pixels shows what the network looks at.
/// </summary>
internal static class Tune
{
    public static void Run(bool brief)
    {
        const string package = "Microsoft.ML.DnnImageFeaturizer.ResNet18", version = "0.23.1";
        var preprocess = OnnxFile.Read(Packages.File(package, version, "ResNetPreprocess.onnx")).ImportPerSample();
        var body = OnnxFile.Read(Packages.File(package, version, "ResNet18.onnx"));
        var (images, _) = Datasets.FashionMnistSmall();
        var shoes = images.OfClasses(5, 7, 9).TakeOfEach(brief ? 6 : 40).MapInputs(Enlarged);
        var (train, test) = shoes.Split(0.5, seed: 1, stratified: true);

        var network = Model.Sequential(body.ToModelPerSample().Named("body"), Layers.Flatten(), Layers.Linear(3).Named("head"));
        bool IsOfBody(string path) => path.StartsWith("body.", StringComparison.Ordinal);
        var head = network.Learner(Losses.CrossEntropy, Optimizers.Adam(1e-3)).Frozen(IsOfBody, inInference: true)
            .Fit(train, new TrainingOptions(Epochs: brief ? 1 : 4, BatchSize: 10)).Trained;
        Console.WriteLine($"  a new head:  {Accuracy(head):0.000} of {test.Count} images");
        var tuned = network.Learner(Losses.CrossEntropy, Optimizers.Adam(2e-5)).From(head)
            .Fit(train, new TrainingOptions(Epochs: brief ? 1 : 2, BatchSize: 10)).Trained;
        Console.WriteLine($"  fine-tuned:  {Accuracy(tuned):0.000}");

        var x = Expr.Variable("x", 1, 3, 224, 224);
        var saliency = new CompiledFunction([x], [Functions.Abs(tuned.Apply(x).Max(1).Sum().Gradient(x)[0]).Mean(1)]);
        var first = test.Inputs.Rows(0..1);
        var map = saliency.Invoke(first)[0];
        var page = Path.Combine("out", "pretrained-saliency.png");
        Directory.CreateDirectory("out");
        File.WriteAllBytes(page, ImageGrid.Of(
            Tensor.Stack(0, Shaded(first.Compute(i => i.Mean(1)).Reshape(224, 224)), Shaded(map.Reshape(224, 224))),
            columnNames: ["image", "gradient"]).Png(600));
        Console.WriteLine($"  {page}");

        double Accuracy(Trained trained) => trained.Evaluate(test, Losses.CrossEntropy, Metrics.Accuracy)[Metrics.Accuracy];

        static Tensor Shaded(Tensor t) => (t - t.Min()) / (t.Max() - t.Min());

        Tensor Enlarged(Tensor grey)
        {
            var large = grey.Compute(g => (255 * g.Reshape(-1, 1, 28, 28)).ResizeLinear([224, 224]).BroadcastTo(grey.Shape[0], 3, 224, 224));
            return preprocess.Run((preprocess.Inputs[0].Name, large))[preprocess.Outputs[0]];
        }
    }
}
