namespace DL1.Compiler.Emit

open System
open System.Diagnostics.CodeAnalysis
open System.Reflection.Emit
open System.Runtime.Intrinsics
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// Emits the IL of a method over vectors: native integers, loops, calls of vector methods, constants in every lane.
/// Comments on its members say what the emitted code does.
[<Sealed>]
type internal VectorIL(il: ILGenerator, methods: VectorMethods) =
    let single = methods.Size = 4
    // 64 bytes of stack for partial vectors, lanes that are combined, and functions that are computed lane by lane.
    let scratch = il.DeclareLocal typeof<Vector512<byte>>

    member _.Methods = methods
    /// Whether floats are f32.
    member _.IsSingle = single
    member _.Do(op: OpCode) = il.Emit op
    member _.Call(m: Reflection.MethodInfo) = il.Emit(OpCodes.Call, m)

    // Locals and integers.

    /// A new local of a native integer.
    member _.NewNative() = il.DeclareLocal typeof<nativeint>

    /// A new local of a 32-bit integer.
    member _.NewInt() = il.DeclareLocal typeof<int>

    member _.Argument(index: int) = il.Emit(OpCodes.Ldarg, int16 index)
    member _.Push(local: LocalBuilder) = il.Emit(OpCodes.Ldloc, local)
    member _.Pop(local: LocalBuilder) = il.Emit(OpCodes.Stloc, local)
    member _.Int(n: int) = il.Emit(OpCodes.Ldc_I4, n)

    member _.Constant(n: int) =
        il.Emit(OpCodes.Ldc_I4, n)
        il.Emit OpCodes.Conv_I

    /// Copies a local to another.
    member this.Move(from: LocalBuilder, into: LocalBuilder) =
        this.Push from
        this.Pop into

    member this.Set(local, n: int) =
        this.Constant n
        this.Pop local

    /// Adds n to the number on the stack.
    member this.Add(n: int) =
        this.Constant n
        il.Emit OpCodes.Add

    /// Multiplies the number on the stack by n.
    member this.Times(n: int) =
        this.Constant n
        il.Emit OpCodes.Mul

    /// Adds `index` times `bytes` to the address on the stack.
    member this.Along(index: LocalBuilder, bytes: int) =
        this.Push index

        if bytes > 1 then
            this.Times bytes

        il.Emit OpCodes.Add

    /// Adds the number that `by` pushes to a local.
    member this.Advance (local: LocalBuilder) (by: unit -> unit) =
        this.Push local
        by ()
        il.Emit OpCodes.Add
        this.Pop local

    /// The lesser of the two native integers on the stack.
    member this.Min() =
        this.Call(methods.Of(typeof<Math>, "Min", [| typeof<nativeint>; typeof<nativeint> |]))

    /// Reads the native integer that lies `index` native integers after the address on the stack into a local.
    member this.Read(index: int, local) =
        this.Add(index * sizeof<nativeint>)
        il.Emit OpCodes.Ldind_I
        this.Pop local

    // Control flow.

    member _.Label() = il.DefineLabel()
    member _.Mark(label: Label) = il.MarkLabel label
    member _.Branch(op: OpCode, target: Label) = il.Emit(op, target)

    /// Runs `body` unless the branch `op` is taken for the operands on the stack.
    member _.Unless (op: OpCode) (body: unit -> unit) =
        let over = il.DefineLabel()
        il.Emit(op, over)
        body ()
        il.MarkLabel over

    /// Runs `body` as long as the branch `op` is taken for the operands that `test` pushes.
    member _.While (test: unit -> unit) (op: OpCode) (body: unit -> unit) =
        let top, check = il.DefineLabel(), il.DefineLabel()
        il.Emit(OpCodes.Br, check)
        il.MarkLabel top
        body ()
        il.MarkLabel check
        test ()
        il.Emit(op, top)

    /// Runs `body` as long as the branch `op` is taken for two locals.
    member this.WhileBoth (a: LocalBuilder) (op: OpCode) (b: LocalBuilder) (body: unit -> unit) =
        let test () =
            this.Push a
            this.Push b

        this.While test op body

    // Vectors.

    /// A new local of a vector of lanes of a kind.
    member _.NewVector kind = il.DeclareLocal(methods.Vector kind)

    /// Pushes the address of the scratch memory.
    member _.Scratch() =
        il.Emit(OpCodes.Ldloca, scratch)
        il.Emit OpCodes.Conv_U

    /// Stores the vector on the stack at the address below it.
    member _.StoreObject kind = il.Emit(OpCodes.Stobj, methods.Vector kind)

    /// Loads a vector from the address on the stack.
    member _.LoadObject kind = il.Emit(OpCodes.Ldobj, methods.Vector kind)

    /// Calls a generic method of .NET for lanes of a kind.
    member this.Generic kind name = this.Call(methods.Generic(name, kind))

    /// Calls a generic method of a class of DL1 for lanes of a kind.
    member this.Own
        ([<DynamicallyAccessedMembers(Members.Methods)>] owner: Type, name: string, kind: LaneKind)
        =
        this.Call(methods.Generic(owner, name, kind))

    /// Calls a .NET method on a vector of floats.
    member this.Plain name = this.Call(methods.Plain(name, [| methods.Vector LaneKind.Float |]))

    /// Calls a function of `VectorMath` on vectors of floats.
    member this.VectorFunction name arguments =
        this.Call(
            methods.Of(typeof<VectorMath>, name, Array.create arguments (methods.Vector LaneKind.Float))
        )

    /// Makes a vector with the element on the stack in every lane.
    member this.Fill kind = this.Call(methods.Fill kind)

    /// Pushes a vector with a number in every lane.
    member this.Number(v: float) =
        if single then
            il.Emit(OpCodes.Ldc_R4, float32 v)
        else
            il.Emit(OpCodes.Ldc_R8, v)

        this.Fill LaneKind.Float

    /// Pushes a vector with an integer in every lane.
    member this.Whole(n: int64) =
        if single then il.Emit(OpCodes.Ldc_I4, int n) else il.Emit(OpCodes.Ldc_I8, n)
        this.Fill LaneKind.Whole

    /// Converts the 32-bit integer on the stack to the size of a lane.
    member _.Widen() =
        if not single then
            il.Emit OpCodes.Conv_I8

    member this.Zero kind = this.Call(methods.Constant("Zero", kind))

    /// Pushes two arguments, and calls a generic method of .NET on them.
    member this.Both kind name (x: unit -> unit) (y: unit -> unit) =
        x ()
        y ()
        this.Generic kind name

    member this.EqualsZero kind (x: unit -> unit) = this.Both kind "Equals" x (fun () -> this.Zero kind)

    member this.NotZero kind (x: unit -> unit) =
        this.EqualsZero kind x
        this.Generic kind "OnesComplement"

    /// Reinterprets the lanes of the vector on the stack as lanes of another kind.
    member this.As(from, target) = this.Call(methods.As(from, target))
