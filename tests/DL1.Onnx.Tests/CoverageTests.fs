/// Every operator that the importer has a rule for is run by some test.
module DL1.Onnx.Tests.CoverageTests

open System.IO
open DL1.Onnx
open DL1.Onnx.Rules
open DL1.Onnx.Tests.OperatorCase
open Expecto

/// Operators that no judge runs, and the tests that do.
let private elsewhere =
    [ "SwiGLU", "OperatorTests, by its definition: ONNX Runtime 1.31 does not run opset 27" ]

/// The operators of a file.
let private operatorsOf (file: OnnxFile) = [ for n in file.Model.Graph.Nodes -> n.Domain, n.Operator ]

let private nodeTests =
    lazy
        ([
            for name in NodeTests.approved.Value do
                yield! operatorsOf (Onnx.read (Path.Combine(NodeTests.installed, name, "model.onnx")))
        ])

let private models =
    lazy
        ([
            for name in [ "cnn"; "gru"; "lstm"; "mlp"; "mobilenet"; "transformer" ] do
                yield! operatorsOf (Onnx.ofBytes (RuntimeTests.fixture (name + ".onnx")))

            yield! operatorsOf (Onnx.ofBytes RuntimeTests.miniLM.Value)
            yield! operatorsOf (Onnx.ofBytes RuntimeTests.resNet18.Value)
        ])

let tests =
    testList
        "every operator is run"
        [
            // Without the node tests of the standard, NodeTests says that they are missing.
            if Directory.Exists NodeTests.installed then
                test "by a test of the standard, a model, or a case of its own" {
                    let run =
                        set (
                            nodeTests.Value
                            @ models.Value
                            @ [ for struct (domain, operator) in ran -> domain, operator ]
                            @ [ for operator, _ in elsewhere -> "", operator ]
                        )

                    let all = set [ for rule in RuleTable.all -> rule.Domain, rule.Operator ]
                    let missing = Set.difference all run

                    Expect.isEmpty missing $"operators that no test runs: %A{missing}"
                }
        ]
