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
    private static Layer<Expr, Expr> Block() =>
        Layers.TransformerEncoderLayer(Heads, inner: 336, dropout: 0.1, normFirst: true, causal: true);

    private static Layer<Expr, Expr> Network(int letters) => Model.Sequential(
        Layers.Embedding(letters, Width), Layers.LearnedPositions(Context), Block(), Block(), Layers.LayerNorm(), Layers.Linear(letters));
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("Attention and a small network at each place, twice, with what is there kept beside: that is a transformer. Each place sees only what stands before it, so that all places of a text train at once. Does it beat the LSTM of the last chapter but one, with as many parameters and as much time?",
            "Atención y una pequeña red en cada lugar, dos veces, sumadas a lo que ya hay: eso es un transformador. Cada lugar ve solo lo anterior, de modo que todos los lugares de un texto se entrenan a la vez. ¿Supera a la LSTM de dos capítulos atrás, con igual número de parámetros e igual tiempo?");
        c.Formula(@"x \leftarrow x + \operatorname{Att}(\operatorname{Norm}(x)), \qquad x \leftarrow x + W_2 \max(0, W_1 \operatorname{Norm}(x))");
        c.Code("model");
        c.Say("Training both ...", "Entrenando ambos ...");
        var (book, lstm) = MobyDick.Trained(c.Brief);
        var letters = book.Letters;
        c.Code("training");
        #region training
        var (train, validation, test) = (letters.Examples(book.Train, Context), letters.Examples(book.Validation, Context), letters.Examples(book.Test, Context));
        var (epochs, steps) = c.Brief ? (1, 60) : (lstm.History.Count, lstm.History.Count * train.Count / 8);
        var rate = Schedules.Cosine(2e-3, steps, lowest: 1e-4).WarmUp(50);
        var transformer = Network(letters.Count).Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(2e-3).Scheduled(rate).ClipByGlobalNorm(1),
            epochs: epochs, batchSize: 8, seed: 1, validation: validation, metrics: [Metrics.BitsPerToken]);
        #endregion
        (string Name, TrainingResult Result, double Bits, double Seconds, long Parameters)[] both = [.. new[] { ("LSTM", lstm), (c["transformer", "transformador"], transformer) }
            .Select(m => (m.Item1, m.Item2, m.Item2.Evaluate(test, Metrics.BitsPerToken)[Metrics.BitsPerToken], m.Item2.History.Sum(e => e.Seconds), m.Item2.Trained.Parameters.Values.Sum(p => (long)p.Shape.Size)))];
        c.Figure("transformer-bits", both.Aggregate(
                Plot.Titled(c["Bits a character, chapters 25 to 27", "Bits por carácter, capítulos 25 a 27"]).Labels(c["epoch", "época"], "bits"),
                (plot, m) => plot.Line(m.Name, m.Result.History.Select(e => (double)e.Number), m.Result.History.Select(e => e.Metrics["bitsPerToken"]))),
            ("Bits a character over the epochs for both", "Bits por carácter según las épocas para ambos"),
            ("The transformer stays at what pairs of characters tell until its heads have learned where to look; then it falls faster.", "El transformador se queda en lo que dicen los pares de caracteres hasta que sus cabezas aprenden dónde mirar; después baja más deprisa."));
        c.Table([("model", "modelo"), ("parameters", "parámetros"), ("seconds of training", "segundos de entrenamiento"), ("bits a character, test", "bits por carácter, prueba")],
            both.Select(m => new[] { m.Name, $"{m.Parameters}", $"{m.Seconds:0}", $"{m.Bits:0.000}" }));
        c.Claim(both[0].Bits < both[1].Bits, "the LSTM is ahead");
        c.Claim(Math.Abs(both[1].Parameters / (double)both[0].Parameters - 1) < 0.06, "both have about as many parameters");
        c.Text($"It does not: on the test chapters, in rows of {Context}, the transformer needs {both[1].Bits:0.00} bits and the LSTM {both[0].Bits:0.00}. {book.Train.Length / 1000},000 characters and about {both[1].Seconds:0} seconds are little for a model that has to learn from examples what each place means. The LSTM has order built in.",
            $"No: en los capítulos de prueba, en filas de {Context}, el transformador necesita {both[1].Bits:0.00} bits y la LSTM {both[0].Bits:0.00}. {book.Train.Length / 1000} 000 caracteres y unos {both[1].Seconds:0} segundos son poco para un modelo que debe aprender de ejemplos qué significa cada lugar. La LSTM lleva el orden incorporado.");
        c.Result("bits a character, test, rows of 64: LSTM, transformer", "bits por carácter, prueba, filas de 64: LSTM, transformador", $"{both[0].Bits:0.000}, {both[1].Bits:0.000}");

        c.Heading("What more context brings", "Lo que aporta más contexto");
        #region places
        // The mean bits at each place of the rows of the test.
        double[] ByPlace(TrainingResult model) =>
            (Losses.CrossEntropy(Expr.Constant(test.Targets), Expr.Constant(model.Predict(test.Inputs)), reduction: Reduction.None).Mean(0) / Math.Log(2)).Evaluate().ToDoubles();
        #endregion
        c.Code("places");
        var places = Enumerable.Range(1, Context).Select(i => (double)i).ToList();
        double[][] byPlace = [.. both.Select(m => ByPlace(m.Result))];
        c.Figure("transformer-places", Plot.Titled(c["Bits by place in the row", "Bits según el lugar en la fila"]).Labels(c["characters read", "caracteres leídos"], "bits").Line(both[0].Name, places, byPlace[0]).Line(both[1].Name, places, byPlace[1]),
            ("Mean bits over the number of characters read for both", "Bits medios según cuántos caracteres se han leído, para ambos"),
            ("After one character both know as much as a table of pairs. From a dozen on, more context brings little.", "Tras un carácter ambos saben lo que una tabla de pares. A partir de una docena, más contexto aporta poco."));
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
        double Back(int head) => Enumerable.Range(0, piece.Length).Average(q => weights.Row(head).Row(q).ToDoubles().Select((w, k) => w * (q - k)).Sum());
        double[] back = [.. Enumerable.Range(0, Heads).Select(Back)];
        c.Figure("transformer-heads", Figure.Grid(2, Enumerable.Range(0, Heads).Select(i => HeatMap.Of(weights.Row(i), signs, signs, numbers: false, low: 0, high: 1).Titled(c[$"head {i + 1}", $"cabeza {i + 1}"]))),
            ("The weights of four heads over a piece of a test chapter", "Los pesos de cuatro cabezas sobre un fragmento de prueba"),
            ($"Rows ask, columns are looked at. On average the heads look {string.Join(", ", back.Select(b => $"{b:0.0}"))} characters back.", $"Las filas preguntan, las columnas son miradas. De media, las cabezas miran {string.Join(", ", back.Select(b => $"{b:0.0}"))} caracteres atrás."));

        c.Heading("The key-value cache", "La caché de claves y valores");
        c.Text("To write one more character, keys and values of all places before are needed, and they do not change. Kept, they leave one place to compute for each character; else all places are computed again.",
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
            long[] tokens = [.. prompt, .. new long[Context - prompt.Length]]; // what stands behind a place does not matter to it
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
            for (var i = 0; i < 5; i++) way().Count();
            return clock.Elapsed.TotalSeconds / 5 / (Context - prompt.Length);
        }

        var (kept, again) = (Seconds(Kept), Seconds(Again));
        var apart = Kept().Zip(Again(), (a, b) => (a - b).Compute(Abs).Max().ToDouble()).Max();
        c.Claim(apart == 0, "scores with and without the cache have the same bits");
        c.Claim(kept < again, "the cache is faster");
        c.Text($"Over {Context - prompt.Length} characters the scores differ by at most {apart}: the same bits. With the cache a character takes {1000 * kept:0.0} ms, without it {1000 * again:0.0} ms.",
            $"En {Context - prompt.Length} caracteres las puntuaciones difieren como mucho en {apart}: los mismos bits. Con la caché un carácter tarda {1000 * kept:0.0} ms; sin ella, {1000 * again:0.0} ms.");
        c.Output("The whale " + stepper.Write(letters, "The whale ", most: Context - prompt.Length, Key.OfSeed(2), temperature: 0.7));
        c.Result("milliseconds a character with the cache, without", "milisegundos por carácter con caché, sin ella", $"{1000 * kept:0.0}, {1000 * again:0.0}");
        c.Question(("The transformer lost. Does that speak against transformers?", "El transformador perdió. ¿Habla eso en contra de los transformadores?"),
            ("It speaks of this size: one small book, a few epochs, 64 characters of context, of which a dozen tell almost all. A transformer gains where there is much text and far context, and where many chips compute all places at once.",
             "Habla de este tamaño: un libro pequeño, pocas épocas, 64 caracteres de contexto, de los que una docena lo dice casi todo. Un transformador gana donde hay mucho texto y contexto lejano, y donde muchos procesadores calculan todos los lugares a la vez."));
        c.Question(("Why may the cache keep keys and values, but needs no queries?", "¿Por qué la caché guarda claves y valores, y no consultas?"),
            ("A query asks for its own place only, once. Keys and values of a place are asked for by every place after it; since each place sees only what is before it, they never change: the bits above are equal.",
             "Una consulta pregunta solo por su propio lugar, una vez. A las claves y los valores de un lugar les preguntan todos los lugares posteriores; como cada lugar ve solo lo anterior, nunca cambian: por eso los bits de arriba son iguales."));
    }
}
