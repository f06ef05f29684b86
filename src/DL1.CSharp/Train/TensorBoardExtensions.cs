namespace DL1;

/// <summary>Writes more of a training to TensorBoard than its progress.</summary>
public static class TensorBoardExtensions
{
    extension(TensorBoard board)
    {
        /// <summary>
        /// The hyper-parameters of this training, and the tags of the numbers that trainings are compared by in the tab HParams.
        /// </summary>
        /// <param name="values">Names, each once, with their values.</param>
        /// <param name="metrics">Tags such as <c>epoch/validation_loss</c>.</param>
        /// <exception cref="DomainError">A name is empty or there twice.</exception>
        /// <example><code>board.WriteHyperparameters([("rate", HyperValue.NewNumber(0.01)), ("optimizer", HyperValue.NewWord("adam"))], ["epoch/loss"]);</code></example>
        public void WriteHyperparameters(IEnumerable<(string Name, HyperValue Value)> values, IEnumerable<string> metrics) =>
            board.Hyperparameters(
                values.Select(v => Tuple.Create(Interop.Present(v.Name), Interop.Present(v.Value))), Interop.List(metrics));

        /// <summary>Writes a histogram of each parameter after an epoch.</summary>
        /// <param name="report">The report that a callback receives after an epoch.</param>
        /// <example><code>OnEpoch: report => board.WriteParameters(report)</code></example>
        public Answer WriteParameters(EpochReport report)
        {
            foreach (var (path, values) in report.State.Value.Parameters)
            {
                board.Histogram($"parameter/{path}", report.Epoch.Steps, values);
            }

            return Answer.Continue;
        }
    }
}
