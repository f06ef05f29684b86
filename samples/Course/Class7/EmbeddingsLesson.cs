using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Word vectors by skip-gram with negative sampling on Moby-Dick, beside vectors from counts.</summary>
internal static class EmbeddingsLesson
{
    private const int Negatives = 5, Window = 5;

    #region model
    // A word, one of its neighbours, and words drawn at random: products of vectors are logits of "this is the neighbour".
    private static Tree<Tensor> SkipGram(Dataset pairs, int words, int features, int epochs) => Layers.SkipGram(words, features).Fit(
        pairs, (Expr isNear, Expr scores) => (1 + Negatives) * Losses.BceWithLogits(isNear, scores),
        Optimizers.Adam(3e-3), epochs, batchSize: 512).Trained.Parameters;
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("A word is known by the company it keeps: words that stand near the same words have similar meanings. There are two ways to turn that into vectors. *Counting* makes a table of which words stand near which and takes its principal directions. *Skip-gram with negative sampling* trains a vector for each word that distinguishes its neighbours from words drawn at random. The text is thirty chapters of Moby-Dick: far too little for good vectors, and it will show.",
            "Una palabra se conoce por sus compañías: las palabras que aparecen cerca de las mismas palabras significan algo parecido. Hay dos maneras de convertir eso en vectores. *Contar*: hacer una tabla de qué palabras aparecen cerca de cuáles y tomar sus direcciones principales. *Skip-gram con muestreo negativo*: entrenar un vector por palabra que distinga a sus vecinas de otras sacadas al azar. El texto son treinta capítulos de Moby-Dick, en inglés: demasiado poco para buenos vectores, y se va a notar.");
        c.Formula(@"L = -\log \sigma(u_w \cdot v_c) - \sum_{j=1}^{5} \log \sigma(-u_w \cdot v_{n_j}), \qquad n_j \sim f^{3/4}");
        c.Code("model");
        #region text
        var paragraphs = Datasets.MobyDick().Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        var words = Vocabulary.WordsOf(paragraphs, least: 5, lowerCase: true, punctuation: false);
        var (count, total) = (words.Count, words.Counts.Sum());
        // Pairs up to five places apart. A word with the share f of the text is kept with probability √(0.001 / f): very common ones say little.
        Dataset Pairs(Func<int, bool> wanted) =>
            words.SkipGrams(paragraphs.Where((_, i) => wanted(i % 10)), Window, Negatives, subsampling: 1e-3, seed: 1);
        var (train, validation, test) = (Pairs(i => i < 8), Pairs(i => i == 8), Pairs(i => i == 9)); // by paragraphs
        #endregion
        c.Code("text");
        c.Heading("Counted and trained", "Contar y entrenar");
        c.Text("The table holds the *positive pointwise mutual information*: the logarithm of how much more often two words stand together than by chance, and 0 where it is negative.",
            "La tabla contiene la *información mutua puntual positiva*: el logaritmo de cuánto más a menudo aparecen juntas dos palabras que por azar, y 0 donde resulta negativo.");
        c.Formula(@"\operatorname{PPMI}(w, c) = \max\left(0, \log \frac{n_{wc} \, n}{n_w \, n_c}\right)");
        #region vectors
        IEnumerable<(long Word, long Other)> Couples(Dataset pairs, int column) => pairs.NamedInputs["1"].ToArray<long>()
            .Zip(pairs.NamedInputs["2"].Slice(1, column..(column + 1)).ToArray<long>()); // column 0 has the neighbours
        var joint = new double[count, count];
        foreach (var (a, b) in Couples(train, 0))
            joint[a, b]++;
        var met = Tensor.Of(joint);
        var chance = met.Sum([1], true).MatMul(met.Sum([0], true)) / train.Count;
        var ppmi = met.Compute(chance, (m, e) => Relu(Log((m + 1e-9) / (e + 1e-9))));
        var axes = PrincipalComponents.FitRandomised(ppmi, c.Brief ? 20 : 100, Key.OfSeed(1), powers: 2);
        (Tensor Vectors, Tensor Scores) Counted(int features) => axes.Apply(ppmi).Slice(1, ..features) is var along
            ? (along, along.MatMul(axes.Components.Rows(..features)) + axes.Means) : default;
        (Tensor Vectors, Tensor Scores) Trained(int features, int epochs)
        {
            var found = SkipGram(train, count, features, c.Brief ? 1 : epochs);
            return (found["words"].Cast(DType.F64), found["words"].MatMul(found["contexts"].Transpose(1, 0)).Cast(DType.F64));
        }
        #endregion
        c.Code("vectors");

