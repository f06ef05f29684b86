namespace DL1

/// Programs of scalars as F# functions, with no dependency but F#'s own library.
[<RequireQualifiedAccess>]
module internal SourceFSharp =
    open SourceText

    let private typeName (dtype: DType) =
        match dtype with
        | DType.F32 -> "float32"
        | DType.Bool -> "bool"
        | DType.F64
        | DType.I32
        | DType.I64 -> "float"

    let private number (dtype: DType) (value: float) =
        let single = if dtype = DType.F32 then "f" else ""

        if dtype = DType.Bool then
            phrase 9 (if value <> 0.0 then "true" else "false")
        elif System.Double.IsNaN value then
            phrase 9 $"nan{single}"
        elif System.Double.IsInfinity value then
            phrase (if value > 0.0 then 9 else 7) ((if value > 0.0 then "infinity" else "-infinity") + single)
        else
            let text = finite dtype value
            phrase (if text.StartsWith '-' then 7 else 9) text

    let private applied (name: string) (x: Phrase) = phrase 8 $"{name} {within 9 x}"

    let private rounded (dtype: DType) (p: Phrase) = if dtype = DType.F32 then applied "float32" p else p

    let private wide (dtype: DType) (p: Phrase) = if dtype = DType.F32 then applied "float" p else p

    let private inverse dtype (x: Phrase) = rounded dtype (phrase 6 $"1.0 / {within 8 x}")

    let private unary op dtype (x: Phrase) =
        let own name = rounded dtype (applied name (wide dtype x))

        match op with
        | UnaryOp.Neg -> phrase 7 $"-{within 9 x}"
        | UnaryOp.Not -> applied "not" x
        | UnaryOp.Abs -> applied "abs" x
        | UnaryOp.Floor -> own "floor"
        | UnaryOp.Ceiling -> own "ceil"
        | UnaryOp.Round -> own "round"
        | UnaryOp.Exp -> own "exp"
        | UnaryOp.Log -> own "log"
        | UnaryOp.Sqrt -> own "sqrt"
        | UnaryOp.Sin -> own "sin"
        | UnaryOp.Cos -> own "cos"
        | UnaryOp.Tan -> own "tan"
        | UnaryOp.Asin -> own "asin"
        | UnaryOp.Acos -> own "acos"
        | UnaryOp.Atan -> own "atan"
        | UnaryOp.Sinh -> own "sinh"
        | UnaryOp.Cosh -> own "cosh"
        | UnaryOp.Tanh -> own "tanh"
        | UnaryOp.Rsqrt -> inverse dtype (applied "sqrt" (wide dtype x))
        | UnaryOp.Reciprocal -> inverse dtype (wide dtype x)
        | UnaryOp.Expm1 -> own "expm1"
        | UnaryOp.Log1p -> own "log1p"
        | UnaryOp.Erf -> own "erf"
        | UnaryOp.Sign -> own "signOf"
        | UnaryOp.Sigmoid -> own "sigmoid"
        | UnaryOp.Softplus -> own "softplus"
        | UnaryOp.Relu -> own "relu"

    let private power dtype (a: Phrase) (b: Phrase) =
        rounded dtype (phrase 6 $"{within 8 (wide dtype a)} ** {within 8 (wide dtype b)}")

    let private two (name: string) (a: Phrase) (b: Phrase) = phrase 8 $"{name} {within 9 a} {within 9 b}"

    let private convert (source: DType) (target: DType) (x: Phrase) =
        match source, target with
        | _ when source = target -> x
        | DType.Bool, _ ->
            phrase 9 $"(if {x.Text} then {(number target 1.0).Text} else {(number target 0.0).Text})"
        | _, DType.Bool -> phrase 4 $"{within 5 x} <> {(number source 0.0).Text}"
        | _ -> applied (typeName target) x

    /// What the library of the language lacks, in an order in which each uses those before it.
    let private helpers: (UnaryOp * string list) list =
        [
            UnaryOp.Sign, [ "let signOf (x: float) = if x > 0.0 then 1.0 elif x < 0.0 then -1.0 else x" ]
            UnaryOp.Expm1,
            [
                "let expm1 (x: float) ="
                "    let u = exp x"
                "    if abs x > 0.5 then u - 1.0"
                "    elif x = 0.0 || u = 1.0 then x"
                "    else (u - 1.0) * x / log u"
            ]
            UnaryOp.Log1p,
            [
                "let log1p (x: float) ="
                "    let u = 1.0 + x"
                "    if x = 0.0 || x = infinity || u = 1.0 then x else log u * (x / (u - 1.0))"
            ]
            UnaryOp.Erf,
            [
                "let erf (x: float) ="
                "    let a = abs x"
                "    let rec series term sum n ="
                "        if term > sum * 1e-17 then"
                "            let term = term * 2.0 * a * a / (2.0 * (n + 1.0) + 1.0)"
                "            series term (sum + term) (n + 1.0)"
                "        else"
                "            sum"
                "    if System.Double.IsNaN x then x"
                "    elif a < 2.5 then"
                "        System.Math.CopySign(2.0 / sqrt System.Math.PI * exp (-a * a) * series a a 0.0, x)"
                "    elif a > 6.0 then System.Math.CopySign(1.0, x)"
                "    else"
                "        let fraction = [ 60..-1..1 ] |> List.fold (fun fraction k -> a + float k / 2.0 / fraction) a"
                "        System.Math.CopySign(1.0 - exp (-a * a) / (sqrt System.Math.PI * fraction), x)"
            ]
            UnaryOp.Sigmoid,
            [ "let sigmoid (x: float) = if x >= 0.0 then 1.0 / (1.0 + exp -x) else exp x / (1.0 + exp x)" ]
            UnaryOp.Softplus, [ "let softplus (x: float) = max x 0.0 + log1p (exp -(abs x))" ]
            UnaryOp.Relu, [ "let relu (x: float) = if x <= 0.0 then 0.0 else x" ]
        ]

    let private reserved =
        "System abstract and as asr assert base begin break checked class component constraint continue default delegate do done downcast downto elif else end event exception extern external "
        + "false finally fixed for fun function global if in inherit inline interface internal land lazy let lor lsl lsr lxor match mod member module "
        + "mutable namespace new not null of open or override private public rec return select sig static struct then to "
        + "true try type upcast use val void when while with yield const include mixin parallel process protected pure "
        + "sealed tailcall trait virtual abs floor ceil round exp log sqrt sin cos tan asin acos atan sinh cosh tanh max min "
        + "nan nanf infinity infinityf float float32 signOf expm1 log1p erf sigmoid softplus relu _"

    let private language: Language =
        {
            Number = number
            Unary = unary
            Power = power
            Larger = fun _ a b -> two "max" a b
            Smaller = fun _ a b -> two "min" a b
            Both = "&&"
            Either = "||"
            Equal = "="
            Unequal = "<>"
            IsNaN =
                fun dtype a ->
                    applied (if dtype = DType.F32 then "System.Single.IsNaN" else "System.Double.IsNaN") a
            Choice = fun c a b -> phrase 9 $"(if {c.Text} then {a.Text} else {b.Text})"
            Convert = convert
            Reserved = Set(reserved.Split ' ')
        }

    /// A function with its named values, after the functions that F# lacks.
    let func (name: string) (listing: Listing) : string =
        let parameters =
            inputs language listing
            |> List.map (fun (input, dtype) -> $"({input}: {typeName dtype})")
            |> String.concat " "

        let parameters = if parameters = "" then "()" else parameters
        let result = typeName (snd listing.Program.Steps[listing.Result])
        let named, final = lines language listing

        [
            $"let {identifier language name} {parameters} : {result} ="
            for text in needed helpers listing do
                for line in text do
                    $"    {line}"
            for local, _, text in named do
                $"    let {local} = {text}"
            $"    {final}"
        ]
        |> String.concat "\n"
