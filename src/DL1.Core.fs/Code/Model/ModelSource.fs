namespace DL1

open System.IO

/// The version of C# that a file is written in.
[<RequireQualifiedAccess; Struct>]
type CSharpVersion =
    /// C# 12 or newer, for .NET 8 or newer: constants are data of the assembly, and vectors are read without checks.
    | Current
    /// C# 9 within .NET Standard 2.1, as in Unity: constants are static arrays.
    | CSharp9

/// How a model is written as C#; `ModelCode.options` is a start.
[<NoEquality; NoComparison>]
type ModelCodeOptions =
    {
        /// The namespace of the class; empty for none.
        Namespace: string
        /// The version of C#.
        Version: CSharpVersion
        /// Rows for each input, in the order of the model's inputs: they say what one sample is, and the first two are samples of
        /// the self-test. With none, the model must know its inputs, and samples are drawn: numbers normal, whole numbers 0.
        Samples: Tensor list
        /// What is done to the input before the model, such as scaling, for a model of one input.
        Prepare: (Expr -> Expr) option
        /// What is done to the output, such as a softmax, for a model of one output.
        Finish: (Expr -> Expr) option
        /// The names of classes, for `ClassName`: none, or one for each output.
        Classes: string list
        /// The most numbers that are written as literals; more are a resource beside the file.
        Literals: int
    }

/// A model as C#: the text of a file, and for large models the bytes of a resource.
[<Sealed>]
type ModelSource internal (name: string, text: string, resource: byte[]) =
    /// The name of the class.
    member _.Name = name
    /// The text of the file.
    member _.Text = text
    /// The bytes of the resource that is to be embedded, little-endian; none where all numbers are in the text.
    member _.Resource: byte[] = Array.copy resource
    /// Whether there is a resource.
    member _.HasResource = resource.Length > 0

    /// Writes `Name.cs`, and `Name.bin` where there is a resource, into a folder that is there.
    /// `source.Save "Models"`
    member _.Save(folder: string) : unit =
        AtomicFile.writeText (Path.Combine(folder, name + ".cs")) text

        if resource.Length > 0 then
            AtomicFile.writeBytes (Path.Combine(folder, name + ".bin")) resource

    /// The text.
    override _.ToString() = text
