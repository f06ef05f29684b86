// A denoising diffusion model on eight Gaussians, in F# Interactive: the twin of the lesson diffusion of samples/Course.
//
//     dotnet build -c Release && .ci/packages                      packs into out/
//     dotnet fsi samples/lessons/diffusion.fsx [--brief] [FOLDER]  writes diffusion.gif into the folder
#load "../../out/dl1.fsx"

open System
open System.IO
open DL1
open DL1.Pictures

let arguments = List.ofArray fsi.CommandLineArgs |> List.tail
let isBrief = List.contains "--brief" arguments

let folder =
    arguments |> List.tryFind (fun a -> a <> "--brief") |> Option.defaultValue (Path.GetTempPath())

let rows, levels, steps = 256, 100, (if isBrief then 20 else 4000)
let normal shape key = Draw.normal 0.0 1.0 DType.F32 shape key

let centres =
    Tensor.ofArray
        [ 8; 2 ]
        [|
            for i in 0..7 do
                let angle = float i * Math.PI / 4.0
                float32 (0.8 * Math.Cos angle)
                float32 (0.8 * Math.Sin angle)
        |]

/// Points of eight Gaussians on a ring.
let ring modes noise =
    let mode = Expr.cast DType.I64 (floor (Draw.uniform 0.0 8.0 DType.F32 [ rows ] modes))
    Expr.gather 0 mode (Expr.constant centres) + 0.04 * normal [ rows; 2 ] noise

/// The shares of data and of noise in a point of a level.
let signal (k: Expr) = cos (k * (Math.PI / 2.0 / float (levels + 1)))
let noise (k: Expr) = sin (k * (Math.PI / 2.0 / float (levels + 1)))

/// Tells the velocity of a point from the point and its level.
let denoiser: Layer<Expr * Expr, Expr> =
    Layer.createOf "Denoiser" (fun scope (x, k) ->
        let waves =
            k / float levels
            * Expr.constant (Tensor.ofArray [ 1; 6 ] [| 1.0f; 2.0f; 4.0f; 8.0f; 16.0f; 32.0f |])

        let level =
            Elementwise.silu (scope.Run("level", Dense.linear 128, Expr.concat 1 [ sin waves; cos waves ]))

        let first = Elementwise.silu (scope.Run("first", Dense.linear 128, x) + level)

        let block h name =
            h + Elementwise.silu (scope.Run(name, Dense.linear 128, Expr.concat 1 [ h; level ]))

        scope.Run("last", Dense.linear 2, List.fold block first [ "block1"; "block2" ]))

let model =
    Trainable.create
        "denoiser"
        denoiser
        (Optimizer.adam 0.002 |> Optimizer.scheduled (Schedule.cosine steps 0.0 0.002))

let loop = TrainingLoop(Key.ofSeed 1L)

let train =
    loop.Training(fun step ->
        let x = ring (step.Key()) (step.Key())
        let e = normal [ rows; 2 ] (step.Key())
        let k = 1.0 + floor (Draw.uniform 0.0 (float levels) DType.F32 [ rows; 1 ] (step.Key()))
        let told = step.Apply(model, (signal k * x + noise k * e, k))
        let loss = Loss.mse Reduction.Mean (signal k * e - noise k * x) told
        step.Minimize(model, loss)
        step.Report("loss", loss))

for i in 1..steps do
    train.Run(Tree.ofList [])

    if i % 1000 = 0 then
        printfn $"""step {i}: loss {train["loss"]:F3}"""

/// One level back: what the point was is estimated, and fresh noise is added.
let back =
    loop.Measuring(fun step ->
        let x, k = step["x"], step["k"]
        let clean = Elementwise.clamp -1.0 1.0 (signal k * x - noise k * step.Predict(model, (x, k)))
        let next = k - 1.0
        let kept = signal k / signal next
        let share = noise next / noise k
        let mean = signal next * (1.0 - kept * kept) / (noise k * noise k) * clean + kept * share * share * x
        step.Report("x", mean + share * sqrt (1.0 - kept * kept) * step["noise"]))

let drawn (k: int) = Key.normal 0.0 1.0 DType.F32 [ 1000; 2 ] (Key.fold k (Key.ofSeed 3L))

let path =
    (drawn levels, [ levels .. -1 .. 1 ])
    ||> List.scan (fun x k ->
        back.Run(
            Tree.ofList [ "x", x; "k", Tensor.full DType.F32 [ 1000; 1 ] (float k); "noise", drawn (k - 1) ]
        )

        back.Output "x")

let points = List.last path
let distances = Linear.distances 2.0 (Expr.constant points) (Expr.constant centres) |> Eval.run []

let good =
    Array.zip (Tensor.toFloats (Tensor.argMin 1 distances)) (Tensor.toFloats (Tensor.min [ 1 ] distances))
    |> Array.filter (fun (_, apart) -> apart < 0.12)

let modes =
    good |> Array.countBy fst |> Array.filter (fun (_, held) -> held >= 1000 / 32) |> Array.length

printfn $"{modes} modes of 8, {float good.Length / 1000.0:P0} of the points within three deviations"

let plot i (x: Tensor) =
    let column i = Tensor.sliceAxis 1 i (i + 1) x |> Tensor.toFloats

    Plot.Titled($"level {levels - 4 * i}").WithXLimits(-1.2, 1.2).WithYLimits(-1.2, 1.2).WithEqualAxes()
    |> Plot.dots "" (column 0) (column 1)
    |> Figure.Of

File.WriteAllBytes(
    Path.Combine(folder, "diffusion.gif"),
    path
    |> List.indexed
    |> List.filter (fun (i, _) -> i % 4 = 0)
    |> List.map snd
    |> List.mapi plot
    |> Animation.ofFigures 480 0.25
)

if not isBrief && (modes < 8 || good.Length < 600) then
    eprintfn "this is not what was expected"
    exit 1
