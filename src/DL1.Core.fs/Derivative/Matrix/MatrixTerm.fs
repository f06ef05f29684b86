namespace DL1

/// A number in front of a product, with its divisors apart, so that the 2 of 2/120 is still seen.
type internal Ratio = { Top: float; Bottom: float list }

/// What stands for a value in a formula: its name, or its text where it has none.
type internal MatrixLeaf =
    {
        Text: string
        /// Whether the text is a name; else it is a formula of another kind, which needs parentheses.
        IsName: bool
        Value: Expr
        Rows: int
        Columns: int
        /// Whether it is equal to its transpose.
        IsSymmetric: bool
        /// Whether each row adds up to 1.
        IsStochastic: bool
    }

/// A function of each element.
[<RequireQualifiedAccess>]
type internal MatrixFunction =
    | Of of UnaryOp
    /// Its derivative: σ′.
    | Slope of UnaryOp

/// A matrix as it is written: vectors are columns, scalars have one row and one column.
[<RequireQualifiedAccess>]
type internal MatrixTerm =
    | Leaf of MatrixLeaf
    | Zero of rows: int * columns: int
    /// Ones everywhere.
    | Ones of rows: int * columns: int
    | Identity of int
    | Sum of MatrixTerm list
    /// A number, scalars in any order, and matrices in theirs. Without matrices it is a scalar.
    | Product of Ratio * scalars: MatrixTerm list * matrices: MatrixTerm list
    /// The product of elements, none of which is a number, a scalar or ones.
    | Hadamard of MatrixTerm list
    /// Each element to a power.
    | Power of MatrixTerm * float
    | Apply of MatrixFunction * MatrixTerm
    | Transposed of MatrixTerm
    /// Of each row, or of each column.
    | Softmax of byRows: bool * MatrixTerm
    /// Of each row or of each column; always a column.
    | LogSumExp of byRows: bool * MatrixTerm
    | Inverse of MatrixTerm
    /// The root of the sum of squares.
    | Norm of MatrixTerm
    | Trace of MatrixTerm
    | Det of MatrixTerm
    /// The logarithm of the determinant's magnitude.
    | LogDet of MatrixTerm

/// Numbers in front of products.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Ratio =
    let one = { Top = 1.0; Bottom = [] }

    let value (r: Ratio) = r.Top / List.fold (*) 1.0 r.Bottom

    let private removeFirst x (xs: float list) =
        match List.tryFindIndex ((=) x) xs with
        | Some i -> Some(List.removeAt i xs)
        | None -> None

    /// 2/(2·120) is 1/120, 240/120 is 2; 2/120 stays.
    let private reduced (r: Ratio) =
        let cancel (r: Ratio) divisor =
            if divisor = 1.0 then r
            elif r.Top <> 0.0 && r.Top % divisor = 0.0 then { r with Top = r.Top / divisor }
            else { r with Bottom = divisor :: r.Bottom }

        let r = List.fold cancel { r with Bottom = [] } r.Bottom
        { r with Bottom = List.sort r.Bottom }

    let ofNumber x = { Top = x; Bottom = [] }

    let times (a: Ratio) (b: Ratio) = reduced { Top = a.Top * b.Top; Bottom = a.Bottom @ b.Bottom }

    let negate (r: Ratio) = { r with Top = -r.Top }

    let power (n: float) (r: Ratio) =
        if n = -1.0 then
            reduced { Top = List.fold (*) (float (sign r.Top)) r.Bottom; Bottom = [ abs r.Top ] }
        else
            ofNumber (System.Math.Pow(value r, n))

    let add (a: Ratio) (b: Ratio) =
        let rec split common (xs: float list) (ys: float list) rest =
            match xs with
            | [] -> common, rest, ys
            | x :: more ->
                match removeFirst x ys with
                | Some ys -> split (x :: common) more ys rest
                | None -> split common more ys (x :: rest)

        let common, onlyA, onlyB = split [] a.Bottom b.Bottom []
        let top = a.Top * List.fold (*) 1.0 onlyB + b.Top * List.fold (*) 1.0 onlyA

        if top = 0.0 then
            ofNumber 0.0
        else
            reduced { Top = top; Bottom = common @ onlyA @ onlyB }

