namespace DL1

open System.Collections.Generic
open DL1.Pattern

/// The length of a formula as it is printed: names and numbers, signs, parentheses.
[<RequireQualifiedAccess>]
module internal Length =
    /// The length of a formula; counts no further than a little beyond `longest`.
    let upTo longest (e: Expr) =
        let rest = Stack [ e ]
        let mutable length = 0

        while rest.Count > 0 && length <= longest do
            let e = rest.Pop()

            let isSum (o: Expr) =
                match o with
                | Add _
                | Sub _ -> true
                | _ -> false

            match e with
            | Number v -> length <- length + (if v = round v then 1 else 2)
            | Pow(x, Number _) ->
                length <- length + (if (Node.operands x.Node).IsEmpty then 1 else 2)
                rest.Push x
            | Mul(x, y)
            | Div(x, y) ->
                length <- length + 1 + (if isSum x then 1 else 0) + (if isSum y then 1 else 0)
                rest.Push y
                rest.Push x
            | Add(x, y)
            | Sub(x, y) ->
                length <- length + 1
                rest.Push y
                rest.Push x
            | Neg x ->
                length <- length + 1
                rest.Push x
            | _ ->
                let operands = Node.operands e.Node
                length <- length + (if operands.IsEmpty then 1 else 2)
                List.iter rest.Push operands

        length
