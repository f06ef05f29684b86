namespace DL1.Compiler.FusedLoop

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open DL1.Compiler.Simd

/// Functions without a vector form, computed in place on `count` elements at an address by the functions that `Eval` calls.
[<AbstractClass; Sealed>]
type internal ScalarCalls =
    static member inline private Each<'T>(address, count, [<InlineIfLambda>] f: float -> float) =
        for i in 0 .. count - 1 do
            // The size of 'T is known when the JIT compiles the method for it, so one branch is left.
            if sizeof<'T> = 4 then
                At.set<float32> address i (float32 (f (float (At.get<float32> address i))))
            else
                At.set<float> address i (f (At.get<float> address i))

    static member Tan<'T>(address: nativeint, count: int) = ScalarCalls.Each<'T>(address, count, Math.Tan)
    static member Asin<'T>(address: nativeint, count: int) = ScalarCalls.Each<'T>(address, count, Math.Asin)
    static member Acos<'T>(address: nativeint, count: int) = ScalarCalls.Each<'T>(address, count, Math.Acos)
    static member Atan<'T>(address: nativeint, count: int) = ScalarCalls.Each<'T>(address, count, Math.Atan)
    static member Sinh<'T>(address: nativeint, count: int) = ScalarCalls.Each<'T>(address, count, Math.Sinh)
    static member Cosh<'T>(address: nativeint, count: int) = ScalarCalls.Each<'T>(address, count, Math.Cosh)

/// Combines the lanes of a reduction, 64 bytes at an address, into one: lane i with lane i + half, then the same in the
/// half that is left.
[<AbstractClass; Sealed>]
type internal LanePairs =
    static member inline private Halves
        (address: nativeint, [<InlineIfLambda>] join: Vector128<'T> -> Vector128<'T> -> Vector128<'T>)
        =
        let at offset = At.read<Vector128<'T>>(address + offset)
        let lanes = join (join (at 0n) (at 32n)) (join (at 16n) (at 48n))
        let pair = join lanes (Vector128.Shuffle(lanes.AsInt64(), Vector128.Create(1L, 1L)).As<int64, 'T>())

        if Vector128<'T>.Count = 4 then
            let other = Vector128.Shuffle(pair.AsInt32(), Vector128.Create(1, 1, 1, 1)).As<int, 'T>()
            Vector128.ToScalar(join pair other)
        else
            Vector128.ToScalar pair

    [<MethodImpl(Inline.Always)>]
    static member Sum<'T when 'T: unmanaged>(address: nativeint) : 'T =
        LanePairs.Halves(address, fun x y -> Vector128.Add(x, y))

    [<MethodImpl(Inline.Always)>]
    static member Prod<'T when 'T: unmanaged>(address: nativeint) : 'T =
        LanePairs.Halves(address, fun x y -> Vector128.Multiply(x, y))

    [<MethodImpl(Inline.Always)>]
    static member Max<'T when 'T: unmanaged>(address: nativeint) : 'T =
        LanePairs.Halves(address, fun x y -> Vector128.Max(x, y))

    [<MethodImpl(Inline.Always)>]
    static member Min<'T when 'T: unmanaged>(address: nativeint) : 'T =
        LanePairs.Halves(address, fun x y -> Vector128.Min(x, y))
