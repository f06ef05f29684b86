/// What values look like in F# Interactive and under `%A`: it is never an exception, and a type that writes its text itself shows
/// that text, in every culture.
module DL1.Tests.PrintedTests

open System
open System.IO
open System.Reflection
open DL1
open Expecto

/// Types whose text is another thing than what they are seen as.
let private exceptions: (Type * string) list =
    [
        typeof<Variable>, "shows its fields: it stands in nodes, which are read as data"
        typeof<Cut>, "likewise"
        typeof<Edge>, "likewise"
        typeof<Sweep>, "likewise"
        typeof<Digest>, "likewise"
        typeof<ModelSource>, "is the text of a file, which is not moved to the right"
    ]

let private inFolder (use': string -> 'a) : 'a =
    let folder = Directory.CreateTempSubdirectory().FullName

    try
        use' folder
    finally
        Directory.Delete(folder, true)

let private faults (t: Type) (value: obj) : string list =
    try
        let text = string (value.ToString())
        let shown = sprintf "%A" value
        let hostile = HostileCulture.under (fun () -> sprintf "%A" value)

        let isOwn =
            PrintedValues.hasOwnText t
            && not (exceptions |> List.exists (fun (e, _) -> e = t))
            && not (value :? exn)

        [
            if isOwn && shown <> Format.following text then
                $"{t}: ToString is {text}, %%A is {shown}"
            // F# Interactive shows the properties of a class beside its text, if there is no other form.
            if
                isOwn && (t.GetCustomAttributes(typeof<StructuredFormatDisplayAttribute>, true)).Length = 0
            then
                $"{t}: no StructuredFormatDisplay"
            if shown <> hostile then
                $"{t}: %%A is {shown}, in another culture {hostile}"
        ]
    with e ->
        [ $"{t}: {e}" ]

let tests =
    testList
        "Printed"
        [
            test "a value of each exported type prints, as its text where it has one" {
                let values =
                    inFolder (fun folder ->
                        let values = PrintedValues.all folder

                        let wrong =
                            [
                                for t, found in values do
                                    if found.IsEmpty then
                                        $"{t}: make a value of it"

                                    for value in found |> List.choose Option.ofObj do
                                        yield! faults t value
                            ]

                        Expect.equal (String.concat "\n" (List.distinct wrong)) "" ""
                        values)

                Expect.isGreaterThan values.Length 150 "types"
            }
        ]
