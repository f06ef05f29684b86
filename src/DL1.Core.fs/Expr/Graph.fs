namespace DL1

open System.Collections.Generic

/// Walks over graphs. All are iterative, and visit a shared node once: a chain of 100,000 nodes is as safe as one.
[<RequireQualifiedAccess>]
module Graph =
    /// Every node that the roots need, operands before those that use them, each once.
    /// `Graph.topological [ loss ]`
    let topological (roots: 'e list) : 'e[] when 'e :> INode<'e> =
        let order = List<'e>()
        let seen = HashSet<Digest>()
        // A node is opened (its operands are pushed above it), and written down when it comes up a second time.
        let stack = Stack<struct ('e * bool)>()

        for root in List.rev roots do
            stack.Push(struct (root, false))

        while stack.Count > 0 do
            let struct (e, opened) = stack.Pop()

            if opened then
                order.Add e
            elif seen.Add e.Digest then
                stack.Push(struct (e, true))

                for operand in List.rev (Node.operands e.Node) do
                    if not (seen.Contains operand.Digest) then
                        stack.Push(struct (operand, false))

        order.ToArray()

    /// Computes a value for every node from the values of its operands, and gives them by digest.
    /// `Graph.fold (fun _ depths -> 1 + List.fold max 0 depths) [ loss ]` has the depth of every node.
    let fold (compute: 'e -> 'v list -> 'v) (roots: 'e list) : Dictionary<Digest, 'v> when 'e :> INode<'e> =
        let values = Dictionary<Digest, 'v>()

        for e in topological roots do
            let operands = Node.operands e.Node |> List.map (fun o -> values[o.Digest])
            values[e.Digest] <- compute e operands

        values

    /// How many nodes use each node, counting each operand's place; a root counts one more.
    /// `(Graph.uses [ loss ])[x.Digest]`
    let uses (roots: 'e list) : Dictionary<Digest, int> when 'e :> INode<'e> =
        let counts = Dictionary<Digest, int>()

        let add (e: 'e) =
            match counts.TryGetValue e.Digest with
            | true, n -> counts[e.Digest] <- n + 1
            | false, _ -> counts[e.Digest] <- 1

        List.iter add roots

        for e in topological roots do
            List.iter add (Node.operands e.Node)

        counts

    /// The variables that the roots need, in the order in which they are first met. One name with two
    /// meanings is a `ShapeError`. `Graph.variables [ loss ]`
    let variables (roots: 'e list) : Variable list when 'e :> INode<'e> =
        let known = Dictionary<string, Variable>()
        let order = List<Variable>()

        for e in topological roots do
            match e.Node with
            | Node.Variable v ->
                match known.TryGetValue v.Name with
                | true, other when other <> v ->
                    Refuse.shape
                        "graph"
                        $"two variables named {v.Name}: {other.DType} {other.Shape} and {v.DType} {v.Shape}"
                        "one meaning for one name"
                        "give one of them another name, or use the same variable in both places"
                | true, _ -> ()
                | false, _ ->
                    known[v.Name] <- v
                    order.Add v
            | _ -> ()

        List.ofSeq order
