namespace DL1.Compiler.Emit

open System.Reflection.Emit
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Simd

/// Operations on vectors of floats as IL.
[<Sealed>]
type internal EmitFloats(il: ILGenerator, methods: VectorMethods, words: EmitWords, scratch: LocalBuilder) =
    let single = methods.Size = 4
    let call m = words.Call m
    let generic kind name = words.Generic kind name
    let both kind name x y = words.Both kind name x y
    let equalsZero kind x = words.EqualsZero kind x
    let number v = words.Number v
    let zero kind = words.Zero kind

    let scratchAddress () =
        il.Emit(OpCodes.Ldloca, scratch)
        il.Emit OpCodes.Conv_U

    member _.Unary(op, x: unit -> unit) =
        let float = LaneKind.Float

        let simple name =
            x ()
            generic float name

        let rounded name =
            x ()
            words.Plain name

        let function' name =
            x ()
            words.VectorFunction name 1

        let scalar name =
            scratchAddress ()
            x ()
            il.Emit(OpCodes.Stobj, methods.Vector float)
            scratchAddress ()
            il.Emit(OpCodes.Ldc_I4, methods.Lanes)

            call (
                methods.Of(
                    typeof<ScalarCalls>,
                    name + (if single then "32" else "64"),
                    [| typeof<nativeint>; typeof<int> |]
                )
            )

            scratchAddress ()
            il.Emit(OpCodes.Ldobj, methods.Vector float)

        match op with
        | UnaryOp.Neg -> simple "Negate"
        | UnaryOp.Abs -> simple "Abs"
        | UnaryOp.Sqrt -> simple "Sqrt"
        | UnaryOp.Floor -> rounded "Floor"
        | UnaryOp.Ceiling -> rounded "Ceiling"
        | UnaryOp.Round -> rounded "Round"
        | UnaryOp.Sign ->
            x ()
            zero float
            generic float "GreaterThan"
            number 1.0
            x ()
            zero float
            generic float "LessThan"
            number -1.0
            x ()
            generic float "ConditionalSelect"
            generic float "ConditionalSelect"
        | UnaryOp.Relu ->
            x ()
            zero float
            generic float "LessThanOrEqual"
            zero float
            x ()
            generic float "ConditionalSelect"
        | UnaryOp.Rsqrt ->
            number 1.0
            x ()
            generic float "Sqrt"
            generic float "Divide"
        | UnaryOp.Reciprocal ->
            number 1.0
            x ()
            generic float "Divide"
        | UnaryOp.Not ->
            equalsZero float x
            number 1.0
            generic float "BitwiseAnd"
        | UnaryOp.Exp -> function' "Exp"
        | UnaryOp.Expm1 -> function' "Expm1"
        | UnaryOp.Log -> function' "Log"
        | UnaryOp.Log1p -> function' "Log1p"
        | UnaryOp.Sin -> function' "Sin"
        | UnaryOp.Cos -> function' "Cos"
        | UnaryOp.Tanh -> function' "Tanh"
        | UnaryOp.Sigmoid -> function' "Sigmoid"
        | UnaryOp.Softplus -> function' "Softplus"
        | UnaryOp.Erf -> function' "Erf"
        | UnaryOp.Tan -> scalar "Tan"
        | UnaryOp.Asin -> scalar "Asin"
        | UnaryOp.Acos -> scalar "Acos"
        | UnaryOp.Atan -> scalar "Atan"
        | UnaryOp.Sinh -> scalar "Sinh"
        | UnaryOp.Cosh -> scalar "Cosh"

    member _.Binary(op, x: unit -> unit, y: unit -> unit) =
        let notZero v =
            equalsZero LaneKind.Float v
            generic LaneKind.Float "OnesComplement"

        let logical name =
            both LaneKind.Float name (fun () -> notZero x) (fun () -> notZero y)
            number 1.0
            generic LaneKind.Float "BitwiseAnd"

        match op with
        | BinaryOp.Add -> both LaneKind.Float "Add" x y
        | BinaryOp.Sub -> both LaneKind.Float "Subtract" x y
        | BinaryOp.Mul -> both LaneKind.Float "Multiply" x y
        | BinaryOp.Div -> both LaneKind.Float "Divide" x y
        | BinaryOp.Max -> both LaneKind.Float "Max" x y
        | BinaryOp.Min -> both LaneKind.Float "Min" x y
        | BinaryOp.And -> logical "BitwiseAnd"
        | BinaryOp.Or -> logical "BitwiseOr"
        | BinaryOp.Pow ->
            x ()
            y ()
            words.VectorFunction "Pow" 2
