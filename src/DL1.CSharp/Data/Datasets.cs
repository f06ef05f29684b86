using System.Diagnostics.CodeAnalysis;

namespace DL1;

/// <summary>
/// Rows to learn from: made of arrays and tensors, split, shuffled and cut into batches; and data sets by name, which are
/// carried inside the package. <c>Inputs</c>, <c>Targets</c> and <c>Count</c> are a data set's parts.
/// </summary>
public static partial class Datasets
{
    private static Tensor Single(Tensor values) => values.Cast(DType.F32);

    private static Tensor Column(Tensor values) => Single(values).Reshape(values.Size, 1);

    extension(Dataset)
    {
        /// <summary>Inputs <c>[rows; ...]</c> with their targets.</summary>
        /// <param name="inputs"><c>[rows; ...]</c>.</param>
        /// <param name="targets">One for each row of the inputs, <c>[rows; ...]</c>: labels, or what is to be predicted.</param>
        /// <exception cref="ShapeError">There are more or fewer targets than inputs.</exception>
        /// <example><code>var made = Dataset.From(Tensor.Zeros(4, 2), Tensor.Ones(4, 1));</code></example>
        public static Dataset From(Tensor inputs, Tensor targets) => DatasetModule.create(inputs, targets);

        /// <summary>
        /// Inputs and targets as tuples, records, anonymous objects or trees of tensors, each <c>[rows; ...]</c>: for models of several
        /// tensors. The members of a tuple are named 1, 2, ..., others as they are.
        /// </summary>
        /// <param name="inputs">Tensors <c>[rows; ...]</c>, in a tuple, a record, an anonymous object or a tree.</param>
        /// <param name="targets">
        /// Tensors with the same number of rows, in a tuple, a record, an anonymous object or a tree.
        /// </param>
        /// <exception cref="DomainError">A type is not made of tensors.</exception>
        /// <exception cref="ShapeError">They have not the same number of rows.</exception>
        /// <example><code>var rooms = Dataset.Of((areas, districts), (prices, kinds));</code></example>
        public static Dataset Of<[DynamicallyAccessedMembers(Interop.Members)] TIn, [DynamicallyAccessedMembers(Interop.Members)] TTarget>(
            TIn inputs, TTarget targets) =>
            DatasetModule.from(Interop.Present(inputs), Interop.Present(targets));

        /// <summary>Inputs that are their own targets: for autoencoders.</summary>
        /// <param name="inputs">Tensors <c>[rows; ...]</c>, in a tuple, a record, an anonymous object or a tree.</param>
        /// <exception cref="DomainError">The type is not made of tensors.</exception>
        /// <example><code>var pixels = Dataset.OfInputs(data.Inputs);</code></example>
        public static Dataset OfInputs<[DynamicallyAccessedMembers(Interop.Members)] TIn>(TIn inputs) =>
            DatasetModule.ofInputs(Interop.Present(inputs));

        /// <summary>
        /// Several inputs, or several targets, by name: what a model of a record, or of a <c>Tree&lt;Expr&gt;</c>, takes. The order of
        /// names makes no difference.
        /// </summary>
        /// <param name="inputs">Tensors <c>[rows; ...]</c>, each with a name of its own.</param>
        /// <param name="targets">Tensors with the same number of rows, each with a name of its own.</param>
        /// <exception cref="DomainError">A name is there twice, or there are none.</exception>
        /// <exception cref="ShapeError">They have not the same number of rows.</exception>
        /// <example><code>var byName = Dataset.Named([("area", areas), ("district", districts)], [("price", prices)]);</code></example>
        public static Dataset Named(
            IEnumerable<(string Name, Tensor Values)> inputs, IEnumerable<(string Name, Tensor Values)> targets) =>
            DatasetModule.named(Interop.Bindings(inputs), Interop.Bindings(targets));

