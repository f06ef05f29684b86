/// Scalar expressions as delegates: the bits of Eval, with generated code and without.
module DL1.Tests.ScalarFunctionTests

open System
open DL1
open DL1.Tests.Law
open Expecto
open FSharp.Reflection

/// Every case of a union without fields.
let private cases<'u> =
    FSharpType.GetUnionCases typeof<'u>
    |> Array.map (fun case -> FSharpValue.MakeUnion(case, [||]) :?> 'u)

let unaries = cases<UnaryOp> |> Array.filter (fun op -> op <> UnaryOp.Not)

let binaries = cases<BinaryOp> |> Array.filter (fun op -> op <> BinaryOp.And && op <> BinaryOp.Or)

let compares = cases<CompareOp>

/// A scalar graph of one type over x and y that uses its parts again, from a list of choices.
let grown dtype (choices: uint16 list) =
    let x, y = Expr.variable "x" dtype [], Expr.variable "y" dtype []

    let step (made: Expr list) (choice: uint16) =
        let n = int choice
        let pick i = List.item ((n / 7 + i) % made.Length) made

        let condition () =
            let c = Expr.compare compares[n / 5 % compares.Length] (pick 0) (pick 1)

            match n % 4 with
            | 0 -> Expr.not' c
            | 1 -> Expr.both c (pick 1 .> 0.0)
            | 2 -> Expr.either c (Expr.cast DType.Bool (pick 2))
            | _ -> c

        let next =
            match n % 5 with
            | 0
            | 1 -> Expr.unary unaries[n / 5 % unaries.Length] (pick 0)
            | 2 -> Expr.binary binaries[n / 5 % binaries.Length] (pick 0) (pick 1)
            | 3 -> Expr.where (condition ()) (pick 1) (pick 2)
            | _ -> pick 0 + Expr.cast dtype (condition ()) * float (n % 11)

        next :: made

    x, y, List.fold step [ x; y ] (List.truncate 20 choices) |> List.head

let special =
    [| 0.0; -0.0; 1.0; -1.0; 0.5; 3.7; -2.2; 1e-300; 1e300; 1e-40; 1e30; nan; infinity; -infinity |]

let sameNumber (a: float) (b: float) =
    BitConverter.DoubleToInt64Bits a = BitConverter.DoubleToInt64Bits b
    || (Double.IsNaN a && Double.IsNaN b)

let point dtype (i: byte) (j: byte) =
    let at (k: byte) = special[int k % special.Length]
    let held v = if dtype = DType.F32 then float (float32 v) else v
    held (at i), held (at j)

let private run generates (inputs: Expr list) f (values: float list) =
    let variables = Graph.variables inputs
    let map = ScalarFunction.mapOf generates (ScalarProgram.ofGraph variables [ f ])
    let results = [| 0.0 |]
    map.Invoke(ReadOnlySpan(Array.ofList values), Span results)
    results[0]

let tests =
    testList
        "ScalarFunction"
        [
            law "with generated code and without, the bits are those of Eval" (fun choices isSingle i j ->
                let dtype = if isSingle then DType.F32 else DType.F64
                let x, y, f = grown dtype choices
                let p, q = point dtype i j
                let scalar v = Tensor.full dtype [] v

                // What is compiled is the graph after the stable rewriting.
                let expected =
                    Eval.run [ "x", scalar p; "y", scalar q ] (Rewrite.stableAll [ f ] |> List.head)
                    |> Tensor.toFloat

                [ true; false ]
                |> List.forall (fun generates -> sameNumber (run generates [ x; y ] f [ p; q ]) expected))
            law "a value and its gradient come from one function" (fun (p: byte) (q: byte) ->
                let x, y = Expr.symbol "x", Expr.symbol "y"
                let f = sin (x * y) + x ** 2.0 / (1.0 + y * y)
                let px, py = float p / 50.0, float q / 50.0
                let results = Array.zeroCreate 3
                (ScalarFunction.valueAndGradient [ x; y ] f).Invoke(ReadOnlySpan [| px; py |], Span results)
                let at = [ "x", Tensor.scalar px; "y", Tensor.scalar py ]
                let expected = Eval.many at (f :: Grad.grad f [ x; y ]) |> List.map Tensor.toFloat
                Seq.forall2 (fun a b -> abs (a - b) <= 1e-12 * (1.0 + abs b)) results expected)
            test "functions of one, two and three numbers" {
                let x, y, z = Expr.symbol "x", Expr.symbol "y", Expr.symbol "z"
                Expect.equal ((ScalarFunction.of1 x (x * x + 1.0)).Invoke 3.0) 10.0 "one"
                Expect.equal ((ScalarFunction.of2 x y (x - y)).Invoke(3.0, 5.0)) -2.0 "two"
                Expect.equal ((ScalarFunction.of3 x y z (x * y - z)).Invoke(2.0, 3.0, 4.0)) 2.0 "three"
            }
            test "a custom rule computes its value" {
                let x = Expr.symbol "x"
                let f = Scan.custom "twice" (fun xs -> 2.0 * xs[0]) (fun _ dy -> [ dy ]) [ x ]
                Expect.equal ((ScalarFunction.of1 x f).Invoke 3.0) 6.0 ""
            }
            test "nothing is allocated when it runs" {
                let x = Expr.symbol "x"
                let map = ScalarFunction.valueAndGradient [ x ] (x * sin x)
                let point, results = [| 1.5 |], Array.zeroCreate 2
                map.Invoke(ReadOnlySpan point, Span results)
                let before = GC.GetAllocatedBytesForCurrentThread()

                for _ in 1..1000 do
                    map.Invoke(ReadOnlySpan point, Span results)

                // The runtime itself may allocate a little on the way; a thousand runs must not.
                Expect.isLessThan
                    (GC.GetAllocatedBytesForCurrentThread() - before)
                    1000L
                    "bytes in a thousand runs"
            }
            test "what is no function of the inputs is refused" {
                let x, y = Expr.symbol "x", Expr.symbol "y"
                let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
                refused (fun () -> ScalarFunction.of1 x (x + y))
                refused (fun () -> ScalarFunction.of1 (x + 1.0) x)
                refused (fun () -> ScalarFunction.of1 x (Expr.sumAll (Expr.broadcastTo [ 3 ] x)))
                let map = ScalarFunction.ofMany [ x ] [ x ]

                Expect.throwsT<DomainError>
                    (fun () -> map.Invoke(ReadOnlySpan [| 1.0; 2.0 |], Span [| 0.0 |]))
                    "two inputs for one"
            }
        ]
