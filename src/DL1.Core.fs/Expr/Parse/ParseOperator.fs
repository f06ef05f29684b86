namespace DL1

/// The operators of a formula and how tightly they bind, and the words that stand for functions and numbers without
/// parentheses.
module internal ParseOperator =
    let comparison = 3
    let product = 5
    let negation = 6
    let power = 7

    /// The level of an operator between two operands, and what it makes of them.
    let binary (token: Token) : (int * (Expr -> Expr -> Expr)) option =
        match token with
        | Token.Name "or" -> Some(1, Expr.either)
        | Token.Name "and" -> Some(2, Expr.both)
        | Token.Sign("==" | "=") -> Some(comparison, Expr.equal)
        | Token.Sign "!=" -> Some(comparison, Expr.notEqual)
        | Token.Sign "<" -> Some(comparison, Expr.compare CompareOp.Lt)
        | Token.Sign "<=" -> Some(comparison, Expr.compare CompareOp.Le)
        | Token.Sign ">" -> Some(comparison, Expr.compare CompareOp.Gt)
        | Token.Sign ">=" -> Some(comparison, Expr.compare CompareOp.Ge)
        | Token.Sign "+" -> Some(4, Expr.binary BinaryOp.Add)
        | Token.Sign "-" -> Some(4, Expr.binary BinaryOp.Sub)
        | Token.Sign "*" -> Some(product, Expr.binary BinaryOp.Mul)
        | Token.Sign "/" -> Some(product, Expr.binary BinaryOp.Div)
        | Token.Sign "@" -> Some(product, Expr.matmul)
        | Token.Sign("^" | "**") -> Some(power, Expr.binary BinaryOp.Pow)
        | Token.Sign _
        | Token.Name _
        | Token.Number _
        | Token.Quoted _
        | Token.End -> None

    /// Functions that may stand before their argument without parentheses, `sin x`, as Unicode mathematics writes them.
    let isPrefix (name: string) =
        match name with
        | "exp"
        | "log"
        | "sin"
        | "cos"
        | "tan"
        | "asin"
        | "acos"
        | "atan"
        | "sinh"
        | "cosh"
        | "tanh" -> true
        | _ -> false

    /// Whether a word begins an operand, so that a function before it is applied to it.
    let isOperand (token: Token) =
        match token with
        | Token.Name("and" | "or") -> false
        | Token.Number _
        | Token.Name _
        | Token.Quoted _
        | Token.Sign("|" | "[" | "⌊" | "⌈") -> true
        | Token.Sign _
        | Token.End -> false

    /// Whether a word begins the second factor of a product without a sign, `2x` or `3(x + 1)`. A number never does, nor a
    /// bar, which may close a magnitude.
    let isFactor (token: Token) =
        match token with
        | Token.Name("and" | "or" | "let") -> false
        | Token.Name _
        | Token.Quoted _
        | Token.Sign("(" | "√" | "⌊" | "⌈") -> true
        | Token.Number _
        | Token.Sign _
        | Token.End -> false

    /// The number that a name stands for unless a variable of that name is declared: `pi`, and `e` where it is raised to a
    /// power, as in `e^x`.
    let constant (isRaised: bool) (name: string) : float option =
        match name with
        | "pi"
        | "π" -> Some System.Math.PI
        | "e" when isRaised -> Some System.Math.E
        | _ -> None

    /// The name by which a function of Unicode mathematics is called in ASCII, and the axes that its lowered digits name:
    /// `Σ₀₁` is a sum over axes 0 and 1.
    let called (name: string) : struct (string * int list) =
        let struct (head, digits) = ParseToken.subscript name
        let axes = [ for c in digits -> int c - int '0' ]

        match head with
        | "Σ" -> struct ("sum", axes)
        | "Π" -> struct ("prod", axes)
        | "σ" -> struct ("sigmoid", axes)
        | "max"
        | "min" -> struct (head, axes)
        | _ -> struct (name, [])
