namespace DL1

open System.Collections.Generic

/// What makes two plans one.
[<NoComparison>]
type internal PlanKey = { Inputs: Digest list; Roots: Digest list; Width: Width; Generates: bool }

/// Plans made before, the last ones used; a plan is the same for the same graphs, in the same order, on the same vectors.
[<RequireQualifiedAccess>]
module internal Cache =
    [<Literal>]
    let private Most = 256

    let private known = Dictionary<PlanKey, LinkedListNode<struct (PlanKey * Plan)>>()
    let private recent = LinkedList<struct (PlanKey * Plan)>()

    let private find key : Plan option =
        lock known (fun () ->
            match known.TryGetValue key with
            | true, node ->
                recent.Remove node
                recent.AddFirst node
                let struct (_, plan) = node.Value
                Some plan
            | false, _ -> None)

    let private keep key plan =
        lock known (fun () ->
            if not (known.ContainsKey key) then
                known[key] <- recent.AddFirst(struct (key, plan))

            while known.Count > Most do
                match recent.Last with
                | null -> ()
                | oldest ->
                    let struct (key, _) = oldest.Value
                    recent.RemoveLast()
                    known.Remove key |> ignore)

    /// The plan for what the roots compute from the inputs.
    let plan (width: Width) (generates: bool) (inputs: Variable list) (roots: Expr list) : Plan =
        let key =
            {
                Inputs = inputs |> List.map (fun v -> (Expr.ofVariable v).Digest)
                Roots = roots |> List.map _.Digest
                Width = width
                Generates = generates
            }

        match find key with
        | Some plan -> plan
        | None ->
            let plan = Plan.make (PassCode.get width generates) inputs roots
            keep key plan
            plan
