namespace DL1.Compiler.Source

open System
open DL1

/// The self-test of written programs: samples with the answers of the model.
[<RequireQualifiedAccess>]
module internal ProgramSelfTest =
    /// The test, and how outputs are compared.
    let write (w: CodeWriter) (parts: ProgramParts) (samples: (View list * View list) list) =
        let name (v: View) =
            match v.Slot with
            | Slot.Learnt i -> $"W%d{i}"
            | Slot.Given _
            | Slot.Result _
            | Slot.Held _ -> ""

        let tolerance = Literal.number DType.F64 parts.Tolerance

        ProgramComment.summary
            w
            "How far an output may be from that of the model, relative to the largest output, or to 1 where all are smaller."

        w.Line $"public const double Tolerance = {tolerance};"
        w.Line ""

        ProgramComment.summary
            w
            "Whether the outputs for samples are those that the model gave when this file was written."

        w.Block(
            "public static bool SelfTest()",
            fun () ->
                w.Line "var workspace = new byte[Workspace];"

                for o in parts.Outputs do
                    let count = o.Count("Outputs", parts.Outputs.Length = 1)
                    w.Line $"var {o.Name} = new {o.Type}[{count}];"

                for inputs, answers in samples do
                    let arguments =
                        (inputs |> List.map name) @ (parts.Outputs |> List.map _.Name) @ [ "workspace" ]

                    let arguments = String.concat ", " arguments
                    w.Line $"Predict({arguments});"

                    for o, answer in List.zip parts.Outputs answers do
                        w.Line $"if (!Agree({o.Name}, {name answer})) return false;"

                w.Line "return true;"
        )

        for dtype in parts.Outputs |> List.map _.DType |> List.distinct do
            let element = Literal.typeName dtype
            w.Line ""

            w.Block(
                $"static bool Agree(ReadOnlySpan<{element}> found, ReadOnlySpan<{element}> expected)",
                fun () ->
                    if dtype.IsFloat then
                        w.Line "double largest = 1;"
                        w.Line "for (int i = 0; i < expected.Length; i++)"

                        w.Line
                            $"    if (!{element}.IsNaN(expected[i]) && !{element}.IsInfinity(expected[i])) largest = Math.Max(largest, Math.Abs((double)expected[i]));"

                    w.Block(
                        "for (int i = 0; i < expected.Length; i++)",
                        fun () ->
                            if dtype.IsFloat then
                                w.Line
                                    $"bool same = found[i] == expected[i] || ({element}.IsNaN(found[i]) && {element}.IsNaN(expected[i]));"

                                w.Line
                                    "if (!same && !(Math.Abs((double)found[i] - expected[i]) <= Tolerance * largest)) return false;"
                            else
                                w.Line "if (found[i] != expected[i]) return false;"
                    )

                    w.Line "return true;"
            )
