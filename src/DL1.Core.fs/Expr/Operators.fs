namespace DL1

/// Comparisons of elements, written as operators: `x .> 0.0`.
[<AutoOpen>]
module Operators =
    /// Elements where the left is larger, as truth values.
    let inline (.>) (a: ^a) (b: ^b) : Expr = ((^a or ^b): (static member Greater: ^a * ^b -> Expr) (a, b))

    /// Elements where the left is larger or equal, as truth values.
    let inline (.>=) (a: ^a) (b: ^b) : Expr =
        ((^a or ^b): (static member GreaterEqual: ^a * ^b -> Expr) (a, b))

    /// Elements where the left is smaller, as truth values.
    let inline (.<) (a: ^a) (b: ^b) : Expr = ((^a or ^b): (static member Less: ^a * ^b -> Expr) (a, b))

    /// Elements where the left is smaller or equal, as truth values.
    let inline (.<=) (a: ^a) (b: ^b) : Expr = ((^a or ^b): (static member LessEqual: ^a * ^b -> Expr) (a, b))

    /// A number without a type of its own, as an operand: it takes the type of what it meets.
    let lit (value: float) = Expr.Literal value
