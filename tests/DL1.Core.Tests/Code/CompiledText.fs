/// C# text compiled in memory.
module DL1.Tests.CompiledText

open System
open System.IO
open System.Reflection
open System.Runtime.Loader
open Expecto
open Microsoft.CodeAnalysis
open Microsoft.CodeAnalysis.CSharp

let private references =
    lazy
        ((string (AppContext.GetData "TRUSTED_PLATFORM_ASSEMBLIES")).Split Path.PathSeparator
         |> Array.filter (fun path -> (string (Path.GetFileName path)).StartsWith "System.")
         |> Array.map (fun path -> MetadataReference.CreateFromFile path :> MetadataReference))

/// Texts as one assembly, with resources inside: no warning is allowed, and overflows of whole numbers are checked, as a project
/// may ask for. The language is the newest, or C# 9.
let assembly (isPlain: bool) (resources: (string * byte[]) list) (texts: string list) : Assembly =
    let options =
        CSharpParseOptions(
            (if isPlain then LanguageVersion.CSharp9 else LanguageVersion.Latest),
            preprocessorSymbols = (if isPlain then [] else [ "NET9_0_OR_GREATER" ])
        )

    let compilation =
        CSharpCompilation.Create(
            "Written",
            texts |> List.map (fun text -> CSharpSyntaxTree.ParseText(text, options)),
            references.Value,
            CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                optimizationLevel = OptimizationLevel.Release,
                checkOverflow = true,
                allowUnsafe = not resources.IsEmpty,
                generalDiagnosticOption = ReportDiagnostic.Error
            )
        )

    use stream = new MemoryStream()

    let embedded =
        resources
        |> List.map (fun (name, bytes) ->
            ResourceDescription(name, (fun () -> new MemoryStream(bytes) :> Stream), true))

    let result = compilation.Emit(stream, manifestResources = embedded)

    if not result.Success then
        let errors = result.Diagnostics |> Seq.truncate 10 |> Seq.map string |> String.concat "\n"
        failtest $"the text does not compile:\n{errors}\n{List.head texts}"

    stream.Position <- 0L
    AssemblyLoadContext("written", true).LoadFromStream stream

/// A static method of a class in an assembly.
let call (assembly: Assembly) (name: string) (method': string) (arguments: (obj | null) list) : obj | null =
    match assembly.GetType name with
    | null -> failtest $"there is no class {name}"
    | found ->
        match found.GetMethod method' with
        | null -> failtest $"there is no method {method'}"
        | m -> m.Invoke(null, Array.ofList arguments)
