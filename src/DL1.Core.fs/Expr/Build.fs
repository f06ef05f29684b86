namespace DL1

open System

/// The primitives, as functions. Axes count from 0, outermost first, or from −1, innermost first.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Expr =
    let private axisOf operation (x: Expr) axis = Operand.axis operation x axis

    let private axesOf operation (x: Expr) (axes: int list) =
        axes |> List.map (axisOf operation x) |> List.sort

    /// A variable of a type and shape, given when evaluated. An empty name, or one that begins with ⟨, is a
    /// `DomainError`.
    /// `Expr.variable "w" DType.F32 [ 784; 512 ]`
    let variable name dtype (dims: int list) =
        if String.IsNullOrWhiteSpace name then
            Refuse.domain "Expr.variable" "an empty name" "a name" "name the variable, for example \"x\""

        if name.StartsWith '⟨' then
            Refuse.domain
                "Expr.variable"
                $"the name {name}"
                "a name that does not begin with ⟨"
                "such names are kept for tracing"

        Expr.Make(Node.Variable { Name = name; DType = dtype; Shape = Operand.shape "Expr.variable" dims })

    /// A scalar variable of type f64, for calculus. `Expr.symbol "x"`
    let symbol name = variable name DType.F64 []

    /// The expression that stands for a variable.
    /// `Expr.ofVariable { Name = "x"; DType = DType.F64; Shape = Shape.Scalar }`
    let ofVariable (v: Variable) = Expr.Make(Node.Variable v)
    /// A tensor as a constant. `Expr.constant (Tensor.vector [ 1.0; 2.0 ])`
    let constant (value: Tensor) = Expr.Constant value
    /// A constant scalar of a type. `Expr.scalar DType.F32 0.5`
    let scalar dtype (value: float) = constant (Tensor.full dtype [] value)

    /// A tensor of a type filled with one value: a scalar constant, broadcast. `Expr.full DType.F32 [ 2; 3 ] 0.5`
    let full dtype (dims: int list) value = Expr.Stretch(Shape.ofList dims, scalar dtype value)

    let private like (x: Expr) value =
        if x.IsLiteral then
            Expr.Stretch(x.Shape, Expr.Literal value)
        else
            full x.DType (x.Shape.ToList()) value

    /// Zeros of another expression's type and shape. `Expr.zerosLike x`
    let zerosLike (x: Expr) = like x 0.0
    /// Ones of another expression's type and shape. `Expr.onesLike x`
    let onesLike (x: Expr) = like x 1.0

    /// Any function of one element; the type and the shape stay. `Expr.unary UnaryOp.Cos x`
    let unary op (x: Expr) = Expr.OfUnary(op, x)
    /// exp(x) − 1, accurate near 0. `Expr.expm1 x`
    let expm1 x = unary UnaryOp.Expm1 x
    /// log(1 + x), accurate near 0. `Expr.log1p x`
    let log1p x = unary UnaryOp.Log1p x
    /// 1 / √x. `Expr.rsqrt x`
    let rsqrt x = unary UnaryOp.Rsqrt x
    /// 1 / x. `Expr.reciprocal x`
    let reciprocal x = unary UnaryOp.Reciprocal x
    /// −1, 0 or 1; its derivative is 0. `Expr.sign x`
    let sign x = unary UnaryOp.Sign x
    /// 1 / (1 + exp(−x)), without overflow. `Expr.sigmoid x`
    let sigmoid x = unary UnaryOp.Sigmoid x
    /// log(1 + exp(x)), without overflow. `Expr.softplus x`
    let softplus x = unary UnaryOp.Softplus x
    /// The error function. `Expr.erf x`
    let erf x = unary UnaryOp.Erf x
    /// max(x, 0), with derivative 0 at 0. `Expr.relu x`
    let relu x = unary UnaryOp.Relu x
    /// Negation of truth values; another type is a `ShapeError`. `Expr.not' (x .> 0.0)`
    let not' x = unary UnaryOp.Not x

    /// Any function of two elements: one type, shapes that broadcast, else a `ShapeError`.
    /// `Expr.binary BinaryOp.Mul x y`
    let binary op (a: Expr) (b: Expr) = Expr.OfBinary(op, a, b)
    /// The larger of two elements, NaN where either is; equal ones get half of the gradient each. `Expr.maximum x y`
    let maximum a b = binary BinaryOp.Max a b
    /// The smaller of two elements, NaN where either is; equal ones get half of the gradient each. `Expr.minimum x y`
    let minimum a b = binary BinaryOp.Min a b
    /// Both of two truth values. `Expr.both (x .> 0.0) (x .< 1.0)`
    let both a b = binary BinaryOp.And a b
    /// Either of two truth values, or both. `Expr.either (x .< 0.0) (x .> 1.0)`
    let either a b = binary BinaryOp.Or a b

    /// Any comparison of elements: one type, shapes that broadcast. `Expr.compare CompareOp.Le x y`
    let compare op (a: Expr) (b: Expr) = Expr.OfCompare(op, a, b)
    /// Where elements are equal (not where both are NaN). `Expr.equal x y`
    let equal a b = compare CompareOp.Eq a b
    /// Where elements differ. `Expr.notEqual x y`
    let notEqual a b = compare CompareOp.Ne a b

    /// The first operand where the condition (truth values) holds, the second elsewhere; all three broadcast.
    /// `Expr.where (x .> 0.0) x y`
    let where (condition: Expr) (a: Expr) (b: Expr) = Expr.Choose(condition, a, b)

    /// The same values in another element type: towards 0 for whole numbers, `≠ 0` for truth values.
    /// `Expr.cast DType.F32 x`
    let cast dtype (x: Expr) =
        match x.Node with
        | Node.Constant value when x.IsLiteral -> constant (Tensor.cast dtype value)
        | _ when x.DType = dtype && not x.IsLiteral -> x
        | _ -> Expr.Make(Node.Cast(dtype, x))

    /// Any reduction over the axes given, which are removed; an axis twice is a `ShapeError`.
    /// `Expr.reduce ReduceOp.Sum [ 0 ] m`
    let reduce op (axes: int list) (x: Expr) =
        match axesOf (Node.reduceName op) x axes with
        | [] -> x
        | axes -> Expr.Make(Node.Reduce(op, axes, x))

    /// The sum over axes, which are removed; 0 over no elements. `Expr.sum [ 1 ] m`
    let sum axes x = reduce ReduceOp.Sum axes x
    /// The product over axes, which are removed; 1 over no elements. `Expr.prod [ 1 ] m`
    let prod axes x = reduce ReduceOp.Prod axes x
    /// The largest over axes, which are removed: NaN if one is; no elements are a `ShapeError`. Where several are
    /// largest, they share the gradient evenly. `Expr.max [ 1 ] m`
    let max axes x = reduce ReduceOp.Max axes x
    /// The smallest over axes, which are removed: NaN if one is; no elements are a `ShapeError`. Where several are
    /// smallest, they share the gradient evenly. `Expr.min [ 1 ] m`
    let min axes x = reduce ReduceOp.Min axes x
    /// Every axis of an expression. `Expr.allAxes m` is `[ 0; 1 ]` for a matrix.
    let allAxes (x: Expr) = [ 0 .. x.Shape.Rank - 1 ]
    /// The sum of all elements, a scalar. `Expr.sumAll m`
    let sumAll x = sum (allAxes x) x

    /// Where along an axis, which is removed, the largest element is: the first one, or the first NaN; i64.
    /// `Expr.argMax 1 m`
    let argMax axis x = Expr.Make(Node.ArgReduce(ArgOp.Max, axisOf "argMax" x axis, x))

    /// Where along an axis, which is removed, the smallest element is: the first one, or the first NaN; i64.
    /// `Expr.argMin 1 m`
    let argMin axis x = Expr.Make(Node.ArgReduce(ArgOp.Min, axisOf "argMin" x axis, x))

    /// The running sum along an axis; the shape stays. `Expr.cumSum 1 m`
    let cumSum axis x = Expr.Make(Node.CumSum(axisOf "cumSum" x axis, false, x))

    /// The places along an axis in ascending order of its elements: i64, in the operand's shape. Equal elements keep
    /// their order, and NaN comes last. `Expr.argSort 1 m`
    let argSort axis x = Expr.Make(Node.ArgSort(axisOf "argSort" x axis, x))

    /// exp(x) / Σ exp(x) along an axis, without overflow; the shape stays. `Expr.softmax 1 m`
    let softmax axis x = Expr.Make(Node.Softmax(axisOf "softmax" x axis, x))

    /// log Σ exp(x) along an axis, which is removed; without overflow. `Expr.logSumExp 1 m`
    let logSumExp axis x = Expr.Make(Node.LogSumExp(axisOf "logSumExp" x axis, x))

    /// Stretches axes of extent 1, and puts new ones in front; another shape is a `ShapeError`.
    /// `Expr.broadcastTo [ 2; 3 ] x`
    let broadcastTo (dims: int list) (x: Expr) = Expr.Stretch(Operand.shape "broadcastTo" dims, x)

    /// The product of matrices `[...; m; k]` and `[...; k; n]`, `[...; m; n]`; leading axes broadcast. A vector on the right is a
    /// column, one on the left a row, and the result has no axis for it: `[m; k]` times `[k]` is `[m]`, `[k]` times `[k]` a
    /// scalar. Inner extents that differ, and scalars, are a `ShapeError`. `Expr.matmul m m.T`
    let rec matmul (a: Expr) (b: Expr) : Expr =
        let drop axis (e: Expr) =
            let axis = if axis < 0 then e.Shape.Rank + axis else axis
            Expr.Make(Node.Reshape(Shape.removeAxis axis e.Shape, e))

        let column (v: Expr) = Expr.Make(Node.Reshape(Shape.ofList [ v.Shape[0]; 1 ], v))
        let row (v: Expr) = Expr.Make(Node.Reshape(Shape.ofList [ 1; v.Shape[0] ], v))

        // Told of the vectors themselves, before they are reshaped.
        let check () =
            let place = if b.Shape.Rank = 1 then 0 else b.Shape.Rank - 2
            let k, k' = a.Shape[a.Shape.Rank - 1], b.Shape[place]

            if k <> k' then
                Refuse.shape
                    "matmul"
                    (Operand.texts [ a; b ])
                    $"inner extents that agree, but they are %d{k} and %d{k'}"
                    "check which axis holds the features: [rows; in] times [in]"

        if a.Shape.Rank = 0 || b.Shape.Rank = 0 then
            Expr.Make(Node.MatMul(a, b))
        elif b.Shape.Rank = 1 then
            check ()

            if a.Shape.Rank = 1 then
                matmul (row a) (column b) |> drop -1 |> drop -1
            else
                matmul a (column b) |> drop -1
        elif a.Shape.Rank = 1 then
            check ()
            matmul (row a) b |> drop -2
        else
            let a, b = Expr.Typed("matmul", b, a), Expr.Typed("matmul", a, b)

            let split (e: Expr) =
                let dims = e.Shape.ToList()
                List.splitAt (dims.Length - 2) dims

            let stackA, matrixA = split a
            let stackB, matrixB = split b

            match Shape.tryBroadcast (Shape.ofList stackA) (Shape.ofList stackB) with
            | Some stack ->
                let stack = stack.ToList()
                Expr.Make(Node.MatMul(broadcastTo (stack @ matrixA) a, broadcastTo (stack @ matrixB) b))
            | None -> Expr.Make(Node.MatMul(a, b))

    /// The same elements in another shape; one extent may be −1, and is then what remains. Another number of elements
    /// is a `ShapeError`. `Expr.reshape [ 3; -1 ] m`
    let reshape (dims: int list) (x: Expr) =
        let shape = Operand.reshaped "reshape" dims x
        if shape = x.Shape then x else Expr.Make(Node.Reshape(shape, x))

    /// Puts in an axis of extent 1; −1 puts it last. `Expr.expandDims 0 x` is a row `[1; n]` of a vector `[n]`.
    let expandDims axis (x: Expr) =
        let place = Operand.newAxis "expandDims" axis x
        reshape ((Shape.insertAxis place 1 x.Shape).ToList()) x

    /// Takes out axes of extent 1; another extent is a `ShapeError`. `Expr.squeeze [ 0 ] row`
    let squeeze (axes: int list) (x: Expr) =
        let axes = axesOf "squeeze" x axes

        for axis in axes do
            if x.Shape[axis] <> 1 then
                Refuse.shape
                    "squeeze"
                    $"axis %d{axis} of {Operand.text x}"
                    "axes of extent 1"
                    "reduce the axis, or slice one element from it"

        reshape
            (x.Shape.ToList()
             |> List.indexed
             |> List.filter (fun (i, _) -> not (List.contains i axes))
             |> List.map snd)
            x

    /// Reorders axes: axis i of the result is axis `permutation[i]` of the operand. `Expr.transpose [ 1; 0 ] m`
    let transpose (permutation: int list) (x: Expr) =
        let permutation = permutation |> List.map (axisOf "transpose" x)

        if permutation = allAxes x then x else Expr.Make(Node.Transpose(permutation, x))

    /// Moves one axis to another place; the others keep their order. `Expr.moveAxis 0 1 m`
    let moveAxis source target (x: Expr) =
        let source, target = axisOf "moveAxis" x source, axisOf "moveAxis" x target

        transpose (allAxes x |> List.except [ source ] |> List.insertAt target source) x

    /// The transpose of a matrix, or of each matrix of a stack. `Expr.t m`
    let t (x: Expr) = x.T

    /// Elements start, start + step, ... below stop along each axis. Starts and stops count from the end where
    /// negative; what lies outside the axis is a `ShapeError`. `Expr.slice [ 0; 0 ] [ 2; 3 ] [ 1; 2 ] m`
    let slice (starts: int list) (stops: int list) (steps: int list) (x: Expr) =
        if
            starts.Length <> x.Shape.Rank || stops.Length <> starts.Length || steps.Length <> starts.Length
        then
            Refuse.shape
                "slice"
                $"%d{starts.Length} starts, %d{stops.Length} stops and %d{steps.Length} steps for {Operand.text x}"
                $"%d{x.Shape.Rank} of each"
                "give a start, a stop and a step for each axis"

        let cut axis (start, stop, step) =
            let place p = if p < 0 then p + x.Shape[axis] else p

            { Start = place start; Stop = place stop; Step = step }

        Expr.Make(Node.Slice(List.zip3 starts stops steps |> List.mapi cut, x))

    /// The elements from start to stop (excluded) along one axis. `Expr.sliceAxis 1 0 2 m`
    let sliceAxis axis start stop (x: Expr) =
        let axis = axisOf "slice" x axis
        let dims = x.Shape.ToList()

        slice
            (List.updateAt axis start (List.map (fun _ -> 0) dims))
            (List.updateAt axis stop dims)
            (List.map (fun _ -> 1) dims)
            x

    /// One slice of an axis, which is removed; a negative index counts from the end. `Expr.item 0 -1 m` is the last
    /// row.
    let item axis index (x: Expr) =
        let axis = axisOf "item" x axis
        let place = if index < 0 then index + x.Shape[axis] else index

        if place < 0 || place >= x.Shape[axis] then
            Refuse.shape
                "item"
                $"index %d{index} along axis %d{axis} of {Operand.text x}"
                $"an index from %d{-x.Shape[axis]} to %d{x.Shape[axis] - 1}"
                "count from 0"

        squeeze [ axis ] (sliceAxis axis place (place + 1) x)

    /// Puts a value before, after and between the elements of each axis; negative edges crop.
    /// `Expr.padWith [ { Before = 1; After = 0; Between = 1 } ] 0.0 x`
    let padWith (edges: Edge list) (value: float) (x: Expr) = Expr.Make(Node.Pad(edges, value, x))

    /// Puts a value before and after the elements of each axis: one number an axis. `Expr.pad [ 1 ] [ 2 ] 0.0 x`
    let pad (before: int list) (after: int list) value (x: Expr) =
        if before.Length <> after.Length then
            Refuse.shape
                "pad"
                $"%d{before.Length} edges before and %d{after.Length} after for {Operand.text x}"
                "as many of each as axes"
                "give (0, 0) for an axis that stays"

        let edge b a = { Before = b; After = a; Between = 0 }
        padWith (List.map2 edge before after) value x

    /// Tensors one after another along an axis; their types and other extents are equal. `Expr.concat 0 [ x; y ]`
    let concat axis (xs: Expr list) =
        match xs with
        | [] -> Expr.Make(Node.Concat(axis, xs))
        | x :: rest ->
            let axis = axisOf "concat" x axis

            if rest.IsEmpty then
                x
            else
                Expr.Make(Node.Concat(axis, Expr.Alike("concat", xs)))

    /// Tensors of one type and shape along a new axis. `Expr.stack 0 [ x; y ]`
    let stack axis (xs: Expr list) =
        match Expr.Alike("stack", xs) with
        | [] -> Refuse.shape "stack" "no tensors" "at least one tensor" "leave out the stack"
        | first :: rest ->
            let place = Operand.newAxis "stack" axis first

            for x in rest do
                Operand.requireSameType "stack" first x
                Operand.requireSameShape "stack" first x

            concat place (first :: rest |> List.map (expandDims place))

    /// Turns axes around. `Expr.reverse [ 1 ] m`
    let reverse (axes: int list) (x: Expr) =
        match axesOf "reverse" x axes with
        | [] -> x
        | axes -> Expr.Make(Node.Reverse(axes, x))

    /// The axis's slices at the indices (i32 or i64), whose axes take the axis's place. Indices from 0 to extent − 1;
    /// others are refused when evaluated. `Expr.gather 1 indices m`
    let gather axis (indices: Expr) (x: Expr) = Expr.Make(Node.Gather(axisOf "gather" x axis, x, indices))

    /// Zeros of an extent along an axis, with each update added to the slice of its index: the transpose of `gather`.
    /// `Expr.scatterAdd 0 4 indices updates`
    let scatterAdd axis extent (indices: Expr) (updates: Expr) =
        // The result has one axis in the place of those of the indices.
        let rank = updates.Shape.Rank - indices.Shape.Rank + 1
        let place = if axis < 0 then axis + rank else axis
        Expr.Make(Node.ScatterAdd(place, extent, updates, indices))

    /// The same value, seen as a constant by derivatives. `Expr.stopGradient x`
    let stopGradient (x: Expr) = Expr.Make(Node.StopGradient x)

    /// 32 random bits an element as i32, from a key (i32 `[2]`) and a stream. `Expr.randomBits 0 [ 2; 3 ] key`
    let randomBits stream (dims: int list) (key: Expr) =
        Expr.Make(Node.RandomBits(stream, Operand.shape "randomBits" dims, key))

    /// 0, 1, ..., n − 1 in a type, `[n]`. `Expr.arange DType.I64 4`
    let arange dtype n = constant (Tensor.arange dtype n)
