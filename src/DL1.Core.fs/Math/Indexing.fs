namespace DL1

/// Elements taken from places along an axis, and put there: each row along the axis has places of its own, where
/// `Expr.gather` and `Expr.scatterAdd` have the same for all. Places count from 0; one outside the axis is refused when
/// evaluated.
[<RequireQualifiedAccess>]
module Indexing =
    /// Checks a tensor and indices of one rank; gives the axis.
    let private axisOf operation axis (x: Expr) (indices: Expr) =
        Operand.requireIndex operation indices
        let axis = Operand.axis operation x axis

        if indices.Shape.Rank <> x.Shape.Rank then
            Refuse.shape
                operation
                (Operand.texts [ x; indices ])
                "indices with as many axes as the tensor has"
                "add the missing axes by expandDims, or take the same slices everywhere by gather"

        axis

    /// The axis moved behind all others.
    let private toLast axis (x: Expr) = Expr.moveAxis axis -1 x

    /// Places in rows `[...; k]` as places in all rows of this extent one after another: `[rows·k]`. A place that is not
    /// in its row becomes −1, so that it is refused instead of reaching into the next row.
    let private flat extent (indices: Expr) =
        let dims = indices.Shape.ToList()
        let count = List.last dims
        let rows = List.fold (*) 1 (List.take (dims.Length - 1) dims)
        let table = Expr.reshape [ rows; count ] indices

        let places =
            if rows = 1 then
                table
            else
                let starts = Expr.expandDims 1 (Expr.arange indices.DType rows * float extent)
                let inside = Expr.both (table .>= 0.0) (table .< float extent)
                Expr.where inside (table + starts) (lit -1.0)

        Expr.reshape [ rows * count ] places

    /// The elements at places along an axis, each row along it with places of its own (i32 or i64): the result has the
    /// shape of the indices. Their other axes are those of x, or broadcast. As NumPy's `take_along_axis`.
    /// `Indexing.takeAlong 1 (Expr.argSort 1 m) m` is m with its rows sorted.
    let takeAlong axis (indices: Expr) (x: Expr) : Expr =
        let operation = "takeAlong"
        let axis = axisOf operation axis x indices
        let x, indices = toLast axis x, toLast axis indices
        let split (e: Expr) = List.splitAt (e.Shape.Rank - 1) (e.Shape.ToList())
        let (stackX, extent), (stackI, count) = split x, split indices

        match Shape.tryBroadcast (Shape.ofList stackX) (Shape.ofList stackI) with
        | None ->
            Refuse.shape
                operation
                (Operand.texts [ x; indices ])
                "indices whose other axes are those of the tensor, or of extent 1"
                "check which axis the indices count along"
        | Some stack ->
            let stack = stack.ToList()
            let rows = Expr.reshape [ -1 ] (Expr.broadcastTo (stack @ extent) x)
            let places = flat extent.Head (Expr.broadcastTo (stack @ count) indices)
            Expr.gather 0 places rows |> Expr.reshape (stack @ count) |> Expr.moveAxis -1 axis

    /// Checks x, places in it, and the updates, which are stretched to the places.
    let private target operation axis (indices: Expr) (updates: Expr) (x: Expr) =
        let axis = axisOf operation axis x indices
        Operand.requireNumber operation x
        let updates = Expr.broadcastTo (indices.Shape.ToList()) (Expr.Typed(operation, x, updates))
        Operand.requireSameType operation x updates

        for i, extent in List.indexed (x.Shape.ToList()) do
            if i <> axis && extent <> indices.Shape[i] then
                Refuse.shape
                    operation
                    $"{Operand.texts [ x; indices ]}, along axis %d{axis}"
                    "indices whose other axes are those of the tensor"
                    "broadcast the indices"

        axis, updates

    let private sums axis extent (indices: Expr) (updates: Expr) =
        let indices, updates = toLast axis indices, toLast axis updates
        let stack = List.take (indices.Shape.Rank - 1) (indices.Shape.ToList())
        let rows = List.fold (*) 1 stack

        Expr.scatterAdd 0 (rows * extent) (flat extent indices) (Expr.reshape [ -1 ] updates)
        |> Expr.reshape (stack @ [ extent ])
        |> Expr.moveAxis -1 axis

    /// x with updates added at places along an axis, each row along it with places of its own: the transpose of
    /// `takeAlong`. Updates are shaped as the indices, or broadcast to them; several for one place add up. As PyTorch's
    /// `scatter_add`. `Indexing.scatterAdd 0 places (lit 1.0) x`
    let scatterAdd axis (indices: Expr) (updates: Expr) (x: Expr) : Expr =
        let axis, updates = target "scatterAdd" axis indices updates x
        x + sums axis x.Shape[axis] indices updates

    /// The largest at each place, by order: what a place may have is sorted by value, then by place; the last one of
    /// each place is its largest.
    let private largest axis (indices: Expr) (updates: Expr) (x: Expr) =
        let extent = x.Shape[axis]

        let here =
            Expr.arange DType.I64 extent
            |> Expr.reshape (x.Shape.ToList() |> List.mapi (fun i d -> if i = axis then d else 1))
            |> Expr.broadcastTo (x.Shape.ToList())

        let indices = Expr.cast DType.I64 indices
        let places = Expr.concat axis [ here; indices ]
        let values = Expr.concat axis [ x; updates ]
        let byValue = Expr.argSort axis values
        let byPlace = Expr.argSort axis (takeAlong axis byValue places)
        let counts = 1.0 + sums axis extent indices (Expr.onesLike indices)
        let last = Expr.cumSum axis counts - 1.0
        values |> takeAlong axis (takeAlong axis (takeAlong axis last byPlace) byValue)

    /// x with the largest of its own element and of the updates at each place along an axis, each row along it with
    /// places of its own; NaN counts as largest, and those that are equal share the gradient evenly. As PyTorch's
    /// `scatter_reduce` by `amax`. `Indexing.scatterMax 0 places (lit 3.0) x`
    let scatterMax axis (indices: Expr) (updates: Expr) (x: Expr) : Expr =
        let axis, updates = target "scatterMax" axis indices updates x

        let gradients (x: Expr) (updates: Expr) (dy: Expr) =
            let y = largest axis indices updates x
            let wins (a: Expr) (b: Expr) = Expr.either (Expr.equal a b) (Elementwise.isNaN a)
            let isX = wins x y
            let isUpdate = wins updates (takeAlong axis indices y)
            let count = sums axis x.Shape[axis] indices (Expr.cast x.DType isUpdate) + Expr.cast x.DType isX
            let share = dy / count
            [ Expr.where isX share (lit 0.0); Expr.where isUpdate (takeAlong axis indices share) (lit 0.0) ]

        if indices.Shape.Size = 0 || x.Shape.Size = 0 then
            x + sums axis x.Shape[axis] indices updates
        elif x.DType.IsFloat then
            Scan.custom
                "scatterMax"
                (fun xs -> largest axis indices xs[1] xs[0])
                (fun xs dy -> gradients xs[0] xs[1] dy)
                [ x; updates ]
        else
            largest axis indices updates x
