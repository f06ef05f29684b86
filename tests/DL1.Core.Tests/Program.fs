/// The same tests by Expecto's own runner; or, by its argument, the child that some of them kill.
module DL1.Tests.Program

open Expecto

[<EntryPoint>]
let main argv =
    HostileCulture.enter ()

    match argv with
    | [| argument; path |] when argument = CheckpointLoop.argument -> CheckpointLoop.run path
    | [| argument; first; last |] when argument = ExtremeChild.argument ->
        ExtremeChild.run (int first) (int last)
    | [| argument; name |] when argument = GuardProbe.argument -> GuardProbe.run name
    | _ -> runTestsWithCLIArgs [] argv Main.tests