        /// <summary>Rows of numbers with a class each, from 0: f32 <c>[rows; columns]</c> and i64 <c>[rows]</c>.</summary>
        /// <param name="inputs"><c>[rows; columns]</c>.</param>
        /// <param name="labels">The class of each row, from 0.</param>
        /// <exception cref="ShapeError">There are more or fewer targets than inputs.</exception>
        /// <example><code>var classes = Dataset.From(new double[,] { { 1, 2 }, { 3, 4 } }, new[] { 0, 1 });</code></example>
        public static Dataset From(double[,] inputs, int[] labels) =>
            new(Single(Tensor.From(inputs)), Tensor.Of(labels).Cast(DType.I64));

        /// <summary>Rows of numbers with a class each, from 0: f32 <c>[rows; columns]</c> and i64 <c>[rows]</c>.</summary>
        /// <param name="inputs"><c>[rows; columns]</c>.</param>
        /// <param name="labels">The class of each row, from 0.</param>
        /// <exception cref="ShapeError">There are more or fewer targets than inputs.</exception>
        /// <example><code>var pairs = Dataset.From(new float[,] { { 1, 2 }, { 3, 4 } }, new[] { 0, 1 });</code></example>
        public static Dataset From(float[,] inputs, int[] labels) =>
            new(Tensor.From(inputs), Tensor.Of(labels).Cast(DType.I64));

        /// <summary>Rows of numbers with a number each: f32 <c>[rows; columns]</c> and f32 <c>[rows; 1]</c>.</summary>
        /// <param name="inputs"><c>[rows; columns]</c>.</param>
        /// <param name="targets">One number for each row.</param>
        /// <exception cref="ShapeError">There are more or fewer targets than inputs.</exception>
        /// <example><code>var prices = Dataset.From(new double[,] { { 1, 2 }, { 3, 4 } }, new[] { 0.5, 0.7 });</code></example>
        public static Dataset From(double[,] inputs, double[] targets) =>
            new(Single(Tensor.From(inputs)), Column(Tensor.Of(targets)));

        /// <summary>Rows of numbers with a number each: f32 <c>[rows; columns]</c> and f32 <c>[rows; 1]</c>.</summary>
        /// <param name="inputs"><c>[rows; columns]</c>.</param>
        /// <param name="targets">One number for each row.</param>
        /// <exception cref="ShapeError">There are more or fewer targets than inputs.</exception>
        /// <example><code>var values = Dataset.From(new float[,] { { 1, 2 }, { 3, 4 } }, new[] { 0.5f, 0.7f });</code></example>
        public static Dataset From(float[,] inputs, float[] targets) =>
            new(Tensor.From(inputs), Column(Tensor.Of(targets)));

        /// <summary>One number with one number: both f32 <c>[rows; 1]</c>.</summary>
        /// <param name="inputs">One number for each row.</param>
        /// <param name="targets">One number for each row.</param>
        /// <exception cref="ShapeError">There are more or fewer targets than inputs.</exception>
        /// <example><code>var curve = Dataset.From([0.0, 1.0, 2.0], [0.0, 1.0, 4.0]);</code></example>
        public static Dataset From(double[] inputs, double[] targets) =>
            new(Column(Tensor.Of(inputs)), Column(Tensor.Of(targets)));
    }

    extension(Dataset data)
    {
        /// <summary>Inputs and targets.</summary>
        /// <param name="inputs">The inputs.</param>
        /// <param name="targets">The targets.</param>
        /// <example><code>var (inputs, targets) = data;</code></example>
        public void Deconstruct(out Tensor inputs, out Tensor targets)
        {
            inputs = data.Inputs;
            targets = data.Targets;
        }

        /// <summary>Two parts that share no row, drawn at random: the first has this part of the rows.</summary>
        /// <param name="part">Above 0 and below 1.</param>
        /// <param name="seed">The same seed gives the same parts.</param>
        /// <param name="stratified">Whether each class has its share in both parts; targets are labels.</param>
        /// <exception cref="DomainError">The part is not above 0 and below 1.</exception>
        /// <exception cref="ShapeError">Stratified: the targets are no labels <c>[rows]</c>.</exception>
        /// <example><code>var (train, test) = data.Split(0.8, seed: 1);</code></example>
        public (Dataset First, Dataset Second) Split(double part, long seed = 0, bool stratified = false)
        {
            var held = Interop.Held(part);
            var key = Key.OfSeed(seed);
            if (!stratified)
            {
                return Splits.data(held, key, data).ToValueTuple();
            }

            var (kept, other) = Splits.stratified(held, key, data.Targets);
            return (data.Rows(kept), data.Rows(other));
        }

