namespace DL1

/// Nodes that are computed element by element, over operands that take one type and broadcast to one shape.
[<RequireQualifiedAccess>]
module internal Pointwise =
    /// Stretches an operand to a shape; one that has it already is left as it is.
    let stretch (shape: Shape) (e: 'e) : 'e :> IExpression<'e> =
        if e.Shape = shape then e else 'e.Make(Node.Broadcast(shape, e))

    /// Two operands with one type, literals typed, broadcast to one shape.
    let pair operation (a: 'e) (b: 'e) : struct ('e * 'e) when 'e :> IExpression<'e> =
        let a' = Literals.typed operation b a
        let b' = Literals.typed operation a b
        // Before an operand is stretched, while it still goes by its own name.
        Operand.requireSameType operation a' b'

        match Shape.tryBroadcast a.Shape b.Shape with
        | Some shape -> struct (stretch shape a', stretch shape b')
        | None ->
            Refuse.shape
                operation
                (Operand.texts [ a; b ])
                "shapes that broadcast: aligned at the last axis, equal extents, or 1"
                (if a.Shape.Rank > 0 && b.Shape.Rank > 0 && a.Shape[0] = b.Shape[b.Shape.Rank - 1] then
                     "add an axis of extent 1 (expandDims) or transpose, so that equal extents meet"
                 else
                     "reshape or slice one operand so that the extents meet")

    let unary op (x: 'e) : 'e :> IExpression<'e> = 'e.Make(Node.Unary(op, x))

    let binary op (a: 'e) (b: 'e) : 'e :> IExpression<'e> =
        let struct (a, b) = pair (Node.binaryName op) a b
        'e.Make(Node.Binary(op, a, b))

    let compare op (a: 'e) (b: 'e) : 'e :> IExpression<'e> =
        let struct (a, b) = pair (Node.compareName op) a b
        'e.Make(Node.Compare(op, a, b))

    /// The first operand where the condition holds, the second elsewhere; all three broadcast.
    let choose (condition: 'e) (a: 'e) (b: 'e) : 'e :> IExpression<'e> =
        let struct (a, b) = pair "where" a b

        match Shape.tryBroadcast condition.Shape a.Shape with
        | Some shape -> 'e.Make(Node.Select(stretch shape condition, stretch shape a, stretch shape b))
        | None ->
            Refuse.shape
                "where"
                (Operand.texts [ condition; a; b ])
                "shapes that broadcast to one"
                "make the condition from operands of the same shapes"

    /// The same values in another element type; one that has it already is left as it is.
    let cast dtype (x: 'e) : 'e :> IExpression<'e> =
        if x.DType = dtype then x else 'e.Make(Node.Cast(dtype, x))

    /// The whole number next to x towards 0.
    let truncate (x: 'e) : 'e :> IExpression<'e> =
        choose (compare CompareOp.Lt x ('e.Literal 0.0)) (unary UnaryOp.Ceiling x) (unary UnaryOp.Floor x)

    /// A function of two operands of one type and shape, with its derivatives: the cotangents of both, from the operands
    /// and the cotangent of the result.
    let custom
        name
        (value: 'e -> 'e -> 'e)
        (gradients: 'e -> 'e -> 'e -> 'e list)
        (a: 'e)
        (b: 'e)
        : 'e :> IExpression<'e> =
        let input name (e: 'e) = { Name = name; DType = e.DType; Shape = e.Shape }
        let inputs = [ input "input0" a; input "input1" b ]
        let x, y = 'e.Make(Node.Variable inputs[0]), 'e.Make(Node.Variable inputs[1])
        let result = value x y
        let cotangent = { Name = "cotangent"; DType = result.DType; Shape = result.Shape }

        let back =
            Origin.within (Origin.gradient Making.Origin) (fun () ->
                gradients x y ('e.Make(Node.Variable cotangent)))

        let rule = { Name = name; Inputs = inputs; Value = result; Cotangent = cotangent; Gradients = back }

        'e.Make(Node.Custom(rule, [ a; b ]))

/// The same nodes written as formulas, for the rules that stand before `Expr`: opened there alone.
module internal PointwiseOperators =
    let (+) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.binary BinaryOp.Add a b
    let (-) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.binary BinaryOp.Sub a b
    let (*) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.binary BinaryOp.Mul a b
    let (/) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.binary BinaryOp.Div a b
    let (~-) (x: 'e) : 'e :> IExpression<'e> = Pointwise.unary UnaryOp.Neg x
    let (.<) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.compare CompareOp.Lt a b
    let (.>) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.compare CompareOp.Gt a b
    let (.>=) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.compare CompareOp.Ge a b
    let (.=) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.compare CompareOp.Eq a b
    let (.<>) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.compare CompareOp.Ne a b
    let both (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.binary BinaryOp.And a b
    let either (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.binary BinaryOp.Or a b
    let abs (x: 'e) : 'e :> IExpression<'e> = Pointwise.unary UnaryOp.Abs x
    let floor (x: 'e) : 'e :> IExpression<'e> = Pointwise.unary UnaryOp.Floor x
    let atan (x: 'e) : 'e :> IExpression<'e> = Pointwise.unary UnaryOp.Atan x
    let sign (x: 'e) : 'e :> IExpression<'e> = Pointwise.unary UnaryOp.Sign x
    let where (condition: 'e) (a: 'e) (b: 'e) : 'e :> IExpression<'e> = Pointwise.choose condition a b
