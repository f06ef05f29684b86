namespace DL1

open System

/// How a script writes the numbers of a type.
[<NoEquality; NoComparison>]
type internal NumberSigns = { Signs: Signs; DType: DType; Write: float -> Piece }

/// Sums, products and signs as people write them: a product has one number, in front; a factor of 1 is left out; a sum with what
/// is negative is a difference. Numbers are multiplied and added only where the result is exact in their type, so that the text
/// has the value of the graph: but for rounding, overflow and underflow of products that are taken in another order.
module internal TextFold =
    /// How a script that writes constants in this way writes the numbers of a type.
    let signs (signs: Signs) (constant: Tensor -> Piece) (dtype: DType) : NumberSigns =
        {
            Signs = signs
            DType = dtype
            Write = fun value -> constant (Tensor.full dtype [] value)
        }

    /// A number as a piece, which products and sums take in; infinity and NaN stay as they are.
    let number (value: float) (p: Piece) : Piece =
        if Double.IsFinite value then { p with Product = Some(value, None) } else p

    /// Whether a piece is the number 1.
    let isOne (p: Piece) =
        match p.Product with
        | Some(value, None) -> value = 1.0
        | _ -> false

    let private fits (dtype: DType) (value: float) =
        Double.IsFinite value && (dtype = DType.F64 || float (float32 value) = value)

    let private isUnit (value: float) = abs value = 1.0

    /// Whether the product of two numbers is beyond the normal numbers of a type.
    let private leaves (dtype: DType) (u: float) (v: float) =
        let smallest, w =
            if dtype = DType.F64 then
                2.2250738585072014e-308, u * v
            else
                1.1754943508222875e-38, float (float32 (u * v))

        let isNormal = Double.IsFinite w && abs w >= smallest
        not (isUnit u || isUnit v || u = 0.0 || v = 0.0 || isNormal)

    /// What a product loses when it is rounded may itself be too small below this, 2⁻⁹⁶⁹.
    let private leastExact = Math.ScaleB(1.0, -969)

    let private exactProduct dtype (u: float) (v: float) =
        let w = u * v
        let isSafe = abs w >= leastExact && not (leaves dtype u v)

        let isExact =
            isUnit u || isUnit v || u = 0.0 || v = 0.0 || (isSafe && Math.FusedMultiplyAdd(u, v, -w) = 0.0)

        if isExact && fits dtype w then Some w else None

    let private exactSum dtype (u: float) (v: float) =
        let w = u + v
        // What is lost when a sum is rounded (Knuth 1969).
        let v' = w - u
        let lost = (u - (w - v')) + (v - v')
        if fits dtype w && lost = 0.0 then Some w else None

    /// A piece as a number times the rest of it.
    let private parts (p: Piece) = p.Product |> Option.defaultValue (1.0, Some p)

    let private inParentheses (n: NumberSigns) (p: Piece) = Piece.atom (TextCompose.parens n.Signs p)

    /// a·b, with b in parentheses where the product of their numbers is no normal one: `1e308·(10·x)`.
    let private product (n: NumberSigns) (a: Piece) (b: Piece) : Piece =
        let isBeyond = leaves n.DType (fst (parts a)) (fst (parts b))
        TextCompose.infix n.Signs Infix.Mul a (if isBeyond then inParentheses n b else b)

    let private scaled (n: NumberSigns) (value: float) (rest: Piece option) : Piece =
        match rest with
        | None -> n.Write value
        | Some rest when value = 1.0 -> rest
        | Some rest ->
            let p =
                if value = -1.0 then
                    TextCompose.negate n.Signs rest
                else
                    product n (n.Write value) rest

            { p with Product = Some(value, Some rest) }

    let private times (n: NumberSigns) (a: Piece) (b: Piece) : Piece =
        let (u, x), (v, y) = parts a, parts b

        match exactProduct n.DType u v, x, y with
        | Some w, Some x, Some y -> scaled n w (Some(product n x y))
        | Some w, rest, None
        | Some w, None, rest -> scaled n w rest
        // A number goes before what is none.
        | None, Some _, None -> { product n b a with Product = Some(v, Some a) }
        | None, None, _ -> { product n a b with Product = Some(u, Some b) }
        | None, Some x, Some _ ->
            let rest = TextCompose.infix n.Signs Infix.Mul x (inParentheses n b)
            { product n a b with Product = Some(u, Some rest) }

    let negate (n: NumberSigns) (x: Piece) : Piece =
        let value, rest = parts x
        scaled n -value rest

    /// A number before a sum: `1 + (2 + x)` keeps its parentheses, since 1 + 2 + x is read as 3 + x.
    let private sum (n: NumberSigns) (a: Piece) (b: Piece) : Piece =
        match a.Product with
        | Some(_, None) when b.Level = Level.Sum ->
            TextCompose.infix n.Signs Infix.Add a (Piece.atom (TextCompose.parens n.Signs b))
        | _ -> TextCompose.infix n.Signs Infix.Add a b

    /// The sum of a and b, or their difference.
    let private plus (n: NumberSigns) isSum (a: Piece) (b: Piece) : Piece =
        let signed v = if isSum then v else -v

        match a.Product, b.Product with
        | Some(u, None), Some(v, None) when (exactSum n.DType u (signed v)).IsSome -> n.Write(u + signed v)
        | _, Some(v, rest) when v < 0.0 ->
            let b = scaled n -v rest
            if isSum then TextCompose.infix n.Signs Infix.Sub a b else sum n a b
        | _ -> if isSum then sum n a b else TextCompose.infix n.Signs Infix.Sub a b

    let infix (n: NumberSigns) (op: Infix) (a: Piece) (b: Piece) : Piece =
        match op with
        | Infix.Mul -> times n a b
        | Infix.Add -> plus n true a b
        | Infix.Sub -> plus n false a b
        | Infix.Div when isOne b -> a
        | Infix.Div
        | Infix.MatMul
        | Infix.And
        | Infix.Or
        | Infix.Compare _ -> TextCompose.infix n.Signs op a b
