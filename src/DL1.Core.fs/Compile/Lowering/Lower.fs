namespace DL1.Compiler.Lowering

open DL1

/// Rewrites a graph before it is cut into groups: decomposes nodes with a definition in terms of others, makes one matmul of
/// matmuls over a stack that share a matrix, and moves reshapes out of the way of fusion. Values stay the same but for the order
/// of sums, the sign of zeros, and the rounding of decomposed nodes.
[<RequireQualifiedAccess>]
module internal Lower =
    let private table =
        [
            Rule.anywhere "custom -> its value" Decompose.custom
            Rule.anywhere "stopGradient x -> x" Decompose.stopped
            Rule.rule "softmax -> exp(x - max) / sum" [ "softmax" ] Decompose.softmax
            Rule.rule "logSumExp -> max + log(sum(exp(x - max)))" [ "logsumexp" ] Decompose.logSumExp
            Rule.anywhere "chance of a word -> comparison of whole numbers" Decompose.chance
            Rule.anywhere "labels compared with classes -> the same in single precision" Decompose.labels
            Rule.anywhere "op(reshape x) -> reshape(op x)" LowerReshapes.reshapeOutwards
            Rule.anywhere "reshape(broadcast x) -> broadcast(reshape x)" LowerReshapes.reshapedBroadcast
            Rule.anywhere "reduce(reshape x) -> reshape(reduce x)" LowerReshapes.reduceOfReshaped
            Rule.anywhere "moves of single elements -> reshape" LowerReshapes.trivial
            Rule.anywhere "column @ row -> column * row" LowerMatMuls.outerProduct
            Rule.anywhere "stack @ one matrix -> one product" LowerMatMuls.sharedMatrix
            Rule.anywhere "sum of pads that fill an axis -> concat" LowerSums.sumOfPadded
            Rule.anywhere "(a @ b)ᵀ -> bᵀ @ aᵀ" LowerMatMuls.transposedProduct
            Rule.anywhere "sum of a stack of products -> one product" LowerMatMuls.summedStack
        ]

    /// Lowers a graph, given by its roots.
    let run (roots: Expr list) : Expr list =
        Rule.run ignore table roots |> Decompose.masksFromRelu |> Decompose.pairsOfSigmoids
