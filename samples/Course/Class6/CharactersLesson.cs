using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>A model of the characters of Moby-Dick: bits a character on held-out chapters against counts, and text at several temperatures.</summary>
internal static partial class CharactersLesson
{
    private static readonly ConcurrentDictionary<bool, (Book Book, TrainingResult Result)> kept = [];

    [GeneratedRegex("(?=^CHAPTER )", RegexOptions.Multiline)]
    private static partial Regex Beginning();

    #region book
    public sealed record Book(string Train, string Validation, string Test, Vocabulary Letters);

    // Chapters 1 to 24 to learn from, 25 to 27 to choose by, 28 to 30 to be measured on, once.
    public static Book Read(bool brief)
    {
        string[] chapters = [.. Beginning().Split(Datasets.MobyDick()).Where(chapter => chapter != "")];
        var train = string.Concat(chapters[..24]);
        var letters = Vocabulary.CharactersOf([train]);
        return brief
            ? new(train[..4000], chapters[24], chapters[29], letters)
            : new(train, string.Concat(chapters[24..27]), string.Concat(chapters[27..]), letters);
    }
    #endregion

    #region counts
    // How often each string of up to so many characters stands in a text.
    private static Dictionary<string, int> Counted(string text, int longest)
    {
        Dictionary<string, int> counts = [];
        for (var i = 0; i < text.Length; i++)
            for (var n = 0; n <= longest && i + n <= text.Length; n++)
                counts[text.Substring(i, n)] = counts.GetValueOrDefault(text.Substring(i, n)) + 1;
        return counts;
    }

    // Bits a character of another text: the share after a context, drawn to that after a shorter one as by so many more
    // observations; after no context, to all characters alike.
    private static double BitsByCounts(Dictionary<string, int> counts, string read, int order, double prior, int alphabet)
    {
        double Chance(string context, char next)
        {
            var shorter = context == "" ? 1.0 / alphabet : Chance(context[1..], next);
            return (counts.GetValueOrDefault(context + next) + prior * shorter) / (counts.GetValueOrDefault(context) + prior);
        }

        return read.Select((next, i) => -Math.Log2(Chance(read[Math.Max(0, i - order + 1)..i], next))).Average();
    }
    #endregion

    #region model
    public static Layer<Expr, Expr> Model(int letters) =>
        Layers.Embedding(letters, 64).Then(Layers.Lstm(192).Sequence()).Then(Layers.Dropout(0.2)).Then(Layers.Linear(letters));

