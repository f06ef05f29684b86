namespace DL1.Onnx.Rules

open System
open DL1
open DL1.Onnx

/// Products of matrices.
[<RequireQualifiedAccess>]
module internal ProductRules =
    /// NumPy's product: vectors are rows on the left, columns on the right.
    let matmul (a: Expr) (b: Expr) : Expr =
        match a.Shape.Rank, b.Shape.Rank with
        | 1, 1 -> Expr.sumAll (a * b)
        | 1, _ -> Expr.matmul (Expr.expandDims 0 a) b |> fun y -> Expr.squeeze [ -2 ] y
        | _, 1 -> Expr.matmul a (Expr.expandDims 1 b) |> fun y -> Expr.squeeze [ -1 ] y
        // A stack of matrices by one matrix is one product of all rows.
        | rank, 2 when rank > 2 && a.Shape.Size > 0 ->
            let dims = a.Shape.ToList()
            let rows = Expr.reshape [ -1; List.last dims ] a
            Expr.matmul rows b |> Expr.reshape (List.take (rank - 1) dims @ [ b.Shape[1] ])
        | _ -> Expr.matmul a b

    let private gemm (c: OnnxCall) =
        let a = if c.Flag "transA" then c.X(0).T else c.X 0
        let b = if c.Flag "transB" then c.X(1).T else c.X 1

        let scaled (factor: float) (e: Expr) =
            if factor = 1.0 then e
            elif e.DType.IsFloat || factor = round factor then factor * e
            else Expr.cast e.DType (factor * Expr.cast DType.F64 e)

        let y = scaled (c.Float("alpha", 1.0)) (Expr.matmul a b)

        match c.TryX 2 with
        | Some bias -> y + scaled (c.Float("beta", 1.0)) bias
        | None -> y

    /// A formula whose `...` are letters of their own, and whose result is written out.
    let private written (c: OnnxCall) (formula: string) (ranks: int list) : string =
        let letters (part: string) = part |> Seq.filter Char.IsAsciiLetter |> Seq.length

        let parts, result =
            match formula.Split "->" with
            | [| parts; result |] -> parts.Split ',', Some result
            | _ -> formula.Split ',', None

        if parts.Length <> ranks.Length then
            c.Refuse($"the equation '{formula}'", $"%d{ranks.Length} operands", "export the model again")

        let free = [ 'A' .. 'Z' ] |> List.filter (fun l -> not (formula.Contains l))

        let hidden =
            List.zip (List.ofArray parts) ranks
            |> List.map (fun (p, rank) -> if p.Contains "..." then rank - letters p else 0)

        let most = List.max (0 :: hidden)

        if hidden |> List.exists (fun n -> n < 0) || most > free.Length then
            c.Refuse($"the equation '{formula}'", "a letter for each axis", "export the model again")

        let dots n = free |> List.take most |> List.skip (most - n) |> List.toArray |> String
        let inputs = List.map2 (fun (p: string) n -> p.Replace("...", dots n)) (List.ofArray parts) hidden

        let output =
            match result with
            | Some result -> result.Replace("...", dots most)
            | None ->
                let once =
                    String.Join("", parts)
                    |> Seq.filter Char.IsAsciiLetter
                    |> Seq.countBy id
                    |> Seq.filter (fun (_, n) -> n = 1)
                    |> Seq.map fst
                    |> Seq.sort
                    |> Array.ofSeq

                dots most + String once

        String.Join(",", inputs) + "->" + output

    let private einsum (c: OnnxCall) =
        let xs = List.init c.Inputs.Length c.X
        let formula = c.Text("equation", "").Replace(" ", "")
        Einsum.einsum (written c formula (xs |> List.map _.Shape.Rank)) xs

    let rules: OnnxRule list =
        [
            OnnxRule.one "MatMul" [ 1; 9; 13 ] 2 [] (fun c -> matmul (c.X 0) (c.X 1))
            // Before version 7 the bias was stretched where an attribute said so; now always.
            OnnxRule.one
                "Gemm"
                [ 6; 7; 9; 11; 13 ]
                3
                [ "alpha"; "beta"; "broadcast"; "transA"; "transB" ]
                gemm
            OnnxRule.one "Einsum" [ 12 ] -1 [ "equation" ] einsum
            OnnxRule.unary "Det" [ 11; 22 ] SquareMatrix.det
        ]
