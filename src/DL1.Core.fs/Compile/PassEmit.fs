namespace DL1

open System
open System.Collections.Generic
open System.Reflection.Emit
open System.Runtime.Intrinsics

/// Passes as vector code. Values are locals, one for each vector that is computed side by side; a step is emitted
/// once for each of them. A line's whole vectors go through one loop and its end, by parts of vectors, through another.
[<Sealed>]
type private PassEmitter(plan: PassPlan, methods: PassMethods, il: ILGenerator) =
    let pass = plan.Pass
    // Parts of vectors and lanes to be joined pass through these 64 bytes.
    let scratch = il.DeclareLocal typeof<Vector512<byte>>
    let steps = PassEmitSteps(il, methods, scratch)
    let lanes = PassEmitLanes(il, methods, scratch)
    let values = Dictionary<struct (int * int), LocalBuilder>()
    let totals = Dictionary<struct (int * int), LocalBuilder>()
    let native () = il.DeclareLocal typeof<nativeint>
    let firsts = pass.Operands |> Array.map (fun _ -> native ())
    let strides = pass.Operands |> Array.map (fun _ -> native ())
    let rows = pass.Operands |> Array.map (fun _ -> native ())
    let column = native ()
    let finish = native ()
    let left = native ()
    let rest = il.DeclareLocal typeof<int>
    let ldloc (local: LocalBuilder) = il.Emit(OpCodes.Ldloc, local)
    let stloc (local: LocalBuilder) = il.Emit(OpCodes.Stloc, local)
    let segments () = il.Emit OpCodes.Ldarg_1
    let columns () = il.Emit OpCodes.Ldarg_2

    let constant (n: int) =
        il.Emit(OpCodes.Ldc_I4, n)
        il.Emit OpCodes.Conv_I

    let advance (local: LocalBuilder) (by: unit -> unit) =
        ldloc local
        by ()
        il.Emit OpCodes.Add
        stloc local

    /// while: the body, as long as the test, which ends in a branch to the label, goes there.
    let loop (test: Label -> unit) body =
        let top, check = il.DefineLabel(), il.DefineLabel()
        il.Emit(OpCodes.Br, check)
        il.MarkLabel top
        body ()
        il.MarkLabel check
        test top

    /// Whether all lanes of a value, in all vectors, are the same: then there is one vector of it.
    let uniform step = pass.Across && plan.Rates[step] <> PassRate.Block

    let slot (locals: Dictionary<struct (int * int), LocalBuilder>) step copy =
        let key = struct (step, copy)

        match locals.TryGetValue key with
        | true, local -> local
        | false, _ ->
            let local = il.DeclareLocal(methods.Vector plan.Kinds[step])
            locals[key] <- local
            local

    let value step copy = slot values step (if uniform step then 0 else copy)

    /// Where a fold's lanes are gathered; without joining, that is its value.
    let total fold copy = if pass.Across then slot totals fold copy else value fold copy

    let push step copy () =
        match pass.Steps[step] with
        | PassStep.Number v -> steps.Number v
        | PassStep.WholeNumber n -> steps.WholeNumber n
        | PassStep.Load _
        | PassStep.Unary _
        | PassStep.Binary _
        | PassStep.Compare _
        | PassStep.Select _
        | PassStep.Convert _
        | PassStep.Fold _ -> ldloc (value step copy)

    /// The address of an operand's vector at the column, from where its line begins.
    let place (from: LocalBuilder[]) operand copy () =
        let size = PassEmitLanes.Size pass.Operands[operand].Type
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
        | PassStep.Number _
        | PassStep.WholeNumber _
        | PassStep.Fold _ -> ()
        | PassStep.Load operand ->
            load from operand partial copy
            keep ()
        | PassStep.Unary(op, x) ->
            steps.Unary(op, plan.Kinds[x], push x copy)
            keep ()
        | PassStep.Binary(op, x, y) ->
            steps.Binary(op, plan.Kinds[x], push x copy, push y copy)
            keep ()
        | PassStep.Compare(op, x, y) ->
            steps.Compare(op, plan.Kinds[x], push x copy, push y copy)
            keep ()
        | PassStep.Select(c, x, y) ->
            steps.Select(plan.Kinds[x], push c copy, push x copy, push y copy)
            keep ()
        | PassStep.Convert(kind, x) ->
            steps.Convert(plan.Kinds[x], kind, push x copy)
            keep ()

    /// Steps for some vectors side by side; what is uniform, once.
    let each copies step (emit: int -> unit) =
        for copy in 0 .. (if uniform step then 1 else copies) - 1 do
            emit copy

    let fold partial copy (struct (fold, op, x)) =
        let kind = plan.Kinds[x]
        let total = total fold copy
        let folded () = steps.Binary(PassPhases.folding op, kind, (fun () -> ldloc total), push x copy)

        // Lanes beyond the line's end stay as they are. Where lanes are never joined, they are never stored either.
        if partial && pass.Across then
            steps.Select(kind, (fun () -> lanes.Mask(fun () -> ldloc rest)), folded, (fun () -> ldloc total))
        else
            folded ()

        stloc total

    /// What a phase does for each block: `copies` vectors from the column on, or a part of one.
    let block (phase: PassPhase) partial copies =
        for work in phase.Block do
            match work with
            | PassWork.Compute step -> each copies step (compute rows partial step)
            | PassWork.Reload(step, operand) ->
                each copies step (fun copy ->
                    load rows operand partial copy
                    stloc (value step copy))

        for struct (step, operand) in phase.BlockStores do
            for copy in 0 .. copies - 1 do
                store rows operand partial copy step

        for f in phase.Folds do
            for copy in 0 .. copies - 1 do
                fold partial copy f

    /// The next vector's totals take the place of this one's.
    let rotate (phase: PassPhase) =
        if methods.Vectors > 1 then
            for struct (fold, _, _) in phase.Folds do
                for copy in 0 .. methods.Vectors - 1 do
                    ldloc (total fold copy)

                for copy in [ methods.Vectors - 2 .. -1 .. 0 ] @ [ methods.Vectors - 1 ] do
                    stloc (total fold copy)

    /// How many vectors go side by side through a loop: all of a block where folds would wait for one another.
    let sideBySide (phase: PassPhase) =
        if phase.Folds.Length > 0 && PassPhases.isLight pass phase then
            methods.Vectors
        else
            1

    /// The column moved on by some vectors.
    let forward copies = advance column (fun () -> constant (copies * methods.Lanes))

    /// The lanes that are left of the line, at most a vector's.
    let measureRest () =
        columns ()
        ldloc column
        il.Emit OpCodes.Sub
        constant methods.Lanes
        il.Emit(OpCodes.Call, methods.Of(typeof<Math>, "Min", [| typeof<nativeint>; typeof<nativeint> |]))
        il.Emit OpCodes.Conv_I4
        stloc rest

    /// One segment's columns, where folds go across.
    let line (phase: PassPhase) =
        let copies = sideBySide phase
        constant 0
        stloc column

        loop
            (fun top ->
                ldloc column
                columns ()
                constant (copies * methods.Lanes)
                il.Emit OpCodes.Sub
                il.Emit(OpCodes.Ble, top))
            (fun () ->
                block phase false copies

                if copies < methods.Vectors then
                    rotate phase

                forward copies)

        let over = il.DefineLabel()

        if phase.Folds.Length = 0 then
            ldloc column
            columns ()
            il.Emit(OpCodes.Bge, over)
            measureRest ()
            block phase true 1
        else
            // To the end of the last block, so that every total comes back to its place.
            loop
                (fun top ->
                    ldloc column
                    ldloc finish
                    il.Emit(OpCodes.Blt, top))
                (fun () ->
                    let beyond = il.DefineLabel()
                    ldloc column
                    columns ()
                    il.Emit(OpCodes.Bge, beyond)
                    measureRest ()
                    block phase true 1
                    il.MarkLabel beyond
                    rotate phase
                    forward 1)

        il.MarkLabel over

    /// The operands that a phase's loop moves through.
    let moving (phase: PassPhase) =
        let loaded step =
            match pass.Steps[step] with
            | PassStep.Load operand -> [| operand |]
            | PassStep.Number _
            | PassStep.WholeNumber _
            | PassStep.Unary _
            | PassStep.Binary _
            | PassStep.Compare _
            | PassStep.Select _
            | PassStep.Convert _
            | PassStep.Fold _ -> [||]

        let stored (stores: struct (int * int)[]) = stores |> Array.map (fun (struct (_, operand)) -> operand)

        Array.concat
            [
                phase.Segment |> Array.collect loaded
                phase.Block
                |> Array.collect (fun work ->
                    match work with
                    | PassWork.Compute step -> loaded step
                    | PassWork.Reload(_, operand) -> [| operand |])
                stored phase.SegmentStores
                stored phase.BlockStores
            ]
        |> Array.distinct

    /// All phases: for whole lines, or for the columns of some vectors or a part of one.
    let phases partial copies =
        for phase in plan.Phases do
            for step in phase.Still do
                each copies step (compute firsts partial step)

            for struct (step, operand) in phase.StillStores do
                for copy in 0 .. (if pass.Across then 1 else copies) - 1 do
                    store firsts operand partial copy step

            let totals = if pass.Across then methods.Vectors else copies

            for struct (fold, op, x) in phase.Folds do
                for copy in 0 .. totals - 1 do
                    if plan.Kinds[x] = LaneKind.Float then
                        steps.Number(PassPhases.startFloat op)
                    else
                        steps.WholeNumber(PassPhases.startWhole op)

                    stloc (total fold copy)

            if phase.Loops then
                let moving = moving phase

                for operand in moving do
                    ldloc firsts[operand]
                    stloc rows[operand]

                segments ()
                stloc left

                loop
                    (fun top ->
                        ldloc left
                        constant 0
                        il.Emit(OpCodes.Bgt, top))
                    (fun () ->
                        for step in phase.Segment do
                            compute rows false step 0

                        for struct (step, operand) in phase.SegmentStores do
                            store rows operand false 0 step

                        if not pass.Across then
                            block phase partial copies
                        elif phase.Block.Length + phase.BlockStores.Length + phase.Folds.Length > 0 then
                            line phase

                        for operand in moving do
                            if not pass.Operands[operand].Still then
                                advance rows[operand] (fun () -> ldloc strides[operand])

                        advance left (fun () -> constant -1))

            if pass.Across then
                for struct (fold, op, x) in phase.Folds do
                    let vectors = Array.init methods.Vectors (fun copy -> fun () -> ldloc (total fold copy))

                    lanes.Join(op, plan.Kinds[x], vectors)
                    stloc (value fold 0)

    /// The addresses and strides of the operands.
    let prologue () =
        pass.Operands
        |> Array.iteri (fun i operand ->
            let pair n local =
                il.Emit OpCodes.Ldarg_0
                constant ((2 * i + n) * sizeof<nativeint>)
                il.Emit OpCodes.Add
                il.Emit OpCodes.Ldind_I
                stloc local

            pair 0 firsts[i]

            if not operand.Still then
                pair 1 strides[i])

    /// The whole body.
    member _.Emit() =
        prologue ()

        if pass.Across then
            // The columns rounded up to whole blocks.
            let block = methods.Lanes * methods.Vectors
            columns ()
            constant (block - 1)
            il.Emit OpCodes.Add
            constant -block
            il.Emit OpCodes.And
            stloc finish
            phases false 1
        else
            let parts = il.DefineLabel()
            constant 0
            stloc column
            let together = plan.Phases |> Array.forall (fun p -> not p.Loops || PassPhases.isLight pass p)

            if together then
                columns ()
                constant (methods.Lanes * methods.Vectors)
                il.Emit(OpCodes.Bne_Un, parts)
                phases false methods.Vectors
                il.Emit OpCodes.Ret

            il.MarkLabel parts

            loop
                (fun top ->
                    ldloc column
                    columns ()
                    il.Emit(OpCodes.Blt, top))
                (fun () ->
                    measureRest ()
                    phases true 1
                    forward 1)

        il.Emit OpCodes.Ret

/// Passes compiled to vector code of one width.
[<RequireQualifiedAccess>]
module internal PassEmit =
    /// The pass as a body of emitted code.
    let body width (plan: PassPlan) : PassBody =
        let m =
            DynamicMethod(
                "dl1.pass",
                typeof<Void>,
                [| typeof<nativeint>; typeof<nativeint>; typeof<nativeint> |],
                typeof<Pass>.Module,
                true
            )

        let methods = PassMethods.Get(width, plan.Pass.Type = DType.F32)
        PassEmitter(plan, methods, m.GetILGenerator()).Emit()
        m.CreateDelegate<PassBody>()
