/// Stable rewriting: errors against precise values are no larger than before, and what was finite stays finite.
module DL1.Tests.StableTests

open System
open DL1
open DL1.Tests.Instance
open Expecto
open FsCheck
open FsCheck.FSharp

/// Precise values, by series where the formula cancels and by the formula elsewhere: good to 1e-14 or so.
module private Precise =
    let private series (term: int -> float) = [ 12..-1..1 ] |> List.sumBy term

    let log1p x =
        if abs x < 1e-2 then
            series (fun k -> -((-x) ** float k) / float k)
        else
            log (1.0 + x)

    let expm1 x =
        if abs x < 1e-1 then
            series (fun k -> x ** float k / ([ 1..k ] |> List.fold (fun p i -> p * float i) 1.0))
        else
            exp x - 1.0

    let softplus x = if x > 0.0 then x + log1p (exp -x) else log1p (exp x)

    let sigmoid x = exp -(softplus -x)

    /// log Σ exp over a row, less x: Σ exp of differences.
    let logSoftmax (row: float[]) =
        let peak = Array.max row
        let first = Array.findIndex (fun v -> v = peak) row
        // The largest element's own exponential is 1: the others are added to it under log1p.
        let others = row |> Array.mapi (fun i v -> if i = first then 0.0 else exp (v - peak)) |> Array.sum
        row |> Array.map (fun v -> (v - peak) - log1p others)

    let logSumExp (row: float[]) =
        let peak = Array.max row
        peak + log (row |> Array.sumBy (fun v -> exp (v - peak)))

/// An instance, with a function from its input's elements to the elements of its precise value.
type private Judged =
    {
        Instance: Instance
        Precise: float[] -> float[]
    }

    override this.ToString() = this.Instance.ToString()

/// Numbers of all magnitudes: near 0, near 1, large, tiny, and whole.
let private wide (least: float) (most: float) : Gen<float32> =
    let sign = Gen.elements [ 1.0; -1.0 ]
    let uniform = Gen.choose (0, 1000000) |> Gen.map (fun n -> float n / 1e6)

    let scaled =
        Gen.map2
            (fun s p -> s * 10.0 ** p)
            sign
            (Gen.map (fun u -> log10 least + u * (log10 most - log10 least)) uniform)

    Gen.oneof
        [ scaled; scaled; Gen.map2 (*) sign uniform; Gen.elements [ 0.0; 1.0; -1.0; 20.0; -100.0; 1000.0 ] ]
    |> Gen.map float32

let private ofElements (element: Gen<float32>) dims form precise =
    gen {
        let! dims = dims
        let! values = Gen.arrayOfLength (Shape.ofList dims).Size element
        let x = Expr.variable "x" DType.F32 dims

        return
            {
                Instance = { Expr = form x; Inputs = [ "x", Tensor.ofArray dims values ] }
                Precise = precise
            }
    }

/// A form whose elements are functions of one element.
let private elementwise element form (precise: float -> float) =
    ofElements element (Gen.elements [ []; [ 3 ]; [ 2; 2 ]; [ 0 ] ]) form (Array.map precise)

/// Rows that share a large part, and rows of all magnitudes.
let private alongRows form (precise: float[] -> float[]) =
    gen {
        let! rows, width = Gen.elements [ 1, 1; 2, 3; 3, 5 ]
        let! common = Gen.elements [ 0f; 0f; 80f; -120f; 1000f; 30000f ]
        let element = Gen.map (fun v -> common + v) (wide 1e-6 30.0)

        return!
            ofElements
                element
                (Gen.constant [ rows; width ])
                form
                (Array.chunkBySize width >> Array.collect precise)
    }

let private softmaxOf (x: Expr) = exp x / Reduce.keepDims Expr.sum [ -1 ] (exp x)

let private any = wide 1e-30 1e30
let private moderate = wide 1e-30 200.0

