namespace DL1

open System.Collections.Generic

/// d/dx of scalar expressions, written as a mathematician would.
[<RequireQualifiedAccess>]
module Symbolic =
    /// Powers by the rule of calculus, without the cases that reverse mode keeps apart for its kinks.
    let private power (a: Expr) (b: Expr) (da: Expr option) (db: Expr option) =
        let fromBase = da |> Option.map (fun da -> b * Expr.Pow(a, b - 1.0) * da)
        let fromExponent = db |> Option.map (fun db -> Expr.Pow(a, b) * log a * db)

        match fromBase, fromExponent with
        | Some s, Some t -> Some(s + t)
        | Some s, None
        | None, Some s -> Some s
        | None, None -> None

    /// The derivative before simplification: forward mode, operands first.
    let private raw (x: Expr) (e: Expr) : Expr =
        let found = Dictionary<Digest, Expr>()
        found[x.Digest] <- Expr.onesLike x

        let find (o: Expr) =
            match found.TryGetValue o.Digest with
            | true, d -> Some d
            | false, _ -> None

        for node in Graph.topological [ e ] do
            if node.DType.IsFloat && not (found.ContainsKey node.Digest) then
                let derivative =
                    match node.Node with
                    | Node.Binary(BinaryOp.Pow, a, b) -> power a b (find a) (find b)
                    | Node.Binary(BinaryOp.Mul, a, b) ->
                        // The product rule in the order in which it is taught: a'·b + a·b'.
                        match find a, find b with
                        | Some da, Some db -> Some(da * b + a * db)
                        | Some da, None -> Some(da * b)
                        | None, Some db -> Some(a * db)
                        | None, None -> None
                    | _ ->
                        let seeds = Node.operands node.Node |> List.choose (fun o -> find o |> Option.map (fun d -> o, d))

                        if seeds.IsEmpty then
                            None
                        else
                            Forward.tangents seeds [ node ] |> List.head

                Option.iter (fun d -> found[node.Digest] <- d) derivative

        Option.defaultWith (fun () -> Expr.zerosLike e) (find e)

    /// The derivative of a scalar expression by a scalar symbol, simplified.
    /// `Symbolic.derivative x (x * sin x)` prints `sin x + x·cos x`.
    let derivative (x: Expr) (e: Expr) : Expr =
        let requireScalar what (e: Expr) =
            if not e.Shape.IsScalar || not e.DType.IsFloat then
                Refuse.shape
                    "Symbolic.derivative"
                    $"{what} {Operand.text e}"
                    "a scalar of type f32 or f64"
                    "use Grad.grad or Grad.jacobian for tensors"

        requireScalar "the expression" e
        requireScalar "the symbol" x

        match x.Node with
        | Node.Variable _ -> ()
        | _ -> Refuse.shape "Symbolic.derivative" $"by {Operand.text x}" "a variable" "make one with Expr.symbol \"x\""

        raw x e |> Rewrite.simplify

    /// The n-th derivative, simplified at each order.
    let rec nth (n: int) (x: Expr) (e: Expr) : Expr =
        if n < 0 then
            Refuse.domain "Symbolic.nth" $"order {n}" "an order of 0 or more" "integrals are not offered"

        if n = 0 then e else nth (n - 1) x (derivative x e)
