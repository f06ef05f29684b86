// A network misled by one gradient step, and trained against it, in F# Interactive: the twin of the lesson `adversarial` of
// samples/Course.
//
//     dotnet build -c Release && .ci/packages                         packs into out/
//     dotnet fsi samples/lessons/adversarial.fsx [--brief] [FOLDER]   writes adversarial.png into the folder
#load "../../out/dl1.fsx"

open System.IO
open DL1
open DL1.Data
open DL1.Pictures

let arguments = List.ofArray fsi.CommandLineArgs |> List.tail
let isBrief = List.contains "--brief" arguments

let folder =
    arguments |> List.tryFind (fun a -> a <> "--brief") |> Option.defaultValue (Path.GetTempPath())

let images rows =
    Dataset.truncate (if isBrief then 200 else rows)
    >> Dataset.mapInputs (fun t -> Tensor.reshape [ t.Shape[0]; 1; 28; 28 ] t)

let struct (all, held) = Datasets.fashionMnistSmall ()
let train, test = images 5000 all, images 1000 held
let crossEntropy = Loss.crossEntropy Loss.classes

let network: Layer<Expr, Expr> =
    Conv.conv2dSame 6 5
    => Activation.relu
    => Pooling.max 2
    => Conv.conv2d 16 5
    => Activation.relu
    => Pooling.max 2
    => Shaping.flatten
    => Dense.linear 120
    => Activation.relu
    => Dense.linear 10

/// The images moved by at most epsilon a pixel in the direction in which the loss grows: one step (Goodfellow et al., 2015).
let attack (epsilon: float) (model: Trained) : Tensor =
    let x = Expr.constant test.Inputs

    let slope =
        Grad.grad (crossEntropy (Expr.constant test.Targets) (Trained.apply x model)) [ x ] |> List.head

    Compile.prepare [] [ Elementwise.clamp 0.0 1.0 (x + epsilon * Expr.sign slope) ] [] |> List.head

/// A network whose batches are attacked where it stands, from a random place within epsilon, before they are learnt.
let trained (epsilon: float) : Trained =
    let model = Trainable.create "model" network (Optimizer.adam 0.003)
    let loop = TrainingLoop(Key.ofSeed 1L)

    let train' =
        loop.Training(fun step ->
            let x, y = step["inputs"], step["targets"]

            let attacked () =
                let noise = Draw.uniform -epsilon epsilon DType.F32 (x.Shape.ToList()) (step.Key())
                let start = Elementwise.clamp 0.0 1.0 (x + noise)
                let slope = Grad.grad (crossEntropy y (step.Apply(model, start))) [ start ] |> List.head
                let moved = Elementwise.clamp -epsilon epsilon (start - x + 1.25 * epsilon * Expr.sign slope)
                Expr.stopGradient (Elementwise.clamp 0.0 1.0 (x + moved))

            let seen = if epsilon > 0.0 then attacked () else x
            step.Minimize(model, crossEntropy y (step.Apply(model, seen))))

    for epoch in 0 .. (if isBrief then 0 else 7) do
        for batch in Batches.epoch (Batches.ofSize 64) (Key.ofSeed 2L) epoch train do
            train'.Run batch

    loop.Trained model

let sizes = [ 0.0; 0.02; 0.05; 0.1 ]

let curve model =
    [
        for epsilon in sizes ->
            Trained.predict (attack epsilon model) model
            |> Classification.argMax
            |> Classification.accuracy test.Targets
    ]

let usual, against = curve (trained 0.0), curve (trained 0.1)

for epsilon, u, a in List.zip3 sizes usual against do
    printfn $"ε = {epsilon}: {u:F3} right by usual training, {a:F3} trained against the attack"

File.WriteAllBytes(
    Path.Combine(folder, "adversarial.png"),
    (Plot.titled "One gradient step"
     |> Plot.labels "ε" "test accuracy"
     |> Plot.line "usual training" sizes usual
     |> Plot.line "trained against it" sizes against
     |> Plot.png 780 480)
)

if
    not isBrief
    && (List.last usual > 0.3 || List.last against < List.last usual + 0.3 || against[0] > usual[0])
then
    eprintfn "this is not what was expected"
    exit 1