let private instances: (string * Gen<Judged>) list =
    [
        "log(softmax x) -> x - logsumexp x", alongRows (fun x -> log (Expr.softmax -1 x)) Precise.logSoftmax
        "x - logsumexp x -> x less its maximum first", alongRows (Reduce.logSoftmax -1) Precise.logSoftmax
        "log(sum(exp x)) -> logsumexp x",
        alongRows (fun x -> log (Expr.sum [ -1 ] (exp x))) (fun row -> [| Precise.logSumExp row |])
        "exp x / sum(exp x) -> softmax x", alongRows softmaxOf (Precise.logSoftmax >> Array.map exp)
        "exp(x - logsumexp x) -> softmax x",
        alongRows (fun x -> exp (Reduce.logSoftmax -1 x)) (Precise.logSoftmax >> Array.map exp)
        "log(1 + x) -> log1p x",
        Gen.oneof
            [
                elementwise any (fun x -> log (1.0 + x)) Precise.log1p
                elementwise any (fun x -> log (x + 1.0)) Precise.log1p
            ]
        "log(1 - x) -> log1p(-x)", elementwise any (fun x -> log (1.0 - x)) (fun x -> Precise.log1p -x)
        "exp x - 1 -> expm1 x", elementwise moderate (fun x -> exp x - 1.0) Precise.expm1
        "log1p(exp x) -> softplus x", elementwise moderate (fun x -> Expr.log1p (exp x)) Precise.softplus
        "log(sigmoid x) -> -softplus(-x)",
        elementwise moderate (fun x -> log (Expr.sigmoid x)) (fun x -> -(Precise.softplus -x))
        "1 - sigmoid x -> sigmoid(-x)",
        elementwise moderate (fun x -> 1.0 - Expr.sigmoid x) (fun x -> Precise.sigmoid -x)
        "1 / (1 + exp(-x)) -> sigmoid x",
        Gen.oneof
            [
                elementwise moderate (fun x -> 1.0 / (1.0 + exp -x)) Precise.sigmoid
                elementwise moderate (fun x -> 1.0 / (exp -x + 1.0)) Precise.sigmoid
            ]
        "sqrt(sum of squares) -> with derivative 0 at 0",
        alongRows (fun x -> sqrt (Expr.sum [ -1 ] (x * x))) (fun row ->
            [| sqrt (row |> Array.sumBy (fun v -> v * v)) |])
        "x ** 2 -> x * x", elementwise any (fun x -> Expr.Pow(x, 2.0)) (fun x -> x * x)
        "x ** -1 -> 1 / x", elementwise any (fun x -> Expr.Pow(x, -1.0)) (fun x -> 1.0 / x)
    ]

/// Half the distance between f32 numbers at a value; half the smallest subnormal near 0.
let private halfUlp (v: float) =
    if abs v < 1.1754943508222875e-38 then
        float Single.Epsilon / 2.0
    else
        2.0 ** (floor (Math.Log2(abs v)) - 24.0)

/// The error of one rounded operation on intermediate results that are themselves rounded: the sums and differences
/// inside log softmax round twice, everything else once.
let private allowed (truth: float) = 1.0001 * halfUlp truth

/// An element's error after rewriting is at most the larger of the error before and of a half ulp (two of them where
/// a form rounds twice), and finite where it was finite.
let private noWorse roundings (truth: float) (before: float) (after: float) =
    let finite = Double.IsFinite after || not (Double.IsFinite before)
    let error v = if v = truth then 0.0 else abs (v - truth)

    finite
    && (not (Double.IsFinite truth)
        || not (Double.IsFinite before)
        || abs truth > float Single.MaxValue
        || error after <= max (error before) (roundings * allowed truth))

let private keepsAccuracy roundings (judged: Judged) (rewritten: Expr) =
    let instance = judged.Instance
    let before = Tensor.toFloats (value instance instance.Expr)
    let after = Tensor.toFloats (value instance rewritten)
    let truths = judged.Precise(Tensor.toFloats (snd instance.Inputs.Head))

    if Array.forall2 (fun t (b, a) -> noWorse roundings t b a) truths (Array.zip before after) then
        None
    else
        Some $"precisely %A{truths}\nbefore %A{before}\nafter %A{after}\nas {Text.ascii rewritten}"

/// x − max, log Σ exp, and their difference: three roundings, of numbers that do not exceed the result.
let private roundingsOf name =
    if name = "log(softmax x) -> x - logsumexp x" || name = "x - logsumexp x -> x less its maximum first" then
        3.0
    else
        1.0

let private law =
    testList
        "rows"
        [
            testCase "every row is fired"
            <| fun () ->
                let names = Stable.table |> List.map (fun row -> row.Name)
                Expect.equal (List.sort (List.map fst instances)) (List.sort names) "instances and rows"
            for name, generated in instances do
                let row = Stable.table |> List.filter (fun row -> row.Name = name)

                holds 150 name generated (fun judged ->
                    let alone, fired = rewrite row judged.Instance.Expr

                    if not (List.contains name fired) then
                        Some $"the row '{name}' was not fired"
                    else
                        keepsAccuracy (roundingsOf name) judged alone
                        |> Option.orElseWith (fun () ->
                            keepsAccuracy 3.0 judged (Rewrite.stable judged.Instance.Expr)))
        ]

/// What a row is for: an input on which the original fails, and its value.
let private mends name (form: Expr -> Expr) (input: float32) (expected: float) =
    test name {
        let x = Expr.variable "x" DType.F32 [ 1 ]
        let inputs = [ "x", Tensor.vector [ input ] ]
        let after = (Eval.run inputs (Rewrite.stable (form x)))[0]
        Expect.floatClose { absolute = 1e-50; relative = 1e-7 } after expected "the value"
        let before = (Eval.run inputs (form x))[0]
        Expect.isFalse (abs (before - expected) <= 1e-3 * abs expected) "the original fails there"
    }

