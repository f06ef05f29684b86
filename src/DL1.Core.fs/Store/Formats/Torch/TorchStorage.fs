namespace DL1

open System
open System.Collections.Generic
open System.IO

/// Tensors from the storages of a file of PyTorch: each storage is read once, and no further than its views reach.
[<RequireQualifiedAccess>]
module internal TorchStorage =
    let private refuse operation given expected : 'a =
        Refuse.format
            operation
            given
            expected
            "check that all of the file was written, by torch.save of a state dict"

    /// The first element of a view, and the place after its last; refused where that is beyond the storage.
    let private span operation (count: int64) (v: TorchView) : struct (int64 * int64) =
        if v.Shape.Size = 0 then
            struct (0L, 0L)
        else
            let outside () =
                refuse
                    operation
                    $"{v.Path} of shape {v.Shape} from element %d{v.Offset} on, beyond its storage of %d{count}"
                    "tensors within their storage"

            // The last element, by steps that cannot overflow.
            let reached =
                (v.Offset, Array.ofSeq v.Shape.Dims, v.Strides)
                |||> Array.fold2 (fun reached extent stride ->
                    let steps = int64 extent - 1L

                    if steps > 0L && stride > (count - reached) / steps then
                        outside ()

                    if steps > 0L then reached + steps * stride else reached)

            if reached >= count then
                outside ()

            struct (v.Offset, reached + 1L)

    let private isContiguous (v: TorchView) =
        let mutable expected = 1L
        let mutable fits = true
        let dims = Array.ofSeq v.Shape.Dims

        for axis in dims.Length - 1 .. -1 .. 0 do
            fits <- fits && (dims[axis] = 1 || v.Strides[axis] = expected)
            expected <- expected * int64 dims[axis]

        fits

    /// Elements in rows, from places that the strides of a view give.
    let private gathered (source: 'e[]) (first: int) (v: TorchView) : 'e[] =
        let dims, strides = Array.ofSeq v.Shape.Dims, Array.map int v.Strides
        let target = GC.AllocateUninitializedArray<'e> v.Shape.Size

        if isContiguous v then
            Array.blit source first target 0 target.Length
        else
            let inner = dims.Length - 1
            let index = Array.zeroCreate<int> dims.Length
            let mutable place = first
            let mutable written = 0

            while written < target.Length do
                for i in 0 .. dims[inner] - 1 do
                    target[written + i] <- source[place + i * strides[inner]]

                written <- written + dims[inner]
                // The next row, as an odometer counts.
                let mutable axis = inner - 1
                let mutable carries = true

                while carries && axis >= 0 do
                    index[axis] <- index[axis] + 1
                    place <- place + strides[axis]
                    carries <- index[axis] = dims[axis]

                    if carries then
                        place <- place - dims[axis] * strides[axis]
                        index[axis] <- 0

                    axis <- axis - 1

        target

    let private tensor (elements: Elements) (first: int) (v: TorchView) : Tensor =
        if first = 0 && Elements.length elements = v.Shape.Size && isContiguous v then
            Tensor(v.Shape, elements)
        else
            let own =
                match elements with
                | Elements.F32 a -> Elements.F32(gathered a first v)
                | Elements.F64 a -> Elements.F64(gathered a first v)
                | Elements.I32 a -> Elements.I32(gathered a first v)
                | Elements.I64 a -> Elements.I64(gathered a first v)
                | Elements.Bool a -> Elements.Bool(gathered a first v)

            Tensor(v.Shape, own)

    /// What tells one view of a storage from another.
    let private key (v: TorchView) =
        String.Join(
            ",",
            Seq.concat
                [
                    Seq.singleton v.Offset
                    Seq.map int64 v.Shape.Dims
                    Seq.singleton -1L
                    Seq.ofArray v.Strides
                ]
            |> Seq.map (fun n -> $"%d{n}")
        )

    let private rawOf operation (v: TorchView) : Raw =
        match v.Raw with
        | Ok raw -> raw
        | Error cure ->
            Refuse.format
                operation
                $"the type {v.Type} of {v.Path}"
                "numbers of 8 to 64 bits, or truth values"
                (cure + ", or read other tensors alone by their names")

    /// Distinct views of a storage may together be this much longer than the file: more is made by repetition alone.
    let private most (stream: Stream) = 2L * stream.Length + 1_000_000L

    /// Tensors of views, by `place`: the first byte and the length of the storage of a name.
    let read
        operation
        isBigEndian
        (place: string -> struct (int64 * int64))
        (stream: Stream)
        (views: TorchView list)
        =
        let found = Dictionary<string, Tensor>()
        let mutable rest = most stream

        for name, group in List.groupBy _.Storage views do
            let struct (first, length) = place name
            let head = group.Head
            let raw = rawOf operation head
            let size = int64 (Raw.size raw)
            let count = if head.InBytes then head.Length / size else head.Length

            for v in group do
                if v.Type <> head.Type || v.Length <> head.Length || v.InBytes <> head.InBytes then
                    refuse
                        operation
                        $"{v.Path} of {v.Type} in the storage of {head.Path} of {head.Type}"
                        "one type and length for each storage"

            if
                (if head.InBytes then
                     head.Length <> length
                 else
                     count > length || count * size <> length)
            then
                refuse
                    operation
                    $"a storage of %d{length} bytes for the %d{head.Length} elements of {head.Path}"
                    $"%d{size} bytes for each"

            let distinct = List.distinctBy key group

            for v in distinct do
                rest <- rest - int64 v.Shape.Size * size

                if rest < 0L then
                    Refuse.format
                        operation
                        $"{v.Path} and others before it, which repeat numbers beyond twice the length of the file"
                        "tensors with numbers of their own"
                        "save tensor.clone() of tensors that were expanded"

            let spans = distinct |> List.map (span operation count)

            let low =
                spans |> List.map (fun (struct (a, b)) -> if a = b then Int64.MaxValue else a) |> List.min

            let high = spans |> List.map (fun (struct (_, b)) -> b) |> List.max
            let low = min low high

            if high - low > int64 Shape.MostElements then
                refuse
                    operation
                    $"%d{high - low} elements in the storage of {head.Path}"
                    $"at most %d{Shape.MostElements}"

            stream.Position <- first + low * size
            let elements = Raw.read operation raw isBigEndian (int (high - low)) stream
            let made = Dictionary<string, Tensor>()

            for v, struct (a, _) in List.zip distinct spans do
                made[key v] <- tensor elements (int (max 0L (a - low))) v

            for v in group do
                found[v.Path] <- made[key v]

        Tree.ofList [ for v in views -> v.Path, found[v.Path] ]
