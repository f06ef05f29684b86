namespace DL1;

/// <summary>
/// Trained models step by step, and what is generated with them. <c>trained.Stepwise()</c> gives a <c>Stepper</c>, which goes on from
/// what recurrent layers and causal attention have kept, with the same parameters.
/// </summary>
public static class GenerationExtensions
{
    private static GenerationOptions Length(int most, long? end) => new(most, Interop.Optional(end));

    extension(Trained trained)
    {
        /// <summary>
        /// A trained model of one input and one output, step by step: the second axis of its input is that of the places, and the outputs
        /// are those of the whole sequence.
        /// </summary>
        /// <example><code>Stepper stepper = trained.Stepwise();</code></example>
        public Stepper Stepwise() => DL1.Stepwise.ofTrained(trained);

        /// <summary>
        /// A trained model of several tensors, step by step. The other inputs are the same at all steps, such as an encoder's source, and
        /// what comes from them alone is computed once.
        /// </summary>
        /// <param name="input">The name of the input whose places are the steps.</param>
        /// <param name="output">The name of the output that is wanted; empty for the only one.</param>
        /// <example><code>Stepper translating = translator.Stepwise("Target");</code></example>
        public Stepper Stepwise(string input, string output = "") => DL1.Stepwise.ofNamed(input, output, trained);
    }

    extension(Stepper stepper)
    {
        /// <summary>The beginning of sequences, of a model without other inputs.</summary>
        /// <param name="capacity">The capacity of the key-value cache in places, where the model has attention.</param>
        /// <param name="rows">How many sequences there are.</param>
        /// <exception cref="DomainError">There are no rows, or the capacity is below 1.</exception>
        /// <example><code>StepState state = stepper.Start(capacity: 32);</code></example>
        public StepState Start(int capacity, int rows = 1) => DL1.Stepwise.start(capacity, rows, stepper);

        /// <summary>The beginning of sequences that go with the other inputs of the model, one row for each of theirs.</summary>
        /// <param name="capacity">The number of places that there is room for, 1 or more.</param>
        /// <param name="context">The other inputs of the model by their names, <c>[rows; ...]</c>.</param>
        /// <exception cref="ShapeError">There are no other inputs, or of several numbers of rows.</exception>
        /// <exception cref="DomainError">There are no rows, or the capacity is below 1.</exception>
        /// <example><code>StepState reading = translating.Start(capacity: 32, context);</code></example>
        public StepState Start(int capacity, Tree<Tensor> context) => DL1.Stepwise.startFrom(context, capacity, stepper);

        /// <summary>
        /// What a model says after a prompt, whole numbers <c>[rows; places]</c>: where greedy choice, sampling and beam search begin.
        /// </summary>
        /// <param name="prompt">Tokens <c>[rows; places]</c>, one place at least.</param>
        /// <param name="most">For how many tokens more there is room.</param>
        /// <param name="context">The other inputs of the model by their names, one row for each row of the prompt.</param>
        /// <exception cref="ShapeError">The prompt is no matrix of whole numbers, or has no place.</exception>
        /// <exception cref="DomainError">The model has fewer positions than are needed.</exception>
        /// <example><code>NextToken next = stepper.Prompt(prompt, most: 20);</code></example>
        public NextToken Prompt(Tensor prompt, int most, Tree<Tensor>? context = null) =>
            context is null
                ? Generation.prompt(most, prompt, stepper)
                : Generation.promptFrom(context, most, prompt, stepper);

        /// <summary>The likeliest token at each step after a prompt.</summary>
        /// <param name="prompt">Tokens <c>[rows; places]</c>, one place at least.</param>
        /// <param name="most">The most tokens of a row.</param>
        /// <param name="end">The token that ends a row.</param>
        /// <param name="context">The other inputs of the model by their names.</param>
        /// <exception cref="ShapeError">The prompt is no matrix of whole numbers, or has no place.</exception>
        /// <exception cref="DomainError">No tokens are wanted, or the model has fewer positions than are needed.</exception>
        /// <example><code>Generated likeliest = stepper.Greedy(prompt, most: 20);</code></example>
        public Generated Greedy(Tensor prompt, int most, long? end = null, Tree<Tensor>? context = null) =>
            stepper.Prompt(prompt, most, context).Greedy(most, end);

