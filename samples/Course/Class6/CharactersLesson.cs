using System.Text.RegularExpressions;
using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>A model of the characters of Moby-Dick: bits a character on held-out chapters against counts, and text at several temperatures.</summary>
internal static class CharactersLesson
{
    #region counts
    // How often each string of up to `longest` characters stands in a text.
    private static Dictionary<string, int> Counted(string text, int longest)
    {
        Dictionary<string, int> counts = [];
        for (var i = 0; i < text.Length; i++)
            for (var n = 0; n <= longest && i + n <= text.Length; n++)
                counts[text.Substring(i, n)] = counts.GetValueOrDefault(text.Substring(i, n)) + 1;
        return counts;
    }

    // Bits a character of another text: shares after a context, shrunk to those after a shorter one as by `prior` more observations.
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

    public static void Run(Chapter c)
    {
        c.Text("A model of characters says at each place how likely each character is to come next. It is measured in bits: the mean of $-\\log_2 p$ over the characters that came. To this size the model would compress the text.",
            "Un modelo de caracteres dice en cada lugar qué tan probable es que siga cada carácter. Se mide en bits: la media de $-\\log_2 p$ sobre los caracteres que llegaron. A ese tamaño comprimiría el modelo el texto.");
        c.Formula(@"\text{bits} = -\frac{1}{n} \sum_{i=1}^{n} \log_2 p(x_i \mid x_1, \dots, x_{i-1})");
        c.Code("book", "Class6/MobyDick.cs");

        c.Heading("Baselines: counting", "Modelos de referencia: contar");
        c.Code("counts");
        var (book, result) = MobyDick.Trained(c.Brief);
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
        c.Text($"On the validation chapters a character alone (order 1) costs {best[0].Bits:0.00} bits; after one known character {best[1].Bits:0.00}; after two {best[2].Bits:0.00}. The best table looks {counted.Order - 1} characters back: {counted.Bits:0.00} bits. Longer contexts were seen too seldom.",
            $"En los capítulos de validación un carácter solo (orden 1) cuesta {best[0].Bits:0.00} bits; tras uno conocido, {best[1].Bits:0.00}; tras dos, {best[2].Bits:0.00}. La mejor tabla mira {counted.Order - 1} caracteres atrás: {counted.Bits:0.00} bits. Los contextos más largos se vieron muy pocas veces.");

        c.Heading("An LSTM", "Una LSTM");
        c.Code("model", "Class6/MobyDick.cs");
        double[] ends = [0, result.History.Count];
        c.Figure("characters-bits", best.Take(3).Append(counted).Aggregate(
                Plot.Titled(c["Bits a character, validation", "Bits por carácter, validación"]).Labels(c["epoch", "época"], "bits")
                    .Run("LSTM", result, epoch => epoch.Metrics["bitsPerToken"]),
                (plot, b) => plot.Dashes(c[$"counts, order {b.Order}", $"conteos, orden {b.Order}"], ends, [b.Bits, b.Bits])),
            ("Bits a character over the epochs, with the baselines as dashed lines", "Bits por carácter según las épocas, con los modelos de referencia como líneas discontinuas"),
            ("Chapters 25 to 27. Here the LSTM reads 64 characters at a time, without those before them; the counts always see their context, so the race is close.", "Capítulos 25 a 27. Aquí la LSTM lee 64 caracteres a la vez, sin los anteriores; los conteos siempre ven su contexto, así que la carrera es reñida."));
        // The test, in rows of 512 characters for the LSTM.
        var held = book.Letters.Examples(book.Test, 512);
        var (byLstm, byCounts) = (result.Evaluate(held, Metrics.BitsPerToken)[Metrics.BitsPerToken], Bits(book.Test, counted.Order, counted.Prior));
        c.Table([("model", "modelo"), ("bits a character, test", "bits por carácter, prueba")],
            [.. best.Take(3).Select(b => new[] { c[$"counts, order {b.Order}", $"conteos, orden {b.Order}"], $"{Bits(book.Test, b.Order, b.Prior):0.000}" }),
                [c[$"counts, order {counted.Order}", $"conteos, orden {counted.Order}"], $"{byCounts:0.000}"], ["LSTM", $"{byLstm:0.000}"]]);
        c.Claim(byLstm < byCounts && byCounts < best[2].Bits, "the LSTM is ahead of the best counts, by little");
        c.Text($"On the test chapters the LSTM needs {byLstm:0.00} bits a character, the best counts {byCounts:0.00}. Where the text is short, a table of what follows {counted.Order - 1} characters is a strong opponent: it needs no training and only a dozen lines.",
            $"En los capítulos de prueba la LSTM necesita {byLstm:0.00} bits por carácter; los mejores conteos, {byCounts:0.00}. Con poco texto, una tabla de lo que sigue a {counted.Order - 1} caracteres es un rival fuerte: no necesita entrenamiento y ocupa una docena de líneas.");

        c.Heading("Where it is surprised", "Dónde se sorprende");
        #region surprise
        // The bits of each character of the test chapters, and their mean by the character's place in its word.
        var logits = Expr.Constant(result.Predict(held.Inputs));
        var bits = (Losses.CrossEntropy(Expr.Constant(held.Targets), logits, reduction: Reduction.None) / Math.Log(2)).Evaluate().ToDoubles();
        var text = book.Letters.Decode(held.Targets.Reshape(-1));
        var places = new int[text.Length];
        for (var i = 1; i < text.Length; i++) places[i] = char.IsLetter(text[i]) ? places[i - 1] + 1 : 0;
        double[] byPlace = [.. Enumerable.Range(1, 8).Select(place => bits.Where((_, i) => places[i] == place).DefaultIfEmpty().Average())];
        #endregion
        c.Code("surprise");
        var shown = text.IndexOf(". ", 200, StringComparison.Ordinal) + 2;
        c.Figure("characters-surprise", Plot.Titled(c["Bits of a test sentence", "Bits de una frase de prueba"]).Labels("", "bits")
            .Bars("", bits.Skip(shown).Take(36)).WithNames(text.Substring(shown, 36).Select(letter => letter is ' ' or '\n' ? "_" : $"{letter}")),
            ("The bits of each character of a sentence", "Los bits de cada carácter de una frase"),
            ($"From a test chapter: what costs most is how a word begins. Over all the test its first letter costs {byPlace[0]:0.0} bits, the second {byPlace[1]:0.0}, the third {byPlace[2]:0.0}, the sixth {byPlace[5]:0.0}.", $"De un capítulo de prueba: lo que más cuesta es cómo empieza una palabra. En toda la prueba su primera letra cuesta {byPlace[0]:0.0} bits; la segunda, {byPlace[1]:0.0}; la tercera, {byPlace[2]:0.0}; la sexta, {byPlace[5]:0.0}."));
        c.Claim(byPlace[0] > 1.5 * byPlace[1..].Max(), "the first letter of a word costs half as much again as any later one");

        c.Heading("Writing at temperatures", "Escribir a varias temperaturas");
        c.Text("To write, a character is drawn by its probability and given to the network, and so on. The temperature $T$ divides the scores before the softmax: below 1 the likely become likelier.",
            "Para escribir se sortea un carácter según su probabilidad, se le da a la red, y así sucesivamente. La temperatura $T$ divide los puntajes antes de la softmax: por debajo de 1 lo probable se vuelve más probable.");
        c.Formula(@"p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}}");
        #region temperatures
        var stepper = result.Trained.Stepwise();
        double[] temperatures = c.Brief ? [0.5, 1] : [0.2, 0.5, 0.8, 1, 1.3];
        var written = temperatures.Select(t => stepper.Write(book.Letters, "The ", most: c.Brief ? 40 : 600, Key.OfSeed(3), temperature: t)).ToList();
        // The share of the written words that the training chapters have, and the share of different ones.
        static string[] Words(string text) => [.. Regex.Matches(text, "[A-Za-z]+").Select(word => word.Value.ToLowerInvariant())];
        var known = Words(book.Train).ToHashSet();
        double[] real = [.. written.Select(w => Words(w).Average(word => known.Contains(word) ? 1.0 : 0))];
        double[] different = [.. written.Select(w => Words(w) is var words ? (double)words.Distinct().Count() / words.Length : 0)];
        #endregion
        c.Code("temperatures");
        for (var i = 0; i < temperatures.Length; i++)
            c.Output($"T = {temperatures[i]:0.0}: The {written[i][..Math.Min(written[i].Length, 150)].ReplaceLineEndings(" ")}");
        c.Figure("characters-temperatures", Plot.Titled(c["Words by temperature", "Palabras por temperatura"]).Labels(c["temperature", "temperatura"], c["share of words", "parte de las palabras"]).WithYLimits(0, 1.05)
            .Marked(c["in the book", "en el libro"], temperatures, real).Marked(c["different", "distintas"], temperatures, different),
            ("Shares of words that the book has and of different words over the temperature", "Parte de palabras que están en el libro y de palabras distintas según la temperatura"),
            ("600 characters at each temperature. Cold, it repeats a few real words; hot, it invents words. In between it reads like English.", "600 caracteres a cada temperatura. En frío repite unas pocas palabras reales; en caliente inventa palabras. En medio se lee como inglés."));
        c.Claim(real[0] > real[^1] + 0.2 && different[0] < different[^1] - 0.2, "cold repeats and hot invents");
        c.Result("bits a character, test: best counts, LSTM", "bits por carácter, prueba: mejores conteos, LSTM", $"{byCounts:0.000}, {byLstm:0.000}");
        c.Question(("Which temperature gives words of the book without repeating them?", "¿Con qué temperatura salen palabras del libro sin repetirse?"),
            ($"About {temperatures[^2]:0.0}, at which it was trained: {real[^2]:0.00} of its words are in the book and {different[^2]:0.00} differ. At {temperatures[0]:0.0} it is {real[0]:0.00} and {different[0]:0.00}.", $"Cerca de {temperatures[^2]:0.0}, la del entrenamiento: {real[^2]:0.00} de sus palabras están en el libro y {different[^2]:0.00} son distintas. Con {temperatures[0]:0.0} son {real[0]:0.00} y {different[0]:0.00}."));
        c.Question(("Why do longer tables of counts stop getting better?", "¿Por qué las tablas de conteos más largas dejan de mejorar?"),
            ($"Each further character splits what was seen into finer contexts; beyond {counted.Order - 1} most occurred once or never, and the table falls back to shorter ones. The network shares what it learns among contexts that are alike.", $"Cada carácter más parte lo visto en contextos más finos; más allá de {counted.Order - 1}, la mayoría apareció una vez o ninguna, y la tabla recurre a otros más cortos. La red comparte lo aprendido entre contextos parecidos."));
    }
}
