using Microsoft.FSharp.Collections;

namespace DL1;

/// <summary>
/// Tensors in files. Writing replaces a file whole, or leaves the old one. Whatever is wrong with a file is a
/// <see cref="FormatError"/>. The asynchronous forms hold no thread while the disk works.
/// </summary>
public static partial class TensorFiles
{
    private static FSharpMap<string, string> Map(IReadOnlyDictionary<string, string>? texts) =>
        MapModule.OfSeq(Interop.Whole((texts ?? new Dictionary<string, string>()).Select(t => Tuple.Create(t.Key, t.Value)), "texts"));

    extension(Tensor)
    {
        /// <summary>A tensor from an npy file of NumPy's.</summary>
        /// <param name="path">An npy file of numbers or truth values.</param>
        /// <exception cref="FormatError">The file is not there, damaged, or no npy file.</exception>
        /// <example><code>Tensor read = Tensor.ReadNpy(path);</code></example>
        public static Tensor ReadNpy(string path) => Npy.read(path);

        /// <summary>A tensor from the bytes of an npy file.</summary>
        /// <param name="bytes">The bytes of an npy file.</param>
        /// <exception cref="FormatError">The bytes are damaged, or of no npy file.</exception>
        /// <example><code>Tensor ofBytes = Tensor.FromNpy(bytes);</code></example>
        public static Tensor FromNpy(byte[] bytes) => Npy.ofBytes(bytes);

        /// <summary>A tensor from an npy file, asynchronously.</summary>
        /// <param name="path">An npy file of numbers or truth values.</param>
        /// <param name="cancellation">Ends the work with an <c>OperationCanceledException</c>.</param>
        /// <exception cref="FormatError">The file is not there, damaged, or no npy file.</exception>
        /// <example><code>Tensor readLater = await Tensor.ReadNpyAsync(path);</code></example>
        public static Task<Tensor> ReadNpyAsync(string path, CancellationToken cancellation = default) =>
            Interop.Read(path, Npy.read, Npy.ofBytes, cancellation);

        /// <summary>A tensor from an IDX file, in which MNIST is published, packed by gzip or not.</summary>
        /// <param name="path">An IDX file, packed by gzip or not.</param>
        /// <exception cref="FormatError">The file is not there, damaged, or no IDX file.</exception>
        /// <example><code>Tensor pixels = Tensor.ReadIdx(idxPath);</code></example>
        public static Tensor ReadIdx(string path) => Idx.read(path);

        /// <summary>A tensor from the bytes of an IDX file.</summary>
        /// <param name="bytes">The bytes of an IDX file, packed by gzip or not.</param>
        /// <exception cref="FormatError">The bytes are damaged, or of no IDX file.</exception>
        /// <example><code>Tensor seven = Tensor.FromIdx([0, 0, 8, 1, 0, 0, 0, 1, 7]);</code></example>
        public static Tensor FromIdx(byte[] bytes) => Idx.ofBytes(bytes);
    }

    extension(Tensor tensor)
    {
        /// <summary>Writes an npy file, which <c>numpy.load</c> reads.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>tensor.WriteNpy(path);</code></example>
        public void WriteNpy(string path) => Npy.write(path, tensor);

        /// <summary>Writes an npy file, asynchronously.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="cancellation">Ends the work with an <c>OperationCanceledException</c>.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>await tensor.WriteNpyAsync(path);</code></example>
        public Task WriteNpyAsync(string path, CancellationToken cancellation = default) =>
            AtomicFile.writeBytesAsync(path, Npy.toBytes(tensor), cancellation);

        /// <summary>The bytes of an npy file.</summary>
        /// <example><code>byte[] bytes = tensor.ToNpy();</code></example>
        public byte[] ToNpy() => Npy.toBytes(tensor);
    }

    /// <summary>The tensors of a safetensors file, or of a model in several, by their names.</summary>
    /// <param name="path">A safetensors file, an index of several (<c>model.safetensors.index.json</c>), or a folder with either.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or no safetensors file.</exception>
    /// <example><code>Tree&lt;Tensor&gt; found = TensorFiles.ReadSafetensors(path);</code></example>
    public static Tree<Tensor> ReadSafetensors(string path) => Safetensors.read(path);

