/// Compiled graphs: options, checks, shapes about the borders of vectors and blocks, many threads, and the cache.
module DL1.Tests.CompileTests

open System
open System.Threading
open System.Threading.Tasks
open DL1
open DL1.Tests.Law
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Execution
open DL1.Compiler.Inspection
open DL1.Compiler.Simd

let private checking = { Compile.standard with CheckFinite = true }
let private floats name dims = Expr.variable name DType.F32 dims

/// What is said of the first NaN or infinity.
let private refusal (inputs: (Expr * Tensor) list) (roots: Expr list) =
    let run = Compile.prepareWith checking (inputs |> List.map (fst >> variableOf)) roots

    Expect.throwsC (fun () -> run (List.map snd inputs) |> ignore) (function
        | :? DomainError as e -> $"{e.Operation}: {e.Given}"
        | e -> failtest $"another error: {e}")

let private holds (parts: string list) (text: string) =
    for part in parts do
        Expect.stringContains text part ""

let private ones dtype dims = Tensor.full dtype dims 1.0

let private withOne dtype (dims: int list) (place: int) (value: float) =
    Tensor.ofArray dims (Array.init (List.fold (*) 1 dims) (fun i -> if i = place then value else 1.0))
    |> Tensor.cast dtype

/// The first element that is not finite, where one is put at a place behind an address that is no multiple.
let private foundAt dtype count place value =
    let bytes = GC.AllocateArray<byte>(8 * count + 64, pinned = true)
    let address = Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 8)
    Memory.write (withOne dtype [ count ] place value) address
    FiniteValues.first dtype address count

let private finite =
    testList
        "CheckFinite"
        [
            test "the first element is found wherever it stands" {
                for dtype in [ DType.F32; DType.F64 ] do
                    for count in 0..35 do
                        Expect.equal (foundAt dtype count -1 0.0) ValueNone $"{dtype}, {count} finite ones"

                        for place in 0 .. count - 1 do
                            for value in [ nan; infinity; -infinity ] do
                                Expect.equal (foundAt dtype count place value) (ValueSome place) $"{dtype}"

                        Expect.equal (foundAt dtype count 0 1e38) ValueNone "the largest are finite"
            }
            test "a layer's path, the formula, the kind and the place are named" {
                let model = Layer.named "hidden" (Dense.linear 10) => Layer.ofFunction "Log" log
                let x = floats "x" [ 2; 3 ]
                let parameters, _ = Layer.init (Key.ofSeed 1L) x model
                let ps = Tree.variables parameters
                let y, _ = Layer.apply Mode.Inference ps Tree.empty model x

                let values =
                    List.zip
                        (Tree.values ps)
                        (Tree.values parameters |> List.map (fun t -> ones t.DType (t.Shape.ToList())))

                // The second row sums to −10.
                let rows = Tensor.ofArray [ 2; 3 ] [| 1.0f; 1.0f; 1.0f; 1.0f; 1.0f; -13.0f |]

                refusal ((x, rows) :: values) [ y ]
                |> holds [ "CheckFinite"; "NaN at [1, 0]"; "hidden.weight"; "hidden.bias"; "log("; "x" ]
            }
            test "what the kernel reads is told one step back" {
                let x, w, b = floats "x" [ 2; 3 ], floats "layer.weight" [ 3; 2 ], floats "layer.bias" [ 2 ]
                let value dims = ones DType.F32 dims
                // So narrow a product stands alone.
                let y = log (Expr.matmul x w + b - 100.0)

                refusal [ x, value [ 2; 3 ]; w, value [ 3; 2 ]; b, value [ 2 ] ] [ y ]
                |> holds [ "NaN at [0, 0]"; "which reads layer.bias"; "where v"; "= x @ layer.weight" ]
            }
            test "infinities have their sign and their place" {
                let x = Expr.variable "x" DType.F64 [ 3; 4 ]
                refusal [ x, withOne DType.F64 [ 3; 4 ] 7 0.0 ] [ 1.0 / x ] |> holds [ "∞ at [1, 3]"; "1/x" ]
                refusal [ x, withOne DType.F64 [ 3; 4 ] 4 0.0 ] [ log x ] |> holds [ "−∞ at [1, 0]"; "log x" ]

                refusal [ x, withOne DType.F64 [ 3; 4 ] 0 800.0 ] [ Expr.sumAll (exp x) ]
                |> holds [ "∞ of"; "exp x" ]
            }
            test "an input that is spoiled before is named" {
                let x, y = floats "x" [ 5 ], floats "layer.weight" [ 5 ]

                let text = refusal [ x, ones DType.F32 [ 5 ]; y, withOne DType.F32 [ 5 ] 2 nan ] [ x * y ]

                text |> holds [ "NaN at [2] of the input layer.weight" ]
            }
            test "where values came from is told back to the variables" {
                let x, w = floats "x" [ 20; 30 ], floats "w" [ 30; 40 ]
                // A product that others read is kept, and what follows a sum over all of it is another kernel.
                let z = Expr.matmul x w
                let total = Expr.sumAll z
                let y = log (total - 1e9)
                let text = refusal [ x, ones DType.F32 [ 20; 30 ]; w, ones DType.F32 [ 30; 40 ] ] [ z; y ]
                text |> holds [ "NaN"; "log"; "x"; "w" ]
            }
            test "loops are looked into" {
                let xs, h = Expr.variable "xs" DType.F64 [ 40 ], Expr.symbol "h"
                let last, _ = Scan.run h xs (fun h x -> let h = h * h * x in h, h)

                refusal [ xs, ones DType.F64 [ 40 ]; h, Tensor.scalar 10.0 ] [ last ]
                |> holds [ "∞"; "in a loop"; "xs" ]
            }
            test "what is finite has the same bits with checks" {
                let s = perceptron DType.F32 9 7 11
                let values = List.map snd s.State @ List.ofArray s.Batch
                let run options = Compile.prepareWith options s.Variables s.Roots values
                Expect.isTrue (sameBits (run checking) (run Compile.standard)) ""
            }
        ]

