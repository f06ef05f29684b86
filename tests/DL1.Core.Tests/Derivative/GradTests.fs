/// Derivatives of every primitive and of generated graphs: the two modes are transposes of each other, and agree with
/// differences; Jacobians by either mode; Hessians and gradients of gradients.
module DL1.Tests.GradTests

open DL1
open DL1.Tests.Graphs
open DL1.Tests.Numbers
open DL1.Tests.Source
open Expecto
open FsCheck
open FsCheck.FSharp

let private constants = List.map Expr.constant

// <u, J v> and <J' u, v>.
let private bothWays seed values (outputs: Expr list) (wrt: Expr list) =
    let u, v = directions seed outputs, directions (seed + 1) wrt
    let pushed = Grad.jvp outputs wrt (constants v)
    let pulled = Grad.vjp outputs (constants u) wrt
    let found = Eval.many values (pushed @ pulled)
    let pushed, pulled = List.splitAt pushed.Length found
    inner u pushed, inner pulled v

let private checkTransposed tolerance what seed values outputs wrt =
    let pushed, pulled = bothWays seed values outputs wrt

    if not (near tolerance pushed pulled) then
        failtest $"{what}: <u, J v> = {pushed}, <J' u, v> = {pulled}"

// A cast to f32 and back rounds the cotangents.
let private toleranceOf name = if name = "cast" then 1e-5 else 1e-11

/// A test for each primitive, over that many draws of single nodes of it.
let private eachPrimitive draws check =
    [
        for name, maker in Primitives.all ->
            test name {
                for seed in 1..draws do
                    let e, values = single Tame maker seed
                    check name seed (real e) values
            }
    ]

let private transposed =
    testList
        "<u, J v> = <J' u, v>"
        (eachPrimitive 80 (fun name seed e values ->
            checkTransposed (toleranceOf name) $"draw {seed}" seed values [ e ] (reals [ e ])))

/// Σ u·outputs as a function of the variables, evaluated.
let private functional values (outputs: Expr list) wrt u =
    fun at -> inner u (Eval.many (moved values wrt at) outputs)

// Their values jump, or their derivative is not that of their value on purpose.
let private unlikeDifferences = set [ "cast"; "stop_gradient" ]

let private differences =
    testList
        "as central differences"
        [
            for name, maker in Primitives.all do
                if not (unlikeDifferences.Contains name) then
                    test name {
                        let tally = Tally(name, 0.2)

                        for seed in 1..20 do
                            let e, values = single Tame maker seed
                            let outputs = [ real e ]
                            let wrt = reals outputs
                            let u, v = directions seed outputs, directions (seed + 1) wrt

                            let slope =
                                difference 1e-6 (functional values outputs wrt u) (valuesOf values wrt) v

                            let pulled = Eval.many values (Grad.vjp outputs (constants u) wrt)
                            tally.Compare(slope, inner pulled v, 1e-6, $"draw {seed}")

                        tally.Finish()
                    }
        ]

let private second =
    testList
        "second derivatives as differences of the first"
        [
            for name, maker in Primitives.all do
                if not (unlikeDifferences.Contains name) then
                    test name {
                        let tally = Tally(name, 0.2)

                        for seed in 1..12 do
                            let e, values = single Tame maker seed
                            // Squared, so that linear primitives have second derivatives too.
                            let y = weighted (real e * real e)
                            let wrt = reals [ y ]
                            let gradient = Grad.grad y wrt
                            let u, v = directions seed wrt, directions (seed + 1) wrt

                            let slope =
                                difference 1e-5 (functional values gradient wrt u) (valuesOf values wrt) v

                            let forward = Eval.many values (Grad.hessianVector y wrt (constants v))
                            tally.Compare(slope, inner u forward, 1e-5, $"draw {seed}, forward over reverse")
                            let reverse = Eval.many values (Grad.vjp gradient (constants u) wrt)
                            tally.Compare(slope, inner reverse v, 1e-5, $"draw {seed}, reverse over reverse")

                        tally.Finish()
                    }
        ]

let private jacobians =
    testList
        "the Jacobian by reverse mode is that by forward mode"
        (eachPrimitive 8 (fun name seed e values ->
            for x in reals [ e ] do
                if e.Shape.Size * x.Shape.Size <= 200 then
                    match Eval.many values [ Grad.jacobian e x; Grad.jacobianForward e x ] with
                    | [ reverse; forward ] -> expectClose (toleranceOf name) reverse forward $"draw {seed}"
                    | _ -> ()))

let private sample count = Gen.sampleWithSeed (Rnd(20240229UL, 271828183UL)) 30 count tame |> List.ofSeq

