namespace DL1

/// Functions along an axis composed of primitives; a negative axis counts from the end.
[<RequireQualifiedAccess>]
module Axes =
    let private axisOf operation (x: Expr) axis = Operand.axis operation x axis

    /// The first half of an axis times the sigmoid of the second half; the extent is halved (Dauphin et al. 2017).
    /// Refuses an odd extent. `Axes.glu -1 m`
    let glu (axis: int) (x: Expr) : Expr =
        Operand.requireFloat "glu" x
        let axis = axisOf "glu" x axis
        let extent = x.Shape[axis]

        if extent % 2 <> 0 then
            Refuse.shape
                "glu"
                $"axis %d{axis} of {Operand.text x}"
                "an even extent, to be halved"
                "choose another axis, or double the features of the layer before"

        let half = extent / 2
        Expr.sliceAxis axis 0 half x * Expr.sigmoid (Expr.sliceAxis axis half extent x)

    /// The elements moved along an axis, those that leave one end entering at the other: element i comes from place
    /// i − shift. `Axes.roll 1 0 v`
    let roll (shift: int) (axis: int) (x: Expr) : Expr =
        let axis = axisOf "roll" x axis
        let extent = x.Shape[axis]

        if extent = 0 then
            x
        else
            match int ((int64 extent - int64 shift % int64 extent) % int64 extent) with
            | 0 -> x
            | first -> Expr.concat axis [ Expr.sliceAxis axis first extent x; Expr.sliceAxis axis 0 first x ]

    /// Each element of an axis several times in a row: [a; b] twice is [a; a; b; b].
    /// `Axes.repeatEach 2 0 v`
    let repeatEach (times: int) (axis: int) (x: Expr) : Expr =
        if times < 0 then
            Refuse.domain "repeatEach" $"%d{times} times" "0 times or more" "1 keeps the axis as it is"

        let axis = axisOf "repeatEach" x axis
        let dims = x.Shape.ToList()

        x
        |> Expr.reshape (List.insertAt (axis + 1) 1 dims)
        |> Expr.broadcastTo (List.insertAt (axis + 1) times dims)
        |> Expr.reshape (List.updateAt axis (dims[axis] * times) dims)

    // A loop along an axis that keeps what it gives.
    let private running operation (combine: Expr -> Expr -> Expr) (axis: int) (x: Expr) : Expr =
        Operand.requireNumber operation x
        let axis = axisOf operation x axis
        let extent = x.Shape[axis]

        if extent = 0 then
            x
        else
            let front = Expr.moveAxis axis 0 x
            let first = Expr.sliceAxis 0 0 1 front

            let _, rest =
                Scan.run (Expr.squeeze [ 0 ] first) (Expr.sliceAxis 0 1 extent front) (fun sum e ->
                    let next = combine sum e
                    next, next)

            Expr.concat 0 [ first; rest ] |> Expr.moveAxis 0 axis

    /// The running product along an axis. `Axes.cumProd 0 v`
    let cumProd axis (x: Expr) : Expr = running "cumProd" (*) axis x

    /// The largest element so far along an axis; NaN from the first NaN on. `Axes.cumMax 0 v`
    let cumMax axis (x: Expr) : Expr = running "cumMax" Expr.maximum axis x

    /// The smallest element so far along an axis; NaN from the first NaN on. `Axes.cumMin 0 v`
    let cumMin axis (x: Expr) : Expr = running "cumMin" Expr.minimum axis x

    /// log(exp a + exp b), without overflow. `Axes.logAddExp x y`
    let logAddExp (a: Expr) (b: Expr) : Expr =
        let both =
            Expr.stack
                0
                [ Expr.broadcastTo ((a + b).Shape.ToList()) a; Expr.broadcastTo ((a + b).Shape.ToList()) b ]

        Expr.logSumExp 0 both

    /// The running log Σ exp(x) along an axis, without overflow. `Axes.cumLogSumExp 0 v`
    let cumLogSumExp axis (x: Expr) : Expr =
        Operand.requireFloat "cumLogSumExp" x
        running "cumLogSumExp" logAddExp axis x

    // Where row index + offset compares with column index, over the last two axes.
    let private triangle operation (keeps: Expr -> Expr -> Expr) (offset: int) (x: Expr) : Expr =
        if x.Shape.Rank < 2 then
            Refuse.shape
                operation
                (Operand.text x)
                "a matrix, or a stack of them"
                "reshape to [rows; columns]"

        let rows, columns = x.Shape[x.Shape.Rank - 2], x.Shape[x.Shape.Rank - 1]

        let kept =
            keeps
                (Expr.expandDims 0 (Expr.arange DType.I64 columns))
                (Expr.expandDims 1 (Expr.arange DType.I64 rows) + float offset)

        Expr.where kept x (Expr.zerosLike x)

    /// The lower triangle of a matrix `[...; m; n]`, zeros above the diagonal that lies `offset` above the main one.
    /// `Axes.lowerTriangle 0 m`
    let lowerTriangle offset (x: Expr) : Expr = triangle "lowerTriangle" (fun j i -> j .<= i) offset x

    /// The upper triangle of a matrix `[...; m; n]`, zeros below the diagonal that lies `offset` above the main one.
    /// `Axes.upperTriangle 0 m`
    let upperTriangle offset (x: Expr) : Expr = triangle "upperTriangle" (fun j i -> j .>= i) offset x
