namespace DL1

open System
open System.Collections.Generic
open System.IO
open System.Text

/// The archive that `torch.save` writes since PyTorch 1.6: a zip file with a pickle and an entry for each storage.
[<NoEquality; NoComparison>]
type internal TorchArchive =
    {
        Views: TorchView list
        Texts: Map<string, string>
        IsBigEndian: bool
        /// The first byte and the length of a storage.
        Place: string -> struct (int64 * int64)
    }

[<RequireQualifiedAccess>]
module internal TorchArchive =
    /// Longer pickles than any state dict has.
    let private longest = 256_000_000L

    let private refuse operation given expected cure : 'a = Refuse.format operation given expected cure

    let private bytes operation (stream: Stream) (e: ZipEntry) =
        if e.Length > longest then
            refuse
                operation
                $"the entry {e.Name} of %d{e.Length} bytes"
                $"at most %d{longest} bytes"
                "save a state dict: torch.save(model.state_dict(), path)"

        let place = StoredZip.place operation stream e
        let b = Array.zeroCreate<byte>(int e.Length)
        stream.Position <- place
        stream.ReadExactly b
        b

    /// PyTorch before 1.6 wrote pickles one behind another, which begin with a number of its own.
    let private requireZip operation (stream: Stream) =
        let start = Raw.start stream

        if
            start
                .AsSpan()
                .StartsWith(ReadOnlySpan [| 0x80uy; 2uy; 0x8Auy; 10uy; 0x6Cuy; 0xFCuy; 0x9Cuy; 0x46uy |])
        then
            refuse
                operation
                "a file of PyTorch before 1.6"
                "a file of torch.save of PyTorch 1.6 or newer"
                "save it anew: torch.save(torch.load(path, weights_only=True), path)"

        Raw.refuseOther operation "a zip archive" "a file of torch.save, a zip archive" stream

    /// What an archive holds: the tensors as views, not yet read.
    let openOn operation (stream: Stream) : TorchArchive =
        requireZip operation stream
        let entries = Dictionary<string, ZipEntry>()

        for e in StoredZip.entries operation stream do
            entries[e.Name] <- e

        let pickles =
            [
                for name in entries.Keys do
                    if name.EndsWith("/data.pkl", StringComparison.Ordinal) then
                        name.Substring(0, name.Length - 8)
            ]

        let prefix =
            match pickles with
            | [ prefix ] when entries.ContainsKey(prefix + "constants.pkl") ->
                refuse
                    operation
                    "a program of TorchScript"
                    "a state dict"
                    "save its weights: torch.save(torch.jit.load(path).state_dict(), path)"
            | [ prefix ] -> prefix
            | found ->
                refuse
                    operation
                    $"a zip archive with %d{found.Length} entries data.pkl"
                    "a file of torch.save, which has one"
                    "read it as npz where numpy.savez wrote it; save a workbook as CSV"

        let order =
            match entries.TryGetValue(prefix + "byteorder") with
            | true, e -> Encoding.ASCII.GetString(bytes operation stream e).Trim()
            | false, _ -> "little"

        if order <> "little" && order <> "big" then
            refuse
                operation
                "a byte order that is neither little nor big"
                "little or big"
                "save the file anew by torch.save"

        let pickle = bytes operation stream entries[prefix + "data.pkl"]
        let value = PickleReader(operation, TorchTypes.names, pickle).Read()
        let views, texts = TorchViews.collect operation pickle.Length value

        {
            Views = views
            Texts = texts
            IsBigEndian = (order = "big")
            Place =
                fun name ->
                    match entries.TryGetValue $"{prefix}data/{name}" with
                    | true, e -> struct (StoredZip.place operation stream e, e.Length)
                    | false, _ ->
                        refuse
                            operation
                            $"no entry for the storage {name}"
                            "an entry for each storage"
                            "check that all of the file was written or copied"
        }

    /// The tensors whose paths a function chooses.
    let read operation (choose: string -> bool) (stream: Stream) : Tree<Tensor> * Map<string, string> =
        let archive = openOn operation stream
        let views = archive.Views |> List.filter (fun v -> choose v.Path)

        if views.IsEmpty && not archive.Views.IsEmpty then
            Chosen.refuse operation (archive.Views |> List.map _.Path)

        TorchStorage.read operation archive.IsBigEndian archive.Place stream views, archive.Texts
