namespace DL1

open System
open System.Collections.Generic
open DL1.Pattern

/// A product taken apart: a coefficient, and bases with their exponents.
type internal Term = { Coefficient: float; Factors: (Expr * float) list }

/// Products and sums taken apart into terms, and terms written again as a mathematician would.
[<RequireQualifiedAccess>]
module internal Term =
    // What is larger is left alone, so that each step takes bounded time and a chain of any length linear time.
    let private mostVisited = 64

    let isWhole (v: float) = v = floor v && abs v < 1e9

    let ofNumber c = { Coefficient = c; Factors = [] }

    let scale c (t: Term) = { t with Coefficient = c * t.Coefficient }

    /// Adds the exponents of equal bases, in the order in which the bases first stand.
    let gather (factors: (Expr * float) list) =
        let totals = Dictionary<Digest, float>()

        for e, n in factors do
            match totals.TryGetValue e.Digest with
            | true, total -> totals[e.Digest] <- total + n
            | false, _ -> totals[e.Digest] <- n

        [
            for e in List.distinct (List.map fst factors) do
                if totals[e.Digest] <> 0.0 then
                    e, totals[e.Digest]
        ]

    let times (s: Term) (t: Term) =
        { Coefficient = s.Coefficient * t.Coefficient; Factors = gather (s.Factors @ t.Factors) }

    /// What two terms must share to be like terms: their factors, in whatever order they stand.
    let key (t: Term) = t.Factors |> List.map (fun (e, n) -> e.Digest, n) |> List.sort

    /// A sum as signed operands, in order; `None` where there are too many.
    let private signed (e: Expr) : (Expr * float) list option =
        let found = List<Expr * float>()
        let rest = Stack [ e, 1.0 ]
        let mutable visited = 0

        while rest.Count > 0 && visited <= mostVisited do
            visited <- visited + 1
            let e, sign = rest.Pop()

            match e with
            | Add(x, y) ->
                rest.Push(y, sign)
                rest.Push(x, sign)
            | Sub(x, y) ->
                rest.Push(y, -sign)
                rest.Push(x, sign)
            | Neg x -> rest.Push(x, -sign)
            | _ -> found.Add(e, sign)

        if rest.Count > 0 then None else Some(List.ofSeq found)

    /// A product taken apart; `None` where it is too long, or a number in it is 0 or not finite. `onExp` says
    /// what exp u is a product of.
    let private takeApart (onExp: Expr -> (Expr * float) list) (e: Expr) : Term option =
        let found = List<Expr * float>()
        let rest = Stack [ e, 1.0 ]
        let mutable coefficient = 1.0
        let mutable visited = 0

        // Only whole exponents reach what is inside a product: √(x²) is not x.
        while rest.Count > 0 && visited <= mostVisited do
            visited <- visited + 1
            let e, n = rest.Pop()

            match e with
            | Number v when v <> 0.0 && Double.IsFinite v -> coefficient <- coefficient * Math.Pow(v, n)
            // 0/0 and ∞/∞ do not cancel.
            | Number _ -> coefficient <- nan
            | Neg x ->
                coefficient <- coefficient * Math.Pow(-1.0, n)
                rest.Push(x, n)
            | Mul(x, y) ->
                rest.Push(y, n)
                rest.Push(x, n)
            | Div(x, y) ->
                rest.Push(y, -n)
                rest.Push(x, n)
            | Reciprocal x -> rest.Push(x, -n)
            | Pow(x, Number m) when isWhole m && m <> 0.0 -> rest.Push(x, m * n)
            | Pow(x, Number m) when m <> 0.0 && Double.IsFinite m -> found.Add(x, m * n)
            | Sqrt x -> found.Add(x, 0.5 * n)
            | Rsqrt x -> found.Add(x, -0.5 * n)
            | Exp u -> found.AddRange(onExp u |> List.map (fun (e, m) -> e, m * n))
            | _ -> found.Add(e, n)

        if rest.Count > 0 || coefficient = 0.0 || not (Double.IsFinite coefficient) then
            None
        else
            Some { Coefficient = coefficient; Factors = gather (List.ofSeq found) }

    let private whole u = [ exp u, 1.0 ]

    let private power (e: Expr) (exponent: float) =
        match exponent with
        | 1.0 -> e
        | 0.5 -> sqrt e
        | n -> Expr.Pow(e, n)

    /// A coefficient as numerator and denominator, where a small denominator reads better than decimals.
    let private fraction (c: float) underLine =
        let reads q =
            let p = c * float q
            isWhole p && abs p < 1000.0 && p / float q = c

        let inverse = 1.0 / c

        match List.tryFind reads [ 1; 2; 3; 4; 6; 7; 8; 9 ] with
        // 2.5·x stays as it is, but 0.5·x is x/2.
        | Some q when not underLine && isWhole (100.0 * c) && abs (c * float q) <> 1.0 -> c, 1.0
        | Some q -> c * float q, float q
        | None when underLine && isWhole inverse -> float (sign c), abs inverse
        | None when underLine ->
            match List.tryFind reads [ 12; 16; 24; 32; 48; 64; 128; 256 ] with
            | Some q -> c * float q, float q
            | None -> c, 1.0
        | None -> c, 1.0

    let private isVariable (e: Expr, _: float) =
        match e.Node with
        | Node.Variable _ -> true
        | _ -> false

    /// sin u / cos u is tan u, to any power; sinh u / cosh u is tanh u.
    let private quotients (factors: (Expr * float) list) =
        let rule factors (e: Expr, n: float) =
            let merge (cosine: Expr) (tangent: Expr) =
                if List.contains (cosine, -n) factors then
                    factors
                    |> List.filter (fun f -> f <> (cosine, -n))
                    |> List.map (fun f -> if f = (e, n) then tangent, n else f)
                else
                    factors

            match e.Node with
            | Node.Unary(UnaryOp.Sin, u) when n > 0.0 -> merge (cos u) (tan u)
            | Node.Unary(UnaryOp.Sinh, u) when n > 0.0 -> merge (cosh u) (tanh u)
            | _ -> factors

        List.fold rule factors factors

    let private product (es: Expr list) =
        match es with
        | [] -> None
        | e :: rest -> Some(List.fold (*) e rest)

    let private number (like: Expr) v = Expr.full like.DType (like.Shape.ToList()) v

    /// Variables first, then the rest, each in the order given; what has a negative exponent, under a line.
    let private writeProduct (like: Expr) (t: Term) =
        let variables, others = quotients t.Factors |> List.partition isVariable
        let factors = variables @ others
        let above = factors |> List.filter (fun (_, n) -> n > 0.0) |> List.map (fun (e, n) -> power e n)
        let below = factors |> List.filter (fun (_, n) -> n < 0.0) |> List.map (fun (e, n) -> power e -n)
        let number = number like
        let p, q = fraction t.Coefficient (not below.IsEmpty)

        let numerator =
            match product above with
            | Some e -> if abs p = 1.0 then e else number (abs p) * e
            | None -> number (abs p)

        let denominator =
            match product below with
            | Some e -> Some(if q = 1.0 then e else number q * e)
            | None -> if q = 1.0 then None else Some(number q)

        let quotient =
            match denominator with
            | Some d -> numerator / d
            | None -> numerator

        if p < 0.0 then -quotient else quotient

    let private writeFactors like (t: Term) =
        if t.Factors.IsEmpty then number like t.Coefficient else writeProduct like t

    /// Terms added up. Numbers stand last, and a sum does not begin with a minus where it can begin otherwise.
    let private writeSumOf (write: Term -> Expr) (like: Expr) (terms: Term list) =
        let numbers, others = terms |> List.partition (fun t -> t.Factors.IsEmpty)

        let ordered =
            let ordered = others @ numbers

            match ordered |> List.tryFindIndex (fun t -> t.Coefficient > 0.0) with
            | Some i when i > 0 -> ordered[i] :: List.removeAt i ordered
            | _ -> ordered

        let add sum (t: Term) = if t.Coefficient < 0.0 then sum - write (scale -1.0 t) else sum + write t

        match ordered with
        | [] -> Expr.zerosLike like
        | first :: rest -> List.fold add (write first) rest

    /// What exp u is a product of: exp(2·x + y) is (exp x)²·exp y.
    let private exponentials (u: Expr) =
        let part (e: Expr, sign) =
            match takeApart whole e with
            | Some t ->
                let unit = writeFactors u { t with Coefficient = 1.0 }
                Some(exp unit, sign * t.Coefficient)
            | None -> None

        match signed u with
        | Some parts when parts |> List.forall (fun part' -> Option.isSome (part part')) ->
            List.choose part parts
        | _ -> whole u

    /// A product taken apart, exponentials into those of the terms of their exponents.
    let ofExpr (e: Expr) : Term option = takeApart exponentials e

    let private isExponential (e: Expr, _: float) =
        match e with
        | Exp _ -> true
        | _ -> false

    /// A term as an expression of a type and shape; its exponentials become one.
    let write (like: Expr) (t: Term) : Expr =
        let exponent (e: Expr, n) =
            match e with
            | Exp u -> takeApart whole u |> Option.map (scale n)
            | _ -> None

        match t.Factors |> List.filter isExponential with
        | [] -> writeFactors like t
        | exps ->
            let together = exp (writeSumOf (writeFactors like) like (List.choose exponent exps))

            let factors =
                t.Factors
                |> List.filter (fun f -> not (isExponential f) || f = exps.Head)
                |> List.map (fun f -> if isExponential f then together, 1.0 else f)

            writeFactors like { t with Factors = factors }

    /// Terms as an expression of a type and shape.
    let writeSum (like: Expr) (terms: Term list) : Expr = writeSumOf (write like) like terms

    /// A sum as terms, like terms apart; `None` where it is too long.
    let ofSum (e: Expr) : Term list option =
        let term (e: Expr, sign) =
            match e with
            | Number v when Double.IsFinite v -> Some(ofNumber (sign * v))
            | _ -> ofExpr e |> Option.map (scale sign)

        match signed e with
        | None -> None
        | Some parts ->
            let terms = List.map term parts
            if List.forall Option.isSome terms then Some(List.choose id terms) else None
