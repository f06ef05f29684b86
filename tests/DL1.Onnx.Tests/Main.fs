/// All tests.
module DL1.Onnx.Tests.Main

open Expecto

let tests =
    testList
        "DL1.Onnx"
        [
            NodeTests.tests
            HostileTests.tests
            ImportTests.tests
            RuntimeTests.tests
            ModelTests.tests
            TextTests.tests
        ]
