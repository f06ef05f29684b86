namespace DL1

open System
open System.Collections.Generic
open System.IO
open System.Text

/// TorchSharp's own files of weights (`.dat`): `module.save` and `module.load` of TorchSharp, and its script
/// `exportsd.py` for PyTorch. A count, then of each tensor the name, type, extents and numbers; counts are in LEB128. The format has
/// no mark at its beginning: what is read is held against the length of the file at each step.
[<RequireQualifiedAccess>]
module TorchSharpFile =
    let private operation = "TorchSharpFile.read"
    let private kind = "a file of TorchSharp's module.save"

    let private refuse given expected : 'a =
        Refuse.format
            operation
            given
            expected
            "check that module.save of TorchSharp wrote the file, and that all of it was copied"

    /// Codes of TorchSharp's element types.
    let private types =
        [
            0L, Raw.U8
            1L, Raw.I8
            2L, Raw.I16
            3L, Raw.I32
            4L, Raw.I64
            5L, Raw.F16
            6L, Raw.F32
            7L, Raw.F64
            11L, Raw.Bool
            15L, Raw.BF16
        ]

    let private left (stream: Stream) = stream.Length - stream.Position

    /// A number from 0 on in LEB128: seven bits a byte, the low ones first.
    let private number (what: string) (stream: Stream) : int64 =
        let mutable value = 0UL
        let mutable shift = 0
        let mutable goesOn = true

        while goesOn do
            match stream.ReadByte() with
            | -1 -> refuse $"an end inside {what}, at byte %d{stream.Length}" "a whole file"
            | b when shift > 56 || (shift = 56 && b > 0x7F) ->
                refuse
                    $"{what} of more than 8 bytes, before byte %d{stream.Position}"
                    "a number of at most 56 bits"
            | b ->
                value <- value ||| (uint64 (b &&& 0x7F) <<< shift)
                shift <- shift + 7
                goesOn <- b >= 0x80

        int64 value

    let private parse (stream: Stream) : Tree<Tensor> =
        let count = number "the number of tensors" stream
        // A name, a type and a rank are three bytes at least.
        if count > left stream / 3L then
            refuse
                $"%d{count} tensors announced in a file of %d{stream.Length} bytes"
                "a count that the file has room for"

        let seen = HashSet<string>()

        let rows =
            [
                for i in 1L .. count do
                    let length = number $"the name of tensor %d{i} of %d{count}" stream

                    if length > left stream || length > 65536L then
                        refuse
                            $"a name of %d{length} bytes at byte %d{stream.Position}, for tensor %d{i} of %d{count}"
                            "a name within the file, of at most 65536 bytes"

                    let bytes = Array.zeroCreate<byte>(int length)
                    stream.ReadExactly bytes
                    let name = Encoding.UTF8.GetString bytes

                    if String.IsNullOrWhiteSpace name || not (seen.Add name) then
                        refuse
                            $"the name '{name}' of tensor %d{i}, empty or twice"
                            "each tensor by a name of its own"

                    let code = number $"the type of {name}" stream

                    let raw =
                        match types |> List.tryFind (fun (c, _) -> c = code) with
                        | Some(_, raw) -> raw
                        | None ->
                            refuse
                                $"the type %d{code} of {name}"
                                "numbers of 8 to 64 bits or truth values: 0 to 7, 11 or 15"

                    let rank = number $"the rank of {name}" stream

                    if rank > left stream then
                        refuse $"%d{rank} axes of {name}" "extents within the file"

                    let dims = [ for _ in 1L .. rank -> number $"the shape of {name}" stream ]
                    let shape, size = Raw.shape operation name raw dims

                    if size > left stream then
                        refuse $"%d{left stream} bytes left for {name} of shape {shape}" $"%d{size} bytes"

                    name, Tensor(shape, Raw.read operation raw false shape.Size stream)
            ]

        if left stream > 0L then
            refuse $"%d{left stream} bytes behind the last of %d{count} tensors" "nothing behind it"

        Tree.ofList rows

    /// A whole file may begin as one of another format does, 256 tensors as a pickle: what it is instead is told where it
    /// is none.
    let private tensors (stream: Stream) : Tree<Tensor> =
        try
            parse stream
        with :? FormatError ->
            stream.Position <- 0L
            Raw.refuseOther operation kind kind stream
            reraise ()

    /// The tensors of a file by their names, in its order. `TorchSharpFile.read path`
    let read (path: string) : Tree<Tensor> = Raw.openFileAsIs operation kind path tensors

    /// The tensors from the bytes of a file. `TorchSharpFile.ofBytes (TorchSharpFile.toBytes weights)`
    let ofBytes (bytes: byte[]) : Tree<Tensor> = Raw.openBytesAsIs operation bytes tensors

    let private put storage (tensors: Tree<Tensor>) (stream: Stream) =
        let number (value: int) =
            let mutable rest = value

            while rest >= 0x80 do
                stream.WriteByte(byte (rest ||| 0x80))
                rest <- rest >>> 7

            stream.WriteByte(byte rest)

        for path, t in Tree.toList tensors do
            FloatStorage.require "TorchSharpFile.write" storage path t

        number tensors.Count

        for path, t in Tree.toList tensors do
            let name = Encoding.UTF8.GetBytes path
            number name.Length
            stream.Write(name, 0, name.Length)
            let raw = FloatStorage.rawOf storage t.DType
            number (types |> List.find (fun (_, r) -> r = raw) |> fst |> int)
            number t.Rank
            Seq.iter number t.Shape.Dims
            FloatStorage.write storage t stream

    /// The bytes of a file of tensors. `TorchSharpFile.toBytes weights`
    let toBytes (tensors: Tree<Tensor>) : byte[] =
        use memory = new MemoryStream()
        put FloatStorage.AsIs tensors memory
        memory.ToArray()

    /// Writes tensors, whole or not at all, floating-point numbers stored as it is said. A finite number that 16 bits would
    /// turn to infinity is a `DomainError`. `TorchSharpFile.writeAs FloatStorage.F16 path weights`
    let writeAs (storage: FloatStorage) (path: string) (tensors: Tree<Tensor>) : unit =
        AtomicFile.write path (put storage tensors)

    /// Writes tensors, whole or not at all; `module.load(path)` of TorchSharp reads them where names, types and shapes are those
    /// of the module. `TorchSharpFile.write path weights`
    let write (path: string) (tensors: Tree<Tensor>) : unit = writeAs FloatStorage.AsIs path tensors
