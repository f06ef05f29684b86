namespace DL1.Compiler.Scan

open System.Collections.Generic
open DL1
open DL1.Compiler.Lowering

/// What a value of a scan's body depends on.
[<RequireQualifiedAccess; Struct>]
type internal Dependence =
    /// Fixed operands alone: loop-invariant.
    | Fixed
    /// This step's slices too, but no carry.
    | Slices
    | Carries

/// Computes values of a scan's body outside of it: loop-invariant values once, and values that depend on slices for
/// all steps together, `[length; ...]`.
[<Sealed>]
type internal LoopInvariants(loop: ScanLoop) =
    let dependences = Dictionary<Digest, Dependence>()
    // For each value: whether it can be lifted out of the scan; the size, in elements, of the largest value on the way to it,
    // itself included; and the size of the largest slice, product or gather from which it is computed.
    let costs = Dictionary<Digest, struct (bool * int * int)>()
    let lifted = Dictionary<Digest, Expr>()
    let sequences = dict [ for v, xs in loop.Slices -> v.Name, xs ]
    let carried = HashSet(loop.Carries |> List.map _.Variable.Name)

    let dependence (e: Expr) = dependences[e.Digest]

    let fits (e: Expr) =
        let struct (can, peak, source) = costs[e.Digest]
        can && peak <= 2 * max e.Shape.Size source

    /// A matmul whose left operand depends on slices and can be lifted, and whose right operand is fixed.
    let isProduct (e: Expr) =
        match e.Node with
        | Node.MatMul(a, b) ->
            a.Shape.Rank = 2 && dependence a = Dependence.Slices && dependence b = Dependence.Fixed && fits a
        | _ -> false

    let cost (e: Expr) =
        let size = e.Shape.Size

        match e.Node with
        | Node.Variable v when sequences.ContainsKey v.Name -> struct (true, size, size)
        | _ when dependence e = Dependence.Fixed -> struct (true, 0, 0)
        | _ when isProduct e -> struct (true, size, size)
        // A gather from a fixed table is done for all steps at once.
        | Node.Gather(_, table, i) when dependence table = Dependence.Fixed && fits i ->
            struct (true, size, size)
        | _ ->
            let operands = Node.operands e.Node |> List.map (fun o -> costs[o.Digest])
            let can = NodeClass.stacks e && operands |> List.forall (fun (struct (can, _, _)) -> can)
            let peak = operands |> List.fold (fun n (struct (_, peak, _)) -> max n peak) size
            let source = operands |> List.fold (fun n (struct (_, _, source)) -> max n source) 0
            struct (can, peak, source)

    do
        for e in Graph.topological loop.Graphs do
            dependences[e.Digest] <-
                match e.Node with
                | Node.Variable v when sequences.ContainsKey v.Name -> Dependence.Slices
                | Node.Variable v when carried.Contains v.Name -> Dependence.Carries
                | _ ->
                    let operands = Node.operands e.Node |> List.map dependence

                    if List.contains Dependence.Carries operands then Dependence.Carries
                    elif List.contains Dependence.Slices operands then Dependence.Slices
                    else Dependence.Fixed

            costs[e.Digest] <- cost e

    member _.Dependence(e: Expr) = dependence e

    /// Whether a node is a product `a @ b`, in which `a` depends on slices and can be lifted, and `b` is fixed.
    member _.IsProduct(e: Expr) = isProduct e

    /// Whether a value depends on slices, and can be computed outside with no value on the way larger than twice the value
    /// itself, or than twice the largest slice, product or gather from which it is computed.
    member _.CanLift(e: Expr) = dependence e = Dependence.Slices && fits e

    /// A loop-invariant value, as an expression outside the scan.
    member _.Once(e: Expr) : Expr = Rebuild.substitute loop.Fixed [ e ] |> List.head

    /// Returns the values of a node for all steps, `[length; ...]`; `all` returns those of an operand that is not fixed.
    member this.Over(e: Expr, all: Expr -> Expr) : Expr =
        match e.Node with
        | Node.MatMul(a, b) when a.Shape.Rank = 2 && dependence b = Dependence.Fixed ->
            // The product of [length; rows; k], for all steps, and [k; columns] as one matmul.
            let all, right = all a, this.Once b
            let dims = all.Shape.ToList()
            let rows = Expr.reshape [ dims[0] * dims[1]; dims[2] ] all
            Expr.reshape [ dims[0]; dims[1]; right.Shape[1] ] (Expr.Make(Node.MatMul(rows, right)))
        | _ ->
            let bindings = Dictionary<Digest, Variable * Expr>()

            let outside (o: Expr) =
                if dependence o = Dependence.Fixed then
                    this.Once o
                else
                    Lookup.orAdd bindings o.Digest (fun () -> Rebuild.fresh o.DType o.Shape, all o)
                    |> fst
                    |> Expr.ofVariable

            let alone = Expr.Make(Node.map outside e.Node)
            Batched.outputs loop.Length (List.ofSeq bindings.Values) [ alone ] |> List.head

    /// A value that depends on slices, or is loop-invariant, for all steps together: `[length; ...]`.
    member this.All(e: Expr) : Expr =
        for node in Graph.topological [ e ] do
            if not (lifted.ContainsKey node.Digest) then
                match node.Node with
                | Node.Variable v when sequences.ContainsKey v.Name ->
                    lifted[node.Digest] <- sequences[v.Name]
                | _ when dependence node = Dependence.Fixed -> ()
                | _ ->
                    lifted[node.Digest] <-
                        Origin.within node.Origin (fun () -> this.Over(node, fun o -> lifted[o.Digest]))

        match lifted.TryGetValue e.Digest with
        | true, all -> all
        | false, _ -> Expr.broadcastTo (loop.Length :: e.Shape.ToList()) (this.Once e)
