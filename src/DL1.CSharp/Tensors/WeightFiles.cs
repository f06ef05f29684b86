namespace DL1;

// Files of weights that other frameworks write: PyTorch's, TorchSharp's and llama.cpp's.
public static partial class TensorFiles
{
    /// <summary>
    /// The tensors of a file of PyTorch (<c>.pt</c>, <c>.pth</c>) by their paths: keys of dictionaries inside one another are
    /// joined by dots. Nothing of the file is run; names beyond those that tensors need are refused.
    /// </summary>
    /// <param name="path">A file of <c>torch.save</c> of PyTorch 1.6 or newer.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or holds more than tensors, numbers and texts.</exception>
    /// <example><code>Tree&lt;Tensor&gt; saved = TensorFiles.ReadPyTorch(path);</code></example>
    public static Tree<Tensor> ReadPyTorch(string path) => PyTorch.read(path);

    /// <summary>The tensors of a file of PyTorch below a name, without it; the others are not read.</summary>
    /// <param name="path">A file of <c>torch.save</c> of PyTorch 1.6 or newer.</param>
    /// <param name="at">The key, or keys joined by dots, such as <c>model</c> of <c>{'model': ..., 'optimizer': ...}</c>.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or has no tensors below the name.</exception>
    /// <example><code>Tree&lt;Tensor&gt; weights = TensorFiles.ReadPyTorch(checkpointPath, at: "model");</code></example>
    public static Tree<Tensor> ReadPyTorch(string path, string at) => PyTorch.readAt(at, path);

    /// <summary>The tensors of a file of PyTorch whose paths are wanted; the others are not read.</summary>
    /// <param name="path">A file of <c>torch.save</c> of PyTorch 1.6 or newer.</param>
    /// <param name="wanted">Whether the tensor at a path is read.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or no tensor is wanted.</exception>
    /// <example><code>Tree&lt;Tensor&gt; biases = TensorFiles.ReadPyTorch(path, name => name.EndsWith(".bias"));</code></example>
    public static Tree<Tensor> ReadPyTorch(string path, Func<string, bool> wanted) =>
        PyTorch.readSome(Interop.Function(wanted), path);

    /// <summary>The tensors of a file of PyTorch, and its other values as texts by their paths, such as <c>epoch</c>.</summary>
    /// <param name="path">A file of <c>torch.save</c> of PyTorch 1.6 or newer.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or holds more than tensors, numbers and texts.</exception>
    /// <example><code>var (tensors, texts) = TensorFiles.ReadPyTorchWithTexts(path);</code></example>
    public static (Tree<Tensor> Tensors, IReadOnlyDictionary<string, string> Texts) ReadPyTorchWithTexts(string path)
    {
        var (tensors, texts) = PyTorch.readWith(path);
        return (tensors, texts);
    }

    /// <summary>The tensors of a file of PyTorch, asynchronously.</summary>
    /// <param name="path">A file of <c>torch.save</c> of PyTorch 1.6 or newer.</param>
    /// <param name="cancellation">Ends the work with an <c>OperationCanceledException</c>.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or holds more than tensors, numbers and texts.</exception>
    /// <example><code>Tree&lt;Tensor&gt; savedLater = await TensorFiles.ReadPyTorchAsync(path);</code></example>
    public static Task<Tree<Tensor>> ReadPyTorchAsync(string path, CancellationToken cancellation = default) =>
        Interop.Read(path, PyTorch.read, FromPyTorch, cancellation);

    /// <summary>The tensors from the bytes of a file of PyTorch.</summary>
    /// <param name="bytes">The bytes of a file of <c>torch.save</c>.</param>
    /// <exception cref="FormatError">The bytes are damaged, or hold more than tensors, numbers and texts.</exception>
    /// <example><code>Tree&lt;Tensor&gt; received = TensorFiles.FromPyTorch(content);</code></example>
    public static Tree<Tensor> FromPyTorch(byte[] bytes) => PyTorch.ofBytes(bytes).Item1;

    /// <summary>The types and shapes of the tensors of a file of PyTorch by their paths; no numbers are read.</summary>
    /// <param name="path">A file of <c>torch.save</c> of PyTorch 1.6 or newer.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or holds more than tensors, numbers and texts.</exception>
    /// <example><code>TensorInfo stored = TensorFiles.PyTorchContents(path)["0.weight"];</code></example>
    public static Tree<TensorInfo> PyTorchContents(string path) => PyTorch.contents(path);

    /// <summary>The tensors of a file of TorchSharp's <c>module.save</c> (<c>.dat</c>) by their names.</summary>
    /// <param name="path">A file that <c>module.save</c>, or TorchSharp's script <c>exportsd.py</c>, has written.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or not TorchSharp's.</exception>
    /// <example><code>Tree&lt;Tensor&gt; module = TensorFiles.ReadTorchSharp(path);</code></example>
    public static Tree<Tensor> ReadTorchSharp(string path) => TorchSharpFile.read(path);