let private overGraphs =
    testList
        "generated graphs"
        [
            test "<u, J v> = <J' u, v>" {
                for g in sample 300 do
                    checkTransposed 1e-9 (string g.Seed) g.Seed g.Values g.Roots (reals g.Roots)
            }
            test "as central differences" {
                let tally = Tally("graphs", 0.1)

                for g in sample 300 do
                    let wrt = reals g.Roots
                    let u, v = directions g.Seed g.Roots, directions (g.Seed + 1) wrt
                    let slope = difference 1e-5 (functional g.Values g.Roots wrt u) (valuesOf g.Values wrt) v
                    let pulled = Eval.many g.Values (Grad.vjp g.Roots (constants u) wrt)
                    tally.Compare(slope, inner pulled v, 1e-5, $"seed {g.Seed}, {g.Count} nodes")

                tally.Finish()
            }
            test "Hessian times vector as differences of the gradient" {
                let tally = Tally("graphs", 0.1)

                for g in sample 120 do
                    let y = g.Roots |> List.map (fun e -> weighted (sin e)) |> List.fold (+) (lit 0.0)
                    let wrt = reals [ y ]
                    let gradient = Grad.grad y wrt
                    let u, v = directions g.Seed wrt, directions (g.Seed + 1) wrt
                    let slope = difference 1e-4 (functional g.Values gradient wrt u) (valuesOf g.Values wrt) v
                    let found = Eval.many g.Values (Grad.hessianVector y wrt (constants v))
                    tally.Compare(slope, inner u found, 1e-4, $"seed {g.Seed}, {g.Count} nodes")

                tally.Finish()
            }
            test "the Hessian is symmetric, and its columns are those of differences" {
                let tally = Tally("graphs", 0.1)

                for g in sample 60 do
                    let y = g.Roots |> List.map (fun e -> weighted (sin e)) |> List.fold (+) (lit 0.0)

                    match reals [ y ] |> List.filter (fun x -> x.Shape.Size > 0 && x.Shape.Size <= 8) with
                    | [] -> ()
                    | x :: _ ->
                        let n = x.Shape.Size
                        let hessian = Grad.hessian y x

                        Expect.equal
                            (hessian.Shape.ToList())
                            (x.Shape.ToList() @ x.Shape.ToList())
                            "its shape"

                        let h = Eval.run g.Values hessian |> Tensor.toFloats
                        let size = h |> Array.fold (fun m v -> max m (abs v)) 1.0

                        for i in 0 .. n - 1 do
                            let unit k =
                                Tensor.ofArray
                                    (x.Shape.ToList())
                                    (Array.init n (fun j -> if j = k then 1.0 else 0.0))

                            for j in 0 .. n - 1 do
                                Expect.isTrue (abs (h[i * n + j] - h[j * n + i]) <= 1e-9 * size) "symmetric"

                            let gradient = functional g.Values (Grad.grad y [ x ]) [ x ] [ unit i ]
                            let slope = difference 1e-4 gradient (valuesOf g.Values [ x ]) [ unit 0 ]
                            tally.Compare(slope, h[i * n], 1e-4, $"seed {g.Seed}, row {i}")

                tally.Finish()
            }
        ]

let private ``third derivatives`` =
    test "gradients of gradients of gradients" {
        let x = Expr.symbol "x"
        let y = exp (sin x)
        let d e = Grad.grad e [ x ] |> List.head
        let at v = Eval.run [ "x", Tensor.scalar v ] (d (d (d y))) |> Tensor.toFloat
        // e^sin x·(cos³x − 3·sin x·cos x − cos x)
        let exact v = exp (sin v) * (cos v ** 3.0 - 3.0 * sin v * cos v - cos v)

        for v in [ -2.0; 0.3; 1.7 ] do
            Expect.isTrue (near 1e-13 (exact v) (at v)) $"at {v}"
    }

let private sharing =
    testList
        "sharing"
        [
            test "the gradient at an interior node sees every use of it" {
                let x = Expr.variable "x" DType.F64 [ 3 ]
                let h = x * x
                let y = Expr.sumAll (h * sin h + 2.0 * h)
                let at = [ "x", Tensor.vector [ 0.5; -1.0; 2.0 ] ]
                let exact = Tensor.vector [ for v in [ 0.25; 1.0; 4.0 ] -> sin v + v * cos v + 2.0 ]
                let found = Eval.run at (Grad.grad y [ h ] |> List.head)
                expectClose 1e-14 exact found "dy/dh"
            }
            test "of inner and outer nodes together" {
                let x = Expr.symbol "x"
                let h = x * x
                let y = h * x
                let found = Eval.many [ "x", Tensor.scalar 3.0 ] (Grad.grad y [ y; h; x; x ])

                Expect.equal
                    (List.map Tensor.toFloat found)
                    [ 1.0; 3.0; 27.0; 27.0 ]
                    "dy/dy, dy/dh, dy/dx twice"
            }
            test "equal nodes built twice are one" {
                let x = Expr.symbol "x"
                let y = sin (x * 2.0) + sin (x * 2.0)
                let found = Eval.run [ "x", Tensor.scalar 0.7 ] (Grad.grad y [ x * 2.0 ] |> List.head)
                Expect.isTrue (near 1e-15 (2.0 * cos 1.4) (Tensor.toFloat found)) "both uses count"
            }
            test "what does not depend has a gradient of zeros" {
                let x, z = Expr.symbol "x", Expr.variable "z" DType.F32 [ 2 ]
                let found = Grad.grad (x * x) [ z ] |> List.head
                Expect.equal (Eval.run [] found) (Tensor.zeros DType.F32 [ 2 ]) "zeros of its type and shape"
                let tangent = Grad.jvp [ z ] [ x ] [ lit 1.0 ] |> List.head
                Expect.equal (Eval.run [] tangent) (Tensor.zeros DType.F32 [ 2 ]) "a tangent of zeros"
            }
            test "value and gradient" {
                let x = Expr.symbol "x"
                let y, g = Grad.valueAndGrad (x * x) [ x ]
                let found = Eval.many [ "x", Tensor.scalar 3.0 ] (y :: g)
                Expect.equal (List.map Tensor.toFloat found) [ 9.0; 6.0 ] "9 and 6"
            }
            test "f32 stays f32" {
                let x = Expr.variable "x" DType.F32 []

                for op in Primitives.unaryOps |> List.except [ UnaryOp.Not ] do
                    let y = Expr.unary op x
                    let g = Grad.grad y [ x ] |> List.head
                    Expect.equal g.DType DType.F32 (Node.unaryName op)

                    Expect.equal
                        (Grad.jvp [ y ] [ x ] [ Expr.onesLike x ]).Head.DType
                        DType.F32
                        (Node.unaryName op)
            }
        ]

let tests =
    testList "Grad" [ transposed; differences; second; jacobians; overGraphs; ``third derivatives``; sharing ]
