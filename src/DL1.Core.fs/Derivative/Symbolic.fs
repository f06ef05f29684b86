namespace DL1

/// d/dx of scalar expressions, written as a mathematician would.
[<RequireQualifiedAccess>]
module Symbolic =
    let private add (a: Flow option) (b: Flow option) =
        match a, b with
        | Some a, Some b -> Some(Flow.add a b)
        | Some a, None
        | None, Some a -> Some a
        | None, None -> None

    /// Powers in the order in which they are taught, and guarded where reverse mode guards them: b·aᵇ⁻¹·a' is 0 where b
    /// is, aᵇ·log a·b' where a is 0 and b is not negative.
    let private power (a: Expr) (b: Expr) (da: Flow option) (db: Flow option) =
        let isBaseNotZero =
            match Local.number a with
            | Some n -> n <> 0.0
            | None -> false

        let fromBase =
            da
            |> Option.map (Flow.scaled (fun da -> b * Expr.Pow(a, b - 1.0) * da))
            |> Option.map (fun flow ->
                match Local.number b with
                | Some _ -> flow
                | None -> flow |> Flow.within (Expr.not' (Expr.equal b (lit 0.0))))

        let fromExponent =
            db
            |> Option.map (Flow.scaled (fun db -> Expr.Pow(a, b) * log a * db))
            |> Option.map (fun flow ->
                if isBaseNotZero then
                    flow
                else
                    flow |> Flow.within (Expr.not' (Local.isFlat a b)))

        add fromBase fromExponent

    /// The product rule in the order in which it is taught: a'·b + a·b'.
    let private product (a: Expr) (b: Expr) (da: Flow option) (db: Flow option) =
        add (da |> Option.map (Flow.times b)) (db |> Option.map (Flow.scaled (fun db -> a * db)))

    /// The number that a derivative is, as a sum or difference of numbers: 1 − 1 of x − x.
    let private number (e: Expr) =
        let signed (e: Expr) =
            match e.Node with
            | Node.Unary(UnaryOp.Neg, x) -> Local.number x |> Option.map (fun v -> -v)
            | _ -> Local.number e

        match e.Node with
        | Node.Binary(BinaryOp.Add, a, b) -> Option.map2 (+) (signed a) (signed b)
        | Node.Binary(BinaryOp.Sub, a, b) -> Option.map2 (-) (signed a) (signed b)
        | _ -> signed e

    /// The derivative of a primitive from those of its operands: forward mode's, but for what reads better. One that is
    /// the number 0 is none, so that it stays 0 beside a factor that is infinite.
    let private rule (e: Expr) (derivatives: Flow option list) =
        (match e.Node, derivatives with
         | Node.Binary(BinaryOp.Pow, a, b), [ da; db ] -> power a b da db
         | Node.Binary(BinaryOp.Mul, a, b), [ da; db ] -> product a b da db
         | _ -> Jvp.flows e derivatives)
        |> Option.filter (fun flow -> number flow.Value <> Some 0.0)

    /// The derivative before simplification.
    let private raw (x: Expr) (e: Expr) : Expr =
        Forward.tangentsBy rule [ x, Expr.onesLike x ] [ e ]
        |> List.head
        |> Option.defaultWith (fun () -> Expr.zerosLike e)

    /// The derivative of a scalar expression by a scalar symbol, simplified.
    /// `Symbolic.derivative x (x * sin x)` prints `sin x + x·cos x`.
    let derivative (x: Expr) (e: Expr) : Expr =
        let requireScalar (what: string) (e: Expr) =
            if not e.Shape.IsScalar || not e.DType.IsFloat then
                Refuse.shape
                    "Symbolic.derivative"
                    $"{what} {Operand.text e}"
                    "a scalar of type f32 or f64"
                    "for tensors take the gradient or the Jacobian"

        requireScalar "the expression" e
        requireScalar "the symbol" x

        match x.Node with
        | Node.Variable _ -> ()
        | _ ->
            Refuse.shape
                "Symbolic.derivative"
                $"by {Operand.text x}"
                "a variable"
                "make one: a symbol named \"x\""

        // A variable of the same name but another type would silently have the derivative 0.
        Graph.variables [ e; x ] |> ignore
        raw x e |> Rewrite.simplify

    /// The n-th derivative, simplified at each order.
    let rec nth (n: int) (x: Expr) (e: Expr) : Expr =
        if n < 0 then
            Refuse.domain "Symbolic.nth" $"order %d{n}" "an order of 0 or more" "integrals are not offered"

        if n = 0 then e else nth (n - 1) x (derivative x e)
