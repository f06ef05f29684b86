/// Functions with a derivative of the user's own: it is the one that is used, in both modes, batched, and again for
/// second derivatives.
module DL1.Tests.CustomTests

open DL1
open DL1.Tests.Numbers
open Expecto

let private x = Expr.symbol "x"

/// x², whose derivative is said to be 5·x: a lie, so that its use shows.
let private lying (x: Expr) =
    Scan.custom "lying" (fun xs -> xs[0] * xs[0]) (fun xs dy -> [ dy * 5.0 * xs[0] ]) [ x ]

let private value (e: Expr) (at: float) = Eval.run [ "x", Tensor.scalar at ] e |> Tensor.toFloat

let private derivative y = Grad.grad y [ x ] |> List.head

let tests =
    testList
        "custom"
        [
            test "the value is the function's" { Expect.equal (value (lying x) 3.0) 9.0 "x²" }
            test "its own derivative is used in reverse" {
                Expect.equal (value (derivative (sin (lying x))) 3.0) (cos 9.0 * 15.0) "5·x"
            }
            test "its own derivative is used forward" {
                let tangent = Grad.jvp [ sin (lying x) ] [ x ] [ lit 2.0 ] |> List.head
                Expect.equal (value tangent 3.0) (30.0 * cos 9.0) "5·x·2"
            }
            test "a second derivative is that of the rule" {
                Expect.equal (value (derivative (derivative (lying x))) 3.0) 5.0 "reverse over reverse"
                Expect.equal (value (Grad.hessian (lying x) x) 3.0) 5.0 "forward over reverse"
            }
            test "under vmap" {
                let v = Expr.variable "v" DType.F64 [ 3 ]
                let values = [ "v", Tensor.vector [ 1.0; 2.0; -3.0 ] ]
                let both = Grad.vmap (fun xs -> lying xs[0] :: Grad.grad (lying xs[0]) xs) [ v ]

                Expect.equal
                    (Eval.many values both)
                    [ Tensor.vector [ 1.0; 4.0; 9.0 ]; Tensor.vector [ 5.0; 10.0; -15.0 ] ]
                    "inside"

                let outside = Grad.grad (Expr.sumAll (Grad.vmap (fun xs -> [ lying xs[0] ]) [ v ]).Head) [ v ]
                Expect.equal (Eval.many values outside) [ Tensor.vector [ 5.0; 10.0; -15.0 ] ] "around"
                let forward = Grad.jvp (Grad.vmap (fun xs -> [ lying xs[0] ]) [ v ]) [ v ] [ Expr.onesLike v ]

                Expect.equal
                    (Eval.many values forward)
                    [ Tensor.vector [ 5.0; 10.0; -15.0 ] ]
                    "forward around"
            }
            test "what it takes from outside has no gradient through it" {
                let z = Expr.symbol "z"
                let y = Scan.custom "scaled" (fun xs -> xs[0] * z) (fun _ dy -> [ dy * z ]) [ x ]

                let found =
                    Grad.grad (y * z) [ x; z ] |> Eval.many [ "x", Tensor.scalar 3.0; "z", Tensor.scalar 2.0 ]

                Expect.equal (List.map Tensor.toFloat found) [ 4.0; 6.0 ] "z² and x·z"
            }
            test "several inputs, one of them of whole numbers" {
                let rows, i = Expr.variable "rows" DType.F64 [ 3; 2 ], Expr.variable "i" DType.I64 [ 2 ]

                let y =
                    Scan.custom
                        "rows"
                        (fun xs -> Expr.gather 0 xs[1] xs[0])
                        (fun xs dy -> [ 10.0 * Expr.scatterAdd 0 3 xs[1] dy; Expr.zerosLike xs[1] ])
                        [ rows; i ]

                let values = [ "rows", Tensor.zeros DType.F64 [ 3; 2 ]; "i", Tensor.vector [ 2L; 2L ] ]
                let found = Eval.run values (Grad.grad (Expr.sumAll y) [ rows ]).Head
                Expect.equal found (Tensor.ofArray [ 3; 2 ] [| 0.0; 0.0; 0.0; 0.0; 20.0; 20.0 |]) "ten times"
                let tangent = Grad.jvp [ y ] [ rows ] [ Expr.onesLike rows ] |> List.head |> Eval.run values
                Expect.equal tangent (Tensor.full DType.F64 [ 2; 2 ] 10.0) "ten times, forward"
            }
            test "a variable of the user may be called as the rule calls its own" {
                for name in [ "cotangent"; "input0"; "carry0"; "slice0"; "fixed0" ] do
                    let x = Expr.symbol name
                    let tangent = Grad.jvp [ lying x ] [ x ] [ lit 1.0 ] |> List.head
                    let found = Eval.run [ name, Tensor.scalar 3.0 ] tangent |> Tensor.toFloat
                    Expect.equal found 15.0 $"forward, by {name}"

                    let back =
                        Eval.run [ name, Tensor.scalar 3.0 ] (Grad.grad (lying x) [ x ]).Head
                        |> Tensor.toFloat

                    Expect.equal back 15.0 $"reverse, by {name}"
                    let loop = Scan.many false 2 [ x ] [] (fun s _ -> [ s[0] * x ], []) |> fst |> List.head

                    let cubed =
                        Eval.run [ name, Tensor.scalar 3.0 ] (Grad.grad loop [ x ]).Head |> Tensor.toFloat

                    Expect.equal cubed 27.0 $"a loop over {name}"
            }
            test "forward mode refuses a rule that is not linear" {
                let clipped =
                    Scan.custom "clipped" (fun xs -> xs[0]) (fun _ dy -> [ Expr.minimum dy (lit 1.0) ]) [ x ]

                Expect.equal (value (derivative (5.0 * clipped)) 3.0) 1.0 "reverse"
                let error = Expect.throwsC (fun () -> Grad.jvp [ clipped ] [ x ] [ lit 1.0 ] |> ignore) id
                Expect.isTrue (error :? DomainError) "a DomainError"
                Expect.stringContains error.Message "clipped" "it names the function"
            }
            test "one rule in another" {
                let outer x =
                    Scan.custom
                        "outer"
                        (fun xs -> lying xs[0])
                        (fun xs dy -> [ lying dy + 7.0 * dy * xs[0] ])
                        [ x ]
                // The gradient of the outer one is not linear at dy, but at a constant dy it is a function of x alone.
                Expect.equal (value (derivative (outer x)) 3.0) 22.0 "1 + 7·3"
                let chained = lying (lying x)
                Expect.equal (value (derivative chained) 2.0) (5.0 * 4.0 * 5.0 * 2.0) "the chain of both"
                let forward = Grad.jvp [ chained ] [ x ] [ lit 1.0 ] |> List.head
                Expect.isTrue (near 1e-15 200.0 (value forward 2.0)) "forward"
            }
            test "a rule in a loop" {
                let last = Scan.many false 3 [ x ] [] (fun s _ -> [ lying s[0] ], []) |> fst |> List.head
                let plain = lying (lying (lying x))
                Expect.equal (value (derivative last) 1.1) (value (derivative plain) 1.1) "reverse"
                let forward y = Grad.jvp [ y ] [ x ] [ lit 1.0 ] |> List.head
                Expect.isTrue (near 1e-14 (value (forward plain) 1.1) (value (forward last) 1.1)) "forward"
            }
        ]
