namespace DL1

open System.Collections.Generic

/// Reverse mode, graph to graph: cotangents flow from the outputs back to what they depend on.
[<RequireQualifiedAccess>]
module internal Reverse =
    /// The nodes that depend on one of the expressions asked for, through operands that have derivatives.
    let private active (order: Expr[]) (wrt: Expr list) =
        let marked = HashSet<Digest>(wrt |> Seq.filter (fun e -> e.DType.IsFloat) |> Seq.map _.Digest)

        for e in order do
            if e.DType.IsFloat && Node.operands e.Node |> List.exists (fun o -> marked.Contains o.Digest) then
                marked.Add e.Digest |> ignore

        marked

    /// All results of a loop, as nodes.
    let private results (call: ScanCall<Expr>) =
        List.init (call.Body.Next.Length + call.Body.Outputs.Length) (fun i -> Expr.Make(Node.Scan(i, call)))

    /// For each of `wrt`, the sum over the outputs of the vjp of their cotangents, with its mask; `None` where no output
    /// depends on it. Sums are taken in an order that the graph alone decides.
    let rec flows (outputs: (Expr * Expr) list) (wrt: Expr list) : Flow option list =
        let order = Graph.topological (List.map fst outputs)
        let active = active order wrt
        let sums = Dictionary<Digest, Flow>()

        let add (e: Expr) (d: Flow) =
            if active.Contains e.Digest then
                match sums.TryGetValue e.Digest with
                | true, sum -> sums[e.Digest] <- Flow.add sum d
                | false, _ -> sums[e.Digest] <- d

        let find (e: Expr) = Lookup.tryFind sums e.Digest

        let pass (operands: Expr list) (ds: Flow option list) =
            List.iter2 (fun operand d -> Option.iter (add operand) d) operands ds

        // The results of one loop are passed back together, at the one that stands first in the order: by then the
        // cotangents of all of them are complete.
        let loops = HashSet<Digest>()
        let last = Dictionary<Digest, Expr>()

        for e in order do
            match e.Node with
            | Node.Scan(_, call) ->
                let loop = Expr.Make(Node.Scan(0, call))

                if loops.Add loop.Digest then
                    last[e.Digest] <- loop
            | _ -> ()

        for output, d in outputs do
            add output (Flow.plain d)

        let back (e: Expr) =
            match e.Node with
            | Node.Scan(_, call) ->
                if last.ContainsKey e.Digest then
                    let ds = results call |> List.map (find >> Option.map Flow.settle)

                    if ds |> List.exists Option.isSome then
                        ScanRules.vjp cotangents call ds
                        |> List.map (Option.map Flow.plain)
                        |> pass (Node.operands e.Node)
            | _ ->
                match find e with
                | Some d -> pass (Node.operands e.Node) (Vjp.flows e d)
                | None -> ()

        for e in Array.rev order do
            Origin.within (Origin.gradient e.Origin) (fun () -> back e)

        List.map find wrt

    /// The cotangents of `wrt` as in `flows`, with the masks applied.
    and cotangents (outputs: (Expr * Expr) list) (wrt: Expr list) : Expr option list =
        flows outputs wrt |> List.map (Option.map Flow.settle)
