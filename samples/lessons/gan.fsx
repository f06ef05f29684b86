// A generative adversarial network on eight Gaussians, in F# Interactive: the twin of the lesson gan of samples/Course.
//
//     dotnet build -c Release && .ci/packages                  packs into out/
//     dotnet fsi samples/lessons/gan.fsx [--brief] [FOLDER]    writes gan.png into the folder
#load "../../out/dl1.fsx"

open System
open System.IO
open DL1
open DL1.Pictures

let arguments = List.ofArray fsi.CommandLineArgs |> List.tail
let isBrief = List.contains "--brief" arguments

let folder =
    arguments |> List.tryFind (fun a -> a <> "--brief") |> Option.defaultValue (Path.GetTempPath())

let rows, steps, deviation = 256, (if isBrief then 20 else 4000), 0.1
let normal shape key = Draw.normal 0.0 1.0 DType.F32 shape key

let centres =
    Tensor.ofArray
        [ 8; 2 ]
        [|
            for i in 0..7 do
                let angle = float i * Math.PI / 4.0
                float32 (2.0 * Math.Cos angle)
                float32 (2.0 * Math.Sin angle)
        |]

/// Points of eight Gaussians on a ring.
let ring modes noise =
    let mode = Expr.cast DType.I64 (floor (Draw.uniform 0.0 8.0 DType.F32 [ rows ] modes))
    Expr.gather 0 mode (Expr.constant centres) + deviation * normal [ rows; 2 ] noise

/// The modes that have a quarter of their share of points within three deviations.
let modesOf (points: Tensor) =
    let distances = Linear.distances 2.0 (Expr.constant points) (Expr.constant centres) |> Eval.run []
    let nearest, apart = Tensor.argMin 1 distances, Tensor.min [ 1 ] distances

    Array.zip (Tensor.toFloats nearest) (Tensor.toFloats apart)
    |> Array.filter (fun (_, apart) -> apart < 3.0 * deviation)
    |> Array.countBy fst
    |> Array.filter (fun (_, held) -> held >= points.Shape[0] / 32)
    |> Array.length

/// A game with a rate of the discriminator, which judges so many points at once.
let play (rate: float) pack =
    let network activation outputs =
        Dense.linear 64 => activation => Dense.linear 64 => activation => Dense.linear outputs

    let adam rate = Optimizer.adamWith 0.5 0.999 1e-8 0.0 rate
    let generator = Trainable.create "generator" (network Activation.relu 2) (adam 0.001)
    let discriminator = Trainable.create "discriminator" (network (Activation.leakyRelu 0.2) 1) (adam rate)
    let loop = TrainingLoop(Key.ofSeed 1L)

    let step =
        loop.Training(fun step ->
            let score points = step.Apply(discriminator, Expr.reshape [ rows / pack; 2 * pack ] points)
            let real = ring (step.Key()) (step.Key())
            let drawn = step.Apply(generator, normal [ rows; 8 ] (step.Key()))
            let isReal = Reduce.meanAll (Expr.softplus -(score real))
            let isDrawn = Reduce.meanAll (Expr.softplus (score (Expr.stopGradient drawn)))
            step.Minimize(discriminator, isReal + isDrawn)
            step.Minimize(generator, Reduce.meanAll (Expr.softplus -(score drawn))))

    for _ in 1..steps do
        step.Run(Tree.ofList [])

    let noise = Key.normal 0.0 1.0 DType.F32 [ 2000; 8 ] (Key.ofSeed 1000L)
    (loop.Trained generator).Predict(noise, 2000)

let games =
    [
        for name, rate, pack in
            [ "slow discriminator", 2.5e-4, 1; "slow, judging pairs", 2.5e-4, 2; "equal rates", 1e-3, 1 ] do
            let points = play rate pack
            printfn $"{name}: {modesOf points} modes of 8"
            name, points
    ]

let plot (name, points: Tensor) =
    let column i (t: Tensor) = Tensor.sliceAxis 1 i (i + 1) t |> Tensor.toFloats

    Plot
        .Titled($"{name}: {modesOf points} of 8")
        .WithXLimits(-3.0, 3.0)
        .WithYLimits(-3.0, 3.0)
        .WithEqualAxes()
    |> Plot.dots "generated" (column 0 points) (column 1 points)
    |> Plot.dots "centre" (column 0 centres) (column 1 centres)

File.WriteAllBytes(
    Path.Combine(folder, "gan.png"),
    Figure.Grid(3, [ for game in games -> Figure.Of(plot game) ]).Png 1200
)

let found = [ for _, points in games -> modesOf points ]

if not isBrief && (List.head found > 1 || List.tail found <> [ 8; 8 ]) then
    eprintfn "this is not what was expected"
    exit 1
