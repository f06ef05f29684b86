namespace DL1;

/// <summary>
/// Loops of steps that keep their state in memory of their own: <c>Step</c> advances, <c>Scalar</c> and <c>Output</c> read
/// what the last step gave, <c>State</c> copies of the state. Nothing is allocated from step to step.
/// </summary>
public static class SessionExtensions
{
    extension(Session)
    {
        /// <summary>A session.</summary>
        /// <param name="state">The variables of the state, each with its first value and what it is next.</param>
        /// <param name="inputs">The variables that each step is given, in the order of <c>Step</c>.</param>
        /// <param name="outputs">What is wanted of each step beside the state.</param>
        /// <param name="options">Threads and checks; all processors and no checks, unless given.</param>
        /// <exception cref="DomainError">Something needs a variable that is neither state nor input.</exception>
        /// <exception cref="ShapeError">A first or a next value has another type or shape than its variable.</exception>
        /// <example><code>var counting = Session.Start(state: [(n, Tensor.Zeros(), n + step)], inputs: [step], outputs: [n * n]);</code></example>
        public static Session Start(
            IEnumerable<(Expr Variable, Tensor First, Expr Next)> state, IEnumerable<Expr> inputs, IEnumerable<Expr> outputs,
            CompileOptions? options = null)
        {
            var all = state.ToArray();
            return Session.With(
                options ?? Compile.standard,
                Interop.List(all.Select(s => Tuple.Create(Interop.VariableOf(s.Variable, "Session"), s.First))),
                Interop.List(all.Select(s => s.Next)),
                Interop.List(inputs.Select(e => Interop.VariableOf(e, "Session"))),
                Interop.List(outputs));
        }
    }

    extension(Session session)
    {
        /// <summary>
        /// A part of the state as it is now, as a tree of the same paths as another, from the place where the part begins: a
        /// copy that no step changes.
        /// </summary>
        /// <param name="like">A tree whose paths, types and shapes the part has.</param>
        /// <param name="start">The place in the state where the part begins, from 0.</param>
        /// <exception cref="DomainError">The state has fewer values behind the start than the tree has paths.</exception>
        /// <example><code>Tree&lt;Tensor&gt; trained = session.Read(weights);</code></example>
        public Tree<Tensor> Read<T>(Tree<T> like, int start = 0) =>
            like.WithValues(session.State.Skip(start).Take(like.Count));

        /// <summary>Other values in the place of the state, in its order, as if the steps had led there.</summary>
        /// <param name="values">One for each piece of the state, of its type and shape.</param>
        /// <exception cref="ShapeError">A value has another type or shape than its variable.</exception>
        /// <exception cref="DomainError">There are more or fewer values than variables of the state.</exception>
        /// <example><code>small.Load([.. large.State]);</code></example>
        public void Load(IEnumerable<Tensor> values) => session.Load(Interop.List(values));
    }

    extension(Tree<Expr> variables)
    {
        /// <summary>The variables of a tree as state of a session, each with its first value and what it is next.</summary>
        /// <param name="first">The first value of each variable, by its path.</param>
        /// <param name="next">What each variable is after a step, by its path.</param>
        /// <exception cref="DomainError">A path is not in all of the trees.</exception>
        /// <example><code>weights.Advancing(parameters, nextWeights)</code></example>
        public IEnumerable<(Expr Variable, Tensor First, Expr Next)> Advancing(Tree<Tensor> first, Tree<Expr> next) =>
            variables.Zip(first, (v, value) => (v, value)).Zip(next, (s, e) => (s.v, s.value, e)).Values;
    }

    extension(Key key)
    {
        /// <summary>The key as i32 <c>[2]</c>: what a variable that stands for a key is given.</summary>
        /// <example><code>session.Step(images, labels, Key.OfSeed(2).Fold(epoch).ToTensor());</code></example>
        public Tensor ToTensor() => KeyModule.toTensor(key);
    }
}
