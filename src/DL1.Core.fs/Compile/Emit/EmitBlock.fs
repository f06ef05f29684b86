namespace DL1.Compiler.Emit

open System.Collections.Generic
open System.Reflection.Emit
open System.Runtime.Intrinsics
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Emits the innermost code of a fused loop as IL: what is done for each block of columns. Each value is a local for
/// each vector that is computed side by side; a step is emitted once for each of them.
[<Sealed>]
type internal EmitBlock(plan: StagedLoop, methods: VectorMethods, il: ILGenerator) =
    let pass = plan.Pass
    // 64 bytes of stack for partial vectors, and for lanes to be combined.
    let scratch = il.DeclareLocal typeof<Vector512<byte>>
    let steps = EmitSteps(il, methods, scratch)
    let lanes = EmitLanes(il, methods, scratch)
    let values = Dictionary<struct (int * int), LocalBuilder>()
    let totals = Dictionary<struct (int * int), LocalBuilder>()
    let ahead = Prefetch.plan plan
    let native () = il.DeclareLocal typeof<nativeint>
    let firsts = pass.Operands |> Array.map (fun _ -> native ())
    let rows = pass.Operands |> Array.map (fun _ -> native ())
    let column = native ()
    let rest = il.DeclareLocal typeof<int>
    let ldloc (local: LocalBuilder) = il.Emit(OpCodes.Ldloc, local)
    let stloc (local: LocalBuilder) = il.Emit(OpCodes.Stloc, local)

    let constant (n: int) =
        il.Emit(OpCodes.Ldc_I4, n)
        il.Emit OpCodes.Conv_I

    let isUniform = LoopSteps.uniform pass

    /// Whether a value is the same in all lanes of all vectors: one vector then holds it.
    let uniform step = isUniform[step]

    let slot (locals: Dictionary<struct (int * int), LocalBuilder>) step copy =
        let key = struct (step, copy)

        match locals.TryGetValue key with
        | true, local -> local
        | false, _ ->
            let local = il.DeclareLocal(methods.Vector plan.Kinds[step])
            locals[key] <- local
            local

    let value step copy = slot values step (if uniform step then 0 else copy)

    /// The local of a reduction's accumulator; downward, where lanes are not combined, the reduction's value itself.
    let total fold copy = if pass.Across then slot totals fold copy else value fold copy

    let push step copy () =
        match pass.Steps[step] with
        | LoopStep.Number v -> steps.Number v
        | LoopStep.WholeNumber n -> steps.WholeNumber n
        | LoopStep.Load _
        | LoopStep.Unary _
        | LoopStep.Binary _
        | LoopStep.Erf _
        | LoopStep.Compare _
        | LoopStep.Select _
        | LoopStep.Convert _
        | LoopStep.Fold _ -> ldloc (value step copy)

    /// Pushes the address of an operand's vector at the current column, from the addresses of rows in `from`.
    let place (from: LocalBuilder[]) operand copy () =
        let size = EmitLanes.Size pass.Operands[operand].Type
        ldloc from[operand]

        if pass.Operands[operand].Along then
            ldloc column

            if size > 1 then
                constant size
                il.Emit OpCodes.Mul

            il.Emit OpCodes.Add

            if copy > 0 then
                constant (copy * methods.Lanes * size)
                il.Emit OpCodes.Add

    let load from operand partial copy =
        let o = pass.Operands[operand]

        if not o.Along then
            lanes.LoadOne(o.Type, place from operand copy)
        elif partial then
            lanes.LoadPart(o.Type, place from operand copy, (fun () -> ldloc rest))
        else
            lanes.Load(o.Type, place from operand copy)

    let store from operand partial copy step =
        let o = pass.Operands[operand]

        if not o.Along then
            if copy = 0 then
                lanes.StoreOne(o.Type, place from operand 0, push step copy)
        elif partial then
            lanes.StorePart(o.Type, place from operand copy, (fun () -> ldloc rest), push step copy)
        else
            lanes.Store(o.Type, place from operand copy, push step copy)

    let compute from partial step copy =
        let keep () = stloc (value step copy)

        match pass.Steps[step] with
        | LoopStep.Number _
        | LoopStep.WholeNumber _
        | LoopStep.Fold _ -> ()
        | LoopStep.Load operand ->
            load from operand partial copy
            keep ()
        | LoopStep.Unary(op, x) ->
            steps.Unary(op, plan.Kinds[x], push x copy)
            keep ()
        | LoopStep.Binary(op, x, y) ->
            steps.Binary(op, plan.Kinds[x], push x copy, push y copy)
            keep ()
        | LoopStep.Erf(x, gaussian) ->
            steps.Erf(push x copy, push gaussian copy)
            keep ()
        | LoopStep.Compare(op, x, y) ->
            steps.Compare(op, plan.Kinds[x], push x copy, push y copy)
            keep ()
        | LoopStep.Select(c, x, y) ->
            steps.Select(plan.Kinds[x], push c copy, push x copy, push y copy)
            keep ()
        | LoopStep.Convert(kind, x) ->
            steps.Convert(plan.Kinds[x], kind, push x copy)
            keep ()

    /// Emits a step for `copies` vectors side by side; a uniform one, once.
    let each copies step (emit: int -> unit) =
        for copy in 0 .. (if uniform step then 1 else copies) - 1 do
            emit copy

    let fold partial copy (struct (fold, op, x)) =
        let kind = plan.Kinds[x]
        let total = total fold copy
        let folded () = steps.Binary(LoopSteps.folding op, kind, (fun () -> ldloc total), push x copy)

        // Lanes beyond the end of the row keep their totals. Downward they need no mask: lanes are not combined, and
        // those beyond the end are never stored.
        if partial && pass.Across then
            steps.Select(kind, (fun () -> lanes.Mask(fun () -> ldloc rest)), folded, (fun () -> ldloc total))
        else
            folded ()

        stloc total

    /// Emits pairwise sums.
    member val Pieces = EmitPairwiseSum(plan, methods, il, steps, total)
    /// For each operand, the local of the address of its first element.
    member _.Firsts = firsts
    /// For each operand, the local of the address of its row in the current segment.
    member _.Rows = rows
    /// The local of the first column that is worked on.
    member _.Column = column
    /// The local of the number of lanes of a partial vector.
    member _.Rest = rest

    /// The local of a step's value, for one of the vectors side by side.
    member _.Value(step, copy) = value step copy

    /// The local of a reduction's accumulator, for one of the vectors side by side; downward, the reduction's value.
    member _.Total(fold, copy) = total fold copy

    /// Emits a step for `copies` vectors; operands that it loads have their rows at the addresses in `from`.
    member _.Compute(from, partial, step, copies) = each copies step (compute from partial step)

    /// Emits the stores of a step's `copies` vectors to an operand.
    member _.Store(from, partial, step, operand, copies) =
        for copy in 0 .. copies - 1 do
            store from operand partial copy step

    /// Sets a local to the value from which a reduction starts.
    member _.Start(op, x, local) =
        if plan.Kinds[x] = LaneKind.Float then
            steps.Number(LoopSteps.startFloat op)
        else
            steps.WholeNumber(LoopSteps.startWhole op)

        stloc local

    /// Combines a reduction's lanes, of all the vectors of a block, to its value.
    member _.Join(fold, op, x) =
        let vectors = Array.init methods.Vectors (fun copy -> fun () -> ldloc (total fold copy))
        lanes.Join(op, plan.Kinds[x], vectors)
        stloc (value fold 0)

    /// Emits what a stage does for each block: for `copies` vectors from the current column on, or for a partial one.
    member _.Work(phase: Stage, partial, copies) =
        for work in phase.Block do
            match work with
            | StageWork.Compute step -> each copies step (compute rows partial step)
            | StageWork.Reload(step, operand) ->
                each copies step (fun copy ->
                    load rows operand partial copy
                    stloc (value step copy))

        for struct (step, operand) in phase.BlockStores do
            for copy in 0 .. copies - 1 do
                store rows operand partial copy step

        for f in phase.Folds do
            for copy in 0 .. copies - 1 do
                fold partial copy f

    /// Emits, in a loop over long rows, the prefetches that `Prefetch` plans for the stage, at the current column.
    member _.Fetch(phase: Stage) =
        let at = plan.Phases |> Array.findIndex (fun p -> obj.ReferenceEquals(p, phase))

        if ahead[at].Length > 0 then
            // Shorter rows are in the cache anyway.
            let short = il.DefineLabel()
            il.Emit OpCodes.Ldarg_2
            constant 512
            il.Emit(OpCodes.Blt, short)

            for line in ahead[at] do
                // Only operands that this stage moves through have a row address for the current segment.
                let isMoving = Stages.moving pass phase |> Array.contains line.Operand
                place (if isMoving then rows else firsts) line.Operand 0 ()

                if line.IsNext then
                    il.Emit OpCodes.Ldarg_2
                    constant (EmitLanes.Size pass.Operands[line.Operand].Type)
                    il.Emit OpCodes.Mul
                    il.Emit OpCodes.Add

                il.Emit(OpCodes.Call, methods.Of(typeof<LoopMemory>, "Fetch", [| typeof<nativeint> |]))

            il.MarkLabel short

    /// Rotates the accumulators by one vector: that of the next vector of the block becomes number 0.
    member _.Rotate(phase: Stage) =
        if methods.Vectors > 1 then
            for struct (fold, _, _) in phase.Folds do
                for copy in 0 .. methods.Vectors - 1 do
                    ldloc (total fold copy)

                for copy in [ methods.Vectors - 2 .. -1 .. 0 ] @ [ methods.Vectors - 1 ] do
                    stloc (total fold copy)
