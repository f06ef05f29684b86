namespace DL1.Compiler.Interpret

open System.Runtime.Intrinsics
open DL1.Compiler.Interpret.LaneBlock
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// Operations on blocks of integers and of truth values, comparisons, selections, and conversions.
module internal InterpretIntegers =
    let private refuse what : unit =
        Refuse.domain "run a pass" what "an operation that these lanes have" "report this as a bug"

    let wholeUnary32 op (x: nativeint) (target: nativeint) =
        let inline each (f: Vector128<int> -> Vector128<int>) = each1 f x target
        let zero = Vector128<int>.Zero
        let one = Vector128.Create 1

        match op with
        | UnaryOp.Neg -> each (fun v -> Vector128.Negate v)
        | UnaryOp.Abs -> each (fun v -> Vector128.Abs v)
        | UnaryOp.Sign -> each (fun v -> Vector128.Max(Vector128.Min(v, one), -one))
        | UnaryOp.Relu -> each (fun v -> Vector128.Max(v, zero))
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round -> each (fun v -> v)
        | UnaryOp.Not -> each (fun v -> Vector128.Equals(v, zero) &&& one)
        | UnaryOp.Sqrt
        | UnaryOp.Rsqrt
        | UnaryOp.Reciprocal
        | UnaryOp.Exp
        | UnaryOp.Expm1
        | UnaryOp.Log
        | UnaryOp.Log1p
        | UnaryOp.Sin
        | UnaryOp.Cos
        | UnaryOp.Tanh
        | UnaryOp.Sigmoid
        | UnaryOp.Softplus
        | UnaryOp.Erf
        | UnaryOp.Tan
        | UnaryOp.Asin
        | UnaryOp.Acos
        | UnaryOp.Atan
        | UnaryOp.Sinh
        | UnaryOp.Cosh -> refuse $"{op} of whole numbers"

    let wholeBinary32 op (x: nativeint) (y: nativeint) (target: nativeint) =
        let inline each (f: Vector128<int> -> Vector128<int> -> Vector128<int>) = each2 f x y target

        match op with
        | BinaryOp.Add -> each (fun v w -> v + w)
        | BinaryOp.Sub -> each (fun v w -> v - w)
        | BinaryOp.Mul -> each (fun v w -> v * w)
        | BinaryOp.Max -> each (fun v w -> Vector128.Max(v, w))
        | BinaryOp.Min -> each (fun v w -> Vector128.Min(v, w))
        | BinaryOp.And -> each (fun v w -> v &&& w)
        | BinaryOp.Or -> each (fun v w -> v ||| w)
        | BinaryOp.Div
        | BinaryOp.Pow -> refuse $"{op} of whole numbers"

    let private wrap64 (v: Vector128<int64>) = Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(v, 32), 32)

    let wholeUnary64 op (x: nativeint) (target: nativeint) =
        let inline each (f: Vector128<int64> -> Vector128<int64>) = each1 f x target
        let zero = Vector128<int64>.Zero
        let one = Vector128.Create 1L

        match op with
        | UnaryOp.Neg -> each (fun v -> wrap64 (Vector128.Negate v))
        | UnaryOp.Abs -> each (fun v -> wrap64 (Vector128.Abs v))
        | UnaryOp.Sign -> each (fun v -> Vector128.Max(Vector128.Min(v, one), -one))
        | UnaryOp.Relu -> each (fun v -> Vector128.Max(v, zero))
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round -> each (fun v -> v)
        | UnaryOp.Not -> each (fun v -> Vector128.Equals(v, zero) &&& one)
        | UnaryOp.Sqrt
        | UnaryOp.Rsqrt
        | UnaryOp.Reciprocal
        | UnaryOp.Exp
        | UnaryOp.Expm1
        | UnaryOp.Log
        | UnaryOp.Log1p
        | UnaryOp.Sin
        | UnaryOp.Cos
        | UnaryOp.Tanh
        | UnaryOp.Sigmoid
        | UnaryOp.Softplus
        | UnaryOp.Erf
        | UnaryOp.Tan
        | UnaryOp.Asin
        | UnaryOp.Acos
        | UnaryOp.Atan
        | UnaryOp.Sinh
        | UnaryOp.Cosh -> refuse $"{op} of whole numbers"

    let wholeBinary64 op (x: nativeint) (y: nativeint) (target: nativeint) =
        let inline each (f: Vector128<int64> -> Vector128<int64> -> Vector128<int64>) = each2 f x y target

        match op with
        | BinaryOp.Add -> each (fun v w -> wrap64 (v + w))
        | BinaryOp.Sub -> each (fun v w -> wrap64 (v - w))
        | BinaryOp.Mul -> each (fun v w -> wrap64 (v * w))
        | BinaryOp.Max -> each (fun v w -> Vector128.Max(v, w))
        | BinaryOp.Min -> each (fun v w -> Vector128.Min(v, w))
        | BinaryOp.And -> each (fun v w -> v &&& w)
        | BinaryOp.Or -> each (fun v w -> v ||| w)
        | BinaryOp.Div
        | BinaryOp.Pow -> refuse $"{op} of whole numbers"

    let truthUnary op (x: nativeint) (target: nativeint) =
        match op with
        | UnaryOp.Not -> each1 (fun (v: Vector128<int>) -> Vector128.OnesComplement v) x target
        | other -> refuse $"{other} of truth values"

    let truthBinary op (x: nativeint) (y: nativeint) (target: nativeint) =
        let inline each (f: Vector128<int> -> Vector128<int> -> Vector128<int>) = each2 f x y target

        match op with
        | BinaryOp.And
        | BinaryOp.Mul
        | BinaryOp.Min -> each (fun v w -> v &&& w)
        | BinaryOp.Or
        | BinaryOp.Max -> each (fun v w -> v ||| w)
        | BinaryOp.Add
        | BinaryOp.Sub
        | BinaryOp.Div
        | BinaryOp.Pow -> refuse $"{op} of truth values"

    let inline private compareAs<'T when 'T: unmanaged and 'T: struct> op x y target =
        let inline each (f: Vector128<'T> -> Vector128<'T> -> Vector128<'T>) = each2 f x y target

        match op with
        | CompareOp.Eq -> each (fun v w -> Vector128.Equals(v, w))
        | CompareOp.Ne -> each (fun v w -> Vector128.OnesComplement(Vector128.Equals(v, w)))
        | CompareOp.Lt -> each (fun v w -> Vector128.LessThan(v, w))
        | CompareOp.Le -> each (fun v w -> Vector128.LessThanOrEqual(v, w))
        | CompareOp.Gt -> each (fun v w -> Vector128.GreaterThan(v, w))
        | CompareOp.Ge -> each (fun v w -> Vector128.GreaterThanOrEqual(v, w))

    let compare32 op (x: nativeint) (y: nativeint) target = compareAs<float32> op x y target
    let compare64 op (x: nativeint) (y: nativeint) target = compareAs<float> op x y target
    let compareWhole32 op (x: nativeint) (y: nativeint) target = compareAs<int> op x y target
    let compareWhole64 op (x: nativeint) (y: nativeint) target = compareAs<int64> op x y target

    /// Masks are −1 and 0: with the operands swapped they compare as 1 and 0.
    let compareTruth op (x: nativeint) (y: nativeint) target = compareAs<int> op y x target

    let select (mask: nativeint) (x: nativeint) (y: nativeint) (target: nativeint) =
        for at in 0n .. 16n .. 48n do
            save
                (target + at)
                (Vector128.ConditionalSelect(load<int>(mask + at), load (x + at), load (y + at)))

    /// Converts lanes of 32 bits to another kind.
    let convert32 (source: LaneKind) (result: LaneKind) (x: nativeint) (target: nativeint) =
        let inline each (f: Vector128<'A> -> Vector128<'B>) =
            for at in 0n .. 16n .. 48n do
                save (target + at) (f (load (x + at)))

        match source, result with
        | LaneKind.Float, LaneKind.Whole -> each (fun (v: Vector128<float32>) -> Vector128.ConvertToInt32 v)
        | LaneKind.Float, LaneKind.Truth -> each InterpretFloats.notZero32
        | LaneKind.Whole, LaneKind.Float -> each (fun (v: Vector128<int>) -> Vector128.ConvertToSingle v)
        | LaneKind.Whole, LaneKind.Truth ->
            each (fun (v: Vector128<int>) -> Vector128.OnesComplement(Vector128.Equals(v, Vector128.Zero)))
        | LaneKind.Truth, LaneKind.Float -> each InterpretFloats.truth32
        | LaneKind.Truth, LaneKind.Whole -> each (fun v -> v &&& Vector128.Create 1)
        | LaneKind.Float, LaneKind.Float
        | LaneKind.Whole, LaneKind.Whole
        | LaneKind.Truth, LaneKind.Truth -> each (fun (v: Vector128<byte>) -> v)

    /// Converts lanes of 64 bits to another kind.
    let convert64 (source: LaneKind) (result: LaneKind) (x: nativeint) (target: nativeint) =
        let inline each (f: Vector128<'A> -> Vector128<'B>) =
            for at in 0n .. 16n .. 48n do
                save (target + at) (f (load (x + at)))

        match source, result with
        | LaneKind.Float, LaneKind.Whole ->
            each (fun (v: Vector128<float>) ->
                Vector128.Min(
                    Vector128.Max(Vector128.ConvertToInt64 v, Vector128.Create -2147483648L),
                    Vector128.Create 2147483647L
                ))
        | LaneKind.Float, LaneKind.Truth -> each InterpretFloats.notZero64
        | LaneKind.Whole, LaneKind.Float -> each (fun (v: Vector128<int64>) -> Vector128.ConvertToDouble v)
        | LaneKind.Whole, LaneKind.Truth ->
            each (fun (v: Vector128<int64>) -> Vector128.OnesComplement(Vector128.Equals(v, Vector128.Zero)))
        | LaneKind.Truth, LaneKind.Float -> each InterpretFloats.truth64
        | LaneKind.Truth, LaneKind.Whole -> each (fun v -> v &&& Vector128.Create 1L)
        | LaneKind.Float, LaneKind.Float
        | LaneKind.Whole, LaneKind.Whole
        | LaneKind.Truth, LaneKind.Truth -> each (fun (v: Vector128<byte>) -> v)
