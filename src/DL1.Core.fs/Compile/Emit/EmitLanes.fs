namespace DL1.Compiler.Emit

open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop

/// Emits loads and stores of operands as IL: of whole vectors, the first lanes of one at the end of a row, and single elements
/// broadcast to every lane. A load takes the address from the stack; a store takes functions that push the address and the value.
[<Sealed>]
type internal EmitLanes(il: VectorIL) =
    let rest = il.NewInt()
    let memory name kind = il.Own(typeof<LoopMemory>, name, kind)

    let refuse (dtype: DType) : 'a = LoopSteps.refuse $"an operand of {dtype}" "f32, f64, i32 or bool"

    /// Copies `Rest` elements to the address on top of the stack, from the address below it.
    let copy (dtype: DType) =
        il.Push rest
        il.Int dtype.Bytes
        il.Do OpCodes.Mul
        let address = typeof<nativeint>
        il.Call(il.Methods.Of(typeof<LoopMemory>, "Copy", [| address; address; typeof<int> |]))

    /// The local of the number of lanes of a partial vector.
    member _.Rest = rest

    /// Loads a vector.
    member _.Load(dtype: DType) =
        match dtype with
        | DType.F32
        | DType.F64 -> il.Generic LaneKind.Float "Load"
        | DType.I32 when il.IsSingle -> il.Generic LaneKind.Whole "Load"
        | DType.I32 ->
            il.Zero LaneKind.Whole
            memory "LoadWhole" LaneKind.Whole
        | DType.Bool ->
            il.Zero LaneKind.Truth
            memory "LoadTruth" LaneKind.Truth
        | DType.I64 -> refuse dtype

    /// Stores a vector.
    member _.Store(dtype: DType, pushAddress: unit -> unit, value: unit -> unit) =
        value ()
        pushAddress ()

        match dtype with
        | DType.F32
        | DType.F64 -> il.Generic LaneKind.Float "Store"
        | DType.I32 when il.IsSingle -> il.Generic LaneKind.Whole "Store"
        | DType.I32 -> memory "StoreWhole" LaneKind.Whole
        | DType.Bool -> memory "StoreTruth" LaneKind.Truth
        | DType.I64 -> refuse dtype

    /// Loads the first `Rest` lanes; the others are undefined.
    member this.LoadPartial(dtype: DType) =
        if dtype.IsFloat then
            il.Push rest
            il.Zero LaneKind.Float
            memory "LoadPartial" LaneKind.Float
        else
            il.Scratch()
            copy dtype
            il.Scratch()
            this.Load dtype

    /// Stores the first `Rest` lanes, and touches no memory beyond them.
    member this.StorePartial(dtype: DType, pushAddress: unit -> unit, value: unit -> unit) =
        if dtype.IsFloat then
            pushAddress ()
            il.Push rest
            value ()
            memory "StorePartial" LaneKind.Float
        else
            this.Store(dtype, il.Scratch, value)
            il.Scratch()
            pushAddress ()
            copy dtype

    /// Loads one element into every lane.
    member _.LoadOne(dtype: DType) =
        match dtype with
        | DType.F32
        | DType.F64 ->
            il.Do(if il.IsSingle then OpCodes.Ldind_R4 else OpCodes.Ldind_R8)
            il.Fill LaneKind.Float
        | DType.I32 ->
            il.Do OpCodes.Ldind_I4
            il.Widen()
            il.Fill LaneKind.Whole
        | DType.Bool ->
            il.Do OpCodes.Ldind_U1
            il.Do OpCodes.Ldc_I4_0
            il.Do OpCodes.Cgt_Un
            il.Do OpCodes.Neg
            il.Widen()
            il.Fill LaneKind.Truth
        | DType.I64 -> refuse dtype

    /// Stores the first lane.
    member _.StoreOne(dtype: DType, pushAddress: unit -> unit, value: unit -> unit) =
        let first kind =
            pushAddress ()
            value ()
            il.Generic kind "ToScalar"

        match dtype with
        | DType.F32
        | DType.F64 ->
            first LaneKind.Float
            il.Do(if il.IsSingle then OpCodes.Stind_R4 else OpCodes.Stind_R8)
        | DType.I32 ->
            first LaneKind.Whole
            il.Do OpCodes.Conv_I4
            il.Do OpCodes.Stind_I4
        | DType.Bool ->
            first LaneKind.Truth
            il.Do OpCodes.Conv_I4
            il.Do OpCodes.Ldc_I4_1
            il.Do OpCodes.And
            il.Do OpCodes.Stind_I1
        | DType.I64 -> refuse dtype

    /// Pushes a mask that is true in the first `Rest` lanes.
    member _.Mask() =
        il.Push rest
        il.Widen()
        il.Fill LaneKind.Truth
        il.Call(il.Methods.Constant("Indices", LaneKind.Whole))
        il.Generic LaneKind.Truth "GreaterThan"

    /// Combines the lanes of a whole block into one value, and pushes a vector with that value in every lane. `vectors`
    /// push the block's vectors, in order.
    member _.CombineLanes(op: ReduceOp, kind, vectors: (unit -> unit)[]) =
        vectors
        |> Array.iteri (fun u vector ->
            il.Scratch()
            il.Int(u * il.Methods.Bytes)
            il.Do OpCodes.Add
            vector ()
            il.StoreObject kind)

        let name =
            match op with
            | ReduceOp.Sum -> "Sum"
            | ReduceOp.Prod -> "Prod"
            | ReduceOp.Max -> "Max"
            | ReduceOp.Min -> "Min"

        il.Scratch()
        il.Own(typeof<LanePairs>, name, kind)

        if kind <> LaneKind.Float && not il.IsSingle then
            il.Do OpCodes.Conv_I4
            il.Do OpCodes.Conv_I8

        il.Fill kind
