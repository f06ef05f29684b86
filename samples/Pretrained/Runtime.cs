using DL1;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Pretrained;

/// <summary>A convolutional network that is trained here and runs elsewhere.</summary>
internal static class Runtime
{
    public static void Run(bool brief)
    {
        var (train, test) = Datasets.Digits().MapInputs(rows => rows.Reshape(-1, 1, 8, 8)).Split(0.8, seed: 1, stratified: true);
        var model = Model.Sequential(
            Layers.Conv2d(16, 3, same: true), Layers.BatchNorm(), Layers.Relu(), Layers.MaxPool(2),
            Layers.Flatten(), Layers.Linear(32), Layers.Relu(), Layers.Linear(10));
        var trained = model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(3e-3), epochs: brief ? 2 : 15, batchSize: 32).Trained;

        // Pixels from 0 to 16 in, probabilities out, for a batch of any size: scaling is part of the file.
        var path = Path.Combine(Path.GetTempPath(), "digits.onnx");
        trained.SaveOnnx(path, test.Inputs, pixels => pixels / 16, probabilities: true);

        using var session = new InferenceSession(path);
        var pixels = new DenseTensor<float>((test.Inputs * 16).ToArray<float>(), [.. test.Inputs.Shape]);
        using var outputs = session.Run([NamedOnnxValue.CreateFromTensor("inputs", pixels)]);
        var theirs = outputs.Single(output => output.Name == "probabilities").AsTensor<float>().ToArray();
        var ours = trained.PredictProbabilities(test.Inputs).ToArray<float>();
        Console.WriteLine($"  accuracy on {test.Count} digits {trained.Evaluate(test, Losses.CrossEntropy, Metrics.Accuracy)[Metrics.Accuracy]:0.000}");
        Console.WriteLine($"  {new FileInfo(path).Length / 1024} kB; largest difference of a probability {ours.Zip(theirs).Max(p => Math.Abs(p.First - p.Second)):0.0E+0}");
        File.Delete(path);
    }
}
