namespace DL1.Compiler.Emit

open System
open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop

/// Operations on vectors as IL. Arguments are functions that push them on the stack, called as often as needed; the
/// result is left on the stack.
[<Sealed>]
type internal EmitSteps(il: ILGenerator, methods: VectorMethods, scratch: LocalBuilder) =
    let single = methods.Size = 4
    let words = EmitWords(il, methods)
    let floats = EmitFloats(il, methods, words, scratch)
    let call m = words.Call m
    let generic kind name = words.Generic kind name
    let both kind name x y = words.Both kind name x y
    let equalsZero kind x = words.EqualsZero kind x
    let number v = words.Number v
    let whole n = words.Whole n
    let refuse what = words.Refuse what

    /// Wraps to 32 bits: integers have 32 bits in lanes of 64 too.
    let wrap () =
        if not single then
            il.Emit(OpCodes.Ldc_I4, 32)
            call (methods.Plain("ShiftLeft", [| methods.Vector LaneKind.Whole; typeof<int> |]))
            il.Emit(OpCodes.Ldc_I4, 32)
            call (methods.Plain("ShiftRightArithmetic", [| methods.Vector LaneKind.Whole; typeof<int> |]))

    /// Converts the mask on the stack to floats, 1 and 0.
    let truth () =
        call (methods.As(LaneKind.Truth, LaneKind.Float))
        number 1.0
        generic LaneKind.Float "BitwiseAnd"

    let wholeUnary op (x: unit -> unit) =
        let whole' = LaneKind.Whole

        match op with
        | UnaryOp.Neg ->
            x ()
            generic whole' "Negate"
            wrap ()
        | UnaryOp.Abs ->
            x ()
            generic whole' "Abs"
            wrap ()
        | UnaryOp.Sign ->
            x ()
            whole 1L
            generic whole' "Min"
            whole -1L
            generic whole' "Max"
        | UnaryOp.Relu ->
            x ()
            words.Zero whole'
            generic whole' "Max"
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round -> x ()
        | UnaryOp.Not ->
            equalsZero whole' x
            whole 1L
            generic whole' "BitwiseAnd"
        | UnaryOp.Sqrt
        | UnaryOp.Rsqrt
        | UnaryOp.Reciprocal
        | UnaryOp.Exp
        | UnaryOp.Expm1
        | UnaryOp.Log
        | UnaryOp.Log1p
        | UnaryOp.Sin
        | UnaryOp.Cos
        | UnaryOp.Tan
        | UnaryOp.Asin
        | UnaryOp.Acos
        | UnaryOp.Atan
        | UnaryOp.Sinh
        | UnaryOp.Cosh
        | UnaryOp.Tanh
        | UnaryOp.Sigmoid
        | UnaryOp.Softplus
        | UnaryOp.Erf -> refuse $"{op} of whole numbers"

    let wholeBinary op x y =
        let wrapped name =
            both LaneKind.Whole name x y
            wrap ()

        match op with
        | BinaryOp.Add -> wrapped "Add"
        | BinaryOp.Sub -> wrapped "Subtract"
        | BinaryOp.Mul -> wrapped "Multiply"
        | BinaryOp.Max -> both LaneKind.Whole "Max" x y
        | BinaryOp.Min -> both LaneKind.Whole "Min" x y
        | BinaryOp.And -> both LaneKind.Whole "BitwiseAnd" x y
        | BinaryOp.Or -> both LaneKind.Whole "BitwiseOr" x y
        | BinaryOp.Div
        | BinaryOp.Pow -> refuse $"{op} of whole numbers"

    let truthBinary op x y =
        match op with
        | BinaryOp.And
        | BinaryOp.Mul
        | BinaryOp.Min -> both LaneKind.Truth "BitwiseAnd" x y
        | BinaryOp.Or
        | BinaryOp.Max -> both LaneKind.Truth "BitwiseOr" x y
        | BinaryOp.Add
        | BinaryOp.Sub
        | BinaryOp.Div
        | BinaryOp.Pow -> refuse $"{op} of truth values"

    /// A number in every lane.
    member _.Number v = number v

    /// An integer in every lane.
    member _.WholeNumber(n: int) = whole (int64 n)

    member _.Unary(op, kind, x) =
        match kind with
        | LaneKind.Float -> floats.Unary(op, x)
        | LaneKind.Whole -> wholeUnary op x
        | LaneKind.Truth ->
            if op = UnaryOp.Not then
                x ()
                generic kind "OnesComplement"
            else
                refuse $"{op} of truth values"

    member _.Binary(op, kind, x, y) =
        match kind with
        | LaneKind.Float -> floats.Binary(op, x, y)
        | LaneKind.Whole -> wholeBinary op x y
        | LaneKind.Truth -> truthBinary op x y

    /// The error function, given exp(−x²).
    member _.Erf(x: unit -> unit, gaussian: unit -> unit) =
        x ()
        gaussian ()
        words.VectorFunction "ErfBy" 2

    /// Leaves a mask.
    member _.Compare(op, kind, x: unit -> unit, y: unit -> unit) =
        // Masks are −1 and 0: with the operands swapped they compare as 1 and 0.
        let x, y = if kind = LaneKind.Truth then y, x else x, y

        match op with
        | CompareOp.Eq -> both kind "Equals" x y
        | CompareOp.Ne ->
            both kind "Equals" x y
            generic kind "OnesComplement"
        | CompareOp.Lt -> both kind "LessThan" x y
        | CompareOp.Le -> both kind "LessThanOrEqual" x y
        | CompareOp.Gt -> both kind "GreaterThan" x y
        | CompareOp.Ge -> both kind "GreaterThanOrEqual" x y

        if kind = LaneKind.Float then
            call (methods.As(LaneKind.Float, LaneKind.Truth))

    member _.Select(kind, c: unit -> unit, x: unit -> unit, y: unit -> unit) =
        c ()

        if kind = LaneKind.Float then
            call (methods.As(LaneKind.Truth, LaneKind.Float))

        x ()
        y ()
        call (methods.Select kind)

    member _.Convert(source, result, x: unit -> unit) =
        match source, result with
        | LaneKind.Float, LaneKind.Whole ->
            x ()

            if single then
                words.Plain "ConvertToInt32"
            else
                words.Plain "ConvertToInt64"
                whole (int64 Int32.MinValue)
                generic LaneKind.Whole "Max"
                whole (int64 Int32.MaxValue)
                generic LaneKind.Whole "Min"
        | LaneKind.Float, LaneKind.Truth ->
            equalsZero LaneKind.Float x
            generic LaneKind.Float "OnesComplement"
            call (methods.As(LaneKind.Float, LaneKind.Truth))
        | LaneKind.Whole, LaneKind.Float ->
            x ()

            call (
                methods.Plain(
                    (if single then "ConvertToSingle" else "ConvertToDouble"),
                    [| methods.Vector LaneKind.Whole |]
                )
            )
        | LaneKind.Whole, LaneKind.Truth ->
            equalsZero LaneKind.Whole x
            generic LaneKind.Whole "OnesComplement"
        | LaneKind.Truth, LaneKind.Float ->
            x ()
            truth ()
        | LaneKind.Truth, LaneKind.Whole ->
            x ()
            whole 1L
            generic LaneKind.Whole "BitwiseAnd"
        | LaneKind.Float, LaneKind.Float
        | LaneKind.Whole, LaneKind.Whole
        | LaneKind.Truth, LaneKind.Truth -> x ()
