namespace DL1

open System
open System.Collections.Generic

/// Expressions of constants alone: they have a value, NaN and infinities among the values, which rewriting keeps.
[<RequireQualifiedAccess>]
module internal Constant =
    // A larger one is taken for an expression with variables: to look through it would cost more than it is worth.
    let private mostNodes = 200
    let private mostElements = 1024

    /// Whether an expression is small and holds nothing but operations on constants.
    let private isClosed (e: Expr) =
        let seen = HashSet<Digest>()
        let rest = Stack [ e ]
        let mutable isClosed = true

        while isClosed && rest.Count > 0 do
            let e = rest.Pop()

            if seen.Add e.Digest then
                match e.Node with
                | Node.Variable _
                // Refused when evaluated, where an index is out of range.
                | Node.Gather _
                | Node.ScatterAdd _
                | Node.Scan _
                | Node.Custom _ -> isClosed <- false
                | _ ->
                    isClosed <- seen.Count <= mostNodes && e.Shape.Size <= mostElements
                    Node.operands e.Node |> List.iter rest.Push

        isClosed

    /// Whether two values are the same but for rounding: NaN is NaN, an infinity the same infinity.
    let private isSame (a: Tensor) (b: Tensor) =
        let slack = if a.DType = DType.F32 then 1e-5 else 1e-12

        let same (a: float) (b: float) =
            (Double.IsNaN a && Double.IsNaN b) || a = b || abs (a - b) <= slack * Math.Max(abs a, abs b)

        a.Shape = b.Shape && Array.forall2 same (Tensor.toFloats a) (Tensor.toFloats b)

    /// A rewriting that does not apply to an expression of constants where it would change the value.
    let keeping (rewrite: Expr -> Expr option) (e: Expr) : Expr option =
        match rewrite e with
        | Some e' when e' <> e && isClosed e && not (isSame (Eval.run [] e) (Eval.run [] e')) -> None
        | result -> result
