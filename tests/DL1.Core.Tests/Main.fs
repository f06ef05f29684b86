/// All tests of DL1.Core: one line for each file of tests.
module DL1.Tests.Main

open Expecto

let tests =
    testList
        "DL1.Core"
        [ // Tensors
            ShapeTests.tests
            // Rewrite
            ExactTests.tests
            StableTests.tests
            AlgebraTests.tests
            // Derivative
            SymbolicTests.tests
        ]
