namespace DL1

/// The signs of a script, and whether grouping shows which of a + (b + c) and (a + b) + c is meant, which differ in
/// their rounding.
[<NoEquality; NoComparison>]
type internal Signs =
    {
        Open: string
        Close: string
        Minus: string
        /// An infix sign, with the space around it.
        Infix: Infix -> string
        Exact: bool
    }

/// Puts pieces together with the fewest parentheses that leave no doubt.
module internal TextCompose =
    let parens (signs: Signs) (p: Piece) = signs.Open + p.Text + signs.Close

    /// A piece that must bind as tightly as this, and not begin with a minus sign.
    let inner signs level (p: Piece) = if p.Level >= level && not p.Negative then p.Text else parens signs p

    /// A piece that nothing can be torn from: an argument without parentheses, a base, an exponent.
    let unit signs (p: Piece) = inner signs Level.Atom p

    /// The base of a power. A variable called e is quoted there: `e^x` is read as the exponential.
    let powerBase signs (p: Piece) = if p.Text = "e" then "\"e\"" else unit signs p

    let private join signs infix level (a: Piece, aFits, aText: string) (b: Piece, bFits) =
        let left = if aFits then aText else parens signs a
        // Looser than a sum, a minus sign cannot be misread: `x > −2`.
        let isSigned = level > Level.Compare
        let right text = if bFits && not (isSigned && b.Negative) then text else parens signs b
        let sign = signs.Infix infix

        { Piece.make level (left + sign + right b.Text) with
            Closed = left + sign + right b.Closed
            Negative = isSigned && aFits && a.Negative
        }

    /// Two operands with a sign between them.
    let infix (signs: Signs) (op: Infix) (a: Piece) (b: Piece) : Piece =
        let between level leftFits rightFits = join signs op level (a, leftFits, a.Text) (b, rightFits)

        // Before a sign that binds tightly, `sin x` must be `sin(x)`.
        let tightly level leftFits rightFits = join signs op level (a, leftFits, a.Closed) (b, rightFits)

        let atLeast level (p: Piece) = p.Level >= level
        let above level (p: Piece) = p.Level > level

        match op with
        | Infix.Add ->
            between
                Level.Sum
                (atLeast Level.Sum a)
                (if signs.Exact then above Level.Sum b else atLeast Level.Sum b)
        | Infix.Sub -> between Level.Sum (atLeast Level.Sum a) (above Level.Sum b)
        | Infix.Mul ->
            tightly
                Level.Product
                (atLeast Level.Product a)
                (if signs.Exact then above Level.Product b else atLeast Level.Product b)
        | Infix.Div -> tightly Level.Quotient (atLeast Level.Product a) (above Level.Product b)
        | Infix.MatMul ->
            tightly Level.MatMul (a.Level = Level.MatMul || above Level.Product a) (above Level.Product b)
        | Infix.Compare _ -> between Level.Compare (above Level.Compare a) (above Level.Compare b)
        | Infix.And ->
            between
                Level.And
                (atLeast Level.And a)
                (if signs.Exact then above Level.And b else atLeast Level.And b)
        | Infix.Or ->
            let fits (p: Piece) = p.Level = Level.Or || atLeast Level.Compare p

            between Level.Or (fits a) (if signs.Exact then atLeast Level.Compare b else fits b)

    /// A minus sign before a piece. `−x·y` is the same number whichever is negated first, but not the same graph.
    let negate (signs: Signs) (x: Piece) : Piece =
        let fits = not x.Negative && (if signs.Exact then x.Level >= Level.Prefix else x.Level > Level.Sum)

        if fits then
            { Piece.make (min x.Level Level.Prefix) (signs.Minus + x.Text) with
                Closed = signs.Minus + x.Closed
                Negative = true
            }
        else
            { Piece.make Level.Prefix (signs.Minus + parens signs x) with Negative = true }

    /// A function that stands before its argument: `sin x`, `sin(2·x)`.
    let apply (signs: Signs) (name: string) (x: Piece) : Piece =
        let closed = name + parens signs x

        if x.Level = Level.Atom && not x.Negative then
            { Piece.make Level.Prefix (name + " " + x.Text) with Closed = closed }
        else
            Piece.make Level.Prefix closed

    /// A number, with its sign.
    let number (text: string) : Piece =
        // `(1e-12)²`: a power of the whole number.
        let level = if text.Contains 'e' then Level.Prefix else Level.Atom

        { Piece.make level text with Negative = text.StartsWith '-' || text.StartsWith '−' }

    /// Renders a node over its operands as a person sees them. An operand whose text hides its shape is written as stretched, where
    /// the node looks at axes.
    let withShapes
        (stretched: Shape -> Piece -> Piece)
        (render: ('e -> Piece) -> 'e -> Piece)
        (piece: 'e -> Piece)
        (e: 'e)
        : Piece when 'e :> INode<'e> =
        let operand (x: 'e) =
            let x = Form.shown e x
            let p = piece x
            if Form.hidesShape e x p.Shape then stretched x.Shape p else p

        { render operand e with Shape = Form.readShape (fun x -> (piece x).Shape) e }
