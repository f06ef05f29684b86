namespace DL1.Compiler.Generic

open DL1
open DL1.Compiler.Simd

/// An elementwise node over operands of one type. The operands of a selection are a condition and two values of that type.
[<RequireQualifiedAccess>]
type internal RowOp =
    | Unary of UnaryOp
    | Binary of BinaryOp
    | Compare of CompareOp
    | Select
    | Cast of into: DType

/// Kernels for one elementwise node over operands of any type, with the meaning that `Scalar` gives it: a few
/// nanoseconds an element. The target is row-major; each operand has strides of its own, in elements, 0 along axes that
/// are broadcast. A kernel is run by `Run(threads, target, a, b, c)`.
[<RequireQualifiedAccess>]
module internal ElementwiseRows =
    /// Makes, for each target type 'U, the row body that converts elements of 'T to 'U.
    let private cast<'E, 'T, 'D, 'A
        when 'E :> IElement<'T, 'A> and 'D :> IDomain<'A> and 'T: unmanaged and 'A: unmanaged> =
        { new ITyped<RowBody> with
            member _.Make<'F, 'U, 'G, 'B
                when 'F :> IElement<'U, 'B> and 'G :> IDomain<'B> and 'U: unmanaged and 'B: unmanaged>
                ()
                =
                RowBody(fun count target step a aStep _ _ _ _ ->
                    for i in 0n .. nativeint count - 1n do
                        let value = 'E.Widen(At.read<'T>(a + i * aStep))
                        At.write (target + i * step) ('D.Narrow<'F, 'U, 'B> value))
        }

    let private body (op: RowOp) =
        { new ITyped<RowBody> with
            member _.Make<'E, 'T, 'D, 'A
                when 'E :> IElement<'T, 'A> and 'D :> IDomain<'A> and 'T: unmanaged and 'A: unmanaged>
                ()
                =
                let inline binary (combine: 'A -> 'A -> 'A) =
                    RowBody(fun count target step a aStep b bStep _ _ ->
                        for i in 0n .. nativeint count - 1n do
                            let left, right = At.read<'T>(a + i * aStep), At.read<'T>(b + i * bStep)
                            let value = combine ('E.Widen left) ('E.Widen right)
                            At.write (target + i * step) ('D.Narrow<'E, 'T, 'A> value))

                let inline compare (holds: 'A -> 'A -> bool) =
                    RowBody(fun count target step a aStep b bStep _ _ ->
                        for i in 0n .. nativeint count - 1n do
                            let left, right = At.read<'T>(a + i * aStep), At.read<'T>(b + i * bStep)
                            let truth = holds ('E.Widen left) ('E.Widen right)
                            At.write (target + i * step) (if truth then 1uy else 0uy))

                match op with
                | RowOp.Unary op ->
                    RowBody(fun count target step a aStep _ _ _ _ ->
                        for i in 0n .. nativeint count - 1n do
                            let value = 'D.Unary(op, 'E.Widen(At.read<'T>(a + i * aStep)))
                            At.write (target + i * step) ('D.Narrow<'E, 'T, 'A> value))
                // The commonest operations have loops of their own.
                | RowOp.Binary BinaryOp.Add -> binary (fun x y -> 'D.Add(x, y))
                | RowOp.Binary BinaryOp.Mul -> binary (fun x y -> 'D.Multiply(x, y))
                | RowOp.Binary op -> binary (fun x y -> 'D.Binary(op, x, y))
                | RowOp.Compare CompareOp.Eq -> compare (fun x y -> 'D.Compare(CompareOp.Eq, x, y))
                | RowOp.Compare CompareOp.Ne -> compare (fun x y -> 'D.Compare(CompareOp.Ne, x, y))
                | RowOp.Compare CompareOp.Lt -> compare (fun x y -> 'D.Compare(CompareOp.Lt, x, y))
                | RowOp.Compare CompareOp.Le -> compare (fun x y -> 'D.Compare(CompareOp.Le, x, y))
                | RowOp.Compare CompareOp.Gt -> compare (fun x y -> 'D.Compare(CompareOp.Gt, x, y))
                | RowOp.Compare CompareOp.Ge -> compare (fun x y -> 'D.Compare(CompareOp.Ge, x, y))
                | RowOp.Select ->
                    RowBody(fun count target step a aStep b bStep c cStep ->
                        for i in 0n .. nativeint count - 1n do
                            let holds = At.read<byte>(a + i * aStep) <> 0uy
                            let from = if holds then b + i * bStep else c + i * cStep
                            At.write (target + i * step) (At.read<'T> from))
                | RowOp.Cast into -> Element.Choose(into, cast<'E, 'T, 'D, 'A>)
        }

    /// The loop for a node of this shape. `operands` has each operand's strides in elements; `dtype` is their type.
    let make (op: RowOp) (dtype: DType) (shape: Shape) (operands: int list list) : RowLoop =
        let bytes (dtype: DType) (strides: int list) =
            strides |> List.map (fun s -> nativeint s * nativeint dtype.Bytes)

        let target =
            match op with
            | RowOp.Compare _ -> DType.Bool
            | RowOp.Cast into -> into
            | RowOp.Unary _
            | RowOp.Binary _
            | RowOp.Select -> dtype

        let typeOf i = if op = RowOp.Select && i = 0 then DType.Bool else dtype
        let steps = bytes target (List.ofArray shape.Strides) :: List.mapi (typeOf >> bytes) operands
        RowLoop(LoopNest(shape.ToList(), steps), Element.Choose(dtype, body op))
