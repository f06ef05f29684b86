namespace DL1

open System.Collections.Generic

/// What kernels compute as formulas over what they read: variables by their names, other values as v1, v2, ...
[<RequireQualifiedAccess>]
module internal KernelFormula =
    /// The name of what stands at a place.
    let name (plan: Plan) (place: int) =
        match plan.Where[place], plan.Values[place].Node with
        | Where.Input _, Node.Variable v -> v.Name
        | Where.Constant _, _ -> $"c{place}"
        | _ -> $"v{place}"

    /// The formula of what a kernel writes to a place, in one line or some.
    let of' (plan: Plan) (step: PlanStep) (target: int) : string =
        let known = Dictionary<Digest, int>()

        for p in Array.append step.Reads step.Writes do
            if p <> target then
                known[plan.Values[p].Digest] <- p

        let results = Dictionary<Digest, Expr>()

        /// What stands for a value that the kernel finds in memory.
        let given (e: Expr) : Expr option =
            match known.TryGetValue (PlanWork.home e).Digest with
            | true, p ->
                match plan.Where[p] with
                | Where.Constant value when value.Size = 1 -> Some e
                | _ -> Some(Expr.variable (name plan p) e.DType (e.Shape.ToList()))
            | false, _ -> None

        let order = List<Expr>()
        let stack = Stack<struct (Expr * bool)>()
        let root = step.PartOf target |> Option.defaultValue plan.Values[target]
        stack.Push(struct (root, false))

        while stack.Count > 0 do
            let struct (e, opened) = stack.Pop()

            if opened then
                order.Add e
            elif not (results.ContainsKey e.Digest) then
                results[e.Digest] <- e

                match given e with
                | Some stand -> results[e.Digest] <- stand
                | None ->
                    stack.Push(struct (e, true))

                    for o in Node.operands e.Node do
                        stack.Push(struct (o, false))

        /// One reshape of many, and none of a number, and no transposes there and back: what matters is what is computed.
        let rebuilt (e: Expr) =
            match e.Node with
            | Node.Reshape(shape, x) ->
                let x = PlanWork.home results[x.Digest]

                match Local.number x with
                | Some v -> Expr.full e.DType (shape.ToList()) v
                | None -> Expr.reshape (shape.ToList()) x
            | Node.Transpose(p, x) ->
                match results[x.Digest].Node with
                // There and back.
                | Node.Transpose(q, y) when List.map (fun axis -> List.item axis q) p = List.sort p -> y
                | _ -> Expr.transpose p results[x.Digest]
            | _ -> Expr.Make(Node.map (fun (o: Expr) -> results[o.Digest]) e.Node)

        for e in order do
            results[e.Digest] <- rebuilt e

        Text.unicode results[root.Digest]

    /// The names of the variables that a kernel reads itself.
    let variables (plan: Plan) (step: PlanStep) : string list =
        [
            for p in Array.distinct step.Reads do
                match plan.Where[p], plan.Values[p].Node with
                | Where.Input _, Node.Variable v -> v.Name
                | _ -> ()
        ]
