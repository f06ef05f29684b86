/// Derivatives where a function bends, jumps or is not defined: the conventions of PyTorch.
module DL1.Tests.LocalTests

open DL1
open DL1.Tests.Numbers
open Expecto

let private x = Expr.symbol "x"
let private v n = Expr.variable "v" DType.F64 [ n ]

let private gradAt (y: Expr) wrt values =
    Grad.grad (Expr.sumAll y) [ wrt ] |> List.head |> Eval.run values |> Tensor.toFloats |> List.ofArray

/// The derivative of a function of one number, in reverse and forward mode.
let private at name f (points: (float * float) list) =
    test name {
        for point, expected in points do
            let values = [ "x", Tensor.scalar point ]
            let y = f x
            Expect.equal (gradAt y x values) [ expected ] $"reverse, at {point}"
            let tangent = Grad.jvp [ y ] [ x ] [ Expr.onesLike x ] |> List.head |> Eval.run values
            Expect.equal (Tensor.toFloat tangent) expected $"forward, at {point}"
    }

let private gradient name f (point: float list) (expected: float list) =
    test name {
        let x = v point.Length
        let values = [ "v", Tensor.vector point ]
        expectClose 1e-15 (Tensor.vector expected) (Tensor.vector (gradAt (f x) x values)) "reverse"

        expectClose
            1e-15
            (Tensor.vector expected)
            (Eval.run values (Grad.jacobianForward (Expr.sumAll (f x)) x))
            "forward"
    }

let private elementwise =
    testList
        "of one element"
        [
            at "relu" Expr.relu [ 0.0, 0.0; -0.0, 0.0; 2.0, 1.0; -2.0, 0.0 ]
            at "abs" abs [ 0.0, 0.0; -0.0, 0.0; 3.0, 1.0; -3.0, -1.0 ]
            at "sign" Expr.sign [ 0.0, 0.0; 3.0, 0.0 ]
            at "floor, ceiling and round" (fun x -> floor x + ceil x + round x) [ 1.0, 0.0; 1.3, 0.0 ]
            at
                "clamp lets the gradient through at its bounds"
                (Elementwise.clamp -1.0 1.0)
                [ -1.0, 1.0; 1.0, 1.0; 0.5, 1.0; 1.5, 0.0; -1.5, 0.0 ]
            at "hardtanh does not" Elementwise.hardtanh [ -1.0, 0.0; 1.0, 0.0; 0.5, 1.0; 1.5, 0.0 ]
            at "leakyRelu" (Elementwise.leakyRelu 0.1) [ 0.0, 0.1; 1.0, 1.0; -1.0, 0.1 ]
            at "elu" (Elementwise.elu 2.0) [ 0.0, 2.0; 1.0, 1.0; 1000.0, 1.0 ]
            at "softsign" Elementwise.softsign [ 0.0, 1.0; 1.0, 0.25; -1.0, 0.25 ]
            at "safeSqrt" Elementwise.safeSqrt [ 0.0, 0.0; 4.0, 0.25 ]
            at "sqrt is infinitely steep at 0" sqrt [ 0.0, infinity; 4.0, 0.25 ]
            at "sigmoid far out" Expr.sigmoid [ 1000.0, 0.0; -1000.0, 0.0; 0.0, 0.25 ]
            at "softplus far out" Expr.softplus [ 1000.0, 1.0; -1000.0, 0.0; 0.0, 0.5 ]
            at "logSigmoid far out" Elementwise.logSigmoid [ 1000.0, 0.0; -1000.0, 1.0; 0.0, 0.5 ]
            at "mish far out" Elementwise.mish [ 1000.0, 1.0 ]
        ]

let private a, b = Expr.symbol "a", Expr.symbol "b"

let private two name f p q expected =
    test name {
        let values = [ "a", Tensor.scalar p; "b", Tensor.scalar q ]
        let y: Expr = f a b
        let found = Grad.grad y [ a; b ] |> Eval.many values |> List.map Tensor.toFloat
        Expect.equal found expected "reverse"

        let forward d =
            Grad.jvp [ y ] [ d ] [ Expr.onesLike d ] |> List.head |> Eval.run values |> Tensor.toFloat

        Expect.equal [ forward a; forward b ] expected "forward"
    }

