// Marks the types of an assembly that have no initializer as such (`beforefieldinit`, ECMA-335 II.10.1.6), which the F#
// compiler leaves out. Without the mark, generic functions of modules cannot be compiled ahead of time: a program that is
// published so would compile each of them when it starts.
open System
open System.IO
open System.Reflection
open System.Reflection.Metadata
open System.Reflection.Metadata.Ecma335
open System.Reflection.PortableExecutable

let mark (path: string) =
    let bytes = File.ReadAllBytes path
    use file = new PEReader(new MemoryStream(bytes))
    let metadata = file.GetMetadataReader()
    // A row of the table of types begins with the type's attributes.
    let table = file.PEHeaders.MetadataStartOffset + metadata.GetTableMetadataOffset TableIndex.TypeDef
    let row = metadata.GetTableRowSize TableIndex.TypeDef

    let hasInitializer (t: TypeDefinition) =
        t.GetMethods()
        |> Seq.exists (fun m ->
            metadata.StringComparer.Equals((metadata.GetMethodDefinition m).Name, ".cctor"))

    for handle in metadata.TypeDefinitions do
        let t = metadata.GetTypeDefinition handle

        if not (hasInitializer t) then
            let at = table + (MetadataTokens.GetRowNumber handle - 1) * row
            let marked = t.Attributes ||| TypeAttributes.BeforeFieldInit
            BitConverter.TryWriteBytes(Span(bytes, at, 4), int marked) |> ignore

    File.WriteAllBytes(path, bytes)

fsi.CommandLineArgs |> Array.skip 1 |> Array.iter mark
