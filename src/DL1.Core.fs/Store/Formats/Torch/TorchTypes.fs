namespace DL1

open System
open System.Collections.Generic

/// Element types by the names that files of PyTorch have for them.
[<RequireQualifiedAccess>]
module internal TorchTypes =
    /// Storages: the name of Python's class, the name of the type, and how the elements lie.
    let private storages =
        [
            "Float", "float32", Raw.F32
            "Double", "float64", Raw.F64
            "Half", "float16", Raw.F16
            "BFloat16", "bfloat16", Raw.BF16
            "Long", "int64", Raw.I64
            "Int", "int32", Raw.I32
            "Short", "int16", Raw.I16
            "Char", "int8", Raw.I8
            "Byte", "uint8", Raw.U8
            "Bool", "bool", Raw.Bool
        ]

    /// Storages that are known and not read, and what helps.
    let private unread =
        [
            for name in [ "ComplexFloat"; "ComplexDouble" ] do
                name, "save real and imaginary parts as numbers: torch.view_as_real(tensor)"
            for name in [ "QUInt8"; "QInt8"; "QInt32"; "QUInt4x2"; "QUInt2x4" ] do
                name, "save it as numbers: tensor.dequantize()"
        ]

    /// Types that newer files name beside a storage of bytes.
    let private newer =
        [ "float8_e4m3fn", Raw.F8E4M3; "float8_e5m2", Raw.F8E5M2; "uint16", Raw.U16; "uint32", Raw.U32 ]

    let private suffix = "Storage"

    /// Storages without a type: their length is in bytes, and the type stands beside them.
    let untyped = HashSet [ "torch.UntypedStorage"; "torch.storage.UntypedStorage" ]

    let private dtypes =
        [
            for _, name, _ in storages do
                name
            for name, _ in newer do
                name
            yield!
                [
                    "complex32"
                    "complex64"
                    "complex128"
                    "uint64"
                    "float8_e4m3fnuz"
                    "float8_e5m2fnuz"
                    "float8_e8m0fnu"
                ]
        ]

    let rebuild = "torch._utils._rebuild_"

    /// All names that a pickle may hold.
    let names: HashSet<string> =
        HashSet
            [
                "collections.OrderedDict"
                "torch.Size"
                "torch.device"
                "torch.nn.parameter.Parameter"
                for name in [ "tensor"; "tensor_v2"; "tensor_v3"; "parameter" ] do
                    rebuild + name
                for name, _, _ in storages do
                    $"torch.{name}{suffix}"
                for name, _ in unread do
                    $"torch.{name}{suffix}"
                yield! untyped
                for name in dtypes do
                    $"torch.{name}"
            ]

    /// How the elements of a storage, or of a type, lie by its name in the pickle: the name of the type, and how they lie
    /// or what helps where they are not read.
    let find (name: string) : string * Result<Raw, string> =
        let plain = name.Substring(name.IndexOf '.' + 1)

        let stem =
            if plain.EndsWith(suffix, StringComparison.Ordinal) then
                plain.Substring(0, plain.Length - suffix.Length)
            else
                plain

        let other = "save the tensor as float32 or bfloat16"

        match storages |> List.tryFind (fun (s, d, _) -> s = stem || d = plain) with
        | Some(_, dtype, raw) -> $"torch.{dtype}", Ok raw
        | None ->
            match
                List.tryFind (fun (n, _) -> n = plain) newer, List.tryFind (fun (n, _) -> n = stem) unread
            with
            | Some(dtype, raw), _ -> $"torch.{dtype}", Ok raw
            | None, Some(_, cure) -> name, Error cure
            | None, None when plain.StartsWith("complex", StringComparison.Ordinal) ->
                name, Error(snd unread.Head)
            | None, None ->
                name, Error(if plain = "uint64" then "save it as int64: tensor.to(torch.int64)" else other)

    /// The class of a storage for elements.
    let storageOf (raw: Raw) : string =
        let name, _, _ = storages |> List.find (fun (_, _, r) -> r = raw)
        name + suffix
