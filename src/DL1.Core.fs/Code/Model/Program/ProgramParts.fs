namespace DL1.Compiler.Source

open System
open DL1

/// What a written program takes or gives: its name as a parameter, and what it holds for one sample.
type internal Port =
    {
        Name: string
        DType: DType
        Dims: int list
    }

    member this.Size = List.fold (*) 1 this.Dims
    member this.Type = Literal.typeName this.DType

    /// The constant that has the number of elements: `Inputs`, or one by the name where there are several.
    member this.Count(alone: string, isAlone: bool) =
        if isAlone then
            alone
        else
            this.Name.Substring(0, 1).ToUpperInvariant() + this.Name.Substring 1 + "Length"

/// What there is to write beside the graph.
[<NoEquality; NoComparison>]
type internal ProgramParts =
    {
        Class: string
        Namespace: string
        /// Sentences about the model, for the head of the file.
        Notes: string list
        Inputs: Port list
        Outputs: Port list
        /// Samples of the self-test, each with the answers.
        Samples: (Tensor list * Tensor list) list
        Tolerance: float
        /// The names of classes; none where outputs are no scores.
        Classes: string list
        /// Whether the text is C# 9 for .NET Standard 2.1.
        IsPlain: bool
        /// The most elements of constants that are written as literals.
        Literals: int64
    }

/// Names in written programs.
[<RequireQualifiedAccess>]
module internal ProgramName =
    let private reserved =
        set
            [
                "Predict"
                "PredictLabel"
                "ClassName"
                "SelfTest"
                "Tolerance"
                "Inputs"
                "Outputs"
                "Workspace"
                "Agree"
                "Data"
                "ReadData"
                "Math"
                "MathF"
                "Vector"
                "Span"
                "ReadOnlySpan"
                "MemoryMarshal"
                "Unsafe"
                "System"
            ]

    /// What the methods of steps are named, with a number.
    let private steps =
        set
            [
                "W"
                "Map"
                "Copy"
                "Clear"
                "Pad"
                "Reduce"
                "ArgReduce"
                "CumulativeSum"
                "Sort"
                "Product"
                "Convolution"
                "Patches"
                "MaxPool"
                "AveragePool"
                "Peaks"
                "Gather"
                "ScatterAdd"
            ]

    /// Whether a name can be that of the class beside all that is in it.
    let isFree (name: string) =
        Literal.isIdentifier name
        && not (reserved.Contains name)
        && not (Helpers.names.Contains name)
        && not (steps.Contains(name.TrimEnd([| '0' .. '9' |])))

    /// Names of parameters for names of inputs or outputs: identifiers, each one's own.
    let parameters (names: string list) : string list =
        let isTaken (name: string) =
            name = "workspace"
            || (name.Length > 1
                && List.contains name[0] [ 'b'; 't'; 'W' ]
                && Seq.forall Char.IsAsciiDigit name[1..])

        ((Set.empty, []), names)
        ||> List.fold (fun (taken, made) name ->
            let rec free (name: string) =
                if isTaken name || Set.contains name taken then free (name + "_") else name

            let name = free (Literal.identifier name)
            taken.Add name, name :: made)
        |> snd
        |> List.rev

/// Comments of written programs.
[<RequireQualifiedAccess>]
module internal ProgramComment =
    /// A summary for editors.
    let summary (w: CodeWriter) (text: string) =
        let escaped = text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;")
        w.Line $"/// <summary>{escaped}</summary>"
