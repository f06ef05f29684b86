namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1
open DL1.Pattern
open DL1.Compiler.Lowering
open DL1.Compiler.Scan

/// The groups of a graph, and which of its values are rematerialised by their readers rather than stored.
[<NoEquality; NoComparison>]
type internal Fusion =
    {
        Groups: Group[]
        /// For each value that a group computes, that group.
        Of: Dictionary<Digest, Group>
        /// Values that each of their readers computes for itself.
        Recomputed: HashSet<Digest>
        /// Values that get a buffer: the roots, and all values that groups read from memory.
        Stored: HashSet<Digest>
    }

/// Decides which nodes share a kernel: a node joins the group of one of its operands, or a group that reads the same values,
/// where one fused loop can compute both.
[<RequireQualifiedAccess>]
module internal Fuse =
    /// Returns a value, and the values from which at most `depth` cheap operations compute it. A node that reads one of these
    /// does well to join a group that reads another.
    let rec private origins depth (e: Expr) : Expr list =
        if depth > 0 && NodeKind.of' e = NodeKind.Elementwise && NodeKind.isCheap e then
            e :: (Reads.of' e |> List.collect (fun r -> origins (depth - 1) r.Source))
        else
            [ e ]

    /// Divides the needed nodes, in topological order, into groups. Returns the groups, and the group of each node.
    let private cut (order: Expr[]) (needed: HashSet<Digest>) (rematerialised: HashSet<Digest>) =
        let groups = List<Group>()
        let groupOf = Dictionary<Digest, Group>()
        let readers = Dictionary<Digest, List<Group>>()
        let scans = Dictionary<Digest, Group>()

        let waitForSource (g: Group) (source: Expr) =
            Lookup.tryFind groupOf source.Digest |> Option.iter (fun h -> Group.Follow(groups, g, h))

        let enter (g: Group) (e: Expr) (operands: StridedView seq) =
            groupOf[e.Digest] <- g

            for o in operands do
                let isSame (p: StridedView) =
                    p.Source = o.Source && p.Offset = o.Offset && p.Strides = o.Strides

                if not (g.Operands.Exists isSame) then
                    g.Operands.Add o

                waitForSource g o.Source

                for s in origins 4 o.Source do
                    Reads.addReader readers g s

        let start anchor domain =
            let g = Group(groups.Count, domain, anchor)
            groups.Add g
            g

        let join (g: Group) (e: Expr) (j: Join.Joining) =
            g.Reduced <- j.Reduced
            g.Draws <- g.Draws || j.Draws
            g.Float <- Option.orElse (NodeKind.float e) g.Float
            g.Members.Add e
            g.Roles[e.Digest] <- if e.Node.IsReduce then Role.Kept else j.Role
            enter g e j.Operands

        let alone (e: Expr) =
            let g = start (Some e) (Reads.extents e.Shape)

            // An epilogue is called for blocks of rows: with fewer than 8 columns the calls cost more than they save.
            let isWide () = e.Shape[e.Shape.Rank - 1] >= 8

            let isAnchor =
                match NodeKind.of' e with
                | NodeKind.MatMul -> isWide ()
                | NodeKind.ChannelsLast(Form(Node.Conv(role, _, _, _)), _) -> role.IsWeightGrad || isWide ()
                | _ -> false

            if isAnchor then
                g.Roles[e.Digest] <- Role.Along
                g.Float <- Some e.DType

            groupOf[e.Digest] <- g

            for r in Reads.of' e do
                waitForSource g r.Source

        for e in order do
            if needed.Contains e.Digest then
                match NodeKind.of' e with
                | NodeKind.Leaf -> ()
                | NodeKind.Other when e.Node.IsScan ->
                    // One group computes all results of a scan.
                    let key = ReuseForwardValues.keyOf e

                    let g =
                        Lookup.orAdd scans key (fun () ->
                            alone e
                            groupOf[e.Digest])

                    groupOf[e.Digest] <- g
                    g.Members.Add e
                // A view that must be in memory is copied, unless it is a reshape: that needs no kernel.
                | NodeKind.View
                | NodeKind.MatMul
                | NodeKind.ChannelsLast _
                | NodeKind.Other -> alone e
                | NodeKind.Elementwise
                | NodeKind.Reduce _ ->
                    let sources = Reads.reads rematerialised e |> List.map _.Source

                    let producers =
                        sources
                        |> List.choose (fun s ->
                            Lookup.tryFind groupOf s.Digest |> Option.filter (fun g -> g.IsMember s))
                        |> List.distinct
                        |> List.sortByDescending _.Number

                    let siblings =
                        sources
                        |> List.collect (origins 4)
                        |> List.choose (fun s -> Lookup.tryFind readers s.Digest)
                        |> List.collect (fun known -> List.ofSeq known |> List.rev |> List.truncate 4)
                        |> List.distinct
                        |> List.filter (fun g -> g.Anchor.IsNone)

                    let found =
                        producers @ siblings
                        |> List.tryPick (fun g ->
                            Join.tryJoin rematerialised groupOf g e |> Option.map (fun j -> g, j))

                    match found with
                    | Some(g, j) -> join g e j
                    | None ->
                        let g = Group(groups.Count, Reads.extents (Reads.working e), None)

                        match Join.tryJoin rematerialised groupOf g e with
                        | Some j ->
                            groups.Add g
                            join g e j
                        | None -> alone e

        groups, groupOf

    /// Returns the values that must be in memory or in a group, found from the roots backwards. Views that are read by strides,
    /// and values that their readers rematerialise, are not among them.
    let private demand (order: Expr[]) (roots: Expr list) (rematerialised: HashSet<Digest>) =
        let needed = HashSet<Digest>(roots |> Seq.map _.Digest)

        // Whether a node needs no random words, or its loop can draw them; a downward sum, for one, reads them from memory.
        let drawsInLoop e =
            not (Reads.draws rematerialised e)
            || (let g = Group(0, Reads.extents (Reads.working e), None)
                Option.isSome (Join.tryJoin rematerialised (Dictionary()) g e))

        for e in Array.rev order do
            if needed.Contains e.Digest then
                let isFused =
                    match NodeKind.of' e with
                    | NodeKind.Elementwise
                    | NodeKind.Reduce _ -> drawsInLoop e
                    | _ -> false

                for r in (if isFused then Reads.reads rematerialised e else Reads.of' e) do
                    needed.Add r.Source.Digest |> ignore

        needed

    /// Fuses a lowered graph.
    let run (roots: Expr list) : Fusion =
        let order = Graph.topological roots
        let rematerialised = NodeKind.rematerialised order
        let needed = demand order roots rematerialised
        // A value that must be in memory anyway is read from there, not rematerialised.
        rematerialised.ExceptWith needed
        let groups, groupOf = cut order needed rematerialised
        let recomputed = Rematerialise.run order rematerialised groups groupOf roots
        recomputed.UnionWith rematerialised
        let stored = HashSet<Digest>(roots |> Seq.map _.Digest)

        for g in groups do
            for source in Reads.ofGroup g do
                stored.Add source.Digest |> ignore

        { Groups = groups.ToArray(); Of = groupOf; Recomputed = recomputed; Stored = stored }
