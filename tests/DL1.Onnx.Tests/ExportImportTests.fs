/// Files that are written and read back: the importer gives the values of the graph that was written.
module DL1.Tests.ExportImportTests

open System
open DL1
open DL1.Onnx
open DL1.Tests.Graphs
open DL1.Tests.Source
open Expecto

let private given name (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())

/// The outputs of a file by the importer.
let private imported (bytes: byte[]) (values: (string * Tensor) list) : Tensor list =
    let file = Onnx.ofBytes bytes
    let names = file.Inputs |> Seq.map _.Name |> set

    Onnx.import [] file
    |> Onnx.run (values |> List.filter (fun (n, _) -> names.Contains n))
    |> Tree.values

let private mlp = Dense.linear 8 => Norm.batchNorm1d => Activation.gelu => Dense.linear 3

let tests =
    testList
        "ExportImport"
        [
            for name, maker in Primitives.all do
                test $"{name} is read back" {
                    for style in [ Tame; Single ] do
                        for seed in 1..8 do
                            let e, values = single style maker (seed * 7919)

                            match
                                (try
                                    Some(
                                        OnnxExport.graphToBytes
                                            [ for name, t in values -> given name t ]
                                            [ "out", e ]
                                    )
                                 with :? DomainError ->
                                     None)
                            with
                            | None -> ()
                            | Some bytes ->
                                let expected = Eval.run values e
                                let found = imported bytes values |> List.head

                                if not (ExportJudge.close 1e-5 expected found) then
                                    failtest $"{style}, seed {seed}: expected {expected}, found {found}"
                }
            test "a trained model is read back, with its parameters' names" {
                let x = Key.normal 0.0 1.0 DType.F32 [ 4; 6 ] (Key.ofSeed 1L)
                let parameters, state = Layer.init (Key.ofSeed 2L) (Expr.constant x) mlp
                let trained = Trained.create mlp parameters state
                let bytes = OnnxExport.modelToBytes (Tree.ofList [ "inputs", x ]) id Tree.toList trained
                let found = imported bytes [ "inputs", x ] |> List.head
                Expect.isTrue (ExportJudge.close 1e-5 (Trained.predict x trained) found) "the same outputs"
                let names = Tree.paths (Onnx.ofBytes bytes).Parameters

                for path in Tree.paths parameters do
                    Expect.contains names path "a parameter"
            }
        ]
