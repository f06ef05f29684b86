namespace DL1

open System.Collections.Generic

/// A group of elementwise nodes computed in one pass: a program for one element, and what it reads.
[<NoEquality; NoComparison>]
type internal FusedGroup =
    {
        /// The node whose value the group gives.
        Root: Expr
        /// What is read, and how it moves through the result's shape.
        Inputs: (Expr * int list) list
        Body: ScalarProgram.Program
    }

/// Which nodes are computed together.
[<RequireQualifiedAccess>]
module internal Fuse =
    /// Past this many operations in one method the JIT gives up optimising: a longer group is cut.
    let private mostOperations = 200

    /// Elementwise nodes whose elements a double holds exactly.
    let private isElementwise (e: Expr) =
        match e.Node with
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.StopGradient _ ->
            not e.DType.IsInteger && Node.operands e.Node |> List.forall (fun o -> not o.DType.IsInteger)
        | Node.Cast _ -> not e.DType.IsInteger
        | _ -> false

    let private isNumber (e: Expr) = e.DType <> DType.Bool && Local.number e |> Option.isSome

    /// The nodes that get a place in memory: what is no elementwise node, and elementwise ones that are read from
    /// outside one group, or would make it too long.
    let materialised (roots: Expr list) : HashSet<Digest> =
        let order = Graph.topological roots
        let placed = HashSet<Digest>(roots |> Seq.map _.Digest)
        // For each node that is not placed, the one group that reads it, and how many nodes that group has.
        let groupOf = Dictionary<Digest, Digest>()
        let sizes = Dictionary<Digest, int>()

        for e in Array.rev order do
            if not (isElementwise e) then
                match e.Node with
                | Node.Broadcast _ when not (placed.Contains e.Digest) -> ()
                | _ -> placed.Add e.Digest |> ignore

            let isPlaced = placed.Contains e.Digest || not (groupOf.ContainsKey e.Digest)

            if isElementwise e && isPlaced then
                placed.Add e.Digest |> ignore

            let group = if isPlaced then e.Digest else groupOf[e.Digest]

            for o in Node.operands e.Node do
                let mayJoin = isElementwise e && isElementwise o && o.Shape = e.Shape

                if mayJoin then
                    let size =
                        match sizes.TryGetValue group with
                        | true, n -> n
                        | false, _ -> 0

                    match groupOf.TryGetValue o.Digest with
                    | true, other when other <> group -> placed.Add o.Digest |> ignore
                    | true, _ -> ()
                    | false, _ when size >= mostOperations -> placed.Add o.Digest |> ignore
                    | false, _ ->
                        groupOf[o.Digest] <- group
                        sizes[group] <- size + 1
                else
                    match e.Node, o.Node with
                    // A broadcast read by an elementwise node is a matter of strides: what it stretches is placed.
                    | (Node.Unary _ | Node.Binary _ | Node.Compare _ | Node.Select _ | Node.Cast _ | Node.StopGradient _),
                      Node.Broadcast _ when isElementwise e -> ()
                    | _ -> placed.Add o.Digest |> ignore

        placed

    /// The group of a placed elementwise node.
    let group (placed: HashSet<Digest>) (root: Expr) : FusedGroup =
        let places = Dictionary<Digest, int>()
        let steps = List<ScalarProgram.Step * DType>()
        let inputs = List<Expr * int list>()

        let add (e: Expr) step =
            places[e.Digest] <- steps.Count
            steps.Add((step, e.DType))

        /// An operand from memory, seen through broadcasts.
        let rec source (e: Expr) =
            match e.Node with
            | Node.Broadcast(_, x) when not (placed.Contains e.Digest) -> source x
            | _ -> e

        let leaf (e: Expr) =
            match Local.number e with
            | Some v when isNumber e -> add e (ScalarProgram.Step.Number v)
            | _ ->
                let x = source e
                add e (ScalarProgram.Step.Input inputs.Count)
                inputs.Add((x, Walk.strides root.Shape x.Shape))

        // Operands first, by an explicit stack: a group is small, but nothing here should depend on it.
        let stack = Stack<struct (Expr * bool)>([ struct (root, false) ])

        while stack.Count > 0 do
            let struct (e, opened) = stack.Pop()
            let place (o: Expr) = places[o.Digest]

            if not (places.ContainsKey e.Digest) then
                if e <> root && (placed.Contains e.Digest || not (isElementwise e) || isNumber e) then
                    leaf e
                elif not opened then
                    stack.Push(struct (e, true))

                    for o in Node.operands e.Node do
                        stack.Push(struct (o, false))
                else
                    match e.Node with
                    | Node.Unary(op, x) -> add e (ScalarProgram.Step.Unary(op, place x))
                    | Node.Binary(op, x, y) -> add e (ScalarProgram.Step.Binary(op, place x, place y))
                    | Node.Compare(op, x, y) -> add e (ScalarProgram.Step.Compare(op, place x, place y))
                    | Node.Select(c, x, y) -> add e (ScalarProgram.Step.Select(place c, place x, place y))
                    | Node.Cast(DType.Bool, x) -> add e (ScalarProgram.Step.Truth(place x))
                    | Node.Cast(_, x)
                    | Node.StopGradient x -> add e (ScalarProgram.Step.Copy(place x))
                    | _ -> leaf e

        {
            Root = root
            Inputs = List.ofSeq inputs
            Body = { Steps = steps.ToArray(); Outputs = [| places[root.Digest] |]; Inputs = inputs.Count }
        }

    /// Whether a placed node is computed by a fused kernel.
    let isFused (e: Expr) = isElementwise e
