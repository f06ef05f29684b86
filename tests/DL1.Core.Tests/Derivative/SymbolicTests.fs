/// Symbolic derivatives: as a mathematician would write them, and equal to reverse mode.
module DL1.Tests.SymbolicTests

open System
open DL1
open DL1.Tests.ApprovedFormulas
open DL1.Tests.Formulas
open DL1.Tests.Instance
open Expecto
open FsCheck
open FsCheck.FSharp

let private x = Expr.symbol "x"
let private pow (e: Expr) (n: float) = Expr.Pow(e, n)

let private texts =
    testList
        "text"
        [
            for f, written, derivative in approved do
                test $"d/dx {written} = {derivative}" {
                    Expect.equal (string f) written "the formula"
                    Expect.equal (string (Symbolic.derivative x f)) derivative "its derivative"
                }
            for f, second in approvedSecond do
                test $"d²/dx² {f} = {second}" {
                    Expect.equal (string (Symbolic.nth 2 x f)) second "the second derivative"
                }
        ]

/// A formula at a point, and the order to which it is differentiated.
type private Case =
    {
        Order: int
        At: Instance
    }

    override this.ToString() = $"order {this.Order} of {this.At}"

let private cases order depth =
    gen {
        let! e = formula depth
        let! inputs = point
        return { Order = order; At = { Expr = e; Inputs = inputs } }
    }

/// The n-th derivative by reverse mode of reverse mode.
let rec private reverse order (e: Expr) =
    if order = 0 then e else reverse (order - 1) (List.head (Grad.grad e [ x ]))

let private at (instance: Instance) e = Tensor.toFloat (value instance e)

/// What is taken for the same number: 1e-8 of the larger of 1, the value, and a million times what a change of the
/// point by 1e-12 of itself makes in it.
let private differs (case: Case) =
    let expected = reverse case.Order case.At.Expr
    let found = Symbolic.nth case.Order x case.At.Expr
    let e, f = at case.At expected, at case.At found

    let nudged =
        { case.At with
            Inputs =
                [ for name, t in case.At.Inputs -> name, Tensor.scalar (Tensor.toFloat t * (1.0 + 1e-12)) ]
        }

    let change = abs (at nudged expected - e)

    if not (Double.IsFinite e && Double.IsFinite f && Double.IsFinite change) || abs e > 1e12 then
        None
    else
        let slack = 1e-8 * max 1.0 (max (abs e) (1e6 * change))
        Some(abs (e - f) > slack, $"reverse mode {e}, symbolic {f}: {found}")

/// A law over generated formulas that must be defined at no less than a share of the points.
let private agrees count share name cases =
    test name {
        let compared = samples count cases |> Array.map (fun case -> case, differs case)

        for case, found in compared do
            match found with
            | Some(true, why) -> failtest $"{why}\nfor {case}"
            | _ -> ()

        let defined = compared |> Array.filter (snd >> Option.isSome) |> Array.length
        Expect.isGreaterThan defined (int (share * float count)) "formulas that are defined at their point"
    }

let private laws =
    testList
        "laws"
        [
            agrees 600 0.5 "the derivative is that of reverse mode" (cases 1 6)
            agrees 200 0.5 "the second derivative is that of reverse mode twice" (cases 2 4)
            agrees 120 0.5 "the third derivative is that of reverse mode three times" (cases 3 3)
            test "the approved formulas, too, to the third order" {
                for f, _, _ in approved do
                    for order in 1..3 do
                        let inputs =
                            [ "x", 0.37; "y", 0.81; "a", 1.3; "b", 0.7; "n", 2.6 ]
                            |> List.map (fun (name, v) -> name, Tensor.scalar v)

                        let case = { Order = order; At = { Expr = f; Inputs = inputs } }

                        match differs case with
                        | Some(true, why) -> failtest $"{why}\nfor {case}"
                        | _ -> ()
            }
            test "the derivatives of the sine come round after four" {
                for order in 0..4..12 do
                    Expect.equal (Symbolic.nth order x (sin x)) (sin x) $"order {order}"
                    Expect.equal (string (Symbolic.nth (order + 1) x (sin x))) "cos x" $"order {order + 1}"
                    Expect.equal (string (Symbolic.nth (order + 2) x (sin x))) "−sin x" $"order {order + 2}"
                    Expect.equal (string (Symbolic.nth (order + 3) x (sin x))) "−cos x" $"order {order + 3}"
            }
            test "exp x is its own derivative, and a polynomial ends" {
                Expect.equal (Symbolic.nth 9 x (exp x)) (exp x) "exp"
                Expect.equal (string (Symbolic.nth 5 x (pow x 5.0))) "120" "5!"
                Expect.equal (string (Symbolic.nth 6 x (pow x 5.0))) "0" "beyond"
            }
            test "order 0 is the expression itself" {
                let e = x * 1.0
                Expect.equal (Symbolic.nth 0 x e) e "unchanged"
            }
            test "f32 formulas stay f32" {
                let v = Expr.variable "v" DType.F32 []
                let d = Symbolic.derivative v (v * v)
                Expect.equal d.DType DType.F32 "the type"
                Expect.equal (string d) "2·v" "the text"
            }
            test "a chain of 100,000 sines" {
                let chain = Seq.fold (fun e _ -> sin e) x (seq { 1..100_000 })
                let d = Symbolic.derivative x chain
                Expect.equal (Tensor.toFloat (Eval.run [ "x", Tensor.scalar 0.0 ] d)) 1.0 "at 0"
            }
        ]

let private refuses name action (part: string) =
    test name {
        let error = Expect.throwsC action id
        Expect.stringContains error.Message part "what was wrong"
    }

let private refusals =
    testList
        "refuses"
        [
            let v = Expr.variable "v" DType.F64 [ 3 ]
            let k = Expr.variable "k" DType.I64 []

            refuses
                "a tensor"
                (fun () -> Symbolic.derivative x (v * x) |> ignore)
                "a scalar of type f32 or f64"

            refuses "a tensor to differentiate by" (fun () -> Symbolic.derivative v x |> ignore) "the symbol"

            refuses
                "a whole number"
                (fun () -> Symbolic.derivative k k |> ignore)
                "a scalar of type f32 or f64"

            refuses "what is no variable" (fun () -> Symbolic.derivative (x * x) x |> ignore) "a variable"
            refuses "an order below 0" (fun () -> Symbolic.nth -1 x x |> ignore) "order -1"
        ]

let tests = testList "Symbolic" [ texts; laws; refusals ]
