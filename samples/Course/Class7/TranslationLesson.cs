using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>Dates as people write them, in English and Spanish, to ISO: an encoder and a decoder with attention, greedy choice and beams.</summary>
internal static class TranslationLesson
{
    private sealed record Pair(Expr Source, Expr Target);
    private sealed record Written(Expr Scores, Expr Attention);

    #region model
    private static Layer<Pair, Written> Translator(Vocabulary letters, Vocabulary signs, bool attends) => Layers.CreateOf<Pair, Written>("Translator", (scope, x) =>
    {
        // The encoder reads from both ends; its two last states, side by side, begin the decoder.
        var isReal = Attentions.IsToken(x.Source, letters.Padding);
        var read = scope.Run("encoder", Layers.GruPadded(32, bidirectional: true), (scope.Run("letters", Layers.Embedding(letters.Count, 24), x.Source), isReal));
        var begin = new RecurrentState(Expr.Concat(-1, read.Final.Hidden.Slice(0, ..1), read.Final.Hidden.Slice(0, 1..)), null);
        var states = scope.Run("decoder", Layers.GruFrom(64).Sequence(), (scope.Run("signs", Layers.Embedding(signs.Count, 24), x.Target), begin));

        // Attention: each state of the decoder is a query; the states of all letters are keys and values.
        var weights = Attentions.Weights(scope.Run("query", Layers.Linear(64), states), read.Sequence, isReal.ExpandDims(1));
        var known = attends ? Expr.Concat(-1, states, weights.MatMul(read.Sequence)) : states;
        return new Written(scope.Run("scores", Layers.Linear(64).Then(Layers.Tanh()).Then(Layers.Linear(signs.Count)), known), weights);
    });
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("People write dates in many ways, machines in one: `1987-03-03`. A network must learn the translation from examples, letter by letter; nobody explains to it what a month is. The dates are in English *and* in Spanish, so it has to learn both.",
            "La gente escribe las fechas de muchas maneras; las máquinas, de una: `1987-03-03`. Una red debe aprender la traducción a partir de ejemplos, letra por letra; nadie le explica qué es un mes. Las fechas están en inglés *y* en español, de modo que tiene que aprender ambos.");
        #region data
        // No test date occurs in training, in any form. Numbers alone are read with the year first in 4 of 10 cases.
        var draw = Key.OfSeed(1).ToRandom();
        var dates = Key.OfSeed(2).Permutation(36525).Take(c.Brief ? 400 : 8000).Select(day => new DateOnly(1950, 1, 1).AddDays(day));
        var clear = dates.Select(d => (Text: WrittenDates.Of(d, draw.Next(11)), Iso: d.ToString("yyyy-MM-dd"))).ToList();
        var unclear = Key.OfSeed(3).Permutation(1728).Select(i => WrittenDates.Numbers(i % 12 + 1, i / 12 % 12 + 1, i / 144 + 1)).ToList();
        var read = unclear.Skip(228).Take(c.Brief ? 10 : 800).SelectMany(n => Enumerable.Range(0, 10).Select(i => (n.Text, Iso: n.Readings[i switch { < 3 => 0, < 6 => 1, _ => 2 }])));

        var letters = Vocabulary.CharactersOf(clear.Select(p => p.Text).Concat(unclear.Select(n => n.Text)), padding: true);
        var signs = Vocabulary.CharactersOf(clear.Select(p => p.Iso), bounds: true, padding: true); // with marks that begin, end and pad
        Tensor Letters(IEnumerable<string> texts) => letters.EncodeAll(texts, length: 34).Values;
        Dataset Of(IEnumerable<(string Text, string Iso)> pairs)
        {
            var (before, after) = signs.EncodeAll(pairs.Select(p => p.Iso)).Shifted(); // the answer so far, and its next sign
            return Dataset.Named([("Source", Letters(pairs.Select(p => p.Text))), ("Target", before.Values)], [("Answer", after.Values)]);
        }
        var (part, validation, test) = (clear.Count / 16, Of(clear.Take(clear.Count / 16)), Of(clear.Skip(clear.Count / 16).Take(clear.Count / 8)));
        var train = Of([.. clear.Skip(3 * part), .. read]);
        #endregion
        c.Output(string.Join('\n', clear.Take(6).Select(p => $"{p.Text,-34} {p.Iso}")) + $"\n{unclear[0].Text,-34} {string.Join(" | ", unclear[0].Readings)}");
        c.Code("data");

