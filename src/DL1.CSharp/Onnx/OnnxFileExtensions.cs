using DL1.Onnx;
using OnnxModule = DL1.Onnx.Onnx;

namespace DL1;

/// <summary>
/// ONNX files: what they hold, and what DL1 makes of them. A file is read once and imported for the inputs that decide
/// shapes or branches; the imported model is run, applied to expressions, or used as a layer.
/// </summary>
public static class OnnxFileExtensions
{
    private static Microsoft.FSharp.Collections.FSharpList<DL1.Onnx.Given> Of((string Input, Tensor Value)[] given) =>
        Interop.List(given.Select(g => OnnxModule.given(g.Input, g.Value)));

    extension(OnnxFile)
    {
        /// <summary>Reads a file. Weights, and tensors in files beside it, are read when they are needed.</summary>
        /// <param name="path">An ONNX file.</param>
        /// <exception cref="FormatError">The file is not there, is no ONNX model, or is damaged; the message names the byte.</exception>
        /// <example><code>var file = OnnxFile.Read(path);</code></example>
        public static OnnxFile Read(string path) => OnnxModule.read(path);

        /// <summary>Reads a model from the bytes of a file, which are used as they are and must not change.</summary>
        /// <param name="bytes">The bytes of an ONNX file.</param>
        /// <exception cref="FormatError">The bytes are no ONNX model, or damaged.</exception>
        /// <example><code>var embedded = OnnxFile.OfBytes(File.ReadAllBytes(path));</code></example>
        public static OnnxFile OfBytes(byte[] bytes) => OnnxModule.ofBytes(bytes);
    }

    extension(OnnxFile file)
    {
        /// <summary>Imports the file: its nodes become expressions for the shapes that it is run with.</summary>
        /// <param name="given">
        /// Values of inputs that decide shapes or branches, by name; mostly none. They are left out when the model is run.
        /// </param>
        /// <exception cref="FormatError">The file has operators or attributes that DL1 does not have; the message lists all.</exception>
        /// <exception cref="DomainError">A name is that of no input.</exception>
        /// <example><code>var network = file.Import();</code></example>
        public ImportedModel Import(params (string Input, Tensor Value)[] given) => OnnxModule.import(Of(given), file);

        /// <summary>
        /// Imports a model that takes one sample, <c>[1; ...]</c>, as one that takes batches of any size: the batch stands in the
        /// place of the 1.
        /// </summary>
        /// <param name="given">Values of inputs that decide shapes or branches, by name; mostly none.</param>
        /// <exception cref="FormatError">The file has operators or attributes that DL1 does not have; the message lists all.</exception>
        /// <exception cref="DomainError">A name is that of no input.</exception>
        /// <example><code>var batched = file.ImportPerSample();</code></example>
        public ImportedModel ImportPerSample(params (string Input, Tensor Value)[] given) => OnnxModule.perSample(Of(given), file);

        /// <summary>
        /// The file as a layer from its input to its first output, to be composed and trained: its parameters begin as the
        /// file's weights and have their names.
        /// </summary>
        /// <param name="given">Values of further inputs, by name; mostly none.</param>
        /// <exception cref="FormatError">The file has operators or attributes that DL1 does not have; the message lists all.</exception>
        /// <exception cref="DomainError">The model has several inputs that are not given.</exception>
        /// <example><code>var tuned = file.ToModel().Then(Layers.Relu()).Then(Layers.Linear(2));</code></example>
        public Layer<Expr, Expr> ToModel(params (string Input, Tensor Value)[] given) =>
            OnnxModule.layer(OnnxModule.import(Of(given), file));

        /// <summary>
        /// A model that takes one sample, <c>[1; ...]</c>, as a layer that takes batches of any size, to be composed and trained
        /// as <c>ToModel</c> is.
        /// </summary>
        /// <param name="given">Values of further inputs, by name; mostly none.</param>
        /// <exception cref="FormatError">The file has operators or attributes that DL1 does not have; the message lists all.</exception>
        /// <exception cref="DomainError">The model has several inputs that are not given.</exception>
        /// <example><code>var lifted = file.ToModelPerSample().Then(Layers.Linear(2));</code></example>
        public Layer<Expr, Expr> ToModelPerSample(params (string Input, Tensor Value)[] given) =>
            OnnxModule.layer(OnnxModule.perSample(Of(given), file));
    }

    extension(ImportedModel model)
    {
        /// <summary>
        /// Runs the model: tensors by the inputs' names to tensors by the outputs' names. It is compiled for the shapes of the
        /// inputs at the first call, and may be called by many threads.
        /// </summary>
        /// <param name="inputs">A tensor for each input, by name.</param>
        /// <exception cref="DomainError">An input is missing, there twice, or of another name.</exception>
        /// <exception cref="ShapeError">An input has a type or a shape that the model does not take.</exception>
        /// <exception cref="FormatError">A shape depends on the numbers of an input: give that one to <c>Import</c>.</exception>
        /// <example><code>Tensor scores = network.Run(("x", samples))["y"];</code></example>
        public Tree<Tensor> Run(params (string Input, Tensor Value)[] inputs) => OnnxModule.run(Interop.Bindings(inputs), model);

        /// <summary>Values inside the model, by their names in the file.</summary>
        /// <param name="names">Names of inputs and of outputs of nodes.</param>
        /// <param name="inputs">A tensor for each input, by name.</param>
        /// <exception cref="DomainError">A name is that of no value in the model, or the model was lifted to batches.</exception>
        /// <exception cref="ShapeError">An input has a type or a shape that the model does not take.</exception>
        /// <example><code>Tree&lt;Tensor&gt; inside = network.Activations(["x", "y"], ("x", samples));</code></example>
        public Tree<Tensor> Activations(IEnumerable<string> names, params (string Input, Tensor Value)[] inputs) =>
            OnnxModule.activations(Interop.List(names), Interop.Bindings(inputs), model);

        /// <summary>The outputs as expressions of the inputs, in order, with the weights as constants: to be printed or differentiated.</summary>
        /// <param name="inputs">An expression for each input, in order.</param>
        /// <exception cref="DomainError">There are more or fewer expressions than inputs.</exception>
        /// <exception cref="ShapeError">An input has a type or a shape that the model does not take.</exception>
        /// <exception cref="FormatError">A shape depends on the numbers of an input: give that one to <c>Import</c>.</exception>
        /// <example><code>Expr logits = network.Apply(Expr.Variable("x", 2, 4))[0];</code></example>
        public IReadOnlyList<Expr> Apply(params Expr[] inputs) => OnnxModule.apply(Interop.List(inputs), model);

        /// <summary>
        /// The model as a layer from named inputs to named outputs, to be trained as part of another: its parameters begin as
        /// the file's weights.
        /// </summary>
        /// <example><code>Layer&lt;Tree&lt;Expr&gt;, Tree&lt;Expr&gt;&gt; named = network.ToNamedModel();</code></example>
        public Layer<Tree<Expr>, Tree<Expr>> ToNamedModel() => OnnxModule.layerOf(model);
    }
}
