// The lesson `expressions` of samples/Course in F# Interactive: formulas that know their derivatives.
//
//     dotnet build -c Release && .ci/packages        packs into out/, and runs this file
//     dotnet fsi samples/lessons/expressions.fsx     runs it again
#load "../../out/dl1.fsx"

open System.IO
open DL1
open DL1.Pictures

// A formula is F# code, its derivative another formula.
let f = Quote.expr <@ fun x -> exp (-(x * x) / 2.0) * sin (3.0 * x) @>
let x = Expr.symbol "x"
let first = Symbolic.derivative x f
printfn $"f  = {f}"
printfn $"f' = {first}"

// Compiled, it is an ordinary function; a difference quotient agrees.
let value = ScalarFunction.of1 x f
let slope = ScalarFunction.of1 x first
let at, h = 0.5, 1e-5
let difference = (value.Invoke(at + h) - value.Invoke(at - h)) / (2.0 * h)
printfn $"f'({at}) = {slope.Invoke at:F6}, by a difference quotient {difference:F6}"

// The gradient of a product: written out one by one, and by reverse mode.
let sizes n =
    let xs = [ for i in 1..n -> Expr.symbol $"x{i}" ]
    let product = List.reduce (*) xs
    let nodes results = results |> Graph.topological |> Seq.length
    nodes [ for x in xs -> Symbolic.derivative x product ], nodes (Grad.grad product xs)

let oneByOne, reverse = sizes 30
printfn $"nodes of 30 derivatives: {oneByOne} one by one, {reverse} by reverse mode"

// What reverse mode does, node by node.
let a, b = Expr.symbol "a", Expr.symbol "b"
let d = a + b
let y = d * sin d
printfn $"""{Explain.run [ "d", d; "y", y ] [ "a", Tensor.scalar 1.0; "b", Tensor.scalar 0.5 ] y}"""

let folder = fsi.CommandLineArgs |> Array.tryItem 1 |> Option.defaultValue (Path.GetTempPath())

let section =
    Section
        .Marked("Expressions")
        .Formula($"f' = {Latex.ofExpr first}")
        .Figure(GraphPicture.Of f, "The graph of f", "The formula $f$ as a graph.")

Report.write (Path.Combine(folder, "expressions.html")) "Expressions" [ section ]

if abs (slope.Invoke at - difference) > 1e-8 || reverse * 3 > oneByOne then
    eprintfn "this is not what was expected"
    exit 1
