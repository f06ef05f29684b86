using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>Dates as people write them, in English and Spanish, to ISO: an encoder and a decoder with attention, greedy choice and beams.</summary>
internal static class TranslationLesson
{
    private static readonly int Width = int.Parse(Environment.GetEnvironmentVariable("WIDTH") ?? "32");
    #region dates
    private static readonly string[] Months = "January February March April May June July August September October November December".Split(' '),
        Meses = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".Split(' '),
        Semana = "domingo lunes martes miércoles jueves viernes sábado".Split(' '),
        Ordinals = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first".Split(' '),
        Días = "primero dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve treinta treinta_y_uno".Replace('_', '-').Split(' ');

    private static string Written(DateOnly d, int form)
    {
        var (month, mes, ending) = (Months[d.Month - 1], Meses[d.Month - 1], d.Day switch { 1 or 21 or 31 => "st", 2 or 22 => "nd", 3 or 23 => "rd", _ => "th" });
        return form switch
        {
            0 => $"{month} {d.Day}, {d.Year}",
            1 => $"{month} {d.Day}{ending}, {d.Year}",
            2 => $"{d.Day} {month} {d.Year}",
            3 => $"{month[..3]} {d.Day} '{d.Year % 100:00}", // 1950 to 2049
            4 => $"{d.DayOfWeek}, {month} {d.Day}, {d.Year}",
            5 => $"{Ordinals[d.Day - 1]} of {month}, {d.Year}",
            6 => $"{d.Day} de {mes} de {d.Year}",
            7 => $"{Semana[(int)d.DayOfWeek]} {d.Day} de {mes} de {d.Year}",
            8 => $"{Días[d.Day - 1].Replace('-', ' ')} de {mes} de {d.Year}",
            9 => $"{d.Day}-{mes[..3]}-{d.Year}",
            _ => $"{mes} {d.Day} de {d.Year}",
        };
    }

    // Of 05/04/03 there are three readings: by the day first, by the month first, by the year first.
    private static (string Text, string[] Readings) Numbers(int a, int b, int c) =>
        ($"{a:00}/{b:00}/{c:00}", [$"20{c:00}-{b:00}-{a:00}", $"20{c:00}-{a:00}-{b:00}", $"20{a:00}-{b:00}-{c:00}"]);
    #endregion

    private sealed record Pair(Expr Source, Expr Target);
    private sealed record Told(Expr Scores, Expr Attention);

    #region model
    private static Layer<Pair, Told> Translator(int letters, int signs, bool attends) => Layers.CreateOf<Pair, Told>("Translator", (scope, x) =>
    {
        // The encoder reads from both ends; its two last states, side by side, begin the decoder.
        var isReal = Attentions.IsToken(x.Source, padding: 1);
        var read = scope.Run("encoder", Layers.GruPadded(Width, bidirectional: true), (scope.Run("letters", Layers.Embedding(letters, 24), x.Source), isReal));
        var begin = new RecurrentState(Expr.Concat(-1, read.Final.Hidden.Slice(0, ..1), read.Final.Hidden.Slice(0, 1..)), null);
        var told = scope.Run("decoder", Layers.GruFrom(2 * Width).Sequence(), (scope.Run("signs", Layers.Embedding(signs, 24), x.Target), begin));

        // Attention: each state of the decoder asks, each letter answers as well as it fits.
        var weights = Attentions.Weights(scope.Run("query", Layers.Linear(2 * Width), told), read.Sequence, isReal.ExpandDims(1));
        var known = attends ? Expr.Concat(-1, told, weights.MatMul(read.Sequence)) : told;
        return new Told(scope.Run("scores", Layers.Linear(2 * Width).Then(Layers.Tanh()).Then(Layers.Linear(signs)), known), weights);
    });
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("x", "x");
        #region pairs
        var draw = Key.OfSeed(1).ToRandom();
        var dates = Key.OfSeed(2).Permutation(36525).Select(day => new DateOnly(1950, 1, 1).AddDays(day)).Take(c.Brief ? 400 : 7500);
        var clear = dates.Select(d => (Text: Written(d, draw.Next(11)), Iso: d.ToString("yyyy-MM-dd"))).ToList();
        var unclear = Key.OfSeed(3).Permutation(1728).Select(i => Numbers(i % 12 + 1, i / 12 % 12 + 1, i / 144 + 1)).ToList();
        var mixed = unclear.Skip(228).Take(500).SelectMany(n => Enumerable.Range(0, 10).Select(i => (n.Text, n.Readings[i switch { < 3 => 0, < 6 => 1, _ => 2 }])));
        #endregion
        #region data
        var (tested, learned) = (clear[..^(clear.Count - 1500 * clear.Count / 7500)], clear[(1500 * clear.Count / 7500)..].Concat(c.Brief ? [] : mixed).ToList());
        var letters = Vocabulary.CharactersOf(clear.Select(p => p.Text).Concat(unclear.Select(n => n.Text)), padding: true); // 1 pads
        var signs = Vocabulary.CharactersOf(clear.Select(p => p.Iso), bounds: true, padding: true); // 1 pads, 2 begins, 3 ends
        var longest = clear.Max(p => p.Text.Length);
        Dataset Of(IReadOnlyList<(string Text, string Iso)> pairs)
        {
            var (before, after) = signs.EncodeAll(pairs.Select(p => p.Iso)).Shifted();
            return Dataset.Named([("Source", letters.EncodeAll(pairs.Select(p => p.Text), longest).Values), ("Target", before.Values)], [("Answer", after.Values)]);
        }
        #endregion
        var (train, test) = (Of(learned), Of(tested));
        var epochs = int.Parse(Environment.GetEnvironmentVariable("EPOCHS") ?? "10");
        foreach (var attends in (bool[])[true, false])
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            var result = Translator(letters.Count, signs.Count, attends).Fit(
                train, (Expr y, Told o) => Losses.CrossEntropy(y, o.Scores, ignore: 1), Optimizers.Adam(1).Scheduled(Schedules.OneCycle(6e-3, epochs * ((train.Count + 63) / 64))), epochs: c.Brief ? 1 : epochs,
                validation: test, metrics: [Metrics.ExactMatch(ignore: 1).On("Scores")]);
            Console.WriteLine(result.History.ToTable());
            Console.WriteLine($"{clock.Elapsed.TotalSeconds:0.0} s");
            if (!attends) continue;
            var translating = result.Trained.Stepwise("Target", "Scores");
            var few = unclear[..228];
            var context = Trees.From([("Source", letters.EncodeAll(few.Select(n => n.Text), longest).Values)]);
            var begins = Tensor.Full(DType.I64, 2, few.Count, 1);
            var greedy = signs.DecodeAll(translating.Greedy(begins, 11, 3, context).Tokens);
            var beams = translating.Prompt(begins, 11, context).BeamSearchAll(11, 4, 3);
            var best = signs.DecodeAll(beams[0].Tokens);
            double Score(IReadOnlyList<string> given) => given.Zip(few, (g, n) => Array.IndexOf(n.Readings, g) switch { -1 => 0, 2 => 0.4, _ => 0.3 }).Average();
            Console.WriteLine($"greedy {Score(greedy):0.000} beam {Score(best):0.000}");
            for (var i = 0; i < 3; i++)
                Console.WriteLine($"{few[i].Text}: greedy {greedy[i]}; " + string.Join("; ", beams.Select(b => $"{signs.DecodeAll(b.Tokens)[i]} {Math.Exp(b.LogProbability[i]):0.000}")));
        }
    }
}
