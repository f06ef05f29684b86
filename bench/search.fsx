// When a search that is led by its trials pays: the best score after some trials, at random and by the tree-structured Parzen
// estimator, the median over seeds. After a build of the core: dotnet fsi bench/search.fsx
#r "nuget: MathNet.Numerics, 5.0.0"
#r "../src/DL1.Core.fs/bin/Release/net10.0/DL1.Core.dll"

open System
open DL1

let branin (s: Setting) =
    let a, b = s.Number "a", s.Number "b"

    (b - 5.1 / (4.0 * Math.PI ** 2.0) * a * a + 5.0 / Math.PI * a - 6.0) ** 2.0
    + 10.0 * (1.0 - 1.0 / (8.0 * Math.PI)) * cos a
    + 10.0
    - 0.397887

let private heights = [ 1.0; 1.2; 3.0; 3.2 ]

let private widths =
    [
        [ 10.0; 3.0; 17.0; 3.5; 1.7; 8.0 ]
        [ 0.05; 10.0; 17.0; 0.1; 8.0; 14.0 ]
        [ 3.0; 3.5; 1.7; 10.0; 17.0; 8.0 ]
        [ 17.0; 8.0; 0.05; 10.0; 0.1; 14.0 ]
    ]

let private places =
    [
        [ 0.1312; 0.1696; 0.5569; 0.0124; 0.8283; 0.5886 ]
        [ 0.2329; 0.4135; 0.8307; 0.3736; 0.1004; 0.9991 ]
        [ 0.2348; 0.1451; 0.3522; 0.2883; 0.3047; 0.6650 ]
        [ 0.4047; 0.8828; 0.8732; 0.5743; 0.1091; 0.0381 ]
    ]

let hartmann (s: Setting) =
    let x = [ for i in 1..6 -> s.Number $"x%d{i}" ]

    let hill (height, width, place) =
        height * exp -(List.sum (List.map3 (fun w x p -> w * (x - p) ** 2.0) width x place))

    3.32237 - (List.zip3 heights widths places |> List.sumBy hill)

/// Two of six hyper-parameters matter, as in training: the rate in its logarithm, and the word.
let training (s: Setting) =
    (log10 (s.Number "rate") + 2.0) ** 2.0
    + abs (float (s.Whole "units") - 12.0) / 200.0
    + 0.02 * s.Number "drop"
    + (if s.Word "f" = "tanh" then 0.0 else 0.5)

/// Nothing is better anywhere: a score that only chance makes.
let flat (_: Setting) = 1.0

let problems =
    [
        "Branin, 2 numbers",
        branin,
        [ "a", HyperRange.Uniform(-5.0, 10.0); "b", HyperRange.Uniform(0.0, 15.0) ]
        "Hartmann, 6 numbers", hartmann, [ for i in 1..6 -> $"x%d{i}", HyperRange.Uniform(0.0, 1.0) ]
        "rate, word, and two that hardly matter",
        training,
        [
            "rate", HyperRange.LogUniform(1e-5, 1.0)
            "units", HyperRange.Whole(1, 40)
            "drop", HyperRange.Uniform(0.0, 0.5)
            "f", Search.words [ "relu"; "tanh"; "gelu" ]
        ]
        "noise alone", flat, [ "a", HyperRange.Uniform(-5.0, 10.0); "b", HyperRange.Uniform(0.0, 15.0) ]
    ]

let counts = [ 10; 20; 40; 80 ]

let medians (search: StudyOptions -> (TrialRun -> TrialResult) -> Trial list) (score: Setting -> float) =
    let runs =
        [ 1L .. 21L ]
        |> List.map (fun seed ->
            let trial (run: TrialRun) =
                let noise = Tensor.toFloat (Key.uniform 0.0 0.01 DType.F64 [] run.Key)
                TrialResult.ofScore (score run.Setting + noise)

            let trials = search (Study.options (Key.ofSeed seed)) trial
            counts |> List.map (fun n -> trials |> List.truncate n |> List.map _.Score |> List.min))

    List.transpose runs |> List.map (fun scores -> List.item 10 (List.sort scores))

printfn "| problem | search | %s |" (counts |> List.map (fun n -> $"%d{n} trials") |> String.concat " | ")
printfn "|---|---|%s" (String.replicate counts.Length "---|")

for name, score, space in problems do
    let byChance (options: StudyOptions) trial = Study.run options trial (Search.random 80 options.Key space)
    let led (options: StudyOptions) trial = Study.tpe options 10 80 trial space

    for search, run in [ "random", byChance; "TPE", led ] do
        let cells =
            medians run score
            |> List.map (fun v -> v.ToString("F3", Globalization.CultureInfo.InvariantCulture))

        printfn "| %s | %s | %s |" name search (String.concat " | " cells)
