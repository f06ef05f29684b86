/// Data that a model cannot learn from are refused, by the row where it is so, before the first step.
module DL1.Tests.AdmitTests

open DL1
open DL1.Tests.Learners
open Expecto

let private entropy = Loss.crossEntropy Loss.classes
let private data = clouds 1L 50
let private options = { Fit.options (Key.ofSeed 1L) with Epochs = 1; Batch = Batches.ofSize 16 }

/// What a refusal says was given.
let private given (call: unit -> 'a) =
    try
        call () |> ignore
        ""
    with :? DomainError as e ->
        e.Given

let private fit (data: Dataset) () = Fit.run options learner data

/// The same elements but for one.
let private withValue (index: int) (value: float) (t: Tensor) =
    Tensor.toFloats t
    |> Array.mapi (fun i v -> if i = index then value else v)
    |> Tensor.ofArray (t.Shape.ToList())
    |> Tensor.cast t.DType

let private withInput index value = data |> Dataset.mapInputs (withValue index value)
let private withLabel row label = Dataset(data.Inputs, withValue row label data.Targets)
let private regression = Learner.create (Dense.linear 1) (Loss.mse Reduction.Mean) (Optimizer.sgd 0.01)

let private trained =
    let start = Step.start learner (Key.ofSeed 1L) data.Inputs
    Trained.create learner.Model start.Parameters start.State

let private numbers =
    [
        Law.law
            "one number that is not finite is found among any others, wherever it is"
            (fun (place: uint16) ->
                let rows, columns = 1201, 7
                let index = int place % (rows * columns)
                let values = Key.normal 0.0 1e30 DType.F32 [ rows; columns ] (Key.ofSeed 1L)

                let found (value: float) (dtype: DType) =
                    let x = Tensor.cast dtype (withValue index value values)
                    given (fun () -> Admit.finite "test" "numbers" x)

                let place = $"in row {index / columns}, column {index % columns}, counted from 0"

                given (fun () -> Admit.finite "test" "numbers" values) = ""
                && found nan DType.F32 = $"NaN among the numbers f32 [1201, 7], {place}"
                && found nan DType.F64 = $"NaN among the numbers f64 [1201, 7], {place}"
                && found -infinity DType.F32 = $"an infinity among the numbers f32 [1201, 7], {place}")
        test "fit names the row and the column, in inputs, targets, and what is validated on" {
            Expect.equal
                (given (fit (withInput 6 nan)))
                "NaN among the inputs f32 [50, 4], in row 1, column 2, counted from 0"
                "inputs"

            let y = Tensor.cast DType.F32 data.Targets

            Expect.equal
                (given (fun () -> Fit.run options regression (Dataset(data.Inputs, withValue 7 infinity y))))
                "an infinity among the targets f32 [50], in row 7, counted from 0"
                "targets"

            Expect.equal
                (given (fun () ->
                    Fit.run { options with Validation = Some(withInput 199 infinity) } learner data))
                "an infinity among the validation inputs f32 [50, 4], in row 49, column 3, counted from 0"
                "validation"
        }
        test "evaluating, predicting and looking for a rate refuse them too" {
            let broken = withInput 6 nan
            let expected = "NaN among the inputs f32 [50, 4], in row 1, column 2, counted from 0"
            Expect.equal (given (fun () -> Trained.evaluate entropy [] broken trained)) expected "evaluate"
            Expect.equal (given (fun () -> Trained.predict broken.Inputs trained)) expected "predict"

            Expect.equal
                (given (fun () ->
                    RateFinder.run 1e-6 1.0 10 (Batches.ofSize 16) (Key.ofSeed 1L) learner broken))
                expected
                "rates"
        }
        test "a place in an image has as many numbers as axes" {
            let images = Tensor.zeros DType.F32 [ 2; 3; 4; 5 ] |> withValue (60 + 20 + 5 + 2) nan

            Expect.equal
                (given (fun () -> Admit.finite "test" "inputs" images))
                "NaN among the inputs f32 [2, 3, 4, 5], in row 1, at [1; 1; 2], counted from 0"
                ""
        }
        test "whole numbers, and no numbers at all, are all right" {
            Admit.finite "test" "labels" data.Targets
            Admit.finite "test" "nothing" (Tensor.zeros DType.F32 [ 0; 3 ])
        }
    ]

let private labels =
    [
        test "fit and evaluate name the row of a label that is no class" {
            let expected row label =
                $"the label %d{label} in row %d{row}, counted from 0, of the targets i64 [50]"

            for row, label in [ 0, 3; 31, -1; 49, 10 ] do
                let broken = withLabel row (float label)
                Expect.equal (given (fit broken)) (expected row label) "fit"

                Expect.equal
                    (given (fun () -> Trained.evaluate entropy [] broken trained))
                    (expected row label)
                    "evaluate"

                Expect.equal
                    (given (fun () ->
                        RateFinder.run 1e-6 1.0 10 (Batches.ofSize 16) (Key.ofSeed 1L) learner broken))
                    (expected row label)
                    "rates"
        }
        test "so are labels that are validated on" {
            Expect.equal
                (given (fun () -> Fit.run { options with Validation = Some(withLabel 5 3.0) } learner data))
                "the label 3 in row 5, counted from 0, of the validation targets i64 [50]"
                ""
        }
        test "a label that is to be ignored is all right, another one is not" {
            let ignoring =
                Learner.create
                    learner.Model
                    (Loss.crossEntropy { Loss.classes with Ignore = Some -1 })
                    (Optimizer.adam 0.02)

            let loss = (Fit.run options ignoring (withLabel 3 -1.0)).History.Head.Loss
            Expect.isTrue (System.Double.IsFinite loss) "ignored"

            Expect.equal
                (given (fun () -> Fit.run options ignoring (withLabel 3 -2.0)))
                "the label -2 in row 3, counted from 0, of the targets i64 [50]"
                "another"
        }
        test "labels are found behind what a loss of one's own does to them" {
            // Two targets a row, one for each half of the outputs; a weight on the first.
            let loss (y: Expr) (output: Expr) =
                let part first last = Expr.slice [ 0; first ] [ output.Shape[0]; last ] [ 1; 1 ] output

                let label column =
                    Expr.slice [ 0; column ] [ y.Shape[0]; column + 1 ] [ 1; 1 ] y
                    |> Expr.reshape [ y.Shape[0] ]

                0.5 * entropy (label 0) (part 0 2) + entropy (label 1) (part 2 5)

            let two (label: float) = Tensor.zeros DType.I64 [ 50; 2 ] |> withValue (2 * 20 + 1) label

            let fit label =
                given (fun () ->
                    Fit.run
                        options
                        (Learner.create (Dense.linear 5) loss (Optimizer.sgd 0.01))
                        (Dataset(data.Inputs, two label)))

            Expect.equal (fit 2.0) "" "three classes"
            Expect.equal (fit 3.0) "the label 3 in row 20, counted from 0, of the targets i64 [50, 2]" "four"
        }
        test "a step of one's own has NaN for its loss" {
            let batch = Dataset.rows [| 0..15 |] (withLabel 3 7.0)
            let start = Step.start learner (Key.ofSeed 1L) data.Inputs
            Expect.isTrue (System.Double.IsNaN((Trainer(learner, start, false)).Step batch)) "in place"
            Expect.isTrue (System.Double.IsNaN(snd (Step.prepare learner start batch start batch))) "pure"
        }
    ]

let tests = testList "Admit" (numbers @ labels)
