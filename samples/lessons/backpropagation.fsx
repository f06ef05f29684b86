// Backpropagation on the graph of Y = (a + b)·(b − c), then the gradients of a network as formulas: the F# twin of the lesson
// `backpropagation` of samples/Course.
//
//     dotnet build -c Release && .ci/packages              packs into out/
//     dotnet fsi samples/lessons/backpropagation.fsx
#load "../../out/dl1.fsx"

open System.IO
open DL1
open DL1.Pictures

let folder = Path.Combine(__SOURCE_DIRECTORY__, "..", "..", "out", "lessons")
Directory.CreateDirectory folder |> ignore

// Forward, each node computes its value; backward, it tells its operands how much Y changes when they do.
let a, b, c = Expr.symbol "a", Expr.symbol "b", Expr.symbol "c"
let d = a + b
let e = b - c
let y = d * e
let at = [ "a", Tensor.scalar 1.0; "b", Tensor.scalar 2.0; "c", Tensor.scalar 3.0 ]
let explanation = Explain.run [ "d", d; "e", e; "Y", y ] at y
printfn $"{explanation}"

File.WriteAllText(Path.Combine(folder, "backpropagation.svg"), GraphSvg.ofExplanation explanation)

File.WriteAllBytes(
    Path.Combine(folder, "backpropagation.gif"),
    GraphPicture.Steps explanation |> Animation.ofFigures 780 1.2
)

// Along a path multiply, where paths meet add: b is used twice, once by d and once by e.
let gradient = Grad.grad y [ a; b; c ] |> List.map (Eval.run at >> Tensor.toFloat)

if gradient <> [ -1.0; 2.0; -3.0 ] then
    failwith $"the gradient is {gradient}"

// The gradient is a graph as well, and so a formula.
for x in [ a; b; c ] do
    printfn $"∂Y/∂{x} = {Symbolic.derivative x y}"

// A network of two layers, in matrices: one step of the chain rule in each line.
let matrix name rows columns = Expr.variable name DType.F64 [ rows; columns ]
let x, t = matrix "X" 120 4, matrix "Y" 120 3
let w1, w2 = matrix "W1" 4 8, matrix "W2" 8 3
let z = Expr.matmul x w1
let h = tanh z
let p = Expr.softmax -1 (Expr.matmul h w2)
let loss = -(Expr.sumAll (t * log p)) / 120.0

let told = { MatrixCalculus.notation with Names = [ "Z", z; "H", h; "P", p ]; Stochastic = [ t ] }

for formula in MatrixCalculus.gradients told [ w1; w2 ] loss do
    printfn $"{formula}\n    {formula.Shapes}"

for step in MatrixCalculus.gradients { told with Stepwise = true } [ w1; w2 ] loss do
    printfn $"{step}"