        /// <summary>Tokens drawn with a key after a prompt: the same key gives the same tokens.</summary>
        /// <param name="prompt">Tokens <c>[rows; places]</c>, one place at least.</param>
        /// <param name="most">The most tokens of a row.</param>
        /// <param name="key">What is drawn with.</param>
        /// <param name="temperature">What logits are divided by.</param>
        /// <param name="topK">How many of the likeliest tokens may be drawn; all unless given.</param>
        /// <param name="topP">The chance that the likeliest tokens together must reach; all unless given.</param>
        /// <param name="end">The token that ends a row.</param>
        /// <param name="context">The other inputs of the model by their names.</param>
        /// <exception cref="ShapeError">The prompt is no matrix of whole numbers, or has no place.</exception>
        /// <exception cref="DomainError">A number is out of its range, or the model has fewer positions than are needed.</exception>
        /// <example><code>Generated drawn = stepper.Sample(prompt, most: 20, Key.OfSeed(1), temperature: 0.8, topK: 5);</code></example>
        public Generated Sample(
            Tensor prompt, int most, Key key, double temperature = 1, int? topK = null, double? topP = null, long? end = null,
            Tree<Tensor>? context = null) =>
            stepper.Prompt(prompt, most, context).Sample(most, key, temperature, topK, topP, end);

        /// <summary>The best of several hypotheses that go on beside one another after a prompt.</summary>
        /// <param name="prompt">Tokens <c>[rows; places]</c>, one place at least.</param>
        /// <param name="most">The most tokens of a row.</param>
        /// <param name="width">How many hypotheses go on for each row.</param>
        /// <param name="end">The token that ends a hypothesis.</param>
        /// <param name="lengthPower">
        /// Hypotheses are compared by the logarithm of their probability over their length to this power: 0 favours the short.
        /// </param>
        /// <param name="context">The other inputs of the model by their names.</param>
        /// <exception cref="ShapeError">The prompt is no matrix of whole numbers, or has no place.</exception>
        /// <exception cref="DomainError">A number is out of its range, or the model has fewer positions than are needed.</exception>
        /// <example><code>Generated best = translating.BeamSearch(begins, most: 8, width: 4, end: 3, context: context);</code></example>
        public Generated BeamSearch(
            Tensor prompt, int most, int width = 4, long? end = null, double lengthPower = 1, Tree<Tensor>? context = null) =>
            stepper.Prompt(prompt, most, context).BeamSearch(most, width, end, lengthPower);

        /// <summary>
        /// The texts that a model writes for its other inputs, such as an encoder's source, one for each of their rows: each begins with the
        /// vocabulary's begin token, and ends with its end token or at the greatest number of tokens.
        /// </summary>
        /// <param name="vocabulary">That of the texts, with marks that begin and end them (<c>bounds: true</c>).</param>
        /// <param name="context">The other inputs of the model by their names, a row for each text.</param>
        /// <param name="most">The most tokens of a text, the mark that ends it counted.</param>
        /// <param name="width">How many hypotheses go on for each text; 1, the likeliest token at each step, unless given.</param>
        /// <param name="lengthPower">
        /// Hypotheses are compared by the logarithm of their probability over their length to this power: 0 favours the short.
        /// </param>
        /// <exception cref="DomainError">The vocabulary has no such marks, there are no inputs, or a number is out of its range.</exception>
        /// <exception cref="ShapeError">The inputs have not the same number of rows.</exception>
        /// <example><code>IReadOnlyList&lt;string&gt; translations = translating.WriteAll(digits, context, most: 8);</code></example>
        public IReadOnlyList<string> WriteAll(
            Vocabulary vocabulary, Tree<Tensor> context, int most, int width = 1, double lengthPower = 1) =>
            DL1.BeamSearch.texts(new BeamOptions(width, lengthPower), most, vocabulary, context, stepper);

