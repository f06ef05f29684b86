/// Fashion-MNIST: the test accuracy of the usual models after some epochs, for some seeds.
/// DL1_FASHION=folder dotnet run -c Release --project bench/Fashion -- [mlp|cnn] [epochs,epochs] [seeds]
module Fashion

open System
open DL1
open DL1.Data

let private relu = Activation.relu
let private entropy = Loss.crossEntropy Loss.classes

let private models: Map<string, Layer<Expr, Expr>> =
    Map
        [
            "mlp", Dense.linear 512 => relu => Dense.linear 256 => relu => Dense.linear 10
            "cnn",
            Shaping.reshape [ 1; 28; 28 ]
            => Conv.conv2d 32 3
            => relu
            => Conv.conv2d 64 3
            => relu
            => Pooling.max 2
            => Shaping.flatten
            => Dense.linear 128
            => relu
            => Dense.linear 10
        ]

[<EntryPoint>]
let main argv =
    let argument i standard = argv |> Array.tryItem i |> Option.defaultValue standard

    let name = argument 0 "mlp"
    let model = models[name]
    let epochs = (argument 1 "3,10").Split ',' |> Array.map int
    let seeds = int64 (argument 2 "3")
    let struct (train, test) = Datasets.fashionMnist ()

    printfn
        $"{name}: {train.Count} images to learn from, {test.Count} to test, {Environment.ProcessorCount} processors"

    let accuracies =
        [
            for seed in 1L .. seeds do
                let options =
                    { Fit.options (Key.ofSeed seed) with
                        Epochs = Array.max epochs
                        Batch = Batches.ofSize (if name = "cnn" then 64 else 128)
                        Validation = Some test
                        Metrics = [ Metric.accuracy ]
                        Progress = Progress.lines (fun line -> printfn $"seed {seed}  {line}")
                    }

                let fitted = Fit.run options (Learner.create model entropy (Optimizer.adam 0.001)) train
                [ for e in epochs -> snd fitted.History[e - 1].Metrics.Head ]
        ]

    for i, e in Array.indexed epochs do
        let values = accuracies |> List.map (List.item i)

        printfn
            $"after {e} epochs: mean {List.average values:F4}, least {List.min values:F4} of {values.Length} seeds"

    0