let private ties =
    testList
        "of several elements"
        [
            two "maximum of equals halves" Expr.maximum 2.0 2.0 [ 0.5; 0.5 ]
            two "minimum of equals halves" Expr.minimum 2.0 2.0 [ 0.5; 0.5 ]
            two "maximum of zeros of either sign halves" Expr.maximum 0.0 -0.0 [ 0.5; 0.5 ]
            two "maximum takes the larger" Expr.maximum 3.0 2.0 [ 1.0; 0.0 ]
            two "pow: x^0" (fun a b -> a ** b) 3.0 0.0 [ 0.0; log 3.0 ]
            two "pow: 0^y" (fun a b -> a ** b) 0.0 2.0 [ 0.0; 0.0 ]
            two "pow: 0^1" (fun a b -> a ** b) 0.0 1.0 [ 1.0; 0.0 ]
            two "pow: 0^0" (fun a b -> a ** b) 0.0 0.0 [ 0.0; 0.0 ]
            gradient "max shares evenly" (Expr.max [ 0 ]) [ 1.0; 3.0; 3.0; 2.0 ] [ 0.0; 0.5; 0.5; 0.0 ]
            gradient
                "min shares evenly"
                (Expr.min [ 0 ])
                [ 1.0; 3.0; 1.0; 1.0 ]
                [ 1.0 / 3.0; 0.0; 1.0 / 3.0; 1.0 / 3.0 ]
            gradient
                "max_pool takes the first"
                (fun x -> Expr.reshape [ 1; 1; 4 ] x |> Convolution.maxPool [ 2 ] Convolution.options)
                [ 5.0; 5.0; 1.0; 1.0 ]
                [ 1.0; 0.0; 1.0; 0.0 ]
            gradient "prod with one zero" (Expr.prod [ 0 ]) [ 2.0; 0.0; 3.0 ] [ 0.0; 6.0; 0.0 ]
            gradient "prod with two zeros" (Expr.prod [ 0 ]) [ 2.0; 0.0; 0.0; 3.0 ] [ 0.0; 0.0; 0.0; 0.0 ]
            gradient
                "deviation of equal values"
                (Reduce.deviation 0 [ 0 ])
                [ 2.0; 2.0; 2.0 ]
                [ 0.0; 0.0; 0.0 ]
            gradient "norm of zeros" (Reduce.norm [ 0 ]) [ 0.0; 0.0 ] [ 0.0; 0.0 ]
            gradient "norm" (Reduce.norm [ 0 ]) [ 3.0; 4.0 ] [ 0.6; 0.8 ]
            gradient
                "logsumexp of −∞ alone beside a number"
                (Expr.logSumExp 0)
                [ -infinity; 1.0 ]
                [ 0.0; 1.0 ]
        ]

let private powers =
    test "powers with whole exponents at 0 and below, to the fourth derivative" {
        for n in 0..5 do
            let mutable y = x ** float n
            let mutable factor = 1.0

            for order in 0..4 do
                for point in [ 0.0; -2.0; 1.5 ] do
                    let exact = if order > n then 0.0 else factor * point ** float (n - order)
                    let found = Eval.run [ "x", Tensor.scalar point ] y |> Tensor.toFloat

                    Expect.isTrue
                        (near 1e-14 exact found)
                        $"d^{order} x^{n} at {point}: {exact}, found {found}"

                factor <- factor * float (n - order)
                y <- Grad.grad y [ x ] |> List.head
    }

let private secondOfPow =
    test "the gradient of the gradient of pow is finite at the base 0" {
        let gradient = Grad.grad (a ** b) [ a; b ]
        let values = [ "a", Tensor.scalar 0.0; "b", Tensor.scalar 3.0 ]

        let found =
            gradient
            |> List.collect (fun g -> Grad.grad g [ a; b ])
            |> Eval.many values
            |> List.map Tensor.toFloat

        Expect.equal found [ 0.0; 0.0; 0.0; 0.0 ] "all four second derivatives of a^3 there"
    }

let private secondOfProd =
    test "second derivatives of a product with zeros" {
        let hessian (point: float list) =
            let n = point.Length

            Grad.hessian (Expr.prod [ 0 ] (v n)) (v n)
            |> Eval.run [ "v", Tensor.vector point ]
            |> Tensor.toFloats

        let exact (point: float list) =
            [|
                for i in 0 .. point.Length - 1 do
                    for j in 0 .. point.Length - 1 ->
                        if i = j then
                            0.0
                        else
                            List.indexed point
                            |> List.filter (fun (k, _) -> k <> i && k <> j)
                            |> List.map snd
                            |> List.fold (*) 1.0
            |]

        for point in
            [
                [ 2.0; 0.0; 3.0 ]
                [ 0.0; 0.0; 3.0 ]
                [ 0.0; 0.0; 0.0 ]
                [ 2.0; 0.0; 0.0; 5.0; 7.0 ]
                [ 4.0 ]
                []
            ] do
            Expect.equal (hessian point) (exact point) $"at {point}"
    }

let private stopped =
    testList
        "stopGradient"
        [
            at "is a constant to derivatives" (fun x -> x * Expr.stopGradient (x * x)) [ 3.0, 9.0 ]
            at "of everything has none" (fun x -> Expr.stopGradient (sin x)) [ 3.0, 0.0 ]
            test "leaves the value, and is one under vmap and second derivatives" {
                let y = x * x * Expr.stopGradient x
                Expect.equal (Eval.run [ "x", Tensor.scalar 3.0 ] y |> Tensor.toFloat) 27.0 "the value"

                Expect.equal
                    (Eval.run [ "x", Tensor.scalar 3.0 ] (Grad.hessian y x) |> Tensor.toFloat)
                    6.0
                    "second"

                let each = Grad.vmap (fun xs -> Grad.grad (xs[0] * Expr.stopGradient xs[0]) [ xs[0] ]) [ v 2 ]

                Expect.equal
                    (Eval.many [ "v", Tensor.vector [ 2.0; 5.0 ] ] each)
                    [ Tensor.vector [ 2.0; 5.0 ] ]
                    "per example"
            }
        ]

let tests = testList "Local" [ elementwise; ties; powers; secondOfPow; secondOfProd; stopped ]
