/// The README's F# examples, run. Each stands here to the letter: the first test compares this file with the README.
module DL1.Tests.ReadmeTests

open System
open System.IO
open System.Text.RegularExpressions
open DL1
open Expecto

/// The folder that holds the solution, from one inside it.
let rec root folder =
    if File.Exists(Path.Combine(folder, "DL1.sln")) then
        folder
    else
        match Path.GetDirectoryName folder with
        | null -> raise (DirectoryNotFoundException "No folder above the tests holds DL1.sln.")
        | above -> root above

/// A file of the repository.
let read (path: string) = File.ReadAllText(Path.Combine(root AppContext.BaseDirectory, path))

/// The same text with runs of white space made one space, so that indentation does not count.
let folded (text: string) = Regex.Replace(text, @"\s+", " ").Trim()

/// The F# code blocks of a Markdown file, folded, without their open lines.
let snippetsOf (path: string) =
    Regex.Matches(read path, "```fsharp\n(.*?)```", RegexOptions.Singleline)
    |> Seq.map (fun m -> Regex.Replace(m.Groups[1].Value, "(?m)^open .*$", "") |> folded)
    |> List.ofSeq

let private snippets = snippetsOf "README.md" @ snippetsOf "docs/tour.md"

let private calculus () =
    let x = Expr.symbol "x"
    let f = x ** 2.0 * sin x
    let slope = Symbolic.derivative x f
    let value = Eval.run [ ("x", Tensor.scalar 2.0) ] f
    printfn $"{f}, {slope}, {value}" // x²·sin x, 2·x·sin x + x²·cos x, f64 3.6372
    $"{f}, {slope}, {value}"

let private tensors () =
    let w = Expr.variable "w" DType.F64 [ 3 ]
    let rows = Expr.constant (Convert.ofArray2D (array2D [ [ 1.0; 2.0; 3.0 ]; [ 4.0; 5.0; 6.0 ] ]))
    let loss = Reduce.meanAll (Elementwise.square (Linear.matvec rows w - 1.0))
    let gradient = Grad.grad loss [ w ] |> List.head
    let hessian = Grad.hessian loss w
    let perRow = Grad.vmap (fun row -> [ tanh (Linear.dot row[0] w) ]) [ rows ]
    Eval.many [ "w", Tensor.vector [ 0.0; 0.0; 0.0 ] ] (gradient :: hessian :: perRow)

let private network () =
    let gated features =
        Layer.create "Gated" (fun scope x ->
            let gate = scope.Run("gate", Dense.linear features, x)
            let scale = scope.Parameter("scale", [ features ], Init.ones)
            scale * Expr.sigmoid gate)

    let model = Dense.linear 64 => Activation.relu => gated 32 => Dense.linear 10
    let x, y = Expr.variable "x" DType.F32 [ 16; 20 ], Expr.variable "y" DType.I64 [ 16 ]
    let parameters, state = Layer.init (Key.ofSeed 1L) x model
    printfn $"{Summary.ofLayer x model}"

    let weights = Tree.variables parameters
    let logits, _ = Layer.apply Mode.Inference weights (Tree.variables state) model x
    let loss = Loss.crossEntropy Loss.classes y logits
    let gradients = Tree.ofValues (Grad.grad loss (Tree.values weights)) weights

    let adam = Optimizer.adam 0.01 |> Wrap.after (Transform.clipByGlobalNorm 1.0)
    let memory = Optimizer.start adam parameters
    let slots = Tree.variables memory
    let next, nextMemory = adam.Update gradients slots weights
    let inputs = Graph.variables (Tree.values weights @ Tree.values slots @ [ x; y ])
    let step = Compile.prepare inputs (loss :: Tree.values next @ Tree.values nextMemory)

    let images = Key.normal 0.0 1.0 DType.F32 [ 16; 20 ] (Key.ofSeed 2L)
    let labels = Key.integers 0 10 DType.I64 [ 16 ] (Key.ofSeed 3L)

    ((Tree.values parameters @ Tree.values memory, []), [ 1..40 ])
    ||> List.fold (fun (values, losses) _ ->
        let results = step (values @ [ images; labels ])
        results.Tail, Tensor.toFloat results.Head :: losses)
    |> snd
    |> List.rev

let private code () =
    let wave = Quote.expr <@ fun x -> exp -x * sin (3.0 * x) @>
    let waveSlope = Symbolic.derivative (Expr.symbol "x") wave
    let slopes = Quote.gradient <@ fun (a: float) b -> a * b ** 2.0 @>
    let source = ToCode.fsharp "slope" [ Expr.symbol "x" ] waveSlope // or ToCode.csharp, ToCode.linq
    printfn $"{slopes}, {source}" // [b²; 2·a·b], ...
    waveSlope, slopes, source

let tests =
    testList
        "README"
        [
            test "every F# example stands here" {
                let here = folded (read "tests/DL1.Core.Tests/ReadmeTests.fs")
                Expect.equal snippets.Length 4 "four examples"

                for snippet in snippets do
                    Expect.stringContains here snippet "an example of the README"
            }
            test "calculus prints what the comment says" {
                Expect.equal (calculus ()) "x²·sin x, 2·x·sin x + x²·cos x, f64 3.6372" ""
            }
            test "code is read and written" {
                let slope, slopes, source = code ()
                Expect.equal (string slopes) "[b²; 2·a·b]" ""
                Expect.stringStarts source "let slope (x: float) : float =\n" ""
                let at = 0.7
                let expected = exp -at * (3.0 * cos (3.0 * at) - sin (3.0 * at))
                let value = Eval.run [ "x", Tensor.scalar at ] slope |> Tensor.toFloat
                Expect.isLessThan (abs (value - expected)) 1e-14 ""
            }
            test "a network learns sixteen examples by heart" {
                let losses = network ()
                Expect.isLessThan (abs (losses.Head - log 10.0)) 0.5 "chance at first"
                Expect.isLessThan (List.last losses) 0.1 "then not"
            }
            test "tensors, reverse mode and vmap give their values" {
                let expected =
                    [
                        Tensor.vector [ -5.0; -7.0; -9.0 ]
                        Tensor.ofArray [ 3; 3 ] [| 17.0; 22.0; 27.0; 22.0; 29.0; 36.0; 27.0; 36.0; 45.0 |]
                        Tensor.vector [ 0.0; 0.0 ]
                    ]

                for e, v in List.zip expected (tensors ()) do
                    Expect.isTrue (Tensor.allClose 1e-12 1e-12 v e) $"{v} is not {e}"
            }
        ]
