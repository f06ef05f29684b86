namespace DL1.Compiler.Scan

open System.Collections.Generic
open DL1
open DL1.Compiler.Movement

/// Values of a loop's body that are sums over the steps, or may be.
[<RequireQualifiedAccess>]
module internal StepSum =
    let rec isZero (e: Expr) =
        match e.Node with
        | Node.Constant value -> value.Size = 1 && Tensor.toFloat value = 0.0
        | Node.Broadcast(_, x)
        | Node.Reshape(_, x) -> isZero x
        | _ -> false

    /// The terms of a sum.
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

    /// What moves elements without regard to their values, but for padding with zeros: linear, and nearly free.
    let isMovement (e: Expr) =
        match e.Node with
        | Node.Reshape _
        | Node.Transpose _
        | Node.Slice _
        | Node.Broadcast _ -> true
        | Node.Pad(_, value, _) -> value = 0.0
        | _ -> false

    /// What is added to a carry at each step, if that is all that happens to it: `carry + terms`, and no other use.
    let added (loop: ScanLoop) (carry: ScanCarry) : Expr list option =
        let own = Expr.ofVariable carry.Variable
        let mine, others = terms carry.Next |> List.partition (fun e -> e.Digest = own.Digest)

        let elsewhere =
            (loop.Carries |> List.filter (fun c -> c.Variable <> carry.Variable) |> List.map _.Next)
            @ List.map snd loop.Outputs
            @ others

        let used = Graph.variables elsewhere |> List.contains carry.Variable

        if carry.Variable.DType.IsFloat && mine.Length = 1 && not used then
            Some others
        else
            None

    /// Whether a sum over the steps can be taken further inside than the value itself.
    let rec contracts (e: Expr) =
        match e.Node with
        | Node.MatMul _
        | Node.ScatterAdd _
        | Node.Reduce(ReduceOp.Sum, _, _) -> true
        | Node.Binary((BinaryOp.Add | BinaryOp.Sub), a, b) -> contracts a || contracts b
        | Node.Unary(UnaryOp.Neg, x) -> contracts x
        | _ when isMovement e -> contracts (List.head (Node.operands e.Node))
        | _ -> false

    /// Whether a stack of it may be made in order to sum it: gates side by side are a few times as wide as a state.
    let isReadable usual (e: Expr) = e.Shape.Size <= 8 * usual

    /// Whether the sum needs no stack of something larger than `usual`.
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

/// Stacks, and sums over all steps, of values of a loop's body, outside. What it cannot find there becomes an
/// output of the loop.
[<Sealed>]
type internal SumHoisting(loop: ScanLoop, lift: LoopInvariants, needed: HashSet<Digest>, usual: int) =
    let stacks = Dictionary<Digest, Variable * Expr>()
    let opened = Dictionary<Digest, bool>()
    let values = Dictionary<Digest, Expr>()

    /// What no next carry needs: a product with something fixed on the right.
    let isProduct (e: Expr) =
        match e.Node with
        | Node.MatMul(a, b) ->
            a.Shape.Rank = 2 && lift.Dependence b = Dependence.Fixed && not (needed.Contains e.Digest)
        | _ -> false

    let stack (e: Expr) =
        if not (stacks.ContainsKey e.Digest) then
            stacks[e.Digest] <- (ScanLoop.stackOf loop.Length e, e)

        Expr.ofVariable (fst stacks[e.Digest])

    // Whether a value is worth computing outside, from stacks: it holds such a product, and moving or elementwise forms
    // lead to it.
    do
        for e in Graph.topological loop.Graphs do
            opened[e.Digest] <-
                isProduct e
                || (lift.IsLocal e
                    && not (needed.Contains e.Digest)
                    && Node.operands e.Node |> List.exists (fun o -> opened[o.Digest]))

    /// What the loop has to put out, in the order in which it was asked for.
    member _.Stacks = List.ofSeq stacks.Values

    /// Whether a value is computed outside from its operands' stacks.
    member private this.Expands(e: Expr) =
        lift.Dependence e <> Dependence.Fixed
        && not (lift.CanLift e)
        && (opened[e.Digest]
            || (StepSum.isMovement e && e.Shape.Size >= (List.head (Node.operands e.Node)).Shape.Size))

    /// A value of the body for all steps together.
    member this.All(e: Expr) : Expr =
        let wanted = HashSet<Digest>()
        let rest = Stack [ e ]

        while rest.Count > 0 do
            let part = rest.Pop()

            if wanted.Add part.Digest && this.Expands part then
                for o in Node.operands part.Node do
                    rest.Push o

        for part in Graph.topological [ e ] do
            if wanted.Contains part.Digest && not (values.ContainsKey part.Digest) then
                values[part.Digest] <-
                    if this.Expands part then
                        Origin.within part.Origin (fun () -> lift.Over(part, fun o -> values[o.Digest]))
                    elif lift.Dependence part = Dependence.Fixed || lift.CanLift part then
                        lift.All part
                    else
                        stack part

        values[e.Digest]

    /// [..; m; k] by [..; k; n], summed over the steps: one product over all steps' k.
    member private this.Contraction(a: Expr, b: Expr) =
        let rank = a.Shape.Rank
        let steps = loop.Length

        let left =
            match a.Node with
            | Node.Transpose([ 1; 0 ], x) -> (Expr.reshape [ steps * x.Shape[0]; x.Shape[1] ] (this.All x)).T
            | _ ->
                let stack = List.take (rank - 2) (a.Shape.ToList())
                let all = Expr.moveAxis 0 (rank - 1) (this.All a)
                Expr.reshape (stack @ [ a.Shape[rank - 2]; steps * a.Shape[rank - 1] ]) all

        let stack = List.take (rank - 2) (b.Shape.ToList())
        let all = Expr.moveAxis 0 (rank - 2) (this.All b)
        let right = Expr.reshape (stack @ [ steps * b.Shape[rank - 2]; b.Shape[rank - 1] ]) all
        Expr.Make(Node.MatMul(left, right))

    /// The sum of a value of the body over all steps.
    member private this.Total(e: Expr) : Expr = Origin.within e.Origin (fun () -> this.TotalOf e)

    member private this.TotalOf(e: Expr) : Expr =
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
        // The steps' indices, one after another.
        | Node.ScatterAdd(axis, extent, x, i) when StepSum.isReadable usual x ->
            Expr.Make(Node.ScatterAdd(axis, extent, Expr.moveAxis 0 axis (this.All x), this.All i))
        | Node.Binary(BinaryOp.Add, a, b) when StepSum.contracts e -> this.Total a + this.Total b
        | Node.Binary(BinaryOp.Sub, a, b) when StepSum.contracts e -> this.Total a - this.Total b
        | Node.Unary(UnaryOp.Neg, x) when StepSum.contracts e -> over (this.Total x)
        | _ when StepSum.isMovement e && StepSum.contracts e ->
            over (this.Total(List.head (Node.operands e.Node)))
        | _ -> Expr.sum [ 0 ] (this.All e)

    /// The final value of a carry to which these terms are added at each step.
    member this.Sum(carry: ScanCarry, terms: Expr list) : Expr =
        Origin.within carry.Next.Origin (fun () ->
            terms
            |> List.filter (StepSum.isZero >> not)
            |> List.fold (fun sum e -> sum + this.Total e) carry.Initial)
