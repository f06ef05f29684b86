// Penguins from the table to a file, in F# Interactive: the twin of the lessons penguins, penguins-models, penguins-test and
// penguins-service of samples/Course. Can one tell a penguin's species without measuring its beak?
//
//     dotnet build -c Release && .ci/packages                  packs into out/
//     dotnet fsi samples/lessons/penguins.fsx [--brief]
#load "../../out/dl1.fsx"

open System.IO
open DL1
open DL1.Data

let isBrief = fsi.CommandLineArgs |> Array.contains "--brief"

// Split before anything is looked at: the test part stays locked away.
let train, test = Datasets.penguins () |> Table.splitStratified "species" 0.3 (Key.ofSeed 1L)

printfn $"{Table.describe train}"
printfn $"""{Table.valueCounts "species" train}"""

// One value from the table's rows to the classes; all of it is fitted to training rows alone.
let pipeline =
    Pipeline
        .Classify("species")
        .Inputs("island", "sex", "flipper_length_mm", "body_mass_g")
        .Impute(ColumnFill.Median)
        .Scale(ColumnScaling.Standard)
        .Model(Estimator.Logistic())

// Baselines by cross-validation, and what two more columns are worth.
let accuracyOf (p: Pipeline) = (p.CrossValidate(train, 5, Key.ofSeed 1L, Metric.accuracy)).Mean "accuracy"

let logistic = accuracyOf pipeline
let neighbours = accuracyOf (pipeline.Model(Estimator.Neighbours 9))
let withBeak = accuracyOf (pipeline.Inputs("beak_length_mm", "beak_depth_mm"))
printfn $"logistic {logistic:F3}, nine neighbours {neighbours:F3}, logistic with the beak {withBeak:F3}"

// A search over the pipeline as a whole.
let make (setting: Setting) = pipeline.Model(Estimator.Logistic(setting.Number "C"))

let trials =
    Search.random (if isBrief then 4 else 30) (Key.ofSeed 2L) [ ("C", HyperRange.LogUniform(1e-2, 1e3)) ]
    |> Pipeline.search 1 (Key.ofSeed 1L) 5 Metric.logLossOfLogits make train

let best = Search.best trials
printfn $"{best}"

// The test, once, with its interval; then what the model goes by.
let fitted = (make best.Setting).Fit train
let accuracy = fitted.Interval(test, Metric.accuracy, Key.ofSeed 1L)
printfn $"test accuracy {accuracy}"

for field in fitted.Importances(test, Metric.accuracy, Key.ofSeed 1L) do
    printfn $"  {field}"

// One file, which is loaded without this code, and gives the same outputs to the bit.
let path = Path.Combine(Path.GetTempPath(), "penguins.pipeline")
fitted.Save path
let again = FittedPipeline.Load path
let bird = {| island = "Dream"; sex = "FEMALE"; flipper_length_mm = 190; body_mass_g = 3500 |}
let answer = again.Predict bird
printfn $"{answer}"

let isSame = Tensor.toFloats (again.Outputs test) = Tensor.toFloats (fitted.Outputs test)

if not isSame || withBeak < logistic + 0.05 || accuracy.Lower > accuracy.Estimate then
    eprintfn "this is not what was expected"
    exit 1
