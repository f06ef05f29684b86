// Models that come from elsewhere, and models that go elsewhere: dotnet run -c Release --project samples/Pretrained -- NAME
using Pretrained;

var brief = args.Contains("--brief");
var names = args.Where(a => !a.StartsWith('-')).ToArray();
var samples = new (string Name, string Shows, Action<bool> Run)[]
{
    ("search", "sentences found by meaning, and the words because of which they are found (MiniLM)", _ => Search.Run()),
    ("runtime", "digits trained here, saved as ONNX, and run by ONNX Runtime", Runtime.Run),
    ("tune", "a new head for ResNet18, then the whole network fine-tuned, and a saliency map", Tune.Run),
};

if (names.Length == 0 || names.Any(name => name != "all" && samples.All(s => s.Name != name)))
{
    Console.WriteLine("Say which, or 'all'; --brief takes less data:");
    foreach (var (name, shows, _) in samples) Console.WriteLine($"  {name,-8} {shows}");
    return names.Length == 0 ? 0 : 1;
}

foreach (var (name, shows, run) in samples.Where(s => names.Contains(s.Name) || names.Contains("all")))
{
    Console.WriteLine($"== {name}: {shows}");
    run(brief);
}

return 0;
