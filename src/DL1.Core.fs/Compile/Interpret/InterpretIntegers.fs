namespace DL1.Compiler.Interpret

open System.Runtime.Intrinsics
open DL1.Compiler.Interpret.LaneBlock
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// Operations on blocks of integers and of truth values, comparisons, selections, and conversions. Lanes of integers are
/// of type 'I: 32 bits in loops of f32, 64 bits in loops of f64.
module internal InterpretIntegers =
    let private refuse what : unit =
        Refuse.domain "run a fused loop" what "an operation that these lanes have" "report this as a bug"

    /// Wraps integers to 32 bits: they are 32-bit integers even in lanes of 64 bits, in loops of f64.
    let inline private wrap<'I when 'I: unmanaged> (v: Vector128<'I>) : Vector128<'I> =
        if sizeof<'I> = 4 then
            v
        else
            Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(v.AsInt64(), 32), 32).As<int64, 'I>()

    let wholeUnary<'I when 'I: unmanaged> op bytes x target =
        let inline each (f: Vector128<'I> -> Vector128<'I>) = each1 f bytes x target
        let one = Vector128<'I>.One

        match op with
        | UnaryOp.Neg -> each (fun v -> wrap (Vector128.Negate v))
        | UnaryOp.Abs -> each (fun v -> wrap (Vector128.Abs v))
        | UnaryOp.Sign -> each (fun v -> Vector128.Max(Vector128.Min(v, one), Vector128.Negate one))
        | UnaryOp.Relu -> each (fun v -> Vector128.Max(v, Vector128<'I>.Zero))
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round -> each (fun v -> v)
        | UnaryOp.Not -> each (fun v -> Vector128.BitwiseAnd(Vector128.Equals(v, Vector128<'I>.Zero), one))
        | function' -> refuse $"{function'} of whole numbers"

    let wholeBinary<'I when 'I: unmanaged> op bytes x y target =
        let inline each (f: Vector128<'I> -> Vector128<'I> -> Vector128<'I>) = each2 f bytes x y target

        match op with
        | BinaryOp.Add -> each (fun v w -> wrap (Vector128.Add(v, w)))
        | BinaryOp.Sub -> each (fun v w -> wrap (Vector128.Subtract(v, w)))
        | BinaryOp.Mul -> each (fun v w -> wrap (Vector128.Multiply(v, w)))
        | BinaryOp.Max -> each (fun v w -> Vector128.Max(v, w))
        | BinaryOp.Min -> each (fun v w -> Vector128.Min(v, w))
        | BinaryOp.And -> each (fun v w -> Vector128.BitwiseAnd(v, w))
        | BinaryOp.Or -> each (fun v w -> Vector128.BitwiseOr(v, w))
        | BinaryOp.Div
        | BinaryOp.Pow -> refuse $"{op} of whole numbers"

    let truthUnary op bytes x target =
        match op with
        | UnaryOp.Not -> each1 (fun (v: Vector128<int>) -> Vector128.OnesComplement v) bytes x target
        | other -> refuse $"{other} of truth values"

    let truthBinary op bytes x y target =
        let inline each (f: Vector128<int> -> Vector128<int> -> Vector128<int>) = each2 f bytes x y target

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

    /// Compares lanes of type 'T, floats or integers, and writes the mask of the result to `target`.
    let compare<'T when 'T: unmanaged> op bytes x y target =
        Hot.loop ()
        let inline each (f: Vector128<'T> -> Vector128<'T> -> Vector128<'T>) = each2 f bytes x y target

        match op with
        | CompareOp.Eq -> each (fun v w -> Vector128.Equals(v, w))
        | CompareOp.Ne -> each (fun v w -> Vector128.OnesComplement(Vector128.Equals(v, w)))
        | CompareOp.Lt -> each (fun v w -> Vector128.LessThan(v, w))
        | CompareOp.Le -> each (fun v w -> Vector128.LessThanOrEqual(v, w))
        | CompareOp.Gt -> each (fun v w -> Vector128.GreaterThan(v, w))
        | CompareOp.Ge -> each (fun v w -> Vector128.GreaterThanOrEqual(v, w))

    let select bytes (mask: nativeint) (x: nativeint) (y: nativeint) (target: nativeint) =
        Hot.loop ()

        every 16n bytes (fun at ->
            let chosen: Vector128<int> =
                Vector128.ConditionalSelect(At.read (mask + at), At.read (x + at), At.read (y + at))

            At.write (target + at) chosen)

    /// Converts lanes to another kind.
    let convert<'F, 'I when 'F: unmanaged and 'I: unmanaged> source result bytes x target =
        Hot.loop ()
        let isSingle = sizeof<'F> = 4

        match source, result with
        | LaneKind.Float, LaneKind.Whole when isSingle ->
            each1 (fun (v: Vector128<float32>) -> Vector128.ConvertToInt32 v) bytes x target
        | LaneKind.Float, LaneKind.Whole ->
            let least, greatest = Vector128.Create -2147483648L, Vector128.Create 2147483647L

            each1
                (fun (v: Vector128<float>) ->
                    Vector128.Min(Vector128.Max(Vector128.ConvertToInt64 v, least), greatest))
                bytes
                x
                target
        | LaneKind.Whole, LaneKind.Float when isSingle ->
            each1 (fun (v: Vector128<int>) -> Vector128.ConvertToSingle v) bytes x target
        | LaneKind.Whole, LaneKind.Float ->
            each1 (fun (v: Vector128<int64>) -> Vector128.ConvertToDouble v) bytes x target
        | LaneKind.Float, LaneKind.Truth -> each1 InterpretFloats.notZero<'F> bytes x target
        | LaneKind.Whole, LaneKind.Truth -> each1 InterpretFloats.notZero<'I> bytes x target
        | LaneKind.Truth, LaneKind.Float -> each1 InterpretFloats.truth<'F> bytes x target
        | LaneKind.Truth, LaneKind.Whole -> each1 InterpretFloats.truth<'I> bytes x target
        | LaneKind.Float, LaneKind.Float
        | LaneKind.Whole, LaneKind.Whole
        | LaneKind.Truth, LaneKind.Truth -> each1 (fun (v: Vector128<byte>) -> v) bytes x target
