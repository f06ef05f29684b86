namespace DL1.Compiler.Emit

open DL1
open DL1.Compiler.FusedLoop

/// Emits operations on vectors of floats. An argument is a function that pushes it, called as often as the code needs it.
[<Sealed>]
type internal EmitFloats(il: VectorIL) =
    let float = LaneKind.Float

    /// Converts the mask on the stack to floats: 1 where it is true, else 0.
    member _.Truth() =
        il.Number 1.0
        il.Generic float "BitwiseAnd"

    member this.Unary(op, x: unit -> unit) =
        let simple name =
            x ()
            il.Generic float name

        let rounded name =
            x ()
            il.Plain name

        let function' name =
            x ()
            il.VectorFunction name 1

        let scalar name =
            il.Scratch()
            x ()
            il.StoreObject float
            il.Scratch()
            il.Int il.Methods.Lanes
            il.Own(typeof<ScalarCalls>, name, float)
            il.Scratch()
            il.LoadObject float

        match op with
        | UnaryOp.Neg -> simple "Negate"
        | UnaryOp.Abs -> simple "Abs"
        | UnaryOp.Sqrt -> simple "Sqrt"
        | UnaryOp.Floor -> rounded "Floor"
        | UnaryOp.Ceiling -> rounded "Ceiling"
        | UnaryOp.Round -> rounded "Round"
        | UnaryOp.Sign ->
            il.Both float "GreaterThan" x (fun () -> il.Zero float)
            il.Number 1.0
            il.Both float "LessThan" x (fun () -> il.Zero float)
            il.Number -1.0
            x ()
            il.Generic float "ConditionalSelect"
            il.Generic float "ConditionalSelect"
        | UnaryOp.Relu ->
            il.Both float "LessThanOrEqual" x (fun () -> il.Zero float)
            il.Zero float
            x ()
            il.Generic float "ConditionalSelect"
        | UnaryOp.Rsqrt -> il.Both float "Divide" (fun () -> il.Number 1.0) (fun () -> simple "Sqrt")
        | UnaryOp.Reciprocal -> il.Both float "Divide" (fun () -> il.Number 1.0) x
        | UnaryOp.Not ->
            il.EqualsZero float x
            this.Truth()
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

    member this.Binary(op, x: unit -> unit, y: unit -> unit) =
        let logical name =
            il.Both float name (fun () -> il.NotZero float x) (fun () -> il.NotZero float y)
            this.Truth()

        match op with
        | BinaryOp.Add -> il.Both float "Add" x y
        | BinaryOp.Sub -> il.Both float "Subtract" x y
        | BinaryOp.Mul -> il.Both float "Multiply" x y
        | BinaryOp.Div -> il.Both float "Divide" x y
        | BinaryOp.Max -> il.Both float "Max" x y
        | BinaryOp.Min -> il.Both float "Min" x y
        | BinaryOp.And -> logical "BitwiseAnd"
        | BinaryOp.Or -> logical "BitwiseOr"
        | BinaryOp.Pow ->
            x ()
            y ()
            il.VectorFunction "Pow" 2
