using DL1.Data;
using DL1.Onnx;

namespace DL1;

/// <summary>
/// ONNX files written: graphs, trained models, pipelines and training steps, in core operators of opset 18, which ONNX Runtime and
/// others run. The batch is named <c>batch</c> and may have any size. The same model is the same bytes.
/// </summary>
public static class OnnxExportExtensions
{
    extension(Trained trained)
    {
        /// <summary>
        /// Writes the model in inference as an ONNX file, whole or not at all: <c>inputs</c> to <c>output</c>, and
        /// <c>probabilities</c> where they are asked for. Parameters are initializers by their own names.
        /// </summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="example">Inputs <c>[rows; ...]</c>, of which only type and shape matter; any number of rows will do.</param>
        /// <param name="before">What is done to the inputs first, such as scaling: it becomes part of the file.</param>
        /// <param name="probabilities">Whether the file gives probabilities too: softmax of scores <c>[rows; classes]</c>, the sigmoid of one a row.</param>
        /// <param name="externalFrom">
        /// Parameters of as many bytes or more go to a file beside the model, <c>path.&lt;digest&gt;.data</c>, which the standard calls
        /// external data; without it, all of them where they are more than 2 GB, and none otherwise.
        /// </param>
        /// <exception cref="DomainError">
        /// The model draws in inference, takes the error function of f64, treats batches of different sizes differently, or no file can be
        /// written there.
        /// </exception>
        /// <exception cref="ShapeError">The example does not fit the model; the message names the layer.</exception>
        /// <example><code>trained.SaveOnnx(onnxPath, test.Inputs, x => x / 16, probabilities: true);</code></example>
        public void SaveOnnx(
            string path,
            Tensor example,
            Func<Expr, Expr>? before = null,
            bool probabilities = false,
            long? externalFrom = null)
        {
            var first = Interop.Function(before ?? (x => x));
            var last = Interop.Function(
                (Expr y) => probabilities ? OnnxExport.probabilities(y) : Interop.List([Tuple.Create("output", y)]));

            if (externalFrom is { } bytes)
            {
                OnnxExport.writeExternalWith(path, bytes, example, first, last, trained);
            }
            else
            {
                OnnxExport.writeWith(path, example, first, last, trained);
            }
        }

        /// <summary>
        /// Writes a model of several inputs or outputs as an ONNX file, by their names; those of tuples are <c>inputs.1</c> and
        /// <c>output.1</c>.
        /// </summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="data">Rows as the model takes them, of which only names, types and shapes matter.</param>
        /// <exception cref="DomainError">The model cannot be written, as in <c>SaveOnnx</c> of one input, or no file can be written there.</exception>
        /// <exception cref="ShapeError">The rows do not fit the model; the message names the layer.</exception>
        /// <example><code>homes.SaveOnnx(homesPath, rooms);</code></example>
        public void SaveOnnx(string path, Dataset data) => OnnxExport.writeNamed(path, data, trained);
    }