        /// <summary>The text that follows a prompt, drawn with a key; it ends where the vocabulary's end is drawn.</summary>
        /// <param name="vocabulary">That of the model.</param>
        /// <param name="prompt">The text that is gone on from; empty where the vocabulary has a mark that begins texts.</param>
        /// <param name="most">The most tokens.</param>
        /// <param name="key">What is drawn with.</param>
        /// <param name="temperature">What logits are divided by.</param>
        /// <param name="topK">How many of the likeliest tokens may be drawn; all unless given.</param>
        /// <param name="topP">The chance that the likeliest tokens together must reach; all unless given.</param>
        /// <exception cref="DomainError">There is nothing to begin with, or a number is out of its range.</exception>
        /// <exception cref="ShapeError">The model is none of tokens in a row.</exception>
        /// <example><code>string written = stepper.Write(letters, "the ", most: 20, Key.OfSeed(1), temperature: 0.8);</code></example>
        public string Write(
            Vocabulary vocabulary, string prompt, int most, Key key, double temperature = 1, int? topK = null, double? topP = null) =>
            Generation.text(vocabulary, most, Samplers.Options(temperature, topK, topP), key, prompt, stepper);

        /// <summary>The text that follows a prompt, of byte pairs; an empty prompt is the token that begins texts.</summary>
        /// <param name="pairs">The byte pairs that the model was trained with.</param>
        /// <param name="prompt">The text that is gone on from; empty, it is the token that begins texts.</param>
        /// <param name="most">The most tokens that are written, 1 or more.</param>
        /// <param name="key">What is drawn with: the same key gives the same result.</param>
        /// <param name="temperature">
        /// What logits are divided by, above 0: below 1 the likely become likelier, 1 changes nothing.
        /// </param>
        /// <param name="topK">How many of the likeliest may be drawn, 1 or more; all unless given.</param>
        /// <param name="topP">
        /// The chance, above 0 and at most 1, that the likeliest together must reach to be drawn; all unless given.
        /// </param>
        /// <exception cref="DomainError">The prompt has half a pair of surrogates, or a number is out of its range.</exception>
        /// <exception cref="ShapeError">The model is none of tokens in a row.</exception>
        /// <example><code>string ofPairs = pairStepper.Write(bytePairs, "the ", most: 20, Key.OfSeed(1));</code></example>
        public string Write(
            BytePairs pairs, string prompt, int most, Key key, double temperature = 1, int? topK = null, double? topP = null) =>
            Generation.textOfPairs(pairs, most, Samplers.Options(temperature, topK, topP), key, prompt, stepper);
    }

    extension(StepState state)
    {
        /// <summary>What a model says after a prompt, whole numbers <c>[rows; places]</c>, from where its sequences stand.</summary>
        /// <param name="prompt">Whole numbers <c>[rows; places]</c> with one place at least.</param>
        /// <exception cref="ShapeError">The prompt is no matrix of whole numbers, or has no place.</exception>
        /// <example><code>NextToken following = state.After(prompt);</code></example>
        public NextToken After(Tensor prompt) => Generation.after(prompt, state);
    }

    extension(NextToken)
    {
        /// <summary>
        /// A model of language of your own: logits <c>[rows; tokens]</c> of what comes next, what is said after a token for each row
        /// (i64 <c>[rows]</c>), and the same for some of the rows, in another order or repeated.
        /// </summary>
        /// <param name="scores">Logits <c>[rows; tokens]</c> of the first token.</param>
        /// <param name="after">From a token for each row (i64 <c>[rows]</c>) to what is said after it.</param>
        /// <param name="take">From numbers of rows, in any order or repeated, to the same for those rows.</param>
        /// <example><code>NextToken.Of(scores, After, Take)</code></example>
        public static NextToken Of(Tensor scores, Func<Tensor, NextToken> after, Func<int[], NextToken> take) =>
            new(scores, Interop.Function(after), Interop.Function(take));
    }

    extension(NextToken next)
    {
        /// <summary>What is said after a token for each row, i64 <c>[rows]</c>.</summary>
        /// <param name="tokens">A token for each row, i64 <c>[rows]</c>.</param>
        /// <example><code>NextToken second = next.Following(chosen);</code></example>
        public NextToken Following(Tensor tokens) => next.After.Invoke(tokens);

