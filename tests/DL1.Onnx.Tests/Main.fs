/// All tests.
module DL1.Onnx.Tests.Main

open Expecto

let tests =
    testList
        "DL1.Onnx"
        [
            NodeTests.tests
            HostileTests.tests
            StoredTests.tests
            ImportTests.tests
            RuntimeTests.tests
            ModelTests.tests
            AttentionTests.tests
            OperatorTests.tests
            CachedAttentionTests.tests
            LinearTests.tests
            BitTests.tests
            PaddingTests.tests
            CoverageTests.tests
            ExampleTests.tests
            TextTests.tests
            DL1.Tests.ExportPrimitiveTests.tests
            DL1.Tests.ExportModelTests.tests
            DL1.Tests.ExportStepTests.tests
            DL1.Tests.ExportImportTests.tests
            DL1.Tests.ExportExternalTests.tests
            DL1.Tests.ExportDigestTests.tests
        ]
