/// The gradient of (a + b)·(b − c) as one compiled function of numbers: what an evaluation costs, and what making the
/// function costs.
module DL1.Bench.Scalars

open System
open System.Diagnostics
open DL1

let private a, b, c = Expr.symbol "a", Expr.symbol "b", Expr.symbol "c"
let private f = (a + b) * (b - c)

let private make () = ScalarFunction.ofMany [ a; b; c ] (Grad.grad f [ a; b; c ])

/// Compares with Eval and with the derivatives by hand.
let check () : Result<unit, string> =
    let found = Array.zeroCreate<float> 3
    (make ()).Invoke(ReadOnlySpan [| 1.5; -2.25; 3.75 |], Span found)
    let bindings = [ "a", Tensor.scalar 1.5; "b", Tensor.scalar -2.25; "c", Tensor.scalar 3.75 ]
    let expected = Eval.many bindings (Grad.grad f [ a; b; c ]) |> List.map Tensor.toFloat |> Array.ofList

    if found = expected && found = [| -6.0; 1.5 + 2.0 * -2.25 - 3.75; 0.75 |] then
        Ok()
    else
        Error $"the gradient is %A{found}, and Eval's %A{expected}"

let private point, results = Array.zeroCreate<float> 3, Array.zeroCreate<float> 3
let private compiled = lazy (make ())

/// Kept, so that no evaluation can be left out.
let mutable private kept = 0.0

/// So many evaluations, each at another point.
let evaluate count =
    let run = compiled.Value

    for i in 0 .. count - 1 do
        let x = float (i &&& 1023)
        point[0] <- x
        point[1] <- 2.0 - x
        point[2] <- 3.0 + x
        run.Invoke(ReadOnlySpan point, Span results)
        kept <- kept + results[0] + results[1] + results[2]

/// Milliseconds to build the graph, differentiate it and compile it: the first time in this process, and again.
let compilation () =
    let once () =
        let start = Stopwatch.GetTimestamp()
        let run = make ()
        run.Invoke(ReadOnlySpan point, Span results)
        (Stopwatch.GetElapsedTime start).TotalMilliseconds

    let first = once ()
    let again = Array.init 21 (fun _ -> once ()) |> Array.sort
    first, again[10]
