/// The examples of what is done with expressions: derivatives, loops, evaluation, descents, delegates. Here x, y and z
/// are scalars (2, 3 and 4 where evaluated), u and v vectors ([1 10] and [1 2]).
module DL1.Tests.UseExamples

open System
open DL1
open DL1.Tests.Example

let private x, y, z = Expr.symbol "x", Expr.symbol "y", Expr.symbol "z"
let private u, v = Expr.variable "u" DType.F64 [ 2 ], Expr.variable "v" DType.F64 [ 2 ]
let private w = Expr.constant (Tensor.vector [ 10.0; 1.0 ])
let private rows = Expr.constant (Tensor.ofArray [ 3; 2 ] [| 1.0 .. 6.0 |])

let private grad =
    [
        givesAll "vjp" [ "f64 [2] [ 0.5403 -4.1615]" ] (fun () -> Grad.vjp [ sin v ] [ u ] [ v ])
        givesAll "jvp" [ "f64 [2] [ 0.5403 -4.1615]" ] (fun () -> Grad.jvp [ sin v ] [ v ] [ u ])
        prints "grad" "[y; x]" (fun () -> Grad.grad (x * y) [ x; y ] |> List.map Rewrite.exact)
        givesAll "valueAndGrad" [ "f64 6"; "f64 3"; "f64 2" ] (fun () ->
            let value, gradient = Grad.valueAndGrad (x * y) [ x; y ]
            value :: gradient)
        givesAll "vmap" [ "f64 [3] [12 34 56]" ] (fun () ->
            Grad.vmap (fun xs -> [ Linear.dot xs[0] w ]) [ rows ])
        gives "jacobian" "f64 [2, 2] [[2 0] [0 4]]" (fun () -> Grad.jacobian (v * v) v)
        gives "jacobianForward" "f64 [2, 2] [[2 0] [0 4]]" (fun () -> Grad.jacobianForward (v * v) v)
        gives "hessian" "f64 [2, 2] [[2 0] [0 2]]" (fun () -> Grad.hessian (Linear.dot v v) v)
        givesAll "hessianVector" [ "f64 [2] [ 2 20]" ] (fun () ->
            Grad.hessianVector (Linear.dot v v) [ v ] [ u ])
    ]

let private a, b = Expr.symbol "a", Expr.symbol "b"
let private xs = Expr.constant (Tensor.vector [ 1.0; 2.0; 3.0 ])
let private both (finals: Expr list, outputs: Expr list) = finals @ outputs

let private scan =
    [
        givesAll "many" [ "f64 2"; "f64 3"; "f64 [3] [0 1 1]" ] (fun () ->
            Scan.many false 3 [ a; b ] [] (fun c _ -> [ c[1]; c[0] + c[1] ], [ c[0] ]) |> both)
        givesAll "run" [ "f64 6"; "f64 [3] [1 3 6]" ] (fun () ->
            let final, sums = Scan.run (lit 0.0) xs (fun sum x -> let s = sum + x in s, s)
            [ final; sums ])
        givesAll "custom" [ "f64 2"; "f64 1" ] (fun () ->
            let clipped =
                Scan.custom "clipped" (fun xs -> xs[0]) (fun _ dy -> [ Expr.minimum dy (lit 1.0) ]) [ x ]

            clipped :: Grad.grad (5.0 * clipped) [ x ])
    ]

let private inputs: Variable list =
    [
        { Name = "x"; DType = DType.F64; Shape = Shape.Scalar }
        { Name = "y"; DType = DType.F64; Shape = Shape.Scalar }
    ]

let private eval =
    [
        prints "prepare" "[f64 12]" (fun () ->
            let f = Eval.prepare inputs [ x * y ]
            f [ Tensor.scalar 3.0; Tensor.scalar 4.0 ])
        prints "many" "[f64 2; f64 4]" (fun () -> Eval.many [ "x", Tensor.scalar 2.0 ] [ x; x * x ])
        prints "run" "f64 4" (fun () -> Eval.run [ "x", Tensor.scalar 2.0 ] (x * x))
    ]

let private descent =
    [
        prints "standard" "100" (fun () -> { Descent.standard with MaxEpochs = 100 }.MaxEpochs)
        prints "run" "True 2.0000" (fun () ->
            let descent = Descent.run Descent.standard (Optimizer.sgd 0.1) ((x - 2.0) ** 2.0) [ x ] [ 0.0 ]

            $"{descent.Converged} {descent.Rows[descent.Rows.Count - 1].After[0]:F4}")
    ]

let private point = [| 3.0; 4.0 |]

