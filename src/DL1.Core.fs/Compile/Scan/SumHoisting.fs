namespace DL1.Compiler.Scan

open System.Collections.Generic
open DL1
open DL1.Compiler.Lowering

/// Recognises carries that are sums over the steps, and decides whether a value can be summed outside the scan.
[<RequireQualifiedAccess>]
module internal StepSum =
    let isZero (e: Expr) = Local.number e = Some 0.0

    /// The terms of a sum, from left to right; a term that is itself a sum is replaced by its terms.
    let terms (e: Expr) =
        let found = List<Expr>()
        let rest = Stack [ e ]

        while rest.Count > 0 do
            let e = rest.Pop()

            match e.Node with
            | Node.Binary(BinaryOp.Add, a, b) ->
                rest.Push b
                rest.Push a
            | _ -> found.Add e

        List.ofSeq found

    /// Whether a node is a view, or pads with zeros: it is linear in its operand, and nearly free.
    let isMovement (e: Expr) =
        match e.Node with
        | Node.Pad(_, value, _) -> value = 0.0
        | _ -> NodeClass.of' e = NodeClass.View

    /// The terms that each step adds to a carry of floats that only its next value, `carry + terms`, reads; else `None`.
    let added (loop: ScanLoop) (carry: ScanCarry) : Expr list option =
        let mine, others = terms carry.Next |> List.partition ((=) (Expr.ofVariable carry.Variable))

        let elsewhere =
            (loop.Carries |> List.filter (fun c -> c.Variable <> carry.Variable) |> List.map _.Next)
            @ List.map snd loop.Outputs
            @ others

        let used = Graph.variables elsewhere |> List.contains carry.Variable

        if carry.Variable.DType.IsFloat && mine.Length = 1 && not used then
            Some others
        else
            None

    /// Whether a value can be summed over the steps without a stack of it: a matmul, scatter or sum can add over steps as well.
    let rec contracts (e: Expr) =
        match e.Node with
        | Node.MatMul _
        | Node.ScatterAdd _
        | Node.Reduce(ReduceOp.Sum, _, _) -> true
        | Node.Binary((BinaryOp.Add | BinaryOp.Sub), a, b) -> contracts a || contracts b
        | Node.Unary(UnaryOp.Neg, x) -> contracts x
        | _ when isMovement e -> contracts (List.head (Node.operands e.Node))
        | _ -> false

    /// Whether a value may be stacked to be summed: it has at most 8 times `usual` elements, since the gates of a recurrent cell
    /// side by side are a few times as wide as its state.
    let isReadable usual (e: Expr) = e.Shape.Size <= 8 * usual

    /// Whether the sum of a value over the steps needs no stack of values of more than `usual` elements each; the operands of a
    /// scatter or a sum reduction may have 8 times as many.
    let rec isSmall (lift: LoopInvariants) usual (e: Expr) =
        match e.Node with
        | _ when isZero e || lift.Dependence e = Dependence.Fixed -> true
        | Node.MatMul _ -> true
        | Node.ScatterAdd(_, _, x, _)
        | Node.Reduce(ReduceOp.Sum, _, x) -> isReadable usual x || e.Shape.Size <= usual
        | Node.Binary((BinaryOp.Add | BinaryOp.Sub), a, b) -> isSmall lift usual a && isSmall lift usual b
        | Node.Unary(UnaryOp.Neg, x) -> isSmall lift usual x
        | _ when isMovement e -> isSmall lift usual (List.head (Node.operands e.Node))
        | _ -> e.Shape.Size <= usual