    /// <summary>The tensors from the bytes of a file of TorchSharp's.</summary>
    /// <param name="bytes">The bytes of a file of <c>module.save</c>.</param>
    /// <exception cref="FormatError">The bytes are damaged, or not TorchSharp's.</exception>
    /// <example><code>Tree&lt;Tensor&gt; sent = TensorFiles.FromTorchSharp(data);</code></example>
    public static Tree<Tensor> FromTorchSharp(byte[] bytes) => TorchSharpFile.ofBytes(bytes);

    /// <summary>
    /// The tensors of a GGUF file of llama.cpp by their names, as f32: F32, F16, BF16, and the quantised types Q8_0, Q4_0, Q4_K, Q5_K
    /// and Q6_K.
    /// </summary>
    /// <param name="path">A GGUF file of version 2 or 3.</param>
    /// <exception cref="FormatError">The file is not there, damaged, no GGUF file, or has types that are not read.</exception>
    /// <example><code>Tree&lt;Tensor&gt; model = TensorFiles.ReadGguf(path);</code></example>
    public static Tree<Tensor> ReadGguf(string path) => Gguf.read(path);

    /// <summary>The tensors of a GGUF file whose names are wanted; the others are not read.</summary>
    /// <param name="path">A GGUF file of version 2 or 3.</param>
    /// <param name="wanted">Whether the tensor of a name is read.</param>
    /// <exception cref="FormatError">The file is not there, damaged, no GGUF file, or no tensor is wanted.</exception>
    /// <example><code>Tree&lt;Tensor&gt; block = TensorFiles.ReadGguf(path, name => name.StartsWith("blk.0."));</code></example>
    public static Tree<Tensor> ReadGguf(string path, Func<string, bool> wanted) =>
        Gguf.readSome(Interop.Function(wanted), path);

    /// <summary>The tensors of a GGUF file, and the values about the model as texts, lists of them as JSON.</summary>
    /// <param name="path">A GGUF file of version 2 or 3.</param>
    /// <exception cref="FormatError">The file is not there, damaged, no GGUF file, or has types that are not read.</exception>
    /// <example><code>var (tensors, texts) = TensorFiles.ReadGgufWithTexts(path);</code></example>
    public static (Tree<Tensor> Tensors, IReadOnlyDictionary<string, string> Texts) ReadGgufWithTexts(string path)
    {
        var (tensors, texts) = Gguf.readWith(path);
        return (tensors, texts);
    }

    /// <summary>The types and shapes of the tensors of a GGUF file by their names; no numbers are read.</summary>
    /// <param name="path">A GGUF file of version 2 or 3.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or no GGUF file.</exception>
    /// <example><code>TensorInfo stored = TensorFiles.GgufContents(path)["blk.0.w"];</code></example>
    public static Tree<TensorInfo> GgufContents(string path) => Gguf.contents(path);

    /// <summary>The tensors from the bytes of a GGUF file.</summary>
    /// <param name="bytes">The bytes of a GGUF file of version 2 or 3.</param>
    /// <exception cref="FormatError">The bytes are damaged, of no GGUF file, or have types that are not read.</exception>
    /// <example><code>Tree&lt;Tensor&gt; fromBytes = TensorFiles.FromGguf(gguf);</code></example>
    public static Tree<Tensor> FromGguf(byte[] bytes) => Gguf.ofBytes(bytes).Item1;

    extension(Tree<Tensor> tensors)
    {
        /// <summary>Writes a state dict of PyTorch's: <c>torch.load(path, weights_only=True)</c> reads it.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="floats">How floating-point numbers are stored; as they are unless given. 16 bits halve a file of f32.</param>
        /// <exception cref="DomainError">No file can be written there, or 16 bits would turn a number to infinity.</exception>
        /// <example><code>parameters.WritePyTorch(path, FloatStorage.BF16);</code></example>
        public void WritePyTorch(string path, FloatStorage floats = default) => PyTorch.writeAs(floats, path, tensors);

        /// <summary>The bytes of a state dict of PyTorch's.</summary>
        /// <example><code>byte[] content = parameters.ToPyTorch();</code></example>
        public byte[] ToPyTorch() => PyTorch.toBytes(tensors);

        /// <summary>
        /// Writes a file of TorchSharp's: <c>module.load(path)</c> reads it where names, types and shapes are those of the module.
        /// </summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="floats">How floating-point numbers are stored; as they are unless given.</param>
        /// <exception cref="DomainError">No file can be written there, or 16 bits would turn a number to infinity.</exception>
        /// <example><code>parameters.WriteTorchSharp(path);</code></example>
        public void WriteTorchSharp(string path, FloatStorage floats = default) => TorchSharpFile.writeAs(floats, path, tensors);

        /// <summary>The bytes of a file of TorchSharp's.</summary>
        /// <example><code>byte[] data = parameters.ToTorchSharp();</code></example>
        public byte[] ToTorchSharp() => TorchSharpFile.toBytes(tensors);
    }
}
