namespace DL1

#nowarn "3535" // Static abstract members, so that code may make nodes before `Expr` is defined.

/// What the rules that are compiled before `Expr` know of it: its node, by `INode`, and how an expression is made of one.
type internal IExpression<'e when 'e :> IExpression<'e>> =
    inherit INode<'e>

    /// Makes a node; refuses operands that do not fit.
    static abstract Make: node: Node<'e> -> 'e

    /// A number without a type of its own.
    static abstract Literal: value: float -> 'e

    /// Whether it is made of numbers without a type of their own.
    abstract IsLiteral: bool
