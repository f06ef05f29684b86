namespace DL1.Compiler.Source

open System
open System.Collections.Generic
open DL1

/// Constants of written programs: literals, or a resource beside the file.
[<RequireQualifiedAccess>]
module internal ProgramConstants =
    let private perLine = 12

    /// A constant as literals.
    let literals (w: CodeWriter) (isPlain: bool) (name: string) (value: Tensor) =
        let element = Literal.typeName value.DType

        let head, last =
            if isPlain then
                $"static readonly {element}[] {name} =", "};"
            else
                $"static ReadOnlySpan<{element}> {name} =>", "];"

        w.Line head
        w.Line(if isPlain then "{" else "[")

        for line in Seq.init value.Size (Literal.element value.Elements) |> Seq.chunkBySize perLine do
            w.Line("    " + String.concat ", " line + ",")

        w.Line last
        w.Line ""

    /// The bytes of a tensor, little-endian.
    let private bytesOf (value: Tensor) : byte[] =
        let all (count: int) (write: int -> byte[]) = Array.init count write |> Array.concat

        match value.Elements with
        | Elements.F32 a -> all a.Length (fun i -> BitConverter.GetBytes a[i])
        | Elements.F64 a -> all a.Length (fun i -> BitConverter.GetBytes a[i])
        | Elements.I32 a -> all a.Length (fun i -> BitConverter.GetBytes a[i])
        | Elements.I64 a -> all a.Length (fun i -> BitConverter.GetBytes a[i])
        | Elements.Bool a -> a |> Array.map (fun b -> if b then 1uy else 0uy)

    /// Constants one after another, each at a multiple of 8 bytes, behind 8 bytes that say which model they are of.
    let private packed (constants: IReadOnlyList<Tensor>) : int list * byte[] =
        let offsets, length =
            ((([]: int list), 8), constants)
            ||> Seq.fold (fun (offsets, at) t -> at :: offsets, at + (t.Size * t.DType.Bytes + 7) / 8 * 8)

        let bytes = Array.zeroCreate<byte> length
        let offsets = List.rev offsets

        for t, at in Seq.zip constants offsets do
            (bytesOf t).CopyTo(bytes, at)

        // FNV-1a.
        let mutable hash = 14695981039346656037UL

        for b in bytes do
            hash <- (hash ^^^ uint64 b) * 1099511628211UL

        (BitConverter.GetBytes hash).CopyTo(bytes, 0)
        offsets, bytes

    /// Constants as parts of a resource, whose bytes are the result.
    let resource (w: CodeWriter) (parts: ProgramParts) (constants: IReadOnlyList<Tensor>) : byte[] =
        let offsets, bytes = packed constants
        let file = $"{parts.Class}.bin"
        let mark = BitConverter.ToUInt64(bytes, 0)

        let wrong =
            $"throw new InvalidOperationException(\"{file} is not the embedded resource that was written with this file\")"

        if parts.IsPlain then
            w.Line "static readonly byte[] Data = ReadData();"
            w.Line ""
            w.Line "static byte[] ReadData()"
            w.Open()
            w.Line $"using var stream = typeof({parts.Class}).Assembly.GetManifestResourceStream(\"{file}\");"
            w.Line $"var bytes = new byte[%d{bytes.Length}];"
            w.Line "int read = 0;"

            w.Line
                "while (stream != null && read < bytes.Length && stream.Read(bytes, read, bytes.Length - read) is var n && n > 0) read += n;"

            w.Line $"if (read < bytes.Length || BitConverter.ToUInt64(bytes, 0) != %d{mark}UL) {wrong};"
            w.Line "return bytes;"
            w.Close()
        else
            w.Line "static readonly unsafe byte* Data = ReadData();"
            w.Line ""
            w.Line "static unsafe byte* ReadData()"
            w.Open()

            w.Line
                $"var stream = typeof({parts.Class}).Assembly.GetManifestResourceStream(\"{file}\") as System.IO.UnmanagedMemoryStream;"

            w.Line
                $"if (stream == null || stream.Length != %d{bytes.Length} || *(ulong*)stream.PositionPointer != %d{mark}UL) {wrong};"

            w.Line "return stream.PositionPointer;"
            w.Close()

        w.Line ""

        Seq.zip constants offsets
        |> Seq.iteri (fun i (t, at) ->
            let element = Literal.typeName t.DType

            if parts.IsPlain then
                w.Line
                    $"static ReadOnlySpan<{element}> W%d{i} => MemoryMarshal.Cast<byte, {element}>(new ReadOnlySpan<byte>(Data, %d{at}, %d{t.Size * t.DType.Bytes}));"
            else
                w.Line $"static unsafe ReadOnlySpan<{element}> W%d{i} => new(Data + %d{at}, %d{t.Size});")

        bytes
