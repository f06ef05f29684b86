namespace DL1

open System.Collections.Generic

/// Forward mode, graph to graph: tangents flow from variables (or any expressions) to what depends on them.
[<RequireQualifiedAccess>]
module internal Forward =
    /// A custom rule gives J'u as a graph that is linear in u. J v is the vjp of that graph in u, with cotangent v. It
    /// is made over the rule's own variables, and what it is applied to put in afterwards: names cannot clash.
    let private custom (rule: CustomVjp<Expr>) (xs: Expr list) (tangents: Expr option list) =
        let seeds =
            List.zip rule.Gradients tangents
            |> List.choose (fun (g, d) -> d |> Option.map (fun d -> g, Rebuild.fresh d.DType d.Shape, d))

        let cotangents = seeds |> List.map (fun (g, v, _) -> g, Expr.ofVariable v)

        Reverse.cotangents cotangents [ Expr.ofVariable rule.Cotangent ]
        |> List.head
        |> Option.map (fun tangent ->
            if List.contains rule.Cotangent (Graph.variables [ tangent ]) then
                Refuse.domain
                    "jvp"
                    $"the custom function {rule.Name}, whose gradients are not linear in the cotangent"
                    "gradients that are the cotangent times what the inputs alone decide"
                    "use reverse mode (grad, vjp), which needs no linear rule"

            let bindings = List.zip rule.Inputs xs @ (seeds |> List.map (fun (_, v, d) -> v, d))
            Rebuild.substitute bindings [ tangent ] |> List.head)

    /// The same where a mask goes through the rule: the sum of what each tangent gives with its mask.
    let private customByElement (rule: CustomVjp<Expr>) (xs: Expr list) (tangents: Flow option list) =
        tangents
        |> List.indexed
        |> List.choose (fun (i, flow) ->
            flow
            |> Option.bind (fun flow ->
                let alone = xs |> List.mapi (fun j _ -> if i = j then Some flow.Value else None)
                custom rule xs alone |> Option.map (fun t -> Flow.scaled (fun _ -> t) flow)))
        |> function
            | [] -> None
            | flows -> Some(List.reduce Flow.add flows)

    /// Tangents as in `tangents`, by another rule for the primitives than Jvp's.
    let rec tangentsBy
        (primitive: Expr -> Flow option list -> Flow option)
        (seeds: (Expr * Expr) list)
        (outputs: Expr list)
        : Expr option list =
        let found = Dictionary<Digest, Flow>()

        for e, d in seeds do
            if e.DType.IsFloat then
                found[e.Digest] <- Flow.plain d

        let loops = Dictionary<Digest, Expr option list>()

        let find (e: Expr) = Lookup.tryFind found e.Digest

        for e in Graph.topological outputs do
            if e.DType.IsFloat && not (found.ContainsKey e.Digest) then
                let operands = Node.operands e.Node
                let ds = List.map find operands
                let settled = ds |> List.map (Option.map Flow.settle)

                if List.exists Option.isSome ds then
                    let tangent =
                        Origin.within (Origin.gradient e.Origin) (fun () ->
                            match e.Node with
                            | Node.Scan(result, call) ->
                                let loop = Expr.Make(Node.Scan(0, call)).Digest

                                if not (loops.ContainsKey loop) then
                                    loops[loop] <- ScanRules.jvp (tangentsBy primitive) call settled

                                loops[loop][result] |> Option.map Flow.plain
                            | Node.Custom(rule, xs) when Flow.isElementwise rule ->
                                customByElement rule xs ds
                            | Node.Custom(rule, xs) -> custom rule xs settled |> Option.map Flow.plain
                            | _ -> primitive e ds)

                    Option.iter (fun d -> found[e.Digest] <- d) tangent

        List.map (find >> Option.map Flow.settle) outputs

    /// For each output, its tangent where the expressions of `seeds` have the tangents given; `None` where it does
    /// not depend on them.
    let tangents seeds outputs = tangentsBy Jvp.flows seeds outputs