        c.Heading("An encoder, a decoder, and attention between them", "Un codificador, un decodificador y la atención entre ambos");
        c.Text("The encoder reads all letters; the decoder writes the answer sign by sign. Without attention everything read must fit into the state in which the decoder begins. With attention each state $d_t$ of the decoder looks back at the states $e_s$ of all letters and takes their weighted mean. In training the decoder gets the *right* signs before the one that it predicts, even where it would have erred: *teacher forcing*. So all places are trained at once. The network without attention gets twice the epochs.",
            "El codificador lee todas las letras; el decodificador escribe la respuesta signo por signo. Sin atención, todo lo leído tiene que caber en el estado con que empieza el decodificador. Con atención, cada estado $d_t$ del decodificador vuelve a mirar los estados $e_s$ de todas las letras y toma su media ponderada. En el entrenamiento el decodificador recibe los signos *correctos* anteriores al que predice, aunque él se hubiera equivocado: es el *teacher forcing*. Así se entrenan todas las posiciones a la vez. La red sin atención recibe el doble de épocas.");
        c.Formula(@"a_{t,s} = \operatorname{softmax}_s \frac{(W d_t) \cdot e_s}{\sqrt{n}}, \qquad c_t = \sum_s a_{t,s} \, e_s, \qquad p(y_t \mid y_{<t}, x) = \operatorname{softmax}(g(d_t, c_t))");
        c.Code("model");
        #region training
        TrainingResult Trained(bool attends, int epochs) => Translator(letters, signs, attends).Fit(
            train, (Expr y, Written o) => Losses.CrossEntropy(y, o.Scores, ignore: signs.Padding),
            Optimizers.Adam(1).Scheduled(Schedules.OneCycle(6e-3, epochs * ((train.Count + 63) / 64))), epochs, batchSize: 64,
            validation: validation, metrics: [Metrics.ExactMatch(ignore: signs.Padding).On("Scores")]);
        var (with, without) = (Trained(attends: true, c.Brief ? 1 : 6), Trained(attends: false, c.Brief ? 1 : 12));
        ScoreInterval Exact(TrainingResult trained) => Metrics.ExactMatch(ignore: signs.Padding).Interval(test.Targets, trained.PredictNamed(test)["Scores"]);
        #endregion
        c.Code("training");
        var (exact, baseline) = (Exact(with), Exact(without));
        var all = exact.Estimate == 1 ? Math.Pow(0.025, 1.0 / test.Count) : exact.Lower; // where all are right, the exact interval of the binomial
        (double[] Epochs, double[] Right) Curve(TrainingResult trained) => ([.. trained.History.Select(e => (double)e.Number)], [.. trained.History.Select(e => e.Metrics.Values[0])]);
        c.Figure("translation-curves", Plot.Titled(c["Fully correct dates", "Fechas totalmente correctas"]).Labels(c["epoch", "época"], c["part of the validation dates", "proporción en validación"])
                .Line(c["with attention", "con atención"], Curve(with).Epochs, Curve(with).Right).Line(c["without", "sin atención"], Curve(without).Epochs, Curve(without).Right),
            ("Exact match on validation dates over the epochs, with and without attention", "Coincidencia exacta con las fechas de validación según las épocas, con y sin atención"),
            ("With attention the task is solved within a few epochs; without it the network has to learn to carry ten signs in one state of 64 numbers.",
             "Con atención, la tarea se resuelve en pocas épocas; sin ella, la red tiene que aprender a llevar diez signos en un solo estado de 64 números."));
        c.Text($"Of {test.Count} test dates, {exact.Estimate:0.0%} are right in every sign with attention and 6 epochs (95% interval {all:0.0%} to {exact.Upper:0.0%}), and {baseline.Estimate:0.0%} without it and 12 epochs ({baseline.Lower:0.0%} to {baseline.Upper:0.0%}).",
            $"De {test.Count} fechas de prueba, el {exact.Estimate:0.0%} son correctas en todos sus signos con atención y 6 épocas (intervalo del 95%: de {all:0.0%} a {exact.Upper:0.0%}), y el {baseline.Estimate:0.0%} sin ella y con 12 épocas (de {baseline.Lower:0.0%} a {baseline.Upper:0.0%}).");
        c.Claim(exact.Estimate >= 0.98 && all > baseline.Upper, "98 % of unseen dates are right with attention, and fewer without");
        c.Result("exact match on unseen dates: with attention, without", "coincidencia exacta con fechas nuevas: con atención, sin ella", $"{exact.Estimate:0.000}, {baseline.Estimate:0.000}");

