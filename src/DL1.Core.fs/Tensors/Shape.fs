namespace DL1

open System
open System.Collections
open System.Collections.Generic

/// The extents of a tensor, outermost first: `[batch; features]`. A scalar has the empty shape. Shapes are
/// immutable, compare by value, and print as `[3, 4]`.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Shape private (dims: int[]) =
    static let scalar = Shape [||]

    /// The shape of a scalar: no axes, one element.
    static member Scalar = scalar

    /// The most elements of one tensor: 2³¹ − 2¹⁶, so that offsets rounded up to whole blocks still fit into 32 bits.
    static member MostElements = 2147418112

    /// A shape from its extents. Refuses negative extents, and more than `MostElements` elements; axes of extent 0 are
    /// left out of that count, as NumPy does, so that no stride overflows.
    static member Of(dims: seq<int>) =
        let dims = Array.ofSeq dims
        let text () = "[" + String.concat ", " (Array.map string dims) + "]"

        if dims |> Array.exists (fun d -> d < 0) then
            Refuse.shape
                "Shape"
                $"the extents {text ()}"
                "extents of 0 or more"
                "check the sizes that were computed"

        let mutable size = 1L

        for d in dims do
            size <- size * int64 (max 1 d)

            if size > int64 Shape.MostElements then
                Refuse.shape
                    "Shape"
                    $"the extents {text ()}, more than %d{Shape.MostElements} elements"
                    $"at most %d{Shape.MostElements} elements in one tensor"
                    "split the data into batches"

        Shape(Array.copy dims)

    /// The extents, outermost first.
    member _.Dims: IReadOnlyList<int> = dims
    /// The extents as an F# list.
    member _.ToList() = List.ofArray dims
    /// The number of axes.
    member _.Rank = dims.Length
    /// The number of axes, by the name that lets C# count from the end: `shape[^1]`.
    member _.Length = dims.Length
    /// The number of elements: the product of the extents, 1 for a scalar.
    member _.Size = Array.fold (fun size d -> size * d) 1 dims

    /// Refuses a place among the axes that is not there; the last that is, and the shape, are told.
    static member internal RefuseAxis(operation: string, axis: int, last: int, dims: int[]) : unit =
        let shape = "[" + String.concat ", " (Array.map string dims) + "]"

        Refuse.shape
            operation
            $"axis %d{axis} of the shape {shape}"
            (if last < 0 then
                 "no axis: the shape of a scalar has none"
             else
                 $"an axis from 0 to %d{last}")
            "count axes from 0, outermost first"

    /// The extent of an axis; axes count from 0. An axis that is not there is a `ShapeError`.
    member _.Item
        with get (axis: int) =
            if uint32 axis >= uint32 dims.Length then
                Shape.RefuseAxis("Shape", axis, dims.Length - 1, dims)

            dims[axis]

    /// Whether this is the shape of a scalar.
    member _.IsScalar = dims.Length = 0

    /// For each axis, how many elements lie between neighbours along it in row-major order.
    member _.Strides =
        let strides = Array.create dims.Length 1

        for axis in dims.Length - 2 .. -1 .. 0 do
            strides[axis] <- strides[axis + 1] * dims[axis + 1]

        strides

    override _.Equals other =
        match other with
        | :? Shape as s -> dims.AsSpan().SequenceEqual(s.Span)
        | _ -> false

    // C#'s == and != would otherwise compare references.
    static member op_Equality(a: Shape | null, b: Shape | null) = Object.Equals(a, b)
    static member op_Inequality(a: Shape | null, b: Shape | null) = not (Object.Equals(a, b))

    override _.GetHashCode() = Array.fold (fun h d -> h * 31 + d) dims.Length dims

    /// The extents as a span.
    member _.Span = ReadOnlySpan<int>(dims)
    override _.ToString() = "[" + String.concat ", " (Array.map string dims) + "]"
    member internal this.Display = this.ToString()

    interface IEquatable<Shape> with
        member this.Equals other = this.Equals(box other)

    interface IEnumerable<int> with
        member _.GetEnumerator() : IEnumerator<int> = (dims :> seq<int>).GetEnumerator()

    interface IEnumerable with
        member _.GetEnumerator() : IEnumerator = (dims :> seq<int>).GetEnumerator() :> IEnumerator

