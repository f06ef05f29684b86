/// docs/mathematics.md: the derivative of each primitive, written from the tables that vjp and jvp use. The test holds the
/// file equal to them; with DL1_WRITE_DOCS set it writes the file anew.
module DL1.Tests.MathematicsTests

open System
open System.IO
open System.Text
open DL1
open DL1.Tests.ReadmeTests
open Expecto
open Microsoft.FSharp.Reflection

let private variable name dims = Expr.variable name DType.F64 dims
let private x, private y = Expr.symbol "x", Expr.symbol "y"

/// A rule as a formula, in one cell of a table.
let private shown (e: Expr option) =
    match e with
    | None -> "none"
    | Some e -> "`" + (string e).Replace("|", "\\|").Replace("\n", "; ") + "`"

let private unary op =
    let argument = if op = UnaryOp.Not then Expr.variable "x" DType.Bool [] else x
    let value = Expr.Make(Node.Unary(op, argument))
    $"| {shown (Some value)} | {shown (Local.unary op argument y)} |"

let private binary op =
    let isLogical = op = BinaryOp.And || op = BinaryOp.Or
    let of' name = if isLogical then Expr.variable name DType.Bool [] else Expr.symbol name
    let x, y = of' "x", of' "y"
    let value = Expr.Make(Node.Binary(op, x, y))
    let toX, toY = Local.binary op x y (Expr.symbol "z")
    $"| {shown (Some value)} | {shown toX} | {shown toY} |"

let private window =
    { Kernel = [ 2 ]; Sweeps = [ { Stride = 2; PadBefore = 0; PadAfter = 0; Dilation = 1 } ] }

let private sweep =
    { Sweeps = [ { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = 1 } ]; Groups = 1 }

/// One node of each form that is not elementwise, over variables x, y, ...
let private forms: (string * Expr) list =
    let m = variable "x" [ 3; 4 ]
    let places = Expr.variable "i" DType.I64 [ 2 ]
    let images = variable "x" [ 2; 3; 8 ]
    let halves = variable "y" [ 2; 3; 4 ]
    let kernel = variable "w" [ 5; 3; 3 ]
    let make = Expr.Make

    [
        "Truth values", make (Node.Compare(CompareOp.Lt, x, y))
        "Selection", Expr.where (Expr.variable "c" DType.Bool []) x y
        "Another element type", Expr.cast DType.F32 x
        "A sum", Expr.sum [ 1 ] m
        "A product over an axis", Expr.prod [ 0 ] (variable "x" [ 2 ])
        "A maximum", make (Node.Reduce(ReduceOp.Max, [ 1 ], m))
        "A minimum", make (Node.Reduce(ReduceOp.Min, [ 1 ], m))
        "The place of an extremum", make (Node.ArgReduce(ArgOp.Max, 1, m))
        "A running sum", make (Node.CumSum(1, false, m))
        "An order", make (Node.ArgSort(1, m))
        "Softmax", Expr.softmax 1 m
        "The logarithm of a sum of exponentials", Expr.logSumExp 1 m
        "A product of matrices", Expr.matmul m (variable "y" [ 4; 2 ])
        "Broadcasting", Expr.broadcastTo [ 3; 4 ] (variable "x" [ 4 ])
        "Another shape", Expr.reshape [ 12 ] m
        "Another order of axes", Expr.transpose [ 1; 0 ] m
        "A slice", Expr.sliceAxis 1 1 3 m
        "Padding", Expr.pad [ 0; 1 ] [ 0; 2 ] 0.0 m
        "Joining", Expr.concat 1 [ m; variable "y" [ 3; 2 ] ]
        "Turning around", Expr.reverse [ 1 ] m
        "Picking by number", Expr.gather 0 places m
        "Adding by number", Expr.scatterAdd 0 5 places (variable "x" [ 2; 4 ])
        "A convolution", make (Node.Conv(ConvRole.Forward, sweep, images, kernel))
        "The gradient of its input",
        make (Node.Conv(ConvRole.InputGrad [ 8 ], sweep, variable "y" [ 2; 5; 6 ], kernel))
        "The gradient of its kernel",
        make (Node.Conv(ConvRole.WeightGrad [ 3 ], sweep, images, variable "y" [ 2; 5; 6 ]))
        "Max pooling", make (Node.MaxPool(window, images))
        "What stands at the maxima", make (Node.MaxPoolPick(window, images, variable "z" [ 2; 3; 8 ]))
        "Adding at the maxima", make (Node.MaxPoolScatter(window, images, halves))
        "Average pooling", make (Node.AvgPool(window, images))
        "Its transpose", make (Node.AvgPoolGrad(window, [ 8 ], halves))
        "Random bits", make (Node.RandomBits(0, Shape.Of [ 4 ], Expr.variable "key" DType.I32 [ 2 ]))
        "A stopped gradient", make (Node.StopGradient x)
    ]

