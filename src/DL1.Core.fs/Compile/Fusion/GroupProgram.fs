namespace DL1.Compiler.Fusion

open System.Collections.Generic
open DL1
open DL1.Compiler.FusedLoop

/// What an operand of a fused loop refers to.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal ProgramOperand =
    /// A value in memory, from element `offset` on.
    | Value of Expr * offset: int
    /// Random words, drawn before the row that reads them: the number of their stream, and the key, a value in memory.
    | Random of stream: int * key: Expr
    /// A spill buffer: written by one stage of an item, read by later ones.
    | Spill

/// The fused loop of a group and its iteration space. For each operand, `Operands` says what it refers to, and `Strides` has its
/// strides in the domain of the group, in elements. Operands to which the loop stores come last.
[<NoEquality; NoComparison>]
type internal GroupProgram =
    {
        Loop: FusedLoop
        Space: IterationSpace
        Operands: ProgramOperand[]
        Strides: int[][]
        /// The values that the loop stores, in the order of their operands.
        Stored: Expr[]
    }

/// Translates groups into fused loops.
[<RequireQualifiedAccess>]
module internal GroupProgram =
    let private lane (dtype: DType) =
        match dtype with
        | DType.F32
        | DType.F64 -> LaneKind.Float
        | DType.I32
        | DType.I64 -> LaneKind.Whole
        | DType.Bool -> LaneKind.Truth

    /// Whether a number is a constant of the code: 0, −0, 1 or −1. Any other is an operand in memory.
    let private isCodeConstant (v: float) = v = 0.0 || abs v = 1.0

    /// Makes the fused loop of a group; `None` where the group stores nothing, or where its domain does not form a loop nest.
    let make (fusion: Fusion) (g: Group) : GroupProgram option =
        // The results of a scan are members of its group, but no fused loop computes them.
        let isStored (e: Expr) = g.IsMember e && fusion.Stored.Contains e.Digest
        let stored = g.Members |> Seq.filter isStored |> Array.ofSeq

        if stored.Length = 0 then
            None
        else
            let natural = (Shape.Of g.Domain).Strides
            let steps = List<LoopStep>()
            let values = Dictionary<Digest, int>()
            // What each operand refers to, its strides and its type.
            let operands = List<ProgramOperand * int[] * DType>()
            let known = Dictionary<LoopStep, int>(HashIdentity.Structural)

            let add step =
                steps.Add step
                steps.Count - 1

            /// Adds a step unless an equal one is there (a common subexpression); returns its index.
            let shared step = Lookup.orAdd known step (fun () -> add step)

            let operand target (own: int[]) dtype =
                operands.Add(target, own, dtype)
                operands.Count - 1

            let load operand = shared (LoopStep.Load operand)

            let fromMemory (source: Expr) offset (own: int[]) =
                operands
                |> Seq.tryFindIndex (fun (target, strides, _) ->
                    match target with
                    | ProgramOperand.Value(s, o) -> s = source && o = offset && strides = own
                    | ProgramOperand.Random _
                    | ProgramOperand.Spill -> false)
                |> Option.defaultWith (fun () ->
                    operand (ProgramOperand.Value(source, offset)) own source.DType)
                |> load

            /// Returns the step of a number. 0 and ±1 are constants of the code. Any other number is read from memory, so that
            /// another batch size, or another learning rate, runs code that is compiled already.
            let number (e: Expr) v =
                match lane e.DType with
                | LaneKind.Float when isCodeConstant v -> add (LoopStep.Number v)
                | LaneKind.Whole when isCodeConstant v -> add (LoopStep.WholeNumber(int v))
                | LaneKind.Float
                | LaneKind.Whole -> fromMemory (Expr.scalar e.DType v) 0 (Array.zeroCreate g.Domain.Length)
                | LaneKind.Truth -> add (LoopStep.Convert(LaneKind.Truth, add (LoopStep.Number v)))

            /// Returns the step with the value of operand `o` of `e`: computed in the group, rematerialised, drawn, or loaded.
            let rec value (role: Role) (e: Expr) (o: Expr) : int =
                match Local.number o with
                | Some v when not e.Node.IsReduce -> number o v
                | _ ->
                    let r =
                        match e.Node with
                        | Node.Reduce _ -> List.head (Reads.of' e)
                        | _ -> StridedView.along o

                    let source = r.Source

                    match values.TryGetValue source.Digest with
                    | true, value -> value
                    | false, _ ->
                        match source.Node with
                        | Node.RandomBits(stream, _, key) when fusion.Recomputed.Contains source.Digest ->
                            let drawn = load (operand (ProgramOperand.Random(stream, key)) natural DType.I32)
                            values[source.Digest] <- drawn
                            drawn
                        | _ when fusion.Recomputed.Contains source.Digest && not (g.IsMember source) ->
                            compute role source
                        | _ ->
                            let own = g.Lay(role, g.Reduced, Reads.squeeze o.Shape r.Strides)
                            fromMemory source r.Offset own

            and compute (role: Role) (e: Expr) : int =
                let value = value role e

                let result =
                    match e.Node with
                    | Node.Unary(UnaryOp.Erf, x) ->
                        let x = value x
                        let square = shared (LoopStep.Binary(BinaryOp.Mul, x, x))
                        let below = shared (LoopStep.Unary(UnaryOp.Neg, square))
                        add (LoopStep.Erf(x, shared (LoopStep.Unary(UnaryOp.Exp, below))))
                    | Node.Unary(op, x) -> shared (LoopStep.Unary(op, value x))
                    | Node.Binary(op, x, y) -> shared (LoopStep.Binary(op, value x, value y))
                    | Node.Compare(op, x, y) ->
                        let asNumber v =
                            if x.DType = DType.Bool then add (LoopStep.Convert(LaneKind.Float, v)) else v

                        let first, second = value x, value y
                        add (LoopStep.Compare(op, asNumber first, asNumber second))
                    | Node.Select(c, x, y) -> add (LoopStep.Select(value c, value x, value y))
                    | Node.Cast(dtype, x) ->
                        let kind = lane dtype
                        if kind = lane x.DType then value x else add (LoopStep.Convert(kind, value x))
                    | Node.Reduce(op, _, x) -> add (LoopStep.Reduce(op, value x))
                    | _ ->
                        Refuse.domain
                            "compile"
                            $"the node {Node.name e.Node} in a group"
                            "an elementwise node or a reduction"
                            "report this as a bug"

                values[e.Digest] <- result
                result

            g.Anchor |> Option.iter (fun anchor -> values[anchor.Digest] <- fromMemory anchor 0 natural)

            for e in g.Members do
                let role =
                    match e.Node with
                    // The operand of a reduction has an element for each point of the domain.
                    | Node.Reduce _ -> Role.Along
                    | _ -> g.Roles[e.Digest]

                compute role e |> ignore

            /// Makes the program of the steps so far with these stores; `None` where the domain does not form a loop nest.
            let build (stores: struct (int * int)[]) =
                let targets, strides, types = operands.ToArray() |> Array.unzip3
                let across = IterationSpace.isAcross g.Domain g.Reduced

                IterationSpace.make g.Domain g.Reduced strides
                |> Option.map (fun space ->
                    let operand i (target: ProgramOperand) =
                        let along, moves = space.Along[i], space.SegmentStrides[i] <> 0

                        {
                            Type = types[i]
                            Along = target.IsSpill || along
                            Invariant = not (target.IsSpill || moves || (across && along))
                            Spill = target.IsSpill
                        }

                    let loop =
                        {
                            Type = Option.defaultValue DType.F32 g.Float
                            Operands = Array.mapi operand targets
                            Steps = steps.ToArray()
                            Stores = stores
                            Across = across
                        }

                    { Loop = loop; Space = space; Operands = targets; Strides = strides; Stored = stored })

            /// Adds an operand for each value that is stored; returns the stores.
            let store () =
                [|
                    for e in stored do
                        let own =
                            match g.Roles[e.Digest] with
                            | Role.Along -> natural
                            | Role.Kept -> g.Spread(g.Reduced, (Shape.Of g.Kept).Strides)

                        struct (values[e.Digest], operand (ProgramOperand.Value(e, 0)) own e.DType)
                |]

            let before = operands.Count

            build (store ())
            |> Option.bind (fun plain ->
                let spilled = SpillPolicy.steps plain.Loop plain.Space

                if spilled.Length = 0 then
                    Some plain
                else
                    // Operands of stores must be the last: they are taken away, and added again behind the spill buffers.
                    operands.RemoveRange(before, operands.Count - before)

                    let spills =
                        spilled
                        |> Array.map (fun v ->
                            struct (v, operand ProgramOperand.Spill natural plain.Loop.Type))

                    build (Array.append spills (store ())))
