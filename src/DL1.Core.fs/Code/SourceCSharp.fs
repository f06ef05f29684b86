namespace DL1

/// Programs of scalars as C# methods, with no dependency but System.Math.
[<RequireQualifiedAccess>]
module internal SourceCSharp =
    open SourceText

    let private typeName (dtype: DType) =
        match dtype with
        | DType.F32 -> "float"
        | DType.Bool -> "bool"
        | DType.F64
        | DType.I32
        | DType.I64 -> "double"

    let private number (dtype: DType) (value: float) =
        let named = typeName dtype

        if dtype = DType.Bool then
            phrase 9 (if value <> 0.0 then "true" else "false")
        elif System.Double.IsNaN value then
            phrase 9 $"{named}.NaN"
        elif System.Double.IsInfinity value then
            phrase 9 (if value > 0.0 then $"{named}.PositiveInfinity" else $"{named}.NegativeInfinity")
        else
            let text = finite dtype value
            phrase (if text.StartsWith '-' then 7 else 9) text

    /// What is computed in double is rounded for f32.
    let private rounded (dtype: DType) (p: Phrase) =
        if dtype = DType.F32 then phrase 7 $"(float){within 8 p}" else p

    let private wide (dtype: DType) (p: Phrase) =
        if dtype = DType.F32 then $"(double){within 8 p}" else within 7 p

    let private called (name: string) (x: Phrase) = phrase 9 $"{name}({x.Text})"

    let private unary op dtype (x: Phrase) =
        let math (name: string) = rounded dtype (called $"Math.{name}" x)
        let own name = rounded dtype (called name x)

        match op with
        | UnaryOp.Neg -> phrase 7 $"-{within 8 x}"
        | UnaryOp.Not -> phrase 7 $"!{within 8 x}"
        | UnaryOp.Abs -> phrase 9 $"Math.Abs({x.Text})"
        | UnaryOp.Floor -> math "Floor"
        | UnaryOp.Ceiling -> math "Ceiling"
        | UnaryOp.Round -> math "Round"
        | UnaryOp.Exp -> math "Exp"
        | UnaryOp.Log -> math "Log"
        | UnaryOp.Sqrt -> math "Sqrt"
        | UnaryOp.Sin -> math "Sin"
        | UnaryOp.Cos -> math "Cos"
        | UnaryOp.Tan -> math "Tan"
        | UnaryOp.Asin -> math "Asin"
        | UnaryOp.Acos -> math "Acos"
        | UnaryOp.Atan -> math "Atan"
        | UnaryOp.Sinh -> math "Sinh"
        | UnaryOp.Cosh -> math "Cosh"
        | UnaryOp.Tanh -> math "Tanh"
        | UnaryOp.Rsqrt -> rounded dtype (phrase 6 $"1.0 / Math.Sqrt({x.Text})")
        | UnaryOp.Reciprocal -> rounded dtype (phrase 6 $"1.0 / {wide dtype x}")
        | UnaryOp.Expm1 -> own "Expm1"
        | UnaryOp.Log1p -> own "Log1p"
        | UnaryOp.Erf -> own "Erf"
        | UnaryOp.Sign -> own "Sign"
        | UnaryOp.Sigmoid -> own "Sigmoid"
        | UnaryOp.Softplus -> own "Softplus"
        | UnaryOp.Relu -> own "Relu"

    let private two (name: string) (a: Phrase) (b: Phrase) = phrase 9 $"Math.{name}({a.Text}, {b.Text})"

    let private convert (source: DType) (target: DType) (x: Phrase) =
        match source, target with
        | _ when source = target -> x
        | DType.Bool, _ ->
            phrase 9 $"({within 1 x} ? {(number target 1.0).Text} : {(number target 0.0).Text})"
        | _, DType.Bool -> phrase 4 $"{within 5 x} != {(number source 0.0).Text}"
        | _ -> phrase 7 $"({typeName target}){within 8 x}"

    /// What the library of the language lacks, in an order in which each uses those before it.
    let helpers: (UnaryOp * string list) list =
        [
            UnaryOp.Sign, [ "static double Sign(double x) => x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;" ]
            UnaryOp.Expm1,
            [
                "static double Expm1(double x)"
                "{"
                "    if (Math.Abs(x) > 0.5) return Math.Exp(x) - 1.0;"
                "    if (x == 0.0) return x;"
                "    double u = Math.Exp(x);"
                "    return u == 1.0 ? x : (u - 1.0) * x / Math.Log(u);"
                "}"
            ]
            UnaryOp.Log1p,
            [
                "static double Log1p(double x)"
                "{"
                "    if (x == 0.0 || double.IsPositiveInfinity(x)) return x;"
                "    double u = 1.0 + x;"
                "    return u == 1.0 ? x : Math.Log(u) * (x / (u - 1.0));"
                "}"
            ]
            UnaryOp.Erf,
            [
                "static double Erf(double x)"
                "{"
                "    double a = Math.Abs(x);"
                "    if (double.IsNaN(x)) return x;"
                "    if (a > 6.0) return Math.CopySign(1.0, x);"
                "    if (a < 2.5)"
                "    {"
                "        double term = a, sum = a, n = 0.0;"
                "        while (term > sum * 1e-17)"
                "        {"
                "            n += 1.0;"
                "            term = term * 2.0 * a * a / (2.0 * n + 1.0);"
                "            sum += term;"
                "        }"
                ""
                "        return Math.CopySign(2.0 / Math.Sqrt(Math.PI) * Math.Exp(-a * a) * sum, x);"
                "    }"
                ""
                "    double fraction = a;"
                "    for (int k = 60; k >= 1; k--) fraction = a + k / 2.0 / fraction;"
                "    return Math.CopySign(1.0 - Math.Exp(-a * a) / (Math.Sqrt(Math.PI) * fraction), x);"
                "}"
            ]
            UnaryOp.Sigmoid,
            [
                "static double Sigmoid(double x) => x >= 0.0 ? 1.0 / (1.0 + Math.Exp(-x)) : Math.Exp(x) / (1.0 + Math.Exp(x));"
            ]
            UnaryOp.Softplus,
            [ "static double Softplus(double x) => Math.Max(x, 0.0) + Log1p(Math.Exp(-Math.Abs(x)));" ]
            UnaryOp.Relu, [ "static double Relu(double x) => x <= 0.0 ? 0.0 : x;" ]
        ]

    let private keywords =
        "abstract as base bool break byte case catch char checked class const continue decimal default delegate do double "
        + "else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface internal "
        + "is lock long namespace new null object operator out override params private protected public readonly ref return "
        + "sbyte sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked "
        + "unsafe ushort using virtual void volatile while Math Sign Expm1 Log1p Erf Sigmoid Softplus Relu"

    let private language: Language =
        {
            Number = number
            Unary = unary
            Power = fun dtype a b -> rounded dtype (two "Pow" a b)
            Larger = fun _ a b -> two "Max" a b
            Smaller = fun _ a b -> two "Min" a b
            Both = "&&"
            Either = "||"
            Equal = "=="
            Unequal = "!="
            IsNaN = fun dtype a -> phrase 9 $"{typeName dtype}.IsNaN({a.Text})"
            Choice = fun c a b -> phrase 9 $"({within 1 c} ? {a.Text} : {b.Text})"
            Convert = convert
            Reserved = Set(keywords.Split ' ')
        }

    /// A static method with its locals, and local functions for what System.Math lacks.
    let method (name: string) (listing: Listing) : string =
        let parameters =
            inputs language listing
            |> List.map (fun (input, dtype) -> $"{typeName dtype} {input}")
            |> String.concat ", "

        let result = typeName (snd listing.Program.Steps[listing.Result])
        let named, final = lines language listing

        [
            $"public static {result} {identifier language name}({parameters})"
            "{"
            for local, dtype, text in named do
                $"    {typeName dtype} {local} = {text};"
            $"    return {final};"
            for text in needed helpers listing do
                ""

                for line in text do
                    if line = "" then "" else $"    {line}"
            "}"
        ]
        |> String.concat "\n"
