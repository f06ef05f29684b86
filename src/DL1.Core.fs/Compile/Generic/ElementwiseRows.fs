namespace DL1.Compiler.Generic

open DL1
open DL1.Compiler.Movement

#nowarn "3535" // Static abstract members: the JIT compiles a kernel anew for each element type.

/// Kernels for one elementwise node over operands of any type, with the meaning that `Scalar` gives it: a few
/// nanoseconds an element. The target is row-major; each operand has strides of its own, in elements, 0 along axes that
/// are broadcast. A kernel is run by `Run(threads, target, a, b, c)`.
[<AbstractClass; Sealed>]
type internal ElementwiseRows private () =
    static let nest (shape: Shape) (target: DType) (operands: (DType * int list) list) =
        let bytes (dtype, strides: int list) =
            strides |> List.map (fun s -> nativeint s * nativeint (ElementSize.ofType dtype))

        LoopNest(shape.ToList(), bytes (target, List.ofArray shape.Strides) :: List.map bytes operands)

    static let rowLoop shape target operands body = RowLoop(nest shape target operands, body)

    /// An operation on one operand.
    static member Unary(op: UnaryOp, dtype: DType, shape: Shape, x: int list) : RowLoop =
        let body =
            { new ITyped<RowBody> with
                member _.Make<'E, 'T, 'D, 'A
                    when 'E :> IElement<'T, 'A>
                    and 'E: struct
                    and 'D :> IDomain<'A>
                    and 'D: struct
                    and 'T: unmanaged
                    and 'A: unmanaged>
                    ()
                    =
                    RowBody(fun count target step a aStep _ _ _ _ ->
                        for i in 0 .. count - 1 do
                            let i = nativeint i
                            let value = 'D.Unary(op, 'E.Widen(At.read<'T>(a + i * aStep)))
                            At.write (target + i * step) (Element.Narrow<'E, 'T, 'D, 'A> value))
            }

        rowLoop shape dtype [ dtype, x ] (Element.Choose(dtype, body))

    /// An operation on two operands of one type.
    static member Binary(op: BinaryOp, dtype: DType, shape: Shape, x: int list, y: int list) : RowLoop =
        let body =
            { new ITyped<RowBody> with
                member _.Make<'E, 'T, 'D, 'A
                    when 'E :> IElement<'T, 'A>
                    and 'E: struct
                    and 'D :> IDomain<'A>
                    and 'D: struct
                    and 'T: unmanaged
                    and 'A: unmanaged>
                    ()
                    =
                    let inline run (combine: 'A -> 'A -> 'A) =
                        RowBody(fun count target step a aStep b bStep _ _ ->
                            for i in 0 .. count - 1 do
                                let i = nativeint i
                                let left, right = At.read<'T>(a + i * aStep), At.read<'T>(b + i * bStep)
                                let value = combine ('E.Widen left) ('E.Widen right)
                                At.write (target + i * step) (Element.Narrow<'E, 'T, 'D, 'A> value))

                    // The commonest operations have loops of their own.
                    match op with
                    | BinaryOp.Add -> run (fun x y -> 'D.Add(x, y))
                    | BinaryOp.Mul -> run (fun x y -> 'D.Multiply(x, y))
                    | BinaryOp.Sub
                    | BinaryOp.Div
                    | BinaryOp.Pow
                    | BinaryOp.Max
                    | BinaryOp.Min
                    | BinaryOp.And
                    | BinaryOp.Or -> run (fun x y -> 'D.Binary(op, x, y))
            }

        rowLoop shape dtype [ dtype, x; dtype, y ] (Element.Choose(dtype, body))

    /// A comparison of two operands of one type; the result holds truth values.
    static member Compare(op: CompareOp, dtype: DType, shape: Shape, x: int list, y: int list) : RowLoop =
        let body =
            { new ITyped<RowBody> with
                member _.Make<'E, 'T, 'D, 'A
                    when 'E :> IElement<'T, 'A>
                    and 'E: struct
                    and 'D :> IDomain<'A>
                    and 'D: struct
                    and 'T: unmanaged
                    and 'A: unmanaged>
                    ()
                    =
                    let inline run (holds: 'A -> 'A -> bool) =
                        RowBody(fun count target step a aStep b bStep _ _ ->
                            for i in 0 .. count - 1 do
                                let i = nativeint i
                                let left, right = At.read<'T>(a + i * aStep), At.read<'T>(b + i * bStep)
                                let truth = holds ('E.Widen left) ('E.Widen right)
                                At.write (target + i * step) (if truth then 1uy else 0uy))

                    match op with
                    | CompareOp.Eq -> run (fun x y -> 'D.Compare(CompareOp.Eq, x, y))
                    | CompareOp.Ne -> run (fun x y -> 'D.Compare(CompareOp.Ne, x, y))
                    | CompareOp.Lt -> run (fun x y -> 'D.Compare(CompareOp.Lt, x, y))
                    | CompareOp.Le -> run (fun x y -> 'D.Compare(CompareOp.Le, x, y))
                    | CompareOp.Gt -> run (fun x y -> 'D.Compare(CompareOp.Gt, x, y))
                    | CompareOp.Ge -> run (fun x y -> 'D.Compare(CompareOp.Ge, x, y))
            }

        rowLoop shape DType.Bool [ dtype, x; dtype, y ] (Element.Choose(dtype, body))

    /// x where the condition holds, y elsewhere. Run by `Run(threads, target, condition, x, y)`.
    static member Select
        (dtype: DType, shape: Shape, condition: int list, x: int list, y: int list)
        : RowLoop =
        let body =
            { new ITyped<RowBody> with
                member _.Make<'E, 'T, 'D, 'A
                    when 'E :> IElement<'T, 'A>
                    and 'E: struct
                    and 'D :> IDomain<'A>
                    and 'D: struct
                    and 'T: unmanaged
                    and 'A: unmanaged>
                    ()
                    =
                    RowBody(fun count target step a aStep b bStep c cStep ->
                        for i in 0 .. count - 1 do
                            let i = nativeint i

                            let from =
                                if At.read<byte>(a + i * aStep) <> 0uy then b + i * bStep else c + i * cStep

                            At.write (target + i * step) (At.read<'T> from))
            }

        rowLoop shape dtype [ DType.Bool, condition; dtype, x; dtype, y ] (Element.Choose(dtype, body))

    /// Converts elements to another type.
    static member Cast(from: DType, into: DType, shape: Shape, x: int list) : RowLoop =
        let body =
            { new ITyped<RowBody> with
                member _.Make<'E, 'T, 'D, 'A
                    when 'E :> IElement<'T, 'A>
                    and 'E: struct
                    and 'D :> IDomain<'A>
                    and 'D: struct
                    and 'T: unmanaged
                    and 'A: unmanaged>
                    ()
                    =
                    let narrow =
                        { new ITyped<RowBody> with
                            member _.Make<'F, 'U, 'G, 'B
                                when 'F :> IElement<'U, 'B>
                                and 'F: struct
                                and 'G :> IDomain<'B>
                                and 'G: struct
                                and 'U: unmanaged
                                and 'B: unmanaged>
                                ()
                                =
                                RowBody(fun count target step a aStep _ _ _ _ ->
                                    for i in 0 .. count - 1 do
                                        let i = nativeint i
                                        let value = 'E.Widen(At.read<'T>(a + i * aStep))

                                        let cast: 'U =
                                            if 'D.IsFloat then
                                                'F.OfFloat('D.ToFloat value)
                                            else
                                                'F.OfInteger('D.ToInteger value)

                                        At.write (target + i * step) cast)
                        }

                    Element.Choose(into, narrow)
            }

        rowLoop shape into [ from, x ] (Element.Choose(from, body))