    /// <summary>
    /// The tensors of a safetensors file, or of a model in several, whose names are wanted. The others are not read, and files that
    /// have none are not opened.
    /// </summary>
    /// <param name="path">A safetensors file, an index of several, or a folder with either.</param>
    /// <param name="wanted">Whether the tensor of a name is read.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or no safetensors file, or no tensor is wanted.</exception>
    /// <example><code>Tree&lt;Tensor&gt; biases = TensorFiles.ReadSafetensors(path, name => name.EndsWith(".bias"));</code></example>
    public static Tree<Tensor> ReadSafetensors(string path, Func<string, bool> wanted) =>
        Safetensors.readSome(Interop.Function(wanted), path);

    /// <summary>The types and shapes of the tensors of a safetensors file, or of a model in several: only headers are read.</summary>
    /// <param name="path">A safetensors file, an index of several, or a folder with either.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or no safetensors file.</exception>
    /// <example><code>TensorInfo stored = TensorFiles.SafetensorsContents(path)["0.weight"];</code></example>
    public static Tree<TensorInfo> SafetensorsContents(string path) => Safetensors.contents(path);

    /// <summary>The tensors of a safetensors file, and the texts about them.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or no safetensors file.</exception>
    /// <example><code>var (tensors, texts) = TensorFiles.ReadSafetensorsWithTexts(path);</code></example>
    public static (Tree<Tensor> Tensors, IReadOnlyDictionary<string, string> Texts) ReadSafetensorsWithTexts(string path)
    {
        var (tensors, texts) = Safetensors.readWith(path);
        return (tensors, texts);
    }

    /// <summary>The tensors of a safetensors file, asynchronously.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="cancellation">Ends the work with an <c>OperationCanceledException</c>.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or no safetensors file.</exception>
    /// <example><code>Tree&lt;Tensor&gt; foundLater = await TensorFiles.ReadSafetensorsAsync(path);</code></example>
    public static Task<Tree<Tensor>> ReadSafetensorsAsync(string path, CancellationToken cancellation = default) =>
        Interop.Read(path, Safetensors.read, FromSafetensors, cancellation);

    /// <summary>The tensors from the bytes of a safetensors file.</summary>
    /// <param name="bytes">The bytes of a safetensors file.</param>
    /// <exception cref="FormatError">The bytes are damaged, or of no safetensors file.</exception>
    /// <example><code>Tree&lt;Tensor&gt; ofContent = TensorFiles.FromSafetensors(content);</code></example>
    public static Tree<Tensor> FromSafetensors(byte[] bytes) => Safetensors.ofBytes(bytes).Item1;

    /// <summary>The tensors of an npz file, in its order.</summary>
    /// <param name="path">An npz file of numbers or truth values.</param>
    /// <exception cref="FormatError">The file is not there, damaged, or no npz file.</exception>
    /// <example><code>Tree&lt;Tensor&gt; arrays = TensorFiles.ReadNpz(path);</code></example>
    public static Tree<Tensor> ReadNpz(string path) => Npy.readAll(path);

    /// <summary>The tensors from the bytes of an npz file.</summary>
    /// <param name="bytes">The bytes of an npz file.</param>
    /// <exception cref="FormatError">The bytes are damaged, or of no npz file.</exception>
    /// <example><code>Tree&lt;Tensor&gt; unzipped = TensorFiles.FromNpz(zipped);</code></example>
    public static Tree<Tensor> FromNpz(byte[] bytes) => Npy.allOfBytes(bytes);

    /// <summary>Writes a file whole: the function fills a stream; where it throws, the old file stays.</summary>
    /// <param name="path">Where the file goes; one that is there is replaced.</param>
    /// <param name="fill">Writes the content to a stream.</param>
    /// <exception cref="DomainError">No file can be written there.</exception>
    /// <example><code>TensorFiles.WriteWhole(path, stream => stream.WriteByte(1));</code></example>
    public static void WriteWhole(string path, Action<Stream> fill) =>
        AtomicFile.write(path, Microsoft.FSharp.Core.FuncConvert.ToFSharpFunc(fill));

