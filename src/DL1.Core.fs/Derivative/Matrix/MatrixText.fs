namespace DL1

open System

/// How matrices are written in a script.
[<NoEquality; NoComparison>]
type internal MatrixScript =
    {
        Leaf: MatrixLeaf -> string
        Number: float -> string
        Minus: string
        Dot: string
        /// Between a number and what follows it.
        ScalarDot: string
        /// Whether products need no parentheses beside ⊙.
        IsDotTighter: bool
        Hadamard: string
        Divided: string
        Fraction: string -> string -> string
        /// Whether scalars below the line stand below the whole product: x/‖x‖.
        IsInline: bool
        Open: string
        Close: string
        Raised: string -> string -> string
        Whole: int -> string
        Transpose: string
        InverseTranspose: string
        Inverse: string
        Ones: string
        Identity: string
        Function: UnaryOp -> string
        Prime: string
        Abs: string -> string
        Norm: bool -> string -> string
        Root: string -> string
        /// The root of a number.
        RootOf: string -> string
        Called: string -> string
    }

/// Terms as text: products with the fewest parentheses, a dot binding tighter than ⊙, and ⊙ tighter than a sum.
[<RequireQualifiedAccess>]
module internal MatrixText =
    [<Literal>]
    let private Sum = 0

    [<Literal>]
    let private Elementwise = 1

    [<Literal>]
    let private Product = 2

    [<Literal>]
    let private Raised = 3

    [<Literal>]
    let private Atom = 4

    let private wrap (s: MatrixScript) text = s.Open + text + s.Close

    let private atLeast (s: MatrixScript) level (text, own) = if own >= level then text else wrap s text

    let private isNegative t =
        match t with
        | MatrixTerm.Product(r, _, _) -> r.Top < 0.0
        | _ -> false

    let private positive t =
        match t with
        | MatrixTerm.Product(r, scalars, matrices) when r.Top < 0.0 ->
            match Ratio.negate r, scalars, matrices with
            | r, [], [ one ] when r = Ratio.one -> one
            | r, [ one ], [] when r = Ratio.one -> one
            | r, _, _ -> MatrixTerm.Product(r, scalars, matrices)
        | _ -> t

    /// A number over its divisors: 1/2 rather than 0.5, 1/√2 rather than 0.7071.
    let private fraction (s: MatrixScript) (r: Ratio) : string list * string list =
        let isWhole (x: float) = x = floor x && abs x < 1e9

        let written (x: float) =
            let square = round (x * x)

            if not (isWhole x) && isWhole square && sqrt square = x then
                s.RootOf(s.Number square)
            else
                s.Number x

        let whole, others = List.partition isWhole r.Bottom
        let product = List.fold (*) 1.0 whole
        let inverse = 1.0 / r.Top
        let square = round (inverse * inverse)

        let top, product, others =
            if isWhole r.Top then
                r.Top, product, others
            elif isWhole inverse && abs inverse <= 64.0 then
                float (sign inverse), product * abs inverse, others
            elif isWhole square && square <= 4096.0 && 1.0 / sqrt square = r.Top then
                1.0, product, sqrt square :: others
            else
                r.Top, product, others

        (if top = 1.0 then [] else [ written top ]),
        (if product = 1.0 then [] else [ s.Number product ]) @ List.map written others

    let rec private write (s: MatrixScript) (t: MatrixTerm) : string * int =
        let inner level t = write s t |> atLeast s level

        match t with
        | MatrixTerm.Leaf leaf ->
            let text = s.Leaf leaf

            text,
            (if leaf.IsName && leaf.Text.StartsWith '∂' then Product
             elif leaf.IsName || leaf.Text.StartsWith '[' then Atom
             else Sum)
        | MatrixTerm.Zero _ -> s.Number 0.0, Atom
        | MatrixTerm.Ones(_, 1) -> s.Ones, Atom
        | MatrixTerm.Ones(1, _) -> s.Ones + s.Transpose, Raised
        | MatrixTerm.Ones _ -> s.Ones + s.Dot + s.Ones + s.Transpose, Product
        | MatrixTerm.Identity _ -> s.Identity, Atom
        | MatrixTerm.Sum ts -> sum s ts, Sum
        | MatrixTerm.Product(r, _, _) when r.Top < 0.0 -> s.Minus + fst (write s (positive t)), Sum
        | MatrixTerm.Product(r, scalars, matrices) -> product s r scalars matrices, Product
        | MatrixTerm.Hadamard ts -> elementwise s ts
        | MatrixTerm.Power(x, n) when MatrixTerm.isScalar x -> scalarPower s x n
        | MatrixTerm.Power _ -> elementwise s [ t ]
        | MatrixTerm.Apply(MatrixFunction.Of UnaryOp.Abs, x) -> s.Abs(fst (write s x)), Atom
        | MatrixTerm.Apply(MatrixFunction.Of op, x) -> s.Function op + wrap s (fst (write s x)), Atom
        | MatrixTerm.Apply(MatrixFunction.Slope op, x) ->
            s.Function op + s.Prime + wrap s (fst (write s x)), Atom
        | MatrixTerm.Transposed(MatrixTerm.Inverse x) -> inner Atom x + s.InverseTranspose, Raised
        | MatrixTerm.Transposed x -> inner Atom x + s.Transpose, Raised
        | MatrixTerm.Inverse x -> inner Atom x + s.Inverse, Raised
        | MatrixTerm.Softmax(byRows, x) -> along s "softmax" byRows x, Atom
        | MatrixTerm.LogSumExp(byRows, x) -> along s "logsumexp" byRows x, Atom
        | MatrixTerm.Norm x ->
            let struct (_, n) = MatrixTerm.shape x
            s.Norm (n > 1) (fst (write s x)), Atom
        | MatrixTerm.Trace x -> s.Called "tr" + wrap s (fst (write s x)), Atom
        | MatrixTerm.Det x -> s.Called "det" + wrap s (fst (write s x)), Atom
        | MatrixTerm.LogDet x -> s.Called "log" + s.Abs(s.Called "det" + " " + inner Atom x), Atom

    /// Rows go without saying, as do the elements of a vector; columns of a matrix are told.
    and private along s name byRows x =
        let struct (_, n) = MatrixTerm.shape x
        let name = if byRows || n = 1 then name else name + "0"
        s.Called name + wrap s (fst (write s x))

    and private sum s ts =
        // Beside other terms, ones everywhere are the number that stands before them.
        let plain t =
            match t with
            | MatrixTerm.Ones _ -> MatrixTerm.Product(Ratio.one, [], [])
            | MatrixTerm.Product(r, scalars, [ MatrixTerm.Ones _ ]) -> MatrixTerm.Product(r, scalars, [])
            | _ -> t

        let ts = List.map plain ts
        let first = write s ts.Head |> fst

        ts.Tail
        |> List.fold
            (fun text t ->
                let sign = if isNegative t then " " + s.Minus + " " else " + "
                text + sign + atLeast s Elementwise (write s (positive t)))
            first

    and private product s (r: Ratio) scalars matrices =
        let topNumber, bottom = fraction s r

        let below, above =
            scalars
            |> List.partition (fun t ->
                match t with
                | MatrixTerm.Power(_, n) -> n < 0.0
                | _ -> false)

        let below =
            below
            |> List.map (fun t ->
                match t with
                | MatrixTerm.Power(x, -1.0) -> x
                | MatrixTerm.Power(x, n) -> MatrixTerm.Power(x, -n)
                | _ -> t)

        let count = scalars.Length + matrices.Length

        // A product among scalars has parentheses, so that it is seen to be one number.
        let factor t =
            let level = if MatrixTerm.isScalar t && count > 1 then Raised else Product
            write s t |> atLeast s level

        let factors = List.map factor matrices
        let numbers = List.map factor above

        let under =
            match bottom, below with
            | [], [ one ] when not s.IsInline -> [ fst (write s one) ]
            | _ -> bottom @ List.map factor below

        let scalarDot (texts: string list) = if texts.IsEmpty then "1" else String.Join(s.ScalarDot, texts)

        let line (numbers: string list) (factors: string list) =
            match numbers, factors with
            | [], [] -> "1"
            | _, [] -> scalarDot numbers
            | [], _ -> String.Join(s.Dot, factors)
            | _ -> scalarDot numbers + s.ScalarDot + String.Join(s.Dot, factors)

        let underLine =
            match under with
            | [ one ] -> one
            | _ when s.IsInline -> wrap s (scalarDot under)
            | _ -> scalarDot under

        if under.IsEmpty then
            line (topNumber @ numbers) factors
        elif below.IsEmpty then
            line (s.Fraction (scalarDot topNumber) underLine :: numbers) factors
        elif s.IsInline then
            s.Fraction (line (topNumber @ numbers) factors) underLine
        else
            line [ s.Fraction (scalarDot (topNumber @ numbers)) underLine ] factors

    and private scalarPower s x n =
        let positive n =
            if n = 1.0 then write s x
            elif n = 0.5 then s.Root(fst (write s x)), Atom
            elif n = floor n then (write s x |> atLeast s Atom) + s.Whole(int n), Raised
            else s.Raised (write s x |> atLeast s Atom) (s.Number n), Raised

        if n < 0.0 then
            s.Fraction "1" (positive -n |> atLeast s Raised), Product
        else
            positive n

    and private elementwise s ts =
        let powers =
            ts
            |> List.map (fun t ->
                match t with
                | MatrixTerm.Power(x, n) -> x, n
                | _ -> t, 1.0)

        let inside = if s.IsDotTighter then Product else Raised

        let each (x, n: float) =
            match n with
            | 1.0 -> [ write s x |> atLeast s inside ]
            | 2.0 -> List.replicate 2 (write s x |> atLeast s inside)
            | 0.5 -> [ s.Root(fst (write s x)) ]
            | n -> [ s.Raised (write s x |> atLeast s Atom) ("∘" + s.Number n) ]

        let join (texts: string list) = String.Join(s.Hadamard, texts)
        let above = powers |> List.filter (fun (_, n) -> n > 0.0) |> List.collect each
        let below = powers |> List.filter (fun (_, n) -> n < 0.0) |> List.collect (fun (x, n) -> each (x, -n))

        let numerator = if above.IsEmpty then s.Number 1.0 else join above

        match below with
        | [] -> numerator, (if above.Length = 1 then Atom else Elementwise)
        | [ one ] -> numerator + s.Divided + one, Elementwise
        | _ -> numerator + s.Divided + wrap s (join below), Elementwise

    /// A term in a script.
    let text (s: MatrixScript) (t: MatrixTerm) = fst (write s t)
