namespace DL1.Compiler.Emit

open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Movement

/// Loads and stores of operands as IL: whole vectors, the first lanes of one at the end of a row, and single elements
/// broadcast to every lane. Addresses, values and lane counts are functions that push them on the stack.
[<Sealed>]
type internal EmitLanes(il: ILGenerator, methods: VectorMethods, scratch: LocalBuilder) =
    let single = methods.Size = 4
    let call (m: System.Reflection.MethodInfo) = il.Emit(OpCodes.Call, m)
    let memory name parameters = call (methods.Of(typeof<LoopMemory>, name, parameters))
    let zero kind = call (methods.Constant("Zero", kind))
    let address = typeof<nativeint>

    let scratchAddress () =
        il.Emit(OpCodes.Ldloca, scratch)
        il.Emit OpCodes.Conv_U

    let refuse (dtype: DType) : 'a =
        Refuse.domain "compile a pass" $"an operand of {dtype}" "f32, f64, i32 or bool" "report this as a bug"

    /// Loads a vector from the address on the stack.
    let load (dtype: DType) =
        match dtype with
        | DType.F32
        | DType.F64 -> call (methods.Load LaneKind.Float)
        | DType.I32 when single -> call (methods.Load LaneKind.Whole)
        | DType.I32 ->
            zero LaneKind.Whole
            memory "LoadWhole" [| address; methods.Vector LaneKind.Whole |]
        | DType.Bool ->
            zero LaneKind.Truth
            memory "LoadTruth" [| address; methods.Vector LaneKind.Truth |]
        | DType.I64 -> refuse dtype

    let store (dtype: DType) (pushAddress: unit -> unit) (value: unit -> unit) =
        value ()
        pushAddress ()

        match dtype with
        | DType.F32
        | DType.F64 -> call (methods.Store LaneKind.Float)
        | DType.I32 when single -> call (methods.Store LaneKind.Whole)
        | DType.I32 -> memory "StoreWhole" [| methods.Vector LaneKind.Whole; address |]
        | DType.Bool -> memory "StoreTruth" [| methods.Vector LaneKind.Truth; address |]
        | DType.I64 -> refuse dtype

    let copy (bytes: int) (rest: unit -> unit) =
        rest ()
        il.Emit(OpCodes.Ldc_I4, bytes)
        il.Emit OpCodes.Mul
        memory "Copy" [| address; address; typeof<int> |]

    /// The bytes of an element in memory.
    static member Size(dtype: DType) =
        match dtype with
        | DType.F32
        | DType.I32 -> 4
        | DType.F64
        | DType.I64 -> 8
        | DType.Bool -> 1

    /// Loads a vector.
    member _.Load(dtype, pushAddress: unit -> unit) =
        pushAddress ()
        load dtype

    /// Stores a vector.
    member _.Store(dtype, pushAddress, value) = store dtype pushAddress value

    /// Loads the first `rest` lanes; the others are undefined.
    member _.LoadPartial(dtype: DType, pushAddress: unit -> unit, rest: unit -> unit) =
        pushAddress ()

        if dtype.IsFloat then
            rest ()
            zero LaneKind.Float
            memory "LoadPartial" [| address; typeof<int>; methods.Vector LaneKind.Float |]
        else
            scratchAddress ()
            copy (EmitLanes.Size dtype) rest
            scratchAddress ()
            load dtype

    /// Stores the first `rest` lanes, and touches no memory beyond them.
    member _.StorePartial(dtype: DType, pushAddress: unit -> unit, rest: unit -> unit, value: unit -> unit) =
        store dtype scratchAddress value
        scratchAddress ()
        pushAddress ()
        copy (EmitLanes.Size dtype) rest

    /// Loads one element into every lane.
    member _.LoadOne(dtype: DType, pushAddress: unit -> unit) =
        pushAddress ()

        match dtype with
        | DType.F32
        | DType.F64 ->
            il.Emit(if single then OpCodes.Ldind_R4 else OpCodes.Ldind_R8)
            call (methods.Fill LaneKind.Float)
        | DType.I32 ->
            il.Emit OpCodes.Ldind_I4

            if not single then
                il.Emit OpCodes.Conv_I8

            call (methods.Fill LaneKind.Whole)
        | DType.Bool ->
            il.Emit OpCodes.Ldind_U1
            il.Emit OpCodes.Ldc_I4_0
            il.Emit OpCodes.Cgt_Un
            il.Emit OpCodes.Neg

            if not single then
                il.Emit OpCodes.Conv_I8

            call (methods.Fill LaneKind.Truth)
        | DType.I64 -> refuse dtype

    /// Stores the first lane.
    member _.StoreOne(dtype: DType, pushAddress: unit -> unit, value: unit -> unit) =
        let first kind =
            pushAddress ()
            value ()
            call (methods.Generic("ToScalar", kind))

        match dtype with
        | DType.F32
        | DType.F64 ->
            first LaneKind.Float
            il.Emit(if single then OpCodes.Stind_R4 else OpCodes.Stind_R8)
        | DType.I32 ->
            first LaneKind.Whole
            il.Emit OpCodes.Conv_I4
            il.Emit OpCodes.Stind_I4
        | DType.Bool ->
            first LaneKind.Truth
            il.Emit OpCodes.Conv_I4
            il.Emit OpCodes.Ldc_I4_1
            il.Emit OpCodes.And
            il.Emit OpCodes.Stind_I1
        | DType.I64 -> refuse dtype

    /// A mask that is true in the first `rest` lanes.
    member _.Mask(rest: unit -> unit) =
        rest ()

        if not single then
            il.Emit OpCodes.Conv_I8

        call (methods.Fill LaneKind.Truth)
        call (methods.Constant("Indices", LaneKind.Whole))
        call (methods.Generic("GreaterThan", LaneKind.Truth))

    /// Combines the lanes of a whole block, given as its vectors in order, to one value in every lane.
    member _.CombineLanes(op: ReduceOp, kind, vectors: (unit -> unit)[]) =
        vectors
        |> Array.iteri (fun u vector ->
            scratchAddress ()
            il.Emit(OpCodes.Ldc_I4, u * methods.Bytes)
            il.Emit OpCodes.Add
            vector ()
            il.Emit(OpCodes.Stobj, methods.Vector kind))

        let name =
            match op with
            | ReduceOp.Sum -> "Sum"
            | ReduceOp.Prod -> "Prod"
            | ReduceOp.Max -> "Max"
            | ReduceOp.Min -> "Min"

        let lanes = (if kind = LaneKind.Float then "Float" else "Whole") + string (8 * methods.Size)
        scratchAddress ()
        call (methods.Of(typeof<LanePairs>, name + lanes, [| address |]))

        if kind <> LaneKind.Float && not single then
            il.Emit OpCodes.Conv_I4
            il.Emit OpCodes.Conv_I8

        call (methods.Fill kind)
