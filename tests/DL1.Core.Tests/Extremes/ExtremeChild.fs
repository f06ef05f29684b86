/// A child process that tries cases of extreme attributes, one line of output before each and one after it: what a case
/// does to the process, its parent sees.
module DL1.Tests.ExtremeChild

open System
open DL1
open DL1.Tests.Dice
open DL1.Tests.ExtremeExprs
open Expecto
open DL1.Compiler.Simd

/// The argument that makes the test program such a child.
let argument = "--extremes"

/// More elements than these, in all nodes together, are planned but not computed: a case takes milliseconds.
let private most = 300000L

let private elements (roots: Expr list) = Graph.topological roots |> Seq.sumBy (fun e -> int64 e.Shape.Size)

/// The steps of the loops of a graph, which may be many over small values.
let private steps (roots: Expr list) =
    Graph.topological roots
    |> Seq.sumBy (fun e ->
        match e.Node with
        | Node.Scan(_, call) -> int64 call.Length
        | Node.Conv(_, _, a, b) -> int64 a.Shape.Size * int64 b.Shape.Size
        | _ -> 0L)

/// Refusals are answers: the value, or none.
let private answer (f: unit -> 'a) =
    try
        Some(f ())
    with :? DL1Error ->
        None

let private same (a: Tensor) (b: Tensor) =
    a.Shape = b.Shape && (Tensor.sameBits a b || Tensor.allClose 1e-4 1e-4 a b)

/// The value, or the refusal.
let private attempt (f: unit -> 'a) =
    try
        Ok(f ())
    with :? DL1Error as e ->
        Error e

/// Whether it was memory that was refused, of which Eval and compiled code need different amounts.
let private isMemory (e: DL1Error) =
    e.Expected.Contains("this process can have", StringComparison.Ordinal)
    || e.Given.Contains("bytes", StringComparison.Ordinal)

/// Eval and compiled code agree on a graph where both give values.
let private agrees (givens: Given list) (roots: Expr list) =
    let variables = Graph.variables roots
    let value (v: Variable) = (givens |> List.find (fun g -> g.Variable.Label = v.Name)).Value

    if elements roots <= most && steps roots <= most then
        let values = List.map value variables
        let meant = attempt (fun () -> Eval.prepare variables roots values)
        let found = attempt (fun () -> Compile.prepareOn Simd.widest true 2 variables roots values)

        match meant, found with
        | Ok meant, Ok found ->
            if not (List.forall2 same meant found) then
                failtest $"Eval gives {meant}, compiled code {found}"
        | Ok _, Error e
        | Error e, Ok _ ->
            if not (isMemory e) then
                failtest $"one of Eval and compiled code computes what the other refuses: {e.Message}"
        | Error _, Error _ -> ()
    else
        // Its plan is made all the same.
        answer (fun () -> Compile.explain variables roots) |> ignore

/// An expression, its gradients, and its text read back.
let private tryExpression (form: Givens -> Expr) (d: Dice) =
    let givens = Givens d

    match answer (fun () -> form givens) with
    | None -> false
    | Some y ->
        agrees givens.All [ y ]

        // A constant of millions has a text as long.
        if elements [ y ] <= most then
            match answer (fun () -> Parse.expr (Text.ascii y)) with
            | Some again when again = y -> ()
            | _ -> failtest $"its text is not read back: {Text.ascii y}"

        if y.DType.IsFloat && d.Flag then
            let variables = givens.All |> List.map _.Variable |> List.filter (fun v -> v.DType.IsFloat)

            answer (fun () -> Grad.grad (Expr.sumAll (y * y)) variables)
            |> Option.iter (fun gradients -> agrees givens.All (y :: gradients))

        true

let private tryText (d: Dice) =
    match answer (fun () -> Parse.expr (ExtremeCalls.hostile d)) with
    | None -> false
    | Some e ->
        let givens =
            Graph.variables [ e ]
            |> List.choose (fun v ->
                answer (fun () ->
                    {
                        Variable = Expr.ofVariable v
                        Value =
                            // Extents that were made extreme have no values here.
                            if v.Shape.Size > 100000 then Tensor.zeros v.DType []
                            elif v.DType.IsFloat then d.Tensor(v.DType, v.Shape.ToList())
                            else Tensor.zeros v.DType (v.Shape.ToList())
                    }))

        if givens |> List.forall (fun g -> g.Value.Shape = g.Variable.Shape) then
            agrees givens [ e ]

        true

let private tryCall (call: Dice -> unit) (d: Dice) = answer (fun () -> call d) |> Option.isSome

/// The kinds of cases; one that gives a value answers true, one that is refused false.
let private kinds: (string * (Dice -> bool))[] =
    [|
        for name, form in ExtremeExprs.all do
            name, tryExpression form
        for name, call in ExtremeCalls.all do
            name, tryCall call
        for _ in 1..4 do
            "text", tryText
    |]

/// The name of a case.
let name number = $"case {number} ({fst kinds[number % kinds.Length]})"

/// Tries the cases from one number to another, which is excluded.
let run (first: int) (last: int) : int =
    let mutable wrong = 0

    for number in first .. last - 1 do
        Console.Out.WriteLine $"begins {number}"
        Console.Out.Flush()

        try
            let isValue = snd kinds[number % kinds.Length] (Dice number)
            Console.Out.WriteLine(if isValue then "value" else "refused")
        with e ->
            wrong <- wrong + 1
            let text = $"wrong {name number}: {e.GetType().Name}: {e.Message} {e.StackTrace}"
            Console.Out.WriteLine(text.ReplaceLineEndings " ")

    if wrong = 0 then 0 else 1
