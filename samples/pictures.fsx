// The pictures of the README: a race of optimizers, a graph with its gradients, learning curves.
//
//     dotnet build -c Release && .ci/packages               packs into out/
//     dotnet fsi samples/pictures.fsx docs/pictures         writes race.gif, graph.svg and curves.svg
#load "../out/dl1.fsx"

open System.IO
open DL1
open DL1.Data
open DL1.Pictures

let folder =
    match fsi.CommandLineArgs with
    | [| _; folder |] -> folder
    | _ -> Path.GetTempPath()

let path name = Path.Combine(folder, name)

// Eight optimizers from places of their own, down the same surface.
let racers =
    [
        "SGD", Optimizer.sgd 0.05, 1.6
        "momentum", Optimizer.momentum 0.9 0.05, 1.8
        "Nesterov", Optimizer.sgdWith 0.9 0.0 true 0.0 0.05, 2.0
        "Adagrad", Optimizer.adagrad 0.05, 1.4
        "RMSProp", Optimizer.rmsPropWith 0.9 1e-8 false 0.0 0.05, 1.2
        "Adam", Optimizer.adam 0.05, 2.2
        "Lion", Optimizer.lion 0.0 0.05, 2.4
        "Rprop", Optimizer.rprop 0.05, 1.0
    ]

let x, y = Expr.symbol "x", Expr.symbol "y"

let hills =
    let bump a b width = exp (-((x - a) ** 2 + (y - b) ** 2) / width)

    0.08 * (x ** 2 + y ** 2) + 1.3 * bump 0.2 0.5 0.6 + 1.1 * bump -1.1 1.8 0.5
    - 1.6 * bump 1.5 -1.2 0.8
    - bump -1.5 -0.9 0.6
    - 0.5 * bump 1.9 0.7 0.3

let steps = 120
let rule = { MaxEpochs = steps; Patience = steps; Tolerance = 1e-8 }

let trails =
    [
        for name, optimizer, start in racers ->
            let descent = Descent.run rule optimizer hills [ x; y ] [ start; 2.8 ]

            Trail.Of(
                name,
                struct (start, 2.8) :: [ for row in descent.Rows -> struct (row.After[0], row.After[1]) ]
            )
    ]

File.WriteAllBytes(path "race.gif", Animation.gif View.Landscape 420 315 24 trails Surface.HillsAndBasins)

// Backpropagation: values forwards, gradients backwards.
let a, b, c = Expr.symbol "a", Expr.symbol "b", Expr.symbol "c"
let d, e = a + b, b - c
let at = [ "a", Tensor.scalar 1.0; "b", Tensor.scalar 2.0; "c", Tensor.scalar 3.0 ]
let explanation = Explain.run [ "d", d; "e", e; "Y", d * e ] at (d * e)
GraphPicture.Of explanation |> Figure.save (path "graph.svg")

// A small network on the digits, with a part of them held back.
let table = Datasets.digits ()
let digits = Table.texts "digit" table
let images = table |> Table.numbers (Table.namesBut [ "digit" ] table)

let train, test =
    Dataset.create images (Category.labels (Category.fit digits) digits)
    |> Splits.data 0.2 (Key.ofSeed 1L)

let model = Dense.linear 64 => Activation.relu => Dense.linear 10
let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 2e-3)

let fitted =
    Fit.run { Fit.options (Key.ofSeed 2L) with Epochs = 20; Validation = Some test } learner train

LearningCurves.Loss(fitted.History) |> Plot.save (path "curves.svg")

for name in [ "race.gif"; "graph.svg"; "curves.svg" ] do
    printfn $"{name}: %d{FileInfo(path name).Length} bytes"