let private options =
    testList
        "options"
        [
            test "options out of range are refused" {
                let run options () = Compile.prepareWith options [] [ lit 1.0 ] |> ignore

                for threads in [ 0; -1; 257 ] do
                    Expect.throwsT<DomainError> (run { Compile.standard with Threads = threads }) $"{threads}"

                    Expect.throwsT<DomainError>
                        (fun () ->
                            let options = { Compile.standard with Threads = threads }
                            Session.With(options, [], [], [], [ lit 1.0 ]) |> ignore)
                        $"{threads}"
            }
            test "the bits do not depend on the options" {
                let s = perceptron DType.F32 33 17 20
                let values = List.map snd s.State @ List.ofArray s.Batch
                let run options = Compile.prepareWith options s.Variables s.Roots values
                let expected = run Compile.standard
                Expect.isTrue (sameBits expected (run { Compile.standard with Threads = 1 })) "one thread"

                Expect.isTrue
                    (sameBits expected (run { Compile.standard with DynamicCode = false }))
                    "no code"
            }
        ]

/// Extents about the borders of vectors and blocks.
let private extents = [ 0; 1; 2; 3; 4; 5; 7; 8; 9; 13; 15; 16; 17; 31; 33; 61; 64; 67; 128; 131 ]

let private borders =
    testList
        "borders"
        [
            for dtype, tolerance in [ DType.F32, 1e-5; DType.F64, 1e-12 ] do
                let variable name dims = Expr.variable name dtype dims

                test $"{dtype}: elementwise nodes" {
                    for n in extents do
                        let x, y = variable "x" [ n ], variable "y" [ n ]
                        agrees $"{n}" tolerance [ tanh (x * y) + exp x; Expr.where (x .> y) x (y * 2.0) ]
                }

                test $"{dtype}: rows and columns stretched" {
                    for n in extents do
                        let x, r, c = variable "x" [ 3; n ], variable "r" [ n ], variable "c" [ 3; 1 ]
                        agrees $"{n}" tolerance [ (x + r) * c; c * r ]
                }

                test $"{dtype}: folds across and downward" {
                    for n in extents do
                        let across, down = variable "x" [ 3; n ], variable "y" [ n; 5 ]
                        let wide = variable "z" [ 3; n ]

                        agrees
                            $"{n}"
                            tolerance
                            [
                                Expr.sum [ 1 ] (across * across)
                                Expr.sum [ 0 ] (down * 2.0)
                                Expr.sum [ 0 ] wide
                                Expr.sumAll wide

                                if n > 0 then
                                    Expr.softmax 1 across
                                    Expr.max [ 0 ] down
                            ]
                }

                test $"{dtype}: products with what follows them" {
                    for m, k, n in
                        [
                            for e in extents do
                                e, 5, 9
                                7, e, 17
                                6, 8, e
                            61, 67, 31
                        ] do
                        let x, w, b = variable "x" [ m; k ], variable "w" [ k; n ], variable "b" [ n ]
                        let y = Expr.relu (Expr.matmul x w + b)
                        agrees $"{m} {k} {n}" (4.0 * tolerance) [ y; Expr.sum [ 0 ] y; Expr.matmul x.T y ]
                }
        ]

