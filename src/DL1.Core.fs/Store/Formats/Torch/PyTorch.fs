namespace DL1

open System
open System.IO
open System.Text

/// PyTorch's own files, `.pt` and `.pth`, as `torch.save` writes them since PyTorch 1.6. They hold a pickle, in which others may
/// hide programs: here nothing of it is run. It is read as data by 34 opcodes and the few names that tensors and
/// dictionaries need; everything else is refused by name. Tensors in dictionaries inside one another have dotted paths:
/// `model.0.weight`. Types that tensors do not have are widened (f16 and bf16 to f32, bytes to i32). What is written is a
/// state dict, which `torch.load(path, weights_only=True)` takes.
[<RequireQualifiedAccess>]
module PyTorch =
    let private operation = "PyTorch.read"
    let private kind = "a file of torch.save"
    let private all (_: string) = true

    /// The tensors of a file by their paths, in its order. `PyTorch.read path`
    let read (path: string) : Tree<Tensor> =
        Raw.openFileAsIs operation kind path (TorchArchive.read operation all) |> fst

    /// The tensors of a file, and all other values of it as texts by their paths: `epoch`, `optimizer.param_groups.0.lr`.
    /// `let tensors, texts = PyTorch.readWith path`
    let readWith (path: string) : Tree<Tensor> * Map<string, string> =
        Raw.openFileAsIs operation kind path (TorchArchive.read operation all)

    /// The tensors whose paths a function chooses: the numbers of the others are not read. That it chooses none is a
    /// `FormatError`. `PyTorch.readSome (fun path -> path.StartsWith "encoder.") path`
    let readSome (choose: string -> bool) (path: string) : Tree<Tensor> =
        Raw.openFileAsIs "PyTorch.readSome" kind path (TorchArchive.read "PyTorch.readSome" choose) |> fst

    /// The tensors below a name, by their paths below it: of `{'model': ..., 'optimizer': ...}` the model. The others are
    /// not read. `PyTorch.readAt "model" path`
    let readAt (name: string) (path: string) : Tree<Tensor> =
        let inside (path: string) = path.StartsWith(name + ".", StringComparison.Ordinal)

        Raw.openFileAsIs "PyTorch.readAt" kind path (TorchArchive.read "PyTorch.readAt" inside)
        |> fst
        |> Tree.at name

    /// The types and shapes of the tensors of a file by their paths; no numbers are read. `PyTorch.contents path`
    let contents (path: string) : Tree<TensorInfo> =
        Raw.openFileAsIs operation kind path (fun stream ->
            let archive = TorchArchive.openOn operation stream
            Tree.ofList [ for v in archive.Views -> v.Path, { Type = v.Type; Shape = v.Shape } ])

    /// The tensors and texts from the bytes of a file. `PyTorch.ofBytes (PyTorch.toBytes weights)`
    let ofBytes (bytes: byte[]) : Tree<Tensor> * Map<string, string> =
        Raw.openBytesAsIs operation bytes (TorchArchive.read operation all)

    let private put storage (tensors: Tree<Tensor>) (stream: Stream) =
        let rows = Tree.toList tensors

        for path, t in rows do
            FloatStorage.require "PyTorch.write" storage path t

        let text (content: string) (s: Stream) = s.Write(ReadOnlySpan(Encoding.ASCII.GetBytes content))
        let pickle = PickleWriter.stateDict storage rows

        StoredZipWriter.write
            StoredZipWriter.limit
            [
                "archive/data.pkl", (fun s -> s.Write(ReadOnlySpan pickle))
                "archive/byteorder", text "little"
                for i, (_, t) in List.indexed rows do
                    $"archive/data/%d{i}", FloatStorage.write storage t
                "archive/version", text "3\n"
            ]
            stream

    /// The bytes of a file of tensors. `PyTorch.toBytes weights`
    let toBytes (tensors: Tree<Tensor>) : byte[] =
        use memory = new MemoryStream()
        put FloatStorage.AsIs tensors memory
        memory.ToArray()

    /// Writes tensors as a state dict, whole or not at all, floating-point numbers stored as it is said. A finite number that
    /// 16 bits would turn to infinity is a `DomainError`. `PyTorch.writeAs FloatStorage.BF16 path weights`
    let writeAs (storage: FloatStorage) (path: string) (tensors: Tree<Tensor>) : unit =
        AtomicFile.write path (put storage tensors)

    /// Writes tensors as a state dict, whole or not at all; `torch.load(path, weights_only=True)` reads it.
    /// `PyTorch.write path weights`
    let write (path: string) (tensors: Tree<Tensor>) : unit = writeAs FloatStorage.AsIs path tensors
