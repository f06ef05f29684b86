namespace DL1.Compiler.Inspection

open System.Collections.Generic
open DL1
open DL1.Compiler.Lowering
open DL1.Compiler.Planning

/// The nodes from which a kernel computes a value (`Root`): `Computed` are the nodes that it computes, operands before
/// users; `Found` are the nodes whose values it reads from memory, by digest, with their buffers.
[<NoEquality; NoComparison>]
type internal KernelWalk =
    { Root: Expr; Computed: List<Expr>; Found: Dictionary<Digest, struct (Expr * int)> }

/// Writes the results of kernels as formulas of the values that they read: variables by name, constants as c1, others as v2.
[<RequireQualifiedAccess>]
module internal KernelFormula =
    /// The name of a buffer's value: a variable's name, or a letter and the buffer's index.
    let name (plan: Plan) (buffer: int) =
        match plan.Locations[buffer], plan.Values[buffer].Node with
        | Location.Input _, Node.Variable v -> v.Name
        | Location.Constant _, _ -> $"c%d{buffer}"
        | _ -> $"v%d{buffer}"

    /// Walks from the value that a kernel writes to the buffer `target` back to the values that the kernel reads.
    let walk (plan: Plan) (step: PlanStep) (target: int) : KernelWalk =
        let known = Dictionary<Digest, int>()

        for p in Array.append step.Reads step.Writes do
            if p <> target then
                known[plan.Values[p].Digest] <- p

        let found = Dictionary<Digest, struct (Expr * int)>()
        let seen = HashSet<Digest>()
        let order = List<Expr>()
        let stack = Stack<struct (Expr * bool)>()
        let root = step.SliceOf target |> Option.defaultValue plan.Values[target]
        stack.Push(struct (root, false))

        while stack.Count > 0 do
            let struct (e, opened) = stack.Pop()

            if opened then
                order.Add e
            elif seen.Add e.Digest then
                match known.TryGetValue (LowerReshapes.beneath e).Digest with
                | true, p -> found[e.Digest] <- struct (e, p)
                | false, _ ->
                    stack.Push(struct (e, true))

                    for o in Node.operands e.Node do
                        stack.Push(struct (o, false))

        { Root = root; Computed = order; Found = found }

    /// The formula of the value that a kernel writes to the buffer `target`, in one or more lines.
    let of' (plan: Plan) (step: PlanStep) (target: int) : string =
        let walk = walk plan step target
        let results = Dictionary<Digest, Expr>()

        // Values that the kernel reads become variables with their names; single numbers stay.
        for found in walk.Found do
            let struct (e, p) = found.Value

            results[found.Key] <-
                match plan.Locations[p] with
                | Location.Constant value when value.Size = 1 -> e
                | _ -> Expr.variable (name plan p) e.DType (e.Shape.ToList())

        /// Rebuilds a node over its rebuilt operands, and shortens the formula: nested reshapes become one, a reshaped number
        /// becomes a number, and a transpose of its inverse is dropped.
        let rebuilt (e: Expr) =
            match e.Node with
            | Node.Reshape(shape, x) ->
                let x = LowerReshapes.beneath results[x.Digest]

                match Local.number x with
                | Some v -> Expr.full e.DType (shape.ToList()) v
                | None -> Expr.reshape (shape.ToList()) x
            | Node.Transpose(p, x) ->
                match results[x.Digest].Node with
                // The two permutations are inverse.
                | Node.Transpose(q, y) when List.map (fun axis -> List.item axis q) p = List.sort p -> y
                | _ -> Expr.transpose p results[x.Digest]
            | _ -> Expr.Make(Node.map (fun (o: Expr) -> results[o.Digest]) e.Node)

        for e in walk.Computed do
            results[e.Digest] <- rebuilt e

        Text.unicode results[walk.Root.Digest]

    /// The names of the input variables that a kernel reads.
    let variables (plan: Plan) (step: PlanStep) : string list =
        [
            for p in Array.distinct step.Reads do
                match plan.Locations[p], plan.Values[p].Node with
                | Location.Input _, Node.Variable v -> v.Name
                | _ -> ()
        ]
