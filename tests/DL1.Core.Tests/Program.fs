/// The same tests by Expecto's own runner.
module DL1.Tests.Program

open Expecto

[<EntryPoint>]
let main argv = runTestsWithCLIArgs [] argv Main.tests
