/// Texts do not depend on the machine's culture.
module DL1.Onnx.Tests.TextTests

open System.IO
open DL1.Onnx
open DL1.Tests
open Expecto

let tests =
    test "no method reads or writes text in the culture of the machine" {
        let uses, methods = CultureUses.find typeof<OnnxFile>.Assembly

        let uses =
            uses |> List.map (fun u -> $"{Path.GetFileName u.File}, line %d{u.Line}: {u.What} ({u.Method})")

        Expect.isGreaterThan methods 100 "methods looked at"
        Expect.equal (String.concat "\n" uses) "" "each number is written in the invariant culture"
    }
