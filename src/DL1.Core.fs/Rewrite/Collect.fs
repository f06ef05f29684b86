namespace DL1

open System.Collections.Generic
open DL1.Pattern

/// Like terms and like factors meet, common factors come before the parenthesis, fractions get one denominator, and
/// products are multiplied out: each where the formula becomes shorter.
[<RequireQualifiedAccess>]
module internal Collect =
    // Longer formulas are only collected: a shorter form is looked for where a reader would look for one.
    let private longest = 150
    let private mostTerms = 24

    let private length e = Length.upTo longest e

    /// Adds up like terms, in the order in which they first stand.
    let private gather (terms: Term list) : Term list =
        let totals = Dictionary<(Digest * float) list, float>()

        for t in terms do
            let key = Term.key t

            match totals.TryGetValue key with
            | true, total -> totals[key] <- total + t.Coefficient
            | false, _ -> totals[key] <- t.Coefficient

        terms
        |> List.distinctBy Term.key
        |> List.map (fun t -> { t with Coefficient = totals[Term.key t] })
        |> List.filter (fun t -> t.Coefficient <> 0.0)

    /// Two squares that differ from a third by an identity: sin² + cos² = 1, cosh² − sinh² = 1. The first of a term's
    /// factors, its partner, and the sign between them.
    let private partner (e: Expr) =
        match e.Node with
        | Node.Unary(UnaryOp.Sin, u) -> Some(cos u, 1.0)
        | Node.Unary(UnaryOp.Cos, u) -> Some(sin u, 1.0)
        | Node.Unary(UnaryOp.Cosh, u) -> Some(sinh u, -1.0)
        | _ -> None

    let private squared (e: Expr) = { Coefficient = 1.0; Factors = [ e, 2.0 ] }

    /// Makes c·(f² ± g²) to c, and c − c·f² to c·g².
    let rec private pythagoras (terms: Term list) : Term list =
        let found =
            terms
            |> List.tryPick (fun t ->
                t.Factors
                |> List.tryPick (fun (f, n) ->
                    match partner f with
                    | Some(g, sign) when n >= 2.0 ->
                        let rest = Term.times t { Coefficient = 1.0; Factors = [ f, -2.0 ] }
                        let others = terms |> List.filter (fun s -> s <> t)

                        let replace (s: Term) by =
                            match
                                others
                                |> List.tryFind (fun o ->
                                    Term.key o = Term.key s && o.Coefficient = s.Coefficient)
                            with
                            | Some o ->
                                Some(
                                    terms
                                    |> List.choose (fun u ->
                                        if u = t then Some by
                                        elif u = o then None
                                        else Some u)
                                )
                            | None -> None

                        match replace (Term.times rest (Term.scale sign (squared g))) rest with
                        | Some shorter -> Some shorter
                        // c·f² − c = −c·g² for the circle, c·g² for the hyperbola.
                        | None ->
                            replace (Term.scale -1.0 rest) (Term.times rest (Term.scale -sign (squared g)))
                    | _ -> None))

        match found with
        | Some shorter -> pythagoras (gather shorter)
        | None -> terms

    let private collect terms = gather terms |> pythagoras

    /// The terms of a sum that stands as a factor.
    let private asSum (e: Expr) =
        match e with
        | Add _
        | Sub _ -> Term.ofSum e
        | _ -> None

    /// Multiplies out a term: its factors that are sums, to small powers; `None` where nothing can be or too much
    /// would come of it.
    let private multiplyOut (t: Term) : Term list option =
        let step (terms: Term list) (e: Expr, n: float) =
            let multiply (factor: Term list) =
                if terms.Length * factor.Length > mostTerms then
                    terms |> List.map (fun t -> Term.times t { Coefficient = 1.0; Factors = [ e, n ] })
                else
                    List.allPairs terms factor |> List.map (fun (s, t) -> Term.times s t)

            match asSum e with
            | Some sum when n = 1.0 -> multiply sum
            | Some sum when n = 2.0 ->
                multiply (List.allPairs sum sum |> List.map (fun (s, t) -> Term.times s t) |> gather)
            | _ -> terms |> List.map (fun t -> Term.times t { Coefficient = 1.0; Factors = [ e, n ] })

        if t.Factors |> List.exists (fun (e, n) -> (n = 1.0 || n = 2.0) && Option.isSome (asSum e)) then
            Some(List.fold step [ Term.ofNumber t.Coefficient ] t.Factors)
        else
            None

    let private multipliedOut (terms: Term list) : Term list option =
        let each = List.map multiplyOut terms

        if List.exists Option.isSome each then
            List.map2 (fun t expanded -> Option.defaultValue [ t ] expanded) terms each
            |> List.concat
            |> collect
            |> Some
        else
            None

    /// Only numbers multiplied into sums.
    let private numbersMultipliedIn (terms: Term list) : Term list option =
        let each =
            terms
            |> List.map (fun t ->
                match t.Factors with
                | [ e, 1.0 ] -> asSum e |> Option.map (List.map (Term.scale t.Coefficient))
                | _ -> None)

        if List.exists Option.isSome each then
            List.map2 (fun t expanded -> Option.defaultValue [ t ] expanded) terms each
            |> List.concat
            |> collect
            |> Some
        else
            None

    let rec private gcd (a: float) (b: float) = if b = 0.0 then a else gcd b (a % b)

    /// What the coefficients share: their greatest common divisor over a small common denominator, or their common
    /// magnitude.
    let private commonCoefficient (terms: Term list) =
        let magnitudes = terms |> List.map (fun t -> abs t.Coefficient)
        let scaled q = List.map (fun c -> c * q) magnitudes

        match
            [ 1.0; 2.0; 3.0; 4.0; 6.0; 8.0; 9.0; 12.0; 16.0 ]
            |> List.tryFind (scaled >> List.forall Term.isWhole)
        with
        | Some q -> List.reduce gcd (scaled q) / q
        | None when List.forall (fun c -> c = magnitudes.Head) magnitudes -> magnitudes.Head
        | None -> 1.0

    /// The power of a base that all terms share; a common denominator counts as shared by what lacks it.
    let private commonPower (terms: Term list) (e: Expr) =
        let powers =
            terms
            |> List.map (fun t -> t.Factors |> List.tryPick (fun (f, n) -> if f = e then Some n else None))
            |> List.map (Option.defaultValue 0.0)

        match e with
        | Exp _ when List.forall (fun n -> n > 0.0) powers -> List.min powers
        | Exp _ when List.forall (fun n -> n < 0.0) powers -> List.max powers
        | Exp _ -> 0.0
        | _ -> List.min powers

    /// The common factor of terms, and what remains of them.
    let private factorOut (terms: Term list) : (Term * Term list) option =
        let bases = terms |> List.collect (fun t -> List.map fst t.Factors) |> List.distinct

        let common =
            {
                Coefficient = commonCoefficient terms
                Factors =
                    bases
                    |> List.map (fun e -> e, commonPower terms e)
                    |> List.filter (fun (_, n) -> n <> 0.0)
            }

        if common = Term.ofNumber 1.0 then
            None
        else
            let inverse =
                {
                    Coefficient = 1.0 / common.Coefficient
                    Factors = common.Factors |> List.map (fun (e, n) -> e, -n)
                }

            Some(common, terms |> List.map (Term.times inverse) |> collect)

    /// The forms of the same sum that are worth comparing; of equally short ones, the first is taken.
    let private forms (terms: Term list) =
        terms :: List.choose (fun f -> f terms) [ numbersMultipliedIn; multipliedOut ]

    let private shortest (es: Expr list) = List.minBy length es

    /// Whether only numbers and powers of variables make up a sum.
    let private isPolynomial (terms: Term list) =
        terms
        |> List.forall (fun t ->
            t.Factors
            |> List.forall (fun (e, n) ->
                match e.Node with
                | Node.Variable _ -> n > 0.0
                | _ -> false))

    /// −(1 − x) is x − 1. A denominator stays as it is, to meet its like.
    let private turned (t: Term) : Term =
        let turn (e: Expr, n: float) =
            match asSum e with
            | Some terms when n > 0.0 && n % 2.0 = 1.0 && isPolynomial terms ->
                let numbers, others = terms |> List.partition (fun t -> t.Factors.IsEmpty)

                if
                    numbers |> List.exists (fun t -> t.Coefficient > 0.0)
                    && others |> List.forall (fun t -> t.Coefficient < 0.0)
                then
                    Some(Term.writeSum e (List.map (Term.scale -1.0) terms))
                else
                    None
            | _ -> None

        match t.Factors |> List.tryFind (fun f -> t.Coefficient < 0.0 && Option.isSome (turn f)) with
        | Some((_, n) as f) ->
            let swap g = if g = f then Option.defaultValue (fst g) (turn g), n else g

            { Coefficient = -t.Coefficient; Factors = Term.gather (List.map swap t.Factors) }
        | None -> t

    let private write like (t: Term) = Term.write like (turned t)

    let private writeSum like (terms: Term list) =
        match terms with
        | [ single ] -> write like single
        | _ -> Term.writeSum like terms

    let private factored (like: Expr) (terms: Term list) =
        match (if terms.IsEmpty then None else factorOut terms) with
        | Some(common, rest) ->
            let inner = forms rest |> List.map (fun terms -> terms, Term.writeSum like terms)

            match List.minBy (snd >> length) inner with
            | [], _ -> Some(Expr.zerosLike like)
            | [ single ], _ -> Some(write like (Term.times common single))
            | _, sum ->
                let product = { common with Factors = Term.gather (common.Factors @ [ sum, 1.0 ]) }

                Some(write like product)
        | None -> None

    /// A sum with like terms collected, in the shortest of the forms that are looked at.
    let ofSum (e: Expr) : Expr option =
        match Term.ofSum e |> Option.map collect with
        | None -> None
        | Some terms ->
            let plain = writeSum e terms

            if terms.Length < 2 || terms.Length > mostTerms || length plain > longest then
                Some plain
            else
                let candidates terms = writeSum e terms :: Option.toList (factored e terms)

                Some(shortest (List.collect candidates (forms terms)))

    /// A product with like factors collected.
    let ofProduct (e: Expr) : Expr option = Term.ofExpr e |> Option.map (fun t -> write e t)
