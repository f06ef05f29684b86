namespace DL1.Compiler.Interpret

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open DL1.Compiler.Interpret.LaneBlock
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

type private V = VectorMath

/// Operations on blocks of floats of type 'F: f32 or f64.
module internal InterpretFloats =
    /// Applies the form of a function for 'F, and for vectors of 256 bits where they are native; the JIT drops the others.
    let inline private map<'F>
        ([<InlineIfLambda>] single: Vector128<float32> -> Vector128<float32>)
        ([<InlineIfLambda>] double: Vector128<float> -> Vector128<float>)
        ([<InlineIfLambda>] wideSingle: Vector256<float32> -> Vector256<float32>)
        ([<InlineIfLambda>] wideDouble: Vector256<float> -> Vector256<float>)
        bytes
        x
        target
        =
        Hot.loop ()

        if Vector256.IsHardwareAccelerated then
            if sizeof<'F> = 4 then
                each1 wideSingle bytes x target
            else
                each1 wideDouble bytes x target
        elif sizeof<'F> = 4 then
            each1 single bytes x target
        else
            each1 double bytes x target

    // Each function has its own method, too long to be inlined, so that the JIT does not compile functions that are not called.

    let private exp<'F> bytes x target = map<'F> V.Exp V.Exp V.Exp V.Exp bytes x target
    let private expm1<'F> bytes x target = map<'F> V.Expm1 V.Expm1 V.Expm1 V.Expm1 bytes x target
    let private log<'F> bytes x target = map<'F> V.Log V.Log V.Log V.Log bytes x target
    let private log1p<'F> bytes x target = map<'F> V.Log1p V.Log1p V.Log1p V.Log1p bytes x target
    let private sin<'F> bytes x target = map<'F> V.Sin V.Sin V.Sin V.Sin bytes x target
    let private cos<'F> bytes x target = map<'F> V.Cos V.Cos V.Cos V.Cos bytes x target
    let private tanh<'F> bytes x target = map<'F> V.Tanh V.Tanh V.Tanh V.Tanh bytes x target
    let private sigmoid<'F> bytes x target = map<'F> V.Sigmoid V.Sigmoid V.Sigmoid V.Sigmoid bytes x target

    let private softplus<'F> bytes x target =
        map<'F> V.Softplus V.Softplus V.Softplus V.Softplus bytes x target

    let private erf<'F> bytes x target = map<'F> V.Erf V.Erf V.Erf V.Erf bytes x target

    /// Applies a function of two values to blocks of lanes: `single` where 'F is float32, else `double`.
    let inline private map2<'F>
        ([<InlineIfLambda>] single: Vector128<float32> -> Vector128<float32> -> Vector128<float32>)
        ([<InlineIfLambda>] double: Vector128<float> -> Vector128<float> -> Vector128<float>)
        bytes
        x
        y
        target
        =
        Hot.loop ()

        if sizeof<'F> = 4 then
            each2 single bytes x y target
        else
            each2 double bytes x y target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private pow<'F> bytes x y target =
        map2<'F> (fun v w -> V.Pow(v, w)) (fun v w -> V.Pow(v, w)) bytes x y target

    /// The error function, given exp(−x²).
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let erfBy<'F> bytes x gaussian target =
        map2<'F> (fun v w -> V.ErfBy(v, w)) (fun v w -> V.ErfBy(v, w)) bytes x gaussian target

    /// Copies the blocks at x to `target`, and applies a function of `ScalarCalls` to the copy, in place.
    let inline private inPlace<'F> ([<InlineIfLambda>] f: nativeint * int -> unit) bytes x target =
        each1 (fun (v: Vector128<byte>) -> v) bytes x target
        f (target, int bytes / sizeof<'F>)

    /// The mask of the lanes that are not 0.
    let inline notZero<'F when 'F: unmanaged> (v: Vector128<'F>) =
        Vector128.OnesComplement(Vector128.Equals(v, Vector128<'F>.Zero))

    /// Converts a mask to numbers of type 'F, floats or integers: 1 where it is true, else 0.
    let inline truth<'F when 'F: unmanaged> (mask: Vector128<'F>) =
        Vector128.BitwiseAnd(mask, Vector128<'F>.One)

    let unary<'F when 'F: unmanaged> op bytes x target =
        Hot.loop ()
        let inline each (f: Vector128<'F> -> Vector128<'F>) = each1 f bytes x target
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
        | UnaryOp.Floor ->
            map<'F> Vector128.Floor Vector128.Floor Vector256.Floor Vector256.Floor bytes x target
        | UnaryOp.Ceiling ->
            map<'F> Vector128.Ceiling Vector128.Ceiling Vector256.Ceiling Vector256.Ceiling bytes x target
        | UnaryOp.Round ->
            map<'F> Vector128.Round Vector128.Round Vector256.Round Vector256.Round bytes x target
        | UnaryOp.Sqrt -> each (fun v -> Vector128.Sqrt v)
        | UnaryOp.Rsqrt -> each (fun v -> Vector128.Divide(one, Vector128.Sqrt v))
        | UnaryOp.Reciprocal -> each (fun v -> Vector128.Divide(one, v))
        | UnaryOp.Relu ->
            each (fun v -> Vector128.ConditionalSelect(Vector128.LessThanOrEqual(v, zero), zero, v))
        | UnaryOp.Not -> each (fun v -> truth (Vector128.Equals(v, zero)))
        | UnaryOp.Exp -> exp<'F> bytes x target
        | UnaryOp.Expm1 -> expm1<'F> bytes x target
        | UnaryOp.Log -> log<'F> bytes x target
        | UnaryOp.Log1p -> log1p<'F> bytes x target
        | UnaryOp.Sin -> sin<'F> bytes x target
        | UnaryOp.Cos -> cos<'F> bytes x target
        | UnaryOp.Tanh -> tanh<'F> bytes x target
        | UnaryOp.Sigmoid -> sigmoid<'F> bytes x target
        | UnaryOp.Softplus -> softplus<'F> bytes x target
        | UnaryOp.Erf -> erf<'F> bytes x target
        | UnaryOp.Tan -> inPlace<'F> ScalarCalls.Tan<'F> bytes x target
        | UnaryOp.Asin -> inPlace<'F> ScalarCalls.Asin<'F> bytes x target
        | UnaryOp.Acos -> inPlace<'F> ScalarCalls.Acos<'F> bytes x target
        | UnaryOp.Atan -> inPlace<'F> ScalarCalls.Atan<'F> bytes x target
        | UnaryOp.Sinh -> inPlace<'F> ScalarCalls.Sinh<'F> bytes x target
        | UnaryOp.Cosh -> inPlace<'F> ScalarCalls.Cosh<'F> bytes x target

    let binary<'F when 'F: unmanaged> op bytes x y target =
        Hot.loop ()
        let inline each (f: Vector128<'F> -> Vector128<'F> -> Vector128<'F>) = each2 f bytes x y target

        /// Applies `wide`, the function on vectors of 256 bits, where these are native; else f, the same function on 128 bits.
        let inline both f (wide: Vector256<'F> -> Vector256<'F> -> Vector256<'F>) =
            if Vector256.IsHardwareAccelerated then each2 wide bytes x y target else each f

        match op with
        | BinaryOp.Add -> both (fun v w -> Vector128.Add(v, w)) (fun v w -> Vector256.Add(v, w))
        | BinaryOp.Sub -> both (fun v w -> Vector128.Subtract(v, w)) (fun v w -> Vector256.Subtract(v, w))
        | BinaryOp.Mul -> both (fun v w -> Vector128.Multiply(v, w)) (fun v w -> Vector256.Multiply(v, w))
        | BinaryOp.Div -> both (fun v w -> Vector128.Divide(v, w)) (fun v w -> Vector256.Divide(v, w))
        | BinaryOp.Pow -> pow<'F> bytes x y target
        | BinaryOp.Max -> both (fun v w -> Vector128.Max(v, w)) (fun v w -> Vector256.Max(v, w))
        | BinaryOp.Min -> both (fun v w -> Vector128.Min(v, w)) (fun v w -> Vector256.Min(v, w))
        | BinaryOp.And -> each (fun v w -> truth (Vector128.BitwiseAnd(notZero v, notZero w)))
        | BinaryOp.Or -> each (fun v w -> truth (Vector128.BitwiseOr(notZero v, notZero w)))