let private unchanged name (e: Expr) =
    test name { Expect.equal (Rewrite.stable e) (Rewrite.exact e) "no stable row applies" }

let private x = Expr.symbol "x"
let private matrix = Expr.variable "m" DType.F64 [ 2; 3 ]

let tests =
    testList
        "Stable"
        [
            law
            testList
                "mends"
                [
                    mends "log(1 + 1e-20)" (fun x -> log (1.0 + x)) 1e-20f (float 1e-20f)
                    mends "log(1 − 1e-20)" (fun x -> log (1.0 - x)) 1e-20f -(float 1e-20f)
                    mends "exp(1e-20) − 1" (fun x -> exp x - 1.0) 1e-20f (float 1e-20f)
                    mends "log(1 + exp 200)" (fun x -> log (1.0 + exp x)) 200f 200.0
                    mends "log σ(−200)" (fun x -> log (Expr.sigmoid x)) -200f -200.0
                    mends "1 − σ(30)" (fun x -> 1.0 - Expr.sigmoid x) 30f 9.357622968840175e-14
                    mends
                        "log Σ exp 200"
                        (fun x -> Expr.reshape [ 1 ] (log (Expr.sum [ 0 ] (exp x))))
                        200f
                        200.0
                    mends "exp 200 / Σ exp 200" (fun x -> exp x / Expr.sum [ 0 ] (exp x)) 200f 1.0
                ]
            test "the square root of a sum of squares has derivative 0 at 0" {
                let v = Expr.variable "v" DType.F64 [ 3 ]
                let norm = sqrt (Expr.sum [ 0 ] (Expr.Pow(v, 2.0)))
                let at0 e = Eval.run [ "v", Tensor.zeros DType.F64 [ 3 ] ] (List.head (Grad.grad e [ v ]))
                Expect.isTrue (Tensor.toFloats (at0 norm) |> Array.forall Double.IsNaN) "NaN before"
                Expect.equal (at0 (Rewrite.stable norm)) (Tensor.zeros DType.F64 [ 3 ]) "0 after"
            }
            test "log softmax keeps its gradient" {
                let row = Tensor.vector [ 1000.25; 1001.0; 998.5 ]
                let v = Expr.variable "v" DType.F64 [ 3 ]
                let first e = Expr.item 0 1 e
                let plain = first (Reduce.logSoftmax 0 v)
                let gradient e = Eval.run [ "v", row ] (List.head (Grad.grad e [ v ]))

                Expect.isTrue
                    (Tensor.allClose 1e-12 1e-12 (gradient plain) (gradient (Rewrite.stable plain)))
                    "the gradient of the second element"
            }
            test "the derivative of log softmax does not go through the maximum" {
                let v = Expr.variable "v" DType.F64 [ 3 ]
                let first = Expr.item 0 1 (Rewrite.stable (Reduce.logSoftmax 0 v))

                let compares (e: Expr) =
                    match e.Node with
                    // Whether log Σ exp is −∞ is asked, too.
                    | Node.Compare(op, _, _) -> op <> CompareOp.Ne
                    | _ -> false

                Expect.isFalse
                    (Grad.grad first [ v ] |> Graph.topological |> Array.exists compares)
                    "a search for what attains the maximum"
            }
            testList
                "is not"
                [
                    unchanged "log(2 + x)" (log (2.0 + x))
                    unchanged "exp x − 2" (exp x - 2.0)
                    unchanged "1 − exp x" (1.0 - exp x)
                    unchanged "σ(x) − 1" (Expr.sigmoid x - 1.0)
                    unchanged "2 − σ(x)" (2.0 - Expr.sigmoid x)
                    unchanged "1 / (1 + exp x)" (1.0 / (1.0 + exp x))
                    unchanged "2 / (1 + exp(−x))" (2.0 / (1.0 + exp -x))
                    unchanged "x³, which would round twice" (Expr.Pow(x, 3.0))
                    unchanged "log Σ x" (log (Expr.sum [ 1 ] matrix))
                    unchanged "log Σ exp over two axes" (log (Expr.sum [ 0; 1 ] (exp matrix)))
                    unchanged
                        "exp x over its sum along another shape's axis"
                        (exp matrix / Expr.sum [ 0; 1 ] (exp matrix))
                    unchanged
                        "exp x over the sum of exp y"
                        (exp matrix / Reduce.keepDims Expr.sum [ 1 ] (exp (matrix * matrix)))
                    unchanged "√Σ x·y" (sqrt (Expr.sum [ 1 ] (matrix * sin matrix)))
                ]
        ]
