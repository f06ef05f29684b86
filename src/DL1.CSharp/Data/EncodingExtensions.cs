namespace DL1;

/// <summary>Categories, vocabularies and series, as numbers to learn from.</summary>
public static class EncodingExtensions
{
    extension(Categories)
    {
        /// <summary>The categories among texts, in alphabetical order; an empty text is a missing one.</summary>
        /// <param name="texts">Texts, of which each different one becomes a category.</param>
        /// <example><code>var categories = Categories.Of(["b", "a", "b"]);</code></example>
        public static Categories Of(IEnumerable<string> texts) => Category.fit(texts);
    }

    extension(Categories categories)
    {
        /// <summary>The numbers of texts, i64 <c>[rows]</c>: targets of a classification.</summary>
        /// <param name="texts">One text for each row.</param>
        /// <exception cref="DomainError">A text is missing, or was not met.</exception>
        /// <example><code>Tensor numbered = categories.Labels(["a", "b"]);</code></example>
        public Tensor Labels(IEnumerable<string> texts) => Category.labels(categories, texts);

        /// <summary>
        /// A weight for each category, f32 <c>[categories]</c>: what is given by name, 1 for the others. For losses of classes.
        /// </summary>
        /// <param name="weights">Names of categories with their weights: finite numbers of 0 or more.</param>
        /// <exception cref="DomainError">A name is none of the categories or stands twice, or a weight is below 0 or not finite.</exception>
        /// <example><code>Tensor byName = categories.Weights(("b", 5));</code></example>
        public Tensor Weights(params (string Name, double Weight)[] weights) =>
            Category.weights(Interop.List(weights.Select(w => w.ToTuple())), categories);

        /// <summary>
        /// A column of f32 for each category, 1 where a text is that category, <c>[rows; categories]</c>. A text that is missing or
        /// was not met is 0 everywhere.
        /// </summary>
        /// <param name="texts">One text for each row.</param>
        /// <example><code>Tensor columns = categories.OneHot(["a", ""]);</code></example>
        public Tensor OneHot(IEnumerable<string> texts) => Category.oneHot(categories, texts);
    }

    extension(Tensor labels)
    {
        /// <summary>
        /// The weight of each class by which all count the same in sum, rows / (classes·rows of the class), f32 <c>[classes]</c>:
        /// scikit-learn's "balanced".
        /// </summary>
        /// <param name="classes">The number of classes; labels are whole numbers below it.</param>
        /// <exception cref="DomainError">A class has no row, or a label is no whole number from 0 below the classes.</exception>
        /// <example><code>Tensor balanced = labels.BalancedWeights(2);</code></example>
        public Tensor BalancedWeights(int classes) => Category.balanced(classes, labels);
    }

    extension(Tensor)
    {
        /// <summary>Tables of the same rows side by side, in the type of the first.</summary>
        /// <param name="tables">Tables <c>[rows; columns]</c> with the same number of rows, one or more.</param>
        /// <exception cref="ShapeError">A table has more or fewer rows.</exception>
        /// <exception cref="DomainError">There is no table.</exception>
        /// <example><code>Tensor wide = Tensor.Beside(Tensor.Zeros(2, 3), columns);</code></example>
        public static Tensor Beside(params Tensor[] tables) => Category.beside(Interop.List(tables));
    }

    extension(Vocabulary)
    {
        /// <summary>The characters of a text, the commonest first; <c>Encode</c> and <c>Decode</c> turn texts to numbers and back.</summary>
        /// <param name="text">The text whose characters are counted.</param>
        /// <example><code>var letters = Vocabulary.Characters("abca");</code></example>
        public static Vocabulary Characters(string text) => VocabularyModule.characters(text);

        /// <summary>The commonest words and marks of a text as they are written.</summary>
        /// <param name="text">The text whose words and marks are counted.</param>
        /// <param name="most">How many words and marks the vocabulary has at most, 1 or more.</param>
        /// <exception cref="DomainError">At most none are wanted.</exception>
        /// <example><code>var vocabulary = Vocabulary.Words("the cat, the dog", most: 1000);</code></example>
        public static Vocabulary Words(string text, int most = 10000) => VocabularyModule.words(most, text);

