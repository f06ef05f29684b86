namespace DL1.Onnx

open DL1

/// How an operator becomes expressions. What a rule does not list, it does not read, and the importer refuses it: nothing is
/// ignored.
[<NoComparison; NoEquality>]
type internal OnnxRule =
    {
        /// Empty for the standard's own operators.
        Domain: string
        Operator: string
        /// The versions in which the operator changed, up to the newest that this rule was reviewed for.
        Since: int list
        /// The attributes that it reads.
        Attributes: string list
        /// The number of inputs that it reads; −1 for any.
        Inputs: int
        /// Inputs whose numbers must be known at import, such as shapes: never parameters.
        Numbers: int list
        /// Inputs that are running statistics: state, not parameters.
        Statistics: int list
        /// Whether it draws or runs graphs: its results are not folded.
        IsOpen: bool
        Build: OnnxCall -> OnnxTerm list
    }

/// Making rules.
[<RequireQualifiedAccess>]
module internal OnnxRule =
    /// A rule of the standard's operators.
    let make operator since inputs attributes build : OnnxRule =
        {
            Domain = ""
            Operator = operator
            Since = since
            Attributes = attributes
            Inputs = inputs
            Numbers = []
            Statistics = []
            IsOpen = false
            Build = build
        }

    /// A rule with one result of the first operand's type.
    let one operator since inputs attributes (build: OnnxCall -> Expr) : OnnxRule =
        make operator since inputs attributes (fun c -> [ c.Like 0 (build c) ])

    /// A rule of one operand and no attributes.
    let unary operator since (f: Expr -> Expr) : OnnxRule = one operator since 1 [] (fun c -> f (c.X 0))

    /// The inputs whose numbers must be known.
    let numbers places (rule: OnnxRule) = { rule with Numbers = places }

    /// The same rule in another domain.
    let inDomain domain (rule: OnnxRule) = { rule with Domain = domain; Since = [ 1 ] }

    /// The rule under another name.
    let named operator (rule: OnnxRule) = { rule with Operator = operator }
