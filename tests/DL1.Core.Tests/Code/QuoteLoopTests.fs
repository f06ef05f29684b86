/// Quotations with records, loops, variables that change, and functions of lists and arrays: the values of the code.
module DL1.Tests.QuoteLoopTests

open DL1
open DL1.Tests.Law
open Expecto

type private Point = { X: float; Y: float }

let private weights = [| 2.0; -1.0; 0.5 |]
let private pairs = [ 1.0, 2.0; 3.0, -1.0 ]
let private degree = 4

let private value (f: Expr) (x: float) = Eval.run [ "x", Tensor.scalar x ] f |> Tensor.toFloat

/// Quoted functions of x beside the same code as functions.
let private cases: (string * Quotations.Expr<float -> float> * (float -> float)) list =
    let loop x =
        let mutable s = 0.0

        for i in 0..degree do
            s <- s + x ** float i / float (i + 1)

        s

    let alternating x =
        let mutable s = 0.0

        for i in 0..degree do
            if i % 2 = 0 then s <- s + float i * x else s <- s - x * x

        s

    let nested x =
        let mutable s = 0.0

        for i in 1..3 do
            for j in 1..i do
                s <- s + float (i * j) * x + float (i / j)

        s

    let branches x =
        let mutable s = x
        let mutable t = 1.0

        if x > 0.0 then
            s <- s * 2.0
            t <- s + 1.0
        else
            t <- -s

        s * t

    let down x =
        let mutable s = x

        for i in 3..-1..1 do
            s <- s / 2.0 + float i

        s

    let overArray x =
        let mutable s = 0.0

        for w in weights do
            s <- s * x + w

        s

    let overList x =
        let mutable s = 0.0

        for a, b in pairs do
            s <- s + a * x - b

        s

    [
        "a loop",
        <@
            fun x ->
                let mutable s = 0.0

                for i in 0..degree do
                    s <- s + x ** float i / float (i + 1)

                s
        @>,
        loop
        "conditions that depend on no parameter",
        <@
            fun x ->
                let mutable s = 0.0

                for i in 0..degree do
                    if i % 2 = 0 then s <- s + float i * x else s <- s - x * x

                s
        @>,
        alternating
        "nested loops",
        <@
            fun x ->
                let mutable s = 0.0

                for i in 1..3 do
                    for j in 1..i do
                        s <- s + float (i * j) * x + float (i / j)

                s
        @>,
        nested
        "variables that change in branches",
        <@
            fun x ->
                let mutable s = x
                let mutable t = 1.0

                if x > 0.0 then
                    s <- s * 2.0
                    t <- s + 1.0
                else
                    t <- -s

                s * t
        @>,
        branches
        "a loop downwards",
        <@
            fun x ->
                let mutable s = x

                for i in 3..-1..1 do
                    s <- s / 2.0 + float i

                s
        @>,
        down
        "a loop over an array",
        <@
            fun x ->
                let mutable s = 0.0

                for w in weights do
                    s <- s * x + w

                s
        @>,
        overArray
        "a loop over a list of pairs",
        <@
            fun x ->
                let mutable s = 0.0

                for a, b in pairs do
                    s <- s + a * x - b

                s
        @>,
        overList
        "a fold over a list",
        <@ fun x -> [ 2.0; x; 0.5 ] |> List.fold (fun s w -> s * x + w) 1.0 @>,
        (fun x -> [ 2.0; x; 0.5 ] |> List.fold (fun s w -> s * x + w) 1.0)
        "a fold over an array that is captured",
        <@ fun x -> Array.fold (fun s w -> s * x + w) 0.0 weights @>,
        (fun x -> Array.fold (fun s w -> s * x + w) 0.0 weights)
        "sums",
        <@ fun x -> Array.sum (Array.map (fun w -> w * x) weights) + (weights |> Array.sumBy (fun w -> w + x)) @>,
        (fun x -> Array.sum (Array.map (fun w -> w * x) weights) + (weights |> Array.sumBy (fun w -> w + x)))
        "comprehensions",
        <@
            fun x ->
                List.sum [ for i in 1..3 -> x ** float i ] * Seq.sum (seq { for i in 1..2 -> x + float i })
        @>,
        (fun x -> List.sum [ for i in 1..3 -> x ** float i ] * Seq.sum (seq { for i in 1..2 -> x + float i }))
        "averages and extremes",
        <@ fun x -> List.average [ x; 1.0; 2.0 ] + List.max [ x; 0.5 ] - Array.min [| x; -0.5 |] @>,
        (fun x -> List.average [ x; 1.0; 2.0 ] + List.max [ x; 0.5 ] - Array.min [| x; -0.5 |])
        "places, lengths and pairs",
        <@
            fun x ->
                weights[1] * x
                + float weights.Length
                + (List.zip [ x; 2.0 ] [ 3.0; x ] |> List.sumBy (fun (a, b) -> a * b))
        @>,
        (fun x ->
            weights[1] * x
            + float weights.Length
            + (List.zip [ x; 2.0 ] [ 3.0; x ] |> List.sumBy (fun (a, b) -> a * b)))
        "a record",
        <@
            fun x ->
                let p = { X = x; Y = 2.0 }
                let q = { p with Y = p.X * p.Y }
                q.X - q.Y
        @>,
        (fun x ->
            let p = { X = x; Y = 2.0 }
            let q = { p with Y = p.X * p.Y }
            q.X - q.Y)
    ]

let tests =
    testList
        "QuoteLoop"
        [
            for name, code, run in cases do
                law $"{name}: the formula computes what the code computes" (fun (p: sbyte) ->
                    let x = float p / 16.0
                    value (Quote.expr code) x = run x)
            test "a record is a parameter for each field" {
                let inputs, f =
                    Quote.lambda <@ fun (a: Point) (b: Point) -> (a.X - b.X) ** 2.0 + (a.Y - b.Y) ** 2.0 @>

                Expect.equal (inputs |> List.map _.Label) [ "a.X"; "a.Y"; "b.X"; "b.Y" ] ""
                let at = [ "a.X", 1.0; "a.Y", 2.0; "b.X", 4.0; "b.Y", 6.0 ]
                let value = Eval.run [ for name, v in at -> name, Tensor.scalar v ] f
                Expect.equal value (Tensor.scalar 25.0) ""
            }
            test "a loop reads as it is written out" {
                let f =
                    Quote.expr
                        <@
                            fun x ->
                                let mutable s = 0.0

                                for i in 1..3 do
                                    s <- s + x ** float i

                                s
                        @>

                Expect.equal
                    (string (Symbolic.derivative (Expr.symbol "x") f))
                    "2·x + 3·x² + 1"
                    "its derivative"
            }
        ]
