/// Algebra: equal over the reals wherever both sides are defined; simple in one step; in linear time.
module DL1.Tests.AlgebraTests

open System
open DL1
open DL1.Tests.Instance
open DL1.Tests.Formulas
open Expecto
open FsCheck
open FsCheck.FSharp

/// A form of two numbers between 0.2 and 3, the second positive as well; where a row asks for it, negative ones.
let private at lowest (form: Expr -> Expr -> Expr) =
    gen {
        let! dtype = Gen.constant DType.F64
        let! dims = Gen.elements [ []; [ 3 ]; [ 2; 2 ] ]
        let number = Gen.choose (0, 1000) |> Gen.map (fun n -> lowest + (3.0 - lowest) * float n / 1000.0)
        let values = Gen.arrayOfLength (Shape.ofList dims).Size number |> Gen.map (Tensor.ofArray dims)
        let! a = values
        let! b = values

        return
            {
                Expr = form (Expr.variable "x" dtype dims) (Expr.variable "y" dtype dims)
                Inputs = [ "x", a; "y", b ]
            }
    }

let private positive form = at 0.2 (fun x y -> form x y)
let private real form = at -3.0 (fun x y -> form x y)
let private pow (a: Expr) (n: float) = Expr.Pow(a, n)
let private either a b = Gen.oneof [ a; b ]

/// Three numbers, some of them 0, as scalars.
let private scalars (form: Expr -> Expr -> Expr) =
    gen {
        let! a = Gen.elements [ 0.0; 0.5; -1.0; 2.0 ]
        let! b = Gen.elements [ 0.0; 1.5; -1.0; 3.0 ]

        return
            {
                Expr = form (Expr.symbol "x") (Expr.symbol "y")
                Inputs = [ "x", Tensor.scalar a; "y", Tensor.scalar b ]
            }
    }

let private instances: (string * Gen<Instance>) list =
    [
        "x = 0 and x >= 0 -> x = 0",
        scalars (fun x y -> Expr.where (Expr.both (Expr.equal x (lit 0.0)) (x .>= 0.0)) (sin y) (cos y))
        "where(c, 0, x) + where(c, 0, y) -> where(c, 0, x + y)",
        scalars (fun x y -> Expr.where (x .> y) (lit 0.0) (sin x) + Expr.where (x .> y) (lit 0.0) (cos y))
        "where(c, x, y), c in x or y -> known there",
        either
            (scalars (fun x y -> Expr.where (x .> y) (sin x) (y * Expr.where (x .> y) x y)))
            (scalars (fun x y -> Expr.where (x .> y) (y + Expr.where (x .> y) x y) (sin x)))
        "x + 0 -> x", either (real (fun x _ -> x + 0.0)) (real (fun x _ -> lit -0.0 + x))
        "0 - x -> -x", real (fun x _ -> 0.0 - x)
        "x - x -> 0", real (fun x y -> x * y - x * y)
        "0 * x -> 0", either (real (fun x _ -> 0.0 * x)) (real (fun x _ -> x * lit -0.0))
        "0 / x -> 0", positive (fun x _ -> 0.0 / x)
        "x / x -> 1", positive (fun x y -> (x + y) / (x + y))
        "log(exp x) -> x", real (fun x _ -> log (exp x))
        "exp(log x) -> x", positive (fun x _ -> exp (log x))
        "exp(-log x) -> 1 / x", positive (fun x _ -> exp (-(log x)))
        "sqrt x * sqrt x -> x", positive (fun x _ -> sqrt x * sqrt x)
        "sqrt(x ** 2) -> |x|", either (real (fun x _ -> sqrt (pow x 2.0))) (real (fun x _ -> sqrt (x * x)))
        "exp x * exp y -> exp(x + y)", real (fun x y -> exp x * exp y)
        "exp x / exp y -> exp(x - y)", real (fun x y -> exp x / exp y)
        "x ** y * x -> x ** (y + 1)",
        either (positive (fun x y -> Expr.Pow(x, y) * x)) (positive (fun x y -> x * Expr.Pow(x, y)))
        "x ** 2 / |x| -> |x|",
        either (positive (fun x _ -> pow x 2.0 / abs x)) (positive (fun x _ -> x * x / abs x))
        "x ** y / x -> x ** (y - 1)", positive (fun x y -> Expr.Pow(x, y) / x)
        "sin(-x) -> -sin x", real (fun x _ -> sin -x)
        "cos(-x) -> cos x", real (fun x _ -> cos -x)
        "(sin x)^2 + (cos x)^2 -> 1",
        either
            (real (fun x _ -> pow (sin x) 2.0 + cos x * cos x))
            (real (fun x _ -> cos x * cos x + pow (sin x) 2.0))
        "1 - (sin x)^2 -> (cos x)^2", real (fun x _ -> 1.0 - pow (sin x) 2.0)
        "1 - (cos x)^2 -> (sin x)^2", real (fun x _ -> 1.0 - cos x * cos x)
        "sin x / cos x -> tan x", real (fun x _ -> sin x / cos x)
        "collect like terms",
        Gen.oneof
            [
                real (fun x y -> x + y + 2.0 * x)
                real (fun x y -> 3.0 - x * y + y * x * 4.0 + 1.0)
                real (fun x y -> -(x - y) - (y - 2.0 * x))
                real (fun x y -> (x + 1.0) * (y - 2.0) + x * (2.0 - y))
                positive (fun x y -> x / y + y / x - 2.0 * x / y)
                real (fun x y -> x * exp y + y * x * exp y)
                real (fun x y -> x * pow (cosh y) 2.0 - x * pow (sinh y) 2.0)
                real (fun x y -> x - x * pow (sin y) 2.0)
                real (fun x y -> x * pow (cosh y) 2.0 - x)
            ]
        "collect like factors",
        Gen.oneof
            [
                real (fun x y -> x * y * x)
                real (fun x y -> pow (pow x 2.0) 0.5 * y)
                real (fun x y -> y * pow (pow (x * y) 2.0) 1.5)
                positive (fun x y -> x / (y * x) * y / 3.0)
                positive (fun x y -> pow (2.0 * x * y) 3.0 / (4.0 * x))
                positive (fun x y -> sqrt x * x / pow x 1.5 * y)
                positive (fun x y -> 1.0 / (Expr.reciprocal x * Expr.rsqrt y))
                positive (fun x y -> -(x / (2.0 * y)) * pow y -2.0)
                real (fun x y -> pow (sin x) 2.0 * y / pow (cos x) 2.0)
                real (fun x y -> sinh x * y / cosh x)
                real (fun x y -> exp (2.0 * x) * exp (y - x) * y)
                real (fun x y -> -2.0 * (1.0 - x) * y)
            ]
    ]

