/// Numbers of either type in pinned memory, for kernels that take addresses, and how kernels of both types are tested.
module DL1.Tests.Guarded

open System
open System.Runtime.InteropServices
open DL1

/// One element type: its conversions.
type Kind<'T when 'T: unmanaged and 'T: struct> =
    {
        Of: float -> 'T
        To: 'T -> float
        DType: DType
        /// Half the distance from 1 to the next number.
        Half: float
    }

let f32: Kind<float32> = { Of = float32; To = float; DType = DType.F32; Half = Math.ScaleB(1.0, -24) }

let f64: Kind<float> = { Of = id; To = id; DType = DType.F64; Half = Math.ScaleB(1.0, -53) }

/// Values with room around them that must stay as it is.
type Numbers<'T when 'T: unmanaged and 'T: struct>(kind: Kind<'T>, values: float[]) =
    let room = 64

    let array =
        let all = GC.AllocateArray<'T>(values.Length + 2 * room, pinned = true)
        Array.Fill(all, kind.Of -77.125)
        values |> Array.iteri (fun i v -> all[room + i] <- kind.Of v)
        all

    member _.Address = Marshal.UnsafeAddrOfPinnedArrayElement(array, room)
    member _.Values = Array.sub array room values.Length |> Array.map kind.To

    member _.Guarded =
        Array.append array[.. room - 1] array[room + values.Length ..]
        |> Array.forall (fun v -> kind.To v = -77.125)

/// Equal bits, of numbers that either type became.
let same (x: float[]) (y: float[]) =
    Array.forall2
        (fun (x: float) y -> BitConverter.DoubleToInt64Bits x = BitConverter.DoubleToInt64Bits y)
        x
        y

let integers seed count = Array.init count (fun i -> float ((i + seed) * 31 % 9 - 4))

let fractions (kind: Kind<'T>) seed count =
    Array.init count (fun i -> kind.To(kind.Of(float ((i + seed) * 7919 % 1999 - 999) / 997.0)))

/// A tensor of f64 `[n; c; spatial...]` from values `[n; spatial...; c]`.
let toFirst (shape: int list) (values: float[]) =
    match shape with
    | n :: c :: spatial ->
        let last = Tensor.ofArray ([ n ] @ spatial @ [ c ]) values
        let rank = shape.Length
        Eval.run [] (Expr.transpose ([ 0; rank - 1 ] @ [ 1 .. rank - 2 ]) (Expr.constant last))
    | _ -> Tensor.ofArray shape values

/// The values `[n; spatial...; c]` of a tensor `[n; c; spatial...]`.
let toLast (t: Tensor) =
    Eval.run [] (Expr.transpose ([ 0 ] @ [ 2 .. t.Rank - 1 ] @ [ 1 ]) (Expr.constant t))
    |> Tensor.toFloats
