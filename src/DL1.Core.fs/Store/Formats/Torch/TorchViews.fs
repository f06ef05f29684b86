namespace DL1

open System
open System.Collections.Generic
open System.Globalization

/// A tensor of a file of PyTorch: a view of a storage, which several may share.
[<NoEquality; NoComparison>]
type internal TorchView =
    {
        Path: string
        /// The name of the storage, an entry of the archive.
        Storage: string
        /// The type's name, and how elements lie, or what helps where that type is not read.
        Type: string
        Raw: Result<Raw, string>
        /// The length of the storage: in elements, or in bytes where it has no type.
        Length: int64
        InBytes: bool
        Offset: int64
        Shape: Shape
        /// Of each axis, how far apart neighbours are.
        Strides: int64[]
    }

/// What a pickle of PyTorch holds, as tensors and other values by dotted paths.
[<RequireQualifiedAccess>]
module internal TorchViews =
    /// Deeper dictionaries than files of weights have.
    let private deepest = 64

    let private refuse operation (path: string) (given: string) expected : 'a =
        let place = if path = "" then "" else $" at {path}"

        Refuse.format
            operation
            $"{given}{place}"
            expected
            "save a state dict: torch.save(model.state_dict(), path)"

    let private whole operation path (what: string) value : int64 =
        match value with
        | Pickled.Integer n when n >= 0L -> n
        | _ -> refuse operation path $"{what} that is no whole number from 0 on" "whole numbers"

    let private wholes operation path (what: string) value : int64[] =
        match value with
        | Pickled.Tuple items
        | Pickled.Call("torch.Size", [| Pickled.Tuple items |]) -> Array.map (whole operation path what) items
        | _ -> refuse operation path $"{what} that is no tuple" "a tuple of whole numbers"

    let private storage operation path value =
        match value with
        | Pickled.Persistent(Pickled.Tuple [| Pickled.Text "storage"
                                              Pickled.Name kind
                                              Pickled.Text key
                                              Pickled.Text _
                                              length |]) ->
            kind, key, whole operation path "the length of a storage" length
        | _ ->
            refuse operation path "a tensor without a storage" "a storage with type, key, device and length"

    let private view operation path (parts: Pickled[]) (dtype: Pickled option) : TorchView =
        let kind, key, length = storage operation path parts[0]
        let inBytes = TorchTypes.untyped.Contains kind

        let name, raw =
            match dtype, inBytes with
            | Some(Pickled.Name name), true -> TorchTypes.find name
            | None, false -> TorchTypes.find kind
            | _ ->
                refuse
                    operation
                    path
                    $"a storage of the kind {kind}"
                    "a storage with a type, or a type beside it"

        let shape, _ = Raw.extents operation path (List.ofArray (wholes operation path "a shape" parts[2]))
        let strides = wholes operation path "strides" parts[3]

        if strides.Length <> shape.Rank then
            refuse operation path $"%d{strides.Length} strides for the shape {shape}" "a stride for each axis"

        {
            Path = path
            Storage = key
            Type = name
            Raw = raw
            Length = length
            InBytes = inBytes
            Offset = whole operation path "an offset" parts[1]
            Shape = shape
            Strides = strides
        }

    /// PyTorch notes there that a tensor is to be read negated or conjugated.
    let private requireBare operation (path: string) value =
        match value with
        | Pickled.Nothing -> ()
        | Pickled.Entries entries when entries.Count = 0 -> ()
        | _ ->
            Refuse.format
                operation
                $"{path}, a negated or conjugated view of its numbers"
                "numbers as they are"
                "save tensor.resolve_neg().resolve_conj()"

    /// The view that a call makes, or `None` for other calls.
    let rec private viewOf operation path (value: Pickled) : TorchView option =
        match value with
        | Pickled.Call(name, parts) ->
            let made =
                if name.StartsWith(TorchTypes.rebuild, StringComparison.Ordinal) then
                    name.Substring TorchTypes.rebuild.Length
                else
                    name

            match made, parts.Length with
            | "tensor", 4 -> Some(view operation path parts None)
            | "tensor_v2", (6 | 7) ->
                Array.iter (requireBare operation path) parts[6..]
                Some(view operation path parts None)
            | "tensor_v3", (7 | 8) ->
                Array.iter (requireBare operation path) parts[7..]
                Some(view operation path parts (Some parts[6]))
            | "parameter", 3
            | "torch.nn.parameter.Parameter", (1 | 2) ->
                match parts[0] with
                | Pickled.Call(inner, _) when
                    inner.StartsWith(TorchTypes.rebuild, StringComparison.Ordinal) && inner <> name
                    ->
                    viewOf operation path parts[0]
                | _ -> refuse operation path "a parameter without a tensor" "a parameter of a tensor"
            | ("torch.Size" | "torch.device"), _ -> None
            | _, count ->
                refuse operation path $"%d{count} arguments for {name}" "the arguments that PyTorch gives"
        | _ -> None

    let private textOf value : string option =
        match value with
        | Pickled.Nothing -> Some "None"
        | Pickled.Truth b -> Some(if b then "True" else "False")
        | Pickled.Integer n -> Some(n.ToString CultureInfo.InvariantCulture)
        | Pickled.Number x -> Some(x.ToString("R", CultureInfo.InvariantCulture))
        | Pickled.Text text -> Some text
        | Pickled.Name name -> Some name
        | Pickled.Call("torch.device", parts) ->
            Some(
                parts
                |> Array.map (function
                    | Pickled.Text text -> text
                    | Pickled.Integer n -> n.ToString CultureInfo.InvariantCulture
                    | _ -> "")
                |> String.concat ":"
            )
        | Pickled.Call("torch.Size", [| Pickled.Tuple items |]) ->
            let extents =
                items
                |> Array.map (function
                    | Pickled.Integer n -> n.ToString CultureInfo.InvariantCulture
                    | _ -> "?")

            Some("[" + String.concat ", " extents + "]")
        | Pickled.Call _
        | Pickled.Tuple _
        | Pickled.Items _
        | Pickled.Entries _
        | Pickled.Persistent _ -> None

    /// All tensors of a value, and all other values as texts, by paths: keys and places joined by dots. A tensor that is not
    /// in a dictionary has the path "tensor". `size`, the bytes of the pickle, bounds what it may unfold to.
    let collect operation (size: int) (value: Pickled) : TorchView list * Map<string, string> =
        let views = List<TorchView>()
        let texts = Dictionary<string, string>()
        let seen = HashSet<string>()
        // Values that are shared count each time: a file of a kilobyte must not unfold to a billion of them.
        let values = ref (1000L + int64 size)
        let letters = ref (1_000_000L + 4L * int64 size)

        let pass (text: string) =
            values.Value <- values.Value - 1L
            letters.Value <- letters.Value - int64 text.Length

            if values.Value < 0L || letters.Value < 0L then
                refuse
                    operation
                    ""
                    "values that repeat themselves without end"
                    "at most one value for each byte"

        let join (path: string) (part: string) = if path = "" then part else $"{path}.{part}"

        let name path key =
            match key with
            | Pickled.Text text when not (String.IsNullOrWhiteSpace text) -> text
            | Pickled.Integer n -> n.ToString CultureInfo.InvariantCulture
            | _ -> refuse operation path "a key that is no text and no whole number" "names for tensors"

        let once path =
            if not (seen.Add path) then
                refuse operation path "two values" "each path once"

        let rec walk depth path value =
            pass path

            if depth > deepest then
                refuse operation "" $"more than %d{deepest} dictionaries inside one another" "a state dict"

            match value with
            | Pickled.Entries entries ->
                for struct (key, item) in entries do
                    walk (depth + 1) (join path (name path key)) item
            | Pickled.Items items ->
                for i in 0 .. items.Count - 1 do
                    walk (depth + 1) (join path $"%d{i}") items[i]
            | Pickled.Tuple items ->
                for i in 0 .. items.Length - 1 do
                    walk (depth + 1) (join path $"%d{i}") items[i]
            | other ->
                let path = if path = "" then "tensor" else path

                match viewOf operation path other, textOf other with
                | Some view, _ ->
                    once path
                    views.Add view
                | None, Some text ->
                    once path
                    pass text
                    texts[path] <- text
                | None, None ->
                    refuse operation path "a storage outside of a tensor" "tensors, numbers and texts"

        walk 0 "" value
        List.ofSeq views, Map.ofSeq (Seq.map (fun (KeyValue(k, v)) -> k, v) texts)
