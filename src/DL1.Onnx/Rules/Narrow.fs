namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Whole numbers of fewer bits than DL1's: they are carried in i32 or i64, and come back into their range after arithmetic.
[<RequireQualifiedAccess>]
module internal Narrow =
    /// The least value and the number of values, of the types that DL1 does not have.
    let range (kind: OnnxType) : struct (int64 * int64) voption =
        match kind with
        | OnnxType.UInt8 -> ValueSome(struct (0L, 256L))
        | OnnxType.Int8 -> ValueSome(struct (-128L, 256L))
        | OnnxType.UInt16 -> ValueSome(struct (0L, 65536L))
        | OnnxType.Int16 -> ValueSome(struct (-32768L, 65536L))
        | OnnxType.UInt32 -> ValueSome(struct (0L, 4294967296L))
        | OnnxType.UInt4 -> ValueSome(struct (0L, 16L))
        | OnnxType.Int4 -> ValueSome(struct (-8L, 16L))
        | _ -> ValueNone

    /// What an overflow leaves of a value, as the narrow type's arithmetic has it.
    let wrap (kind: OnnxType) (e: Expr) : Expr =
        match range kind with
        | ValueSome(struct (least, count)) ->
            let shifted = if least = 0L then e else e - float least
            let rest = Division.remainder shifted (lit (float count))
            if least = 0L then rest else rest + float least
        | ValueNone -> e

    /// The nearest value of the narrow type.
    let saturate (kind: OnnxType) (e: Expr) : Expr =
        match range kind with
        | ValueSome(struct (least, count)) ->
            Expr.minimum (Expr.maximum e (lit (float least))) (lit (float (least + count - 1L)))
        | ValueNone -> e

    // Rounded to fewer digits: the sum of x and a multiple keeps the upper ones (Veltkamp 1968).
    let private rounded (bits: int) (x: Expr) =
        let scaled = x * float ((1 <<< bits) + 1)
        scaled - (scaled - x)

    /// The nearest number of half precision, in a wider type.
    let half (x: Expr) : Expr =
        let wide = Expr.cast DType.F64 x
        let normal = Expr.cast x.DType (rounded 13 (Expr.cast DType.F32 x))
        let tiny = Expr.cast x.DType (round (wide * 16777216.0) / 16777216.0)
        let huge = Expr.where (x .> 0.0) (lit infinity) (lit -infinity)
        let inside = Expr.where (abs x .< 6.103515625e-05) tiny normal
        Expr.where (abs x .>= 65520.0) huge (Expr.where (Elementwise.isNaN x) x inside)

    /// The nearest number of bfloat16, in a wider type.
    let brain (x: Expr) : Expr =
        let normal = Expr.cast x.DType (rounded 16 (Expr.cast DType.F32 x))
        Expr.where (abs x .< 1e33) normal x
