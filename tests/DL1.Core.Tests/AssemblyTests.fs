/// The assembly as it is shipped.
module DL1.Tests.AssemblyTests

open System.Reflection
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

let tests = testList "Assembly" [ marked ]
