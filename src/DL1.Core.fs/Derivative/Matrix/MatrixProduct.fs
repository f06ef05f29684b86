namespace DL1

/// Products, powers and transposes of matrices in the form in which they are written. Each function here simplifies what it
/// makes, by identities over the reals: numbers and scalars go to the front, ones and identities vanish.
[<RequireQualifiedAccess>]
module internal MatrixProduct =
    /// The number, the scalars and the matrices of a product.
    let apart (t: MatrixTerm) : Ratio * MatrixTerm list * MatrixTerm list =
        match t with
        | MatrixTerm.Product(r, scalars, matrices) when matrices.IsEmpty || not (MatrixTerm.isScalar t) ->
            r, scalars, matrices
        // A scalar that is a product of matrices is one scalar: xᵀ·A·x.
        | MatrixTerm.Product(r, scalars, matrices) ->
            r, scalars @ [ MatrixTerm.Product(Ratio.one, [], matrices) ], []
        | MatrixTerm.Ones(1, 1)
        | MatrixTerm.Identity 1 -> Ratio.one, [], []
        | _ when MatrixTerm.isScalar t -> Ratio.one, [ t ], []
        | _ -> Ratio.one, [], [ t ]

    let isZero t =
        match t with
        | MatrixTerm.Zero _ -> true
        | _ -> false

    let private baseOf t =
        match t with
        | MatrixTerm.Power(x, n) -> x, n
        | _ -> t, 1.0

    /// Equal bases with their exponents added, in the order in which they first stand.
    let private gathered (factors: MatrixTerm list) =
        factors
        |> List.map baseOf
        |> List.groupBy fst
        |> List.map (fun (x, powers) -> x, List.sumBy snd powers)
        |> List.filter (fun (_, n) -> n <> 0.0)
        |> List.map (fun (x, n) -> if n = 1.0 then x else MatrixTerm.Power(x, n))

    let product struct (m, n) (r: Ratio) scalars matrices =
        match r.Top, gathered scalars, matrices with
        | 0.0, _, _ -> MatrixTerm.Zero(m, n)
        | 1.0, [], [] when r.Bottom.IsEmpty -> MatrixTerm.Ones(1, 1)
        | 1.0, [ s ], [] when r.Bottom.IsEmpty -> s
        | 1.0, [], [ x ] when r.Bottom.IsEmpty -> x
        | _, scalars, matrices -> MatrixTerm.Product(r, scalars, matrices)

    let number (x: float) =
        if x = 0.0 then
            MatrixTerm.Zero(1, 1)
        else
            product (struct (1, 1)) (Ratio.ofNumber x) [] []

    /// A number times a term.
    let scaled (k: Ratio) (t: MatrixTerm) =
        if isZero t then
            t
        else
            let r, scalars, matrices = apart t
            product (MatrixTerm.shape t) (Ratio.times k r) scalars matrices

    let negate t = scaled (Ratio.ofNumber -1.0) t

    let divided (n: float) t = scaled { Top = 1.0; Bottom = [ n ] } t

    let private isStochastic t =
        match t with
        | MatrixTerm.Leaf leaf -> leaf.IsStochastic
        | MatrixTerm.Softmax(byRows, _) -> byRows
        | _ -> false

    let rec transpose (t: MatrixTerm) : MatrixTerm =
        match t with
        | _ when MatrixTerm.isScalar t -> t
        | MatrixTerm.Leaf leaf when leaf.IsSymmetric -> t
        | MatrixTerm.Transposed x -> x
        | MatrixTerm.Zero(m, n) -> MatrixTerm.Zero(n, m)
        | MatrixTerm.Ones(m, n) -> MatrixTerm.Ones(n, m)
        | MatrixTerm.Identity _ -> t
        | MatrixTerm.Sum ts -> MatrixTerm.Sum(List.map transpose ts)
        | MatrixTerm.Hadamard ts -> MatrixTerm.Hadamard(List.map transpose ts)
        | MatrixTerm.Power(x, n) -> MatrixTerm.Power(transpose x, n)
        | MatrixTerm.Product(r, scalars, matrices) ->
            MatrixTerm.Product(r, scalars, matrices |> List.rev |> List.map transpose)
        | MatrixTerm.Inverse(MatrixTerm.Leaf leaf) when leaf.IsSymmetric -> t
        | _ -> MatrixTerm.Transposed t

    /// Elementwise factors apart from one of a shape.
    let private without pick (t: MatrixTerm) =
        match t with
        | MatrixTerm.Hadamard ts ->
            List.tryPick pick ts
            |> Option.map (fun (factor, found) ->
                match List.except [ factor ] ts with
                | [ one ] -> one, found
                | many -> MatrixTerm.Hadamard many, found)
        | _ -> None

    /// X ⊙ 1·vᵀ, as X and vᵀ.
    let private (|ScaledColumns|_|) (t: MatrixTerm) =
        t
        |> without (fun factor ->
            match factor with
            | MatrixTerm.Product(r, [], [ MatrixTerm.Ones(_, 1); row ]) when r = Ratio.one ->
                Some(factor, row)
            | _ -> None)

    /// X ⊙ v·1ᵀ, as X and v.
    let private (|ScaledRows|_|) (t: MatrixTerm) =
        t
        |> without (fun factor ->
            match factor with
            | MatrixTerm.Product(r, [], [ column; MatrixTerm.Ones(1, _) ]) when r = Ratio.one ->
                Some(factor, column)
            | _ -> None)

    /// Two neighbours of a product as one number and what is left of them.
    let private meet a b =
        let split t =
            match t with
            | MatrixTerm.Ones(m, n) when m > 1 && n > 1 -> [ MatrixTerm.Ones(m, 1); MatrixTerm.Ones(1, n) ]
            | _ -> [ t ]

        match a, b with
        | MatrixTerm.Identity _, x
        | x, MatrixTerm.Identity _ -> Some(1.0, [ x ])
        | MatrixTerm.Ones(1, n), MatrixTerm.Ones(_, 1) -> Some(float n, [])
        | x, MatrixTerm.Ones(n, 1) when isStochastic x && n > 0 ->
            let struct (m, _) = MatrixTerm.shape x
            Some(1.0, [ MatrixTerm.Ones(m, 1) ])
        | MatrixTerm.Ones(1, _), MatrixTerm.Transposed x when isStochastic x ->
            let struct (m, _) = MatrixTerm.shape x
            Some(1.0, [ MatrixTerm.Ones(1, m) ])
        | MatrixTerm.Ones(m, n), _ when m > 1 && n > 1 -> Some(1.0, split a @ [ b ])
        | _, MatrixTerm.Ones(m, n) when m > 1 && n > 1 -> Some(1.0, a :: split b)
        | ScaledColumns(x, row), MatrixTerm.Ones(_, 1) -> Some(1.0, [ x; transpose row ])
        | MatrixTerm.Ones(1, _), ScaledRows(x, column) -> Some(1.0, [ transpose column; x ])
        | MatrixTerm.Inverse x, y when x = y ->
            let struct (n, _) = MatrixTerm.shape x
            Some(1.0, [ MatrixTerm.Identity n ])
        | x, MatrixTerm.Inverse y when x = y ->
            let struct (n, _) = MatrixTerm.shape x
            Some(1.0, [ MatrixTerm.Identity n ])
        | _ -> None

    let rec private chain (k: float) (before: MatrixTerm list) (after: MatrixTerm list) =
        match before, after with
        | b :: rest, a :: more ->
            match meet b a with
            | Some(v, [ one ]) -> chain (k * v) rest (one :: more)
            | Some(v, made) when made.Length < 2 -> chain (k * v) rest (made @ more)
            | Some(v, made) -> chain (k * v) rest (made @ more)
            | None -> chain k (a :: before) more
        | [], a :: more -> chain k [ a ] more
        | _, [] -> k, List.rev before

    /// The product of matrices; of a scalar and a matrix, in any order.
    let times (a: MatrixTerm) (b: MatrixTerm) : MatrixTerm =
        let struct (m, _) = MatrixTerm.shape a
        let struct (_, n) = MatrixTerm.shape b

        let shape =
            if MatrixTerm.isScalar a then MatrixTerm.shape b
            elif MatrixTerm.isScalar b then MatrixTerm.shape a
            else struct (m, n)

        let struct (rows, columns) = shape

        if isZero a || isZero b then
            MatrixTerm.Zero(rows, columns)
        else
            let ra, sa, ma = apart a
            let rb, sb, mb = apart b
            let k, matrices = chain 1.0 [] (ma @ mb)

            let matrices =
                match matrices with
                | [ MatrixTerm.Ones(m, 1); MatrixTerm.Ones(1, n) ] -> [ MatrixTerm.Ones(m, n) ]
                | _ -> matrices

            let r = Ratio.times (Ratio.ofNumber k) (Ratio.times ra rb)

            // A product of matrices that is a scalar is one of the scalars.
            if shape = struct (1, 1) && matrices.Length > 0 then
                match matrices with
                | [ MatrixTerm.Ones(1, 1) ] -> product shape r (sa @ sb) []
                | [ one ] -> product shape r (sa @ sb @ [ one ]) []
                | _ ->
                    let inner = MatrixTerm.Product(Ratio.one, [], matrices)

                    if (sa @ sb).IsEmpty && r = Ratio.one then
                        inner
                    else
                        product shape r (sa @ sb @ [ inner ]) []
            else
                product shape r (sa @ sb) matrices

    /// The matrices of a product as one term.
    let joined (matrices: MatrixTerm list) =
        match matrices with
        | [ one ] -> one
        | _ -> MatrixTerm.Product(Ratio.one, [], matrices)

    /// The product of elements.
    let hadamard (a: MatrixTerm) (b: MatrixTerm) : MatrixTerm =
        let shape = MatrixTerm.shape a
        let struct (m, n) = shape

        if shape = struct (1, 1) then
            times a b
        elif isZero a || isZero b then
            MatrixTerm.Zero(m, n)
        else
            let factors matrices =
                match joined matrices with
                | MatrixTerm.Hadamard ts -> ts
                | MatrixTerm.Ones _ -> []
                | t -> [ t ]

            let ra, sa, ma = apart a
            let rb, sb, mb = apart b

            let core =
                match gathered (factors ma @ factors mb) with
                | [] -> MatrixTerm.Ones(m, n)
                | [ one ] -> one
                | many -> MatrixTerm.Hadamard many

            match core with
            | MatrixTerm.Product(r, s, inner) ->
                product shape (Ratio.times r (Ratio.times ra rb)) (s @ sa @ sb) inner
            | _ -> product shape (Ratio.times ra rb) (sa @ sb) [ core ]

    let private isWhole (n: float) = n = floor n

    /// Each element to a power.
    let rec power (n: float) (t: MatrixTerm) : MatrixTerm =
        let struct (rows, columns) = MatrixTerm.shape t

        if n = 0.0 then
            MatrixTerm.Ones(rows, columns)
        elif n = 1.0 then
            t
        else
            match t with
            | MatrixTerm.Ones _ -> t
            | MatrixTerm.Zero _ when n > 0.0 -> t
            | MatrixTerm.Power(x, m) when isWhole n -> power (m * n) x
            // A norm is not negative.
            | MatrixTerm.Power(MatrixTerm.Norm _ as x, m) -> power (m * n) x
            | MatrixTerm.Product(r, scalars, matrices) when isWhole n || r.Top > 0.0 && r <> Ratio.one ->
                let front = Ratio.power n r

                if isWhole n then
                    let each = scalars |> List.map (power n)

                    let core =
                        match matrices with
                        | [] -> []
                        | _ when MatrixTerm.isScalar t -> [ MatrixTerm.Power(joined matrices, n) ]
                        | [ one ] -> [ power n one ]
                        | _ -> [ MatrixTerm.Power(joined matrices, n) ]

                    if MatrixTerm.isScalar t then
                        product (MatrixTerm.shape t) front (each @ core) []
                    else
                        product (MatrixTerm.shape t) front each core
                else
                    let rest = product (MatrixTerm.shape t) Ratio.one scalars matrices
                    let r, s, m = apart (MatrixTerm.Power(rest, n))
                    product (MatrixTerm.shape t) (Ratio.times front r) s m
            | MatrixTerm.Hadamard ts when isWhole n -> ts |> List.map (power n) |> List.reduce hadamard
            | _ -> MatrixTerm.Power(t, n)

    let apply f t = MatrixTerm.Apply(f, t)
