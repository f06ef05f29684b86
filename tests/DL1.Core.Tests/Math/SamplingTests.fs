/// Draws from logits: what is left out of them is what others leave out, and frequencies are the chances.
module DL1.Tests.SamplingTests

open System.Text.Json
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

let private value (e: Expr) = Eval.run [] e
let private keyOf seed = Draw.key (Key.ofSeed seed)
let private logitsOf seed rows classes = Key.normal 0.0 2.0 DType.F64 [ rows; classes ] (Key.ofSeed seed)

let private check (case: JsonElement) =
    let a = Attributes case

    let options =
        {
            Temperature = a.Float("temperature", 1.0)
            TopK = Some(a.Int("k", 1))
            TopP = Some(a.Float("p", 1.0))
        }

    a.ExpectAllRead()
    let found = Sampling.filter options (Expr.constant (tensor (case.GetProperty "logits"))) |> value
    let finite = Tensor.compute (fun t -> Expr.maximum t (lit -1e300)) found
    expectClose 1e-12 (tensor (case.GetProperty "left")) finite ""

let private drawn options seed (logits: Tensor) =
    Sampling.draw options (Expr.constant logits) (keyOf seed) |> value |> Tensor.toArray<int64>

let private isLeft options (logits: Tensor) =
    let left = Sampling.filter options (Expr.constant logits) |> value |> Tensor.toFloats
    fun row (token: int64) -> left[row * logits.Shape[1] + int token] > -infinity

let tests =
    testList
        "Sampling"
        [
            for i, case in List.indexed (cases "sequences.json") do
                if name case = "filter" then
                    test $"as Hugging Face's warpers in PyTorch: {title i case}" { check case }
            law "only what is left is drawn, with one key the same" (fun seed k (p: uint8) ->
                let logits = logitsOf seed 5 7

                let options =
                    { Temperature = 0.7; TopK = Some(1 + abs k % 8); TopP = Some((1.0 + float p) / 256.0) }

                let tokens = drawn options seed logits

                tokens |> Array.indexed |> Array.forall (fun (row, t) -> isLeft options logits row t)
                && drawn options seed logits = tokens)
            law "the likeliest alone is drawn where it alone is left" (fun seed ->
                let logits = logitsOf seed 5 7
                let likeliest = Expr.argMax -1 (Expr.constant logits) |> value |> Tensor.toArray<int64>

                List.forall
                    (fun options -> drawn options seed logits = likeliest)
                    [
                        { Sampling.options with TopK = Some 1 }
                        { Sampling.options with TopP = Some 1e-9 }
                        { Sampling.options with Temperature = 1e-6 }
                    ])
            test "frequencies are the softmax" {
                let rows = 20000
                let logits = Tensor.vector [ 1.0; -0.5; 0.0; -infinity; 2.0 ]
                let many = Expr.broadcastTo [ rows; 5 ] (Expr.constant logits) |> value
                let counts = Array.zeroCreate<float> 5

                for t in drawn Sampling.options 3L many do
                    counts[int t] <- counts[int t] + 1.0 / float rows

                let chances = Expr.softmax 0 (Expr.constant logits) |> value |> Tensor.toFloats
                Expect.equal counts[3] 0.0 "what is impossible"

                for p, q in Array.zip chances counts do
                    Expect.isLessThan (abs (p - q)) (4.0 * sqrt (0.25 / float rows)) "four deviations"
            }
            test "equal logits are left or left out together" {
                let logits = Expr.constant (Tensor.vector [ 1.0; 2.0; 1.0; 0.0 ])
                let left (e: Expr) = value e |> Tensor.toFloats |> Array.map (fun v -> v > -infinity)
                Expect.equal (left (Sampling.topK 2 logits)) [| true; true; true; false |] "k"
                Expect.equal (left (Sampling.topP 0.6 logits)) [| true; true; true; false |] "p"
                Expect.equal (left (Sampling.topP 1.0 logits)) [| true; true; true; true |] "all"
            }
            test "what cannot be drawn from is refused" {
                let x = Expr.constant (Tensor.vector [ 1.0; 2.0 ])
                let domain f = Expect.throwsT<DomainError> (fun () -> f x |> ignore) ""
                let shape f x = Expect.throwsT<ShapeError> (fun () -> f x |> ignore) ""

                for t in [ 0.0; -1.0; nan; infinity ] do
                    domain (Sampling.temperature t)

                for p in [ 0.0; 1.5; -0.1; nan ] do
                    domain (Sampling.topP p)

                domain (Sampling.topK 0)
                domain (Sampling.topK System.Int32.MinValue)
                Expect.equal (value (Sampling.topK System.Int32.MaxValue x)) (value x) "all"
                let draw x = Draw.categorical x (keyOf 1L)

                for f in [ Sampling.temperature 1.0; Sampling.topK 1; Sampling.topP 0.5; draw ] do
                    shape f (Expr.scalar DType.F64 1.0)
                    shape f (Expr.full DType.F64 [ 3; 0 ] 1.0)
                    shape f (Expr.constant (Tensor.vector [ 1; 2 ]))
            }
        ]