        /// <summary>The same for some of the rows, in another order or repeated.</summary>
        /// <param name="order">Numbers of rows from 0, in any order or repeated.</param>
        /// <example><code>NextToken doubled = next.OfRows([0, 0]);</code></example>
        public NextToken OfRows(int[] order) => next.Take.Invoke(order);

        /// <summary>The likeliest token at each step, the first of equal ones.</summary>
        /// <param name="most">The most tokens of a row, 1 or more.</param>
        /// <param name="end">The token that ends a row; rows end only at the most tokens unless given.</param>
        /// <exception cref="DomainError">No tokens are wanted, or scores are NaN.</exception>
        /// <exception cref="ShapeError">The scores are not <c>[rows; tokens]</c>.</exception>
        /// <example><code>Generated byGreed = next.Greedy(most: 20);</code></example>
        public Generated Greedy(int most, long? end = null) => Generation.greedy(Length(most, end), next);

        /// <summary>Tokens drawn with a key: the same key gives the same tokens.</summary>
        /// <param name="most">The most tokens of a row, 1 or more.</param>
        /// <param name="key">What is drawn with: the same key gives the same result.</param>
        /// <param name="temperature">
        /// What logits are divided by, above 0: below 1 the likely become likelier, 1 changes nothing.
        /// </param>
        /// <param name="topK">How many of the likeliest may be drawn, 1 or more; all unless given.</param>
        /// <param name="topP">
        /// The chance, above 0 and at most 1, that the likeliest together must reach to be drawn; all unless given.
        /// </param>
        /// <param name="end">The token that ends a row; rows end only at the most tokens unless given.</param>
        /// <exception cref="DomainError">A number is out of its range, or scores are NaN.</exception>
        /// <exception cref="ShapeError">The scores are not <c>[rows; tokens]</c>.</exception>
        /// <example><code>Generated byChance = next.Sample(most: 20, Key.OfSeed(1), topP: 0.9);</code></example>
        public Generated Sample(
            int most, Key key, double temperature = 1, int? topK = null, double? topP = null, long? end = null) =>
            Generation.sample(Length(most, end), Samplers.Options(temperature, topK, topP), key, next);

        /// <summary>The best of several hypotheses that go on beside one another; with a width of 1 it is the greedy choice.</summary>
        /// <param name="most">The most tokens of a row, 1 or more.</param>
        /// <param name="width">How many hypotheses go on for each row, 1 or more.</param>
        /// <param name="end">The token that ends a row; rows end only at the most tokens unless given.</param>
        /// <param name="lengthPower">
        /// The power of the length that a hypothesis' logarithm of chance is divided by: 0 prefers short ones, 1 takes the
        /// mean.
        /// </param>
        /// <exception cref="DomainError">A number is out of its range, or scores are NaN.</exception>
        /// <exception cref="ShapeError">The scores are not <c>[rows; tokens]</c>.</exception>
        /// <example><code>Generated byBeams = next.BeamSearch(most: 20, width: 4);</code></example>
        public Generated BeamSearch(int most, int width = 4, long? end = null, double lengthPower = 1) =>
            DL1.BeamSearch.best(new BeamOptions(width, lengthPower), Length(most, end), next);

        /// <summary>All hypotheses of a search by beams, the best of each row first.</summary>
        /// <param name="most">The most tokens of a row, 1 or more.</param>
        /// <param name="width">How many hypotheses go on for each row, 1 or more.</param>
        /// <param name="end">The token that ends a row; rows end only at the most tokens unless given.</param>
        /// <param name="lengthPower">
        /// The power of the length that a hypothesis' logarithm of chance is divided by: 0 prefers short ones, 1 takes the
        /// mean.
        /// </param>
        /// <exception cref="DomainError">A number is out of its range, or scores are NaN.</exception>
        /// <exception cref="ShapeError">The scores are not <c>[rows; tokens]</c>.</exception>
        /// <example><code>IReadOnlyList&lt;Generated&gt; ranked = next.BeamSearchAll(most: 20, width: 4);</code></example>
        public IReadOnlyList<Generated> BeamSearchAll(int most, int width = 4, long? end = null, double lengthPower = 1) =>
            DL1.BeamSearch.all(new BeamOptions(width, lengthPower), Length(most, end), next);
    }
}
