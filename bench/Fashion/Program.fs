/// Fashion-MNIST: the test accuracy of the usual models after some epochs, for some seeds.
/// DL1_FASHION=folder dotnet run -c Release --project bench/Fashion -- [mlp|cnn] [epochs,epochs] [seeds]
/// With `recipes` in the place of `mlp`: what the mlp's recipe was chosen by, on a sixth of the training images held out,
/// with other seeds; the test images are not looked at.
module Fashion

open System
open DL1
open DL1.Data

/// How a model is trained, beside its layers.
type Recipe =
    {
        /// What it is, to be printed.
        Name: string
        /// From the training images to what is done to all.
        Scaling: Tensor -> Tensor -> Tensor
        /// How the layers' parameters begin.
        Parameters: ParameterOptions
        /// The rate, for as many steps as a run has.
        Rate: int -> Schedule
        /// Rows in a step.
        Batch: int
    }

let private relu = Activation.relu
let private entropy = Loss.crossEntropy Loss.classes

let private models: Map<string, ParameterOptions -> Layer<Expr, Expr>> =
    Map
        [
            "mlp",
            fun p -> Dense.linearWith p 512 => relu => Dense.linearWith p 256 => relu => Dense.linearWith p 10
            "cnn",
            fun p ->
                Shaping.reshape [ 1; 28; 28 ]
                => Conv.conv2d 32 3
                => relu
                => Conv.conv2d 64 3
                => relu
                => Pooling.max 2
                => Shaping.flatten
                => Dense.linearWith p 128
                => relu
                => Dense.linearWith p 10
        ]

/// One mean and one deviation for all pixels, as is usual for images: a scaler of one column.
let private standardised (training: Tensor) : Tensor -> Tensor =
    let scaler = Scale.standard (Tensor.reshape [ -1; 1 ] training)

    fun x -> Tensor.reshape [ -1; 784 ] (Scale.apply scaler (Tensor.reshape [ -1; 1 ] x))

let private plain =
    {
        Name = "pixels from 0 to 1, Adam at 0.001"
        Scaling = fun _ -> id
        Parameters = Init.parameters
        Rate = fun _ -> Schedule.constant 0.001
        Batch = 128
    }

let private heNormal =
    { Init.parameters with
        Weight = Init.kaimingNormal Fan.In (sqrt 2.0)
        BiasInit = Some Init.zeros
    }

let private standard =
    { plain with Name = "pixels standardised, Adam at 0.001"; Scaling = standardised }

let private cosine (recipe: Recipe) =
    { recipe with
        Name = recipe.Name.Replace("at 0.001", "from 0.001 to 0 by a cosine over the run")
        Rate = fun steps -> Schedule.cosine steps 0.0 0.001
    }

let private recipes =
    [
        plain
        standard
        { standard with Name = $"{standard.Name}, He's initialisation"; Parameters = heNormal }
        cosine plain
        cosine standard
    ]

/// The best of them, on images held out of the training set.
let private chosen = cosine standard

/// The accuracy on rows that are not learnt from, after each number of epochs. Where the rate changes, it does so over
/// the run, and each number is a run of its own.
let private accuracies name recipe (epochs: int[]) (seed: int64) (train: Dataset) (held: Dataset) =
    let steps = (train.Count + recipe.Batch - 1) / recipe.Batch

    let history count =
        let rate = recipe.Rate(count * steps)

        let options =
            { Fit.options (Key.ofSeed seed) with
                Epochs = count
                Batch = Batches.ofSize recipe.Batch
                Validation = Some held
                Metrics = [ Metric.accuracy ]
                Progress = Progress.lines (fun line -> printfn $"seed {seed}  {line}")
            }

        let optimizer = Optimizer.adam 0.001 |> Optimizer.scheduled rate

        rate.IsConstant,
        (Fit.run options (Learner.create (models[name] recipe.Parameters) entropy optimizer) train).History

    let at (rows: EpochRow list) epoch = snd rows[epoch - 1].Metrics.Head

    match history (Array.max epochs) with
    | true, rows -> epochs |> Array.map (at rows)
    | false, rows ->
        epochs |> Array.map (fun e -> if e = Array.max epochs then at rows e else at (snd (history e)) e)

let private report name recipe epochs seeds (train: Dataset) (held: Dataset) =
    let scaling = recipe.Scaling train.Inputs
    let train, held = Dataset.mapInputs scaling train, Dataset.mapInputs scaling held
    printfn $"{name}: {recipe.Name}, batches of {recipe.Batch}"
    let found = seeds |> List.map (fun seed -> accuracies name recipe epochs seed train held)

    for i, e in Array.indexed epochs do
        let values = found |> List.map (Array.item i)

        printfn
            $"after {e} epochs: mean {List.average values:F4}, least {List.min values:F4} of {values.Length} seeds"

[<EntryPoint>]
let main argv =
    let argument i standard = argv |> Array.tryItem i |> Option.defaultValue standard

    let name = argument 0 "mlp"
    let epochs = (argument 1 "3,10").Split ',' |> Array.map int
    let count = int64 (argument 2 "3")
    let struct (train, test) = Datasets.fashionMnist ()

    if name = "recipes" then
        let kept, held = Splits.stratified (1.0 / 6.0) (Key.ofSeed 0L) train.Targets

        for recipe in recipes do
            report
                "mlp"
                recipe
                epochs
                [ 101L .. 100L + count ]
                (Dataset.rows kept train)
                (Dataset.rows held train)
    else
        printfn
            $"{name}: {train.Count} images to learn from, {test.Count} to test, {Environment.ProcessorCount} processors"

        let recipe = if name = "cnn" then { chosen with Batch = 64 } else chosen
        report name recipe epochs [ 1L .. count ] train test

    0
