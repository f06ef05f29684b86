/// F# code as expressions: the values of the code, derivatives that agree with differences, and refusals that name the piece.
module DL1.Tests.QuoteTests

open System
open DL1
open DL1.Tests.Law
open Expecto
open FSharp.Linq.RuntimeHelpers

let private run (code: Quotations.Expr<float -> float -> float>) : float -> float -> float =
    match LeafExpressionConverter.EvaluateQuotation code with
    | :? (float -> float -> float) as f -> f
    | other -> invalidOp $"{other}"

let private same (a: float) (b: float) = a = b || (Double.IsNaN a && Double.IsNaN b)

let private value (f: Expr) (x: float) (y: float) =
    Eval.run [ "x", Tensor.scalar x; "y", Tensor.scalar y ] f |> Tensor.toFloat

/// A central difference, extrapolated, and how far its last two values lie apart; none where no bounds are near.
let private difference (f: float -> float) (x: float) =
    let central h = (f (x + h) - f (x - h)) / (2.0 * h)
    let finer h = (4.0 * central (h / 2.0) - central h) / 3.0
    let first, second = finer 2e-3, finer 1e-3
    second, abs (first - second)

let private refusal (make: unit -> Expr) =
    try
        make () |> string
    with :? DomainError as error ->
        error.Message

type private Holder(scale: float) =
    member _.Scale = scale

let private opaque (x: float) = x * x

[<ReflectedDefinition>]
let rec private endless (x: float) : float = endless (x + 1.0)

let private cases = 300

