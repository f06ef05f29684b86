/// Whole trainings on the data sets that are carried, seeds fixed: what a model should reach there, it reaches.
module DL1.Tests.RealDataTests

open DL1
open DL1.Data
open Expecto

let private key = Key.ofSeed 20261123L
let private relu = Activation.relu
let private entropy = Loss.crossEntropy Loss.classes

/// A table's numbers but one column, and that column's texts.
let private split target (table: Table) =
    table |> Table.numbers (Table.namesBut [ target ] table), Table.texts target table

/// A training set and the rows held out, scaled by what the training set has.
let private scaled (train: Dataset) (held: Dataset) =
    let scaler = Scale.standard train.Inputs
    Dataset.mapInputs (Scale.apply scaler) train, Dataset.mapInputs (Scale.apply scaler) held

let private digits =
    test "digits: at least 97% of those held out" {
        let x, labels = split "digit" (Datasets.digits ())

        let data =
            Dataset(
                Scale.apply { Shift = List.replicate 64 0.0; Divisor = List.replicate 64 16.0 } x,
                Category.labels (Category.fit labels) labels
            )

        let kept, held = Splits.stratified 0.2 key data.Targets

        let learner =
            Learner.create
                (Dense.linear 256 => relu => Shaping.dropout 0.2 => Dense.linear 10)
                entropy
                (Optimizer.adam 0.002)

        let f =
            Fit.run
                { Fit.options key with Epochs = 30; Batch = Batches.ofSize 32 }
                learner
                (Dataset.rows kept data)

        let test = Trained.evaluate entropy [ Metric.accuracy ] (Dataset.rows held data) f.Trained
        Expect.isGreaterThanOrEqual (snd test.Metrics.Head) 0.97 "accuracy"
    }

let private breastCancer =
    test "breast cancer: area under the ROC curve at least 0.99, by 5 folds" {
        let x, diagnosis = split "diagnosis" (Datasets.breastCancer ())
        let data = Dataset(x, Category.labels (Category.fit diagnosis) diagnosis)

        let score (train: Dataset) (held: Dataset) key =
            let train, held = scaled train held
            let model = Dense.linear 16 => relu => Dense.linear 2

            let learner =
                Learner.create model entropy (Optimizer.adam 0.01)
                |> Learner.penalized (Penalty.l2 1e-3 Penalty.weights)

            let f = Fit.run { Fit.options key with Epochs = 20; Batch = Batches.ofSize 32 } learner train
            let logits = Convert.toArray2D<float32>(Trained.predict held.Inputs f.Trained)

            Binary.rocAuc
                held.Targets
                (Tensor.vector [ for r in 0 .. held.Count - 1 -> logits[r, 1] - logits[r, 0] ])

        let areas = Search.crossValidateStratified 5 key score data
        Expect.isGreaterThanOrEqual (List.average areas) 0.99 $"areas {areas}"
    }

/// The least squares of a line with strength·|w|², in closed form; scaled inputs, the mean free.
let private ridge (strength: float) (train: Dataset) (held: Dataset) =
    let x = Convert.toMatrix<float>(Tensor.cast DType.F64 train.Inputs)
    let y = Tensor.toFloats train.Targets
    let mean = Array.average y

    let shifted =
        MathNet.Numerics.LinearAlgebra.Vector<float>.Build.DenseOfArray(Array.map (fun v -> v - mean) y)

    let identity = MathNet.Numerics.LinearAlgebra.Matrix<float>.Build.DenseIdentity x.ColumnCount
    let w = (x.Transpose() * x + strength * identity).Solve(x.Transpose() * shifted)

    let predicted =
        (Convert.toMatrix<float>(Tensor.cast DType.F64 held.Inputs) * w).ToArray()
        |> Array.map (fun v -> v + mean)

    Regression.mse held.Targets (Tensor.vector predicted)

let private diabetes =
    test "diabetes: a network no worse than the ridge, by 5 folds, three times" {
        let table = Datasets.diabetes ()
        let x = table |> Table.numbers (Table.namesBut [ "progression" ] table)
        let data = Dataset(x, table |> Table.numbers [ "progression" ])

        // Folds by three keys, so that no lucky split decides.
        let mean score =
            [ for seed in 1L .. 3L -> Search.crossValidate 5 (Key.ofSeed seed) score data |> List.average ]
            |> List.average

        let ridgeOf strength =
            mean (fun train held _ -> let train, held = scaled train held in ridge strength train held)

        let network (train: Dataset) (held: Dataset) key =
            let train, held = scaled train held
            let y = Scale.standard train.Targets
            let model = Dense.linear 32 => Activation.tanh => Dense.linear 1

            let learner =
                Learner.create model (Loss.mse Reduction.Mean) (Optimizer.adam 0.001)
                |> Learner.penalized (Penalty.l2 0.03 Penalty.weights)

            let f =
                Fit.run
                    { Fit.options key with Epochs = 60; Batch = Batches.ofSize 32 }
                    learner
                    (Dataset(train.Inputs, Scale.apply y train.Targets))

            Regression.mse held.Targets (Scale.invert y (Trained.predict held.Inputs f.Trained))

        let ours = mean network
        let theirs = [ 0.1; 1.0; 10.0; 30.0; 100.0 ] |> List.map ridgeOf
        Expect.isLessThanOrEqual ours (List.min theirs) $"the ridges have {theirs}"
    }

let private penguins =
    test "penguins, with missing values: at least 97%, by 5 folds, all fitted on training rows alone" {
        let table = Datasets.penguins ()
        let columns = table |> Table.namesBut [ "species" ]
        let species = table.Categories "species"
        let labels (table: Table) = Category.labels species (table.Texts "species")

        let score (train: Table) (held: Table) key =
            // One penguin's sex is a point: a category that most folds have not met.
            let encoder = train |> TableEncoder.fit columns |> TableEncoder.ignoringUnknown
            let x = encoder.Apply train
            let fill = Impute.apply (Impute.median x)

            let train, held =
                scaled (Dataset(fill x, labels train)) (Dataset(fill (encoder.Apply held), labels held))

            let learner =
                Learner.create (Dense.linear 16 => relu => Dense.linear 3) entropy (Optimizer.adam 0.01)

            let f = Fit.run { Fit.options key with Epochs = 20; Batch = Batches.ofSize 32 } learner train

            Classification.accuracy
                held.Targets
                (Classification.argMax (Trained.predict held.Inputs f.Trained))

        let parts =
            Splits.stratifiedFolds 5 key (labels table)
            |> List.mapi (fun i (kept, held) ->
                score (table.Rows kept) (table.Rows held) (Key.fold (i + 1) key))

        Expect.isGreaterThanOrEqual (List.average parts) 0.97 $"accuracies {parts}"
    }

let tests = testList "RealData" [ digits; breastCancer; diabetes; penguins ]
