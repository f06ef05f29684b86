namespace DL1;

/// <summary>
/// Byte-pair encoding (Sennrich et al. 2016): texts as numbers of pieces that a text has taught, of which none is unknown.
/// </summary>
public static class BytePairsExtensions
{
    extension(BytePairs)
    {
        /// <summary>
        /// Byte pairs learnt from a text (Sennrich et al. 2016): the commonest pair of neighbours is merged into one number,
        /// again and again, until there are <paramref name="size"/> numbers, or no pair is met twice.
        /// </summary>
        /// <param name="text">The text whose pairs of neighbours are counted.</param>
        /// <param name="size">
        /// How many numbers there are at most, 259 or more: 256 bytes, begin, end and padding, then one for each merged pair.
        /// </param>
        /// <exception cref="DomainError">The size is below 259: 256 bytes, begin, end and padding.</exception>
        /// <example><code>var pairs = BytePairs.Train("low lower lowest, new newer newest", size: 270);</code></example>
        public static BytePairs Train(string text, int size) => BytePairsModule.train(size, text);

        /// <summary>Byte pairs from JSON that <c>ToJson</c> has made.</summary>
        /// <param name="json">What <c>ToJson</c> has made.</param>
        /// <exception cref="FormatError">It is no such text, of another version, or has a pair that no training merges.</exception>
        /// <example><code>var copy = BytePairs.FromJson(pairs.ToJson());</code></example>
        public static BytePairs FromJson(string json) => BytePairsModule.ofJson(json);

        /// <summary>Byte pairs from a file that <c>Save</c> has written.</summary>
        /// <param name="path">A file that <c>Save</c> has written.</param>
        /// <exception cref="FormatError">The file is not there, or is none of byte pairs.</exception>
        /// <example><code>var loaded = BytePairs.Load(path);</code></example>
        public static BytePairs Load(string path) => BytePairsModule.load(path);
    }

    extension(BytePairs pairs)
    {
        /// <summary>The numbers of a text, i64 <c>[pieces]</c>; any text of whole characters is decoded to itself.</summary>
        /// <param name="text">Any text, which may be empty.</param>
        /// <exception cref="DomainError">The text has half a pair of surrogates.</exception>
        /// <example><code>Tensor encoded = pairs.Encode("lower");</code></example>
        public Tensor Encode(string text) => BytePairsModule.encode(pairs, text);

        /// <summary>Texts as the rows of one tensor, each between the numbers that begin and end it, filled with padding.</summary>
        /// <param name="texts">One text for each row.</param>
        /// <exception cref="DomainError">There is no text, or one has half a pair of surrogates.</exception>
        /// <example><code>PaddedRows ofPairs = pairs.EncodeAll(["lower", "low"]);</code></example>
        public PaddedRows EncodeAll(IEnumerable<string> texts) => BytePairsModule.encodeAll(pairs, texts);

        /// <summary>The texts of rows; begin, end and padding are none of them.</summary>
        /// <param name="rows">Rows of numbers, such as <c>EncodeAll</c> makes.</param>
        /// <exception cref="DomainError">A number is none of these pairs'.</exception>
        /// <example><code>IReadOnlyList&lt;string&gt; lows = pairs.DecodeAll(ofPairs);</code></example>
        public IReadOnlyList<string> DecodeAll(PaddedRows rows) => BytePairsModule.decodeAll(pairs, rows);

        /// <summary>
        /// Examples for a model of language: <paramref name="length"/> numbers of the text, and the same one place later, both i64
        /// <c>[examples; length]</c>.
        /// </summary>
        /// <param name="text">A text of more pieces than the length.</param>
        /// <param name="length">How many numbers each example has.</param>
        /// <exception cref="DomainError">The text has not more numbers than the length.</exception>
        /// <example><code>Dataset pairExamples = pairs.Examples("low lower lowest", length: 2);</code></example>
        public Dataset Examples(string text, int length) => VocabularyModule.examples(length, pairs.Encode(text));

        /// <summary>The pairs as JSON; the same pairs give the same text.</summary>
        /// <example><code>string json = pairs.ToJson();</code></example>
        public string ToJson() => BytePairsModule.toJson(pairs);

        /// <summary>Writes the pairs to a file, whole or not at all.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>pairs.Save(path);</code></example>
        public void Save(string path) => BytePairsModule.save(path, pairs);
    }
}
