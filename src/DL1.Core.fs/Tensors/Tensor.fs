namespace DL1

open System
open System.Collections.Generic
open System.Diagnostics
open DL1.Notebooks

/// An immutable dense tensor: a shape, an element type, and the elements in row-major order. Two tensors are equal
/// when type, shape and every element are (NaN equals NaN, and 0 equals −0, as `Equals` has it in .NET).
[<Sealed; DebuggerDisplay("{DType,nq} {Shape,nq}"); StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormatterSource>)>]
type Tensor internal (shape: Shape, elements: Elements) =
    member internal _.Elements = elements
    /// The extents, outermost first.
    member _.Shape = shape
    /// The number of axes.
    member _.Rank = shape.Rank
    /// The number of elements.
    member _.Size = shape.Size

    /// The type of the elements.
    member _.DType = Elements.dtype elements

    /// Wraps an array without copying it: the caller gives it up. Refuses a count of elements other than the shape's.
    static member internal Wrap(operation: string, shape: Shape, values: 'e[]) =
        Shape.checkCount operation shape values.Length
        Tensor(shape, Elements.wrap operation values)

    static member private Copy(values: 'e[], dims: int[]) =
        let shape = if dims.Length = 0 then Shape.Of [ values.Length ] else Shape.Of dims
        Tensor.Wrap("Tensor.Of", shape, Array.copy values)

    /// An f32 tensor from its elements in row-major order, which are copied, and its extents; without extents, a
    /// vector. A count of elements other than the shape's is a `ShapeError`. `Tensor.Of(values, 2, 3)`
    static member Of(values: float32[], [<ParamArray>] shape: int[]) = Tensor.Copy(values, shape)

    /// An f64 tensor from its elements in row-major order, which are copied, and its extents; without extents, a
    /// vector. A count of elements other than the shape's is a `ShapeError`. `Tensor.Of(values, 2, 3)`
    static member Of(values: float[], [<ParamArray>] shape: int[]) = Tensor.Copy(values, shape)

    /// An i32 tensor from its elements in row-major order, which are copied, and its extents; without extents, a
    /// vector. A count of elements other than the shape's is a `ShapeError`. `Tensor.Of(values, 2, 3)`
    static member Of(values: int[], [<ParamArray>] shape: int[]) = Tensor.Copy(values, shape)

    /// An i64 tensor from its elements in row-major order, which are copied, and its extents; without extents, a
    /// vector. A count of elements other than the shape's is a `ShapeError`. `Tensor.Of(values, 2, 3)`
    static member Of(values: int64[], [<ParamArray>] shape: int[]) = Tensor.Copy(values, shape)

    /// A tensor of truth values from its elements in row-major order, which are copied, and its extents; without
    /// extents, a vector. A count of elements other than the shape's is a `ShapeError`. `Tensor.Of(values, 2, 3)`
    static member Of(values: bool[], [<ParamArray>] shape: int[]) = Tensor.Copy(values, shape)

    // A number is a scalar: f64, f32, i32 or i64 as its own type says.
    static member op_Implicit(value: float) : Tensor = Tensor.Wrap("Tensor", Shape.Scalar, [| value |])
    static member op_Implicit(value: float32) : Tensor = Tensor.Wrap("Tensor", Shape.Scalar, [| value |])
    static member op_Implicit(value: int) : Tensor = Tensor.Wrap("Tensor", Shape.Scalar, [| value |])
    static member op_Implicit(value: int64) : Tensor = Tensor.Wrap("Tensor", Shape.Scalar, [| value |])

    /// The elements in row-major order, as a new array. `'e` must be the .NET type of `DType`; another is a
    /// `ShapeError`. `t.ToArray<float>()` in C#, `t.ToArray<float32>()` in F#, for f32.
    member _.ToArray<'e>() : 'e[] = Array.copy (Elements.read "Tensor.ToArray" elements)

    /// The elements in row-major order, where they lie, without a copy. `'e` must be the .NET type of `DType`;
    /// another is a `ShapeError`. `t.AsSpan<float32>()`
    member _.AsSpan<'e>() : ReadOnlySpan<'e> = ReadOnlySpan(Elements.read<'e> "Tensor.AsSpan" elements)

    /// Copies the elements, in row-major order, to the start of a span. `'e` must be the .NET type of `DType`, and
    /// the span have room for `Size` elements; else it is a `ShapeError`. `t.CopyTo(buffer.AsSpan())`
    member _.CopyTo(destination: Span<'e>) =
        let own = Elements.read<'e> "Tensor.CopyTo" elements

        if destination.Length < own.Length then
            Refuse.shape
                "Tensor.CopyTo"
                $"a span of %d{destination.Length} elements for a tensor of shape {shape}"
                $"%d{own.Length} elements or more"
                "make the span as long as the tensor's Size"

        own.AsSpan().CopyTo destination

    /// One element, as a double: truth values are 0 and 1. One index for each axis, from 0; another number of
    /// indices is a `ShapeError`, an index outside its axis a `DomainError`. `t[1, 2]`
    member _.Item
        with get ([<ParamArray>] index: int[]) =
            if index.Length <> shape.Rank then
                Refuse.shape
                    "Tensor.Item"
                    $"%d{index.Length} indices into a tensor of shape {shape}"
                    $"%d{shape.Rank} indices, one for each axis"
                    "give an index for every axis"

            let mutable offset = 0

            for axis in 0 .. index.Length - 1 do
                if index[axis] < 0 || index[axis] >= shape[axis] then
                    Refuse.domain
                        "Tensor.Item"
                        $"index %d{index[axis]} on axis %d{axis} of a tensor of shape {shape}"
                        $"an index from 0 to %d{shape[axis] - 1}"
                        "count positions from 0"

                offset <- offset * shape[axis] + index[axis]

            Elements.toFloat offset elements

    static member private Arithmetic(name: string, op: ArithmeticOp, a: Tensor, b: Tensor) : Tensor =
        let given () = $"{a.DType} {a.Shape} and {b.DType} {b.Shape}"

        if a.DType <> b.DType then
            Refuse.shape
                name
                (given ())
                "tensors of one element type"
                $"cast one of them to {a.DType} or {b.DType}"

        if a.DType = DType.Bool || (op = ArithmeticOp.Div && not a.DType.IsFloat) then
            Refuse.shape
                name
                (given ())
                (if op = ArithmeticOp.Div then "f32 or f64" else "numbers")
                "cast both to f32 first"

        match Shape.tryBroadcast a.Shape b.Shape with
        | Some shape -> Tensor(shape, Arithmetic.run op shape (a.Elements, a.Shape) (b.Elements, b.Shape))
        | None ->
            Refuse.shape
                name
                (given ())
                "shapes that broadcast: aligned at the last axis, equal extents, or 1"
                "reshape or slice one of them so that the extents meet"

    /// A number as a scalar of the type that it meets; for whole numbers it is a whole number itself.
    static member private Beside(name: string, other: Tensor, value: float) : Tensor =
        let elements =
            match other.DType with
            | DType.F32 -> Elements.F32 [| float32 value |]
            | DType.F64 -> Elements.F64 [| value |]
            | DType.I32 when value = Math.Round value && abs value <= float Int32.MaxValue ->
                Elements.I32 [| int value |]
            | DType.I64 when value = Math.Round value && abs value < 9007199254740992.0 ->
                Elements.I64 [| int64 value |]
            | DType.I32
            | DType.I64
            | DType.Bool ->
                Refuse.shape
                    name
                    $"the number {string value} beside {other.DType} {other.Shape}"
                    $"a value of {other.DType}"
                    "cast the tensor to f32 first"

        Tensor(Shape.Scalar, elements)

    /// The sum of each pair of elements, broadcast as NumPy's are. Tensors of one element type; a number takes the type that it
    /// meets. `a + b`
    static member (+)(a: Tensor, b: Tensor) : Tensor = Tensor.Arithmetic("+", ArithmeticOp.Add, a, b)
    /// Each element and a number. `t + 1.0`
    static member (+)(a: Tensor, b: float) : Tensor = a + Tensor.Beside("+", a, b)
    /// A number and each element. `1.0 + t`
    static member (+)(a: float, b: Tensor) : Tensor = Tensor.Beside("+", b, a) + b
    /// Each element and a whole number. `t + 2`
    static member (+)(a: Tensor, b: int) : Tensor = a + float b
    /// A whole number and each element. `2 + t`
    static member (+)(a: int, b: Tensor) : Tensor = float a + b
    /// The difference of each pair of elements, broadcast. `a - b`
    static member (-)(a: Tensor, b: Tensor) : Tensor = Tensor.Arithmetic("-", ArithmeticOp.Sub, a, b)
    /// Each element less a number. `t - 1.0`
    static member (-)(a: Tensor, b: float) : Tensor = a - Tensor.Beside("-", a, b)
    /// A number less each element. `1.0 - t`
    static member (-)(a: float, b: Tensor) : Tensor = Tensor.Beside("-", b, a) - b
    /// Each element less a whole number. `t - 2`
    static member (-)(a: Tensor, b: int) : Tensor = a - float b
    /// A whole number less each element. `2 - t`
    static member (-)(a: int, b: Tensor) : Tensor = float a - b
    /// The product of each pair of elements, broadcast. `a * b`
    static member (*)(a: Tensor, b: Tensor) : Tensor = Tensor.Arithmetic("*", ArithmeticOp.Mul, a, b)
    /// Each element times a number. `t * 2.0`
    static member (*)(a: Tensor, b: float) : Tensor = a * Tensor.Beside("*", a, b)
    /// A number times each element. `2.0 * t`
    static member (*)(a: float, b: Tensor) : Tensor = Tensor.Beside("*", b, a) * b
    /// Each element times a whole number. `t * 2`
    static member (*)(a: Tensor, b: int) : Tensor = a * float b
    /// A whole number times each element. `2 * t`
    static member (*)(a: int, b: Tensor) : Tensor = float a * b
    /// The quotient of each pair of floats, broadcast. `a / b`
    static member (/)(a: Tensor, b: Tensor) : Tensor = Tensor.Arithmetic("/", ArithmeticOp.Div, a, b)
    /// Each float divided by a number. `t / 2.0`
    static member (/)(a: Tensor, b: float) : Tensor = a / Tensor.Beside("/", a, b)
    /// A number divided by each float. `1.0 / t`
    static member (/)(a: float, b: Tensor) : Tensor = Tensor.Beside("/", b, a) / b
    /// Each element divided by a whole number. `t / 2`
    static member (/)(a: Tensor, b: int) : Tensor = a / float b
    /// A whole number divided by each element. `2 / t`
    static member (/)(a: int, b: Tensor) : Tensor = float a / b
    /// The negative of each number. `-t`
    static member (~-)(t: Tensor) : Tensor = Tensor.Beside("-", t, -1.0) * t

    /// Type, shape and elements as aligned rows; the middle of a long axis is left out.
    override _.ToString() = Format.tensor shape elements
    member internal this.Display = Format.following (this.ToString())

    interface INotebookValue with
        member _.Html = Format.html shape elements

    override this.Equals other =
        match other with
        | :? Tensor as t when this.Shape = t.Shape ->
            match elements, t.Elements with
            | Elements.F32 a, Elements.F32 b -> a.AsSpan().SequenceEqual(ReadOnlySpan b)
            | Elements.F64 a, Elements.F64 b -> a.AsSpan().SequenceEqual(ReadOnlySpan b)
            | Elements.I32 a, Elements.I32 b -> a.AsSpan().SequenceEqual(ReadOnlySpan b)
            | Elements.I64 a, Elements.I64 b -> a.AsSpan().SequenceEqual(ReadOnlySpan b)
            | Elements.Bool a, Elements.Bool b -> a.AsSpan().SequenceEqual(ReadOnlySpan b)
            | _ -> false
        | _ -> false

    // C#'s == and != would otherwise compare references.
    static member op_Equality(a: Tensor | null, b: Tensor | null) = Object.Equals(a, b)
    static member op_Inequality(a: Tensor | null, b: Tensor | null) = not (Object.Equals(a, b))

    override _.GetHashCode() =
        let ofArray (a: 'e[]) =
            // A few elements tell most tensors apart; hashing millions would not pay.
            Seq.truncate 16 a
            |> Seq.fold (fun h x -> h * 31 + EqualityComparer<'e>.Default.GetHashCode x) (shape.GetHashCode())

        match elements with
        | Elements.F32 a -> ofArray a
        | Elements.F64 a -> ofArray a
        | Elements.I32 a -> ofArray a
        | Elements.I64 a -> ofArray a
        | Elements.Bool a -> ofArray a
