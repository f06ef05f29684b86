namespace DL1

/// Terms as they are shown: with the fewest transposes, and with shapes in the places of names.
[<RequireQualifiedAccess>]
module internal MatrixLayout =
    let private isOnes t =
        match t with
        | MatrixTerm.Ones _ -> true
        | _ -> false

    /// Sums and elementwise products of transposes as transposes: (P − Y)ᵀ for Pᵀ − Yᵀ.
    let rec tidy (t: MatrixTerm) : MatrixTerm =
        let shorter t =
            let turned = MatrixProduct.transpose t

            if MatrixTerm.size turned + 1 < MatrixTerm.size t then
                MatrixTerm.Transposed turned
            else
                t

        match t with
        | MatrixTerm.Sum _
        | MatrixTerm.Hadamard _ ->
            match shorter t with
            | MatrixTerm.Transposed x -> MatrixTerm.Transposed(tidied x)
            | t -> tidied t
        | _ -> tidied t

    and private tidied t = MatrixTerm.map tidy t

    let rec private shapesOf (t: MatrixTerm) : MatrixTerm =
        let struct (m, n) = MatrixTerm.shape t

        let place () =
            MatrixTerm.Leaf
                {
                    Text = $"%d{m}×%d{n}"
                    IsName = true
                    Value = lit 0.0
                    Rows = m
                    Columns = n
                    IsSymmetric = false
                    IsStochastic = false
                }

        let several make ts =
            match ts |> List.map shapesOf |> List.distinct with
            | [ one ] -> one
            | many -> make many

        match t with
        | _ when MatrixTerm.isScalar t && MatrixTerm.parts t = [] -> place ()
        | MatrixTerm.Sum ts -> several MatrixTerm.Sum (List.filter (isOnes >> not) ts)
        | MatrixTerm.Hadamard ts -> MatrixTerm.Hadamard(List.map shapesOf ts)
        | MatrixTerm.Product(_, scalars, []) ->
            match scalars with
            | [ MatrixTerm.Product _ as one ] -> shapesOf one
            | _ -> place ()
        | MatrixTerm.Product(_, _, [ one ]) -> shapesOf one
        | MatrixTerm.Product(_, _, matrices) -> MatrixTerm.Product(Ratio.one, [], List.map shapesOf matrices)
        | MatrixTerm.Power(x, _)
        | MatrixTerm.Apply(_, x)
        | MatrixTerm.Softmax(_, x)
        | MatrixTerm.Inverse x -> shapesOf x
        | MatrixTerm.Transposed _
        | MatrixTerm.Leaf _
        | MatrixTerm.Zero _
        | MatrixTerm.Ones _
        | MatrixTerm.Identity _
        | MatrixTerm.LogSumExp _
        | MatrixTerm.Norm _
        | MatrixTerm.Trace _
        | MatrixTerm.Det _
        | MatrixTerm.LogDet _ -> place ()

    /// The shapes of a term's factors in the places of their names: products and elementwise products stay, what keeps the shape
    /// of a matrix goes.
    let shapes (t: MatrixTerm) : MatrixTerm = shapesOf (tidy t)
