namespace DL1.Compiler.Simd

open System.Runtime.Intrinsics
open DL1

[<AbstractClass; Sealed>]
type internal AddRow private () =
    /// Adds `count` elements at `row` to those at `target`.
    static member Add<'T when 'T: unmanaged>(count: int, row: nativeint, target: nativeint) =
        Hot.loop ()
        let lanes = Vector256<'T>.Count
        let mutable i = 0

        while i + lanes <= count do
            let at = nativeint i * nativeint sizeof<'T>
            let sum = Vector256.Add(At.read<Vector256<'T>>(target + at), At.read<Vector256<'T>>(row + at))
            At.write (target + at) sum
            i <- i + lanes

        while i < count do
            let at = nativeint i * nativeint sizeof<'T>
            At.write (target + at) (One.add (At.read<'T>(target + at)) (At.read<'T>(row + at)))
            i <- i + 1