        /// <summary>The characters of several texts, the commonest first, with marks where they are asked for.</summary>
        /// <param name="texts">What the characters are taken from.</param>
        /// <param name="most">The most characters, the commonest ones; marks are not counted.</param>
        /// <param name="least">How often a character is met at least.</param>
        /// <param name="lowerCase">Whether all letters are made small ones, here and in what is encoded.</param>
        /// <param name="bounds">Whether texts are encoded with a mark before them and one behind them.</param>
        /// <param name="padding">Whether there is a piece that fills texts up to one length.</param>
        /// <exception cref="DomainError">At most none are wanted, or a least count below 1.</exception>
        /// <example><code>var bounded = Vocabulary.CharactersOf(["abc", "ca"], bounds: true);</code></example>
        public static Vocabulary CharactersOf(
            IEnumerable<string> texts, int most = int.MaxValue, int least = 1, bool lowerCase = false, bool bounds = false,
            bool padding = false) =>
            VocabularyModule.charactersWith(new(most, least, lowerCase, bounds, padding, punctuation: true), texts);

        /// <summary>The words of several texts, the commonest first, with marks of punctuation as pieces of their own or without.</summary>
        /// <param name="texts">The texts whose words and marks are counted.</param>
        /// <param name="most">How many words and marks the vocabulary has at most, 1 or more; all unless given.</param>
        /// <param name="least">How often a word must stand in the texts at least, 1 or more.</param>
        /// <param name="lowerCase">Whether all letters are made small ones, here and in what is encoded.</param>
        /// <param name="bounds">Whether texts are encoded with a mark before them and one behind them.</param>
        /// <param name="padding">Whether there is a piece that fills texts up to one length.</param>
        /// <param name="punctuation">
        /// Whether marks of punctuation are pieces beside the words, or left out, here and in what is encoded.
        /// </param>
        /// <exception cref="DomainError">At most none are wanted, or a least count below 1.</exception>
        /// <example><code>var cats = Vocabulary.WordsOf(["The cat", "the dog"], lowerCase: true, bounds: true, padding: true);</code></example>
        public static Vocabulary WordsOf(
            IEnumerable<string> texts, int most = int.MaxValue, int least = 1, bool lowerCase = false, bool bounds = false,
            bool padding = false, bool punctuation = true) =>
            VocabularyModule.wordsWith(new(most, least, lowerCase, bounds, padding, punctuation), texts);
    }

    extension(Vocabulary)
    {
        /// <summary>A vocabulary from JSON that <c>ToJson</c> has made.</summary>
        /// <param name="json">What <c>ToJson</c> has made.</param>
        /// <exception cref="FormatError">It is no such text, of another version, or has a piece twice.</exception>
        /// <example><code>var same = Vocabulary.FromJson(cats.ToJson());</code></example>
        public static Vocabulary FromJson(string json) => VocabularyModule.ofJson(json);

        /// <summary>A vocabulary from a file that <c>Save</c> has written.</summary>
        /// <param name="path">A file that <c>Save</c> has written.</param>
        /// <exception cref="FormatError">The file is not there, or is none of a vocabulary.</exception>
        /// <example><code>var again = Vocabulary.Load(path);</code></example>
        public static Vocabulary Load(string path) => VocabularyModule.load(path);
    }

    extension(Vocabulary vocabulary)
    {
        /// <summary>The texts of rows; begin, end and padding are none of them.</summary>
        /// <param name="rows">Rows of numbers, such as <c>EncodeAll</c> makes.</param>
        /// <exception cref="DomainError">A number is no piece's.</exception>
        /// <exception cref="ShapeError">The values, truth values and lengths of the rows do not fit one another.</exception>
        /// <example><code>IReadOnlyList&lt;string&gt; texts = cats.DecodeAll(rows);</code></example>
        public IReadOnlyList<string> DecodeAll(PaddedRows rows) => VocabularyModule.decodeAll(vocabulary, rows);

        /// <summary>The vocabulary as JSON: pieces, counts and options; the same vocabulary gives the same text.</summary>
        /// <example><code>string asJson = cats.ToJson();</code></example>
        public string ToJson() => VocabularyModule.toJson(vocabulary);

        /// <summary>Writes the vocabulary to a file, whole or not at all.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>cats.Save(path);</code></example>
        public void Save(string path) => VocabularyModule.save(path, vocabulary);

