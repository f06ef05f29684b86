namespace DL1.Onnx

open System
open DL1

/// Elementwise primitives as nodes of ONNX.
[<RequireQualifiedAccess>]
module internal EmitElementwise =
    let private cast (w: GraphWriter) (dtype: DType) (x: string) =
        w.Add("Cast", [ x ], [ Attributes.int "to" (int (GraphWriter.TypeOf dtype)) ])

    /// A function of one element. Those that `Composition` takes apart do not come here.
    let unary (w: GraphWriter) (op: UnaryOp) (dtype: DType) (x: string) : string =
        let node operator = w.Add(operator, [ x ], [])

        match op with
        | UnaryOp.Neg -> node "Neg"
        | UnaryOp.Abs -> node "Abs"
        | UnaryOp.Sign -> node "Sign"
        | UnaryOp.Floor -> node "Floor"
        | UnaryOp.Ceiling -> node "Ceil"
        | UnaryOp.Round -> node "Round"
        | UnaryOp.Exp -> node "Exp"
        | UnaryOp.Log -> node "Log"
        | UnaryOp.Sqrt -> node "Sqrt"
        | UnaryOp.Reciprocal -> node "Reciprocal"
        | UnaryOp.Sin -> node "Sin"
        | UnaryOp.Cos -> node "Cos"
        | UnaryOp.Tan -> node "Tan"
        | UnaryOp.Asin -> node "Asin"
        | UnaryOp.Acos -> node "Acos"
        | UnaryOp.Atan -> node "Atan"
        | UnaryOp.Sinh -> node "Sinh"
        | UnaryOp.Cosh -> node "Cosh"
        | UnaryOp.Tanh -> node "Tanh"
        | UnaryOp.Sigmoid -> node "Sigmoid"
        | UnaryOp.Softplus -> node "Softplus"
        | UnaryOp.Erf -> node "Erf"
        | UnaryOp.Relu -> node "Relu"
        | UnaryOp.Not -> node "Not"
        | UnaryOp.Expm1
        | UnaryOp.Log1p
        | UnaryOp.Rsqrt ->
            Refuse.domain
                "Onnx.write"
                $"{Node.unaryName op} of {dtype}"
                "a primitive that is an operator of ONNX"
                "compose it of others"

    /// A function of two elements.
    let binary (w: GraphWriter) (op: BinaryOp) (x: string) (y: string) : string =
        let operator =
            match op with
            | BinaryOp.Add -> "Add"
            | BinaryOp.Sub -> "Sub"
            | BinaryOp.Mul -> "Mul"
            | BinaryOp.Div -> "Div"
            | BinaryOp.Pow -> "Pow"
            | BinaryOp.Max -> "Max"
            | BinaryOp.Min -> "Min"
            | BinaryOp.And -> "And"
            | BinaryOp.Or -> "Or"

        w.Add(operator, [ x; y ], [])

    /// A comparison; ≠ is the negation of =.
    let compare (w: GraphWriter) (op: CompareOp) (x: string) (y: string) : string =
        let node operator = w.Add(operator, [ x; y ], [])

        match op with
        | CompareOp.Eq -> node "Equal"
        | CompareOp.Ne -> w.Add("Not", [ node "Equal" ], [])
        | CompareOp.Lt -> node "Less"
        | CompareOp.Le -> node "LessOrEqual"
        | CompareOp.Gt -> node "Greater"
        | CompareOp.Ge -> node "GreaterOrEqual"

    /// A choice by truth values; that of two truth values is made of them, since runtimes have no kernel of it.
    let select (w: GraphWriter) (dtype: DType) (c: string) (x: string) (y: string) : string =
        match dtype with
        | DType.Bool ->
            let first = w.Add("And", [ c; x ], [])
            let second = w.Add("And", [ w.Add("Not", [ c ], []); y ], [])
            w.Add("Or", [ first; second ], [])
        | DType.F32
        | DType.F64
        | DType.I32
        | DType.I64 -> w.Add("Where", [ c; x; y ], [])

    /// Real numbers as whole ones: towards zero, the nearest that the type has, and 0 for NaN. ONNX leaves all three open.
    let private toWhole (w: GraphWriter) (source: DType) (target: DType) (x: string) : string =
        // Bounds of i32 are numbers of f64, not of f32.
        let dtype = if target = DType.I32 then DType.F64 else source
        let x = if dtype = source then x else cast w dtype x
        let number (value: float) = w.Scalar(dtype, value)
        let isNaN = w.Add("Not", [ w.Add("Equal", [ x; x ], []) ], [])

        let least, above =
            if target = DType.I32 then
                -2147483648.0, 2147483648.0
            else
                -(2.0 ** 63), 2.0 ** 63

        let isLarge = w.Add("GreaterOrEqual", [ x; number above ], [])
        let isOut = w.Add("Or", [ isNaN; isLarge ], [])
        let inside = w.Add("Where", [ isOut; number 0.0; x ], [])
        let whole = cast w target (w.Add("Max", [ inside; number least ], []))

        let most =
            if target = DType.I32 then
                w.Constant(Tensor.scalar Int32.MaxValue)
            else
                w.Constant(Tensor.scalar Int64.MaxValue)

        w.Add("Where", [ isLarge; most; whole ], [])

    /// The same values in another type.
    let castTo (w: GraphWriter) (source: DType) (target: DType) (x: string) : string =
        match source, target with
        | _ when source = target -> x
        | (DType.F32 | DType.F64), (DType.I32 | DType.I64) -> toWhole w source target x
        | _ -> cast w target x
