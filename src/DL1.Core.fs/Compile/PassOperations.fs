namespace DL1

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open FSharp.NativeInterop

#nowarn "9" // Blocks are 64 bytes at an address.

/// Operations on blocks of 64 bytes: four vectors of 128 bits, for passes that are interpreted. Floats are lanes of
/// the pass's own type; whole numbers and masks are lanes of the same size, whole numbers always within 32 bits.
module internal PassOperations =
    let inline private load<'T when 'T: unmanaged and 'T: struct> (address: nativeint) : Vector128<'T> =
        Vector128.Load(NativePtr.ofNativeInt<'T> address)

    let inline private save (address: nativeint) (lanes: Vector128<'T>) =
        Vector128.Store(lanes, NativePtr.ofNativeInt<'T> address)

    let inline private each1 ([<InlineIfLambda>] f: Vector128<'T> -> Vector128<'T>) x target =
        for at in 0n .. 16n .. 48n do
            save (target + at) (f (load (x + at)))

    let inline private each2
        ([<InlineIfLambda>] f: Vector128<'T> -> Vector128<'T> -> Vector128<'T>)
        x
        y
        target
        =
        for at in 0n .. 16n .. 48n do
            save (target + at) (f (load (x + at)) (load (y + at)))

    let private refuse what : unit =
        Refuse.domain "run a pass" what "an operation that these lanes have" "report this as a bug"

    // One method for each function, so that one that is not called costs nothing.

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private exp32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> Functions.Exp v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private exp64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> Functions.Exp v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private expm132 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> Functions.Expm1 v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private expm164 (x: nativeint) target =
        each1 (fun (v: Vector128<float>) -> Functions.Expm1 v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> Functions.Log v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> Functions.Log v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log1p32 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> Functions.Log1p v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private log1p64 (x: nativeint) target =
        each1 (fun (v: Vector128<float>) -> Functions.Log1p v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sin32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> Functions.Sin v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sin64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> Functions.Sin v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private cos32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> Functions.Cos v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private cos64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> Functions.Cos v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private tanh32 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> Functions.Tanh v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private tanh64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> Functions.Tanh v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sigmoid32 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> Functions.Sigmoid v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private sigmoid64 (x: nativeint) target =
        each1 (fun (v: Vector128<float>) -> Functions.Sigmoid v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private softplus32 (x: nativeint) target =
        each1 (fun (v: Vector128<float32>) -> Functions.Softplus v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private softplus64 (x: nativeint) target =
        each1 (fun (v: Vector128<float>) -> Functions.Softplus v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private erf32 (x: nativeint) target = each1 (fun (v: Vector128<float32>) -> Functions.Erf v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private erf64 (x: nativeint) target = each1 (fun (v: Vector128<float>) -> Functions.Erf v) x target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private pow32 (x: nativeint) y target =
        each2 (fun (v: Vector128<float32>) w -> Functions.Pow(v, w)) x y target

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let private pow64 (x: nativeint) y target =
        each2 (fun (v: Vector128<float>) w -> Functions.Pow(v, w)) x y target

    /// A function in place, on the copied block.
    let inline private apart ([<InlineIfLambda>] f: nativeint * int -> unit) lanes x target =
        each1 (fun (v: Vector128<byte>) -> v) x target
        f (target, lanes)

    let private notZero32 (v: Vector128<float32>) =
        Vector128.OnesComplement(Vector128.Equals(v, Vector128<float32>.Zero))

    let private truth32 (mask: Vector128<float32>) = mask &&& Vector128.Create 1.0f

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
        | UnaryOp.Tan -> apart PassScalar.Tan32 16 x target
        | UnaryOp.Asin -> apart PassScalar.Asin32 16 x target
        | UnaryOp.Acos -> apart PassScalar.Acos32 16 x target
        | UnaryOp.Atan -> apart PassScalar.Atan32 16 x target
        | UnaryOp.Sinh -> apart PassScalar.Sinh32 16 x target
        | UnaryOp.Cosh -> apart PassScalar.Cosh32 16 x target

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

    let private wrap32 (v: Vector128<int>) = v

    let wholeUnary32 op (x: nativeint) (target: nativeint) =
        let inline each (f: Vector128<int> -> Vector128<int>) = each1 f x target
        let zero = Vector128<int>.Zero
        let one = Vector128.Create 1

        match op with
        | UnaryOp.Neg -> each (fun v -> wrap32 (Vector128.Negate v))
        | UnaryOp.Abs -> each (fun v -> wrap32 (Vector128.Abs v))
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
        | BinaryOp.Add -> each (fun v w -> wrap32 (v + w))
        | BinaryOp.Sub -> each (fun v w -> wrap32 (v - w))
        | BinaryOp.Mul -> each (fun v w -> wrap32 (v * w))
        | BinaryOp.Max -> each (fun v w -> Vector128.Max(v, w))
        | BinaryOp.Min -> each (fun v w -> Vector128.Min(v, w))
        | BinaryOp.And -> each (fun v w -> v &&& w)
        | BinaryOp.Or -> each (fun v w -> v ||| w)
        | BinaryOp.Div
        | BinaryOp.Pow -> refuse $"{op} of whole numbers"

    let private notZero64 (v: Vector128<float>) =
        Vector128.OnesComplement(Vector128.Equals(v, Vector128<float>.Zero))

    let private truth64 (mask: Vector128<float>) = mask &&& Vector128.Create 1.0

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
        | UnaryOp.Tan -> apart PassScalar.Tan64 8 x target
        | UnaryOp.Asin -> apart PassScalar.Asin64 8 x target
        | UnaryOp.Acos -> apart PassScalar.Acos64 8 x target
        | UnaryOp.Atan -> apart PassScalar.Atan64 8 x target
        | UnaryOp.Sinh -> apart PassScalar.Sinh64 8 x target
        | UnaryOp.Cosh -> apart PassScalar.Cosh64 8 x target

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

    /// Masks are −1 and 0: the other way round they compare as 1 and 0.
    let compareTruth op (x: nativeint) (y: nativeint) target = compareAs<int> op y x target

    let select (mask: nativeint) (x: nativeint) (y: nativeint) (target: nativeint) =
        for at in 0n .. 16n .. 48n do
            save
                (target + at)
                (Vector128.ConditionalSelect(load<int>(mask + at), load (x + at), load (y + at)))

    /// Lanes as lanes of another kind.
    let convert32 (source: LaneKind) (result: LaneKind) (x: nativeint) (target: nativeint) =
        let inline each (f: Vector128<'A> -> Vector128<'B>) =
            for at in 0n .. 16n .. 48n do
                save (target + at) (f (load (x + at)))

        match source, result with
        | LaneKind.Float, LaneKind.Whole -> each (fun (v: Vector128<float32>) -> Vector128.ConvertToInt32 v)
        | LaneKind.Float, LaneKind.Truth -> each notZero32
        | LaneKind.Whole, LaneKind.Float -> each (fun (v: Vector128<int>) -> Vector128.ConvertToSingle v)
        | LaneKind.Whole, LaneKind.Truth ->
            each (fun (v: Vector128<int>) -> Vector128.OnesComplement(Vector128.Equals(v, Vector128.Zero)))
        | LaneKind.Truth, LaneKind.Float -> each truth32
        | LaneKind.Truth, LaneKind.Whole -> each (fun v -> v &&& Vector128.Create 1)
        | LaneKind.Float, LaneKind.Float
        | LaneKind.Whole, LaneKind.Whole
        | LaneKind.Truth, LaneKind.Truth -> each (fun (v: Vector128<byte>) -> v)

    /// Lanes as lanes of another kind.
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
        | LaneKind.Float, LaneKind.Truth -> each notZero64
        | LaneKind.Whole, LaneKind.Float -> each (fun (v: Vector128<int64>) -> Vector128.ConvertToDouble v)
        | LaneKind.Whole, LaneKind.Truth ->
            each (fun (v: Vector128<int64>) -> Vector128.OnesComplement(Vector128.Equals(v, Vector128.Zero)))
        | LaneKind.Truth, LaneKind.Float -> each truth64
        | LaneKind.Truth, LaneKind.Whole -> each (fun v -> v &&& Vector128.Create 1L)
        | LaneKind.Float, LaneKind.Float
        | LaneKind.Whole, LaneKind.Whole
        | LaneKind.Truth, LaneKind.Truth -> each (fun (v: Vector128<byte>) -> v)
