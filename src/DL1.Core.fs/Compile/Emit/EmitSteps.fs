namespace DL1.Compiler.Emit

open System
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// Emits operations on vectors of any lane kind. An argument is a function that pushes it, called as often as the code needs it.
[<Sealed>]
type internal EmitSteps(il: VectorIL) =
    let floats = EmitFloats il
    let whole = LaneKind.Whole

    let refuse what : unit =
        Refuse.domain "compile a fused loop" what "an operation that these lanes have" "report this as a bug"

    /// Wraps the integers on the stack to 32 bits: they are 32-bit integers even in lanes of 64 bits, in loops of f64.
    let wrap () =
        if not il.IsSingle then
            for shift in [ "ShiftLeft"; "ShiftRightArithmetic" ] do
                il.Int 32
                il.Call(il.Methods.Plain(shift, [| il.Methods.Vector whole; typeof<int> |]))

    let wrapped name x y =
        il.Both whole name x y
        wrap ()

    let wholeUnary op (x: unit -> unit) =
        let wrapped name =
            x ()
            il.Generic whole name
            wrap ()

        match op with
        | UnaryOp.Neg -> wrapped "Negate"
        | UnaryOp.Abs -> wrapped "Abs"
        | UnaryOp.Sign ->
            il.Both whole "Min" x (fun () -> il.Whole 1L)
            il.Whole -1L
            il.Generic whole "Max"
        | UnaryOp.Relu -> il.Both whole "Max" x (fun () -> il.Zero whole)
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round -> x ()
        | UnaryOp.Not ->
            il.EqualsZero whole x
            il.Whole 1L
            il.Generic whole "BitwiseAnd"
        | function' -> refuse $"{function'} of whole numbers"

    member _.Unary(op, kind, x) =
        match kind with
        | LaneKind.Float -> floats.Unary(op, x)
        | LaneKind.Whole -> wholeUnary op x
        | LaneKind.Truth ->
            if op = UnaryOp.Not then
                x ()
                il.Generic kind "OnesComplement"
            else
                refuse $"{op} of truth values"

    member _.Binary(op, kind, x, y) =
        match kind, op with
        | LaneKind.Float, _ -> floats.Binary(op, x, y)
        | _, BinaryOp.And
        | LaneKind.Truth, (BinaryOp.Mul | BinaryOp.Min) -> il.Both kind "BitwiseAnd" x y
        | _, BinaryOp.Or
        | LaneKind.Truth, BinaryOp.Max -> il.Both kind "BitwiseOr" x y
        | LaneKind.Whole, BinaryOp.Add -> wrapped "Add" x y
        | LaneKind.Whole, BinaryOp.Sub -> wrapped "Subtract" x y
        | LaneKind.Whole, BinaryOp.Mul -> wrapped "Multiply" x y
        | LaneKind.Whole, BinaryOp.Max -> il.Both whole "Max" x y
        | LaneKind.Whole, BinaryOp.Min -> il.Both whole "Min" x y
        | LaneKind.Whole, (BinaryOp.Div | BinaryOp.Pow) -> refuse $"{op} of whole numbers"
        | LaneKind.Truth, (BinaryOp.Add | BinaryOp.Sub | BinaryOp.Div | BinaryOp.Pow) ->
            refuse $"{op} of truth values"

    /// Pushes the error function of x, given exp(−x²).
    member _.Erf(x: unit -> unit, gaussian: unit -> unit) =
        x ()
        gaussian ()
        il.VectorFunction "ErfBy" 2

    /// Pushes the mask of a comparison.
    member _.Compare(op, kind, x: unit -> unit, y: unit -> unit) =
        // True is −1 in a mask, less than false: with the operands swapped, masks compare as 1 and 0 do.
        let x, y = if kind = LaneKind.Truth then y, x else x, y

        match op with
        | CompareOp.Eq -> il.Both kind "Equals" x y
        | CompareOp.Ne ->
            il.Both kind "Equals" x y
            il.Generic kind "OnesComplement"
        | CompareOp.Lt -> il.Both kind "LessThan" x y
        | CompareOp.Le -> il.Both kind "LessThanOrEqual" x y
        | CompareOp.Gt -> il.Both kind "GreaterThan" x y
        | CompareOp.Ge -> il.Both kind "GreaterThanOrEqual" x y

        if kind = LaneKind.Float then
            il.As(LaneKind.Float, LaneKind.Truth)

    member _.Select(kind, c: unit -> unit, x: unit -> unit, y: unit -> unit) =
        c ()

        if kind = LaneKind.Float then
            il.As(LaneKind.Truth, LaneKind.Float)

        x ()
        y ()
        il.Own(typeof<Lanes>, "Select", kind)

    member _.Convert(source, result, x: unit -> unit) =
        x ()
        let pushed () = ()

        match source, result with
        | LaneKind.Float, LaneKind.Whole ->
            if il.IsSingle then
                il.Plain "ConvertToInt32"
            else
                il.Plain "ConvertToInt64"
                il.Whole(int64 Int32.MinValue)
                il.Generic whole "Max"
                il.Whole(int64 Int32.MaxValue)
                il.Generic whole "Min"
        | LaneKind.Float, LaneKind.Truth ->
            il.NotZero LaneKind.Float pushed
            il.As(LaneKind.Float, LaneKind.Truth)
        | LaneKind.Whole, LaneKind.Float ->
            let name = if il.IsSingle then "ConvertToSingle" else "ConvertToDouble"
            il.Call(il.Methods.Plain(name, [| il.Methods.Vector whole |]))
        | LaneKind.Whole, LaneKind.Truth -> il.NotZero whole pushed
        | LaneKind.Truth, LaneKind.Float ->
            il.As(LaneKind.Truth, LaneKind.Float)
            floats.Truth()
        | LaneKind.Truth, LaneKind.Whole ->
            il.Whole 1L
            il.Generic whole "BitwiseAnd"
        | LaneKind.Float, LaneKind.Float
        | LaneKind.Whole, LaneKind.Whole
        | LaneKind.Truth, LaneKind.Truth -> ()
