namespace DL1.Compiler.Interpret

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open DL1.Compiler.Interpret.LaneBlock
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// Operations on blocks of floats of type 'F: f32 or f64.
module internal InterpretFloats =
    /// Applies the form for 'F of a function that has one for each type. The JIT knows the size of 'F and drops the
    /// other form.
    let inline private map<'F>
        ([<InlineIfLambda>] single: Vector128<float32> -> Vector128<float32>)
        ([<InlineIfLambda>] double: Vector128<float> -> Vector128<float>)
        (x: nativeint)
        target
        =
        if sizeof<'F> = 4 then each1 single x target else each1 double x target

    // One method for each function, not inlined, so that functions that are not called cost nothing.

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private exp<'F> x target = map<'F> VectorMath.Exp VectorMath.Exp x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private expm1<'F> x target = map<'F> VectorMath.Expm1 VectorMath.Expm1 x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log<'F> x target = map<'F> VectorMath.Log VectorMath.Log x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log1p<'F> x target = map<'F> VectorMath.Log1p VectorMath.Log1p x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sin<'F> x target = map<'F> VectorMath.Sin VectorMath.Sin x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private cos<'F> x target = map<'F> VectorMath.Cos VectorMath.Cos x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private tanh<'F> x target = map<'F> VectorMath.Tanh VectorMath.Tanh x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sigmoid<'F> x target = map<'F> VectorMath.Sigmoid VectorMath.Sigmoid x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private softplus<'F> x target = map<'F> VectorMath.Softplus VectorMath.Softplus x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private erf<'F> x target = map<'F> VectorMath.Erf VectorMath.Erf x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private pow<'F> (x: nativeint) y target =
        if sizeof<'F> = 4 then
            each2 (fun (v: Vector128<float32>) w -> VectorMath.Pow(v, w)) x y target
        else
            each2 (fun (v: Vector128<float>) w -> VectorMath.Pow(v, w)) x y target

    /// The error function, given exp(−x²).
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let erfBy<'F> (x: nativeint) gaussian target =
        if sizeof<'F> = 4 then
            each2 (fun (v: Vector128<float32>) w -> VectorMath.ErfBy(v, w)) x gaussian target
        else
            each2 (fun (v: Vector128<float>) w -> VectorMath.ErfBy(v, w)) x gaussian target

    /// Applies a function of `ScalarCalls` in place, to a copy of the block.
    let inline private inPlace<'F> ([<InlineIfLambda>] f: nativeint * int -> unit) x target =
        each1 (fun (v: Vector128<byte>) -> v) x target
        f (target, 64 / sizeof<'F>)

    /// The mask of lanes that are not 0.
    let inline notZero<'F when 'F: unmanaged and 'F: struct> (v: Vector128<'F>) =
        Vector128.OnesComplement(Vector128.Equals(v, Vector128<'F>.Zero))

    /// A mask as floats, 1 and 0.
    let inline truth<'F when 'F: unmanaged and 'F: struct> (mask: Vector128<'F>) =
        Vector128.BitwiseAnd(mask, Vector128<'F>.One)

    let unary<'F when 'F: unmanaged and 'F: struct> op (x: nativeint) (target: nativeint) =
        let inline each (f: Vector128<'F> -> Vector128<'F>) = each1 f x target
        let zero = Vector128<'F>.Zero
        let one = Vector128<'F>.One

        match op with
        | UnaryOp.Neg -> each (fun v -> Vector128.Negate v)
        | UnaryOp.Abs -> each (fun v -> Vector128.Abs v)
        | UnaryOp.Sign ->
            each (fun v ->
                let negative =
                    Vector128.ConditionalSelect(Vector128.LessThan(v, zero), Vector128.Negate one, v)

                Vector128.ConditionalSelect(Vector128.GreaterThan(v, zero), one, negative))
        | UnaryOp.Floor -> map<'F> Vector128.Floor Vector128.Floor x target
        | UnaryOp.Ceiling -> map<'F> Vector128.Ceiling Vector128.Ceiling x target
        | UnaryOp.Round -> map<'F> Vector128.Round Vector128.Round x target
        | UnaryOp.Sqrt -> each (fun v -> Vector128.Sqrt v)
        | UnaryOp.Rsqrt -> each (fun v -> Vector128.Divide(one, Vector128.Sqrt v))
        | UnaryOp.Reciprocal -> each (fun v -> Vector128.Divide(one, v))
        | UnaryOp.Relu ->
            each (fun v -> Vector128.ConditionalSelect(Vector128.LessThanOrEqual(v, zero), zero, v))
        | UnaryOp.Not -> each (fun v -> truth (Vector128.Equals(v, zero)))
        | UnaryOp.Exp -> exp<'F> x target
        | UnaryOp.Expm1 -> expm1<'F> x target
        | UnaryOp.Log -> log<'F> x target
        | UnaryOp.Log1p -> log1p<'F> x target
        | UnaryOp.Sin -> sin<'F> x target
        | UnaryOp.Cos -> cos<'F> x target
        | UnaryOp.Tanh -> tanh<'F> x target
        | UnaryOp.Sigmoid -> sigmoid<'F> x target
        | UnaryOp.Softplus -> softplus<'F> x target
        | UnaryOp.Erf -> erf<'F> x target
        | UnaryOp.Tan -> inPlace<'F> ScalarCalls.Tan<'F> x target
        | UnaryOp.Asin -> inPlace<'F> ScalarCalls.Asin<'F> x target
        | UnaryOp.Acos -> inPlace<'F> ScalarCalls.Acos<'F> x target
        | UnaryOp.Atan -> inPlace<'F> ScalarCalls.Atan<'F> x target
        | UnaryOp.Sinh -> inPlace<'F> ScalarCalls.Sinh<'F> x target
        | UnaryOp.Cosh -> inPlace<'F> ScalarCalls.Cosh<'F> x target

    let binary<'F when 'F: unmanaged and 'F: struct> op (x: nativeint) (y: nativeint) (target: nativeint) =
        let inline each (f: Vector128<'F> -> Vector128<'F> -> Vector128<'F>) = each2 f x y target

        match op with
        | BinaryOp.Add -> each (fun v w -> Vector128.Add(v, w))
        | BinaryOp.Sub -> each (fun v w -> Vector128.Subtract(v, w))
        | BinaryOp.Mul -> each (fun v w -> Vector128.Multiply(v, w))
        | BinaryOp.Div -> each (fun v w -> Vector128.Divide(v, w))
        | BinaryOp.Pow -> pow<'F> x y target
        | BinaryOp.Max -> each (fun v w -> Vector128.Max(v, w))
        | BinaryOp.Min -> each (fun v w -> Vector128.Min(v, w))
        | BinaryOp.And -> each (fun v w -> truth (Vector128.BitwiseAnd(notZero v, notZero w)))
        | BinaryOp.Or -> each (fun v w -> truth (Vector128.BitwiseOr(notZero v, notZero w)))
