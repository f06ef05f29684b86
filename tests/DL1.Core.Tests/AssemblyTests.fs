/// The assembly as it is shipped.
module DL1.Tests.AssemblyTests

open System.IO
open System.Reflection
open System.Reflection.Metadata
open System.Reflection.PortableExecutable
open DL1
open Expecto

let private marked =
    test "what has no initializer says so, so that its generic functions can be compiled ahead of time" {
        let without =
            typeof<Expr>.Assembly.GetTypes() |> Array.filter (fun t -> isNull t.TypeInitializer && t.IsClass)

        let unmarked =
            without
            |> Array.filter (fun t -> not (t.Attributes.HasFlag TypeAttributes.BeforeFieldInit))
            |> Array.map _.FullName

        Expect.isNonEmpty without "classes without an initializer"
        Expect.isEmpty unmarked "classes that src/DL1.Core.fs/mark-modules.fsx left out"
    }

/// The functions that an assembly calls, by type and name.
let private calls (assembly: Assembly) =
    use file = new PEReader(File.OpenRead assembly.Location)
    let metadata = file.GetMetadataReader()

    [
        for handle in metadata.MemberReferences do
            let called = metadata.GetMemberReference handle

            if called.Parent.Kind = HandleKind.TypeReference then
                let owner = metadata.GetTypeReference(TypeReferenceHandle.op_Explicit called.Parent)
                $"{metadata.GetString owner.Name}.{metadata.GetString called.Name}"
    ]

let private withoutPrintf =
    test "interpolated strings do without the reflection of sprintf, which trimmed programs lack" {
        for library in [ typeof<Expr>; typeof<Data.Table>; typeof<Pictures.Figure> ] do
            let called = calls library.Assembly
            let name = string library.Assembly
            Expect.contains called "Object..ctor" "calls are found"

            Expect.isFalse (List.contains "PrintfModule.PrintFormatToStringThen" called) name

            Expect.isFalse (List.contains "LazyExtensions.Create" called) name
    }

let tests = testList "Assembly" [ marked; withoutPrintf ]
