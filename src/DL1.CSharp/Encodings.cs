namespace DL1;

/// <summary>Categories, vocabularies and series, as numbers to learn from.</summary>
public static class Encodings
{
    extension(Categories)
    {
        /// <summary>The categories among texts, in alphabetical order; an empty text is a missing one.</summary>
        /// <example><code>var categories = Categories.Of(["b", "a", "b"]);</code></example>
        public static Categories Of(IEnumerable<string> texts) => Category.fit(texts);
    }

    extension(Categories categories)
    {
        /// <summary>The numbers of texts, i64 <c>[rows]</c>: targets of a classification.</summary>
        /// <exception cref="DomainError">A text is missing, or was not met.</exception>
        /// <example><code>Tensor numbered = categories.Labels(["a", "b"]);</code></example>
        public Tensor Labels(IEnumerable<string> texts) => Category.labels(categories, texts);

        /// <summary>
        /// A weight for each category, f32 <c>[categories]</c>: what is given by name, 1 for the others. For losses of classes.
        /// </summary>
        /// <exception cref="DomainError">A name is none of the categories or stands twice, or a weight is below 0 or not finite.</exception>
        /// <example><code>Tensor byName = categories.Weights(("b", 5));</code></example>
        public Tensor Weights(params (string Name, double Weight)[] weights) =>
            Category.weights(Interop.List(weights.Select(w => w.ToTuple())), categories);

        /// <summary>
        /// A column of f32 for each category, 1 where a text is that category, <c>[rows; categories]</c>. A text that is missing or
        /// was not met is 0 everywhere.
        /// </summary>
        /// <example><code>Tensor columns = categories.OneHot(["a", ""]);</code></example>
        public Tensor OneHot(IEnumerable<string> texts) => Category.oneHot(categories, texts);
    }

    extension(Tensor labels)
    {
        /// <summary>
        /// The weight of each class by which all count the same in sum, rows / (classes·rows of the class), f32 <c>[classes]</c>:
        /// scikit-learn's "balanced".
        /// </summary>
        /// <exception cref="DomainError">A class has no row, or a label is no whole number from 0 below the classes.</exception>
        /// <example><code>Tensor balanced = labels.BalancedWeights(2);</code></example>
        public Tensor BalancedWeights(int classes) => Category.balanced(classes, labels);
    }

    extension(Tensor)
    {
        /// <summary>Tables of the same rows side by side, in the type of the first.</summary>
        /// <exception cref="ShapeError">A table has more or fewer rows.</exception>
        /// <example><code>Tensor wide = Tensor.Beside(Tensor.Zeros(2, 3), columns);</code></example>
        public static Tensor Beside(params Tensor[] tables) => Category.beside(Interop.List(tables));
    }

    extension(Vocabulary)
    {
        /// <summary>The characters of a text, the commonest first; <c>Encode</c> and <c>Decode</c> turn texts to numbers and back.</summary>
        /// <example><code>var letters = Vocabulary.Characters("abca");</code></example>
        public static Vocabulary Characters(string text) => VocabularyModule.characters(text);

        /// <summary>The commonest words and marks of a text as they are written.</summary>
        /// <exception cref="DomainError">At most none are wanted.</exception>
        /// <example><code>var vocabulary = Vocabulary.Words("the cat, the dog", most: 1000);</code></example>
        public static Vocabulary Words(string text, int most = 10000) => VocabularyModule.words(most, text);
    }

    extension(Vocabulary vocabulary)
    {
        /// <summary>
        /// Examples for a model of language: inputs of so many numbers in a row, targets the same one place later, both
        /// <c>[examples; length]</c>; they share no place.
        /// </summary>
        /// <exception cref="DomainError">The text is not longer than the length.</exception>
        /// <example><code>Dataset next = letters.Examples("abcabcabc", length: 4);</code></example>
        public Dataset Examples(string text, int length) => VocabularyModule.examples(length, vocabulary.Encode(text));
    }

    extension(Tensor series)
    {
        /// <summary>
        /// Windows over a series <c>[time; features]</c>: each example is so many times in a row,
        /// <c>[windows; length; features]</c>, and its target the <paramref name="horizon"/> times that follow,
        /// <c>[windows; horizon; features]</c>. Split the series by time before.
        /// </summary>
        /// <exception cref="DomainError">The series is too short for one window.</exception>
        /// <example><code>Dataset windows = earlier.Windows(length: 12, horizon: 1);</code></example>
        public Dataset Windows(int length, int horizon = 1, int stride = 1) =>
            TimeSeries.windows(length, horizon, stride, series);

        /// <summary>A series as two: this part of its times, and those that follow.</summary>
        /// <exception cref="DomainError">The part is not above 0 and below 1.</exception>
        /// <example><code>var (earlier, later) = co2.SplitByTime(0.8);</code></example>
        public (Tensor Earlier, Tensor Later) SplitByTime(double part) =>
            TimeSeries.split(Interop.Held(part), series).ToValueTuple();
    }
}
