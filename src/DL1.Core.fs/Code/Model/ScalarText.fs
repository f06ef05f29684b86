namespace DL1.Compiler.Source

open DL1
open DL1.SourceText

/// Values of loop nests as C#: of one element, and of as many as a vector has.
module internal ScalarText =
    /// The name, in C#, of a helping function for one number, and whether there is one in single precision.
    let private called (name: string) (x: Phrase) = phrase 9 $"{name}({x.Text})"

    let private unary op (dtype: DType) (x: Phrase) : Phrase =
        /// A function of double whose result is rounded.
        let wide (name: string) =
            if dtype = DType.F32 then
                phrase 7 $"(float){name}({x.Text})"
            else
                phrase 9 $"{name}({x.Text})"

        let single (name: string) =
            if dtype = DType.F32 then called $"MathF.{name}" x else called $"Math.{name}" x

        match op with
        | UnaryOp.Neg when dtype.IsFloat -> phrase 7 $"-{within 8 x}"
        | UnaryOp.Neg -> phrase 9 $"unchecked(-{within 8 x})"
        | UnaryOp.Not -> phrase 7 $"!{within 8 x}"
        | UnaryOp.Abs when dtype.IsFloat -> single "Abs"
        | UnaryOp.Abs -> called "Abs" x
        | UnaryOp.Sign -> called "Sign" x
        | UnaryOp.Relu -> called "Relu" x
        | UnaryOp.Floor -> single "Floor"
        | UnaryOp.Ceiling -> single "Ceiling"
        | UnaryOp.Round -> single "Round"
        | UnaryOp.Sqrt -> single "Sqrt"
        | UnaryOp.Exp -> wide "Math.Exp"
        | UnaryOp.Log -> wide "Math.Log"
        | UnaryOp.Sin -> wide "Math.Sin"
        | UnaryOp.Cos -> wide "Math.Cos"
        | UnaryOp.Tan -> wide "Math.Tan"
        | UnaryOp.Asin -> wide "Math.Asin"
        | UnaryOp.Acos -> wide "Math.Acos"
        | UnaryOp.Atan -> wide "Math.Atan"
        | UnaryOp.Sinh -> wide "Math.Sinh"
        | UnaryOp.Cosh -> wide "Math.Cosh"
        | UnaryOp.Tanh -> wide "Math.Tanh"
        | UnaryOp.Rsqrt when dtype = DType.F32 -> phrase 7 $"(float)(1.0 / Math.Sqrt({x.Text}))"
        | UnaryOp.Rsqrt -> phrase 6 $"1.0 / Math.Sqrt({x.Text})"
        | UnaryOp.Reciprocal -> phrase 6 $"{Literal.number dtype 1.0} / {within 7 x}"
        | UnaryOp.Expm1 -> wide "Expm1"
        | UnaryOp.Log1p -> wide "Log1p"
        | UnaryOp.Erf -> wide "Erf"
        | UnaryOp.Sigmoid -> wide "Sigmoid"
        | UnaryOp.Softplus -> wide "Softplus"

    let private binary op (dtype: DType) (a: Phrase) (b: Phrase) : Phrase =
        let sign tightness (sign: string) =
            let text = $"{within tightness a} {sign} {within (tightness + 1) b}"

            if dtype.IsInteger then phrase 9 $"unchecked({text})" else phrase tightness text

        let math (name: string) = phrase 9 $"Math.{name}({a.Text}, {b.Text})"

        match op with
        | BinaryOp.Add -> sign 5 "+"
        | BinaryOp.Sub -> sign 5 "-"
        | BinaryOp.Mul -> sign 6 "*"
        | BinaryOp.Div -> sign 6 "/"
        | BinaryOp.Pow when dtype = DType.F32 -> phrase 7 $"(float)Math.Pow({a.Text}, {b.Text})"
        | BinaryOp.Pow -> math "Pow"
        | BinaryOp.Max -> math "Max"
        | BinaryOp.Min -> math "Min"
        | BinaryOp.And -> phrase 3 $"{within 4 a} & {within 4 b}"
        | BinaryOp.Or -> phrase 2 $"{within 3 a} | {within 3 b}"

    let private sign op =
        match op with
        | CompareOp.Eq -> "=="
        | CompareOp.Ne -> "!="
        | CompareOp.Lt -> "<"
        | CompareOp.Le -> "<="
        | CompareOp.Gt -> ">"
        | CompareOp.Ge -> ">="

    let private cast (source: DType) (target: DType) (x: Phrase) : Phrase =
        if source = target then
            x
        else
            match source, target with
            | DType.Bool, _ ->
                phrase 9 $"({within 1 x} ? {Literal.number target 1.0} : {Literal.number target 0.0})"
            | _, DType.Bool -> phrase 4 $"{within 5 x} != {Literal.number source 0.0}"
            | _, (DType.I32 | DType.I64) -> phrase 9 $"unchecked(({Literal.typeName target}){within 8 x})"
            | _ -> phrase 7 $"({Literal.typeName target}){within 8 x}"

    /// The value for one element; `read` gives the text of an element in memory.
    let rec element (read: View -> string) (value: Scalar) : Phrase =
        let text = element read

        match value with
        | Scalar.Number(_, number) -> phrase (if number.StartsWith '-' then 7 else 9) number
        | Scalar.Read view -> phrase 9 (read view)
        | Scalar.Unary(op, dtype, x) -> unary op dtype (text x)
        | Scalar.Binary(op, dtype, a, b) -> binary op dtype (text a) (text b)
        | Scalar.Compare(op, _, a, b) -> phrase 4 $"{within 5 (text a)} {sign op} {within 5 (text b)}"
        | Scalar.Select(_, c, a, b) ->
            phrase 9 $"({within 1 (text c)} ? {within 1 (text a)} : {within 1 (text b)})"
        | Scalar.Cast(source, target, x) -> cast source target (text x)

    let private isZero (text: string) = text = "0f" || text = "0d"

    let private isPlain (text: string) = not (text.Contains ".N" || text.Contains ".P")

    /// Whether a value of a float type can be computed for a vector of elements along the last axis of the nest.
    let rec isVector (dtype: DType) (value: Scalar) : bool =
        let operands = List.forall (isVector dtype)

        match value with
        | Scalar.Number(t, _) -> t = dtype
        | Scalar.Read view ->
            view.DType = dtype
            && (match List.tryLast view.Strides with
                | Some stride -> stride = 0 || stride = 1
                | None -> true)
        | Scalar.Unary(op, t, x) ->
            let isKnown =
                match op with
                | UnaryOp.Neg
                | UnaryOp.Abs
                | UnaryOp.Sqrt
                | UnaryOp.Rsqrt
                | UnaryOp.Reciprocal
                | UnaryOp.Relu -> true
                | UnaryOp.Exp
                | UnaryOp.Tanh
                | UnaryOp.Sigmoid
                | UnaryOp.Erf -> dtype = DType.F32
                | _ -> false

            isKnown && t = dtype && operands [ x ]
        | Scalar.Binary(op, t, a, b) ->
            let isKnown =
                match op, b with
                | (BinaryOp.Add | BinaryOp.Sub | BinaryOp.Mul | BinaryOp.Div), _ -> true
                // Where one is a number, a comparison can say which is taken, and a NaN is.
                | BinaryOp.Max, Scalar.Number(_, number) ->
                    isPlain number && number <> "-0f" && number <> "-0d"
                | BinaryOp.Min, Scalar.Number(_, number) -> isPlain number && not (isZero number)
                | _ -> false

            isKnown && t = dtype && operands [ a; b ]
        | Scalar.Select(t, Scalar.Compare(_, t', p, q), a, b) ->
            t = dtype && t' = dtype && operands [ p; q; a; b ]
        | Scalar.Select _
        | Scalar.Compare _
        | Scalar.Cast _ -> false

    /// The value for a vector of elements: `splat` gives the text of a vector of equal elements, `load` that of elements in
    /// memory.
    let rec vector (splat: Scalar -> string) (load: View -> string) (value: Scalar) : Phrase =
        let text = vector splat load
        let one dtype = splat (Scalar.Number(dtype, Literal.number dtype 1.0))

        match value with
        | Scalar.Number _ -> phrase 9 (splat value)
        | Scalar.Read view when List.tryLast view.Strides = Some 1 -> phrase 9 (load view)
        | Scalar.Read _ -> phrase 9 (splat value)
        | Scalar.Unary(op, dtype, x) ->
            let x = text x

            match op with
            | UnaryOp.Neg ->
                phrase 6 $"{within 6 x} * {splat (Scalar.Number(dtype, Literal.number dtype -1.0))}"
            | UnaryOp.Abs -> called "Vector.Abs" x
            | UnaryOp.Sqrt -> called "Vector.SquareRoot" x
            | UnaryOp.Rsqrt -> phrase 6 $"{one dtype} / Vector.SquareRoot({x.Text})"
            | UnaryOp.Reciprocal -> phrase 6 $"{one dtype} / {within 7 x}"
            | UnaryOp.Relu -> called "VectorRelu" x
            | UnaryOp.Exp -> called "VectorExp" x
            | UnaryOp.Tanh -> called "VectorTanh" x
            | UnaryOp.Sigmoid -> called "VectorSigmoid" x
            | _ -> called "VectorErf" x
        | Scalar.Binary(op, _, a, b) ->
            let a, b = text a, text b

            let between tightness (sign: string) =
                phrase tightness $"{within tightness a} {sign} {within (tightness + 1) b}"

            match op with
            | BinaryOp.Add -> between 5 "+"
            | BinaryOp.Sub -> between 5 "-"
            | BinaryOp.Mul -> between 6 "*"
            | BinaryOp.Div -> between 6 "/"
            | BinaryOp.Max -> phrase 9 $"AtLeast({a.Text}, {b.Text})"
            | _ -> phrase 9 $"AtMost({a.Text}, {b.Text})"
        | Scalar.Select(_, Scalar.Compare(op, _, p, q), a, b) ->
            let chosen (name: string) (a: Phrase) (b: Phrase) =
                phrase
                    9
                    $"Vector.ConditionalSelect(Vector.{name}({(text p).Text}, {(text q).Text}), {a.Text}, {b.Text})"

            match op with
            | CompareOp.Eq -> chosen "Equals" (text a) (text b)
            | CompareOp.Ne -> chosen "Equals" (text b) (text a)
            | CompareOp.Lt -> chosen "LessThan" (text a) (text b)
            | CompareOp.Le -> chosen "LessThanOrEqual" (text a) (text b)
            | CompareOp.Gt -> chosen "GreaterThan" (text a) (text b)
            | CompareOp.Ge -> chosen "GreaterThanOrEqual" (text a) (text b)
        | Scalar.Select(_, _, a, _) -> text a
        | Scalar.Compare(_, _, a, _)
        | Scalar.Cast(_, _, a) -> text a

    /// What is read of memory by a value, in order, each once.
    let rec reads (value: Scalar) : View list =
        match value with
        | Scalar.Number _ -> []
        | Scalar.Read view -> [ view ]
        | Scalar.Unary(_, _, x)
        | Scalar.Cast(_, _, x) -> reads x
        | Scalar.Binary(_, _, a, b)
        | Scalar.Compare(_, _, a, b) -> reads a @ reads b
        | Scalar.Select(_, c, a, b) -> reads c @ reads a @ reads b

    /// The value over changed reads.
    let rec mapReads (change: View -> View) (value: Scalar) : Scalar =
        let map = mapReads change

        match value with
        | Scalar.Number _ -> value
        | Scalar.Read view -> Scalar.Read(change view)
        | Scalar.Unary(op, t, x) -> Scalar.Unary(op, t, map x)
        | Scalar.Cast(s, t, x) -> Scalar.Cast(s, t, map x)
        | Scalar.Binary(op, t, a, b) -> Scalar.Binary(op, t, map a, map b)
        | Scalar.Compare(op, t, a, b) -> Scalar.Compare(op, t, map a, map b)
        | Scalar.Select(t, c, a, b) -> Scalar.Select(t, map c, map a, map b)
