/// The classical minimisers find what can be found by hand.
module DL1.Tests.ClassicalTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open Expecto

let private x, y = Expr.symbol "x", Expr.symbol "y"
let private start = Tree.ofList [ "x", Tensor.scalar -1.2; "y", Tensor.scalar 1.0 ]
let private valley = (1.0 - x) ** 2.0 + 100.0 * (y - x * x) ** 2.0

let private methods =
    [ "Nelder-Mead", Classical.nelderMead; "BFGS", Classical.bfgs; "Newton", Classical.newton ]

let private at (values: (string * float) list) =
    Tree.ofList [ for name, value in values -> name, Tensor.scalar value ]

/// Objectives with a start where their gradient vanishes without a minimum, or that leads there, and their least value.
let private wells: (string * Expr * (string * float) list * float) list =
    [
        "cos x from 0", cos x, [ "x", 0.0 ], -1.0
        "x⁴ − x² from 0", x ** 4.0 - x * x, [ "x", 0.0 ], -0.25
        "(x² − 1)² from 0", (x * x - 1.0) ** 2.0, [ "x", 0.0 ], 0.0
        "x² − y² + y⁴ along the ridge", x * x - y * y + y ** 4.0, [ "x", 1.0; "y", 0.0 ], -0.25
        "x² − y² + y⁴ from the saddle", x * x - y * y + y ** 4.0, [ "x", 0.0; "y", 0.0 ], -0.25
        "sin x · sin y from the saddle", sin x * sin y, [ "x", 0.0; "y", 0.0 ], -1.0
        "−exp(−x² − y²) from afar", -(exp (-x * x - y * y)), [ "x", 1.0; "y", 0.5 ], -1.0
    ]

/// Objectives without a lower bound.
let private bottomless: (string * Expr * (string * float) list) list =
    [
        "−x² from its maximum", -x * x, [ "x", 0.0 ]
        "−x² from 1", -x * x, [ "x", 1.0 ]
        "x² − y² from the saddle", x * x - y * y, [ "x", 0.0; "y", 0.0 ]
        "x² − y² along the ridge", x * x - y * y, [ "x", 1.0; "y", 0.0 ]
        "x³ from 1", x ** 3.0, [ "x", 1.0 ]
        "x³ − 3x from its maximum", x ** 3.0 - 3.0 * x, [ "x", -1.0 ]
        "the monkey's saddle", x ** 3.0 - 3.0 * x * y * y, [ "x", 0.0; "y", 0.0 ]
    ]

