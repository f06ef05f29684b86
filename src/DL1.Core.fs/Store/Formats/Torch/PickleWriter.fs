namespace DL1

open System.IO
open System.Text

/// A state dict as a pickle of protocol 2, by the opcodes that PyTorch's own writer uses.
[<RequireQualifiedAccess>]
module internal PickleWriter =
    /// Python puts this many items into a dictionary at a time.
    let private batch = 1000

    let private text (w: BinaryWriter) (value: string) =
        let bytes = Encoding.UTF8.GetBytes value
        w.Write 'X'B
        w.Write bytes.Length
        w.Write bytes

    let private name (w: BinaryWriter) (pyModule: string) (name: string) =
        w.Write 'c'B
        w.Write(Encoding.ASCII.GetBytes $"{pyModule}\n{name}\n")

    let private whole (w: BinaryWriter) (value: int) =
        if value >= 0 && value < 256 then
            w.Write 'K'B
            w.Write(byte value)
        elif value >= 0 && value < 65536 then
            w.Write 'M'B
            w.Write(uint16 value)
        else
            w.Write 'J'B
            w.Write value

    let private tuple (w: BinaryWriter) (values: int list) =
        w.Write '('B
        List.iter (whole w) values
        w.Write 't'B

    let private emptyDict (w: BinaryWriter) =
        name w "collections" "OrderedDict"
        w.Write ')'B
        w.Write 'R'B

    let private tensor (w: BinaryWriter) storage (index: int) (t: Tensor) =
        let dims = t.Shape.ToList()
        // Rows one after another: of the last axis neighbours are one apart.
        let strides = List.scanBack (fun d n -> n * max 1 d) dims 1 |> List.tail
        name w "torch._utils" "_rebuild_tensor_v2"
        w.Write '('B
        w.Write '('B
        text w "storage"
        name w "torch" (TorchTypes.storageOf (FloatStorage.rawOf storage t.DType))
        text w $"%d{index}"
        text w "cpu"
        whole w t.Size
        w.Write 't'B
        w.Write 'Q'B
        whole w 0
        tuple w dims
        tuple w strides
        w.Write 0x89uy // requires no gradient
        emptyDict w // no hooks
        w.Write 't'B
        w.Write 'R'B

    /// The pickle of tensors by their names; the storage of each is an entry named by its place.
    let stateDict storage (tensors: (string * Tensor) list) : byte[] =
        use memory = new MemoryStream()
        use w = new BinaryWriter(memory)
        w.Write 0x80uy
        w.Write 2uy
        emptyDict w

        for part in List.indexed tensors |> List.chunkBySize batch do
            w.Write '('B

            for index, (path, t) in part do
                text w path
                tensor w storage index t

            w.Write 'u'B

        w.Write '.'B
        w.Flush()
        memory.ToArray()