        c.Heading("Which letters were read for which sign?", "¿Qué letras se leyeron para cada signo?");
        var attention = with.PredictNamed(test)["Attention"];
        Figure Map(int i) => HeatMap.Of(attention.Row(i).Slice(1, ..clear[part + i].Text.Length).Rows(..10), clear[part + i].Iso.Select(s => $"{s}"), clear[part + i].Text.Select(l => l == ' ' ? "␣" : $"{l}"), numbers: false, low: 0, high: 1).Titled(c["Attention", "Atención"]);
        var places = attention.ArgMax().ToDoubles();
        var years = Enumerable.Range(0, test.Count).Where(i => clear[part + i].Text.EndsWith(clear[part + i].Iso[..4])).SelectMany(i => Enumerable.Range(1, 3).Select(d => places[i * 11 + d] == clear[part + i].Text.Length - 4 + d)).ToList();
        var own = years.Count(here => here) / (double)years.Count;
        c.Claim(own > 0.9, "the last digits of a year are read where they stand");
        foreach (var (i, english, spanish) in new[] { (2, "the first sign of the day is read at the `n` of `twenty`; the last, where `fourth` has ended", "el primer signo del día se lee en la `n` de `twenty`; el último, donde ya terminó `fourth`"), (0, "the same network reads `veintisiete` backwards and forwards, and the month at the letters that no other month has there", "la misma red lee `veintisiete` hacia atrás y hacia adelante, y el mes en las letras que lo distinguen de los demás") })
            c.Figure($"translation-map-{i}", Map(i), ($"Attention of each sign of the answer to the letters of the date {clear[part + i].Iso}", $"Atención de cada signo de la respuesta a las letras de la fecha {clear[part + i].Iso}"),
                ($"Rows: signs of the answer; columns: letters. Digits of the year are copied ({own:0%} of the last three are read mainly where they stand); {english}.", $"Filas: signos de la respuesta; columnas: letras. Los dígitos del año se copian (el {own:0%} de los tres últimos se lee sobre todo donde están); {spanish}."));