/// Forms whose derivative is not one row: elementwise ones stand in the first two tables, loops and functions with a
/// derivative of their own are told in words, the rest are leaves.
let private elsewhere = [ "Constant"; "Variable"; "Unary"; "Binary"; "Scan"; "Custom" ]

let private form (title: string, e: Expr) =
    let text = StringBuilder()
    let line (s: string) = text.Append(s).Append('\n') |> ignore
    let operands = Node.operands e.Node
    let cotangent = Expr.variable "ū" e.DType (e.Shape.ToList())

    let tangents =
        operands
        |> List.map (fun o ->
            if o.DType.IsFloat then
                Some(Expr.variable $"d{o.Label}" o.DType (o.Shape.ToList()))
            else
                None)

    line $"### {title}\n"
    line "```text"
    let shapes = operands |> List.map (fun o -> $"{o.Label}: {o.DType} {o.Shape}") |> String.concat ", "
    line $"u = {e}"
    line $"    {shapes}; u: {e.DType} {e.Shape}"

    let block (name: string) (value: Expr option) =
        match value with
        | None -> line $"{name}: none"
        | Some v ->
            match (string v).Split '\n' |> List.ofArray with
            | [ one ] -> line $"{name} = {one}"
            | lines ->
                line $"{name}:"

                for l in lines do
                    line $"    {l}"

    if e.DType.IsFloat then
        for operand, found in List.zip operands (Vjp.rule e cotangent) do
            block $"cotangent of {operand.Label}" found

        block "tangent of u" (Jvp.rule e tangents)
    else
        line "no derivative: the value is no floating-point number"

    line "```"
    text.ToString()

let private page =
    lazy
        (let head =
            "# The mathematics\n\n\
             Written from the tables of derivatives by a test, which holds this page equal to them. To write it anew after a change: \
             `DL1_WRITE_DOCS=1 dotnet run --project tests/DL1.Core.Tests -- --filter-test-list Mathematics`.\n\n\
             Everything DL1 differentiates is made of the primitives below. Reverse mode multiplies the cotangent ȳ = ∂L/∂y of a \
             value by its factors and adds up what comes back along each use; forward mode multiplies tangents by the same factors. \
             *none* means that the derivative is 0 wherever it is defined, and that no node of zeros is made. At kinks the conventions \
             are PyTorch's: relu and abs have the derivative 0 at 0, equal arguments of a maximum share it in halves, equal extrema \
             of a reduction evenly.\n\n\
             What is not selected has no derivative. A factor 0 of a case (of `where`, relu, a maximum, a minimum, a power at its \
             guard) is kept as a mask beside the cotangent or tangent and applied after the other factors of a chain: 0 times a \
             factor that is infinite or undefined is 0. Masks move with elements; through sums and broadcasting those of `where` \
             say whether anything was selected, the others end, in reverse mode at products of two values as well. All masks end at products of matrices, convolutions, poolings, \
             loops, and functions with a derivative of their own that is not elementwise.\n\n\
             A loop (`scan`) is differentiated by a loop: the first one keeps the states that the second, running backwards, reads. A \
             function with a derivative of its own brings its rule, a graph in its cotangent.\n"

         let unaries = DL1.Tests.Primitives.unaryOps |> List.map unary |> String.concat "\n"
         let binaries = DL1.Tests.Primitives.binaryOps |> List.map binary |> String.concat "\n"

         String.concat
             "\n"
             [
                 head
                 "## Functions of one element\n\nThe value y, and the factor ∂y/∂x in terms of x and y.\n"
                 "| y | ∂y/∂x |\n|---|---|"
                 unaries
                 "\n## Functions of two elements\n\nThe value z, and the factors ∂z/∂x and ∂z/∂y.\n"
                 "| z | ∂z/∂x | ∂z/∂y |\n|---|---|---|"
                 binaries
                 "\n## The other forms\n\nAn example of each, u the value, with its rule backwards, from the cotangent ū, and forwards, from the tangents dx, dy, ...\n"
                 forms |> List.map form |> String.concat "\n"
             ]
         |> fun text -> text.TrimEnd() + "\n")

let tests =
    testList
        "Mathematics"
        [
            test "each form of node is in the page" {
                let there =
                    forms
                    |> List.map (fun (_, e) ->
                        (fst (FSharpValue.GetUnionFields(e.Node, typeof<Node<Expr>>))).Name)

                let all = FSharpType.GetUnionCases typeof<Node<Expr>> |> Seq.map _.Name |> Set
                Expect.equal (Set(there @ elsewhere)) all "forms"
            }
            test "docs/mathematics.md is what the tables say" {
                let path = Path.Combine(root AppContext.BaseDirectory, "docs", "mathematics.md")

                if not (String.IsNullOrEmpty(Environment.GetEnvironmentVariable "DL1_WRITE_DOCS")) then
                    File.WriteAllText(path, page.Value)

                Expect.equal (File.ReadAllText path) page.Value "run with DL1_WRITE_DOCS=1 to write it anew"
            }
        ]