        /// <summary>
        /// Three parts that share no row, drawn at random: the shares given are of validation and test, and training is the rest.
        /// </summary>
        /// <param name="validation">How much of the rows the validation part has: above 0 and below 1.</param>
        /// <param name="test">How much of the rows the test part has: above 0 and below 1.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <exception cref="DomainError">
        /// A share is not above 0 and below 1, or larger than what is left for training, as where training's own share was given.
        /// </exception>
        /// <example><code>var (toLearn, toChoose, toJudge) = data.Split(validation: 0.2, test: 0.2, seed: 1);</code></example>
        public (Dataset Train, Dataset Validation, Dataset Test) Split(double validation, double test, long seed) =>
            Splits.three(validation, test, Key.OfSeed(seed), data).ToValueTuple();

        /// <summary>
        /// Pairs of what remains and what is held out: each row is held out in one of them. Stratified, each class has its share in
        /// each.
        /// </summary>
        /// <param name="count">How many folds there are: 2 or more, at most as many as rows.</param>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <param name="stratified">Whether each class has its share in each part; targets are labels.</param>
        /// <exception cref="DomainError">There are fewer than two folds, or fewer rows than folds.</exception>
        /// <example><code>foreach (var (kept, held) in data.Folds(5, seed: 1))</code></example>
        public IReadOnlyList<(Dataset Kept, Dataset Held)> Folds(int count, long seed = 0, bool stratified = false)
        {
            var key = Key.OfSeed(seed);
            var folds = stratified
                ? Splits.stratifiedFolds(count, key, data.Targets)
                : Splits.folds(count, key, data.Count);
            return [.. folds.Select(fold => (data.Rows(fold.Item1), data.Rows(fold.Item2)))];
        }

        /// <summary>Some rows, in the order of their numbers, which may repeat.</summary>
        /// <param name="numbers">Numbers of rows, from 0; one may stand there several times.</param>
        /// <exception cref="DomainError">A row is not there.</exception>
        /// <example><code>var few = data.Rows([2, 0]);</code></example>
        public Dataset Rows(IEnumerable<int> numbers) => DatasetModule.rows([.. numbers], data);

        /// <summary>The first rows, or all where there are fewer.</summary>
        /// <param name="count">How many rows are kept; all where there are fewer.</param>
        /// <example><code>var first = data.Take(10);</code></example>
        public Dataset Take(int count) => DatasetModule.truncate(count, data);

        /// <summary>The rows whose target, one number for each row, is as wanted.</summary>
        /// <param name="wanted">From a row's target to whether the row is kept.</param>
        /// <exception cref="ShapeError">The targets are not one number for each row.</exception>
        /// <example><code>Dataset firstTwo = data.Where(label => label &lt; 2);</code></example>
        public Dataset Where(Func<double, bool> wanted) => DatasetModule.filter(Interop.Function(wanted), data);

        /// <summary>The rows of some classes alone, which are numbered anew in the order in which they are named: 0, 1, ...</summary>
        /// <param name="classes">Classes among the labels, each once.</param>
        /// <exception cref="ShapeError">The targets are no labels, i32 or i64, one for each row.</exception>
        /// <exception cref="DomainError">There is no class, one is named twice, or no row has it.</exception>
        /// <example><code>Dataset twoKinds = data.OfClasses(2, 0);</code></example>
        public Dataset OfClasses(params int[] classes) => DatasetModule.ofClasses(Interop.List(classes), data);

        /// <summary>
        /// The first rows of each class, or all where there are fewer, class after class in ascending order: few examples, the same number
        /// of each.
        /// </summary>
        /// <param name="count">How many rows of each class.</param>
        /// <exception cref="ShapeError">The targets are no labels, i32 or i64, one for each row.</exception>
        /// <example><code>Dataset fewOfEach = data.TakeOfEach(1);</code></example>
        public Dataset TakeOfEach(int count) => DatasetModule.truncateEach(count, data);