/// Whether every step of an expression has a value at a point: 1/0 has none, whatever is made of it.
let private isDefined inputs (e: Expr) =
    Graph.topological [ e ]
    |> List.ofArray
    |> Eval.many inputs
    |> List.forall (Tensor.toFloats >> Array.forall Double.IsFinite)

/// Equal to 1e-9 of the larger of 1, the value, and a million times what a change of the inputs by 1e-12 of themselves
/// makes in it. Points at which a side is not defined are passed over.
let private sameNumbers (instance: Instance) (rewritten: Expr) =
    let nudge (t: Tensor) =
        Tensor.ofArray (t.Shape.ToList()) (Tensor.toFloats t |> Array.map (fun v -> v * (1.0 + 1e-12)))

    let beside = [ for name, t in instance.Inputs -> name, nudge t ]

    if
        not (
            isDefined instance.Inputs instance.Expr
            && isDefined instance.Inputs rewritten
            && isDefined beside instance.Expr
        )
    then
        None
    else
        let before = Tensor.toFloats (value instance instance.Expr)
        let after = Tensor.toFloats (value instance rewritten)
        let nudged = Tensor.toFloats (Eval.run beside instance.Expr)

        let close (b: float, n: float) (a: float) =
            abs (a - b) <= 1e-9 * max 1.0 (max (abs b) (1e6 * abs (n - b)))

        if Array.forall2 close (Array.zip before nudged) after then
            None
        else
            Some $"%A{before}\nbecame %A{after}\nas {rewritten}"

let private simplifiesTo name (e: Expr) (expected: string) =
    test name { Expect.equal (string (Rewrite.simplify e)) expected "the simplified text" }

let private counted (table: Rule list) (e: Expr) =
    let rewritten, fired = rewrite table e
    rewritten, fired.Length

let private longChains =
    let table = Exact.readable @ Algebra.table

    /// Twice the length takes at most three times the steps, and few for each node.
    let linearTo length name (chain: int -> Expr) =
        test name {
            let _, half = counted table (chain (length / 2))
            let rewritten, all = counted table (chain length)
            Expect.isLessThan all (3 * half + 100) "steps"
            Expect.isLessThan all (4 * length) "steps"
            Expect.equal (Rewrite.simplify rewritten) rewritten "rewritten once and for all"
        }

    let linear name chain = linearTo 10_000 name chain
    let x = Expr.symbol "x"
    let fold step n = Seq.fold step x (seq { 1..n })
    let symbols = [| for i in 0..99 -> Expr.symbol $"x{i}" |]

    testList
        "a chain"
        [
            linearTo 100_000 "100,000 equal additions" (fold (fun e _ -> e + x))
            linear "additions of numbers" (fold (fun e i -> e + float (i % 7)))
            linear "additions of a hundred terms" (fold (fun e i -> e + sin symbols[i % 100]))
            linear "subtractions from the right" (fold (fun e i -> symbols[i % 100] - e))
            linearTo 100_000 "100,000 sines" (fold (fun e _ -> sin e))
            linear "exponentials" (fold (fun e _ -> exp e))
            linear "factors" (fold (fun e i -> e * symbols[i % 100]))
            linear "equal factors" (fold (fun e _ -> x * e))
            linear "quotients" (fold (fun e i -> symbols[i % 100] / e))
            linear "signs" (fold (fun e i -> if i % 3 = 0 then -(sin e) else -e))
            linear "sums and products in turn" (fold (fun e i -> (e + 1.0) * symbols[i % 100]))
            test "squarings, sixty deep" {
                let deep = Seq.fold (fun e _ -> (e + 1.0) * (e + 1.0)) x (seq { 1..60 })
                Expect.equal (Rewrite.simplify (Rewrite.simplify deep)) (Rewrite.simplify deep) "simple"
            }
        ]