    // Trained once, for this lesson and for the transformer's.
    public static (Book Book, TrainingResult Result) Trained(bool brief) => kept.GetOrAdd(brief, _ =>
    {
        var book = Read(brief);
        var (train, validation) = (book.Letters.Examples(book.Train, 64), book.Letters.Examples(book.Validation, 64));
        var (epochs, steps) = brief ? (1, 60) : (16, 16 * train.Count / 16);
        var rate = Schedules.Cosine(6e-3, steps, lowest: 3e-4).WarmUp(20);
        return (book, Model(book.Letters.Count).Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(6e-3).Scheduled(rate).ClipByGlobalNorm(1),
            epochs: epochs, batchSize: 16, seed: 1, validation: validation, metrics: [Metrics.BitsPerToken]));
    });
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("A model of characters tells at each place how likely each character is to come next. What it is worth is measured in bits: the mean of $-\\log_2 p$ of those that came. It is the size to which the model would compress the text.",
            "Un modelo de caracteres dice en cada lugar qué tan probable es cada carácter siguiente. Lo que vale se mide en bits: la media de $-\\log_2 p$ de los que llegaron. Es el tamaño al que el modelo comprimiría el texto.");
        c.Formula(@"\text{bits} = -\frac{1}{n} \sum_{i=1}^{n} \log_2 p(x_i \mid x_1, \dots, x_{i-1})");
        c.Code("book");

        c.Heading("Baselines: counting", "Modelos de referencia: contar");
        c.Code("counts");
        var (book, result) = Trained(c.Brief);
        #region baselines
        // The order and the prior are chosen on the validation chapters.
        double[] priors = c.Brief ? [10] : [3, 10, 30, 100];
        int[] orders = [.. Enumerable.Range(1, 9)];
        var counts = Counted(book.Train, orders[^1]);
        double Bits(string read, int order, double prior) => BitsByCounts(counts, read, order, prior, book.Letters.Count);
        var best = orders.Select(order => priors.Select(prior => (Order: order, Prior: prior, Bits: Bits(book.Validation, order, prior))).MinBy(b => b.Bits)).ToList();
        var counted = best.MinBy(b => b.Bits);
        #endregion
        c.Code("baselines");
        c.Claim(counted.Order < orders[^1], "the longest contexts are not the best");
        c.Text($"One character (order 1) needs {best[0].Bits:0.00} bits, with the one before it {best[1].Bits:0.00}, with two {best[2].Bits:0.00}. The best table looks {counted.Order - 1} characters back, {counted.Bits:0.00} bits on the validation chapters; longer contexts have been seen too seldom.",
            $"Un carácter solo (orden 1) cuesta {best[0].Bits:0.00} bits; con el anterior, {best[1].Bits:0.00}; con dos, {best[2].Bits:0.00}. La mejor tabla mira {counted.Order - 1} caracteres atrás, {counted.Bits:0.00} bits en los capítulos de validación; los contextos más largos se han visto muy pocas veces.");

        c.Heading("An LSTM", "Una LSTM");
        c.Code("model");
        var epochs = result.History.Select(epoch => (double)epoch.Number).ToList();
        double[] ends = [0, epochs[^1]];
        c.Figure("characters-bits", best.Take(3).Append(counted).Aggregate(
                Plot.Titled(c["Bits a character, chapters 25 to 27", "Bits por carácter, capítulos 25 a 27"]).Labels(c["epoch", "época"], "bits")
                    .Line("LSTM", epochs, result.History.Select(epoch => epoch.Metrics["bitsPerToken"])),
                (plot, b) => plot.Dashes(c[$"counts, order {b.Order}", $"conteos, orden {b.Order}"], ends, [b.Bits, b.Bits])),
            ("Bits a character over the epochs, with the baselines as dashed lines", "Bits por carácter según las épocas, con los modelos de referencia como líneas discontinuas"),
            ("The LSTM is given 64 characters at a time here, without what stands before them: the counts always see their context, so the race is close.", "Aquí la LSTM recibe 64 caracteres a la vez, sin lo que hay antes; los conteos siempre ven su contexto, así que la carrera es reñida."));
        #region test
        // The chapters of the test in rows of 512, and by the best counts.
        var held = book.Letters.Examples(book.Test, 512);
        var (byLstm, byCounts) = (result.Evaluate(held, Metrics.BitsPerToken)[Metrics.BitsPerToken], Bits(book.Test, counted.Order, counted.Prior));
        #endregion
        c.Code("test");
        c.Table([("model", "modelo"), ("bits a character, test", "bits por carácter, prueba")],
            [.. best.Take(3).Select(b => new[] { c[$"counts, order {b.Order}", $"conteos, orden {b.Order}"], $"{Bits(book.Test, b.Order, b.Prior):0.000}" }),
                [c[$"counts, order {counted.Order}", $"conteos, orden {counted.Order}"], $"{byCounts:0.000}"], ["LSTM", $"{byLstm:0.000}"]]);
        c.Claim(byLstm < byCounts && byCounts < best[2].Bits, "the LSTM is ahead of the best counts, by little");
        c.Text($"On the test chapters the LSTM needs {byLstm:0.00} bits a character, the best counts {byCounts:0.00}. A table of what follows {counted.Order - 1} characters is a strong opponent where the text is short: it needs no training, and is a dozen lines long.",
            $"En los capítulos de prueba la LSTM necesita {byLstm:0.00} bits por carácter; los mejores conteos, {byCounts:0.00}. Una tabla de lo que sigue a {counted.Order - 1} caracteres es un rival fuerte cuando el texto es corto: no necesita entrenamiento y ocupa una docena de líneas.");

        c.Heading("Where it is surprised", "Dónde se sorprende");
        #region surprise
        // The bits of each character of the test chapters, and their mean by its place in its word.
        var logits = Expr.Constant(result.Predict(held.Inputs));
        var bits = (Losses.CrossEntropy(Expr.Constant(held.Targets), logits, reduction: Reduction.None) / Math.Log(2)).Evaluate().ToDoubles();
        var text = book.Letters.Decode(held.Targets.Reshape(-1));
        int[] places = new int[text.Length];
        for (var i = 1; i < text.Length; i++)
            places[i] = char.IsLetter(text[i]) ? places[i - 1] + 1 : 0;
        double[] byPlace = [.. Enumerable.Range(1, 8).Select(place => bits.Where((_, i) => places[i] == place).DefaultIfEmpty().Average())];
        #endregion
        c.Code("surprise");
        var shown = text.IndexOf(". ", 200, StringComparison.Ordinal) + 2;
        var sentence = text.Substring(shown, 36);
        c.Figure("characters-surprise", Plot.Titled(c["Bits of a test sentence", "Bits de una frase de prueba"]).Labels("", "bits")
            .Bars("", bits.Skip(shown).Take(36)).WithNames(sentence.Select(letter => letter is ' ' or '\n' ? "_" : $"{letter}")),
            ("The bits of each character of a sentence", "Los bits de cada carácter de una frase"),
            ("From a chapter that no training saw: what costs most is how a word begins.", "De un capítulo que ningún entrenamiento vio: lo que más cuesta es cómo empieza cada palabra."));
        c.Text($"Over all the test, the first letter of a word costs {byPlace[0]:0.0} bits, the second {byPlace[1]:0.0}, the third {byPlace[2]:0.0}, the sixth {byPlace[5]:0.0}.",
            $"En toda la prueba, la primera letra de una palabra cuesta {byPlace[0]:0.0} bits; la segunda, {byPlace[1]:0.0}; la tercera, {byPlace[2]:0.0}; la sexta, {byPlace[5]:0.0}.");
        c.Claim(byPlace[0] > 1.5 * byPlace[1..].Max(), "the first letter of a word costs half as much again as any later one");

        c.Heading("Writing at temperatures", "Escribir a varias temperaturas");
        c.Text("To write, a character is drawn by its chance, given to the network, and so on. The temperature $T$ divides the logits before the softmax: below 1 the likely become likelier.",
            "Para escribir se sortea un carácter según su probabilidad, se le da a la red, y así sucesivamente. La temperatura $T$ divide los *logits* antes de la softmax: por debajo de 1 lo probable se vuelve más probable.");
        c.Formula(@"p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}}");
        #region temperatures
        var stepper = result.Trained.Stepwise();
        double[] temperatures = c.Brief ? [0.5, 1] : [0.2, 0.5, 0.8, 1, 1.3];
        var written = temperatures.Select(t => stepper.Write(book.Letters, "The ", most: c.Brief ? 40 : 600, Key.OfSeed(3), temperature: t)).ToList();

        // How many of the words written are words of the training chapters, and how many differ from one another.
        static string[] Words(string text) => [.. Regex.Matches(text, "[A-Za-z]+").Select(word => word.Value.ToLowerInvariant())];
        var known = Words(book.Train).ToHashSet();
        double[] real = [.. written.Select(w => Words(w).Average(word => known.Contains(word) ? 1.0 : 0))];
        double[] different = [.. written.Select(w => Words(w) is var words ? (double)words.Distinct().Count() / words.Length : 0)];
        #endregion
        c.Code("temperatures");
        for (var i = 0; i < temperatures.Length; i++)
            c.Output($"T = {temperatures[i]:0.0}: The {written[i][..Math.Min(written[i].Length, 150)].ReplaceLineEndings(" ")}");
        c.Figure("characters-temperatures", Plot.Titled(c["600 characters at each temperature", "600 caracteres a cada temperatura"]).Labels(c["temperature", "temperatura"], c["share of words", "parte de las palabras"]).WithYLimits(0, 1.05)
            .Line(c["in the book", "en el libro"], temperatures, real).Dots(c["in the book", "en el libro"], temperatures, real)
            .Line(c["different", "distintas"], temperatures, different).Dots(c["different", "distintas"], temperatures, different),
            ("Shares of words that the book has and of different words over the temperature", "Parte de palabras que están en el libro y de palabras distintas según la temperatura"),
            ("Cold, it repeats a few real words; hot, it invents. Between them lies what reads like English.", "En frío repite unas pocas palabras reales; en caliente inventa. En medio queda lo que se lee como inglés."));
        c.Claim(real[0] > real[^1] + 0.2 && different[0] < different[^1] - 0.2, "cold repeats and hot invents");
        c.Result("bits a character, test: best counts, LSTM", "bits por carácter, prueba: mejores conteos, LSTM", $"{byCounts:0.000}, {byLstm:0.000}");
        c.Question(("Which temperature writes words of the book, yet does not repeat itself?", "¿Qué temperatura escribe palabras del libro y sin embargo no se repite?"),
            ($"About {temperatures[^2]:0.0}, at which it was trained: {real[^2]:0.00} of its words are in the book and {different[^2]:0.00} differ. At {temperatures[0]:0.0} it is {real[0]:0.00} and {different[0]:0.00}.", $"Cerca de {temperatures[^2]:0.0}, la del entrenamiento: {real[^2]:0.00} de sus palabras están en el libro y {different[^2]:0.00} son distintas. Con {temperatures[0]:0.0} son {real[0]:0.00} y {different[0]:0.00}."));
        c.Question(("Why do longer tables of counts stop getting better?", "¿Por qué las tablas de conteos más largas dejan de mejorar?"),
            ($"Each more character splits what was seen into finer contexts; after {counted.Order - 1} most were met once or never, and the table falls back to a shorter one. The network shares what it learns among contexts that are alike.", $"Cada carácter más parte lo visto en contextos más finos; tras {counted.Order - 1}, la mayoría apareció una vez o ninguna, y la tabla recurre a una más corta. La red comparte lo aprendido entre contextos parecidos."));
    }
}
