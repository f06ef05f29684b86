/// Losses, likelihoods and layers at their edges: probabilities of 0 and 1, confident logits, large counts, shapes that
/// would broadcast each with each, options that mean nothing.
module DL1.Tests.EdgesTests

open System
open DL1
open DL1.Tests.Numbers
open DL1.Tests.Training
open Expecto

let private single (values: float list) =
    Expr.constant (Tensor.vector (values |> List.map float32 |> Array.ofList))

let private numbers (e: Expr) = Tensor.toFloats (Eval.run [] e)
let private none = Reduction.None

/// The same by Eval and compiled.
let private bothWays (e: Expr) = [ numbers e; Tensor.toFloats (Compile.prepare [] [ e ] []).Head ]

let private bceAtItsEnds =
    test "bce and its gradient are finite where probabilities are 0 and 1" {
        let p, y = Expr.variable "p" DType.F32 [ 4 ], single [ 1.0; 0.0; 0.0; 1.0 ]
        let loss = Loss.bce Reduction.Sum y p
        let values = [ Tensor.vector [| 0.0f; 1.0f; 0.0f; 1.0f |] ]
        let roots = [ loss; Grad.grad loss [ p ] |> List.head ]

        for run in [ Eval.prepare; Compile.prepare ] do
            match run [ variableOf p ] roots values with
            | [ loss; gradient ] ->
                Expect.equal (Tensor.toFloats loss) [| 200.0 |] "two that are wrong, held at 100"

                for found, expected in Seq.zip (Tensor.toFloats gradient) [ -1e12; 1e12; 1.0; -1.0 ] do
                    Expect.isTrue (near 1e-6 found expected) $"{found}, where {expected} is due"
            | _ -> failtest "two results"
    }

let private bceBehindSigmoid =
    test "bce behind a sigmoid has a finite gradient at any logit" {
        let x = Expr.variable "x" DType.F32 [ 8 ]
        let y = single [ 1.0; 0.0; 1.0; 0.0; 1.0; 0.0; 1.0; 0.0 ]
        let loss = Loss.bce Reduction.Sum y (Expr.sigmoid x)
        let gradient = Grad.grad loss [ x ]
        let values = [ Tensor.vector [| 89.0f; 89.0f; -89.0f; -89.0f; 300.0f; -300.0f; -18.0f; 18.0f |] ]

        for run in [ Eval.prepare; Compile.prepare ] do
            let found = run [ variableOf x ] gradient values |> List.head |> Tensor.toFloats
            Expect.all found Double.IsFinite $"%A{found}"
    }

let private bceInside =
    test "bce between its ends is the formula, and so is its second derivative" {
        let p, y = Expr.variable "p" DType.F64 [], 0.3
        let loss = Loss.bce none (lit y) p
        let slope = Grad.grad loss [ p ] |> List.head
        let bend = Grad.grad slope [ p ] |> List.head

        for q in [ 1e-9; 0.2; 0.5; 0.999 ] do
            let at e = Eval.run [ "p", Tensor.scalar q ] e |> Tensor.toFloat

            Expect.isTrue
                (near 1e-12 (at loss) (-(y * log q + (1.0 - y) * Math.Log(1.0 - q))))
                $"value at {q}"

            Expect.isTrue (near 1e-12 (at slope) ((q - y) / (q * (1.0 - q)))) $"slope at {q}"
            let expected = y / (q * q) + (1.0 - y) / ((1.0 - q) * (1.0 - q))
            Expect.isTrue (abs (at bend / expected - 1.0) < 1e-6) $"bend at {q}"
    }

let private confidentLogits =
    test "bceWithLogits of confident logits does not cancel" {
        let logits = [ 10.0; 14.0; 16.0; 20.0; -10.0; -20.0 ]
        let loss = Loss.bceWithLogits none (single [ 1.0; 1.0; 1.0; 1.0; 0.0; 0.0 ]) (single logits)

        for found in bothWays loss do
            for v, x in Seq.zip found logits do
                let expected = Math.Log(1.0 + exp -(abs x))
                Expect.isTrue (abs (v / expected - 1.0) < 1e-5) $"{v} at {x}, where {expected} is due"
    }

let private largeCounts =
    test "log n! of large counts, and their likelihood, are finite" {
        let counts = [ 0.0; 1.0; 5.0; 3.2e5; 1e6; 1e8 ]
        let expected = counts |> List.map (fun n -> MathNet.Numerics.SpecialFunctions.GammaLn(n + 1.0))

        for found in bothWays (Likelihood.logFactorial (single counts)) do
            for v, e in Seq.zip found expected do
                Expect.isTrue (abs (v - e) <= 4e-6 * (1.0 + abs e)) $"{v}, where {e} is due"

        for v in numbers (Likelihood.poisson (single [ 442413.0 ]) (single [ 13.0 ])) do
            Expect.isTrue (Double.IsFinite v) $"{v}"
    }

