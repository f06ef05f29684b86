namespace DL1.Compiler.Scan

open System.Collections.Generic
open DL1
open DL1.Compiler.Lowering

/// How a scan reads values from another scan. `Sequence`: the index of a sequence of the scan that is an output of the other.
/// `Source`: the key of the other. `Table`: the replacements of nodes in the body of the scan. `Added`: the new slices, each
/// with the node in the body of the other whose values it holds.
[<NoEquality; NoComparison>]
type internal ReusePlan =
    {
        Sequence: int
        Source: Digest
        Table: Dictionary<Digest, Expr>
        Added: (Variable * Expr) list
    }

/// The reversed scan of a gradient recomputes what the forward scan has computed. Here the forward scan outputs such values, and
/// the reversed scan reads them. That is done only for nodes that cost more than reading their values (`NodeClass.isHeavy`), and
/// for functions of these alone; other elementwise functions are computed again.
[<RequireQualifiedAccess>]
module internal ReuseForwardValues =
    /// A digest that identifies a scan, whichever of its results is meant.
    let key (call: ScanCall<Expr>) = Expr.Make(Node.Scan(0, call)).Digest

    /// The key of the scan whose result a node is; the digest of the node where it is none.
    let keyOf (e: Expr) =
        match e.Node with
        | Node.Scan(_, call) -> key call
        | _ -> e.Digest

    /// Finds a scan of equal length whose stacked outputs a scan reads: the index of such a sequence, and that scan.
    let private source (call: ScanCall<Expr>) =
        call.Sequences
        |> List.indexed
        |> List.tryPick (fun (index, e) ->
            match e.Node with
            | Node.Scan(result, other) when other.Length = call.Length && result >= other.Body.Next.Length ->
                Some(struct (index, other))
            | _ -> None)

    /// Maps nodes of a scan's body, by digest, to equal nodes in the body of `other`, a scan whose stacked outputs it reads.
    let private images (call: ScanCall<Expr>) (other: ScanCall<Expr>) =
        let theirs = Graph.topological (other.Body.Next @ other.Body.Outputs) |> Seq.map _.Digest |> HashSet
        let images = Dictionary<Digest, Expr>()

        let bind (own: Variable) (image: Expr option) =
            image |> Option.iter (fun image -> images[(Expr.ofVariable own).Digest] <- image)

        let equal (given: Expr list) (variables: Variable list) (e: Expr) =
            List.zip given variables
            |> List.tryPick (fun (g, v) -> if g = e then Some(Expr.ofVariable v) else None)

        let stacked (e: Expr) =
            match e.Node with
            | Node.Scan(result, by) when result >= by.Body.Next.Length && key by = key other ->
                Some(List.item (result - by.Body.Next.Length) other.Body.Outputs)
            | _ -> equal other.Sequences other.Body.Slices e

        List.iter2 (fun v e -> bind v (stacked e)) call.Body.Slices call.Sequences
        List.iter2 (fun v e -> bind v (equal other.Fixed other.Body.Fixed e)) call.Body.Fixed call.Fixed

        for e in Graph.topological (call.Body.Next @ call.Body.Outputs) do
            match e.Node with
            | Node.Variable _ -> ()
            | _ ->
                if Node.operands e.Node |> List.forall (fun o -> images.ContainsKey o.Digest) then
                    let image = Expr.Make(Node.map (fun (o: Expr) -> images[o.Digest]) e.Node)

                    if theirs.Contains image.Digest then
                        images[e.Digest] <- image

        images

    /// The digests of the nodes to be read: heavy nodes, and cheap functions of these that are their only readers.
    let private chosen (call: ScanCall<Expr>) (images: Dictionary<Digest, Expr>) =
        let roots = call.Body.Next @ call.Body.Outputs
        let uses = Graph.uses roots
        let isFixed = call.Body.Fixed |> List.map (fun v -> (Expr.ofVariable v).Digest) |> HashSet
        let moves (o: Expr) = not (isFixed.Contains o.Digest)
        let found = HashSet<Digest>()

        for e in Graph.topological roots do
            if not e.Node.IsVariable then
                if not (Node.operands e.Node |> List.exists moves) then
                    isFixed.Add e.Digest |> ignore
                elif
                    images.ContainsKey e.Digest
                    && (NodeClass.isHeavy e || ScanLoop.follows found uses moves e)
                then
                    found.Add e.Digest |> ignore

        found

    /// Returns the scan to be read, and what is read from it; `None` where nothing is to be replaced.
    let private plan (call: ScanCall<Expr>) =
        match source call with
        | None -> None
        | Some(struct (index, other)) ->
            let images = images call other
            let found = chosen call images
            let variables = Dictionary<Digest, Variable>()
            let table = Dictionary<Digest, Expr>()
            let roots = call.Body.Next @ call.Body.Outputs

            for e in Graph.topological roots do
                if found.Contains e.Digest then
                    variables[e.Digest] <- Rebuild.fresh e.DType e.Shape
                    table[e.Digest] <- Expr.ofVariable variables[e.Digest]

            let read = Graph.variables (Rebuild.fromTop table roots) |> HashSet

            let added =
                variables
                |> Seq.filter (fun known -> read.Contains known.Value)
                |> Seq.map (fun known -> known.Value, images[known.Key])
                |> List.ofSeq

            if added.IsEmpty then
                None
            else
                Some(other, { Sequence = index; Source = key other; Table = table; Added = added })

    /// Rewrites each scan that reads another's stacks, so that it reads values that the other scan has computed already.
    let run (roots: Expr list) : Expr list =
        let plans = Dictionary<Digest, ReusePlan>()
        let outputs = Dictionary<Digest, List<Expr>>()

        for struct (_, call) in Rebuild.loops roots do
            if not (plans.ContainsKey(key call)) then
                match plan call with
                | None -> ()
                | Some(other, found) ->
                    plans[key call] <- found
                    let all = Lookup.orAdd outputs found.Source (fun () -> List other.Body.Outputs)

                    for _, image in found.Added do
                        if not (all.Contains image) then
                            all.Add image

        let change (was: ScanCall<Expr>) (call: ScanCall<Expr>) result =
            // Adds the outputs that other scans read.
            let call =
                match outputs.TryGetValue(key was) with
                | true, all -> { call with Body = { call.Body with Outputs = List.ofSeq all } }
                | false, _ -> call

            match plans.TryGetValue(key was) with
            | false, _ -> Expr.Make(Node.Scan(result, call))
            | true, plan ->
                let body = call.Body

                let next, stacked =
                    Rebuild.fromTop plan.Table (body.Next @ body.Outputs) |> List.splitAt body.Next.Length

                let sequences =
                    match (List.item plan.Sequence call.Sequences).Node with
                    | Node.Scan(_, other) ->
                        plan.Added
                        |> List.map (fun (_, image) ->
                            let at = outputs[plan.Source].IndexOf image
                            Expr.Make(Node.Scan(other.Body.Next.Length + at, other)))
                    | _ -> []

                let finals, stacks =
                    Scan.ofBody
                        call.Reversed
                        call.Length
                        { body with
                            Slices = body.Slices @ List.map fst plan.Added
                            Next = next
                            Outputs = stacked
                        }
                        call.Initial
                        (call.Sequences @ sequences)
                        call.Fixed

                List.item result (finals @ stacks)

        if plans.Count = 0 then roots else Rebuild.overLoops change roots
