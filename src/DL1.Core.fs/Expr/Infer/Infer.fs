namespace DL1

/// The element type and shape of every form of node, known when the node is made; and the refusals.
[<RequireQualifiedAccess>]
module internal Infer =
    let private isOrdered (axes: int list) = List.pairwise axes |> List.forall (fun (a, b) -> a < b)

    let private checkAxes operation (axes: int list) (x: #IOperand) =
        for axis in axes do
            Operand.requireAxis operation axis x

        if not (isOrdered axes) then
            Refuse.shape
                operation
                $"axes {axes} of {Operand.text x}"
                "each axis once, ascending"
                "remove the repeated axis"

    let private remove (axes: int list) (shape: Shape) =
        shape.ToList()
        |> List.indexed
        |> List.filter (fun (i, _) -> not (List.contains i axes))
        |> List.map snd
        |> Shape.ofList

    let private checkNotEmpty operation (axes: int list) (x: #IOperand) =
        if axes |> List.exists (fun axis -> x.Shape[axis] = 0) then
            Refuse.shape
                operation
                $"an axis of extent 0 of {Operand.text x}"
                "at least one element: an empty axis has no largest or smallest"
                "leave empty batches out"

    let private unary op operation (x: #IOperand) =
        match op with
        | UnaryOp.Not -> Operand.requireBool operation x
        | UnaryOp.Neg
        | UnaryOp.Abs
        | UnaryOp.Sign
        | UnaryOp.Relu -> Operand.requireNumber operation x
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round
        | UnaryOp.Exp
        | UnaryOp.Expm1
        | UnaryOp.Log
        | UnaryOp.Log1p
        | UnaryOp.Sqrt
        | UnaryOp.Rsqrt
        | UnaryOp.Reciprocal
        | UnaryOp.Sin
        | UnaryOp.Cos
        | UnaryOp.Tan
        | UnaryOp.Asin
        | UnaryOp.Acos
        | UnaryOp.Atan
        | UnaryOp.Sinh
        | UnaryOp.Cosh
        | UnaryOp.Tanh
        | UnaryOp.Sigmoid
        | UnaryOp.Softplus
        | UnaryOp.Erf -> Operand.requireFloat operation x

    let private binary op operation (x: #IOperand) (y: #IOperand) =
        Operand.requireSameType operation x y
        Operand.requireSameShape operation x y

        match op with
        | BinaryOp.Add
        | BinaryOp.Sub
        | BinaryOp.Mul
        | BinaryOp.Max
        | BinaryOp.Min -> Operand.requireNumber operation x
        | BinaryOp.Div
        | BinaryOp.Pow -> Operand.requireFloat operation x
        | BinaryOp.And
        | BinaryOp.Or -> Operand.requireBool operation x

    let private matmul (x: #IOperand) (y: #IOperand) =
        let operation = "matmul"
        let rank = x.Shape.Rank
        // Made only for an error: a name takes longer to write than a node to make.
        let given () = Operand.texts [ x; y ]

        if x.Shape.IsScalar || y.Shape.IsScalar then
            Refuse.shape operation (given ()) "two matrices, or stacks of them" "multiply by a scalar with *"

        if rank < 2 || y.Shape.Rank < 2 then
            Refuse.shape
                operation
                (given ())
                "two matrices, or stacks of them"
                "for a matrix and a vector there is matvec, for two vectors dot; or make a row [1; n] or a column [n; 1] of a vector by expandDims"

        Operand.requireNumber operation x
        Operand.requireSameType operation x y

        if y.Shape.Rank <> rank then
            Refuse.shape
                operation
                (given ())
                "matrices, or stacks of them, of one rank"
                "broadcast the stacks"

        let m, k, k', n = x.Shape[rank - 2], x.Shape[rank - 1], y.Shape[rank - 2], y.Shape[rank - 1]

        if k <> k' then
            let transposed (which: string) (label: string) =
                if label.Contains ' ' then
                    $"transpose the {which}"
                else
                    $"transpose the {which}: {label}.T"

            let cure =
                if k = n then transposed "second" y.Label
                elif m = k' then transposed "first" x.Label
                else "check which axis holds the features: [batch; in] times [in; out]"

            Refuse.shape operation (given ()) $"inner extents that agree, but they are %d{k} and %d{k'}" cure

        let stack = x.Shape.ToList() |> List.take (rank - 2)

        if stack <> (y.Shape.ToList() |> List.take (rank - 2)) then
            Refuse.shape
                operation
                (given ())
                "stacks whose leading extents are equal, or 1"
                "reshape one stack, or add axes of extent 1 where they are missing: expandDims"

        Shape.ofList (stack @ [ m; n ])

    /// The element type and shape of a node; raises `ShapeError` or `DomainError` where the operands do not fit.
    let node (node: Node<'e>) : DType * Shape when 'e :> IOperand =
        let operation = Node.calledAs node

        match node with
        | Node.Constant value -> value.DType, value.Shape
        | Node.Variable v -> v.DType, v.Shape
        | Node.Unary(op, x) ->
            unary op operation x
            x.DType, x.Shape
        | Node.Binary(op, x, y) ->
            binary op operation x y
            x.DType, x.Shape
        | Node.Compare(op, x, y) ->
            Operand.requireSameType operation x y
            Operand.requireSameShape operation x y

            match op with
            | CompareOp.Eq
            | CompareOp.Ne -> ()
            | CompareOp.Lt
            | CompareOp.Le
            | CompareOp.Gt
            | CompareOp.Ge -> Operand.requireNumber operation x

            DType.Bool, x.Shape
        | Node.Select(c, x, y) ->
            Operand.requireBool operation c
            Operand.requireSameType operation x y
            Operand.requireSameShape operation x y
            Operand.requireSameShape operation c x
            x.DType, x.Shape
        | Node.Cast(dtype, x) -> dtype, x.Shape
        | Node.Reduce(op, axes, x) ->
            Operand.requireNumber operation x
            checkAxes operation axes x

            match op with
            | ReduceOp.Sum
            | ReduceOp.Prod -> ()
            | ReduceOp.Max
            | ReduceOp.Min -> checkNotEmpty operation axes x

            x.DType, remove axes x.Shape
        | Node.ArgReduce(_, axis, x) ->
            Operand.requireNumber operation x
            Operand.requireAxis operation axis x
            checkNotEmpty operation [ axis ] x
            DType.I64, Shape.removeAxis axis x.Shape
        | Node.CumSum(axis, _, x) ->
            Operand.requireNumber operation x
            Operand.requireAxis operation axis x
            x.DType, x.Shape
        | Node.ArgSort(axis, x) ->
            Operand.requireNumber operation x
            Operand.requireAxis operation axis x
            DType.I64, x.Shape
        | Node.Softmax(axis, x) ->
            Operand.requireFloat operation x
            Operand.requireAxis operation axis x
            x.DType, x.Shape
        | Node.LogSumExp(axis, x) ->
            Operand.requireFloat operation x
            Operand.requireAxis operation axis x
            x.DType, Shape.removeAxis axis x.Shape
        | Node.MatMul(x, y) -> x.DType, matmul x y
        | Node.Broadcast(shape, x) ->
            if not (Shape.stretchesTo shape x.Shape) then
                Refuse.shape
                    operation
                    $"{Operand.text x} to {shape}"
                    "a shape whose last extents are the operand's, or stretch its extents of 1"
                    "add axes of extent 1 where they are missing: expandDims"

            x.DType, shape
        | Node.Reshape(shape, x) ->
            InferMove.checkSize operation shape x
            x.DType, shape
        | Node.Transpose(permutation, x) ->
            if List.sort permutation <> [ 0 .. x.Shape.Rank - 1 ] then
                Refuse.shape
                    operation
                    $"the permutation {permutation} of {Operand.text x}"
                    $"each of the axes 0 to %d{x.Shape.Rank - 1} once"
                    "list where each axis of the result comes from"

            x.DType, permutation |> List.map (fun axis -> x.Shape[axis]) |> Shape.ofList
        | Node.Slice(cuts, x) -> x.DType, InferMove.slice cuts x
        | Node.Pad(edges, _, x) ->
            Operand.requireNumber operation x
            x.DType, InferMove.pad edges x
        | Node.Concat(axis, xs) ->
            let shape = InferMove.concat axis xs
            (List.head xs).DType, shape
        | Node.Reverse(axes, x) ->
            checkAxes operation axes x
            x.DType, x.Shape
        | Node.Gather(axis, x, indices) ->
            Operand.requireIndex operation indices
            Operand.requireAxis operation axis x
            let dims = x.Shape.ToList()
            x.DType, Shape.ofList (List.take axis dims @ indices.Shape.ToList() @ List.skip (axis + 1) dims)
        | Node.ScatterAdd(axis, extent, updates, indices) ->
            if extent < 0 then
                Refuse.shape
                    operation
                    $"an axis of extent %d{extent}"
                    "an extent of 0 or more"
                    "give the number of places to add to"

            Operand.requireIndex operation indices
            Operand.requireNumber operation updates
            let dims = updates.Shape.ToList()
            let width = indices.Shape.Rank

            if
                axis < 0
                || axis > dims.Length - width
                || List.take width (List.skip axis dims) <> indices.Shape.ToList()
            then
                Refuse.shape
                    operation
                    $"{Operand.texts [ updates; indices ]} at axis %d{axis}"
                    "updates whose axes from there on are those of the indices"
                    "give an update for each index"

            updates.DType, Shape.ofList (List.take axis dims @ [ extent ] @ List.skip (axis + width) dims)
        | Node.Conv(role, spec, x, y) -> x.DType, InferWindow.conv operation role spec x y
        | Node.MaxPool(window, x)
        | Node.AvgPool(window, x) -> x.DType, InferWindow.pool operation window x
        | Node.MaxPoolPick(window, x, u) ->
            Operand.requireSameType operation x u
            Operand.requireSameShape operation x u
            x.DType, InferWindow.pool operation window x
        | Node.MaxPoolScatter(window, x, u) ->
            Operand.requireSameType operation x u

            if InferWindow.pool operation window x <> u.Shape then
                Refuse.shape
                    operation
                    (Operand.texts [ x; u ])
                    "an update for each window"
                    "pool the first operand to see the shape"

            x.DType, x.Shape
        | Node.AvgPoolGrad(window, spatial, y) -> y.DType, InferWindow.unpool operation window spatial y
        | Node.RandomBits(_, shape, key) ->
            if key.DType <> DType.I32 || key.Shape <> Shape.ofList [ 2 ] then
                Refuse.shape
                    operation
                    (Operand.text key)
                    "a key: i32 [2]"
                    "pass a key as a constant, or a variable of that type and shape"

            DType.I32, shape
        | Node.Scan(result, call) -> InferBody.scan result call
        | Node.StopGradient x -> x.DType, x.Shape
        | Node.Custom(rule, xs) -> InferBody.custom rule xs
