namespace DL1.Compiler.Fusion

open DL1

/// The result of a convolution as the matrix that its finish goes over: rows of columns. Data has a row for each place,
/// and its channels as columns; the gradient of weights has a row for each output.
[<RequireQualifiedAccess>]
module internal AnchorMatrix =
    /// The first of the domain's axes that is a column.
    let private firstColumn (node: Expr) (domain: int[]) =
        match node.Node with
        | Node.Conv(ConvRole.WeightGrad _, _, _, _) -> if node.Shape[0] = 1 then 0 else 1
        | _ -> domain.Length - 1

    let private isRun (domain: int[]) (strides: int[]) first last =
        Seq.forall
            (fun axis -> strides[axis] = strides[axis + 1] * domain[axis + 1])
            (seq { first .. last - 1 })

    /// Whether an operand has one stride from row to row, and one from column to column.
    let suits (node: Expr) (domain: int[]) (strides: int[]) =
        let first = firstColumn node domain
        isRun domain strides 0 (first - 1) && isRun domain strides first (domain.Length - 1)

    /// How many rows there are, and for an operand its stride from row to row, and whether it moves along them.
    let rows (node: Expr) (domain: int[]) = Array.fold (*) 1 domain[.. firstColumn node domain - 1]

    /// An operand's stride from row to row.
    let row (node: Expr) (domain: int[]) (strides: int[]) =
        let first = firstColumn node domain
        if first = 0 then 0 else strides[first - 1]

    /// Whether an operand moves from column to column.
    let isAlong (strides: int[]) = strides.Length > 0 && strides[strides.Length - 1] <> 0
