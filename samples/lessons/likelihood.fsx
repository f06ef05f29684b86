// Losses from likelihoods, in F# Interactive: the twin of the lesson `likelihood` of samples/Course.
//
//     dotnet build -c Release && .ci/packages                        packs into out/
//     dotnet fsi samples/lessons/likelihood.fsx [--brief] [FOLDER]   writes likelihood.png into the folder
#load "../../out/dl1.fsx"

open System.IO
open DL1
open DL1.Data
open DL1.Pictures

let arguments = List.ofArray fsi.CommandLineArgs |> List.tail
let isBrief = List.contains "--brief" arguments

let folder =
    arguments |> List.tryFind (fun a -> a <> "--brief") |> Option.defaultValue (Path.GetTempPath())

// Gaussian noise gives the squared error: the density, its negative logarithm, and the slope by the mean.
let y, mean, deviation = Expr.symbol "y", Expr.symbol "μ", Expr.symbol "σ"

let density =
    exp (-((y - mean) ** 2.0) / (2.0 * deviation ** 2.0)) / (deviation * sqrt (2.0 * Expr.symbol "π"))

let gaussian = Rewrite.expandLog (-(log density))
let slope = Symbolic.derivative mean gaussian
printfn $"-log {density}\n  = {gaussian}\n  by μ: {slope}"

// A categorical distribution gives the cross-entropy: the first of three classes is the true one.
let z = [ for i in 1..3 -> Expr.symbol $"z%d{i}" ]
let softmax = exp z[0] / List.reduce (+) (List.map exp z)
let crossEntropy = Rewrite.expandLog (-(log softmax))
printfn $"-log {softmax}\n  = {crossEntropy}"

for logit in z do
    printfn $"  by {logit}: {Symbolic.derivative logit crossEntropy}"

// A surface: how probable μ and σ make the flippers of the Gentoo penguins.
let lengths =
    Datasets.penguins ()
    |> Table.complete [ "flipper_length_mm" ]
    |> Table.filter (fun row -> row.Text "species" = "Gentoo")
    |> Table.numbers [ "flipper_length_mm" ]
    |> Tensor.toFloats
    |> if isBrief then Array.truncate 10 else id

let average =
    let nll (length: float) =
        0.5 * ((length - mean) / deviation) ** 2.0 + log deviation + 0.5 * log (2.0 * System.Math.PI)

    (lengths |> Array.map nll |> Array.reduce (+)) / float lengths.Length

let start = Tree.ofList [ "μ", Tensor.scalar 200.0; "σ", Tensor.scalar 20.0 ]
let best = Classical.newton Classical.options average start
let top, spread = Tensor.toFloat best.Point["μ"], Tensor.toFloat best.Point["σ"]
printfn $"{lengths.Length} penguins: the likelihood is greatest at μ = {top:F2} mm, σ = {spread:F2} mm"

let height = ScalarFunction.of2 mean deviation -average

let picture =
    Surface.over (213.0, 221.0) (4.5, 9.5) (fun m s -> height.Invoke(m, s))
    |> Surface.labels "μ (mm)" "σ (mm)"
    |> Surface.titled "Log-likelihood per penguin"
    |> DescentPicture.png View.Map 780 585 [ Trail.Of("maximum", [ struct (top, spread) ]) ]

File.WriteAllBytes(Path.Combine(folder, "likelihood.png"), picture)

if abs (top - Array.average lengths) > 1e-6 || string slope <> "−(y − μ)/σ²" then
    eprintfn "this is not what was expected"
    exit 1
