namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1
open DL1.Compiler
open DL1.Compiler.Lowering

/// Decides whether a group's fused loop can compute another node too, and from which operands.
[<RequireQualifiedAccess>]
module internal Join =
    /// How a node would join a group: its role, the reduced axes of the group with it, the operands in memory that it adds, and
    /// whether it draws random words.
    [<NoEquality; NoComparison>]
    type Joining = { Role: Role; Reduced: int[]; Operands: StridedView list; Draws: bool }

    /// The row-major strides of a value that has one element for each point of a domain.
    let natural (domain: int[]) = (Shape.Of domain).Strides

    /// Whether a group's domain, with the axes `reduced` and operands of these strides, forms a loop nest that can draw random
    /// words if `draws` is set; and `count`, the number of operands, is at most `Tuning.LoopOperands`.
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
            && count <= Tuning.LoopOperands
            // Random words are drawn a row at a time.
            && (not draws || (across && g.Anchor.IsNone && (reduced.Length = 0 || segments = 1)))
        | ValueNone -> false

    /// Whether a group can read a value from memory: no group computes it, or another one that does not depend on this one.
    let canRead (groups: Dictionary<Digest, Group>) (g: Group) (source: Expr) =
        Lookup.tryFind groups source.Digest
        |> Option.forall (fun h -> h <> g && not (h.Ancestors.Contains g.Number))

    /// Returns how a node would join a group; `None` where it cannot.
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

        let hasOneFloat = Option.map2 (=) g.Float (NodeKind.float e) <> Some false

        match candidate with
        | Some(role, reduced) when hasOneFloat && g.Members.Count < Tuning.GroupNodes ->
            let mutable ok = not (isReduction && g.Anchor.IsSome)
            let mutable readsKept = false
            let operands = List<StridedView>()

            for r in Reads.reads rematerialised e do
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
                    ok <- ok && canRead groups g r.Source
                    operands.Add { r with Strides = g.Lay(role, reduced, strides) }

            // No reduction joins an epilogue. A value of the kept axes joins only if it reads such a value of the
            // group; and it cannot draw, since random words are drawn for each point of the domain.
            ok <- ok && (role = Role.Along || (readsKept && not drawn))

            let all = Seq.append (g.Operands |> Seq.map _.Strides) (operands |> Seq.map _.Strides)

            if ok && fits g reduced (drawn || g.Draws) (g.Operands.Count + operands.Count) all then
                Some { Role = role; Reduced = reduced; Operands = List.ofSeq operands; Draws = drawn }
            else
                None
        | _ -> None
