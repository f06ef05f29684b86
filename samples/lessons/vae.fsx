// A variational autoencoder with a plane of codes, in F# Interactive: the twin of the lesson `vae` of samples/Course.
//
//     dotnet build -c Release && .ci/packages                  packs into out/
//     dotnet fsi samples/lessons/vae.fsx [--brief] [FOLDER]    writes vae-plane.png and vae-grid.png into the folder
#load "../../out/dl1.fsx"

open System.IO
open DL1
open DL1.Data
open DL1.Pictures

let arguments = List.ofArray fsi.CommandLineArgs |> List.tail
let isBrief = List.contains "--brief" arguments

let folder =
    arguments |> List.tryFind (fun a -> a <> "--brief") |> Option.defaultValue (Path.GetTempPath())

let struct (images, _) = Datasets.fashionMnistSmall ()

let train, validation =
    Splits.data (1.0 / 6.0) (Key.ofSeed 1L) (if isBrief then Dataset.truncate 600 images else images)

type Vae = { Rebuilt: Expr; Mean: Expr; LogVariance: Expr }

let decoder: Layer<Expr, Expr> = Dense.linear 256 => Activation.relu => Dense.linear 784

let vae: Layer<Expr, Vae> =
    Layer.createOf "Vae" (fun scope x ->
        let hidden = scope.Run("encoder", Dense.linear 256 => Activation.relu, x)
        let mean = scope.Run("mean", Dense.linear 2, hidden)
        let logVariance = scope.Run("logVariance", Dense.linear 2, hidden)

        let z =
            if scope.IsTraining then
                let noise = Draw.normal 0.0 1.0 mean.DType (mean.Shape.ToList()) (scope.Key())
                mean + exp (0.5 * logVariance) * noise
            else
                mean

        { Rebuilt = scope.Run("decoder", decoder, z); Mean = mean; LogVariance = logVariance })

// Both parts in nats for each image; z is drawn in validation, too.
let learner =
    Learner.ofParts
        vae
        [
            "reconstruction", 1.0, (fun (x: Expr) o -> 784.0 * Loss.bceWithLogits Reduction.Mean x o.Rebuilt)
            "kl", 1.0, (fun _ o -> Reduce.meanAll (o.Mean * o.Mean + exp o.LogVariance - o.LogVariance - 1.0))
        ]
        (Optimizer.adam 0.002)
    |> Learner.validatedInTraining

let fitted =
    Fit.run
        { Fit.options (Key.ofSeed 0L) with
            Epochs = if isBrief then 1 else 20
            Batch = Batches.ofSize 64
            Validation = Some(Dataset.ofInputs validation.Inputs)
        }
        learner
        (Dataset.ofInputs train.Inputs)

printfn $"{History.table fitted.History}"

// The codes of the validation images, and what the decoder makes of a grid of points.
let codes =
    (Trained.predictNamed (Dataset.ofInputs validation.Inputs) fitted.Trained)["Mean"]
    |> Tensor.toFloats

let labels = Tensor.toFloats validation.Targets

let plane =
    (Plot.Titled("Codes by class"), [ 0..9 ])
    ||> List.fold (fun plot label ->
        let own =
            [
                for i in 0 .. labels.Length - 1 do
                    if labels[i] = float label then
                        i
            ]

        plot.Dots(string label, [ for i in own -> codes[2 * i] ], [ for i in own -> codes[2 * i + 1] ]))

File.WriteAllBytes(Path.Combine(folder, "vae-plane.png"), plane.Png(780, 585))

let points =
    [|
        for y in 5..-1..-5 do
            for x in -5 .. 5 do
                yield! [ 0.5f * float32 x; 0.5f * float32 y ]
    |]

let drawn =
    Trained.create decoder (Tree.at "decoder" fitted.Trained.Parameters) Tree.empty
    |> Trained.predict (Tensor.ofArray [ 121; 2 ] points)
    |> Expr.constant
    |> Expr.sigmoid
    |> Expr.reshape [ 121; 28; 28 ]
    |> Eval.run []

File.WriteAllBytes(Path.Combine(folder, "vae-grid.png"), (ImageGrid.Of(drawn, columns = 11)).Png 780)

let bound = (List.last fitted.History).ValidationLoss |> Option.defaultValue infinity
printfn $"validation ELBO %.1f{-bound}"

if not isBrief && bound > 280.0 then
    eprintfn "this is not what was expected"
    exit 1
