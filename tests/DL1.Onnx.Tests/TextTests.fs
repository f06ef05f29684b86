/// Texts do not depend on the machine's culture.
module DL1.Onnx.Tests.TextTests

open System.IO
open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open DL1.Tests
open Expecto

let private cultureless =
    test "no method reads or writes text in the culture of the machine" {
        let uses, methods = CultureUses.find typeof<OnnxFile>.Assembly

        let uses =
            uses |> List.map (fun u -> $"{Path.GetFileName u.File}, line %d{u.Line}: {u.What} ({u.Method})")

        Expect.isGreaterThan methods 100 "methods looked at"
        Expect.equal (String.concat "\n" uses) "" "each number is written in the invariant culture"
    }

/// A value of each exported type.
let private values () : obj list =
    let file =
        graph
            [ value "x" OnnxType.Float [ "batch"; 4 ] ]
            [ node "Relu" [ "x" ] [ "y" ] []; node "Nonesuch" [ "x" ] [ "z" ] [] ]
            []
            [ output "y" ]
        |> fileOf 17L

    let readable =
        graph [ value "x" OnnxType.Float [ 1; 4 ] ] [ node "Relu" [ "x" ] [ "y" ] [] ] [] [ output "y" ]

    [
        file
        Onnx.import [] (fileOf 17L readable)
        Onnx.perSample [] (fileOf 17L readable)
        Onnx.given "x" (Tensor.scalar 1.0)
        yield! file.Inputs |> Seq.map (fun declared -> declared :> obj)
        OnnxDim.Fixed 3L
        OnnxDim.Named "batch"
        OnnxDim.Any
        OnnxType.Float
    ]

let private printed =
    test "a value of each type prints as its text, in every culture" {
        for value in values () do
            let text = string (value.ToString())
            let shown = sprintf "%A" value
            Expect.equal (HostileCulture.under (fun () -> sprintf "%A" value)) shown "in another culture"

            match value with
            | :? Given -> ()
            | _ -> Expect.equal shown (Format.following text) "its text"
    }

let tests = testList "Text" [ cultureless; printed ]