    extension(Tree<Tensor> tensors)
    {
        /// <summary>
        /// Writes a safetensors file: with PyTorch's names in the tree, <c>model.load_state_dict(load_file(path))</c> takes it as it
        /// is. Texts about the tensors go with it.
        /// </summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="texts">Texts about the tensors by names of their own; none unless given.</param>
        /// <param name="floats">How floating-point numbers are stored; as they are unless given. 16 bits halve a file of f32.</param>
        /// <exception cref="DomainError">No file can be written there, or 16 bits would turn a number to infinity.</exception>
        /// <example><code>parameters.WriteSafetensors(path, new Dictionary&lt;string, string&gt; { ["made by"] = "DL1" });</code></example>
        public void WriteSafetensors(
            string path, IReadOnlyDictionary<string, string>? texts = null, FloatStorage floats = default) =>
            Safetensors.writeAs(floats, Map(texts), path, tensors);

        /// <summary>Writes a safetensors file, asynchronously.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="texts">Texts about the tensors by names of their own; none unless given.</param>
        /// <param name="floats">How floating-point numbers are stored; as they are unless given.</param>
        /// <param name="cancellation">Ends the work with an <c>OperationCanceledException</c>.</param>
        /// <exception cref="DomainError">No file can be written there, or 16 bits would turn a number to infinity.</exception>
        /// <example><code>await parameters.WriteSafetensorsAsync(path);</code></example>
        public Task WriteSafetensorsAsync(
            string path, IReadOnlyDictionary<string, string>? texts = null, FloatStorage floats = default,
            CancellationToken cancellation = default) =>
            AtomicFile.writeBytesAsync(path, tensors.ToSafetensors(texts, floats), cancellation);

        /// <summary>The bytes of a safetensors file.</summary>
        /// <param name="texts">Texts about the tensors by names of their own; none unless given.</param>
        /// <param name="floats">How floating-point numbers are stored; as they are unless given.</param>
        /// <exception cref="DomainError">16 bits would turn a number to infinity.</exception>
        /// <example><code>byte[] content = parameters.ToSafetensors();</code></example>
        public byte[] ToSafetensors(IReadOnlyDictionary<string, string>? texts = null, FloatStorage floats = default) =>
            Safetensors.toBytesAs(floats, Map(texts), tensors);

        /// <summary>
        /// Tensors that were found in the place of a model's own: the same paths and shapes, all numbers finite; floating-point
        /// types are converted to the model's.
        /// </summary>
        /// <param name="found">Tensors by the same paths, of the same shapes.</param>
        /// <exception cref="FormatError">They are of another model; the message names the first that does not fit.</exception>
        /// <example><code>Tree&lt;Tensor&gt; filled = parameters.FilledFrom(found);</code></example>
        public Tree<Tensor> FilledFrom(Tree<Tensor> found) => Safetensors.fit(tensors, found);

        /// <summary>
        /// These tensors in the place of a model's own parameters and state, path by path, where shapes and types fit. The result
        /// says what was taken, what is missing, what was left and what did not fit: for fine-tuning, where the head is new.
        /// </summary>
        /// <param name="parameters">The model's own parameters, such as <c>Init</c> makes.</param>
        /// <param name="state">The model's own layer state, such as <c>Init</c> makes.</param>
        /// <exception cref="FormatError">Nothing fits, or numbers are not finite.</exception>
        /// <exception cref="DomainError">Parameters and state share a path.</exception>
        /// <example><code>LoadedWeights loaded = found.Into(parameters, state);</code></example>
        public LoadedWeights Into(Tree<Tensor> parameters, Tree<Tensor> state) => Weights.take(parameters, state, tensors);

        /// <summary>Writes an npz file, which <c>numpy.load</c> reads.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>parameters.WriteNpz(path);</code></example>
        public void WriteNpz(string path) => Npy.writeAll(path, tensors);

