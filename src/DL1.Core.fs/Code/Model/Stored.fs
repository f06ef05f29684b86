namespace DL1.Compiler.Source

open System.Collections.Generic
open DL1

/// Which values of a graph are written to memory, and which are computed where they are read.
[<RequireQualifiedAccess>]
module internal Stored =
    let isElementwise (e: Expr) =
        match e.Node with
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.Cast _ -> true
        | _ -> false

    /// The operand of a node that gives its elements in other places.
    let moved (e: Expr) : Expr option =
        match e.Node with
        | Node.Broadcast(_, x)
        | Node.Reshape(_, x)
        | Node.Transpose(_, x)
        | Node.Slice(_, x)
        | Node.Reverse(_, x)
        | Node.StopGradient x -> Some x
        | _ -> None

    let private long (shape: Shape) = shape.ToList() |> List.filter (fun d -> d <> 1)

    /// Whether a reshape only adds or removes axes of extent 1.
    let addsUnits (e: Expr) (x: Expr) = e.Shape.Size > 0 && long e.Shape = long x.Shape

    /// What stands behind moves.
    let rec private behind (e: Expr) : Expr =
        match moved e with
        | Some x -> behind x
        | None -> e

    /// Whether each element of an operand is read once, so that it can be computed there.
    let private readsOnce (e: Expr) (operand: Expr) =
        match e.Node with
        | Node.Reduce _
        | Node.ArgReduce _
        | Node.CumSum _
        | Node.Concat _
        | Node.Pad _ -> true
        | Node.Broadcast(shape, x) ->
            shape.Size <= x.Shape.Size || operand.Shape.Size = 1 && Prepare.isConstant operand
        | Node.Reshape(_, x) -> addsUnits e x
        | _ -> isElementwise e || (moved e).IsSome

    /// The longest expression that is computed in one place.
    [<Literal>]
    let private Longest = 24

    /// The elementwise nodes that are stored.
    let decide (roots: Expr list) : HashSet<Digest> =
        let order = Graph.topological roots
        let stored = HashSet<Digest>()
        let readers = Dictionary<Digest, int>()
        let lengths = Dictionary<Digest, int>()

        let add (e: Expr) n =
            match readers.TryGetValue e.Digest with
            | true, m -> readers[e.Digest] <- m + n
            | false, _ -> readers[e.Digest] <- n

        for root in roots do
            stored.Add root.Digest |> ignore

        for e in Array.rev order do
            for operand in Node.operands e.Node do
                // Who reads a move reads what is moved.
                add operand (if (moved e).IsSome then max 1 (readers.GetValueOrDefault(e.Digest, 1)) else 1)

                if not (readsOnce e operand) then
                    stored.Add (behind operand).Digest |> ignore

        for e in order do
            let isShort = Prepare.literal e <> None

            if isElementwise e && readers.GetValueOrDefault(e.Digest, 0) > 1 && not isShort then
                stored.Add e.Digest |> ignore

            let length =
                if isElementwise e && not (stored.Contains e.Digest) then
                    1 + (Node.operands e.Node |> List.sumBy (fun o -> lengths[o.Digest]))
                else
                    match moved e with
                    | Some x -> lengths[x.Digest]
                    | None -> 1

            lengths[e.Digest] <-
                if length > Longest && isElementwise e then
                    stored.Add e.Digest |> ignore
                    1
                else
                    length

        stored