let private training =
    testList
        "training steps"
        [
            for name, make in
                [
                    "perceptron", (fun dtype -> perceptron dtype 17 5 33)
                    "convolutional", convolutional
                    "recurrent", recurrent
                ] do
                test $"{name}: the values are those of Eval" {
                    // Adam makes steps of what is but rounding, as the gradient of a bias before batch normalisation is.
                    let single = if name = "perceptron" then [] else [ DType.F32, 1e-4 ]

                    for dtype, tolerance in (DType.F64, 1e-9) :: single do
                        let s = make dtype
                        let values = List.map snd s.State @ List.ofArray s.Batch
                        agreesOn $"{dtype}" tolerance s.Variables values s.Roots
                }

                test $"{name}: every node has a kernel" {
                    let s = make DType.F32
                    Expect.equal (definedIn (plan s.Variables s.Roots)) [] "nodes by their definition"
                }

            test "perceptron under SGD, f32: the values are those of Eval" {
                let s = perceptronWith (Optimizer.sgd 0.1) DType.F32 17 5 33
                let values = List.map snd s.State @ List.ofArray s.Batch
                agreesOn "f32" 1e-4 s.Variables values s.Roots
            }
            test "a mask is drawn again with the bits of Eval" {
                let key, x = Expr.variable "key" DType.I32 [ 2 ], floats "x" [ 37; 53 ]
                let keep = Draw.bernoulli 0.7 [ 37; 53 ] key
                let y = Expr.where keep (x * 2.0) (lit 0.0)
                let gradient = Grad.grad (Expr.sumAll (y * y)) [ x ]
                let inputs = [ variableOf key; variableOf x ]
                let values = [ Key.toTensor (Key.ofSeed 5L); normal 6L DType.F32 [ 37; 53 ] ]
                let roots = keep :: y :: gradient

                Expect.isTrue
                    (sameBits (Eval.prepare inputs roots values) (Compile.prepare inputs roots values))
                    ""
            }
        ]

let tests =
    testList
        "Compile"
        [
            finite
            options
            borders
            training
            test "a plan that many threads run at once gives each the same bits" {
                let s = perceptron DType.F32 64 32 48
                let run = Compile.prepareOn Simd.widest true 2 s.Variables s.Roots
                let batch i = [ normal (int64 (100 + i)) DType.F32 [ 64; 32 ]; s.Batch[1] ]
                let once i = run (List.map snd s.State @ batch i)
                let expected = Array.init 6 once
                let failures = ref 0

                Parallel.For(
                    0,
                    48,
                    ParallelOptions(MaxDegreeOfParallelism = 6),
                    fun i ->
                        if not (sameBits expected[i % 6] (once (i % 6))) then
                            Interlocked.Increment failures |> ignore
                )
                |> ignore

                Expect.equal failures.Value 0 "runs with other bits"
            }
            test "a graph that is made again has the plan that it had" {
                let make () =
                    let s = perceptron DType.F32 8 3 5
                    PlanCache.planFor 0 Simd.widest true false s.Variables s.Roots

                Expect.isTrue (LanguagePrimitives.PhysicalEquality (make ()) (make ())) "the same plan"

                let s = perceptron DType.F32 8 3 5
                let other = PlanCache.planFor 0 Simd.widest true false s.Variables (List.rev s.Roots)
                Expect.isFalse (LanguagePrimitives.PhysicalEquality (make ()) other) "another order"
            }
            test
                "several functions in one loop, over rows of any length, and with values that all of them read" {
                for dtype in [ DType.F32; DType.F64 ] do
                    for columns in [ 1; 7; 16; 33; 128; 255; 256; 257; 600; 2051 ] do
                        let x, y = Expr.variable "x" dtype [ 3; columns ], Expr.variable "y" dtype [ columns ]
                        let a = 0.5 * x + y
                        let kept = Expr.sigmoid a * y + Expr.sigmoid x * tanh (x - a)
                        let isLarge = exp (0.1 * a) .> cos x
                        let mixed = Expr.where isLarge (kept * a) (Expr.log1p (x * x) - Expr.relu y)
                        agrees $"{dtype} {columns}" 1e-5 [ kept; Expr.sigmoid y * tanh kept; mixed ]
            }
            law "a value of another shape is refused" (fun (shape: Shape) ->
                let x = Expr.variable "x" DType.F64 [ 2; 7 ]
                let run = Compile.prepare [ variableOf x ] [ x + 1.0 ]

                try
                    run [ Tensor.full DType.F64 (shape.ToList()) 1.0 ] |> ignore
                    false
                with :? ShapeError ->
                    true)
        ]
