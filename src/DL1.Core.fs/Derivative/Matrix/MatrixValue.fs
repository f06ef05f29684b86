namespace DL1

/// Terms as expressions again: matrices `[rows; columns]`, scalars `[1; 1]`.
[<RequireQualifiedAccess>]
module internal MatrixValue =
    let private slope op (x: Expr) =
        Local.unary op x (Expr.unary op x) |> Option.defaultWith (fun () -> Expr.zerosLike x)

    let rec private matrix (dtype: DType) (t: MatrixTerm) : Expr =
        let matrix = matrix dtype
        let struct (m, n) = MatrixTerm.shape t
        let full (x: Expr) = Expr.broadcastTo [ m; n ] x
        let rows (byRows: bool) = if byRows then 1 else 0

        match t with
        | MatrixTerm.Leaf leaf -> leaf.Value |> Expr.cast dtype |> Expr.reshape [ m; n ]
        | MatrixTerm.Zero _ -> Expr.full dtype [ m; n ] 0.0
        | MatrixTerm.Ones _ -> Expr.full dtype [ m; n ] 1.0
        | MatrixTerm.Identity n -> Linear.identity dtype n
        | MatrixTerm.Sum ts -> ts |> List.map matrix |> List.reduce (+)
        | MatrixTerm.Hadamard ts -> ts |> List.map matrix |> List.reduce (*)
        | MatrixTerm.Product(r, scalars, matrices) ->
            let number = Expr.full dtype [ 1; 1 ] (Ratio.value r)
            let factor = scalars |> List.fold (fun product s -> product * matrix s) number

            match matrices |> List.map matrix with
            | [] -> factor
            | factors -> factor * List.reduce Expr.matmul factors
        | MatrixTerm.Power(x, n) when n = 2.0 ->
            let x = matrix x
            x * x
        | MatrixTerm.Power(x, n) -> Expr.Pow(matrix x, n)
        | MatrixTerm.Apply(MatrixFunction.Of op, x) -> Expr.unary op (matrix x)
        | MatrixTerm.Apply(MatrixFunction.Slope op, x) -> slope op (matrix x) |> full
        | MatrixTerm.Transposed x -> (matrix x).T
        | MatrixTerm.Softmax(byRows, x) -> Expr.softmax (rows byRows) (matrix x)
        | MatrixTerm.LogSumExp(byRows, x) -> Expr.logSumExp (rows byRows) (matrix x) |> Expr.reshape [ m; 1 ]
        | MatrixTerm.Inverse x -> SquareMatrix.inverse (matrix x)
        | MatrixTerm.Norm x -> Reduce.norm [ 0; 1 ] (matrix x) |> Expr.reshape [ 1; 1 ]
        | MatrixTerm.Trace x -> Linear.trace (matrix x) |> Expr.reshape [ 1; 1 ]
        | MatrixTerm.Det x -> SquareMatrix.det (matrix x) |> Expr.reshape [ 1; 1 ]
        | MatrixTerm.LogDet x -> SquareMatrix.signLogDet (matrix x) |> snd |> Expr.reshape [ 1; 1 ]

    /// A term as an expression of the type and shape of another.
    let like (e: Expr) (t: MatrixTerm) : Expr = matrix e.DType t |> Expr.reshape (e.Shape.ToList())
