/// F#'s own operators and functions over expressions: each gives what it gives of numbers, and what `Eval` of the primitives gives.
module DL1.Tests.OperatorTests

open System
open DL1
open DL1.Tests.Law
open Expecto

let private x = Expr.symbol "x"
let private y = Expr.symbol "y"

let private value (a: float) (b: float) (e: Expr) =
    Eval.run [ "x", Tensor.scalar a; "y", Tensor.scalar b ] e |> Tensor.toFloat

let private same (a: float) (b: float) = a = b || (Double.IsNaN a && Double.IsNaN b)

let private near (a: float) (b: float) = same a b || abs (a - b) <= 4e-15 * (abs a + abs b)

let private vector = Expr.constant (Tensor.vector [ 1.0; 2.0; 3.0; 4.0 ])
let private matrix = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 1.0; 2.0; 3.0; 4.0; 5.0; 6.0 |])
let private shown (e: Expr) = Eval.run [] e
let private floats values = Tensor.vector values

let private refusal (make: unit -> Expr) =
    try
        make () |> string
    with :? ShapeError as error ->
        error.Message

let tests =
    testList
        "Operator"
        [
            law "a power by a whole number is that of floats" (fun (p: sbyte) (n: int) ->
                let a, n = float p / 16.0, n % 8
                same (value a 0.0 (x ** n)) (a ** float n) && string (x ** 3) = "x³")
            law "pown is the product that it is of floats" (fun (p: sbyte) (n: int) ->
                let a, n = float p / 16.0, n % 9
                near (value a 0.0 (pown x n)) (pown a n))
            law "% is that of floats" (fun (p: int) (q: int) ->
                let a, b = float (p % 1000) / 16.0, float (q % 1000) / 64.0

                same (value a b (x % y)) (a % b)
                && same (value a b (x % 1.7)) (a % 1.7)
                && same (value a b (7.25 % y)) (7.25 % b)
                && same (value a b (x % 3)) (a % 3.0))
            law "% of whole numbers is that of .NET" (fun (p: int) (q: int) ->
                let whole (n: int) = Expr.constant (Tensor.vector [ n ])
                let q = if q = 0 then 7 else q
                shown (whole p % whole q) = Tensor.vector [ p % q ])
            law "atan2 is that of floats" (fun (p: sbyte) (q: sbyte) ->
                let a, b = float p / 16.0, float q / 16.0
                near (value a b (atan2 x y)) (atan2 a b))
            law "log10 and truncate are those of floats" (fun (p: int16) ->
                let a = float p / 64.0

                near (value a 0.0 (log10 (abs x))) (log10 (abs a))
                && same (value a 0.0 (truncate x)) (truncate a))
            law "float32 literals take the type of what they meet" (fun (p: sbyte) ->
                let a = float p / 16.0
                let single = Expr.variable "x" DType.F32 []
                let run e = Eval.run [ "x", Tensor.cast DType.F32 (Tensor.scalar a) ] e |> Tensor.toFloat
                let f = 2.0f * single + 1.0f - single / 4.0f + (3.0f - single) * 0.5f + single ** 2.0f
                let v = float32 a
                let expected = 2.0f * v + 1.0f - v / 4.0f + (3.0f - v) * 0.5f + v * v
                f.DType = DType.F32 && abs (run f - float expected) < 1e-5 && (x * 2.0f).DType = DType.F64)
            law
                "float32 literals are the numbers that they are in remainders and powers"
                (fun (p: int) (q: int) ->
                    let a, b = float32 (p % 1000) / 16.0f, float32 (q % 1000) / 64.0f

                    x % 1.75f = x % 1.75
                    && 7.25f % y = 7.25 % y
                    && same (value (float a) (float b) (x % b)) (float (a % b))
                    && same (value (float a) (float b) (a % y)) (float (a % b))
                    // The result of F#'s `**` has the type of its left operand.
                    && Expr.Pow(2.5f, y) = Expr.Pow(2.5, y)
                    && Expr.Pow(2.5f, Expr.variable "x" DType.F32 []).DType = DType.F32)
            law "comparisons with int and float32 are those with float" (fun (n: sbyte) ->
                let whole, single, double = int n, float32 n / 8.0f, float n / 8.0

                [
                    x .> whole, x .> float whole
                    x .>= whole, x .>= float whole
                    x .< whole, x .< float whole
                    x .<= whole, x .<= float whole
                    whole .> x, float whole .> x
                    whole .>= x, float whole .>= x
                    whole .< x, float whole .< x
                    whole .<= x, float whole .<= x
                    x .> single, x .> double
                    x .>= single, x .>= double
                    x .< single, x .< double
                    x .<= single, x .<= double
                    single .> x, double .> x
                    single .>= x, double .>= x
                    single .< x, double .< x
                    single .<= x, double .<= x
                ]
                |> List.forall (fun (a, b) -> a = b))
            law "List.sum and List.sumBy add" (fun (p: sbyte) (q: sbyte) ->
                let a, b = float p / 16.0, float q / 16.0

                same (value a b (List.sum [ x; y; x ])) (a + b + a)
                && same (value a b ([ 1.0; 2.0 ] |> List.sumBy (fun w -> w * x))) (a + 2.0 * a))
            test "derivatives of remainders and angles" {
                Expect.equal (value 5.3 2.0 (Symbolic.derivative x (x % y))) 1.0 "by the first"
                Expect.equal (value 5.3 2.0 (Symbolic.derivative y (x % y))) -2.0 "by the second"
                Expect.equal (value 3.0 4.0 (Symbolic.derivative x (atan2 x y))) (4.0 / 25.0) "of an angle"
            }
            test "elements and parts are those of arrays" {
                let v, m = [| 1.0; 2.0; 3.0; 4.0 |], array2D [ [ 1.0; 2.0; 3.0 ]; [ 4.0; 5.0; 6.0 ] ]

                for i in 0..3 do
                    Expect.equal (shown vector[i]) (Tensor.scalar v[i]) $"element {i}"

                    for j in i..3 do
                        Expect.equal (shown vector[i..j]) (floats (List.ofArray v[i..j])) $"from {i} to {j}"

                Expect.equal (shown vector[-1]) (Tensor.scalar 4.0) "from the end"
                Expect.equal (shown vector[1..]) (floats [ 2.0; 3.0; 4.0 ]) "to the end"
                Expect.equal (shown vector[..1]) (floats [ 1.0; 2.0 ]) "from the beginning"
                Expect.equal (shown matrix[1]) (floats [ 4.0; 5.0; 6.0 ]) "a row"
                Expect.equal (shown matrix[1, 2]) (Tensor.scalar m[1, 2]) "an element"
                Expect.equal (shown matrix[*, 1]) (floats (List.ofArray m[*, 1])) "a column"
                Expect.equal (shown matrix[0, 1..]) (floats (List.ofArray m[0, 1..])) "a part of a row"
                Expect.equal (shown matrix[0..1, 1..2]) (Convert.ofArray2D m[0..1, 1..2]) "a part"

                Expect.equal
                    (shown (Grad.grad (vector[1] * vector[1]) [ vector ]).Head)
                    (floats [ 0.0; 4.0; 0.0; 0.0 ])
                    "its gradient"
            }
            test "places that are not there are refused" {
                Expect.stringContains (refusal (fun () -> vector[4])) "places from -4 to 3" ""
                Expect.stringContains (refusal (fun () -> vector[2..4])) "2..4" ""
                Expect.stringContains (refusal (fun () -> vector[2, 0])) "at most 1" ""
            }
            law "a matrix times a vector is the sum of its columns" (fun (p: sbyte) (q: sbyte) (r: sbyte) ->
                let v = [ float p; float q; float r ]
                let product = shown (Expr.matmul matrix (Expr.constant (floats v)))

                product = shown (Linear.matvec matrix (Expr.constant (floats v)))
                && product = floats [ v[0] + 2.0 * v[1] + 3.0 * v[2]; 4.0 * v[0] + 5.0 * v[1] + 6.0 * v[2] ])
            test "a vector on the left is a row, two are their scalar product" {
                let u = Expr.constant (floats [ 1.0; 10.0 ])
                Expect.equal (shown (Expr.matmul u matrix)) (floats [ 41.0; 52.0; 63.0 ]) ""
                Expect.equal (shown (Expr.matmul u u)) (Tensor.scalar 101.0) ""
                Expect.stringContains (refusal (fun () -> Expr.matmul matrix u)) "they are 3 and 2" ""
            }
        ]