/// Computes stacks and sums over all steps outside of a scan; values that it cannot compute there become outputs of the scan.
[<Sealed>]
type internal SumHoisting(loop: ScanLoop, lift: LoopInvariants, needed: HashSet<Digest>, usual: int) =
    let stacks = Dictionary<Digest, Variable * Expr>()
    let opened = Dictionary<Digest, bool>()
    let values = Dictionary<Digest, Expr>()

    /// Whether a node is a product with a fixed matrix, and no carry that stays in the scan needs it.
    let isProduct (e: Expr) =
        match e.Node with
        | Node.MatMul(a, b) ->
            a.Shape.Rank = 2 && lift.Dependence b = Dependence.Fixed && not (needed.Contains e.Digest)
        | _ -> false

    let stack (e: Expr) =
        Lookup.orAdd stacks e.Digest (fun () -> ScanLoop.stackOf loop.Length e, e) |> fst |> Expr.ofVariable

    // `opened` says whether a value is worth computing outside, from stacks: such a product, or a value that nodes for which
    // `NodeClass.stacks` holds compute from one.
    do
        for e in Graph.topological loop.Graphs do
            opened[e.Digest] <-
                isProduct e
                || (NodeClass.stacks e
                    && not (needed.Contains e.Digest)
                    && Node.operands e.Node |> List.exists (fun o -> opened[o.Digest]))

    /// The outputs that the scan must have, each with the variable of its stack, in the order in which they were first needed.
    member _.Stacks = List.ofSeq stacks.Values

    /// Whether a value is computed outside, from the stacks of its operands.
    member private this.Expands(e: Expr) =
        lift.Dependence e <> Dependence.Fixed
        && not (lift.CanLift e)
        && (opened[e.Digest]
            || (StepSum.isMovement e && e.Shape.Size >= (List.head (Node.operands e.Node)).Shape.Size))

    /// A value of the body for all steps together, `[length; ...]`.
    member this.All(e: Expr) : Expr =
        let wanted = HashSet<Digest>()
        let rest = Stack [ e ]

        while rest.Count > 0 do
            let node = rest.Pop()

            if wanted.Add node.Digest && this.Expands node then
                for o in Node.operands node.Node do
                    rest.Push o

        for node in Graph.topological [ e ] do
            if wanted.Contains node.Digest && not (values.ContainsKey node.Digest) then
                values[node.Digest] <-
                    if this.Expands node then
                        Origin.within node.Origin (fun () -> lift.Over(node, fun o -> values[o.Digest]))
                    elif lift.Dependence node = Dependence.Fixed || lift.CanLift node then
                        lift.All node
                    else
                        stack node

        values[e.Digest]

    /// The sum over the steps of the products of a `[..; m; k]` and b `[..; k; n]`: one product, over the k of all steps.
    member private this.Contraction(a: Expr, b: Expr) =
        let rank = a.Shape.Rank
        let steps = loop.Length

        /// The values of all steps, joined along `axis`.
        let joined axis (x: Expr) =
            let dims = x.Shape.ToList() |> List.mapi (fun i d -> if i = axis then steps * d else d)
            Expr.reshape dims (Expr.moveAxis 0 axis (this.All x))

        let left =
            match a.Node with
            | Node.Transpose([ 1; 0 ], x) -> (Expr.reshape [ steps * x.Shape[0]; x.Shape[1] ] (this.All x)).T
            | _ -> joined (rank - 1) a

        Expr.Make(Node.MatMul(left, joined (rank - 2) b))

    /// The sum of a value over the steps.
    member private this.Total(e: Expr) : Expr =
        Origin.within e.Origin (fun () ->
            let over (x: Expr) = Expr.Make(Node.map (fun _ -> x) e.Node)

            match e.Node with
            | _ when lift.Dependence e = Dependence.Fixed -> lift.Once e * float loop.Length
            | Node.MatMul(a, b) when lift.Dependence a = Dependence.Fixed ->
                Expr.Make(Node.MatMul(lift.Once a, this.Total b))
            | Node.MatMul(a, b) when lift.Dependence b = Dependence.Fixed ->
                Expr.Make(Node.MatMul(this.Total a, lift.Once b))
            | Node.MatMul(a, b) -> this.Contraction(a, b)
            | Node.Reduce(ReduceOp.Sum, axes, x) when StepSum.isReadable usual x ->
                Expr.sum (0 :: (axes |> List.map (fun axis -> axis + 1))) (this.All x)
            // One scatter adds the values of all steps, one step after another along the axis.
            | Node.ScatterAdd(axis, extent, x, i) when StepSum.isReadable usual x ->
                Expr.Make(Node.ScatterAdd(axis, extent, Expr.moveAxis 0 axis (this.All x), this.All i))
            | Node.Binary(BinaryOp.Add, a, b) when StepSum.contracts e -> this.Total a + this.Total b
            | Node.Binary(BinaryOp.Sub, a, b) when StepSum.contracts e -> this.Total a - this.Total b
            | Node.Unary(UnaryOp.Neg, x) when StepSum.contracts e -> over (this.Total x)
            | _ when StepSum.isMovement e && StepSum.contracts e ->
                over (this.Total(List.head (Node.operands e.Node)))
            | _ -> Expr.sum [ 0 ] (this.All e))

    /// The final value of a carry to which each step adds these terms.
    member this.Sum(carry: ScanCarry, terms: Expr list) : Expr =
        Origin.within carry.Next.Origin (fun () ->
            terms
            |> List.filter (StepSum.isZero >> not)
            |> List.fold (fun sum e -> sum + this.Total e) carry.Initial)