        /// <summary>The bytes of an npz file.</summary>
        /// <example><code>byte[] zipped = parameters.ToNpz();</code></example>
        public byte[] ToNpz() => Npy.allToBytes(tensors);
    }

    extension(Checkpoint)
    {
        /// <summary>Reads a checkpoint: what <c>TrainingOptions.Resume</c> goes on from.</summary>
        /// <param name="path">A file that <c>Write</c> has written.</param>
        /// <exception cref="FormatError">The file is damaged, of another version, or no checkpoint.</exception>
        /// <example><code>Checkpoint checkpoint = Checkpoint.Read(path);</code></example>
        public static Checkpoint Read(string path) => CheckpointModule.read(path);

        /// <summary>Reads a checkpoint, asynchronously.</summary>
        /// <param name="path">A file that <c>Write</c> has written.</param>
        /// <param name="cancellation">Ends the work with an <c>OperationCanceledException</c>.</param>
        /// <exception cref="FormatError">The file is damaged, of another version, or no checkpoint.</exception>
        /// <example><code>Checkpoint checkpointLater = await Checkpoint.ReadAsync(path);</code></example>
        public static Task<Checkpoint> ReadAsync(string path, CancellationToken cancellation = default) =>
            Interop.Read(path, CheckpointModule.read, CheckpointModule.ofBytes, cancellation);

        /// <summary>A checkpoint from the bytes of its file.</summary>
        /// <param name="bytes">The bytes of a checkpoint's file.</param>
        /// <exception cref="FormatError">The bytes are damaged, of another version, or of no checkpoint.</exception>
        /// <example><code>Checkpoint sent = Checkpoint.FromBytes(message);</code></example>
        public static Checkpoint FromBytes(byte[] bytes) => CheckpointModule.ofBytes(bytes);
    }

    extension(Checkpoint checkpoint)
    {
        /// <summary>Writes a checkpoint, whole or not at all.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>checkpoint.Write(path);</code></example>
        public void Write(string path) => CheckpointModule.write(path, checkpoint);

        /// <summary>Writes a checkpoint, asynchronously.</summary>
        /// <param name="path">Where the file goes; one that is there is replaced.</param>
        /// <param name="cancellation">Ends the work with an <c>OperationCanceledException</c>.</param>
        /// <exception cref="DomainError">No file can be written there.</exception>
        /// <example><code>await checkpoint.WriteAsync(path);</code></example>
        public Task WriteAsync(string path, CancellationToken cancellation = default) =>
            AtomicFile.writeBytesAsync(path, CheckpointModule.toBytes(checkpoint), cancellation);

        /// <summary>The bytes of a checkpoint's file.</summary>
        /// <example><code>byte[] message = checkpoint.ToBytes();</code></example>
        public byte[] ToBytes() => CheckpointModule.toBytes(checkpoint);

        /// <summary>The user's texts.</summary>
        /// <example><code>string author = checkpoint.Texts["author"];</code></example>
        public IReadOnlyDictionary<string, string> Texts => checkpoint.Notes;

        /// <summary>The same checkpoint with texts of the user's.</summary>
        /// <param name="texts">Texts by names of their own.</param>
        /// <example><code>var signed = checkpoint.WithTexts(new Dictionary&lt;string, string&gt; { ["author"] = "Ada" });</code></example>
        public Checkpoint WithTexts(IReadOnlyDictionary<string, string> texts) =>
            new(
                checkpoint.Parameters, checkpoint.State, checkpoint.Optimizer, checkpoint.Key, checkpoint.Step,
                checkpoint.Extra, Map(texts));

        /// <summary>The state of training that it holds: what <c>TrainingOptions.Start</c> and a <c>Trainer</c> begin with.</summary>
        /// <example><code>TrainState resumed = checkpoint.ToState();</code></example>
        public TrainState ToState() => Step.ofCheckpoint(checkpoint);
    }

    extension(TrainState state)
    {
        /// <summary>The state of a training as a checkpoint.</summary>
        /// <example><code>Checkpoint now = state.ToCheckpoint();</code></example>
        public Checkpoint ToCheckpoint() => Step.toCheckpoint(state);
    }
}
