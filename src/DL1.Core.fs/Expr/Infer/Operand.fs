namespace DL1

/// What the rules of shapes and types need to know of an operand.
type IOperand =
    /// The element type.
    abstract DType: DType
    /// The shape.
    abstract Shape: Shape
    /// What it is called in an error: a variable's name, a constant's value, or the operation that made it.
    abstract Label: string

/// A node in place: what can be walked and printed.
type INode<'e> =
    inherit IOperand
    /// The form, over operands of the same kind.
    abstract Node: Node<'e>
    /// What stands for the content: its equality.
    abstract Digest: Digest

/// Operands in errors, and the checks that several rules share.
module internal Operand =
    /// `w: f32 [3, 4]`
    let text (e: #IOperand) = $"{e.Label}: {e.DType} {e.Shape}"

    /// `x: f32 [2, 3] and w: f32 [4, 5]`
    let texts (operands: #IOperand list) = operands |> List.map text |> String.concat " and "

    let private castTo (dtype: DType) (e: #IOperand) = $"{e.Label} to {dtype}"

    /// A shape whose extents a user gave; refuses negative ones in the name of the operation.
    let shape operation (dims: int list) =
        if dims |> List.exists (fun d -> d < 0) then
            Refuse.shape
                operation
                $"the extents {dims}"
                "extents of 0 or more"
                "check the sizes that were computed"

        Shape.ofList dims

    let requireFloat operation (e: #IOperand) =
        if not e.DType.IsFloat then
            Refuse.shape operation (text e) "f32 or f64" $"cast {castTo DType.F32 e}"

    let requireNumber operation (e: #IOperand) =
        if e.DType = DType.Bool then
            Refuse.shape
                operation
                (text e)
                "a type of numbers"
                $"cast the truth values to numbers: {castTo DType.F32 e}"

    let requireBool operation (e: #IOperand) =
        if e.DType <> DType.Bool then
            Refuse.shape operation (text e) "truth values" $"compare first: whether {e.Label} is above 0, say"

    let requireIndex operation (e: #IOperand) =
        if not e.DType.IsInteger then
            Refuse.shape
                operation
                (text e)
                "indices of type i32 or i64"
                $"cast the indices: {castTo DType.I64 e}"

    let requireSameType operation (a: #IOperand) (b: #IOperand) =
        if a.DType <> b.DType then
            Refuse.shape
                operation
                (texts [ a; b ])
                "operands of one element type"
                $"cast one of them: {castTo b.DType a}, or {castTo a.DType b}"

    let requireSameShape operation (a: #IOperand) (b: #IOperand) =
        if a.Shape <> b.Shape then
            Refuse.shape
                operation
                (texts [ a; b ])
                "operands of one shape"
                (if a.Shape.Size = b.Shape.Size then
                     "reshape one of them to the other's shape"
                 elif (Shape.tryBroadcast a.Shape b.Shape).IsSome then
                     "broadcast one of them to the other's shape"
                 else
                     "check how the two were made: neither is the other in another form")

    let requireAxis operation axis (e: #IOperand) =
        if axis < 0 || axis >= e.Shape.Rank then
            Refuse.shape
                operation
                $"axis %d{axis} of {text e}"
                (if e.Shape.IsScalar then
                     "no axis: a scalar has none"
                 else
                     $"an axis from %d{-e.Shape.Rank} to %d{e.Shape.Rank - 1}")
                (if e.Shape.IsScalar then
                     "take the scalar as it is, or an operand that has the axis"
                 else
                     "count axes from 0, outermost first, or from -1, innermost first")

    /// An axis counted from the end where it is negative; refuses one that is not there.
    let axis operation (e: #IOperand) axis =
        let place = if axis < 0 then axis + e.Shape.Rank else axis

        if place < 0 || place >= e.Shape.Rank then
            requireAxis operation axis e

        place

    /// Where a new axis goes, counted from the end where it is negative.
    let newAxis operation axis (e: #IOperand) =
        let place = if axis < 0 then axis + e.Shape.Rank + 1 else axis

        if place < 0 || place > e.Shape.Rank then
            Refuse.shape
                operation
                $"a new axis %d{axis} of {text e}"
                $"an axis from %d{-e.Shape.Rank - 1} to %d{e.Shape.Rank}"
                "0 puts the new axis first, -1 last"

        place

    /// A shape whose extents a user gave, one of which may be −1: what remains of the operand's elements.
    let reshaped operation (dims: int list) (e: #IOperand) =
        match List.filter (fun d -> d = -1) dims with
        | [] -> shape operation dims
        | [ _ ] when Shape.rest dims e.Shape.Size >= 0 ->
            let rest = Shape.rest dims e.Shape.Size
            dims |> List.map (fun d -> if d = -1 then rest else d) |> Shape.ofList
        | _ ->
            Refuse.shape
                operation
                $"{text e} to {dims}"
                $"at most one extent of -1, and %d{e.Shape.Size} elements"
                "write out all the extents"

    let requireRank operation rank (what: string) (e: #IOperand) =
        if e.Shape.Rank <> rank then
            Refuse.shape
                operation
                (text e)
                $"a tensor of rank %d{rank}, {what}"
                (if e.Shape.Rank < rank then
                     "add the missing axis by expandDims"
                 else
                     "reshape the operand to fewer axes, or take a part of it")
