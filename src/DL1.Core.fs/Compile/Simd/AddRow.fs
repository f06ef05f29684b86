namespace DL1.Compiler.Simd

open System.Runtime.Intrinsics
open DL1

[<AbstractClass; Sealed>]
type internal AddRow private () =
    /// Adds `count` elements at `row` to those at `target`.
    static member Add<'T when 'T: unmanaged>(count: int, row: nativeint, target: nativeint) =
        Hot.loop ()
        let vectors = count / Vector256<'T>.Count

        for v in 0 .. vectors - 1 do
            At.set target v (Vector256.Add(At.get<Vector256<'T>> target v, At.get<Vector256<'T>> row v))

        for i in vectors * Vector256<'T>.Count .. count - 1 do
            At.set target i (One.add (At.get<'T> target i) (At.get<'T> row i))