/// Shapes and sizes of terms.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal MatrixTerm =
    /// Rows and columns.
    let rec shape (t: MatrixTerm) : struct (int * int) =
        match t with
        | MatrixTerm.Leaf leaf -> struct (leaf.Rows, leaf.Columns)
        | MatrixTerm.Zero(m, n)
        | MatrixTerm.Ones(m, n) -> struct (m, n)
        | MatrixTerm.Identity n -> struct (n, n)
        | MatrixTerm.Product(_, _, []) -> struct (1, 1)
        | MatrixTerm.Product(_, _, matrices) ->
            let struct (m, _) = shape matrices.Head
            let struct (_, n) = shape (List.last matrices)
            struct (m, n)
        | MatrixTerm.Sum ts
        | MatrixTerm.Hadamard ts -> shape ts.Head
        | MatrixTerm.Power(x, _)
        | MatrixTerm.Apply(_, x)
        | MatrixTerm.Softmax(_, x)
        | MatrixTerm.Inverse x -> shape x
        | MatrixTerm.Transposed x ->
            let struct (m, n) = shape x
            struct (n, m)
        | MatrixTerm.LogSumExp(byRows, x) ->
            let struct (m, n) = shape x
            struct ((if byRows then m else n), 1)
        | MatrixTerm.Norm _
        | MatrixTerm.Trace _
        | MatrixTerm.Det _
        | MatrixTerm.LogDet _ -> struct (1, 1)

    let isScalar t = (shape t = struct (1, 1))

    /// The terms that a term is made of.
    let parts (t: MatrixTerm) : MatrixTerm list =
        match t with
        | MatrixTerm.Leaf _
        | MatrixTerm.Zero _
        | MatrixTerm.Ones _
        | MatrixTerm.Identity _ -> []
        | MatrixTerm.Sum ts
        | MatrixTerm.Hadamard ts -> ts
        | MatrixTerm.Product(_, scalars, matrices) -> scalars @ matrices
        | MatrixTerm.Power(x, _)
        | MatrixTerm.Apply(_, x)
        | MatrixTerm.Transposed x
        | MatrixTerm.Softmax(_, x)
        | MatrixTerm.LogSumExp(_, x)
        | MatrixTerm.Inverse x
        | MatrixTerm.Norm x
        | MatrixTerm.Trace x
        | MatrixTerm.Det x
        | MatrixTerm.LogDet x -> [ x ]

    /// How much there is to read.
    let rec size (t: MatrixTerm) : int = 1 + List.sumBy size (parts t)

    /// The same term of other parts.
    let map (f: MatrixTerm -> MatrixTerm) (t: MatrixTerm) : MatrixTerm =
        match t with
        | MatrixTerm.Leaf _
        | MatrixTerm.Zero _
        | MatrixTerm.Ones _
        | MatrixTerm.Identity _ -> t
        | MatrixTerm.Sum ts -> MatrixTerm.Sum(List.map f ts)
        | MatrixTerm.Hadamard ts -> MatrixTerm.Hadamard(List.map f ts)
        | MatrixTerm.Product(r, scalars, matrices) ->
            MatrixTerm.Product(r, List.map f scalars, List.map f matrices)
        | MatrixTerm.Power(x, n) -> MatrixTerm.Power(f x, n)
        | MatrixTerm.Apply(g, x) -> MatrixTerm.Apply(g, f x)
        | MatrixTerm.Transposed x -> MatrixTerm.Transposed(f x)
        | MatrixTerm.Softmax(byRows, x) -> MatrixTerm.Softmax(byRows, f x)
        | MatrixTerm.LogSumExp(byRows, x) -> MatrixTerm.LogSumExp(byRows, f x)
        | MatrixTerm.Inverse x -> MatrixTerm.Inverse(f x)
        | MatrixTerm.Norm x -> MatrixTerm.Norm(f x)
        | MatrixTerm.Trace x -> MatrixTerm.Trace(f x)
        | MatrixTerm.Det x -> MatrixTerm.Det(f x)
        | MatrixTerm.LogDet x -> MatrixTerm.LogDet(f x)
