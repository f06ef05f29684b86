namespace DL1

open System

/// Making, reading and comparing tensors.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Tensor =
    let internal ofElements (shape: Shape) elements =
        Shape.checkCount "Tensor" shape (Elements.length elements)
        Tensor(shape, elements)

    /// A tensor from its extents and its elements in row-major order; the array is copied.
    /// `Tensor.ofArray [2; 3] [| 1f .. 6f |]`
    let ofArray (dims: int list) (elements: 'e[]) =
        Tensor.Wrap("Tensor.ofArray", Shape.ofList dims, Array.copy elements)

    /// A scalar: `Tensor.scalar 2.5` is an f64 of shape `[]`.
    let scalar (value: 'e) = Tensor.Wrap("Tensor.scalar", Shape.Scalar, [| value |])

    /// A vector: `Tensor.vector [1f; 2f]` is an f32 of shape `[2]`.
    let vector (values: seq<'e>) =
        let a = Array.ofSeq values
        Tensor.Wrap("Tensor.vector", Shape.Of [ a.Length ], a)

    /// A tensor of a type, filled with one value.
    let full dtype (dims: int list) (value: float) =
        let shape = Shape.ofList dims
        Allocation.requireElements "Tensor" shape.Size 8
        Tensor(shape, Elements.repeat shape.Size (Elements.ofFloats dtype [| value |]))

    /// A tensor of zeros.
    let zeros dtype dims = full dtype dims 0.0
    /// A tensor of ones.
    let ones dtype dims = full dtype dims 1.0

    /// 0, 1, ..., n−1 as a vector of a type.
    let arange dtype n =
        let shape = Shape.Of [ n ]
        Tensor(shape, Elements.create dtype shape.Size (fun count -> Array.init count float))

    /// `count` evenly spaced values from `first` to `last`, both included.
    let linspace dtype (first: float) (last: float) count =
        let step i =
            if count = 1 then
                first
            else
                first + (last - first) * float i / float (count - 1)

        let shape = Shape.Of [ count ]
        Tensor(shape, Elements.create dtype shape.Size (fun count -> Array.init count step))

    /// Numbers from `start` on, `step` apart, to before `stop`, as a vector of a type; none where `stop` is not ahead. A step of
    /// 0 and what is not finite are a `DomainError`. `Tensor.range DType.F32 0.0 100.0 10.0`
    let range dtype (start: float) (stop: float) (step: float) =
        if step = 0.0 || not (Double.IsFinite start && Double.IsFinite stop && Double.IsFinite step) then
            Refuse.domain
                "Tensor.range"
                $"from {string start} to {string stop} in steps of {string step}"
                "finite numbers, and a step that is not 0"
                "give a negative step to count down"

        let count = max 0.0 (ceil ((stop - start) / step))

        let shape =
            Shape.Of
                [
                    Shape.extent
                        "Tensor.range"
                        (fun () -> $"from {string start} to {string stop} in steps of {string step}")
                        (int64 (min count 1e18))
                ]

        Tensor(
            shape,
            Elements.create dtype shape.Size (fun n -> Array.init n (fun i -> start + float i * step))
        )

    /// The elements in row-major order, as doubles (rounded only where i64 is beyond 2⁵³).
    let toFloats (t: Tensor) = Elements.toFloats t.Elements

    /// The elements in row-major order, as a new array of the tensor's own element type.
    /// `Tensor.toArray<float32> t`; another type is refused.
    let toArray<'e> (t: Tensor) : 'e[] = t.ToArray<'e>()

    /// The value of a tensor of one element, as a double.
    let toFloat (t: Tensor) =
        if t.Size <> 1 then
            Refuse.shape
                "Tensor.toFloat"
                $"a tensor of shape {t.Shape}"
                "one element"
                "reduce it first (sum, mean), or read all elements as an array"

        Elements.toFloat 0 t.Elements

    /// The same values in another type: rounded to the nearest for floats, cut towards zero for integers, `≠ 0` for
    /// truth values. A tensor of that type already is returned as it is.
    let cast dtype (t: Tensor) =
        if t.DType = dtype then t
        elif t.DType.IsFloat then Tensor(t.Shape, Elements.ofFloats dtype (toFloats t))
        else Tensor(t.Shape, Elements.ofIntegers dtype (Elements.toIntegers t.Elements))

    /// The same elements in another shape of the same size. Nothing is copied. One extent may be −1: what the others
    /// leave.
    let reshape (dims: int list) (t: Tensor) =
        let dims =
            match dims |> List.filter (fun d -> d = -1), Shape.rest dims t.Size with
            | [ _ ], rest when rest >= 0 -> dims |> List.map (fun d -> if d = -1 then rest else d)
            | _ -> dims

        let shape = Shape.ofList dims
        Shape.checkCount "Tensor.reshape" shape t.Size
        Tensor(shape, t.Elements)

    /// Whether type, shape and all bits are the same: unlike `=`, tells 0 from −0.
    let sameBits (a: Tensor) (b: Tensor) = a.Shape = b.Shape && Elements.sameBits a.Elements b.Elements

    /// Whether type and shape are the same and each |a − b| ≤ absolute + relative·|b|. NaN is close to NaN, an
    /// infinity to itself.
    let allClose (relative: float) (absolute: float) (a: Tensor) (b: Tensor) =
        let close (x: float) (y: float) =
            x = y
            || (Double.IsNaN x && Double.IsNaN y)
            || (Double.IsFinite x && Double.IsFinite y && abs (x - y) <= absolute + relative * abs y)

        a.DType = b.DType && a.Shape = b.Shape && Array.forall2 close (toFloats a) (toFloats b)
