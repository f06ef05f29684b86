/// All tests of DL1.Core: one line for each file of tests.
module DL1.Tests.Main

open Expecto

let tests =
    testList
        "DL1.Core"
        [ // Tensors
            PlainTextTests.tests
            ShapeTests.tests
            FormatTests.tests
            TensorTests.tests
            ComputeTests.tests
            PhiloxTests.tests
            KeyTests.tests
            // Generated graphs
            GraphsTests.tests
            // Expr
            DigestTests.tests
            DeepTests.tests
            ErrorTests.tests
            TextTests.tests
            OperatorTests.tests
            RemainderTests.tests
            SlicesTests.tests
            TextFoldTests.tests
            ParseTests.tests
            ParseErrorTests.tests
            ParseUnicodeTests.tests
            LatexTests.tests
            DotTests.tests
            MathMLTests.tests
            GifTests.tests
            PictureFileTests.tests
            // Vectors
            FusedTests.tests
            // Eval
            ScalarTests.tests
            EvalTests.tests
            // Derivative
            VjpTests.tests
            GradTests.tests
            LocalTests.tests
            ScanRulesTests.tests
            CustomTests.tests
            BatchTests.tests
            LinearityTests.tests
            // Math
            OpsReferenceTests.tests
            DrawTests.tests
            SamplingTests.tests
            LossTests.tests
            LossMoreTests.tests
            LikelihoodTests.tests
            EdgesTests.tests
            MathReferenceTests.tests
            ArrayReferenceTests.tests
            DecompositionTests.tests
            ArrayLawTests.tests
            LiteralTests.tests
            MagnitudeTests.tests
            // Trees of parameters
            TreeTests.tests
            PenaltyTests.tests
            // Nn
            InitTests.tests
            LayerTests.tests
            LayersReferenceTests.tests
            LayersMoreReferenceTests.tests
            LayersMoreTests.tests
            AugmentTests.tests
            NormTests.tests
            PoolingTests.tests
            RecurrentTests.tests
            PaddingTests.tests
            AttentionTests.tests
            AttentionMoreTests.tests
            SummaryTests.tests
            // Rewrite
            ExactTests.tests
            StableTests.tests
            AlgebraTests.tests
            // Derivative, the readable kind
            SymbolicTests.tests
            SelectionTests.tests
            ConstantTests.tests
            ExplainTests.tests
            MatrixCalculusTests.tests
            // Compile
            ScalarFunctionTests.tests
            // Code
            QuoteTests.tests
            QuoteLoopTests.tests
            ToCodeTests.tests
            LruCacheTests.tests
            PlanTests.tests
            // Optimize
            ScheduleTests.tests
            ScheduleCycleTests.tests
            OptimizerTests.tests
            CurrentTests.tests
            OptimizerMoreTests.tests
            WrapTests.tests
            DescentTests.tests
            ClassicalTests.tests
            // Compile
            PoolTests.tests
            GemmTests.tests
            HoistTests.tests
            LowerTests.tests
            LoopTests.tests
            NewSizeTests.tests
            ShareTests.tests
            InPlaceTests.tests
            CompileTests.tests
            OriginTests.tests
            DrawnFoldTests.tests
            UnitAxesTests.tests
            LongSumTests.tests
            EmptyTests.tests
            RootOrderTests.tests
            SpecialValueTests.tests
            StatisticsTests.tests
            SessionTests.tests
            UpdateInPlaceTests.tests
            RecomputeTests.tests
            ChainTests.tests
            ExplainPlanTests.tests
            RandomWordsTests.tests
            MoveKernelTests.tests
            AlongKernelTests.tests
            ElementwiseLinesTests.tests
            ConvKernelTests.tests
            PoolingKernelTests.tests
            FrozenTests.tests
            LayoutTests.tests
            FunctionsTests.tests
            PassFetchTests.tests
            PassTests.tests
            // Data and storing
            IdxTests.tests
            DataTests.tests
            VocabularyTests.tests
            WordTests.tests
            RowsOfClassesTests.tests
            IntervalTests.tests
            BeginningTests.tests
            NpyTests.tests
            NarrowFloatsTests.tests
            AtomicFileTests.tests
            SafetensorsTests.tests
            SafetensorsFolderTests.tests
            PyTorchTests.tests
            PyTorchRefusalTests.tests
            TorchSharpFileTests.tests
            GgufTests.tests
            CheckpointTests.tests
            StructureTests.tests
            MetricTests.tests
            MetricMoreTests.tests
            CalibrationTests.tests
            // Models as C#
            ModelCodeTests.tests
            ModelCodeLayerTests.tests
            ModelCodeAheadTests.tests
            // Training
            AdmitTests.tests
            StepTests.tests
            ShardsTests.tests
            RanksTests.tests
            RankFitTests.tests
            FineTuningTests.tests
            StartingWithTests.tests
            FitTests.tests
            TelemetryTests.tests
            TensorBoardTests.tests
            FitSourceTests.tests
            SourceTests.tests
            TableRowsTests.tests
            FitRatesTests.tests
            LossSumsTests.tests
            FitChecksTests.tests
            TrainedTests.tests
            StepwiseTests.tests
            GenerationTests.tests
            SequenceScoreTests.tests
            TrainingLoopTests.tests
            ServingTests.tests
            NamedTests.tests
            SearchTests.tests
            StudyTests.tests
            RankSearchTests.tests
            LbfgsSearchTests.tests
            DatasetsTests.tests
            CsvTests.tests
            TableTests.tests
            PreparationTests.tests
            BaselineTests.tests
            PipelineTests.tests
            FilesTests.tests
            RealDataTests.tests
            // Whole models
            TrajectoryTests.tests
            // Documentation
            ReadmeTests.tests
            DocExamplesTests.tests
            GuideTests.tests
            PyTorchGuideTests.tests
            CompileReadmeTests.tests
            MathematicsTests.tests
            // Attributes at their extremes
            SizesTests.tests
            ExtremesTests.tests
            // The package
            AssemblyTests.tests
            CultureTests.tests
            PrintedTests.tests
        ]
