namespace DL1

open System
open System.Security.Cryptography
open System.Text

/// All that a training needs to go on where it was, to the same bits.
[<NoComparison>]
type Checkpoint =
    {
        /// The parameters of the model.
        Parameters: Tree<Tensor>
        /// The state of its layers, such as running statistics.
        State: Tree<Tensor>
        /// The state of the optimizer.
        Optimizer: Tree<Tensor>
        /// The key of the training.
        Key: Key
        /// How many steps were made.
        Step: int64
        /// Other tensors, such as the best parameters so far.
        Extra: Tree<Tensor>
        /// Texts of the user.
        Notes: Map<string, string>
    }

/// Checkpoints in files. A file is a safetensors file with a version and a checksum over all it says; it is written
/// whole or not at all, so that a kill at any moment leaves the old one or the new one.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Checkpoint =
    let private operation = "Checkpoint.read"
    let private version = "1"
    let private format = "dl1-checkpoint"
    let private reserved = "dl1."

    let private refuse given expected cure : 'a = Refuse.format operation given expected cure

    /// The checksum of names, types, shapes, bytes and texts: each with its length before it, so that nothing can move
    /// from one to the next.
    let private checksum (tensors: Tree<Tensor>) (texts: Map<string, string>) =
        use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
        let number (n: int) = hash.AppendData(BitConverter.GetBytes n)

        let text (s: string) =
            let bytes = Encoding.UTF8.GetBytes s
            number bytes.Length
            hash.AppendData bytes

        number tensors.Count

        for path, t in Tree.toList tensors do
            text path
            text t.DType.Name
            number t.Rank
            Seq.iter number t.Shape.Dims
            hash.AppendData(Raw.bytes t.Elements)

        number texts.Count

        for entry in texts do
            text entry.Key
            text entry.Value

        Convert.ToHexString(hash.GetHashAndReset())

    let private parts (c: Checkpoint) =
        [
            Tree.under "parameters" c.Parameters
            Tree.under "state" c.State
            Tree.under "optimizer" c.Optimizer
            Tree.under "extra" c.Extra
            Tree.ofList [ "key", Key.toTensor c.Key; "step", Tensor.scalar c.Step ]
        ]
        |> List.reduce Tree.append

    let private texts (tensors: Tree<Tensor>) (notes: Map<string, string>) =
        for note in notes do
            if note.Key.StartsWith(reserved, StringComparison.Ordinal) then
                Refuse.domain
                    "Checkpoint.write"
                    $"the note {note.Key}"
                    $"names that do not begin with {reserved}"
                    "give the note another name"

        let all = notes.Add($"{reserved}format", format).Add($"{reserved}version", version)
        all.Add($"{reserved}checksum", checksum tensors all)

    /// The bytes of a checkpoint's file. `Checkpoint.toBytes checkpoint`
    let toBytes (c: Checkpoint) : byte[] =
        let tensors = parts c
        Safetensors.toBytes (texts tensors c.Notes) tensors

    /// Writes a checkpoint, whole or not at all. `Checkpoint.write path checkpoint`
    let write (path: string) (c: Checkpoint) : unit =
        let tensors = parts c
        Safetensors.writeWith (texts tensors c.Notes) path tensors

    let private ofParts (tensors: Tree<Tensor>, texts: Map<string, string>) : Checkpoint =
        let said (name: string) = texts.TryFind $"{reserved}{name}" |> Option.defaultValue ""

        if said "format" <> format then
            refuse "a file that is no checkpoint" "a whole checkpoint" "read tensors alone as safetensors"

        let found = said "version"

        if found <> version then
            refuse
                $"version '{found}' of the format"
                $"version {version}"
                "read it by the version of DL1 that wrote it"

        let sum = checksum tensors (texts.Remove $"{reserved}checksum")

        if said "checksum" <> sum then
            refuse
                "a checksum that does not fit the content"
                "the content that was written"
                "take an older checkpoint: this one was damaged after it was written"

        let single name =
            match Tree.tryFind name tensors with
            | Some t -> t
            | None ->
                refuse $"no {name} in the checkpoint" $"the tensor {name}" "write it anew as a checkpoint"

        let key, step = single "key", single "step"

        if key.DType <> DType.I32 || key.Shape <> Shape.ofList [ 2 ] then
            refuse $"a key of {key.DType} {key.Shape}" "i32 [2]" "write it anew as a checkpoint"

        if step.DType <> DType.I64 || step.Size <> 1 then
            refuse $"a step of {step.DType} {step.Shape}" "i64 []" "write it anew as a checkpoint"

        {
            Parameters = Tree.at "parameters" tensors
            State = Tree.at "state" tensors
            Optimizer = Tree.at "optimizer" tensors
            Extra = Tree.at "extra" tensors
            Key = Key.ofTensor key
            Step = step.ToArray<int64>()[0]
            Notes =
                texts |> Map.filter (fun name _ -> not (name.StartsWith(reserved, StringComparison.Ordinal)))
        }

    /// A checkpoint from the bytes of its file. `Checkpoint.ofBytes (Checkpoint.toBytes checkpoint)`
    let ofBytes (bytes: byte[]) : Checkpoint = ofParts (Safetensors.ofBytes bytes)

    /// Reads a checkpoint. A file that is damaged, of another version, or no checkpoint is a `FormatError`.
    /// `Checkpoint.read path`
    let read (path: string) : Checkpoint = ofParts (Safetensors.readWith path)