        // How often a word that stood near is scored above one drawn by frequency: 0.5 by chance, whatever their frequencies.
        ScoreInterval Measured(Tensor scores, Dataset held)
        {
            var (all, some) = (scores.ToDoubles(), held.Take(4000));
            IEnumerable<double> Scored(int column) => Couples(some, column).Select(p => all[p.Word * count + p.Other]);
            return Metrics.RocAuc.Interval(Tensor.Of([.. Enumerable.Range(0, 2 * some.Count).Select(i => i < some.Count ? 1L : 0L)]), Tensor.Of([.. Scored(0), .. Scored(1)]), repeats: 200);
        }

        var counted = (c.Brief ? [10, 20] : new[] { 10, 20, 50, 100 }).Select(Counted).MaxBy(v => Measured(v.Scores, validation).Estimate);
        (int Features, int Epochs)[] settings = c.Brief ? [(20, 1)] : [(20, 5), (20, 10), (50, 4), (50, 8), (100, 4)];
        var trained = settings.Select(s => Trained(s.Features, s.Epochs)).MaxBy(v => Measured(v.Scores, validation).Estimate);
        var (byCounts, byTraining) = (Measured(counted.Scores, test), Measured(trained.Scores, test));
        string Shown(ScoreInterval s) => $"{s.Estimate:0.000} ({s.Lower:0.000}–{s.Upper:0.000})";
        c.Text("Which is better? We measure, on paragraphs that neither has seen, how often a word that stood near has a higher score than a word drawn by frequency. Features and epochs were chosen on validation paragraphs. Both beat chance, 0.5, but not by much, and neither beats the other: their intervals overlap. A text of this size has few pairs of words often enough; millions of words would be needed.",
            "¿Cuál es mejor? Medimos, en párrafos que ninguna ha visto, con qué frecuencia una palabra que estaba cerca tiene un puntaje mayor que una sacada según su frecuencia. El número de componentes y las épocas se eligieron con párrafos de validación. Ambas superan el azar, 0.5, pero no por mucho, y ninguna supera a la otra: sus intervalos se solapan. Un texto de este tamaño contiene pocas parejas de palabras con la frecuencia suficiente; harían falta millones de palabras.");
        c.Table([("vectors", "vectores"), ("features", "componentes"), ("near above drawn (95% interval)", "cercana sobre sacada (intervalo del 95%)")],
            [[c["counted", "contados"], $"{counted.Vectors.Shape[1]}", Shown(byCounts)], [c["trained", "entrenados"], $"{trained.Vectors.Shape[1]}", Shown(byTraining)]]);
        c.Result("neighbour scored above a random word: counted, trained", "vecina con más puntaje que una al azar: contados, entrenados", $"{byCounts.Estimate:0.000}, {byTraining.Estimate:0.000}");
        c.Claim(byCounts.Lower > 0.5 && byTraining.Lower > 0.5 && byCounts.Lower < byTraining.Upper && byTraining.Lower < byCounts.Upper, "both are better than chance, and their intervals overlap");

