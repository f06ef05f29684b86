/// Losses and scores of sequences count what is real, as PyTorch does, and no order of rows changes them.
module DL1.Tests.SequenceScoreTests

open System.Text.Json
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

let private closeTo (expected: JsonElement) (found: float) =
    Expect.isTrue (near 1e-12 (expected.GetDouble()) found) $"{expected.GetDouble()} and {found}"

let private check (case: JsonElement) =
    let a = Attributes case
    let ignore = a.Int("ignore", 0)
    a.ExpectAllRead()
    let scores = tensor (case.GetProperty "scores")
    let rows = [ for row in (case.GetProperty "labels").EnumerateArray() -> ints row ]
    let labels = rows |> List.concat |> List.map int64 |> Array.ofList |> Tensor.ofArray [ 3; 5 ]
    let x = Expr.variable "x" DType.F64 [ 3; 5; 7 ]
    let real = PaddingMask.ofTokens ignore (Expr.constant labels)
    let safe = Expr.where real (Expr.constant labels) (lit 0.0)
    let losses = Loss.crossEntropy { Loss.classes with Reduction = Reduction.None } safe x
    let masked = SequenceLoss.masked real losses
    let ignoring = Loss.crossEntropy { Loss.classes with Ignore = Some ignore } (Expr.constant labels) x
    let run e = Eval.run [ "x", scores ] e

    for loss in [ masked; ignoring ] do
        closeTo (case.GetProperty "loss") (Tensor.toFloat (run loss))
        expectClose 1e-12 (tensor (case.GetProperty "gradient")) (run (Grad.grad loss [ x ]).Head) "gradient"

    let measure (metric: Metric) = (Metric.ignoring ignore metric).Measure labels scores
    closeTo (case.GetProperty "perplexity") (measure Metric.perplexity)
    closeTo (case.GetProperty "bits") (measure Metric.bitsPerToken)
    closeTo (case.GetProperty "exact") ((Metric.exactMatch (Some ignore)).Measure labels scores)

