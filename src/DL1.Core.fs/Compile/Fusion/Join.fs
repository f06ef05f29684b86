namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1
open DL1.Compiler.Lowering

/// Whether a group's fused loop can compute a node, and how.
[<RequireQualifiedAccess>]
module internal Join =
    // Past some 250 operations in one method the JIT gives up optimising.
    let private mostOperations = 200
    let private mostOperands = 40

    /// How a node would lie in a group: its role, the group's reduced axes, the operands that it adds, and whether it
    /// draws random words.
    [<NoEquality; NoComparison>]
    type Joining = { Role: Role; Reduced: int[]; Operands: GroupOperand list; Draws: bool }

    /// The row-major strides of a value that has one element for each point of a domain.
    let natural (domain: int[]) = (Shape.Of domain).Strides

    /// Whether a group's domain forms a loop nest for operands that lie in it by these strides, and their number,
    /// `count`, is at most `mostOperands`.
    let fits (g: Group) (reduced: int[]) draws count (operands: int[] seq) =
        let across = IterationSpace.isAcross g.Domain reduced

        let suitsAnchor =
            match Option.map NodeKind.of' g.Anchor with
            | Some(NodeKind.ChannelsLast(node, _)) -> Seq.forall (AnchorMatrix.suits node g.Domain) operands
            | _ -> true

        match
            IterationSpace.segments g.Domain reduced (Array.ofSeq (Seq.append [ natural g.Domain ] operands))
        with
        | ValueSome segments ->
            suitsAnchor
            && count <= mostOperands
            // Random words are drawn a row at a time.
            && (not draws || (across && g.Anchor.IsNone && (reduced.Length = 0 || segments = 1)))
        | ValueNone -> false

    /// How a node would join a group; `None` where it cannot.
    let tryJoin (rematerialised: HashSet<Digest>) (groups: Dictionary<Digest, Group>) (g: Group) (e: Expr) =
        let shape = Reads.working e
        let own = Reads.extents shape
        let reducedAxes = Reads.reducedAxes e
        let isReduction = reducedAxes.Length > 0
        let drawn = Reads.draws rematerialised e

        let candidate =
            if own = g.Domain && (not isReduction || g.Reduced.Length = 0 || g.Reduced = reducedAxes) then
                Some(Role.Along, (if isReduction then reducedAxes else g.Reduced))
            elif not isReduction && g.Reduced.Length > 0 && own = g.Kept then
                Some(Role.Kept, g.Reduced)
            else
                None

        let compatible =
            match g.Float, NodeKind.float e with
            | Some a, Some b -> a = b
            | _ -> true

        match candidate with
        | Some(role, reduced) when compatible && g.Members.Count < mostOperations ->
            let read = Reads.reads rematerialised e
            let mutable ok = not (isReduction && g.Anchor.IsSome)
            let mutable readsKept = false
            let operands = List<GroupOperand>()

            for r in read do
                let strides = Reads.squeeze shape r.Strides

                match g.Roles.TryGetValue r.Source.Digest with
                | true, Role.Along ->
                    ok <- ok && role = Role.Along && r.Offset = 0 && strides = natural g.Domain
                | true, Role.Kept ->
                    readsKept <- true

                    let expected =
                        match role with
                        | Role.Along -> g.Spread(reduced, natural g.Kept)
                        | Role.Kept -> natural g.Kept

                    ok <- ok && r.Offset = 0 && strides = expected
                | false, _ ->
                    match groups.TryGetValue r.Source.Digest with
                    | true, h -> ok <- ok && h <> g && not (h.Ancestors.Contains g.Number)
                    | false, _ -> ()

                    let strides = g.Lay(role, reduced, strides)
                    operands.Add { Source = r.Source; Offset = r.Offset; Strides = strides }

            // No reduction joins an epilogue. A value of the kept axes joins only if it reads such a value of the
            // group; and it cannot draw, since random words are drawn for each point of the domain.
            ok <- ok && (role = Role.Along || (readsKept && not drawn))

            let all = Seq.append (g.Operands |> Seq.map _.Strides) (operands |> Seq.map _.Strides)

            if ok && fits g reduced (drawn || g.Draws) (g.Operands.Count + operands.Count) all then
                Some { Role = role; Reduced = reduced; Operands = List.ofSeq operands; Draws = drawn }
            else
                None
        | _ -> None
