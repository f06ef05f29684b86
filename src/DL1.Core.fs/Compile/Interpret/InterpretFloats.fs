namespace DL1.Compiler.Interpret

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open DL1.Compiler.Interpret.LaneBlock
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// Operations on blocks of floats.
module internal InterpretFloats =
    // One method for each function, not inlined, so that functions that are not called cost nothing.

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private exp32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> VectorMath.Exp v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private exp64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> VectorMath.Exp v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private expm132 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> VectorMath.Expm1 v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private expm164 (x: nativeint) target =
        each1 (fun (v: Vector128<float>) -> VectorMath.Expm1 v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> VectorMath.Log v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> VectorMath.Log v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log1p32 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> VectorMath.Log1p v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log1p64 (x: nativeint) target =
        each1 (fun (v: Vector128<float>) -> VectorMath.Log1p v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sin32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> VectorMath.Sin v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sin64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> VectorMath.Sin v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private cos32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> VectorMath.Cos v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private cos64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> VectorMath.Cos v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private tanh32 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> VectorMath.Tanh v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private tanh64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> VectorMath.Tanh v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sigmoid32 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> VectorMath.Sigmoid v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sigmoid64 (x: nativeint) target =
        each1 (fun (v: Vector128<float>) -> VectorMath.Sigmoid v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private softplus32 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> VectorMath.Softplus v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private softplus64 (x: nativeint) target =
        each1 (fun (v: Vector128<float>) -> VectorMath.Softplus v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private erf32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> VectorMath.Erf v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private erf64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> VectorMath.Erf v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private pow32 (x: nativeint) y target =
        each2 (fun (v: Vector128<float32>) w -> VectorMath.Pow(v, w)) x y target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private pow64 (x: nativeint) y target =
        each2 (fun (v: Vector128<float>) w -> VectorMath.Pow(v, w)) x y target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let erfBy32 (x: nativeint) gaussian target =
        each2 (fun (v: Vector128<float32>) w -> VectorMath.ErfBy(v, w)) x gaussian target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let erfBy64 (x: nativeint) gaussian target =
        each2 (fun (v: Vector128<float>) w -> VectorMath.ErfBy(v, w)) x gaussian target

    /// Applies a function of `ScalarCalls` in place, to a copy of the block.
    let inline private inPlace ([<InlineIfLambda>] f: nativeint * int -> unit) lanes x target =
        each1 (fun (v: Vector128<byte>) -> v) x target
        f (target, lanes)

    /// The mask of lanes that are not 0.
    let notZero32 (v: Vector128<float32>) =
        Vector128.OnesComplement(Vector128.Equals(v, Vector128<float32>.Zero))

    /// A mask as floats, 1 and 0.
    let truth32 (mask: Vector128<float32>) = mask &&& Vector128.Create 1.0f

    let unary32 op (x: nativeint) (target: nativeint) =
        let inline each (f: Vector128<float32> -> Vector128<float32>) = each1 f x target
        let zero = Vector128<float32>.Zero
        let one = Vector128.Create 1.0f

        match op with
        | UnaryOp.Neg -> each (fun v -> Vector128.Negate v)
        | UnaryOp.Abs -> each (fun v -> Vector128.Abs v)
        | UnaryOp.Sign ->
            each (fun v ->
                let negative = Vector128.ConditionalSelect(Vector128.LessThan(v, zero), -one, v)
                Vector128.ConditionalSelect(Vector128.GreaterThan(v, zero), one, negative))
        | UnaryOp.Floor -> each (fun v -> Vector128.Floor v)
        | UnaryOp.Ceiling -> each (fun v -> Vector128.Ceiling v)
        | UnaryOp.Round -> each (fun v -> Vector128.Round v)
        | UnaryOp.Sqrt -> each (fun v -> Vector128.Sqrt v)
        | UnaryOp.Rsqrt -> each (fun v -> one / Vector128.Sqrt v)
        | UnaryOp.Reciprocal -> each (fun v -> one / v)
        | UnaryOp.Relu ->
            each (fun v -> Vector128.ConditionalSelect(Vector128.LessThanOrEqual(v, zero), zero, v))
        | UnaryOp.Not -> each (fun v -> truth32 (Vector128.Equals(v, zero)))
        | UnaryOp.Exp -> exp32 x target
        | UnaryOp.Expm1 -> expm132 x target
        | UnaryOp.Log -> log32 x target
        | UnaryOp.Log1p -> log1p32 x target
        | UnaryOp.Sin -> sin32 x target
        | UnaryOp.Cos -> cos32 x target
        | UnaryOp.Tanh -> tanh32 x target
        | UnaryOp.Sigmoid -> sigmoid32 x target
        | UnaryOp.Softplus -> softplus32 x target
        | UnaryOp.Erf -> erf32 x target
        | UnaryOp.Tan -> inPlace ScalarCalls.Tan32 16 x target
        | UnaryOp.Asin -> inPlace ScalarCalls.Asin32 16 x target
        | UnaryOp.Acos -> inPlace ScalarCalls.Acos32 16 x target
        | UnaryOp.Atan -> inPlace ScalarCalls.Atan32 16 x target
        | UnaryOp.Sinh -> inPlace ScalarCalls.Sinh32 16 x target
        | UnaryOp.Cosh -> inPlace ScalarCalls.Cosh32 16 x target

    let binary32 op (x: nativeint) (y: nativeint) (target: nativeint) =
        let inline each (f: Vector128<float32> -> Vector128<float32> -> Vector128<float32>) =
            each2 f x y target

        match op with
        | BinaryOp.Add -> each (fun v w -> v + w)
        | BinaryOp.Sub -> each (fun v w -> v - w)
        | BinaryOp.Mul -> each (fun v w -> v * w)
        | BinaryOp.Div -> each (fun v w -> v / w)
        | BinaryOp.Pow -> pow32 x y target
        | BinaryOp.Max -> each (fun v w -> Vector128.Max(v, w))
        | BinaryOp.Min -> each (fun v w -> Vector128.Min(v, w))
        | BinaryOp.And -> each (fun v w -> truth32 (notZero32 v &&& notZero32 w))
        | BinaryOp.Or -> each (fun v w -> truth32 (notZero32 v ||| notZero32 w))

    /// The mask of lanes that are not 0.
    let notZero64 (v: Vector128<float>) = Vector128.OnesComplement(Vector128.Equals(v, Vector128<float>.Zero))

    /// A mask as floats, 1 and 0.
    let truth64 (mask: Vector128<float>) = mask &&& Vector128.Create 1.0

    let unary64 op (x: nativeint) (target: nativeint) =
        let inline each (f: Vector128<float> -> Vector128<float>) = each1 f x target
        let zero = Vector128<float>.Zero
        let one = Vector128.Create 1.0

        match op with
        | UnaryOp.Neg -> each (fun v -> Vector128.Negate v)
        | UnaryOp.Abs -> each (fun v -> Vector128.Abs v)
        | UnaryOp.Sign ->
            each (fun v ->
                let negative = Vector128.ConditionalSelect(Vector128.LessThan(v, zero), -one, v)
                Vector128.ConditionalSelect(Vector128.GreaterThan(v, zero), one, negative))
        | UnaryOp.Floor -> each (fun v -> Vector128.Floor v)
        | UnaryOp.Ceiling -> each (fun v -> Vector128.Ceiling v)
        | UnaryOp.Round -> each (fun v -> Vector128.Round v)
        | UnaryOp.Sqrt -> each (fun v -> Vector128.Sqrt v)
        | UnaryOp.Rsqrt -> each (fun v -> one / Vector128.Sqrt v)
        | UnaryOp.Reciprocal -> each (fun v -> one / v)
        | UnaryOp.Relu ->
            each (fun v -> Vector128.ConditionalSelect(Vector128.LessThanOrEqual(v, zero), zero, v))
        | UnaryOp.Not -> each (fun v -> truth64 (Vector128.Equals(v, zero)))
        | UnaryOp.Exp -> exp64 x target
        | UnaryOp.Expm1 -> expm164 x target
        | UnaryOp.Log -> log64 x target
        | UnaryOp.Log1p -> log1p64 x target
        | UnaryOp.Sin -> sin64 x target
        | UnaryOp.Cos -> cos64 x target
        | UnaryOp.Tanh -> tanh64 x target
        | UnaryOp.Sigmoid -> sigmoid64 x target
        | UnaryOp.Softplus -> softplus64 x target
        | UnaryOp.Erf -> erf64 x target
        | UnaryOp.Tan -> inPlace ScalarCalls.Tan64 8 x target
        | UnaryOp.Asin -> inPlace ScalarCalls.Asin64 8 x target
        | UnaryOp.Acos -> inPlace ScalarCalls.Acos64 8 x target
        | UnaryOp.Atan -> inPlace ScalarCalls.Atan64 8 x target
        | UnaryOp.Sinh -> inPlace ScalarCalls.Sinh64 8 x target
        | UnaryOp.Cosh -> inPlace ScalarCalls.Cosh64 8 x target

    let binary64 op (x: nativeint) (y: nativeint) (target: nativeint) =
        let inline each (f: Vector128<float> -> Vector128<float> -> Vector128<float>) = each2 f x y target

        match op with
        | BinaryOp.Add -> each (fun v w -> v + w)
        | BinaryOp.Sub -> each (fun v w -> v - w)
        | BinaryOp.Mul -> each (fun v w -> v * w)
        | BinaryOp.Div -> each (fun v w -> v / w)
        | BinaryOp.Pow -> pow64 x y target
        | BinaryOp.Max -> each (fun v w -> Vector128.Max(v, w))
        | BinaryOp.Min -> each (fun v w -> Vector128.Min(v, w))
        | BinaryOp.And -> each (fun v w -> truth64 (notZero64 v &&& notZero64 w))
        | BinaryOp.Or -> each (fun v w -> truth64 (notZero64 v ||| notZero64 w))
