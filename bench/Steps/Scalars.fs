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

let private x, y = Expr.symbol "x", Expr.symbol "y"

/// Formulas compiled, beside what one would write by hand.
let private byHand: (string * Expr * Func<float, float, float>) list =
    // A delegate of each formula itself, as C# makes it of a lambda.
    [
        "x·y + x − y", x * y + x - y, Func<_, _, _>(fun x y -> x * y + x - y)
        "x²·sin x·y", x ** 2.0 * sin x * y, Func<_, _, _>(fun x y -> x * x * Math.Sin x * y)
        "√(x² + y²)", sqrt (x * x + y * y), Func<_, _, _>(fun x y -> Math.Sqrt(x * x + y * y))
        "exp(−x²)/(1 + y²)",
        exp -(x * x) / (1.0 + y * y),
        Func<_, _, _>(fun x y -> Math.Exp(-(x * x)) / (1.0 + y * y))
        "x > y ? x·y : y − x",
        Expr.where (x .> y) (x * y) (y - x),
        Func<_, _, _>(fun x y -> if x > y then x * y else y - x)
        "max(x, y)·tanh x", Expr.maximum x y * tanh x, Func<_, _, _>(fun x y -> Math.Max(x, y) * Math.Tanh x)
    ]

/// For each formula the nanoseconds of an evaluation, compiled and by hand: medians of rounds that take turns.
let besideHand (rounds: int) : (string * float * float) list =
    let time (f: Func<float, float, float>) =
        let count = 1_000_000
        let start = Stopwatch.GetTimestamp()
        let mutable sum = 0.0

        for i in 0 .. count - 1 do
            let p = float (i &&& 1023) / 512.0
            sum <- sum + f.Invoke(p, 1.5 - p)

        kept <- kept + sum
        (Stopwatch.GetElapsedTime start).TotalNanoseconds / float count

    byHand
    |> List.map (fun (name, f, hand) ->
        let compiled = ScalarFunction.of2 x y f

        for p, q in [ 1.5, 0.25; -0.5, 2.0; 0.0, -1.0 ] do
            if abs (compiled.Invoke(p, q) - hand.Invoke(p, q)) > 1e-15 then
                invalidOp $"{name} differs at {p}, {q}"

        for _ in 1..40 do
            time compiled + time hand |> ignore

        let times = Array.init rounds (fun _ -> struct (time compiled, time hand))
        let median f = times |> Array.map f |> Array.sort |> Array.item (rounds / 2)
        name, median (fun (struct (c, _)) -> c), median (fun (struct (_, h)) -> h))
