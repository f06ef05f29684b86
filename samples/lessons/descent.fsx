// The lesson `descent` of samples/Course in F# Interactive: one minimum by three optimizers.
//
//     dotnet build -c Release && .ci/packages       packs into out/, and runs this file
//     dotnet fsi samples/lessons/descent.fsx        runs it again
#load "../../out/dl1.fsx"

open System.IO
open DL1
open DL1.Pictures

let x = Expr.symbol "x"
let y = (x - 2.0) ** 2.0 + 3.0
let slope = Symbolic.derivative x y
printfn $"y = {y}, y' = {slope}"

// The first moments are those that the printed run of the course had drawn at random.
let optimizers =
    [
        "SGD", Optimizer.sgd 0.01
        "first moment", Optimizer.momentumFrom 8.125370841 0.5 0.01
        "second moment", Optimizer.secondMomentFrom 4.201658515 4.631009083 0.1 0.9 1.0
    ]

let descents =
    [
        for name, optimizer in optimizers ->
            name, (Descent.run Descent.standard optimizer y [ x ] [ 50.0 ]).Rows
    ]

for name, rows in descents do
    let last = Seq.last rows
    printfn $"{name}: {rows.Count} epochs, x = {last.After[0]:F6}, y = {last.Value:F6}"

// SGD shrinks the error x - 2 by the factor 1 - 2·rate, and y - 3 by its square: its epochs are known beforehand.
let factor = (1.0 - 2.0 * 0.01) ** 2.0
let predicted = int (ceil (log (1e-8 / (48.0 ** 2.0 * (1.0 - factor))) / log factor)) + 50
printfn $"predicted for SGD: {predicted} epochs"

let plot =
    (Plot.titled "The gradient on the way down" |> Plot.labels "epoch" "|y'(x)|" |> _.WithLogY(), descents)
    ||> List.fold (fun plot (name, rows) ->
        let rows = rows |> Seq.filter (fun row -> row.Gradient[0] <> 0.0) |> List.ofSeq
        let epochs = rows |> Seq.map (fun row -> float row.Epoch)
        plot |> Plot.line name epochs (rows |> Seq.map (fun row -> abs row.Gradient[0])))

let folder = fsi.CommandLineArgs |> Array.tryItem 1 |> Option.defaultValue (Path.GetTempPath())

let section =
    Section
        .Marked("Descent")
        .Paragraph("Three optimizers look for the minimum of this function from $x = 50$:")
        .Formula($"y(x) = {Latex.ofExpr y}, \\qquad y'(x) = {Latex.ofExpr slope}")
        .Figure(
            plot,
            "The gradient over epochs",
            "A straight line on this axis is a constant factor per epoch."
        )

Report.write (Path.Combine(folder, "descent.html")) "Descent" [ section ]

if [ for _, rows in descents -> rows.Count ] <> [ 618; 324; 134 ] || predicted <> 618 then
    eprintfn "these are not the epochs of the course"
    exit 1
