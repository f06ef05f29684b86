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
    private sealed record Near(Expr Centre, Expr Context);
    // A word, one of its neighbours, and words drawn at random: scores, the neighbour's first.
    private static Layer<Near, Expr> SkipGram(int words, int features, Tensor urn) => Layers.CreateOf<Near, Expr>("SkipGram", (scope, x) =>
    {
        Expr Vectors(string name, Expr ids) => scope.Parameter(name, Initializers.Normal(0, 0.1), words, features).Gather(0, ids);
        var (rows, context) = (x.Centre.Shape[0], x.Context.ExpandDims(1));
        if (scope.IsTraining)
            context = Expr.Concat(1, context, Expr.Constant(urn).Gather(0, scope.Key().Uniform(0, urn.Shape[0], rows, Negatives).Cast(DType.I32)));
        return (Vectors("words", x.Centre.ExpandDims(1)) * Vectors("contexts", context)).Sum(-1);
    });

    private static Expr Loss(Near _, Expr scores) =>
        Softplus(-scores.Slice(1, ..1)).Mean() + Negatives * Softplus(scores.Slice(1, 1..)).Mean();
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("A word is known by the company it keeps: words that stand near the same words have similar meanings. There are two ways to turn that into vectors. *Counting* makes a table of which words stand near which and takes its principal directions. *Skip-gram with negative sampling* trains a vector for each word that distinguishes its neighbours from words drawn at random. The text is thirty chapters of Moby-Dick: far too little for good vectors, and it will show.",
            "Una palabra se conoce por sus compañías: las palabras que aparecen cerca de las mismas palabras significan algo parecido. Hay dos maneras de convertir eso en vectores. *Contar*: hacer una tabla de qué palabras aparecen cerca de cuáles y tomar sus direcciones principales. *Skip-gram con muestreo negativo*: entrenar un vector por palabra que distinga a sus vecinas de otras sacadas al azar. El texto son treinta capítulos de Moby-Dick, en inglés: demasiado poco para buenos vectores, y se va a notar.");
        c.Formula(@"L = -\log \sigma(u_w \cdot v_c) - \sum_{j=1}^{5} \log \sigma(-u_w \cdot v_{n_j}), \qquad n_j \sim f^{3/4}");
        c.Code("model");
        #region text
        var paragraphs = Datasets.MobyDick().Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(p => string.Concat(p.Select(letter => char.IsLetter(letter) || letter == '\'' ? letter : ' '))).ToList();
        var words = Vocabulary.WordsOf(paragraphs, least: 5, lowerCase: true);
        var (count, total, draw) = (words.Count, words.Counts.Sum(), Key.OfSeed(1).ToRandom());
        // A word with the share f of the text is kept with probability √(0.001 / f): very common ones say little. Pairs are up to five places apart.
        List<(int Centre, int Context)> Pairs(Func<int, bool> wanted) => [.. paragraphs.Where((_, i) => wanted(i % 10)).SelectMany(p =>
        {
            int[] read = [.. words.Encode(p).ToArray<long>().Where(w => w > 0 && draw.NextDouble() < Math.Sqrt(1e-3 * total / words.Counts[(int)w])).Select(w => (int)w)];
            return Enumerable.Range(0, read.Length).SelectMany(i => Enumerable.Range(i - Window, 2 * Window + 1).Where(j => j != i && j >= 0 && j < read.Length).Select(j => (read[i], read[j])));
        })];
        var (train, validation, test) = (Pairs(i => i < 8), Pairs(i => i == 8), Pairs(i => i == 9)); // by paragraphs
        #endregion
        c.Code("text");
        c.Heading("Counted and trained", "Contar y entrenar");
        c.Text("The table holds the *positive pointwise mutual information*: the logarithm of how much more often two words stand together than by chance, and 0 where it is negative.",
            "La tabla contiene la *información mutua puntual positiva*: el logaritmo de cuánto más a menudo aparecen juntas dos palabras que por azar, y 0 donde resulta negativo.");
        c.Formula(@"\operatorname{PPMI}(w, c) = \max\left(0, \log \frac{n_{wc} \, n}{n_w \, n_c}\right)");
        #region vectors
        var joint = new double[count, count];
        foreach (var (a, b) in train)
            joint[a, b]++;
        var met = Tensor.Of(joint);
        var chance = met.Sum([1], true).MatMul(met.Sum([0], true)) / train.Count;
        var ppmi = met.Compute(chance, (m, e) => Relu(Log((m + 1e-9) / (e + 1e-9))));
        var axes = PrincipalComponents.FitRandomised(ppmi, c.Brief ? 20 : 100, Key.OfSeed(1), powers: 2);
        (Tensor Vectors, Tensor Scores) Counted(int features) => axes.Apply(ppmi).Slice(1, ..features) is var along
            ? (along, along.MatMul(axes.Components.Rows(..features)) + axes.Means) : default;
        var urn = Tensor.Of([.. Enumerable.Range(1, count - 1).SelectMany(w => Enumerable.Repeat(w, (int)Math.Ceiling(Math.Pow(words.Counts[w], 0.75))))]);
        var pairs = Dataset.OfInputs(new { Centre = Tensor.Of([.. train.Select(p => p.Centre)]), Context = Tensor.Of([.. train.Select(p => p.Context)]) });
        (Tensor Vectors, Tensor Scores) Trained(int features, int epochs)
        {
            var found = SkipGram(count, features, urn).Fit(pairs, (Func<Near, Expr, Expr>)Loss, Optimizers.Adam(3e-3), c.Brief ? 1 : epochs, batchSize: 512).Trained.Parameters;
            return (found["words"].Cast(DType.F64), found["words"].MatMul(found["contexts"].Transpose(1, 0)).Cast(DType.F64));
        }
        #endregion
        c.Code("vectors");

        // How often a word that stood near is scored above one from the urn: 0.5 by chance, whatever their frequencies.
        ScoreInterval Measured(Tensor scores, List<(int Centre, int Context)> held)
        {
            var (random, ids, all, some) = (Key.OfSeed(2).ToRandom(), urn.ToArray<int>(), scores.ToDoubles(), held.Take(4000).ToList());
            var near = some.Select(p => all[p.Centre * count + p.Context]);
            var drawn = some.Select(p => all[p.Centre * count + ids[random.Next(ids.Length)]]);
            return Metrics.RocAuc.Interval(Tensor.Of([.. some.Select(_ => 1L), .. some.Select(_ => 0L)]), Tensor.Of([.. near, .. drawn]), repeats: 200);
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
        double[] Angles(Tensor vectors, Tensor to) => Expr.Constant(vectors).CosineSimilarity(Expr.Constant(to.Reshape(1, -1)).BroadcastTo([.. vectors.Shape])).Evaluate().ToDoubles();
        int[] Nearest(Tensor vectors, Tensor to, params int[] without) => Angles(vectors, to) is var a ? [.. Enumerable.Range(1, count - 1).Except(without).OrderByDescending(w => a[w])] : [];
        int Id(string word) => (int)words.IndexOf(word);
        string List(Tensor vectors, string word) => $"`{string.Join(" ", Nearest(vectors, vectors.Row(Id(word)), Id(word)).Take(5).Select(w => words.Pieces[w]))}`";
        c.Table([("word", "palabra"), ("nearest, counted", "más cercanas, contados"), ("nearest, trained", "más cercanas, entrenados")],
            "captain father bed three whale sea".Split(' ').Select(w => new[] { $"`{w}`", List(counted.Vectors, w), List(trained.Vectors, w) }));
        var analogies = "man men hand hands|day days night nights|he his she her|he him they them|i my he his|is was are were|is was has had|he his they their|man men whale whales|ship ships boat boats|he him she her|do did will would"
            .Split('|').Select(a => a.Split(' ')).Where(a => a.All(w => Id(w) > 0)).ToList();
        int Holds(Tensor vectors) => analogies.Count(a => Nearest(vectors, vectors.Row(Id(a[1])) - vectors.Row(Id(a[0])) + vectors.Row(Id(a[2])), Id(a[0]), Id(a[1]), Id(a[2]))[0] == Id(a[3]));
        var (held1, held2) = (Holds(counted.Vectors), Holds(trained.Vectors));
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
