// An exploration in F# Interactive, from packages: calculus, a fit, a small network, a picture.
//
//     dotnet build -c Release && .ci/packages       packs into out/, and runs this file
//     dotnet fsi samples/explore.fsx                runs it again
#load "../out/dl1.fsx"

open System.IO
open DL1
open DL1.Pictures

// Calculus: F# code as a formula, its derivative, and where it is lowest.
let bowl = Quote.expr <@ fun x -> (x - 2.0) ** 2.0 + 3.0 @>
let x = Expr.symbol "x"
let slope = Symbolic.derivative x bowl
printfn $"d/dx {bowl} = {slope}"

let lowest = Descent.run Descent.standard (Optimizer.momentum 0.9 0.01) bowl [ x ] [ 50.0 ]
printfn $"lowest at x = {Seq.last lowest.Rows |> _.After[0]:F3}, after {lowest.Rows.Count} epochs"

// A fit: a line through noisy points, by least squares.
let key = Key.ofSeed 1L
let inputs = Key.uniform -3.0 3.0 DType.F32 [ 200; 1 ] key
let noise = Key.normal 0.0 0.1 DType.F32 [ 200; 1 ] (Key.fold 1 key)
let targets = Eval.run [] (sin (Expr.constant inputs) + Expr.constant noise)
let data = Dataset.create inputs targets

let fit epochs model =
    let learner = Learner.create model (Loss.mse Reduction.Mean) (Optimizer.adam 0.02)
    Fit.run { Fit.options key with Epochs = epochs } learner data

let line = fit 30 (Dense.linear 1)
printfn $"a line: loss {(List.last line.History).Loss:F3}"

// A small network does better.
let network = Dense.linear 32 => Activation.tanh => Dense.linear 32 => Activation.tanh => Dense.linear 1
let curve = fit 60 network
printfn $"{network}: loss {(List.last curve.History).Loss:F3}"
printfn $"{curve.Trained}"

// A picture of both, beside the data.
let grid = Tensor.linspace DType.F32 -3.0 3.0 121 |> Tensor.reshape [ 121; 1 ]
let numbers (t: Tensor) = Tensor.toFloats t |> Seq.ofArray

let picture =
    Plot.titled "A line and a network"
    |> Plot.labels "x" "y"
    |> Plot.dots "data" (numbers inputs) (numbers targets)
    |> Plot.dashes "line" (numbers grid) (numbers (Trained.predict grid line.Trained))
    |> Plot.line "network" (numbers grid) (numbers (Trained.predict grid curve.Trained))

let folder =
    match fsi.CommandLineArgs with
    | [| _; folder |] -> folder
    | _ -> Path.GetTempPath()

let file = Path.Combine(folder, "fit.png")
File.WriteAllBytes(file, Plot.png 800 500 picture)
printfn $"drawn: {Path.GetFileName file}"

if (List.last curve.History).Loss > 0.05 || string slope <> "2·(x − 2)" then
    eprintfn "this is not what was expected"
    exit 1
