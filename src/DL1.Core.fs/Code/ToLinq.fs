namespace DL1

open System
open System.Linq.Expressions

/// Programs of scalars as LINQ expression trees: the operators of C#, the functions of System.Math, and for what is not
/// there the very functions that Eval calls, so that the bits are the same.
[<RequireQualifiedAccess>]
module internal ToLinq =
    let private typeOf (dtype: DType) =
        match dtype with
        | DType.F32 -> typeof<float32>
        | DType.Bool -> typeof<bool>
        | DType.F64
        | DType.I32
        | DType.I64 -> typeof<float>

    let private wide (e: Expression) : Expression =
        if e.Type = typeof<float> then e else Expression.Convert(e, typeof<float>)

    /// Computed in double, rounded where the value is of f32.
    let private rounded (dtype: DType) (e: Expression) : Expression =
        if dtype = DType.F32 && e.Type = typeof<float> then
            Expression.Convert(e, typeof<float32>)
        else
            e

    let private mathematical (name: string) (arguments: Expression list) : Expression =
        let arguments = arguments |> List.map wide
        let types = arguments |> List.map _.Type |> Array.ofList

        match typeof<Math>.GetMethod(name, types) with
        | null ->
            Refuse.domain "ToCode.linq" $"System.Math.{name}" "a method of System.Math" "report this as a bug"
        | m -> Expression.Call(m, arguments)

    let private own name (x: Expression) : Expression = Expression.Call(ScalarEmit.ownMethod name, [ wide x ])

    let private unary op (x: Expression) : Expression =
        match op with
        | UnaryOp.Neg -> Expression.Negate x
        | UnaryOp.Not -> Expression.Not x
        | UnaryOp.Abs -> mathematical "Abs" [ x ]
        | UnaryOp.Floor -> mathematical "Floor" [ x ]
        | UnaryOp.Ceiling -> mathematical "Ceiling" [ x ]
        | UnaryOp.Round -> mathematical "Round" [ x ]
        | UnaryOp.Exp -> mathematical "Exp" [ x ]
        | UnaryOp.Log -> mathematical "Log" [ x ]
        | UnaryOp.Sqrt -> mathematical "Sqrt" [ x ]
        | UnaryOp.Sin -> mathematical "Sin" [ x ]
        | UnaryOp.Cos -> mathematical "Cos" [ x ]
        | UnaryOp.Tan -> mathematical "Tan" [ x ]
        | UnaryOp.Asin -> mathematical "Asin" [ x ]
        | UnaryOp.Acos -> mathematical "Acos" [ x ]
        | UnaryOp.Atan -> mathematical "Atan" [ x ]
        | UnaryOp.Sinh -> mathematical "Sinh" [ x ]
        | UnaryOp.Cosh -> mathematical "Cosh" [ x ]
        | UnaryOp.Tanh -> mathematical "Tanh" [ x ]
        | UnaryOp.Rsqrt -> Expression.Divide(Expression.Constant 1.0, mathematical "Sqrt" [ x ])
        | UnaryOp.Reciprocal -> Expression.Divide(Expression.Constant 1.0, wide x)
        | UnaryOp.Expm1 -> own "expm1" x
        | UnaryOp.Log1p -> own "log1p" x
        | UnaryOp.Erf -> own "erf" x
        | UnaryOp.Sign -> own "signOf" x
        | UnaryOp.Sigmoid -> own "sigmoid" x
        | UnaryOp.Softplus -> own "softplus" x
        | UnaryOp.Relu -> own "relu" x

    let private binary op (x: Expression) (y: Expression) : Expression =
        match op with
        | BinaryOp.Add -> Expression.Add(x, y)
        | BinaryOp.Sub -> Expression.Subtract(x, y)
        | BinaryOp.Mul -> Expression.Multiply(x, y)
        | BinaryOp.Div -> Expression.Divide(x, y)
        | BinaryOp.Pow -> mathematical "Pow" [ x; y ]
        | BinaryOp.Max -> mathematical "Max" [ x; y ]
        | BinaryOp.Min -> mathematical "Min" [ x; y ]
        | BinaryOp.And -> Expression.AndAlso(x, y)
        | BinaryOp.Or -> Expression.OrElse(x, y)

    let private compare op (x: Expression) (y: Expression) : Expression =
        match op with
        | CompareOp.Eq -> Expression.Equal(x, y)
        | CompareOp.Ne -> Expression.NotEqual(x, y)
        | CompareOp.Lt -> Expression.LessThan(x, y)
        | CompareOp.Le -> Expression.LessThanOrEqual(x, y)
        | CompareOp.Gt -> Expression.GreaterThan(x, y)
        | CompareOp.Ge -> Expression.GreaterThanOrEqual(x, y)

    let private number (dtype: DType) (value: float) : Expression =
        match dtype with
        | DType.F32 -> Expression.Constant(float32 value)
        | DType.Bool -> Expression.Constant((value <> 0.0))
        | DType.F64
        | DType.I32
        | DType.I64 -> Expression.Constant value

    let private converted (dtype: DType) (x: Expression) : Expression =
        if x.Type = typeOf dtype then
            x
        elif x.Type = typeof<bool> then
            Expression.Condition(x, number dtype 1.0, number dtype 0.0)
        else
            Expression.Convert(x, typeOf dtype)

    /// The lambda of a listing: a block where values are named.
    let lambda (delegateType: Type option) (listing: Listing) : LambdaExpression =
        let program = listing.Program
        let dtypeOf place = snd program.Steps[place]

        let parameters =
            listing.Inputs |> List.map (fun v -> Expression.Parameter(typeOf v.DType, v.Name)) |> Array.ofList

        let locals =
            listing.Named
            |> List.mapi (fun i place -> place, Expression.Variable(typeOf (dtypeOf place), $"t%d{i + 1}"))
            |> dict

        let rec use' place : Expression = if listing.IsNamed[place] then locals[place] else value place

        and value place : Expression =
            let step, dtype = program.Steps[place]

            match step with
            | ScalarProgram.Step.Input n -> parameters[n]
            | ScalarProgram.Step.Number v -> number dtype v
            | ScalarProgram.Step.Unary(op, x) -> rounded dtype (unary op (use' x))
            | ScalarProgram.Step.Binary(op, x, y) -> rounded dtype (binary op (use' x) (use' y))
            | ScalarProgram.Step.Compare(op, x, y) -> compare op (use' x) (use' y)
            | ScalarProgram.Step.Select(c, x, y) -> Expression.Condition(use' c, use' x, use' y)
            | ScalarProgram.Step.Truth x ->
                let x = use' x

                if x.Type = typeof<bool> then
                    x
                else
                    Expression.NotEqual(x, number (dtypeOf' x) 0.0)
            | ScalarProgram.Step.Copy x -> converted dtype (use' x)

        and dtypeOf' (x: Expression) = if x.Type = typeof<float32> then DType.F32 else DType.F64

        let assignments =
            listing.Named
            |> List.map (fun place -> Expression.Assign(locals[place], value place) :> Expression)

        let result = value listing.Result

        let body: Expression =
            if assignments.IsEmpty then
                result
            else
                Expression.Block(locals.Values, assignments @ [ result ])

        match delegateType with
        | None -> Expression.Lambda(body, parameters)
        | Some t -> Expression.Lambda(t, body, parameters)