        c.Heading("Greedy search, and beams", "Búsqueda voraz y en haz");
        c.Text("Now the network writes by itself. *Greedy* search takes the likeliest sign at each step. *Beam search* keeps the four likeliest beginnings and compares whole answers. It matters where beginnings mislead: `05/04/03` is read with the year first in 4 of 10 cases, with the day first in 3, with the month first in 3. The likeliest *answer* begins with 2005. But two readings share 2003, which is the likelier *beginning*.",
            "Ahora la red escribe sola. La búsqueda *voraz* toma en cada paso el signo más probable. La *búsqueda en haz* conserva los cuatro comienzos más probables y compara respuestas enteras. Importa cuando los comienzos engañan: `05/04/03` se lee con el año primero en 4 de cada 10 casos, con el día primero en 3 y con el mes primero en 3. La *respuesta* más probable empieza con 2005. Pero dos lecturas comparten 2003, que es el *comienzo* más probable.");
        c.Code("beams");
        #region beams
        var translating = with.Trained.Stepwise("Target", "Scores");
        Tree<Tensor> Source(IEnumerable<string> texts) => Trees.From([("Source", Letters(texts))]);
        var asked = unclear.Take(228).ToList(); // none occurs in training
        var context = Source(asked.Select(n => n.Text));
        var likeliest = translating.WriteAll(signs, context, most: 11);
        var beams = translating.Prompt(Tensor.Full(DType.I64, signs.Begin ?? 0, asked.Count, 1), most: 11, context)
            .BeamSearchAll(most: 11, width: 4, end: signs.End); // all four of each date, with their probabilities
        #endregion
        var found = beams.Select(b => signs.DecodeAll(b.Tokens)).ToList();
        var differs = Enumerable.Range(0, asked.Count).FirstOrDefault(i => likeliest[i] != found[0][i] && found[0][i] == asked[i].Readings[2]);
        string[] readings = [c["day first", "día primero"], c["month first", "mes primero"], c["year first", "año primero"], c["no reading", "ninguna lectura"]];
        c.Table([($"beams for {asked[differs].Text}", $"haces de {asked[differs].Text}"), ("reading", "lectura"), ("probability", "probabilidad"), ("greedy", "voraz")],
            beams.Select((b, k) => new[] { found[k][differs], readings[Array.IndexOf(asked[differs].Readings, found[k][differs]) is var r and >= 0 ? r : 3], $"{Math.Exp(b.LogProbability[differs]):0.000}", found[k][differs] == likeliest[differs] ? "✓" : "" }));
        double Expected(IReadOnlyList<string> answers) => answers.Zip(asked, (answer, n) => Array.IndexOf(n.Readings, answer) switch { 2 => 0.4, 0 or 1 => 0.3, _ => 0 }).Average();
        var (byGreed, byBeams) = (Expected(likeliest), Expected(found[0]));
        c.Claim(byBeams > byGreed + 0.02, "beams find the likelier answer more often");
        c.Text($"For {asked.Count} such dates, none of them seen in training, the greedy answer is what the writer meant with probability {byGreed:0.000}, the best of four beams with {byBeams:0.000}; more than 0.400 is impossible.",
            $"En {asked.Count} fechas así, no vistas en el entrenamiento, la respuesta voraz coincide con lo que quiso decir quien escribió con probabilidad {byGreed:0.000}; la mejor de cuatro haces, con {byBeams:0.000}; más de 0.400 es imposible.");
        c.Result("ambiguous dates, as meant: greedy, beams, at most", "fechas ambiguas, como se pensaron: voraz, haces, máximo", $"{byGreed:0.000}, {byBeams:0.000}, 0.400");
        var tested = clear.Skip(part).Take(test.Count).ToList();
        var written = translating.WriteAll(signs, Source(tested.Select(p => p.Text)), most: 11).Zip(tested, (answer, p) => answer == p.Iso).Count(right => right);
        c.Claim(written == Math.Round(exact.Estimate * test.Count), "what it writes by itself is right as often as with teacher forcing");
        c.Question(("The exact match was measured with teacher forcing. Is that cheating?", "La coincidencia exacta se midió con *teacher forcing*. ¿No es hacer trampa?"),
            ($"Not for exact match: an answer counts only if every sign is the likeliest after the right ones, and then greedy search writes exactly these. Written freely, {written} of {test.Count} dates are right: the same number.", $"No para la coincidencia exacta: una respuesta cuenta solo si cada signo es el más probable tras los correctos, y entonces la búsqueda voraz escribe exactamente esos. Escritas libremente, {written} de {test.Count} fechas son correctas: el mismo número."));
        c.Question(("What does the network without attention lack?", "¿Qué le falta a la red sin atención?"),
            ("Direct access to the letters. All ten signs must pass through one state, and the network first has to learn how to pack them; its curve still rises. With attention each letter stays where it is.", "El acceso directo a las letras. Los diez signos deben pasar por un solo estado, y la red tiene que aprender antes a empaquetarlos; su curva sigue subiendo. Con atención, cada letra queda en su lugar."));
    }
}
