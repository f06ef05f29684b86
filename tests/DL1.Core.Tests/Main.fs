/// All tests of DL1.Core: one line for each file of tests.
module DL1.Tests.Main

open Expecto

let tests =
    testList
        "DL1.Core"
        [ // Tensors
            ShapeTests.tests
            FormatTests.tests
            TensorTests.tests
            PhiloxTests.tests
            KeyTests.tests
            // Generated graphs
            GraphsTests.tests
            // Expressions
            TextTests.tests
            ParseTests.tests
            LatexTests.tests
            DotTests.tests
            // Derivative
            GradTests.tests
            ScanRulesTests.tests
            BatchTests.tests
            LinearityTests.tests
            // Math
            OpsReferenceTests.tests
        ]
