/// How parameters begin where one says so, and the divergence of a variational autoencoder.
module DL1.Tests.BeginningTests

open DL1
open DL1.Tests.Law
open Expecto

let private x = Expr.variable "x" DType.F32 [ 2; 5; 3 ]

let private parametersOf (layer: Layer<Expr, RecurrentResult>) =
    Layer.init (Key.ofSeed 1L) x (Recurrent.last layer) |> fst

let private forgetting =
    [
        for name, kind in [ "LSTM", Recurrent.lstm; "GRU", Recurrent.gru ] do
            law $"the bias that keeps of {name} is as asked, all else as before" (fun (wanted: int) twoWays ->
                let wanted = float (wanted % 100)
                let plain = { Recurrent.options 4 with Layers = 2; Bidirectional = twoWays }
                let own = parametersOf (kind { plain with ForgetBias = Some wanted })
                let usual = parametersOf (kind plain)

                Tree.toList own
                |> List.forall (fun (path, t) ->
                    let found, before = Tensor.toFloats t, Tensor.toFloats usual[path]

                    let due i v =
                        if not (path.StartsWith "bias") || i / 4 <> 1 then v
                        elif path.StartsWith "bias_ih" then wanted
                        else 0.0

                    found = Array.mapi due before))
        test "layers that have no such gate or no bias, and infinite ones, are refused" {
            let held = { Recurrent.options 4 with ForgetBias = Some 1.0 }

            for layer in
                [
                    Recurrent.rnn held
                    Recurrent.lstm { held with Bias = false }
                    Recurrent.gru { held with ForgetBias = Some infinity }
                ] do
                Expect.throwsT<DomainError> (fun () -> parametersOf layer |> ignore) "refused"
        }
    ]

let private divergence =
    let kl (m: float) (v: float) reduction =
        Loss.gaussianKl
            reduction
            (Expr.constant (Tensor.ofArray [ 1; 1 ] [| v |]))
            (Expr.constant (Tensor.ofArray [ 1; 1 ] [| m |]))
        |> fun e -> Compile.prepare [] [ e ] [] |> List.head |> Tensor.toFloat

    [
        test "the divergence is that of the integral" {
            for m, v in [ 0.5, 0.0; -1.25, -3.0; 2.0, 1.5 ] do
                let deviation = exp (v / 2.0)
                // Σ q·log(q / p)·dx by the trapezoid rule, which converges at once for what falls to 0 at both ends.
                let step = 1e-2 * deviation

                let term i =
                    let x = m + step * float i
                    let logQ = -0.5 * ((x - m) / deviation) ** 2.0 - v / 2.0
                    let logP = -0.5 * x * x
                    exp (logQ - 0.5 * log (2.0 * System.Math.PI)) * (logQ - logP)

                let due = step * Seq.sumBy term [ -1000 .. 1000 ]
                Expect.isLessThan (abs (kl m v Reduction.Sum - due)) (1e-9 * max 1.0 due) $"{m}, {v}"
        }
        law
            "it is 0 for the standard distribution alone, and keeps its digits near it"
            (fun (m: int) (v: int) ->
                let m, v = float (m % 100) / 10.0, float (v % 100) / 10.0
                let tiny = kl 0.0 1e-6 Reduction.Sum
                abs (tiny - 2.5e-13) < 1e-18 && (kl m v Reduction.Sum > 0.0 || m = 0.0 && v = 0.0))
        test "batchMean is the mean over rows of the sum over codes" {
            let mean = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 1.0; 2.0; 0.0; 0.5; -1.0; 3.0 |])
            let logVariance = Expr.constant (Tensor.zeros DType.F64 [ 2; 3 ])
            let found = Loss.gaussianKl Reduction.BatchMean logVariance mean

            Expect.equal
                (Compile.prepare [] [ found ] [] |> List.head |> Tensor.toFloat)
                (15.25 / 4.0)
                "batch mean"
        }
    ]

let private tables =
    [
        test "an embedding's table begins as wanted, but for padding" {
            let ids = Expr.variable "ids" DType.I64 [ 2 ]
            let table layer = (Layer.init (Key.ofSeed 1L) ids layer |> fst)["weight"]
            let ones = Init.constant 1.0
            Expect.equal (table (Dense.embeddingWith ones 3 2)) (Tensor.ones DType.F32 [ 3; 2 ]) "ones"

            Expect.equal
                (table (Dense.embeddingPaddedWith ones 1 3 2))
                (Tensor.ofArray [ 3; 2 ] [| 1f; 1f; 0f; 0f; 1f; 1f |])
                "row 1 is padding"
        }
    ]

let tests = testList "Beginnings" (forgetting @ divergence @ tables)
