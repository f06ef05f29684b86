namespace DL1

open System.Collections.Generic
open DL1.Pattern

/// Sums as lists of (coefficient, term), and products as a coefficient and a list of (base, exponent): like terms and
/// like factors meet, and the result is written as a mathematician would. Terms keep the order in which they first
/// stood.
[<RequireQualifiedAccess>]
module internal Collect =
    // A longer sum or product is left alone, so that a chain of any length is simplified in linear time.
    let private most = 64

    /// Adds up what has the same key, in the order of first appearance.
    let private gatherBy (key: Expr -> Digest) (items: (Expr * float) list) : (Expr * float) list =
        let totals = Dictionary<Digest, float>()
        let order = List<Expr>()

        for e, amount in items do
            match totals.TryGetValue(key e) with
            | true, total -> totals[key e] <- total + amount
            | false, _ ->
                totals[key e] <- amount
                order.Add e

        [ for e in order do
              if totals[key e] <> 0.0 then
                  e, totals[key e] ]

    let private gather items = gatherBy (fun e -> e.Digest) items

    let private isWhole (v: float) = v = floor v && abs v < 1e9

    /// A product taken apart: coefficient, and factors with their exponents.
    let rec private factors (e: Expr) : float * (Expr * float) list =
        let together (a, fs) (b, gs) = a * b, fs @ gs
        let inverse (a, fs) = 1.0 / a, fs |> List.map (fun (f, n) -> f, -n)

        match e with
        | Number v when v <> 0.0 && System.Double.IsFinite v -> v, []
        | Neg x ->
            let c, fs = factors x
            -c, fs
        | Mul(x, y) -> together (factors x) (factors y)
        | Div(x, y) -> together (factors x) (inverse (factors y))
        | Reciprocal x -> inverse (factors x)
        // (a·b)ⁿ is taken apart for whole n alone: √(x²) is not x.
        | Pow(x, Number n) when isWhole n && n <> 0.0 ->
            let c, fs = factors x
            System.Math.Pow(c, n), fs |> List.map (fun (f, m) -> f, m * n)
        | Pow(x, Number n) when n <> 0.0 && System.Double.IsFinite n -> 1.0, [ x, n ]
        | Sqrt x -> 1.0, [ x, 0.5 ]
        | Rsqrt x -> 1.0, [ x, -0.5 ]
        | _ -> 1.0, [ e, 1.0 ]

    let private power (e: Expr) (exponent: float) =
        match exponent with
        | 1.0 -> e
        | 0.5 -> sqrt e
        | n -> Expr.Pow(e, n)

    let private product (es: Expr list) =
        match es with
        | [] -> None
        | e :: rest -> Some(List.fold (*) e rest)

    /// A coefficient as numerator and denominator: 1/n for a small whole n, unless a decimal reads better.
    let private fraction (c: float) underLine =
        let inverse = 1.0 / c

        if isWhole inverse && abs inverse > 1.0 && (underLine || (abs inverse < 10.0 && abs inverse <> 5.0)) then
            (if c < 0.0 then -1.0 else 1.0), abs inverse
        else
            c, 1.0

    let private write (like: Expr) (c: float) (fs: (Expr * float) list) =
        let above = fs |> List.filter (fun (_, n) -> n > 0.0) |> List.map (fun (e, n) -> power e n)
        let below = fs |> List.filter (fun (_, n) -> n < 0.0) |> List.map (fun (e, n) -> power e -n)
        let number v = Expr.full like.DType (like.Shape.ToList()) v
        let p, q = fraction c (not below.IsEmpty)
        let isNegative = p < 0.0
        let p = abs p

        let numerator =
            match product above with
            | Some e -> if p = 1.0 then e else number p * e
            | None -> number p

        let denominator =
            match product below with
            | Some e -> Some(if q = 1.0 then e else number q * e)
            | None -> if q = 1.0 then None else Some(number q)

        let quotient =
            match denominator with
            | Some d -> numerator / d
            | None -> numerator

        match quotient with
        | Number v when isNegative -> number -v
        | _ -> if isNegative then -quotient else quotient

    /// A product with like factors collected.
    let ofProduct (e: Expr) : Expr option =
        let c, fs = factors e

        if fs.Length > most || not (System.Double.IsFinite c) then None else Some(write e c (gather fs))

    /// A sum taken apart: terms with their coefficients; the number 1 stands for what has no term.
    let rec private terms (one: Expr) (sign: float) (e: Expr) (budget: int) : (Expr * float) list =
        let opaque () =
            match e with
            | Number v -> [ one, sign * v ]
            | _ ->
                let c, fs = factors e

                if fs.Length > most || not (System.Double.IsFinite c) then [ e, sign ]
                else [ write e 1.0 (gather fs), sign * c ]

        if budget = 0 then
            [ e, sign ]
        else
            match e with
            | Add(x, y) -> terms one sign x (budget - 1) @ terms one sign y (budget - 1)
            | Sub(x, y) -> terms one sign x (budget - 1) @ terms one -sign y (budget - 1)
            | Neg x -> terms one -sign x (budget - 1)
            | _ -> opaque ()

    /// A term by its factors alone, in whatever order they stand.
    let private key (e: Expr) =
        let _, fs = factors e
        (write e 1.0 (gather fs |> List.sortBy (fun (f, _) -> f.Digest))).Digest

    /// A sum with like terms collected: positive terms first, numbers last.
    let ofSum (e: Expr) : Expr option =
        let one = Expr.onesLike e
        let all = terms one 1.0 e 12

        if all.Length > most then
            None
        else
            let collected = gatherBy key all
            let numbers, others = collected |> List.partition (fun (t, _) -> t = one)
            let ordered = others @ numbers

            // A sum does not begin with a minus where it can begin otherwise.
            let ordered =
                match ordered |> List.tryFindIndex (fun (_, c) -> c > 0.0) with
                | Some i when i > 0 -> ordered[i] :: List.removeAt i ordered
                | _ -> ordered

            let term (t: Expr) c =
                if t = one then
                    Expr.full e.DType (e.Shape.ToList()) c
                else
                    let d, fs = factors t
                    write t (c * d) (gather fs)

            match ordered with
            | [] -> Some(Expr.zerosLike e)
            | (first, c) :: rest ->
                let add sum (t, c) =
                    if c < 0.0 then sum - term t -c else sum + term t c

                Some(List.fold add (term first c) rest)
