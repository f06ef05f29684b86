namespace DL1.Compiler.Source

open System
open System.Collections.Generic
open DL1

/// Programs as the text of one C# file, and the bytes beside it.
[<RequireQualifiedAccess>]
module internal ProgramText =
    /// The most bytes that are taken from the stack.
    [<Literal>]
    let StackBytes = 16384

    let private shown (ports: Port list) =
        ports
        |> List.map (fun p ->
            let dims = p.Dims |> List.map (fun d -> $"%d{d}") |> String.concat ", "
            $"{p.Name}: {p.Type} [{dims}]")
        |> String.concat "; "

    let private quoted (text: string) =
        let one (c: char) =
            match c with
            | '"' -> "\\\""
            | '\\' -> "\\\\"
            | c when c < ' ' || c > '~' -> $"\\u%04x{int c}"
            | c -> string c

        "\"" + String.collect one text + "\""

    let private constants (w: CodeWriter) (parts: ProgramParts) (workspace: int64) =
        let count alone (ports: Port list) =
            for p in ports do
                ProgramComment.summary w $"The number of elements of {p.Name}."
                w.Line $"public const int {p.Count(alone, ports.Length = 1)} = %d{p.Size};"
                w.Line ""

        count "Inputs" parts.Inputs
        count "Outputs" parts.Outputs
        ProgramComment.summary w "The bytes of workspace that a prediction needs."
        w.Line $"public const int Workspace = %d{workspace};"
        w.Line ""

    let private signature (parts: ProgramParts) =
        [
            for p in parts.Inputs -> $"ReadOnlySpan<{p.Type}> {p.Name}"
            for p in parts.Outputs -> $"Span<{p.Type}> {p.Name}"
        ]
        |> String.concat ", "

    let private predict
        (w: CodeWriter)
        (parts: ProgramParts)
        (builder: ProgramBuilder)
        (workspace: int64)
        (offsets: int64[])
        =
        let ports = parts.Inputs @ parts.Outputs
        let arguments = ports |> List.map _.Name |> String.concat ", "

        if workspace <= int64 StackBytes then
            ProgramComment.summary
                w
                "A prediction for one sample. It allocates nothing; inputs and outputs must not overlap."

            w.Block(
                $"public static void Predict({signature parts})",
                fun () -> w.Line $"Predict({arguments}, stackalloc byte[Workspace]);"
            )

            w.Line ""

        ProgramComment.summary
            w
            "A prediction for one sample, in a workspace of at least `Workspace` bytes. It allocates nothing; spans must not overlap."

        w.Block(
            $"public static void Predict({signature parts}, Span<byte> workspace)",
            fun () ->
                for p in parts.Inputs do
                    let count = p.Count("Inputs", parts.Inputs.Length = 1)

                    w.Line
                        $"if ({p.Name}.Length != {count}) throw new ArgumentException(\"{p.Name} has not %d{p.Size} elements\", nameof({p.Name}));"

                for p in parts.Outputs do
                    let count = p.Count("Outputs", parts.Outputs.Length = 1)

                    w.Line
                        $"if ({p.Name}.Length < {count}) throw new ArgumentException(\"{p.Name} has fewer than %d{p.Size} elements\", nameof({p.Name}));"

                w.Line
                    "if (workspace.Length < Workspace) throw new ArgumentException(\"the workspace is too small\", nameof(workspace));"

                for o in parts.Outputs do
                    for p in parts.Inputs do
                        w.Line
                            $"if (MemoryMarshal.AsBytes({p.Name}).Overlaps(MemoryMarshal.AsBytes({o.Name}))) throw new ArgumentException(\"{o.Name} overlaps {p.Name}\", nameof({o.Name}));"

                builder.Buffers
                |> Seq.iteri (fun i b ->
                    let element = Literal.typeName b.DType
                    let bytes = b.Size * b.DType.Bytes

                    w.Line
                        $"Span<{element}> b%d{i} = MemoryMarshal.Cast<byte, {element}>(workspace.Slice(%d{offsets[i]}, %d{bytes}));")

                w.Lines((string builder.Calls).TrimEnd '\n')
        )

        w.Line ""

    let private label (w: CodeWriter) (parts: ProgramParts) (workspace: int64) =
        match parts.Outputs with
        | [ output ] when
            output.DType.IsFloat
            && output.Size <= 1024
            && (output.Size > 1 || parts.Classes.Length = 2)
            && (output.Dims |> List.filter (fun d -> d <> 1)).Length <= 1
            ->
            let inputs =
                [ for p in parts.Inputs -> $"ReadOnlySpan<{p.Type}> {p.Name}" ]
                @ (if workspace <= int64 StackBytes then [] else [ "Span<byte> workspace" ])
                |> String.concat ", "

            let arguments =
                (parts.Inputs |> List.map _.Name)
                @ [ "scores" ]
                @ (if workspace <= int64 StackBytes then [] else [ "workspace" ])
                |> String.concat ", "

            ProgramComment.summary
                w
                (if output.Size = 1 then
                     "The class of one sample: 1 where the score is above 0."
                 else
                     "The class of one sample: the place of the greatest output, the first of several.")

            w.Block(
                $"public static int PredictLabel({inputs})",
                fun () ->
                    w.Line $"Span<{output.Type}> scores = stackalloc {output.Type}[Outputs];"
                    w.Line $"Predict({arguments});"

                    if output.Size = 1 then
                        w.Line "return scores[0] > 0 ? 1 : 0;"
                    else
                        w.Line "int best = 0;"
                        w.Line "for (int i = 1; i < Outputs; i++)"
                        w.Line "    if (scores[i] > scores[best]) best = i;"
                        w.Line "return best;"
            )

            w.Line ""

            if not parts.Classes.IsEmpty then
                ProgramComment.summary w "The name of a class."

                w.Block(
                    "public static string ClassName(int label)",
                    fun () ->
                        w.Line "switch (label)"
                        w.Open()

                        parts.Classes
                        |> List.iteri (fun i name -> w.Line $"case %d{i}: return {quoted name};")

                        w.Line "default: throw new ArgumentOutOfRangeException(nameof(label));"
                        w.Close()
                )

                w.Line ""
        | _ -> ()

    /// The text of the file; and the bytes of the resource, none where literals are few enough.
    let write (parts: ProgramParts) (builder: ProgramBuilder) : struct (string * byte[]) =
        let samples =
            parts.Samples
            |> List.map (fun (inputs, answers) ->
                List.map builder.Constant inputs, List.map builder.Constant answers)

        let offsets, workspace = Workspace.plan builder.Buffers

        if workspace > int64 Int32.MaxValue then
            Refuse.domain
                "ToCSharp"
                $"a workspace of %d{workspace} bytes"
                "at most 2 GB"
                "write the model for a smaller sample"

        let inner = CodeWriter()
        constants inner parts workspace
        predict inner parts builder workspace offsets
        label inner parts workspace
        ProgramSelfTest.write inner parts samples

        for m in builder.Methods do
            inner.Line ""
            inner.Lines(m.TrimEnd '\n')

        let helpers = Helpers.needed parts.IsPlain (string inner)

        for helper in helpers do
            inner.Line ""
            inner.Lines helper

        let elements = builder.Constants |> Seq.sumBy (fun t -> int64 t.Size)
        let bytes = builder.Constants |> Seq.sumBy (fun t -> int64 t.Size * 8L)

        if bytes > int64 Int32.MaxValue then
            Refuse.domain
                "ToCSharp"
                $"%d{elements} numbers"
                "at most 2 GB of numbers"
                "save the model as safetensors, and predict with DL1"

        inner.Line ""

        let bytes =
            if elements > parts.Literals then
                ProgramConstants.resource inner parts builder.Constants
            else
                builder.Constants
                |> Seq.iteri (fun i t -> ProgramConstants.literals inner parts.IsPlain $"W%d{i}" t)

                [||]

        let w = CodeWriter()
        w.Line "// <auto-generated>"
        w.Line $"// {parts.Class}, written by DL1: from {shown parts.Inputs} to {shown parts.Outputs}."

        for note in parts.Notes do
            for line in note.Split '\n' do
                w.Line $"// {line}"

        if bytes.Length > 0 then
            w.Line
                $"// {parts.Class}.bin is to be embedded: <EmbeddedResource Include=\"{parts.Class}.bin\" LogicalName=\"{parts.Class}.bin\" />"

            if not parts.IsPlain then
                w.Line "// and unsafe code to be allowed: <AllowUnsafeBlocks>true</AllowUnsafeBlocks>."

        w.Line "// </auto-generated>"
        w.Line "#nullable enable"
        w.Line "using System;"
        w.Line "using System.Numerics;"
        w.Line "using System.Runtime.CompilerServices;"
        w.Line "using System.Runtime.InteropServices;"
        w.Line ""

        let body () =
            ProgramComment.summary
                w
                "A trained model: it needs nothing but .NET, allocates nothing, and may be used by many threads at once."

            w.Line $"public static class {parts.Class}"
            w.Open()
            w.Lines((string inner).TrimEnd '\n')
            w.Close()

        if parts.Namespace = "" then
            body ()
        else
            w.Line $"namespace {parts.Namespace}"
            w.Open()
            body ()
            w.Close()

        struct (string w, bytes)