        /// <summary>All rows but the first.</summary>
        /// <param name="count">How many rows at the beginning are left out.</param>
        /// <example><code>var others = data.Skip(10);</code></example>
        public Dataset Skip(int count) => data.Rows(Enumerable.Range(0, data.Count).Skip(count));

        /// <summary>The rows in random order.</summary>
        /// <param name="seed">The same seed gives the same result.</param>
        /// <example><code>var mixed = data.Shuffle(seed: 1);</code></example>
        public Dataset Shuffle(long seed = 0) => data.Rows(Key.OfSeed(seed).Permutation(data.Count));

        /// <summary>These rows, then those of another data set of the same types and shapes.</summary>
        /// <param name="other">Rows whose inputs and targets have the same types and shapes, row by row.</param>
        /// <exception cref="ShapeError">Types or shapes differ.</exception>
        /// <example><code>var twice = data.Append(data);</code></example>
        public Dataset Append(Dataset other) => DatasetModule.append(data, other);

        /// <summary>The same targets with other inputs.</summary>
        /// <param name="inputs">One for each row, <c>[rows; ...]</c>.</param>
        /// <exception cref="ShapeError">There are more or fewer inputs than targets.</exception>
        /// <example><code>var images = data.WithInputs(data.Inputs.Reshape(-1, 1, 8, 8));</code></example>
        public Dataset WithInputs(Tensor inputs) => DatasetModule.from(inputs, data.NamedTargets);

        /// <summary>The same inputs with other targets.</summary>
        /// <param name="targets">One for each row, <c>[rows; ...]</c>.</param>
        /// <exception cref="ShapeError">There are more or fewer targets than inputs.</exception>
        /// <example><code>var copied = data.WithTargets(data.Inputs);</code></example>
        public Dataset WithTargets(Tensor targets) => DatasetModule.from(data.NamedInputs, targets);

        /// <summary>The same targets with inputs made of the old ones.</summary>
        /// <param name="function">From the inputs to others with the same number of rows.</param>
        /// <exception cref="ShapeError">The function gives more or fewer rows.</exception>
        /// <example><code>var half = data.MapInputs(x => Tensor.Full(DType.F32, 0.5, [.. x.Shape]));</code></example>
        public Dataset MapInputs(Func<Tensor, Tensor> function) =>
            DatasetModule.mapInputs(Interop.Function(function), data);

        /// <summary>The same data with another tensor in the place of the input of a name, made of the old one.</summary>
        /// <param name="name">The name of the input that is changed.</param>
        /// <param name="function">From that input to another with the same number of rows.</param>
        /// <exception cref="DomainError">There is no input of that name.</exception>
        /// <example><code>var scaled = byName.MapInput("area", area => area.Cast(DType.F64));</code></example>
        public Dataset MapInput(string name, Func<Tensor, Tensor> function) =>
            DatasetModule.mapInput(Interop.Present(name), Interop.Function(function), data);

        /// <summary>
        /// The batches of an epoch, each made while the one before it is in use. Another epoch has another order, the same one
        /// always the same.
        /// </summary>
        /// <param name="size">Rows in a batch, 1 or more; the last batch may have fewer.</param>
        /// <param name="shuffle">Whether rows come in random order.</param>
        /// <param name="dropLast">Whether a last batch that is smaller is left out.</param>
        /// <param name="seed">The same seed gives the same order of rows.</param>
        /// <param name="epoch">The number of the epoch, from 0: each has an order of its own.</param>
        /// <exception cref="DomainError">The size is below 1.</exception>
        /// <example><code>foreach (var batch in data.Batches(64, seed: 1, epoch: 3))</code></example>
        public IEnumerable<Dataset> Batches(
            int size, bool shuffle = true, bool dropLast = false, long seed = 0, int epoch = 0) =>
            DL1.Batches.epoch(new BatchOptions(size, shuffle, dropLast, null), Key.OfSeed(seed), epoch, data);
    }
}