let tests =
    testList
        "Quote"
        [
            testPropertyWithConfig
                { config with maxTest = cases }
                "the formula computes what the code computes"
                (fun choices (p: sbyte) (q: sbyte) ->
                    let code = QuoteCases.grown choices
                    let f = Quote.expr code
                    let x, y = float p / 16.0, float q / 16.0
                    same (value f x y) (run code x y))
            test "the derivatives of generated code agree with differences" {
                let random = Random 7
                let mutable unclear, clear = 0, 0

                for _ in 1..cases do
                    let choices = [ for _ in 1..6 -> uint16 (random.Next 65536) ]
                    let code = QuoteCases.grown choices
                    let f, gradient = run code, Quote.gradient code
                    let x, y = random.NextDouble() * 4.0 - 2.0, random.NextDouble() * 4.0 - 2.0

                    for slope, along, at in
                        [ gradient[0], (fun v -> f v y), x; gradient[1], (fun v -> f x v), y ] do
                        let expected, doubt = difference along at

                        if Double.IsFinite expected && doubt < 1e-5 * (1.0 + abs expected) then
                            clear <- clear + 1
                            let actual = value slope x y

                            Expect.isLessThan
                                (abs (actual - expected))
                                (1e-4 * (1.0 + abs expected))
                                $"{code} at {x}, {y}: {slope}"
                        else
                            unclear <- unclear + 1

                Expect.isLessThan unclear (clear / 3) "few points are near kinks"
            }
            test "a quotation reads as its formula" {
                let f = Quote.expr <@ fun x -> (x - 2.0) ** 2.0 + 3.0 @>
                Expect.equal (string f) "(x − 2)² + 3" ""
                Expect.equal (string (Symbolic.derivative (Expr.symbol "x") f)) "2·(x − 2)" "its derivative"
                let slopes = Quote.gradient <@ fun (a: float) b c -> (a + b) * (b - c) @>
                Expect.equal (List.map string slopes) [ "b − c"; "2·b − c + a"; "−a − b" ] ""
            }
            test "parameters are curried or tupled, of float or float32" {
                let names code = Quote.lambda code |> fst |> List.map (fun e -> $"{e.Label}: {e.DType}")

                Expect.equal
                    (names <@ fun (a: float) (b: float32) -> a + float b @>)
                    [ "a: f64"; "b: f32" ]
                    ""

                Expect.equal
                    (names <@ fun (a: float, b) c -> a * b - c @>)
                    [ "a: f64"; "b: f64"; "c: f64" ]
                    ""

                Expect.equal (names <@ 2.0 @>) [] "none"
                Expect.equal (Quote.expr <@ fun (x: float32) -> sin x * 2.0f @>).DType DType.F32 ""
            }
            test "what is captured is a constant" {
                let scale, count, holder, table = 3.0, 7, Holder 0.5, [| 1.0; 4.0 |]

                let f =
                    Quote.expr
                        <@ fun x -> scale * x + float (count / 2) + holder.Scale + table[1] + Math.PI @>

                Expect.equal (value f 2.0 0.0) (6.0 + 3.0 + 0.5 + 4.0 + Math.PI) ""
            }
            test "patterns and remainders are read" {
                let f =
                    Quote.expr
                        <@
                            fun x ->
                                match x with
                                | 0.0 -> 1.0
                                | x when x > 2.0 -> x % 0.7
                                | _ -> sin x / x
                        @>

                Expect.equal (value f 0.0 0.0) 1.0 ""
                Expect.equal (value f 5.3 0.0) (5.3 % 0.7) ""
                Expect.equal (value f 1.0 0.0) (sin 1.0) ""
            }
            test "powers and logarithms are near" {
                let f = Quote.expr <@ fun x -> pown x 5 + log10 x + atan2 x -2.0 @>

                for x in [ 0.1; 1.0; 3.3; 1000.0 ] do
                    let expected = pown x 5 + log10 x + atan2 x -2.0
                    Expect.isLessThan (abs (value f x 0.0 - expected)) (1e-15 * 8.0 * abs expected) ""
            }
            test "what cannot be read is named, with its place" {
                let expectations =
                    [
                        refusal (fun () -> Quote.expr <@ fun x -> 1.0 + opaque x @>),
                        "the call of QuoteTests.opaque"
                        refusal (fun () -> Quote.expr <@ fun x -> endless x @>),
                        "a function that calls itself"
                        refusal (fun () -> Quote.expr <@ fun (n: int) -> float n @>),
                        "write (n: float); F# takes numbers to be int"
                        refusal (fun () -> Quote.expr <@ fun (xs: float[]) -> Array.sum xs @>),
                        "a parameter xs, an array whose number of elements the code does not say"
                        refusal (fun () -> Quote.expr <@ fun (xs: float list) -> List.sum xs @>),
                        "define xs outside of the quotation"
                        refusal (fun () -> Quote.expr <@ fun x -> x > 0.0 @>), "a truth value as the result"
                        refusal (fun () -> Quote.expr <@ fun (x: float) -> float (sign x / 2) @>),
                        "a division of whole numbers"
                        refusal (fun () -> Quote.expr <@ fun (x: float) -> float (int x) @>),
                        "the call of ToInt"
                        refusal (fun () -> Quote.expr <@ fun (x: float) -> (x, x) @>),
                        "a result that is no number"
                        refusal (fun () -> Quote.expr <@ fun x -> Math.Clamp(x, 2.0, 1.0) @>),
                        "the bounds 2 and 1"
                        refusal (fun () ->
                            Quote.expr <@ fun x -> List.sortDescending [ x; 1.0 ] |> List.head @>),
                        "the call of ListModule.SortDescending"
                        refusal (fun () ->
                            Quote.expr
                                <@
                                    fun x ->
                                        try
                                            1.0 / x
                                        with _ ->
                                            0.0
                                @>),
                        "a try, which a formula cannot make"
                        refusal (fun () ->
                            Quote.expr
                                <@
                                    fun x ->
                                        Printf.printfn "%f" x
                                        x * x
                                @>),
                        "output, which a formula cannot make"
                        refusal (fun () -> Quote.expr <@ fun x -> if x > 0.0 then x else failwith "no" @>),
                        "an exception, which a formula cannot raise"
                        refusal (fun () ->
                            Quote.expr
                                <@
                                    fun x ->
                                        match Some x with
                                        | Some y -> y
                                        | None -> 0.0
                                @>),
                        "a case of the union"
                        refusal (fun () ->
                            Quote.expr
                                <@
                                    fun x ->
                                        let mutable s = x

                                        while s < 1.0 do
                                            s <- s + 1.0

                                        s
                                @>),
                        "a loop by while, whose number of steps is not known"
                        refusal (fun () ->
                            Quote.expr
                                <@
                                    fun (x: float) ->
                                        let mutable s = x

                                        for i in 0..1_000_000 do
                                            s <- s + x

                                        s
                                @>),
                        "more than 10000 steps"
                        refusal (fun () ->
                            Quote.expr
                                <@
                                    fun (x: float) ->
                                        let mutable s = 0.0

                                        for i in 0 .. sign x do
                                            s <- s + x

                                        s
                                @>),
                        "a bound of a loop that depends on a parameter"
                        refusal (fun () -> Quote.expr <@ fun (x: float) -> [ x; 1.0 ][2] @>),
                        "the place 2 of 2"
                    ]

                for message, piece in expectations do
                    Expect.stringContains message piece ""

                Expect.stringContains (fst (List.head expectations)) "in QuoteTests.fs, line" "the place"
            }
        ]
