using System.Diagnostics;
using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>A small decoder-only transformer against the LSTM on Moby-Dick; what its heads look at, and the key-value cache.</summary>
internal static class TransformerLesson
{
    private const int Width = 96, Heads = 4, Context = 64;

    #region model
    private static Layer<Expr, Expr> Block() => Layers.TransformerEncoderLayer(Heads, inner: 336, dropout: 0.1, normFirst: true, causal: true);

    private static Layer<Expr, Expr> Network(int letters) => Model.Sequential(
        Layers.Embedding(letters, Width), Layers.LearnedPositions(Context), Block(), Block(), Layers.LayerNorm(), Layers.Linear(letters));
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("Attention and a small network at each place, twice, each added to its input: that is a transformer. Each place sees only what stands before it, so that all places of a text train at once. Does it beat the LSTM of the lesson on the novel, with as many parameters and as many epochs?",
            "Atención y una pequeña red en cada lugar, dos veces, cada una sumada a su entrada: eso es un transformador. Cada lugar ve solo lo anterior, de modo que todos los lugares de un texto se entrenan a la vez. ¿Supera a la LSTM de la lección sobre la novela, con igual número de parámetros y de épocas?");
        c.Formula(@"x \leftarrow x + \operatorname{Att}(\operatorname{Norm}(x)), \qquad x \leftarrow x + W_2 \max(0, W_1 \operatorname{Norm}(x))");
        c.Code("model");
        c.Say("Training both ...", "Entrenando ambos ...");
        var (book, lstm) = MobyDick.Trained(c.Brief);
        var letters = book.Letters;
        c.Code("training");
        #region training
        var (train, validation, test) = (letters.Examples(book.Train, Context), letters.Examples(book.Validation, Context), letters.Examples(book.Test, Context));
        var (epochs, steps) = c.Brief ? (1, 60) : (lstm.History.Count, lstm.History.Count * train.Count / 8);
        var transformer = Network(letters.Count).Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(2e-3).Scheduled(Schedules.Cosine(2e-3, steps, lowest: 1e-4).WarmUp(50)).ClipByGlobalNorm(1),
            epochs: epochs, batchSize: 8, seed: 1, validation: validation, metrics: [Metrics.BitsPerToken]);
        #endregion
        (string Name, TrainingResult Result, double Bits, double Seconds, long Parameters)[] both = [.. new[] { ("LSTM", lstm), (c["transformer", "transformador"], transformer) }
            .Select(m => (m.Item1, m.Item2, m.Item2.Evaluate(test, Metrics.BitsPerToken)[Metrics.BitsPerToken], m.Item2.History.Sum(e => e.Seconds), m.Item2.Trained.Parameters.Values.Sum(p => (long)p.Shape.Size)))];
        c.Figure("transformer-bits", both.Aggregate(
                Plot.Titled(c["Bits a character, validation", "Bits por carácter, validación"]).Labels(c["epoch", "época"], "bits"), (plot, m) => plot.Run(m.Name, m.Result, e => e.Metrics["bitsPerToken"])),
            ("Bits a character over the epochs for both", "Bits por carácter según las épocas para ambos"),
            ("Chapters 25 to 27. The transformer stays near what pairs of characters tell until its heads have learned where to look; then it falls faster.", "Capítulos 25 a 27. El transformador se queda cerca de lo que dicen los pares de caracteres hasta que sus cabezas aprenden dónde mirar; después baja más rápido."));
        c.Table([("model", "modelo"), ("parameters", "parámetros"), ("seconds of training", "segundos de entrenamiento"), ("bits a character, test", "bits por carácter, prueba")],
            both.Select(m => new[] { m.Name, $"{m.Parameters}", $"{m.Seconds:0}", $"{m.Bits:0.000}" }));
        c.Claim(both[0].Bits < both[1].Bits && Math.Abs(both[1].Parameters / (double)both[0].Parameters - 1) < 0.06, "the LSTM is ahead, with about as many parameters");
        c.Text($"It does not: on the test chapters, in rows of {Context}, the transformer needs {both[1].Bits:0.00} bits and the LSTM {both[0].Bits:0.00}. {book.Train.Length / 1000},000 characters and about {both[1].Seconds:0} seconds are little for a model that has to learn what each place means. The LSTM has order built in.",
            $"No: en los capítulos de prueba, en filas de {Context}, el transformador necesita {both[1].Bits:0.00} bits y la LSTM {both[0].Bits:0.00}. {book.Train.Length / 1000} mil caracteres y unos {both[1].Seconds:0} segundos son poco para un modelo que debe aprender qué significa cada lugar. La LSTM lleva el orden incorporado.");
        c.Result("bits a character, test, rows of 64: LSTM, transformer", "bits por carácter, prueba, filas de 64: LSTM, transformador", $"{both[0].Bits:0.000}, {both[1].Bits:0.000}");

        c.Heading("What more context brings", "Lo que aporta más contexto");
        var places = Enumerable.Range(1, Context).Select(i => (double)i).ToList();
        double[][] byPlace = [.. both.Select(m => (Losses.CrossEntropy(Expr.Constant(test.Targets), Expr.Constant(m.Result.Predict(test.Inputs)), reduction: Reduction.None).Mean(0) / Math.Log(2)).Evaluate().ToDoubles())];
        c.Figure("transformer-places", Plot.Titled(c["Bits by place in the row", "Bits según el lugar en la fila"]).Labels(c["characters read", "caracteres leídos"], "bits").Line(both[0].Name, places, byPlace[0]).Line(both[1].Name, places, byPlace[1]),
            ("Mean bits over the number of characters read for both", "Bits medios según cuántos caracteres se han leído, para ambos"),
            ("Mean over the rows of the test. After one character both know as much as a table of pairs. Beyond a dozen, more context brings little.", "Media sobre las filas de prueba. Tras un carácter ambos saben lo que una tabla de pares. Más allá de una docena, más contexto aporta poco."));
        double Part(double[] bits, int from, int to) => bits[from..to].Average();
        c.Claim(both.Zip(byPlace).All(b => Part(b.Second, 0, 2) - Part(b.Second, 12, 24) > 3 * (Part(b.Second, 12, 24) - Part(b.Second, 40, 64))), "most is gained in the first dozen characters");

        c.Heading("What the heads look at", "Qué miran las cabezas");
        c.Code("heads");
        #region heads
        // The second block: queries and keys of a piece of a test chapter, and the library's weights.
        var at = book.Test.IndexOf(". ", 200, StringComparison.Ordinal) + 2;
        var piece = book.Test.Substring(at, 16);
        var (p, seen) = (transformer.Trained.Parameters, transformer.Trained.Activations(letters.Encode(piece).Reshape(1, -1)));
        var product = seen["3.norm1"].Row(0).MatMul(p["3.self_attn.in_proj_weight"].Transpose(1, 0)) + p["3.self_attn.in_proj_bias"];
        Expr Projected(int part) => Expr.Constant(product.Slice(-1, (Width * part)..(Width * (part + 1))).Reshape(1, piece.Length, Heads, -1)).Transpose(0, 2, 1, 3);
        var weights = Attentions.Weights(Projected(0), Projected(1), Attentions.CausalMask(piece.Length, piece.Length)).Evaluate().Row(0);
        #endregion
        var signs = piece.Select(letter => letter is ' ' or '\n' ? "_" : $"{letter}").ToList();
        double[] back = [.. Enumerable.Range(0, Heads).Select(head => Enumerable.Range(0, piece.Length).Average(q => weights.Row(head).Row(q).ToDoubles().Select((w, k) => w * (q - k)).Sum()))];
        c.Figure("transformer-heads", Figure.Grid(2, Enumerable.Range(0, Heads).Select(i => HeatMap.Of(weights.Row(i), signs, signs, numbers: false, low: 0, high: 1).Titled(c[$"head {i + 1}", $"cabeza {i + 1}"]))),
            ("The weights of four heads over a piece of a test chapter", "Los pesos de cuatro cabezas sobre un fragmento de prueba"),
            ($"Rows are queries, columns are keys. On average the heads look {string.Join(", ", back.Select(b => $"{b:0.0}"))} characters back.", $"Las filas son consultas y las columnas, claves. En promedio, las cabezas miran {string.Join(", ", back.Select(b => $"{b:0.0}"))} caracteres atrás."));

        c.Heading("The key-value cache", "La caché de claves y valores");
        c.Text("To write one more character, the keys and values of all earlier places are needed, and they do not change. If they are kept, each character needs the computation of one place; otherwise all places are computed again.",
            "Para escribir un carácter más hacen falta las claves y los valores de todos los lugares anteriores, y estos no cambian. Si se guardan, por cada carácter se calcula un solo lugar; si no, se calculan todos otra vez.");
        c.Code("cache");
        #region cache
        var prompt = letters.Encode("The whale ").ToArray<long>();
        var stepper = transformer.Trained.Stepwise();
        IEnumerable<Tensor> Kept()
        {
            var next = stepper.Prompt(Tensor.Of(prompt, 1, prompt.Length), Context - prompt.Length);
            for (var i = prompt.Length; i < Context; i++)
            {
                yield return next.Scores;
                if (i + 1 < Context) next = next.Following(next.Scores.ArgMax().Cast(DType.I64));
            }
        }
        IEnumerable<Tensor> Again()
        {
            long[] tokens = [.. prompt, .. new long[Context - prompt.Length]]; // a place does not see what comes after it
            for (var i = prompt.Length; i < Context; i++)
            {
                var scores = transformer.Predict(Tensor.Of(tokens, 1, Context)).Slice(1, (i - 1)..i).Reshape(1, -1);
                tokens[i] = (long)scores.ArgMax().ToDoubles()[0];
                yield return scores;
            }
        }
        #endregion
        double Seconds(Func<IEnumerable<Tensor>> way)
        {
            way().Count();
            var clock = Stopwatch.StartNew();
            var characters = Enumerable.Range(0, 5).Sum(_ => way().Count());
            return clock.Elapsed.TotalSeconds / characters;
        }
        var (kept, again) = (Seconds(Kept), Seconds(Again));
        var apart = Kept().Zip(Again(), (a, b) => (a - b).Compute(Abs).Max().ToDouble()).Max();
        c.Claim(apart == 0 && kept < again, "the cache gives the same bits, faster");
        c.Text($"Over {Context - prompt.Length} characters the scores differ by at most {apart}: the same bits. With the cache a character takes {1000 * kept:0.0} ms, without it {1000 * again:0.0} ms.",
            $"En {Context - prompt.Length} caracteres los puntajes difieren como mucho en {apart}: los mismos bits. Con la caché un carácter tarda {1000 * kept:0.0} ms; sin ella, {1000 * again:0.0} ms.");
        c.Output("The whale " + stepper.Write(letters, "The whale ", most: Context - prompt.Length, Key.OfSeed(2), temperature: 0.7));
        c.Question(("The transformer lost. Does that speak against transformers?", "El transformador perdió. ¿Habla eso en contra de los transformadores?"),
            ("Only at this size: one small book, a few epochs, 64 characters of context, of which a dozen tell almost all. A transformer gains where there is much text and long context, and where many processors compute all places at once.",
             "Solo con este tamaño: un libro pequeño, pocas épocas, 64 caracteres de contexto, de los que una docena lo dice casi todo. Un transformador gana donde hay mucho texto y contexto largo, y donde muchos procesadores calculan todos los lugares a la vez."));
        c.Question(("Why does the cache keep keys and values, but no queries?", "¿Por qué la caché guarda claves y valores, y no consultas?"),
            ("A query asks for its own place only, once. Keys and values of a place are used by every place after it. Since each place sees only what is before it, they never change: so the bits above are equal.",
             "Una consulta pregunta solo por su propio lugar, una vez. Las claves y los valores de un lugar los usan todos los lugares posteriores. Como cada lugar ve solo lo anterior, nunca cambian: por eso los bits de arriba son iguales."));
    }
}
