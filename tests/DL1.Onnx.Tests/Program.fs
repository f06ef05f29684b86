/// The same tests by Expecto's own runner.
module DL1.Onnx.Tests.Program

open DL1.Tests
open Expecto

[<EntryPoint>]
let main argv =
    HostileCulture.enter ()

    match argv with
    | [| "nodes"; folder |] -> NodeTests.report folder
    | [| "parameters" |] ->
        printf "%s" (ModelTests.parametersText ())
        0
    | _ -> runTestsWithCLIArgs [] argv Main.tests