let private x = Expr.symbol "x"
let private y = Expr.symbol "y"

/// What looks like a row's left side, with two different operands where the row has one: whatever is made of it has
/// the same value.
let private near =
    let forms: (Expr -> Expr -> Expr) list =
        [
            fun x y -> x - y
            fun x y -> x / y
            fun x y -> sqrt x * sqrt y
            fun x y -> sqrt (x * y)
            fun x y -> sqrt (pow x 3.0)
            fun x y -> Expr.Pow(x, y) * y
            fun x y -> Expr.Pow(x, y) / y
            fun x y -> exp (-(log x) * y)
            fun x y -> exp x * y
            fun x y -> pow (sin x) 2.0 + pow (cos y) 2.0
            fun x y -> y - pow (sin x) 2.0
            fun x y -> 2.0 * pow (cosh x) 2.0 - pow (sinh x) 2.0
            fun x y -> pow (cosh x) 2.0 - pow (sinh y) 2.0
            fun x y -> sin x / cos y
            fun x y -> pow (sin x) 2.0 / cos x
            fun x y -> sinh x / cosh y
            fun x y -> x + y * 0.0 + 1.0
            fun x y -> (1.0 - x) * (x - 1.0) * y
        ]

    testList
        "near"
        [
            for form in forms ->
                holds 20 (string (form x y)) (positive form) (fun i ->
                    sameNumbers i (Rewrite.simplify i.Expr))
        ]

let private forms =
    testList
        "is written"
        [
            simplifiesTo "numbers last" (1.0 + x) "x + 1"
            simplifiesTo "positive terms first" (-x + y) "y − x"
            simplifiesTo "a polynomial as it is" (pow x 3.0 - 2.0 * pow x 2.0 + x) "x³ − 2·x² + x"
            simplifiesTo "like terms in any order of factors" (x * y + y * x) "2·x·y"
            simplifiesTo "a product of sums as it is" ((x + 1.0) * (x + 2.0)) "(x + 1)·(x + 2)"
            simplifiesTo "one denominator" (1.0 / (x - 1.0) - (x + 1.0) / pow (x - 1.0) 2.0) "−2/(x − 1)²"
            simplifiesTo "a common factor" (x * exp x + exp x) "exp(x)·(x + 1)"
            simplifiesTo "x + 1/x as it is" (x + 1.0 / x) "x + 1/x"
            simplifiesTo "a half of a sum" (x / 2.0 + y / 2.0) "(x + y)/2"
            simplifiesTo "two thirds" (2.0 * x / 3.0) "2·x/3"
            simplifiesTo "tenths as a decimal" (x * 0.1) "0.1·x"
            simplifiesTo "a difference turned around" (-2.0 * (1.0 - x)) "2·(x − 1)"
            simplifiesTo "exp x · exp x" (exp x * exp x) "exp(2·x)"
            simplifiesTo "√(x²), which is not x" (sqrt (pow x 2.0)) "|x|"
            simplifiesTo "(√x)²" (pow (sqrt x) 2.0) "x"
            simplifiesTo "sin/cos" (pow (sin x) 2.0 / pow (cos x) 2.0) "(tan x)²"
            simplifiesTo "0/0, which is not a number" (0.0 * x / (0.0 * x)) "NaN"
        ]

let private graphs =
    let instance =
        gen {
            let! e = formula 7
            let! inputs = point
            return { Expr = e; Inputs = inputs }
        }

    testList
        "formulas"
        [
            holds 1000 "keep their values" instance (fun i -> sameNumbers i (Rewrite.simplify i.Expr))
            test "are defined at most of the points" {
                let defined = samples 1000 instance |> Array.filter (fun i -> isDefined i.Inputs i.Expr)
                Expect.isGreaterThan defined.Length 600 "points that count"
            }
            holds 1000 "are simplified once and for all" instance (fun i ->
                let once = Rewrite.simplify i.Expr
                let twice = Rewrite.simplify once
                if twice = once then None else Some $"first {once}\nthen {twice}")
            holds 1000 "become no longer" instance (fun i ->
                let size e = (Graph.topological [ e ]).Length
                let before, after = size i.Expr, size (Rewrite.simplify i.Expr)

                if after <= before + 6 then
                    None
                else
                    Some $"{before} nodes became {after}: {Rewrite.simplify i.Expr}")
            test "integers are left alone" {
                let n = Expr.variable "n" DType.I64 []
                let e = n + n
                Expect.equal (Rewrite.simplify e) e "the same"
            }
        ]

let tests =
    testList "Algebra" [ rows "rows" Algebra.table 60 sameNumbers instances; near; forms; graphs; longChains ]