        /// <summary>
        /// Examples for a model of language: inputs of <paramref name="length"/> consecutive numbers, targets shifted by one, both
        /// <c>[examples; length]</c>; they share no place.
        /// </summary>
        /// <param name="text">A text of more pieces than the length.</param>
        /// <param name="length">How many numbers each example has.</param>
        /// <exception cref="DomainError">The text is not longer than the length.</exception>
        /// <example><code>Dataset next = letters.Examples("abcabcabc", length: 4);</code></example>
        public Dataset Examples(string text, int length) => VocabularyModule.examples(length, vocabulary.Encode(text));

        /// <summary>
        /// Examples for word vectors by skip-gram with negative sampling (Mikolov et al. 2013): each word with a neighbour, and with words
        /// drawn at random by their counts. Inputs are the words, i64 <c>[pairs]</c>, and what they are compared with, i64
        /// <c>[pairs; 1 + negatives]</c>, the neighbour first; targets are f32 <c>[pairs; 1 + negatives]</c>, 1 for the neighbour and 0 for
        /// the others. <c>Layers.SkipGram</c> takes them.
        /// </summary>
        /// <param name="texts">Texts, in which neighbours are looked for one by one; what is not in the vocabulary is left out before.</param>
        /// <param name="window">How many places apart a word and its neighbour are at most, 1 or more.</param>
        /// <param name="negatives">How many words are drawn for each pair, 0 or more; a word that is drawn may be the neighbour.</param>
        /// <param name="subsampling">
        /// A word with the share f of all words is kept with the probability √(subsampling / f), at most 1; all are where this is 0. From
        /// 0 to 1; 0.001 is usual.
        /// </param>
        /// <param name="power">Words are drawn by their counts to this power, from 0 (evenly) to 1 (as often as they are met).</param>
        /// <param name="seed">The same seed gives the same examples.</param>
        /// <exception cref="DomainError">A number is out of its range, or no two words of the vocabulary stand near each other.</exception>
        /// <example><code>Dataset near = cats.SkipGrams(["the cat", "the dog"], window: 2, negatives: 1);</code></example>
        public Dataset SkipGrams(
            IEnumerable<string> texts, int window = 5, int negatives = 5, double subsampling = 0, double power = 0.75, long seed = 0) =>
            DL1.SkipGrams.ofTexts(new(window, negatives, subsampling, power), Key.OfSeed(seed), vocabulary, texts);

        /// <summary>
        /// The words whose vectors make the smallest angle with that of a word, the nearest first, by the cosine; the word itself is none
        /// of them.
        /// </summary>
        /// <param name="vectors">A row for each piece of the vocabulary, f32 or f64 <c>[pieces; features]</c>, such as an embedding's weight.</param>
        /// <param name="word">A word of the vocabulary.</param>
        /// <param name="count">How many neighbours are wanted, 1 or more.</param>
        /// <exception cref="ShapeError">The vectors are not one for each piece.</exception>
        /// <exception cref="DomainError">The word is not in the vocabulary, the count is below 1, or a vector is not finite.</exception>
        /// <example><code>IReadOnlyList&lt;Neighbour&gt; nearest = cats.Nearest(vectors, "cat", count: 2);</code></example>
        public IReadOnlyList<Neighbour> Nearest(Tensor vectors, string word, int count = 5) =>
            WordVectors.nearest(count, vocabulary, vectors, word);

        /// <summary>
        /// The answers to "a is to b as c is to what?", the best first: the words nearest to b − a + c of vectors of length 1, none of the
        /// three among them (Mikolov et al. 2013).
        /// </summary>
        /// <param name="vectors">A row for each piece of the vocabulary, f32 or f64 <c>[pieces; features]</c>.</param>
        /// <param name="a">What stands to b as c to the answer: a word of the vocabulary.</param>
        /// <param name="b">A word of the vocabulary.</param>
        /// <param name="c">A word of the vocabulary.</param>
        /// <param name="count">How many answers are wanted, 1 or more.</param>
        /// <exception cref="ShapeError">The vectors are not one for each piece.</exception>
        /// <exception cref="DomainError">A word is not in the vocabulary, the count is below 1, or a vector is not finite.</exception>
        /// <example><code>IReadOnlyList&lt;Neighbour&gt; answers = cats.Analogy(vectors, "the", "cat", "dog", count: 1);</code></example>
        public IReadOnlyList<Neighbour> Analogy(Tensor vectors, string a, string b, string c, int count = 1) =>
            WordVectors.analogy(count, vocabulary, vectors, a, b, c);