    extension(FittedPipeline fitted)
    {
        /// <summary>
        /// Writes the whole pipeline as an ONNX file: what is put in where a number is missing, features, scaling, the model, and
        /// probabilities. Each field is an input of its own name: a number f64 <c>[batch, 1]</c>, NaN where it is missing; a category i64
        /// <c>[batch, 1]</c>, its place among <c>fitted.Inputs</c>' categories, −1 where it is missing. The output is
        /// <c>probabilities</c> f64 <c>[batch, classes]</c>, or <c>output</c> f64 <c>[batch, 1]</c> of a regression. The file's metadata
        /// has the categories of each field and the classes, one a line.
        /// </summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <exception cref="DomainError">
        /// The pipeline's graph cannot be written, such as one that takes the error function of f64, or no file can be written there.
        /// </exception>
        /// <example><code>fitted.SaveOnnx(pipelinePath);</code></example>
        public void SaveOnnx(string path)
        {
            var fields = fitted.Inputs;
            var places = fitted.InputNames.Select((name, place) => (name, place)).ToDictionary(p => p.name, p => p.place);

            // A field of numbers is a column; a field of categories a column of 0 and 1 for each that has one.
            IEnumerable<(int Place, Expr Column)> Columns(PipelineField field, Expr values)
            {
                if (field.Categories.Count == 0)
                {
                    yield return (places[field.Name], values);
                    yield break;
                }

                for (var k = 0; k < field.Categories.Count; k++)
                {
                    if (places.TryGetValue($"{field.Name}={field.Categories[k]}", out var place))
                    {
                        yield return (place, Expr.Equal(values, k).Cast(DType.F64));
                    }
                }
            }

            Expr Inputs(IEnumerable<Expr> values) =>
                Expr.Concat(
                    1,
                    [.. fields.Zip(values).SelectMany(f => Columns(f.First, f.Second)).OrderBy(c => c.Place).Select(c => c.Column)]);

            var examples = fields.Select(field =>
                Expr.Variable(field.Name, field.Categories.Count == 0 ? DType.F64 : DType.I64, 1, 1));
            var output = fitted.Task.IsClassification ? "probabilities" : "output";
            var categories = fields.Where(field => field.Categories.Count > 0)
                .Select(field => Tuple.Create("categories." + field.Name, string.Join('\n', field.Categories)));
            var classes = fitted.Classes.Count == 0 ? [] : new[] { Tuple.Create("classes", string.Join('\n', fitted.Classes)) };

            OnnxExport.writeFunctionWith(
                path,
                Interop.List(categories.Concat(classes)),
                Interop.List(examples),
                Interop.Function((Microsoft.FSharp.Collections.FSharpList<Expr> values) =>
                    Interop.List([Tuple.Create(output, fitted.ExpressPredictions(Inputs(values)))])));
        }
    }

    extension(Learner learner)
    {
        /// <summary>
        /// Writes a training step for batches like one as an ONNX file: forward, loss, gradients, the optimizer's update and running
        /// statistics. Its inputs are <c>inputs</c>, <c>targets</c> and the state by its paths, <c>parameters.0.weight</c>,
        /// <c>optimizer.step</c>; its outputs are <c>loss</c> and each piece of state after the step, <c>next.parameters.0.weight</c>.
        /// </summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="state">A state of the training, of which only names, types and shapes matter: <c>learner.Start</c>.</param>
        /// <param name="batch">A batch; the file's step takes batches of as many rows.</param>
        /// <exception cref="DomainError">The step draws random numbers or gathers batches, or no file can be written there.</exception>
        /// <example><code>learner.SaveOnnxStep(stepPath, state, data);</code></example>
        public void SaveOnnxStep(string path, TrainState state, Dataset batch) =>
            OnnxExport.writeStep(path, learner, state, batch);
    }

    extension(Expr)
    {
        /// <summary>Writes any graph as an ONNX file, with the shapes that it has; inputs are variables, and keep their names.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="inputs">The variables of the graph, in the order of the file's inputs.</param>
        /// <param name="outputs">What is computed, by name.</param>
        /// <exception cref="DomainError">
        /// A variable is no input, a name is there twice, the graph draws random numbers or takes the error function of f64, or no file can
        /// be written there.
        /// </exception>
        /// <example><code>Expr.SaveOnnx(graphPath, [a, b], [("sum", a + b), ("product", a * b)]);</code></example>
        public static void SaveOnnx(string path, IEnumerable<Expr> inputs, IEnumerable<(string Name, Expr Value)> outputs) =>
            OnnxExport.writeGraph(
                path,
                Interop.List(inputs),
                Interop.List(outputs.Select(o => Tuple.Create(Interop.Present(o.Name), Interop.Present(o.Value)))));

        /// <summary>
        /// Writes a function of batches of any size as an ONNX file. The function is called for three sizes; what differs between them is
        /// computed from the batch in the file.
        /// </summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="example">A variable <c>[batch; ...]</c>, whose leading extent does not matter.</param>
        /// <param name="function">From a batch to outputs by name.</param>
        /// <exception cref="DomainError">
        /// The function treats batches of different sizes differently, or draws, or no file can be written there.
        /// </exception>
        /// <example><code>Expr.SaveOnnx(graphPath, a, x => [("doubled", x * 2)]);</code></example>
        public static void SaveOnnx(string path, Expr example, Func<Expr, IEnumerable<(string Name, Expr Value)>> function) =>
            OnnxExport.writeFunction(
                path,
                Interop.List([example]),
                Interop.Function((Microsoft.FSharp.Collections.FSharpList<Expr> values) =>
                    Interop.List(function(values[0]).Select(o => Tuple.Create(Interop.Present(o.Name), Interop.Present(o.Value))))));
    }
}