let private scalarFunction =
    [
        prints "of1" "1.8185948536513634" (fun () ->
            let f = ScalarFunction.of1 x (x * sin x)
            f.Invoke 2.0)
        prints "of2" "2" (fun () -> (ScalarFunction.of2 x y (x - y)).Invoke(5.0, 3.0))
        prints "of3" "14" (fun () -> (ScalarFunction.of3 x y z (x * y - z)).Invoke(5.0, 3.0, 1.0))
        prints "ofMany" "7 12" (fun () ->
            let results = [| 0.0; 0.0 |]
            (ScalarFunction.ofMany [ x; y ] [ x + y; x * y ]).Invoke(ReadOnlySpan point, Span results)
            $"{results[0]} {results[1]}")
        prints "valueAndGradient" "12 4 3" (fun () ->
            let results = [| 0.0; 0.0; 0.0 |]
            (ScalarFunction.valueAndGradient [ x; y ] (x * y)).Invoke(ReadOnlySpan point, Span results)
            $"{results[0]} {results[1]} {results[2]}")
    ]

let private quote =
    [
        prints "lambda" "[a; b]: a·b" (fun () ->
            let inputs, f = Quote.lambda <@ fun (a: float) b -> a * b @>
            $"{inputs}: {f}")
        prints "expr" "(x − 2)² + 3" (fun () -> Quote.expr <@ fun x -> (x - 2.0) ** 2.0 + 3.0 @>)
        prints "gradient" "[b − c; 2·b − c + a; −a − b]" (fun () ->
            Quote.gradient <@ fun (a: float) b c -> (a + b) * (b - c) @>)
    ]

let private toCode =
    [
        prints "linq" "x => (x * Sin(x))" (fun () -> (ToCode.linq [ x ] (x * sin x)).ToString())
        prints "csharp" "public static double Slope(double x) { return 2.0 * x; }" (fun () ->
            ToCode.csharp "Slope" [ x ] (2.0 * x))
        prints "fsharp" "let slope (x: float) : float = 2.0 * x" (fun () ->
            ToCode.fsharp "slope" [ x ] (2.0 * x))
    ]

let private compile =
    let variable name : Variable = { Name = name; DType = DType.F64; Shape = Shape.ofList [] }
    let w, x = variable "w", variable "x"
    let loss = Expr.ofVariable w * Expr.ofVariable x
    let gradient = Grad.grad loss [ Expr.ofVariable w ] |> List.head
    let weights, data = Tensor.scalar 2.0, Tensor.scalar 3.0
    let text (values: Tensor list) = values |> List.map string |> String.concat "; "

    [
        prints "standard" "True" (fun () -> { Compile.standard with CheckFinite = true }.CheckFinite)
        prints "prepareWith" "f64 6" (fun () ->
            let step = Compile.prepareWith { Compile.standard with Threads = 1 } [ w; x ] [ loss ]
            step [ weights; data ] |> text)
        prints "prepare" "f64 6; f64 3" (fun () ->
            let step = Compile.prepare [ w; x ] [ loss; gradient ]
            step [ weights; data ] |> text)
        prints "explain" "True" (fun () -> (Compile.explain [ w; x ] [ loss ]).Contains "w·x")
    ]

let private explain =
    [
        prints
            "run"
            "Forward x = 2 y = sin x = 0.909297 Backward ∂y/∂y = 1 ∂y/∂x = cos x = −0.416147"
            (fun () ->
                let y = sin x
                Explain.run [ "y", y ] [ "x", Tensor.scalar 2.0 ] y |> string)
    ]

let private matrixCalculus =
    let m = Expr.variable "m" DType.F64 [ 2; 2 ]
    let x = Expr.variable "x" DType.F64 [ 2 ]

    [
        prints "notation" "True" (fun () ->
            { MatrixCalculus.notation with Names = [ "p", x ] }.Names = [ "p", x ])
        prints "write" "y = m·m" (fun () ->
            MatrixCalculus.write MatrixCalculus.notation (Expr.matmul m m) |> string)
        prints "gradients" "∂L/∂x = (m + mᵀ)·x" (fun () ->
            MatrixCalculus.gradients MatrixCalculus.notation [ x ] (Linear.dot x (Linear.matvec m x))
            |> List.map string
            |> String.concat "")
    ]

let all =
    [
        { Module = moduleOf <@ Grad.grad @>; Rows = grad }
        { Module = moduleOf <@ Scan.run @>; Rows = scan }
        { Module = moduleOf <@ Eval.run @>; Rows = eval }
        { Module = moduleOf <@ Descent.run @>; Rows = descent }
        { Module = moduleOf <@ Compile.explain @>; Rows = compile }
        { Module = moduleOf <@ ScalarFunction.of1 @>; Rows = scalarFunction }
        {
            Module = moduleOf <@ fun (code: Quotations.Expr<float>) -> Quote.expr code @>
            Rows = quote
        }
        { Module = moduleOf <@ ToCode.csharp @>; Rows = toCode }
        { Module = moduleOf <@ Explain.run @>; Rows = explain }
        { Module = moduleOf <@ MatrixCalculus.write @>; Rows = matrixCalculus }
    ]