        /// <summary>
        /// Texts as the rows of one tensor, filled with the vocabulary's padding up to the longest, or filled or cut to
        /// <paramref name="length"/>, with the mask and the lengths of what is real.
        /// </summary>
        /// <param name="texts">One text for each row.</param>
        /// <param name="length">
        /// To how many places each row is filled or cut, 1 or more; up to the longest row unless given.
        /// </param>
        /// <exception cref="DomainError">The vocabulary has no padding, there is no text, or the length is below 1.</exception>
        /// <example><code>PaddedRows rows = cats.EncodeAll(["the cat", "the"]);</code></example>
        public PaddedRows EncodeAll(IEnumerable<string> texts, int? length = null) =>
            length is { } n
                ? VocabularyModule.encodeTo(n, vocabulary, texts)
                : VocabularyModule.encodeAll(vocabulary, texts);
    }

    extension(PaddedRows)
    {
        /// <summary>
        /// Rows <c>[length; ...]</c> of one type, filled with a value behind their ends up to the longest, or filled or cut to
        /// <paramref name="length"/>: <c>[rows; length; ...]</c>.
        /// </summary>
        /// <param name="rows">Tensors <c>[length; ...]</c> of one type; only their lengths differ.</param>
        /// <param name="value">What the places behind the end of a row are filled with.</param>
        /// <param name="length">
        /// To how many places each row is filled or cut, 1 or more; up to the longest row unless given.
        /// </param>
        /// <exception cref="ShapeError">Rows differ in type or in more than their length.</exception>
        /// <exception cref="DomainError">There is no row, or the length is below 1.</exception>
        /// <example><code>PaddedRows filled = PaddedRows.Of([Tensor.Zeros(3), Tensor.Zeros(1)], value: -1);</code></example>
        public static PaddedRows Of(IEnumerable<Tensor> rows, double value = 0, int? length = null) =>
            length is { } n ? PaddedRowsModule.toLength(n, value, rows) : PaddedRowsModule.ofRows(value, rows);
    }

    extension(PaddedRows rows)
    {
        /// <summary>The rows without their padding.</summary>
        /// <exception cref="ShapeError">The values, truth values and lengths do not fit one another.</exception>
        /// <example><code>IReadOnlyList&lt;Tensor&gt; unfilled = filled.ToRows();</code></example>
        public IReadOnlyList<Tensor> ToRows() => PaddedRowsModule.toRows(rows);

        /// <summary>
        /// For teacher forcing: all places but the last, and all but the first. From rows that begin and end with marks, the first is
        /// what a decoder is given, the second what it is to tell.
        /// </summary>
        /// <exception cref="ShapeError">The rows have one place.</exception>
        /// <example><code>var (before, after) = rows.Shifted();</code></example>
        public (PaddedRows Before, PaddedRows After) Shifted() => PaddedRowsModule.shifted(rows).ToValueTuple();
    }

    extension(Tensor series)
    {
        /// <summary>
        /// Windows over a series <c>[time; features]</c>: each example is <paramref name="length"/> consecutive times,
        /// <c>[windows; length; features]</c>, and its target the <paramref name="horizon"/> times that follow,
        /// <c>[windows; horizon; features]</c>. Split the series by time before.
        /// </summary>
        /// <param name="length">How many times each window has, 1 or more.</param>
        /// <param name="horizon">How many times after the window are its target, 1 or more.</param>
        /// <param name="stride">From the beginning of one window to that of the next, 1 or more.</param>
        /// <exception cref="DomainError">The series is too short for one window.</exception>
        /// <exception cref="ShapeError">The series is not <c>[time; features]</c>.</exception>
        /// <example><code>Dataset windows = earlier.Windows(length: 12, horizon: 1);</code></example>
        public Dataset Windows(int length, int horizon = 1, int stride = 1) =>
            TimeSeries.windows(length, horizon, stride, series);

        /// <summary>A series as two: this part of its times, and those that follow.</summary>
        /// <param name="part">How much of the times the first part has: above 0 and below 1.</param>
        /// <exception cref="DomainError">The part is not above 0 and below 1.</exception>
        /// <exception cref="ShapeError">The series is a scalar.</exception>
        /// <example><code>var (earlier, later) = co2.SplitByTime(0.8);</code></example>
        public (Tensor Earlier, Tensor Later) SplitByTime(double part) =>
            TimeSeries.split(Interop.Held(part), series).ToValueTuple();
    }
}
