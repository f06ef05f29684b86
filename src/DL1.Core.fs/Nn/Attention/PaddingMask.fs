namespace DL1

/// A sequence with its padding: truth values `[batch; length]`, true where a place is real.
[<NoEquality; NoComparison>]
type PaddedSequence =
    {
        /// `[batch; length; features]`.
        Values: Expr
        /// Where it is real; everywhere if there is none.
        IsReal: Expr option
    }

/// Which places of a batch of sequences are real and which are padding, as expressions.
[<RequireQualifiedAccess>]
module PaddingMask =
    /// True at the places before each row's length: whole numbers `[batch]` give `[batch; length]`. A row whose length
    /// is 0 or less is padding everywhere; one of `length` or more has none. `PaddingMask.mask 5 lengths`
    let mask (length: int) (lengths: Expr) : Expr =
        Operand.requireRank "PaddingMask.mask" 1 "lengths [batch]" lengths

        match lengths.DType with
        | DType.I32
        | DType.I64 -> ()
        | DType.F32
        | DType.F64
        | DType.Bool ->
            Refuse.shape
                "PaddingMask.mask"
                (Operand.text lengths)
                "whole numbers, i32 or i64"
                "cast the lengths to i32, or give a mask where you have one"

        let places = Expr.arange lengths.DType length
        Expr.expandDims 0 places .< Expr.expandDims 1 lengths

    /// True where a token is not that of padding: whole numbers `[batch; length]` give truth values of their shape.
    /// `PaddingMask.ofTokens 0 tokens`
    let ofTokens (padding: int) (tokens: Expr) : Expr =
        if tokens.DType.IsFloat || tokens.DType = DType.Bool then
            Refuse.shape
                "PaddingMask.ofTokens"
                (Operand.text tokens)
                "whole numbers, i32 or i64"
                "give the tokens that were encoded, not what an embedding makes of them"

        Expr.notEqual tokens (lit (float padding))

    /// How many places of each row are real: truth values `[batch; length]` give i64 `[batch]`.
    /// `PaddingMask.lengths isReal`
    let lengths (isReal: Expr) : Expr =
        Operand.requireRank "PaddingMask.lengths" 2 "truth values [batch; length]" isReal
        Expr.sum [ 1 ] (Expr.cast DType.I64 isReal)

    /// The real places of a sequence of this batch and length, with the batch inside: `[length; batch; 1]`.
    let internal inside (operation: string) (values: Expr) (isReal: Expr) : Expr =
        if
            isReal.DType <> DType.Bool || isReal.Shape <> Shape.ofList [ values.Shape[0]; values.Shape[1] ]
        then
            Refuse.shape
                operation
                (Operand.text isReal)
                $"truth values [%d{values.Shape[0]}; %d{values.Shape[1]}], true where a place is real"
                "make them of lengths, as a mask of padding"

        Expr.expandDims 2 (Expr.moveAxis 1 0 isReal)
