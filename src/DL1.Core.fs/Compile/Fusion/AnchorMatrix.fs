namespace DL1.Compiler.Fusion

open DL1

/// Views the result of a convolution as a matrix, for its epilogue. An image has a row for each pixel and a column for each
/// channel; a gradient by the weights has a row for each output channel.
[<RequireQualifiedAccess>]
module internal AnchorMatrix =
    /// Returns the first axis of the domain that belongs to the columns; the axes before it form the rows.
    let private firstColumn (node: Expr) (domain: int[]) =
        match node.Node with
        | Node.Conv(ConvRole.WeightGrad _, _, _, _) -> if node.Shape[0] = 1 then 0 else 1
        | _ -> domain.Length - 1

    /// Whether an operand, given by its strides in the domain, has one stride from row to row and one from column to column.
    let suits (node: Expr) (domain: int[]) (strides: int[]) =
        let first = firstColumn node domain

        IterationSpace.isOneLoop domain 0 (first - 1) strides
        && IterationSpace.isOneLoop domain first (domain.Length - 1) strides

    /// Returns an operand's stride from row to row, in elements; 0 where no axis of the domain belongs to the rows.
    let row (node: Expr) (domain: int[]) (strides: int[]) =
        let first = firstColumn node domain
        if first = 0 then 0 else strides[first - 1]
