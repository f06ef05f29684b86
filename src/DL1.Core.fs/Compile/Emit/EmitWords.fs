namespace DL1.Compiler.Emit

open System
open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Movement
open DL1.Compiler.Simd

/// The IL from which operations on vectors are built: calls of vector methods, and constants in every lane.
[<Sealed>]
type internal EmitWords(il: ILGenerator, methods: VectorMethods) =
    let single = methods.Size = 4
    let call (m: Reflection.MethodInfo) = il.Emit(OpCodes.Call, m)
    let fill kind = call (methods.Fill kind)

    member _.Call(m: Reflection.MethodInfo) = call m

    /// Calls a generic vector method for lanes of a kind.
    member _.Generic kind name = call (methods.Generic(name, kind))

    /// Calls a .NET method on a vector of floats.
    member _.Plain name = call (methods.Plain(name, [| methods.Vector LaneKind.Float |]))

    /// Calls a function of `VectorMath` on vectors of floats.
    member _.VectorFunction name arguments =
        call (methods.Of(typeof<VectorMath>, name, Array.create arguments (methods.Vector LaneKind.Float)))

    member _.Refuse what : unit =
        Refuse.domain "compile a pass" what "an operation that these lanes have" "report this as a bug"

    /// A number in every lane.
    member _.Number(v: float) =
        if single then
            il.Emit(OpCodes.Ldc_R4, float32 v)
        else
            il.Emit(OpCodes.Ldc_R8, v)

        fill LaneKind.Float

    /// An integer in every lane.
    member _.Whole(n: int64) =
        if single then il.Emit(OpCodes.Ldc_I4, int n) else il.Emit(OpCodes.Ldc_I8, n)
        fill LaneKind.Whole

    member _.Zero kind = call (methods.Constant("Zero", kind))

    /// Pushes two arguments, and calls a method on them.
    member this.Both kind name (x: unit -> unit) (y: unit -> unit) =
        x ()
        y ()
        this.Generic kind name

    member this.EqualsZero kind (x: unit -> unit) = this.Both kind "Equals" x (fun () -> this.Zero kind)