/// Arithmetic of shapes.
[<RequireQualifiedAccess>]
module Shape =
    /// A shape from a list of extents.
    let ofList (dims: int list) = Shape.Of dims

    /// Refuses a shape that does not have exactly this many elements.
    let internal checkCount operation (shape: Shape) count =
        if shape.Size <> count then
            Refuse.shape
                operation
                $"%d{count} elements for the shape {shape}"
                $"%d{shape.Size} elements"
                "give the shape that the data has, or reshape afterwards"

    let private requireAxis operation axis last (shape: Shape) =
        if axis < 0 || axis > last then
            Shape.RefuseAxis(operation, axis, last, Array.ofSeq shape)

    /// Removes an axis; one that is not there is a `ShapeError`.
    let removeAxis axis (shape: Shape) =
        requireAxis "Shape.removeAxis" axis (shape.Rank - 1) shape
        Shape.Of(List.removeAt axis (shape.ToList()))

    /// Puts in a new axis of the given extent before an axis, or after the last; another place is a `ShapeError`.
    let insertAxis axis extent (shape: Shape) =
        requireAxis "Shape.insertAxis" axis shape.Rank shape
        Shape.Of(List.insertAt axis extent (shape.ToList()))

    /// Changes the extent of an axis; one that is not there is a `ShapeError`.
    let withAxis axis extent (shape: Shape) =
        requireAxis "Shape.withAxis" axis (shape.Rank - 1) shape
        Shape.Of(List.updateAt axis extent (shape.ToList()))

    /// A computed extent as one of 32 bits, refused where it is larger than any tensor; `given` describes the operation.
    let internal extent operation (given: unit -> string) (value: int64) : int =
        if value > int64 Shape.MostElements then
            Refuse.shape
                operation
                $"{given ()}, which makes an extent of %d{value}"
                $"at most %d{Shape.MostElements} elements in one tensor"
                "check the sizes that were computed"

        int value

    /// What the extents other than −1 leave of a number of elements; −1 where they do not divide it.
    let internal rest (dims: int list) (size: int) : int =
        let most = int64 Shape.MostElements

        let known =
            (1L, dims |> List.filter (fun d -> d <> -1))
            ||> List.fold (fun known d -> if abs known > most then known else known * int64 d)

        if known > 0L && int64 size % known = 0L then int (int64 size / known) else -1

    /// Counts an axis from the end where it is negative, as Python does; refuses one that is not there.
    let axis operation (shape: Shape) axis =
        if axis >= 0 && axis < shape.Rank then
            axis
        elif axis < 0 && axis >= -shape.Rank then
            axis + shape.Rank
        else
            Refuse.shape
                operation
                $"axis %d{axis} of a tensor of shape {shape}"
                (if shape.IsScalar then
                     "no axis: a scalar has none"
                 else
                     $"an axis from %d{-shape.Rank} to %d{shape.Rank - 1}")
                (if shape.IsScalar then
                     "take the scalar as it is, or a tensor that has the axis"
                 else
                     "count axes from 0, outermost first, or from -1, innermost first")

    /// NumPy's broadcasting: shapes are aligned at their last axes, and an axis of extent 1 stretches to the other's.
    /// `None` where two extents differ and neither is 1.
    let tryBroadcast (a: Shape) (b: Shape) =
        let rank = max a.Rank b.Rank

        let extent (s: Shape) i =
            let j = i - (rank - s.Rank)
            if j < 0 then 1 else s[j]

        let dims =
            [
                for i in 0 .. rank - 1 do
                    match extent a i, extent b i with
                    | x, y when x = y -> Some x
                    | 1, y -> Some y
                    | x, 1 -> Some x
                    | _ -> None
            ]

        if List.contains None dims then None else Some(Shape.Of(List.choose id dims))

    /// Whether a tensor of one shape can be stretched to the other by broadcasting.
    let stretchesTo (target: Shape) (shape: Shape) = tryBroadcast shape target = Some target
