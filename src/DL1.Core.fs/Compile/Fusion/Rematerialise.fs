namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1
open DL1.Compiler
open DL1.Compiler.Lowering

/// Rematerialisation: readers compute a value for themselves where that costs less than a round trip to memory, and the operands
/// of the value are in memory anyway.
[<RequireQualifiedAccess>]
module internal Rematerialise =
    /// The nodes to be recomputed, and the views of memory that they read.
    [<NoEquality; NoComparison>]
    type private Recomputation = { Nodes: Expr list; Operands: StridedView list }

    /// Gathers the nodes that compute the value `e` from operands in memory. `None` where there are more than
    /// `Tuning.RematerialisedNodes`, or where one of them is not cheap, draws random words, or reads another through a view.
    let private recomputation (rematerialised: HashSet<Digest>) isInMemory (e: Expr) : Recomputation option =
        let rec gather left (todo: Expr list) (found: Recomputation) =
            match todo with
            | [] -> Some found
            | _ when left = 0 -> None
            | n :: todo when Reads.draws rematerialised n || not (NodeKind.isCheap n) -> None
            | n :: todo ->
                let inMemory, more =
                    Reads.reads rematerialised n |> List.partition (fun r -> isInMemory r.Source)

                let isPart (r: StridedView) =
                    NodeKind.of' r.Source = NodeKind.Elementwise && StridedView.isWhole n.Shape r

                if List.forall isPart more then
                    let operands =
                        inMemory |> List.map (fun r -> { r with Strides = Reads.squeeze n.Shape r.Strides })

                    gather
                        (left - 1)
                        ((more |> List.map _.Source) @ todo)
                        { Nodes = n :: found.Nodes; Operands = operands @ found.Operands }
                else
                    None

        gather Tuning.RematerialisedNodes [ e ] { Nodes = []; Operands = [] }

    /// Whether a group that reads a value can recompute it instead.
    let private suits (groupOf: Dictionary<Digest, Group>) (e: Expr) recomputation (g: Group) =
        // An anchor, and a node with a kernel of its own, reads its operands from memory.
        let isReadByAnchor =
            g.Anchor
            |> Option.exists (fun anchor ->
                not (g.IsMember anchor) || Reads.of' anchor |> List.exists (fun r -> r.Source = e))

        let isAlong (o: StridedView) = o.Source <> e || (o.Offset = 0 && o.Strides = Join.natural g.Domain)

        // A fused loop has one float type.
        let floats = List.choose id (g.Float :: List.map NodeKind.float recomputation.Nodes) |> List.distinct
        let operands = Seq.append g.Operands recomputation.Operands

        not isReadByAnchor
        && not (g.IsMember e)
        && Reads.extents e.Shape = g.Domain
        && floats.Length <= 1
        && Seq.forall isAlong g.Operands
        && recomputation.Operands |> List.forall (fun o -> Join.canRead groupOf g o.Source)
        && Join.fits g g.Reduced g.Draws (Seq.length operands) (operands |> Seq.map _.Strides)

    /// Finds the values that all groups reading them can recompute. In those groups, replaces each such value among the operands
    /// by the operands from which it is recomputed. Returns the digests of the recomputed nodes.
    let run order rematerialised (groups: Group seq) (groupOf: Dictionary<Digest, Group>) (roots: Expr list) =
        let isRoot = HashSet<Digest>(roots |> Seq.map _.Digest)
        let readers = Dictionary<Digest, List<Group>>()

        for g in groups do
            for source in Reads.ofGroup g do
                Reads.addReader readers g source

        let recomputed = HashSet<Digest>()

        let isInMemory (e: Expr) =
            NodeKind.of' e = NodeKind.Leaf
            || isRoot.Contains e.Digest
            || (readers.ContainsKey e.Digest && not (recomputed.Contains e.Digest))

        for (e: Expr) in Array.rev order do
            match groupOf.TryGetValue e.Digest, readers.TryGetValue e.Digest with
            | (true, home), (true, others) when
                home.IsMember e && home.Roles[e.Digest] = Role.Along && not (isRoot.Contains e.Digest)
                ->
                match recomputation rematerialised isInMemory e with
                | Some recomputation when Seq.forall (suits groupOf e recomputation) others ->
                    for n in recomputation.Nodes do
                        recomputed.Add n.Digest |> ignore

                    for g in others do
                        g.Operands.RemoveAll(fun o -> o.Source = e) |> ignore
                        g.Float <- g.Float |> Option.orElse (List.tryPick NodeKind.float recomputation.Nodes)

                        for o in recomputation.Operands do
                            g.Operands.Add o
                            Reads.addReader readers g o.Source
                | _ -> ()
            | _ -> ()

        recomputed