let tests =
    testList
        "SequenceScore"
        [
            for i, case in List.indexed (cases "sequences.json") do
                if name case = "masked" then
                    test $"as PyTorch: {title i case}" { check case }
            law "what stands in padding counts nowhere, not even a NaN" (fun seed ->
                let values = Key.normal 0.0 1.0 DType.F64 [ 3; 4; 2 ] (Key.ofSeed seed)
                let real = PaddingMask.mask 4 (Expr.constant (Tensor.vector [ 4; 1; 2 ]))
                let x = Expr.variable "x" DType.F64 [ 3; 4; 2 ]
                let loss = SequenceLoss.masked real (sqrt (abs x + 1.0))
                let roots = loss :: Grad.grad loss [ x ]

                let spoilt =
                    Expr.where (Expr.expandDims 2 real) (Expr.constant values) (lit nan) |> Eval.run []

                Eval.many [ "x", spoilt ] roots = Eval.many [ "x", values ] roots)
            test "the mean is over what is real; of nothing it is 0" {
                let losses = Expr.constant (Tensor.ofArray [ 2; 2 ] [| 1.0; 9.0; 2.0; 3.0 |])

                let masked mask =
                    SequenceLoss.masked (Expr.constant (Tensor.ofArray [ 2; 2 ] mask)) losses
                    |> Eval.run []
                    |> Tensor.toFloat

                Expect.equal (masked [| true; false; true; true |]) 2.0 ""
                Expect.equal (masked [| false; false; false; false |]) 0.0 "nothing"
                let wrong = Expr.constant (Tensor.vector [ true; false; true ])
                Expect.throwsT<ShapeError> (fun () -> SequenceLoss.masked wrong losses |> ignore) "shape"
                Expect.throwsT<ShapeError> (fun () -> SequenceLoss.masked losses losses |> ignore) "type"
            }
            law "an evaluation of padded sequences is that of its rows in any order" (fun seed ->
                let model =
                    Dense.embedding 5 4
                    => (Recurrent.gru (Recurrent.options 4) |> Recurrent.sequence)
                    => Dense.linear 5

                let rows = 20

                let data =
                    PaddedRows.ofRows
                        0.0
                        [
                            for i in 1..rows ->
                                Key.integers 1 5 DType.I64 [ 2 + i % 4 ] (Key.fold i (Key.ofSeed seed))
                        ]

                let before, after = PaddedRows.shifted data
                let whole = Dataset.create before.Values after.Values
                let parameters, state = Layer.init (Key.ofSeed seed) (Expr.constant before.Values) model
                let trained = Trained.create model parameters state
                let order = Key.permutation rows (Key.ofSeed seed) |> Tensor.toArray<int64> |> Array.map int
                let loss = Loss.crossEntropy { Loss.classes with Ignore = Some 0 }
                let metrics = [ Metric.ignoring 0 Metric.perplexity; Metric.exactMatch (Some 0) ]

                let evaluate size (data: Dataset) =
                    let e =
                        Evaluator(trained.Network, Erased.loss "test" loss, [], metrics, ValueNone)
                            .Run(parameters, state, data, size)

                    e.Loss :: List.map snd e.Metrics

                let straight = evaluate rows whole

                List.forall
                    (fun size ->
                        List.forall2 (near 1e-6) (evaluate size (Dataset.rows order whole)) straight)
                    [ 1; 7; rows ]
                // The perplexity is that of the loss.
                && near 1e-5 (exp straight[0]) straight[1])
            test "bits a character; exact match of labels and of scores" {
                let target = Tensor.ofArray [ 2; 2 ] [| 1L; 0L; 1L; 1L |]
                let scores = Tensor.ofArray [ 2; 2; 2 ] [| 0.0; 1.0; 0.0; 1.0; 0.0; 1.0; 0.0; 1.0 |]
                Expect.equal (SequenceScore.exactMatch None target scores) 0.5 "scores"
                Expect.equal (SequenceScore.exactMatch (Some 0) target scores) 1.0 "ignored"
                Expect.equal (SequenceScore.exactMatch None target target) 1.0 "labels"
                let bits = SequenceScore.bitsPerToken target scores
                Expect.equal (SequenceScore.bitsPerCharacter 8 target scores) (bits / 2.0) "characters"
                let refuses f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
                refuses (fun () -> SequenceScore.bitsPerCharacter 0 target scores)
                let shape f = Expect.throwsT<ShapeError> (fun () -> f () |> ignore) ""
                shape (fun () -> SequenceScore.exactMatch None target (Tensor.vector [ 1L ]))
                shape (fun () -> SequenceScore.exactMatch None (Tensor.scalar 1L) (Tensor.scalar 1L))
                shape (fun () -> SequenceScore.perplexity target (Tensor.vector [ 1.0; 2.0; 3.0 ]))
            }
            test "teacher forcing: all but the last, all but the first" {
                let rows =
                    PaddedRows.ofRows
                        0.0
                        [ for row in [ [ 1; 5; 6; 2 ]; [ 1; 2 ]; [ 1 ] ] -> Tensor.vector row ]

                let before, after = PaddedRows.shifted rows
                Expect.equal before.Values (Tensor.ofArray [ 3; 3 ] [| 1; 5; 6; 1; 2; 0; 1; 0; 0 |]) "before"
                Expect.equal after.Values (Tensor.ofArray [ 3; 3 ] [| 5; 6; 2; 2; 0; 0; 0; 0; 0 |]) "after"
                Expect.equal before.Lengths (Tensor.vector [ 3L; 2L; 1L ]) "lengths before"
                Expect.equal after.Lengths (Tensor.vector [ 3L; 1L; 0L ]) "lengths after"

                Expect.equal
                    after.IsReal
                    (Tensor.ofArray [ 3; 3 ] [| true; true; true; true; false; false; false; false; false |])
                    "real"

                let features = PaddedRows.ofRows 0.0 [ Tensor.ones DType.F32 [ 3; 2 ] ]

                Expect.equal
                    (fst (PaddedRows.shifted features)).Values.Shape
                    (Shape.ofList [ 1; 2; 2 ])
                    "features"

                let one = PaddedRows.ofRows 0.0 [ Tensor.vector [ 1 ] ]
                Expect.throwsT<ShapeError> (fun () -> PaddedRows.shifted one |> ignore) "one place"
            }
            test "tokens that are not padding" {
                let real = PaddingMask.ofTokens 2 (Expr.constant (Tensor.vector [ 1L; 2L ]))
                Expect.equal (Eval.run [] real) (Tensor.vector [ true; false ]) ""
                let floats = Expr.constant (Tensor.vector [ 1.0 ])
                Expect.throwsT<ShapeError> (fun () -> PaddingMask.ofTokens 2 floats |> ignore) "floats"
            }
        ]
