namespace DL1.Compiler.Fusion

open DL1

/// The result of a convolution as the matrix that its epilogue goes over. Images have a row for each pixel, with
/// channels as columns; a gradient by the weights has a row for each output channel.
[<RequireQualifiedAccess>]
module internal AnchorMatrix =
    /// The first axis of the domain that belongs to the columns; the axes before it are rows.
    let private firstColumn (node: Expr) (domain: int[]) =
        match node.Node with
        | Node.Conv(ConvRole.WeightGrad _, _, _, _) -> if node.Shape[0] = 1 then 0 else 1
        | _ -> domain.Length - 1

    /// Whether an operand has one stride from row to row, and one from column to column.
    let suits (node: Expr) (domain: int[]) (strides: int[]) =
        let first = firstColumn node domain

        IterationSpace.isOneLoop domain 0 (first - 1) strides
        && IterationSpace.isOneLoop domain first (domain.Length - 1) strides

    /// An operand's stride from row to row, in elements.
    let row (node: Expr) (domain: int[]) (strides: int[]) =
        let first = firstColumn node domain
        if first = 0 then 0 else strides[first - 1]
