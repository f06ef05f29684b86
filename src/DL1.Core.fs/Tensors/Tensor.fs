namespace DL1

open System
open System.Collections.Generic

/// An immutable dense tensor: a shape, an element type, and the elements in row-major order. Two tensors are equal
/// when type, shape and every element are (NaN equals NaN, and 0 equals −0, as `Equals` has it in .NET).
[<Sealed>]
type Tensor internal (shape: Shape, elements: Elements) =
    member internal _.Elements = elements
    /// The extents, outermost first.
    member _.Shape = shape
    /// The number of axes.
    member _.Rank = shape.Rank
    /// The number of elements.
    member _.Size = shape.Size

    /// The type of the elements.
    member _.DType =
        match elements with
        | Elements.F32 _ -> DType.F32
        | Elements.F64 _ -> DType.F64
        | Elements.I32 _ -> DType.I32
        | Elements.I64 _ -> DType.I64
        | Elements.Bool _ -> DType.Bool

    /// Type, shape and elements as aligned rows; the middle of a long axis is left out.
    override _.ToString() = Format.tensor shape elements

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
