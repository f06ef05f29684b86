namespace DL1

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open MathNet.Numerics.LinearAlgebra

/// Tensors from the collections of .NET and MathNet, and back. Everything is copied, so that neither side sees what
/// the other writes. The element type of .NET decides the tensor's (`float32` is f32, `float` f64, `int` i32, `int64`
/// i64, `bool` bool); any other is a `ShapeError`, and so is reading a tensor as a type that it does not have.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Convert =
    /// The elements of an array of any rank in row-major order, where they lie.
    let private flat<'e> (array: Array) =
        let first = &MemoryMarshal.GetArrayDataReference array
        MemoryMarshal.CreateSpan(&Unsafe.As<byte, 'e>(&first), array.Length)

    let private ofRectangle<'e> operation (array: Array) =
        let dims = Seq.init array.Rank array.GetLength
        Tensor.Wrap(operation, Shape.Of dims, (flat<'e> array).ToArray())

    let private checkRank operation rank (t: Tensor) =
        if t.Rank <> rank then
            Refuse.shape
                operation
                $"a tensor of shape {t.Shape}"
                $"a tensor of rank %d{rank}"
                "reshape it first, or use the conversion for its rank"

    let private toRectangle<'e> operation (t: Tensor) (target: Array) =
        (Elements.read<'e> operation t.Elements).AsSpan().CopyTo(flat<'e> target)

    /// A vector of shape `[n]` from an array. `Convert.ofArray1D [| 1f; 2f |]`
    let ofArray1D (array: 'e[]) = ofRectangle<'e> "Convert.ofArray1D" array

    /// A matrix `[rows; columns]` from a rectangular array. `Convert.ofArray2D (array2D [ [ 1f; 2f ]; [ 3f; 4f ] ])`
    let ofArray2D (array: 'e[,]) = ofRectangle<'e> "Convert.ofArray2D" array

    /// A tensor of rank 3 from a rectangular array. `Convert.ofArray3D (Array3D.zeroCreate<float32> 2 3 4)`
    let ofArray3D (array: 'e[,,]) = ofRectangle<'e> "Convert.ofArray3D" array

    /// A tensor of rank 4 from a rectangular array. `Convert.ofArray4D (Array4D.zeroCreate<float32> 2 3 4 5)`
    let ofArray4D (array: 'e[,,,]) = ofRectangle<'e> "Convert.ofArray4D" array

    /// The elements of a vector `[n]`; another rank is a `ShapeError`. `Convert.toArray1D<float32> t`
    let toArray1D<'e> (t: Tensor) : 'e[] =
        checkRank "Convert.toArray1D" 1 t
        t.ToArray<'e>()

    /// A matrix `[rows; columns]` as a rectangular array; another rank is a `ShapeError`.
    /// `Convert.toArray2D<float32> t`
    let toArray2D<'e> (t: Tensor) : 'e[,] =
        checkRank "Convert.toArray2D" 2 t
        let array = Array2D.zeroCreate<'e> t.Shape[0] t.Shape[1]
        toRectangle<'e> "Convert.toArray2D" t array
        array

    /// A tensor of rank 3 as a rectangular array; another rank is a `ShapeError`. `Convert.toArray3D<float32> t`
    let toArray3D<'e> (t: Tensor) : 'e[,,] =
        checkRank "Convert.toArray3D" 3 t
        let array = Array3D.zeroCreate<'e> t.Shape[0] t.Shape[1] t.Shape[2]
        toRectangle<'e> "Convert.toArray3D" t array
        array

    /// A tensor of rank 4 as a rectangular array; another rank is a `ShapeError`. `Convert.toArray4D<float32> t`
    let toArray4D<'e> (t: Tensor) : 'e[,,,] =
        checkRank "Convert.toArray4D" 4 t
        let array = Array4D.zeroCreate<'e> t.Shape[0] t.Shape[1] t.Shape[2] t.Shape[3]
        toRectangle<'e> "Convert.toArray4D" t array
        array

    /// The common length of some sequences; refuses the first that differs from the first of all.
    let private commonLength operation (name: int -> string) (lengths: int[]) =
        let length = if lengths.Length = 0 then 0 else lengths[0]

        match lengths |> Array.tryFindIndex (fun n -> n <> length) with
        | None -> length
        | Some i ->
            Refuse.shape
                operation
                $"{name i} of length %d{lengths[i]}, where {name 0} has length %d{length}"
                "the same length everywhere"
                $"pad or cut {name i}"

    /// A matrix `[rows; columns]` from a sequence of rows; no rows give `[0; 0]`. A row of another length than the
    /// first is a `ShapeError` that names it. `Convert.ofRows [ [ 1f; 2f ]; [ 3f; 4f ] ]`
    let ofRows (rows: seq<#seq<'e>>) =
        let rows = rows |> Seq.map Array.ofSeq |> Array.ofSeq
        let width = commonLength "Convert.ofRows" (fun i -> $"row %d{i}") (Array.map Array.length rows)
        Tensor.Wrap("Convert.ofRows", Shape.Of [ rows.Length; width ], Array.concat rows)

    /// A tensor `[blocks; rows; columns]` from a sequence of blocks of rows; no blocks give `[0; 0; 0]`. A block or a
    /// row of another length than the first is a `ShapeError` that names it.
    /// `Convert.ofBlocks [ [ [ 1f; 2f ] ]; [ [ 3f; 4f ] ] ]` has the shape `[2; 1; 2]`.
    let ofBlocks (blocks: seq<#seq<#seq<'e>>>) =
        let operation = "Convert.ofBlocks"

        let blocks = blocks |> Seq.map (fun rows -> rows |> Seq.map Array.ofSeq |> Array.ofSeq) |> Array.ofSeq

        let height = commonLength operation (fun i -> $"block %d{i}") (Array.map Array.length blocks)
        let rows = Array.concat blocks
        let name i = $"row %d{i % height} of block %d{i / height}"
        let width = commonLength operation name (Array.map Array.length rows)
        Tensor.Wrap(operation, Shape.Of [ blocks.Length; height; width ], Array.concat rows)

    let private split count width (elements: 'e[]) =
        Array.init count (fun i -> Array.sub elements (i * width) width)

    /// The rows of a matrix `[rows; columns]`; another rank is a `ShapeError`. `Convert.toRows<float32> t`
    let toRows<'e> (t: Tensor) : 'e[][] =
        checkRank "Convert.toRows" 2 t
        Elements.read<'e> "Convert.toRows" t.Elements |> split t.Shape[0] t.Shape[1]

    /// The blocks of rows of a tensor `[blocks; rows; columns]`; another rank is a `ShapeError`.
    /// `Convert.toBlocks<float32> t`
    let toBlocks<'e> (t: Tensor) : 'e[][][] =
        checkRank "Convert.toBlocks" 3 t

        Elements.read<'e> "Convert.toBlocks" t.Elements
        |> split t.Shape[0] (t.Shape[1] * t.Shape[2])
        |> Array.map (split t.Shape[1] t.Shape[2])

    /// A tensor from its extents and a span of its elements in row-major order; a count of elements other than the
    /// shape's is a `ShapeError`. `Convert.ofSpan [ 2; 3 ] (ReadOnlySpan values)`
    let ofSpan (dims: int list) (elements: ReadOnlySpan<'e>) =
        Tensor.Wrap("Convert.ofSpan", Shape.ofList dims, elements.ToArray())

    /// Copies the elements, in row-major order, to the start of a span; too short a span is a `ShapeError`.
    /// `Convert.copyTo (Span buffer) t`
    let copyTo (destination: Span<'e>) (t: Tensor) = t.CopyTo destination

    /// A matrix `[rows; columns]`, f64 or f32, from MathNet's, dense or sparse. `Convert.ofMatrix m`
    let ofMatrix (m: Matrix<'e>) =
        Tensor.Wrap("Convert.ofMatrix", Shape.Of [ m.RowCount; m.ColumnCount ], m.ToRowMajorArray())

    /// A dense matrix of MathNet from an f64 or f32 matrix `[rows; columns]`; another rank is a `ShapeError`.
    /// `Convert.toMatrix<float> t`
    let toMatrix<'e
        when 'e: (new: unit -> 'e)
        and 'e: struct
        and 'e :> ValueType
        and 'e :> IEquatable<'e>
        and 'e :> IFormattable>
        (t: Tensor)
        : Matrix<'e> =
        checkRank "Convert.toMatrix" 2 t
        let elements = Elements.read<'e> "Convert.toMatrix" t.Elements
        Matrix<'e>.Build.DenseOfRowMajor(t.Shape[0], t.Shape[1], elements)

    /// A vector `[n]`, f64 or f32, from MathNet's, dense or sparse. `Convert.ofVector v`
    let ofVector (v: Vector<'e>) = Tensor.Wrap("Convert.ofVector", Shape.Of [ v.Count ], v.ToArray())

    /// A dense vector of MathNet from an f64 or f32 vector `[n]`; another rank is a `ShapeError`.
    /// `Convert.toVector<float> t`
    let toVector<'e
        when 'e: (new: unit -> 'e)
        and 'e: struct
        and 'e :> ValueType
        and 'e :> IEquatable<'e>
        and 'e :> IFormattable>
        (t: Tensor)
        : Vector<'e> =
        checkRank "Convert.toVector" 1 t
        Vector<'e>.Build.Dense(t.ToArray<'e>())
