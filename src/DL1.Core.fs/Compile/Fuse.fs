namespace DL1

open System.Collections.Generic

/// The groups of a graph, and which of their values are computed again where they are used rather than stored.
[<NoEquality; NoComparison>]
type internal Fusion =
    {
        Groups: Group[]
        /// The group of each value that has one.
        Of: Dictionary<Digest, Group>
        /// Values that their readers compute for themselves.
        Recomputed: HashSet<Digest>
        /// Values that get a place in memory, with how many groups read them from there.
        Stored: HashSet<Digest>
    }

/// Which nodes are computed together: each node joins a group of one that it reads, where one pass can serve both.
[<RequireQualifiedAccess>]
module internal Fuse =
    // Past some 250 operations in one method the JIT gives up optimising.
    let private mostOperations = 200
    let private mostOperands = 40
    /// Kernels of more points than this want more than a few items, to be shared by threads.
    let private manyPoints = 65536
    let private fewItems = 4

    /// The readings of what a node reads: elementwise nodes and folds follow strides, kernels have their own ways.
    let readings (e: Expr) : Reading list =
        match Kind.of' e with
        | Kind.Leaf -> []
        | Kind.Look ->
            match e.Node with
            | Node.Reshape(_, x) -> [ Reading.whole x ]
            | _ -> [ Reading.through e ]
        | Kind.Elementwise
        | Kind.Fold _ -> Node.operands e.Node |> List.filter (Kind.isNumber >> not) |> List.map Reading.along
        | Kind.Product -> Node.operands e.Node |> List.map Matrices.reading
        | Kind.Other -> Node.operands e.Node |> List.map Reading.whole

    let private squeeze (shape: Shape) (values: int[]) =
        [| for axis in 0 .. shape.Rank - 1 do if shape[axis] <> 1 then values[axis] |]

    let private extents (shape: Shape) = squeeze shape (Array.ofList (shape.ToList()))

    /// The shape that an elementwise node or a fold works in.
    let private working (e: Expr) =
        match e.Node with
        | Node.Reduce(_, _, x) -> x.Shape
        | _ -> e.Shape

    /// The reduced axes of a fold, counted without those of extent 1.
    let private reducedAxes (e: Expr) =
        match e.Node with
        | Node.Reduce(_, axes, x) ->
            [|
                for axis in axes do
                    if x.Shape[axis] <> 1 then
                        Seq.length (Seq.filter (fun a -> x.Shape[a] <> 1) (seq { 0 .. axis - 1 }))
            |]
        | _ -> [||]

    /// What a node reads in the course of a pass: its operands, those of fleeting values taken along.
    let rec private reads (fleeting: HashSet<Digest>) (e: Expr) : Reading list =
        readings e
        |> List.collect (fun r ->
            if fleeting.Contains r.Source.Digest then
                match r.Source.Node with
                // Only the key is read, as it were by every element.
                | Node.RandomBits(_, shape, key) -> [ { Reading.whole key with Strides = Array.zeroCreate shape.Rank } ]
                | _ -> reads fleeting r.Source
            else
                [ r ])

    let private draws (fleeting: HashSet<Digest>) (e: Expr) =
        readings e |> List.exists (fun r -> fleeting.Contains r.Source.Digest)

    /// A node as it would lie in a group.
    [<NoEquality; NoComparison>]
    type private Joining =
        {
            Role: Role
            Reduced: int[]
            Operands: GroupOperand list
            Draws: bool
        }

    let private natural (domain: int[]) = (Shape.Of domain).Strides

    /// How a node would join a group, if it can.
    let private joining (fleeting: HashSet<Digest>) (groups: Dictionary<Digest, Group>) (g: Group) (e: Expr) =
        let shape = working e
        let own = extents shape
        let folded = reducedAxes e
        let isFold = folded.Length > 0
        let drawn = draws fleeting e

        let placed =
            if own = g.Domain && (not isFold || g.Reduced.Length = 0 || g.Reduced = folded) then
                Some(Role.Along, (if isFold then folded else g.Reduced))
            elif not isFold && g.Reduced.Length > 0 && own = g.Kept then
                Some(Role.Still, g.Reduced)
            else
                None

        let compatible =
            match g.Float, Kind.float e with
            | Some a, Some b -> a = b
            | _ -> true

        match placed with
        | Some(role, reduced) when compatible && g.Members.Count < mostOperations ->
            let read = reads fleeting e
            let mutable ok = not (isFold && g.Host.IsSome)
            let mutable readsStill = false
            let operands = List<GroupOperand>()

            for r in read do
                let strides = squeeze shape r.Strides

                match g.Roles.TryGetValue r.Source.Digest with
                | true, Role.Along ->
                    ok <- ok && role = Role.Along && r.Offset = 0 && strides = natural g.Domain
                | true, Role.Still ->
                    readsStill <- true

                    let expected =
                        match role with
                        | Role.Along -> g.Spread(reduced, natural g.Kept)
                        | Role.Still -> natural g.Kept

                    ok <- ok && r.Offset = 0 && strides = expected
                | false, _ ->
                    match groups.TryGetValue r.Source.Digest with
                    | true, h -> ok <- ok && h <> g && not (h.Ancestors.Contains g.Number)
                    | false, _ -> ()

                    let strides =
                        match role with
                        | Role.Along -> strides
                        | Role.Still -> g.Spread(reduced, strides)

                    operands.Add { Source = r.Source; Offset = r.Offset; Strides = strides }

            // A fold beside a product's pass, or a still value that nothing in the group leads to, is not for this group.
            ok <- ok && (role = Role.Along || readsStill)

            let points = Array.fold (*) 1 g.Domain
            let items = if reduced.Length = 0 then points else Array.fold (*) 1 g.Kept
            ok <- ok && not (readsStill && role = Role.Along && points > manyPoints && items < fewItems)

            if ok then
                let all = Seq.append (g.Operands |> Seq.map _.Strides) (operands |> Seq.map _.Strides)
                let stores = [ natural g.Domain ]

                let across = reduced.Length = 0 || Array.contains (g.Domain.Length - 1) reduced

                match Space.segments g.Domain reduced (Array.ofSeq (Seq.append stores all)) with
                | ValueSome segments when
                    g.Operands.Count + operands.Count <= mostOperands
                    && (not (drawn || g.Draws) || (across && g.Host.IsNone && (reduced.Length = 0 || segments = 1)))
                    ->
                    Some
                        {
                            Role = role
                            Reduced = reduced
                            Operands = List.ofSeq operands
                            Draws = drawn
                        }
                | _ -> None
            else
                None
        | _ -> None

    let private resultRole (e: Expr) (j: Joining) =
        match Kind.of' e with
        | Kind.Fold _ -> Role.Still
        | _ -> j.Role

    /// Cuts a graph into groups.
    let private cut (order: Expr[]) (needed: HashSet<Digest>) (fleeting: HashSet<Digest>) =
        let groups = List<Group>()
        let groupOf = Dictionary<Digest, Group>()
        let readers = Dictionary<Digest, List<Group>>()

        /// Everything that `g` waits for, it waits for with all that wait for it.
        let waitFor (g: Group) (h: Group) =
            if h <> g && not (g.Ancestors.Contains h.Number) then
                let gained = Bits()
                gained.Add h.Number
                gained.Union h.Ancestors
                g.Ancestors.Union gained

                for later in groups do
                    if later.Ancestors.Contains g.Number then
                        later.Ancestors.Union gained

        let enter (g: Group) (e: Expr) (operands: GroupOperand seq) =
            groupOf[e.Digest] <- g

            for o in operands do
                let isNew =
                    g.Operands
                    |> Seq.forall (fun p ->
                        p.Source.Digest <> o.Source.Digest || p.Offset <> o.Offset || p.Strides <> o.Strides)

                if isNew then
                    g.Operands.Add o

                match groupOf.TryGetValue o.Source.Digest with
                | true, h -> waitFor g h
                | false, _ -> ()

                match readers.TryGetValue o.Source.Digest with
                | true, list ->
                    if not (list.Contains g) then
                        list.Add g
                | false, _ -> readers[o.Source.Digest] <- List [ g ]

        let start host domain =
            let g = Group(groups.Count, domain, host)
            groups.Add g
            g

        let join (g: Group) (e: Expr) (j: Joining) =
            g.Reduced <- j.Reduced
            g.Draws <- g.Draws || j.Draws
            g.Float <- Option.orElse (Kind.float e) g.Float
            g.Members.Add e
            g.Roles[e.Digest] <- resultRole e j
            enter g e j.Operands

        let alone (e: Expr) =
            let g = start (Some e) (extents e.Shape)

            if Kind.of' e = Kind.Product then
                g.Roles[e.Digest] <- Role.Along
                g.Float <- Some e.DType

            groupOf[e.Digest] <- g

            for r in readings e do
                match groupOf.TryGetValue r.Source.Digest with
                | true, h -> waitFor g h
                | false, _ -> ()

        for e in order do
            if needed.Contains e.Digest then
                match Kind.of' e with
                | Kind.Leaf -> ()
                | Kind.Look ->
                    // Reshapes cost nothing; other looks that are needed are copied.
                    alone e
                | Kind.Product
                | Kind.Other -> alone e
                | Kind.Elementwise
                | Kind.Fold _ ->
                    let sources = reads fleeting e |> List.map _.Source

                    let producers =
                        sources
                        |> List.choose (fun s ->
                            match groupOf.TryGetValue s.Digest with
                            | true, g when g.IsMember s -> Some g
                            | _ -> None)
                        |> List.distinct
                        |> List.sortByDescending _.Number

                    let siblings =
                        sources
                        |> List.collect (fun s ->
                            match readers.TryGetValue s.Digest with
                            | true, list -> List.ofSeq list |> List.rev |> List.truncate 4
                            | false, _ -> [])
                        |> List.distinct
                        |> List.filter (fun g -> g.Host.IsNone)

                    let found =
                        producers @ siblings
                        |> List.tryPick (fun g ->
                            joining fleeting groupOf g e |> Option.map (fun j -> g, j))

                    match found with
                    | Some(g, j) -> join g e j
                    | None ->
                        let g = Group(groups.Count, extents (working e), None)

                        match joining fleeting groupOf g e with
                        | Some j ->
                            groups.Add g
                            join g e j
                        | None -> alone e

        groups, groupOf

    /// What must stand in memory or be computed, from the roots downwards.
    let private demand (order: Expr[]) (roots: Expr list) (fleeting: HashSet<Digest>) =
        let needed = HashSet<Digest>(roots |> Seq.map _.Digest)

        for e in Array.rev order do
            if needed.Contains e.Digest then
                let isPass =
                    match Kind.of' e with
                    | Kind.Elementwise
                    | Kind.Fold _ -> true
                    | _ -> false

                for r in (if isPass then reads fleeting e else readings e) do
                    needed.Add r.Source.Digest |> ignore

        needed

    /// Fuses a lowered graph.
    let run (roots: Expr list) : Fusion =
        let order = Graph.topological roots
        let fleeting = Kind.fleeting order
        let needed = demand order roots fleeting
        // What must stand in memory anyhow is read from there.
        fleeting.ExceptWith needed
        let groups, groupOf = cut order needed fleeting
        let isRoot = HashSet<Digest>(roots |> Seq.map _.Digest)

        /// The groups that read a value from memory.
        let readers = Dictionary<Digest, List<Group>>()

        let read (g: Group) (source: Expr) =
            match readers.TryGetValue source.Digest with
            | true, list ->
                if not (list.Contains g) then
                    list.Add g
            | false, _ -> readers[source.Digest] <- List [ g ]

        for g in groups do
            for o in g.Operands do
                read g o.Source

            match g.Host with
            | Some e ->
                for r in readings e do
                    read g r.Source
            | None -> ()

        let recomputed = HashSet<Digest>(fleeting)

        // A value that costs little, made of what its readers can have anyway, is made by each of them.
        for e in Array.rev order do
            match groupOf.TryGetValue e.Digest, readers.TryGetValue e.Digest with
            | (true, home), (true, others) when
                Kind.of' e = Kind.Elementwise && Kind.isCheap e && not (isRoot.Contains e.Digest) && home.IsMember e
                ->
                let role = home.Roles[e.Digest]
                let operands = reads fleeting e

                let isThere (r: Reading) =
                    Kind.of' r.Source = Kind.Leaf
                    || readers.ContainsKey r.Source.Digest
                    || isRoot.Contains r.Source.Digest

                let suits (g: Group) =
                    g.IsMember e |> not
                    && (g.Host.IsNone || (Kind.of' (Option.get g.Host) = Kind.Product))
                    && g.Operands |> Seq.exists (fun o -> o.Source.Digest = e.Digest)
                    && (match joining fleeting groupOf g e with
                        | Some j -> j.Role = Role.Along && role = Role.Along
                        | None -> false)
                    && g.Operands
                       |> Seq.filter (fun o -> o.Source.Digest = e.Digest)
                       |> Seq.forall (fun o -> o.Offset = 0 && o.Strides = natural g.Domain)

                let isProductOperand (g: Group) =
                    match g.Host with
                    | Some h -> readings h |> List.exists (fun r -> r.Source.Digest = e.Digest)
                    | None -> false

                if
                    List.forall isThere operands
                    && not (draws fleeting e)
                    && others |> Seq.forall (fun g -> suits g && not (isProductOperand g))
                then
                    recomputed.Add e.Digest |> ignore

                    for g in others do
                        match joining fleeting groupOf g e with
                        | Some j ->
                            for o in j.Operands do
                                g.Operands.Add o
                                read g o.Source
                        | None -> ()

                        g.Operands.RemoveAll(fun o -> o.Source.Digest = e.Digest) |> ignore
            | _ -> ()

        let stored = HashSet<Digest>(isRoot)

        for g in groups do
            for o in g.Operands do
                stored.Add o.Source.Digest |> ignore

            match g.Host with
            | Some e ->
                for r in readings e do
                    stored.Add r.Source.Digest |> ignore
            | None -> ()

        {
            Groups = groups.ToArray()
            Of = groupOf
            Recomputed = recomputed
            Stored = stored
        }
