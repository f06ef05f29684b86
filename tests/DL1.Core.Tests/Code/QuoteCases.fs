/// Generated quotations: functions of two numbers made of F#'s operators and functions, conditions, let, tuples and inner
/// functions, from a list of choices.
module DL1.Tests.QuoteCases

open FSharp.Quotations

/// A function that a quotation may call by its name.
[<ReflectedDefinition>]
let bump (x: float) (y: float) = x / (1.0 + x * x + y * y)

/// The same with its arguments in a tuple.
[<ReflectedDefinition>]
let pair (x: float, y: float) = let s = x + y in s * sin s

let private apply1 (f: Expr<float -> float>) (x: Expr<float>) : Expr<float> =
    Expr.Cast(Expr.Application(f, x))

let private unaries: (Expr<float> -> Expr<float>) list =
    [
        fun x -> <@ sin %x @>
        fun x -> <@ cos %x @>
        fun x -> <@ tanh %x @>
        fun x -> <@ atan %x @>
        fun x -> <@ exp (sin %x) @>
        fun x -> <@ log (1.0 + %x * %x) @>
        fun x -> <@ sqrt (1.0 + %x * %x) @>
        fun x -> <@ abs %x @>
        fun x -> <@ -(%x) @>
        fun x -> <@ floor %x * %x @>
        fun x -> <@ round %x + truncate %x - ceil %x @>
        fun x -> <@ %x ** 2.0 + 1.0 @>
        fun x -> <@ asin (sin %x / 2.0) + acos (cos %x / 2.0) @>
        fun x -> <@ sinh (sin %x) + cosh (sin %x) - tan (sin %x) @>
        fun x -> <@ float (sign (%x)) * %x @>
        fun x -> <@ float (float32 %x) @>
        fun x -> <@ %x |> (fun t -> t * t + 1.0) |> sqrt @>
        fun x -> <@ (sin >> cos) %x @>
        fun x -> <@ let t, u = %x + 1.0, 2.0 * %x in t * u @>
        fun x -> <@ let square t = t * t in square (%x) - square 2.0 @>
        fun x -> <@ fst (%x, 1.0) + snd (1.0, %x) @>
        fun x -> <@ bump %x 2.0 @>
        fun x -> <@ pair (%x, 0.5) @>
        fun x -> apply1 <@ fun t -> t * sin t @> x
    ]

let private binaries: (Expr<float> -> Expr<float> -> Expr<float>) list =
    [
        fun x y -> <@ %x + %y @>
        fun x y -> <@ %x - %y @>
        fun x y -> <@ %x * %y @>
        fun x y -> <@ %x / (1.0 + %y * %y) @>
        fun x y -> <@ max %x %y @>
        fun x y -> <@ min %x %y @>
        fun x y -> <@ if %x < %y then %x else 2.0 * %y @>
        fun x y -> <@ if %x > 0.0 && not (%y >= 1.0) || %x = %y then %y else -(%x) @>
        fun x y -> <@ (1.0 + %x * %x) ** sin %y @>
        fun x y -> <@ System.Math.Clamp(%x, -1.0, 1.0) + %y @>
        fun x y -> <@ bump %x %y @>
        fun x y -> <@ pair (%x, %y) @>
        fun x y -> <@ let p = if %x <= %y then (%x, %y) else (%y, %x) in fst p - snd p * snd p @>
    ]

/// A quoted function of two numbers, and how often each form was chosen.
let grown (choices: uint16 list) : Expr<float -> float -> float> =
    let x, y = Var("x", typeof<float>), Var("y", typeof<float>)
    let start: Expr<float> list = [ Expr.Cast(Expr.Var x); Expr.Cast(Expr.Var y); <@ 0.75 @> ]

    let step (made: Expr<float> list) (choice: uint16) =
        let n = int choice
        let pick i = List.item ((n / 5 + i) % min 4 made.Length) made

        if n % 2 = 0 then
            List.item (n / 2 % unaries.Length) unaries (pick 0) :: made
        else
            List.item (n / 2 % binaries.Length) binaries (pick 0) (pick 1) :: made

    let body = List.fold step start (List.truncate 6 choices) |> List.head
    Expr.Cast(Expr.Lambda(x, Expr.Lambda(y, <@ %body + 0.5 * %Expr.Cast<float>(Expr.Var y) @>)))