let private columnsAgainstRows =
    let y, x = Expr.variable "y" DType.F64 [ 4; 1 ], Expr.variable "x" DType.F64 [ 4 ]
    let mean = Reduction.Mean

    [
        "mse", (fun () -> Loss.mse mean y x)
        "bceWeighted", (fun () -> Loss.bceWeighted (lit 1.0) mean y x)
        "klDiv", (fun () -> Loss.klDiv mean y x)
        "poissonNll", (fun () -> Loss.poissonNll false mean y x)
        "poissonNllOfRate", (fun () -> Loss.poissonNllOfRate false mean y x)
        "gaussianNll", (fun () -> Loss.gaussianNll false 1e-6 mean y x x)
        "gaussianNll of a variance", (fun () -> Loss.gaussianNll false 1e-6 mean x y x)
        "hingeEmbedding", (fun () -> Loss.hingeEmbedding 1.0 mean y x)
        "gaussian", (fun () -> Likelihood.gaussian y x x)
        "poisson", (fun () -> Likelihood.poisson y x)
    ]
    |> List.map (fun (name, make) ->
        test $"{name} refuses columns against rows" {
            Expect.throwsT<ShapeError> (fun () -> make () |> ignore) "each with each"
        })

let private nothingMeant =
    let f dims = Expr.variable "x" DType.F32 dims
    let apply (layer: Layer<'a, Expr>) (x: 'a) () = Layer.init (Key.ofSeed 1L) x layer |> ignore
    let grouped groups = { Convolution.options with Groups = groups }

    [
        "huber of an infinite delta", (fun () -> Loss.huber infinity none (f [ 3 ]) (f [ 3 ]) |> ignore)
        "a variance with more taken away than there is",
        (fun () -> Reduce.variance 3 [ 0 ] (f [ 2 ]) |> ignore)
        "a pooling of groups", (fun () -> Convolution.maxPool [ 2 ] (grouped 2) (f [ 1; 2; 4; 4 ]) |> ignore)
        "an LSTM's dropout of 2",
        apply (Recurrent.lstm { Recurrent.options 3 with Dropout = 2.0 } |> Recurrent.last) (f [ 2; 3; 4 ])
    ]
    |> List.map (fun (name, make) ->
        test $"{name} is refused" { Expect.throwsT<DomainError> make "an option that means nothing" })

let private misfits =
    let f dims = Expr.variable "x" DType.F32 dims
    let apply (layer: Layer<'a, Expr>) (x: 'a) () = Layer.init (Key.ofSeed 1L) x layer |> ignore
    let unbiased = { Init.parameters with Bias = false }
    let grouped = { Convolution.options with Groups = 2 }
    let attention memory = { Query = f [ 2; 3; 8 ]; Memory = memory; Mask = None }

    [
        "a transposed convolution of 5 channels in 2 groups",
        apply (Conv.convTranspose2dWith unbiased grouped [] 5 [ 2 ]) (f [ 2; 4; 5; 5 ])
        "a convolution of 5 channels in 2 groups",
        apply (Conv.conv2dWith unbiased grouped 5 [ 2 ]) (f [ 2; 4; 5; 5 ])
        "attention to another batch", apply (Attention.multiHead 2 0.0) (attention (f [ 4; 3; 8 ]))
        "attention to other features", apply (Attention.multiHead 2 0.0) (attention (f [ 2; 3; 4 ]))
        "a reshape of a scalar", apply (Shaping.reshape [ 1 ]) (f [])
    ]
    |> List.map (fun (name, make) ->
        test $"{name} is refused" { Expect.throwsT<ShapeError> make "shapes that do not fit" })

/// The definition: each element of x spreads its kernel; then both ends are cut, and the end is lengthened.
let private transposed stride padding dilation extra (x: float[]) (w: float[]) =
    let full = Array.zeroCreate ((x.Length - 1) * stride + dilation * (w.Length - 1) + 1 + padding + extra)

    for i in 0 .. x.Length - 1 do
        for k in 0 .. w.Length - 1 do
            full[i * stride + k * dilation] <- full[i * stride + k * dilation] + x[i] * w[k]

    let length = (x.Length - 1) * stride - 2 * padding + dilation * (w.Length - 1) + extra + 1
    full[padding .. padding + length - 1]

let private outputPadding =
    test "a transposed convolution's output padding may be anything below the stride or the dilation" {
        let x, w = [| 1.0; -2.0; 3.5; 0.25 |], [| 0.5; 2.0; -1.0 |]

        for stride in 1..3 do
            for dilation in 1..3 do
                for padding in 0..2 do
                    for extra in 0 .. max stride dilation - 1 do
                        let options =
                            {
                                Stride = [ stride ]
                                Padding = [ padding ]
                                Dilation = [ dilation ]
                                Groups = 1
                            }

                        let found =
                            Convolution.convTranspose
                                options
                                [ extra ]
                                (Expr.constant (Tensor.ofArray [ 1; 1; 4 ] x))
                                (Expr.constant (Tensor.ofArray [ 1; 1; 3 ] w))
                            |> numbers

                        let expected = transposed stride padding dilation extra x w

                        Expect.equal
                            found
                            expected
                            $"stride {stride}, dilation {dilation}, padding {padding}, output padding {extra}"
    }

let private farthest =
    test "a triplet's distance may be that of the largest difference" {
        let rows (a: float) b = Expr.constant (Tensor.ofArray [ 1; 2 ] [| a; b |])
        let loss = Loss.tripletMargin 1.0 infinity Reduction.Mean (rows 3.0 1.0, rows 0.5 1.0) (rows 0.0 0.0)
        let found = Array.head (numbers loss)
        Expect.isTrue (near 1e-5 found (3.0 - 1.0 + 1.0)) "3 − 1 + 1"
    }

let tests =
    testList
        "Edges"
        ([ bceAtItsEnds; bceBehindSigmoid; bceInside; confidentLogits; largeCounts; outputPadding; farthest ]
         @ columnsAgainstRows
         @ nothingMeant
         @ misfits)