        c.Heading("Neighbours and analogies", "Vecinas y analogías");
        int Id(string word) => (int)words.IndexOf(word);
        #region neighbours
        string List(Tensor vectors, string word) => $"`{string.Join(" ", words.Nearest(vectors, word).Select(n => n.Word))}`";
        bool Holds(Tensor vectors, string[] a) => words.Analogy(vectors, a[0], a[1], a[2]).Single().Word == a[3];
        #endregion
        c.Code("neighbours");
        c.Table([("word", "palabra"), ("nearest, counted", "más cercanas, contados"), ("nearest, trained", "más cercanas, entrenados")],
            "captain father bed three whale sea".Split(' ').Select(w => new[] { $"`{w}`", List(counted.Vectors, w), List(trained.Vectors, w) }));
        var analogies = "man men hand hands|day days night nights|he his she her|he him they them|i my he his|is was are were|is was has had|he his they their|man men whale whales|ship ships boat boats|he him she her|do did will would"
            .Split('|').Select(a => a.Split(' ')).Where(a => a.All(w => Id(w) > 0)).ToList();
        var (held1, held2) = (analogies.Count(a => Holds(counted.Vectors, a)), analogies.Count(a => Holds(trained.Vectors, a)));
        c.Claim(held1 + held2 < analogies.Count, "fewer than half of the analogies hold");
        c.Text($"Sums such as `men` − `man` + `hand` ≈ `hands` are famous. Of {analogies.Count} such analogies, chosen beforehand, the counted vectors get {held1} right and the trained ones {held2}. The examples in books come from thousands of times as much text.",
            $"Son famosas las sumas como `men` − `man` + `hand` ≈ `hands`. De {analogies.Count} analogías así, elegidas de antemano, los vectores contados aciertan {held1} y los entrenados {held2}. Los ejemplos de los libros provienen de miles de veces más texto.");

        string[] drawnWords = [.. "captain ahab peleg ship owners voyage whale sperm sea ocean boat harpoon queequeg bed room door supper chowder father mapple pulpit chapel jonah god lord three years two masts".Split(' ').Where(w => Id(w) > 0)];
        var chosen = counted.Vectors.Rows([.. drawnWords.Select(Id)]).Compute(v => v / Sqrt((v * v).Sum(true, 1)));
        var flat = PrincipalComponents.Fit(chosen, 2).Apply(chosen).ToDoubles();
        double[] xs = [.. drawnWords.Select((_, i) => flat[2 * i])], ys = [.. drawnWords.Select((_, i) => flat[2 * i + 1])];
        double Apart(string a, string b) => Math.Sqrt(Math.Pow(xs[Array.IndexOf(drawnWords, a)] - xs[Array.IndexOf(drawnWords, b)], 2) + Math.Pow(ys[Array.IndexOf(drawnWords, a)] - ys[Array.IndexOf(drawnWords, b)], 2));
        c.Claim(Apart("bed", "room") < Math.Min(Apart("bed", "captain"), Apart("bed", "pulpit")) && Apart("mapple", "pulpit") < Apart("mapple", "captain") && Apart("captain", "ahab") < Apart("captain", "pulpit"), "inn, chapel and captains lie apart");
        c.Figure("embeddings-map", Plot.Titled(c["Counted vectors on a plane", "Vectores contados en un plano"]).Labels("", "").Dots(c["words", "palabras"], xs, ys).Texts(xs, ys, drawnWords),
            ("A map of words by the two principal directions of their vectors", "Un mapa de palabras según las dos direcciones principales de sus vectores"),
            ("Some meaning is there: the inn (bed, room, door), the chapel (mapple, pulpit) and the captains lie apart, each among its own words.", "Algo del significado sí se capta: la posada (`bed`, `room`, `door`), la capilla (`mapple`, `pulpit`) y los capitanes quedan aparte, cada grupo entre sus palabras."));
        c.Question(("Why are neighbours compared with words drawn by frequency, and not with any word?", "¿Por qué se comparan las vecinas con palabras sacadas según su frecuencia, y no con cualquiera?"),
            ("Common words stand near everything. Against any word, a list of frequencies alone would do well. Against words drawn by frequency it gets 0.5, and only what a word says about its neighbours counts.", "Las palabras comunes están cerca de todo. Frente a cualquiera, bastaría una lista de frecuencias. Frente a palabras sacadas según su frecuencia esa lista logra 0.5, y solo cuenta lo que una palabra dice de sus vecinas."));
        c.Question(("Do the analogies of the books hold here?", "¿Se cumplen aquí las analogías de los libros?"),
            ($"Hardly: {held1} and {held2} of {analogies.Count}. With {total} words of text most vectors are mainly noise, whichever way they are made.", $"Casi ninguna: {held1} y {held2} de {analogies.Count}. Con {total} palabras de texto, la mayoría de los vectores son sobre todo ruido, se hagan como se hagan."));
    }
}