let tests =
    testList
        "Classical"
        [
            for name, minimise in methods do
                test $"{name} comes through Rosenbrock's valley" {
                    let found = minimise Classical.options valley start
                    Expect.isLessThan (abs (Tensor.toFloat found.Point["x"] - 1.0)) 1e-3 "x"
                    Expect.isLessThan (abs (Tensor.toFloat found.Point["y"] - 1.0)) 1e-3 "y"
                    Expect.isLessThan found.Value 1e-6 "the value"
                    Expect.isGreaterThan found.Iterations 1 "iterations"
                }
            law "Newton's method needs one step for a paraboloid, whatever its shape" (fun seed ->
                let m = Expr.constant (Key.normal 0.0 1.0 DType.F64 [ 3; 3 ] (Key.ofSeed seed))
                let w = Expr.variable "w" DType.F64 [ 3 ]
                let target = Expr.constant (Tensor.vector [ 1.0; -2.0; 3.0 ])
                let image = Linear.matvec m (w - target)
                let objective = Linear.dot image image + Expr.sumAll (Elementwise.square (w - target))

                let found =
                    Classical.newton
                        Classical.options
                        objective
                        (Tree.ofList [ "w", Tensor.zeros DType.F64 [ 3 ] ])

                found.Iterations <= 2 && close 1e-8 (Tensor.vector [ 1.0; -2.0; 3.0 ]) found.Point["w"])
            test "variables of any shape keep it, in their order" {
                let w = Expr.variable "w" DType.F64 [ 2; 2 ]
                let goal = Expr.constant (Tensor.ofArray [ 2; 2 ] [| 1.0; 2.0; 3.0; 4.0 |])
                let objective = Expr.sumAll ((w - goal) ** 2.0) + (x + 5.0) ** 2.0
                let start = Tree.ofList [ "x", Tensor.scalar 0.0; "w", Tensor.zeros DType.F64 [ 2; 2 ] ]
                let found = Classical.bfgs Classical.options objective start
                expectClose 1e-6 (Tensor.ofArray [ 2; 2 ] [| 1.0; 2.0; 3.0; 4.0 |]) found.Point["w"] "w"
                expectClose 1e-6 (Tensor.scalar -5.0) found.Point["x"] "x"
            }
            for name, minimise in methods do
                law $"{name} finds the minimum of any parabola from any start" (fun seed ->
                    let random = System.Random(int (seed: int64))
                    let power low high = System.Math.Pow(10.0, low + (high - low) * random.NextDouble())
                    let curve, bottom, start = power -3.0 4.0, power -2.0 1.0, power -2.0 2.0
                    let height = 10.0 * random.NextDouble() - 5.0
                    let objective = curve * (x - bottom) ** 2.0 + height
                    let found = minimise Classical.options objective (at [ "x", start ])

                    found.Kind = PointKind.Minimum
                    && near 1e-7 height found.Value
                    && near 1e-2 bottom (Tensor.toFloat found.Point["x"]))

                for what, objective, start, least in wells do
                    test $"{name} leaves a maximum or a saddle: {what}" {
                        let found = minimise Classical.options objective (at start)
                        Expect.equal found.Kind PointKind.Minimum "the kind"
                        Expect.isTrue (near 1e-6 least found.Value) $"the value {found.Value}"

                        Expect.equal
                            (Classical.kindOf 1e-6 objective found.Point)
                            PointKind.Minimum
                            "its derivatives say so, too"
                    }

                for what, objective, start in bottomless do
                    test $"{name} refuses what has no minimum: {what}" {
                        let error =
                            Expect.throwsC
                                (fun () -> minimise Classical.options objective (at start) |> ignore)
                                id

                        Expect.isTrue (error :? DomainError) "a DomainError"
                        Expect.stringContains error.Message "falls without end" "what is wrong"
                        Expect.stringContains error.Message "bounded below" "the cure"
                    }

                test $"{name} stops at kinks, valleys and edges, and says so" {
                    let kink = minimise Classical.options (abs (x - 2.0) + 1.0) (at [ "x", 0.3 ])
                    Expect.isTrue (near 1e-6 1.0 kink.Value) $"a kink: {kink}"

                    Expect.isTrue
                        (kink.Kind = PointKind.NotStationary || kink.Kind = PointKind.Flat)
                        $"{kink.Kind}"

                    let valley = minimise Classical.options ((x - y) ** 2.0) (at [ "x", 1.0; "y", -1.0 ])
                    Expect.equal valley.Kind PointKind.Flat "a valley"
                    Expect.isTrue (near 1e-6 0.0 valley.Value) "its floor"

                    Expect.isTrue
                        (near 1e-6 1.0 (minimise Classical.options (x - log x) (at [ "x", 5.0 ])).Value)
                        "steps outside of where the objective is defined are too long"

                    let edge = minimise Classical.options (sqrt x) (at [ "x", 1.0 ])
                    Expect.isTrue (near 1e-3 0.0 edge.Value) $"an edge: {edge}"
                    Expect.isTrue (string kink <> string valley) "both print"
                }

                test $"{name} takes a start of whole numbers, and of f32" {
                    for start in [ Tensor.scalar 1; Tensor.scalar 1L; Tensor.scalar 1.0f ] do
                        let found = minimise Classical.options (x * x) (Tree.ofList [ "x", start ])
                        Expect.equal found.Kind PointKind.Minimum "x² from 1"
                        Expect.equal found.Point["x"].DType DType.F64 "the point is of f64"
                        Expect.isLessThan found.Value 1e-12 "the value"
                }
            test "what derivatives say of a point" {
                for objective, point, kind in
                    [
                        x * x, [ "x", 0.0 ], PointKind.Minimum
                        x * x, [ "x", 1e-6 ], PointKind.Minimum
                        x * x, [ "x", 1.0 ], PointKind.NotStationary
                        -x * x, [ "x", 0.0 ], PointKind.Maximum
                        cos x, [ "x", 1e-6 ], PointKind.Maximum
                        x * x - y * y, [ "x", 0.0; "y", 0.0 ], PointKind.Saddle
                        x * y, [ "x", 0.0; "y", 0.0 ], PointKind.Saddle
                        x ** 4.0, [ "x", 0.0 ], PointKind.Flat
                        x ** 3.0, [ "x", 0.0 ], PointKind.Flat
                        x * x + 0.0 * y, [ "x", 0.0; "y", 3.0 ], PointKind.Flat
                        sqrt x, [ "x", 1e-200 ], PointKind.NotStationary
                        sqrt x, [ "x", 0.0 ], PointKind.NotStationary
                        valley, [ "x", 1.0; "y", 1.0 ], PointKind.Minimum
                        1e8 * x * x, [ "x", 0.0 ], PointKind.Minimum
                        1e-8 * x * x, [ "x", 0.0 ], PointKind.Minimum
                    ] do
                    Expect.equal (Classical.kindOf 1e-8 objective (at point)) kind $"{objective} at {point}"
            }
            test "what cannot be minimised is refused" {
                let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""

                refused (fun () ->
                    Classical.newton Classical.options valley (Tree.ofList [ "x", Tensor.scalar 0.0 ]))

                refused (fun () -> Classical.bfgs { Classical.options with MaxIterations = 2 } valley start)

                refused (fun () ->
                    Classical.nelderMead { Classical.options with Tolerance = 0.0 } valley start)

                Expect.throwsT<ShapeError>
                    (fun () -> Classical.bfgs Classical.options (Expr.stack 0 [ x; y ]) start |> ignore)
                    "a vector"

                refused (fun () -> Classical.bfgs Classical.options (x * x) (at [ "x", nan ]))
                refused (fun () -> Classical.bfgs Classical.options (lit 1.0) (at []))

                Expect.throwsT<DomainError>
                    (fun () -> Classical.kindOf nan (x * x) (at [ "x", 1.0 ]) |> ignore)
                    "the tolerance"

                let single = Expr.variable "s" DType.F32 []

                let error =
                    Expect.throwsC
                        (fun () ->
                            Classical.bfgs
                                Classical.options
                                (single * single)
                                (Tree.ofList [ "s", Tensor.scalar 1.0f ])
                            |> ignore)
                        id

                Expect.stringContains error.Message "make the variable with f64" "the cure"
            }
        ]
