// A race of optimizers, in F# Interactive: the twin of the lesson `race` of samples/Course.
//
//     dotnet build -c Release && .ci/packages                  packs into out/
//     dotnet fsi samples/lessons/race.fsx [--brief] [FOLDER]   writes race.png and race.gif into the folder
#load "../../out/dl1.fsx"

open System.IO
open DL1
open DL1.Pictures

let arguments = List.ofArray fsi.CommandLineArgs |> List.tail
let isBrief = List.contains "--brief" arguments

let folder =
    arguments |> List.tryFind (fun a -> a <> "--brief") |> Option.defaultValue (Path.GetTempPath())

let steps = if isBrief then 40 else 320

let racers =
    [
        "SGD", Optimizer.sgd 0.05
        "momentum", Optimizer.momentum 0.9 0.05
        "Nesterov", Optimizer.sgdWith 0.9 0.0 true 0.0 0.05
        "Adagrad", Optimizer.adagrad 0.05
        "RMSProp", Optimizer.rmsPropWith 0.9 1e-8 false 0.0 0.05
        "Adam", Optimizer.adam 0.05
        "Lion", Optimizer.lion 0.0 0.05
        "Rprop", Optimizer.rprop 0.05
    ]

let x, y = Expr.symbol "x", Expr.symbol "y"
let rule = { MaxEpochs = steps; Patience = steps; Tolerance = 1e-8 }

/// The points of a descent, from its start.
let trail name optimizer surface (a: float, b: float) =
    let descent = Descent.run rule optimizer surface [ x; y ] [ a; b ]
    let points = [ for row in descent.Rows -> struct (row.After[0], row.After[1]) ]
    descent, Trail.Of(name, struct (a, b) :: points)

// Away from a saddle: where the slope is a thousandth, steps by its size hardly begin.
let saddle = 0.02 * x ** 2.0 - y ** 2.0 / 2.0 + y ** 4.0 / 8.0
printfn $"f(x, y) = {saddle}; by y: {Symbolic.derivative y saddle}"

let escapes =
    [
        for name, optimizer in racers do
            let descent, _ = trail name optimizer saddle (1.0, 0.001)
            let before = descent.Rows |> Seq.takeWhile (fun row -> abs row.After[1] < 1.0) |> Seq.length

            printfn
                "%s"
                (if before < steps then
                     $"  {name} leaves it after %d{before + 1} steps"
                 else
                     $"  {name} has not left it")

            before
    ]

// Among hills and basins, each from a place of its own.
let hills =
    let bump a b width = exp (-((x - a) ** 2.0 + (y - b) ** 2.0) / width)

    0.08 * (x ** 2.0 + y ** 2.0) + 1.3 * bump 0.2 0.5 0.6 + 1.1 * bump -1.1 1.8 0.5
    - 1.6 * bump 1.5 -1.2 0.8
    - bump -1.5 -0.9 0.6
    - 0.5 * bump 1.9 0.7 0.3

let trails =
    List.map2
        (fun (name, optimizer) a ->
            let descent, points = trail name optimizer hills (a, 2.8)
            printfn $"  {name} reaches the height {(Seq.last descent.Rows).Value:F3}"
            points)
        racers
        [ 1.6; 1.8; 2.0; 1.4; 1.2; 2.2; 2.4; 1.0 ]

File.WriteAllBytes(
    Path.Combine(folder, "race.png"),
    DescentPicture.png View.Map 780 585 trails Surface.HillsAndBasins
)

File.WriteAllBytes(
    Path.Combine(folder, "race.gif"),
    Animation.gif View.Landscape 480 360 (if isBrief then 8 else 40) trails Surface.HillsAndBasins
)

if not isBrief && List.head escapes < 2 * escapes[1] then
    eprintfn "this is not what was expected"
    exit 1
